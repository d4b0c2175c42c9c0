/** Who asks to be rung: when, and how it stands. Those whose time is nearest come first. */

import { el } from "/static/staff/dom.js";
import { rangWords } from "/static/staff/call_words.js";
import { past, timeAndDay, timeOfDay } from "/static/staff/times.js";

/** In the order of their times; those without one last. @param {any[]} contacts */
export const byWindow = (contacts) =>
  [...contacts].sort((one, other) => ((one.call?.begins_at ?? "~") < (other.call?.begins_at ?? "~") ? -1 : 1));

/** "Between Wednesday 20:00 and 21:00. Not tried yet." @param {any} one */
export function callState(one) {
  const { call } = one;
  if (!call) return null;
  const lamp = call.unkept || (!call.over && !call.tried.length && call.ends_at && past(call.ends_at));
  const more = [
    call.rang > 0 && rangWords(call),
    call.texted && "A neutral text tells them.",
    one.linked?.length > 0 && `Belongs with ${one.linked.map((other) => other.name).join(", ")}.`,
  ].filter(Boolean);
  return el(
    "p",
    { class: lamp ? "lamp small" : "small" },
    [`${times(call)}. ${state(one, call)}.`, ...more].join(" "),
  );
}

function times(call) {
  if (!call.begins_at) return "No time given";
  if (call.soonest) return `As soon as can be, until ${timeAndDay(call.ends_at)}`;
  return `Between ${timeAndDay(call.begins_at)} and ${timeOfDay(call.ends_at)}`;
}

const OVER = { talked: "They talked", wrong_number: "Wrong number", not_again: "Asked not to be rung", withdrawn: "Took their request back" };

function state(one, call) {
  if (call.over) return OVER[call.over] ?? call.over;
  if (call.given_up && call.tried.length) return "Not reached, and no try is left";
  if (call.unkept) return "Not reached in their time";
  if (call.ringing || call.placing) return "Being rung now";
  if (call.tried.length) return `Tried ${call.tried.length === 1 ? "once" : `${call.tried.length} times`}, not reached`;
  if (one.phase === "live") return `With ${one.owner?.name ?? "somebody"}, not tried yet`;
  return call.begins_at && past(call.begins_at) ? "Due now" : "Not yet";
}
