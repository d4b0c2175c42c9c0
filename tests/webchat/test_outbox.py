"""The outbox of the person's page: what it does with words whose answer does not come."""

import json
import shutil
import subprocess
from pathlib import Path

HOUSE = Path(__file__).resolve().parents[2]
SCRIPT = """
import { LineDown } from "./webchat/static/person/line.js";
import { Outbox } from "./webchat/static/person/outbox.js";

const unanswered = Number(process.argv[1]);
const goesDown = process.argv[2] === "down";
const sent = [], kept = [];
const outbox = new Outbox({
  async send(messages) {
    sent.push(messages.map(({ text }) => text));
    if (sent.length > unanswered) return messages.map((_, place) => ({ seq: place + 1 }));
    if (goesDown) outbox.allow(false);
    throw new LineDown();
  },
  kept: ({ text }) => kept.push(text),
  failed() {},
  changed() {},
});
outbox.allow(true);
outbox.add("one");
outbox.add("two");
await new Promise((resolve) => setTimeout(resolve, 2_600));
const before = kept.length;
if (goesDown) outbox.allow(true);
await new Promise((resolve) => setTimeout(resolve, 100));
console.log(JSON.stringify({ sent, kept, before }));
"""


def told(unanswered: int, how: str) -> dict[str, list[object]]:
    node = shutil.which("node")
    assert node, "node is needed to run the page's own code"
    command = [node, "--input-type=module", "-e", SCRIPT, "--", str(unanswered), how]
    ran = subprocess.run(command, cwd=HOUSE, capture_output=True, text=True, timeout=60, check=False)
    assert ran.returncode == 0, ran.stderr
    found: dict[str, list[object]] = json.loads(ran.stdout)
    return found


def test_words_without_an_answer_are_sent_again_though_the_line_never_went_down() -> None:
    assert told(1, "up") == {"sent": [["one"], ["one"], ["two"]], "kept": ["one", "two"], "before": 2}


def test_words_wait_while_the_line_is_down_and_go_when_it_is_back() -> None:
    assert told(1, "down") == {"sent": [["one"], ["one"], ["two"]], "kept": ["one", "two"], "before": 0}
