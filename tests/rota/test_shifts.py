"""Who is on shift: clock changes to the minute, half-hour zones, midnight, and changes to single occurrences."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import msgspec
import pytest

from rota.shifts import OnDuty, Override, Rota, Series, Shift, Slot

DAY = timedelta(days=1)


def wall(text: str) -> datetime:
    return datetime.fromisoformat(text)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def a_shift(starts: str, ends: str, **changes: Any) -> Shift:
    given = {"id": "s1", "zone": "Europe/London", "role": "supporter", "person": "amina"}
    return Shift(**given | {"starts": wall(starts), "ends": wall(ends)} | changes)


def only(rota: Rota, since: str, until: str) -> OnDuty:
    (duty,) = rota.occurrences(utc(since), utc(until))
    return duty


NIGHTS = a_shift("2026-01-01T22:00", "2026-01-02T06:00", rrule="FREQ=DAILY")


@pytest.mark.parametrize(
    ("evening", "starts_at", "ends_at", "hours"),
    [
        ("2026-03-28", "2026-03-28T22:00", "2026-03-29T05:00", 7),
        ("2026-10-24", "2026-10-24T21:00", "2026-10-25T06:00", 9),
        ("2027-03-27", "2027-03-27T22:00", "2027-03-28T05:00", 7),
        ("2027-10-30", "2027-10-30T21:00", "2027-10-31T06:00", 9),
        ("2026-01-15", "2026-01-15T22:00", "2026-01-16T06:00", 8),
        ("2026-07-15", "2026-07-15T21:00", "2026-07-16T05:00", 8),
    ],
)
def test_a_night_shift_follows_the_clock_through_both_changes(
    evening: str, starts_at: str, ends_at: str, hours: int
) -> None:
    rota = Rota([NIGHTS])
    (duty,) = rota.on_duty_at(utc(f"{evening}T23:30"))
    assert (duty.starts_at, duty.ends_at) == (utc(starts_at), utc(ends_at))
    assert duty.ends_at - duty.starts_at == timedelta(hours=hours)
    assert not rota.on_duty_at(duty.starts_at - timedelta(minutes=1))
    assert rota.on_duty_at(duty.starts_at) == (duty,)
    assert rota.on_duty_at(duty.ends_at - timedelta(minutes=1)) == (duty,)
    assert not rota.on_duty_at(duty.ends_at)


def test_a_start_in_the_skipped_hour_moves_forward_by_the_gap() -> None:
    rota = Rota([a_shift("2026-03-29T01:30", "2026-03-29T06:00")])
    assert only(rota, "2026-03-29", "2026-03-30").starts_at == utc("2026-03-29T01:30")


def test_a_start_in_the_repeated_hour_is_its_first_occurrence() -> None:
    rota = Rota([a_shift("2026-10-25T01:30", "2026-10-25T06:00")])
    duty = only(rota, "2026-10-24", "2026-10-26")
    assert (duty.starts_at, duty.ends_at) == (utc("2026-10-25T00:30"), utc("2026-10-25T06:00"))


def test_an_end_in_the_repeated_hour_is_its_first_occurrence_so_hand_overs_meet() -> None:
    before = a_shift("2026-10-24T22:00", "2026-10-25T01:30", id="before")
    after = a_shift("2026-10-25T01:30", "2026-10-25T06:00", id="after", person="bronwen")
    rota = Rota([before, after])
    first, second = rota.occurrences(utc("2026-10-24"), utc("2026-10-26"))
    assert first.ends_at == second.starts_at == utc("2026-10-25T00:30")
    assert [duty.shift for duty in rota.on_duty_at(utc("2026-10-25T00:29:59"))] == ["before"]
    assert [duty.shift for duty in rota.on_duty_at(utc("2026-10-25T01:30"))] == ["after"]


@pytest.mark.parametrize(("starts", "ends"), [("01:00", "02:00"), ("01:30", "02:00"), ("01:30", "02:15")])
def test_a_shift_whose_minutes_are_skipped_does_not_happen_that_night(starts: str, ends: str) -> None:
    rota = Rota([a_shift(f"2026-03-27T{starts}", f"2026-03-27T{ends}", rrule="FREQ=DAILY")])
    happened = [duty.of.date() for duty in rota.occurrences(utc("2026-03-27"), utc("2026-03-31T12:00"))]
    assert happened == [date(2026, 3, day) for day in (27, 28, 30, 31)]


def test_a_rota_in_kolkata_is_half_an_hour_off_and_never_changes() -> None:
    rota = Rota([a_shift("2026-01-01T18:00", "2026-01-01T22:30", zone="Asia/Kolkata", rrule="FREQ=DAILY")])
    for day in ("2026-01-01", "2026-03-29", "2026-10-25"):
        duty = only(rota, f"{day}T13:00", f"{day}T14:00")
        assert (duty.starts_at, duty.ends_at) == (utc(f"{day}T12:30"), utc(f"{day}T17:00"))


@pytest.mark.parametrize(
    ("evening", "starts_at", "ends_at"),
    [
        ("2026-04-04", "2026-04-04T11:00", "2026-04-04T19:30"),  # back by 30 min: 8 h 30
        ("2026-10-03", "2026-10-03T11:30", "2026-10-03T19:00"),  # forward by 30 min: 7 h 30
        ("2026-07-01", "2026-07-01T11:30", "2026-07-01T19:30"),
    ],
)
def test_lord_howe_changes_by_half_an_hour(evening: str, starts_at: str, ends_at: str) -> None:
    nights = a_shift("2026-01-01T22:00", "2026-01-02T06:00", zone="Australia/Lord_Howe", rrule="FREQ=DAILY")
    duty = only(Rota([nights]), f"{evening}T12:00", f"{evening}T13:00")
    assert (duty.starts_at, duty.ends_at) == (utc(starts_at), utc(ends_at))


def test_lord_howe_gaps_and_repeats_of_half_an_hour() -> None:
    gap = a_shift("2026-10-04T02:15", "2026-10-04T06:00", zone="Australia/Lord_Howe")
    repeat = a_shift("2026-04-05T01:45", "2026-04-05T06:00", zone="Australia/Lord_Howe")
    assert only(Rota([gap]), "2026-10-03", "2026-10-05").starts_at == utc("2026-10-03T15:45")
    assert only(Rota([repeat]), "2026-04-04", "2026-04-06").starts_at == utc("2026-04-04T14:45")


def test_a_shift_past_midnight_covers_both_its_days() -> None:
    rota = Rota([a_shift("2026-01-02T18:00", "2026-01-03T02:00", rrule="FREQ=WEEKLY;BYDAY=FR")])
    assert rota.on_duty_at(utc("2026-06-05T23:30")) == rota.on_duty_at(utc("2026-06-06T00:30")) != ()
    assert rota.on_duty_at(utc("2026-06-06T01:00")) == ()
    assert rota.on_duty_at(utc("2026-06-06T17:30")) == ()


def test_exdates_and_rdates_take_out_and_add_starts() -> None:
    shift = a_shift(
        "2026-12-18T18:00",
        "2026-12-18T22:30",
        rrule="FREQ=WEEKLY;COUNT=3",
        exdates=(wall("2026-12-25T18:00"),),
        rdates=(wall("2026-12-27T18:00"), wall("2026-12-18T18:00")),
    )
    starts = [duty.starts_at for duty in Rota([shift]).occurrences(utc("2026-12-01"), utc("2027-03-01"))]
    assert starts == [utc("2026-12-18T18:00"), utc("2026-12-27T18:00"), utc("2027-01-01T18:00")]


def test_a_shift_counts_between_its_effective_dates_inclusive() -> None:
    shift = a_shift(
        "2026-01-01T22:00",
        "2026-01-02T06:00",
        rrule="FREQ=DAILY",
        from_=date(2026, 2, 3),
        until=date(2026, 2, 5),
    )
    days = [duty.of.date().day for duty in Rota([shift]).occurrences(utc("2026-01-01"), utc("2026-03-01"))]
    assert days == [3, 4, 5]


def test_until_is_inclusive_in_utc_in_local_time_and_as_a_date() -> None:
    for until in ("20260703T170000Z", "20260703T180000", "20260703"):
        shift = a_shift("2026-07-01T18:00", "2026-07-01T22:00", rrule=f"FREQ=DAILY;UNTIL={until}")
        duties = Rota([shift]).occurrences(utc("2026-06-01"), utc("2026-08-01"))
        assert [duty.of.day for duty in duties] == [1, 2, 3], until
    shift = a_shift("2026-07-01T18:00", "2026-07-01T22:00", rrule="FREQ=DAILY;UNTIL=20260703T165959Z")
    assert [duty.of.day for duty in Rota([shift]).occurrences(utc("2026-06-01"), utc("2026-08-01"))] == [1, 2]


def test_a_cancelled_occurrence_is_nobodys_and_the_next_stands() -> None:
    cancelled = Override(of=wall("2026-01-02T22:00"), cancelled=True)
    rota = Rota([msgspec.structs.replace(NIGHTS, overrides=(cancelled,))])
    assert not rota.on_duty_at(utc("2026-01-02T23:00"))
    assert rota.on_duty_at(utc("2026-01-03T23:00"))


def test_a_moved_occurrence_leaves_its_old_time_and_keeps_its_name() -> None:
    moved = Override(of=wall("2026-01-02T22:00"), starts=wall("2026-02-20T10:00"))
    longer = Override(of=wall("2026-01-03T22:00"), ends=wall("2026-01-04T08:00"))
    rota = Rota([msgspec.structs.replace(NIGHTS, overrides=(moved, longer))])
    assert not rota.on_duty_at(utc("2026-01-02T23:00"))
    (duty,) = rota.on_duty_at(utc("2026-02-20T17:59"))
    assert (duty.of, duty.ends_at) == (wall("2026-01-02T22:00"), utc("2026-02-20T18:00"))
    assert rota.on_duty_at(utc("2026-01-04T07:59"))


def test_whoever_covers_an_occurrence_does_not_inherit_the_languages_of_another() -> None:
    polish = msgspec.structs.replace(NIGHTS, person="zofia", languages=("pl", "en"), channels=("webchat",))
    covered = Override(of=wall("2026-01-02T22:00"), person="tom")
    spoken = Override(of=wall("2026-01-03T22:00"), person="tom", languages=("cy",))
    rota = Rota([msgspec.structs.replace(polish, overrides=(covered, spoken))])
    on = [rota.on_duty_at(utc(f"2026-01-0{day}T23:00"))[0] for day in (1, 2, 3)]
    assert [(duty.person, duty.languages) for duty in on] == [
        ("zofia", ("pl", "en")),
        ("tom", ()),
        ("tom", ("cy",)),
    ]
    assert {duty.channels for duty in on} == {("webchat",)}


def test_no_languages_means_none() -> None:
    assert Rota([NIGHTS]).on_duty_at(utc("2026-01-01T23:00"))[0].languages == ()


def test_everyone_on_is_named_with_role_by_start_and_then_shift() -> None:
    lead = a_shift("2026-01-01T21:00", "2026-01-02T06:00", id="z", role="lead", person="mair")
    other = a_shift("2026-01-01T22:00", "2026-01-02T06:00", id="a", person="tom")
    on = Rota([NIGHTS, other, lead]).on_duty_at(utc("2026-01-01T23:00"))
    assert [(duty.shift, duty.role, duty.person) for duty in on] == [
        ("z", "lead", "mair"),
        ("a", "supporter", "tom"),
        ("s1", "supporter", "amina"),
    ]


def test_the_next_change_is_the_next_time_somebody_comes_or_goes() -> None:
    rota = Rota([NIGHTS])
    assert rota.next_change_after(utc("2026-03-28T12:00")) == utc("2026-03-28T22:00")
    assert rota.next_change_after(utc("2026-03-28T22:00")) == utc("2026-03-29T05:00")
    assert rota.next_change_after(utc("2026-03-29T04:59:59")) == utc("2026-03-29T05:00")


def test_a_long_shift_is_seen_at_every_hour_of_every_day_it_runs_through() -> None:
    rota = Rota([a_shift("2026-01-01T12:00", "2026-01-02T11:00", rrule="FREQ=DAILY", zone="Asia/Kolkata")])
    begins = utc("2026-01-01T06:30")
    for hour in range(40 * 24):
        instant = begins + timedelta(hours=hour)
        first = begins + timedelta(days=hour // 24)
        ends = first + timedelta(hours=23)
        assert [duty.starts_at for duty in rota.on_duty_at(instant)] == ([first] if instant < ends else [])
        assert rota.next_change_after(instant) == (ends if instant < ends else first + timedelta(days=1))
        later = rota.occurrences(instant, instant + timedelta(seconds=1))
        assert [duty.starts_at for duty in later] == ([first] if instant < ends else [])


def test_a_week_cut_short_at_the_start_of_a_rule_is_not_cut_short_again_later() -> None:
    # Begun on a Tuesday, that week's first two of Monday, Tuesday and Friday are Tuesday and Friday.
    shift = a_shift("2026-01-06T18:00", "2026-01-06T22:00", rrule="FREQ=WEEKLY;BYDAY=MO,TU,FR;BYSETPOS=1,2")
    duties = Rota([shift]).occurrences(utc("2026-01-01"), utc("2026-06-01"))
    days = [f"{duty.of:%a}" for duty in duties]
    assert days[:2] == ["Tue", "Fri"]
    assert set(days[2::2]) == {"Mon"}
    assert set(days[3::2]) == {"Tue"}


def test_nothing_changes_on_an_empty_rota_or_beyond_a_year() -> None:
    assert Rota([]).next_change_after(utc("2026-01-01")) is None
    assert Rota([]).on_duty_at(utc("2026-01-01")) == ()
    once = Rota([a_shift("2026-06-01T18:00", "2026-06-01T22:00")])
    assert once.next_change_after(utc("2026-06-02")) is None
    assert once.next_change_after(utc("2025-05-31T17:00")) == utc("2026-06-01T17:00")
    assert once.next_change_after(utc("2025-05-31T16:59:59")) is None


def test_an_instant_is_the_same_in_any_zone_and_must_have_one() -> None:
    rota = Rota([NIGHTS])
    assert rota.on_duty_at(datetime.fromisoformat("2026-03-29T00:30+05:30")) == ()
    assert rota.on_duty_at(datetime.fromisoformat("2026-03-29T09:30+05:30")) != ()
    for ask in (rota.on_duty_at, rota.next_change_after):
        with pytest.raises(ValueError, match="no offset"):
            ask(wall("2026-03-29T00:30"))


def test_answers_stay_the_same_when_more_days_are_asked_about_than_are_kept() -> None:
    rota = Rota([NIGHTS])
    first = rota.on_duty_at(utc("2026-01-01T23:00"))
    for day in range(450):
        assert len(rota.on_duty_at(utc("2026-01-01T23:00") + timedelta(days=day))) == 1
    assert rota.on_duty_at(utc("2026-01-01T23:00")) == first


def test_a_shift_keeps_its_meaning_through_json() -> None:
    shift = msgspec.structs.replace(
        NIGHTS,
        from_=date(2026, 1, 1),
        exdates=(wall("2026-01-05T22:00"),),
        overrides=(Override(of=wall("2026-01-02T22:00"), person="tom", languages=()),),
    )
    assert msgspec.json.decode(msgspec.json.encode(shift), type=Shift) == shift


@pytest.mark.parametrize(
    ("zone", "evening", "starts_at", "ends_at"),
    [
        # Iran stopped changing its clocks after 2022: the same night of the next year is an hour longer.
        ("Asia/Tehran", "2022-03-21", "2022-03-21T18:30", "2022-03-22T01:30"),
        ("Asia/Tehran", "2023-03-21", "2023-03-21T18:30", "2023-03-22T02:30"),
        ("Asia/Tehran", "2022-07-01", "2022-07-01T17:30", "2022-07-02T01:30"),
        ("Asia/Tehran", "2023-07-01", "2023-07-01T18:30", "2023-07-02T02:30"),
        # So did Mexico.
        ("America/Mexico_City", "2022-07-01", "2022-07-02T03:00", "2022-07-02T11:00"),
        ("America/Mexico_City", "2023-07-01", "2023-07-02T04:00", "2023-07-02T12:00"),
        # Morocco goes back for Ramadan and forward after it, which is early in the year in 2026 and earlier in 2027.
        ("Africa/Casablanca", "2026-02-14", "2026-02-14T21:00", "2026-02-15T06:00"),
        ("Africa/Casablanca", "2026-03-21", "2026-03-21T22:00", "2026-03-22T05:00"),
        ("Africa/Casablanca", "2027-02-14", "2027-02-14T22:00", "2027-02-15T06:00"),
    ],
)
def test_a_night_follows_rules_that_change_from_one_year_to_the_next(
    zone: str, evening: str, starts_at: str, ends_at: str
) -> None:
    nights = a_shift("2021-01-01T22:00", "2021-01-02T06:00", zone=zone, rrule="FREQ=DAILY")
    (duty,) = [
        duty
        for duty in Rota([nights]).occurrences(utc(f"{evening}T12:00"), utc(f"{evening}T12:00") + DAY)
        if duty.of == wall(f"{evening}T22:00")
    ]
    assert (duty.starts_at, duty.ends_at) == (utc(starts_at), utc(ends_at))


def test_a_repeating_shift_that_starts_in_the_repeated_hour_starts_at_the_first() -> None:
    rota = Rota([a_shift("2026-10-23T01:30", "2026-10-23T05:30", rrule="FREQ=DAILY")])
    spans = [
        (duty.starts_at, duty.ends_at) for duty in rota.occurrences(utc("2026-10-23"), utc("2026-10-27"))
    ]
    assert spans == [
        (utc("2026-10-23T00:30"), utc("2026-10-23T04:30")),
        (utc("2026-10-24T00:30"), utc("2026-10-24T04:30")),
        (utc("2026-10-25T00:30"), utc("2026-10-25T05:30")),
        (utc("2026-10-26T01:30"), utc("2026-10-26T05:30")),
    ]
    assert rota.on_duty_at(utc("2026-10-25T01:30")) == rota.on_duty_at(utc("2026-10-25T00:30")) != ()


def test_a_free_shift_is_told_as_an_occurrence_but_nobody_is_on() -> None:
    rota = Rota([a_shift("2026-01-01T18:00", "2026-01-01T22:00", person="")])
    duty = only(rota, "2026-01-01", "2026-01-02")
    assert duty.free
    assert rota.on_duty_at(utc("2026-01-01T19:00")) == ()
    assert rota.next_change_after(utc("2026-01-01")) is None


def test_a_night_given_back_is_free_and_has_no_languages_left() -> None:
    given_back = Override(of=wall("2026-01-02T22:00"), person="")
    rota = Rota([msgspec.structs.replace(NIGHTS, languages=("pl",), overrides=(given_back,))])
    assert rota.on_duty_at(utc("2026-01-02T23:00")) == ()
    duty = only(rota, "2026-01-02T22:00", "2026-01-02T23:00")
    assert (duty.person, duty.languages, duty.of) == ("", (), wall("2026-01-02T22:00"))
    assert rota.next_change_after(utc("2026-01-02T06:00")) == utc("2026-01-03T22:00")


def test_a_free_night_that_somebody_takes_is_theirs_alone() -> None:
    taken = Override(of=wall("2026-01-02T22:00"), person="tom", languages=("en",))
    rota = Rota([msgspec.structs.replace(NIGHTS, person="", overrides=(taken,))])
    assert [duty.person for duty in rota.on_duty_at(utc("2026-01-02T23:00"))] == ["tom"]
    assert rota.on_duty_at(utc("2026-01-03T23:00")) == ()


def test_an_occurrence_is_named_by_its_slot_wherever_it_is_moved() -> None:
    slot = Slot("s1", wall("2026-11-23T22:00"))
    assert str(slot) == "s1@2026-11-23T22:00"
    moved = Override(of=slot.of, starts=wall("2026-11-25T10:00"))
    gone = Override(of=wall("2026-11-24T22:00"), cancelled=True)
    rota = Rota([msgspec.structs.replace(NIGHTS, overrides=(moved, gone))])
    duty = rota.occurrence(slot)
    assert duty is not None
    assert (duty.slot, duty.starts_at) == (slot, utc("2026-11-25T10:00"))
    assert rota.occurrence(Slot("s1", gone.of)) is None
    assert rota.occurrence(Slot("s1", wall("2026-11-23T21:00"))) is None
    assert rota.occurrence(Slot("s2", slot.of)) is None


@pytest.mark.parametrize("name", ["s1", "a@b", "night shift @ home"])
@pytest.mark.parametrize("of", ["2026-11-23T18:00", "2026-11-23T18:00:30"])
def test_a_slot_reads_back_as_it_was_written(name: str, of: str) -> None:
    slot = Slot(name, wall(of))
    assert str(slot) == f"{name}@{of}"
    assert Slot.parse(str(slot)) == slot


@pytest.mark.parametrize(
    "text",
    ["", "s1", "@2026-11-23T18:00", "s1@", "s1@2026-11-23", "s1@2026-11-23T18:00Z", "s1@2026-13-01T18:00"],
)
def test_what_names_no_occurrence_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        Slot.parse(text)


def test_a_changed_rota_answers_anew_and_the_one_before_it_as_before() -> None:
    other = a_shift("2026-01-01T22:00", "2026-01-02T06:00", id="s2", person="tom", rrule="FREQ=DAILY")
    before = Rota([NIGHTS, other])
    at = utc("2026-03-01T23:00")
    assert [duty.person for duty in before.on_duty_at(at)] == ["amina", "tom"]
    after = before.changed([msgspec.structs.replace(NIGHTS, person="zofia")], gone=["s2", "never there"])
    assert [duty.person for duty in after.on_duty_at(at)] == ["zofia"]
    assert after.shifts == (msgspec.structs.replace(NIGHTS, person="zofia"),)
    assert [duty.person for duty in before.on_duty_at(at)] == ["amina", "tom"]
    again = after.changed([other])
    assert [duty.person for duty in again.on_duty_at(at)] == ["zofia", "tom"]


def test_an_edit_expands_only_what_it_touches(monkeypatch: pytest.MonkeyPatch) -> None:
    rota = Rota([msgspec.structs.replace(NIGHTS, id=f"s{number}") for number in range(50)])
    at = utc("2026-03-01T23:00")
    rota.on_duty_at(at)
    expanded: list[str] = []
    starting = Series.starting

    def counted(series: Series, since: datetime, until: datetime) -> Iterator[OnDuty]:
        expanded.append(series.shift.id)
        return starting(series, since, until)

    monkeypatch.setattr(Series, "starting", counted)
    edited = rota.changed([msgspec.structs.replace(NIGHTS, id="s7", person="tom")])
    assert [duty.person for duty in edited.on_duty_at(at) if duty.shift == "s7"] == ["tom"]
    assert set(expanded) == {"s7"}


def test_a_change_to_a_start_that_is_none_by_rule_brings_no_occurrence() -> None:
    never = Override(of=wall("2026-01-05T21:00"), starts=wall("2026-01-05T12:00"), person="tom")
    taken_out = Override(of=wall("2026-01-06T22:00"), person="tom")
    shift = msgspec.structs.replace(NIGHTS, exdates=(taken_out.of,), overrides=(never, taken_out))
    duties = Rota([shift]).occurrences(utc("2026-01-05T12:00"), utc("2026-01-07T12:00"))
    assert [duty.of for duty in duties] == [wall("2026-01-05T22:00")]
