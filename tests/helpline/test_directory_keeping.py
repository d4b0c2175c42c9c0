"""The directory is a log: whatever is changed is durable, has who, when and why, and never leaves a dead end."""

from collections.abc import AsyncIterator
from datetime import date, timedelta
from pathlib import Path

import msgspec
import pytest

from helpline.directory import CrisisContact
from helpline.directory_checks import DeadEnd
from helpline.directory_keeping import DirectoryKeeping
from helpline.directory_services import Service
from helpline.errors import BadRequest, NotAllowed, NotFound, NotNow
from helpline.events import Attempted
from tests.helpline.evening import EIGHT, Evening, definition_in, new_id

EMERGENCY_999 = """
[[crisis_contacts]]
id = "emergency"
name = "999"
role = "emergency_999"
number = "999"
line = "public"
"""
DAY = timedelta(days=1)
TODAY = EIGHT.date()


@pytest.fixture
async def evening(tmp_path: Path) -> AsyncIterator[Evening]:
    evening = Evening(tmp_path, definition_in(tmp_path, EMERGENCY_999))
    await evening.open()
    yield evening
    await evening.close()


@pytest.fixture
def directory(evening: Evening) -> DirectoryKeeping:
    return evening.line.directory


def team(directory: DirectoryKeeping) -> CrisisContact:
    found = directory.contact("team")
    assert found is not None
    return found


async def renumber(evening: Evening, number: str, who: str = "robin", **more: object) -> int:
    held = team(evening.line.directory)
    changed = msgspec.structs.replace(held, number=number)
    seen = evening.line.directory.book.version("contact", "team")
    return await evening.line.directory.put(
        evening.who(who),
        changed,
        new_id(),
        seen=seen,
        **more,  # type: ignore[arg-type]
    )


async def test_the_definitions_contacts_are_taken_in_once(evening: Evening) -> None:
    assert [one.id for one in evening.line.directory.contacts] == ["lead", "team", "on-call", "emergency"]
    await renumber(evening, "01632 960199")
    await evening.restart()
    directory = evening.line.directory
    assert (team(directory).number, team(directory).version) == ("01632 960199", 2)
    assert [step.what for step in await directory.history()] == ["edited", "seeded", "began"]


async def test_what_was_taken_out_does_not_come_back_with_the_next_start(
    evening: Evening,
) -> None:
    directory, robin = evening.line.directory, evening.who("robin")
    await directory.take_out(robin, "contact", "lead", new_id(), seen=1)
    await evening.restart()
    assert evening.line.directory.contact("lead") is None


async def test_a_change_has_who_when_and_why_and_the_attempt_the_version_dialled(evening: Evening) -> None:
    await evening.on("ania")
    contact = await evening.with_("ania")
    await renumber(evening, "01632 960199", why="They moved")
    step = (await evening.line.directory.history(limit=1))[0]
    assert (step.by.name, step.by.role, step.why, step.what) == (
        "Robin",
        "supervisor",
        "They moved",
        "edited",
    )
    await evening.line.attempt(
        evening.who("ania"), contact, crisis_contact="team", outcome="no_answer", client_id=new_id()
    )
    made = (await evening.events(contact))[-1].body
    assert isinstance(made, Attempted)
    assert made.version == 2


async def test_the_new_number_counts_from_its_local_day_on(
    evening: Evening, directory: DirectoryKeeping
) -> None:
    await renumber(evening, "01632 960199", begins=TODAY + DAY)
    assert team(directory).number == "01632 960114"
    await evening.later(hours=5)
    assert (team(directory).number, team(directory).version) == ("01632 960199", 2)


async def test_who_looked_at_an_older_version_is_told_before_anything_is_lost(
    evening: Evening, directory: DirectoryKeeping
) -> None:
    looked_at = msgspec.structs.replace(team(directory), name="Another name")
    await renumber(evening, "01632 960199")
    with pytest.raises(NotNow, match="changed in the meantime"):
        await directory.put(evening.who("jo"), looked_at, new_id(), seen=1)
    assert team(directory).number == "01632 960199"


async def test_pressing_save_twice_is_one_step(evening: Evening, directory: DirectoryKeeping) -> None:
    id, changed = new_id(), msgspec.structs.replace(team(directory), number="01632 960199")
    first = await directory.put(evening.who("robin"), changed, id, seen=1)
    assert await directory.put(evening.who("robin"), changed, id, seen=1) == first
    assert directory.seq == first


async def test_a_step_is_undone_unless_somebody_built_on_it(
    evening: Evening, directory: DirectoryKeeping
) -> None:
    first = await renumber(evening, "01632 960199")
    undone = await directory.undo(evening.who("jo"), first, new_id())
    assert (team(directory).number, team(directory).version) == ("01632 960114", 3)
    assert (await directory.step(undone)).undoes == first
    second = await renumber(evening, "01632 960188")
    await renumber(evening, "01632 960177")
    with pytest.raises(NotNow, match="cannot simply be undone"):
        await directory.undo(evening.who("jo"), second, new_id())


async def test_only_leads_supervisors_and_managers_edit(
    evening: Evening, directory: DirectoryKeeping
) -> None:
    for id in ("ania", "kit", "noor"):
        with pytest.raises(NotAllowed):
            await renumber(evening, "01632 960199", who=id)
    seq = await renumber(evening, "01632 960199", who="jo")
    with pytest.raises(NotAllowed):
        await directory.undo(evening.who("ania"), seq, new_id())


# -- no dead end -----------------------------------------------------------------------------------------------------


async def test_an_emergency_number_that_closes_or_serves_one_place_only_is_refused(
    evening: Evening, directory: DirectoryKeeping
) -> None:
    emergency = directory.contact("emergency")
    assert emergency is not None
    for changes in ({"hours": definition_hours(evening)}, {"localities": ("moorside",)}):
        worse = msgspec.structs.replace(emergency, **changes)
        with pytest.raises(DeadEnd) as refused:
            await directory.put(evening.who("robin"), worse, new_id(), seen=1)
        assert ("emergency", next(iter(changes))) in {
            (one.contact, one.field) for one in refused.value.wrongs
        }
    assert directory.contact("emergency") == emergency


def definition_hours(evening: Evening) -> object:
    hours = evening.definition.hours
    return msgspec.structs.replace(
        hours, channels=tuple(msgspec.structs.replace(one, channel="ring") for one in hours.channels)
    )


async def test_the_last_crisis_team_of_a_place_and_the_last_on_call_stay(
    evening: Evening, directory: DirectoryKeeping
) -> None:
    for id, said in (("team", "has no crisis team"), ("on-call", "nobody owns what is still open")):
        with pytest.raises(DeadEnd, match=said):
            await directory.take_out(evening.who("robin"), "contact", id, new_id(), seen=1)


async def test_a_dead_end_planned_for_a_later_day_is_refused_too(
    evening: Evening, directory: DirectoryKeeping
) -> None:
    elsewhere = msgspec.structs.replace(team(directory), role="gp")
    with pytest.raises(DeadEnd, match="has no crisis team"):
        await directory.put(evening.who("robin"), elsewhere, new_id(), seen=1, begins=TODAY + 5 * DAY)


async def test_an_undo_may_not_lead_to_a_dead_end_either(
    evening: Evening, directory: DirectoryKeeping
) -> None:
    robin = evening.who("robin")
    other = CrisisContact(id="other", name="Other team", role="crisis_team", number="111")
    added = await directory.put(robin, other, new_id(), seen=0)
    await directory.take_out(robin, "contact", "team", new_id(), seen=1)
    with pytest.raises(DeadEnd):
        await directory.undo(robin, added, new_id())


# -- test calls ------------------------------------------------------------------------------------------------------


async def test_whoever_answers_may_log_a_test_call_and_only_an_editor_moves_the_date(
    evening: Evening, directory: DirectoryKeeping
) -> None:
    ania, jo = evening.who("ania"), evening.who("jo")
    await directory.rang(ania, "contact", "team", "changed", new_id(), words="They have a new menu")
    until = date(2099, 12, 31) + DAY
    with pytest.raises(NotAllowed):
        await directory.rang(ania, "contact", "team", "right", new_id(), verify_by=until)
    with pytest.raises(BadRequest):
        await directory.rang(jo, "contact", "team", "no_answer", new_id(), verify_by=until)
    await directory.rang(jo, "contact", "team", "right", new_id(), verify_by=until)
    calls = directory.book.calls_about("contact", "team")
    assert [(one.by, one.outcome, one.version) for one in calls] == [
        ("Jo", "right", 1),
        ("Ania", "changed", 1),
    ]
    assert (team(directory).verify_by, team(directory).version) == (until, 2)
    with pytest.raises(NotFound):
        await directory.rang(jo, "service", "team", "right", new_id())


async def test_services_are_kept_beside_crisis_contacts_and_restart_with_them(evening: Evening) -> None:
    cafe = Service(id="team", name="Harbour café", kind="crisis_cafe")
    await evening.line.directory.put(evening.who("robin"), cafe, new_id(), seen=0)
    await evening.restart()
    assert [one.name for one in evening.line.directory.services] == ["Harbour café"]
    assert team(evening.line.directory).name == "Moorside crisis team"


async def test_an_import_is_one_step_and_refused_when_the_directory_moved_on(
    evening: Evening, directory: DirectoryKeeping
) -> None:
    robin = evening.who("robin")
    some = [Service(id=f"s{n}", name=f"Service {n}") for n in range(30)]
    seen = directory.seq
    await directory.take_in(robin, some, new_id(), seen=seen)
    assert (directory.seq, len(directory.services)) == (seen + 1, 30)
    with pytest.raises(NotNow):
        await directory.take_in(robin, some, new_id(), seen=seen)
