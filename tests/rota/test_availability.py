"""When somebody would rather be asked, read from the calendar they keep (RFC 7953)."""

from datetime import UTC, datetime

import msgspec
import pytest

from rota.availability import Availability, AvailabilityReading, prefers, read_availability
from rota.calendar_lines import Refusal

LONDON = "Europe/London"
EVENINGS = """BEGIN:AVAILABLE
UID:evenings
DTSTART;TZID=Europe/London:20260105T180000
DTEND;TZID=Europe/London:20260105T230000
RRULE:FREQ=WEEKLY;BYDAY=MO,TU,WE
EXDATE;TZID=Europe/London:20260113T180000
RDATE;TZID=Europe/London:20260116T180000
END:AVAILABLE
"""


def a_file(*spoken: str) -> bytes:
    inner = "".join(
        f"BEGIN:VAVAILABILITY\nUID:a\nDTSTAMP:20260101T000000Z\n{one}END:VAVAILABILITY\n" for one in spoken
    )
    return f"BEGIN:VCALENDAR\nVERSION:2.0\n{inner}END:VCALENDAR\n".encode()


def read(*spoken: str) -> Availability:
    reading = read_availability(a_file(*spoken), zone=LONDON)
    assert isinstance(reading, AvailabilityReading), reading
    assert not reading.not_understood
    return reading.availability


def asked(availability: Availability, starts_at: str, ends_at: str) -> bool | None:
    begins, ends = (datetime.fromisoformat(text).replace(tzinfo=UTC) for text in (starts_at, ends_at))
    return prefers(availability, begins, ends)


@pytest.mark.parametrize(
    ("starts_at", "ends_at", "wanted"),
    [
        ("2026-01-05T18:00", "2026-01-05T22:00", True),
        ("2026-01-05T17:30", "2026-01-05T22:00", False),
        ("2026-01-05T20:00", "2026-01-05T23:30", False),
        ("2026-01-08T18:00", "2026-01-08T22:00", False),
        ("2026-01-13T18:00", "2026-01-13T22:00", False),
        ("2026-01-16T18:00", "2026-01-16T22:00", True),
        # In summer the same evening is an hour earlier in UTC.
        ("2026-07-06T17:00", "2026-07-06T22:00", True),
        ("2026-07-06T17:00", "2026-07-06T22:30", False),
        ("2034-01-02T18:00", "2034-01-02T22:00", True),
    ],
)
def test_a_shift_is_wanted_when_all_of_it_is_available(starts_at: str, ends_at: str, wanted: bool) -> None:
    assert asked(read(EVENINGS), starts_at, ends_at) is wanted


def test_times_outside_what_was_said_are_unknown() -> None:
    spring = read("DTSTART:20260301T000000Z\nDTEND:20260601T000000Z\n" + EVENINGS)
    assert asked(spring, "2026-02-23T18:00", "2026-02-23T22:00") is None
    assert asked(spring, "2026-03-02T18:00", "2026-03-02T22:00") is True
    assert asked(spring, "2026-05-31T23:00", "2026-06-01T02:00") is False
    assert asked(Availability(), "2026-03-02T18:00", "2026-03-02T22:00") is None


def test_a_holiday_with_a_higher_priority_overrules_the_usual_week() -> None:
    away = "PRIORITY:1\nDTSTART:20260301T000000Z\nDURATION:P7D\n"
    both = read("PRIORITY:5\n" + EVENINGS, away)
    assert asked(both, "2026-03-02T18:00", "2026-03-02T22:00") is False
    assert asked(both, "2026-03-09T18:00", "2026-03-09T22:00") is True
    # No priority is the lowest there is.
    tuesdays = EVENINGS.replace("MO,TU,WE", "TU").replace("20260105", "20260106")
    assert asked(read(EVENINGS, "PRIORITY:9\n" + tuesdays), "2026-01-12T18:00", "2026-01-12T19:00") is False


def test_tentative_times_are_no_answer() -> None:
    perhaps = read("BUSYTYPE:BUSY-TENTATIVE\n" + EVENINGS)
    assert asked(perhaps, "2026-01-08T18:00", "2026-01-08T22:00") is None
    assert asked(perhaps, "2026-01-05T18:00", "2026-01-05T22:00") is True


def test_nights_of_both_clock_changes_are_wanted_to_the_minute() -> None:
    nights = read(
        "BEGIN:AVAILABLE\nDTSTART;TZID=GMT Standard Time:20260101T220000\n"
        "DURATION:PT8H\nRRULE:FREQ=DAILY\nEND:AVAILABLE\n"
    )
    assert asked(nights, "2026-03-28T22:00", "2026-03-29T05:00") is True
    assert asked(nights, "2026-03-28T22:00", "2026-03-29T05:01") is False
    assert asked(nights, "2026-10-24T21:00", "2026-10-25T06:00") is True


def test_an_availability_can_be_kept_and_read_back() -> None:
    availability = read("PRIORITY:5\nDTSTART:20260301T000000Z\n" + EVENINGS)
    assert msgspec.json.decode(msgspec.json.encode(availability), type=Availability) == availability


@pytest.mark.parametrize(
    ("available", "what"),
    [
        (EVENINGS.replace("FREQ=WEEKLY;BYDAY=MO,TU,WE", "FREQ=SECONDLY"), "repeats SECONDLY"),
        (EVENINGS.replace("DTEND;TZID=Europe/London:20260105T230000\n", ""), "has no DTEND or DURATION"),
        (EVENINGS.replace("20260105T23", "20260104T23"), "does not end within a year"),
        (
            EVENINGS + EVENINGS.replace("END:AVAILABLE", "RECURRENCE-ID:20260106T180000Z\nEND:AVAILABLE"),
            "one day",
        ),
    ],
)
def test_what_cannot_be_taken_is_told_and_the_rest_is_taken(available: str, what: str) -> None:
    reading = read_availability(a_file(available + EVENINGS), zone=LONDON)
    assert isinstance(reading, AvailabilityReading)
    (mistake,) = reading.not_understood
    assert what in mistake.what
    assert mistake.mend
    assert asked(reading.availability, "2026-01-05T18:00", "2026-01-05T22:00") is True


def test_a_file_without_any_availability_or_with_too_much_is_refused() -> None:
    for data in (a_file(), a_file(*[EVENINGS] * 51), a_file(EVENINGS * 501)):
        refusal = read_availability(data, zone=LONDON)
        assert isinstance(refusal, Refusal)
        assert refusal.mend
