/** What is still to do after a hard contact: the record, and somebody to talk to before going home. */

import { el } from "/static/staff/dom.js";
import { past, timeOfDay } from "/static/staff/times.js";
import { errorWords } from "/static/staff/words.js";

const keyOf = (contact, task) => `${contact}/${task}`;

/** All of theirs, at the start and after every reconnect. @param {any} state @param {any[]} tasks */
export function hearTasks(state, tasks) {
  state.tasks.clear();
  for (const one of tasks) state.tasks.set(keyOf(one.contact, one.task), one);
}

/** Those of one contact, which may have come or been closed since. @param {any} state @param {any} summary */
export function hearTasksOf(state, summary) {
  for (const one of summary.ladder?.tasks ?? []) {
    if (one.who !== state.me?.id) continue;
    const key = keyOf(summary.contact, one.task);
    if (one.how) state.tasks.delete(key);
    else if (!state.tasks.has(key))
      state.tasks.set(key, { ...one, contact: summary.contact, name: summary.name });
  }
}

/** One part for all of them; null when there are none. @param {any} ctx @param {any} [held] whose record is asked for */
export function taskNodes(ctx, held) {
  const record = held?.summary.clocks?.find((clock) => clock.kind === "record_after");
  const open = [...ctx.state.tasks.values()];
  if (!record && !open.length) return null;
  return el(
    "section",
    { class: "card tasks", "data-key": "tasks", "aria-labelledby": "tasks-title" },
    el("h2", { id: "tasks-title", tabindex: -1 }, "Before you go"),
    record && recordNode(record),
    open.map((one) => taskNode(ctx, one)),
  );
}

/** Talk first, the record after: whatever is written in the note is it. */
const recordNode = (clock) =>
  el(
    "div",
    { class: "task", "data-key": "record" },
    el(
      "p",
      {},
      "The record: what happened, in your words, in the note. ",
      el(
        "span",
        { class: past(clock.due) ? "lamp" : "soft" },
        past(clock.due) ? "Was due by " : "By ",
        el("span", { class: "num" }, timeOfDay(clock.due)),
        ".",
      ),
    ),
    el("div", { class: "row" }, el("button", { type: "button", "data-do": "to-note" }, "Write it now")),
  );

function taskNode(ctx, one) {
  const key = keyOf(one.contact, one.task);
  const press = (how, label, look) =>
    el(
      "button",
      { type: "button", class: look, "data-do": "task-done", "data-task": key, "data-how": how },
      label,
    );
  return el(
    "div",
    { class: "task", "data-key": key },
    el("p", {}, `${one.name}: that was a hard one. Talk it over with somebody before you leave.`),
    el(
      "div",
      { class: "row" },
      press("done", "We have talked", ""),
      press("not_wanted", "I don't want to", "quiet"),
      press("later", "Later", "quiet"),
    ),
    ctx.state.taskError?.key === key && el("p", { class: "lamp", role: "alert" }, ctx.state.taskError.words),
  );
}

/** @param {any} ctx */
export function taskDeeds(ctx) {
  const { state } = ctx;
  return {
    async "task-done"(button) {
      const { task: key, how } = button.dataset;
      const one = state.tasks.get(key);
      if (!one) return;
      state.taskError = null;
      try {
        await ctx.line.settle("task_done", { contact: one.contact, task: one.task, how });
        state.tasks.delete(key);
        if (how === "later") ctx.say("The lead is told, so that it is not forgotten.");
      } catch (error) {
        state.taskError = { key, words: errorWords(error) };
      }
      ctx.draw();
    },
    "to-note": () => ctx.focus("note-title"),
  };
}
