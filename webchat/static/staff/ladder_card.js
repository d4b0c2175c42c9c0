/** The ladder, a path walked: where we are, what to ask, what to do, who to ring next. It suggests; it never gates. */

import { besideDeeds, besideNodes, vanishedNodes } from "/static/staff/afterwards.js";
import { makeSend } from "/static/staff/beside.js";
import { secondNodes } from "/static/staff/confidence.js";
import { el } from "/static/staff/dom.js";
import { loopDeeds, loopNodes, loopOpen } from "/static/staff/help_loop.js";
import { clocks, everyone, notWithThem, path, prompts, ringNext, withNumber } from "/static/staff/ladder.js";
import { anyStep, basisNodes, namedNodes, rungName, stepDeeds, undoNodes, upNext } from "/static/staff/steps.js";
import { past } from "/static/staff/times.js";

const ACTING = 3;
const LEADS = ["lead", "on_call", "second_on_call", "supervisor"];

/** May somebody of these roles come down from 3 and 4? @param {string[]} roles */
export const leads = (roles) => roles.some((role) => LEADS.includes(role));

/**
 * All of one contact's ladder, in the order it is needed.
 * @param {any} held with its `summary`, `panel`, `beside` and `newSteps()`
 * @param {{rungs: any[], me: string, lead: boolean, writes: boolean}} how `writes`: they write to the person from
 *   this page, so a press puts a prompt into the message
 */
export function ladderParts(held, { rungs, me, lead, writes }) {
  const { summary, panel, beside } = held;
  const rung = summary.rung ?? 0;
  const ask = panel && prompts(panel, summary.language, writes);
  const todo = panel?.do && el("div", { class: "todo" }, el("h3", {}, "What to do"), el("p", {}, panel.do));
  const ring = panel && [
    panel.not_with_them && notWithThem(summary, panel),
    ringNext(summary, panel, held.recording),
    namedNodes(held),
  ];
  const loop = loopNodes(summary, beside, me);
  // A check that is due, or a colleague's signature, comes before the next number.
  const loopFirst = waits(summary.ladder?.loop, me);
  // Where we are is in the title; from step 3 the number comes before the way that led here.
  const walked = path(panel?.rungs ?? rungs, rung);
  const running = clocks(summary, (clock) => !withNumber(clock) || !ring?.[1]);
  return [
    el(
      "div",
      { class: "ladder-head" },
      el("h2", { id: "ladder-title", tabindex: -1 }, rungName(rungs, rung)),
      undoNodes(held, me),
    ),
    ...(rung >= ACTING ? [] : [walked]),
    loopFirst && loop,
    vanishedNodes(summary, panel),
    ...(rung >= ACTING
      ? [ring, ask, walked, !loopFirst && loop, todo, running]
      : [ask, !loopFirst && loop, todo, running, ring]),
    secondNodes(summary, beside, me),
    panel && everyone(summary, panel, held.recording),
    upNext(rungs, rung),
    anyStep(held, rungs, lead),
    basisNodes(held),
    held.ladderError && el("p", { class: "lamp", role: "alert" }, held.ladderError),
    held.ladderError && loopOpen(summary) && toLoop(),
    (writes || rung > 0) && besideNodes(summary, panel, beside, me),
  ];
}

const waits = (loop, me) =>
  Boolean(loop?.open && ((loop.next_check && past(loop.next_check)) || (loop.signed && loop.signed.by !== me)));

/** From a refusal to the presses that lead on. */
export const toLoop = () =>
  el("button", { type: "button", "data-do": "to-loop" }, "Go to “Has help reached them?”");

/** What the presses of this panel do, about the contact that `opened` gives. @param {any} ctx @param {() => any} opened */
export function partsDeeds(ctx, opened) {
  const here = () => {
    const held = opened();
    const settled = (answer) => {
      held.panelFor = "";
      held.log.expect(answer.seq ?? 0);
    };
    return { id: held.id, beside: held.beside, settled };
  };
  const send = makeSend(ctx, here);
  return {
    ...stepDeeds(ctx, opened),
    ...loopDeeds(ctx, here, send),
    ...besideDeeds(ctx, here, send),
    "to-loop": () => document.getElementById("loop-title")?.focus(),
  };
}
