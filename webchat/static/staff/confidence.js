/** What may be told: what they said to sharing, a decision and a second view beside it, what was told to whom. Folded. */

import { el } from "/static/staff/dom.js";
import { timeOfDay } from "/static/staff/times.js";
import * as words from "/static/staff/words.js";

const ANSWERS = [
  ["given", "Yes"],
  ["refused", "No"],
  ["unable", "They cannot decide"],
  ["not_asked", "Not asked"],
];
const NOT_ASKED = "not-asked";

const press = (deed, label, look, extra = {}) =>
  el("button", { type: "button", class: look, "data-do": deed, ...extra }, label);

/** What went wrong, beside the part it was about. @param {any} beside @param {string} of */
export const wentWrong = (beside, of) =>
  beside.error.of === of &&
  beside.error.words &&
  el("p", { class: "lamp", role: "alert" }, beside.error.words);

/** @param {any} summary @param {any} beside */
export function consentNodes(summary, beside) {
  const given = summary.ladder?.consent;
  return el(
    "div",
    { class: "part", "data-key": "consent", role: "group", "aria-label": "What they said to sharing" },
    el("h3", {}, "May we tell somebody who can help? They said:"),
    el(
      "div",
      { class: "row" },
      ANSWERS.map(([answer, label]) =>
        press("consent", label, "", { "data-answer": answer, "aria-pressed": String(given?.answer === answer) }),
      ),
    ),
    given &&
      el("p", { class: "small soft" }, `${words.consent(given.answer)}. ${given.name}, ${timeOfDay(given.at)}`),
    beside.open === NOT_ASKED &&
      el(
        "form",
        { class: "beside-form", "data-do": "consent-why", "data-key": NOT_ASKED },
        el("label", { for: "consent-why" }, "Why were they not asked?"),
        el("textarea", { id: "consent-why", name: "why", rows: 2, dir: "auto", required: true }),
        el("div", { class: "row" }, el("button", {}, "Keep")),
      ),
    wentWrong(beside, "consent"),
  );
}

/** The policy in the words they were shown, and two presses; it holds at once. @param {any} summary @param {any} panel @param {any} beside @param {string} me */
export function decisionNodes(summary, panel, beside, me) {
  const decision = summary.ladder?.decision;
  return el(
    "div",
    { class: "part", "data-key": "decision", role: "group", "aria-label": "Deciding about a confidence" },
    el("h3", {}, "Without their yes: decide"),
    panel.policy?.text && [
      el("p", { class: "small soft" }, "They were told before the chat:"),
      el("blockquote", { lang: panel.policy.lang, dir: "auto" }, panel.policy.text),
    ],
    decision && el("p", {}, standing(decision, me)),
    el(
      "form",
      { class: "beside-form", "data-do": "decide" },
      el("label", { for: "decide-reason" }, "Why"),
      el("textarea", { id: "decide-reason", name: "reason", rows: 2, dir: "auto", required: true }),
      el("p", { class: "small soft" }, "It holds at once. A second person is asked beside it; you need not wait."),
      el(
        "div",
        { class: "row" },
        el("button", { value: "share" }, "Share what is needed"),
        el("button", { value: "respect" }, "Respect what they said"),
      ),
    ),
    wentWrong(beside, "decide"),
  );
}

function standing(decision, me) {
  const who = decision.by === me ? "You" : decision.name;
  const second = decision.second
    ? `${decision.second.name} ${decision.second.agreed ? "would do the same" : "would do otherwise"}.`
    : "A second person has been asked.";
  return `${who} decided at ${timeOfDay(decision.at)}: ${words.decision(decision.what)}. It holds. ${second}`;
}

/** A colleague's decision waits for a second view: that is asked openly. @param {any} summary @param {any} beside @param {string} me */
export function secondNodes(summary, beside, me) {
  const decision = summary.ladder?.decision;
  if (!decision || decision.second || decision.by === me) return null;
  const other = decision.what === "share" ? "respect" : "share";
  const reason = beside.written.get(decision.seq)?.reason;
  const view = (what, label, look) =>
    press("second", label, look, { "data-what": what, "data-seq": decision.seq });
  return el(
    "div",
    { class: "signed", "data-key": `second-${decision.seq}`, role: "group", "aria-label": "A second view" },
    el("p", {}, el("b", {}, `${decision.name} decided: ${words.decision(decision.what)}.`), " It holds. You, as the second:"),
    reason && el("p", { dir: "auto" }, `Why: ${reason}`),
    el("div", { class: "row" }, view(decision.what, "I would do the same", "main"), view(other, "I would not", "")),
    wentWrong(beside, "second"),
  );
}

/** @param {any} summary @param {any} panel @param {any} beside */
export function sharedNodes(summary, panel, beside) {
  const known = new Map(
    [panel.emergency, ...panel.contacts.filter((one) => one.version > 0)]
      .filter(Boolean)
      .map((one) => [one.id, one.name]),
  );
  const told = summary.ladder?.shared ?? [];
  return el(
    "div",
    { class: "part", "data-key": "shared", role: "group", "aria-label": "What was told outside" },
    el("h3", {}, "What was told outside"),
    told.length > 0 &&
      el(
        "ul",
        { class: "small" },
        told.map((one) =>
          el(
            "li",
            { "data-key": one.seq },
            `${one.name} told ${known.get(one.crisis_contact) ?? (words.place(one.crisis_contact) || "somebody")}, ${timeOfDay(one.at)}`,
          ),
        ),
      ),
    el(
      "form",
      { class: "beside-form", "data-do": "share" },
      el("label", { for: "share-to" }, "Told to"),
      el(
        "select",
        { id: "share-to", name: "crisis_contact" },
        [...known].map(([id, name]) => el("option", { value: id, "data-key": id }, name)),
        el("option", { value: "", "data-key": "other" }, "Somebody else"),
      ),
      el("label", { for: "share-whom" }, "If somebody else, who"),
      el("input", { id: "share-whom", name: "whom", dir: "auto", autocomplete: "off", maxlength: 200 }),
      el("label", { for: "share-what" }, "What was told"),
      el("textarea", { id: "share-what", name: "what", rows: 2, dir: "auto", required: true }),
      el("label", { for: "share-why" }, "Why, if you like"),
      el("input", { id: "share-why", name: "why", dir: "auto", autocomplete: "off" }),
      el("div", { class: "row" }, el("button", {}, "Write this down")),
    ),
    wentWrong(beside, "share"),
  );
}

/** @param {any} ctx @param {() => any} here @param {(of: string, name: string, body: object) => Promise<any>} send */
export function confidenceDeeds(ctx, here, send) {
  const given = (form) =>
    Object.fromEntries(
      [...new FormData(form)].map(([key, value]) => [key, String(value).trim()]).filter(([, value]) => value),
    );
  return {
    consent(button) {
      const { answer } = button.dataset;
      if (answer !== "not_asked") return send("consent", "consent", { answer });
      const { beside } = here();
      beside.open = NOT_ASKED;
      ctx.draw();
      requestAnimationFrame(() =>
        requestAnimationFrame(() => document.getElementById("consent-why")?.focus()),
      );
    },
    "consent-why": (form) => send("consent", "consent", { answer: "not_asked", ...given(form) }),
    async decide(form, event) {
      if (await send("decide", "decide", { what: event.submitter.value, ...given(form) })) form.reset();
    },
    second: (button) =>
      send("second", "decide", { what: button.dataset.what, of: Number(button.dataset.seq) }),
    async share(form) {
      const { crisis_contact: listed, whom, ...rest } = given(form);
      const to = listed ? { crisis_contact: listed } : { whom };
      if (await send("share", "share", { ...to, ...rest })) form.reset();
    },
  };
}
