"""Whatever shift is changed from whatever day: what was stays, what comes is as wanted, and the preview says so."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from rota.agreement import Agreement
from rota.book import AnyChange, Book, put_shift
from rota.cover import Plan
from rota.editing import Preview, changed_from, ended_from, preview
from rota.gaps import Gap, gaps
from rota.hours import ChannelHours, Hours, OpeningHours, Span
from rota.shifts import OnDuty, Override, Rota, Series, Shift
from rota.staffing import Minimum

ZONE = "Europe/London"
LONDON = ZoneInfo(ZONE)
# Three weeks on either side of the night the clocks go back.
FIRST = date(2026, 10, 5)
SINCE, UNTIL = datetime(2026, 10, 4, tzinfo=UTC), datetime(2026, 11, 16, tzinfo=UTC)
RULES = (None, "FREQ=DAILY", "FREQ=WEEKLY", "FREQ=WEEKLY;INTERVAL=2", "FREQ=DAILY;COUNT=9")
HOURS = OpeningHours(
    Hours(zone=ZONE, channels=(ChannelHours(channel="web", week=((Span(18 * 60, 23 * 60),),) * 7),))
)
ONE = Minimum(supporters=1, lead=False, on_call=False, peers_alone=True)
days = st.integers(0, 30).map(lambda number: FIRST + timedelta(days=number))
quarters = st.integers(0, 95).map(lambda number: timedelta(minutes=15 * number))


@st.composite
def shifts(draw: st.DrawFn, id: str, first: st.SearchStrategy[date] = days) -> Shift:
    starts = datetime.combine(draw(first), time.min) + draw(quarters)
    return Shift(
        id=id,
        zone=ZONE,
        starts=starts,
        ends=starts + timedelta(minutes=15) + draw(quarters),
        role="supporter",
        person=draw(st.sampled_from(("", "ania", "dev"))),
        channels=("web",),
        languages=("en",),
        rrule=draw(st.sampled_from(RULES)),
    )


@st.composite
def changed_nights(draw: st.DrawFn, id: str) -> Shift:
    """A shift with changes to some of its nights, none of which moves one to another time."""
    shift = draw(shifts(id))
    midnight = datetime.combine(FIRST, time.min)
    walls = sorted(Series(shift).walls(midnight, midnight + timedelta(days=40)))
    chosen = draw(st.sets(st.sampled_from(walls), max_size=4)) if walls else set()
    gone = draw(st.sets(st.sampled_from(sorted(chosen)))) if chosen else set()
    nights = tuple(
        Override(of=of, cancelled=True) if of in gone else Override(of=of, person="mari", languages=("en",))
        for of in sorted(chosen)
    )
    return msgspec.structs.replace(shift, overrides=nights)


@st.composite
def splits(draw: st.DrawFn) -> tuple[Plan, Shift, date]:
    """A plan with the shift "one" and another beside it, what "one" should become, and from which day."""
    book = Book()
    for shift in (draw(changed_nights("one")), draw(shifts("other"))):
        book = book.apply(put_shift(book, shift))
    day = draw(days)
    wanted = draw(shifts("wanted", st.integers(0, 3).map(lambda number: day + timedelta(days=number))))
    return Plan(book, Rota(book.wholes()), Agreement(), ZONE, SINCE), wanted, day


def lived(duties: Sequence[OnDuty]) -> list[tuple[object, ...]]:
    """What the occurrences are to those who come, whatever their shift is called."""
    return sorted((duty.starts_at, duty.ends_at, duty.person) for duty in duties)


def of_day(duty: OnDuty) -> date:
    """The day it belongs to."""
    return duty.of.date()


def looked_at(plan: Plan, changes: Sequence[AnyChange]) -> Preview:
    return preview(plan, changes, {}, HOURS, ONE, SINCE, UNTIL)


@given(splits())
def test_a_split_changes_nothing_before_its_day_and_is_the_new_shift_from_it_on(
    case: tuple[Plan, Shift, date],
) -> None:
    plan, wanted, day = case
    after = plan.after(changed_from(plan.book, "one", wanted, day))
    was, now = plan.rota.occurrences(SINCE, UNTIL), after.rota.occurrences(SINCE, UNTIL)
    assert lived([duty for duty in now if of_day(duty) < day]) == lived(
        [duty for duty in was if of_day(duty) < day]
    )
    assert [duty for duty in now if duty.shift == "other"] == [duty for duty in was if duty.shift == "other"]
    coming = [duty for duty in now if duty.shift != "other" and of_day(duty) >= day]
    anew = [duty for duty in Rota([wanted]).occurrences(SINCE, UNTIL) if of_day(duty) >= day]
    times = {(duty.of, duty.starts_at, duty.ends_at) for duty in anew}
    changed = {of.date(): night for of, night in plan.book.nights.get("one", {}).items() if of.date() >= day}
    assert {(duty.of, duty.starts_at, duty.ends_at) for duty in coming} <= times
    for duty in anew:
        found = [one for one in coming if one.of == duty.of]
        night = changed.get(of_day(duty))
        if night is None or not night.cancelled:
            person = duty.person if night is None else night.person
            assert [one.person for one in found] == [person]
        else:
            assert found == [], "a night that was cancelled stays so"


@given(splits(), st.booleans())
def test_what_is_previewed_is_what_applying_gives(case: tuple[Plan, Shift, date], ends: bool) -> None:
    plan, wanted, day = case
    changes = ended_from(plan.book, "one", day) if ends else changed_from(plan.book, "one", wanted, day)
    seen, after = looked_at(plan, changes), plan.after(changes)
    was, now = lived(plan.rota.occurrences(SINCE, UNTIL)), lived(after.rota.occurrences(SINCE, UNTIL))
    foretold = list(was)
    for gone in lived([*seen.removes, *(pair[0] for pair in seen.changes)]):
        foretold.remove(gone)
    foretold += lived([*seen.adds, *(pair[1] for pair in seen.changes)])
    assert sorted(foretold) == now
    assert all(duty in after.rota.occurrences(SINCE, UNTIL) for duty in seen.adds)
    fresh = [*seen.adds, *(pair[1] for pair in seen.changes)]
    assert {duty.slot for duty in seen.clock_nights} == {
        duty.slot
        for duty in fresh
        if duty.starts_at.astimezone(LONDON).dst() != duty.ends_at.astimezone(LONDON).dst()
    }
    assert (not fresh and not seen.removes) == (was == now)


@given(splits(), st.booleans())
def test_the_gaps_that_open_and_close_make_the_difference_at_every_quarter(
    case: tuple[Plan, Shift, date], ends: bool
) -> None:
    plan, wanted, day = case
    changes = ended_from(plan.book, "one", day) if ends else changed_from(plan.book, "one", wanted, day)
    seen, after = looked_at(plan, changes), plan.after(changes)
    sides = [gaps(one.rota, HOURS, ONE, SINCE, UNTIL) for one in (plan, after)]

    def short(found: Sequence[Gap], at: datetime) -> int:
        return sum(gap.missing.supporters for gap in found if gap.starts_at <= at < gap.ends_at)

    edges = {
        edge
        for side in (*sides, seen.opens, seen.closes)
        for gap in side
        for edge in (gap.starts_at, gap.ends_at)
    }
    for at in sorted(edges):
        was, now = (short(side, at) for side in sides)
        assert (short(seen.opens, at), short(seen.closes, at)) == (max(0, now - was), max(0, was - now))


@given(splits())
def test_an_edit_turned_round_leaves_everything_as_it_was(case: tuple[Plan, Shift, date]) -> None:
    plan, wanted, day = case
    changes = changed_from(plan.book, "one", wanted, day)
    book = plan.book.apply(changes)
    back = book.apply(book.turned(changes))
    assert {shift.id: shift for shift in back.wholes()} == {shift.id: shift for shift in plan.book.wholes()}
