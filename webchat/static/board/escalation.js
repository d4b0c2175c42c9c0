/** Everybody on the ladder from step 2, one line each, what is due soonest first: who has them, what was done, what is due. */

import { el } from "/static/staff/dom.js";
import { due, past, timeOfDay } from "/static/staff/times.js";
import { recordLink } from "/static/staff/record_link.js";
import * as words from "/static/staff/words.js";

const FROM = 2;
const OVER = new Set(["wrap_up", "ended"]);
const NEVER = "9999";

const nextOf = (one) => words.workingClocks(one.clocks)[0];

/** @param {any} evening */
export const onTheLadder = (evening) =>
  [...evening.contacts.values()]
    .filter((one) => (one.rung ?? 0) >= FROM && !OVER.has(one.phase))
    .sort((one, other) => {
      const [here, there] = [nextOf(one)?.due ?? NEVER, nextOf(other)?.due ?? NEVER];
      return here === there ? other.rung - one.rung : here < there ? -1 : 1;
    });

/** @param {any} ctx */
export function escalationNodes(ctx) {
  const all = onTheLadder(ctx.evening);
  if (!all.length) return [];
  return [
    el(
      "section",
      { class: "card on-ladder", "data-key": "on-ladder", "aria-labelledby": "on-ladder" },
      el(
        "div",
        { class: "card-head" },
        el("h2", { id: "on-ladder" }, "On the ladder"),
        el("span", { class: "soft num" }, all.length),
      ),
      el(
        "ul",
        { class: "rows" },
        all.map((one) => row(ctx, one)),
      ),
    ),
  ];
}

function row(ctx, one) {
  return el(
    "li",
    { class: "person", "data-key": one.contact },
    el("p", {}, el("b", {}, one.name), " ", el("span", {}, ctx.rungName(one))),
    el("p", {}, whoHas(ctx, one)),
    el("p", { class: "small" }, lastDone(ctx, one), ctx.mayLead && [" ", recordLink(one, "")]),
    el("p", { class: "due" }, dueNext(one)),
    ctx.mayLead &&
      el(
        "button",
        {
          type: "button",
          class: "small",
          "data-do": "open",
          "data-contact": one.contact,
          "aria-label": `Open ${one.name}, ${ctx.rungName(one)}`,
          "aria-pressed": String(ctx.watching?.id === one.contact),
        },
        "Open",
      ),
  );
}

/** Somebody has them, or somebody is being paged: never neither. */
function whoHas(ctx, one) {
  const pages = [...ctx.evening.alerts.values()].filter((alert) => alert.contact === one.contact);
  const paged = [...new Set(pages.map((alert) => words.whom(alert.to)))].join(" and ");
  const lost = one.lines?.supporter === "lost";
  return [
    one.owner
      ? ["With ", el("b", {}, one.owner.name), lost && el("span", { class: "lamp strong" }, ", line lost")]
      : el("span", { class: "alarm strong" }, "Nobody has them"),
    paged && `. Paged, not seen yet: ${paged}`,
  ];
}

function lastDone(ctx, one) {
  const name = (id) =>
    [...(one.participants ?? []), ...ctx.evening.supporters].find((person) => person.id === id)?.name ?? id;
  const { loop, decision, shared, consent } = one.ladder ?? {};
  const tried = one.attempts?.at(-1);
  const told = shared?.at(-1);
  const done = [
    tried && [tried.at, `${name(tried.by)} rang ${outside(tried.crisis_contact)}: ${words.outcome(tried.outcome)}`],
    one.rung_at && [one.rung_at, `${one.rung_by ? name(one.rung_by) : "Nobody"} set this step`],
    loop?.checked_at && [loop.checked_at, "Asked whether help has reached them: not yet"],
    loop?.signed && [loop.signed.at, `${loop.signed.name} signed: could not be confirmed`],
    loop?.ended_at && [loop.ended_at, loop.ended === "confirmed" ? "Help has reached them" : "Two signed: not confirmed"],
    decision && [decision.at, `${decision.name} decided: ${words.decision(decision.what)}`],
    decision?.second && [decision.second.at, `${decision.second.name} gave a second view`],
    consent && [consent.at, words.consent(consent.answer)],
    told && [told.at, `${told.name} told ${told.crisis_contact ? outside(told.crisis_contact) : "somebody outside"}`],
  ].filter(Boolean);
  const [at, what] = done.sort(([here], [there]) => (here < there ? -1 : 1)).at(-1) ?? [];
  return what ? [`${what}, `, el("span", { class: "num" }, timeOfDay(at))] : "Nothing written yet";
}

const outside = (id) => (id.startsWith("emergency") ? "999" : words.place(id));

function dueNext(one) {
  const clock = nextOf(one);
  if (!clock) return el("span", { class: "soft" }, "Nothing is due");
  return el(
    "span",
    { class: past(clock.due) ? "lamp strong" : "" },
    `${words.clock(clock.kind)} `,
    el("span", { class: "num", "data-due": clock.due }, due(clock.due)),
    el("span", { class: "soft" }, ", by ", el("span", { class: "num" }, timeOfDay(clock.due))),
  );
}
