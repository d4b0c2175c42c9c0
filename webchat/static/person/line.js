// The line to the service: one socket, calls that are answered, and honest news of when it is down.

const ANSWER_WITHIN = 15_000;
const MENTION_AFTER = 1_500; // a blink of the line is not worth a word

/** The line was down, or went down before the answer came: the outcome is unknown, the same id settles it. */
export class LineDown extends Error {}

/** The service said no. `code`, `retry` and `message` are those of the answer. */
export class Refused extends Error {
  constructor(error) {
    super(error.message);
    this.code = error.code;
    this.retry = error.retry;
  }
}

export class Line {
  /**
   * `up()` on every connection, `down()` when it is lost long enough to say so, `refused(error)`,
   * `pushed(name, body)`, and `stands(state)` for the state in an answer. `only` says what a line is for that is
   * nobody's presence in a chat.
   */
  constructor(tell) {
    this.tell = tell;
    this.socket = null;
    this.opening = null;
    this.closed = false;
    this.saidDown = false;
    addEventListener("online", () => this.again());
    document.addEventListener("visibilitychange", () => document.hidden || this.again());
  }

  get isUp() {
    return Boolean(this.socket?.connected);
  }

  open() {
    this.opening ??= this.load();
    return this.opening;
  }

  async load() {
    const client = "/static/vendor/socket.io.esm.min.js";
    for (let wait = 1_000, again = ""; ; wait = Math.min(wait * 2, 8_000), again = `?${wait}`) {
      try {
        const { io } = await import(client + again); // some browsers remember that an address failed
        if (!this.closed) this.connect(io);
        return;
      } catch {
        this.mention();
        await new Promise((resolve) => setTimeout(resolve, wait));
        if (this.closed) return;
      }
    }
  }

  /** From here on somebody else listens. They are told how the line is, once what is being done here is done. */
  handTo(tell) {
    this.tell = tell;
    queueMicrotask(() => {
      if (this.isUp) tell.up();
      else if (this.saidDown) tell.down();
    });
  }

  connect(io) {
    const socket = (this.socket = io("/person", {
      auth: (give) => give(this.tell.only ? { only: this.tell.only } : {}),
      transports: ["websocket", "polling"],
      tryAllTransports: true,
      reconnectionDelay: 400,
      reconnectionDelayMax: 5_000,
      timeout: 10_000,
    }));
    socket.on("connect", () => {
      clearTimeout(this.mentioning);
      this.mentioning = null;
      this.saidDown = false;
      this.tell.up();
    });
    socket.on("disconnect", (reason) => {
      this.mention();
      if (reason === "io server disconnect") setTimeout(() => this.again(), 1_000);
    });
    socket.on("connect_error", (error) => {
      this.mention();
      if (!socket.active) {
        if (error.message === "no_session") this.tell.refused(error.data?.error ?? { code: "no_session" });
        else setTimeout(() => this.again(), 3_000);
      }
    });
    // This node stops. Not all at once, and with nothing on the screen: another one is there.
    socket.on("moving", ({ within_ms }) => setTimeout(() => this.move(socket), Math.random() * within_ms));
    socket.onAny((name, body) => this.tell.pushed(name, body));
  }

  move(socket) {
    if (!this.closed && socket.connected) socket.disconnect().connect();
  }

  mention() {
    this.mentioning ??= setTimeout(() => {
      this.saidDown = true;
      this.tell.down();
    }, MENTION_AFTER);
  }

  again() {
    // Also ends a wait between two tries: the device says there is a line now.
    if (this.socket && !this.closed && !this.socket.connected) this.socket.disconnect().connect();
  }

  /** One call. Throws `LineDown` or `Refused`. */
  async call(name, body = {}) {
    if (!this.isUp) throw new LineDown();
    let answer;
    try {
      answer = await this.answered(name, body);
    } catch {
      throw new LineDown();
    }
    if (answer?.error) throw new Refused(answer.error);
    return answer;
  }

  answered(name, body) {
    return new Promise((resolve, reject) => {
      this.socket.timeout(ANSWER_WITHIN).emit(name, body, (error, answer) => {
        if (error) {
          reject(error);
          return;
        }
        // At once: over a long poll the next push is already here, newer, and would come before any promise.
        if (answer?.state) this.tell.stands(answer.state);
        resolve(answer);
      });
    });
  }

  /** A word that needs no answer and is not worth repeating: typing, seen. */
  mutter(name, body) {
    if (this.isUp) this.socket.volatile.emit(name, body);
  }

  close() {
    this.closed = true;
    clearTimeout(this.mentioning);
    this.socket?.disconnect();
  }
}
