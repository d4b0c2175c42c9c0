/** Rung 4: has help reached them? One press each; what nobody could find out is signed by two. It is never only closed. */

import { el } from "/static/staff/dom.js";
import { past, timeOfDay } from "/static/staff/times.js";

const FORM = "cannot-confirm";

/** Help has neither been confirmed nor did two sign that it could not be. @param {any} summary */
export const loopOpen = (summary) => Boolean(summary.ladder?.loop?.open);

/** @param {any} summary @param {any} beside @param {string} me */
export function loopNodes(summary, beside, me) {
  const loop = summary.ladder?.loop;
  if (!loop?.open && !loop?.ended) return null;
  return el(
    "section",
    { class: "loop", "data-key": `loop-${summary.contact}`, "aria-labelledby": "loop-title" },
    el("h3", { id: "loop-title", tabindex: -1 }, "Has help reached them?"),
    loop.open ? openNodes(loop, beside, me) : el("p", {}, ending(loop)),
    beside.error.of === "loop" && beside.error.words && el("p", { class: "lamp", role: "alert" }, beside.error.words),
  );
}

function openNodes(loop, beside, me) {
  const { signed } = loop;
  return [
    el("p", { class: "small" }, asked(loop), " ", next(loop)),
    el(
      "div",
      { class: "row" },
      press("help-reached", "Yes, help is with them", "main"),
      press("help-not-yet", "Not yet", ""),
    ),
    signed && (signed.by === me ? mine(signed) : theirs(signed, beside)),
    (!signed || signed.by === me) && [
      press("open-beside", signed ? "Write anew what was tried" : "We could not confirm it", "quiet", {
        "data-form": FORM,
        "aria-expanded": String(beside.open === FORM),
      }),
      beside.open === FORM && form(loop),
    ],
  ];
}

const press = (deed, label, look, extra = {}) =>
  el("button", { type: "button", class: look, "data-do": deed, ...extra }, label);

function asked(loop) {
  if (!loop.checks) return loop.called_at ? "999 answered. Nobody has asked yet." : "Not asked yet.";
  const times = loop.checks === 1 ? "once" : `${loop.checks} times`;
  return `Asked ${times}, last at ${timeOfDay(loop.checked_at)}: not yet.`;
}

function next(loop) {
  if (!loop.next_check) return "The checks begin when 999 has answered.";
  if (past(loop.next_check))
    return el("b", { class: "lamp" }, `Was to be asked by ${timeOfDay(loop.next_check)}.`);
  return [loop.checks ? "Ask again by " : "Ask by ", el("b", { class: "num" }, timeOfDay(loop.next_check)), "."];
}

const mine = (signed) =>
  el(
    "p",
    { class: "signed" },
    el("b", {}, `Signed by you at ${timeOfDay(signed.at)}.`),
    " Somebody else must sign too. The lead has been asked.",
  );

/** What a second person reads before they sign it: the very words, and by whom. */
function theirs(signed, beside) {
  const words = beside.written.get(signed.seq);
  return el(
    "div",
    { class: "signed" },
    el("p", {}, el("b", {}, `${signed.name} signed at ${timeOfDay(signed.at)}: it could not be confirmed.`)),
    words?.tried && el("p", { dir: "auto" }, `Tried: ${words.tried}`),
    words?.reference && el("p", { dir: "auto" }, `Reference: ${words.reference}`),
    el("div", { class: "row" }, press("countersign", "I sign this too", "main", { "data-seq": signed.seq })),
  );
}

function form(loop) {
  return el(
    "form",
    { class: "beside-form", "data-do": "cannot-confirm", "data-key": FORM },
    el("label", { for: "loop-tried" }, "What was tried"),
    el("textarea", { id: "loop-tried", name: "tried", rows: 2, dir: "auto", required: true }),
    el(
      "label",
      { for: "loop-reference" },
      loop.called_at ? "999's reference, or who you spoke to" : "999's reference, if there is one",
    ),
    el("input", {
      id: "loop-reference",
      name: "reference",
      dir: "auto",
      autocomplete: "off",
      maxlength: 200,
      required: Boolean(loop.called_at),
    }),
    el("p", { class: "small soft" }, "It counts once somebody else has signed it too."),
    el(
      "div",
      { class: "row" },
      el("button", { class: "main" }, "Sign this"),
      press("open-beside", "Leave it", "quiet", { "data-form": "" }),
    ),
  );
}

function ending(loop) {
  const at = timeOfDay(loop.ended_at);
  if (loop.ended === "confirmed") return `Yes. Confirmed at ${at}.`;
  const by = [loop.signed?.name, loop.countersigned?.name].filter(Boolean).join(" and ");
  return `It could not be confirmed. Signed by ${by} at ${at}.`;
}

/** @param {any} ctx @param {() => any} here @param {(of: string, name: string, body: object) => Promise<any>} send */
export function loopDeeds(ctx, here, send) {
  const check = (reached) => () => send("loop", "confirm_help", { reached });
  return {
    "help-reached": check(true),
    "help-not-yet": check(false),
    async "cannot-confirm"(form) {
      const given = new FormData(form);
      const reference = String(given.get("reference")).trim();
      const tried = String(given.get("tried")).trim();
      await send("loop", "cannot_confirm", { tried, ...(reference && { reference }) });
    },
    countersign: (button) => send("loop", "countersign", { of: Number(button.dataset.seq) }),
    "open-beside"(button) {
      const { beside } = here();
      const { form } = button.dataset;
      beside.open = beside.open === form ? "" : form;
      beside.error = { of: "", words: "" };
      ctx.draw();
    },
  };
}
