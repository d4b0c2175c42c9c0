/** What is on its way to one contact: one `say` in flight, what queued behind it goes as one, nothing is dropped. */

import { newId } from "/static/staff/connection.js";

const MOST_AT_ONCE = 50;

/**
 * @param {(body: object, onWait: () => void) => Promise<any>} send settles one `say`
 * @param {(said: {client_id: string, text: string, lang: string, seq: number, at: string}) => void} onSaid
 * @param {() => void} onChange
 */
export function openOutbox(send, onSaid, onChange) {
  /** @type {{client_id: string, text: string, lang: string, flying?: boolean, alone?: boolean, refused?: string}[]} */
  let queue = [];
  let flying = false;
  let held = false;

  async function go() {
    if (flying) return;
    const batch = nextBatch();
    if (!batch.length) return;
    flying = true;
    for (const one of batch) one.flying = true;
    try {
      const lang = batch[0].lang;
      const body =
        batch.length === 1
          ? { client_id: batch[0].client_id, text: batch[0].text, lang }
          : { messages: batch.map(({ client_id, text }) => ({ client_id, text })), lang };
      const answer = await send(body, hold);
      const seqs = answer.seqs ?? [answer.seq];
      queue = queue.filter((one) => !batch.includes(one));
      batch.forEach((one, place) => onSaid({ ...one, seq: seqs[place], at: answer.at }));
    } catch (error) {
      refuse(batch, error);
    } finally {
      flying = held = false;
      onChange();
      go();
    }
  }

  /** The longest run at the front in one language; what was refused before stays where it is. */
  function nextBatch() {
    const ready = queue.filter((one) => !one.refused);
    const run = ready.findIndex((one) => one.lang !== ready[0].lang || one.alone !== ready[0].alone);
    return ready.slice(0, ready[0]?.alone ? 1 : Math.min(run < 0 ? ready.length : run, MOST_AT_ONCE));
  }

  function hold() {
    held = true;
    onChange();
  }

  function refuse(batch, error) {
    // One of several is to blame: send each by itself, so that only that one stays behind.
    if (batch.length > 1) for (const one of batch) one.alone = true;
    else batch[0].refused = error.message;
  }

  return {
    /** @param {string} text @param {string} lang */
    say(text, lang) {
      queue.push({ client_id: newId(), text, lang });
      onChange();
      go();
    },
    /** Take a refused one out again; gives its words. @param {string} clientId */
    take(clientId) {
      const found = queue.find((one) => one.client_id === clientId);
      queue = queue.filter((one) => one !== found);
      onChange();
      return found?.text ?? "";
    },
    /** An event with this id has come: it was saved, whatever the answer says. */
    arrived(clientId) {
      const found = queue.find((one) => one.client_id === clientId);
      if (found && !found.flying) queue = queue.filter((one) => one !== found);
    },
    /** What is not yet saved; `held` while the line is away, whatever stands behind the first included. */
    waiting: () => queue.map((one) => ({ ...one, held })),
  };
}
