/** The ladder beside the conversation: a prompt pressed goes into the message, and the rest is as the board has it. */

import { el } from "/static/staff/dom.js";
import { ladderParts, leads, partsDeeds } from "/static/staff/ladder_card.js";

/** @param {any} ctx @param {any} held */
export const ladderNodes = (ctx, held) =>
  el(
    "section",
    { class: "card ladder-card", "data-key": "ladder", "aria-label": "The ladder" },
    ladderParts(held, {
      rungs: ctx.state.definition?.ladder?.rungs ?? [],
      me: ctx.state.me?.id,
      lead: leads(ctx.state.me?.roles ?? []),
      writes: true,
    }),
  );

/** @param {any} ctx */
export const ladderDeeds = (ctx) => ({
  ...partsDeeds(ctx, ctx.opened),
  "use-prompt": (button) => ctx.compose(button.textContent),
});
