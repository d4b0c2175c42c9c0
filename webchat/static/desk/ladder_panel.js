/** The ladder, a path walked: where we are, what to ask, what to do, who to ring next. It suggests; it never gates. */

import { besideDeeds, besideNodes, vanishedNodes } from "/static/staff/afterwards.js";
import { makeSend } from "/static/staff/beside.js";
import { secondNodes } from "/static/staff/confidence.js";
import { el } from "/static/staff/dom.js";
import { loopDeeds, loopNodes, loopOpen } from "/static/staff/help_loop.js";
import { clocks, everyone, notWithThem, path, prompts, ringNext, withNumber } from "/static/staff/ladder.js";
import { past, secondsUntil } from "/static/staff/times.js";
import * as words from "/static/staff/words.js";
import { rungName } from "/static/desk/state.js";

const UNDO_MS = 60_000;
const ACTING = 3;
const AT_EMERGENCY = 4;

/** @param {any} ctx @param {any} held */
export function ladderNodes(ctx, held) {
  const rungs = ctx.state.definition?.ladder?.rungs ?? [];
  const rung = held.summary.rung ?? 0;
  const panel = held.panel;
  const ask = panel && prompts(panel, held.summary.language, true);
  const todo = panel?.do && el("div", { class: "todo" }, el("h3", {}, "What to do"), el("p", {}, panel.do));
  const ring = panel && [
    panel.not_with_them && notWithThem(held.summary, panel),
    ringNext(held.summary, panel, held.recording),
  ];
  const loop = loopNodes(held.summary, held.beside, ctx.state.me?.id);
  // A check that is due, or a colleague's signature, comes before the next number.
  const loopFirst = waits(held.summary.ladder?.loop, ctx.state.me?.id);
  const running = clocks(held.summary, (clock) => !withNumber(clock) || !ring?.[1]);
  return el(
    "section",
    { class: "card ladder-card", "data-key": "ladder", "aria-label": "The ladder" },
    el("h2", { id: "ladder-title", tabindex: -1 }, rungName(rungs, rung)),
    path(panel?.rungs ?? rungs, rung),
    undo(ctx, held),
    loopFirst && loop,
    vanishedNodes(held.summary, panel),
    ...(rung >= ACTING
      ? [ring, ask, !loopFirst && loop, todo, running]
      : [ask, !loopFirst && loop, todo, running, ring]),
    secondNodes(held.summary, held.beside, ctx.state.me?.id),
    panel && everyone(held.summary, panel, held.recording),
    upNext(rungs, rung),
    anyStep(ctx, held, rungs, rung),
    basis(held),
    held.ladderError && el("p", { class: "lamp", role: "alert" }, held.ladderError),
    held.ladderError && loopOpen(held.summary) && toLoop(),
    besideNodes(held.summary, panel, held.beside, ctx.state.me?.id),
  );
}

const waits = (loop, me) =>
  Boolean(loop?.open && ((loop.next_check && past(loop.next_check)) || (loop.signed && loop.signed.by !== me)));

/** From a refusal to the presses that lead on. */
export const toLoop = () =>
  el("button", { type: "button", "data-do": "to-loop" }, "Go to “Has help reached them?”");

function undo(ctx, held) {
  const { rung_seq: seq, rung_by: by, rung_at: at } = held.summary;
  const byMe = (by?.id ?? by) === ctx.state.me?.id;
  const ends = at ? Date.parse(at) + UNDO_MS : 0;
  if (!byMe || !seq || past(ends) || held.takenBack === seq) return null;
  return el(
    "div",
    { class: "row undo", "data-key": `undo-${seq}` },
    el("span", { class: "small" }, "Pressed by mistake?"),
    el(
      "button",
      {
        type: "button",
        class: "small",
        "data-do": "rung-withdraw",
        "data-seq": seq,
        "aria-label": "Undo, I pressed this by mistake",
      },
      "Undo, ",
      el("span", { class: "num", "data-left": ends }, `${secondsUntil(ends)} s`),
    ),
  );
}

function upNext(rungs, here) {
  if (here >= AT_EMERGENCY - 1) return null;
  const next = rungs.find((one) => one.number === here + 1);
  if (!next) return null;
  const call =
    ["", "Ask about safety", "Make a plan together", "Act together now"][next.number] ?? next.short;
  return el("button", { type: "button", class: "wide", "data-do": "rung", "data-to": next.number }, call);
}

function anyStep(ctx, held, rungs, here) {
  const lead = (ctx.state.me?.roles ?? []).some((role) =>
    ["lead", "on_call", "second_on_call", "supervisor"].includes(role),
  );
  return el(
    "details",
    { class: "list", "data-key": `steps-${held.id}` },
    el("summary", {}, "Go to any step"),
    here >= 3 &&
      el(
        "p",
        { class: "small" },
        lead
          ? "Coming down needs your reason, here:"
          : "From here, coming down is the lead's, with a reason. Going up is always yours.",
      ),
    here >= 3 && lead && el("textarea", { id: "down-basis", rows: 2, "aria-label": "Why we come down" }),
    el(
      "ul",
      { class: "steps" },
      rungs.map((rung) =>
        el(
          "li",
          {},
          rung.number === here
            ? el("p", {}, el("b", {}, rungName(rungs, rung.number)), " (we are here)")
            : el(
                "button",
                { type: "button", "data-do": "rung", "data-to": rung.number },
                rungName(rungs, rung.number),
              ),
          el("p", { class: "small soft" }, rung.begins_when),
        ),
      ),
    ),
  );
}

/** Asked after, never before, and never a must. */
function basis(held) {
  if (!held.rungPress) return null;
  const { to, was, saved } = held.rungPress;
  if (saved) return el("p", { class: "small soft", role: "status" }, "Kept with this step.");
  return el(
    "form",
    { class: "basis", "data-do": "basis", "data-key": `basis-${to}-${was}` },
    el("label", { for: "basis" }, "What made you go here? You may leave this."),
    el("textarea", { id: "basis", rows: 2, dir: "auto" }),
    el(
      "div",
      { class: "row" },
      el("button", { class: "small" }, "Keep"),
      el("button", { type: "button", class: "small quiet", "data-do": "basis-skip" }, "Not now"),
    ),
  );
}

/** One press away at every step, whatever is scrolled where. @param {any} held */
export function emergencyNodes(held) {
  if (!held || held.summary.phase === "ended") return [];
  const there = held.summary.rung === AT_EMERGENCY;
  return [
    there
      ? el("span", { class: "there" }, "We are at Emergency")
      : el(
          "button",
          { type: "button", class: "ink go", "data-do": "rung", "data-to": AT_EMERGENCY, id: "go-emergency" },
          "Go to Emergency",
        ),
    el(
      "button",
      {
        type: "button",
        class: "rang",
        "data-do": "attempt",
        "data-contact": held.panel?.emergency?.id ?? "emergency_999",
        "data-outcome": "answered",
        "aria-label": "Rang 999, they answered",
      },
      "Rang ",
      el("b", { class: "num" }, held.panel?.emergency?.number ?? "999"),
    ),
  ];
}

/** Ask for the panel when something it shows has changed. @param {any} ctx @param {any} held */
export function refreshPanel(ctx, held) {
  const { rung, rung_seq: seq, attempts, locality, phase } = held.summary;
  const asked = JSON.stringify([
    rung,
    seq,
    attempts?.length,
    locality,
    phase,
    Math.floor(Date.now() / 60_000),
  ]);
  if (held.panelFor === asked || !ctx.line.connected()) return;
  held.panelFor = asked;
  ctx.line.call("panel", { contact: held.id }).then(
    (panel) => {
      held.panel = panel;
      ctx.draw();
    },
    () => {
      held.panelFor = "";
    },
  );
}

/** What the presses of this panel do. @param {any} ctx */
export function ladderDeeds(ctx) {
  const act = async (held, name, body) => {
    held.ladderError = "";
    try {
      const answer = await ctx.line.settle(name, { contact: held.id, ...body }, () => {
        held.ladderError = "Kept. It goes as soon as the line is back.";
        ctx.draw();
      });
      held.ladderError = "";
      held.log.expect(answer.seq ?? 0);
      return answer;
    } catch (error) {
      held.ladderError = words.errorWords(error);
      return null;
    } finally {
      held.panelFor = "";
      ctx.draw();
    }
  };
  const here = () => {
    const held = ctx.opened();
    const settled = (answer) => {
      held.panelFor = "";
      held.log.expect(answer.seq ?? 0);
    };
    return { id: held.id, beside: held.beside, settled };
  };
  const send = makeSend(ctx, here);
  return {
    ...loopDeeds(ctx, here, send),
    ...besideDeeds(ctx, here, send),
    "to-loop": () => ctx.focus("loop-title"),
    async rung(button) {
      const held = ctx.opened();
      const to = Number(button.dataset.to);
      const was = held.summary.rung ?? 0;
      const reason = document.getElementById("down-basis")?.value.trim();
      // Before the answer: by then another drawing may have taken this very button away.
      button.closest("details")?.removeAttribute("open");
      const answer = await act(held, "rung", to < was && reason ? { to, basis: reason } : { to });
      if (!answer) return;
      held.rungPress = reason ? null : { to, was, seq: answer.seq };
      ctx.draw();
    },
    async "rung-withdraw"(button) {
      const held = ctx.opened();
      const answer = await act(held, "rung_withdraw", { of: Number(button.dataset.seq) });
      if (!answer) return;
      held.takenBack = answer.seq;
      held.rungPress = null;
      ctx.draw();
    },
    async attempt(button) {
      const held = ctx.opened();
      held.recording = null;
      await act(held, "attempt", { crisis_contact: button.dataset.contact, outcome: button.dataset.outcome });
    },
    "other-outcome"(button) {
      const held = ctx.opened();
      held.recording = held.recording === button.dataset.key ? null : button.dataset.key;
      ctx.draw();
    },
    "use-prompt"(button) {
      ctx.compose(button.textContent);
    },
    async basis(form) {
      const held = ctx.opened();
      const text = form.querySelector("textarea").value.trim();
      if (!text) return;
      if (!(await act(held, "rung", { to: held.rungPress.to, basis: text }))) return;
      held.rungPress = { ...held.rungPress, saved: true };
      ctx.draw();
    },
    "basis-skip"() {
      ctx.opened().rungPress = null;
      ctx.draw();
    },
  };
}
