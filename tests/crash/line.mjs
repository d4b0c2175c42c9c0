// One client's line to the service, and what it shows of a contact, kept as docs/protocol.md asks of any client.

import { setTimeout as after } from "node:timers/promises";
import { io } from "socket.io-client";

const GAP = 500;
// Every try waits longer than the one before, as it must: a crowd that asks at a fixed pace never lets a server recover.
const RETRY = 200;
const MOST_RETRY = 3_000;
const MOST_PATIENCE = 15_000;
const REFUSED = 1_000;
const FOR_GOOD = new Set(["no_session", "not_signed_in", "not_allowed"]);

// The point of the storm we are at, and what the storm has seen so far.
export const storm = { point: 0, timeout: 5_000, unanswered: 0, changed: () => {} };

/** A connection that comes back by itself. Calls go on with the same body until they are answered. */
export class Line {
  /** `catchUp(line)` runs after every connection and before anything else is said. */
  constructor(url, namespace, { auth, cookie, polling }, catchUp) {
    const options = {
      transports: [polling ? "polling" : "websocket"],
      // As a browser does, it keeps the cookie by which a proxy knows where a long poll belongs.
      withCredentials: Boolean(polling),
      forceNew: true,
      auth,
      reconnectionDelay: 50,
      reconnectionDelayMax: 400,
      timeout: 5_000,
    };
    if (cookie) options.extraHeaders = { cookie };
    this.connections = 0;
    this.refusals = {};
    this.caughtUp = false;
    this.waiting = [];
    this.onState = () => {};
    this.socket = io(url + namespace, options);
    this.socket.on("connect", () => this.#connected(catchUp));
    this.socket.on("disconnect", (why) => {
      this.caughtUp = false;
      // The official client stays away after the server's own goodbye; a page that wants to talk comes back.
      if (why === "io server disconnect") this.socket.connect();
    });
    this.socket.on("connect_error", (error) => {
      if (this.socket.active) return;
      // As our own pages do: only somebody who is nobody here stays away.
      if (FOR_GOOD.has(error.message)) throw new Error(`${namespace} refused: ${error.message}`);
      setTimeout(() => this.socket.connect(), REFUSED);
    });
  }

  async #connected(catchUp) {
    const connection = ++this.connections;
    try {
      await catchUp(this);
    } catch (error) {
      if (error.code) throw error;
      return;
    }
    if (connection !== this.connections || !this.socket.connected) return;
    this.caughtUp = true;
    storm.changed();
    for (const wake of this.waiting.splice(0)) wake();
  }

  /** One try: the answer; throws without `code` when there was none, with `code` when it was refused. */
  async once(event, body, tries = 0) {
    const patience = Math.min(storm.timeout * 2 ** tries, MOST_PATIENCE);
    if (!this.socket.connected) throw new Error("not connected");
    const answer = await new Promise((resolve, reject) => {
      this.socket.timeout(patience).emit(event, body, (error, answered) => {
        if (error) {
          storm.unanswered += 1;
          storm.changed();
          reject(error);
        } else {
          // Now and not a promise later: the next push may be in the same payload, and is newer.
          if (answered?.state) this.onState(answered.state);
          resolve(answered);
        }
      });
    });
    if (answer?.error) throw Object.assign(new Error(`${event}: ${answer.error.message}`), answer.error);
    return answer;
  }

  /** As often as it takes, in the middle of a catch-up. Gives up (without `code`) when the connection goes. */
  async meanwhile(event, body) {
    const connection = this.connections;
    for (let tries = 0; ; tries++) {
      try {
        return await this.once(event, body, tries);
      } catch (error) {
        if (error.code && error.retry === "no") throw error;
        if (connection !== this.connections || !this.socket.connected) throw new Error("gone");
        await after(error.code ? this.#refused(error, tries) : 0);
      }
    }
  }

  /** As often as it takes, over as many connections as it takes. Throws only what is refused for good. */
  async call(event, body) {
    for (let tries = 0; ; tries++) {
      if (!this.caughtUp) await new Promise((resolve) => this.waiting.push(resolve));
      try {
        return await this.once(event, body, tries);
      } catch (error) {
        if (error.code && error.retry === "no") throw error;
        if (error.code) await after(this.#refused(error, tries));
      }
    }
  }

  #refused({ code, retry }, tries) {
    const name = `${code} ${retry}`;
    this.refusals[name] = (this.refusals[name] ?? 0) + 1;
    storm.changed();
    return Math.min(RETRY * 2 ** tries, MOST_RETRY);
  }
}

/** What is shown of one contact: events in order of their number, each once, without a gap. */
export class Screen {
  constructor(line, contact = {}) {
    this.line = line;
    this.contact = contact;
    this.epoch = undefined;
    this.shown = [];
    this.early = new Map();
    this.troubles = [];
    this.catching = null;
  }

  get last() {
    return this.shown.length;
  }

  /** An event or an own message's acknowledgement. One shown before is dropped, one too early waits for the gap. */
  show(event) {
    const { seq } = event;
    if (seq <= this.last) {
      const there = this.shown[seq - 1];
      const same = there.kind === event.kind && (there.text ?? null) === (event.text ?? null);
      if (!same) this.troubles.push(`number ${seq} was ${there.kind} “${there.text}”, then ${event.kind} “${event.text}”`);
      return;
    }
    this.early.set(seq, event);
    while (this.early.has(this.last + 1)) {
      const next = this.early.get(this.last + 1);
      this.early.delete(next.seq);
      this.shown.push({ seq: next.seq, kind: next.kind, role: next.by?.role, text: next.text, id: next.client_id });
    }
    if (this.early.size) setTimeout(() => this.early.size && this.catchUp().catch(() => {}), GAP);
  }

  /** Everything after the last number, however many pages. What an earlier connection began ends with it. */
  catchUp() {
    const { connections } = this.line;
    if (this.catching?.connections !== connections) {
      const going = { connections };
      going.pages = this.#pages().finally(() => {
        if (this.catching === going) this.catching = null;
      });
      this.catching = going;
    }
    return this.catching.pages;
  }

  async #pages() {
    for (let more = true; more; ) {
      const answer = await this.line.meanwhile("resume", { ...this.contact, after: this.last, epoch: this.epoch });
      if (answer.none) return;
      if (answer.reset) {
        this.troubles.push(`told to start over after number ${this.last}`);
        return;
      }
      this.epoch = answer.epoch;
      for (const event of answer.events) this.show(event);
      more = answer.more;
    }
  }
}
