// The plan written together: a fold above the box that grows as either side writes, and never takes the focus.

import { LineDown } from "./line.js";
import { tell } from "./status.js";
import { language, refusal } from "./words.js";

const PARTS = {
  safety: ["signs", "myself", "distraction", "people", "services", "safer", "matters"],
  crisis: ["helps", "worse", "ring", "wishes"],
};
const RING = "ring";
const LONGEST = 1_000;
const LONGEST_NUMBER = 40;

const fold = document.getElementById("plan");
const body = document.getElementById("plan-body");

let words = {};
let parts = {};
let numbers = [];
let days = 0;

const say = (key, fillings = {}) =>
  (words[`plan.${key}`] ?? "").replace(/\{(\w+)\}/g, (_, name) => (document.dir === "rtl" ? `\u2068${fillings[name]}\u2069` : fillings[name]));

/** An element with attributes, and children that are elements or plain text. */
function el(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === false || value === undefined || value === null) continue;
    if (name === "on") for (const [event, act] of Object.entries(value)) element.addEventListener(event, act);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined && child !== false && child !== ""));
  return element;
}

const button = (label, act, look = "") => el("button", { type: "button", class: look, on: { click: act } }, label);

/** What a plan needs, fetched once there is one: its words and its looks. */
async function load() {
  const answer = await fetch(`/chat/plan/words.json?lang=${encodeURIComponent(language)}`);
  if (!answer.ok) throw new LineDown();
  ({ words, parts, numbers, days } = await answer.json());
  if (!document.getElementById("plan-looks"))
    document.head.append(el("link", { id: "plan-looks", rel: "stylesheet", href: "/static/person/plan.css" }));
}

export class Plans {
  /** `talk` makes the calls. Use `Plans.open`. */
  constructor(talk) {
    this.talk = talk;
    this.held = new Map(); // plan → {shown, part lists and the other places of its page}
  }

  static async open(talk) {
    await load();
    return new Plans(talk);
  }

  /** Everything anew, after the line was away. `open`: they brought one back, and want to see it. */
  async refresh(open = false) {
    const { plans } = await this.talk.line.call("plan", {});
    const there = new Set(plans.map(({ plan }) => plan));
    for (const plan of this.held.keys()) if (!there.has(plan)) this.drop(plan);
    for (const plan of plans) this.hear(plan);
    if (open && plans.some(({ returned }) => returned)) this.show();
  }

  async begin(sort = "safety") {
    document.getElementById("plan-ways").open = false;
    const answer = await this.press("plan_begin", { sort });
    if (!answer) return;
    this.hear(answer.plan);
    this.show();
  }

  show() {
    fold.hidden = false;
    fold.open = true;
  }

  /** The plan as it is now. An older one that came late changes nothing. */
  hear(plan) {
    if (plan.forgotten) return this.drop(plan.plan);
    const held = this.held.get(plan.plan) ?? this.take(plan);
    if (held.shown && plan.seq <= held.shown.seq) return;
    held.shown = plan;
    for (const [part, list] of held.lists) this.drawLines(held, part, list);
    this.drawKeeping(held);
    this.drawFold();
  }

  drop(plan) {
    this.held.get(plan)?.section.remove();
    this.held.delete(plan);
    this.drawFold();
  }

  drawFold() {
    const count = [...this.held.values()].reduce((sum, { shown }) => sum + (shown?.lines.length ?? 0), 0);
    const label = say("fold", { count });
    const summary = fold.querySelector("summary");
    if (summary.textContent !== label) summary.textContent = label;
    fold.hidden = !this.held.size && !body.querySelector(".plan-return");
    const begun = new Set([...this.held.values()].map(({ sort }) => sort));
    for (const press of document.querySelectorAll("#plan-way [name=sort]")) press.hidden = begun.has(press.value);
    if (this.held.size > 1) document.getElementById("plan-ways").hidden = true;
  }

  // -- one plan --------------------------------------------------------------------------------------------------

  take(plan) {
    const held = { plan: plan.plan, sort: plan.sort, shown: null, code: "", lists: new Map(), drawn: new Map() };
    const sections = PARTS[plan.sort].map((part) => this.partOf(held, part));
    held.keeping = el("div", { class: "plan-keep" });
    held.section = el("section", { class: "plan-whole", "aria-label": say(plan.sort) }, el("h2", {}, say(plan.sort)));
    held.section.append(el("p", { class: "soft no-print" }, say("hint")), ...sections, held.keeping);
    body.append(held.section);
    this.held.set(plan.plan, held);
    return held;
  }

  partOf(held, part) {
    const [name, tag] = parts[part];
    const list = el("ul", { "data-part": part });
    held.lists.set(part, list);
    const form = this.form({ part, name, act: (given) => this.write(held, part, crypto.randomUUID(), 0, given), label: say("add") });
    form.classList.add("plan-add");
    return el("section", { class: "plan-part" }, el("h3", { lang: tag, dir: "auto" }, name), list, form);
  }

  /** A box for words; for somebody to ring also their number, and whether they may be rung. */
  form({ part, name, text = "", number = "", may = "", act, label, leave }) {
    const box = el("textarea", { rows: 1, dir: "auto", maxlength: LONGEST, "aria-label": `${name}: ${say("line")}` });
    box.value = text;
    const ring = part === RING ? this.ringFields(number, may) : null;
    return el(
      "form",
      {
        class: "no-print",
        on: {
          submit: (event) => {
            event.preventDefault();
            const given = { text: box.value.trim(), ...(ring && ringGiven(ring)) };
            if (!given.text) return;
            box.value = "";
            ring?.querySelectorAll("input").forEach((input) => (input.type === "radio" ? (input.checked = false) : (input.value = "")));
            act(given);
          },
        },
      },
      box,
      ring,
      el("div", { class: "plan-row" }, el("button", {}, label), leave && button(say("leave"), leave, "quiet")),
    );
  }

  ringFields(number, may) {
    const name = crypto.randomUUID();
    const field = el("input", { type: "tel", dir: "ltr", maxlength: LONGEST_NUMBER, autocomplete: "off", value: number });
    const choice = (value) =>
      el("label", { class: "chip" }, el("input", { type: "radio", name, value, checked: may === value }), el("span", {}, say(`rung_${value}`)));
    return el(
      "div",
      { class: "plan-ring" },
      el("label", { class: "field" }, say("number"), field),
      el("fieldset", { class: "pick" }, el("legend", {}, say("may_ring")), el("div", { class: "chips" }, choice("yes"), choice("no"))),
    );
  }

  /** Kept here until the service has it: what somebody typed is never lost by a line that drops. */
  async write(held, part, line, saw, { text, number = "", may_ring = "" }) {
    const unsent = el("li", { class: "unsent", "data-of": line }, el("p", { class: "line", dir: "auto" }, text));
    const late = setTimeout(() => unsent.append(el("p", { class: "soft small" }, say("away"))), 1_500);
    held.lists.get(part).append(unsent);
    try {
      const { seq } = await this.talk.ask("plan_write", { plan: held.plan, part, line, text, saw, ...(number && { number }), ...(may_ring && { may_ring }) });
      if ((held.shown?.seq ?? 0) < seq) await this.refresh().catch(() => {});
      unsent.remove();
    } catch (error) {
      unsent.append(el("p", { class: "wrong" }, refusal(error)));
    } finally {
      clearTimeout(late);
    }
  }

  /** Lines that did not change stay as they are, with whatever is being written in them. */
  drawLines(held, part, list) {
    const lines = held.shown.lines.filter((line) => line.part === part);
    const there = new Set(lines.map(({ line }) => line));
    for (const item of list.querySelectorAll("[data-line]")) if (!there.has(item.dataset.line)) item.remove();
    for (const { line, writings } of lines)
      for (const waiting of list.querySelectorAll(`[data-of="${CSS.escape(line)}"]`))
        if (writings.some(({ text }) => text === waiting.firstChild.textContent)) waiting.remove(); // it has arrived
    for (const line of lines) {
      const drawn = JSON.stringify(line.writings);
      let item = list.querySelector(`[data-line="${CSS.escape(line.line)}"]`);
      if (item && held.drawn.get(line.line) === drawn) continue;
      held.drawn.set(line.line, drawn);
      if (!item) {
        item = el("li", { "data-line": line.line }, el("div", { class: "plan-words" }), el("div", { class: "plan-change" }));
        list.insertBefore(item, list.querySelector(".unsent"));
      }
      item.firstChild.replaceChildren(...line.writings.flatMap(wordsOf), ...(line.writings.length > 1 ? [el("p", { class: "soft small" }, say("both"))] : []));
      if (!item.querySelector("form")) this.drawPresses(held, part, line, item.lastChild);
    }
  }

  drawPresses(held, part, { line }, place) {
    const now = () => held.shown.lines.find((one) => one.line === line)?.writings ?? [];
    const change = () => {
      const writings = now();
      const saw = newest(writings); // what they can see now; what comes while they write is not overwritten
      const last = writings.at(-1) ?? {};
      const back = () => this.drawPresses(held, part, { line }, place);
      const act = (given) => {
        back();
        void this.write(held, part, line, saw, given);
      };
      const text = writings.map((one) => one.text ?? "").join("\n");
      const form = this.form({ part, name: parts[part][0], text, number: last.number ?? "", may: last.may_ring, act, label: say("save"), leave: back });
      place.replaceChildren(form);
      form.querySelector("textarea").focus();
    };
    const out = () => this.press("plan_take_out", { plan: held.plan, line, saw: newest(now()) });
    place.replaceChildren(el("div", { class: "plan-row no-print" }, button(say("change"), change, "quiet small"), button(say("take_out"), out, "quiet small")));
  }

  // -- keeping ---------------------------------------------------------------------------------------------------

  drawKeeping(held) {
    const { wanted, until, review_due: due } = held.shown;
    const state = JSON.stringify([wanted, until, due, held.code]);
    if (held.keepingDrawn === state) return;
    held.keepingDrawn = state;
    const plan = held.plan;
    const date = until && new Intl.DateTimeFormat(language === "en" ? "en-GB" : [language, "en-GB"], { day: "numeric", month: "long", year: "numeric" }).format(new Date(until));
    const told = wanted === "kept" ? say("kept", { date, days }) : wanted === "not_kept" ? say("not_kept") : say("keep_hint");
    const keep = async () => {
      const answer = await this.press("plan_keep", { plan, keep: true });
      if (!answer) return;
      held.code = answer.code;
      this.drawKeeping(held);
      held.keeping.querySelector(".plan-code")?.scrollIntoView({ block: "nearest" });
    };
    const no = () => {
      held.code = "";
      return this.press("plan_keep", { plan, keep: false });
    };
    const forget = async () => {
      if (await this.press("plan_forget", { plan })) {
        this.drop(plan);
        tell(say("forgotten"), 8_000);
      }
    };
    held.keeping.replaceChildren(
      ...(due ? [el("div", { class: "notice no-print" }, el("p", {}, say("review_due")), button(say("fits"), () => this.press("plan_review", { plan })))] : []),
      el("h3", { class: "no-print" }, say("keep_ask")),
      el("p", { class: "no-print" }, told),
      ...(held.code ? [codeBox(held.code)] : []),
      el("div", { class: "two no-print" }, button(say(wanted === "kept" ? "code_new" : "keep_yes"), keep, wanted === "kept" ? "quiet" : "main"), button(say("keep_no"), no, "quiet")),
      el("div", { class: "print-only" }, el("h3", {}, say("numbers")), el("ul", {}, ...numbers.map(([name, number]) => el("li", {}, `${name}: `, el("bdi", {}, number))))),
      el("div", { class: "two no-print" }, button(say("print"), () => this.print(plan), "quiet"), textLink()),
      el("details", { class: "end no-print" }, el("summary", {}, say("forget")), el("p", {}, say("forget_sure")), button(say("forget_yes"), forget)),
    );
  }

  print(plan) {
    fold.open = true;
    document.body.dataset.print = "plan";
    print();
    delete document.body.dataset.print;
    void this.press("plan_copy", { plan, how: "printed" });
  }

  // -- coming back with a code -----------------------------------------------------------------------------------

  /** Here and not on another page, so that the line to their supporter stays. */
  askForCode() {
    document.getElementById("plan-ways").open = false;
    this.show();
    const there = body.querySelector(".plan-return input");
    if (there) return there.focus();
    const wrong = el("p", { class: "wrong", role: "alert" });
    const field = el("input", { dir: "ltr", maxlength: LONGEST_NUMBER, autocomplete: "off", autocapitalize: "characters", spellcheck: "false" });
    const form = el("form", { class: "plan-return" }, el("label", { class: "field" }, say("code_field"), field), wrong);
    form.append(el("div", { class: "plan-row" }, el("button", { class: "main" }, say("open")), button(say("leave"), () => this.away(form), "quiet")));
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      wrong.textContent = await opened(field.value);
      if (!wrong.textContent) this.away(form);
    });
    body.prepend(form);
    field.focus();
  }

  away(form) {
    form.remove();
    this.drawFold();
  }

  /** A press that must get through; what is refused is said in words. */
  async press(name, given) {
    try {
      const answer = await this.talk.ask(name, given);
      await this.refresh().catch(() => {});
      return answer;
    } catch (error) {
      tell(refusal(error), 8_000);
      return null;
    }
  }

  forget() {
    for (const plan of [...this.held.keys()]) this.drop(plan);
    body.replaceChildren();
    fold.hidden = true;
  }
}

const newest = (writings) => Math.max(0, ...writings.map(({ seq }) => seq));

function ringGiven(ring) {
  return { number: ring.querySelector("[type=tel]").value.trim(), may_ring: ring.querySelector(":checked")?.value ?? "" };
}

function wordsOf({ text, number, may_ring: may, by }) {
  return [
    el("p", { class: "line", dir: "auto" }, text ?? ""),
    number ? el("p", { class: "soft" }, el("bdi", { class: "num" }, number)) : null,
    may ? el("p", { class: "soft" }, say(`rung_${may}`)) : null,
    by === "supporter" ? el("p", { class: "soft small no-print" }, say("by_them")) : null,
  ].filter(Boolean);
}

function codeBox(code) {
  const shown = el("b", { class: "num", dir: "ltr" }, code);
  return el("div", { class: "plan-code", role: "status" }, el("h3", {}, say("code")), el("p", {}, shown), el("p", { class: "no-print" }, say("code_hint")));
}

function textLink() {
  const link = el("a", { class: "button quiet", href: "/chat/plan.txt", download: "notes.txt" }, say("as_text"));
  link.addEventListener("click", (event) => event.stopPropagation()); // a file, and not a page to go to
  return link;
}

/** Empty when the code opened a plan, which then comes over the line; else what to say. */
async function opened(code) {
  const csrf = document.querySelector("#plan-way [name=csrf]").value;
  const sent = new URLSearchParams({ csrf, client_id: crypto.randomUUID(), code });
  try {
    const answer = await fetch("/chat/plan/return", { method: "POST", body: sent, headers: { Accept: "application/json" } });
    return answer.ok ? "" : ((await answer.json()).error?.message ?? say("slow"));
  } catch {
    return say("slow");
  }
}
