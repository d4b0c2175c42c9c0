/** Beside the rung and after it: who is gone, the tracks, when we are in touch again. Folded below; nothing is a must. */

import { el } from "/static/staff/dom.js";
import { timeAndDay, timeOfDay } from "/static/staff/times.js";
import {
  confidenceDeeds,
  consentNodes,
  decisionNodes,
  sharedNodes,
  wentWrong,
} from "/static/staff/confidence.js";

const SLOT_MS = 3_600_000;
const STEP_MS = 1_800_000;
const WAYS = [
  ["call", "Call"],
  ["text", "Text"],
  ["email", "E-mail"],
  ["chat", "They come back to the chat"],
];

/** Everything beside the rung, in one fold. @param {any} summary @param {any} panel @param {any} beside @param {string} me */
export function besideNodes(summary, panel, beside, me) {
  if (!panel) return null;
  return el(
    "details",
    { class: "list beside", "data-key": `beside-${summary.contact}` },
    el("summary", {}, `Consent, sharing, follow-up${stands(summary.ladder)}`),
    consentNodes(summary, beside),
    decisionNodes(summary, panel, beside, me),
    sharedNodes(summary, panel, beside),
    trackNodes(summary, panel, beside),
    followUpNodes(summary, panel, beside),
    !summary.ladder?.vanished &&
      panel.vanished &&
      el("div", { class: "part", "data-key": "if-gone" }, el("h3", {}, "If they are gone"), el("p", {}, panel.vanished)),
  );
}

/** So that a closed fold does not hide that something stands in it. */
function stands(ladder) {
  const tracks = ladder?.tracks?.length ? `. Track ${ladder.tracks.join(", ")}` : "";
  return tracks + (ladder?.follow_up ? `. Follow-up ${timeAndDay(ladder.follow_up.earliest)}` : "");
}

/** From step 2, when their line is lost or they left: what is done now. @param {any} summary @param {any} panel */
export function vanishedNodes(summary, panel) {
  const gone = summary.ladder?.vanished;
  if (!gone) return null;
  return el(
    "div",
    { class: "not-with", "data-key": "gone" },
    el(
      "p",
      {},
      el("b", {}, gone.left ? "They have left." : "Their line is lost"),
      !gone.left && gone.since && ` since ${timeOfDay(gone.since)}.`,
      gone.hold_until && [" Held open until ", el("b", { class: "num" }, timeOfDay(gone.hold_until)), "."],
    ),
    panel?.vanished && el("p", {}, panel.vanished),
  );
}

function trackNodes(summary, panel, beside) {
  const on = new Set(summary.ladder?.tracks ?? []);
  return el(
    "div",
    { class: "part", "data-key": "tracks", role: "group", "aria-label": "Tracks" },
    el("h3", {}, "Also about"),
    Object.entries(panel.track_names ?? {}).map(([track, name]) =>
      el(
        "button",
        {
          type: "button",
          class: "track",
          "data-key": track,
          "data-do": "track",
          "data-track": track,
          "aria-pressed": String(on.has(track)),
        },
        on.has(track) ? `${name}, on` : name,
      ),
    ),
    wentWrong(beside, "track"),
  );
}

/** Hours inside the times in which somebody is on the rota; a time too short for an hour is offered whole. */
function hoursOf(windows) {
  return windows.flatMap(({ earliest, latest }) => {
    const [from, until] = [Date.parse(earliest), Date.parse(latest)];
    const hours = [];
    for (let at = Math.ceil(from / STEP_MS) * STEP_MS; at + SLOT_MS <= until; at += SLOT_MS)
      hours.push([at, at + SLOT_MS]);
    return hours.length ? hours : [[from, until]];
  });
}

function followUpNodes(summary, panel, beside) {
  const agreed = summary.ladder?.follow_up;
  const hours = hoursOf(panel.follow_up_times ?? []);
  if (!agreed && !hours.length) return null;
  return el(
    "div",
    { class: "part", "data-key": "follow-up", role: "group", "aria-label": "Follow-up" },
    el("h3", {}, "In touch again"),
    agreed &&
      el(
        "p",
        {},
        `${timeAndDay(agreed.earliest)} to ${timeOfDay(agreed.latest)}. ${new Map(WAYS).get(agreed.channel) ?? agreed.channel}. `,
        agreed.safe ? "It is safe to contact them so." : el("b", {}, "It is not safe to contact them: they come to us."),
      ),
    hours.length > 0 && followUpForm(hours),
    wentWrong(beside, "follow_up"),
  );
}

const followUpForm = (hours) =>
  el(
    "form",
    { class: "beside-form", "data-do": "follow-up" },
    el("label", { for: "follow-when" }, "When, if they want it"),
    el(
      "select",
      { id: "follow-when", name: "when", required: true },
      // Never a time nobody chose: those on offer move on while the form stands open.
      el("option", { value: "", "data-key": "none" }, "Choose a time"),
      hours.map(([from, until]) =>
        el(
          "option",
          { value: `${from}/${until}`, "data-key": from },
          `${timeAndDay(from)} to ${timeOfDay(until)}`,
        ),
      ),
    ),
    el("label", { for: "follow-how" }, "How"),
    el(
      "select",
      { id: "follow-how", name: "channel" },
      WAYS.map(([key, label]) => el("option", { value: key }, label)),
    ),
    el(
      "fieldset",
      { class: "field" },
      el("legend", {}, "Is it safe to contact them this way?"),
      el(
        "div",
        { class: "ticks" },
        [
          ["yes", "Yes, they said so"],
          ["no", "No, or not sure"],
        ].map(([value, label]) =>
          el("label", { class: "tick" }, el("input", { type: "radio", name: "safe", value, required: true }), label),
        ),
      ),
    ),
    el("div", { class: "row" }, el("button", {}, "Agree this")),
  );

/** @param {any} ctx @param {() => any} here @param {(of: string, name: string, body: object) => Promise<any>} send */
export function besideDeeds(ctx, here, send) {
  return {
    ...confidenceDeeds(ctx, here, send),
    track: (button) =>
      send("track", "track", {
        track: button.dataset.track,
        on: button.getAttribute("aria-pressed") !== "true",
      }),
    async "follow-up"(form) {
      const given = new FormData(form);
      const [earliest, latest] = String(given.get("when"))
        .split("/")
        .map((at) => new Date(Number(at)).toISOString());
      const body = { earliest, latest, channel: given.get("channel"), safe: given.get("safe") === "yes" };
      if (await send("follow_up", "follow_up", body)) form.reset();
    },
  };
}
