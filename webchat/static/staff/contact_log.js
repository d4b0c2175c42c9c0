/** One contact's events in order: nothing twice, nothing missing, whatever way they came. */

const GAP_MS = 500;
const PAGE = 200;

/**
 * @param {{
 *   resume: (asked: {after: number, epoch?: string, limit: number}) => Promise<any>,
 *   take: (event: any) => void,
 *   forget: () => void,
 *   told?: (answer: any) => void,
 * }} ways `resume` asks the service; `take` gets each event once, in order; `forget` when the history is another one.
 */
export function openLog({ resume, take, forget, told = () => {} }) {
  let head = 0;
  let epoch;
  let running = null;
  let again = false;
  let timer = null;
  const held = new Map();

  function accept(event) {
    head = event.seq;
    take(event);
    const next = held.get(head + 1);
    if (!next) return;
    held.delete(head + 1);
    accept(next);
  }

  function hear(event) {
    if (event.seq <= head) return;
    if (event.seq === head + 1) accept(event);
    else held.set(event.seq, event);
    watchGap();
  }

  function watchGap() {
    for (const seq of held.keys()) if (seq <= head) held.delete(seq);
    if (held.size && !timer && !running)
      timer = setTimeout(() => {
        timer = null;
        if (held.size) catchUp();
      }, GAP_MS);
  }

  async function pages() {
    for (;;) {
      const answer = await resume({ after: head, epoch, limit: PAGE });
      if (answer.reset) {
        head = 0;
        epoch = undefined;
        held.clear();
        forget();
        continue;
      }
      epoch = answer.epoch ?? epoch;
      for (const event of answer.events) if (event.seq === head + 1) accept(event);
      told(answer);
      if (!answer.more || !answer.events.length) return;
    }
  }

  /** Ask for what is missing. One at a time; asked meanwhile, it runs once more. */
  function catchUp() {
    if (running) {
      again = true;
      return running;
    }
    running = pages().finally(() => {
      running = null;
      const repeat = again;
      again = false;
      watchGap();
      if (repeat) catchUp().catch(() => {});
    });
    return running;
  }

  /** The service says the log has come to `seq`; ask, if it does not arrive by itself. */
  function expect(seq) {
    if (seq > head) setTimeout(() => seq > head && catchUp().catch(() => {}), GAP_MS);
  }

  return { hear, catchUp, expect, head: () => head };
}
