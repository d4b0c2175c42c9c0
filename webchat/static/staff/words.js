/** The desk's and board's own words for what the wire says in keys. */

import { callLine } from "/static/staff/call_words.js";
import { textLine } from "/static/staff/text_marks.js";
import { timeAndDay } from "/static/staff/times.js";

const page = document.documentElement.lang || "en";
const languages = new Intl.DisplayNames([page], { type: "language", fallback: "code" });

/** "Polish" for "pl". @param {string} tag */
export function language(tag) {
  if (!tag) return "";
  try {
    return languages.of(tag) ?? tag;
  } catch {
    return tag;
  }
}

/** @param {string[]} tags */
export const languageList = (tags) => (tags ?? []).map(language).join(", ");

const CHANNELS = { web: "Web chat", sms: "Text", call: "Call-back", call_back: "Call-back", phone: "Phone" };
/** @param {string} key */
export const channel = (key) => CHANNELS[key] ?? key;

const LINES = {
  on: "Connected",
  lost: "Line lost",
  reading: "Reading",
  left: "Left",
  quick: "Left by quick exit",
};
/** The person's line. @param {string} key */
export const line = (key) => LINES[key] ?? "";

/** The same for a contact; of a phone nobody knows whether it is on. @param {any} summary */
export const lineOf = (summary) => {
  const key = summary.lines?.person;
  return (summary.texts || summary.channel === "call") && key === "on" ? "" : line(key);
};

const OUTCOMES = {
  answered: "answered",
  no_answer: "no answer",
  engaged: "engaged",
  refused: "refused",
  left_message: "left a message",
  wrong_number: "wrong number",
  other: "other",
};
/** @param {string} key */
export const outcome = (key) => OUTCOMES[key] ?? key;

/** What a press records, in the order of the buttons after "Answered" and "No answer". */
export const OTHER_OUTCOMES = [
  ["engaged", "Engaged"],
  ["refused", "Refused"],
  ["left_message", "Left a message"],
  ["wrong_number", "Wrong number"],
];

const ROLES = {
  lead: "Lead",
  on_call: "On-call",
  second_on_call: "Second on-call",
  own_contact: "Their own contact",
  chosen_person: "Somebody they choose",
  gp: "Their GP",
  crisis_line: "Crisis line",
  crisis_team: "Crisis team",
  crisis_duty_manager: "Crisis team's duty manager",
  home_treatment_manager: "Home-treatment duty manager",
  manager: "Our manager",
  everyone: "Everyone, by message",
  nhs_111: "NHS 111, mental health",
  emergency_999: "999",
  safeguarding_lead: "Safeguarding lead",
  ask_up: "If unsure, go up and ask",
  supporter: "Supporter",
  supervisor: "Supervisor",
};
/** @param {string} key */
export const role = (key) => ROLES[key] ?? (key ?? "").replaceAll("_", " ");

const CLOCKS = {
  lead_told: "Lead to be told",
  review: "Review together",
  first_outside_call: "First outside call due",
  each_number: "Try the next number",
  noted_every: "A line in the note due",
  call_started: "999 call due",
  confirm_first: "Ask whether help has reached them",
  confirm_every: "Ask again whether help has reached them",
  safeguarding_told: "Safeguarding lead to be told",
  record_after: "Record due",
  acknowledge: "Lead to answer",
  take_over: "Somebody takes over",
  take_up: "A lead comes",
  not_safe: "A human needed",
  place_held: "Place held",
  hold_open: "Held open, then the lead decides",
  follow_up: "Follow-up",
  call_over: "Their time to be rung ends",
};
const QUIET_CLOCKS = new Set([
  "call_due",
  "call_ending",
  "offer",
  "long_wait",
  "wait_alert",
  "tell_person",
  "alert_lead",
  "wrap_up",
  "silence",
]);

/** The clocks a human works by, the soonest first. @param {{kind: string, due: string}[]} clocks */
export const workingClocks = (clocks) =>
  (clocks ?? [])
    .filter((clock) => !QUIET_CLOCKS.has(clock.kind))
    .sort((one, other) => (one.due < other.due ? -1 : 1));

/** "First outside call due" @param {string} kind */
export const clock = (kind) => CLOCKS[kind] ?? `${kind.replaceAll("_", " ")} due`;

const ALERTS = {
  rung_2: "Making a safety plan",
  rung_3: "Acting together",
  rung_4: "Emergency",
  asked: "Asks for the lead",
  not_safe: "Said: not safe right now",
  long_wait: "Has waited long",
  nobody_took: "Nobody took the offer",
  nobody_left: "Nobody is free for them",
  left_not_safe: "Left after saying: not safe",
  left_on_ladder: "Left in the middle of the ladder",
  no_speaker: "Nobody on speaks their language",
  full: "More are waiting than we said we would take",
  supporter_line: "Their supporter's line is lost",
  released: "Handed back, needs somebody",
  kept_for_lead: "Handed to you, waits for you",
  take_them: "Asks you to take them over",
  nobody_has_them: "Nobody has them",
  past_end: "Still with somebody after the end of their shift",
  stored: "Wrote while we were closed",
  reopened: "Wrote again after the end",
  first_outside_call: "No outside call yet",
  call_started: "999 not yet rung",
  confirm_help: "Ask whether help has reached them",
  countersign: "Help not confirmed, needs a second signature",
  second_decides: "A second view is asked, on sharing",
  decision_disputed: "Two see it differently, on sharing",
  safeguarding_told: "The safeguarding lead has not been told",
  record_after: "The record is not written yet",
  vanished: "Gone in the middle of the ladder",
  hold_open: "Held open for half an hour, and not back",
  owner_absent: "Who is with them is not there",
  lead_gone: "The lead went home, needs you by name",
  debrief_later: "A supporter's debrief is still to come",
  text_unsent: "Our text did not reach them",
  opted_out: "Closed their phone to our texts",
  not_a_mobile: "Not a mobile: ring them, if they agreed to a call",
  debrief_left: "A supporter went home without a debrief",
  call_me: "Asks to be called",
  call_asked: "Asks to be called, and nobody who rings is on the rota",
  call_waiting: "Not rung yet, and their time is nearly over",
  call_unkept: "Not reached in the time they gave",
  number_revealed: "A lead looked at their number",
  call_not_reached: "Could not be reached by phone",
};
/** @param {string} what */
export function alert(what) {
  const words = ALERTS[what] ?? what.replaceAll("_", " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}

const STILL = { opted_out: "Ring them, if they agreed to a call. " };
/** What can still be done about an alert that closes a way to them; empty for the others. @param {string} what */
export const still = (what) => STILL[what] ?? "";

const WHOM = { lead: "the lead", on_call: "the on-call", second_on_call: "the second on-call" };
/** "the on-call" @param {string} key */
export const whom = (key) => WHOM[key] ?? (key ?? "").replaceAll("_", " ");

const ANSWERS = { me: "For themselves", someone: "For someone they care about" };
const FEEL = ["", "feels very bad", "feels bad", "feels so-so", "feels all right", "feels good"];

/** "Moorside" for "moorside", "North valley" for "north_valley". @param {string} key */
export const place = (key) => key.charAt(0).toUpperCase() + key.slice(1).replaceAll(/[-_]/g, " ");

const DIRECTION_MARKS = /[\u202a-\u202e\u2066-\u2069]/g;

/** What the person gave in a line of its own, so that a mark of direction in it turns nothing around that stands beside it. @param {string} given */
export const aside = (given) => `\u2068${given.replace(DIRECTION_MARKS, "")}\u2069`;

/** What the person chose to say: "For themselves, BD3, feels bad". @param {Record<string, any>} answers */
export function chosen(answers) {
  const said = answers ?? {};
  const parts = [
    ANSWERS[said.for_whom] ?? said.for_whom,
    said.name && `“${aside(said.name)}”`,
    said.age_band && `aged ${said.age_band}`,
    said.area && aside(said.area),
    FEEL[Number(said.feel)],
  ].filter(Boolean);
  const text = parts.join(", ");
  return text.charAt(0).toUpperCase() + text.slice(1);
}

const REASONS = {
  pause: "Paused",
  idle: "Paused, nobody at the desk",
  break: "On a break",
  gone: "Line lost",
};
/** Why somebody is not ready. @param {string} key */
export const away = (key) => REASONS[key] ?? "Paused";

const CHOICES = { wait: "to wait", interpreter: "an interpreter", call_me: "a call back" };
const choice = (key) => (key?.startsWith("language:") ? language(key.slice(9)) : (CHOICES[key] ?? key));

const CLOSED = {
  supporter: "The conversation was ended",
  person: "They ended the conversation",
  silence: "Ended after a silence",
  line: "Ended, the line did not come back",
  lead: "The lead ended the conversation",
  stored: "Kept for later",
};
const LEFT = {
  quick: "They left by quick exit",
  ended: "They left",
  line: "Their place was held and has run out",
};
const OFFER_ENDED = {
  declined: "Not now",
  expired: "Not answered",
  withdrawn: "Taken back",
  gone: "Line lost",
};

/**
 * A line in the conversation for an event that is no message; null for what needs none.
 * @param {any} event @param {{rung: (n: number) => string, crisisContact: (id: string) => string, me: string}} names
 */
export function eventLine(event, names) {
  const who = event.by?.id === names.me ? "You" : event.by?.name || role(event.by?.role);
  const are = who === "You" ? "are" : "is";
  const have = who === "You" ? "have" : "has";
  switch (event.kind) {
    case "started":
      return `Began by ${channel(event.channel).toLowerCase()}, ${language(event.language)}`;
    case "accepted":
      return `${who} ${are} with them`;
    case "joined":
      return event.how === "took_over" ? `${who} ${have} taken over` : `${who} ${have} joined`;
    case "stepped_out":
      return `${who} stepped out`;
    case "released":
      return event.to === "lead" ? `${who} handed this to the lead` : `${who} handed this back`;
    case "offered":
      return event.transfer ? `Offered to a colleague` : null;
    case "offer_ended":
      return event.transfer ? `The offer ended: ${OFFER_ENDED[event.why] ?? event.why}` : null;
    case "rung_set":
      return event.to === event.was ? null : `${names.rung(event.to)}. Set by ${who === "You" ? "you" : who}`;
    case "rung_withdrawn":
      return `Set by mistake. Back to ${names.rung(event.to)}`;
    case "attempted":
      return `${who} rang ${names.crisisContact(event.crisis_contact)}: ${outcome(event.outcome)}`;
    case "attempt_named":
      return `${who} wrote who it was: ${event.reference ?? "no longer held"}`;
    case "alerted":
      return `${alert(event.what)}: ${whom(event.to)} alerted`;
    case "lead_asked":
      return event.take_them ? `${who} asked the lead to take over` : `${who} asked for the lead`;
    case "queued":
      return `${who} put them back into the queue`;
    case "acknowledged":
      return `${who} ${have} seen it`;
    case "not_safe":
      return "They pressed “I'm not safe right now”";
    case "choice_asked":
      return null;
    case "choice_made":
      return `They chose ${choice(event.choice)}`;
    case "told":
      return event.opens_at ? `They were told we open ${timeAndDay(event.opens_at)}` : textLine(event, language);
    case "line_lost":
      return event.whose === "person" ? "Their line is lost" : "The supporter's line is lost";
    case "line_back":
      return event.whose === "person" ? "Their line is back" : "The supporter's line is back";
    case "closed":
      return CLOSED[event.why] ?? "Ended";
    case "reopened":
      return "They wrote again";
    case "left":
      return LEFT[event.why] ?? "They left";
    case "call_me":
      return event.by?.role === "person" ? "They ask to be called back" : `${who} wrote that they agreed to a call`;
    case "wrapped_up":
      return "Wrapped up";
    case "plan_opened":
      return event.how === "returned" ? "They opened their plan with its code" : `${who} began a plan`;
    case "plan_followed":
      return [PLAN_WENT[event.how] ?? event.how, event.why].filter(Boolean).join(". ");
    default:
      return ladderLine(event, who, names);
  }
}

const PLAN_WENT = {
  followed: "The plan was followed",
  partly: "The plan was followed in part",
  not_followed: "The plan was not followed",
};

const CONSENT = {
  given: "They agreed to sharing",
  refused: "They said no to sharing",
  unable: "They cannot decide about sharing",
  not_asked: "They were not asked about sharing",
};
/** What they said to sharing. @param {string} answer */
export const consent = (answer) => CONSENT[answer] ?? answer;

const DECISIONS = { share: "share what is needed", respect: "respect what they said" };
/** "share what is needed" @param {string} what */
export const decision = (what) => DECISIONS[what] ?? what;

const TASK_ENDS = { done: "The debrief is done", not_wanted: "No debrief wanted", later: "The debrief comes later" };

/** The same for what stands beside the rung, with the words somebody wrote to it. */
function ladderLine(event, who, names) {
  const withWords = (line, ...words) => [line, ...words.filter(Boolean)].join(". ");
  switch (event.kind) {
    case "help_checked":
      return event.reached ? null : withWords(`${who} asked: help has not reached them yet`, event.words);
    case "help_confirmed":
      return "Help has reached them";
    case "could_not_be_confirmed":
      return withWords(`${who} signed: help could not be confirmed`, event.tried, event.reference);
    case "countersigned":
      return `${who} signed it too. Nobody could confirm that help reached them`;
    case "decided":
      return withWords(`${who} decided: ${decision(event.what)}`, event.reason);
    case "seconded":
      return withWords(`${who} ${event.agrees ? "would do the same" : "would do otherwise"}`, event.words);
    case "consent_asked":
      return withWords(consent(event.answer), event.why);
    case "shared":
      return withWords(
        `${who} told ${event.crisis_contact ? names.crisisContact(event.crisis_contact) : (event.whom ?? "somebody")}`,
        event.what,
        event.why,
      );
    case "track_set":
      return withWords(`Track ${event.track} ${event.on ? "on" : "off"}`, event.words);
    case "follow_up_set":
      return withWords(`Follow-up: ${timeAndDay(event.earliest)}`, event.words);
    case "task_done":
      return TASK_ENDS[event.how] ?? null;
    default:
      return callLine(event, who) ?? textLine(event, language);
  }
}

/** The words of an error, whatever was thrown. @param {any} error */
export const errorWords = (error) =>
  error?.carried ? error.message : "Something went wrong on this page. Load it again; nothing is lost.";
