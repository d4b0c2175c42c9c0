"""Each example's rota staffs its hours: who is on, that it is enough, and that nobody gives more than they should."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from functools import cache
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from rota.shifts import OnDuty, Rota
from rota.staffing import Missing, missing
from tests.examples.weeks import PATTERNS, at, example

LONDON = ZoneInfo("Europe/London")
WEEK = timedelta(days=7)
# The on-call is at home by the telephone, and not held to the length of a shift with people.
AT_WORK = {"supporter", "lead"}

# Four weeks, so that every turn of a fortnightly rota is in it twice, none with a bank holiday in it; and both
# weeks with a change of clocks.
STAFFED = {
    "four ordinary weeks": ("2026-11-02 00:00", "2026-11-30 00:00"),
    "as clocks go forward": ("2026-03-26 00:00", "2026-04-02 00:00"),
    "as clocks go back": ("2026-10-22 00:00", "2026-10-29 00:00"),
}
OPEN_AT_CHRISTMAS = (
    "nightly-listening-line",
    "crisis-house-evenings",
    "haven",
    "twenty-four-hour-helpline",
)

WHO_IS_ON = (
    ("nightly-listening-line", "2026-11-20 19:00", "bryony carys", "jess", "neil"),
    ("nightly-listening-line", "2026-11-20 20:15", "bryony carys fergus gosia", "jess lena", "neil"),
    ("nightly-listening-line", "2026-12-25 16:30", "abel edie", "kofi", "neil"),
    ("nightly-listening-line", "2026-11-20 12:00", "", "", ""),
    # The last minute of the short night in March, and the second half past one of the long one in October.
    ("crisis-house-evenings", "2026-03-29 00:59", "emlyn flo", "kezia", "moira"),
    ("crisis-house-evenings", "2026-03-29 01:00", "", "", "moira"),
    ("crisis-house-evenings", "2026-10-25 01:30", "emlyn flo", "kezia", "moira"),
    ("crisis-house-evenings", "2026-11-18 18:00", "cato hetty", "jonah", "nasir"),
    ("culture-specific-evenings", "2026-11-17 19:00", "bilal idris", "grace", "samuel"),
    ("culture-specific-evenings", "2026-11-24 19:00", "amina yusuf", "grace", "samuel"),
    ("culture-specific-evenings", "2026-11-19 19:00", "amina yusuf", "nadia", "tara"),
    ("culture-specific-evenings", "2026-10-10 17:30", "farah layla", "grace", "tara"),
    ("out-of-hours-peer-support", "2026-11-20 22:00", "effie finlay", "niamh", "rhona"),
    ("out-of-hours-peer-support", "2026-11-21 17:00", "hamish iona", "olav", "struan"),
    ("haven", "2026-11-18 20:00", "alun cai", "iwan", "nia"),
    ("haven", "2026-10-25 22:00", "gethin heledd", "mabli", "owain"),
    ("twenty-four-hour-helpline", "2026-11-17 12:59", "adam bashir", "dara", "zeb"),
    ("twenty-four-hour-helpline", "2026-10-25 01:30", "queenie rafiq", "tom", "chidi"),
    # Half past three in summer time, two hours and a half after the clocks were put forward at one.
    ("twenty-four-hour-helpline", "2026-03-29 02:29", "queenie rafiq", "tom", "chidi"),
    ("twenty-four-hour-helpline", "2026-03-29 02:30", "vikram wanda", "yaz", "chidi"),
)


@cache
def rota_of(pattern: str) -> Rota:
    return Rota(example(pattern).shifts)


def missing_at(pattern: str, instant: datetime) -> Missing:
    """What is short of the example's own minimum when everybody who is rota'd came."""
    definition = example(pattern)
    return missing(
        rota_of(pattern).on_duty_at(instant),
        definition.staffing,
        present={person.id for person in definition.people},
        peers={person.id for person in definition.people if person.kind == "peer"},
    )


def changes_while_open(pattern: str, since: datetime, until: datetime) -> Iterator[datetime]:
    """Every opening, and every instant at which somebody comes or goes while the door is open."""
    for span in example(pattern).opening_hours.spans(since, until, "web"):
        instant: datetime | None = span.opens_at
        while instant is not None and instant < span.closes_at:
            yield instant
            instant = rota_of(pattern).next_change_after(instant)


def short_of_people(pattern: str, since: datetime, until: datetime) -> list[str]:
    moments = list(changes_while_open(pattern, since, until))
    assert moments
    return [
        f"{instant}: {missing_at(pattern, instant)}"
        for instant in moments
        if not missing_at(pattern, instant).nothing
    ]


def worked(pattern: str, since: str, until: str) -> dict[str, list[OnDuty]]:
    """Each person's shifts as supporter or lead that begin in that time, in order."""
    found: dict[str, list[OnDuty]] = defaultdict(list)
    for duty in rota_of(pattern).occurrences(at(since), at(until)):
        if duty.role in AT_WORK and duty.starts_at >= at(since):
            found[duty.person].append(duty)
    return found


@pytest.mark.parametrize("pattern", PATTERNS)
@pytest.mark.parametrize(("since", "until"), STAFFED.values(), ids=STAFFED)
def test_there_are_enough_people_at_every_moment_the_door_is_open(
    pattern: str, since: str, until: str
) -> None:
    assert short_of_people(pattern, at(since), at(until)) == []


@pytest.mark.parametrize("pattern", OPEN_AT_CHRISTMAS)
def test_there_are_enough_people_at_christmas_and_new_year(pattern: str) -> None:
    assert short_of_people(pattern, at("2026-12-21 00:00"), at("2027-01-04 00:00")) == []


def test_on_a_scottish_holiday_the_afternoon_is_short_until_somebody_is_put_on_as_the_file_says() -> None:
    everybody_missing = Missing(supporters=2, lead=True, on_call=True)
    assert missing_at("out-of-hours-peer-support", at("2026-11-30 12:00")) == everybody_missing
    assert missing_at("out-of-hours-peer-support", at("2026-11-30 18:00")).nothing


def test_on_a_tuesday_holiday_the_house_is_short_until_somebody_is_put_on_as_the_file_says() -> None:
    everybody_missing = Missing(supporters=2, lead=True, on_call=True)
    assert missing_at("crisis-house-evenings", at("2027-12-28 18:00")) == everybody_missing
    assert missing_at("crisis-house-evenings", at("2027-12-27 18:00")).nothing


@pytest.mark.parametrize("pattern", PATTERNS)
def test_nobody_could_stay_away_unnoticed(pattern: str) -> None:
    definition = example(pattern)
    since, until = (at(instant) for instant in STAFFED["four ordinary weeks"])
    for person in definition.people:
        rota = Rota(shift for shift in definition.shifts if shift.person != person.id)
        assert (len(rota.shifts) == len(definition.shifts)) or any(
            not missing(
                rota.on_duty_at(instant), definition.staffing, present={each.id for each in definition.people}
            ).nothing
            for instant in changes_while_open(pattern, since, until)
        ), person.id


@pytest.mark.parametrize(("pattern", "instant", "supporters", "leads", "on_call"), WHO_IS_ON)
def test_who_is_on_by_name(pattern: str, instant: str, supporters: str, leads: str, on_call: str) -> None:
    on: dict[str, list[str]] = {"supporter": [], "lead": [], "on_call": []}
    for duty in rota_of(pattern).on_duty_at(at(instant)):
        on[duty.role].append(duty.person)
    assert {role: " ".join(sorted(names)) for role, names in on.items()} == {
        "supporter": supporters,
        "lead": leads,
        "on_call": on_call,
    }


@pytest.mark.parametrize("pattern", PATTERNS)
@pytest.mark.parametrize(("since", "until"), STAFFED.values(), ids=STAFFED)
def test_no_shift_is_longer_than_six_hours_and_eleven_lie_between_two(
    pattern: str, since: str, until: str
) -> None:
    for duties in worked(pattern, since, until).values():
        for duty in duties:
            assert duty.ends_at - duty.starts_at <= timedelta(hours=6), duty
        for earlier, later in pairwise(duties):
            assert later.starts_at - earlier.ends_at >= timedelta(hours=11), (earlier, later)


@pytest.mark.parametrize(
    ("pattern", "most"),
    [(pattern, 25 if pattern == "twenty-four-hour-helpline" else 12) for pattern in PATTERNS],
)
@pytest.mark.parametrize("weeks_later", [0, 1, 2, 3, 7])
def test_nobody_gives_more_hours_in_a_week_than_the_file_says(
    pattern: str, most: int, weeks_later: int
) -> None:
    monday = datetime(2026, 11, 2, tzinfo=LONDON) + weeks_later * WEEK
    by_person = worked(pattern, f"{monday:%Y-%m-%d} 00:00", f"{monday + WEEK:%Y-%m-%d} 00:00")
    assert by_person
    for person, duties in by_person.items():
        hours = sum((duty.ends_at - duty.starts_at for duty in duties), timedelta()) / timedelta(hours=1)
        assert hours <= most, person


@pytest.mark.parametrize("pattern", PATTERNS)
def test_every_language_promised_has_a_speaker_at_every_moment_the_door_is_open(pattern: str) -> None:
    since, until = (at(instant) for instant in STAFFED["four ordinary weeks"])
    for instant in changes_while_open(pattern, since, until):
        spoken = {
            tag
            for duty in rota_of(pattern).on_duty_at(instant)
            if duty.role == "supporter"
            for tag in duty.languages
        }
        assert spoken >= set(example(pattern).languages.promised), instant


@pytest.mark.parametrize(
    ("since", "hours"),
    [(date(2026, 3, 28), 3.5), (date(2026, 10, 24), 5.5), (date(2026, 11, 21), 4.5)],
    ids=["clocks go forward", "clocks go back", "any Saturday"],
)
def test_the_shift_in_which_the_clocks_change_ends_when_the_next_begins(since: date, hours: float) -> None:
    begins = datetime(since.year, since.month, since.day, 23, tzinfo=LONDON)
    on = [duty for duty in rota_of("twenty-four-hour-helpline").on_duty_at(begins) if duty.role in AT_WORK]
    assert {duty.person for duty in on} == {"queenie", "rafiq", "tom"}
    assert {(duty.ends_at - duty.starts_at) / timedelta(hours=1) for duty in on} == {hours}
    following = rota_of("twenty-four-hour-helpline").on_duty_at(on[0].ends_at)
    assert {duty.starts_at for duty in following if duty.role in AT_WORK} == {on[0].ends_at}
