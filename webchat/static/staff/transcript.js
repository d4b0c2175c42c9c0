/** The conversation as it is read: who said what, when, and the lines between. Words are text and never a link. */

import { el, patch } from "/static/staff/dom.js";
import { timeOfDay } from "/static/staff/times.js";
import { textMark } from "/static/staff/text_marks.js";
import { eventLine } from "/static/staff/words.js";

const NEAR_THE_END_PX = 80;

/**
 * @param {ReturnType<import("/static/staff/talk.js").newTalk>} talk
 * @param {{names: any, mine?: string, seen?: number, pending?: any[], correcting?: number | null,
 *   changing?: number | null, away?: boolean, texts?: {optedOut: boolean, refusals: any} | null}} how `mine` is the account whose words may be corrected; without it nothing is.
 *   With `texts` the words of ours go to a phone: what is known is how each of them travelled, and never whether it was read.
 */
export function transcriptNodes(talk, how) {
  const rows = [];
  const lastOwn = lastSaidBy(talk, how.mine);
  let speaker = null;
  for (const entry of talk.entries) {
    if (entry.event) {
      const words = eventLine(entry.event, how.names);
      if (!words) continue;
      rows.push(line(entry, words, how.texts && goes(entry) && textMark(talk.texts, entry.seq, how.texts)));
      speaker = null;
      continue;
    }
    const who = entry.ours ? (entry.by?.id ?? "us") : "person";
    rows.push(message(talk, entry, how, who !== speaker, entry === lastOwn));
    speaker = who;
  }
  for (const waiting of how.pending ?? []) rows.push(pendingRow(waiting));
  return rows;
}

const lastSaidBy = (talk, account) =>
  account
    ? talk.entries.findLast((entry) => !entry.event && entry.by?.id === account && !entry.withdrawn)
    : null;

// What the service itself says goes to a phone as words of ours do.
const goes = ({ event }) => event.kind === "told" || event.kind === "choice_asked";

const line = (entry, words, travelled) =>
  el(
    "p",
    { class: "event", "data-key": entry.key },
    el("time", { datetime: entry.event.at, class: "num" }, timeOfDay(entry.event.at)),
    ` ${words}`,
    travelled && [". ", el("span", { class: travelled.lamp ? "lamp" : "" }, travelled.words)],
  );

function message(talk, entry, how, first, lastOwn) {
  const own = Boolean(how.mine && entry.by?.id === how.mine && entry.seq);
  const side = entry.ours ? "ours" : "theirs";
  const name = entry.ours ? (own ? "You" : entry.by?.name || "We") : "They";
  const travelled = how.texts && entry.ours ? textMark(talk.texts, entry.sentAs, how.texts) : null;
  const state = [
    entry.corrected && !entry.withdrawn && "Corrected",
    entry.withdrawn && ["Sent, not confirmed", "Arrived"].includes(travelled?.words) && "It stays on their phone",
    lastOwn && !how.texts && delivery(entry, how),
  ].filter(Boolean);
  return el(
    "div",
    {
      class: `said ${side}${how.correcting === entry.seq ? " changing" : ""}`,
      "data-key": entry.key,
      "data-first": first,
    },
    el("span", { class: first && !own && entry.ours ? "who" : "said-only" }, `${name}: `),
    words(entry),
    el(
      "span",
      { class: "foot" },
      own && !entry.withdrawn && changes(entry, how.changing === entry.seq),
      el("time", { datetime: entry.at, class: "num" }, timeOfDay(entry.at)),
      state.map((word) => el("span", {}, word)),
      travelled &&
        !entry.withdrawn &&
        el("span", { class: travelled.lamp ? "travelled lamp" : "travelled" }, travelled.words),
    ),
  );
}

function words(entry) {
  if (entry.withdrawn) return el("p", { class: "words gone" }, "Taken back");
  if (entry.text === null) return el("p", { class: "words gone" }, "No longer held");
  return el("p", { class: "words", dir: "auto", lang: entry.lang || null }, marked(entry));
}

/** The words with the place of a phrase underlined. Places count characters as the service does, not halves of them. */
function marked({ text, mark }) {
  if (!mark) return text;
  const signs = [...text];
  return [
    signs.slice(0, mark.begins).join(""),
    el("mark", {}, signs.slice(mark.begins, mark.ends).join("")),
    signs.slice(mark.ends).join(""),
  ];
}

function delivery(entry, how) {
  if (how.seen >= entry.seq) return "Seen";
  return how.away ? "Kept for when they are back" : "Sent";
}

function changes(entry, open) {
  const press = (deed, label, extra = {}) =>
    el("button", { type: "button", class: "word", "data-do": deed, "data-seq": entry.seq, ...extra }, label);
  return el(
    "span",
    { class: open ? "changes open" : "changes" },
    open && [press("correct", "Correct"), press("withdraw", "Take back")],
    press("change", open ? "Leave it" : "Change", { "aria-expanded": String(open), "data-key": "change" }),
  );
}

function pendingRow(waiting) {
  return el(
    "div",
    { class: `said ours pending${waiting.refused ? " refused" : ""}`, "data-key": `m${waiting.client_id}` },
    el("span", { class: "said-only" }, "You: "),
    el("p", { class: "words", dir: "auto", lang: waiting.lang || null }, waiting.text),
    el(
      "span",
      { class: "foot" },
      waiting.refused
        ? [
            el("span", { class: "lamp" }, `Not sent. ${waiting.refused}`),
            el(
              "button",
              { type: "button", class: "word", "data-do": "unsend", "data-id": waiting.client_id },
              "Put it back to write",
            ),
          ]
        : el("span", {}, waiting.held ? "Waiting for the line" : "Sending"),
    ),
  );
}

const atEnd = (log) => log.scrollHeight - log.scrollTop - log.clientHeight < NEAR_THE_END_PX;

/**
 * Somebody at the end stays there when the log's own size changes: a keyboard opens, a screen is turned.
 * @param {HTMLElement} log @param {(there: boolean) => void} [onScroll]
 */
export function keepAtEnd(log, onScroll = () => {}) {
  let there = true;
  log.addEventListener("scroll", () => {
    there = atEnd(log);
    onScroll(there);
  });
  new ResizeObserver(() => {
    if (there) log.scrollTop = log.scrollHeight;
  }).observe(log);
}

/**
 * Bring a scrolling log up to date: it follows the end only for somebody who is at the end, and says when words came
 * below. Returns whether the end is in view.
 * @param {HTMLElement} log @param {any[]} rows @param {{toEnd?: boolean}} [how]
 */
export function drawLog(log, rows, { toEnd = false } = {}) {
  const follow = toEnd || atEnd(log);
  patch(log, rows);
  if (follow) log.scrollTop = log.scrollHeight;
  return follow;
}
