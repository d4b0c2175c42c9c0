/** Times as people say them, by the service's clock and not this machine's. */

let ahead = 0;

/** The service's clock as it stood when it spoke. @param {string} now */
export function setClock(now) {
  if (now) ahead = Date.parse(now) - Date.now();
}

/** Milliseconds since 1970 by the service's clock. */
export const now = () => Date.now() + ahead;

const page = typeof document === "undefined" ? "en" : document.documentElement.lang || "en";
const clock = new Intl.DateTimeFormat(page, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const day = new Intl.DateTimeFormat(page, {
  weekday: "long",
  hour: "2-digit",
  minute: "2-digit",
  hourCycle: "h23",
});

/** "21:17" @param {string | number} at */
export const timeOfDay = (at) => clock.format(new Date(at));

/** "21:17", or "Tuesday 21:17" when it is not within twelve hours. @param {string | number} at */
export function timeAndDay(at) {
  const there = new Date(at);
  return Math.abs(there.getTime() - now()) < 12 * 3_600_000 ? clock.format(there) : day.format(there);
}

/** "now", "40 s", "6 min", "2 h 5 min" @param {number} seconds */
export function length(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  if (whole < 5) return "now";
  if (whole < 60) return `${Math.floor(whole / 5) * 5} s`;
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return `${minutes} min`;
  return minutes % 60 ? `${Math.floor(minutes / 60)} h ${minutes % 60} min` : `${minutes / 60} h`;
}

/** How long since an instant, in words. @param {string | number} at */
export const since = (at) => length((now() - new Date(at).getTime()) / 1000);

/** "just now", "20 s ago". @param {string | number} at */
export const ago = (at) => (since(at) === "now" ? "just now" : `${since(at)} ago`);

/** "in 40 s", "in 6 min", "now", "late by 2 min". @param {string | number} at */
export function due(at) {
  const seconds = (new Date(at).getTime() - now()) / 1000;
  const words = length(Math.abs(seconds));
  if (words === "now") return words;
  return seconds > 0 ? `in ${words}` : `late by ${words}`;
}

/** Whole seconds until an instant, never below 0. @param {string | number} at */
export const secondsUntil = (at) => Math.max(0, Math.ceil((new Date(at).getTime() - now()) / 1000));

/** Has it passed? @param {string | number} at */
export const past = (at) => new Date(at).getTime() <= now();

/**
 * Keeps every running time on the page true, once a second, touching only those whose words change:
 * `data-since` (an instant; "6 min"), `data-ago` ("6 min ago"), `data-due` ("in 6 min"), `data-left` ("48 s").
 * @param {() => void} [onSecond]
 */
export function startTicking(onSecond = () => {}) {
  setInterval(() => {
    tick(document);
    onSecond();
  }, 1000);
}

/** @param {ParentNode} root */
export function tick(root) {
  for (const element of root.querySelectorAll("[data-since]")) {
    const words = since(element.dataset.since);
    if (element.textContent !== words) element.textContent = words;
  }
  for (const element of root.querySelectorAll("[data-ago]")) {
    const words = ago(element.dataset.ago);
    if (element.textContent !== words) element.textContent = words;
  }
  for (const element of root.querySelectorAll("[data-due]")) {
    const words = due(element.dataset.due);
    if (element.textContent !== words) element.textContent = words;
  }
  for (const element of root.querySelectorAll("[data-left]")) {
    const words = `${secondsUntil(Number(element.dataset.left) || element.dataset.left)} s`;
    if (element.textContent !== words) element.textContent = words;
  }
}
