/** The pretend phones follow by themselves: what changed is drawn anew, what is being written stays. */

const AGAIN_MS = 2_000;
const TICK_MS = 1_000;
const TITLE = document.title;
const room = document.getElementById("phones");
const told = document.getElementById("told");
let seq = room.dataset.seq;

/** @param {Document} fresh */
function draw(fresh) {
  for (const part of fresh.querySelectorAll("[data-part]")) {
    const here = room.querySelector(`[data-part="${CSS.escape(part.dataset.part)}"]`);
    if (here && !here.isEqualNode(part)) redraw(here, part);
  }
  // After a new start of the demonstration its forms have another token.
  const { value } = fresh.querySelector("[name=token]");
  for (const hidden of room.querySelectorAll("[name=token]")) hidden.value = value;
  seq = fresh.getElementById("phones").dataset.seq;
  follows();
}

/** Child by child, so that only what is new is read out. @param {Element} here @param {Element} part */
function redraw(here, part) {
  const focused = here.contains(document.activeElement) ? document.activeElement : null;
  const before = [...here.children];
  const now = [...part.children];
  now.forEach((fresh, place) => {
    const old = before[place];
    if (!old) here.append(fresh);
    else if (!old.isEqualNode(fresh)) old.replaceWith(fresh);
  });
  for (const gone of before.slice(now.length)) gone.remove();
  if (here.matches(".log")) here.scrollTop = here.scrollHeight;
  if (focused && !focused.isConnected) stay(here, focused);
}

/** The keyboard stays at the same press, else at the first one there is, else at that phone. */
function stay(here, focused) {
  const same = [...here.querySelectorAll("button")].find((one) => one.ariaLabel === focused.ariaLabel);
  const next = same ?? here.querySelector("button") ?? here.closest("section")?.querySelector("h3");
  next?.focus({ preventScroll: true });
}

/** What follows from what is shown: the timers begin where the server's stand, and the title says what rings. */
function follows() {
  for (const timer of room.querySelectorAll("[data-seconds]:not([data-from])"))
    timer.dataset.from = performance.now() - Number(timer.dataset.seconds) * 1_000;
  tick();
  document.title = room.querySelector(".phone-rings b")?.textContent ?? TITLE;
}

function tick() {
  for (const timer of room.querySelectorAll("[data-from]")) {
    const seconds = Math.floor((performance.now() - Number(timer.dataset.from)) / 1_000);
    timer.textContent = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
  }
}

async function follow() {
  for (;;) {
    try {
      const answer = await fetch(`/demo/phone/now?seq=${seq}`, { headers: { Accept: "text/html" } });
      if (!answer.ok) throw new Error(String(answer.status));
      draw(new DOMParser().parseFromString(await answer.text(), "text/html"));
    } catch {
      await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
    }
  }
}

// A press is sent without leaving the page, so that words half-written on another phone stay.
room.addEventListener("submit", async (event) => {
  event.preventDefault();
  const form = event.target;
  const fields = new URLSearchParams(new FormData(form, event.submitter));
  const written = form.querySelector("textarea");
  try {
    const answer = await fetch(form.action, { method: "POST", body: fields });
    if (!answer.ok) throw new Error(String(answer.status));
    if (written && written.value === fields.get("words")) written.value = "";
    told.textContent = "";
  } catch {
    told.textContent = "The demonstration did not answer. Press again.";
  }
});

room.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.target.nodeName !== "TEXTAREA") return;
  event.preventDefault();
  event.target.form.requestSubmit();
});

for (const log of room.querySelectorAll(".handset-texts")) log.scrollTop = log.scrollHeight;
setInterval(tick, TICK_MS);
follows();
follow();
