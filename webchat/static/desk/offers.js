/** Somebody waits: what rings, what it says, and the two answers. "Not now" is free of blame. */

import { el } from "/static/staff/dom.js";
import { length, timeOfDay } from "/static/staff/times.js";
import * as words from "/static/staff/words.js";

const GONE = {
  accepted_elsewhere: "That one was answered on another screen.",
  expired: "That one rang out and went to the next person. That is all right.",
  withdrawn: "That one was taken back.",
  gone: "That person has left.",
};

/** @param {any} ctx */
export function offerNodes(ctx) {
  return [...ctx.state.offers.values()].map((offer) => offerNode(ctx, offer));
}

function offerNode(ctx, offer) {
  const chose = words.chosen(offer.chose_to_say);
  const left = Math.max(0, Math.ceil((offer.endsAt - Date.now()) / 1000));
  return el(
    "section",
    { class: "offer", "data-key": offer.offer, "aria-label": title(offer) },
    el("h2", {}, title(offer)),
    offer.not_safe && el("p", { class: "urgent" }, "They pressed “I'm not safe right now”"),
    el(
      "p",
      {},
      `${words.channel(offer.channel)}, ${words.language(offer.language)}, `,
      el("span", { class: "num" }, waited(offer)),
    ),
    chose && el("p", { class: "soft small", dir: "auto" }, chose),
    offer.transfer &&
      el(
        "p",
        { class: "small" },
        `From ${offer.transfer.from?.name ?? offer.transfer.from}`,
        offer.transfer.reason ? `: ${offer.transfer.reason}` : "",
      ),
    offer.transfer && handedOn(offer.transfer),
    offer.line === "lost" && el("p", { class: "lamp small" }, "Their line is lost for now"),
    el(
      "div",
      { class: "row" },
      el(
        "button",
        {
          type: "button",
          class: "main",
          "data-do": "accept",
          "data-offer": offer.offer,
          "aria-disabled": offer.answering ? "true" : null,
        },
        "Answer",
      ),
      el(
        "button",
        { type: "button", class: "quiet", "data-do": "decline", "data-offer": offer.offer },
        "Not now",
      ),
    ),
    el(
      "p",
      { class: "soft small" },
      offer.answering
        ? "Answering"
        : ["Rings for another ", el("span", { class: "num", "data-ends": offer.endsAt }, `${left} s`)],
    ),
    offer.error && el("p", { class: "lamp small", role: "alert" }, offer.error),
  );
}

/** Where they stand, before anybody says yes to them: the step, the last try, what is due when. */
function handedOn(given) {
  const due = words.workingClocks(given.due)[0];
  const parts = [
    `${given.rung_short}${given.rung_by ? `, set by ${given.rung_by} at ${timeOfDay(given.rung_at)}` : ""}`,
    given.attempt && `Last try at ${timeOfDay(given.attempt.at)}: ${words.outcome(given.attempt.outcome)}`,
    due && `${words.clock(due.kind)} at ${timeOfDay(due.due)}`,
    given.notes && "There is a note",
  ].filter(Boolean);
  return el("p", { class: given.rung >= 2 ? "small strong" : "small" }, `${parts.join(". ")}.`);
}

const title = (offer) => {
  if (offer.transfer) return "A colleague asks you to take over";
  return offer.channel === "call" ? "Someone asked to be rung" : "Someone is waiting";
};

function waited(offer) {
  const seconds = offer.waited_seconds + (Date.now() - offer.heardAt) / 1000;
  return seconds < 5 ? "just now" : `waiting ${length(seconds)}`;
}

/** The count to an offer's end runs on this page's own clock, which nobody sets. Called every second. */
export function tickOffers() {
  for (const node of document.querySelectorAll("[data-ends]")) {
    const text = `${Math.max(0, Math.ceil((Number(node.dataset.ends) - Date.now()) / 1000))} s`;
    if (node.textContent !== text) node.textContent = text;
  }
}

/** Said once to a screen reader, without the running count. @param {any} offer */
export const offerSpoken = (offer) =>
  `${title(offer)}. ${words.channel(offer.channel)}, ${words.language(offer.language)}, ${waited(offer)}.` +
  (offer.not_safe ? " They pressed: not safe right now." : "");

/** @param {any} ctx */
export function offerDeeds(ctx) {
  const { state } = ctx;
  return {
    async accept(button) {
      const offer = state.offers.get(button.dataset.offer);
      if (!offer || offer.answering) return;
      offer.answering = true;
      offer.error = "";
      ctx.ringing.stop(offer.offer);
      ctx.draw();
      try {
        const answer = await ctx.line.settle("accept", { offer: offer.offer });
        state.offers.delete(offer.offer);
        ctx.take(answer.state);
        ctx.show(answer.contact, { write: true });
      } catch (error) {
        state.offers.delete(offer.offer);
        ctx.say(words.errorWords(error));
      }
      ctx.draw();
    },
    async decline(button) {
      const offer = state.offers.get(button.dataset.offer);
      if (!offer) return;
      ctx.ringing.stop(offer.offer);
      state.offers.delete(offer.offer);
      ctx.draw();
      try {
        await ctx.line.settle("decline", { offer: offer.offer });
        ctx.say("Not now. That is all right; they go to the next person.");
      } catch (error) {
        if (error.code !== "offer_gone") ctx.say(words.errorWords(error));
      }
    },
  };
}

/** @param {any} ctx @param {{offer: string, why: string}} gone */
export function hearOfferGone(ctx, gone) {
  const offer = ctx.state.offers.get(gone.offer);
  ctx.ringing.stop(gone.offer);
  if (!offer || offer.answering) return;
  ctx.state.offers.delete(gone.offer);
  if (GONE[gone.why]) ctx.say(GONE[gone.why]);
  ctx.draw();
}
