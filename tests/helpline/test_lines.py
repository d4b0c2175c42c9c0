"""What happens when a line dies: the supporter's, and the person's."""

from collections.abc import Callable

import pytest

from helpline.events import LineLost, RungSet
from helpline.ports import Record
from tests.helpline.evening import Evening, new_id


async def cut(evening: Evening) -> str:
    """Ania is with somebody and her line dies."""
    await evening.on("ania")
    contact = await evening.with_("ania", "pl")
    evening.line.supporter_disconnected("ania")
    return contact


async def test_a_supporters_line_is_in_the_log_after_ten_seconds_with_when_it_went(evening: Evening) -> None:
    contact = await cut(evening)
    went = evening.clock.now()
    await evening.later(seconds=9)
    assert "line_lost" not in await evening.kinds(contact)
    await evening.later(seconds=1)
    lost = (await evening.events(contact))[-1].body
    assert isinstance(lost, LineLost)
    assert (lost.whose, lost.since) == ("supporter", went)


async def test_the_person_is_told_after_thirty_seconds_the_lead_after_sixty(evening: Evening) -> None:
    contact = await cut(evening)
    await evening.later(seconds=29)
    assert await evening.told(contact) == []
    assert evening.line.person_state(contact)["line"] == "ok"
    await evening.later(seconds=1)
    assert await evening.told(contact) == ["line_lost_supporter"]
    assert evening.line.person_state(contact)["line"] == "supporter_away"
    await evening.later(seconds=29)
    assert evening.alerts(contact) == {}
    await evening.later(seconds=1)
    assert evening.alerts(contact) == {"supporter_line": "lead"}


async def test_after_three_minutes_the_contact_is_first_in_the_queue_and_asked_of_another(
    evening: Evening,
) -> None:
    contact = await cut(evening)
    await evening.later(seconds=170)
    earlier = await evening.person("cy")
    await evening.later(seconds=9)
    assert evening.fold(contact).owner == "ania"
    await evening.later(seconds=1)
    assert evening.fold(contact).phase == "waiting"
    assert evening.slots("ania") == set()
    assert evening.line.person_state(contact)["phase"] == "waiting"
    queue = sorted(evening.line.dispatcher.queue, key=lambda waiting: waiting.place)
    assert [waiting.contact for waiting in queue] == [contact, earlier]


@pytest.mark.parametrize("rung", [2, 3])
async def test_from_rung_two_an_owner_offline_over_two_minutes_is_paged_for_and_their_name_stays(
    evening: Evening, rung: int
) -> None:
    await evening.on("ania", "dev")
    contact = await evening.person("en")
    first = evening.asked(contact)
    await evening.accepts(first, contact)
    await evening.line.set_rung(evening.who(first), contact, RungSet(rung, 0, client_id=new_id()))
    evening.line.supporter_disconnected(first)
    await evening.later(seconds=10)
    assert evening.alerts(contact)["supporter_line"] == "lead"
    await evening.later(seconds=109)
    assert "owner_absent" not in evening.alerts(contact)
    await evening.later(seconds=1)
    assert evening.alerts(contact)["owner_absent"] == "lead"
    await evening.later(hours=1)
    assert evening.alerts(contact)["owner_absent"] == "second_on_call"
    assert evening.fold(contact).owner == first
    assert evening.fold(contact).paged


async def test_an_absent_owners_page_ends_when_somebody_takes_the_contact_or_the_line_is_back(
    evening: Evening,
) -> None:
    await evening.on("jo", ready=False)
    contact = await cut(evening)
    await evening.line.set_rung(evening.who("jo"), contact, RungSet(2, 0, client_id=new_id()))
    await evening.later(minutes=4)
    assert evening.alerts(contact)["owner_absent"] == "lead"
    evening.line.supporter_connected("ania")
    await evening.settled()
    assert "owner_absent" not in evening.alerts(contact)
    evening.line.supporter_disconnected("ania")
    await evening.later(minutes=4)
    await evening.line.take_over(evening.who("jo"), contact, new_id())
    await evening.settled()
    assert "owner_absent" not in evening.alerts(contact)
    assert evening.fold(contact).owner == "jo"


async def test_the_line_back_stops_all_of_it(evening: Evening) -> None:
    contact = await cut(evening)
    await evening.later(seconds=70)
    assert evening.alerts(contact) == {"supporter_line": "lead"}
    evening.line.supporter_connected("ania")
    await evening.settled()
    assert evening.alerts(contact) == {}
    assert evening.fold(contact).clocks == ()
    assert evening.line.person_state(contact)["line"] == "ok"
    await evening.later(minutes=10)
    assert evening.fold(contact).owner == "ania"
    assert await evening.told(contact) == ["line_lost_supporter"]


async def test_a_line_that_comes_and_goes_counts_from_when_it_last_went(evening: Evening) -> None:
    contact = await cut(evening)
    for _ in range(6):
        await evening.later(seconds=6)
        evening.line.supporter_connected("ania")
        await evening.later(seconds=3)
        evening.line.supporter_disconnected("ania")
    await evening.later(seconds=9)
    assert "line_lost" not in await evening.kinds(contact)
    await evening.later(seconds=1)
    assert (await evening.kinds(contact)).count("line_lost") == 1


async def test_one_of_two_pages_going_is_no_lost_line(evening: Evening) -> None:
    await evening.on("ania")
    evening.line.supporter_connected("ania")
    contact = await evening.with_("ania", "pl")
    evening.line.supporter_disconnected("ania")
    await evening.later(minutes=5)
    assert "line_lost" not in await evening.kinds(contact)


async def test_who_accepted_and_never_had_a_page_after_a_restart_is_handed_on(evening: Evening) -> None:
    await evening.on("ania")
    contact = await evening.with_("ania", "pl")
    await evening.restart()
    evening.line.person_connected(contact)
    await evening.later(seconds=29)
    assert "line_lost" not in await evening.kinds(contact)
    await evening.later(seconds=1)
    assert "line_lost" in await evening.kinds(contact)
    await evening.later(minutes=3)
    assert evening.fold(contact).owner == ""


async def test_after_their_line_lost_them_a_contact_they_are_asked_again_when_nobody_else_could(
    evening: Evening,
) -> None:
    contact = await cut(evening)
    await evening.later(minutes=4)
    evening.line.supporter_connected("ania")
    await evening.settled()
    assert evening.asked(contact) == ""
    await evening.later(minutes=4)
    assert evening.asked(contact) == "ania"


async def test_a_persons_place_is_held_for_fifteen_minutes(evening: Evening) -> None:
    contact = await evening.person("cy")
    evening.line.person_disconnected(contact)
    await evening.later(seconds=10)
    assert evening.fold(contact).person_lost is not None
    await evening.later(minutes=14, seconds=49)
    assert evening.fold(contact).phase == "waiting"
    await evening.later(seconds=1)
    assert evening.fold(contact).phase == "ended"
    assert evening.line.dispatcher.queue.get(contact) is None
    assert (await evening.kinds(contact))[-2:] == ["left", "closed"]


async def test_a_person_who_comes_back_in_time_keeps_their_place(evening: Evening) -> None:
    contact = await evening.person("cy")
    await evening.later(seconds=30)
    await evening.person("cy")
    evening.line.person_disconnected(contact)
    await evening.later(minutes=14)
    evening.line.person_connected(contact)
    await evening.settled()
    queue = evening.line.dispatcher.queue
    held = queue.get(contact)
    assert held is not None
    assert queue.position(held) == 1
    await evening.later(minutes=30)
    assert evening.fold(contact).phase == "waiting"


async def test_a_short_break_of_a_persons_line_leaves_no_trace(evening: Evening) -> None:
    contact = await evening.person("cy")
    for _ in range(5):
        evening.line.person_disconnected(contact)
        await evening.later(seconds=9)
        evening.line.person_connected(contact)
        await evening.later(seconds=4)
    assert "line_lost" not in await evening.kinds(contact)


async def test_the_place_of_somebody_who_said_not_safe_is_never_given_up(evening: Evening) -> None:
    contact = await evening.person("cy")
    evening.line.person_disconnected(contact)
    await evening.later(minutes=5)
    await evening.line.not_safe(contact, new_id())
    await evening.later(hours=3)
    assert evening.fold(contact).phase == "waiting"


async def test_a_person_who_vanished_in_a_conversation_stays_with_their_supporter(evening: Evening) -> None:
    await evening.on("ania")
    contact = await evening.with_("ania", "pl")
    evening.line.person_disconnected(contact)
    await evening.later(hours=1)
    assert evening.fold(contact).owner == "ania"
    assert evening.line.mine(evening.who("ania"))["contacts"][0]["lines"]["person"] == "lost"


async def test_somebody_on_plain_forms_keeps_a_place_with_every_page_they_ask_for(evening: Evening) -> None:
    contact = await evening.person("cy", connected=False)
    for _ in range(10):
        await evening.later(seconds=100)
        evening.line.person_came_by(contact)
    assert "line_lost" not in await evening.kinds(contact)
    await evening.later(minutes=16)
    assert evening.fold(contact).phase == "ended"


def as_it_is_written(evening: Evening, monkeypatch: pytest.MonkeyPatch, act: Callable[[], None]) -> None:
    """Do this while the next record is on its way to the disk."""
    append = evening.line.store.append

    async def first_act(record: Record) -> None:
        monkeypatch.undo()
        act()
        await append(record)

    monkeypatch.setattr(evening.line.store, "append", first_act)


async def test_a_supporter_who_comes_back_while_the_loss_of_their_line_is_written_is_back(
    evening: Evening, monkeypatch: pytest.MonkeyPatch
) -> None:
    contact = await cut(evening)
    await evening.later(seconds=9)
    as_it_is_written(evening, monkeypatch, lambda: evening.line.supporter_connected("ania"))
    await evening.later(seconds=1)
    assert (await evening.kinds(contact))[-2:] == ["line_lost", "line_back"]
    await evening.later(minutes=5)
    assert evening.fold(contact).owner == "ania"


async def test_a_person_who_comes_back_while_the_loss_of_their_line_is_written_is_back(
    evening: Evening, monkeypatch: pytest.MonkeyPatch
) -> None:
    contact = await evening.person("cy")
    evening.line.person_disconnected(contact)
    await evening.later(seconds=9)
    as_it_is_written(evening, monkeypatch, lambda: evening.line.person_connected(contact))
    await evening.later(seconds=1)
    assert (await evening.kinds(contact))[-2:] == ["line_lost", "line_back"]
    await evening.later(minutes=20)
    assert evening.fold(contact).phase == "waiting", "their place was given up while their page was open"
