/** The record's page: printing, and the next or the last move on the ladder by a key. */

for (const button of document.querySelectorAll('[data-do="print"]')) {
  button.hidden = false;
  button.addEventListener("click", () => window.print());
}

document.getElementById("correction")?.focus();

const steps = [...document.querySelectorAll(".line.step")];
for (const hint of document.querySelectorAll(".record-keys")) hint.hidden = steps.length === 0;

/** The line the reader is at: what has the focus, else the first that is in view. */
function place() {
  const focused = document.activeElement?.closest(".line");
  return focused ? focused.getBoundingClientRect().top : 0;
}

function go(step) {
  step?.focus({ preventScroll: true });
  step?.scrollIntoView({ block: "start" });
}

document.addEventListener("keydown", (event) => {
  if (event.key !== "F8" || event.ctrlKey || event.altKey || event.metaKey) return;
  const here = place();
  const tops = steps.map((step) => [step, step.getBoundingClientRect().top]);
  const next = event.shiftKey
    ? tops.findLast(([, top]) => top < here - 1)
    : tops.find(([, top]) => top > here + 1);
  event.preventDefault();
  go(next?.[0]);
});
