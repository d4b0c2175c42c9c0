/** How each of our texts has travelled, from the log's own events: what stands under a message, never more than is known. */

import { timeOfDay } from "/static/staff/times.js";

const ARRIVED = new Set(["delivered", "read"]);
const FAILED = new Set(["undelivered", "failed", "canceled"]);
// Of several parts the one furthest behind speaks for the message.
const FURTHEST_BEHIND = ["lost", "again", "silent", "sending", "sent", "arrived"];

/**
 * @typedef {{how: string, code?: number, why?: string, again?: string | null}} Part
 * @typedef {{of: Map<number, Map<number, Part>>, parts: Map<number, number>, sids: Map<string, [number, number]>}} Texts
 */

/** @returns {Texts} */
export const newTexts = () => ({ of: new Map(), parts: new Map(), sids: new Map() });

/** Hears one event of a text; true when it was one. @param {Texts} texts @param {any} event */
export function hearText(texts, event) {
  switch (event.kind) {
    case "text_trying":
      texts.parts.set(event.of, event.parts);
      put(texts, event, { how: "sending" });
      return true;
    case "text_taken":
      texts.sids.set(event.sid, [event.of, event.part]);
      put(texts, event, { how: "sent" });
      return true;
    case "text_status":
      hearStatus(texts, event);
      return true;
    case "text_held":
      put(texts, event, { how: held(event), code: event.code, why: event.why, again: event.again_at });
      return true;
    default:
      return false;
  }
}

function held(event) {
  if (event.why === "silent") return "silent";
  return event.again_at ? "again" : "lost";
}

function hearStatus(texts, event) {
  const [of, part] = texts.sids.get(event.sid) ?? [];
  if (!of) return;
  if (ARRIVED.has(event.status)) put(texts, { of, part }, { how: "arrived" });
  else if (FAILED.has(event.status)) put(texts, { of, part }, { how: "lost", code: event.code });
}

function put(texts, { of, part }, now) {
  if (!texts.of.has(of)) texts.of.set(of, new Map());
  texts.of.get(of).set(part, now);
}

/** The part that speaks for the words at seq `of`; null before any was tried. @returns {Part | null} */
function speaking(texts, of) {
  const parts = texts.of.get(of);
  if (!parts) return null;
  const all = [...parts.values()];
  // A part that was not tried yet is still to go.
  if (all.length < (texts.parts.get(of) ?? 1) && all.every((one) => ["sent", "arrived"].includes(one.how)))
    return { how: "sending" };
  return all.sort((one, other) => FURTHEST_BEHIND.indexOf(one.how) - FURTHEST_BEHIND.indexOf(other.how))[0];
}

/**
 * What to say under a message of ours to somebody who texts: `words`, and `lamp` when somebody should look.
 * @param {Texts} texts @param {number} of the seq of the words that went @param {{optedOut?: boolean, refusals?: any}} now
 */
export function textMark(texts, of, { optedOut = false, refusals = {} } = {}) {
  const part = speaking(texts, of);
  if (!part || part.how === "silent") return notGone(part, optedOut);
  if (part.how === "sending") return { words: "Sending", lamp: false };
  if (part.how === "sent") return { words: "Sent, not confirmed", lamp: false };
  if (part.how === "arrived") return { words: "Arrived", lamp: false };
  if (part.why === "withdrawn") return { words: "Taken back before it went", lamp: false };
  if (part.why === "landline")
    return { words: "Not sent: a landline may read it aloud. Ring them if they agreed to a call.", lamp: true };
  const means = refusals[String(part.code || "")] ?? refusals[""];
  const again = part.how === "again" && part.again ? `It is tried again at ${timeOfDay(part.again)}.` : "";
  return { words: ["Did not arrive:", means?.words, again, means?.then].filter(Boolean).join(" "), lamp: true };
}

function notGone(part, optedOut) {
  if (optedOut) return { words: "Not sent: it waits until they text START", lamp: true };
  return part
    ? { words: "Not sent yet: the carrier is silent. It goes by itself.", lamp: true }
    : { words: "Not sent yet", lamp: false };
}

const TOLD = {
  text_hello: "They were told that somebody will answer, and asked if a text is safe",
  text_help: "They were told what they can do by text",
  text_call_me: "They were told that their wish for a call is kept",
  text_language: "They were told that we noted their language",
  text_many: "They were told that every text is kept and read in turn",
};

/** A line in the conversation for what their phone told us, or was told by itself; null for what needs none. @param {any} event @param {(tag: string) => string} language */
export function textLine(event, language) {
  switch (event.kind) {
    case "picture_sent":
      return event.count === 1
        ? "They sent a picture. We do not open pictures."
        : `They sent ${event.count} pictures. We do not open pictures.`;
    case "opted_out":
      return event.on
        ? "They sent a word that closes their phone to our texts"
        : "They opened their phone to our texts again";
    case "told":
      return TOLD[event.what] ?? null;
    case "language_asked":
      return `They asked to be answered in ${language(event.language)}`;
    default:
      return null;
  }
}
