/** The top of the desk: who is on, until when, the lead, and the two presses that are always there. */

import { el } from "/static/staff/dom.js";
import { timeOfDay } from "/static/staff/times.js";
import { alertKey } from "/static/desk/state.js";
import { leavingNodes } from "/static/desk/leaving.js";
import * as words from "/static/staff/words.js";

/** @param {any} ctx */
export function shiftNodes(ctx) {
  const { me, attendance } = ctx.state;
  if (!me) return [];
  const until = attendance?.shift_ends ?? attendance?.until;
  return [
    el("span", { class: "soft" }, me.name, until && attendance?.checked_in && `, until ${timeOfDay(until)}`),
    attendance?.checked_in &&
      el("span", { class: attendance.ready ? "chip" : "chip lamp", id: "readiness" }, readiness(attendance)),
  ];
}

/** "Ready", "On a break until 21:25" @param {any} attendance */
export function readiness(attendance) {
  if (attendance.ready) return attendance.capacity > 1 ? `Ready for ${attendance.capacity}` : "Ready";
  const back = attendance.reason === "break" && attendance.until;
  return words.away(attendance.reason) + (back ? ` until ${timeOfDay(back)}` : "");
}

/** @param {any} ctx */
export function leadNodes(ctx) {
  const { lead } = ctx.state;
  if (!lead?.name) return lead?.number ? [el("span", { class: "soft" }, "Lead: ", number(lead.number))] : [];
  return [
    el(
      "span",
      { class: "soft" },
      `Lead: ${lead.name}, `,
      lead.here ? "here" : ["ring ", number(lead.number)],
    ),
  ];
}

const number = (text) => el("b", { class: "num", dir: "ltr" }, text);

/** The strip under the bar: the line, sound, an unanswered question. It pushes down and covers nothing. @param {any} ctx */
export function stripNodes(ctx) {
  const { state } = ctx;
  return [
    state.line === "lost" &&
      strip(
        "line",
        "lamp",
        "Your line is lost. Keep writing: it is kept here and goes when the line is back. It is being tried again.",
      ),
    state.line === "signed_out" &&
      strip(
        "out",
        "lamp",
        "You are signed out. ",
        el("a", { href: "/sign-in?then=/desk" }, "Sign in again"),
        ". What you wrote stays here until you leave this page.",
      ),
    state.idle &&
      strip(
        "idle",
        "lamp",
        "Are you still there? New offers pause in ",
        el("span", { class: "num", "data-left": state.idle.until }, "60 s"),
        ". ",
        el("button", { type: "button", class: "main small", "data-do": "still-here" }, "I'm here"),
      ),
    state.blocked &&
      state.attendance?.checked_in &&
      strip(
        "sound",
        "lamp",
        "This page may not ring yet. ",
        el("button", { type: "button", class: "small", "data-do": "sound-on" }, "Turn the ring on"),
      ),
    ...askedNodes(ctx),
    ...transferNodes(ctx),
    ...leavingNodes(ctx),
    state.notice &&
      strip(
        "notice",
        state.notice.tone,
        state.notice.words,
        el(
          "button",
          { type: "button", class: "word", "data-do": "notice-seen", "aria-label": "Put this away" },
          "OK",
        ),
      ),
  ];
}

/** One line under the bar, its presses at the end. */
export const strip = (key, tone, ...children) =>
  el(
    "div",
    { class: `strip-line ${tone}`, "data-key": key },
    el(
      "span",
      {},
      children.filter((one) => !isPress(one)),
    ),
    children.filter(isPress),
  );

const isPress = (child) => child instanceof Element && child.matches("button");

const ASKED = new Set(["asked", "take_them"]);

/** What became of "Ask the lead", always with a number to ring. @param {any} ctx */
function askedNodes(ctx) {
  const { state } = ctx;
  const asked = [...state.alerts.values()].filter((alert) => ASKED.has(alert.what) && !alert.putAway);
  return asked.map((alert) => {
    const seen = alert.acknowledged_by;
    const by = state.people.get(seen) ?? "";
    const taking = alert.what === "take_them";
    const about = alert.name ? ` ${taking ? "to take over" : "about"} ${alert.name}` : "";
    const phone = state.lead?.number ?? state.definition?.lead_number;
    return strip(
      `asked-${alertKey(alert)}`,
      seen ? "calm" : "lamp",
      seen
        ? `Seen${by ? ` by ${by}` : ""}: you asked${about}. ${taking ? "They stay with you until then. " : ""}`
        : `Asked ${words.whom(alert.to)}${about} at ${timeOfDay(alert.at)}. Not seen yet. `,
      !seen && phone && ["Or ring ", number(phone), ". "],
      seen &&
        el(
          "button",
          { type: "button", class: "word", "data-do": "asked-seen", "data-alert": alertKey(alert) },
          "OK",
        ),
    );
  });
}

function transferNodes(ctx) {
  return [...ctx.state.contacts.values()]
    .filter((held) => held.handing.offered)
    .map((held) =>
      strip(
        `handing-${held.id}`,
        "calm",
        `${held.summary.name} is offered to ${held.handing.offered.name}. They stay with you until ${held.handing.offered.name} answers.`,
      ),
    );
}

/** What stands in the shift menu. @param {any} ctx */
export function menuNodes(ctx) {
  const { attendance, me, definition } = ctx.state;
  const on = attendance?.checked_in;
  const press = (name, label, extra = {}) =>
    el("button", { type: "button", class: "quiet wide", "data-do": name, ...extra }, label);
  return [
    on && !attendance.ready && press("ready", "Ready for offers again"),
    on && attendance.ready && press("away", "Pause new offers", { "data-reason": "pause" }),
    on &&
      attendance.reason !== "break" &&
      press("away", `Take a break, ${definition?.break_minutes ?? 15} min`, { "data-reason": "break" }),
    on && (me?.capacity ?? 1) > 1 && capacity(ctx),
    press("sound-test", "Sound test"),
    press("keys", "Keys of this desk"),
    on && press("handover-write", "A note for the next shift"),
    on && press("checking-out", "Check out"),
    !on && press("checking-in", "Check in"),
  ];
}

function capacity(ctx) {
  const { me, attendance } = ctx.state;
  const select = el(
    "select",
    { id: "capacity", "data-change": "capacity" },
    Array.from({ length: me.capacity }, (_, place) =>
      el("option", { value: place + 1, selected: place + 1 === attendance.capacity }, place + 1),
    ),
  );
  return el(
    "label",
    { class: "menu-line", "data-key": `capacity-${attendance.capacity}` },
    "At once, at most",
    select,
  );
}
