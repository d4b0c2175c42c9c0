/** The desk: opens the line, hears what it says, and keeps every part of the page as things stand. */

import { byId, onPress, patch } from "/static/staff/dom.js";
import { openLine } from "/static/staff/connection.js";
import { makeRinging } from "/static/staff/ringing.js";
import { emergencyNodes, refreshPanel } from "/static/staff/steps.js";
import { keepAtEnd } from "/static/staff/transcript.js";
import { startTicking } from "/static/staff/times.js";
import { hearPlan, planDeeds, planNodes, refreshPlans } from "/static/staff/plan.js";
import { errorWords } from "/static/staff/words.js";
import { leadNodes, menuNodes, shiftNodes, stripNodes } from "/static/desk/bar.js";
import {
  checkInChanged,
  checkInDeeds,
  checkInNodes,
  checkOutNodes,
  doneNodes,
} from "/static/desk/check_in.js";
import { makeComposer } from "/static/desk/composer.js";
import { callDeeds, callNodes, refreshCall } from "/static/desk/call.js";
import { textDeeds } from "/static/desk/texts.js";
import { tabNodes } from "/static/desk/contact_tabs.js";
import { conversationDeeds, drawConversation } from "/static/desk/conversation.js";
import { handingDeeds, handingNodes, hearTransfer, showColleagues } from "/static/desk/handing_on.js";
import { handoverDeeds, handoverNodes } from "/static/desk/handover.js";
import { listenToKeys } from "/static/desk/keys.js";
import { ladderDeeds, ladderNodes } from "/static/desk/ladder_panel.js";
import { isUnsaved, keepOf, noteNodes, noteWritten, saveNote, showFields } from "/static/desk/note.js";
import { hearOfferGone, offerDeeds, offerNodes, offerSpoken, tickOffers } from "/static/desk/offers.js";
import { leavingDeeds } from "/static/desk/leaving.js";
import { listenToServices, serviceDeeds, serviceNodes } from "/static/desk/services.js";
import { taskDeeds, taskNodes } from "/static/desk/tasks.js";
import { closeMenu, shiftDeeds, watchIdle } from "/static/desk/shift.js";
import { hearAlert, hearContact, hearMine, hearOffer, letGo, newState, opened } from "/static/desk/state.js";

const PARTS = [
  "desk",
  "shift",
  "lead",
  "strip",
  "offers",
  "contacts",
  "middle",
  "nobody",
  "sheet",
  "talk",
  "who",
  "log",
  "below",
  "theirs",
  "prompt",
  "texts",
  "text-count",
  "by-text",
  "help",
  "emergency",
  "menu-presses",
  "message",
  "say",
  "say-error",
  "correcting",
  "cancel",
  "send",
  "ready",
  "ready-spoken",
  "ended",
  "ring-spoken",
  "stop-now",
];
const ACTING = 3;
const TYPING_FADES_MS = 8_000;
const at = Object.fromEntries(PARTS.map((id) => [id, byId(id)]));
const state = newState();
const notifications = new Map();
let drawing = false;

const ctx = {
  state,
  line: null,
  ringing: makeRinging((blocked) => {
    if (state.blocked === blocked) return;
    state.blocked = blocked;
    ctx.draw();
  }),
  composer: null,
  opened: () => opened(state),
  watching: (held) => state.open === held.id && document.visibilityState === "visible" && document.hasFocus(),
  draw() {
    if (drawing) return;
    drawing = true;
    requestAnimationFrame(() => {
      drawing = false;
      drawAll();
    });
  },
  /** Once what was asked for is drawn. @param {string} id */
  focus(id) {
    requestAnimationFrame(() =>
      requestAnimationFrame(() => document.getElementById(id)?.focus({ preventScroll: id === "message" })),
    );
  },
  say(words, tone = "calm") {
    state.notice = { words, tone };
    ctx.draw();
  },
  take: (summary) => hearContact(ctx, summary),
  show(id, { write = false } = {}) {
    const before = opened(state);
    if (before) before.unread = 0;
    state.open = id;
    state.pane = "conversation";
    state.checkingIn = state.checkingOut = state.writingHandover = false;
    ctx.draw();
    if (write) ctx.focus("message");
  },
  handTo: () => showColleagues(ctx, opened(state)),
  compose: (text) => {
    state.pane = "conversation";
    ctx.draw();
    ctx.composer.add(text);
  },
  letGo(id, words) {
    const next = [...state.contacts.keys()].find((other) => other !== id) ?? null;
    letGo(ctx, id);
    if (words && state.gone.has(id)) state.gone.get(id).words = words;
    if (state.open === id) state.open = next;
    ctx.draw();
  },
  /** Change something said before; what went wrong is told beside the message box. */
  async change(held, name, body) {
    held.error = "";
    try {
      const answer = await ctx.line.settle(name, { contact: held.id, ...body });
      held.log.expect(answer.seq);
    } catch (error) {
      held.error = errorWords(error);
    }
    ctx.draw();
  },
};

ctx.composer = makeComposer(ctx, {
  box: at.message,
  form: at.say,
  error: at["say-error"],
  correcting: at.correcting,
  cancel: at.cancel,
  send: at.send,
  ready: at.ready,
  spoken: at["ready-spoken"],
  count: at["text-count"],
  byText: at["by-text"],
  ended: at.ended,
});

function drawAll() {
  const held = ctx.opened();
  const sheet = sheetNodes();
  patch(at.shift, shiftNodes(ctx));
  patch(at.lead, leadNodes(ctx));
  patch(at.strip, stripNodes(ctx));
  patch(at.offers, offerNodes(ctx));
  patch(at.contacts, tabNodes(ctx));
  patch(at["menu-presses"], menuNodes(ctx));
  at["stop-now"].hidden = !state.attendance?.checked_in;
  at.desk.dataset.pane = state.pane;
  at.desk.dataset.mode = held ? "talk" : sheet ? "sheet" : "quiet";
  for (const press of document.querySelectorAll(".panes [data-pane]"))
    if (press.dataset.pane === state.pane) press.setAttribute("aria-current", "true");
    else press.removeAttribute("aria-current");
  drawConversation(ctx, at);
  ctx.composer.show(held);
  if (held) {
    refreshPanel(ctx, held);
    refreshPlans(ctx, held);
    refreshCall(ctx, held);
    patch(at.help, sheet ?? helpNodes(held));
    topOfHelp(held);
    showFields(held);
    markSeen(held);
  } else patch(at.help);
  patch(at.emergency, emergencyNodes(held));
  at.sheet.hidden = !sheet || Boolean(held);
  if (sheet && !held) {
    at.nobody.hidden = true;
    patch(at.sheet, sheet);
  } else patch(at.sheet);
  ring();
  title();
}

/** At the start and the end of a shift there is one thing to do; beside a conversation it stands on the help side. */
function sheetNodes() {
  if (!state.me) return null;
  if (state.done) return doneNodes(ctx);
  if (state.checkingOut) return checkOutNodes(ctx);
  if (state.writingHandover && state.attendance?.checked_in) return handoverNodes(ctx);
  const on = state.attendance?.checked_in;
  if (!on && (state.checkingIn || (!state.contacts.size && !state.checkInLater))) return checkInNodes(ctx);
  return null;
}

function helpNodes(held) {
  const ended = ["wrap_up", "ended"].includes(held.summary.phase);
  const parts = [ladderNodes(ctx, held), noteNodes(ctx, held), handingNodes(ctx, held)];
  const { node: plan, place } = planNodes(ctx, held, ended);
  const whole = ended ? [parts[1], taskNodes(ctx, held), parts[2]] : parts;
  const rest = [...whole.slice(0, place), plan, ...whole.slice(place), serviceNodes(ctx, held)];
  const call = callNodes(ctx, held);
  // Whom to ring first when somebody's life is at risk is the ladder's word.
  return (held.summary.rung ?? 0) >= ACTING ? [rest[0], call, ...rest.slice(1)] : [call, ...rest];
}

/** Another step begins at its top: what to ask and who to ring must not have to be looked for. */
function topOfHelp(held) {
  const step = `${held.id}/${held.summary.rung_seq ?? 0}`;
  if (at.help.dataset.step === step) return;
  at.help.dataset.step = step;
  if (!document.activeElement?.matches("#help textarea, #help input")) at.help.scrollTop = 0;
}

function markSeen(held) {
  if (!ctx.watching(held)) return;
  held.unread = 0;
  const head = held.log.head();
  if (!head || held.saidSeen === head) return;
  held.saidSeen = head;
  ctx.line.mention("seen", { contact: held.id, seq: head });
}

function ring() {
  for (const offer of state.offers.values()) {
    if (offer.rung) continue;
    offer.rung = true;
    ctx.ringing.ring(offer.offer);
    at["ring-spoken"].textContent = offerSpoken(offer);
    notify(offer);
  }
  if (!state.offers.size) at["ring-spoken"].textContent = "";
}

/** Never who, never what: a screen may be seen by others in the room. */
function notify(offer) {
  if (!("Notification" in window) || Notification.permission !== "granted") return;
  const shown = new Notification("Someone is waiting", { tag: offer.offer, requireInteraction: true });
  shown.onclick = () => window.focus();
  notifications.set(offer.offer, shown);
}

function unring(id) {
  ctx.ringing.stop(id);
  notifications.get(id)?.close();
  notifications.delete(id);
}

function title() {
  const unread = [...state.contacts.values()].reduce((sum, held) => sum + held.unread, 0);
  const what = state.offers.size ? "● Someone is waiting, " : unread ? `(${unread}) ` : "";
  document.title = `${what}Desk`;
}

const holding = (body, act) => {
  const held = state.contacts.get(body.contact);
  if (held) act(held);
};

ctx.line = openLine(
  "/desk",
  {
    mine(mine) {
      for (const id of state.offers.keys()) if (!mine.offers.some((offer) => offer.offer === id)) unring(id);
      const rung = new Map([...state.offers].map(([id, offer]) => [id, offer.rung]));
      hearMine(ctx, mine);
      for (const [id, offer] of state.offers) offer.rung = rung.get(id);
    },
    event: (event) =>
      holding(event, (held) => {
        held.log.hear(event);
        hearTransfer(held, event, ctx.say);
      }),
    plan: (body) => hearPlan(ctx, body),
    contact: (body) => hearContact(ctx, body.summary ?? body),
    contact_gone({ contact, ...now }) {
      holding({ contact }, (held) => Object.assign(held.summary, now));
      ctx.letGo(contact);
    },
    offer(offer) {
      hearOffer(ctx, offer);
      ctx.draw();
    },
    offer_gone(gone) {
      unring(gone.offer);
      hearOfferGone(ctx, gone);
    },
    attendance(body) {
      state.attendance = body.attendance ?? body;
      ctx.draw();
    },
    alert(alert) {
      hearAlert(ctx, alert);
      ctx.draw();
    },
    handover(body) {
      state.handover = body.handover;
      ctx.draw();
    },
    lead(lead) {
      state.lead = lead;
      ctx.draw();
    },
    typing: (body) =>
      holding(body, (held) => {
        clearTimeout(held.typingTimer);
        held.typing = body.on ? body.name || "They" : null;
        // The word that it stopped may be lost with the line.
        if (body.on)
          held.typingTimer = setTimeout(() => {
            held.typing = null;
            ctx.draw();
          }, TYPING_FADES_MS);
        ctx.draw();
      }),
    seen: (body) =>
      holding(body, (held) => {
        held.seen = Math.max(held.seen, body.seq);
        ctx.draw();
      }),
  },
  (line) => {
    state.line = line;
    ctx.draw();
  },
);

onPress(at.desk, {
  ...offerDeeds(ctx),
  ...conversationDeeds(ctx),
  ...ladderDeeds(ctx),
  ...handingDeeds(ctx),
  ...shiftDeeds(ctx),
  ...leavingDeeds(ctx),
  ...handoverDeeds(ctx, closeMenu),
  ...checkInDeeds(ctx),
  ...taskDeeds(ctx),
  ...planDeeds(ctx),
  ...callDeeds(ctx),
  ...textDeeds(ctx),
  ...serviceDeeds(ctx),
  open: (button) => ctx.show(button.dataset.contact, { write: true }),
  pane(button) {
    state.pane = button.dataset.pane;
    ctx.draw();
  },
  "forget-gone"(button) {
    state.gone.delete(button.dataset.contact);
    ctx.draw();
  },
  "note-keep": (button) => keepOf(ctx, ctx.opened(), button.dataset.field, button.dataset.what),
  keys() {
    closeMenu();
    byId("keys").showPopover();
  },
});

at.desk.addEventListener("input", ({ target }) => {
  const field = target.dataset.note;
  if (!field) return;
  const boxes = [...document.querySelectorAll(`[data-note="${CSS.escape(field)}"]`)];
  const value = target.dataset.choice
    ? boxes
        .filter((box) => box.checked)
        .map((box) => box.dataset.choice)
        .join(",")
    : target.value;
  noteWritten(ctx, ctx.opened(), field, value);
});

at.desk.addEventListener("change", ({ target }) => {
  if (target.dataset.change === "capacity")
    ctx.line.settle("ready", { capacity: Number(target.value) }).then(
      (answer) => {
        state.attendance = answer.attendance;
        ctx.draw();
      },
      (error) => ctx.say(errorWords(error), "lamp"),
    );
  else if (target.dataset.change) checkInChanged(ctx, target);
});

keepAtEnd(at.log, (there) => {
  if (there) at.below.hidden = true;
});
for (const kind of ["visibilitychange", "focus"]) window.addEventListener(kind, ctx.draw);

// A page that goes out of sight may not come back: what stands in a note is saved at once.
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "hidden") for (const held of state.contacts.values()) saveNote(ctx, held);
});

// Leaving with unsent words would lose them; the browser asks first, and a note is saved meanwhile.
window.addEventListener("beforeunload", (event) => {
  const all = [...state.contacts.values()];
  if (all.some((held) => held.outbox.waiting().length || isUnsaved(held.note))) event.preventDefault();
  for (const held of all) saveNote(ctx, held);
});

listenToKeys(ctx);
listenToServices(ctx, at.help);
const lookIdle = watchIdle(ctx);
let seconds = 0;
startTicking(() => {
  tickOffers();
  lookIdle();
  seconds += 1;
  // Once a run of seconds, for what changes by the clock alone: late clocks, the end of "Undo".
  if (seconds % 5 === 0) ctx.draw();
});

async function readDefinition() {
  try {
    const answer = await fetch("/desk/definition.json", { headers: { Accept: "application/json" } });
    if (!answer.ok) throw new Error(String(answer.status));
    state.definition = await answer.json();
    ctx.draw();
  } catch {
    setTimeout(readDefinition, 3_000);
  }
}
readDefinition();
