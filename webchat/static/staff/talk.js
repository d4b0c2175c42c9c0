/** What a contact's events add up to on a screen: the conversation, the note, when each side last spoke. */

import { hearText, newTexts } from "/static/staff/text_marks.js";

/**
 * @typedef {{key: string, seq: number | null, at: string, by: any, text: string | null, lang: string, ours: boolean,
 *   sentAs: number | null, corrected: boolean, withdrawn: boolean, clientId?: string,
 *   mark?: {prompt: number, begins: number, ends: number} | null}} Message
 * @typedef {{key: string, seq: number, event: any}} Line
 */

export function newTalk() {
  return {
    /** @type {(Message | Line)[]} */ entries: [],
    /** @type {Map<number, Message>} */ said: new Map(),
    note: { fields: {}, version: 0, by: null, at: null },
    last: { person: null, supporter: null },
    /** @type {Record<string, any>} */ offers: {},
    texts: newTexts(),
    /** @type {number[]} the log's number of each event the person may see */ seqs: [],
  };
}

// What the person may see is counted by itself; their side's watermark is in those numbers.
const TALK = new Set(
  (
    "started said corrected withdrawn told not_safe choice_asked choice_made accepted joined stepped_out " +
    "released closed reopened left call_me plan_opened"
  ).split(" "),
);

/** The log's number of the person's `number`th event; 0 when it has not come. @param {number} number */
export const seqOfTalk = (talk, number) => talk.seqs[number - 1] ?? 0;

/** Add one event, in order. @param {ReturnType<typeof newTalk>} talk @param {any} event */
export function addEvent(talk, event) {
  if (TALK.has(event.kind)) talk.seqs.push(event.seq);
  if (hearText(talk.texts, event)) return;
  const add = ADDERS[event.kind];
  if (add) add(talk, event);
  else talk.entries.push({ key: `e${event.seq}`, seq: event.seq, event });
}

const ADDERS = {
  said(talk, event) {
    const ours = event.by?.role !== "person";
    const message = {
      key: event.client_id ? `m${event.client_id}` : `e${event.seq}`,
      seq: event.seq,
      at: event.at,
      by: event.by,
      text: event.text,
      lang: event.lang || "",
      ours,
      // To somebody who texts, the words at this seq are the ones that go last.
      sentAs: event.seq,
      corrected: false,
      withdrawn: false,
      clientId: event.client_id,
    };
    talk.entries.push(message);
    talk.said.set(event.seq, message);
    talk.last[ours ? "supporter" : "person"] = event.at;
  },
  corrected(talk, event) {
    const message = talk.said.get(event.of);
    // Where a phrase stood in the old words says nothing of the new ones.
    if (message) Object.assign(message, { text: event.text, corrected: true, sentAs: event.seq, mark: null });
  },
  withdrawn(talk, event) {
    const message = talk.said.get(event.of);
    if (message) message.withdrawn = true;
  },
  prompted(talk, event) {
    const message = talk.said.get(event.of);
    if (message) message.mark = { prompt: event.seq, begins: event.begins, ends: event.ends };
  },
  prompt_false(talk, event) {
    for (const message of talk.said.values()) if (message.mark?.prompt === event.of) message.mark = null;
  },
  noted(talk, event) {
    talk.note = {
      fields: { ...talk.note.fields, ...event.fields },
      version: event.seq,
      by: event.by,
      at: event.at,
    };
  },
  offered(talk, event) {
    talk.offers[event.offer] = event;
    talk.entries.push({ key: `e${event.seq}`, seq: event.seq, event });
  },
  offer_ended(talk, event) {
    const transfer = talk.offers[event.offer]?.transfer ?? "";
    talk.entries.push({ key: `e${event.seq}`, seq: event.seq, event: { ...event, transfer } });
  },
  seen() {},
};
