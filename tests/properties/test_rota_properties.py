"""The rota against slow and simple oracles: another expander for shifts, a minute-by-minute table for hours."""

from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from itertools import pairwise
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from rota.hours import ChannelHours, Closure, Hours, OpeningHours, Span, Spans, SpecialDay
from rota.rules import rule_mistakes
from rota.shift_entry import shift_mistakes
from rota.shifts import Override, Rota, Shift
from tests.properties.expanding import rules, starts_of

ZONES = ("Europe/London", "Australia/Lord_Howe", "Asia/Kolkata", "America/New_York", "America/St_Johns")
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


BEGINS, ENDS = utc("2025-12-01"), utc("2028-06-01")

walls = st.datetimes(datetime.fromisoformat("2026-01-01"), datetime.fromisoformat("2027-12-31")).map(
    lambda moment: moment.replace(second=0, microsecond=0, minute=moment.minute // 15 * 15)
)
lengths = st.integers(1, 96).map(lambda quarters: timedelta(minutes=15 * quarters))
instants = st.datetimes(BEGINS.replace(tzinfo=None), ENDS.replace(tzinfo=None)).map(
    lambda moment: moment.replace(tzinfo=UTC)
)


@st.composite
def shifts(draw: st.DrawFn, name: str) -> Shift:
    """A sound shift, once or by rule, with some of its starts taken out, added, cancelled, covered or moved."""
    starts = draw(walls)
    length = draw(lengths)
    rule = draw(st.none() | rules(starts))
    assume(rule is None or not rule_mistakes(rule, starts, "rule"))
    plain = Shift(
        id=name,
        zone=draw(st.sampled_from(ZONES)),
        starts=starts,
        ends=starts + length,
        role="supporter",
        person=f"person-{name}",
        languages=("en",),
        rrule=rule,
        rdates=tuple(draw(st.lists(walls, max_size=2, unique=True))),
    )
    known = sorted({start for start, _, _ in expanded(plain)})
    changed = draw(st.lists(st.sampled_from(known), max_size=4, unique=True))
    exdates = tuple(changed[:2])
    overrides = tuple(draw(overrides_of(start)) for start in changed[2:])
    fields = {field: getattr(plain, field) for field in plain.__struct_fields__}
    return Shift(**fields | {"exdates": exdates, "overrides": overrides})


def overrides_of(start: datetime) -> st.SearchStrategy[Override]:
    def moved(by: int, length: timedelta) -> Override:
        starts = start + timedelta(minutes=15 * by)
        return Override(of=start, starts=starts, ends=starts + length)

    return st.one_of(
        st.just(Override(of=start, cancelled=True)),
        st.just(Override(of=start, person="cover", languages=("cy",))),
        st.builds(moved, st.integers(-3_000, 3_000), lengths),
    )


def expanded(shift: Shift) -> list[tuple[datetime, datetime, datetime]]:
    """(wall start by rule, wall start, wall end) of every occurrence, as recurring-ical-events finds them."""
    found = starts_of(shift, BEGINS - timedelta(days=60), ENDS + timedelta(days=60))
    walls_by_rule = [start.replace(tzinfo=None, fold=0) for start in found]
    length = shift.ends - shift.starts
    overrides = {override.of: override for override in shift.overrides}
    occurrences = []
    for of in walls_by_rule:
        override = overrides.get(of, Override(of=of))
        if not override.cancelled:
            starts = override.starts or of
            occurrences.append((of, starts, override.ends or starts + length))
    return occurrences


@cache
def first_shown(zone: str, since: datetime, until: datetime, every: timedelta) -> dict[datetime, datetime]:
    """The first instant at which clocks in the zone show each wall time, found by looking at the clock."""
    shown: dict[datetime, datetime] = {}
    instant = since
    while instant < until:
        shown.setdefault(instant.astimezone(ZoneInfo(zone)).replace(tzinfo=None, fold=0), instant)
        instant += every
    return shown


def slow_instant(wall: datetime, shown: dict[datetime, datetime], every: timedelta) -> datetime:
    """`wall` as first shown; a time never shown is as long after the last one that was (RFC 5545 3.3.5)."""
    steps = 0
    while wall not in shown:
        wall -= every
        steps += 1
    return shown[wall] + steps * every


def slow_occurrences(shift: Shift) -> list[tuple[datetime, datetime, datetime]]:
    """(start instant, end instant, wall start by rule) of every occurrence, in order."""
    shown = first_shown(shift.zone, utc("2025-06-01"), utc("2029-01-01"), 15 * MINUTE)
    resolved = [
        (slow_instant(starts, shown, 15 * MINUTE), slow_instant(ends, shown, 15 * MINUTE), of)
        for of, starts, ends in expanded(shift)
    ]
    return sorted(occurrence for occurrence in resolved if occurrence[0] < occurrence[1])


@settings(
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large]
)
@given(st.data())
def test_who_is_on_agrees_with_expanding_every_shift_at_random_instants_and_every_boundary(
    data: st.DataObject,
) -> None:
    drawn = [data.draw(shifts(f"s{n}")) for n in range(data.draw(st.integers(1, 3)))]
    assert [mistake for shift in drawn for mistake in shift_mistakes(shift, channels=())] == []
    slow = [(shift, *occurrence) for shift in drawn for occurrence in slow_occurrences(shift)]
    rota = Rota(drawn)
    edges = {edge for _, starts_at, ends_at, _ in slow for edge in (starts_at, ends_at)}
    asked = data.draw(st.lists(instants, min_size=5, max_size=20))
    chosen = sorted(edges)[:: max(1, len(edges) // 60)]
    for instant in [*asked, *(edge + by for edge in chosen for by in (-SECOND, timedelta(), SECOND))]:
        if BEGINS <= instant < ENDS:
            expected = {
                (shift.id, of, starts, ends) for shift, starts, ends, of in slow if starts <= instant < ends
            }
            found = rota.on_duty_at(instant)
            assert {(duty.shift, duty.of, duty.starts_at, duty.ends_at) for duty in found} == expected
            assert len(found) == len(expected)
            for duty in found:
                shift = next(shift for shift in drawn if shift.id == duty.shift)
                covered = any(o.of == duty.of and o.person for o in shift.overrides)
                expected_person = ("cover", ("cy",)) if covered else (shift.person, shift.languages)
                assert (duty.person, duty.languages) == expected_person


@settings(
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large]
)
@given(shifts("s"), instants)
def test_every_occurrence_and_every_change_is_the_one_that_expanding_finds(
    shift: Shift, asked: datetime
) -> None:
    slow = slow_occurrences(shift)
    rota = Rota([shift])
    found = [(duty.starts_at, duty.ends_at, duty.of) for duty in rota.occurrences(BEGINS, ENDS)]
    assert sorted(found) == [one for one in slow if one[0] < ENDS and one[1] > BEGINS]
    assert [starts_at for starts_at, _, _ in found] == sorted(starts_at for starts_at, _, _ in found)
    edges = sorted({edge for starts_at, ends_at, _ in slow for edge in (starts_at, ends_at)})
    midway = [before + (after - before) / 2 for before, after in pairwise(edges)]
    step = max(1, len(edges) // 40)
    for instant in (asked, *edges[::step], *midway[::step]):
        if not BEGINS <= instant < ENDS - timedelta(days=366):
            continue
        later = [edge for edge in edges if instant < edge <= instant + timedelta(days=366)]
        assert rota.next_change_after(instant) == (later[0] if later else None)


CHANGES = (
    ("Europe/London", utc("2026-03-29T01:00")),
    ("Europe/London", utc("2026-10-25T01:00")),
    ("Australia/Lord_Howe", utc("2026-10-03T15:30")),
    ("Australia/Lord_Howe", utc("2026-04-04T15:00")),
    ("America/St_Johns", utc("2026-11-01T04:30")),
    ("Asia/Kolkata", utc("2026-06-15T18:30")),
)

spans = st.builds(lambda opens, lasts: Span(opens, opens + lasts), st.integers(0, 1439), st.integers(1, 1440))
# The small hours, where clocks change, are wanted more often than chance would give them.
night_spans = st.builds(
    lambda opens, lasts: Span(opens, opens + lasts), st.integers(0, 200), st.integers(1, 200)
)
days = st.lists(spans | night_spans, max_size=2).map(tuple) | st.just((Span(0, 1440),))


@st.composite
def services(draw: st.DrawFn) -> tuple[Hours, datetime]:
    """Hours of one channel, and the clock change to look around."""
    zone, change = draw(st.sampled_from(CHANGES))
    local = change.astimezone(ZoneInfo(zone)).date()
    special: dict[date, Spans] = draw(
        st.dictionaries(st.sampled_from([local + timedelta(days=by) for by in (-1, 0, 1)]), days, max_size=2)
    )
    closures = []
    for _ in range(draw(st.integers(0, 2))):
        begins = change + MINUTE * draw(st.integers(-2_000, 2_000))
        lasts = draw(st.none() | st.integers(1, 600))
        until = None if lasts is None else begins + MINUTE * lasts
        closures.append(Closure(from_=begins, until=until, why="busy"))
    channel = ChannelHours(channel="webchat", week=draw(st.tuples(days, days, days, days, days, days, days)))
    return Hours(
        zone=zone,
        channels=(channel,),
        special_days=tuple(
            SpecialDay(date=day, hours=hours, why="special") for day, hours in special.items()
        ),
        closures=tuple(closures),
    ), change


def open_minutes(hours: Hours, change: datetime) -> set[datetime]:
    """Every minute within two days of the change at which the door is open, one by one."""
    shown = first_shown(hours.zone, change - timedelta(days=6), change + timedelta(days=6), MINUTE)
    special = {day.date: day.hours for day in hours.special_days}
    local = change.astimezone(ZoneInfo(hours.zone)).date()
    found: set[datetime] = set()
    for day in (local + timedelta(days=by) for by in range(-4, 4)):
        midnight = datetime.combine(day, time.min)
        for span in special.get(day, hours.channels[0].week[day.weekday()]):
            instant = slow_instant(midnight + MINUTE * span.opens, shown, MINUTE)
            closes = slow_instant(midnight + MINUTE * span.closes, shown, MINUTE)
            while instant < closes:
                found.add(instant)
                instant += MINUTE
    return {
        minute
        for minute in found
        if abs(minute - change) < timedelta(days=2)
        and not any(
            closure.from_ <= minute and (closure.until is None or minute < closure.until)
            for closure in hours.closures
        )
    }


@given(services())
def test_the_door_is_open_at_exactly_the_minutes_a_table_of_minutes_says(
    service: tuple[Hours, datetime],
) -> None:
    hours, change = service
    opened = open_minutes(hours, change)
    opening = OpeningHours(hours)
    for by in range(-24 * 60, 24 * 60):
        minute = change + MINUTE * by
        assert opening.is_open("webchat", minute) == (minute in opened), minute
        if by % 60 == 0:
            assert opening.is_open("webchat", minute + 59 * SECOND) == (minute in opened), minute
    since, until = change - timedelta(days=1), change + timedelta(days=1)
    within = opening.spans(since, until)
    assert all(before.closes_at < after.opens_at for before, after in pairwise(within))
    assert sum((span.closes_at - span.opens_at for span in within), timedelta()) == MINUTE * sum(
        since <= minute < until for minute in opened
    )


@given(services(), st.integers(-1_440, 1_440))
def test_the_next_opening_is_the_first_open_instant_and_closing_the_first_shut_one(
    service: tuple[Hours, datetime], by: int
) -> None:
    hours, change = service
    opened = open_minutes(hours, change)
    opening = OpeningHours(hours)
    after, seen_until = change + MINUTE * by, change + timedelta(days=2)
    ahead = [after + MINUTE * n for n in range(int((seen_until - after) / MINUTE))]
    first_open = next((minute for minute in ahead if minute in opened), None)
    found = opening.next_opening("webchat", after)
    if first_open is not None:
        assert found == first_open
    else:
        assert found is None or (found >= seen_until and opening.is_open("webchat", found))
        assert found is None or not opening.is_open("webchat", found - SECOND)
    closes_at = opening.closes_at("webchat", after)
    if after not in opened:
        assert closes_at is None
    else:
        first_shut = next((minute for minute in ahead if minute not in opened), None)
        if first_shut is not None:
            assert closes_at == first_shut
        else:
            assert closes_at is None or closes_at >= seen_until
