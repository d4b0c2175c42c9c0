/** The pretend phones follow by themselves: what changed is drawn anew, what is being written stays. */

const AGAIN_MS = 2_000;
const room = document.getElementById("phones");
const told = document.getElementById("told");
let seq = room.dataset.seq;

/** @param {Document} fresh */
function draw(fresh) {
  for (const part of fresh.querySelectorAll("[data-part]")) {
    const here = room.querySelector(`[data-part="${CSS.escape(part.dataset.part)}"]`);
    if (!here || here.outerHTML === part.outerHTML) continue;
    const focused = here.contains(document.activeElement);
    here.replaceChildren(...part.childNodes);
    here.scrollTop = here.scrollHeight;
    if (focused) (here.querySelector("button") ?? here).focus();
  }
  // After a new start of the demonstration its forms have another token.
  const { value } = fresh.querySelector("[name=token]");
  for (const hidden of room.querySelectorAll("[name=token]")) hidden.value = value;
  seq = fresh.getElementById("phones").dataset.seq;
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
follow();
