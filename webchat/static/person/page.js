// Brings the page to life. Without it the same page works as plain forms.

import { Doorway } from "./door.js";
import { answersOf } from "./forms.js";
import { watchForLeaving, whenLeaving } from "./leave.js";
import { tell } from "./status.js";
import { toEnd } from "./transcript.js";
import { Talk } from "./talk.js";
import { message, say } from "./words.js";

const find = (id) => document.getElementById(id);
const stage = document.body.dataset.stage;
const compose = find("compose");
const box = find("box");
const finePointer = matchMedia("(hover: hover) and (pointer: fine)");

let talk = null;
let doorway = null;

document.documentElement.dataset.live = "";
crypto.randomUUID ??= uuid; // phones that are too old for it
watchForLeaving(tell);
keepOneEntryOfHistory();
if (compose) watchCompose();
watchSafe();
if (stage === "carry") {
  find("carry-on").addEventListener("submit", (event) => {
    event.preventDefault();
    takeUp();
    box.focus();
  });
  find("afresh").addEventListener("submit", async (event) => {
    event.preventDefault();
    await fetch(event.target.action, { method: "POST", body: new URLSearchParams(new FormData(event.target)) });
    location.replace("/chat");
  });
}
if (stage === "talk") takeUp();
if (stage === "start" && compose) whenLoaded(waitAtTheDoor);

/** What the page needs to be read and written on comes first over a slow line. */
function whenLoaded(act) {
  if (document.readyState === "complete") act();
  else addEventListener("load", act, { once: true });
}

function waitAtTheDoor() {
  if (talk) return;
  doorway = new Doorway();
  whenLeaving(() => talk || doorway.shut());
}

function takeUp() {
  find("log").replaceChildren();
  dressAsTalk();
  talk = new Talk();
  talk.open();
}

function begin() {
  const answers = answersOf(compose, "for_whom", "name", "age_band", "area", "feel");
  const language = compose.elements.language.value;
  dressAsTalk();
  const first = { client_id: crypto.randomUUID(), language, ...(Object.keys(answers).length && { answers }) };
  talk = new Talk(first, doorway?.line);
  talk.open();
  history.replaceState(null, "", "/chat");
}

function dressAsTalk() {
  document.body.dataset.stage = "talk";
  box.setAttribute("aria-label", say("talk.box"));
  find("send").textContent = say("talk.send");
}

function watchCompose() {
  compose.addEventListener("submit", (event) => {
    event.preventDefault();
    if (!talk) begin();
    if (talk.write(box.value)) box.value = "";
    box.focus();
    toEnd();
  });
  box.addEventListener("keydown", (event) => {
    // Enter sends where there is a keyboard; on a phone it begins a new line, and the button sends.
    if (event.key !== "Enter" || event.shiftKey || event.isComposing || !finePointer.matches) return;
    event.preventDefault();
    compose.requestSubmit();
  });
  box.addEventListener("input", () => talk?.typing());
}

/** 999 and 111 at once, whatever the line does; then a person is called, and the words say how far that has come. */
function watchSafe() {
  const [panel, word, button] = [find("safe-now"), find("safe-word"), find("safe").querySelector("button")];
  if (!button) return; // a helpline that does not chat: its numbers stand there
  button.addEventListener("pointerdown", (event) => event.preventDefault()); // the composer keeps its focus
  find("safe-fold").addEventListener("pointerdown", (event) => event.preventDefault());
  find("safe-fold").addEventListener("click", () => {
    panel.hidden = true;
    if (document.activeElement === find("safe-fold")) button.focus();
  });
  find("safe").addEventListener("submit", (event) => {
    if (!compose) return; // a page without a chat: the plain form calls a person
    event.preventDefault();
    panel.hidden = false;
    panel.scrollTop = 0;
    void callSomebody((text) => {
      word.textContent = text;
      tell(text, 6_000);
    });
  });
}

async function callSomebody(show) {
  show(say("safe.telling"));
  if (!talk) {
    if (stage === "carry") takeUp();
    else begin();
  }
  const late = setTimeout(() => show(say("safe.offline")), 4_000);
  try {
    while (talk.start) await new Promise((resolve) => setTimeout(resolve, 100));
    const { state } = await talk.ask("not_safe");
    show(state?.phase === "stored" ? message("not_safe_nobody").text : say("safe.coming"));
  } catch {
    show(say("safe.offline"));
  } finally {
    clearTimeout(late);
  }
}

/** The way here stays one entry, so that the back button leads to where they were before. */
function keepOneEntryOfHistory() {
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[href^='/']");
    if (!link || event.defaultPrevented || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    location.replace(link.href);
  });
}

function uuid() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/(.{8})(.{4})(.{4})(.{4})(.{12})/, "$1-$2-$3-$4-$5");
}
