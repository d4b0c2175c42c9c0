/** The middle of the desk: who it is, what is said, and what is about to be. Nothing ever stands over it. */

import { el, patch } from "/static/staff/dom.js";
import { recordLink } from "/static/staff/record_link.js";
import { drawLog, transcriptNodes } from "/static/staff/transcript.js";
import * as words from "/static/staff/words.js";
import { namesFor } from "/static/desk/state.js";
import { nobody, statusWords } from "/static/desk/contact_tabs.js";
import { promptDeeds, promptNodes } from "/static/staff/prompt.js";
import { textsBanner } from "/static/desk/texts.js";

/** @param {any} ctx @param {Record<string, HTMLElement>} at the parts of the page */
export function drawConversation(ctx, at) {
  const held = ctx.opened();
  at.talk.hidden = !held;
  at.nobody.hidden = Boolean(held);
  if (!held) {
    patch(at.nobody, emptyNodes(ctx));
    return;
  }
  patch(at.who, headNodes(ctx, held));
  const rows = transcriptNodes(held.talk, {
    names: namesFor(ctx, held),
    mine: ctx.state.me?.id,
    seen: held.seen,
    pending: held.outbox.waiting(),
    correcting: held.correcting,
    changing: held.changing,
    away: ["lost", "left", "quick"].includes(held.summary.lines?.person),
    texts: held.summary.texts && {
      optedOut: held.summary.texts.opted_out,
      refusals: ctx.state.definition?.text_refusals,
    },
  });
  const changed = at.log.dataset.contact !== held.id;
  if (changed) {
    at.log.dataset.contact = held.id;
    at.log.replaceChildren();
    at.log.setAttribute("aria-label", `Conversation with ${held.summary.name}`);
  }
  const atEnd = drawLog(
    at.log,
    rows.length
      ? rows
      : [
          el(
            "p",
            { class: "event", "data-key": "none" },
            held.loaded ? "Nothing said yet." : "Bringing the conversation.",
          ),
        ],
    {
      toEnd: changed || held.toEnd,
    },
  );
  held.toEnd = false;
  at.below.hidden = atEnd;
  at.theirs.textContent = statusLine(ctx, held);
  patch(at.prompt, promptNodes(held));
  patch(at.texts, textsBanner(held.summary, held.agreedError));
  // A strip that comes takes room from the conversation: the newest words stay in sight.
  if (atEnd) at.log.scrollTop = at.log.scrollHeight;
}

function emptyNodes(ctx) {
  return [
    el("h2", {}, ctx.state.offers.size ? "Someone is waiting for you" : "Quiet for now"),
    el("p", {}, ctx.state.offers.size ? "Answer when you are ready." : nobody(ctx.state)),
  ];
}

function headNodes(ctx, held) {
  const { summary } = held;
  const others = (summary.participants ?? []).filter((one) => one.id !== ctx.state.me?.id);
  return [
    el("h2", { id: "talk-title" }, summary.texts ? `Contact ${summary.name} texts` : summary.name),
    !summary.texts && el("span", { class: "chip" }, words.channel(summary.channel)),
    el("span", { class: "chip" }, words.language(summary.language)),
    summary.locality && el("span", { class: "chip" }, words.place(summary.locality)),
    summary.not_safe && el("span", { class: "chip lamp" }, "Said: not safe right now"),
    el("span", { class: "soft small", dir: "auto" }, words.chosen(summary.answers)),
    el("span", { class: "spring" }),
    el(
      "span",
      { class: "soft line-state" },
      [ourLine(ctx) || words.lineOf(summary), ...others.map((one) => `${one.name} is here too`)]
        .filter(Boolean)
        .join(". "),
    ),
    recordLink(summary),
  ];
}

/** Nothing is known of theirs while ours is away, and nothing is guessed. */
const ourLine = (ctx) => (ctx.state.line === "on" ? "" : "Not known while your line is lost");

function statusLine(ctx, held) {
  const { name } = held.summary;
  const line = held.summary.lines?.person;
  if (line === "lost") return `${name}'s line is lost. What you write is kept for them.`;
  if (line === "quick")
    return `${name} left by quick exit. Please do not write or ring unless you agreed it.`;
  return statusWords(ctx, held) === "Writing" ? `${name} is writing` : "";
}

/** Presses inside the conversation. @param {any} ctx */
export function conversationDeeds(ctx) {
  return {
    ...promptDeeds(ctx, ctx.opened, "log", () => ctx.focus("message")),
    change(button) {
      const held = ctx.opened();
      const seq = Number(button.dataset.seq);
      held.changing = held.changing === seq ? null : seq;
      ctx.draw();
    },
    correct(button) {
      const held = ctx.opened();
      held.changing = null;
      const message = held.talk.said.get(Number(button.dataset.seq));
      if (message) ctx.composer.correct(held, message);
    },
    async withdraw(button) {
      const held = ctx.opened();
      held.changing = null;
      await ctx.change(held, "withdraw", { of: Number(button.dataset.seq) });
    },
    unsend(button) {
      const held = ctx.opened();
      ctx.composer.putBack(held, held.outbox.take(button.dataset.id));
    },
    "to-end"() {
      ctx.opened().toEnd = true;
      ctx.draw();
    },
  };
}
