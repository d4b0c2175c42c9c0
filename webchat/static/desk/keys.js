/** The desk's keys. None is a single letter, and none needs Alt, which belongs to the browser and to other alphabets. */

import { byId } from "/static/staff/dom.js";

/** @param {any} ctx */
export function listenToKeys(ctx) {
  const { state } = ctx;
  const goTo = (pane, id) => {
    state.pane = pane;
    ctx.draw();
    ctx.focus(id);
  };
  const next = () => {
    const all = [...state.contacts.values()];
    if (!all.length) return;
    const here = all.findIndex((held) => held.id === state.open);
    const onwards = [...all.slice(here + 1), ...all.slice(0, here + 1)];
    ctx.show((onwards.find((held) => held.unread) ?? onwards[0]).id, { write: true });
  };
  const keys = {
    F2: () => goTo("conversation", "message"),
    F4: next,
    F8: () => goTo("help", "ladder-title"),
    F9: () => goTo("help", "note-title"),
  };
  document.addEventListener("keydown", (event) => {
    if (event.key === "/" && (event.ctrlKey || event.metaKey)) byId("keys").togglePopover();
    else if (keys[event.key] && !event.altKey && !event.ctrlKey && !event.metaKey) keys[event.key]();
    else return;
    event.preventDefault();
  });
}
