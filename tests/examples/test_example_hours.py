"""Each example is open when its pattern says: on ordinary days, on holidays, and as the clocks change."""

from datetime import date

import pytest

from tests.examples.weeks import PATTERNS, Week, at, example

LISTENING = "18:00-22:30"
HOUSE = "18:00-02:00"
MILLBROOK = "18:00-22:00"
EVENING = "18:00-24:00"
FROM_NOON = "12:00-24:00"
ALL_DAY = "00:00-24:00"

_HOUSE_WEEK = (HOUSE, "", HOUSE, "", HOUSE, HOUSE, HOUSE)
_MILLBROOK_WEEK = ("", MILLBROOK, "", MILLBROOK, "", "", "")
_GLENMUIR_WEEK = (EVENING,) * 5 + (FROM_NOON,) * 2

# The hours of a week in which nothing is special, and of the Sunday before it.
ORDINARY: dict[str, tuple[str, tuple[str, str, str, str, str, str, str]]] = {
    "nightly-listening-line": (LISTENING, (LISTENING,) * 7),
    "crisis-house-evenings": (HOUSE, _HOUSE_WEEK),
    "culture-specific-evenings": ("", _MILLBROOK_WEEK),
    "out-of-hours-peer-support": (FROM_NOON, _GLENMUIR_WEEK),
    "haven": (EVENING, (EVENING,) * 7),
    "twenty-four-hour-helpline": (ALL_DAY, (ALL_DAY,) * 7),
}

# Weeks in which some day is not as usual, or might be thought not to be.
SPECIAL = {
    "the line opens at four on Christmas Day": (
        "nightly-listening-line",
        Week(date(2026, 12, 21), LISTENING, (LISTENING,) * 4 + ("16:00-22:30",) + (LISTENING,) * 2),
    ),
    "the line is open on Easter Monday as on any night": (
        "nightly-listening-line",
        Week(date(2026, 4, 6), LISTENING, (LISTENING,) * 7),
    ),
    "the house is open on Christmas Day, a Friday": (
        "crisis-house-evenings",
        Week(date(2026, 12, 21), HOUSE, _HOUSE_WEEK),
    ),
    "the house is open on New Year's Day, though it is a Thursday": (
        "crisis-house-evenings",
        Week(date(2025, 12, 29), HOUSE, (HOUSE, "", HOUSE, HOUSE, HOUSE, HOUSE, HOUSE)),
    ),
    "the house is open on the Tuesday that stands in for Boxing Day in 2027": (
        "crisis-house-evenings",
        Week(date(2027, 12, 27), HOUSE, (HOUSE, HOUSE, HOUSE, "", HOUSE, HOUSE, HOUSE)),
    ),
    "the house is shut on New Year's Eve, a Thursday, and open the day after": (
        "crisis-house-evenings",
        Week(date(2026, 12, 28), HOUSE, _HOUSE_WEEK),
    ),
    "Millbrook is shut on Christmas Eve": (
        "culture-specific-evenings",
        Week(date(2026, 12, 21), "", ("", MILLBROOK, "", "", "", "", "")),
    ),
    "Millbrook is shut on New Year's Day, a Thursday and a bank holiday": (
        "culture-specific-evenings",
        Week(date(2025, 12, 29), "", ("", MILLBROOK, "", "", "", "", "")),
    ),
    "Millbrook is shut on the Tuesday that stands in for Boxing Day in 2027": (
        "culture-specific-evenings",
        Week(date(2027, 12, 27), "", ("", "", "", MILLBROOK, "", "", "")),
    ),
    "Millbrook opens on a Saturday for World Mental Health Day": (
        "culture-specific-evenings",
        Week(date(2026, 10, 5), "", ("", MILLBROOK, "", MILLBROOK, "", MILLBROOK, "")),
    ),
    "Glenmuir opens at noon on Christmas Day": (
        "out-of-hours-peer-support",
        Week(date(2026, 12, 21), FROM_NOON, (EVENING,) * 4 + (FROM_NOON,) * 3),
    ),
    "Glenmuir opens at noon for Boxing Day's stand-in, ends early at Hogmanay, and late on New Year's Day": (
        "out-of-hours-peer-support",
        Week(
            date(2026, 12, 28),
            FROM_NOON,
            (FROM_NOON, EVENING, EVENING, "18:00-21:00", EVENING, FROM_NOON, FROM_NOON),
        ),
    ),
    "Glenmuir opens at noon on St Andrew's Day": (
        "out-of-hours-peer-support",
        Week(date(2026, 11, 30), FROM_NOON, (FROM_NOON,) + (EVENING,) * 4 + (FROM_NOON,) * 2),
    ),
    "Glenmuir has no Easter Monday": (
        "out-of-hours-peer-support",
        Week(date(2026, 4, 6), FROM_NOON, _GLENMUIR_WEEK),
    ),
    "Glenmuir's summer holiday is the Scottish one": (
        "out-of-hours-peer-support",
        Week(date(2026, 8, 3), FROM_NOON, (FROM_NOON,) + (EVENING,) * 4 + (FROM_NOON,) * 2),
    ),
    "Glenmuir has no English summer holiday": (
        "out-of-hours-peer-support",
        Week(date(2026, 8, 31), FROM_NOON, _GLENMUIR_WEEK),
    ),
    "the haven is open at Christmas": (
        "haven",
        Week(date(2026, 12, 21), EVENING, (EVENING,) * 7),
    ),
    "the haven is open on New Year's Eve and New Year's Day": (
        "haven",
        Week(date(2026, 12, 28), EVENING, (EVENING,) * 7),
    ),
    "the helpline is open at Christmas": (
        "twenty-four-hour-helpline",
        Week(date(2026, 12, 21), ALL_DAY, (ALL_DAY,) * 7),
    ),
}

# From noon on one date to noon on another: when the door opens and closes, in UTC.
CLOCK_CHANGES: dict[str, dict[str, tuple[str, ...]]] = {
    "nightly-listening-line": {
        "2026-03-27/2026-03-30": (
            "2026-03-27 18:00/2026-03-27 22:30",
            "2026-03-28 18:00/2026-03-28 22:30",
            "2026-03-29 17:00/2026-03-29 21:30",
        ),
        "2026-10-23/2026-10-26": (
            "2026-10-23 17:00/2026-10-23 21:30",
            "2026-10-24 17:00/2026-10-24 21:30",
            "2026-10-25 18:00/2026-10-25 22:30",
        ),
    },
    "crisis-house-evenings": {
        "2026-03-27/2026-03-30": (
            "2026-03-27 18:00/2026-03-28 02:00",
            "2026-03-28 18:00/2026-03-29 01:00",  # 7 hours
            "2026-03-29 17:00/2026-03-30 01:00",
        ),
        "2026-10-23/2026-10-26": (
            "2026-10-23 17:00/2026-10-24 01:00",
            "2026-10-24 17:00/2026-10-25 02:00",  # 9 hours
            "2026-10-25 18:00/2026-10-26 02:00",
        ),
    },
    "culture-specific-evenings": {
        "2026-03-26/2026-04-01": (
            "2026-03-26 18:00/2026-03-26 22:00",
            "2026-03-31 17:00/2026-03-31 21:00",
        ),
        "2026-10-22/2026-10-28": (
            "2026-10-22 17:00/2026-10-22 21:00",
            "2026-10-27 18:00/2026-10-27 22:00",
        ),
    },
    "out-of-hours-peer-support": {
        "2026-03-27/2026-03-30": (
            "2026-03-27 18:00/2026-03-28 00:00",
            "2026-03-28 12:00/2026-03-29 00:00",
            "2026-03-29 11:00/2026-03-29 23:00",
        ),
        "2026-10-23/2026-10-26": (
            "2026-10-23 17:00/2026-10-23 23:00",
            "2026-10-24 11:00/2026-10-24 23:00",
            "2026-10-25 12:00/2026-10-26 00:00",
        ),
    },
    "haven": {
        "2026-03-27/2026-03-30": (
            "2026-03-27 18:00/2026-03-28 00:00",
            "2026-03-28 18:00/2026-03-29 00:00",
            "2026-03-29 17:00/2026-03-29 23:00",
        ),
        "2026-10-23/2026-10-26": (
            "2026-10-23 17:00/2026-10-23 23:00",
            "2026-10-24 17:00/2026-10-24 23:00",
            "2026-10-25 18:00/2026-10-26 00:00",
        ),
    },
    "twenty-four-hour-helpline": {
        "2026-03-27/2026-03-30": ("2026-03-27 12:00/2026-03-30 12:00",),
        "2026-10-23/2026-10-26": ("2026-10-23 12:00/2026-10-26 12:00",),
    },
}

# Asked at the first instant: the next opening at or after it, and when the door that is open closes.
ASKED = (
    ("nightly-listening-line", "2026-11-20 12:00", "2026-11-20 18:00", None),
    ("nightly-listening-line", "2026-11-20 22:29", "2026-11-20 22:29", "2026-11-20 22:30"),
    ("nightly-listening-line", "2026-11-20 22:30", "2026-11-21 18:00", None),
    ("nightly-listening-line", "2026-12-24 23:00", "2026-12-25 16:00", None),
    ("nightly-listening-line", "2026-07-01 12:00", "2026-07-01 17:00", None),
    ("crisis-house-evenings", "2026-11-17 01:59", "2026-11-17 01:59", "2026-11-17 02:00"),
    ("crisis-house-evenings", "2026-11-17 02:00", "2026-11-18 18:00", None),
    ("crisis-house-evenings", "2026-12-31 20:00", "2027-01-01 18:00", None),
    ("crisis-house-evenings", "2026-10-25 00:30", "2026-10-25 00:30", "2026-10-25 02:00"),
    ("culture-specific-evenings", "2026-11-19 21:00", "2026-11-19 21:00", "2026-11-19 22:00"),
    ("culture-specific-evenings", "2026-11-19 22:00", "2026-11-24 18:00", None),
    ("culture-specific-evenings", "2026-12-22 22:00", "2026-12-29 18:00", None),
    ("culture-specific-evenings", "2026-12-29 22:00", "2027-01-05 18:00", None),
    ("out-of-hours-peer-support", "2026-11-20 23:59", "2026-11-20 23:59", "2026-11-21 00:00"),
    ("out-of-hours-peer-support", "2026-11-21 00:00", "2026-11-21 12:00", None),
    ("out-of-hours-peer-support", "2026-12-31 20:00", "2026-12-31 20:00", "2026-12-31 21:00"),
    ("out-of-hours-peer-support", "2026-12-31 21:00", "2027-01-01 18:00", None),
    ("haven", "2026-12-25 17:59", "2026-12-25 18:00", None),
    ("haven", "2026-03-29 16:59", "2026-03-29 17:00", None),
    ("haven", "2026-12-25 18:00", "2026-12-25 18:00", "2026-12-26 00:00"),
    ("twenty-four-hour-helpline", "2026-10-25 01:00", "2026-10-25 01:00", None),
)


def differing(pattern: str, week: Week) -> list[str]:
    """The instants of a week at which the example's door is not as it was written down."""
    hours = example(pattern).opening_hours
    return [
        f"{instant:%a %d %b %Y %H:%M} UTC is to be {'open' if expected else 'closed'}"
        for instant, expected in week.quarters()
        if hours.is_open("web", instant) != expected
    ]


@pytest.mark.parametrize("pattern", PATTERNS)
@pytest.mark.parametrize(
    "monday",
    [date(2026, 11, 16), date(2026, 3, 23), date(2026, 10, 19)],
    ids=["an ordinary week", "as clocks go forward", "as clocks go back"],
)
def test_every_quarter_of_an_hour_of_a_week_is_as_the_pattern_says(pattern: str, monday: date) -> None:
    assert differing(pattern, Week(monday, *ORDINARY[pattern])) == []


@pytest.mark.parametrize(("pattern", "week"), SPECIAL.values(), ids=SPECIAL)
def test_every_quarter_of_an_hour_of_a_week_with_a_special_day_is_as_planned(
    pattern: str, week: Week
) -> None:
    assert differing(pattern, week) == []


@pytest.mark.parametrize("pattern", PATTERNS)
@pytest.mark.parametrize("change", [0, 1], ids=["forward", "back"])
def test_the_door_opens_and_closes_to_the_minute_around_a_clock_change(pattern: str, change: int) -> None:
    days, expected = list(CLOCK_CHANGES[pattern].items())[change]
    since, until = (at(f"{day} 12:00") for day in days.split("/"))
    opened = example(pattern).opening_hours.spans(since, until, "web")
    assert [(span.opens_at, span.closes_at) for span in opened] == [
        tuple(at(instant) for instant in span.split("/")) for span in expected
    ]


@pytest.mark.parametrize(("pattern", "asked", "opens", "closes"), ASKED)
def test_it_says_when_it_opens_next_and_until_when_it_is_open(
    pattern: str, asked: str, opens: str, closes: str | None
) -> None:
    hours = example(pattern).opening_hours
    assert hours.next_opening("web", at(asked)) == at(opens)
    assert hours.closes_at("web", at(asked)) == (at(closes) if closes else None)


@pytest.mark.parametrize(
    ("pattern", "asked", "why"),
    [
        ("nightly-listening-line", "2026-12-25 12:00", "Christmas Day"),
        ("crisis-house-evenings", "2026-12-31 20:00", "New Year's Eve: we open again tomorrow"),
        ("culture-specific-evenings", "2026-01-01 19:00", "New Year's Day"),
        ("out-of-hours-peer-support", "2026-11-30 12:00", "Saint Andrew's Day"),
        ("haven", "2026-12-25 12:00", None),
        ("twenty-four-hour-helpline", "2026-12-25 12:00", None),
    ],
)
def test_on_a_day_with_hours_of_its_own_it_says_why(pattern: str, asked: str, why: str | None) -> None:
    assert example(pattern).opening_hours.reason("web", at(asked)) == why
