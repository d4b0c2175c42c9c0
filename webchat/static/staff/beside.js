/** What stands beside the rung, as desk and board both show it: whose forms are open, and what was written there. */

import { errorWords } from "/static/staff/words.js";

const WRITTEN = new Set(["could_not_be_confirmed", "decided"]);

/** One contact's. `open` names the form that stands open; `written` has the words that wait for a second person. */
export const newBeside = () => ({
  open: "",
  error: { of: "", words: "" },
  /** Presses on their way. @type {Set<string>} */ busy: new Set(),
  /** @type {Map<number, any>} events by their seq */ written: new Map(),
});

/** @param {ReturnType<typeof newBeside>} beside @param {any} event */
export function hearBeside(beside, event) {
  if (WRITTEN.has(event.kind)) beside.written.set(event.seq, event);
}

/**
 * Sends a press, keeps what went wrong beside the part it was about (`of`), and gives the answer or null.
 * @param {any} ctx @param {() => {id: string, beside: any, settled: (answer: any) => void}} here
 */
export const makeSend = (ctx, here) => async (of, name, body) => {
  const { id, beside, settled } = here();
  const told = (words) => {
    beside.error = { of, words };
    ctx.draw();
  };
  // A press made twice in a hurry is one press.
  const sending = JSON.stringify([name, body]);
  if (beside.busy.has(sending)) return null;
  beside.busy.add(sending);
  told("");
  try {
    const answer = await ctx.line.settle(name, { contact: id, ...body }, () =>
      told("Kept. It goes as soon as the line is back."),
    );
    beside.open = "";
    settled(answer);
    told("");
    return answer;
  } catch (error) {
    told(errorWords(error));
    return null;
  } finally {
    beside.busy.delete(sending);
  }
};
