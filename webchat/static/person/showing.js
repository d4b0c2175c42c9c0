// Where things stand, as the page shows it: who is with them, the queue, the choice that is put, the end.

import { closedWords, door } from "./door.js";
import { tell } from "./status.js";
import { toEnd } from "./transcript.js";
import { language, message, nameOfLanguage, opensAt, option, place, say } from "./words.js";

const find = (id) => document.getElementById(id);
const service = find("who").textContent;
const NOBODY = new Set(["no_speaker", "nobody_left"]);

/** Draw `state` of docs/protocol.md; `was` is the one shown before. */
export function showState(state, was) {
  document.body.dataset.phase = state.phase;
  showWho(state);
  showPlace(state, was);
  showStored(state);
  if (JSON.stringify(state.choice) !== JSON.stringify(was?.choice ?? null)) showChoice(state.choice, state);
  find("after").hidden = state.phase !== "ended";
  find("end").hidden = state.phase === "ended";
  if (state.phase === "ended") find("end").open = false;
  if (state.phase === was?.phase) return;
  if (state.phase === "ended") find("after").scrollIntoView({ block: "start" });
  else if (state.phase === "waiting" && !was) find("waiting").scrollIntoView({ block: "start" });
  else toEnd();
}

function showWho({ phase, supporter, queue }) {
  const title = supporter ? say("talk.with_you", { name: supporter.name }) : service;
  const more = supporter ? `${role(supporter)}. ` : phase === "waiting" ? place({ position: queue?.position }) : "";
  const wide = document.createElement("span"); // where there is room; it was told at the start
  wide.className = "wide";
  wide.textContent = supporter ? say("talk.reads_along") : "";
  if (find("who").textContent !== title) find("who").textContent = title;
  if (find("who-more").textContent !== more + wide.textContent) find("who-more").replaceChildren(more, wide);
}

function role({ role: name }) {
  return say(`talk.${name}`) || say("talk.supporter");
}

function showPlace({ phase, queue, choice, held }, was) {
  // "Someone will be with you" is not said beside a choice that says nobody can be.
  find("waiting").hidden = phase !== "waiting" || NOBODY.has(choice?.why);
  const words = phase !== "waiting" ? "" : held ? say("wait.held") : place(queue ?? {});
  if (find("place").textContent === words) return;
  find("place").textContent = words;
  // Told once more, quietly, only when it has changed while they wait.
  if (words && was?.phase === "waiting") tell(words, 6_000);
}

function showStored({ phase, opens_at: opens }) {
  find("stored").hidden = phase !== "stored";
  if (phase !== "stored") return;
  const isOpen = !opens && door.open;
  const words = isOpen ? { text: say("door.open_again"), language } : closedWords("stored_out_of_hours", opens);
  find("stored-word").textContent = words.text;
  find("stored-word").lang = words.language;
}

const WHY = { no_speaker: "no_speaker_choice", long_wait: "choice", full: "full" };

function showChoice(choice, { opens_at: opens }) {
  const form = find("choice");
  form.hidden = !choice;
  if (!choice) return;
  const opening = choice.why === "nobody_left" && opens && { opens_at: opensAt(new Date(opens)) };
  const told = opening ? message("nobody_left", opening) : message(WHY[choice.why]);
  const first = choice.why === "no_speaker" ? message("no_speaker", { language: nameOfLanguage(language) }).text : "";
  const then = told?.text || say(`choice.${choice.why}`) || say("choice.other");
  find("choice-why").textContent = `${first} ${then}`.trim();
  find("choice-options").replaceChildren(
    ...choice.options.map((value) => {
      const button = document.createElement("button");
      button.name = "choice";
      button.value = value;
      button.textContent = option(value);
      return button;
    }),
  );
  form.scrollIntoView({ block: "nearest" });
}
