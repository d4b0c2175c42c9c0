/** The ladder, a path walked: where we are, what to ask, what to do, who to ring next. It suggests; it never gates. */

import { el } from "/static/staff/dom.js";
import { now, past, secondsUntil, timeAndDay, timeOfDay } from "/static/staff/times.js";
import * as words from "/static/staff/words.js";
import { addToNote } from "/static/desk/note.js";
import { rungName } from "/static/desk/state.js";

const UNDO_MS = 60_000;
const AT_EMERGENCY = 4;

/** @param {any} ctx @param {any} held */
export function ladderNodes(ctx, held) {
  const rungs = ctx.state.definition?.ladder?.rungs ?? [];
  const rung = held.summary.rung ?? 0;
  const panel = held.panel;
  return el(
    "section",
    { class: "card ladder-card", "data-key": "ladder", "aria-labelledby": "ladder-title" },
    el("h2", { id: "ladder-title", tabindex: -1 }, rungName(rungs, rung)),
    path(panel?.rungs ?? rungs, rung),
    clocks(held),
    undo(ctx, held),
    panel && held.summary.rung === AT_EMERGENCY && notWithThem(held, panel),
    panel && ringNext(ctx, held, panel),
    panel && prompts(panel, held),
    panel?.do && el("div", { class: "todo" }, el("h3", {}, "What to do"), el("p", {}, panel.do)),
    panel && everyone(ctx, held, panel),
    upNext(rungs, rung),
    anyStep(ctx, held, rungs, rung),
    basis(held),
    held.ladderError && el("p", { class: "lamp", role: "alert" }, held.ladderError),
  );
}

function path(rungs, here) {
  return el(
    "ol",
    { class: "path", "aria-label": "Where we are" },
    rungs.map((rung) =>
      el(
        "li",
        { class: rung.number < here ? "walked" : rung.number === here ? "here" : "", "aria-current": rung.number === here ? "step" : null },
        rung.short,
        rung.number === here && el("span", { class: "said-only" }, " (we are here)"),
      ),
    ),
  );
}

function clocks(held) {
  const running = words.workingClocks(held.summary.clocks);
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

function undo(ctx, held) {
  const { rung_seq: seq, rung_by: by, rung_at: at, rung } = held.summary;
  const byMe = (by?.id ?? by) === ctx.state.me?.id;
  const ends = at ? Date.parse(at) + UNDO_MS : 0;
  if (!byMe || !seq || past(ends) || held.takenBack === seq) return null;
  return el(
    "div",
    { class: "row undo", "data-key": `undo-${seq}` },
    el("span", { class: "small" }, `You set ${rungName(ctx.state.definition?.ladder?.rungs ?? [], rung)}.`),
    el(
      "button",
      { type: "button", class: "small", "data-do": "rung-withdraw", "data-seq": seq, "aria-label": "Undo, I pressed this by mistake" },
      "Undo, ",
      el("span", { class: "num", "data-left": ends }, `${secondsUntil(ends)} s`),
    ),
  );
}

function notWithThem(held, panel) {
  const told = panel.not_with_them;
  const parts = typeof told === "string" ? [told] : [told?.text, told?.location, told?.locality, told?.call_back].filter(Boolean);
  return el(
    "div",
    { class: "not-with" },
    el("p", {}, el("b", {}, "Say first: I am not with the person.")),
    parts.map((part) => el("p", {}, part)),
    held.summary.locality && !parts.length && el("p", {}, `Their area: ${held.summary.locality}`),
  );
}

const hasNumber = (contact) => Boolean(contact?.number);

function ringNext(ctx, held, panel) {
  const next = panel.contacts.find((one) => one.id === panel.suggestion) ?? (panel.suggestion === panel.emergency?.id ? panel.emergency : null);
  if (!next || !hasNumber(next)) return null;
  const tried = panel.contacts.filter((one, place, all) => one.outcome && all.findIndex((same) => same.id === one.id) === place);
  const title = held.summary.rung >= 2 ? "Ring next" : "If you need them";
  return el(
    "div",
    { class: "next", "data-key": "next" },
    el("h3", {}, title),
    tried.length > 0 && el("p", { class: "small soft" }, `Tried: ${tried.map(triedWords).join("; ")}`),
    el("p", { class: "number num", dir: "ltr" }, next.number),
    el("p", {}, [next.name, next.line && lineWords(next.line), stateWords(next)].filter(Boolean).join(". ")),
    next.due && el("p", { class: past(next.due) ? "clock late" : "clock" }, `By ${timeOfDay(next.due)}`),
    record(held, next, "main"),
  );
}

const triedWords = (one) => `${one.name}, ${words.outcome(one.outcome)}`;
const LINE_WORDS = { professional: "Professional line", public: "Public line", emergency: "Emergency line" };
const lineWords = (key) => LINE_WORDS[key] ?? key;

function stateWords(contact) {
  if (contact.state === "closed") return contact.opens_at ? `Closed. Opens ${timeAndDay(contact.opens_at)}` : "Closed";
  if (contact.state === "stale") return "Number not checked lately";
  if (contact.state === "unset") return "Nobody is named for this";
  if (contact.state === "tried") return contact.outcome ? `Tried: ${words.outcome(contact.outcome)}` : "Tried";
  return "Open";
}

/** One press records the attempt; what is rarer stands one press further. */
function record(held, contact, look) {
  const press = (outcome, label, classes, name) =>
    el(
      "button",
      { type: "button", class: classes, "data-do": "attempt", "data-contact": contact.id, "data-outcome": outcome, "aria-label": `${label}: ${name}` },
      label,
    );
  const open = held.recording === `${look}-${contact.id}`;
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
        { type: "button", class: "quiet", "data-do": "other-outcome", "data-key": `${look}-${contact.id}`, "aria-expanded": String(open), "aria-label": `Other outcome: ${contact.name}` },
        "Other",
      ),
    ),
    open && el("div", { class: "row" }, words.OTHER_OUTCOMES.map(([key, label]) => press(key, label, "small", contact.name))),
  );
}

function prompts(panel, held) {
  const all = panel.prompts ?? [];
  const fallback = (panel.prompts_default ?? []).filter((one) => !all.some((same) => same.text === one.text));
  if (!all.length && !fallback.length) return null;
  const theirs = held.summary.language;
  const first = all.filter((one) => sameLanguage(one.lang, theirs));
  const rest = [...all.filter((one) => !sameLanguage(one.lang, theirs)), ...fallback];
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
          { class: place ? "small soft" : "", lang: list[0].lang ?? list[0].language },
          list.map((one) =>
            el(
              "li",
              {},
              place
                ? el("span", { dir: "auto" }, one.text)
                : el("button", { type: "button", class: "prompt", "data-do": "use-prompt", dir: "auto", title: "Put into your message" }, one.text),
            ),
          ),
        ),
      ),
  );
}

const sameLanguage = (one, other) => (one ?? "").split("-")[0] === (other ?? "").split("-")[0];

function everyone(ctx, held, panel) {
  const list = panel.contacts.filter((one) => one.id !== panel.suggestion || !hasNumber(one));
  if (!list.length) return null;
  return el(
    "details",
    { class: "list", "data-key": `list-${held.id}` },
    el("summary", {}, held.summary.rung >= 3 ? "Everyone on this step, in order" : "Others who help"),
    el(
      "ol",
      {},
      panel.contacts.map((one, place) =>
        el(
          "li",
          { "data-key": `${one.id}-${place}` },
          el("p", {}, el("b", {}, one.name || words.role(one.role)), one.id === panel.suggestion && " (next)"),
          hasNumber(one) && el("p", { class: "num", dir: "ltr" }, one.number),
          (hasNumber(one) || one.state === "unset" || one.state === "closed") && el("p", { class: "small soft" }, stateWords(one)),
          one.instead?.length > 0 && el("p", { class: "small" }, `Use instead: ${one.instead.join(", ")}`),
          hasNumber(one) && one.id !== panel.suggestion && record(held, one, "row-press"),
        ),
      ),
    ),
  );
}

function upNext(rungs, here) {
  if (here >= AT_EMERGENCY - 1) return null;
  const next = rungs.find((one) => one.number === here + 1);
  if (!next) return null;
  const call = ["", "Ask about safety", "Make a plan together", "Act together now"][next.number] ?? next.short;
  return el("button", { type: "button", class: "wide", "data-do": "rung", "data-to": next.number }, call);
}

function anyStep(ctx, held, rungs, here) {
  const lead = (ctx.state.me?.roles ?? []).some((role) => ["lead", "on_call", "second_on_call", "supervisor"].includes(role));
  return el(
    "details",
    { class: "list", "data-key": `steps-${held.id}` },
    el("summary", {}, "Go to any step"),
    here >= 3 && el("p", { class: "small" }, lead ? "Coming down needs your reason, here:" : "From here, coming down is the lead's, with a reason. Going up is always yours."),
    here >= 3 && lead && el("textarea", { id: "down-basis", rows: 2, "aria-label": "Why we come down" }),
    el(
      "ul",
      { class: "steps" },
      rungs.map((rung) =>
        el(
          "li",
          {},
          rung.number === here
            ? el("p", {}, el("b", {}, rungName(rungs, rung.number)), " (we are here)")
            : el("button", { type: "button", "data-do": "rung", "data-to": rung.number }, rungName(rungs, rung.number)),
          el("p", { class: "small soft" }, rung.begins_when),
        ),
      ),
    ),
  );
}

/** Asked after, never before, and never a must. */
function basis(held) {
  if (!held.rungPress) return null;
  const { to, was, saved } = held.rungPress;
  if (saved) return el("p", { class: "small soft", role: "status" }, "Written into the note.");
  return el(
    "form",
    { class: "basis", "data-do": "basis", "data-key": `basis-${to}-${was}` },
    el("label", { for: "basis" }, "What made you go here? You may leave this."),
    el("textarea", { id: "basis", rows: 2, dir: "auto" }),
    el("div", { class: "row" }, el("button", { class: "small" }, "Keep"), el("button", { type: "button", class: "small quiet", "data-do": "basis-skip" }, "Not now")),
  );
}

/** One press away at every step, whatever is scrolled where. @param {any} held */
export function emergencyNodes(held) {
  if (!held || held.summary.phase === "ended") return [];
  const there = held.summary.rung === AT_EMERGENCY;
  return [
    there
      ? el("span", { class: "there" }, "We are at Emergency")
      : el("button", { type: "button", class: "ink", "data-do": "rung", "data-to": AT_EMERGENCY, id: "go-emergency" }, "Go to Emergency"),
    el(
      "button",
      { type: "button", class: "rang", "data-do": "attempt", "data-contact": held.panel?.emergency?.id ?? "emergency_999", "data-outcome": "answered" },
      el("b", { class: "num" }, held.panel?.emergency?.number ?? "999"),
      " Rang it, answered",
    ),
  ];
}

/** Ask for the panel when something it shows has changed. @param {any} ctx @param {any} held */
export function refreshPanel(ctx, held) {
  const { rung, rung_seq: seq, attempts, locality, phase } = held.summary;
  const asked = JSON.stringify([rung, seq, attempts?.length, locality, phase, Math.floor(Date.now() / 60_000)]);
  if (held.panelFor === asked || !ctx.line.connected()) return;
  held.panelFor = asked;
  ctx.line.call("panel", { contact: held.id }).then(
    (panel) => {
      held.panel = panel;
      ctx.draw();
    },
    () => {
      held.panelFor = "";
    },
  );
}

/** What the presses of this panel do. @param {any} ctx */
export function ladderDeeds(ctx) {
  const act = async (held, name, body) => {
    held.ladderError = "";
    try {
      const answer = await ctx.line.settle(name, { contact: held.id, ...body }, () => {
        held.ladderError = "Kept. It goes as soon as the line is back.";
        ctx.draw();
      });
      held.ladderError = "";
      held.log.expect(answer.seq ?? 0);
      return answer;
    } catch (error) {
      held.ladderError = words.errorWords(error);
      return null;
    } finally {
      held.panelFor = "";
      ctx.draw();
    }
  };
  return {
    async rung(button) {
      const held = ctx.opened();
      const to = Number(button.dataset.to);
      const was = held.summary.rung ?? 0;
      const reason = document.getElementById("down-basis")?.value.trim();
      const answer = await act(held, "rung", to < was && reason ? { to, basis: reason } : { to });
      if (!answer) return;
      held.rungPress = reason ? null : { to, was, seq: answer.seq };
      button.closest("details")?.removeAttribute("open");
      ctx.draw();
    },
    async "rung-withdraw"(button) {
      const held = ctx.opened();
      const answer = await act(held, "rung_withdraw", { of: Number(button.dataset.seq) });
      if (!answer) return;
      held.takenBack = answer.seq;
      held.rungPress = null;
      ctx.draw();
    },
    async attempt(button) {
      const held = ctx.opened();
      held.recording = null;
      await act(held, "attempt", { crisis_contact: button.dataset.contact, outcome: button.dataset.outcome });
    },
    "other-outcome"(button) {
      const held = ctx.opened();
      held.recording = held.recording === button.dataset.key ? null : button.dataset.key;
      ctx.draw();
    },
    "use-prompt"(button) {
      ctx.compose(button.textContent);
    },
    basis(form) {
      const held = ctx.opened();
      const text = form.querySelector("textarea").value.trim();
      if (!text) return;
      const rung = rungName(ctx.state.definition.ladder.rungs, held.rungPress.to);
      addToNote(ctx, held, `${timeOfDay(now())} ${rung}: ${text}`);
      held.rungPress = { ...held.rungPress, saved: true };
      ctx.draw();
    },
    "basis-skip"() {
      ctx.opened().rungPress = null;
      ctx.draw();
    },
  };
}
