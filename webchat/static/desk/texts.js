/** What the desk says about texts beside the conversation: what is about to go, and whether their phone takes any. */

import { el } from "/static/staff/dom.js";
import { errorWords } from "/static/staff/words.js";
import { outside, plainly, segments } from "/static/desk/segments.js";

const LONGEST_TEXT = 1_600;
// More than these, and it is a language of its own letters, where nothing can be left out.
const FEW_LETTERS = 2;

/** "2 texts, “ŵ” needs a longer alphabet"; empty for nothing written. @param {string} written */
export function countWords(written) {
  const text = plainly(written.trim());
  if (!text) return "";
  if (text.length > LONGEST_TEXT) return "More than 10 texts. It goes in parts, cut between sentences.";
  const { count } = segments(text);
  const letters = outside(text);
  const number = count === 1 ? "1 text" : `${count} texts`;
  if (count < 2 || !letters.length || letters.length > FEW_LETTERS) return number;
  const named = letters.map((letter) => `“${letter}”`).join(" and ");
  return `${number}, ${named} ${letters.length === 1 ? "needs" : "need"} a longer alphabet`;
}

/**
 * What stands over the conversation when no text of ours reaches them, and the press for who said they may be rung.
 * @param {any} summary @param {string} error of the last press
 */
export function textsBanner(summary, error = "") {
  const open = Boolean(summary?.call && !summary.call.over);
  const words = closed(summary?.texts, open ? "They agreed to a call: ring them." : "Ring them if they agreed to a call.");
  if (!words) return [];
  const agree = !open && summary.texts.reachable && summary.texts.line !== "word";
  return [
    el(
      "div",
      { class: "strip-line lamp row", "data-key": "texts" },
      el("span", {}, words),
      agree && el("button", { type: "button", class: "small", "data-do": "call-agreed" }, "They agreed to a call"),
      error && el("span", { role: "alert" }, error),
    ),
  ];
}

/** @param {any} ctx */
export const textDeeds = (ctx) => ({
  async "call-agreed"() {
    const held = ctx.opened();
    held.agreedError = "";
    try {
      await ctx.line.settle("call_agreed", { contact: held.id });
    } catch (error) {
      held.agreedError = errorWords(error);
    }
    ctx.draw();
  },
});

function closed(texts, ring) {
  if (!texts) return "";
  if (texts.opted_out)
    return `They sent STOP or END, and their phone takes no texts from us. START from their phone undoes it. ${ring}`;
  if (texts.line === "landline")
    return `Their number is a landline, which may read a text aloud: none goes to it. ${ring}`;
  if (texts.line === "word" || !texts.reachable)
    return "They write from a name or short number that no text can be sent to. You can only read.";
  return "";
}
