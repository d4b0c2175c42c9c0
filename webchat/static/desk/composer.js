/** Where the supporter writes. Each contact has its own draft; what is sent is kept until it is saved. */

import { makeReadyWords } from "/static/desk/ready_words.js";
import { countWords } from "/static/desk/texts.js";

const SAY_TYPING_EVERY_MS = 3_000;
const TYPING_ENDS_MS = 5_000;
const TALLEST_PX = 160;
const LONGEST = 4_000;

/** @param {any} ctx @param {Record<string, HTMLElement>} at */
export function makeComposer(ctx, at) {
  const { box, form, error, correcting, cancel } = at;
  let shown = null;
  let saidTyping = 0;
  let typingTimer = null;
  const ready = makeReadyWords(box, at.ready, at.spoken, (entry) => {
    box.value = entry.text;
    if (shown) shown.writingIn = entry.lang;
    written();
    box.focus();
    box.setSelectionRange(box.value.length, box.value.length);
  });

  function typing(on) {
    clearTimeout(typingTimer);
    const now = Date.now();
    if (on) typingTimer = setTimeout(() => typing(false), TYPING_ENDS_MS);
    if (on && now - saidTyping < SAY_TYPING_EVERY_MS) return;
    if (!on && !saidTyping) return;
    saidTyping = on ? now : 0;
    if (shown) ctx.line.mention("typing", { contact: shown.id, on });
  }

  function grow() {
    box.style.blockSize = "auto";
    box.style.blockSize = `${Math.min(box.scrollHeight + 2, TALLEST_PX)}px`;
  }

  function written() {
    if (!shown) return;
    if (shown.correcting) shown.correction = box.value;
    else shown.draft = box.value;
    shown.error =
      box.value.length > LONGEST
        ? `That is ${box.value.length - LONGEST} characters too long. Send it in two parts.`
        : "";
    showState();
    grow();
  }

  function send() {
    const held = shown;
    const text = box.value.trim();
    if (!held || !text || text.length > LONGEST) return;
    if (held.correcting) {
      ctx.change(held, "correct", { of: held.correcting, text });
      return stopCorrecting(held);
    }
    const lang = held.writingIn ?? held.summary.language;
    held.writingIn = null;
    held.draft = "";
    box.value = "";
    held.toEnd = true;
    typing(false);
    grow();
    held.outbox.say(text, lang);
  }

  function stopCorrecting(held) {
    held.correcting = null;
    held.correction = "";
    show(held, true);
    box.focus();
    ctx.draw();
  }

  function showState() {
    const held = shown;
    const ended = held && ["wrap_up", "ended"].includes(held.summary.phase);
    // Somebody who is rung sees no words of ours.
    form.hidden = !held || ended || held.summary.channel === "call";
    at.ended.hidden = !ended;
    correcting.hidden = !held?.correcting;
    cancel.hidden = !held?.correcting;
    at.send.textContent = held?.correcting ? "Put right" : "Send";
    error.textContent = held?.error ?? "";
    error.hidden = !held?.error;
    const count = held?.summary.texts ? countWords(box.value) : "";
    if (at.count.textContent !== count) at.count.textContent = count;
    at.byText.hidden = !(held?.correcting && held.summary.texts);
  }

  /** Show this contact's own draft; the same contact again changes nothing. @param {any} held */
  function show(held, anew = false) {
    if (held !== shown || anew) {
      typing(false);
      ready.close();
      shown = held;
      box.value = held ? (held.correcting ? held.correction : held.draft) : "";
      box.setAttribute("aria-label", held ? `Message to ${held.summary.name}` : "Message");
      box.placeholder = held ? "Write, or / for ready words" : "";
      grow();
    }
    showState();
  }

  box.addEventListener("input", () => {
    written();
    ready.look(ctx.state.definition?.ready_words ?? [], shown?.summary.language);
    typing(Boolean(box.value.trim()) && !box.value.startsWith("/"));
  });
  box.addEventListener("keydown", (event) => {
    if (event.isComposing || ready.key(event)) return;
    if (event.key === "Escape" && shown?.correcting) stopCorrecting(shown);
    if (event.key !== "Enter" || event.shiftKey) return;
    event.preventDefault();
    send();
  });
  box.addEventListener("blur", () => typing(false));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    send();
    box.focus();
  });
  cancel.addEventListener("click", () => shown && stopCorrecting(shown));

  return {
    show,
    /** Put words into the message, after what is already there. @param {string} text */
    add(text) {
      box.value = [box.value.trimEnd(), text].filter(Boolean).join(" ");
      written();
      box.focus();
    },
    correct(held, message) {
      held.correcting = message.seq;
      held.correction = message.text;
      show(held, true);
      box.focus();
      ctx.draw();
    },
    putBack(held, text) {
      held.draft = [held.draft, text].filter(Boolean).join("\n");
      show(held, true);
      box.focus();
    },
  };
}
