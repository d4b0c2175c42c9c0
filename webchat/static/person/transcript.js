// The conversation as it is shown: what was said, and quiet marks between. One event is shown once.

import { dayAndTime, message, nameOfLanguage, opensAt, say, time } from "./words.js";

const NEW_MARK_AFTER = 20 * 60_000; // a silence this long gets the time again

const log = document.getElementById("log");
const sent = document.getElementById("sent");
const main = document.getElementById("main");

export class Transcript {
  constructor() {
    this.clear();
  }

  clear() {
    log.replaceChildren();
    this.said = new Map(); // seq → element
    this.unsent = new Map(); // client_id → element
    this.marked = 0;
    this.with = ""; // who was last with them, by shown name
    this.mine = null; // {seq} of the last thing said, when it was theirs
    this.read = 0;
    this.readAt = null;
    sent.textContent = "";
  }

  /** Show one event of the service, in its turn. */
  add(event) {
    const at = new Date(event.at);
    if (event.kind === "said") return this.addSaid(event, at);
    if (event.kind === "corrected") return this.change(event.of, event.text);
    if (event.kind === "withdrawn") return this.change(event.of, null);
    if (event.kind === "started") this.mark(message("words_kept")?.text, at);
    else this.mark(this.wordsFor(event), at);
  }

  wordsFor(event) {
    const name = event.by?.name ?? "";
    switch (event.kind) {
      case "accepted": {
        const key = this.with && this.with !== name ? "supporter_changed" : "supporter_joined";
        this.with = name;
        return message(key, { name })?.text;
      }
      case "joined":
        this.with = name;
        return say(`mark.joined_${event.how}`, { name }) || say("mark.joined", { name });
      case "closed":
        return event.why === "silence" ? say("mark.closed_silence") : message("ended")?.text;
      case "told":
        return message(event.what === "closed" && !event.opens_at ? "closed_until_told" : event.what, {
          name: this.with,
          opens_at: event.opens_at ? opensAt(new Date(event.opens_at), new Date(event.at), false) : "",
        })?.text;
      case "choice_made": {
        const [kind, tag] = event.choice.split(":");
        return say(`mark.choice_${kind}`, tag ? { language: nameOfLanguage(tag) } : {});
      }
      case "reopened":
        return event.open ? message("waiting")?.text : "";
      case "plan_opened":
        return say(`mark.plan_${event.how}`);
      case "stepped_out":
      case "released":
      case "not_safe":
      case "call_me":
        return say(`mark.${event.kind}`, { name });
      default:
        return ""; // kinds this page does not know are passed over
    }
  }

  mark(text, at) {
    if (!text) return;
    const due = this.timeDue(at);
    this.insert(paragraph("mark", due ? `${due}. ${text}` : text));
    this.mine = null;
  }

  markTime(at) {
    const due = this.timeDue(at);
    if (due) this.insert(paragraph("mark", due));
  }

  /** The day and time, when it is new or there was a long silence. */
  timeDue(at) {
    const last = this.marked && new Date(this.marked);
    this.marked = Math.max(this.marked, at.getTime());
    return !last || last.toDateString() !== at.toDateString() || at - last > NEW_MARK_AFTER ? dayAndTime(at) : "";
  }

  addSaid(event, at) {
    const mine = event.by?.role === "person";
    const waiting = event.client_id && this.unsent.get(event.client_id);
    this.markTime(at);
    const bubble = waiting || bubbleFor(mine, event.by?.name);
    fill(bubble, event.text, event.lang);
    bubble.classList.remove("kept", "unsent");
    this.unsent.delete(event.client_id);
    this.insert(bubble);
    this.said.set(event.seq, bubble);
    this.mine = mine ? { seq: event.seq } : null;
    if (!mine) this.with = event.by?.name || this.with;
  }

  /** What was written here and is not yet kept by the service, at the end of everything. */
  addUnsent({ client_id: id, text }) {
    const bubble = bubbleFor(true);
    fill(bubble, text);
    bubble.classList.add("unsent");
    this.unsent.set(id, bubble);
    log.append(bubble);
    toEnd();
  }

  drop({ client_id: id }) {
    this.unsent.get(id)?.remove();
    this.unsent.delete(id);
  }

  change(of, text) {
    const bubble = this.said.get(of);
    if (!bubble) return;
    bubble.classList.toggle("gone", text === null);
    fill(bubble, text ?? say("talk.taken_back"));
    if (text !== null) bubble.append(small(say("talk.changed")));
  }

  /** The other side has read up to `seq`. */
  seen(seq) {
    if (seq <= this.read) return;
    this.read = seq;
    this.readAt = new Date();
  }

  /** The line under the last thing they wrote: sending, kept, sent, read. */
  showSent(lineUp, slow) {
    for (const bubble of this.unsent.values()) bubble.classList.toggle("kept", !lineUp);
    if (this.unsent.size) sent.textContent = lineUp ? (slow ? say("talk.sending") : "") : say("talk.kept");
    else if (!this.mine) sent.textContent = "";
    else if (this.mine.seq <= this.read) sent.textContent = say("talk.read", { time: time(this.readAt) });
    else sent.textContent = say("talk.sent");
  }

  insert(element) {
    const atEnd = isAtEnd();
    const [firstUnsent] = this.unsent.values();
    log.insertBefore(element, firstUnsent ?? null);
    if (atEnd) toEnd();
  }
}

function bubbleFor(mine, name = "") {
  const bubble = document.createElement("div");
  bubble.className = `said ${mine ? "me" : "them"}`;
  const speaker = document.createElement("span");
  speaker.className = "said-only";
  speaker.textContent = mine ? say("talk.you_said") : say("talk.they_said", { name });
  const words = document.createElement("p");
  words.dir = "auto";
  bubble.append(speaker, words);
  return bubble;
}

function fill(bubble, text, lang) {
  const words = bubble.querySelector("p");
  words.textContent = text ?? say("talk.not_kept");
  if (lang) words.lang = lang;
  bubble.querySelector("small")?.remove();
}

function paragraph(className, text) {
  const element = document.createElement("p");
  element.className = className;
  element.textContent = text;
  return element;
}

function small(text) {
  const element = document.createElement("small");
  element.textContent = text;
  return element;
}

const isWhole = () => main.scrollHeight <= main.clientHeight + 1 && document.scrollingElement.scrollHeight > innerHeight;
const scroller = () => (isWhole() ? document.scrollingElement : main);

// What is at the end stays there when the composer grows, a keyboard opens or help is shown.
let atEnd = false;
main.addEventListener("scroll", () => (atEnd = isAtEnd()), { passive: true });
new ResizeObserver(() => atEnd && toEnd()).observe(main);

function isAtEnd() {
  const it = scroller();
  return it.scrollHeight - it.scrollTop - it.clientHeight < 140;
}

/** Show the end of the conversation. */
export function toEnd() {
  const it = scroller();
  it.scrollTop = it.scrollHeight;
}
