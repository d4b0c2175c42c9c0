// Whose clock differs from the service's is told every time on their own. Without it the service's times stand.

const place = document.querySelector("[data-zone]");
const here = Intl.DateTimeFormat().resolvedOptions().timeZone;

/** "Friday 18:00" on the clock of a zone, with the names of days that the page was given. */
function dayAndTime(at, zone) {
  const parts = new Intl.DateTimeFormat("en-GB", {
    timeZone: zone,
    weekday: "short",
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
  }).formatToParts(at);
  const { weekday, hour, minute } = Object.fromEntries(parts.map(({ type, value }) => [type, value]));
  const day = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"].indexOf(weekday);
  return [place.dataset.days.split("|")[day], `${hour}:${minute}`];
}

const spanned = place ? [...place.querySelectorAll("[data-begins]")] : [];
const differs = spanned.some(
  ({ dataset }) =>
    dayAndTime(new Date(dataset.begins), here).join() !== dayAndTime(new Date(dataset.begins), place.dataset.zone).join(),
);
if (differs) {
  for (const one of spanned) {
    const when = `${dayAndTime(new Date(one.dataset.begins), here).join(" ")}–${dayAndTime(new Date(one.dataset.ends), here)[1]}`;
    one.textContent = (one.dataset.said ?? "{when}").replace("{when}", when);
  }
  const note = document.getElementById("own-zone");
  note.textContent = note.dataset.said.replace("{zone}", here.split("/").pop().replaceAll("_", " "));
  note.hidden = false;
}
