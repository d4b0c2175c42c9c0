// The talk from start to end: catches up, keeps order, sends what was written, and shows where things stand.

import { showDoor } from "./door.js";
import { watchForms } from "./forms.js";
import { whenLeaving } from "./leave.js";
import { Line, LineDown, Refused } from "./line.js";
import { LONGEST, Outbox } from "./outbox.js";
import { showState } from "./showing.js";
import { set, tell } from "./status.js";
import { Transcript } from "./transcript.js";
import { refusal, say } from "./words.js";

const GAP = 500; // milliseconds a missing event may take to arrive by itself
const SLOW = 700; // a message that is kept sooner than this needs no "Sending"
const TYPING_EVERY = 4_000;
const TYPING_LASTS = 8_000;

const box = document.getElementById("box");

export class Talk {
  /**
   * `start` is the body of the call that begins a contact; without it an open one is taken up again. `line` is one
   * that is open already.
   */
  constructor(start = null, line = null) {
    this.start = start;
    this.last = 0;
    this.epoch = undefined;
    this.state = null;
    this.shown = null;
    this.left = false;
    this.early = new Map(); // events that came before one that is still missing
    this.transcript = new Transcript();
    this.wasDown = false;
    this.seenSent = 0;
    this.typedAt = 0;
    this.line = line ?? new Line({});
    this.outbox = new Outbox({
      send: (messages) => this.send(messages),
      kept: (message, { seq, at }) =>
        this.take([{ kind: "said", seq, at, by: { role: "person" }, text: message.text, client_id: message.client_id }]),
      failed: (message, error) => this.notSent(message, error),
      changed: () => this.showSent(),
    });
    whenLeaving(() => this.forget());
    document.addEventListener("visibilitychange", () => this.markSeen());
    watchForms(this);
    this.watchPlans();
  }

  open() {
    document.body.dataset.stage = "talk";
    this.line.handTo({
      up: () => this.catchUp(),
      down: () => this.lineDown(),
      refused: (error) => this.lost(error),
      pushed: (name, body) => this.pushed(name, body),
      stands: (state) => this.setState(state),
    });
    void this.line.open();
  }

  // -- catching up ------------------------------------------------------------------------------------------------

  async catchUp() {
    if (this.catching) {
      this.catchAgain = true;
      return;
    }
    this.catching = true;
    try {
      if (this.start) await this.begin();
      do {
        this.catchAgain = false;
        await this.readOn();
      } while (this.catchAgain);
      this.settleFirst();
      this.lineUp();
      void this.plans?.then((plans) => plans.refresh()).catch(() => {});
    } catch (error) {
      if (error instanceof Refused && error.retry === "no") this.lost(error);
      else if (this.line.isUp) setTimeout(() => this.catchUp(), 2_000);
    } finally {
      this.catching = false;
    }
  }

  async begin() {
    this.startSent = true;
    await this.line.call("start", this.start);
    this.start = null;
  }

  async readOn() {
    for (;;) {
      const answer = await this.line.call("resume", { after: this.last, ...(this.epoch && { epoch: this.epoch }) });
      if (answer.none) {
        location.replace("/chat");
        return;
      }
      if (answer.reset) {
        this.last = 0;
        this.epoch = undefined;
        this.early.clear();
        this.transcript.clear();
        for (const message of this.outbox.waiting) this.transcript.addUnsent(message);
        continue;
      }
      this.epoch = answer.epoch;
      this.take(answer.events);
      if (!answer.more) return;
    }
  }

  /** Events in any order, perhaps again: each is shown once, in its turn. */
  take(events) {
    for (const event of events) if (event.seq > this.last) this.early.set(event.seq, event);
    for (let next; (next = this.early.get(this.last + 1)); ) {
      this.early.delete(++this.last);
      if (next.client_id) this.outbox.settle(next.client_id);
      this.transcript.add(next);
      if (next.kind === "plan_opened") void this.withPlans((plans) => plans.refresh(next.how === "returned"));
      if (next.kind === "left") this.left = true;
      else if (next.kind === "reopened" || next.by?.role === "person") this.left = false;
      if (next.kind === "said" && next.by?.role !== "person") set("writing", "");
    }
    clearTimeout(this.gap);
    if (this.early.size) this.gap = setTimeout(() => this.line.isUp && this.catchUp(), GAP);
    this.showSent();
    this.markSeen();
    if (this.state) this.setState({ ...this.state });
  }

  // -- the line ---------------------------------------------------------------------------------------------------

  lineUp() {
    this.outbox.allow(true);
    if (this.wasDown) tell(say("talk.back"), 4_000);
    this.wasDown = false;
    this.showLine();
    this.showSent();
  }

  lineDown() {
    this.wasDown = true;
    this.outbox.allow(false);
    set("writing", "");
    this.showLine();
    this.showSent();
  }

  lost(error) {
    this.line.close();
    this.outbox.allow(false);
    set("line", refusal(error));
    document.getElementById("reload").hidden = false;
  }

  pushed(name, body) {
    if (name === "event") this.take([body]);
    else if (name === "queue") this.setState({ ...this.state, queue: body });
    else if (name === "status") this.setState(body.state);
    else if (name === "plan") void this.withPlans((plans) => plans.hear(body.plan));
    else if (name === "typing") this.otherIsWriting(body);
    else if (name === "door") {
      showDoor(body);
      if (this.state) this.setState({ ...this.state });
    }
    else if (name === "seen") {
      this.transcript.seen(body.seq);
      this.showSent();
    }
  }

  otherIsWriting({ on, name }) {
    clearTimeout(this.writing);
    set("writing", on ? say("talk.writing", { name }) : "");
    if (on) this.writing = setTimeout(() => set("writing", ""), TYPING_LASTS);
  }

  // -- a plan -----------------------------------------------------------------------------------------------------

  /** What a plan needs is fetched by a chat that has one, and by no other. */
  async withPlans(act) {
    this.plans ??= import("./plan.js").then(({ Plans }) => Plans.open(this));
    try {
      await act(await this.plans);
    } catch {
      this.plansLate ??= setTimeout(() => {
        this.plansLate = null;
        void this.withPlans((plans) => plans.refresh());
      }, 3_000);
      await this.plans.catch(() => (this.plans = null)); // not fetched: another try fetches anew
    }
  }

  watchPlans() {
    const press = (id, event, act) =>
      document.getElementById(id)?.addEventListener(event, (told) => {
        told.preventDefault();
        void this.withPlans(act(told));
      });
    press("plan-way", "submit", ({ submitter }) => (plans) => plans.begin(submitter?.value || "safety"));
    press("have-plan", "click", () => (plans) => plans.askForCode());
  }

  // -- what the person does ---------------------------------------------------------------------------------------

  write(text) {
    const words = text.trim();
    if (!words) return true;
    if ([...words].length > LONGEST) {
      tell(say("error.too_long"), 8_000);
      return false;
    }
    this.stopTyping();
    if (this.start && !this.startSent && !this.start.first_message && !this.outbox.size) this.beginWith(words);
    else this.transcript.addUnsent(this.outbox.add(words));
    this.showSent();
    return true;
  }

  /** The first words go with the start itself, so that nobody comes before them. The service names them so. */
  beginWith(words) {
    this.start.first_message = words;
    this.first = { client_id: `${this.start.client_id}/first`, text: words };
    this.transcript.addUnsent(this.first);
  }

  /** A chat that was open already, from another page, has not taken the first words: they follow as any others. */
  settleFirst() {
    if (this.first && this.transcript.unsent.has(this.first.client_id)) {
      this.transcript.drop(this.first);
      this.transcript.addUnsent(this.outbox.add(this.first.text));
    }
    this.first = null;
  }

  async send(messages) {
    const [{ client_id, text }] = messages;
    const answer = await this.line.call("say", messages.length > 1 ? { messages } : { client_id, text });
    const seqs = answer.seqs ?? [answer.seq];
    return messages.map((_, place) => ({ seq: seqs[place], at: answer.at }));
  }

  notSent(message, error) {
    this.transcript.drop(message);
    if (!box.value) box.value = message.text; // nothing they wrote is lost
    tell(`${say("talk.not_sent")}. ${refusal(error)}`, 10_000);
  }

  /** A changing call that must get through: repeated with the same id until the service has answered. */
  async ask(name, body = {}) {
    const whole = { client_id: crypto.randomUUID(), ...body };
    for (let tries = 0; ; tries++) {
      try {
        return await this.line.call(name, whole);
      } catch (error) {
        if (error instanceof Refused && error.retry === "no") throw error;
        await new Promise((resolve) => setTimeout(resolve, error instanceof LineDown ? 1_000 : Math.min(1_000 * 2 ** tries, 8_000)));
        if (this.line.closed) throw error;
      }
    }
  }

  typing() {
    clearTimeout(this.idle);
    this.idle = setTimeout(() => this.stopTyping(), TYPING_EVERY + 1_000);
    if (Date.now() - this.typedAt < TYPING_EVERY) return;
    this.typedAt = Date.now();
    this.line.mutter("typing", { on: true });
  }

  stopTyping() {
    clearTimeout(this.idle);
    if (this.typedAt) this.line.mutter("typing", { on: false });
    this.typedAt = 0;
  }

  markSeen() {
    if (document.hidden || this.seenSent >= this.last || this.seenTimer) return;
    this.seenTimer = setTimeout(() => {
      this.seenTimer = null;
      if (document.hidden || !this.line.isUp) return;
      this.seenSent = this.last;
      this.line.mutter("seen", { seq: this.last });
    }, 800);
  }

  // -- what is shown ----------------------------------------------------------------------------------------------

  setState(state) {
    if (!state) return;
    this.state = state;
    const was = this.shown;
    // They ended it: for them it has ended, also while their supporter still writes the note.
    this.shown = this.left ? { ...state, phase: "ended", supporter: null, choice: null } : state;
    showState(this.shown, was);
    this.showLine();
  }

  showLine() {
    const away = this.state?.line === "supporter_away" && this.state.supporter;
    if (this.wasDown) set("line", say("talk.reconnecting"));
    else set("line", away ? say("talk.away", { name: away.name }) : "");
  }

  showSent() {
    clearTimeout(this.slow);
    this.transcript.showSent(!this.wasDown, false);
    if (this.transcript.unsent.size && !this.wasDown) this.slow = setTimeout(() => this.transcript.showSent(!this.wasDown, true), SLOW);
  }

  forget() {
    this.outbox.forget();
    this.line.close();
    this.early.clear();
    this.transcript.clear();
    void this.plans?.then((plans) => plans.forget()).catch(() => {});
  }
}
