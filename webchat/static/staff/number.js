/** A number, shown where somebody pressed for it and for a minute only: then, or folded before, the page has forgotten it. */

import { el } from "/static/staff/dom.js";

export const SHOWN_FOR_MS = 60_000;

/** Holds one number at a time. @param {() => void} draw is called once it is gone */
export function briefly(draw) {
  let number = "";
  let timer = 0;
  const fold = () => {
    clearTimeout(timer);
    number = "";
  };
  return {
    get number() {
      return number;
    },
    fold,
    /** @param {string} shown */
    show(shown) {
      fold();
      number = shown;
      timer = setTimeout(() => {
        fold();
        draw();
      }, SHOWN_FOR_MS);
    },
  };
}

/** @param {string} number @param {string} deed that folds it */
export const numberNode = (number, deed) =>
  el(
    "p",
    { class: "call-number", "data-key": "number" },
    el("a", { href: `tel:${number}`, class: "num" }, el("bdi", { dir: "ltr" }, number)),
    " ",
    el("button", { type: "button", class: "small quiet", "data-do": deed }, "Fold it away"),
  );
