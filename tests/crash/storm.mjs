// The storm: persons and supporters on the official Socket.IO client, saying numbered messages until told to hush.
//
// Told what to do by JSON lines on stdin, answers by JSON lines on stdout: {"id", "do", …} → {"id", "done": {…}} or
// {"id", "failed": "why"}. Ends when stdin closes.

import { randomUUID } from "node:crypto";
import { createInterface } from "node:readline";
import { setTimeout as after } from "node:timers/promises";
import { Line, Screen, storm } from "./line.mjs";

const persons = [];
const supporters = [];
const boards = new Map();
let url = "";
let chance = Math.random;
let hushed = false;
let acked = 0;
let watchers = [];

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

/** Says one message after the other, the next only when the last is acknowledged. */
class Author {
  constructor(line, screen, who, role, pause) {
    Object.assign(this, { line, screen, who, role, pause });
    this.said = [];
    this.refused = "";
    this.going = null;
    // The contact went to somebody else: what is shown of it ends there.
    this.gone = false;
  }

  /** Without a pause they say nothing of their own accord. */
  begin() {
    if (this.pause) this.going ??= this.#talk();
  }

  get inFlight() {
    return this.said.length > 0 && this.said.at(-1).seq === null;
  }

  async #talk() {
    await after(this.pause * chance());
    while (!hushed && !this.refused) {
      await this.say();
      await after(this.pause * (0.5 + chance()));
    }
    this.going = null;
  }

  async say() {
    const n = this.said.length + 1;
    const message = { n, id: randomUUID(), text: `${this.who} ${n}`, sent: storm.point, acked: null, seq: null };
    this.said.push(message);
    changed();
    try {
      const body = { ...this.screen.contact, client_id: message.id, text: message.text };
      const { seq } = await this.line.call("say", body);
      Object.assign(message, { seq, acked: storm.point });
      // The acknowledgement is the sending socket's copy.
      this.screen.show({ seq, kind: "said", by: { role: this.role }, text: message.text, client_id: message.id });
      acked += 1;
    } catch (error) {
      this.refused = `${error.code ?? ""} ${error.message}`;
    }
    changed();
  }

  get report() {
    const { said, refused, gone } = this;
    return { said, refused, gone, shown: this.screen.shown, troubles: this.screen.troubles };
  }
}

class Person {
  constructor({ name, token, language, polling, pause }) {
    Object.assign(this, { name, language });
    this.contact = null;
    this.state = null;
    this.startId = randomUUID();
    this.line = new Line(url, "/person", { auth: { token }, polling }, () => this.#catchUp());
    this.screen = new Screen(this.line);
    this.line.onState = (state) => this.#see(state);
    this.author = new Author(this.line, this.screen, name, "person", pause);
    this.line.socket.on("event", (event) => this.screen.show(event));
    this.line.socket.on("status", ({ state }) => this.#see(state));
  }

  async #catchUp() {
    if (!this.contact) {
      const started = await this.line.meanwhile("start", { client_id: this.startId, language: this.language });
      this.contact = started.contact;
    }
    await this.screen.catchUp();
    this.author.begin();
  }

  #see(state) {
    this.state = state;
    changed();
  }
}

class Supporter {
  constructor({ name, cookie, careful, pause }) {
    Object.assign(this, { name, careful, pause });
    this.offers = new Map();
    this.authors = new Map();
    this.slots = [];
    this.line = new Line(url, "/desk", { cookie }, () => this.#catchUp());
    this.mine = null;
    this.line.socket.on("disconnect", () => {
      this.mine = null;
      changed();
    });
    this.line.socket.on("mine", (mine) => {
      this.mine = mine;
      this.slots = mine.attendance.slots;
      this.offers = new Map(mine.offers.map((offer) => [offer.offer, offer]));
      changed();
    });
    this.line.socket.on("attendance", ({ slots }) => {
      this.slots = slots;
      changed();
    });
    this.line.socket.on("offer", (offer) => this.#offered(offer));
    this.line.socket.on("contact_gone", ({ contact }) => (this.#author(contact).gone = true));
    this.line.socket.on("offer_gone", ({ offer }) => this.offers.delete(offer));
    this.line.socket.on("event", (event) => this.#author(event.contact).screen.show(event));
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
    for (const contact of theirs) this.#author(contact);
    for (const [contact, author] of this.authors) author.gone ||= !theirs.has(contact) ;
    await Promise.all([...this.authors.values()].map((author) => author.gone || author.screen.catchUp()));
    for (const { contact } of contacts) this.authors.get(contact).begin();
    for (const offer of [...this.offers.values()]) this.#offered(offer);
  }

  #author(contact) {
    let author = this.authors.get(contact);
    if (!author) {
      const screen = new Screen(this.line, { contact });
      author = new Author(this.line, screen, `${this.name} ${contact.slice(2, 6)}`, "supporter", this.pause);
      this.authors.set(contact, author);
    }
    return author;
  }

  #offered(offer) {
    this.offers.set(offer.offer, offer);
    changed();
    if (!this.careful) this.accept(offer);
  }

  async accept({ offer }) {
    try {
      const { contact } = await this.line.call("accept", { client_id: randomUUID(), offer });
      this.offers.delete(offer);
      await this.#author(contact).screen.catchUp();
      this.authors.get(contact).begin();
      changed();
    } catch (error) {
      if (error.code && error.code !== "offer_gone") throw error;
    }
  }
}

function changed() {
  watchers = watchers.filter(({ what, resolve }) => !what() || resolve());
}

storm.changed = changed;

function until(what) {
  return what() ? undefined : new Promise((resolve) => watchers.push({ what, resolve }));
}

function authors() {
  return [...persons.map(({ author }) => author), ...supporters.flatMap(({ authors }) => [...authors.values()])];
}

function count() {
  return {
    acked,
    live: persons.filter(({ state }) => state?.phase === "with_you").length,
    started: persons.filter(({ contact }) => contact).length,
    offered: supporters.reduce((sum, { offers }) => sum + offers.size, 0),
    alerts: authors().reduce((sum, { screen }) => sum + screen.shown.filter(({ kind }) => kind === "alerted").length, 0),
    unanswered: storm.unanswered,
    inFlight: authors().filter((author) => author.inFlight).length,
    authors: authors().length,
    caughtUp: [...persons, ...supporters].filter(({ line }) => line.caughtUp).length,
  };
}

function contactOf(name) {
  return persons.find((one) => one.name === name)?.contact;
}

function supporterOf(contact) {
  return supporters.find(({ authors }) => authors.has(contact));
}

async function calls(line, event, body) {
  return { ...(await line.call(event, { client_id: randomUUID(), ...body })), at: Date.now() };
}

const orders = {
  begin(given) {
    url = given.url;
    chance = seeded(given.seed);
    storm.timeout = given.timeout ?? storm.timeout;
    supporters.push(...given.supporters.map((one) => new Supporter(one)));
    persons.push(...given.persons.map((one) => new Person(one)));
    for (const { name, cookie } of given.boards ?? []) boards.set(name, new Line(url, "/board", { cookie }, () => {}));
    return {};
  },
  point({ number }) {
    storm.point = number;
    return {};
  },
  count,
  // Waits until every figure given has been reached.
  async until(wanted) {
    await until(() => {
      const now = count();
      return Object.entries(wanted).every(([name, least]) => now[name] >= least);
    });
    return count();
  },
  // Waits until each of those lines has been refused in this way at least once.
  async refusals({ name, by }) {
    const lines = [...persons, ...supporters].filter((one) => by.includes(one.name)).map(({ line }) => line);
    await until(() => lines.every(({ refusals }) => refusals[name]));
    return {};
  },
  contacts: () => ({ contacts: persons.map(({ name, contact }) => ({ name, contact, by: supporterOf(contact)?.name })) }),
  offers: () => ({ offers: supporters.flatMap(({ name, offers }) => [...offers.values()].map((one) => ({ ...one, to: name }))) }),
  desk: ({ contact, event, ...body }) => calls(supporterOf(contact).line, event, { contact, ...body }),
  board: ({ name, event, ...body }) => calls(boards.get(name), event, body),
  supporter: ({ name, event, ...body }) => calls(supporters.find((one) => one.name === name).line, event, body),
  person: ({ name, event, ...body }) => calls(persons.find((one) => one.name === name).line, event, body),
  // The offer of this person, as soon as it stands.
  async offer({ contact_of: name }) {
    const standing = () =>
      supporters.flatMap(({ offers }) => [...offers.values()]).find(({ contact }) => contact && contact === contactOf(name));
    await until(standing);
    return standing();
  },
  // Done when exactly this supporter's slot is held for the person.
  async held({ contact_of: name, supporter }) {
    const holders = () => supporters.filter(({ slots }) => slots.includes(contactOf(name))).map((one) => one.name);
    await until(() => holders().join() === supporter);
    return {};
  },
  async accept({ supporter, offer }) {
    await supporters.find(({ name }) => name === supporter).accept(offer);
    return {};
  },
  // How much a page opened anew is shown of these persons' contacts, and how much theirs shows.
  async afresh({ names }) {
    const shown = {};
    for (const { name, line, screen } of persons.filter((one) => names.includes(one.name))) {
      const anew = new Screen(line);
      await anew.catchUp();
      shown[name] = [anew.last, screen.last];
    }
    return { shown };
  },
  // No more new messages; done when all that were sent are acknowledged.
  async hush() {
    hushed = true;
    await until(() => authors().every((author) => !author.inFlight || author.refused));
    return count();
  },
  // One message of this person, or of this supporter to them; done when it is acknowledged.
  async say({ name, supporter }) {
    const person = persons.find((one) => one.name === name);
    const desk = supporters.find((one) => one.name === supporter);
    await (desk ? desk.authors.get(person.contact) : person.author).say();
    return {};
  },
  // Everybody catches up, then tells what they were acknowledged and what they show.
  async report() {
    await until(() => [...persons, ...supporters].every(({ line }) => line.caughtUp));
    await Promise.all(authors().map((author) => author.gone || author.screen.catchUp()));
    return {
      talks: persons.map(({ name, contact, author }) => ({
        name,
        contact,
        person: author.report,
        desks: supporters
          .filter(({ authors }) => authors.has(contact))
          .map((supporter) => ({ supporter: supporter.name, ...supporter.authors.get(contact).report })),
      })),
    };
  },
  end() {
    for (const { line } of [...persons, ...supporters]) line.socket.disconnect();
    for (const line of boards.values()) line.socket.disconnect();
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
