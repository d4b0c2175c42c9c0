/** What the board knows of tonight. Each contact is as new as its own `seq` says, whatever order things come in. */

import { setClock } from "/static/staff/times.js";

export function newEvening() {
  return {
    name: "",
    open: {},
    figures: null,
    /** @type {Map<string, any>} */ contacts: new Map(),
    /** @type {any[]} */ supporters: [],
    /** @type {Map<string, any>} */ alerts: new Map(),
    /** @type {{by: string, at: string, text: string}[]} */ handover: [],
    /** Promised languages without a phrase list. @type {string[]} */ noPhrases: [],
    /** Since when the carrier of texts and calls is silent. @type {string | null} */ phoneSilent: null,
    /** How the nodes of the service stand with each other. */ nodes: { silent_since: null, differing: [], no_keys_since: null },
    here: false,
  };
}

export const alertKey = (alert) => `${alert.contact}/${alert.alert}`;

/** Everything anew. @param {ReturnType<typeof newEvening>} evening @param {any} snapshot */
export function hearSnapshot(evening, snapshot) {
  setClock(snapshot.now);
  evening.name = snapshot.name;
  evening.open = snapshot.open ?? {};
  evening.figures = snapshot.figures;
  evening.supporters = snapshot.supporters;
  evening.handover = snapshot.handover ?? [];
  evening.noPhrases = snapshot.no_phrases ?? [];
  evening.phoneSilent = snapshot.phone?.silent_since ?? null;
  evening.nodes = snapshot.nodes ?? evening.nodes;
  evening.contacts.clear();
  for (const list of ["waiting", "live", "stored", "call_backs", "over"])
    for (const summary of snapshot[list] ?? []) hearContact(evening, summary);
  evening.alerts.clear();
  for (const alert of snapshot.alerts) hearAlert(evening, alert);
  evening.here = true;
}

/** @param {ReturnType<typeof newEvening>} evening @param {any} change */
export function hearChange(evening, change) {
  if (change.contact) hearContact(evening, change.contact);
  if (change.gone) forget(evening, change.gone);
  if (change.supporters) evening.supporters = change.supporters;
  if (change.alert) hearAlert(evening, change.alert);
  if (change.figures) evening.figures = change.figures;
  if (change.handover) evening.handover = change.handover;
  if (change.no_phrases) evening.noPhrases = change.no_phrases;
  if (change.phone) evening.phoneSilent = change.phone.silent_since;
  if (change.nodes) evening.nodes = change.nodes;
  if (change.open) evening.open = change.open;
  if (change.now) setClock(change.now);
}

function hearContact(evening, summary) {
  const before = evening.contacts.get(summary.contact);
  if (before && before.seq > summary.seq) return;
  evening.contacts.set(summary.contact, { ...before, ...summary });
  for (const alert of summary.alerts ?? []) hearAlert(evening, alert);
}

function hearAlert(evening, alert) {
  if (alert.acknowledged_by) evening.alerts.delete(alertKey(alert));
  else evening.alerts.set(alertKey(alert), alert);
}

function forget(evening, contact) {
  evening.contacts.delete(contact);
  for (const [key, alert] of evening.alerts) if (alert.contact === contact) evening.alerts.delete(key);
}

const FIRST = [
  "rung_4",
  "not_safe",
  "call_started",
  "confirm_help",
  "countersign",
  "rung_3",
  "vanished",
  "owner_absent",
  "lead_gone",
  "first_outside_call",
  "safeguarding_told",
  "nobody_has_them",
  "take_them",
  "decision_disputed",
  "second_decides",
  "hold_open",
  "asked",
  "released",
  "kept_for_lead",
];
const weight = (alert) => {
  const place = FIRST.indexOf(alert.what);
  return place < 0 ? FIRST.length : place;
};

const isStep = (alert) => alert.what.startsWith("rung_");

/** An alert and those it stands for: whoever has somebody's highest step has the ones before it. @returns {any[]} */
export const withLower = (evening, alert) => [
  alert,
  ...[...evening.alerts.values()].filter(
    (one) => isStep(alert) && isStep(one) && one.contact === alert.contact && one.what < alert.what,
  ),
];

/** Alerts nobody has yet, the one that needs a human first at the front. Of somebody's steps the highest calls, once. */
export const alertsInOrder = (evening) => {
  const all = [...evening.alerts.values()];
  const lower = new Set(all.flatMap((one) => withLower(evening, one).slice(1)));
  return all
    .filter((one) => !lower.has(one))
    .sort((one, other) => weight(one) - weight(other) || (one.at < other.at ? -1 : 1));
};

const byTime = (key) => (one, other) => ((one[key] ?? "") < (other[key] ?? "") ? -1 : 1);

/** In the order they are served: "not safe" first, then who wrote a phrase of the lists, then who came first. */
export const waiting = (evening) =>
  [...evening.contacts.values()]
    .filter((one) => one.phase === "waiting" || one.phase === "offered")
    .sort((one, other) => place(one) - place(other) || byTime("waiting_since")(one, other));
// A place told earlier does not know of who moved up since: those come by what moved them.
const place = (one) => (one.not_safe ? -2 : one.prompts?.length ? -1 : (one.position ?? 1_000_000));

/** Those somebody is with, the highest step first. */
export const live = (evening) =>
  [...evening.contacts.values()]
    .filter((one) => one.phase === "live" || one.phase === "wrap_up")
    .sort((one, other) => (other.rung ?? 0) - (one.rung ?? 0) || byTime("opened_at")(one, other));

export const stored = (evening) =>
  [...evening.contacts.values()].filter((one) => one.phase === "stored").sort(byTime("opened_at"));

export const callBacks = (evening) =>
  [...evening.contacts.values()]
    .filter((one) => one.call_me && !keptBeside(evening, one))
    .sort(byTime("opened_at"));

/** Asked for in a chat that keeps no time for it: its request stands beside it, and names the chat. */
const keptBeside = (evening, one) =>
  one.channel !== "call" &&
  !one.call?.begins_at &&
  one.linked?.some(({ contact }) => {
    const other = evening.contacts.get(contact);
    return other?.channel === "call" && other.call_me;
  });
