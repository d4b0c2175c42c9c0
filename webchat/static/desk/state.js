/** What the desk knows: the shift, the contacts in hand, what rings. Told by the service, never guessed. */

import { openLog } from "/static/staff/contact_log.js";
import { hearBeside, newBeside } from "/static/staff/beside.js";
import { openOutbox } from "/static/staff/outbox.js";
import { newSteps, rungName } from "/static/staff/steps.js";
import { addEvent, newTalk, seqOfTalk } from "/static/staff/talk.js";
import { setClock } from "/static/staff/times.js";
import { newNote, noteHeard } from "/static/desk/note.js";
import { hearTasks, hearTasksOf } from "/static/desk/tasks.js";

/** @typedef {ReturnType<typeof holdContact>} Held */

export function newState() {
  return {
    me: null,
    attendance: null,
    lead: null,
    handover: null,
    /** @type {any} */ definition: null,
    /** @type {Map<string, Held>} */ contacts: new Map(),
    /** @type {Map<string, any>} */ offers: new Map(),
    /** @type {Map<string, any>} */ alerts: new Map(),
    /** @type {Map<string, {name: string, words: string, at: number}>} */ gone: new Map(),
    /** @type {string | null} */ open: null,
    /** What is still theirs to do before they leave. @type {Map<string, any>} */ tasks: new Map(),
    taskError: null,
    pane: "conversation",
    line: "starting",
    /** What was said last at the top of the desk. @type {{words: string, tone: string} | null} */ notice:
      null,
    /** @type {null | {kind: "stopped" | "left", released: {name: string}[]}} */ done: null,
    checkingIn: false,
    checkIn: { heard: null, played: false, notesRead: false, capacity: null, channels: null, error: "" },
    checkingOut: false,
    whyLeave: false,
    writingHandover: false,
    handoverError: "",
    idle: null,
    /** Shown names by account, as they come by. @type {Map<string, string>} */ people: new Map(),
    blocked: false,
  };
}

/** @param {ReturnType<typeof newState>} state */
export const opened = (state) => state.contacts.get(state.open) ?? null;

/** Names for events. @param {any} ctx @param {Held} held */
export function namesFor(ctx, held) {
  const rungs = ctx.state.definition?.ladder?.rungs ?? [];
  return {
    me: ctx.state.me?.id,
    rung: (number) => rungName(rungs, number),
    crisisContact: (id) => held.panel?.contacts.find((one) => one.id === id)?.name ?? (id.startsWith("plan:") ? "their own contact" : id.replaceAll("_", " ")),
  };
}

/** Take hold of a contact: its log, its words on the way, its note and its draft. @param {any} ctx @param {any} summary */
export function holdContact(ctx, summary) {
  const id = summary.contact;
  const held = {
    id,
    summary,
    talk: newTalk(),
    note: newNote(),
    typing: null,
    seen: 0,
    unread: 0,
    draft: "",
    correcting: null,
    changing: null,
    error: "",
    /** @type {any} */ panel: null,
    panelFor: "",
    ...newSteps(),
    beside: newBeside(),
    handing: { view: null, colleagues: null, error: "", offered: null },
    loaded: false,
    toEnd: true,
    log: null,
    outbox: null,
  };
  held.log = openLog({
    resume: (asked) => ctx.line.call("resume", { contact: id, ...asked }),
    take: (event) => takeEvent(ctx, held, event),
    forget: () => {
      held.talk = newTalk();
      held.loaded = false;
    },
    told: (answer) => {
      held.loaded = true;
      // Over long poll a newer summary may have come in the same load and been taken first.
      if ((answer.state?.seq ?? -1) >= (held.summary?.seq ?? 0)) held.summary = { ...held.summary, ...answer.state };
      ctx.draw();
    },
  });
  held.outbox = openOutbox(
    (body, onWait) => ctx.line.settle("say", { contact: id, ...body }, onWait),
    (said) => {
      const { id: account, name } = ctx.state.me;
      const event = {
        seq: said.seq,
        at: said.at,
        kind: "said",
        by: { role: "supporter", id: account, name },
      };
      held.log.hear({ ...event, contact: id, text: said.text, lang: said.lang, client_id: said.client_id });
    },
    () => ctx.draw(),
  );
  return held;
}

function takeEvent(ctx, held, event) {
  if (event.by?.id) ctx.state.people.set(event.by.id, event.by.name);
  addEvent(held.talk, event);
  hearBeside(held.beside, event);
  if (event.kind === "noted") noteHeard(held, event, ctx.state.me?.id);
  if (event.kind === "said") {
    if (event.client_id) held.outbox.arrived(event.client_id);
    if (event.by?.role === "person") {
      held.typing = null;
      if (held.loaded && !ctx.watching(held)) held.unread += 1;
    }
  }
  if (event.kind === "seen") held.seen = Math.max(held.seen, seqOfTalk(held.talk, event.person));
  ctx.draw();
}

/** Everything at once, at the start and after every reconnect. @param {any} ctx @param {any} mine */
export function hearMine(ctx, mine) {
  const { state } = ctx;
  setClock(mine.now);
  state.me = mine.me;
  state.attendance = mine.attendance;
  state.lead = mine.lead;
  state.handover = mine.handover ?? null;
  hearTasks(state, mine.tasks ?? []);
  const theirs = new Set(mine.contacts.map((summary) => summary.contact));
  for (const id of [...state.contacts.keys()]) if (!theirs.has(id)) letGo(ctx, id);
  for (const summary of mine.contacts) hearContact(ctx, summary);
  state.offers.clear();
  for (const offer of mine.offers) hearOffer(ctx, offer);
  state.alerts.clear();
  for (const alert of mine.alerts ?? []) hearAlert(ctx, alert);
  for (const held of state.contacts.values()) held.log.catchUp().catch(() => {});
  if (!state.open && state.contacts.size) state.open = [...state.contacts.keys()][0];
  ctx.draw();
}

/** An alert's name is its contact's own. @param {any} alert */
export const alertKey = (alert) => `${alert.contact ?? ""}/${alert.alert}`;

/** @param {any} ctx @param {any} alert */
export function hearAlert(ctx, alert) {
  const key = alertKey(alert);
  ctx.state.alerts.set(key, { ...ctx.state.alerts.get(key), ...alert });
}

/** @param {any} ctx @param {any} summary */
export function hearContact(ctx, summary) {
  const { state } = ctx;
  const held = state.contacts.get(summary.contact);
  if (summary.seq >= (held?.summary.seq ?? 0)) hearTasksOf(state, summary);
  if (!held) {
    const fresh = holdContact(ctx, summary);
    state.contacts.set(summary.contact, fresh);
    state.gone.delete(summary.contact);
    if (ctx.line.connected()) fresh.log.catchUp().catch(() => {});
    if (!state.open) state.open = summary.contact;
    return ctx.draw();
  }
  // Summaries and events overtake each other: an older one must not undo a newer.
  if (summary.seq >= (held.summary.seq ?? 0)) held.summary = summary;
  held.log.expect(summary.seq);
  for (const alert of summary.alerts ?? []) if (state.alerts.has(alertKey(alert))) hearAlert(ctx, alert);
  ctx.draw();
}

/** An offer ends at an instant of this page's own steady clock, so that its count never jumps. @param {any} offer */
export function hearOffer(ctx, offer) {
  const before = ctx.state.offers.get(offer.offer);
  const endsAt = Date.now() + offer.expires_in_ms;
  const steady = before && Math.abs(before.endsAt - endsAt) < 2_000 ? before.endsAt : endsAt;
  ctx.state.offers.set(offer.offer, { ...offer, endsAt: steady, heardAt: before?.heardAt ?? Date.now() });
}

/** A contact is no longer in these hands. @param {any} ctx @param {string} id */
export function letGo(ctx, id) {
  const { state } = ctx;
  const held = state.contacts.get(id);
  if (!held) return;
  state.contacts.delete(id);
  for (const [key, alert] of state.alerts)
    if (alert.contact === id && alert.what === "take_them") state.alerts.delete(key);
  const { owner, phase, name } = held.summary;
  const other = owner && owner.id !== state.me?.id ? owner.name : null;
  const words = other
    ? `${other} has taken this over`
    : phase === "ended" || phase === "wrap_up"
      ? "Ended"
      : "Handed on";
  state.gone.set(id, { name, words, at: Date.now() });
  ctx.draw();
}
