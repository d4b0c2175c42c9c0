/** A lead's look at a number: a reason first, then the number for a minute. Somebody else who leads hears of it. */

import { el } from "/static/staff/dom.js";
import { briefly, numberNode } from "/static/staff/number.js";
import { errorWords } from "/static/staff/words.js";

/** Of one contact that is read along. @param {() => void} draw */
export const newReveal = (draw) => ({ asking: false, busy: false, error: "", shown: briefly(draw) });

/** @param {any} watching @param {any} summary @param {boolean} mayLead */
export function revealNodes(watching, summary, mayLead) {
  const { reveal } = watching;
  if (!mayLead || !summary.number_held) return null;
  if (reveal.shown.number) return numberNode(reveal.shown.number, "reveal-fold");
  if (!reveal.asking)
    return el(
      "button",
      { type: "button", class: "small quiet", "data-do": "reveal-ask", "data-key": "reveal-ask" },
      "Look at their number",
    );
  return el(
    "form",
    { class: "reveal", "data-do": "reveal", "data-key": "reveal" },
    el(
      "label",
      { class: "field" },
      "Why do you need their number? It is kept, and somebody else who leads is told.",
      el("input", { name: "reason", maxlength: 500, required: true, autocomplete: "off" }),
    ),
    el(
      "div",
      { class: "row" },
      el("button", { class: "small main", "aria-disabled": reveal.busy ? "true" : null }, "Show it for a minute"),
      el("button", { type: "button", class: "small quiet", "data-do": "reveal-fold" }, "Leave it"),
    ),
    reveal.error && el("p", { class: "lamp small", role: "alert", "data-key": "reveal-error" }, reveal.error),
  );
}

/** @param {any} ctx */
export function revealDeeds(ctx) {
  const reveal = () => ctx.watching.reveal;
  return {
    "reveal-ask"() {
      reveal().asking = true;
      ctx.draw();
      requestAnimationFrame(() =>
        requestAnimationFrame(() => document.querySelector("form.reveal input")?.focus()),
      );
    },
    "reveal-fold"() {
      Object.assign(reveal(), { asking: false, error: "" }).shown.fold();
      ctx.draw();
    },
    async reveal(form) {
      const { watching } = ctx;
      const mine = watching.reveal;
      const reason = form.querySelector("input").value.trim();
      if (!reason || mine.busy) return;
      Object.assign(mine, { busy: true, error: "" });
      try {
        const { number } = await ctx.line.settle("reveal", { contact: watching.id, reason });
        mine.asking = false;
        if (ctx.watching === watching) mine.shown.show(number);
      } catch (error) {
        mine.error = errorWords(error);
      }
      mine.busy = false;
      ctx.draw();
    },
  };
}
