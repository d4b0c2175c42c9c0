// What the person wrote and the service has not yet kept. In memory only; nothing is ever written to the device.

import { LineDown } from "./line.js";

export const LONGEST = 4_000; // characters, counted as the service counts them
const MOST = 50; // messages in one call
const AGAIN = 1_000; // milliseconds; a line that is really down has said so soon after
const MOST_CHARACTERS = 40_000; // well under a frame, in any script

export class Outbox {
  /** `send(messages)` gives `[{seq, at}…]`; `kept(message, {seq, at})`, `failed(message, error)`, `changed()`. */
  constructor({ send, kept, failed, changed }) {
    this.tell = { send, kept, failed, changed };
    this.waiting = [];
    this.batch = null; // stays whole until it is settled: the same ids with the same body
    this.sending = false;
    this.oneByOne = false;
    this.allowed = false;
  }

  get size() {
    return this.waiting.length;
  }

  add(text) {
    const message = { client_id: crypto.randomUUID(), text };
    this.waiting.push(message);
    this.tell.changed();
    void this.flush();
    return message;
  }

  /** Once caught up with the service; until then what is written waits. */
  allow(allowed) {
    this.allowed = allowed;
    if (allowed) void this.flush();
  }

  /** Seen in what the service sent: it had been kept all along. */
  settle(clientId) {
    const found = this.waiting.find((message) => message.client_id === clientId);
    if (!found) return;
    this.waiting = this.waiting.filter((message) => message !== found);
    if (this.batch && !this.sending) this.batch = null;
    this.tell.changed();
  }

  forget() {
    this.waiting = [];
    this.batch = null;
    this.allowed = false;
  }

  async flush() {
    if (this.sending) return;
    this.sending = true;
    for (let failures = 0; this.allowed && this.waiting.length; ) {
      this.batch ??= this.next();
      try {
        this.settled(await this.tell.send(this.batch));
        failures = 0;
      } catch (error) {
        if (error instanceof LineDown) await pause(AGAIN); // no answer; a reconnect goes on from here, or we do
        else if (error.retry === "no" || error.retry === undefined) this.refused(error);
        else await pause(Math.min(1_000 * 2 ** failures++, error.retry === "later" ? 15_000 : 8_000));
      }
    }
    this.sending = false;
  }

  next() {
    const batch = [];
    let characters = 0;
    for (const message of this.waiting) {
      characters += message.text.length;
      if (batch.length && (this.oneByOne || batch.length === MOST || characters > MOST_CHARACTERS)) break;
      batch.push(message);
    }
    return batch;
  }

  settled(answers) {
    const { batch } = this;
    this.batch = null;
    if (!batch) return;
    this.waiting = this.waiting.filter((message) => !batch.includes(message));
    batch.forEach((message, place) => this.tell.kept(message, answers[place]));
    this.tell.changed();
  }

  refused(error) {
    const [first, ...others] = this.batch;
    this.batch = null;
    if (others.length) {
      this.oneByOne = true; // find out which one it was, and let the others go on
      return;
    }
    this.waiting = this.waiting.filter((message) => message !== first);
    this.tell.failed(first, error);
    this.tell.changed();
  }
}

function pause(milliseconds) {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
