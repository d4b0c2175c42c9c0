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
    case "call_withdrawn":
      return "They took their request to be rung back";
    case "linked":
      return `Belongs with Contact ${event.other.slice(2, 6).toUpperCase()}`;
    case "call_machine":
      return "A machine may have answered, or a person";
    case "missed_text":
      return "A neutral text goes to them: nobody reached them";
    case "line_rung":
      if (event.hidden) return "Somebody with a hidden number rang the line: nothing to ring back";
      return event.pressed ? "They rang the line and asked to be rung back" : "They rang the line and pressed nothing";
    case "call_made":
      return `${who} rang them: ${MADE[event.outcome] ?? event.outcome}`;
    default:
      return null;
  }
}

/** @param {{rang: number}} call */
export const rangWords = ({ rang }) => `Rang the line ${["", "once", "twice"][rang] ?? `${rang} times`} themselves.`;
