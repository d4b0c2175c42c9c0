// The one polite region in which the page tells how things stand: the line, who is writing, the queue.

const region = document.getElementById("status");
const QUIET = 1_500; // milliseconds at least between two sentences, so that a screen reader can finish one
const standing = new Map();
const ORDER = ["passing", "line", "writing"];

let shown = region.textContent;
let changed = 0;
let timer;

/** Say something for a while. */
export function tell(text, forMilliseconds = 5_000) {
  set("passing", text);
  clearTimeout(tell.timer);
  tell.timer = setTimeout(() => set("passing", ""), forMilliseconds);
}

/** Say something for as long as it is true: `what` is `line` or `writing`; an empty text takes it away. */
export function set(what, text) {
  if (text) standing.set(what, text);
  else standing.delete(what);
  show();
}

function show() {
  const next = ORDER.map((what) => standing.get(what)).find(Boolean) ?? "";
  clearTimeout(timer);
  if (next === shown) return;
  // The first word is said at once; a second one waits its turn, unless it answers what was just pressed.
  const wait = standing.has("passing") ? 0 : changed + QUIET - Date.now();
  if (wait > 0) {
    timer = setTimeout(show, wait);
    return;
  }
  shown = region.textContent = next;
  changed = Date.now();
}
