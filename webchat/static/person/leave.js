// Leaving at once: nothing of the conversation stays in the page, its history or its storage.

import { say } from "./words.js";

const WITHIN = 5_000; // milliseconds from one press of Shift to the next

const before = [];
let gone = false;

/** Run `action` when the page is left, before anything else: closing the line, dropping what was typed. */
export function whenLeaving(action) {
  before.push(action);
}

/** Empty the page of everything that was said. */
export function forget() {
  for (const action of before) action();
  document.getElementById("log")?.replaceChildren();
  for (const field of document.querySelectorAll("textarea, input:not([type=hidden])")) field.value = "";
  for (const form of document.forms) form.reset();
}

export function leave() {
  if (gone) return;
  gone = true;
  forget();
  document.body.hidden = true;
  // /leave ends the session, has the browser forget this site and goes on to a neutral one, in this entry of history.
  location.replace("/leave");
}

/** The link, and Shift three times within five seconds each. Presses are told to `announce`; other keys begin anew. */
export function watchForLeaving(announce) {
  document.getElementById("leave").addEventListener("click", (event) => {
    event.preventDefault();
    leave();
  });
  let presses = 0;
  let last = 0;
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Shift" || event.ctrlKey || event.altKey || event.metaKey) {
      presses = 0;
      return;
    }
    if (event.repeat) return;
    const now = Date.now();
    presses = now - last <= WITHIN ? presses + 1 : 1;
    last = now;
    if (presses >= 3) {
      announce(say("exit.leaving"));
      leave();
    } else announce(say(`exit.shift_${3 - presses}`), WITHIN);
  });
  // A page that is put away, also for the back button, is emptied first and asks the server again when it returns.
  addEventListener("pagehide", () => {
    gone = true;
    forget();
  });
  addEventListener("pageshow", (event) => {
    if (event.persisted) location.reload();
  });
}
