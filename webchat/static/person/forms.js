// The page's forms, brought to life: the same fields go over the line and nothing reloads.

import { tell } from "./status.js";
import { toEnd } from "./transcript.js";
import { refusal, say } from "./words.js";

const find = (id) => document.getElementById(id);

/** Answers that were given, as a plain object; what was skipped is left out. */
export function answersOf(form, ...names) {
  const data = new FormData(form);
  const given = {};
  for (const name of names) {
    const value = data.get(name);
    if (typeof value === "string" && value.trim()) given[name] = /^feel/.test(name) ? Number(value) : value.trim();
  }
  return given;
}

/** Everything below the conversation, for one talk. */
export function watchForms(talk) {
  on("choice", (event) => {
    const chosen = event.submitter?.value;
    if (chosen === "call_me") return openCallMe();
    if (chosen) return talk.ask("choose", { choice: chosen });
  });
  for (const link of document.querySelectorAll(".call-link")) {
    link.addEventListener("click", (event) => {
      event.preventDefault();
      openCallMe();
    });
  }
  on("calling", (event) => askForCall(talk, event.target));
  find("calling-fold").addEventListener("click", () => (find("calling").hidden = true));
  find("end")
    .querySelector("form")
    .addEventListener("submit", (event) => {
      event.preventDefault();
      void guarded(endTalk(talk));
    });
  find("end").addEventListener("toggle", toEnd);
  watchFeedback(talk);
}

async function endTalk(talk) {
  await talk.ask("leave", { quick: false });
  await talk.catchUp();
}

function openCallMe() {
  const form = find("calling");
  form.hidden = false;
  form.scrollIntoView({ block: "start" });
  form.querySelector("h2").focus({ preventScroll: true });
}

async function askForCall(talk, form) {
  const wrong = find("call-wrong");
  const given = answersOf(form, "number", "name", "when", "code_word", "words");
  for (const key of ["safe_name", "safe_message", "safe_text"]) given[key] = form.elements[key].checked;
  try {
    if (!given.number) throw new Error("call.number_missing");
    await talk.ask("call_me", given);
    form.hidden = true;
    form.reset();
    wrong.hidden = true;
  } catch (error) {
    wrong.textContent = say(error.message) || say("call.number_wrong");
    wrong.hidden = false;
    const field = find("call-number");
    field.setAttribute("aria-invalid", "true");
    field.focus();
  }
}

function watchFeedback(talk) {
  const form = find("feedback");
  const send = async (...names) => {
    const given = answersOf(form, ...names);
    if (!Object.keys(given).length) return;
    await talk.ask("feedback", given);
    find("noted").hidden = false;
    tell(say("end.noted"));
  };
  const taps = ["listened", "feel_after", "again"];
  // One tap is an answer; what was tapped so far goes along, so that the last one says it all.
  form.addEventListener("change", (event) => taps.includes(event.target.name) && void guarded(send(...taps)));
  on("feedback", async () => {
    await send(...taps, "words");
    form.hidden = true;
  });
}

function on(id, act) {
  find(id).addEventListener("submit", (event) => {
    event.preventDefault();
    void guarded(Promise.resolve(act(event)));
  });
}

async function guarded(promise) {
  try {
    await promise;
  } catch (error) {
    tell(refusal(error), 8_000);
  }
}
