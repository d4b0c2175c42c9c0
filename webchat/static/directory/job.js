// The page of a file that is being read: its bar follows, and the page is shown anew when it is over.

const EVERY_MS = 400;

const reading = document.getElementById("reading");
const bar = document.getElementById("bar");
const howFar = document.getElementById("how-far");
const count = new Intl.NumberFormat("en-GB");

async function follow() {
  try {
    const answer = await fetch(reading.dataset.state, { credentials: "same-origin" });
    if (!answer.ok) return location.reload();
    const { done, of, percent, over } = await answer.json();
    if (over) return location.reload();
    bar.value = percent;
    if (of) howFar.textContent = `Reading: ${count.format(done)} of about ${count.format(of)}`;
  } catch {
    // Without a line the next try finds out.
  }
  setTimeout(follow, EVERY_MS);
}

if (reading) follow();
