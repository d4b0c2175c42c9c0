/**
 * Every page of the rota follows the rota by itself.
 *
 * It asks for one number every few seconds while somebody looks. When that moved, the page is fetched again and its
 * <main> put in place of the old one, unless a form is being filled: then a line offers it.
 */

const EVERY = 5_000;
// What a page says of today and tomorrow goes stale without any change of the rota.
const OLD = 10 * 60_000;

const moved = document.getElementById("moved");
let drawnAt = Date.now();
let asking = false;

const main = () => document.getElementById("rota");

/** Whether replacing the page would take something out of somebody's hands. */
function inUse() {
  const focused = document.activeElement;
  if (main().dataset.still !== undefined) return true;
  if (!focused || !main().contains(focused) || focused.matches("[autofocus], #outcome, #refusal")) return false;
  return focused.closest("form, details") !== null;
}

async function follow() {
  if (asking || document.hidden) return;
  asking = true;
  try {
    const answer = await fetch("/rota/seq", { headers: { Accept: "application/json" } });
    if (answer.status === 401 || answer.status === 403) return clearInterval(timer);
    if (!answer.ok) return;
    const { seq } = await answer.json();
    if (String(seq) !== main().dataset.seq) await change();
    else if (Date.now() - drawnAt > OLD && !inUse()) await show();
  } catch {
    // No line just now: the page stays as it is and asks again.
  } finally {
    asking = false;
  }
}

async function change() {
  if (inUse()) moved.hidden = false;
  else await show();
}

async function show() {
  // A page that says no was posted: its own address asks for something else.
  const from = document.getElementById("refusal") ? main().dataset.back : location.href;
  const answer = await fetch(from, { headers: { Accept: "text/html" } });
  const text = answer.ok && !answer.redirected ? await answer.text() : "";
  const next = new DOMParser().parseFromString(text, "text/html").getElementById("rota");
  if (!next) return location.assign(from);
  const open = new Set([...main().querySelectorAll("details[open][id]")].map((one) => one.id));
  const focused = document.activeElement?.id;
  main().replaceWith(next);
  for (const one of next.querySelectorAll("details[id]")) one.open ||= open.has(one.id);
  if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
  moved.hidden = true;
  drawnAt = Date.now();
}

document.getElementById("show-moved").addEventListener("click", async () => {
  await show();
  main().focus({ preventScroll: true });
});
document.addEventListener("visibilitychange", follow);
(document.getElementById("refusal") ?? document.getElementById("outcome"))?.focus({ preventScroll: true });
const timer = setInterval(follow, EVERY);
