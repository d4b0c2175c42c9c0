// The storm over several nodes: pairs who talk all evening, people who come and go, a lead at the board.
//
// Persons keep what they wrote in the product's own outbox (webchat/static/person/outbox.js). Told what to do by JSON
// lines on stdin, answers by JSON lines on stdout, as tests/crash/storm.mjs does.

import { randomUUID } from "node:crypto";
import { writeFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { setTimeout as after } from "node:timers/promises";
import { LineDown } from "../../../webchat/static/person/line.js";
import { Outbox } from "../../../webchat/static/person/outbox.js";
import { Line, Screen, storm } from "../../crash/line.mjs";

// Whoever sees that so much of theirs is still being sent waits with the rest.
const MOST_UNSENT = 40;
const OFFER_GONE = new Set(["offer_gone", "not_now", "not_found", "not_allowed"]);

const persons = [];
const supporters = [];
let lead = null;
let url = "";
let chance = Math.random;
let pauses = {};
let hushed = false;
let coming = null;
let acked = 0;
let watch = null;
let watchers = [];
const accepts = [];

/** Mulberry32: the same numbers from the same seed. */
function seeded(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

/** People write several short lines at once. */
const atOnce = () => 1 + Math.floor(chance() * (2 * pauses.lines - 1));

function changed() {
  watchers = watchers.filter(({ what, resolve }) => !what() || resolve());
}

storm.changed = changed;

function until(what) {
  return what() ? undefined : new Promise((resolve) => watchers.push({ what, resolve }));
}

/** A screen that also knows when it was shown something of a clock, by the true time. */
class TimedScreen extends Screen {
  constructor(line, contact) {
    super(line, contact);
    this.fired = [];
    this.ahead = 0;
  }

  show(event) {
    if (event.seq > this.last && !this.early.has(event.seq)) {
      if (event.kind === "clock_fired" || event.kind === "alerted") this.fired.push([event.seq, Date.now()]);
      // Dated later than it was shown: by a node whose clock is ahead.
      if (event.at) this.ahead = Math.max(this.ahead, Date.parse(event.at) - Date.now());
    }
    super.show(event);
  }
}

/** What somebody said, and when that was acknowledged. */
class Told {
  constructor(who, contact) {
    Object.assign(this, { who, contact, said: [], refused: "" });
  }

  say(id, text) {
    const message = { n: this.said.length + 1, id, text, sent: storm.point, acked: null, seq: null, at: Date.now(), took: null };
    this.said.push(message);
    changed();
    return message;
  }

  kept(message, seq) {
    Object.assign(message, { seq, acked: storm.point, took: Date.now() - message.at });
    acked += 1;
    watch?.kept(this, message);
    changed();
  }

  get next() {
    return `${this.who} ${this.said.length + 1}`;
  }

  get inFlight() {
    return this.said.length > 0 && this.said.at(-1).seq === null;
  }
}

/** How long it takes everybody to be served again: first word kept, a word of both of each pair, somebody new offered. */
class Watch {
  constructor(since) {
    this.since = since;
    this.first = null;
    this.offered = null;
    this.left = new Set(authorsOfPairs());
  }

  kept(author, message) {
    if (message.at < this.since) return;
    this.first ??= Date.now() - this.since;
    this.left.delete(author);
    if (!this.left.size) this.all ??= Date.now() - this.since;
  }

  wasOffered(person) {
    if (person.came >= this.since) this.offered ??= Date.now() - this.since;
  }

  get done() {
    return !this.left.size && (this.offered !== null || !coming);
  }

  get told() {
    return { first: this.first, all: this.all ?? null, offered: this.offered, left: [...this.left].map(({ who }) => who) };
  }
}

class Person {
  constructor(name, token, goes) {
    Object.assign(this, { name, goes, came: Date.now(), offered: null, contact: null, state: null, over: false });
    this.startId = randomUUID();
    this.told = new Told(name);
    this.going = null;
    this.outbox = new Outbox({
      send: (messages) => this.#send(messages),
      kept: (message, { seq }) => {
        this.screen.show({ seq, kind: "said", by: { role: "person" }, text: message.text, client_id: message.client_id });
        this.told.kept(message.told, seq);
      },
      failed: (_, error) => (this.told.refused = `${error.code ?? ""} ${error.message}`),
      changed() {},
    });
    this.line = new Line(url, "/person", { auth: { token } }, () => this.#catchUp());
    this.screen = new TimedScreen(this.line, {});
    this.line.onState = (state) => this.#see(state);
    this.line.socket.on("event", (event) => this.screen.show(event));
    this.line.socket.on("status", ({ state }) => this.#see(state));
    this.line.socket.on("disconnect", () => this.outbox.allow(false));
  }

  async #send(messages) {
    const [{ client_id, text }] = messages;
    try {
      const answer = await this.line.once("say", messages.length > 1 ? { messages } : { client_id, text });
      const seqs = answer.seqs ?? [answer.seq];
      return messages.map((_, place) => ({ seq: seqs[place] }));
    } catch (error) {
      throw error.code ? error : new LineDown();
    }
  }

  async #catchUp() {
    if (!this.contact) {
      const { contact } = await this.line.meanwhile("start", { client_id: this.startId, language: "en" });
      this.contact = contact;
      byContact.set(contact, this);
      changed();
    }
    await this.screen.catchUp();
    this.outbox.allow(true);
    if (!this.goes) this.going ??= this.#talk();
    else this.going ??= this.#visit();
  }

  say() {
    const text = this.told.next;
    const message = this.outbox.add(text);
    message.told = this.told.say(message.client_id, text);
  }

  async #talk() {
    await after(pauses.person * chance());
    while (!hushed && !this.told.refused) {
      for (let n = atOnce(); n > 0 && this.outbox.size < MOST_UNSENT; n--) this.say();
      await after(pauses.person * (0.5 + chance()));
    }
  }

  /** Somebody who comes, says a few words, and is gone when the conversation was ended. */
  async #visit() {
    if (this.goes.notSafe) await this.line.call("not_safe", { client_id: randomUUID() });
    for (let n = 0; n < this.goes.words; n++) {
      await after(pauses.person * (0.5 + chance()));
      this.say();
    }
  }

  #see(state) {
    this.state = state;
    changed();
  }

  /** They close their page once it shows the end. */
  async go() {
    await until(() => this.state?.phase === "ended");
    for (let shown = false; !shown; ) {
      await until(() => this.line.caughtUp);
      shown = await this.screen.catchUp().then(() => true, () => after(100));
    }
    this.over = true;
    this.line.socket.disconnect();
    changed();
  }

  get report() {
    const { said, refused } = this.told;
    return { said, refused, gone: false, shown: this.screen.shown, troubles: this.screen.troubles };
  }
}

const byContact = new Map();

class Supporter {
  constructor({ name, cookie }) {
    Object.assign(this, { name, mine: null });
    this.offers = new Map();
    this.talks = new Map();
    this.line = new Line(url, "/desk", { cookie }, () => this.#catchUp());
    const { socket } = this.line;
    socket.on("disconnect", () => {
      this.mine = null;
      changed();
    });
    socket.on("mine", (mine) => {
      this.mine = mine;
      this.offers = new Map(mine.offers.map((offer) => [offer.offer, offer]));
      changed();
    });
    socket.on("offer", (offer) => this.#offered(offer));
    socket.on("offer_gone", ({ offer }) => this.offers.delete(offer));
    socket.on("contact_gone", ({ contact }) => (this.#talk(contact).gone = true));
    socket.on("contact", ({ summary }) => this.#told(summary));
    socket.on("event", (event) => this.#talk(event.contact).screen.show(event));
  }

  async #catchUp() {
    const connection = this.line.connections;
    await until(() => this.mine || this.line.connections !== connection || !this.line.socket.connected);
    if (!this.mine) throw new Error("gone");
    const { attendance, contacts } = this.mine;
    if (!attendance.checked_in) {
      await this.line.meanwhile("check_in", { client_id: randomUUID(), sound: true, notes_read: true });
    }
    if (!attendance.ready) await this.line.meanwhile("ready", { channels: ["web"], capacity: 12 });
    const theirs = new Set(contacts.map(({ contact }) => contact));
    for (const contact of theirs) this.#talk(contact);
    for (const [contact, talk] of this.talks) talk.gone = !theirs.has(contact);
    await Promise.all([...this.talks.values()].map((talk) => talk.gone || this.#readOn(talk)));
    for (const contact of theirs) this.#begin(contact);
    for (const offer of [...this.offers.values()]) this.#offered(offer);
  }

  /** A node may still list who left us elsewhere a moment ago; asked for them, it looks, and says that they are not ours. */
  async #readOn(talk) {
    try {
      await talk.screen.catchUp();
    } catch (error) {
      if (error.code !== "not_found") throw error;
      talk.gone = true;
    }
  }

  /** A node that did not know yet that they are ours, when we came to it, says so when it does. */
  async #told({ contact, participants }) {
    const talk = this.#talk(contact);
    if (!talk.gone || !participants.some(({ id }) => id === this.name)) return;
    talk.gone = false;
    await talk.screen.catchUp().catch(() => {});
    this.#begin(contact);
  }

  #talk(contact) {
    let talk = this.talks.get(contact);
    if (!talk) {
      const told = new Told(`${this.name} ${contact.slice(2, 6)}`, contact);
      talk = { told, screen: new TimedScreen(this.line, { contact }), gone: false, going: null, climbed: false };
      this.talks.set(contact, talk);
    }
    return talk;
  }

  async #offered(offer) {
    this.offers.set(offer.offer, offer);
    const person = byContact.get(offer.contact);
    if (person) {
      person.offered ??= Date.now();
      watch?.wasOffered(person);
    }
    changed();
    try {
      const { contact, seq } = await this.line.call("accept", { client_id: randomUUID(), offer: offer.offer });
      accepts.push({ contact, by: this.name, seq, at: Date.now() });
      this.offers.delete(offer.offer);
      const talk = this.#talk(contact);
      talk.gone = false;
      await talk.screen.catchUp();
      this.#begin(contact);
    } catch (error) {
      if (error.code && !OFFER_GONE.has(error.code)) throw error;
    }
  }

  #begin(contact) {
    const talk = this.#talk(contact);
    if (talk.gone) return;
    const goes = byContact.get(contact)?.goes;
    talk.going ??= (goes ? this.#see(talk, contact, goes) : this.#keepTalking(talk, contact)).finally(() => (talk.going = null));
  }

  async #say(talk, contact, count = 1) {
    const messages = Array.from({ length: count }, () => talk.told.say(randomUUID(), talk.told.next));
    const body = messages.map(({ id, text }) => ({ client_id: id, text }));
    try {
      const { seq, seqs } = await this.line.call("say", { contact, ...(count > 1 ? { messages: body } : body[0]) });
      messages.forEach((message, place) => {
        const { id, text } = message;
        const number = seqs ? seqs[place] : seq;
        talk.screen.show({ seq: number, kind: "said", by: { role: "supporter" }, text, client_id: id });
        talk.told.kept(message, number);
      });
    } catch (error) {
      talk.told.refused = `${error.code ?? ""} ${error.message}`;
    }
  }

  async #keepTalking(talk, contact) {
    await after(pauses.supporter * chance());
    const climbs = byContact.get(contact)?.climbs;
    if (climbs && !talk.climbed) {
      talk.climbed = true;
      await this.#press("rung", { contact, to: 3 });
    }
    while (!hushed && !talk.gone && !talk.told.refused) {
      await this.#say(talk, contact, atOnce());
      await after(pauses.supporter * (0.5 + chance()));
    }
  }

  /** With somebody who stays a short while: a few words, perhaps a step up and back, the end, the wrapping up. */
  async #see(talk, contact, goes) {
    while (talk.told.said.length < goes.words && !talk.gone) {
      await after(pauses.supporter * (0.5 + chance()));
      await this.#say(talk, contact);
    }
    if (goes.rung && !talk.gone && !talk.climbed) {
      talk.climbed = true;
      await this.#press("rung", { contact, to: goes.rung });
      await after(goes.stays);
    }
    const person = byContact.get(contact);
    await until(() => talk.gone || (person.told.said.length === goes.words && !person.told.inFlight));
    if (talk.gone) return;
    await this.#press("close", { contact });
    await this.#press("wrap_up", { contact, outcome: "talked" });
    await person.go();
  }

  async #press(event, body) {
    try {
      await this.line.call(event, { client_id: randomUUID(), ...body });
    } catch (error) {
      if (!error.code) throw error;
      refusals.push(`${event} of ${body.contact}: ${error.code} ${error.message}`);
    }
  }
}

const refusals = [];

/** The lead's board: hears of every alert, and says "I have it" to every other one. */
class Lead {
  constructor({ cookie }) {
    this.heard = new Map();
    this.line = new Line(url, "/board", { cookie }, () => {});
    this.line.socket.on("snapshot", ({ waiting, live, alerts, over }) => {
      for (const one of alerts ?? []) this.#alert(one);
      for (const one of [...waiting, ...live, ...(over ?? [])]) for (const each of one.alerts ?? []) this.#alert({ contact: one.contact, ...each });
    });
    this.line.socket.on("change", ({ alert, contact }) => {
      if (alert) this.#alert(alert);
      for (const one of contact?.alerts ?? []) this.#alert({ contact: contact.contact, ...one });
    });
  }

  #alert({ contact, alert }) {
    const key = `${contact} ${alert}`;
    if (this.heard.has(key)) return;
    this.heard.set(key, Date.now());
    const person = byContact.get(contact);
    if (!person?.goes || this.heard.size % 2 || !alert.startsWith("rung")) return;
    this.line.call("acknowledge", { client_id: randomUUID(), contact, alert }).catch((error) => {
      if (!error.code) throw error;
    });
  }
}

function authorsOfPairs() {
  const stay = persons.filter(({ goes, contact }) => !goes && contact);
  return stay.flatMap((person) => [
    person.told,
    ...supporters.flatMap(({ talks }) => {
      const talk = talks.get(person.contact);
      return talk && !talk.gone ? [talk.told] : [];
    }),
  ]);
}

function authors() {
  return [...persons.map(({ told }) => told), ...supporters.flatMap(({ talks }) => [...talks.values()].map(({ told }) => told))];
}

function screens() {
  return [...persons.map(({ screen }) => screen), ...supporters.flatMap(({ talks }) => [...talks.values()].map(({ screen }) => screen))];
}

function count() {
  const came = persons.filter(({ goes }) => goes);
  return {
    acked,
    talking: persons.filter(({ goes, state }) => !goes && state?.phase === "with_you").length,
    pairs: persons.filter(({ goes }) => !goes).length,
    came: came.length,
    over: came.filter(({ over }) => over).length,
    inFlight: authors().filter((author) => author.inFlight).length,
    unanswered: storm.unanswered,
    caughtUp: [...persons, ...supporters].filter(({ line }) => line.caughtUp).length,
    refused: authors().filter(({ refused }) => refused).length,
  };
}

/** Somebody new every `every` milliseconds or so, until hushed. */
async function keepComing(every) {
  for (let n = 0; !hushed; n++) {
    await after(every * (0.5 + chance()));
    if (hushed || persons.filter(({ goes, over }) => goes && !over).length >= pauses.mostComing) continue;
    const rung = n % 3 === 1 ? 2 : 0;
    const goes = { words: 2 + Math.floor(chance() * 3), notSafe: n % 5 === 2, rung, stays: 4_000 + 10_000 * chance() };
    persons.push(new Person(`visitor ${n + 1}`, `visitor-${String(n).padStart(35, "0")}`, goes));
  }
}

const orders = {
  begin(given) {
    url = given.url;
    chance = seeded(given.seed);
    pauses = given.pauses;
    storm.timeout = given.timeout;
    supporters.push(...given.supporters.map((one) => new Supporter(one)));
    lead = new Lead(given.lead);
    for (let n = 0; n < given.pairs; n++) {
      const person = new Person(`person ${n + 1}`, `person-${String(n).padStart(36, "0")}`, null);
      person.climbs = n % 6 === 5;
      persons.push(person);
    }
    return {};
  },
  visitors({ every }) {
    coming ??= keepComing(every);
    return {};
  },
  point({ number }) {
    storm.point = number;
    return {};
  },
  count,
  async until(wanted) {
    await until(() => {
      const now = count();
      return Object.entries(wanted).every(([name, least]) => now[name] >= least);
    });
    return count();
  },
  // From here on it is watched how long it takes until everybody is served again.
  watch() {
    watch = new Watch(Date.now());
    return { since: watch.since };
  },
  async recovered({ within }) {
    const mine = watch;
    await Promise.race([until(() => mine.done), after(within)]);
    return mine.told;
  },
  // No more new people and words; done when all that was said is kept and all who came have gone, or after so long.
  async hush({ within }) {
    hushed = true;
    const kept = () => authors().every((author) => !author.inFlight || author.refused);
    const gone = () => persons.every(({ goes, over }) => !goes || over);
    await Promise.race([until(() => kept() && gone()), after(within)]);
    return count();
  },
  // Everybody catches up; what they were acknowledged and what they show goes into a file.
  async report({ path }) {
    const here = [...persons.filter(({ over }) => !over), ...supporters];
    await until(() => here.every(({ line }) => line.caughtUp));
    await Promise.all(persons.map((person) => person.over || person.screen.catchUp()));
    await Promise.all(supporters.flatMap(({ talks }) => [...talks.values()].map((talk) => talk.gone || talk.screen.catchUp())));
    const talks = persons.map(({ name, contact, came, offered, told, report, goes }) => ({
      name,
      contact,
      came,
      offered,
      pair: !goes,
      person: report,
      desks: supporters
        .filter(({ talks }) => talks.has(contact))
        .map(({ name: supporter, talks }) => {
          const { told, screen, gone } = talks.get(contact);
          const { shown, troubles, fired, ahead } = screen;
          return { supporter, said: told.said, refused: told.refused, gone, shown, troubles, fired, ahead };
        }),
    }));
    const alerts = [...lead.heard].map(([key, at]) => [...key.split(" "), at]);
    const lines = [...persons, ...supporters].map(({ name, line }) => ({ name, connections: line.connections, refusals: line.refusals }));
    writeFileSync(path, JSON.stringify({ talks, alerts, accepts, refusals, lines }));
    return count();
  },
  end() {
    for (const { line } of [...persons, ...supporters, lead]) line.socket.disconnect();
    return {};
  },
};

createInterface({ input: process.stdin })
  .on("line", async (line) => {
    const { id, do: name, ...given } = JSON.parse(line);
    let answer;
    try {
      answer = { id, done: await orders[name](given) };
    } catch (error) {
      answer = { id, failed: error.stack };
    }
    process.stdout.write(`${JSON.stringify(answer)}\n`);
  })
  .on("close", () => process.exit());
