"""What was sealed by every version that ever shipped opens today as what it was then."""

import hashlib
import json
from pathlib import Path

import pytest

from helpline.events import KINDS
from helpline.sealing import UPCASTS
from tests.events.keep import FOLDER, opened, path_of, shown

FILES = sorted(FOLDER.glob("*.json"))
SUMS = FOLDER / "sums.txt"


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_golden_event_opens_as_it_was(file: Path) -> None:
    kept = json.loads(file.read_text())
    event = shown(opened(kept))
    before = kept["event"]
    # A newer version may know more fields and may have raised `v`; nothing that was there may be lost.
    body = {name: event["body"].get(name, event["extra"].get(name)) for name in before["body"]}
    if (before["kind"], before["v"]) not in UPCASTS:
        assert body == before["body"]
    for name in ("seq", "at", "by", "kind", "via"):
        assert event[name] == before[name]


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_there_is_has_a_golden_event_of_its_present_version(kind: str) -> None:
    path = path_of(kind, KINDS[kind].v)
    assert path.exists(), f"run `python -m tests.events.keep` and commit {path.name} and its line in sums.txt"
    present = set(KINDS[kind].__struct_fields__)
    kept = set(json.loads(path.read_text())["event"]["body"])
    assert kept <= present, f"{kind} lost {kept - present}: raise its version and write its upcast"


def test_a_golden_event_never_changes() -> None:
    kept = {name: sum_ for sum_, name in (line.split() for line in SUMS.read_text().splitlines())}
    there = {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in FILES}
    changed = [name for name, sum_ in kept.items() if there.get(name) != sum_]
    assert changed == [], "what was shipped is in services' data already: put these files back"
    assert set(there) == set(kept), "add the new files' sums: cd tests/events && sha256sum *.json > sums.txt"
