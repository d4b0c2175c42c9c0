"""Gaps against who is on, instant by instant: at every boundary, on either side of it, and at random."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import assume, given
from hypothesis import strategies as st

from rota.gaps import gaps
from rota.hours import ChannelHours, Closure, Hours, OpeningHours, Span
from rota.shifts import Override, Role, Rota, Shift, Slot
from rota.staffing import Minimum, missing

# A Saturday; clocks in London go back that night and those on Lord Howe Island stay.
SINCE = datetime(2026, 10, 24, 3, 20, tzinfo=UTC)
UNTIL = SINCE + timedelta(days=4)
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
PEOPLE = ("", "amina", "tom", "zofia", "mair")
LANGUAGES = ("en", "cy", "pl")
ZONES = ("Europe/London", "Australia/Lord_Howe")

roles: st.SearchStrategy[Role] = st.sampled_from(
    ("supporter", "supporter", "supporter", "lead", "on_call", "second_on_call", "interpreter")
)
languages = st.lists(st.sampled_from(LANGUAGES), max_size=2, unique=True).map(tuple)
spans = st.builds(
    lambda opens, lasts: Span(opens, opens + lasts), st.integers(0, 1_439), st.integers(60, 1_440)
)
days = st.lists(spans, max_size=2).map(tuple)
minimums = st.builds(
    Minimum,
    supporters=st.integers(1, 3),
    lead=st.booleans(),
    on_call=st.booleans(),
    peers_alone=st.booleans(),
    languages=languages,
)
peers = st.none() | st.frozensets(st.sampled_from(PEOPLE[1:]))


@st.composite
def shifts(draw: st.DrawFn, name: str) -> Shift:
    """A shift on each day, free or somebody's, with a day given back, taken or cancelled."""
    starts = datetime.fromisoformat("2026-10-22T00:00") + 15 * MINUTE * draw(st.integers(0, 3 * 96))
    of = starts + timedelta(days=draw(st.integers(0, 4)))
    override = draw(
        st.sampled_from(
            (
                (),
                (Override(of=of, cancelled=True),),
                (Override(of=of, person=""),),
                (Override(of=of, person="mair", languages=("cy",)),),
                (Override(of=of, starts=of + timedelta(hours=5)),),
            )
        )
    )
    return Shift(
        id=name,
        zone=draw(st.sampled_from(ZONES)),
        starts=starts,
        ends=starts + 15 * MINUTE * draw(st.integers(1, 60)),
        role=draw(roles),
        person=draw(st.sampled_from(PEOPLE)),
        languages=draw(languages),
        rrule="FREQ=DAILY;COUNT=5",
        overrides=override,
    )


@st.composite
def opening_hours(draw: st.DrawFn) -> OpeningHours:
    """Hours of two channels, with a closure now and then."""
    channels = tuple(
        ChannelHours(channel=name, week=draw(st.tuples(days, days, days, days, days, days, days)))
        for name in ("web", "sms")
    )
    closures = []
    for channel in draw(st.lists(st.sampled_from((None, "web", "sms")), max_size=2)):
        begins = SINCE + MINUTE * draw(st.integers(-600, 6_000))
        closures.append(
            Closure(
                channel=channel, from_=begins, until=begins + MINUTE * draw(st.integers(1, 900)), why="busy"
            )
        )
    return OpeningHours(Hours(zone=draw(st.sampled_from(ZONES)), channels=channels, closures=tuple(closures)))


@given(st.data())
def test_there_is_a_gap_exactly_when_it_is_open_and_who_is_on_falls_short(data: st.DataObject) -> None:
    rota = Rota([data.draw(shifts(f"s{number}")) for number in range(data.draw(st.integers(0, 6)))])
    hours, minimum, who = data.draw(opening_hours()), data.draw(minimums), data.draw(peers)
    found = gaps(rota, hours, minimum, SINCE, UNTIL, peers=who)
    duties = rota.occurrences(SINCE, UNTIL)
    edges = {SINCE, UNTIL - SECOND}
    edges |= {edge for gap in found for edge in (gap.starts_at, gap.ends_at)}
    edges |= {edge for duty in duties for edge in (duty.starts_at, duty.ends_at)}
    edges |= {edge for span in hours.spans(SINCE, UNTIL) for edge in (span.opens_at, span.closes_at)}
    asked = data.draw(
        st.lists(st.integers(0, 4 * 86_400 - 1).map(lambda after: SINCE + SECOND * after), max_size=8)
    )
    for instant in [*asked, *(edge + by for edge in edges for by in (-SECOND, timedelta(), SECOND))]:
        if not SINCE <= instant < UNTIL:
            continue
        on = rota.on_duty_at(instant)
        short = missing(on, minimum, present={duty.person for duty in on}, peers=who)
        is_open = hours.is_open("web", instant) or hours.is_open("sms", instant)
        free = [duty.slot for duty in duties if duty.free and duty.starts_at <= instant < duty.ends_at]
        at_once = [gap for gap in found if gap.starts_at <= instant < gap.ends_at]
        assert len(at_once) == (1 if free or (is_open and not short.nothing) else 0)
        for gap in at_once:
            assert [duty.slot for duty in gap.free] == free
            assert gap.missing == short if is_open else gap.missing.nothing


@given(st.data())
def test_gaps_come_in_order_apart_and_none_could_be_joined_to_the_next(data: st.DataObject) -> None:
    rota = Rota([data.draw(shifts(f"s{number}")) for number in range(data.draw(st.integers(0, 6)))])
    found = gaps(rota, data.draw(opening_hours()), data.draw(minimums), SINCE, UNTIL)
    assert all(SINCE <= gap.starts_at < gap.ends_at <= UNTIL for gap in found)
    for before, after in pairwise(found):
        assert before.ends_at <= after.starts_at
        if before.ends_at == after.starts_at:
            assert (before.missing, before.free) != (after.missing, after.free)


@given(st.data())
def test_an_occurrence_given_back_stands_among_the_gaps_for_as_long_as_it_lasts(data: st.DataObject) -> None:
    shift = data.draw(shifts("s0"))
    others = [data.draw(shifts(f"s{number}")) for number in range(1, data.draw(st.integers(1, 5)))]
    held = {override.of: override for override in shift.overrides}
    of = shift.starts + timedelta(days=data.draw(st.integers(0, 4)))
    kept = [override for override in shift.overrides if override.of != of]
    before = held.get(of, Override(of=of))
    fields = {field: getattr(shift, field) for field in shift.__struct_fields__}
    given_back = Override(of=of, cancelled=False, starts=before.starts, ends=before.ends, person="")
    rota = Rota([Shift(**fields | {"overrides": (*kept, given_back)}), *others])
    duty = rota.occurrence(Slot("s0", of))
    assume(duty is not None and duty.starts_at < UNTIL and duty.ends_at > SINCE)
    assert duty is not None
    assert duty.free
    told = [
        gap
        for gap in gaps(rota, data.draw(opening_hours()), data.draw(minimums), SINCE, UNTIL)
        if duty in gap.free
    ]
    assert told[0].starts_at == max(duty.starts_at, SINCE)
    assert told[-1].ends_at == min(duty.ends_at, UNTIL)
    assert all(one.ends_at == other.starts_at for one, other in pairwise(told))
