/** The ladder as both the desk and the board show it: where we are, what to ask, who to ring. It suggests, it never gates. */

import { el } from "/static/staff/dom.js";
import { past, timeAndDay, timeOfDay } from "/static/staff/times.js";
import * as words from "/static/staff/words.js";

/** The path walked so far. Never a thermometer: no colours of danger. @param {any[]} rungs @param {number} here */
export function path(rungs, here) {
  return el(
    "ol",
    { class: "path", "aria-label": "Where we are" },
    rungs.map((rung) =>
      el(
        "li",
        {
          class: rung.number < here ? "walked" : rung.number === here ? "here" : "",
          "aria-current": rung.number === here ? "step" : null,
        },
        rung.short,
        rung.number === here && el("span", { class: "said-only" }, " (we are here)"),
      ),
    ),
  );
}

/** @param {any} summary @param {(clock: any) => boolean} [which] */
export function clocks(summary, which = () => true) {
  const running = words.workingClocks(summary.clocks).filter(which);
  if (!running.length) return null;
  return el(
    "ul",
    { class: "clocks", "aria-label": "Running clocks" },
    running.map((clock) => clockNode(clock, "li")),
  );
}

/** One running clock in words; late is said, not only coloured. @param {any} clock @param {string} tag */
export function clockNode(clock, tag = "span") {
  const late = past(clock.due);
  return el(
    tag,
    { class: late ? "clock late" : "clock", "data-key": `${clock.kind}-${clock.of}` },
    `${words.clock(clock.kind)} ${late ? "was by" : "by"} `,
    el("span", { class: "num" }, timeOfDay(clock.due)),
    late && [". Late by ", el("span", { class: "num", "data-since": clock.due }, "now")],
  );
}

/** What to say first at 999, for who rings is not where the person is. @param {any} summary @param {any} panel */
export function notWithThem(summary, panel) {
  const given = summary.answers?.area;
  const area = given ? words.aside(given) : (summary.locality && words.place(summary.locality));
  return el(
    "div",
    { class: "not-with" },
    el("p", {}, el("b", {}, "Say first: I am not with the person.")),
    el("p", {}, area ? `Their area: ${area}.` : "We do not know their area yet. Ask where they are."),
    panel.lead_number &&
      el("p", {}, "Ring us back on ", el("b", { class: "num", dir: "ltr" }, panel.lead_number)),
  );
}

// Clocks about ringing somebody stand with the number; the others on their own.
const CALL_CLOCKS = new Set(["first_outside_call", "call_started", "each_number"]);
/** Does this clock stand with the number? @param {any} clock */
export const withNumber = (clock) => CALL_CLOCKS.has(clock.kind);

const hasNumber = (contact) => Boolean(contact?.number);

/**
 * Who to ring next; the number is the largest thing there.
 * @param {any} summary @param {any} panel @param {string | null} recording the press opened for its other outcomes
 */
export function ringNext(summary, panel, recording) {
  const next =
    panel.contacts.find((one) => one.id === panel.suggestion) ??
    (panel.suggestion === panel.emergency?.id ? panel.emergency : null);
  if (!next || !hasNumber(next)) return null;
  const tried = panel.contacts.filter(
    (one, place, all) => one.outcome && all.findIndex((same) => same.id === one.id) === place,
  );
  const callClock = words.workingClocks(summary.clocks).find((clock) => CALL_CLOCKS.has(clock.kind));
  const title = summary.rung >= 2 ? "Ring next" : "If you need them";
  return el(
    "div",
    { class: "next", "data-key": "next" },
    el("h3", {}, title),
    tried.length > 0 && el("p", { class: "small soft" }, `Tried: ${tried.map(triedWords).join("; ")}`),
    el("p", { class: "number num", dir: "ltr" }, next.number),
    el("p", {}, [next.name, next.line && lineWords(next.line), stateWords(next)].filter(Boolean).join(". ")),
    callClock && el("p", { class: "small" }, clockNode(callClock)),
    record(recording, next, "main"),
  );
}

const triedWords = (one) => `${one.name}, ${words.outcome(one.outcome)}`;
const LINE_WORDS = { professional: "Professional line", public: "Public line", emergency: "Emergency line" };
const lineWords = (key) => LINE_WORDS[key] ?? key;

function stateWords(contact) {
  if (contact.state === "closed")
    return contact.opens_at ? `Closed. Opens ${timeAndDay(contact.opens_at)}` : "Closed";
  if (contact.state === "stale") return "Number not checked lately";
  if (contact.state === "unset") return "Nobody is named for this";
  if (contact.state === "tried")
    return contact.outcome ? `Tried: ${words.outcome(contact.outcome)}` : "Tried";
  return "Open";
}

/** One press records the attempt; what is rarer stands one press further. */
function record(recording, contact, look) {
  const press = (outcome, label, classes, name) =>
    el(
      "button",
      {
        type: "button",
        class: classes,
        "data-do": "attempt",
        "data-contact": contact.id,
        "data-outcome": outcome,
        "aria-label": `${label}: ${name}`,
      },
      label,
    );
  const open = recording === `${look}-${contact.id}`;
  return el(
    "div",
    { class: "record" },
    el(
      "div",
      { class: "row", role: "group", "aria-label": `Rang ${contact.name}` },
      press("answered", "Answered", look, contact.name),
      press("no_answer", "No answer", "", contact.name),
      el(
        "button",
        {
          type: "button",
          class: "quiet",
          "data-do": "other-outcome",
          "data-key": `${look}-${contact.id}`,
          "aria-expanded": String(open),
          "aria-label": `Other outcome: ${contact.name}`,
        },
        "Other",
      ),
    ),
    open &&
      el(
        "div",
        { class: "row" },
        words.OTHER_OUTCOMES.map(([key, label]) => press(key, label, "small", contact.name)),
      ),
  );
}

/** What to ask, in the person's language with ours below. @param {any} panel @param {string} theirs @param {boolean} usable a press puts it into the message */
export function prompts(panel, theirs, usable) {
  const all = panel.prompts ?? [];
  if (!all.length) return null;
  const first = all.filter((one) => sameLanguage(one.lang, theirs));
  const rest = all.filter((one) => !sameLanguage(one.lang, theirs));
  const lists = first.length ? [first, rest] : [rest, []];
  return el(
    "div",
    { class: "ask" },
    el("h3", {}, "What to ask"),
    lists
      .filter((list) => list.length)
      .map((list, place) =>
        el(
          "ul",
          { class: place ? "small soft" : "", lang: list[0].lang },
          list.map((one) =>
            el(
              "li",
              {},
              place || !usable
                ? el("span", { dir: "auto" }, one.text)
                : el(
                    "button",
                    {
                      type: "button",
                      class: "prompt",
                      "data-do": "use-prompt",
                      dir: "auto",
                      title: "Put into your message",
                    },
                    one.text,
                  ),
            ),
          ),
        ),
      ),
  );
}

const sameLanguage = (one, other) => (one ?? "").split("-")[0] === (other ?? "").split("-")[0];

/** The whole list in order, each as near as the first. @param {any} summary @param {any} panel @param {string | null} recording */
export function everyone(summary, panel, recording) {
  const list = panel.contacts.filter((one) => one.id !== panel.suggestion || !hasNumber(one));
  if (!list.length) return null;
  return el(
    "details",
    { class: "list", "data-key": `list-${summary.contact}` },
    el("summary", {}, summary.rung >= 3 ? "Everyone on this step, in order" : "Others who help"),
    el(
      "ol",
      {},
      panel.contacts.map((one, place) =>
        el(
          "li",
          { "data-key": `${one.id}-${place}` },
          el(
            "p",
            {},
            el("b", {}, one.name && one.name !== one.role ? one.name : words.role(one.role)),
            one.id === panel.suggestion && " (next)",
          ),
          hasNumber(one) && el("p", { class: "num", dir: "ltr" }, one.number),
          (hasNumber(one) || one.state === "unset" || one.state === "closed") &&
            el("p", { class: "small soft" }, stateWords(one)),
          one.instead?.length > 0 && el("p", { class: "small" }, `Use instead: ${one.instead.join(", ")}`),
          hasNumber(one) && one.id !== panel.suggestion && record(recording, one, "row-press"),
        ),
      ),
    ),
  );
}
