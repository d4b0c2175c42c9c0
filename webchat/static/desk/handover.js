/** What one shift leaves in writing for the next: read before it begins, written whenever it comes to mind. */

import { el } from "/static/staff/dom.js";
import { timeAndDay } from "/static/staff/times.js";
import { errorWords } from "/static/staff/words.js";

/** Said wherever a note for the next shift is written. */
const NO_NAMES =
  "Never the name of anybody who reached out: the four characters of a contact are enough. It is shown for a day and a half.";

/** @param {{by: string, at: string, text: string}[]} notes */
export const handoverList = (notes) =>
  el(
    "ul",
    { class: "handover" },
    notes.map((note) =>
      el(
        "li",
        {},
        el("p", { dir: "auto" }, note.text),
        el("p", { class: "small soft" }, `${note.by}, ${timeAndDay(note.at)}`),
      ),
    ),
  );

/** The box and what to leave out of it. @param {string} label */
export const handoverField = (label) => [
  el("label", { for: "handover" }, label),
  el("p", { class: "small soft", id: "handover-help" }, NO_NAMES),
  el("textarea", { id: "handover", rows: 3, dir: "auto", "aria-describedby": "handover-help" }),
];

/** During the shift, on the help side or in the middle. @param {any} ctx */
export function handoverNodes(ctx) {
  const { state } = ctx;
  const left = state.attendance?.notes_left ?? 0;
  return el(
    "form",
    { class: "card sheet", "data-key": "handover", "data-do": "handover" },
    el("h1", { tabindex: -1, id: "handover-title" }, "For the next shift"),
    left > 0 &&
      el(
        "p",
        { class: "small" },
        left > 1 ? `You have left ${left} notes in this shift.` : "You have left a note in this shift.",
      ),
    el("div", { class: "step" }, handoverField("What should they know?")),
    state.handoverError && el("p", { class: "lamp", role: "alert" }, state.handoverError),
    el(
      "div",
      { class: "row" },
      el("button", { class: "main" }, "Leave this note"),
      el("button", { type: "button", class: "quiet", "data-do": "handover-later" }, "Not now"),
    ),
  );
}

/** @param {any} ctx @param {() => void} closeMenu */
export function handoverDeeds(ctx, closeMenu) {
  const { state } = ctx;
  return {
    "handover-write"() {
      closeMenu();
      state.writingHandover = true;
      state.checkingOut = false;
      state.handoverError = "";
      ctx.draw();
      ctx.focus("handover-title");
    },
    "handover-later"() {
      state.writingHandover = false;
      ctx.draw();
    },
    async handover(form) {
      const text = form.querySelector("#handover").value.trim();
      state.handoverError = text ? "" : "Write a word first, or leave it for now.";
      if (text)
        try {
          state.attendance = (await ctx.line.settle("handover", { text })).attendance;
          state.writingHandover = false;
          ctx.say("Left for the next shift.");
        } catch (error) {
          state.handoverError = errorWords(error);
        }
      ctx.draw();
    },
  };
}
