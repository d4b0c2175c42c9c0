"""The desk counts a text while it is written, by the same rules as the service that sends it."""

import json
import random
import shutil
import subprocess
from pathlib import Path
from typing import Any

from sms.segments import plainly, segments

HERE = Path(__file__).parent
EXAMPLES: list[dict[str, Any]] = json.loads((HERE / "text_examples.json").read_text(encoding="utf-8"))
# Letters of both alphabets, what counts twice, what is written plainly, what is no letter at all.
LETTERS = "abc XYZ.\n€{}[]^~|\\£éèçŵżłðﷺمیں🌙👩‍👧'’“”«»–—…•\t\u00a0\u200b\u00ad\u0301"


def counted(text: str) -> dict[str, Any]:
    plain = plainly(text)
    told = segments(plain)
    return {
        "text": text,
        "plain": plain,
        "alphabet": told.alphabet,
        "count": told.count,
        "free": told.free,
    }


def at_the_desk(texts: list[str]) -> list[dict[str, Any]]:
    node = shutil.which("node")
    assert node is not None, "`make setup-test` names what is missing"
    answer = subprocess.run(
        [node, HERE / "count_texts.mjs"],
        input="\n".join(json.dumps(text) for text in texts),
        capture_output=True,
        text=True,
        check=True,
    )
    return [json.loads(line) for line in answer.stdout.splitlines()]


def test_the_service_counts_each_example_as_it_is_written_down() -> None:
    assert [counted(one["text"]) for one in EXAMPLES] == EXAMPLES


def test_the_desk_counts_each_example_as_it_is_written_down() -> None:
    assert at_the_desk([one["text"] for one in EXAMPLES]) == EXAMPLES


def test_desk_and_service_count_any_text_alike() -> None:
    chance = random.Random(1992)
    lengths = (1, 2, 66, 67, 68, 69, 70, 71, 134, 135, 152, 153, 154, 159, 160, 161, 306, 307, 700)
    plain = "abcdefgh €^ "
    texts = [
        "".join(chance.choices(letters, k=length))
        for length in lengths
        for letters in (LETTERS, plain, "ŵ🌙a")
        for _ in range(8)
    ]
    assert at_the_desk(texts) == [counted(text) for text in texts]
