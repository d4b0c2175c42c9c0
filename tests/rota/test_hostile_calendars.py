"""Calendar files made to harm: refused, or read within bounds of time and memory, with every event accounted for."""

import tracemalloc
from datetime import UTC, datetime
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from icalendar.timezone import tzp

from rota.availability import AvailabilityReading, read_availability
from rota.calendar_import import Plan, match_person, plan_import
from rota.calendar_lines import Bounds, Refusal
from rota.calendar_reading import Reading, read_calendar
from rota.shifts import Rota

LONDON = "Europe/London"
EVENING = "UID:{0}\r\nSUMMARY:Amina\r\nDTSTART;TZID=Europe/London:20260105T180000\r\nDTEND;TZID=Europe/London:20260105T220000\r\n"


def events(*inner: str) -> bytes:
    body = "".join(f"BEGIN:VEVENT\r\n{one}END:VEVENT\r\n" for one in inner)
    return f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\n{body}END:VCALENDAR\r\n".encode()


def planned(data: bytes) -> Plan:
    reading = read_calendar(data, zone=LONDON)
    assert isinstance(reading, Reading), reading
    plan = plan_import(
        reading,
        (),
        person_of=lambda event: match_person(event, {}, {"amina": "a1"}),
        channels=("webchat",),
        zone=LONDON,
    )
    assert len(plan.report) == reading.entries
    return plan


def refused(data: bytes, bounds: Bounds | None = None) -> Refusal:
    begun = process_time()
    refusal = read_calendar(data, zone=LONDON, bounds=bounds)
    assert isinstance(refusal, Refusal), "the file was read"
    assert refusal.mend
    assert process_time() - begun < 5
    return refusal


def test_five_megabytes_of_honest_events_are_read_and_planned_within_ten_seconds() -> None:
    padding = (
        "DESCRIPTION:" + "x" * 60 + "\r\n " + "y" * 70 + "\r\nATTENDEE;CN=Amina:mailto:amina@example.org\r\n"
    )
    data = events(
        *(EVENING.format(number) + f"RRULE:FREQ=WEEKLY;BYDAY=MO\r\n{padding}" for number in range(14_500))
    )
    assert len(data) > 5_000_000
    begun = process_time()
    plan = planned(data)
    # Seconds of work, not of waiting for the machine's other work.
    assert process_time() - begun < 10
    assert len(plan.adds) == 14_500


def test_a_million_events_are_refused_before_they_are_parsed() -> None:
    data = b"BEGIN:VCALENDAR\n" + b"BEGIN:VEVENT\nEND:VEVENT\n" * 1_000_000 + b"END:VCALENDAR\n"
    assert "larger than 10 MB" in refused(data).what
    tracemalloc.start()
    assert "more than 20,000 events" in refused(data, Bounds(size=100_000_000, lines=10_000_000)).what
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 5_000_000


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"", "not a calendar"),
        (b"<!DOCTYPE html><html><body>Sign in</body></html>", "not a calendar"),
        (
            b"<?xml version='1.0'?><!DOCTYPE x [<!ENTITY a 'aaaa'><!ENTITY b '&a;&a;&a;'>]><x>&b;</x>",
            "not a calendar",
        ),
        (b"PK\x03\x04\x00\x00", "zero bytes"),
        (b"BEGIN:VCALENDAR\r\n\x00\r\nEND:VCALENDAR", "zero bytes"),
        (b"\xff\xfeB\x00E", "begins as UTF-16"),
        (b"BEGIN:VCALENDAR\n" + b"\n" * 1_000_001, "more than 1,000,000 lines"),
        (b"BEGIN:VCALENDAR\n" + b"BEGIN:X\n" * 9, "more than 8 deep"),
        (b"BEGIN:VCALENDAR\n" + b"BEGIN:VEVENT\nBEGIN:VALARM\n" * 15_000, ""),
        (b"BEGIN:VCALENDAR\n" + b"BEGIN:VALARM\nEND:VALARM\n" * 100_001, "more than 100,000 components"),
    ],
)
def test_what_is_no_calendar_or_too_much_of_one_is_refused_at_once(data: bytes, what: str) -> None:
    if what:
        assert what in refused(data).what
    else:
        plan = planned(data)
        assert {one.what for one in plan.not_understood} == {"is cut off: END:VEVENT is missing"}


def test_utf_16_and_a_mark_at_the_beginning_are_read() -> None:
    data = events(EVENING.format("ü"))
    for other in (data.decode().encode("utf-16"), b"\xef\xbb\xbf" + data):
        assert planned(other).adds == planned(data).adds


def test_letters_that_are_no_utf_8_are_marked_and_not_fatal() -> None:
    plan = planned(events(EVENING.format(1)).replace(b"Amina", b"Amin\xe4"))
    assert plan.adds
    assert "not in UTF-8" in plan.remarks[0]


def test_a_letter_cut_in_two_by_a_fold_is_one_letter() -> None:
    data = events(EVENING.format(1)).replace(b"Amina", "Zoë".encode()[:-1] + b"\r\n " + "Zoë".encode()[-1:])
    plan = planned(data)
    assert "“Zoë”" in plan.unmatched[0]
    assert not plan.remarks


def test_entities_are_never_expanded() -> None:
    bomb = 'SUMMARY:&lol9;<!ENTITY lol9 "&lol8;&lol8;">&#x41;&amp;\r\n'
    reading = read_calendar(events(EVENING.format(1).replace("SUMMARY:Amina\r\n", bomb)), zone=LONDON)
    assert isinstance(reading, Reading)
    assert reading.events[0].summary == '&lol9;<!ENTITY lol9 "&lol8;&lol8;">&#x41;&amp;'


def test_attachments_of_any_size_are_passed_over() -> None:
    attached = "ATTACH;ENCODING=BASE64;VALUE=BINARY:" + ("A" * 70 + "\r\n ") * 60_000 + "\r\n"
    data = events(EVENING.format(1) + attached)
    tracemalloc.start()
    assert len(planned(data).adds) == 1
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 4 * len(data)


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("SUMMARY:" + "x" * 30_000, "is longer than 20,000 characters"),
        ("SUMMARY:" + ("x" * 70 + "\r\n ") * 1_000, "is longer than 20,000 characters"),
        ("\r\n".join(["ATTENDEE:mailto:a@example.org"] * 4_000), "has more than 3,000 lines"),
        ("EXDATE:" + ",".join(["20260105T180000Z"] * 1_100) + "\r\nEXDATE:20260106T180000Z", ""),
        (
            "\r\n".join(["EXDATE:" + ",".join(["20260105T180000Z"] * 1_000)] * 6),
            "lists more than 5,000 dates",
        ),
        ('SUMMARY;X="unended:y', "cannot be read"),
        ("EXDATE:20269999T180000Z", "is no date there is"),
        ("EXDATE:99991231T235959Z", "is not between 1970 and 2190"),
        ("DURATION:P99999999999999999W", "DURATION cannot be read"),
        ("RRULE:" + ";".join(["FREQ=DAILY"] * 60), "rrule: is longer than 500 characters"),
        ("RRULE:FREQ=MINUTELY", "repeats MINUTELY"),
        ("RRULE:FREQ=DAILY;BYHOUR=1,2,3", "BYHOUR is not taken"),
        ("RRULE:FREQ=DAILY\r\nEXDATE:21891231T180000Z", "more than 20 years after"),
    ],
)
def test_one_bad_event_is_left_out_with_the_reason_and_the_others_are_taken(line: str, what: str) -> None:
    plan = planned(events(EVENING.format(1) + line + "\r\n", EVENING.format(2)))
    if what:
        (mistake,) = plan.not_understood
        assert what in mistake.what
        assert len(plan.adds) == 1
    else:
        assert "more than 1,000 changed or cancelled nights" in plan.not_understood[0].what


def worst(rule: str, number: int) -> str:
    return EVENING.format(number).replace("180000", f"18{number % 60:02}00", 1) + f"RRULE:{rule}\r\n"


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=29;BYDAY=MO",
        "FREQ=MONTHLY;BYMONTHDAY=31;BYMONTH=2,4,6,9,11",
        "FREQ=DAILY;COUNT=5000\r\nEXDATE;TZID=Europe/London:20390101T180000",
        "FREQ=MONTHLY;BYMONTHDAY=5\r\nEXDATE;TZID=Europe/London:20450101T180000",
        'FREQ=DAILY\r\nX-ROTA-SERIES:{"starts":"1971-01-01T18:00:00"\\,"rrule":"FREQ=DAILY\\;COUNT=5000"\\,"from":"1984-01-01"}',
    ],
)
def test_rules_made_to_be_searched_for_ever_cost_seconds_however_many(rule: str) -> None:
    begun = process_time()
    plan = planned(events(*(worst(rule, number) for number in range(1_500))))
    assert process_time() - begun < 15
    assert len(plan.report) == 1_500


def test_a_files_own_time_zones_are_neither_expanded_nor_remembered() -> None:
    zone = (
        "BEGIN:VTIMEZONE\r\nTZID:{0}\r\nBEGIN:STANDARD\r\nDTSTART:00010101T000000\r\nTZOFFSETFROM:+9999\r\n"
        "TZOFFSETTO:+0100\r\nRRULE:FREQ=SECONDLY\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n"
    )
    event = EVENING.format(1).replace("TZID=Europe/London", "TZID=Trap")
    data = events(event).replace(b"BEGIN:VEVENT", (zone.format("Trap") + "BEGIN:VEVENT").encode(), 1)
    assert "“Trap” is not a time zone" in planned(data).not_understood[0].what
    assert tzp.timezone("Trap") is None
    lying = events(EVENING.format(1)).replace(
        b"BEGIN:VEVENT", (zone.format(LONDON) + "BEGIN:VEVENT").encode(), 1
    )
    (shift,) = planned(lying).adds
    (duty,) = Rota([shift]).occurrences(datetime(2026, 1, 5, tzinfo=UTC), datetime(2026, 1, 6, tzinfo=UTC))
    assert duty.starts_at.hour == 18


def test_many_time_zones_that_match_nothing_are_given_up_on() -> None:
    zones = "".join(
        f"BEGIN:VTIMEZONE\r\nTZID:Z{number}\r\nBEGIN:STANDARD\r\nDTSTART:19700101T000000\r\nTZOFFSETFROM:+0317\r\n"
        "TZOFFSETTO:+0317\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n"
        for number in range(2_000)
    )
    inner = events(
        *(EVENING.format(number).replace("Europe/London", f"Z{number}") for number in range(2_000))
    )
    begun = process_time()
    plan = planned(inner.replace(b"BEGIN:VEVENT", zones.encode() + b"BEGIN:VEVENT", 1))
    assert process_time() - begun < 10
    assert len(plan.not_understood) == 2_000


WORDS = st.sampled_from(
    [
        "BEGIN:VCALENDAR",
        "END:VCALENDAR",
        "BEGIN:VEVENT",
        "END:VEVENT",
        "BEGIN:VTIMEZONE",
        "TZID:Odd",
        "BEGIN:DAYLIGHT",
        "END:DAYLIGHT",
        "TZOFFSETFROM:+0100",
        "TZOFFSETTO:-0100",
        "BEGIN:VAVAILABILITY",
        "BEGIN:AVAILABLE",
        "END:AVAILABLE",
        "END:VAVAILABILITY",
        "UID:a",
        "UID:b",
        "SUMMARY:Amina",
        "DTSTART:20260105T180000Z",
        "DTSTART;TZID=Odd:20260105T180000",
        "DTSTART;VALUE=DATE:20260105",
        "DTEND:20260105T220000Z",
        "DTEND;TZID=Europe/London:20261025T013000",
        "DURATION:PT4H",
        "DURATION:-P1D",
        "RRULE:FREQ=WEEKLY",
        "RRULE:FREQ=DAILY;COUNT=3",
        "RRULE:;;=",
        "RDATE:20260107T180000Z",
        "EXDATE;VALUE=DATE:20260112",
        "RECURRENCE-ID:20260112T180000Z",
        "RECURRENCE-ID;VALUE=DATE:20260112",
        "STATUS:CANCELLED",
        "SEQUENCE:99999999999",
        "X-ROTA-SERIES:{}",
        'X-ROTA-SERIES:{"starts": 5}',
        "X-ROTA-SHIFT:a",
        " folded",
        "\t",
        ":",
        ";=",
    ]
)


HEAPS = st.lists(WORDS | st.text(max_size=20), max_size=12)


@given(heaps=st.lists(HEAPS, max_size=6), end=st.sampled_from(["\n", "\r\n", "\r"]), wrapped=st.booleans())
def test_any_heap_of_lines_is_refused_or_accounted_for(
    heaps: list[list[str]], end: str, wrapped: bool
) -> None:
    around = ("BEGIN:VEVENT", "DTSTART:20260105T180000Z", "END:VEVENT") if wrapped else ("", "", "")
    lines = [line for heap in heaps for line in (*around[:2], *heap, around[2])]
    data = end.join(["BEGIN:VCALENDAR", *lines]).encode("utf-8", "replace")
    if isinstance(read_calendar(data, zone=LONDON), Reading):
        planned(data)
    assert isinstance(read_availability(data, zone=LONDON), AvailabilityReading | Refusal)
