/** The way to a contact's record, and from there to the summary for a crisis team: beside what is open, not in its place. */

import { el } from "/static/staff/dom.js";

/** @param {{contact: string, name: string}} summary */
export const recordLink = (summary) =>
  el(
    "a",
    {
      class: "button quiet small",
      "data-key": "record",
      href: `/record/${summary.contact}`,
      target: "_blank",
      rel: "noopener",
      "aria-label": `Record of ${summary.name}, in a new tab`,
    },
    "Record",
  );
