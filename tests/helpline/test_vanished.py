"""When somebody's line is gone at rung 2 or above: the lead is told, their place is held, and a human decides."""

import pytest

from helpline import tonight
from helpline.events import RungSet
from tests.helpline.evening import Evening, new_id


@pytest.fixture(params=[2, 3, 4])
async def contact(evening: Evening, request: pytest.FixtureRequest) -> str:
    """Ania is with somebody at rung 2, 3 or 4; Jo leads."""
    await evening.on("ania")
    await evening.on("jo", ready=False)
    contact = await evening.with_("ania", "pl")
    await go_to(evening, contact, request.param)
    return contact


async def go_to(evening: Evening, contact: str, rung: int) -> None:
    body = RungSet(rung, 0, basis="what they said", client_id=new_id())
    await evening.line.set_rung(evening.who("ania"), contact, body)
    await evening.settled()


async def test_the_lead_is_told_at_once_and_their_place_is_held_half_an_hour(
    evening: Evening, contact: str
) -> None:
    evening.line.person_disconnected(contact)
    await evening.later(seconds=10)
    assert evening.alerts(contact)["vanished"] == "lead"
    shown = tonight.summary_of(evening.line, evening.fold(contact))["ladder"]["vanished"]
    assert (shown["hold_until"] - shown["since"]).total_seconds() == 1_800
    panel = await evening.line.panel(contact)
    assert panel["vanished"]
    await evening.later(minutes=30)
    assert "hold_open" in evening.alerts(contact)
    assert evening.fold(contact).phase == "live"


async def test_no_clock_writes_to_them(evening: Evening, contact: str) -> None:
    before, _ = await evening.line.person_events(contact)
    evening.line.person_disconnected(contact)
    await evening.later(hours=2)
    after, _ = await evening.line.person_events(contact)
    assert after == before


async def test_their_line_back_settles_it(evening: Evening, contact: str) -> None:
    evening.line.person_disconnected(contact)
    await evening.later(minutes=1)
    evening.line.person_connected(contact)
    await evening.settled()
    assert "vanished" not in evening.alerts(contact)
    assert evening.fold(contact).clock("hold_open") is None
    assert tonight.summary_of(evening.line, evening.fold(contact))["ladder"]["vanished"] is None


async def test_whoever_left_with_nobody_there_is_not_given_up(evening: Evening, contact: str) -> None:
    await evening.line.stop_now(evening.who("ania"), new_id())
    evening.line.person_disconnected(contact)
    await evening.line.leave(contact, "quick", new_id())
    await evening.later(hours=1)
    fold = evening.fold(contact)
    assert fold.phase == "waiting"
    assert fold.paged
    # What they see is what everybody sees who leaves.
    assert evening.line.person_state(contact)["phase"] == "ended"
    await evening.line.take_over(evening.who("jo"), contact, new_id())
    assert evening.fold(contact).owner == "jo"


async def test_below_rung_two_nobody_is_told(evening: Evening) -> None:
    await evening.on("ania")
    contact = await evening.with_("ania", "pl")
    evening.line.person_disconnected(contact)
    await evening.later(minutes=40)
    assert evening.alerts(contact) == {}


async def test_a_rung_set_after_their_line_was_lost_tells_the_lead_of_both(evening: Evening) -> None:
    await evening.on("ania")
    await evening.on("jo", ready=False)
    contact = await evening.with_("ania", "pl")
    evening.line.person_disconnected(contact)
    await evening.later(minutes=1)
    await go_to(evening, contact, 3)
    assert evening.alerts(contact) == {"rung_3": "lead", "vanished": "lead"}
    assert evening.fold(contact).clock("hold_open") is not None
    await evening.ends("ania", contact)
    assert evening.fold(contact).clock("hold_open") is None
