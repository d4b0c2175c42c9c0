/** Handing on and ending, on the help side: to a colleague, to the lead, back to the queue, or the end and its wrap-up. */

import { el } from "/static/staff/dom.js";
import { toLoop } from "/static/staff/ladder_card.js";
import { timeOfDay } from "/static/staff/times.js";
import { loopOpen } from "/static/staff/help_loop.js";
import * as words from "/static/staff/words.js";
import { leaving, leavingWords } from "/static/desk/leaving.js";
import { isOutcome, plain } from "/static/desk/note.js";

/** From here letting go needs somebody who takes over by name. */
const BY_NAME_FROM = 2;

/** A lead was asked to take them over, and nobody has yet. @param {any} held */
export const takeOverAsked = (held) =>
  (held.summary.alerts ?? []).some(
    (alert) => alert.what === "take_them" && alert.acknowledged_by !== "answered",
  );

/** @param {any} ctx @param {any} held */
export function handingNodes(ctx, held) {
  const { summary, handing } = held;
  const me = ctx.state.me?.id;
  if (summary.phase === "wrap_up" || summary.phase === "ended") return wrapUp(ctx, held);
  if (summary.phase !== "live") return null;
  const mine = summary.owner?.id === me;
  const byName = (summary.rung ?? 0) >= BY_NAME_FROM;
  const asked = takeOverAsked(held);
  const press = (name, label, extra = {}) =>
    el("button", { type: "button", class: "small", "data-do": name, ...extra }, label);
  return el(
    "section",
    { class: "card", "data-key": "handing", "aria-labelledby": "handing-title" },
    el(
      "h2",
      { id: "handing-title", tabindex: -1 },
      mine ? "Hand on or end" : `${summary.owner?.name ?? "Somebody"} is with them too`,
    ),
    handing.error && el("p", { class: "lamp", role: "alert" }, handing.error),
    mine && leaving(ctx.state.attendance) && el("p", { class: "small" }, leavingWords(ctx.state.attendance)),
    mine &&
      byName &&
      el(
        "p",
        { class: "small" },
        asked
          ? "A lead has been asked to take over. They stay with you until then."
          : "At this step somebody takes them over by name. They stay with you until then.",
      ),
    !mine && el("p", { class: "small" }, "When you are both ready, step out. They stay in good hands."),
    el(
      "div",
      { class: "row" },
      !mine && press("step-out", "Step out", { class: "main small" }),
      mine &&
        press("handing", "To a colleague", {
          "data-view": "transfer",
          "aria-expanded": String(handing.view === "transfer"),
        }),
      mine &&
        !asked &&
        press("release", byName ? "Hand over to the lead" : "To the lead", { "data-to": "lead" }),
      mine && !byName && press("release", "Back to the queue", { "data-to": "queue" }),
      mine &&
        press("handing", "End", { "data-view": "end", "aria-expanded": String(handing.view === "end") }),
    ),
    mine && handing.view === "transfer" && transfer(handing),
    mine && handing.view === "end" && end(held),
  );
}

function transfer(handing) {
  const people = handing.colleagues;
  if (!people) return el("p", { class: "soft small", role: "status" }, "Looking who is on.");
  if (!people.length) return el("p", {}, "No colleague is on just now. The lead can take them.");
  const first = people.find(canTake);
  return el(
    "form",
    { class: "transfer", "data-do": "transfer" },
    el(
      "p",
      { class: "small soft" },
      first
        ? "You are both with them until one steps out."
        : "Nobody here could take them just now. The lead can.",
    ),
    el(
      "fieldset",
      {},
      el("legend", { class: "said-only" }, "Colleague"),
      people.map((one) =>
        el(
          "label",
          { class: "tick", "data-key": one.id },
          el("input", { type: "radio", name: "to", value: one.id, required: true, checked: one === first, disabled: !canTake(one) }),
          el(
            "span",
            {},
            one.name,
            el(
              "span",
              { class: "soft small" },
              ` ${words.languageList(one.languages)}. ${colleagueState(one)}`,
            ),
          ),
        ),
      ),
    ),
    el("label", { for: "transfer-why" }, "A word for them, if you like"),
    el("input", { id: "transfer-why", name: "reason", dir: "auto", autocomplete: "off" }),
    el(
      "div",
      { class: "row" },
      first && el("button", { class: "main small" }, "Offer"),
      el(
        "button",
        { type: "button", class: "quiet small", "data-do": "handing", "data-view": "" },
        "Leave it",
      ),
    ),
  );
}

/** Ready, with room, not about to leave, and with the person's language; a lead may take anybody. */
const canTake = (one) => one.ready && one.free > 0 && (one.speaks || one.lead);

function colleagueState(one) {
  if (!one.ready) return "Not ready";
  if (!one.speaks && !one.lead) return "Not their language";
  if (one.free > 0) return "Free";
  return one.until ? `Full, or leaving at ${timeOfDay(one.until)}` : "Full";
}

function end(held) {
  const rung = held.summary.rung ?? 0;
  const open = loopOpen(held.summary);
  return el(
    "div",
    { class: "ending" },
    rung >= 1 && el("p", { class: "small" }, "Ask again how safe they feel before you end."),
    rung >= 3 &&
      !open &&
      el("p", { class: "small lamp" }, "You are acting together. Is somebody with them, or help confirmed?"),
    open && el("p", { class: "small lamp" }, "Nobody has confirmed yet that help has reached them."),
    open && el("div", { class: "row" }, toLoop()),
    el("p", { class: "small soft" }, "If they write again, it opens again."),
    el(
      "div",
      { class: "row" },
      el("button", { type: "button", class: "main small", "data-do": "end" }, "End it now"),
      el(
        "button",
        { type: "button", class: "quiet small", "data-do": "handing", "data-view": "" },
        "Go on talking",
      ),
    ),
  );
}

function wrapUp(ctx, held) {
  if (held.summary.owner?.id !== ctx.state.me?.id && held.summary.phase === "ended") return null;
  const field = (ctx.state.definition?.note_form ?? []).find(isOutcome);
  const choices = field?.choices ?? [];
  return el(
    "form",
    { class: "card", "data-key": "wrap-up", "data-do": "wrap-up", "aria-labelledby": "wrap-up-title" },
    el("h2", { id: "wrap-up-title" }, "Wrap up"),
    el(
      "p",
      { class: "small soft" },
      "Finish the note above if you wish. Then one answer, and you are free again.",
    ),
    el(
      "fieldset",
      { class: "field" },
      el("legend", {}, field ? plain(field.label) : "How did it end?"),
      choices.length
        ? choices.map((choice) => {
            const key = choice.key ?? choice;
            return el(
              "label",
              { class: "tick", "data-key": key },
              el("input", { type: "radio", name: "outcome", value: key, required: true }),
              plain(choice.label ?? choice),
            );
          })
        : el("input", {
            name: "outcome",
            required: true,
            "aria-label": field ? plain(field.label) : "Outcome",
          }),
    ),
    held.handing.error && el("p", { class: "lamp", role: "alert" }, held.handing.error),
    el("div", { class: "row" }, el("button", { class: "main" }, "Done, I'm free")),
  );
}

async function ask(ctx, held, name, body = {}) {
  held.handing.error = "";
  try {
    return await ctx.line.settle(name, { contact: held.id, ...body });
  } catch (error) {
    held.handing.error = words.errorWords(error);
    return null;
  } finally {
    ctx.draw();
  }
}

/** Let go, or ask a lead to take over: then they stay here. Null when it was refused. @param {any} ctx @param {any} held @param {string} to */
export async function letGoTo(ctx, held, to) {
  const answer = await ask(ctx, held, "release", { to });
  if (answer && !answer.alert) ctx.letGo(held.id, to === "lead" ? "With the lead" : undefined);
  return answer;
}

/** Who could take them, on the help side. @param {any} ctx @param {any} held */
export async function showColleagues(ctx, held) {
  held.handing = { ...held.handing, view: "transfer", error: "", colleagues: null };
  ctx.draw();
  try {
    held.handing.colleagues = (await ctx.line.call("colleagues", { contact: held.id })).people;
  } catch (error) {
    held.handing.error = words.errorWords(error);
  }
  ctx.draw();
}

/** @param {any} ctx */
export function handingDeeds(ctx) {
  const act = (held, name, body) => ask(ctx, held, name, body);
  return {
    async handing(button) {
      const held = ctx.opened();
      const view = held.handing.view === button.dataset.view ? null : button.dataset.view || null;
      if (view === "transfer") return showColleagues(ctx, held);
      held.handing = { ...held.handing, view, error: "" };
      ctx.draw();
    },
    async transfer(form) {
      const held = ctx.opened();
      const given = new FormData(form);
      const to = given.get("to");
      const reason = String(given.get("reason") ?? "").trim();
      const answer = await act(held, "transfer", { to, ...(reason && { reason }) });
      if (!answer) return;
      const name = held.handing.colleagues.find((one) => one.id === to)?.name ?? "";
      held.handing = { ...held.handing, view: null, offered: { offer: answer.offer, name } };
      ctx.draw();
    },
    async release(button) {
      const held = ctx.opened();
      await letGoTo(ctx, held, button.dataset.to);
    },
    async "step-out"() {
      const held = ctx.opened();
      if (await act(held, "step_out")) ctx.letGo(held.id);
    },
    async end() {
      const held = ctx.opened();
      const answer = await act(held, "close", { why: "supporter" });
      if (!answer) return;
      held.handing.view = null;
      held.log.expect(answer.seq);
    },
    async "wrap-up"(form) {
      const held = ctx.opened();
      const answer = await act(held, "wrap_up", { outcome: new FormData(form).get("outcome") });
      if (!answer) return;
      ctx.state.attendance = answer.attendance ?? ctx.state.attendance;
      ctx.letGo(held.id, "Wrapped up");
    },
  };
}

/** The outcome of an offer to a colleague, read from the contact's own events. @param {any} held @param {any} event */
export function hearTransfer(held, event, say) {
  const offered = held.handing.offered;
  if (!offered || event.offer !== offered.offer) return;
  if (event.kind === "accepted")
    say(`${event.by?.name ?? offered.name} is here too. Step out when you are both ready.`);
  else if (event.kind === "offer_ended")
    say(`${offered.name} could not take ${held.summary.name} just now. They are still with you.`);
  else return;
  held.handing.offered = null;
}
