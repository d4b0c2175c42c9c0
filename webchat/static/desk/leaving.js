/**
 * The last minutes of a shift: said once, calmly, with the three ways on for everybody who is with them.
 * It stands in the strip, which pushes down and covers nothing; nothing is decided for anybody.
 */

import { el } from "/static/staff/dom.js";
import { now, timeOfDay } from "/static/staff/times.js";
import { strip } from "/static/desk/bar.js";
import { letGoTo, takeOverAsked } from "/static/desk/handing_on.js";

const KEPT = "leaving-seen";

/** What was put away stays away when the page is loaded anew. */
const seen = () => sessionStorage.getItem(KEPT) ?? "";

/** True in the last minutes of a shift, and after it. @param {any} attendance */
export const leaving = (attendance) =>
  Boolean(attendance?.checked_in && attendance.leaving_from && now() >= Date.parse(attendance.leaving_from));

/** "Your shift ends at 22:30." @param {any} attendance */
export function leavingWords(attendance) {
  const ends = attendance.shift_ends;
  return `Your shift ${now() < Date.parse(ends) ? "ends" : "ended"} at ${timeOfDay(ends)}.`;
}

/** @param {any} ctx */
export function leavingNodes(ctx) {
  const { state } = ctx;
  const { attendance } = state;
  if (!leaving(attendance) || seen() === attendance.shift_ends) return [];
  const theirs = [...state.contacts.values()].filter(
    (held) => held.summary.phase === "live" && held.summary.owner?.id === state.me?.id,
  );
  const open = theirs.filter((held) => !held.goesOn && !takeOverAsked(held) && !held.handing.offered);
  const press = (name, label, held) =>
    el(
      "button",
      {
        type: "button",
        class: "small",
        "data-do": name,
        "data-contact": held.id,
        "aria-label": `${label}: ${held.summary.name}`,
      },
      label,
    );
  return [
    strip(
      "leaving",
      "calm",
      `${leavingWords(attendance)} Nobody new is offered to you now. `,
      theirs.length > 0 && "Nobody is taken from you.",
      el("button", { type: "button", class: "word", "data-do": "leaving-seen" }, "OK"),
    ),
    ...open.map((held) =>
      strip(
        `leaving-${held.id}`,
        "calm",
        `${held.summary.name} is with you. `,
        press("leaving-together", "Finish together", held),
        press("leaving-colleague", "Hand over to a colleague", held),
        press("leaving-lead", "Ask the lead to hold", held),
      ),
    ),
  ];
}

/** @param {any} ctx */
export function leavingDeeds(ctx) {
  const { state } = ctx;
  const of = (button) => state.contacts.get(button.dataset.contact);
  return {
    "leaving-seen"() {
      sessionStorage.setItem(KEPT, state.attendance.shift_ends);
      ctx.draw();
    },
    "leaving-together"(button) {
      of(button).goesOn = true;
      ctx.draw();
    },
    async "leaving-colleague"(button) {
      ctx.show(button.dataset.contact);
      state.pane = "help";
      await ctx.handTo();
      ctx.focus("handing-title");
    },
    async "leaving-lead"(button) {
      const held = of(button);
      if (!(await letGoTo(ctx, held, "lead"))) ctx.say(held.handing.error, "lamp");
    },
  };
}
