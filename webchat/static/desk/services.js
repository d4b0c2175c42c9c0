/** Services near them, open now first. A press puts one into the message as text; nothing is sent by itself. */

import { el } from "/static/staff/dom.js";

const WAIT_MS = 250;

/** What this page holds of a contact's search. */
const kept = new WeakMap();

const of = (held) => {
  if (!kept.has(held)) kept.set(held, { sought: "", asked: null, found: null, more: 0, error: "", timer: null });
  return kept.get(held);
};

/** @param {any} ctx @param {any} held */
export function serviceNodes(ctx, held) {
  const mine = of(held);
  return el(
    "details",
    { class: "card services-card", "data-key": `services-${held.id}`, "data-services": held.id },
    el("summary", {}, "Services near them"),
    el(
      "div",
      { class: "field" },
      el("label", { for: "services-sought" }, "Name or kind"),
      el("input", { id: "services-sought", type: "search", maxlength: 100, autocomplete: "off", "data-sought": true }),
    ),
    el("p", { class: "said-only", role: "status", "data-key": "services-count" }, spoken(mine)),
    mine.error && el("p", { class: "lamp small", "data-key": "services-error" }, mine.error),
    mine.found && !mine.found.length && el("p", { class: "soft small", "data-key": "services-none" }, "None fit that."),
    el("ul", { class: "plain services", "data-key": "services-list" }, (mine.found ?? []).map(oneService)),
    mine.more > 0 && el("p", { class: "soft small", "data-key": "services-more" }, `${mine.more} more. Find them by name.`),
  );
}

const spoken = (mine) => (mine.found ? `${mine.found.length + mine.more} found` : "");

const oneService = (one) =>
  el(
    "li",
    { "data-key": one.id },
    el("p", {}, el("strong", {}, one.name), one.number && ` ${one.number}`),
    el("p", { class: "small soft" }, `${one.open ? "●" : "○"} ${one.state}`),
    one.stale && el("p", { class: "small lamp" }, "▲ Not checked lately"),
    el(
      "button",
      { type: "button", class: "small", "data-do": "service-copy", "data-service": one.id },
      "Put into the message",
      el("span", { class: "said-only" }, `: ${one.name}`),
    ),
  );

/** @param {any} ctx @param {any} held */
async function ask(ctx, held) {
  const mine = of(held);
  const query = new URLSearchParams({
    place: held.summary.locality ?? "",
    q: mine.sought,
    lang: held.summary.language ?? "",
  }).toString();
  if (mine.asked === query) return;
  mine.asked = query;
  try {
    const answer = await fetch(`/directory/near.json?${query}`, { headers: { Accept: "application/json" } });
    if (!answer.ok) throw new Error(String(answer.status));
    const { services, more } = await answer.json();
    if (mine.asked !== query) return;
    Object.assign(mine, { found: services, more, error: "" });
  } catch {
    Object.assign(mine, { asked: null, error: "The directory did not answer. Open this again, or use its own page." });
  }
  ctx.draw();
}

/** Listens on the help side, which is drawn anew around it. @param {any} ctx @param {HTMLElement} help */
export function listenToServices(ctx, help) {
  const heldOf = (node) => ctx.state.contacts.get(node.closest("[data-services]")?.dataset.services);
  help.addEventListener(
    "toggle",
    ({ target }) => {
      const held = target.open && target.dataset.services ? heldOf(target) : null;
      if (!held) return;
      of(held).asked = null; // doors move: what was found when it was last open may no longer be so
      void ask(ctx, held);
    },
    true,
  );
  help.addEventListener("input", ({ target }) => {
    const held = target.dataset.sought === undefined ? null : heldOf(target);
    if (!held) return;
    const mine = of(held);
    mine.sought = target.value.trim();
    clearTimeout(mine.timer);
    mine.timer = setTimeout(() => void ask(ctx, held), WAIT_MS);
  });
}

/** @param {any} ctx */
export const serviceDeeds = (ctx) => ({
  "service-copy"(button) {
    const held = ctx.opened();
    const one = held && of(held).found?.find(({ id }) => id === button.dataset.service);
    if (one) ctx.compose(one.text);
  },
});
