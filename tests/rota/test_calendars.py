"""The rota as a calendar file: the same instants in two readers not ours, and the same shifts when it comes back."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import icalendar
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rota.calendar_import import Plan, match_person, plan_import
from rota.calendar_reading import Reading, read_calendar
from rota.calendar_series import as_series, plain
from rota.calendars import OnCalendar, Stamp, my_calendar, rota_calendar, series_uid
from rota.shift_entry import shift_mistakes
from rota.shifts import Override, Rota, Series, Shift
from rota.zone_rules import clock_changes
from tests.conftest import PROVING
from tests.rota.calendar_readers import seen_by_icalendar, seen_by_khal

LONDON = "Europe/London"
CHANNELS = ("webchat", "sms")
STAMP = Stamp(7, datetime(2026, 1, 1, 9, tzinfo=UTC))
SINCE, UNTIL = datetime(2026, 1, 1, tzinfo=UTC), datetime(2028, 1, 1, tzinfo=UTC)
PEOPLE = {
    "amina": OnCalendar("Amina Okafor", "amina@example.org"),
    "bronwen": OnCalendar("Bronwen, of “Days”; Prys", "bronwen@example.org"),
    "chidi": OnCalendar("Chidi"),
}


def wall(text: str) -> datetime:
    return datetime.fromisoformat(text)


def a_shift(starts: str, ends: str, **changes: Any) -> Shift:
    given = {"id": "s1", "zone": LONDON, "role": "supporter", "person": "amina", "channels": ("webchat",)}
    return Shift(**given | {"starts": wall(starts), "ends": wall(ends)} | changes)


def exported(*shifts: Shift) -> bytes:
    return rota_calendar(shifts, PEOPLE, since=SINCE, until=UNTIL, stamp=STAMP)


def brought_back(data: bytes, book: tuple[Shift, ...] = ()) -> Plan:
    reading = read_calendar(data, zone=LONDON)
    assert isinstance(reading, Reading), reading
    ids = {person: person for person in PEOPLE}
    return plan_import(
        reading,
        book,
        person_of=lambda event: match_person(event, ids, {}),
        channels=CHANNELS,
        zone=LONDON,
    )


def on_the_rota(shifts: list[Shift], since: datetime, until: datetime) -> set[tuple[str, datetime, datetime]]:
    words = {"supporter": "Supporter", "lead": "Lead"}
    return {
        (
            f"{series_uid(duty.shift)}|{words[duty.role]}: {PEOPLE[duty.person].name if duty.person else 'free'}",
            duty.starts_at,
            duty.ends_at,
        )
        for duty in Rota(shifts).occurrences(since, until)
        if since <= duty.starts_at < until
    }


NIGHTS = a_shift("2026-01-01T22:00", "2026-01-02T06:00", id="nights", rrule="FREQ=DAILY")
HARD = {
    "every night": NIGHTS,
    "begun on the short night": a_shift("2026-03-28T22:00", "2026-03-29T06:00", rrule="FREQ=DAILY"),
    "begun on the long night": a_shift("2026-10-24T22:00", "2026-10-25T06:00", rrule="FREQ=DAILY;COUNT=30"),
    "from the repeated hour": a_shift("2026-10-20T01:30", "2026-10-20T06:00", rrule="FREQ=DAILY"),
    "begun in the repeated hour": a_shift("2026-10-25T01:30", "2026-10-25T06:00", rrule="FREQ=DAILY;COUNT=9"),
    "once in the repeated hour": a_shift("2026-10-25T01:30", "2026-10-25T06:00"),
    "until the repeated hour": a_shift("2026-10-20T21:00", "2026-10-21T01:30", rrule="FREQ=DAILY"),
    "from the skipped hour": a_shift("2026-03-20T01:30", "2026-03-20T06:00", rrule="FREQ=DAILY"),
    "within the skipped hour": a_shift("2026-03-20T01:00", "2026-03-20T02:00", rrule="FREQ=DAILY"),
    "half an hour off": a_shift(
        "2026-01-01T18:30", "2026-01-01T22:00", zone="Asia/Kolkata", rrule="FREQ=DAILY"
    ),
    "clocks by half an hour": a_shift(
        "2026-01-01T22:00", "2026-01-02T06:00", zone="Australia/Lord_Howe", rrule="FREQ=DAILY"
    ),
    "changed nights": msgspec.structs.replace(
        NIGHTS,
        exdates=(wall("2026-02-03T22:00"),),
        rdates=(wall("2026-02-20T10:00"),),
        overrides=(
            Override(of=wall("2026-02-05T22:00"), cancelled=True),
            Override(of=wall("2026-02-06T22:00"), person="", languages=()),
            Override(of=wall("2026-03-28T22:00"), person="bronwen", languages=("cy",)),
            Override(of=wall("2026-10-24T22:00"), starts=wall("2026-10-25T01:15")),
            Override(
                of=wall("2026-02-09T22:00"), starts=wall("2026-02-12T12:00"), ends=wall("2026-02-12T13:00")
            ),
        ),
    ),
    "between two dates": msgspec.structs.replace(NIGHTS, from_=date(2026, 3, 27), until=date(2026, 10, 25)),
    "counted between two dates": a_shift(
        "2026-01-05T18:00",
        "2026-01-05T22:00",
        rrule="FREQ=WEEKLY;INTERVAL=2;COUNT=20;BYDAY=MO,FR",
        from_=date(2026, 2, 10),
        until=date(2026, 5, 31),
    ),
    "until a local date": a_shift("2026-07-01T18:00", "2026-07-01T22:00", rrule="FREQ=DAILY;UNTIL=20260703"),
    "once, given to somebody else": a_shift(
        "2026-07-01T18:00",
        "2026-07-01T22:00",
        overrides=(Override(of=wall("2026-07-01T18:00"), person="chidi", languages=("fr",)),),
    ),
    "some days, no rule": a_shift(
        "2026-07-01T18:00", "2026-07-01T22:00", rdates=(wall("2026-07-03T18:00"), wall("2026-10-24T22:00"))
    ),
}


@pytest.mark.parametrize("shift", HARD.values(), ids=HARD)
def test_another_reader_shows_the_instants_the_rota_means(shift: Shift) -> None:
    assert not shift_mistakes(shift, channels=CHANNELS)
    data = exported(shift)
    since, until = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC)
    meant = on_the_rota([shift], since, until)
    assert meant
    assert seen_by_icalendar(data, since, until) == meant


@pytest.mark.parametrize("shift", HARD.values(), ids=HARD)
def test_a_shift_comes_back_as_it_went(shift: Shift) -> None:
    plan = brought_back(exported(shift))
    assert not plan.not_understood
    assert list(plan.adds) == [plain(shift)]
    again = brought_back(exported(shift), (shift,))
    assert (again.adds, again.changes, again.same) == ((), (), (shift,))


def test_the_whole_rota_opens_in_the_other_program_with_every_clock_night_right(tmp_path: Path) -> None:
    shifts = [msgspec.structs.replace(shift, id=name) for name, shift in HARD.items()]
    windows = [
        (datetime(2026, month, first, tzinfo=UTC), datetime(2026, month, last, tzinfo=UTC))
        for month, first, last in ((2, 1, 14), (3, 26, 31), (7, 1, 5), (10, 22, 28))
    ]
    meant = {one for since, until in windows for one in on_the_rota(shifts, since, until)}
    assert len({what for what, _, _ in meant}) > len(HARD)
    assert seen_by_khal(exported(*shifts), tmp_path, *windows) == meant


def test_without_the_nights_written_out_a_reader_would_be_an_hour_out(tmp_path: Path) -> None:
    """Why clock nights are written: RFC 5545 gives every night the exact length of the first."""
    shift = HARD["begun on the short night"]
    calendar = icalendar.Calendar.from_ical(exported(shift))
    calendar.subcomponents = [part for part in calendar.subcomponents if "RECURRENCE-ID" not in part]
    event = calendar.events[0]
    del event["DURATION"]
    event.add("DTEND", shift.ends.replace(tzinfo=ZoneInfo(LONDON)))
    since, until = datetime(2026, 3, 20, tzinfo=UTC), datetime(2026, 4, 10, tzinfo=UTC)
    assert seen_by_khal(calendar.to_ical(), tmp_path, (since, until)) != on_the_rota([shift], since, until)


@pytest.mark.parametrize("zone", [LONDON, "Europe/Dublin", "Australia/Lord_Howe", "America/St_Johns"])
def test_the_zone_written_beside_the_events_changes_when_the_clocks_do(zone: str) -> None:
    shift = a_shift("2026-01-01T22:00", "2026-01-02T06:00", zone=zone, rrule="FREQ=DAILY")
    calendar = icalendar.Calendar.from_ical(exported(shift))
    (rules,) = calendar.timezones
    theirs = rules.to_tz(lookup_tzid=False)
    ours = icalendar.timezone.tzp.timezone(zone)
    changes = clock_changes(zone, date(2026, 1, 1), date(2027, 12, 31))
    assert len(changes) == 4
    near = [change + timedelta(minutes=30 * half) for change in changes for half in range(-7, 7)]
    for instant in [*near, *(SINCE + timedelta(days=day) for day in range(730))]:
        assert instant.astimezone(theirs).utcoffset() == instant.astimezone(ours).utcoffset(), instant


ZONES = [LONDON, "Asia/Kolkata", "America/New_York", "Australia/Lord_Howe", "UTC"]


@st.composite
def shifts(draw: st.DrawFn) -> Shift:
    """A sound shift whose changes are to nights in force."""
    zone = draw(st.sampled_from(ZONES))
    starts = datetime(2026, 1, 1) + timedelta(  # noqa: DTZ001
        days=draw(st.integers(0, 500)), minutes=15 * draw(st.integers(0, 95))
    )
    ends = starts + timedelta(minutes=15 * draw(st.integers(1, 96)))
    days = ",".join(sorted({f"{starts:%a}"[:2].upper(), draw(st.sampled_from(["MO", "WE", "SA"]))}))
    rrule = draw(
        st.sampled_from(
            [
                None,
                "FREQ=DAILY",
                "FREQ=DAILY;INTERVAL=3",
                f"FREQ=WEEKLY;BYDAY={days}",
                "FREQ=WEEKLY;INTERVAL=2",
            ]
            + ([f"FREQ=MONTHLY;BYMONTHDAY={starts.day}", "FREQ=MONTHLY"] if starts.day < 29 else [])
        )
    )
    if rrule is not None:
        last = starts + timedelta(days=draw(st.integers(1, 400)))
        bound = draw(
            st.sampled_from(["", ";COUNT=25", f";UNTIL={last:%Y%m%dT%H%M%SZ}", f";UNTIL={last:%Y%m%d}"])
        )
        rrule += bound
    since, long = draw(st.none() | st.integers(0, 200)), draw(st.none() | st.integers(0, 300))
    first = starts.date() + timedelta(days=since) if since is not None else None
    final = (first or starts.date()) + timedelta(days=long) if long is not None else None
    rdates = tuple(
        starts + timedelta(days=day, hours=5) for day in draw(st.sets(st.integers(0, 400), max_size=2))
    )
    shift = Shift(
        id=draw(st.sampled_from(["nights", "ein Ü, mit; Komma", "a@b"])),
        zone=zone,
        starts=starts,
        ends=ends,
        role=draw(st.sampled_from(["supporter", "lead"])),
        person=draw(st.sampled_from(["", *PEOPLE])),
        channels=draw(st.sampled_from([(), ("webchat",), CHANNELS])),
        languages=draw(st.sampled_from([(), ("en",), ("cy", "en-GB")])),
        rrule=rrule,
        rdates=tuple(
            wall
            for wall in rdates
            if (first is None or first <= wall.date()) and (final is None or wall.date() <= final)
        ),
        from_=first,
        until=final,
    )
    walls = sorted(Series(shift).walls(starts, starts + timedelta(days=500)))
    if not walls:
        return shift
    changed = draw(st.lists(st.sampled_from(walls), unique=True, max_size=5))
    overrides = tuple(draw(changes(of, shift)) for of in changed[1:])
    return msgspec.structs.replace(shift, exdates=tuple(changed[:1]), overrides=overrides)


@st.composite
def changes(draw: st.DrawFn, of: datetime, shift: Shift) -> Override:
    if draw(st.booleans()):
        return Override(of=of, cancelled=True)
    starts = draw(
        st.none() | st.integers(-300, 300).map(lambda quarters: of + timedelta(minutes=15 * quarters))
    )
    ends = draw(
        st.none() | st.integers(1, 96).map(lambda quarters: (starts or of) + timedelta(minutes=15 * quarters))
    )
    person = draw(st.none() | st.sampled_from(["", *PEOPLE]))
    languages = draw(st.none() | st.sampled_from([(), ("fr",)]))
    if person not in (None, shift.person) and languages is None:
        languages = ()
    return Override(of=of, starts=starts, ends=ends, person=person, languages=languages)


@given(shift=shifts())
def test_any_shift_comes_back_as_it_went_and_other_readers_see_the_same(shift: Shift) -> None:
    assert not shift_mistakes(shift, channels=CHANNELS)
    data = exported(shift)
    plan = brought_back(data)
    assert not plan.not_understood
    since, until = SINCE, SINCE + timedelta(days=700)
    before = [msgspec.structs.replace(one, shift=shift.id) for one in Rota([shift]).occurrences(since, until)]
    assert list(Rota(plan.adds).occurrences(since, until)) == before
    if as_series(shift) is None:
        assert not plan.adds
        return
    (back,) = plan.adds
    happens = {duty.of for duty in before}
    kept = [one for one in plain(shift).overrides if one.cancelled or one.of in happens]
    if len(kept) == len(plain(shift).overrides):
        assert back == plain(shift)
    assert seen_by_icalendar(data, since, until) == on_the_rota([shift], since, until)


@settings(max_examples=200 if PROVING else 4)
@given(several=st.lists(shifts(), min_size=4, max_size=8))
def test_any_rota_is_the_same_in_the_other_program(
    several: list[Shift], tmp_path_factory: pytest.TempPathFactory
) -> None:
    several = [msgspec.structs.replace(shift, id=f"s{place}") for place, shift in enumerate(several)]
    since, until = SINCE, SINCE + timedelta(days=700)
    seen = seen_by_khal(exported(*several), tmp_path_factory.mktemp("khal"), (since, until))
    assert seen == on_the_rota(several, since, until)


def my_events(person: str, *shifts: Shift, **how: str) -> list[icalendar.Event]:
    data = my_calendar(person, Rota(shifts), since=SINCE, until=UNTIL, zone=LONDON, stamp=STAMP, **how)
    return list(icalendar.Calendar.from_ical(data).events)


GIVEN_BACK = msgspec.structs.replace(
    NIGHTS,
    id="aminas-nights",
    rrule="FREQ=DAILY;COUNT=5",
    overrides=(
        Override(of=wall("2026-01-02T22:00"), person="", languages=()),
        Override(of=wall("2026-01-03T22:00"), person="bronwen", languages=("cy",)),
        Override(of=wall("2026-01-04T22:00"), starts=wall("2026-01-04T20:00")),
    ),
)


def test_my_calendar_holds_my_own_nights_moved_ones_where_they_went_and_not_those_given_back() -> None:
    events = my_events("amina", GIVEN_BACK)
    assert [f"{event.start:%d %H:%M}-{event.end:%H:%M}" for event in events] == [
        "01 22:00-06:00",
        "04 20:00-04:00",
        "05 22:00-06:00",
    ]
    assert [f"{event.start:%d %H:%M}" for event in my_events("bronwen", GIVEN_BACK)] == ["03 22:00"]


def test_my_calendar_says_nothing_of_anybody_else_nor_what_the_shifts_are_for() -> None:
    data = my_calendar("bronwen", Rota([GIVEN_BACK]), since=SINCE, until=UNTIL, zone=LONDON, stamp=STAMP)
    text = data.decode().casefold()
    others = ("amina", "bronwen", "supporter", "webchat", "attendee", "x-rota")
    assert not [word for word in others if word in text]
    assert "summary:shift\r\n" in text


def test_my_calendar_names_the_service_only_when_asked_to() -> None:
    (event, *_) = my_events("amina", GIVEN_BACK, service_name="Nightly listening line")
    assert str(event["SUMMARY"]) == "Nightly listening line: Shift"
    (event, *_) = my_events("amina", GIVEN_BACK, summary="Busy")
    assert str(event["SUMMARY"]) == "Busy"


def test_a_moved_night_keeps_its_uid_and_two_peoples_nights_never_share_one() -> None:
    moved = msgspec.structs.replace(GIVEN_BACK, overrides=())
    before = {str(event["UID"]) for event in my_events("amina", moved)}
    after = {str(event["UID"]) for event in my_events("amina", GIVEN_BACK)}
    assert len(before) == 5
    assert after < before
    assert before.isdisjoint(str(event["UID"]) for event in my_events("bronwen", GIVEN_BACK))


def test_the_same_rota_is_the_same_bytes_and_a_later_one_counts_up() -> None:
    def written(stamp: Stamp) -> bytes:
        return my_calendar("amina", Rota([NIGHTS]), since=SINCE, until=UNTIL, zone=LONDON, stamp=stamp)

    assert written(STAMP) == written(STAMP)
    later = icalendar.Calendar.from_ical(written(Stamp(8, STAMP.changed_at + timedelta(days=1))))
    assert {(event["SEQUENCE"], event.DTSTAMP.day) for event in later.events} == {(8, 2)}
    assert b"REFRESH-INTERVAL;VALUE=DURATION:PT1H\r\n" in written(STAMP)


def test_my_calendar_opens_in_the_other_program_with_the_clock_nights_right(tmp_path: Path) -> None:
    since, until = datetime(2026, 3, 28, tzinfo=UTC), datetime(2026, 3, 30, tzinfo=UTC)
    data = my_calendar("amina", Rota([NIGHTS]), since=since, until=until, zone=LONDON, stamp=STAMP)
    seen = seen_by_khal(data, tmp_path, (since, until))
    assert {(what.split("|")[1], starts_at, ends_at) for what, starts_at, ends_at in seen} == {
        ("Shift", datetime(2026, 3, 28, 22, tzinfo=UTC), datetime(2026, 3, 29, 5, tzinfo=UTC)),
        ("Shift", datetime(2026, 3, 29, 21, tzinfo=UTC), datetime(2026, 3, 30, 5, tzinfo=UTC)),
    }
