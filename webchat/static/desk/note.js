/** The session note: saved as it is written, never in the way; when two write the same field both are kept. */

import { CallError } from "/static/staff/connection.js";
import { el } from "/static/staff/dom.js";
import { now, timeOfDay } from "/static/staff/times.js";
import { errorWords } from "/static/staff/words.js";

const PAUSE_MS = 900;
// How many fields of the form are open from the start.
const AT_HAND = 2;

export function newNote() {
  return {
    /** What stands here now. @type {Record<string, string>} */ fields: {},
    /** What the service has. @type {Record<string, string>} */ saved: {},
    version: 0,
    /** @type {Record<string, {text: string, by: string}>} */ theirs: {},
    state: "",
    savedAt: null,
    timer: null,
    saving: false,
  };
}

/** The one field asked for at the end only. @param {any} field */
export const isOutcome = (field) => field.outcome === true || field.key === "outcome";

const changed = (note) =>
  Object.keys(note.fields).filter((key) => note.fields[key] !== (note.saved[key] ?? "") && !note.theirs[key]);

/** Whether something written here is not yet kept by the service. */
export const isUnsaved = (note) => note.saving || changed(note).length > 0;

/** A `noted` event: ours confirms; somebody else's fills what we are not writing in. */
export function noteHeard(held, event, me) {
  const note = held.note;
  take(note, event.fields ?? {}, event.by?.id === me ? null : event.by?.name);
  note.version = Math.max(note.version, event.seq);
  note.savedAt = event.at;
}

function take(note, fields, name) {
  for (const [key, text] of Object.entries(fields)) {
    const mine = note.fields[key] ?? "";
    const before = note.saved[key] ?? "";
    if (before === text) continue;
    note.saved[key] = text;
    if (mine === before || mine === text) note.fields[key] = text;
    else if (name !== null) note.theirs[key] = { text, by: name || "A colleague" };
  }
}

/** Something was written; saved when the hands rest. @param {any} ctx @param {any} held */
export function noteWritten(ctx, held, key, text) {
  const note = held.note;
  note.fields[key] = text;
  note.state = "";
  clearTimeout(note.timer);
  note.timer = setTimeout(() => saveNote(ctx, held), PAUSE_MS);
  ctx.draw();
}

/** @param {any} ctx @param {any} held */
export async function saveNote(ctx, held) {
  const note = held.note;
  clearTimeout(note.timer);
  if (note.saving) return;
  const keys = changed(note);
  if (!keys.length) return;
  const fields = Object.fromEntries(keys.map((key) => [key, note.fields[key]]));
  note.saving = true;
  note.state = "saving";
  ctx.draw();
  try {
    const body = { contact: held.id, version: note.version, fields };
    const answer = await ctx.line.settle("note", body, () => {
      note.state = "waiting";
      ctx.draw();
    });
    Object.assign(note.saved, fields);
    note.state = "";
    const { id, name } = ctx.state.me;
    const at = new Date(now()).toISOString();
    held.log.hear({
      contact: held.id,
      seq: answer.version,
      at,
      kind: "noted",
      by: { role: "supporter", id, name },
      fields,
    });
    note.version = Math.max(note.version, answer.version);
    note.savedAt = at;
  } catch (error) {
    if (error instanceof CallError && error.code === "note_moved") {
      // The log knows who wrote it; the answer alone only what.
      await held.log.catchUp().catch(() => {});
      moved(note, error.carried);
    } else note.state = errorWords(error);
  }
  note.saving = false;
  ctx.draw();
  if (!note.state && changed(note).length) note.timer = setTimeout(() => saveNote(ctx, held), PAUSE_MS);
}

function moved(note, other) {
  take(note, other.fields ?? {}, other.by?.name ?? "");
  note.version = other.version ?? note.version;
  note.state = "";
}

/** @param {any} ctx @param {any} held */
export function noteNodes(ctx, held) {
  const form = (ctx.state.definition?.note_form ?? []).filter((field) => !isOutcome(field));
  return el(
    "section",
    { class: "card note", "data-key": "note", "aria-labelledby": "note-title" },
    el(
      "div",
      { class: "card-head" },
      el("h2", { id: "note-title", tabindex: -1 }, "Note"),
      el("span", { class: "soft small", role: "status", id: "note-state" }, stateWords(held.note)),
    ),
    form.slice(0, AT_HAND).map((field) => fieldNodes(held, field)),
    form.length > AT_HAND &&
      el(
        "details",
        { class: "more-note", "data-key": `more-${held.id}` },
        el("summary", {}, `More of the note${filled(held, form.slice(AT_HAND))}`),
        el(
          "div",
          { class: "more-fields" },
          form.slice(AT_HAND).map((field) => fieldNodes(held, field)),
        ),
      ),
  );
}

/** So that a closed part does not hide that something stands in it. */
function filled(held, fields) {
  const count = fields.filter((field) => held.note.fields[field.key]).length;
  return count ? `, ${count} written` : "";
}

function stateWords(note) {
  if (Object.keys(note.theirs).length) return "Two of you wrote here";
  if (note.state === "saving") return "Saving";
  if (note.state === "waiting") return "Kept here, waiting for the line";
  if (note.state) return note.state;
  if (changed(note).length) return "Writing";
  return note.savedAt ? `Saved ${timeOfDay(note.savedAt)}` : "Saves as you write";
}

/** A label may come as a text or as one per language. */
export const plain = (label) =>
  typeof label === "string"
    ? label
    : (label?.text ?? label?.[document.documentElement.lang] ?? label?.en ?? "");

function fieldNodes(held, field) {
  const id = `note-${held.id}-${field.key}`;
  const value = held.note.fields[field.key] ?? "";
  const theirs = held.note.theirs[field.key];
  const both = theirs && bothNodes(field, theirs);
  const key = `${held.id}-${field.key}`;
  if (field.kind === "text")
    return el(
      "div",
      { class: "field", "data-key": key },
      el("label", { for: id }, plain(field.label)),
      el("textarea", { id, rows: 2, dir: "auto", "data-note": field.key, value }),
      both,
    );
  const chosen = new Set(value.split(",").filter(Boolean));
  const type = field.kind === "many" ? "checkbox" : "radio";
  return el(
    "fieldset",
    { class: "field", "data-key": key },
    el("legend", {}, plain(field.label)),
    el(
      "div",
      { class: "ticks" },
      (field.choices ?? []).map((choice) => {
        const option = choice.key ?? choice;
        const box = el("input", { type, name: id, "data-note": field.key, "data-choice": option });
        box.checked = chosen.has(option);
        return el("label", { class: "tick", "data-key": option }, box, plain(choice.label ?? choice));
      }),
    ),
    both,
  );
}

function bothNodes(field, theirs) {
  const press = (what, words, look) =>
    el(
      "button",
      {
        type: "button",
        class: `small ${look}`,
        "data-do": "note-keep",
        "data-field": field.key,
        "data-what": what,
      },
      words,
    );
  return el(
    "div",
    { class: "both" },
    el(
      "p",
      { class: "small" },
      el("b", {}, `${theirs.by} wrote meanwhile: `),
      el("span", { dir: "auto" }, theirs.text),
    ),
    el(
      "div",
      { class: "row" },
      press("both", "Keep both", "main"),
      press("theirs", "Only theirs", ""),
      press("mine", "Only mine", "quiet"),
    ),
  );
}

/** @param {any} ctx @param {any} held */
export function keepOf(ctx, held, key, what) {
  const note = held.note;
  const theirs = note.theirs[key];
  if (!theirs) return;
  const mine = note.fields[key] ?? "";
  delete note.theirs[key];
  if (what === "theirs") note.fields[key] = theirs.text;
  if (what === "both") note.fields[key] = [theirs.text, mine].filter(Boolean).join("\n");
  showFields(held);
  saveNote(ctx, held);
  ctx.draw();
}

/** Put what stands in the note into its boxes; differs only when somebody else wrote. The caret stays. */
export function showFields(held) {
  for (const box of document.querySelectorAll("[data-note]")) {
    const value = held.note.fields[box.dataset.note] ?? "";
    if (box.dataset.choice) box.checked = value.split(",").includes(box.dataset.choice);
    else if (box.value !== value) {
      const { selectionStart, selectionEnd } = box;
      box.value = value;
      if (box === document.activeElement) box.setSelectionRange(selectionStart, selectionEnd);
    }
  }
}
