/** Moving on the ladder, as desk and board both do it: up with one press and the words after, down with a reason. */

import { el } from "/static/staff/dom.js";
import { past, secondsUntil } from "/static/staff/times.js";
import { errorWords } from "/static/staff/words.js";

const UNDO_MS = 60_000;
const ACTING = 3;
const AT_EMERGENCY = 4;
const UP = ["", "Ask about safety", "Make a plan together", "Act together now"];
const REASON_FIRST = "Write first why we come down; then press the step again.";

/** "Acting together now" in the page's language. @param {any[]} rungs @param {number} number */
export function rungName(rungs, number) {
  const rung = rungs.find((one) => one.number === number);
  if (!rung) return `Step ${number}`;
  const page = document.documentElement.lang || "en";
  const name = rung.name;
  if (!name) return rung.short;
  return typeof name === "string" ? name : (name.text ?? name[page] ?? name.en ?? Object.values(name)[0]);
}

/** What a page keeps of one contact's presses: the step just set, the one taken back, the attempt's other outcomes, the attempt just recorded. */
export const newSteps = () => ({ rungPress: null, takenBack: 0, recording: null, rang: null, ladderError: "" });

/** Back with one press, for a minute, to whoever pressed; beside the name of the step, so that nothing moves when it goes. @param {any} held @param {string} me */
export function undoNodes(held, me) {
  const { rung_seq: seq, rung_by: by, rung_at: at } = held.summary;
  const byMe = (by?.id ?? by) === me;
  const ends = at ? Date.parse(at) + UNDO_MS : 0;
  if (!byMe || !seq || past(ends) || held.takenBack === seq) return null;
  return el(
    "button",
    {
      type: "button",
      class: "small undo",
      "data-key": `undo-${seq}`,
      "data-do": "rung-withdraw",
      "data-seq": seq,
      title: "Pressed by mistake?",
      "aria-label": "Undo, I pressed this by mistake",
    },
    "Undo, ",
    el("span", { class: "num", "data-left": ends }, `${secondsUntil(ends)} s`),
  );
}

/** One press to the next step. @param {any[]} rungs @param {number} here */
export function upNext(rungs, here) {
  if (here >= AT_EMERGENCY - 1) return null;
  const next = rungs.find((one) => one.number === here + 1);
  if (!next) return null;
  return el(
    "button",
    { type: "button", class: "wide", "data-key": "up", "data-do": "rung", "data-to": next.number },
    UP[next.number] ?? next.short,
  );
}

/** @param {any} held @param {any[]} rungs @param {boolean} lead whether they may come down from 3 and 4 */
export function anyStep(held, rungs, lead) {
  const here = held.summary.rung ?? 0;
  return el(
    "details",
    { class: "list", "data-key": `steps-${held.id}` },
    el("summary", {}, "Go to any step"),
    here >= ACTING && comingDown(held.summary, lead),
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

// A reason belongs to the step it was written at: at the next there is an empty box.
const comingDown = (summary, lead) =>
  el(
    "div",
    { class: "down", "data-key": `down-${summary.rung_seq}` },
    el(
      "p",
      { class: "small", id: "down-about" },
      lead
        ? "Coming down needs your reason, here:"
        : "From here, coming down is the lead's, with a reason. Going up is always yours.",
    ),
    lead &&
      el("textarea", {
        id: "down-basis",
        rows: 2,
        dir: "auto",
        "aria-label": "Why we come down",
        "aria-describedby": "down-about",
      }),
  );

/** Asked after, never before, and never a must. @param {any} held */
export function basisNodes(held) {
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

/** Who answered the attempt just recorded: asked once it is kept, for nothing stands before a number. @param {any} held */
export function namedNodes(held) {
  if (!held.rang) return null;
  if (held.rang.saved)
    return el("p", { class: "small soft", role: "status", "data-key": "named" }, "Kept with the attempt.");
  return el(
    "form",
    { class: "basis", "data-do": "name-attempt", "data-key": `named-${held.rang.seq}` },
    el("label", { for: "named" }, "Who was it, or a reference? You may leave this."),
    el("input", { id: "named", maxlength: 200, autocomplete: "off", dir: "auto" }),
    el(
      "div",
      { class: "row" },
      el("button", { class: "small", "aria-label": "Keep who it was" }, "Keep"),
      el("button", { type: "button", class: "small quiet", "data-do": "name-skip" }, "Not now"),
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
  const asked = JSON.stringify([rung, seq, attempts?.length, locality, phase, Math.floor(Date.now() / 60_000)]);
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

/**
 * What the presses do. `opened` gives the contact they are about, with its `summary`, `log` and `newSteps()`.
 * @param {any} ctx @param {() => any} opened
 */
export function stepDeeds(ctx, opened) {
  const act = makeAct(ctx);
  return {
    async rung(button) {
      const held = opened();
      const to = Number(button.dataset.to);
      const was = held.summary.rung ?? 0;
      const box = /** @type {HTMLTextAreaElement | null} */ (document.getElementById("down-basis"));
      const reason = box?.value.trim();
      if (to < was && box && !reason) {
        held.ladderError = REASON_FIRST;
        box.focus();
        return ctx.draw();
      }
      // Before the answer: by then another drawing may have taken this very button away.
      button.closest("details")?.removeAttribute("open");
      const answer = await act(held, "rung", to < was && reason ? { to, basis: reason } : { to });
      if (!answer) return;
      held.rungPress = to < was && reason ? null : { to, was, seq: answer.seq };
      ctx.draw();
    },
    async "rung-withdraw"(button) {
      const held = opened();
      const answer = await act(held, "rung_withdraw", { of: Number(button.dataset.seq) });
      if (!answer) return;
      held.takenBack = answer.seq;
      held.rungPress = null;
      ctx.draw();
    },
    async attempt(button) {
      const held = opened();
      held.recording = null;
      const { contact, outcome } = button.dataset;
      const answer = await act(held, "attempt", { crisis_contact: contact, outcome });
      if (!answer) return;
      held.rang = { seq: answer.seq };
      ctx.draw();
    },
    async "name-attempt"(form) {
      const held = opened();
      const reference = form.querySelector("input").value.trim();
      if (!reference) return;
      if (!(await act(held, "name_attempt", { of: held.rang.seq, reference }))) return;
      held.rang = { ...held.rang, saved: true };
      ctx.draw();
    },
    "name-skip"() {
      opened().rang = null;
      ctx.draw();
    },
    "other-outcome"(button) {
      const held = opened();
      held.recording = held.recording === button.dataset.key ? null : button.dataset.key;
      ctx.draw();
    },
    async basis(form) {
      const held = opened();
      const text = form.querySelector("textarea").value.trim();
      if (!text) return;
      if (!(await act(held, "rung", { to: held.rungPress.to, basis: text }))) return;
      held.rungPress = { ...held.rungPress, saved: true };
      ctx.draw();
    },
    "basis-skip"() {
      opened().rungPress = null;
      ctx.draw();
    },
  };
}

/** Sends one press; its answer, or null with what went wrong beside the ladder. @param {any} ctx */
const makeAct = (ctx) => async (held, name, body) => {
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
    held.ladderError = errorWords(error);
    return null;
  } finally {
    held.panelFor = "";
    ctx.draw();
  }
};
