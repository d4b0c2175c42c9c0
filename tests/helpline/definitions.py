"""A small definition in pieces, to put together and break."""

from pathlib import Path

import pytest

from helpline.definition import BrokenDefinition, Definition, Mistake, read_definition

# Outside Ofcom's numbers for drama, and yet nobody's: no local number begins with 0.
NOT_FOR_DRAMA = "01274 000110"

TOP = """
name = "Evening line"
short_name = "Evening"
zone = "Europe/London"
country = "GB"
lead_number = "01632 960110"
"""
HOURS = """
[hours.channels.web]
week = "always"
"""
NOTE = """
[[note_form.fields]]
key = "outcome"
label = "How it ended"
kind = "choice"
outcome = true
choices = [{ key = "talked", label = "Talked" }]
"""
TEAM = """
[[crisis_contacts]]
id = "team"
name = "Crisis team"
role = "crisis_team"
number = "01632 960114"
verify_by = 2099-12-31
"""
SAM = """
[[people]]
id = "sam"
name = "Sam"
shown_name = "Sam"
roles = ["supporter"]
languages = ["en"]
"""
SHIFT = """
[[shifts]]
id = "evening"
person = "sam"
role = "supporter"
starts = 2026-01-05T18:00:00
ends = 2026-01-05T22:30:00
rrule = "FREQ=DAILY"
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "evening.toml"
    path.write_text(text, encoding="utf-8")
    return path


def definition_of(folder: Path, *tables: str, top: str = TOP) -> Definition:
    return read_definition(written(folder, top + HOURS + NOTE + "".join(tables)))


def mistakes_of(folder: Path, text: str) -> tuple[Mistake, ...]:
    with pytest.raises(BrokenDefinition) as broken:
        read_definition(written(folder, text))
    return broken.value.mistakes


def told(mistakes: tuple[Mistake, ...], key: str) -> Mistake:
    """The one mistake told of `key`."""
    found = [mistake for mistake in mistakes if mistake.key == key]
    assert len(found) == 1, [str(mistake) for mistake in mistakes]
    return found[0]
