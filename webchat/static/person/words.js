// The words of this page, as the server wrote them into it, and how it speaks of times, places and languages.

const given = JSON.parse(document.getElementById("words").textContent);

export const language = given.language;

/** `{open, opens_at}` when the page was drawn; undefined on a page that has no door. */
export const door = given.door;

/** The sentence `key` with `{fillings}` put in. */
export function say(key, fillings = {}) {
  return filled(given.words[key] ?? "", fillings);
}

/** What the service itself says under `key`, as `{text, language}`; undefined when it says nothing there. */
export function message(key, fillings = {}) {
  const worded = given.messages[key];
  return worded && { text: filled(worded[0], fillings), language: worded[1] };
}

export function hasWord(key) {
  return key in given.words;
}

function filled(text, fillings) {
  return text.replace(/\{(\w+)\}/g, (all, name) => (name in fillings ? isolated(fillings[name]) : all));
}

/** In a page from right to left, a Latin name must not turn the sentence around it. */
function isolated(value) {
  return document.dir === "rtl" ? `\u2068${value}\u2069` : value;
}

// Names of days and months come with the page: few browsers have them in Welsh.
const two = (number) => String(number).padStart(2, "0");
const figures = { year: "numeric", month: "numeric", day: "numeric", hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
const there = new Intl.DateTimeFormat("en-GB", { ...figures, timeZone: given.zone });
const here = new Intl.DateTimeFormat("en-GB", figures);
const DAY = 86_400_000;
const DAYS_BY_NAME = 6; // a week on, "Friday" would be taken for the next one

export const time = (at) => `${two(at.getHours())}:${two(at.getMinutes())}`;

/** "Today, 23:41", "Yesterday, 22:10" or the day by name. */
export function dayAndTime(at, now = new Date()) {
  const midnight = new Date(now.getFullYear(), now.getMonth(), now.getDate());
  const days = Math.ceil((midnight - at) / 86_400_000);
  if (days <= 0) return say("talk.today", { time: time(at) });
  if (days === 1) return say("talk.yesterday", { time: time(at) });
  const day = `${given.days[at.getDay()]} ${at.getDate()} ${given.months[at.getMonth()]}`;
  return say("talk.day", { day, time: time(at) });
}

/** When the service opens, said in the service's own zone: "today at 18:00", "Friday 18:00", or with its date. */
export function opensAt(at, since = new Date(), today = true) {
  return timeOf(wall(there, at), wall(there, since), today);
}

/** The same instant on their own clock; empty where that reads as it does there. */
export function inOwnTime(at, now = new Date()) {
  const [yours, ours] = [wall(here, at), wall(there, at)];
  return yours.day === ours.day && yours.time === ours.time ? "" : timeOf(yours, wall(here, now), true);
}

function wall(zone, at) {
  const part = Object.fromEntries(zone.formatToParts(at).map(({ type, value }) => [type, value]));
  return { day: Date.UTC(part.year, part.month - 1, part.day) / DAY, time: `${part.hour}:${part.minute}` };
}

function timeOf({ day, time }, since, today) {
  if (today && day === since.day) return say("door.today", { time });
  const date = new Date(day * DAY);
  const name = given.days[date.getUTCDay()];
  if (day - since.day <= DAYS_BY_NAME) return `${name} ${time}`;
  return `${name} ${date.getUTCDate()} ${given.months[date.getUTCMonth()]} ${time}`;
}

/** Where they are in the queue, and about how long; nothing that would be invented. */
export function place({ position, about_minutes: minutes } = {}) {
  const said = [];
  if (position) said.push(hasWord(`wait.place_${position}`) ? say(`wait.place_${position}`) : say("wait.place_n", { place: position }));
  if (minutes > given.longest) said.push(say("wait.longer"));
  else if (minutes) said.push(say("wait.about", { time: given.minutes[minutes] ?? `${minutes} min` }));
  return said.join(" ");
}

/** A language's name, said in the language of this page. */
export function nameOfLanguage(tag) {
  return given.languages[tag] ?? new Intl.DisplayNames([language], { type: "language" }).of(tag);
}

/** What an option of an honest choice says. */
export function option(value) {
  const [kind, tag] = value.split(":");
  return say(`choice.${kind}`, tag ? { language: nameOfLanguage(tag) } : {});
}

/** A refusal in the person's language; the server's own sentence when there is none. */
export function refusal(error) {
  return hasWord(`error.${error.code}`) ? say(`error.${error.code}`) : error.message || say("error.other");
}
