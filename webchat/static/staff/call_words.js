/** What the log says of a request to be rung and of its calls, in a line of the conversation. */

import { timeAndDay, timeOfDay } from "/static/staff/times.js";

const MADE = {
  talked: "they talked",
  no_answer: "no answer",
  engaged: "engaged",
  voicemail: "voicemail, possibly a person",
  wrong_number: "wrong number",
  not_again: "they asked not to be rung",
};

/** A line for an event of a call, null for what is none or needs none. @param {any} event @param {string} who */
export function callLine(event, who) {
  switch (event.kind) {
    case "call_window":
      return `They may be rung from ${timeAndDay(event.begins_at)} to ${timeOfDay(event.ends_at)}`;
    case "call_due":
      return "Their time to be rung has begun";
    case "call_unkept":
      return "Their time is over, and nobody reached them";
    case "number_shown":
      return `Their number was shown to ${who === "You" ? "you" : who}`;
    case "number_revealed":
      return `${who}, who leads, looked at their number${event.reason ? `: ${event.reason}` : ""}`;
    case "call_placing":
      return `${who} asked the phone line to ring them`;
    case "call_made":
      return `${who} rang them: ${MADE[event.outcome] ?? event.outcome}`;
    default:
      return null;
  }
}
