"""Editing the rota from a date on, and being told beforehand exactly what that does."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rota.agreement import Agreement
from rota.book import AnyChange, Ask, AskChanged, Book, Confirmation, Confirmed, NightChanged, put_shift
from rota.cover import Plan
from rota.editing import (
    NoSuchNight,
    Preview,
    changed_from,
    ended_from,
    left_free,
    preview,
    unused_id,
    with_extra_night,
)
from rota.hours import ChannelHours, Hours, OpeningHours, Span
from rota.limits import Limits
from rota.members import Adjustments, Member, Terms
from rota.shifts import OnDuty, Override, Rota, Shift, Slot
from rota.staffing import Minimum, Missing

LONDON = "Europe/London"
NOW = datetime(2026, 10, 12, 9, tzinfo=UTC)
WEEKS = timedelta(weeks=8)
FREELY = Agreement(limits=Limits(warn_hours=24, stop_hours=24, rest_hours=0, weekly_hours=168))
HOURS = OpeningHours(
    Hours(zone=LONDON, channels=(ChannelHours(channel="web", week=((Span(18 * 60, 22 * 60),),) * 7),))
)
ONE = Minimum(supporters=1, lead=False, on_call=False, peers_alone=True)


def wall(text: str) -> datetime:
    return datetime.fromisoformat(text)


def fridays(**more: Any) -> Shift:
    given: dict[str, Any] = {
        "id": "fri",
        "zone": LONDON,
        "starts": wall("2026-10-02T18:00"),
        "ends": wall("2026-10-02T22:00"),
        "role": "supporter",
        "person": "ania",
        "channels": ("web",),
        "languages": ("en",),
        "rrule": "FREQ=WEEKLY;BYDAY=FR",
    }
    return Shift(**given | more)


def member(id: str, **more: Any) -> Member:
    given: dict[str, Any] = {"roles": ("supporter",), "languages": ("en",), "channels": ("web",)}
    return Member(id=id, name=id.capitalize(), **given | more)


MEMBERS = {one.id: one for one in (member("ania"), member("dev"), member("mari"))}


def book_of(*shifts: Shift, more: Iterable[AnyChange] = ()) -> Book:
    book = Book()
    for shift in shifts:
        book = book.apply(put_shift(book, shift))
    return book.apply(more)


def plan_of(book: Book, agreement: Agreement = FREELY) -> Plan:
    return Plan(book, Rota(book.wholes()), agreement, LONDON, NOW)


def looked_at(
    book: Book,
    changes: tuple[AnyChange, ...],
    *,
    members: dict[str, Member] = MEMBERS,
    agreement: Agreement = FREELY,
    minimum: Minimum = ONE,
) -> Preview:
    return preview(plan_of(book, agreement), changes, members, HOURS, minimum, NOW, NOW + WEEKS)


def lived(duties: Iterable[OnDuty]) -> list[tuple[object, ...]]:
    """What happens, whatever it is called."""
    return sorted((d.starts_at, d.ends_at, d.person, d.role, d.channels, d.languages) for d in duties)


def nights(book: Book, since: datetime = NOW, until: datetime = NOW + WEEKS) -> tuple[OnDuty, ...]:
    return Rota(book.wholes()).occurrences(since, until)


# -- from a date on --------------------------------------------------------------------------------------------------


def test_a_shift_changed_from_a_date_ends_the_day_before_and_another_begins() -> None:
    book = book_of(fridays())
    changes = changed_from(
        book,
        "fri",
        fridays(starts=wall("2026-11-06T19:00"), ends=wall("2026-11-06T22:00")),
        date(2026, 11, 6),
    )
    after = book.apply(changes)
    assert after.shifts["fri"].until == date(2026, 11, 5)
    assert {d.starts_at.hour for d in nights(after) if d.shift == "fri~2026-11-06"} == {19}
    assert len(nights(after)) == len(nights(book))


def test_a_shift_that_has_not_begun_is_changed_as_it_stands() -> None:
    book = book_of(fridays())
    after = book.apply(changed_from(book, "fri", fridays(person="dev"), date(2026, 9, 30)))
    assert list(after.shifts) == ["fri"]
    assert after.shifts["fri"].person == "dev"


def test_a_second_change_from_the_same_date_gets_an_id_of_its_own() -> None:
    book = book_of(fridays())
    assert unused_id(book, "fri") == "fri-2"
    once = book.apply(
        changed_from(
            book,
            "fri",
            fridays(starts=wall("2026-11-06T18:00"), ends=wall("2026-11-06T22:00")),
            date(2026, 11, 6),
        )
    )
    twice = once.apply(
        changed_from(
            once,
            "fri~2026-11-06",
            fridays(starts=wall("2026-11-20T18:00"), ends=wall("2026-11-20T22:00")),
            date(2026, 11, 20),
        )
    )
    assert set(twice.shifts) == {"fri", "fri~2026-11-06", "fri~2026-11-20"}


def test_a_shift_ended_from_a_date_keeps_what_was_before_and_loses_its_later_changes() -> None:
    kept, lost = Slot("fri", wall("2026-10-16T18:00")), Slot("fri", wall("2026-11-27T18:00"))
    book = book_of(
        fridays(),
        more=[
            NightChanged(id=str(slot), after=Override(of=slot.of, person="", languages=()))
            for slot in (kept, lost)
        ],
    )
    after = book.apply(ended_from(book, "fri", date(2026, 11, 13)))
    assert set(after.nights["fri"]) == {kept.of}
    assert max(d.starts_at for d in nights(after)).date() == date(2026, 11, 6)


def test_a_shift_ended_before_it_began_is_taken_out() -> None:
    book = book_of(fridays())
    assert book.apply(ended_from(book, "fri", date(2026, 10, 2))).shifts == {}


def test_what_was_given_back_stays_given_back_when_the_time_changes() -> None:
    slot = Slot("fri", wall("2026-11-27T18:00"))
    free = NightChanged(id=str(slot), after=Override(of=slot.of, person="", languages=()))
    book = book_of(fridays(), more=[free])
    later = fridays(starts=wall("2026-11-06T19:00"), ends=wall("2026-11-06T22:00"))
    changes = changed_from(book, "fri", later, date(2026, 11, 6))
    assert [d.starts_at.isoformat() for d in nights(book.apply(changes)) if d.free] == [
        "2026-11-27T19:00:00+00:00"
    ]
    assert looked_at(book, changes).fallen == ()


def test_who_confirmed_stays_confirmed_only_where_nothing_else_changes() -> None:
    slot = Slot("fri", wall("2026-11-13T18:00"))
    book = book_of(fridays(), more=[Confirmed(id=str(slot), after=Confirmation("ania"))])
    same = fridays(starts=wall("2026-11-06T18:00"), ends=wall("2026-11-06T22:00"))
    after = book.apply(changed_from(book, "fri", same, date(2026, 11, 6)))
    assert set(after.confirmations) == {"fri~2026-11-06@2026-11-13T18:00"}
    other = msgspec.structs.replace(same, person="dev")
    assert book.apply(changed_from(book, "fri", other, date(2026, 11, 6))).confirmations == {}


def test_an_ask_goes_on_for_the_same_night_and_ends_with_it() -> None:
    slot = Slot("fri", wall("2026-11-13T18:00"))
    ask = Ask(id="ask", kind="cover", by="ania", at=NOW, slot=slot)
    book = book_of(fridays(), more=[AskChanged(id="ask", after=ask)])
    same = fridays(starts=wall("2026-11-06T18:00"), ends=wall("2026-11-06T22:00"))
    changes = changed_from(book, "fri", same, date(2026, 11, 6))
    assert book.apply(changes).asks["ask"].slot == Slot("fri~2026-11-06", slot.of)
    assert looked_at(book, changes).ended == ()
    ended = ended_from(book, "fri", date(2026, 11, 13))
    assert looked_at(book, ended).ended == (ask,)
    assert book.apply(ended).asks == {}


def test_one_night_more_is_there_once_and_a_cancelled_one_comes_back() -> None:
    book = book_of(fridays())
    starts, ends = wall("2026-10-14T19:00"), wall("2026-10-14T21:00")
    after = book.apply(with_extra_night(book, "fri", starts, ends))
    duty = after.duty(Slot("fri", starts))
    assert duty is not None
    assert duty.ends_at - duty.starts_at == timedelta(hours=2)
    with pytest.raises(NoSuchNight):
        with_extra_night(after, "fri", starts, ends)
    off = Override(of=wall("2026-10-16T18:00"), cancelled=True)
    cancelled = book.apply([NightChanged(id=str(Slot("fri", off.of)), after=off)])
    back = cancelled.apply(with_extra_night(cancelled, "fri", off.of, wall("2026-10-16T22:00")))
    assert back == msgspec.structs.replace(book, nights={"fri": {}})


def test_no_night_is_added_after_a_shift_has_ended() -> None:
    book = book_of(fridays(until=date(2026, 10, 30)))
    with pytest.raises(NoSuchNight, match="not in force"):
        with_extra_night(book, "fri", wall("2026-11-04T18:00"), wall("2026-11-04T22:00"))


# -- what is told beforehand -----------------------------------------------------------------------------------------


def test_a_new_shift_tells_how_many_nights_it_adds_and_which_gaps_it_closes() -> None:
    book = book_of()
    seen = looked_at(book, put_shift(book, fridays()))
    assert (len(seen.adds), seen.removes, seen.changes) == (8, (), ())
    assert len(seen.closes) == 8
    assert {gap.missing for gap in seen.closes} == {Missing(supporters=1)}
    assert seen.opens == ()


def test_taking_a_shift_out_tells_which_gaps_open() -> None:
    book = book_of(fridays())
    seen = looked_at(book, ended_from(book, "fri", date(2026, 11, 13)))
    assert (len(seen.removes), len(seen.opens), seen.closes) == (4, 4, ())
    assert [gap.starts_at for gap in seen.opens] == [d.starts_at for d in seen.removes]


def test_a_night_across_the_clock_change_is_told_with_its_real_length() -> None:
    book = book_of()
    saturdays = fridays(
        starts=wall("2026-10-17T22:00"), ends=wall("2026-10-18T06:00"), rrule="FREQ=WEEKLY;BYDAY=SA"
    )
    seen = looked_at(book, put_shift(book, saturdays))
    assert [(d.starts_at.isoformat(), d.ends_at - d.starts_at) for d in seen.clock_nights] == [
        ("2026-10-24T21:00:00+00:00", timedelta(hours=9))
    ]


def test_two_shifts_of_one_person_at_once_clash_and_may_be_left_free() -> None:
    book = book_of(fridays())
    also = fridays(
        id="also",
        starts=wall("2026-10-14T20:00"),
        ends=wall("2026-10-14T23:00"),
        rrule="FREQ=WEEKLY;BYDAY=WE,FR;COUNT=4",
    )
    changes = put_shift(book, also)
    seen = looked_at(book, changes)
    assert [clash.duty.starts_at.strftime("%a") for clash in seen.clashes] == ["Fri", "Fri"]
    assert len(seen.refused) == 2
    freed = left_free(book, changes, seen.refused)
    assert looked_at(book, freed).refused == ()
    assert sum(d.free for d in nights(book.apply(freed))) == 2


def test_a_warning_is_told_and_refuses_nothing() -> None:
    book = book_of()
    careful = Agreement(limits=Limits(warn_hours=3))
    seen = looked_at(book, put_shift(book, fridays()), agreement=careful)
    assert len(seen.clashes) == 8
    assert seen.refused == ()


def test_what_was_agreed_with_somebody_stands_against_a_night() -> None:
    book = book_of()
    late = fridays(starts=wall("2026-10-16T22:00"), ends=wall("2026-10-17T02:00"))
    no_nights = {"ania": member("ania", terms=Terms(adjustments=Adjustments(no_nights=True)))}
    seen = looked_at(book, put_shift(book, late), members=no_nights)
    assert {one.code for clash in seen.clashes for one in clash.objections} == {"nights"}


def test_a_changed_night_that_the_new_rule_has_no_more_is_told() -> None:
    slot = Slot("fri", wall("2026-11-27T18:00"))
    moved = Override(of=slot.of, person="mari", languages=("en",))
    book = book_of(fridays(), more=[NightChanged(id=str(slot), after=moved)])
    mondays = fridays(
        starts=wall("2026-11-09T18:00"), ends=wall("2026-11-09T22:00"), rrule="FREQ=WEEKLY;BYDAY=MO"
    )
    seen = looked_at(book, changed_from(book, "fri", mondays, date(2026, 11, 6)))
    assert seen.fallen == ((slot, moved),)


def test_somebody_else_on_it_changes_each_night_and_adds_none() -> None:
    book = book_of(fridays())
    other = fridays(starts=wall("2026-11-06T18:00"), ends=wall("2026-11-06T22:00"), person="dev")
    seen = looked_at(book, changed_from(book, "fri", other, date(2026, 11, 6)))
    assert (seen.adds, seen.removes, len(seen.changes)) == ((), (), 5)
    assert {(was.person, now.person) for was, now in seen.changes} == {("ania", "dev")}


# -- for any edit ----------------------------------------------------------------------------------------------------

CLOCKS = st.sampled_from((8, 14, 18, 22))
DAYS = st.sets(st.sampled_from(("MO", "WE", "FR", "SU")), min_size=1)
FIRST = date(2026, 10, 5)


@st.composite
def repeating(draw: st.DrawFn, id: str, first: date = FIRST) -> Shift:
    """A weekly shift whose first start is the first of its days from `first` on."""
    names = draw(DAYS)
    day = next(
        first + timedelta(days=n)
        for n in range(7)
        if ("MO", "TU", "WE", "TH", "FR", "SA", "SU")[(first + timedelta(days=n)).weekday()] in names
    )
    starts = datetime.combine(day, time(draw(CLOCKS)))
    return fridays(
        id=id,
        starts=starts,
        ends=starts + timedelta(hours=draw(st.sampled_from((2, 4, 9)))),
        person=draw(st.sampled_from(("ania", "dev", ""))),
        rrule=f"FREQ=WEEKLY;BYDAY={','.join(sorted(names))}",
    )


@given(st.data())
def test_what_is_told_is_exactly_what_happens(data: st.DataObject) -> None:
    book = book_of(data.draw(repeating("a")), data.draw(repeating("b")))
    day = NOW.date() + timedelta(days=data.draw(st.integers(0, 30)))
    if data.draw(st.booleans()):
        changes = ended_from(book, "a", day)
    else:
        changes = changed_from(book, "a", data.draw(repeating("x", day)), day)
    seen = looked_at(book, changes)
    was, now = nights(book), nights(book.apply(changes))
    gone = [*seen.removes, *(pair[0] for pair in seen.changes)]
    come = [*seen.adds, *(pair[1] for pair in seen.changes)]
    left = lived(was)
    for duty in lived(gone):
        left.remove(duty)
    assert sorted(left + lived(come)) == lived(now)
    assert len(now) == len(was) + len(seen.adds) - len(seen.removes)
    assert not {tuple(one) for one in lived(gone)} & {tuple(one) for one in lived(come)}


@given(st.data())
def test_a_split_changes_nothing_before_its_date_and_is_the_new_shift_after_it(data: st.DataObject) -> None:
    old = data.draw(repeating("a"))
    day = NOW.date() + timedelta(days=data.draw(st.integers(0, 40)))
    new = data.draw(repeating("x", day))
    book = book_of(old)
    after = book.apply(changed_from(book, "a", new, day))
    # A day's nights are those that start on it by rule.
    was, now, alone = nights(book), nights(after), Rota((new,)).occurrences(NOW, NOW + WEEKS)
    assert lived(d for d in now if d.of.date() < day) == lived(d for d in was if d.of.date() < day)
    assert lived(d for d in now if d.of.date() >= day) == lived(alone)


@given(st.data())
def test_every_gap_that_opens_or_closes_is_told_to_the_minute(data: st.DataObject) -> None:
    book = book_of(data.draw(repeating("a")), data.draw(repeating("b")))
    day = NOW.date() + timedelta(days=data.draw(st.integers(0, 30)))
    changes = changed_from(book, "a", data.draw(repeating("x", day)), day)
    seen = looked_at(book, changes)
    after = Rota(book.apply(changes).wholes())
    before = Rota(book.wholes())
    instant = NOW
    while instant < NOW + WEEKS:
        short = [
            not any(d.role == "supporter" for d in rota.on_duty_at(instant)) and HOURS.is_open("web", instant)
            for rota in (before, after)
        ]
        opened = any(gap.starts_at <= instant < gap.ends_at for gap in seen.opens)
        closed = any(gap.starts_at <= instant < gap.ends_at for gap in seen.closes)
        assert (opened, closed) == (short[1] and not short[0], short[0] and not short[1])
        instant += timedelta(hours=3)
