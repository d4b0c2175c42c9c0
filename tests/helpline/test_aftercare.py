"""Tracks, when we are in touch again, and what our own people need before they go."""

from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest

from helpline import ladder_presses as presses
from helpline import tonight
from helpline.errors import BadRequest, NotFound, NotNow
from helpline.events import RungSet
from helpline.sealing import open_document
from tests.helpline.evening import EIGHT, Evening, new_id


@pytest.fixture
async def contact(evening: Evening) -> str:
    """Ania is with somebody at rung 3; Jo leads."""
    await evening.on("ania")
    await evening.on("jo", ready=False)
    contact = await evening.with_("ania", "pl")
    await go_to(evening, "ania", contact, 3)
    return contact


async def go_to(evening: Evening, id: str, contact: str, to: int) -> None:
    body = RungSet(to, 0, basis="what they said", client_id=new_id())
    await evening.line.set_rung(evening.who(id), contact, body)
    await evening.settled()


async def agrees(evening: Evening, contact: str, earliest: datetime, latest: datetime) -> None:
    await presses.follow_up(
        evening.line,
        evening.who("ania"),
        contact,
        earliest=earliest,
        latest=latest,
        channel="call",
        safe=True,
        words="after six",
        client_id=new_id(),
    )


async def closes(evening: Evening, contact: str, task: str, how: str, id: str = "ania") -> None:
    await presses.task_done(
        evening.line, evening.who(id), contact, task=task, how=how, words=None, client_id=new_id()
    )
    await evening.settled()


async def test_a_track_goes_on_and_off_and_says_why(evening: Evening, contact: str) -> None:
    line, ania = evening.line, evening.who("ania")
    for on in (True, False):
        await presses.track(line, ania, contact, track="S", on=on, words="a child", client_id=new_id())
        assert evening.fold(contact).ladder.tracks == (("S",) if on else ())
    with pytest.raises(NotNow):
        await presses.track(line, ania, contact, track="H", on=False, words=None, client_id=new_id())


async def test_after_rung_three_a_follow_up_is_offered_within_a_day_while_somebody_is_on(
    evening: Evening, contact: str
) -> None:
    panel = await evening.line.panel(contact)
    # The rota of this evening ends at two.
    two = EIGHT + timedelta(hours=6)
    assert panel["follow_up_times"][0] == {"earliest": EIGHT, "latest": two}
    assert panel["follow_up_times"][-1]["latest"] <= EIGHT + timedelta(days=1)
    await agrees(evening, contact, EIGHT + timedelta(hours=1), two)
    agreed = evening.fold(contact).ladder.follow_up
    assert agreed is not None
    assert (agreed.latest, agreed.channel, agreed.safe) == (two, "call", True)
    with pytest.raises(BadRequest, match="rota"):
        await agrees(evening, contact, two - timedelta(hours=1), two + timedelta(hours=1))
    with pytest.raises(BadRequest, match="outside"):
        await agrees(evening, contact, EIGHT + timedelta(hours=23), EIGHT + timedelta(hours=25))
    with pytest.raises(BadRequest):
        await agrees(evening, contact, two, two)


async def test_after_rung_two_it_is_from_one_to_three_days_on_and_below_none_is_offered(
    evening: Evening,
) -> None:
    await evening.on("ania")
    contact = await evening.with_("ania", "pl")
    assert (await evening.line.panel(contact))["follow_up_times"] == []
    with pytest.raises(NotNow):
        await agrees(evening, contact, EIGHT, EIGHT + timedelta(hours=1))
    await go_to(evening, "ania", contact, 2)
    with pytest.raises(BadRequest, match="outside"):
        await agrees(evening, contact, EIGHT + timedelta(hours=1), EIGHT + timedelta(hours=2))


async def test_coming_down_from_three_ends_its_clocks_and_still_offers_a_follow_up(
    evening: Evening, contact: str
) -> None:
    await evening.later(minutes=10)
    await go_to(evening, "jo", contact, 1)
    kinds = {clock.kind for clock in evening.fold(contact).clocks}
    assert kinds.isdisjoint({"first_outside_call", "each_number", "noted_every", "review", "acknowledge"})
    assert "first_outside_call" not in evening.alerts(contact)
    assert (await evening.line.panel(contact))["follow_up_times"]


async def test_whoever_was_with_them_at_rung_three_has_a_debrief_before_they_leave(
    evening: Evening, contact: str
) -> None:
    await evening.ends("ania", contact)
    mine = tonight.mine(evening.line, evening.who("ania"))["tasks"]
    assert [(one["task"], one["name"]) for one in mine] == [("debrief-ania", evening.fold(contact).name)]
    await closes(evening, contact, "debrief-ania", "done")
    assert tonight.mine(evening.line, evening.who("ania"))["tasks"] == []
    assert not evening.fold(contact).ladder.open_tasks


async def test_who_handed_them_over_has_one_too_and_nobody_twice(evening: Evening, contact: str) -> None:
    await evening.line.take_over(evening.who("jo"), contact, new_id())
    await evening.ends("jo", contact)
    assert [task.who for task in evening.fold(contact).ladder.tasks] == ["ania", "jo"]


async def test_one_left_for_later_or_left_behind_is_told_to_the_lead(evening: Evening, contact: str) -> None:
    await evening.ends("ania", contact)
    await evening.line.check_out(evening.who("ania"), client_id=new_id())
    await evening.settled()
    assert evening.alerts(contact)["debrief_left"] == "lead"
    await closes(evening, contact, "debrief-ania", "later", "jo")
    assert evening.alerts(contact)["debrief_later"] == "lead"


async def test_only_they_or_a_lead_close_it(evening: Evening, contact: str) -> None:
    await evening.ends("ania", contact)
    await evening.on("dev")
    with pytest.raises(NotFound):
        await closes(evening, contact, "debrief-ania", "done", "dev")
    await closes(evening, contact, "debrief-ania", "not_wanted")
    with pytest.raises(NotNow):
        await closes(evening, contact, "debrief-ania", "done")


async def test_a_lead_closes_anothers_with_an_entry_in_the_audit_and_ones_own_needs_none(
    evening: Evening, contact: str
) -> None:
    await evening.line.take_over(evening.who("jo"), contact, new_id())
    await evening.ends("jo", contact)
    before = len(await evening.line.store.audit_entries())
    await closes(evening, contact, "debrief-jo", "done", "jo")
    assert len(await evening.line.store.audit_entries()) == before
    assert [task["how"] for task in over(evening)[0]["ladder"]["tasks"]] == ["", "done"]
    await closes(evening, contact, "debrief-ania", "not_wanted", "jo")
    entries = await evening.line.store.audit_entries()
    assert len(entries) == before + 1
    key = evening.line.cabinets.audit_cipher
    entry = msgspec.json.decode(open_document("audit", "entry", 1, entries[-1].body, key))
    assert (entry["who"], entry["did"], entry["why"]) == ("jo", "task_done", "debrief-ania: not_wanted")
    assert [task["how"] for task in over(evening)[0]["ladder"]["tasks"]] == ["not_wanted", "done"]


def over(evening: Evening) -> list[Any]:
    """Contacts that have ended with something still to do, as the board shows them."""
    shown: list[Any] = tonight.snapshot(evening.line)["over"]
    return shown


async def test_below_rung_three_nobody_has_one(evening: Evening) -> None:
    await evening.on("ania")
    contact = await evening.with_("ania", "pl")
    await go_to(evening, "ania", contact, 2)
    await evening.ends("ania", contact)
    assert "task_set" not in await evening.kinds(contact)
