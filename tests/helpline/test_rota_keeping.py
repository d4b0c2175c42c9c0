"""The rota is a log: whatever is changed is durable, has who, when and why, and can be turned round."""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from helpline.errors import ClientIdReused, NotAllowed, NotFound, NotNow, Objected
from rota.book import ShiftChanged
from rota.hours import Closure, Hours
from rota.members import Adjustments, Terms
from rota.shifts import Shift, Slot
from tests.helpline.evening import EIGHT, Evening, definition_in, new_id, person_table

DAY = timedelta(days=1)


def weekly(id: str, person: str, day: str, *, role: str = "supporter", starts: str = "18:00") -> str:
    """A four-hour evening once a week, from a day of January 2026 on."""
    hour = int(starts[:2]) + 4
    whose = f'person = "{person}"\n' if person else ""
    return (
        f'[[shifts]]\nid = "{id}"\n{whose}role = "{role}"\nstarts = {day}T{starts}:00\n'
        f'ends = {day}T{hour:02}:00:00\nrrule = "FREQ=WEEKLY"\n'
        + ("" if person else 'channels = ["web"]\nlanguages = []\n')
    )


SHIFTS = (
    weekly("ania-wed", "ania", "2026-01-07")
    + weekly("dev-fri", "dev", "2026-01-09")
    + weekly("nobody-sat", "", "2026-01-10")
    + weekly("jo-wed", "jo", "2026-01-07", role="lead")
)
PEOPLE = "".join(
    person_table(id, role=role, languages=("en",), level="experienced")
    for id, role in (("ania", "supporter"), ("dev", "supporter"), ("jo", "lead"), ("robin", "manager"))
)


@pytest.fixture
async def evening(tmp_path: Path) -> AsyncIterator[Evening]:
    evening = Evening(tmp_path, definition_in(tmp_path, people=PEOPLE + SHIFTS))
    await evening.open()
    yield evening
    await evening.close()


def night(shift: str, day: str) -> Slot:
    return Slot.parse(f"{shift}@{day}T18:00")


WED, FRI, SAT = (
    night("ania-wed", "2026-01-21"),
    night("dev-fri", "2026-01-16"),
    night("nobody-sat", "2026-01-17"),
)


def holder(evening: Evening, slot: Slot) -> str:
    duty = evening.line.rota.book.duty(slot)
    assert duty is not None
    return duty.person


async def test_a_shift_given_back_is_free_and_whoever_takes_it_has_it(evening: Evening) -> None:
    rota = evening.line.rota
    await rota.give_back(evening.who("ania"), WED, new_id(), "a funeral")
    assert holder(evening, WED) == ""
    assert holder(evening, night("ania-wed", "2026-01-28")) == "ania"
    await rota.take(evening.who("dev"), WED, new_id())
    assert holder(evening, WED) == "dev"
    assert rota.book.confirmed(WED, "dev")
    took, gave_back = await rota.history(limit=2)
    assert (took.what, took.by.name) == ("took", "Dev")
    assert (gave_back.what, gave_back.by.id, gave_back.at, gave_back.why) == (
        "gave_back",
        "ania",
        EIGHT,
        "a funeral",
    )


async def test_everything_is_there_again_after_a_restart(evening: Evening) -> None:
    await evening.line.rota.give_back(evening.who("ania"), WED, new_id())
    await evening.line.rota.ask_cover(evening.who("dev"), FRI, new_id())
    before, seq = evening.line.rota.book, evening.line.rota.seq
    await evening.restart()
    assert (evening.line.rota.book, evening.line.rota.seq) == (before, seq)
    assert [duty.person for duty in evening.line.roster.rota.on_duty_at(EIGHT)] == ["ania", "jo"]


async def test_two_who_press_at_once_cannot_both_have_it(evening: Evening) -> None:
    rota = evening.line.rota
    answers = await asyncio.gather(
        *(rota.take(evening.who(who), SAT, new_id()) for who in ("ania", "dev")), return_exceptions=True
    )
    refused = [answer for answer in answers if isinstance(answer, NotNow)]
    assert len(refused) == 1
    assert "Somebody else has that shift" in refused[0].message
    assert holder(evening, SAT) in ("ania", "dev")


async def test_the_same_press_twice_is_one_step(evening: Evening) -> None:
    rota, id = evening.line.rota, new_id()
    first = await rota.take(evening.who("ania"), SAT, id)
    assert await rota.take(evening.who("ania"), SAT, id) == first == rota.seq
    with pytest.raises(ClientIdReused):
        await rota.take(evening.who("ania"), FRI, id)


async def test_a_swap_changes_both_nights_or_neither(evening: Evening) -> None:
    rota = evening.line.rota
    await rota.offer_swap(evening.who("ania"), WED, FRI, new_id())
    (ask,) = rota.book.asks
    assert (holder(evening, WED), holder(evening, FRI)) == ("ania", "dev")
    with pytest.raises(NotNow):
        await rota.agree_swap(evening.who("jo"), ask, new_id())
    await rota.agree_swap(evening.who("dev"), ask, new_id())
    assert (holder(evening, WED), holder(evening, FRI)) == ("dev", "ania")
    assert rota.book.asks == {}
    (step,) = await rota.history(limit=1)
    await rota.undo(evening.who("jo"), step.seq, new_id())
    assert (holder(evening, WED), holder(evening, FRI)) == ("ania", "dev")


async def test_a_swap_where_one_of_them_gave_theirs_back_in_between_does_nothing(evening: Evening) -> None:
    rota = evening.line.rota
    await rota.offer_swap(evening.who("ania"), WED, FRI, new_id())
    (ask,) = rota.book.asks
    await rota.give_back(evening.who("ania"), WED, new_id())
    with pytest.raises(NotNow):
        await rota.agree_swap(evening.who("dev"), ask, new_id())
    assert (holder(evening, WED), holder(evening, FRI)) == ("", "dev")


async def test_undo_is_refused_once_somebody_has_built_on_it(evening: Evening) -> None:
    rota = evening.line.rota
    gave_back = await rota.give_back(evening.who("ania"), WED, new_id())
    await rota.take(evening.who("dev"), WED, new_id())
    with pytest.raises(NotNow, match="changed again"):
        await rota.undo(evening.who("ania"), gave_back, new_id())
    assert holder(evening, WED) == "dev"


async def test_everybody_undoes_their_own_for_ten_minutes_and_a_lead_anybodys_later(evening: Evening) -> None:
    rota = evening.line.rota
    seq = await rota.give_back(evening.who("ania"), WED, new_id())
    with pytest.raises(NotAllowed):
        await rota.undo(evening.who("dev"), seq, new_id())
    evening.clock.advance(minutes=10, seconds=1)
    with pytest.raises(NotAllowed):
        await rota.undo(evening.who("ania"), seq, new_id())
    await rota.undo(evening.who("jo"), seq, new_id(), "she can come after all")
    assert holder(evening, WED) == "ania"
    undid = (await rota.history(limit=1))[0]
    assert (undid.what, undid.undoes, undid.by.id) == ("undid", seq, "jo")


async def test_undo_brings_back_no_question_about_a_night_that_is_anothers_now(evening: Evening) -> None:
    rota = evening.line.rota
    await rota.ask_cover(evening.who("ania"), WED, new_id())
    (ask,) = rota.book.asks
    withdrew = await rota.withdraw_ask(evening.who("ania"), ask, new_id())
    await rota.put_on(evening.who("jo"), WED, "dev", new_id())
    with pytest.raises(NotNow):
        await rota.undo(evening.who("ania"), withdrew, new_id())
    assert rota.book.asks == {}


async def test_a_question_put_since_ends_when_what_it_is_about_is_taken_back(evening: Evening) -> None:
    rota = evening.line.rota
    took = await rota.take(evening.who("dev"), SAT, new_id())
    await rota.ask_cover(evening.who("dev"), SAT, new_id())
    await rota.undo(evening.who("dev"), took, new_id())
    assert (holder(evening, SAT), rota.book.asks) == ("", {})


async def test_an_undone_step_can_itself_be_undone(evening: Evening) -> None:
    rota = evening.line.rota
    seq = await rota.give_back(evening.who("ania"), WED, new_id())
    back = await rota.undo(evening.who("ania"), seq, new_id())
    await rota.undo(evening.who("ania"), back, new_id())
    assert holder(evening, WED) == ""


@pytest.mark.parametrize("hours", [12, 11])
async def test_up_to_twelve_hours_before_a_shift_is_given_back_by_pressing(
    evening: Evening, hours: int
) -> None:
    starts = evening.line.rota.book.duty(WED)
    assert starts is not None
    evening.clock.advance(
        seconds=(starts.starts_at - timedelta(hours=hours) - evening.clock.now()).total_seconds()
    )
    giving = evening.line.rota.give_back(evening.who("ania"), WED, new_id())
    if hours == 12:
        await giving
        assert holder(evening, WED) == ""
    else:
        with pytest.raises(NotNow, match="call in sick"):
            await giving
        await evening.line.rota.call_in_sick(evening.who("ania"), WED, new_id())
        assert holder(evening, WED) == ""


async def test_whoever_called_in_sick_in_the_middle_is_offered_nobody_more(evening: Evening) -> None:
    tonight = night("ania-wed", "2026-01-14")
    await evening.on("ania")
    await evening.line.rota.call_in_sick(evening.who("ania"), tonight, new_id())
    contact = await evening.person("en", "hello")
    await evening.settled()
    assert evening.asked(contact) == ""


async def test_whoever_takes_the_evening_now_may_check_in_and_is_asked(evening: Evening) -> None:
    tonight = night("ania-wed", "2026-01-14")
    await evening.line.rota.call_in_sick(evening.who("ania"), tonight, new_id())
    with pytest.raises(NotAllowed):
        await evening.on("dev")
    with pytest.raises(Objected) as objected:
        await evening.line.rota.take(evening.who("robin"), tonight, new_id())
    assert not objected.value.may_insist
    await evening.line.rota.take(evening.who("dev"), tonight, new_id())
    await evening.on("dev")
    contact = await evening.person("en", "hello")
    await evening.settled()
    assert evening.asked(contact) == "dev"


async def test_hours_take_effect_in_the_moment_they_are_saved(evening: Evening) -> None:
    line = evening.line
    assert line.door().open
    closed: Hours = msgspec.structs.replace(
        line.hours.hours, closures=(Closure(from_=EIGHT, until=EIGHT + DAY, why="storm"),)
    )
    await line.rota.set_hours(evening.who("jo"), closed, new_id(), what="closed_now", why="storm")
    assert (line.door().open, line.door().why) == (False, "hours")
    assert line.door().opens_at == EIGHT + DAY
    await line.rota.undo(evening.who("robin"), line.rota.seq, new_id())
    assert line.door().open


async def test_what_was_agreed_with_somebody_bears_on_what_they_take(evening: Evening) -> None:
    terms = Terms(adjustments=Adjustments(one_at_a_time=True), weekly_hours=3.0)
    await evening.line.rota.set_terms(evening.who("robin"), "dev", terms, new_id())
    account = evening.line.people.get("dev")
    assert account is not None
    assert evening.line.roster.capacity_of(account) == 1
    with pytest.raises(Objected):
        await evening.line.rota.take(evening.who("dev"), SAT, new_id())


async def test_longer_breaks_that_were_agreed_are_twice_as_long(evening: Evening) -> None:
    await evening.on("ania")
    terms = Terms(adjustments=Adjustments(longer_breaks=True))
    await evening.line.rota.set_terms(evening.who("robin"), "ania", terms, new_id())
    shift = await evening.line.away(evening.who("ania"), "break")
    assert shift.break_until == EIGHT + timedelta(minutes=30)


@pytest.mark.parametrize("who", ["ania", "dev"])
async def test_a_supporter_plans_for_nobody_else(evening: Evening, who: str) -> None:
    rota, me = evening.line.rota, evening.who(who)
    refused: list[Awaitable[int]] = [
        rota.put_on(me, SAT, "ania", new_id()),
        rota.take_off(me, WED, new_id()),
        rota.ask_to_fill(me, SAT, ("dev",), new_id()),
        rota.set_hours(me, evening.line.hours.hours, new_id()),
        rota.set_terms(me, who, Terms(weekly_hours=40.0), new_id()),
        rota.edit(me, lambda _: (), new_id()),
        rota.approve_swap(me, "ask", new_id()),
    ]
    for refusal in refused:
        with pytest.raises(NotAllowed):
            await refusal


async def test_nobody_gives_back_confirms_or_drops_anothers_shift(evening: Evening) -> None:
    rota, dev = evening.line.rota, evening.who("dev")
    for refusal in (
        rota.give_back(dev, WED, new_id()),
        rota.confirm(dev, WED, new_id()),
        rota.call_in_sick(dev, WED, new_id()),
        rota.ask_cover(dev, WED, new_id()),
        rota.offer_swap(dev, WED, FRI, new_id()),
        rota.take(dev, WED, new_id()),
    ):
        with pytest.raises(NotNow):
            await refusal
    assert holder(evening, WED) == "ania"


async def test_an_edit_looked_at_before_the_rota_moved_on_is_not_saved(evening: Evening) -> None:
    rota = evening.line.rota
    seen = rota.seq
    extra = Shift(
        id="extra",
        zone="Europe/London",
        starts=WED.of,
        ends=WED.of + timedelta(hours=2),
        role="supporter",
        channels=("web",),
    )
    put = ShiftChanged(id="extra", after=extra)
    await rota.give_back(evening.who("ania"), WED, new_id())
    with pytest.raises(NotNow, match="look again"):
        await rota.edit(evening.who("jo"), lambda _: (put,), new_id(), seen=seen)
    await rota.edit(evening.who("jo"), lambda _: (put,), new_id(), seen=rota.seq)
    assert rota.book.duty(Slot("extra", WED.of)) is not None


async def test_a_shift_taken_out_does_not_come_back_with_the_next_start(evening: Evening) -> None:
    rota = evening.line.rota
    held = rota.book.shifts["dev-fri"]
    out = ShiftChanged(id="dev-fri", before=held)
    await rota.edit(evening.who("robin"), lambda _: (out,), new_id())
    await evening.restart()
    assert "dev-fri" not in evening.line.rota.book.shifts
    assert "ania-wed" in evening.line.rota.book.shifts


async def test_questions_whose_time_is_over_are_taken_off_the_table(evening: Evening) -> None:
    rota = evening.line.rota
    await rota.ask_cover(evening.who("dev"), FRI, new_id())
    await rota.offer_hands(evening.who("dev"), new_id())
    await rota.let_pass()
    assert len(rota.book.asks) == 2
    evening.clock.advance(days=3)
    await rota.let_pass()
    assert rota.book.asks == {}
    assert holder(evening, FRI) == "dev"


async def test_a_change_that_never_was_cannot_be_undone(evening: Evening) -> None:
    for seq in (0, -1, 99):
        with pytest.raises(NotFound):
            await evening.line.rota.undo(evening.who("jo"), seq, new_id())
