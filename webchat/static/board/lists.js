/** Five figures and the lists: who waits, who is with whom, who is on, what was kept for later. */

import { el } from "/static/staff/dom.js";
import { clockNode } from "/static/staff/ladder.js";
import { prompted as mayBeUnsafe } from "/static/staff/prompt.js";
import { ago, since, timeAndDay, timeOfDay } from "/static/staff/times.js";
import * as words from "/static/staff/words.js";
import { openTasks, taskRow } from "/static/board/debriefs.js";
import { byWindow, callState } from "/static/board/calls.js";
import { callBacks, live, stored, waiting } from "/static/board/evening.js";

const LONG_WAIT_SECONDS = 300;
const ON_CALL = new Set(["on_call", "second_on_call"]);

/** @param {any} ctx */
export function figureNodes(ctx) {
  const { figures } = ctx.evening;
  const queue = waiting(ctx.evening);
  const oldest = queue
    .map((one) => one.waiting_since)
    .filter(Boolean)
    .sort()[0];
  const figure = (label, value, quiet) =>
    el(
      "div",
      { class: "figure", "data-key": label },
      el("dt", {}, label),
      el("dd", { class: quiet ? "soft" : "" }, value),
    );
  return [
    figure("Waiting", figures?.waiting ?? queue.length),
    figure("Longest wait", oldest ? el("span", { "data-since": oldest }, since(oldest)) : "–", !oldest),
    figure("Live", figures?.live ?? live(ctx.evening).length),
    figure("Supporters on", figures ? `${figures.supporters_on} of ${figures.supporters_rota}` : "–"),
    figure(
      "Answered within 5 min",
      figures?.answered_in_5_percent == null ? "Nobody yet" : `${figures.answered_in_5_percent} %`,
      figures?.answered_in_5_percent == null,
    ),
  ];
}

/** @param {any} ctx */
export function listNodes(ctx) {
  const { evening } = ctx;
  const kept = stored(evening);
  const calls = callBacks(evening);
  const tasks = openTasks(evening);
  return [
    list("waiting", "Waiting", waiting(evening), (one) => waitingRow(ctx, one), "Nobody is waiting."),
    list("live", "Live", live(evening), (one) => liveRow(ctx, one), "Nobody is in a conversation."),
    list(
      "on",
      "Supporters",
      evening.supporters,
      (one) => supporterRow(ctx, one),
      "Nobody is on the rota now.",
    ),
    tasks.length > 0 && list("tasks", "Before they go", tasks, (one) => taskRow(ctx, one), ""),
    kept.length > 0 && list("stored", "Kept for later", kept, (one) => keptRow(ctx, one), ""),
    evening.handover.length > 0 && handoverList(evening.handover),
    calls.length > 0 && list("calls", "Asks to be called", byWindow(calls), (one) => keptRow(ctx, one), ""),
    phrases(evening),
  ];
}

function list(key, title, entries, row, empty) {
  return el(
    "section",
    { class: `card list-${key}`, "data-key": key, "aria-labelledby": `list-${key}` },
    el(
      "div",
      { class: "card-head" },
      el("h2", { id: `list-${key}` }, title),
      el("span", { class: "soft num" }, entries.length || ""),
    ),
    entries.length ? el("ul", { class: "rows" }, entries.map(row)) : el("p", { class: "soft" }, empty),
  );
}

/** How often words held a phrase of the lists, how often it was not that, and for which language there is no list. */
function phrases(evening) {
  const { prompts = 0, prompts_false: wrong = 0 } = evening.figures ?? {};
  const none = evening.noPhrases.map(words.language);
  if (!prompts && !none.length) return null;
  const times = prompts === 1 ? "once" : `${prompts} times`;
  return el(
    "section",
    { class: "card list-phrases small soft", "data-key": "phrases", "aria-label": "Phrase lists" },
    prompts > 0 && el("p", {}, `“Ask directly” was put ${times} since the start; ${wrong} of these: not that.`),
    none.map((name) => el("p", { "data-key": name }, `No phrase list in ${name}.`)),
  );
}

/** May mean that they are not safe; whoever opens them reads the words, and may say that it was not that. */
const prompted = (one) =>
  mayBeUnsafe(one) && el("p", { class: "lamp small" }, "Wrote something that may mean they are not safe");

/** What the last shifts left in writing, the newest first. */
function handoverList(notes) {
  const row = (note) =>
    el(
      "li",
      { "data-key": `${note.by}/${note.at}` },
      el("p", { dir: "auto" }, note.text),
      el("p", { class: "small soft" }, `${note.by}, ${timeAndDay(note.at)}`),
    );
  return list("handover", "Left for the next shift", [...notes].reverse(), row, "");
}

function openPress(ctx, one) {
  if (!ctx.mayLead) return null;
  const open = ctx.watching?.id === one.contact;
  return el(
    "button",
    {
      type: "button",
      class: "small",
      "data-do": "open",
      "data-contact": one.contact,
      "aria-label": `Open ${one.name}`,
      "aria-pressed": String(open),
    },
    open ? "Open here" : "Open",
  );
}

const what = (one) =>
  [words.channel(one.channel), words.language(one.language), one.locality && words.place(one.locality)]
    .filter(Boolean)
    .join(", ");

function waitingRow(ctx, one) {
  const from = one.waiting_since ?? one.opened_at;
  const long = Date.now() - Date.parse(from) > LONG_WAIT_SECONDS * 1000;
  const offered = one.phase === "offered" || one.offered_to;
  return el(
    "li",
    { "data-key": one.contact },
    el(
      "div",
      { class: "row-head" },
      el("b", {}, one.name),
      el(
        "span",
        { class: long ? "num lamp strong" : "num" },
        el("span", { "data-since": from }, since(from)),
        long && ", long",
      ),
      openPress(ctx, one),
    ),
    el("p", { class: "small" }, what(one)),
    one.not_safe && el("p", { class: "alarm strong small" }, "Said: not safe right now"),
    prompted(one),
    optedOut(one),
    el(
      "p",
      { class: "small soft" },
      [waitsFor(one, offered), line(one)]
        .filter(Boolean)
        .join(". "),
    ),
  );
}

function waitsFor(one, offered) {
  if (one.with_lead) return "Waits for the lead";
  return offered ? `Offered${one.offered_to ? ` to ${one.offered_to}` : ""}` : "Not offered yet";
}

function liveRow(ctx, one) {
  const clock = words.workingClocks(one.clocks)[0];
  const others = (one.participants ?? [])
    .filter((other) => other.id !== one.owner?.id)
    .map((other) => other.name);
  const lost = one.lines?.person === "lost";
  return el(
    "li",
    { "data-key": one.contact },
    el(
      "div",
      { class: "row-head" },
      el("b", {}, one.name),
      el(
        "span",
        { class: one.rung >= 2 ? "strong" : "" },
        one.phase === "wrap_up" ? "Ended, wrapping up" : ctx.rungName(one),
      ),
      openPress(ctx, one),
    ),
    el(
      "p",
      { class: "small" },
      one.owner ? `With ${one.owner.name}` : el("span", { class: "alarm strong" }, "Nobody is with them"),
      others.length > 0 && ` and ${others.join(", ")}`,
      ", ",
      el(
        "span",
        { class: "num" },
        el(
          "span",
          { "data-since": one.accepted_at ?? one.opened_at },
          since(one.accepted_at ?? one.opened_at),
        ),
      ),
      `. ${what(one)}`,
    ),
    el(
      "p",
      { class: "small soft num" },
      lastWord("They wrote", one.last_word?.person),
      lastWord(", we", one.last_word?.supporter),
      line(one) && el("span", { class: lost ? "lamp strong" : "" }, `. ${line(one)}`),
      one.lines?.supporter === "lost" && el("span", { class: "lamp strong" }, ". Supporter's line lost"),
    ),
    prompted(one),
    optedOut(one),
    clock && el("p", { class: "small" }, clockNode(clock)),
  );
}

const lastWord = (label, at) =>
  at ? [`${label} `, el("span", { "data-ago": at }, ago(at))] : `${label}: nothing yet`;

const line = (one) => (one.lines?.person === "on" ? "" : words.line(one.lines?.person));

const optedOut = (one) =>
  one.texts?.opted_out && el("p", { class: "lamp strong small" }, "Closed their phone to our texts");

function supporterRow(ctx, one) {
  const state = supporterState(one);
  return el(
    "li",
    { "data-key": one.id },
    el(
      "div",
      { class: "row-head" },
      el(
        "b",
        { class: one.checked_in ? "" : "soft" },
        one.name,
        one.role &&
          one.role !== "supporter" &&
          !ON_CALL.has(one.role) &&
          el("span", { class: "soft small" }, ` ${words.role(one.role)}`),
      ),
      el("span", { class: state.lamp ? "lamp" : "" }, state.words),
    ),
    el(
      "p",
      { class: "small soft" },
      [words.languageList(one.languages), one.until && `until ${timeOfDay(one.until)}`]
        .filter(Boolean)
        .join(", "),
    ),
  );
}

function supporterState(one) {
  if (!one.checked_in && one.connected) return { words: "At the board", lamp: false };
  if (!one.checked_in && ON_CALL.has(one.role)) return { words: "On call", lamp: false };
  if (!one.checked_in) return { words: "Not checked in", lamp: true };
  if (!one.connected) return { words: "Line lost", lamp: true };
  const busy = `${one.slots} of ${one.capacity}`;
  if (one.ready) return { words: busy, lamp: false };
  const back = one.break_until && ` until ${timeOfDay(one.break_until)}`;
  return { words: `${words.away(one.reason)}${back || ""}${one.slots ? `, ${busy}` : ""}`, lamp: false };
}

function keptRow(ctx, one) {
  return el(
    "li",
    { "data-key": one.contact },
    el(
      "div",
      { class: "row-head" },
      el("b", {}, one.name),
      el("span", { class: "num" }, timeAndDay(one.opened_at)),
      openPress(ctx, one),
    ),
    el("p", { class: "small" }, what(one)),
    callState(one),
    one.not_safe && el("p", { class: "alarm strong small" }, "Said: not safe right now"),
  );
}

/** "Open until 22:30" for each door. @param {any} evening */
export function doors(evening) {
  return Object.entries(evening.open).map(([channel, door]) => {
    const name = words.channel(channel);
    if (door.open) return `${name} open${door.closes_at ? ` until ${timeOfDay(door.closes_at)}` : ""}`;
    return `${name} closed${door.opens_at ? `, opens ${timeAndDay(door.opens_at)}` : ""}`;
  });
}
