"""An edit of the rota at its edges: nights of a clock change, changed nights that go over or fall away, names."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import msgspec
import pytest

from rota.agreement import Agreement
from rota.book import AnyChange, Book, NightChanged, put_shift
from rota.cover import Plan
from rota.editing import (
    NoSuchNight,
    Preview,
    changed_from,
    ended_from,
    preview,
    unused_id,
    with_extra_night,
)
from rota.hours import ChannelHours, Hours, OpeningHours, Span
from rota.limits import Limits
from rota.members import Member
from rota.shifts import OnDuty, Override, Rota, Shift, Slot
from rota.staffing import Minimum

ZONE = "Europe/London"
# A Monday three weeks before the clocks go back, on 25 October.
NOW = datetime(2026, 10, 5, 12, tzinfo=UTC)
EIGHT_WEEKS = NOW + timedelta(weeks=8)
ONE = Minimum(supporters=1, lead=False, on_call=False, peers_alone=True)
AGREEMENT = Agreement(limits=Limits(warn_hours=10, stop_hours=12, rest_hours=8, weekly_hours=40))
PEOPLE = {
    id: Member(id=id, name=id.title(), roles=roles, languages=("en",), channels=("web",))
    for id, roles in (("ania", ("supporter",)), ("dev", ("supporter", "lead")), ("jo", ("lead",)))
}


def wall(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-{text}")


def weekly(id: str, person: str, starts: str, hours: float = 4, **changes: Any) -> Shift:
    given: dict[str, Any] = {
        "role": "supporter",
        "channels": ("web",),
        "languages": ("en",) if person else (),
        "rrule": "FREQ=WEEKLY",
    }
    begins = wall(starts)
    return Shift(
        id=id,
        zone=ZONE,
        starts=begins,
        ends=begins + timedelta(hours=hours),
        person=person,
        **given | changes,
    )


# Mondays from long ago, and Saturday nights.
MONDAYS = weekly("monday", "ania", "01-05T18:00")
NIGHTS = weekly("saturday", "ania", "01-03T22:00", 8)


def a_plan(*shifts: Shift, also: Sequence[AnyChange] = ()) -> Plan:
    book = Book()
    for shift in shifts:
        book = book.apply(put_shift(book, shift))
    book = book.apply(also)
    return Plan(book, Rota(book.wholes()), AGREEMENT, ZONE, NOW)


def evenings(zone: str = ZONE) -> OpeningHours:
    """Open every evening from six to ten."""
    channel = ChannelHours(channel="web", week=((Span(18 * 60, 22 * 60),),) * 7)
    return OpeningHours(Hours(zone=zone, channels=(channel,)))


def looked_at(plan: Plan, changes: Sequence[AnyChange], minimum: Minimum = ONE) -> Preview:
    return preview(plan, changes, PEOPLE, evenings(), minimum, NOW, EIGHT_WEEKS)


def clocks_of(duties: Sequence[OnDuty]) -> list[str]:
    return [f"{duty.starts_at:%m-%d %H:%M}" for duty in duties]


def night(slot: str, **changes: Any) -> NightChanged:
    return NightChanged(id=slot, after=Override(of=Slot.parse(slot).of, **changes))


# -- from a date on ------------------------------------------------------------------------------------------------


def test_changing_twice_from_one_day_and_changing_what_was_changed_keep_short_names() -> None:
    plan = a_plan(MONDAYS)
    for day, clock in (("2026-10-19", "19:00"), ("2026-10-26", "20:00"), ("2026-10-26", "21:00")):
        newest = max(plan.book.shifts)
        wanted = weekly("x", "ania", f"{day[5:]}T{clock}")
        plan = plan.after(changed_from(plan.book, newest, wanted, date.fromisoformat(day)))
    assert set(plan.book.shifts) == {"monday", "monday~2026-10-19", "monday~2026-10-26"}
    assert plan.book.shifts["monday~2026-10-26"].starts.hour == 21
    gone = plan.after(ended_from(plan.book, "monday~2026-10-26", date(2026, 10, 26)))
    assert unused_id(gone.book, "monday~2026-10-26") == "monday~2026-10-26-2", (
        "an id names one shift for ever"
    )


def test_a_shift_that_is_not_there_cannot_be_changed() -> None:
    with pytest.raises(KeyError):
        changed_from(Book(), "nobody", MONDAYS, date(2026, 10, 12))


def test_changes_to_single_nights_go_over_to_the_new_shift_where_the_day_is_still_one_of_its() -> None:
    plan = a_plan(
        MONDAYS,
        also=[
            night("monday@2026-10-12T18:00", person="dev", languages=("en",)),
            night("monday@2026-10-19T18:00", person="dev", languages=("en",)),
            night("monday@2026-10-26T18:00", cancelled=True),
        ],
    )
    wanted = weekly("x", "ania", "10-19T19:00")
    after = plan.after(changed_from(plan.book, "monday", wanted, date(2026, 10, 19)))
    assert after.book.nights["monday"].keys() == {wall("10-12T18:00")}
    assert after.book.duty(Slot("monday~2026-10-19", wall("10-19T19:00"))).person == "dev"  # type: ignore[union-attr]
    assert after.book.duty(Slot("monday~2026-10-19", wall("10-26T19:00"))) is None
    seen = looked_at(plan, changed_from(plan.book, "monday", wanted, date(2026, 10, 19)))
    assert seen.fallen == ()


def test_changes_to_nights_that_are_no_longer_there_are_told_as_fallen_away() -> None:
    plan = a_plan(
        MONDAYS,
        also=[
            night("monday@2026-09-28T18:00", cancelled=True),
            night("monday@2026-10-19T18:00", person="dev", languages=("en",)),
            night("monday@2026-10-26T18:00", cancelled=True),
        ],
    )
    tuesdays = weekly("x", "ania", "10-13T18:00")
    changes = changed_from(plan.book, "monday", tuesdays, date(2026, 10, 12))
    seen = looked_at(plan, changes)
    assert [(slot.of.day, override.person, override.cancelled) for slot, override in seen.fallen] == [
        (19, "dev", False),
        (26, None, True),
    ]
    assert plan.after(changes).book.nights["monday"].keys() == {wall("09-28T18:00")}
    ended = looked_at(plan, ended_from(plan.book, "monday", date(2026, 10, 20)))
    assert [slot.of.day for slot, _ in ended.fallen] == [26]


def test_a_shift_ended_before_it_begins_is_taken_out_and_every_change_to_it_with_it() -> None:
    plan = a_plan(weekly("new", "ania", "10-12T18:00"), also=[night("new@2026-10-19T18:00", cancelled=True)])
    changes = ended_from(plan.book, "new", date(2026, 10, 12))
    after = plan.after(changes)
    assert (after.book.shifts, dict(after.book.nights.get("new", {}))) == ({}, {})
    assert plan.book.apply(changes).apply(after.book.turned(changes)) == msgspec.structs.replace(
        plan.book, known=after.book.known, nights=plan.book.nights
    )


# -- one night more ------------------------------------------------------------------------------------------------


def test_a_night_that_was_cancelled_or_left_out_comes_back() -> None:
    without = weekly("monday", "ania", "01-05T18:00", exdates=(wall("10-12T18:00"),))
    plan = a_plan(without, also=[night("monday@2026-10-19T18:00", cancelled=True)])
    for day in (12, 19):
        starts = wall(f"10-{day}T18:00")
        changes = with_extra_night(plan.book, "monday", starts, starts + timedelta(hours=4))
        assert [duty.of for duty in looked_at(plan, changes).adds] == [starts]
        assert plan.after(changes).book.shifts["monday"].rdates == (), "its rule has that night already"


@pytest.mark.parametrize("day", ["10-12", "08-31", "12-07"])
def test_a_night_that_is_there_or_out_of_its_dates_cannot_be_added(day: str) -> None:
    plan = a_plan(weekly("monday", "ania", "01-05T18:00", from_=date(2026, 9, 1), until=date(2026, 12, 1)))
    starts = wall(f"{day}T18:00")
    with pytest.raises(NoSuchNight, match="already" if day == "10-12" else "not in force"):
        with_extra_night(plan.book, "monday", starts, starts + timedelta(hours=4))


# -- the preview ---------------------------------------------------------------------------------------------------


def test_nights_across_a_change_of_the_clocks_are_named_and_only_those() -> None:
    plan = a_plan()
    seen = looked_at(plan, put_shift(plan.book, weekly("saturday", "ania", "10-10T22:00", 8)))
    assert [(duty.of.day, (duty.ends_at - duty.starts_at).seconds // 3600) for duty in seen.clock_nights] == [
        (24, 9)
    ]
    assert len(seen.adds) == 8
    spring = datetime(2027, 3, 20, tzinfo=UTC)
    later = msgspec.structs.replace(plan, now=spring)
    fresh = put_shift(plan.book, weekly("saturday", "ania", "10-10T22:00", 8))
    seen = preview(later, fresh, PEOPLE, evenings(), ONE, spring, spring + timedelta(weeks=3))
    assert [(duty.of.day, (duty.ends_at - duty.starts_at).seconds // 3600) for duty in seen.clock_nights] == [
        (27, 7)
    ]


def test_the_hour_the_clocks_skip_has_no_shift_and_the_one_they_repeat_makes_it_longer() -> None:
    plan = a_plan()
    spring = datetime(2027, 3, 20, tzinfo=UTC)
    later = msgspec.structs.replace(plan, now=spring)
    sundays = weekly("sunday", "ania", "10-11T01:00", 1)
    seen = preview(
        later, put_shift(plan.book, sundays), PEOPLE, evenings(), ONE, spring, spring + timedelta(22)
    )
    assert [duty.of.day for duty in seen.adds] == [21, 4], "01:00 to 02:00 is not there on 28 March"
    repeated = weekly("sunday", "ania", "10-11T01:30", 1)
    seen = looked_at(plan, put_shift(plan.book, repeated))
    assert clocks_of(seen.clock_nights) == ["10-25 00:30"], "from the first 01:30 to 02:30"


def test_whoever_cannot_have_a_role_clashes_and_nobody_and_strangers_clash_with_nothing() -> None:
    plan = a_plan()
    jo = looked_at(plan, put_shift(plan.book, weekly("x", "jo", "10-12T18:00", rrule=None)))
    assert {one.code for one in jo.clashes[0].objections} == {"role"}
    for person in ("", "left-long-ago"):
        assert looked_at(plan, put_shift(plan.book, weekly("x", person, "10-12T18:00"))).clashes == ()


def test_an_evening_moved_opens_its_beginning_and_a_free_shift_closes_nothing() -> None:
    plan = a_plan(weekly("monday", "ania", "10-12T18:00"))
    seen = looked_at(
        plan, changed_from(plan.book, "monday", weekly("x", "ania", "10-12T20:00"), date(2026, 10, 12))
    )
    assert len(seen.changes) == 7
    assert (seen.opens[0].starts_at.hour, seen.opens[0].ends_at.hour) == (17, 19)
    assert seen.closes == (), "after ten the door is closed"
    assert looked_at(plan, put_shift(plan.book, weekly("free", "", "10-13T18:00"))).closes == ()


def test_what_is_only_called_otherwise_is_no_change_and_an_hour_later_is_one_change_a_night() -> None:
    plan = a_plan(MONDAYS)
    same = changed_from(plan.book, "monday", weekly("x", "ania", "10-12T18:00"), date(2026, 10, 12))
    seen = looked_at(plan, same)
    assert (seen.adds, seen.removes, seen.changes) == ((), (), ())
    later = changed_from(plan.book, "monday", weekly("x", "ania", "10-12T19:00"), date(2026, 10, 12))
    seen = looked_at(plan, later)
    assert (seen.adds, seen.removes, len(seen.changes)) == ((), (), 7)
    assert all(
        now.starts_at - was.starts_at == timedelta(hours=1) and now.of.date() == was.of.date()
        for was, now in seen.changes
    )
