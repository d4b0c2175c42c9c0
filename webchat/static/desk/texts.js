/** What the desk says about texts beside the conversation: what is about to go, and whether their phone takes any. */

import { el } from "/static/staff/dom.js";
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

/** One line over the conversation when no text of ours reaches them. @param {any} summary */
export function textsBanner(summary) {
  const words = closed(summary?.texts);
  return words ? [el("div", { class: "strip-line lamp", "data-key": "texts" }, words)] : [];
}

function closed(texts) {
  if (!texts) return "";
  if (texts.opted_out)
    return (
      "They sent STOP or END, and their phone takes no texts from us. START from their phone undoes it. " +
      "Ring them if they agreed to a call."
    );
  if (texts.line === "landline")
    return "Their number is a landline, which may read a text aloud: none goes to it. Ring them if they agreed to a call.";
  if (texts.line === "word" || !texts.reachable)
    return "They write from a name or short number that no text can be sent to. You can only read.";
  return "";
}
