// The words of this page, as the server wrote them into it, and how it speaks of times, places and languages.

const given = JSON.parse(document.getElementById("words").textContent);

export const language = given.language;

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
const opening = new Intl.DateTimeFormat("en-GB", {
  weekday: "short",
  hour: "2-digit",
  minute: "2-digit",
  hourCycle: "h23",
  timeZone: given.zone,
});
const WEEK = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];

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

/** When the service opens, said in the service's own zone. */
export function opensAt(at) {
  const part = Object.fromEntries(opening.formatToParts(at).map(({ type, value }) => [type, value]));
  return `${given.days[WEEK.indexOf(part.weekday)]} ${part.hour}:${part.minute}`;
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
