/** The start of a shift, before anything else: is the ring heard, are the notes read, how many at once. */

import { el } from "/static/staff/dom.js";
import { timeOfDay } from "/static/staff/times.js";
import * as words from "/static/staff/words.js";
import { taskNodes } from "/static/desk/tasks.js";
import { handoverField, handoverList } from "/static/desk/handover.js";

/** @param {any} ctx */
export function checkInNodes(ctx) {
  const { state } = ctx;
  const { checkIn, attendance } = state;
  const until = attendance?.shift_ends;
  return el(
    "form",
    { class: "card sheet", "data-do": "check-in" },
    el("h1", { tabindex: -1, id: "check-in-title" }, `Good to see you, ${state.me?.name ?? ""}`),
    el(
      "p",
      { class: "soft" },
      attendance?.on_rota
        ? `You're on the rota${until ? ` until ${timeOfDay(until)}` : ""}. Three short things first.`
        : "You're not on the rota just now. If your lead has let you on, check in as usual.",
    ),
    sound(checkIn),
    handover(state),
    room(state),
    checkIn.error && el("p", { class: "lamp", role: "alert" }, checkIn.error, leadNumber(state)),
    el(
      "div",
      { class: "row" },
      el("button", { class: "main" }, "Start my shift"),
      state.contacts.size > 0 &&
        el(
          "button",
          { type: "button", class: "quiet", "data-do": "check-in-later" },
          "Not yet, show my contacts",
        ),
    ),
  );
}

function sound(checkIn) {
  const answer = (value, label) => {
    const radio = el("input", { type: "radio", name: "heard", value, "data-change": "heard" });
    radio.checked = checkIn.heard === value;
    return el("label", { class: "tick" }, radio, label);
  };
  return el(
    "fieldset",
    { class: "step" },
    el("legend", {}, "1. The ring"),
    el("p", {}, "This is how you will know that someone is waiting."),
    el(
      "div",
      { class: "row" },
      el("button", { type: "button", "data-do": "play" }, checkIn.played ? "Play it again" : "Play the ring"),
    ),
    el(
      "div",
      { class: "ticks" },
      answer("yes", "I heard it"),
      answer("no", "I heard nothing, or I go by sight"),
    ),
    checkIn.heard === "no" &&
      el(
        "p",
        { class: "small lamp" },
        "Check the volume and that the right speaker is chosen. Offers also show here, in the tab's title and as a notification if you allow it.",
      ),
    "Notification" in window &&
      Notification.permission === "default" &&
      el(
        "div",
        { class: "row" },
        el(
          "button",
          { type: "button", class: "quiet", "data-do": "notify" },
          "Also show notifications on this computer",
        ),
      ),
  );
}

function handover(state) {
  const notes = state.handover ?? state.attendance?.handover ?? [];
  const box = el("input", { type: "checkbox", "data-change": "notes-read" });
  box.checked = state.checkIn.notesRead;
  return el(
    "fieldset",
    { class: "step" },
    el("legend", {}, "2. Left by the shift before"),
    notes.length
      ? handoverList(notes)
      : el(
          "p",
          { class: "soft" },
          "Nothing was left in writing here. Ask your lead if there is anything to know.",
        ),
    el("label", { class: "tick" }, box, notes.length ? "I have read this" : "I know what I need for tonight"),
  );
}

function room(state) {
  const { me, checkIn } = state;
  const most = me?.capacity ?? 1;
  const channels = me?.channels ?? [];
  return el(
    "fieldset",
    { class: "step" },
    el("legend", {}, "3. How much tonight"),
    most > 1
      ? el(
          "div",
          { class: "ticks", role: "radiogroup", "aria-label": "Contacts at once" },
          Array.from({ length: most }, (_, place) => capacityChoice(checkIn, place + 1, most)),
        )
      : el("p", {}, "One contact at a time."),
    channels.length > 1 &&
      el(
        "div",
        { class: "ticks", role: "group", "aria-label": "Channels" },
        channels.map((key) => channelChoice(checkIn, key)),
      ),
    el("p", { class: "small soft" }, `Languages: ${words.languageList(me?.languages)}`),
  );
}

function capacityChoice(checkIn, count, most) {
  const radio = el("input", { type: "radio", name: "capacity", value: count, "data-change": "how-many" });
  radio.checked = (checkIn.capacity ?? most) === count;
  return el("label", { class: "tick" }, radio, count === 1 ? "One at a time" : `Up to ${count} at once`);
}

function channelChoice(checkIn, key) {
  const box = el("input", { type: "checkbox", value: key, "data-change": "channel" });
  box.checked = checkIn.channels?.includes(key) ?? true;
  return el("label", { class: "tick" }, box, words.channel(key));
}

const leadNumber = (state) =>
  state.lead?.number ? [" Your lead: ", el("b", { class: "num", dir: "ltr" }, state.lead.number)] : "";

/** @param {any} ctx */
export function checkInDeeds(ctx) {
  const { state } = ctx;
  return {
    async play() {
      state.checkIn.played = true;
      const out = await ctx.ringing.test();
      state.checkIn.error = out
        ? ""
        : "This browser did not let the sound out. Try the press again, or check its sound settings.";
      ctx.draw();
    },
    async notify() {
      await Notification.requestPermission();
      ctx.draw();
    },
    "check-in-later"() {
      state.checkingIn = false;
      state.checkInLater = true;
      ctx.draw();
    },
    async "check-in"() {
      const { checkIn, me } = state;
      if (!checkIn.heard) checkIn.error = "Play the ring first and say whether you heard it.";
      else if (!checkIn.notesRead) checkIn.error = "Tick the second step when you have read what was left.";
      else checkIn.error = "";
      if (checkIn.error) return ctx.draw();
      try {
        await ctx.line.settle("check_in", { sound: checkIn.heard === "yes", notes_read: true });
        const wanted = {
          ...(checkIn.channels && { channels: checkIn.channels }),
          capacity: checkIn.capacity ?? me.capacity,
        };
        const answer = await ctx.line.settle("ready", wanted);
        state.attendance = answer.attendance;
        state.checkingIn = false;
        state.done = null;
      } catch (error) {
        checkIn.error = words.errorWords(error);
      }
      ctx.draw();
    },
  };
}

/** @param {any} ctx @param {HTMLInputElement} box */
export function checkInChanged(ctx, box) {
  const { checkIn, me } = ctx.state;
  const what = box.dataset.change;
  if (what === "heard") checkIn.heard = box.value;
  if (what === "notes-read") checkIn.notesRead = box.checked;
  if (what === "how-many") checkIn.capacity = Number(box.value);
  if (what === "channel") {
    const kept = new Set(checkIn.channels ?? me.channels);
    if (box.checked) kept.add(box.value);
    else kept.delete(box.value);
    checkIn.channels = [...kept];
  }
  ctx.draw();
}

/** After "I must stop now", or after checking out. @param {any} ctx */
export function doneNodes(ctx) {
  const { done, lead, definition } = ctx.state;
  const phone = lead?.number ?? definition?.lead_number;
  const names = done.released.map((one) => one.name);
  const stopped = done.kind === "stopped";
  return el(
    "section",
    { class: "card sheet" },
    el(
      "h1",
      { tabindex: -1, id: "done-title" },
      stopped ? "You've stopped. That is all right." : "You're off shift. Thank you.",
    ),
    stopped &&
      el(
        "p",
        {},
        names.length
          ? `${listed(names)} ${names.length > 1 ? "are" : "is"} in our hands and stays first in line. The lead has been told.`
          : "Nobody was with you. The lead has been told.",
      ),
    stopped && el("p", {}, "Nobody will ask you why. Take the time you need."),
    taskNodes(ctx),
    phone && el("p", {}, "If you want to talk to someone: ", el("b", { class: "num", dir: "ltr" }, phone)),
    el(
      "div",
      { class: "row" },
      el(
        "button",
        { type: "button", class: stopped ? "quiet" : "", "data-do": "come-back" },
        "Check in again",
      ),
    ),
  );
}

const listed = (names) =>
  names.length < 2 ? names.join("") : `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;

/** A lead may always go; the reason is kept, and the on-call has whoever is left. */
const whyLeave = () =>
  el(
    "div",
    { class: "step", "data-key": "why-leave" },
    el("label", { for: "why-leave" }, "Why do you go now?"),
    el("textarea", { id: "why-leave", rows: 2, dir: "auto", required: true }),
    el("p", { class: "small soft" }, "It is kept, and the on-call is paged until somebody has them."),
  );

/** The end of a shift. @param {any} ctx */
export function checkOutNodes(ctx) {
  const { state } = ctx;
  const live = [...state.contacts.values()].filter(
    (held) => held.summary.phase === "live" && held.summary.owner?.id === state.me?.id,
  );
  const choice = (value, label) =>
    el("label", { class: "tick" }, el("input", { type: "radio", name: "alright", value }), label);
  return el(
    "form",
    { class: "card sheet", "data-do": "check-out" },
    el("h1", { tabindex: -1, id: "check-out-title" }, "Before you go"),
    live.length > 0 &&
      el(
        "p",
        { class: "lamp" },
        `${listed(live.map((held) => held.summary.name))} ${live.length > 1 ? "are" : "is"} still with you. Hand on or end first, or press “I must stop now”.`,
      ),
    taskNodes(ctx),
    el(
      "fieldset",
      { class: "step" },
      el("legend", {}, "Are you OK to leave?"),
      el(
        "div",
        { class: "ticks" },
        choice("yes", "Yes, I'm all right"),
        choice("talk", "I'd like to talk to someone first"),
        choice("", "I'd rather not say"),
      ),
    ),
    el(
      "div",
      { class: "step" },
      state.attendance?.notes_left
        ? el("p", {}, "You have left a note for the next shift. Thank you.")
        : handoverField("Anything the next shift should know? You may leave this."),
    ),
    state.checkOutError && el("p", { class: "lamp", role: "alert" }, state.checkOutError),
    state.whyLeave && whyLeave(),
    el(
      "div",
      { class: "row" },
      el("button", { class: "main" }, "Check out"),
      el("button", { type: "button", class: "quiet", "data-do": "stay" }, "Stay on"),
    ),
  );
}
