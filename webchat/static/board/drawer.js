/** One contact, read along in silence: the conversation, the ladder, and the two ways of coming in. */

import { hearBeside, newBeside } from "/static/staff/beside.js";
import { el } from "/static/staff/dom.js";
import { openLog } from "/static/staff/contact_log.js";
import { ladderParts, partsDeeds } from "/static/staff/ladder_card.js";
import { promptDeeds, promptNodes } from "/static/staff/prompt.js";
import { recordLink } from "/static/staff/record_link.js";
import { emergencyNodes, newSteps, refreshPanel } from "/static/staff/steps.js";
import { addEvent, newTalk } from "/static/staff/talk.js";
import { drawLog, transcriptNodes } from "/static/staff/transcript.js";
import * as words from "/static/staff/words.js";
import { newReveal, revealDeeds, revealNodes } from "/static/board/reveal.js";

const PROMPTED = ["waiting", "offered", "live"];

/** Begin to watch; the service writes down that it was watched. @param {any} ctx @param {string} id */
export function startWatching(ctx, id) {
  stopWatching(ctx);
  const watching = {
    id,
    get summary() {
      return ctx.evening.contacts.get(id);
    },
    talk: newTalk(),
    panel: null,
    panelFor: "",
    ...newSteps(),
    beside: newBeside(),
    reveal: newReveal(ctx.draw),
    error: "",
    done: "",
    log: null,
    loaded: false,
  };
  watching.log = openLog({
    resume: (asked) => ctx.line.call("watch", { contact: id, ...asked }),
    take: (event) => {
      addEvent(watching.talk, event);
      hearBeside(watching.beside, event);
      ctx.draw();
    },
    forget: () => {
      watching.talk = newTalk();
    },
    told: () => {
      watching.loaded = true;
      ctx.draw();
    },
  });
  ctx.watching = watching;
  lookAgain(ctx);
}

export function stopWatching(ctx) {
  if (!ctx.watching) return;
  ctx.line.mention("unwatch", { contact: ctx.watching.id });
  ctx.watching.reveal.shown.fold();
  ctx.watching = null;
}

/** Ask for what is missing, at the start and after every reconnect. @param {any} ctx */
export function lookAgain(ctx) {
  const { watching } = ctx;
  watching?.log.catchUp().catch((error) => {
    watching.error = words.errorWords(error);
    ctx.draw();
  });
}

/** @param {any} ctx @param {Record<string, HTMLElement>} at */
export function drawDrawer(ctx, at, patch) {
  const { watching } = ctx;
  at.drawer.hidden = !watching;
  if (!watching) return;
  const { summary } = watching;
  if (summary) refreshPanel(ctx, watching);
  patch(at["drawer-head"], headNodes(ctx, watching, summary));
  const names = {
    me: ctx.me,
    rung: (number) => ctx.rungName({ rung: number }),
    crisisContact: (id) =>
      watching.panel?.contacts.find((one) => one.id === id)?.name ?? id.replaceAll("_", " "),
  };
  const changed = at["drawer-log"].dataset.contact !== watching.id;
  if (changed) {
    at["drawer-log"].dataset.contact = watching.id;
    at["drawer-log"].replaceChildren();
  }
  const rows = transcriptNodes(watching.talk, {
    names,
    texts: summary?.texts && {
      optedOut: summary.texts.opted_out,
      refusals: ctx.definition?.text_refusals,
    },
  });
  const empty = el(
    "p",
    { class: "event", "data-key": "none" },
    watching.loaded ? "Nothing said yet." : "Bringing the conversation.",
  );
  drawLog(at["drawer-log"], rows.length ? rows : [empty], { toEnd: changed });
  patch(at["drawer-prompt"], summary ? promptNodes(watching, PROMPTED) : []);
  patch(at["drawer-help"], summary ? helpNodes(ctx, watching) : []);
  patch(at["drawer-emergency"], summary && ctx.mayLead ? emergencyNodes(watching) : []);
  topOfHelp(at["drawer-help"], watching);
}

function headNodes(ctx, watching, summary) {
  const name = summary?.name ?? "This contact";
  const inside = (summary?.participants ?? []).some((one) => one.id === ctx.me);
  const owner = summary?.owner;
  // Whom they take over has to stand on a desk of theirs.
  const me = ctx.evening.supporters.find((one) => one.id === ctx.me);
  const press = (deed, label, look) =>
    el("button", { type: "button", class: `small ${look}`, "data-do": deed }, label);
  return [
    el(
      "div",
      { class: "card-head" },
      el("h2", { id: "drawer-title", tabindex: -1 }, name),
      summary && recordLink(summary),
      press("shut", "Close", "quiet"),
    ),
    el(
      "p",
      { class: "small soft" },
      summary
        ? [
            owner ? `With ${owner.name}` : "Nobody is with them",
            words.lineOf(summary),
            words.channel(summary.channel),
            words.language(summary.language),
          ]
            .filter(Boolean)
            .join(". ")
        : "It is no longer open.",
      ". You read along; they cannot see it.",
    ),
    summary &&
      el(
        "div",
        { class: "row" },
        inside
          ? el("a", { class: "button main small", href: "/desk" }, "You are in. Go to your desk")
          : [
              summary.phase === "live" && press("join", "Join, they see it", ""),
              takeOver(me, press),
              summary.with_lead && press("back-to-queue", "Back to the queue", "quiet"),
            ],
      ),
    summary && revealNodes(watching, summary, ctx.mayLead),
    watching.done && el("p", { class: "small", role: "status" }, watching.done),
    watching.error && el("p", { class: "lamp", role: "alert" }, watching.error),
  ];
}

/** On the rota or let on, one press checks in and takes over; anybody else is told what comes first. */
function takeOver(me, press) {
  if (me?.checked_in) return press("take-over", "Take over", "");
  if (me) return press("come-and-take-over", "Check in and take over", "");
  return el("a", { class: "button small", href: "/desk" }, "To take over, check in first");
}

const helpNodes = (ctx, watching) =>
  ladderParts(watching, {
    rungs: ctx.definition?.ladder?.rungs ?? [],
    me: ctx.me,
    lead: ctx.mayLead,
    writes: false,
  });

/** Another step begins at its top, unless somebody writes there just now. */
function topOfHelp(help, watching) {
  const step = `${watching.id}/${watching.summary?.rung_seq ?? 0}`;
  if (help.dataset.step === step) return;
  help.dataset.step = step;
  if (!document.activeElement?.matches("#drawer-help textarea, #drawer-help input")) help.scrollTop = 0;
}

/** @param {any} ctx */
export function drawerDeeds(ctx) {
  const act = async (name, body, done) => {
    const { watching } = ctx;
    watching.error = "";
    try {
      await ctx.line.settle(name, { contact: watching.id, ...body });
      watching.done = done;
      watching.panelFor = "";
    } catch (error) {
      watching.error = words.errorWords(error);
    }
    ctx.draw();
  };
  return {
    ...revealDeeds(ctx),
    ...partsDeeds(ctx, () => ctx.watching),
    ...promptDeeds(ctx, () => ctx.watching, "drawer-log", () => document.getElementById("drawer-log")?.focus()),
    open(button) {
      startWatching(ctx, button.dataset.contact);
      ctx.draw();
      requestAnimationFrame(() =>
        requestAnimationFrame(() => document.getElementById("drawer-title")?.focus()),
      );
    },
    shut() {
      const { id } = ctx.watching;
      stopWatching(ctx);
      ctx.draw();
      requestAnimationFrame(() =>
        document.querySelector(`[data-do="open"][data-contact="${CSS.escape(id)}"]`)?.focus(),
      );
    },
    join: () => act("join", {}, "You have joined. Write from your desk."),
    "take-over": () => act("take_over", {}, "They are with you now. Write from your desk."),
    "come-and-take-over": () =>
      act("take_over", { check_in: true }, "You are checked in, and they are with you now. Write from your desk."),
    "back-to-queue": () => act("back_to_queue", {}, "Anybody who is free may take them now."),
  };
}
