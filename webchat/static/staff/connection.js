/** The line to the service: calls with their answers, pushes, and whether the line is there. */

import { io } from "/static/vendor/socket.io.esm.min.js";

const ANSWER_WITHIN_MS = 12_000;
const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 15_000;
const MENTION_AFTER_MS = 1_500; // a blink of the line is not worth a word

/** An answer that says no. `retry`: `no`, `same_id` (send the same again, it is settled) or `later`. */
export class CallError extends Error {
  /** @param {{code: string, message: string, retry: "no" | "same_id" | "later"}} error */
  constructor(error) {
    super(error.message);
    this.code = error.code;
    this.retry = error.retry;
    this.carried = error;
  }
}

const noLine = () =>
  new CallError({
    code: "no_line",
    message: "The line is lost. This will be sent when it is back.",
    retry: "same_id",
  });

/** A fresh UUID. `randomUUID` exists only over TLS and on this machine, so the plain way stands beside it. */
export function newId() {
  if (crypto.randomUUID) return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

/**
 * Open a namespace. `onLine` hears `on`, `lost` and `signed_out`; `events` maps pushes to what hears them.
 * @param {string} namespace @param {Record<string, (body: any) => void>} events @param {(line: string) => void} onLine
 */
export function openLine(namespace, events, onLine) {
  const socket = io(namespace, {
    transports: ["websocket", "polling"],
    reconnectionDelay: 400,
    reconnectionDelayMax: 5_000,
  });
  let mentioning;
  const lost = () => (mentioning ??= setTimeout(() => onLine("lost"), MENTION_AFTER_MS));
  const found = () => {
    clearTimeout(mentioning);
    mentioning = undefined;
  };
  const waiting = new Set();
  const wakers = new Set();

  for (const [name, hear] of Object.entries(events)) socket.on(name, hear);
  socket.on("connect", () => {
    found();
    onLine("on");
    for (const wake of [...wakers]) wake();
  });
  socket.on("disconnect", (why) => {
    for (const giveUp of [...waiting]) giveUp(noLine());
    lost();
    // The library does not come back by itself when the server hung up; a restart looks just like that.
    if (why === "io server disconnect") setTimeout(() => socket.connect(), FIRST_WAIT_MS);
  });
  socket.on("connect_error", (error) => {
    const refused = error.data?.error?.code ?? error.data?.code ?? error.message;
    if (["not_signed_in", "not_allowed"].includes(refused)) {
      found();
      onLine("signed_out");
    } else lost();
    if (!socket.active) setTimeout(() => socket.connect(), LONGEST_WAIT_MS);
  });

  // This node stops. Not all at once, and with nothing on the screen: another one is there.
  socket.on("moving", ({ within_ms }) =>
    setTimeout(() => socket.connected && socket.disconnect().connect(), Math.random() * within_ms),
  );

  /**
   * One call, one answer; throws `CallError`. Nothing is kept when the line is lost: `settle` does that.
   * @param {string} name @param {object} body @returns {Promise<any>}
   */
  function call(name, body = {}) {
    if (!socket.connected) return Promise.reject(noLine());
    return new Promise((give, refuse) => {
      const done = (act, value) => {
        waiting.delete(giveUp);
        clearTimeout(late);
        act(value);
      };
      const giveUp = (error) => done(refuse, error);
      const late = setTimeout(() => giveUp(noLine()), ANSWER_WITHIN_MS);
      waiting.add(giveUp);
      socket.emit(name, body, (answer) => {
        if (answer?.error) giveUp(new CallError({ ...answer, ...answer.error }));
        else done(give, answer);
      });
    });
  }

  /** Resolves at the next connect, or after `ms` when the line is there. */
  function soon(ms) {
    return new Promise((go) => {
      const wake = () => {
        wakers.delete(wake);
        clearTimeout(timer);
        go();
      };
      const timer = socket.connected ? setTimeout(wake, ms) : undefined;
      wakers.add(wake);
    });
  }

  /**
   * A call that changes something: sent again under the same `client_id` until its outcome is known.
   * @param {string} name @param {{client_id?: string}} body @param {(error: CallError) => void} [onWait]
   */
  async function settle(name, body, onWait = () => {}) {
    const sent = body.messages ? body : { client_id: newId(), ...body };
    for (let wait = FIRST_WAIT_MS; ; wait = Math.min(wait * 2, LONGEST_WAIT_MS)) {
      try {
        return await call(name, sent);
      } catch (error) {
        if (!(error instanceof CallError) || error.retry === "no") throw error;
        onWait(error);
        await soon(wait);
      }
    }
  }

  /** Something that may be lost: typing, a watermark. */
  function mention(name, body) {
    if (socket.connected) socket.volatile.emit(name, body, () => {});
  }

  return { call, settle, mention, connected: () => socket.connected };
}
