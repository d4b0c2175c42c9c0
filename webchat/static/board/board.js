/** The board: opens the line, keeps the evening as it stands, and calls until somebody has what needs a human. */

import { byId, el, onPress, patch } from "/static/staff/dom.js";
import { openLine } from "/static/staff/connection.js";
import { makeRinging } from "/static/staff/ringing.js";
import { now, startTicking, timeOfDay } from "/static/staff/times.js";
import { keepAtEnd } from "/static/staff/transcript.js";
import { alert as alertWords } from "/static/staff/words.js";
import { alertDeeds, alertNodes, forSomebodyElse } from "/static/board/alerts.js";
import { taskDeeds } from "/static/board/debriefs.js";
import { drawDrawer, drawerDeeds, lookAgain } from "/static/board/drawer.js";
import { escalationNodes } from "/static/board/escalation.js";
import { alertsInOrder, hearChange, hearSnapshot, newEvening } from "/static/board/evening.js";
import { letOnDeeds } from "/static/board/let_on.js";
import { doors, figureNodes, listNodes } from "/static/board/lists.js";

const PARTS = [
  "board",
  "doors",
  "clock",
  "strip",
  "alerts",
  "figures",
  "escalation",
  "lists",
  "drawer",
  "drawer-head",
  "drawer-log",
  "drawer-prompt",
  "drawer-help",
  "drawer-emergency",
  "called",
  "let-on",
  "let-on-told",
];
const LEADS = ["lead", "on_call", "second_on_call", "supervisor"];
const at = Object.fromEntries(PARTS.map((id) => [id, byId(id)]));
const roles = at.board.dataset.roles.split(" ");
let drawing = false;
let called = "";

const ctx = {
  evening: newEvening(),
  me: at.board.dataset.me,
  mayLead: roles.some((role) => LEADS.includes(role)),
  line: null,
  lineState: "starting",
  blocked: false,
  definition: null,
  /** @type {any} */ watching: null,
  busy: new Set(),
  errors: new Map(),
  ringing: makeRinging((blocked) => {
    if (ctx.blocked === blocked) return;
    ctx.blocked = blocked;
    ctx.draw();
  }),
  rungName(summary) {
    const rung = ctx.definition?.ladder?.rungs.find((one) => one.number === summary.rung);
    return rung?.name ?? summary.rung_short ?? `Step ${summary.rung}`;
  },
  draw() {
    if (drawing) return;
    drawing = true;
    requestAnimationFrame(() => {
      drawing = false;
      drawAll();
    });
  },
};

function drawAll() {
  const alerts = alertsInOrder(ctx.evening);
  patch(at.doors, ctx.evening.here ? doors(ctx.evening).join(". ") : "Opening the board");
  patch(at.strip, stripNodes());
  patch(at.alerts, alertNodes(ctx));
  patch(at.figures, figureNodes(ctx));
  patch(at.escalation, escalationNodes(ctx));
  patch(at.lists, listNodes(ctx));
  drawDrawer(ctx, at, patch);
  at.board.classList.toggle("with-drawer", Boolean(ctx.watching));
  call(alerts);
}

/** Sound, the tab's title and a spoken line, until it is acknowledged. */
function call(all) {
  const alerts = all.filter((one) => !forSomebodyElse(ctx, one));
  if (alerts.length && ctx.mayLead) ctx.ringing.ring("alerts", "alert");
  else ctx.ringing.stop("alerts");
  document.title = alerts.length ? `● ${alertWords(alerts[0].what)}, Tonight` : "Tonight";
  const words = alerts.length ? `${alertWords(alerts[0].what)}: ${alerts[0].name}` : "";
  if (words !== called) at.called.textContent = called = words;
}

function stripNodes() {
  const line = (key, ...children) => el("div", { class: "strip-line lamp", "data-key": key }, children);
  return [
    ctx.lineState === "lost" &&
      line("line", "The board's line is lost: what you see may be old. It is being tried again."),
    ctx.lineState === "signed_out" &&
      line("out", "You are signed out. ", el("a", { href: "/sign-in?then=/board" }, "Sign in again"), "."),
    ctx.evening.phoneSilent &&
      line(
        "phone",
        `The phone line is silent since ${timeOfDay(ctx.evening.phoneSilent)}: no text and no call goes out. `,
        "What is written waits and goes by itself.",
      ),
    ctx.evening.nodes.no_keys_since &&
      line(
        "keys",
        `Nobody new can begin, and nobody can start a shift, since ${timeOfDay(ctx.evening.nodes.no_keys_since)}: the key `,
        "store does not answer. Whoever talks goes on, and whoever begins is tried again by itself. ",
        "Tell whoever looks after the service now.",
      ),
    ctx.evening.nodes.silent_since &&
      line(
        "nodes",
        `The machines of this service do not hear each other since ${timeOfDay(ctx.evening.nodes.silent_since)}: `,
        "everything goes on, about a second slower, and nothing is lost. It goes away by itself.",
      ),
    ctx.evening.nodes.differing.length > 0 &&
      line(
        "differing",
        `Started with another service file or version than this one: ${ctx.evening.nodes.differing.join("; ")}. `,
        "Each conversation keeps what it began with. Tell whoever looks after the service.",
      ),
    ctx.blocked &&
      ctx.mayLead &&
      line(
        "sound",
        "This page may not sound yet. ",
        el("button", { type: "button", class: "small", "data-do": "sound-on" }, "Turn the sound on"),
      ),
  ];
}

ctx.line = openLine(
  "/board",
  {
    snapshot(snapshot) {
      hearSnapshot(ctx.evening, snapshot);
      lookAgain(ctx);
      ctx.draw();
    },
    change(change) {
      hearChange(ctx.evening, change);
      ctx.draw();
    },
    event(event) {
      if (ctx.watching?.id === event.contact) ctx.watching.log.hear(event);
    },
  },
  (line) => {
    ctx.lineState = line;
    ctx.draw();
  },
);

onPress(at.board, {
  ...alertDeeds(ctx),
  ...drawerDeeds(ctx),
  ...taskDeeds(ctx),
  ...letOnDeeds(ctx, at["let-on"], at["let-on-told"]),
  "sound-on": () => ctx.ringing.test(),
});

keepAtEnd(at["drawer-log"]);

function tellTime() {
  const words = timeOfDay(now());
  if (at.clock.textContent !== words) at.clock.textContent = words;
}

let seconds = 0;
startTicking(() => {
  tellTime();
  seconds += 1;
  if (seconds % 5 === 0) ctx.draw();
});
tellTime();

async function readDefinition() {
  try {
    const answer = await fetch("/desk/definition.json?for=board", {
      headers: { Accept: "application/json" },
    });
    if (!answer.ok) throw new Error(String(answer.status));
    ctx.definition = await answer.json();
    ctx.draw();
  } catch {
    setTimeout(readDefinition, 3_000);
  }
}
readDefinition();
