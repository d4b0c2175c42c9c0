"""The outbox and its loop: what is sent when, over restarts, clock changes and mail servers having a bad day."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from helpline.definition import Definition
from helpline.post import AT_ONCE
from rota.book import NightChanged
from rota.shifts import Override
from tests.helpline.evening import new_id
from tests.helpline.letter_rota import (
    MONDAY,
    ORIGIN,
    SUPPORTERS,
    LetterEvening,
    address,
    letter_definition,
    person,
    slot,
    weekly,
)
from tests.helpline.mail_house import MailHouse

ANIA_NEXT_MONDAY = slot("ania-MO", 23)
FREE_FRIDAY = slot("free-FR", 27)
MON_23 = "Monday 23 November 18:00–22:00"

OpenRota = Callable[..., Awaitable[LetterEvening]]


@pytest.fixture
async def house() -> AsyncIterator[MailHouse]:
    house = await MailHouse().open()
    yield house
    await house.close()


@pytest.fixture
async def open_rota(tmp_path: Path, house: MailHouse) -> AsyncIterator[OpenRota]:
    """Opens the rota's service with its post; without a mail server if wanted."""
    opened: list[LetterEvening] = []

    async def open_one(
        definition: Definition | None = None, now: datetime = MONDAY, *, mail: bool = True
    ) -> LetterEvening:
        definition = definition or letter_definition(tmp_path)
        opened.append(LetterEvening(tmp_path, definition, house if mail else None, now))
        return await opened[-1].open()

    yield open_one
    for evening in opened:
        await evening.close()


@pytest.fixture
async def rota(open_rota: OpenRota) -> LetterEvening:
    return await open_rota()


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


async def moved(evening: LetterEvening, night: Any, starts: str) -> None:
    """A planner moves one night to another wall time."""
    after = Override(of=night.of, starts=datetime.fromisoformat(starts))
    await evening.line.rota.edit(
        evening.who("robin"), lambda _book: (NightChanged(id=str(night), after=after),), new_id()
    )
    await evening.settled()


# -- reminders -----------------------------------------------------------------------------------------------------


async def test_a_shift_is_reminded_of_a_week_a_day_and_two_hours_before(
    rota: LetterEvening, house: MailHouse
) -> None:
    # On Monday at noon next Monday's is more than a week off, tonight's is less than a day.
    seen: dict[str, list[str]] = {}
    for moment in ("16T16:00", "16T18:00", "22T17:59", "22T18:00", "23T15:59", "23T16:00", "23T18:00"):
        await rota.until(at(f"2026-11-{moment}"))
        seen[moment] = rota.letters("ania")
        rota.read()
    assert seen == {
        "16T16:00": ["today Monday 16 November 18:00–22:00"],
        "16T18:00": [f"in 7 days {MON_23}"],
        "22T17:59": [],
        "22T18:00": [f"tomorrow {MON_23}"],
        "23T15:59": [],
        "23T16:00": [f"today {MON_23}"],
        "23T18:00": ["in 7 days Monday 30 November 18:00–22:00"],
    }


async def test_only_a_shift_that_is_not_confirmed_is_asked_to_be_and_not_a_week_ahead(
    rota: LetterEvening,
) -> None:
    await rota.until(at("2026-11-22T18:00"))
    week, day = rota.texts("ania")[1:]
    assert "Please confirm" not in week
    assert f"Please confirm that you will be there: {ORIGIN}/rota/shift/ania-MO%402026-11-23T18%3A00" in day
    await rota.line.rota.confirm(rota.who("ania"), ANIA_NEXT_MONDAY, new_id())
    rota.read()
    await rota.until(at("2026-11-23T16:00"))
    assert "Please confirm" not in rota.texts("ania")[0]


async def test_a_shift_taken_late_brings_only_the_reminders_that_are_still_to_come(
    rota: LetterEvening,
) -> None:
    await rota.until(at("2026-11-26T12:00"))
    rota.read()
    await rota.line.rota.take(rota.who("eve"), FREE_FRIDAY, new_id())
    await rota.until(at("2026-11-27T18:00"))
    assert rota.letters("eve") == [
        "tomorrow Friday 27 November 18:00–22:00",
        "today Friday 27 November 18:00–22:00",
    ]


async def test_a_shift_taken_when_a_reminder_is_just_due_does_not_bring_that_one(rota: LetterEvening) -> None:
    await rota.until(at("2026-11-26T18:00"))
    await rota.line.rota.take(rota.who("eve"), FREE_FRIDAY, new_id())
    await rota.until(at("2026-11-27T18:00"))
    assert rota.letters("eve") == ["today Friday 27 November 18:00–22:00"]


async def test_after_a_swap_each_is_reminded_of_what_they_have_now(rota: LetterEvening) -> None:
    await rota.until(at("2026-11-18T12:00"))
    ask = new_id()
    await rota.line.rota.offer_swap(rota.who("ania"), ANIA_NEXT_MONDAY, slot("ben-TU", 24), ask)
    await rota.line.rota.agree_swap(rota.who("ben"), ask, new_id())
    await rota.settled()
    rota.read()
    await rota.until(at("2026-11-24T18:00"))
    mondays = [one for one in rota.letters("ben") if MON_23 in one]
    assert mondays == [f"tomorrow {MON_23}", f"today {MON_23}"]
    assert not [one for one in rota.letters("ania") if MON_23 in one]
    assert len([one for one in rota.letters("ania") if "24 November" in one]) == 2


async def test_a_night_moved_to_another_day_is_reminded_of_before_its_new_start(rota: LetterEvening) -> None:
    await rota.until(at("2026-11-22T20:00"))
    rota.read()
    await moved(rota, ANIA_NEXT_MONDAY, "2026-11-26T17:00")
    await rota.until(at("2026-11-26T18:00"))
    new = "Thursday 26 November 17:00–21:00"
    assert [one for one in rota.letters("ania") if "30 November" not in one] == [
        f"moved to {new}",
        f"tomorrow {new}",
        f"today {new}",
    ]


async def test_a_night_moved_by_an_hour_after_its_reminder_is_not_reminded_of_twice(
    rota: LetterEvening,
) -> None:
    await rota.until(at("2026-11-22T18:00"))
    rota.read()
    await moved(rota, ANIA_NEXT_MONDAY, "2026-11-23T19:00")
    await rota.until(at("2026-11-23T12:00"))
    assert rota.letters("ania") == ["moved to Monday 23 November 19:00–23:00"]


async def test_two_hours_are_two_hours_on_the_night_the_clocks_change(
    open_rota: OpenRota, tmp_path: Path
) -> None:
    # 25 October 2026: 01:30 in London happens at 00:30 and 01:30 UTC; the shift starts at the first.
    night = weekly("eve", "WE", starts="01:30", ends="05:30").replace("2026-11-18", "2026-10-25")
    evening = await open_rota(letter_definition(tmp_path, night), at("2026-10-20T12:00"))
    await evening.until(at("2026-10-24T22:29"))
    assert evening.letters("eve") == ["tomorrow Sunday 25 October 01:30–05:30 (clocks go back: 5 hours)"]
    await evening.until(at("2026-10-24T22:30"))
    # It is 23:30 there, so the day is still the one before.
    assert len(evening.letters("eve")) == 2


async def test_after_hours_of_standing_still_only_the_newest_reminder_of_a_shift_ahead_goes(
    rota: LetterEvening,
) -> None:
    await rota.until(at("2026-11-18T12:00"))
    await rota.close()
    rota.read()
    rota.clock.set(at("2026-11-23T17:00"))
    await rota.open()
    # Ania's week-ahead reminder went before; the day and the two hours were missed, and it is one hour to go.
    assert [one for one in rota.letters("ania") if MON_23 in one] == [f"today {MON_23}"]
    assert rota.letters("ben") == []
    # Cy's shift on the 18th is over: nothing is said of it any more.
    assert rota.letters("cy") == ["in 2 days Wednesday 25 November 18:00–22:00"]
    assert rota.letters("dev") == ["in 3 days Thursday 26 November 18:00–22:00"]


async def test_a_shift_that_began_while_the_server_was_down_is_not_reminded_of(rota: LetterEvening) -> None:
    await rota.until(at("2026-11-21T12:00"))
    await rota.close()
    rota.read()
    rota.clock.set(at("2026-11-23T18:00"))
    await rota.open()
    assert not [one for one in rota.letters("ania") if MON_23 in one]


# -- what nobody has confirmed -------------------------------------------------------------------------------------


async def test_the_lead_gets_one_letter_a_day_of_what_nobody_has_confirmed(rota: LetterEvening) -> None:
    await rota.until(at("2026-11-17T09:59"))
    rota.read()
    await rota.until(at("2026-11-17T10:00"))
    assert rota.letters("jo") == rota.letters("kim") == ["not confirmed"]
    assert "  Tuesday 17 November 18:00–22:00, Ben" in rota.texts("kim")[0]
    await rota.until(at("2026-11-18T09:59"))
    assert rota.letters("kim") == ["not confirmed"]
    await rota.until(at("2026-11-18T10:00"))
    assert "  Wednesday 18 November 18:00–22:00, Cy" in rota.texts("kim")[1]


async def test_what_is_confirmed_is_in_no_list(rota: LetterEvening) -> None:
    await rota.until(at("2026-11-16T20:00"))
    await rota.line.rota.confirm(rota.who("ben"), slot("ben-TU", 17), new_id())
    rota.read()
    await rota.until(at("2026-11-17T20:00"))
    assert rota.letters("jo") == rota.letters("kim") == []


async def test_several_unconfirmed_shifts_are_one_letter(open_rota: OpenRota, tmp_path: Path) -> None:
    evening = await open_rota(letter_definition(tmp_path, weekly("eve", "TU")), at("2026-11-16T23:00"))
    await evening.until(at("2026-11-17T10:00"))
    [text] = evening.texts("kim")
    assert [line.split(", ")[-1] for line in text.splitlines() if line.startswith("  ")] == ["Ben", "Eve"]
    assert f"More: {ORIGIN}/rota\n" in text


async def test_what_becomes_uncertain_within_twelve_hours_of_its_start_is_told_at_once_and_once(
    rota: LetterEvening,
) -> None:
    await rota.until(at("2026-11-27T12:00"))
    rota.read()
    await rota.line.rota.put_on(rota.who("robin"), FREE_FRIDAY, "eve", new_id())
    await rota.settled()
    assert rota.letters("eve") == ["yours Friday 27 November 18:00–22:00"]
    assert rota.letters("jo") == rota.letters("kim") == ["not confirmed"]
    await rota.until(at("2026-11-27T18:00"))
    assert len(rota.letters("kim")) == 1


# -- letters from steps, and restarts ------------------------------------------------------------------------------


async def test_a_shift_given_back_is_offered_within_the_minute_with_a_link_to_take_it(
    rota: LetterEvening,
) -> None:
    rota.read()
    await rota.line.rota.give_back(rota.who("ania"), ANIA_NEXT_MONDAY, new_id())
    await rota.settled()
    for who in ("ben", "cy", "dev", "eve"):
        assert rota.letters(who) == [f"free {MON_23}"]
        assert f"Take it: {ORIGIN}/rota/shift/ania-MO%402026-11-23T18%3A00\n" in rota.texts(who)[0]
    assert rota.letters("ania") == []


async def test_what_was_settled_before_its_letter_could_go_is_not_asked_any_more(
    rota: LetterEvening, house: MailHouse
) -> None:
    await house.close()
    await rota.line.rota.give_back(rota.who("ania"), ANIA_NEXT_MONDAY, new_id())
    await rota.settled()
    await rota.line.rota.take(rota.who("eve"), ANIA_NEXT_MONDAY, new_id())
    await house.open()
    await rota.later(minutes=10)
    assert rota.letters("ben") == []
    assert rota.line.post.state().waiting == 0
    assert rota.line.post.state().failed == ()


async def test_a_step_before_the_server_stopped_gets_its_letters_after_it_starts(rota: LetterEvening) -> None:
    await rota.line.post.close()
    await rota.line.rota.give_back(rota.who("ania"), ANIA_NEXT_MONDAY, new_id())
    rota.read()
    await rota.restart()
    assert rota.letters("ben") == [f"free {MON_23}"]
    await rota.restart()
    assert rota.letters("ben") == [f"free {MON_23}"]


def stop_at_write(evening: LetterEvening, number: int, *, before: bool) -> asyncio.Event:
    """At the nth write about letters the process stands still for ever; that write is still made unless `before`."""
    store: Any = evening.line.store
    put, writes, stopped = store.put, 0, asyncio.Event()

    async def dying(kind: str, *rest: Any, **more: Any) -> Any:
        nonlocal writes
        writes += kind in ("letter", "post")
        if writes == number and not before:
            await put(kind, *rest, **more)
        if writes >= number:
            stopped.set()
            await asyncio.Event().wait()
        return await put(kind, *rest, **more)

    store.put = dying
    return stopped


@pytest.mark.parametrize("before", [True, False], ids=["before the write", "after the write"])
async def test_killed_at_every_write_no_letter_is_lost_and_none_is_queued_twice(
    tmp_path: Path, house: MailHouse, before: bool
) -> None:
    killed = True
    number = 0
    while killed:
        number += 1
        folder = tmp_path / f"{number}"
        evening = await LetterEvening(folder, letter_definition(folder), house).open()
        house.letters.clear()
        stopped = stop_at_write(evening, number, before=before)
        await evening.line.rota.ask_cover(evening.who("ania"), ANIA_NEXT_MONDAY, new_id(), to=("ben", "eve"))
        ends = [asyncio.ensure_future(evening.settled()), asyncio.ensure_future(stopped.wait())]
        await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        for end in ends:
            end.cancel()
        await asyncio.gather(*ends, return_exceptions=True)
        killed = stopped.is_set()
        await evening.restart()
        ids = house.ids()
        assert {str(one["To"]) for one in house.letters} == {address("ben"), address("eve")}
        # Sent and killed before that was written down: the same letter again, and only that one.
        assert len(ids) - len(set(ids)) <= (1 if before else 0)
        assert len(set(ids)) == 2, "another letter, not the same one again"
        assert evening.line.post.state().waiting == 0
        await evening.close()
    assert number > 5, "two letters and the position are five writes"


# -- a mail server having a bad day --------------------------------------------------------------------------------


async def give_back(rota: LetterEvening) -> None:
    rota.read()
    await rota.line.rota.give_back(rota.who("ania"), ANIA_NEXT_MONDAY, new_id())
    await rota.settled()


async def test_one_round_uses_one_connection(rota: LetterEvening, house: MailHouse) -> None:
    before = house.connections
    await give_back(rota)
    assert len(house.letters) == 4
    assert house.connections == before + 1


async def test_many_letters_go_in_rounds(open_rota: OpenRota, tmp_path: Path, house: MailHouse) -> None:
    many = [f"more-{n}" for n in range(AT_ONCE + 5)]
    more = "".join(person(id, role="supporter") for id in many)
    evening = await open_rota(letter_definition(tmp_path, more))
    house.letters.clear()
    await evening.line.rota.ask_to_fill(evening.who("jo"), FREE_FRIDAY, many, new_id())
    await evening.settled()
    assert len(house.letters) == AT_ONCE
    await evening.later(minutes=1)
    assert len(house.letters) == AT_ONCE + 5
    assert len(set(house.ids())) == AT_ONCE + 5


async def test_a_server_that_is_away_is_tried_again_ever_more_slowly_and_then_gets_everything(
    rota: LetterEvening, house: MailHouse
) -> None:
    await house.close()
    await give_back(rota)
    state = rota.line.post.state()
    assert state.waiting == 4
    assert f"127.0.0.1:{house.port}" in state.trouble
    assert state.failed == ()
    await rota.later(minutes=10)
    await house.open()
    await rota.later(minutes=10)
    assert len(house.letters) == 0, "the third try comes fifteen minutes after the second"
    await rota.later(minutes=5)
    assert len(house.letters) == 4
    state = rota.line.post.state()
    assert (state.waiting, state.trouble, state.last_sent) == (0, "", at("2026-11-16T12:21"))


async def test_a_letter_put_off_does_not_keep_the_others_and_goes_a_minute_later(
    rota: LetterEvening, house: MailHouse
) -> None:
    house.answers = ["451 4.7.1 come again"]
    await give_back(rota)
    assert len(house.letters) == 3
    await rota.later(minutes=1)
    assert len(house.letters) == 4


async def test_a_refusal_for_good_is_shown_to_those_who_plan_and_not_tried_again(
    rota: LetterEvening, house: MailHouse
) -> None:
    house.at, house.answers = "RCPT", ["550 5.1.1 nobody of that name"]
    await give_back(rota)
    await rota.later(hours=2)
    assert len([one for one in house.letters if "free" in one["Subject"]]) == 3
    [failed] = rota.line.post.state().failed
    assert (failed.what, failed.since) == ("free", MONDAY)
    assert failed.to in SUPPORTERS
    assert failed.why == "The mail server said: 550 5.1.1 nobody of that name"
    await rota.restart()
    assert rota.line.post.state().failed == (failed,)


@pytest.mark.parametrize("answer", ["drop", "take and drop", "hang"])
async def test_a_server_that_drops_or_hangs_in_the_middle_loses_no_letter(
    rota: LetterEvening, house: MailHouse, answer: str
) -> None:
    house.answers = [answer]
    await give_back(rota)
    await rota.later(minutes=1)
    assert {str(one["To"]) for one in house.letters} == {address(who) for who in SUPPORTERS[1:]}
    assert len(set(house.ids())) == 4
    assert len(house.letters) == (5 if answer == "take and drop" else 4)


async def test_while_the_mail_server_hangs_everything_else_goes_on(
    rota: LetterEvening, house: MailHouse
) -> None:
    rota.read()
    house.arrived.clear()
    house.answers = ["hang"]
    await rota.line.rota.give_back(rota.who("ania"), ANIA_NEXT_MONDAY, new_id())
    await house.arrived.wait()
    await rota.line.rota.take(rota.who("eve"), FREE_FRIDAY, new_id())
    contact = await rota.line.start(new_id(), client_id=new_id(), language="en", first_message="hello")
    # At noon the line is closed: what they wrote is kept for the lead.
    assert rota.fold(contact.contact).phase == "stored"
    assert house.letters == []


async def test_a_letter_that_could_not_go_before_the_shift_began_is_too_late_and_says_so(
    rota: LetterEvening, house: MailHouse
) -> None:
    await rota.until(at("2026-11-16T15:59"))
    await house.close()
    await rota.until(at("2026-11-16T18:00"))
    await house.open()
    rota.read()
    await rota.later(hours=2)
    assert not [one for one in rota.letters("ania") if "16 November" in one]
    late = [one for one in rota.line.post.state().failed if one.to == "ania"]
    assert [one.what for one in late] == ["remind"]
    assert late[0].why.startswith("Too late.")
    assert "cannot be reached" in late[0].why


async def test_a_reminder_that_could_not_go_gives_way_to_the_next_one(
    rota: LetterEvening, house: MailHouse
) -> None:
    await rota.until(at("2026-11-22T17:00"))
    await house.close()
    await rota.until(at("2026-11-23T16:00"))
    await house.open()
    rota.read()
    await rota.until(at("2026-11-23T17:59"))
    assert [one for one in rota.letters("ania") if MON_23 in one] == [f"today {MON_23}"]


async def test_a_disk_that_cannot_note_that_a_letter_went_does_not_send_it_again(
    rota: LetterEvening, house: MailHouse
) -> None:
    store: Any = rota.line.store
    put, full = store.put, True

    async def sometimes(kind: str, id: str, body: bytes, expected: int, **more: Any) -> Any:
        if full and kind == "letter" and expected > 0:
            raise OSError("no space left")
        return await put(kind, id, body, expected, **more)

    store.put = sometimes
    await give_back(rota)
    await rota.later(minutes=5)
    first = len(house.letters)
    assert len(set(house.ids())) == first
    full = False
    await rota.later(minutes=20)
    assert len(house.letters) == len(set(house.ids())) == 4
    assert rota.line.post.state().waiting == 0


# -- without a mail server -----------------------------------------------------------------------------------------


async def test_without_a_mail_server_nothing_is_queued_and_a_later_one_gets_no_flood(
    open_rota: OpenRota, house: MailHouse
) -> None:
    evening = await open_rota(mail=False)
    await evening.line.rota.give_back(evening.who("ania"), ANIA_NEXT_MONDAY, new_id())
    await evening.later(days=1)
    state = evening.line.post.state()
    assert (state.set_up, state.waiting, state.failed, state.last_sent) == (False, 0, (), None)
    await evening.close()
    evening.house = house
    evening.clock.advance(hours=1)
    await evening.open()
    assert not [one for one in house.letters if one["Subject"] != "Shift: not confirmed"]
    await evening.until(at("2026-11-18T16:00"))
    assert "today Wednesday 18 November 18:00–22:00" in evening.letters("cy")


async def test_those_without_an_address_are_known(open_rota: OpenRota, tmp_path: Path) -> None:
    evening = await open_rota(letter_definition(tmp_path, without="ben"))
    assert evening.line.post.without_address() == ("ben",)
    await evening.until(at("2026-11-17T18:00"))
    assert evening.letters("ben") == []


# -- what is kept --------------------------------------------------------------------------------------------------


async def test_letters_that_have_served_leave_the_disk(rota: LetterEvening) -> None:
    await give_back(rota)
    kinds = {document.kind for document in await rota.line.store.all("letter")}
    assert kinds == {"letter"}
    await rota.until(at("2026-11-24T00:00"))
    before = {document.id for document in await rota.line.store.all("letter")}
    await rota.until(at("2026-12-05T00:00"))
    assert not before & {document.id for document in await rota.line.store.all("letter")}


async def test_nothing_of_a_letter_lies_in_the_clear(rota: LetterEvening) -> None:
    await give_back(rota)
    for document in await rota.line.store.all("letter"):
        lying = document.id.encode() + document.body
        for name in (b"ania", b"ben", b"free", b"2026-11-23"):
            assert name not in lying


async def test_questions_whose_time_is_over_are_taken_off_the_table_without_anybody_asking(
    rota: LetterEvening,
) -> None:
    await rota.line.rota.offer_hands(rota.who("eve"), new_id())
    await rota.later(hours=11)
    assert len(rota.line.rota.book.asks) == 1
    await rota.later(hours=1, minutes=10)
    assert len(rota.line.rota.book.asks) == 0
    assert (await rota.line.rota.history())[0].what == "passed"
