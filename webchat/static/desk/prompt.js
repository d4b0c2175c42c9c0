/** A question put to the supporter above the message, when the person's words hold a phrase of the service's list. */

import { el } from "/static/staff/dom.js";
import { errorWords } from "/static/staff/words.js";

/** Those still to be asked about: a step on the ladder since then answers the ones before it. @param {any} summary */
const open = (summary) =>
  (summary.prompts ?? []).filter((one) => one.seq > (summary.rung >= 1 ? (summary.rung_seq ?? 0) : 0));

/** @param {any} held */
export function promptNodes(held) {
  const prompt = open(held.summary).at(-1);
  if (!prompt || held.summary.phase !== "live") return [];
  return [
    el(
      "div",
      { class: "prompt", "data-key": `prompt-${prompt.seq}` },
      el("p", {}, "They wrote something that may mean they are not safe: ask directly."),
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

/** @param {any} ctx */
export function promptDeeds(ctx) {
  return {
    "prompt-show"(button) {
      const message = ctx.opened().talk.said.get(Number(button.dataset.seq));
      if (!message) return;
      const row = document.querySelector(`#log [data-key="${CSS.escape(message.key)}"]`);
      row?.scrollIntoView({ block: "center" });
    },
    async "prompt-false"(button) {
      const held = ctx.opened();
      held.promptError = "";
      // The press goes with its line: whoever pressed it was about to write.
      ctx.focus("message");
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
