/** The one thing that needs a human now, and what comes after it. It calls until somebody says they have it. */

import { el } from "/static/staff/dom.js";
import { ago, past, timeOfDay } from "/static/staff/times.js";
import * as words from "/static/staff/words.js";
import { alertKey, alertsInOrder, withLower } from "/static/board/evening.js";

const SHOWN_BELOW = 4;

/** What this lead did themselves, and somebody else who leads is to see. */
export const forSomebodyElse = (ctx, alert) => alert.what === "number_revealed" && alert.by === ctx.me;

/** @param {any} ctx */
export function alertNodes(ctx) {
  const all = alertsInOrder(ctx.evening);
  if (!ctx.evening.here) return [];
  if (!all.length) return [el("p", { class: "calm", "data-key": "calm" }, "Nothing needs you this minute.")];
  const [first, ...rest] = all;
  return [
    alertNode(ctx, first, true),
    rest.slice(0, SHOWN_BELOW).map((one) => alertNode(ctx, one, false)),
    rest.length > SHOWN_BELOW &&
      el(
        "p",
        { class: "small soft", "data-key": "more" },
        `And ${rest.length - SHOWN_BELOW} more below in the lists.`,
      ),
  ];
}

function alertNode(ctx, alert, first) {
  const contact = ctx.evening.contacts.get(alert.contact);
  const key = alertKey(alert);
  const error = ctx.errors.get(key);
  return el(
    "section",
    {
      class: first ? "alert first" : "alert",
      "data-key": key,
      "aria-label": `${words.alert(alert.what)}: ${alert.name}, ${timeOfDay(alert.at)}`,
    },
    el("h2", {}, `${words.alert(alert.what)}: ${alert.name}`),
    el("p", { class: "grow" }, forSomebodyElse(ctx, alert) && "Somebody else who leads says that they saw it. ", words.still(alert.what), about(alert, contact)),
    el(
      "div",
      { class: "row" },
      ctx.mayLead &&
        !forSomebodyElse(ctx, alert) &&
        el(
          "button",
          {
            type: "button",
            class: first ? "main" : "small",
            "data-do": "acknowledge",
            "data-alert": key,
            "aria-disabled": ctx.busy.has(key) ? "true" : null,
          },
          alert.what === "number_revealed" ? "I have seen it" : "I have it",
        ),
      ctx.mayLead &&
        contact &&
        el(
          "button",
          {
            type: "button",
            class: first ? "" : "small quiet",
            "data-do": "open",
            "data-contact": alert.contact,
          },
          "Open",
        ),
    ),
    error && el("p", { class: "lamp", role: "alert" }, error),
  );
}

function about(alert, contact) {
  const clock =
    alert.due &&
    (past(alert.due)
      ? `due since ${timeOfDay(alert.due)}`
      : `${words.whom(next(alert.to))} at ${timeOfDay(alert.due)} if nobody has it`);
  const parts = [
    contact?.owner ? `With ${contact.owner.name}` : contact && "Nobody is with them",
    `${words.whom(alert.to)} told ${timeOfDay(alert.at)}`,
    alert.late_seconds > 0 && `late by ${Math.ceil(alert.late_seconds / 60)} min`,
    clock,
  ].filter(Boolean);
  const text = parts.join(", ");
  return [
    text.charAt(0).toUpperCase() + text.slice(1),
    ". ",
    el(
      "span",
      { class: "soft" },
      "It came ",
      el("span", { class: "num", "data-ago": alert.at }, ago(alert.at)),
      ".",
    ),
  ];
}

const next = (to) => ({ lead: "on_call", on_call: "second_on_call" })[to] ?? "the next";

/** @param {any} ctx */
export function alertDeeds(ctx) {
  return {
    async acknowledge(button) {
      const key = button.dataset.alert;
      const alert = ctx.evening.alerts.get(key);
      if (!alert || ctx.busy.has(key)) return;
      ctx.busy.add(key);
      ctx.errors.delete(key);
      ctx.draw();
      try {
        for (const one of withLower(ctx.evening, alert)) {
          await ctx.line.settle("acknowledge", { contact: one.contact, alert: one.alert });
          ctx.evening.alerts.delete(alertKey(one));
        }
      } catch (error) {
        ctx.errors.set(key, words.errorWords(error));
      }
      ctx.busy.delete(key);
      ctx.draw();
    },
  };
}
