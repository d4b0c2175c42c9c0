/** Ready words: `/` in an empty message opens a list above it; arrows choose, Enter takes it up to be changed. */

import { el, patch } from "/static/staff/dom.js";
import { language } from "/static/staff/words.js";

const MOST = 8;

/**
 * @param {HTMLTextAreaElement} box @param {HTMLElement} list @param {HTMLElement} spoken a polite status region
 * @param {(entry: {key: string, lang: string, text: string}) => void} take
 */
export function makeReadyWords(box, list, spoken, take) {
  let found = [];
  let chosen = 0;

  function look(all, theirs) {
    const typed = box.value;
    if (!typed.startsWith("/") || typed.includes("\n")) return close();
    const sought = typed.slice(1).trim().toLowerCase();
    found = ranked(all, theirs)
      .filter((one) => `${one.key} ${one.text}`.toLowerCase().includes(sought))
      .slice(0, MOST);
    chosen = 0;
    draw();
    spoken.textContent = found.length
      ? `${found.length} ready words. Arrow keys choose, Enter takes one.`
      : "No ready words match.";
  }

  function draw() {
    list.hidden = false;
    patch(
      list,
      found.length
        ? found.map((one, place) =>
            el(
              "li",
              {
                id: `ready-${place}`,
                role: "option",
                "aria-selected": String(place === chosen),
                "data-place": place,
                "data-key": `${one.key}-${one.lang}`,
              },
              el("span", { class: "soft small" }, `/${one.key}, ${language(one.lang)}`),
              el("span", { dir: "auto", lang: one.lang }, one.text),
            ),
          )
        : el(
            "li",
            { role: "option", "aria-disabled": "true", "aria-selected": "false", "data-key": "none" },
            "No ready words match. Esc puts this away.",
          ),
    );
    point(found.length ? `ready-${chosen}` : "");
    list.querySelector(`#ready-${chosen}`)?.scrollIntoView({ block: "nearest" });
  }

  /** The list scrolls, so it takes the focus too; whichever has it points at the choice. */
  function point(id) {
    for (const one of [box, list]) {
      if (id) one.setAttribute("aria-activedescendant", id);
      else one.removeAttribute("aria-activedescendant");
    }
  }

  function close() {
    if (list.hidden) return;
    list.hidden = true;
    found = [];
    point("");
    spoken.textContent = "";
  }

  function pick(place) {
    const entry = found[place];
    close();
    if (entry) take(entry);
  }

  list.addEventListener("mousedown", (event) => event.preventDefault());
  list.addEventListener("click", (event) => {
    const option = event.target.closest("[data-place]");
    if (option) pick(Number(option.dataset.place));
  });

  /** True when the key was for the list. @param {KeyboardEvent} event */
  function key(event) {
    if (list.hidden) return false;
    const steps = { ArrowDown: 1, ArrowUp: -1 };
    if (event.key in steps && found.length) {
      chosen = (chosen + steps[event.key] + found.length) % found.length;
      draw();
    } else if ((event.key === "Enter" || event.key === "Tab") && found.length && !event.shiftKey)
      pick(chosen);
    else if (event.key === "Escape") {
      close();
      box.focus();
    } else return false;
    event.preventDefault();
    return true;
  }
  list.addEventListener("keydown", key);

  return { look, close, key };
}

/** The person's language first, then the page's, then the rest. */
function ranked(all, theirs) {
  const page = document.documentElement.lang || "en";
  const base = (tag) => (tag ?? "").split("-")[0];
  const rank = (one) => (base(one.lang) === base(theirs) ? 0 : base(one.lang) === base(page) ? 1 : 2);
  return [...all].sort((one, other) => rank(one) - rank(other));
}
