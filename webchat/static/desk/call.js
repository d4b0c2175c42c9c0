/** Ringing somebody back: when they may be rung, what to say and what not, one press to ring, one to say how it went. */

import { el } from "/static/staff/dom.js";
import { briefly, numberNode } from "/static/staff/number.js";
import { past, timeAndDay, timeOfDay } from "/static/staff/times.js";
import { rangWords } from "/static/staff/call_words.js";
import { errorWords, language } from "/static/staff/words.js";

const AT_ANY_TIME_FROM = 3;
const MOST_TRIES = 3;
const OUTCOMES = [
  ["talked", "We talked"],
  ["no_answer", "No answer"],
  ["engaged", "Engaged"],
  ["voicemail", "Voicemail, possibly a person"],
  ["wrong_number", "Wrong number"],
  ["not_again", "Asked not to be rung"],
];
// Said how it went first, then another try.
const THEY_WERE_RUNG = new Set(["completed", "busy", "no-answer"]);
const MISSED = new Set(["no_answer", "engaged", "voicemail"]);
const SAID = { ...Object.fromEntries(OUTCOMES), withdrawn: "They took their request back" };
const ENDED = {
  completed: "The call is over. How did it go?",
  busy: "Their line was engaged.",
  "no-answer": "Nobody answered.",
  failed: "The call did not get through.",
  canceled: "The call was called off.",
  "not-taken": "Your phone was not answered, or 1 was not pressed. They were not rung.",
  refused: "The phone line refused the call. They were not rung.",
  silent: "The phone line is silent, so nothing was tried. Show the number, or press again in a few minutes.",
  unknown: "We do not know whether it rang. Nobody is rung again by itself.",
};

/** What this page holds of a contact's call: what they asked, the number while it is shown, a press under way. */
const kept = new WeakMap();

const of = (ctx, held) => {
  if (!kept.has(held)) kept.set(held, { asked: 0, card: null, shown: briefly(ctx.draw), error: "", busy: false });
  return kept.get(held);
};

/** Ask for what they said with their request, once for each request. @param {any} ctx @param {any} held */
export function refreshCall(ctx, held) {
  const mine = of(ctx, held);
  const asked = held.summary.call?.asked ?? 0;
  if (mine.asked === asked || !asked || !ctx.line.connected()) return;
  mine.asked = asked;
  mine.shown.fold();
  ctx.line.call("call", { contact: held.id }).then(
    ({ call }) => {
      mine.card = call;
      ctx.draw();
    },
    () => {
      mine.asked = 0;
    },
  );
}

/** The card, or nothing for who did not ask to be rung. @param {any} ctx @param {any} held */
export function callNodes(ctx, held) {
  const { call } = held.summary;
  const { card, error } = of(ctx, held);
  if (!call || !card) return null;
  return el(
    "section",
    { class: "card call-card", "data-key": `call-${held.id}`, "aria-labelledby": "call-title" },
    el("h2", { id: "call-title", tabindex: -1 }, "Ring them"),
    el("p", {}, whenWords(held, call, card)),
    sayNodes(card),
    linkedWords(held) && el("p", { class: "small", "data-key": "linked" }, linkedWords(held)),
    call.rang > 0 && el("p", { class: "small", "data-key": "rang" }, rangWords(call)),
    call.tried.length > 0 && triedNodes(call),
    call.texted && el("p", { class: "small soft", "data-key": "texted" }, "A neutral text tells them that nobody reached them."),
    ringNodes(ctx, held, call, card),
    error && el("p", { class: "lamp small", role: "alert", "data-key": "call-error" }, error),
  );
}

function whenWords(held, call, card) {
  const who = `Contact ${held.summary.name} asked to be rung`;
  const speak = `in ${language(held.summary.language)}`;
  if (call.begins_at && !call.bound) return `${who} as soon as can be, ${speak}.`;
  if (call.begins_at && call.soonest)
    return `${who} as soon as can be, and not after ${timeAndDay(call.ends_at)}, ${speak}.`;
  if (call.begins_at)
    return `${who} between ${timeAndDay(call.begins_at)} and ${timeOfDay(call.ends_at)}, ${speak}.`;
  return card.when ? [`${who}, ${speak}. They wrote: `, el("span", { dir: "auto" }, card.when)] : `${who}, ${speak}.`;
}

const yes = (safe) => (safe ? "yes" : el("b", {}, "no"));

function sayNodes(card) {
  const row = (label, ...words) => [el("dt", {}, label), el("dd", { dir: "auto" }, ...words)];
  return el(
    "dl",
    { class: "call-say", "data-key": "say" },
    card.name && row("Call them", card.name),
    row("Safe to say who we are", yes(card.safe_name)),
    row("Safe to leave a message", yes(card.safe_message)),
    row("Safe to text", yes(card.safe_text)),
    card.code_word && row("Code word", card.code_word),
    card.words && row("They added", card.words),
  );
}

const triedNodes = (call) =>
  el(
    "p",
    { class: "small soft", "data-key": "tried" },
    `Tried: ${call.tried.map((one) => `${timeOfDay(one.at)} ${(SAID[one.outcome] ?? one.outcome).toLowerCase()}`).join("; ")}.`,
  );

const linkedWords = ({ summary }) =>
  summary.linked?.length > 0 &&
  `Belongs with ${summary.linked.map((one) => `Contact ${one.name}`).join(", ")}: look there before you ring.`;

/** Beside what was taken for a machine: a person may be listening, and so may somebody else. */
const machineNode = (card) =>
  el(
    "p",
    { class: "lamp strong", role: "status", "data-key": "machine" },
    "It may be a machine, or a person. ",
    card.safe_message
      ? "They said a message may be left."
      : "Leave no words: they did not say that a message is safe.",
  );

function ringNodes(ctx, held, call, card) {
  const mine = of(ctx, held);
  if (call.placing)
    return [
      el(
        "p",
        { role: "status", "data-key": "placing" },
        call.placing.by === ctx.state.me?.id
          ? "Your phone rings. Answer it and press 1; then we ring them."
          : "A call to them is on its way.",
      ),
      call.machine && machineNode(card),
    ];
  const blocked = call.ringing ? "" : whyNot(held, call);
  return [
    call.ended && ENDED[call.ended] && el("p", { "data-key": "ended", role: "status" }, ENDED[call.ended]),
    call.machine && machineNode(card),
    mine.shown.number && numberNode(mine.shown.number, "call-fold"),
    mine.shown.number && el("p", { class: "small soft", "data-key": "withheld" }, "Ring with your own number withheld."),
    blocked && el("p", { class: "lamp", "data-key": "blocked" }, blocked),
    // The line may break after they talked.
    !blocked && (!call.over || call.over === "talked") && !THEY_WERE_RUNG.has(call.ended) && presses(ctx, held, card),
    call.ringing && outcomes(),
    call.over && el("p", { "data-key": "over" }, `${SAID[call.over] ?? call.over}.`),
  ];
}

/** Why they must not be rung now; the service refuses it too. */
function whyNot(held, call) {
  if ((held.summary.rung ?? 0) >= AT_ANY_TIME_FROM || call.over) return "";
  if (call.bound && call.begins_at && !past(call.begins_at)) return `Not before ${timeOfDay(call.begins_at)}: it may not be safe.`;
  if (call.bound && call.ends_at && past(call.ends_at)) return "Their time is over. It may not be safe to ring them now.";
  if (call.tried.filter((one) => MISSED.has(one.outcome)).length >= MOST_TRIES)
    return "Tried three times. The lead decides what comes next.";
  if (call.again_at && !past(call.again_at)) return `Ring again from ${timeOfDay(call.again_at)}.`;
  return "";
}

const press = (deed, words, more = {}) => el("button", { type: "button", "data-do": deed, ...more }, words);

function presses(ctx, held, card) {
  const mine = of(ctx, held);
  if (!card.bridged)
    return !mine.shown.number && el("div", { class: "row", "data-key": "manual" }, press("call-number", "Show the number", { class: "main" }));
  return [
    card.own_number
      ? el("div", { class: "row", "data-key": "bridged" }, press("call-ring", "Ring them", { class: "main" }), !mine.shown.number && press("call-number", "Show the number", { class: "small quiet" }))
      : el(
          "form",
          { class: "call-own", "data-do": "call-own", "data-key": "own" },
          el("label", { class: "field" }, "Your own phone, which is rung first. They never see it.", el("input", { type: "tel", maxlength: 40, autocomplete: "tel", required: true })),
          el("button", { class: "small" }, "Keep it"),
        ),
  ];
}

const outcomes = () =>
  el(
    "div",
    { class: "call-outcomes", role: "group", "aria-label": "How did it go?", "data-key": "outcomes" },
    el("p", {}, "How did it go?"),
    el(
      "div",
      { class: "row" },
      OUTCOMES.map(([outcome, words]) => press("call-made", words, { class: "small", "data-outcome": outcome, "data-key": outcome })),
    ),
  );

/** @param {any} ctx */
export function callDeeds(ctx) {
  /** One press at a time. */
  const send = async (name, body = {}) => {
    const held = ctx.opened();
    const mine = of(ctx, held);
    if (mine.busy) return null;
    mine.busy = true;
    mine.error = "";
    try {
      return await ctx.line.settle(name, { contact: held.id, ...body });
    } catch (error) {
      mine.error = errorWords(error);
      return null;
    } finally {
      mine.busy = false;
      ctx.draw();
    }
  };
  return {
    async "call-number"() {
      const mine = of(ctx, ctx.opened());
      const answer = await send("call_number");
      if (answer) mine.shown.show(answer.number);
      ctx.draw();
    },
    "call-fold"() {
      of(ctx, ctx.opened()).shown.fold();
      ctx.draw();
    },
    async "call-ring"() {
      await send("call_ring");
    },
    async "call-made"(button) {
      const mine = of(ctx, ctx.opened());
      if (await send("call_made", { outcome: button.dataset.outcome })) mine.shown.fold();
      ctx.draw();
    },
    async "call-own"(form) {
      const mine = of(ctx, ctx.opened());
      mine.error = "";
      try {
        await ctx.line.settle("own_number", { number: form.querySelector("input").value });
        if (mine.card) mine.card.own_number = true;
      } catch (error) {
        mine.error = errorWords(error);
      }
      ctx.draw();
    },
  };
}
