/** The contacts in hand, each with what it needs to be seen: new words, how long since theirs, the line. */

import { el } from "/static/staff/dom.js";
import { since, timeOfDay } from "/static/staff/times.js";
import * as words from "/static/staff/words.js";
import { rungName } from "/static/staff/steps.js";

/** @param {any} ctx */
export function tabNodes(ctx) {
  const { state } = ctx;
  const held = [...state.contacts.values()];
  const gone = [...state.gone.entries()];
  return [
    held.length > 0 &&
      el(
        "ul",
        { class: "tabs" },
        held.map((one) => el("li", { "data-key": one.id }, tab(ctx, one))),
      ),
    gone.length > 0 &&
      el(
        "ul",
        { class: "gone" },
        gone.map(([id, { name, words: what, at }]) =>
          el(
            "li",
            { "data-key": id, class: "small" },
            el("span", {}, el("b", {}, name), ` ${what}, `, el("span", { class: "num" }, timeOfDay(at))),
            el(
              "button",
              {
                type: "button",
                class: "word",
                "data-do": "forget-gone",
                "data-contact": id,
                "aria-label": `Put away: ${name} ${what}`,
              },
              "OK",
            ),
          ),
        ),
      ),
    !held.length && !state.offers.size && el("p", { class: "soft", "data-key": "nobody" }, nobody(state)),
    held.length > 0 &&
      !state.offers.size &&
      acting(held) &&
      el("p", { class: "soft small" }, "No new offers while you act together."),
  ];
}

const acting = (held) => held.some((one) => (one.summary.rung ?? 0) >= 3);

/** What to say when nobody is here. @param {any} state */
export function nobody(state) {
  const attendance = state.attendance ?? {};
  const until = attendance.shift_ends ?? attendance.until;
  const on = until ? ` You're on until ${timeOfDay(until)}.` : "";
  if (!attendance.checked_in) return "You are not checked in, so nobody is offered to you.";
  if (!attendance.ready)
    return `${words.away(attendance.reason)}. Nobody is offered to you until you are ready.`;
  return `Nobody is waiting.${on}`;
}

function tab(ctx, held) {
  const { summary, talk } = held;
  const open = ctx.state.open === held.id;
  const last = talk.last.person ?? summary.last_word?.person;
  const status = statusWords(ctx, held);
  const rung = summary.rung ? rungName(ctx.state.definition?.ladder?.rungs ?? [], summary.rung) : "";
  return el(
    "button",
    {
      type: "button",
      class: "tab",
      "data-do": "open",
      "data-contact": held.id,
      "aria-current": open ? "true" : null,
    },
    el(
      "span",
      { class: "tab-head" },
      el("b", {}, summary.name),
      held.unread > 0 && el("span", { class: "unread" }, held.unread === 1 ? "1 new" : `${held.unread} new`),
      last &&
        el(
          "span",
          { class: "num soft small", title: "Since their last words" },
          el("span", { class: "said-only" }, "Their last words "),
          el("span", { "data-since": last }, since(last)),
        ),
    ),
    el(
      "span",
      { class: "small soft" },
      [status, summary.channel !== "web" && words.channel(summary.channel), words.language(summary.language)]
        .filter(Boolean)
        .join(". "),
    ),
    rung && el("span", { class: "small" }, rung),
    held.draft && !open && el("span", { class: "small soft" }, "Draft kept"),
  );
}

/** The person's side in words. @param {any} ctx @param {any} held */
export function statusWords(ctx, held) {
  const { summary, typing } = held;
  if (summary.phase === "wrap_up") return "Ended, to wrap up";
  if (summary.phase === "ended") return "Ended";
  // What was last heard is no news once our own line is gone.
  if (ctx.state.line !== "on") return "";
  if (typing && summary.lines?.person !== "lost") return "Writing";
  return words.lineOf(summary);
}
