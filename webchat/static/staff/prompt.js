/** A question put to whoever is with them, or reads along, when the person's words hold a phrase of the service's list. */

import { el } from "/static/staff/dom.js";
import { errorWords } from "/static/staff/words.js";

/** Those still to be asked about: a step on the ladder since then answers the ones before it. @param {any} summary */
const open = (summary) =>
  (summary.prompts ?? []).filter((one) => one.seq > (summary.rung >= 1 ? (summary.rung_seq ?? 0) : 0));

/** Something they wrote may mean that they are not safe, and nobody has said yet that it does not. @param {any} summary */
export const prompted = (summary) => open(summary).length > 0;

/** @param {any} held @param {string[]} phases in which somebody here is asked */
export function promptNodes(held, phases = ["live"]) {
  const prompt = open(held.summary).at(-1);
  if (!prompt || !phases.includes(held.summary.phase)) return [];
  return [
    el(
      "div",
      { class: "prompt", "data-key": `prompt-${prompt.seq}` },
      el(
        "p",
        {},
        "They wrote something that may mean they are not safe",
        held.summary.phase === "live" ? ": ask directly." : ". They are served sooner.",
      ),
      el(
        "span",
        { class: "presses" },
        el(
          "button",
          { type: "button", class: "small quiet", "data-do": "prompt-show", "data-seq": prompt.of },
          "Show the words",
        ),
        el(
          "button",
          { type: "button", class: "small", "data-do": "prompt-false", "data-seq": prompt.seq },
          "Not that",
        ),
      ),
      held.promptError && el("p", { class: "small" }, held.promptError),
    ),
  ];
}

/**
 * @param {any} ctx @param {() => any} opened the contact it is about @param {string} log the id of its conversation
 * @param {() => void} after where the focus goes, for the press goes with its line
 */
export function promptDeeds(ctx, opened, log, after) {
  return {
    "prompt-show"(button) {
      const message = opened().talk.said.get(Number(button.dataset.seq));
      if (!message) return;
      const row = document.querySelector(`#${log} [data-key="${CSS.escape(message.key)}"]`);
      row?.scrollIntoView({ block: "center" });
    },
    async "prompt-false"(button) {
      const held = opened();
      held.promptError = "";
      after();
      try {
        const answer = await ctx.line.settle("prompt_false", {
          contact: held.id,
          of: Number(button.dataset.seq),
        });
        held.log.expect(answer.seq);
      } catch (error) {
        held.promptError = errorWords(error);
      }
      ctx.draw();
    },
  };
}
