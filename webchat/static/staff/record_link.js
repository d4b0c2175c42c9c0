/** The way to a contact's record, and from there to the summary for a crisis team: beside what is open, not in its place. */

import { el } from "/static/staff/dom.js";

/** @param {{contact: string, name: string}} summary @param {string} look */
export const recordLink = (summary, look = "button quiet small") =>
  el(
    "a",
    {
      class: look,
      "data-key": "record",
      href: `/record/${summary.contact}`,
      target: "_blank",
      rel: "noopener",
      "aria-label": `Record of ${summary.name}, in a new tab`,
    },
    "Record",
  );
