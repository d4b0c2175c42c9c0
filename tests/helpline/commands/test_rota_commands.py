"""`helpline rota import`, `helpline rota gaps` and `helpline api`: what they print, what they keep, and their exit status."""

import asyncio
import json
from collections.abc import AsyncIterator
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from app import COMMANDS
from helpline.clock import SystemClock
from helpline.commands import api_keys, rota_gaps, rota_import
from helpline.commands.control import NotDone, control_socket, done
from helpline.definition import Definition
from helpline.errors import BadRequest, Conflict, NotFound
from helpline.service import Helpline
from helpline.settings import Settings
from rota.book import take_out
from tests.helpline.evening import definition_in

CALENDAR = """BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//Moorside//Rota//EN
BEGIN:VEVENT
UID:friday
DTSTAMP:20261101T000000Z
DTSTART;TZID=Europe/London:20300104T180000
DTEND;TZID=Europe/London:20300104T220000
RRULE:FREQ=WEEKLY
SUMMARY:Evening with Dev
END:VEVENT
BEGIN:VEVENT
UID:all-day
DTSTAMP:20261101T000000Z
DTSTART;VALUE=DATE:20300105
DTEND;VALUE=DATE:20300108
SUMMARY:Away
END:VEVENT
END:VCALENDAR
"""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    definition_in(tmp_path)
    return Settings(definition=tmp_path / "evening.toml", data=tmp_path / "data", keys=tmp_path / "keys")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "rota.ics"
    path.write_text(CALENDAR.replace("\n", "\r\n"), newline="")
    return path


@pytest.fixture
def definition(tmp_path: Path) -> Definition:
    return definition_in(tmp_path)


@pytest.fixture
async def running(settings: Settings, definition: Definition) -> AsyncIterator[Helpline]:
    helpline = await Helpline.open(definition, data=settings.data, keys=settings.keys, clock=SystemClock())
    async with control_socket(settings.data, helpline, COMMANDS):
        yield helpline
    await helpline.close()


def test_a_calendar_is_looked_at_and_kept_only_when_that_is_said(settings: Settings, file: Path) -> None:
    said = [StringIO(), StringIO(), StringIO()]
    looked, saved, again = (
        rota_import.rota_import(settings, file, "", Console(file=out, width=200), save=save)
        for out, save in zip(said, (False, True, True), strict=True)
    )
    assert (looked, saved, again) == (1, 1, 1), "one event of it is not understood"
    assert "Would be taken in: 1 new, 0 changed" in said[0].getvalue()
    assert "add --save" in said[0].getvalue()
    assert "Not understood" in said[0].getvalue()
    assert "Taken in: 1 new, 0 changed" in said[1].getvalue()
    assert "0 new, 0 changed, 1 the same" in said[2].getvalue()


async def test_it_is_taken_in_while_the_server_runs_and_can_be_undone(
    running: Helpline, settings: Settings, file: Path
) -> None:
    before = dict(running.rota.book.shifts)
    await done(settings, "rota import", rota_import.imported, {"file": str(file), "save": True})
    (added,) = set(running.rota.book.shifts) - set(before)
    assert running.rota.book.shifts[added].person == "dev"
    step = (await running.rota.history(limit=1))[0]
    assert (step.what, step.by.id) == ("imported", "command-line")
    jo = running.people.principal("jo")
    assert jo is not None
    await running.rota.undo(jo, step.seq, "undo-it-again")
    assert running.rota.book.shifts == before


def test_a_file_that_is_not_there_is_said(settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(BadRequest, match=r"nowhere\.ics"):
        rota_import.rota_import(settings, tmp_path / "nowhere.ics", "", Console(file=StringIO()), save=False)


async def test_a_file_that_is_no_calendar_is_refused_with_the_mend(
    running: Helpline, settings: Settings, tmp_path: Path
) -> None:
    (tmp_path / "x.ics").write_text("hello")
    with pytest.raises(NotDone, match="not a calendar"):
        await done(settings, "rota import", rota_import.imported, {"file": str(tmp_path / "x.ics")})


async def gaps_said(settings: Settings, weeks: int | None, *, as_json: bool = False) -> str:
    """What the command prints. It has a loop of its own, so here it has a thread of its own."""
    out = StringIO()
    say = Console(file=out, width=200, soft_wrap=True)
    status = await asyncio.to_thread(rota_gaps.rota_gaps, settings, weeks, say, as_json=as_json)
    assert status == 0
    return out.getvalue()


async def test_gaps_are_told_as_far_as_was_asked_while_the_server_runs(
    running: Helpline, settings: Settings
) -> None:
    covered = await gaps_said(settings, 1)
    assert covered.startswith("Short from ")
    assert "nothing: every open hour is covered" in covered
    jo = running.people.principal("jo")
    assert jo is not None
    await running.rota.edit(
        jo, lambda book: [change for id in book.shifts for change in take_out(book, id)], "clear-it-all"
    )
    week = await gaps_said(settings, 1)
    # One more when the week begins or ends in an evening.
    assert week.count("  missing: 1 supporter") in (7, 8)
    assert week.count("18:00–02:00") >= 6
    told = json.loads(await gaps_said(settings, 2, as_json=True))
    assert {(gap["supporters"], gap["lead"], tuple(gap["free"])) for gap in told["gaps"]} == {(1, False, ())}
    assert 14 <= len(told["gaps"]) <= 15
    all_of_them = json.loads(await gaps_said(settings, None, as_json=True))
    assert len(all_of_them["gaps"]) >= 8 * 7, "eight weeks unless somebody says otherwise"


@pytest.mark.parametrize("weeks", [0, 53, "many", 1.5])
async def test_weeks_that_are_none_are_refused(running: Helpline, settings: Settings, weeks: object) -> None:
    with pytest.raises(NotDone, match="from 1 to 52"):
        await done(settings, "rota gaps", rota_gaps.gaps_ahead, {"weeks": weeks})


async def test_a_key_is_made_listed_and_taken_back(running: Helpline, settings: Settings) -> None:
    made = await done(settings, "api add", api_keys.added, {"name": "phone-system"})
    assert running.api_keys.holder(made["key"]) == "phone-system"
    assert [key["name"] for key in await done(settings, "api list", api_keys.listed, {})] == ["phone-system"]
    await done(settings, "api remove", api_keys.removed, {"name": "phone-system"})
    assert running.api_keys.holder(made["key"]) is None
    assert await done(settings, "api list", api_keys.listed, {}) == []


async def test_a_name_is_given_once_and_needs_to_be_there_to_be_removed(running: Helpline) -> None:
    await api_keys.added(running, {"name": "wall"})
    with pytest.raises(Conflict):
        await api_keys.added(running, {"name": "wall"})
    with pytest.raises(NotFound):
        await api_keys.removed(running, {"name": "elsewhere"})
    for name in ("", "x" * 61):
        with pytest.raises(BadRequest):
            await api_keys.added(running, {"name": name})


def test_keys_are_still_there_after_a_restart(settings: Settings) -> None:
    out = StringIO()
    assert api_keys.add(settings, "wall", Console(file=out, width=200)) == 0
    assert "shown only this once" in out.getvalue()
    listed = StringIO()
    assert api_keys.show(settings, Console(file=listed, width=200)) == 0
    assert "wall" in listed.getvalue()
    assert api_keys.remove(settings, "wall", Console(file=StringIO())) == 0
    listed = StringIO()
    api_keys.show(settings, Console(file=listed, width=200))
    assert "No keys yet" in listed.getvalue()
