/** Extra hands: somebody who is not on the rota may check in tonight, because a lead says so. */

import { errorWords } from "/static/staff/words.js";

/** @param {any} ctx @param {HTMLFormElement} form @param {HTMLElement} told a status region */
export function letOnDeeds(ctx, form, told) {
  return {
    async "let-on"() {
      const given = new FormData(form);
      const person = String(given.get("person")).trim();
      told.className = "small";
      told.textContent = "One moment.";
      try {
        await ctx.line.settle("let_on", { person, why: String(given.get("why")).trim() });
        told.textContent = `${person} may check in now.`;
        form.reset();
      } catch (error) {
        told.className = "small lamp";
        told.textContent = errorWords(error);
      }
    },
  };
}
