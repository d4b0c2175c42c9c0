/** What our own people should still have before they go: who, after whom, and the lead's word that it has been. */

import { el } from "/static/staff/dom.js";
import { timeOfDay } from "/static/staff/times.js";
import { errorWords } from "/static/staff/words.js";

const WAYS = [
  ["done", "They have talked", "small"],
  ["not_wanted", "Not wanted", "small quiet"],
];

const keyOf = (contact, task) => `${contact}/${task}`;

/** Tasks nobody has closed, the oldest first, also of contacts that are over. @param {any} evening */
export const openTasks = (evening) =>
  [...evening.contacts.values()]
    .flatMap((one) =>
      (one.ladder?.tasks ?? [])
        .filter((task) => !task.how)
        .map((task) => ({ ...task, contact: one.contact, name: one.name, ended: one.phase === "ended" })),
    )
    .sort((one, other) => (one.set_at < other.set_at ? -1 : 1));

/** One row for each. @param {any} ctx @param {any} one */
export function taskRow(ctx, one) {
  const key = keyOf(one.contact, one.task);
  const who = ctx.evening.supporters.find((other) => other.id === one.who)?.name ?? one.who;
  const mine = one.who === ctx.me;
  return el(
    "li",
    { "data-key": key },
    el("p", {}, el("b", {}, mine ? "You" : who), `, after ${one.name}`),
    el(
      "p",
      { class: "small soft" },
      "Somebody to talk it over with, since ",
      el("span", { class: "num" }, timeOfDay(one.set_at)),
    ),
    ctx.mayLead &&
      el(
        "div",
        { class: "row" },
        WAYS.map(([how, label, look]) =>
          el(
            "button",
            {
              type: "button",
              class: look,
              "data-do": "task-done",
              "data-contact": one.contact,
              "data-task": one.task,
              "data-how": how,
              "aria-label": `${label}: ${who}, after ${one.name}`,
              "aria-disabled": ctx.busy.has(key) ? "true" : null,
            },
            label,
          ),
        ),
      ),
    ctx.errors.has(key) && el("p", { class: "lamp", role: "alert" }, ctx.errors.get(key)),
  );
}

/** @param {any} ctx */
export const taskDeeds = (ctx) => ({
  async "task-done"(button) {
    const { contact, task, how } = button.dataset;
    const key = keyOf(contact, task);
    if (ctx.busy.has(key)) return;
    ctx.busy.add(key);
    ctx.errors.delete(key);
    try {
      await ctx.line.settle("task_done", { contact, task, how });
    } catch (error) {
      ctx.errors.set(key, errorWords(error));
    }
    ctx.busy.delete(key);
    ctx.draw();
  },
});
