// The plan's own page: printing it, and keeping a word of that.

const button = document.getElementById("print");

button?.addEventListener("click", () => {
  print();
  const body = new URLSearchParams({ csrf: button.dataset.csrf });
  fetch("/chat/plan/copy", { method: "POST", body }).catch(() => {}); // printed it is, whether or not we know
});
