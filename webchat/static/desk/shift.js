/** Presses about the shift: ready, pause, break, ask the lead, stop now, check out; and whether anybody is here. */

import { alertKey, hearAlert } from "/static/desk/state.js";
import { errorWords } from "/static/staff/words.js";
import { now, timeOfDay } from "/static/staff/times.js";

const ASK_BEFORE_PAUSE_MS = 60_000;

/** @param {any} ctx */
export function shiftDeeds(ctx) {
  const { state } = ctx;
  const attend = async (name, body) => {
    try {
      const answer = await ctx.line.settle(name, body);
      if (answer.attendance) state.attendance = answer.attendance;
      return answer;
    } catch (error) {
      ctx.say(errorWords(error), "lamp");
      return null;
    } finally {
      ctx.draw();
    }
  };
  /** When the press cannot reach the lead, the number still can. */
  const tellNumber = () => {
    const number = state.lead?.number ?? state.definition?.lead_number;
    if (state.notice && number) state.notice.words += ` ${state.lead?.name || "The lead"}: ${number}`;
    ctx.draw();
  };
  return {
    async ready() {
      closeMenu();
      await attend("ready", { capacity: state.attendance.capacity || state.me.capacity });
    },
    async away(button) {
      closeMenu();
      await attend("away", { reason: button.dataset.reason });
    },
    async "ask-lead"() {
      const held = ctx.opened();
      const answer = await attend("ask_lead", held ? { contact: held.id } : {});
      if (!answer) return tellNumber();
      const asked = {
        alert: answer.alert ?? "asked",
        contact: answer.contact ?? held?.id,
        name: held?.summary.name ?? "",
      };
      const known = { what: "asked", to: "lead", at: new Date(now()).toISOString(), acknowledged_by: "" };
      if (!state.alerts.has(alertKey(asked))) hearAlert(ctx, { ...asked, ...known });
      ctx.draw();
    },
    async "stop-now"() {
      const names = new Map([...state.contacts.values()].map((held) => [held.id, held.summary.name]));
      const answer = await attend("stop_now", {});
      if (!answer) return;
      state.done = {
        kind: "stopped",
        released: answer.released.map((id) => ({ name: names.get(id) ?? id })),
      };
      state.attendance = { ...state.attendance, checked_in: false, ready: false, ...answer.attendance };
      for (const id of answer.released) state.contacts.delete(id);
      state.open = state.contacts.keys().next().value ?? null;
      ctx.draw();
      ctx.focus("done-title");
    },
    "checking-out"() {
      closeMenu();
      state.checkingOut = true;
      state.writingHandover = false;
      state.checkOutError = "";
      state.whyLeave = false;
      ctx.draw();
      ctx.focus("check-out-title");
    },
    "checking-in"() {
      closeMenu();
      state.checkingIn = true;
      state.checkInLater = false;
      state.done = null;
      ctx.draw();
      ctx.focus("check-in-title");
    },
    stay() {
      state.checkingOut = false;
      ctx.draw();
    },
    async "check-out"(form) {
      const alright = form.querySelector("[name=alright]:checked")?.value ?? "";
      const handover = form.querySelector("#handover")?.value.trim();
      const why = form.querySelector("#why-leave")?.value.trim();
      state.checkOutError = "";
      try {
        const answer = await ctx.line.settle("check_out", {
          alright,
          ...(handover && { handover }),
          ...(why && { on_ladder: why }),
        });
        state.attendance = answer.attendance;
        state.checkingOut = false;
        state.done = { kind: "left", released: [] };
      } catch (error) {
        state.checkOutError = errorWords(error);
        state.whyLeave = error.code === "on_the_ladder";
        ctx.draw();
        if (state.whyLeave) ctx.focus("why-leave");
        return;
      }
      ctx.draw();
      ctx.focus("done-title");
    },
    "come-back"() {
      state.done = null;
      state.checkIn = { ...state.checkIn, heard: null, notesRead: false, error: "" };
      ctx.draw();
      ctx.focus("check-in-title");
    },
    "asked-seen"(button) {
      const alert = state.alerts.get(button.dataset.alert);
      if (alert) alert.putAway = true;
      ctx.draw();
    },
    "notice-seen"() {
      state.notice = null;
      ctx.draw();
    },
    async "sound-on"() {
      await ctx.ringing.test();
    },
    async "sound-test"() {
      if (!(await ctx.ringing.test()))
        ctx.say("This browser did not let the sound out. Check its sound settings.", "lamp");
    },
  };
}

export const closeMenu = () => document.getElementById("shift-menu")?.hidePopover();

/**
 * Nobody touched any of this account's desks for the service's idle minutes: ask, then pause new offers.
 * Only new offers: who is with somebody stays with them.
 * @param {any} ctx
 */
export function watchIdle(ctx) {
  const { state } = ctx;
  let last = Date.now();
  const desks = new BroadcastChannel("desk-touched");
  const touch = (told) => {
    if (told && Date.now() - last > 5_000) desks.postMessage("touched");
    last = Date.now();
    if (state.idle) {
      state.idle = null;
      ctx.ringing.stop("idle");
      ctx.draw();
    }
  };
  desks.onmessage = () => touch(false);
  for (const kind of ["pointerdown", "pointermove", "keydown", "scroll"])
    document.addEventListener(kind, () => touch(true), { capture: true, passive: true });

  return function look() {
    const minutes = state.definition?.idle_away_minutes;
    if (!minutes || !state.attendance?.ready || !ctx.line.connected()) return;
    if (!state.idle && Date.now() - last > minutes * 60_000) {
      state.idle = { until: now() + ASK_BEFORE_PAUSE_MS };
      ctx.ringing.ring("idle", "ask");
      ctx.draw();
    } else if (state.idle && now() >= state.idle.until) {
      state.idle = null;
      ctx.ringing.stop("idle");
      ctx.line.settle("away", { reason: "idle" }).then(
        (answer) => {
          state.attendance = answer.attendance;
          ctx.say(
            `New offers are paused since ${timeOfDay(now())}, as nobody was at the desk. Press “Ready” when you are back.`,
            "lamp",
          );
        },
        () => {},
      );
    }
  };
}
