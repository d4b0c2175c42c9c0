/** The plan written with the person, on the desk: the same lines they see, and what they said about keeping it. */

import { newId } from "/static/staff/connection.js";
import { el } from "/static/staff/dom.js";
import { errorWords } from "/static/staff/words.js";

const PARTS = {
  safety: ["signs", "myself", "distraction", "people", "services", "safer", "matters"],
  crisis: ["helps", "worse", "ring", "wishes"],
};
const TITLES = { safety: "Safety plan", crisis: "Crisis plan" };
const RING = "ring";
const LONGEST = 1_000;
const ACTING = 3;
const FOLLOWED = [
  ["followed", "Followed"],
  ["partly", "Partly"],
  ["not_followed", "Not"],
];

const dates = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "long", year: "numeric" });

/** What this page holds of a contact's plans. */
const kept = new WeakMap();

const of = (held) => {
  if (!kept.has(held))
    kept.set(held, { plans: new Map(), asked: "", changing: null, error: "", waiting: [], followed: new Map() });
  return kept.get(held);
};

const newest = (line) => Math.max(0, ...line.writings.map(({ seq }) => seq));

/** A `plan` frame. An older one that came late changes nothing. @param {any} ctx @param {any} body */
export function hearPlan(ctx, body) {
  const held = ctx.state.contacts.get(body.contact);
  if (!held) return;
  take(of(held), body.plan);
  ctx.draw();
}

function take(mine, plan) {
  if (plan.forgotten) mine.plans.delete(plan.plan);
  else if (plan.seq > (mine.plans.get(plan.plan)?.seq ?? 0)) mine.plans.set(plan.plan, plan);
}

/** Ask for what stands open here, at the start and after every reconnect. @param {any} ctx @param {any} held */
export function refreshPlans(ctx, held) {
  const mine = of(held);
  const asked = JSON.stringify([held.summary.plans ?? [], ctx.state.line]);
  if (mine.asked === asked || !ctx.line.connected()) return;
  mine.asked = asked;
  if (!held.summary.plans?.length) return;
  ctx.line.call("plan", { contact: held.id }).then(
    ({ plans }) => {
      const there = new Set(plans.map(({ plan }) => plan));
      for (const plan of mine.plans.keys()) if (!there.has(plan)) mine.plans.delete(plan);
      for (const plan of plans) take(mine, plan);
      ctx.draw();
    },
    () => {
      mine.asked = "";
    },
  );
}

/** Where it stands: at the top once brought back, but never above whom to ring; below the note while there is none. */
function placeOf(held, plans, over) {
  if (!plans.length) return over ? 3 : 2;
  if (over) return 0;
  return plans.some((plan) => plan.returned) && (held.summary.rung ?? 0) < ACTING ? 0 : 1;
}

/** The card and its place among the others. @param {any} ctx @param {any} held @param {boolean} over */
export function planNodes(ctx, held, over) {
  const plans = [...of(held).plans.values()];
  return { node: card(ctx, held, plans), place: placeOf(held, plans, over) };
}

function card(ctx, held, plans) {
  const mine = of(held);
  const live = held.summary.phase === "live";
  const missing = Object.keys(PARTS).filter((sort) => !plans.some((plan) => plan.sort === sort));
  return el(
    "section",
    { class: "card plan-card", "data-key": `plan-${held.id}`, "aria-labelledby": "plan-title" },
    el("h2", { id: "plan-title", tabindex: -1 }, "Plan"),
    plans.map((plan) => onePlan(ctx, held, plan)),
    mine.waiting.map(({ id, text }) =>
      el("p", { class: "soft small", "data-key": id }, `Kept here until the line is back: ${text}`),
    ),
    mine.error && el("p", { class: "lamp small", role: "alert", "data-key": "plan-error" }, mine.error),
    live && !plans.length && el("p", { class: "small soft" }, "They see it grow, and write in it too."),
    live &&
      missing.length > 0 &&
      el(
        "div",
        { class: "row", "data-key": "plan-begin" },
        missing.map((sort) => press("plan-begin", `Begin a ${TITLES[sort].toLowerCase()}`, { "data-sort": sort, "data-key": sort, class: "small" })),
      ),
  );
}

const press = (deed, words, more = {}) => el("button", { type: "button", "data-do": deed, ...more }, words);

function onePlan(ctx, held, plan) {
  const names = ctx.state.definition?.plan_parts ?? {};
  const over = held.summary.phase !== "live";
  return el(
    "div",
    { class: "plan-one", "data-key": plan.plan },
    el("h3", {}, TITLES[plan.sort]),
    plan.returned && el("p", { class: "small" }, "They brought it back with their code."),
    plan.review_due && dueNodes(plan),
    plan.returned && over && followedNodes(held, plan),
    PARTS[plan.sort].map((part) => partNodes(held, plan, part, names[part] ?? part, over)),
    keepNodes(plan),
  );
}

const dueNodes = (plan) =>
  el(
    "div",
    { class: "row", "data-key": "due" },
    el("p", { class: "lamp small" }, "Its review date is past. Look through it with them before you lean on it."),
    press("plan-review", "It still fits", { class: "small", "data-plan": plan.plan }),
  );

/** One press, and it may be left. */
function followedNodes(held, plan) {
  const said = of(held).followed.get(plan.plan);
  if (said) return el("p", { class: "small soft", role: "status" }, `Kept: ${said}.`);
  return el(
    "div",
    { class: "plan-followed", "data-key": "followed", role: "group", "aria-label": "Was the plan followed?" },
    el("p", {}, "Was the plan followed? You may leave this."),
    el("textarea", { id: `why-${plan.plan}`, rows: 1, dir: "auto", maxlength: 500, "aria-label": "Why, in a few words" }),
    el(
      "div",
      { class: "row" },
      FOLLOWED.map(([how, words]) => press("plan-followed", words, { class: "small", "data-plan": plan.plan, "data-how": how })),
    ),
  );
}

function partNodes(held, plan, part, name, over) {
  const lines = plan.lines.filter((line) => line.part === part);
  if (over && !lines.length) return null;
  const details = el(
    "details",
    { class: "list", "data-key": `${plan.plan}-${part}` },
    el("summary", {}, `${name}${lines.length ? ` (${lines.length})` : ""}`),
    el("ul", {}, lines.map((line) => lineNodes(held, plan, line, name, over))),
    !over && formNodes(`add-${plan.plan}-${part}`, name, { "data-plan": plan.plan, "data-part": part }, null, part === RING),
  );
  if (lines.length) details.setAttribute("open", "");
  return details;
}

function lineNodes(held, plan, line, name, over) {
  const at = { "data-plan": plan.plan, "data-part": line.part, "data-line": line.line };
  const changing = of(held).changing;
  return el(
    "li",
    { "data-key": line.line },
    line.writings.map((one) =>
      el(
        "p",
        { "data-key": `w${one.seq}` },
        el("span", { dir: "auto" }, one.text ?? ""),
        one.number && [" ", el("bdi", { class: "num" }, one.number)],
        one.may_ring && el("span", { class: "small" }, one.may_ring === "yes" ? ". May be rung" : ". Not to be rung"),
        el("span", { class: "small soft" }, one.by === "person" ? " (they wrote this)" : ""),
      ),
    ),
    line.writings.length > 1 && el("p", { class: "small soft" }, "Two of you wrote here at once. Both are kept."),
    changing?.line === line.line
      ? formNodes(`change-${line.line}`, name, { ...at, "data-saw": changing.saw }, line, line.part === RING)
      : !over && el(
          "div",
          { class: "row", "data-key": "presses" },
          press("plan-change", "Change", { class: "small quiet", ...at }),
          press("plan-take-out", "Take out", { class: "small quiet", ...at }),
        ),
  );
}

function formNodes(key, name, at, line, ring) {
  const last = line?.writings.at(-1);
  const box = el("textarea", { rows: 1, dir: "auto", maxlength: LONGEST, "aria-label": line ? `${name}: other words` : `${name}: new line` });
  if (line) box.value = line.writings.map(({ text }) => text ?? "").join("\n");
  const number = ring && el("input", { type: "tel", maxlength: 40, autocomplete: "off", "aria-label": "Their number", value: last?.number ?? "" });
  const may = ring && el("select", { "aria-label": "May we ring them?" }, option("", "May we ring them?", last), option("yes", "Yes, the person said so", last), option("no", "No", last));
  return el(
    "form",
    { class: "plan-form", "data-do": "plan-write", "data-key": key, ...at },
    box,
    number,
    may,
    el("div", { class: "row" }, el("button", { class: "small" }, line ? "Save" : "Add"), line && press("plan-leave", "Leave it", { class: "small quiet" })),
  );
}

const option = (value, words, last) => el("option", { value, selected: last?.may_ring === value }, words);

function keepNodes(plan) {
  const told = {
    kept: () => `Kept until ${dates.format(new Date(plan.until))}.${plan.code ? "" : " They can ask for a code on their page."}`,
    not_kept: () => "They do not want it kept. It is deleted after the chat.",
  }[plan.wanted]?.() ?? "Not kept unless they say so: it is deleted after the chat.";
  return el(
    "div",
    { class: "plan-keep", "data-key": "keep" },
    el("p", { class: "small" }, told),
    el(
      "div",
      { class: "row" },
      plan.wanted !== "kept" && press("plan-keep", "They said: keep it", { class: "small", "data-plan": plan.plan, "data-keep": "yes", "data-key": "yes" }),
      plan.wanted !== "not_kept" && press("plan-keep", "They said: do not keep it", { class: "small quiet", "data-plan": plan.plan, "data-keep": "no", "data-key": "no" }),
    ),
  );
}

/** @param {any} ctx */
export function planDeeds(ctx) {
  const send = async (held, name, body, text = "") => {
    const mine = of(held);
    mine.error = "";
    const waits = { id: `wait-${mine.waiting.length}-${text}`, text };
    try {
      return await ctx.line.settle(name, { contact: held.id, ...body }, () => {
        if (text && !mine.waiting.includes(waits)) mine.waiting.push(waits);
        ctx.draw();
      });
    } catch (error) {
      mine.error = text ? `${errorWords(error)} You wrote: ${text}` : errorWords(error);
      return null;
    } finally {
      mine.waiting = mine.waiting.filter((one) => one !== waits);
      ctx.draw();
    }
  };
  const lineOf = (held, { plan, line }) => of(held).plans.get(plan)?.lines.find((one) => one.line === line);
  return {
    async "plan-begin"(button) {
      const held = ctx.opened();
      const answer = await send(held, "plan_begin", { sort: button.dataset.sort });
      if (answer) take(of(held), answer.plan);
      ctx.draw();
    },
    async "plan-write"(form) {
      const held = ctx.opened();
      const box = form.querySelector("textarea");
      const text = box.value.trim();
      if (!text) return;
      const { plan, part, line = newId(), saw = "0" } = form.dataset;
      const number = form.querySelector("[type=tel]")?.value.trim() ?? "";
      const may = form.querySelector("select")?.value ?? "";
      for (const field of form.querySelectorAll("textarea, input, select")) field.value = "";
      of(held).changing = null;
      ctx.draw();
      await send(held, "plan_write", { plan, part, line, text, number, may_ring: may, saw: Number(saw) }, text);
    },
    "plan-change"(button) {
      const held = ctx.opened();
      const line = lineOf(held, button.dataset);
      if (line) of(held).changing = { line: line.line, saw: newest(line) };
      ctx.draw();
    },
    "plan-leave"() {
      of(ctx.opened()).changing = null;
      ctx.draw();
    },
    async "plan-take-out"(button) {
      const held = ctx.opened();
      const line = lineOf(held, button.dataset);
      if (line) await send(held, "plan_take_out", { plan: button.dataset.plan, line: line.line, saw: newest(line) });
    },
    async "plan-keep"(button) {
      await send(ctx.opened(), "plan_keep", { plan: button.dataset.plan, keep: button.dataset.keep === "yes" });
    },
    async "plan-review"(button) {
      await send(ctx.opened(), "plan_review", { plan: button.dataset.plan });
    },
    async "plan-followed"(button) {
      const held = ctx.opened();
      const { plan, how } = button.dataset;
      const why = document.getElementById(`why-${plan}`)?.value.trim();
      const answer = await send(held, "plan_followed", { plan, how, ...(why && { why }) });
      if (answer) of(held).followed.set(plan, button.textContent.toLowerCase());
      ctx.draw();
    },
  };
}
