"""Calendars of other makers taken in: what they mean for the rota, and every event accounted for."""

from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from rota.calendar_import import Outcome, Plan, match_person, plan_import
from rota.calendar_reading import CalendarEvent, Moment, Person, Reading, read_calendar
from rota.calendars import Stamp, rota_calendar
from rota.shift_entry import shift_mistakes
from rota.shifts import Override, Rota, Shift

HERE = Path(__file__).parent / "calendars"
LONDON = "Europe/London"
CHANNELS = ("webchat", "sms")
BY_EMAIL = {"amina@example.org": "a1", "bronwen@example.org": "b2", "chidi@example.org": "c3"}
BY_NAME = {"amina okafor": "a1", "amina": "a1", "bronwen prys": "b2", "bronwen": "b2", "chidi": "c3"}


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def wall(text: str) -> datetime:
    return datetime.fromisoformat(text)


def planned(
    data: bytes, book: tuple[Shift, ...] = (), source: str = "calendar", *, keep_ids: bool = True
) -> Plan:
    reading = read_calendar(data, zone=LONDON)
    assert isinstance(reading, Reading), reading
    plan = plan_import(
        reading,
        book,
        person_of=lambda event: match_person(event, BY_EMAIL, BY_NAME),
        channels=CHANNELS,
        zone=LONDON,
        source=source,
        keep_ids=keep_ids,
    )
    assert len(plan.report) == reading.entries
    assert not [shift for shift in plan.adds if shift_mistakes(shift, channels=CHANNELS)]
    return plan


def file(name: str) -> bytes:
    return (HERE / f"{name}.ics").read_bytes()


def told(plan: Plan) -> list[tuple[str, str]]:
    return [(outcome.meant, outcome.what) for outcome in plan.report]


def nights(plan: Plan, since: str, until: str) -> list[tuple[str, str, str]]:
    return [
        (duty.person, f"{duty.starts_at:%m-%d %H:%M}", f"{duty.ends_at:%m-%d %H:%M}")
        for duty in Rota(plan.adds).occurrences(utc(since), utc(until))
    ]


def an_event(*lines: str) -> bytes:
    inner = "".join(f"BEGIN:VEVENT\n{event}\nEND:VEVENT\n" for event in lines)
    return f"BEGIN:VCALENDAR\nVERSION:2.0\n{inner}END:VCALENDAR\n".encode()


EVENING = "UID:e1\nSUMMARY:Amina\nDTSTART;TZID=Europe/London:20260105T180000\nDTEND;TZID=Europe/London:20260105T220000"


def test_a_calendar_as_google_writes_it_is_read_with_every_event_accounted_for() -> None:
    plan = planned(file("google"))
    assert told(plan) == [
        ("new", ""),
        ("new", ""),
        ("new", ""),
        ("new", ""),
        ("not_understood", "is an event of a whole day"),
    ]
    mondays, once = plan.adds
    assert (mondays.person, mondays.zone, mondays.rrule) == (
        "a1",
        LONDON,
        "FREQ=WEEKLY;WKST=MO;UNTIL=20261228T235959Z;BYDAY=MO",
    )
    assert mondays.overrides == (
        Override(
            of=wall("2026-01-12T18:00"),
            starts=wall("2026-01-13T19:00"),
            person="b2",
            languages=(),
        ),
        Override(of=wall("2026-01-26T18:00"), cancelled=True),
    )
    assert nights(plan, "2026-01-01", "2026-02-04") == [
        ("a1", "01-05 18:00", "01-05 22:00"),
        ("b2", "01-13 19:00", "01-13 23:00"),
        ("a1", "02-02 18:00", "02-02 22:00"),
    ]
    # Google writes what happens once in UTC; on the rota it is local time, as it was typed.
    assert (once.zone, once.starts, once.person) == (LONDON, wall("2026-07-10T18:00"), "c3")
    assert plan.not_understood[0].where.startswith("line 83, “Amina away” on 01 August 2026")


def test_entities_in_a_summary_stay_the_text_they_are() -> None:
    reading = read_calendar(file("google"), zone=LONDON)
    assert isinstance(reading, Reading)
    assert reading.name == "Evenings"
    assert reading.events[0].summary == "Supporter: Amina &amp; tea"


def test_a_calendar_as_outlook_writes_it_is_read_by_windows_zone_names_and_zones_of_its_own() -> None:
    plan = planned(file("outlook"))
    lead, fridays = plan.adds
    assert (lead.role, lead.channels, lead.zone, lead.person) == ("lead", ("sms",), LONDON, "b2")
    assert (fridays.zone, fridays.person) == (LONDON, "a1")
    assert nights(plan, "2026-03-27", "2026-04-02") == [("b2", "03-31 21:00", "04-01 05:00")]
    assert {one.what for one in plan.not_understood} == {
        "“Zone of nowhere” is not a time zone known here",
        "is an event of a whole day",
    }


def test_a_calendar_as_apple_writes_it_is_read_though_its_end_is_missing() -> None:
    plan = planned(file("apple"))
    assert plan.remarks == ("The file ends without END:VCALENDAR: the end of it may be missing.",)
    assert {(one.where.split(",")[0], one.what) for one in plan.not_understood} == {
        ("line 61", "ends: is more than 24 hours after the start"),
        ("line 68", "has no end"),
        ("line 74 on 20260313T180000", "is cut off: END:VEVENT is missing"),
    }
    assert all(one.mend for one in plan.not_understood)
    floating, lasting, repeated, paris, orphan = plan.adds
    assert (floating.zone, floating.starts, floating.ends) == (
        LONDON,
        wall("2026-02-01T09:30"),
        wall("2026-02-01T12:30"),
    )
    assert lasting.exdates == (wall("2026-10-03T20:00"), wall("2026-10-04T20:00"))
    assert lasting.rdates == (wall("2026-11-20T20:00"),)
    assert lasting.ends == wall("2026-10-02T06:00")
    # 00:30 to 01:30 UTC is 01:30 to 01:30 on the clocks of that night, which only UTC can say.
    assert (repeated.zone, repeated.starts, repeated.ends) == (
        "UTC",
        wall("2026-10-25T00:30"),
        wall("2026-10-25T01:30"),
    )
    assert (paris.zone, paris.person) == ("Europe/Paris", "")
    assert [where.split(",")[0] for where in plan.unmatched] == ["line 46"]
    assert (orphan.person, orphan.starts) == ("c3", wall("2026-03-09T18:00"))


@pytest.mark.parametrize("name", ["google", "outlook", "apple"])
def test_taking_the_same_calendar_in_again_changes_nothing(name: str) -> None:
    first = planned(file(name))
    again = planned(file(name), first.adds)
    assert (again.adds, again.changes, again.gone) == ((), (), ())
    assert again.same == first.adds
    assert {outcome.meant for outcome in again.report} <= {"same", "not_understood"}


@pytest.mark.parametrize("name", ["google", "outlook", "apple"])
def test_line_ends_of_every_kind_mean_the_same(name: str) -> None:
    plain = file(name).replace(b"\r\n", b"\n")
    assert (
        planned(plain).adds
        == planned(plain.replace(b"\n", b"\r\n")).adds
        == planned(plain.replace(b"\n", b"\r")).adds
    )


def test_what_a_later_file_changes_is_planned_as_a_change_of_the_same_shift() -> None:
    first = planned(an_event(EVENING))
    later = planned(an_event(EVENING.replace("T220000", "T230000")), first.adds)
    ((before, after),) = later.changes
    assert (before, after.id, after.ends) == (first.adds[0], first.adds[0].id, wall("2026-01-05T23:00"))
    assert [outcome.meant for outcome in later.report] == ["changed"]


def test_what_a_later_file_no_longer_has_is_listed_and_not_taken_out() -> None:
    first = planned(an_event(EVENING, EVENING.replace("e1", "e2")), source="feed-1")
    later = planned(an_event(EVENING), first.adds, source="feed-1")
    assert [shift.id for shift in later.gone] == [first.adds[1].id]
    assert planned(an_event(EVENING), first.adds, source="feed-2").gone == ()


def test_what_the_file_does_not_say_stays_as_the_rota_has_it() -> None:
    weekly = f"{EVENING}\nRRULE:FREQ=WEEKLY"
    (shift,) = planned(an_event(weekly.replace("Amina", "Evening"))).adds
    assert shift.person == ""
    kept = msgspec.structs.replace(
        shift,
        person="b2",
        languages=("cy",),
        channels=("sms",),
        role="lead",
        overrides=(Override(of=wall("2026-01-12T18:00"), person="", languages=()),),
    )
    plan = planned(an_event(weekly.replace("Amina", "Evening")), (kept,))
    assert (plan.changes, plan.same) == ((), (kept,))
    later = planned(an_event(weekly.replace("Amina", "Evening").replace("T2200", "T2130")), (kept,))
    assert later.changes[0][1] == msgspec.structs.replace(kept, ends=wall("2026-01-05T21:30"))


def test_a_changed_night_without_anybody_new_stays_with_whoever_has_the_series() -> None:
    moved = EVENING.replace("T18", "T19") + "\nRECURRENCE-ID;TZID=Europe/London:20260105T180000"
    (shift,) = planned(an_event(f"{EVENING}\nRRULE:FREQ=WEEKLY", moved)).adds
    assert shift.overrides == (
        Override(of=wall("2026-01-05T18:00"), starts=wall("2026-01-05T19:00"), ends=wall("2026-01-05T22:00")),
    )


def test_a_changed_night_for_somebody_unknown_is_free_and_said_so() -> None:
    night = EVENING.replace("Amina", "Zoë") + "\nRECURRENCE-ID:20260112T180000Z"
    plan = planned(an_event(f"{EVENING}\nRRULE:FREQ=WEEKLY", night))
    assert plan.adds[0].overrides[0].person == ""
    assert len(plan.unmatched) == 1
    assert "“Zoë”" in plan.unmatched[0]


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ("RRULE:FREQ=SECONDLY", "repeats SECONDLY"),
        ("RRULE:FREQ=DAILY;COUNT=1000000000", "COUNT=1000000000 cannot be read"),
        ("RRULE:FREQ=DAILY;COUNT=99999", "repeats more than 5,000 times"),
        ("RRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", "never comes round"),
        ("RRULE:FREQ=WEEKLY;BYDAY=TU", "does not fall on the first start"),
        ("RRULE:FREQ=DAILY\nRRULE:FREQ=WEEKLY", "has more than one RRULE"),
        ("EXRULE:FREQ=WEEKLY", "takes nights out by EXRULE"),
        ("RDATE;VALUE=PERIOD:20260106T180000Z/PT1H", "lists periods"),
        ("RECURRENCE-ID;RANGE=THISANDFUTURE:20260105T180000Z", "changes this and every later night"),
        ("DTSTART:20260105T180000Z", "has more than one DTSTART"),
        ("DURATION:a while", "DURATION cannot be read"),
    ],
)
def test_what_cannot_be_taken_is_told_with_a_mend(change: str, what: str) -> None:
    plan = planned(an_event(f"{EVENING}\n{change}"))
    (mistake,) = plan.not_understood
    assert what in mistake.what
    assert mistake.mend
    assert mistake.where.startswith("line 3, “Amina” on")
    assert not plan.adds


def test_changes_to_a_series_that_was_not_understood_are_not_guessed_at() -> None:
    night = f"{EVENING}\nRECURRENCE-ID:20260112T180000Z"
    plan = planned(an_event(f"{EVENING}\nRRULE:FREQ=HOURLY", night))
    assert [outcome.meant for outcome in plan.report] == ["not_understood", "not_understood"]
    assert "series on line 3" in plan.report[1].what


def test_two_events_with_one_uid_are_told_apart_by_which_is_newer() -> None:
    plan = planned(an_event(EVENING, EVENING.replace("T2200", "T2300") + "\nSEQUENCE:2"))
    assert [shift.ends for shift in plan.adds] == [wall("2026-01-05T23:00")]
    assert [outcome.meant for outcome in plan.report] == ["not_understood", "new"]


def test_a_cancelled_event_makes_no_shift_and_the_one_it_made_before_is_listed() -> None:
    first = planned(an_event(EVENING))
    plan = planned(an_event(f"{EVENING}\nSTATUS:CANCELLED"), first.adds)
    assert (plan.adds, plan.gone) == ((), first.adds)
    assert plan.report == (Outcome(where=plan.report[0].where, meant="cancelled"),)


def test_a_copied_event_of_ours_is_a_new_shift_and_a_feed_cannot_take_over_our_ids() -> None:
    ours = Shift(
        id="monday",
        zone=LONDON,
        starts=wall("2026-01-05T18:00"),
        ends=wall("2026-01-05T22:00"),
        role="supporter",
        person="a1",
    )
    stamp = Stamp(1, utc("2026-01-01"))
    data = rota_calendar([ours], {}, since=utc("2026-01-01"), until=utc("2026-06-01"), stamp=stamp)
    assert planned(data, (ours,)).same == (ours,)
    (copied,) = planned(data.replace(b"@rota", b"@elsewhere"), (ours,)).adds
    assert copied.id != "monday"
    (theirs,) = planned(data, (ours,), source="feed-1", keep_ids=False).adds
    assert theirs.id.startswith("feed-1.")


def an_event_of(summary: str = "", *attendees: Person, organizer: Person | None = None) -> CalendarEvent:
    starts = Moment(wall("2026-01-05T18:00"), LONDON)
    return CalendarEvent(
        line=1, uid="u", starts=starts, summary=summary, attendees=attendees, organizer=organizer
    )


@pytest.mark.parametrize(
    ("event", "person"),
    [
        (an_event_of("Evening", Person("amina@example.org", "Somebody")), "a1"),
        (an_event_of("Chidi", Person("elsewhere@example.org", "Bronwen  PRYS")), "b2"),
        (an_event_of("Evening: Amina Okafor (supporter)"), "a1"),
        (an_event_of("Evening: Aminata"), ""),
        (an_event_of("Amina and Chidi"), ""),
        (an_event_of("Two", Person("amina@example.org", ""), Person("chidi@example.org", "")), ""),
        (an_event_of("Evening", organizer=Person("chidi@example.org", "")), "c3"),
        (an_event_of("Evening: Amina", organizer=Person("chidi@example.org", "")), "a1"),
        (an_event_of("Evening", Person("x@example.org", ""), organizer=Person("chidi@example.org", "")), ""),
    ],
)
def test_an_event_is_matched_to_the_one_person_it_names(event: CalendarEvent, person: str) -> None:
    assert match_person(event, BY_EMAIL, BY_NAME) == person
