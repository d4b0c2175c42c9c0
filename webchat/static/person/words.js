// The words of this page, as the server wrote them into it, and how it speaks of times, places and languages.

const given = JSON.parse(document.getElementById("words").textContent);

export const language = given.language;
export const languages = given.languages;
const intl = `${language}-u-nu-latn`; // digits as on a telephone's keys

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

const hourMinute = new Intl.DateTimeFormat(intl, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const weekday = new Intl.DateTimeFormat(intl, { weekday: "long", day: "numeric", month: "long" });
const opening = new Intl.DateTimeFormat(intl, {
  weekday: "long",
  hour: "2-digit",
  minute: "2-digit",
  hourCycle: "h23",
  timeZone: given.zone,
});

export const time = (at) => hourMinute.format(at);

/** "Today, 23:41", "Yesterday, 22:10" or the day by name. */
export function dayAndTime(at, now = new Date()) {
  const midnight = new Date(now.getFullYear(), now.getMonth(), now.getDate());
  const days = Math.ceil((midnight - at) / 86_400_000);
  if (days <= 0) return say("talk.today", { time: time(at) });
  if (days === 1) return say("talk.yesterday", { time: time(at) });
  return say("talk.day", { day: weekday.format(at), time: time(at) });
}

/** When the service opens, said in the service's own zone. */
export const opensAt = (at) => opening.format(at);

/** Where they are in the queue, and about how long; nothing that would be invented. */
export function place({ position, about_minutes: minutes } = {}) {
  const said = [];
  if (position) said.push(hasWord(`wait.place_${position}`) ? say(`wait.place_${position}`) : say("wait.place_n", { place: position }));
  if (minutes > given.longest) said.push(say("wait.longer"));
  else if (minutes) said.push(say("wait.about", { time: minutesInWords(minutes) }));
  return said.join(" ");
}

function minutesInWords(count) {
  return new Intl.NumberFormat(intl, { style: "unit", unit: "minute", unitDisplay: "long" }).format(count);
}

/** A language's name, said in the language of this page. */
export function nameOfLanguage(tag) {
  return new Intl.DisplayNames([language], { type: "language" }).of(tag);
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
