// The load: pairs of one person and one supporter, each with the official Socket.IO client over WebSocket.
//
// Told what to do by JSON lines on stdin, answers by JSON lines on stdout: {"id", "do", …} → {"id", "done": {…}} or
// {"id", "failed": "why"}. All times are milliseconds of this one process's clock. Ends when stdin closes.

import { randomUUID } from "node:crypto";
import { createInterface } from "node:readline";
import { setTimeout as after } from "node:timers/promises";
import { io } from "socket.io-client";

const WORDS = "I keep going over it and I cannot sleep, it is better when somebody is there";
const CALL_TIMEOUT = 20_000;
const OWNER_TIMEOUT = 45_000;
const LOSS_TIMEOUT = 2_000;
const AT_ONCE = 40;

// Several are nodes of one service: the person of a pair is at one, the supporter at the next.
let urls = [];
let surface = null;
const pairs = [];
const persons = [];
const counts = { acked: 0, arrived: 0, failed: 0, lastFailure: "" };
// What an arrival is for: a paced message looks its number up here.
let onArrival = () => {};

const at = (given, further = 0) => urls[((Number(given.pair) || 0) + further) % urls.length];

function connect(url, namespace, auth, cookie, listen) {
  const options = { transports: ["websocket"], forceNew: true, reconnection: false, timeout: CALL_TIMEOUT, auth };
  if (cookie) options.extraHeaders = { cookie };
  const socket = io(url + namespace, options);
  listen?.(socket);
  return new Promise((resolve, reject) => {
    socket.once("connect", () => resolve(socket));
    socket.once("connect_error", (error) => reject(new Error(`${namespace} refused: ${error.message}`)));
  });
}

async function call(socket, event, body) {
  const answer = await socket.timeout(CALL_TIMEOUT).emitWithAck(event, body);
  if (answer?.error) throw new Error(`${event}: ${answer.error.code} ${answer.error.message}`);
  return answer;
}

function numberOf(text) {
  return Number.parseInt(text, 10);
}

// The two surfaces. Each opens pairs and single persons, and names the namespace of either side.

const bare = {
  async pair(given) {
    const supporter = await connect(at(given, 1), "/", { pair: given.pair, side: "supporter" }, null, (socket) =>
      socket.on("event", (event) => arrived(event.text)),
    );
    return { supporter, person: await this.person(given) };
  },
  person: (given) => connect(at(given), "/", { pair: given.pair, side: "person" }),
};

// Who owns a contact is the service's choice; a pair is known once its offer was accepted.
const offers = new Map();
const accepted = new Map();
// By group of supporters: who has which contact.
const owned = new Map();
let onOffer = () => {};

const product = {
  async supporter(given) {
    const supporter = await connect(at(given, 1), "/desk", {}, given.cookie, (socket) => {
      socket.on("offer", (offer) => {
        offers.set(offer.contact, performance.now());
        call(socket, "accept", { client_id: randomUUID(), offer: offer.offer }).then(
          ({ contact }) => own(contact, socket, given.group),
          (error) => fail(error.message),
        );
      });
      socket.on("event", (event) => {
        if (event.kind === "said" && event.by.role === "person") arrived(event.text);
      });
    });
    await call(supporter, "check_in", { client_id: randomUUID(), sound: true, notes_read: true });
    await call(supporter, "ready", { channels: ["web"], capacity: given.capacity ?? 1 });
    return supporter;
  },
  async pair(given) {
    await this.supporter(given);
    const person = await this.person(given);
    const { contact } = await call(person, "start", { client_id: randomUUID(), language: given.language ?? "en" });
    return { person, supporter: await owner(contact) };
  },
  person: (given) => connect(at(given), "/person", { token: given.token }),
};

function own(contact, socket, group) {
  if (group) owned.set(group, [...(owned.get(group) ?? []), { contact, socket }]);
  const waiting = accepted.get(contact);
  if (waiting) waiting(socket);
  else accepted.set(contact, socket);
  onOffer();
}

// The supporter who accepted, as soon as somebody has.
async function owner(contact) {
  const soon = () => Promise.race([new Promise((resolve) => accepted.set(contact, resolve)), after(OWNER_TIMEOUT)]);
  const socket = accepted.get(contact) ?? (await soon());
  if (!socket) {
    const offered = offers.has(contact) ? "offered" : "not offered";
    throw new Error(`nobody took ${contact} (${offered}): ${JSON.stringify(counts)}`);
  }
  accepted.delete(contact);
  return socket;
}

function fail(why) {
  counts.failed += 1;
  counts.lastFailure = why;
}

function arrived(text) {
  counts.arrived += 1;
  onArrival(numberOf(text));
}

function say(person, number, acked) {
  const body = { client_id: randomUUID(), text: `${number} ${WORDS}` };
  person.emit("say", body, (answer) => {
    if (answer?.error) fail(`say: ${answer.error.code}`);
    else counts.acked += 1;
    acked();
  });
}

async function openAll(givens, open) {
  const queue = givens.values();
  const opened = [];
  const workers = Array.from({ length: AT_ONCE }, async () => {
    for (const given of queue) opened.push(await open(given));
  });
  await Promise.all(workers);
  return opened;
}

async function settled(what) {
  for (let waited = 0; waited < CALL_TIMEOUT; waited += 5) {
    if (what()) return;
    await after(5);
  }
  throw new Error(`unsettled: ${JSON.stringify(counts)}`);
}

// Everything acknowledged has arrived. A server that may lose some is waited for a little, and its losses are counted.
async function arrivedAll(lossy) {
  const all = () => counts.arrived >= counts.acked;
  if (!lossy) await settled(all);
  else for (let waited = 0; waited < LOSS_TIMEOUT && !all(); waited += 5) await after(5);
  const lost = Math.max(0, counts.acked - counts.arrived);
  counts.arrived += lost;
  return lost;
}

// Each pair keeps one message in flight. Counts what was acknowledged and what arrived inside the window.
async function flood({ use, warm, seconds, lossy }) {
  let going = true;
  let inFlight = 0;
  let number = 0;
  const next = (person) => {
    inFlight -= 1;
    if (going) send(person);
  };
  const send = (person) => {
    inFlight += 1;
    say(person, number++, () => next(person));
  };
  for (const pair of pairs.slice(0, use)) send(pair.person);
  await after(warm * 1_000);
  const [acked, arrivedSoFar, began, cpu] = [counts.acked, counts.arrived, performance.now(), process.cpuUsage()];
  await after(seconds * 1_000);
  const took = (performance.now() - began) / 1_000;
  const used = process.cpuUsage(cpu);
  const result = {
    acked_per_second: (counts.acked - acked) / took,
    arrived_per_second: (counts.arrived - arrivedSoFar) / took,
    driver_busy: (used.user + used.system) / 1e6 / took,
  };
  going = false;
  await settled(() => inFlight === 0);
  return { ...result, lost: await arrivedAll(lossy) };
}

// Message k is meant for t0 + k / rate, whatever became of those before it: waiting for a late one is part of its time.
async function paced(rate, amount, send) {
  const began = performance.now() + 5;
  let k = 0;
  while (k < amount) {
    const due = Math.min(amount, Math.floor(((performance.now() - began) * rate) / 1_000) + 1);
    for (; k < due; k++) send(k, began + (k * 1_000) / rate);
    await after(1);
  }
}

// [intended, sent, arrived] for every message; `arrived` null when it never came.
async function pace({ rate, seconds, warm, lossy }) {
  const skip = Math.round(rate * warm);
  const times = Array.from({ length: skip + Math.round(rate * seconds) }, () => [0, 0, null]);
  const waiting = pairs.map(() => []);
  const busy = pairs.map(() => false);
  let open = times.length;
  onArrival = (number) => {
    if (times[number]) times[number][2] = performance.now();
  };
  // An author has one message in flight: the next waits for its acknowledgement.
  const send = (who) => {
    if (busy[who] || waiting[who].length === 0) return;
    busy[who] = true;
    const number = waiting[who].shift();
    times[number][1] = performance.now();
    say(pairs[who].person, number, () => {
      busy[who] = false;
      open -= 1;
      send(who);
    });
  };
  const cpu = process.cpuUsage();
  const began = performance.now();
  await paced(rate, times.length, (number, intended) => {
    const who = (number * 7919) % pairs.length;
    times[number][0] = intended;
    waiting[who].push(number);
    send(who);
  });
  const used = process.cpuUsage(cpu);
  const busyShare = (used.user + used.system) / 1e3 / (performance.now() - began);
  await settled(() => open === 0);
  const lost = await arrivedAll(lossy);
  onArrival = () => {};
  return { times: times.slice(skip), driver_busy: busyShare, lost };
}

// [intended, sent, acknowledged] of acknowledged calls, by the connected persons in turn.
async function calls({ rate, count }) {
  const times = Array.from({ length: count }, () => [0, 0, null]);
  let open = count;
  await paced(rate, count, (number, intended) => {
    times[number] = [intended, performance.now(), null];
    say(pairs[number % pairs.length].person, number, () => {
      times[number][2] = performance.now();
      open -= 1;
    });
  });
  await settled(() => open === 0 && counts.arrived === counts.acked);
  return { times };
}

// [intended, sent, offered] of `start`s by persons who are connected already; the offer is timed at the supporter.
async function starts({ rate, people, language }) {
  const ready = await openAll(people, (given) => surface.person(given));
  const times = Array.from({ length: ready.length }, () => [0, 0, null]);
  const contacts = [];
  await paced(rate, ready.length, (number, intended) => {
    times[number] = [intended, performance.now(), null];
    call(ready[number], "start", { client_id: randomUUID(), language }).then(
      ({ contact }) => {
        contacts[number] = contact;
      },
      (error) => fail(error.message),
    );
  });
  await settled(() => ready.every((_, number) => contacts[number] && accepted.has(contacts[number])));
  times.forEach((time, number) => {
    time[2] = offers.get(contacts[number]);
  });
  return { times };
}

// Persons whose pages come back by themselves, with the settings of webchat/static/person/line.js.
const staying = [];

function stays({ token }) {
  const options = {
    transports: ["websocket", "polling"],
    tryAllTransports: true,
    reconnectionDelay: 400,
    reconnectionDelayMax: 5_000,
    timeout: 10_000,
    forceNew: true,
    auth: { token },
  };
  const page = { lost: null, back: null };
  const socket = io(`${urls[0]}/person`, options);
  staying.push(page);
  socket.on("disconnect", () => Object.assign(page, { lost: performance.now(), back: null }));
  return new Promise((resolve) => {
    socket.on("connect", () => {
      page.back = performance.now();
      resolve(page);
    });
  });
}

// How long after they lost it each had a line again, once all have.
async function returned({ within }) {
  const until = performance.now() + within * 1_000;
  const all = () => staying.every((page) => page.lost !== null && page.back !== null);
  while (!all() && performance.now() < until) await after(20);
  return {
    seconds: staying.filter((page) => page.back !== null && page.lost !== null).map((page) => (page.back - page.lost) / 1_000),
    away: staying.filter((page) => page.back === null).length,
  };
}

// New people, one after another, for so long: each connects and begins, timed in milliseconds from opening the page.
async function newcomers({ people, seconds, language }) {
  const took = [];
  const until = performance.now() + seconds * 1_000;
  for (const given of people) {
    if (performance.now() > until) break;
    const began = performance.now();
    const person = await surface.person(given);
    await call(person, "start", { client_id: randomUUID(), language });
    took.push(performance.now() - began);
    person.disconnect();
    await after(20);
  }
  return { took };
}

// One after another: a conversation of the group ends and is wrapped up, the next is offered and accepted, and one
// more person comes to wait. Times from the wrap-up being sent to the next offer.
async function turns({ group, people, language }) {
  const nextMs = [];
  for (const given of people) {
    const { contact, socket } = owned.get(group).shift();
    const before = owned.get(group).length;
    await call(socket, "close", { client_id: randomUUID(), contact });
    const began = performance.now();
    const taken = new Promise((resolve) => {
      onOffer = () => owned.get(group).length > before && resolve();
    });
    await call(socket, "wrap_up", { client_id: randomUUID(), contact, outcome: "talked" });
    await taken;
    nextMs.push(offers.get(owned.get(group).at(-1).contact) - began);
    const person = await surface.person(given);
    persons.push(person);
    await call(person, "start", { client_id: randomUUID(), language });
  }
  onOffer = () => {};
  return { next_ms: nextMs };
}

const doings = {
  async aim(given) {
    urls = given.urls;
    surface = given.surface === "product" ? product : bare;
    return {};
  },
  async pairs({ pairs: givens }) {
    pairs.push(...(await openAll(givens, (given) => surface.pair(given))));
    return { pairs: pairs.length };
  },
  async supporters({ people }) {
    await openAll(people, (given) => surface.supporter(given));
    return {};
  },
  // Connected and silent; with `start` they also wait in the queue.
  async persons({ people, start, language }) {
    const opened = await openAll(people, async (given) => {
      const person = await surface.person(given);
      if (start) await call(person, "start", { client_id: randomUUID(), language });
      return person;
    });
    persons.push(...opened);
    return { persons: persons.length };
  },
  async stay({ people }) {
    await openAll(people, stays);
    return {};
  },
  returned,
  newcomers,
  flood,
  pace,
  calls,
  starts,
  turns,
  async counts() {
    return counts;
  },
};

const answer = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);
const lines = createInterface({ input: process.stdin });
lines.on("line", (line) => {
  const { id, do: name, ...given } = JSON.parse(line);
  doings[name](given).then(
    (done) => answer({ id, done }),
    (error) => answer({ id, failed: error.message }),
  );
});
lines.on("close", () => process.exit(0));
