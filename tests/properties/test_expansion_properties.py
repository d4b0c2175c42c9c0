"""Ten years of a rule, start by start, against recurring-ical-events, in zones whose own rules changed meanwhile."""

from datetime import UTC, datetime, timedelta

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from rota.rules import rule_mistakes
from rota.shift_entry import shift_mistakes
from rota.shifts import Rota, Shift
from tests.properties.expanding import rules, starts_of

# Iran and Mexico gave up changing clocks in 2022, Morocco's changes follow the moon, Lord Howe's are half an hour.
ZONES = (
    "Europe/London",
    "Africa/Casablanca",
    "Asia/Tehran",
    "America/Mexico_City",
    "Australia/Lord_Howe",
    "Asia/Kolkata",
)
SINCE, UNTIL = datetime(2020, 1, 1, tzinfo=UTC), datetime(2030, 1, 1, tzinfo=UTC)

walls = st.datetimes(datetime.fromisoformat("2020-01-03"), datetime.fromisoformat("2022-12-31")).map(
    lambda moment: moment.replace(second=0, microsecond=0, minute=moment.minute // 15 * 15)
)


def expanded(shift: Shift) -> list[tuple[datetime, datetime]]:
    """(wall start, start instant) of every occurrence that starts in those ten years."""
    starts = [
        (start.replace(tzinfo=None, fold=0), start.astimezone(UTC))
        for start in starts_of(shift, SINCE, UNTIL)
    ]
    return sorted(start for start in starts if SINCE <= start[1] < UNTIL)


@st.composite
def shifts(draw: st.DrawFn) -> Shift:
    """A sound shift by rule, with a start or two added and taken out, too long to be skipped when clocks change."""
    first = draw(walls)
    rule = draw(rules(first))
    assume(not rule_mistakes(rule, first, "rule"))
    shift = Shift(
        id="s",
        zone=draw(st.sampled_from(ZONES)),
        starts=first,
        ends=first + timedelta(hours=draw(st.integers(2, 23))),
        role="supporter",
        person=draw(st.sampled_from(("amina", ""))),
        rrule=rule,
        rdates=tuple(draw(st.lists(walls, max_size=2, unique=True))),
    )
    first_months = starts_of(shift, SINCE, first.replace(tzinfo=UTC) + timedelta(days=90))
    known = sorted({start.replace(tzinfo=None, fold=0) for start in first_months})
    taken_out = draw(st.lists(st.sampled_from(known), max_size=2, unique=True))
    fields = {field: getattr(shift, field) for field in shift.__struct_fields__}
    return Shift(**fields | {"exdates": tuple(taken_out)})


@settings(
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large]
)
@given(shifts())
def test_ten_years_of_starts_are_those_that_another_expander_finds(shift: Shift) -> None:
    assert shift_mistakes(shift, channels=()) == []
    found = [
        (duty.of, duty.starts_at)
        for duty in Rota([shift]).occurrences(SINCE, UNTIL)
        if duty.starts_at >= SINCE
    ]
    assert sorted(found) == expanded(shift)
