// Whether new people are taken now: the notice before a talk, kept true while the page is open.

import { Line } from "./line.js";
import { tell } from "./status.js";
import { door as drawn, inOwnTime, message, opensAt, say } from "./words.js";

const find = (id) => document.getElementById(id);

/** `{open, opens_at}` as it was told last. */
export let door = drawn;

/** What is said of a closed door in the message `key`, as `{text, language}`: when it opens, there and where they are. */
export function closedWords(key, opens) {
  if (!opens) return message("closed_until_told");
  const at = new Date(opens);
  const { text, language } = message(key, { opens_at: opensAt(at) });
  const yours = inOwnTime(at);
  return { text: yours ? `${text} ${say("door.yours", { opens_at: yours })}` : text, language };
}

/** Take what the service told of its door, and show it where nobody has begun yet. */
export function showDoor(next) {
  const moved = next.open !== door.open;
  door = next;
  const notice = find("closed");
  if (!notice) return;
  const words = closedWords("closed", next.opens_at);
  notice.hidden = next.open;
  find("closed-word").textContent = words.text;
  find("closed-word").lang = words.language;
  if (moved && document.body.dataset.stage === "start") tell(next.open ? say("door.open") : words.text, 8_000);
}

/** A line that only follows the door, until a talk takes it over. Null when the service wants no line from here. */
export class Doorway {
  constructor() {
    this.line = new Line({
      up() {},
      down() {},
      stands() {},
      refused: () => this.shut(),
      pushed: (name, body) => name === "door" && showDoor(body),
      only: "door",
    });
    showDoor(door);
    void this.line.open();
  }

  shut() {
    this.line?.close();
    this.line = null;
  }
}
