"""Opening hours: midnight, clock changes, bank holidays by nation, special days and closures."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from rota.hours import Hours, OpeningHours, UnknownChannel
from rota.hours_entry import read_hours

CHANNELS = ("webchat", "sms", "call")
EVENINGS = {"every_day": ["18:00-22:30"]}


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def hours_of(week: object = None, **changes: Any) -> OpeningHours:
    """Webchat with this week (evenings unless given); `on_holidays` is webchat's, other settings are the service's."""
    webchat: dict[str, Any] = {"week": EVENINGS if week is None else week}
    if "on_holidays" in changes:
        webchat["on_holidays"] = changes.pop("on_holidays")
    raw = {"zone": "Europe/London", "channels": {"webchat": webchat}} | changes
    hours = read_hours(raw, channels=CHANNELS)
    assert isinstance(hours, OpeningHours), [str(mistake) for mistake in hours]
    return hours


def opens_and_closes(hours: OpeningHours, since: str, until: str) -> list[tuple[datetime, datetime]]:
    return [(span.opens_at, span.closes_at) for span in hours.spans(utc(since), utc(until))]


def test_the_evening_service_opens_at_six_on_the_local_clock_all_year() -> None:
    hours = hours_of()
    assert not hours.is_open("webchat", utc("2026-01-15T17:59:59"))
    assert hours.is_open("webchat", utc("2026-01-15T18:00"))
    assert hours.closes_at("webchat", utc("2026-01-15T18:00")) == utc("2026-01-15T22:30")
    assert not hours.is_open("webchat", utc("2026-01-15T22:30"))
    assert hours.next_opening("webchat", utc("2026-01-15T22:30")) == utc("2026-01-16T18:00")
    assert hours.next_opening("webchat", utc("2026-07-15T12:00")) == utc("2026-07-15T17:00")


def test_friday_until_two_is_all_fridays() -> None:
    hours = hours_of({"fri": ["18:00-02:00"]})
    assert hours.is_open("webchat", utc("2026-06-06T00:30"))
    assert hours.closes_at("webchat", utc("2026-06-05T20:00")) == utc("2026-06-06T01:00")
    assert not hours.is_open("webchat", utc("2026-06-06T01:00"))
    assert not hours.is_open("webchat", utc("2026-06-05T00:30"))


@pytest.mark.parametrize(
    ("evening", "opens_at", "closes_at"),
    [
        ("2026-03-28", "2026-03-28T22:00", "2026-03-29T05:00"),
        ("2026-10-24", "2026-10-24T21:00", "2026-10-25T06:00"),
        ("2027-03-27", "2027-03-27T22:00", "2027-03-28T05:00"),
        ("2027-10-30", "2027-10-30T21:00", "2027-10-31T06:00"),
    ],
)
def test_a_night_is_an_hour_shorter_or_longer_when_clocks_change(
    evening: str, opens_at: str, closes_at: str
) -> None:
    hours = hours_of({"every_day": ["22:00-06:00"]})
    assert hours.next_opening("webchat", utc(f"{evening}T12:00")) == utc(opens_at)
    assert hours.closes_at("webchat", utc(f"{evening}T23:00")) == utc(closes_at)


def test_a_door_closes_once_in_the_repeated_hour_and_opens_at_its_first() -> None:
    closing = hours_of({"sat": ["18:00-01:30"]})
    assert opens_and_closes(closing, "2026-10-24T12:00", "2026-10-25T12:00") == [
        (utc("2026-10-24T17:00"), utc("2026-10-25T00:30"))
    ]
    opening = hours_of({"sun": ["01:30-05:00"]})
    assert opening.next_opening("webchat", utc("2026-10-24T12:00")) == utc("2026-10-25T00:30")


def test_an_opening_in_the_skipped_hour_moves_forward_and_one_wholly_in_it_does_not_happen() -> None:
    hours = hours_of({"sun": ["01:30-05:00"]})
    assert hours.next_opening("webchat", utc("2026-03-28T12:00")) == utc("2026-03-29T01:30")
    skipped = hours_of({"sun": ["01:00-02:00"]})
    assert skipped.next_opening("webchat", utc("2026-03-28T12:00")) == utc("2026-04-05T00:00")


def test_hours_in_lord_howe_follow_its_half_hour_change() -> None:
    hours = hours_of({"every_day": ["22:00-06:00"]}, zone="Australia/Lord_Howe")
    assert hours.closes_at("webchat", utc("2026-04-04T12:00")) == utc("2026-04-04T19:30")
    assert hours.closes_at("webchat", utc("2026-10-03T12:00")) == utc("2026-10-03T19:00")


def test_always_has_no_boundary_at_midnight_and_never_closes() -> None:
    hours = hours_of("always")
    since, until = utc("2026-03-01T03:00"), utc("2026-11-01T03:00")
    assert opens_and_closes(hours, "2026-03-01T03:00", "2026-11-01T03:00") == [(since, until)]
    assert hours.closes_at("webchat", since) is None
    assert hours.next_opening("webchat", since) == since


def test_spans_that_meet_at_midnight_are_one() -> None:
    hours = hours_of({"mon": ["18:00-24:00"], "tue": ["00:00-02:00", "02:00-03:00"]})
    assert opens_and_closes(hours, "2026-01-05T00:00", "2026-01-07T00:00") == [
        (utc("2026-01-05T18:00"), utc("2026-01-06T03:00"))
    ]


def test_always_but_closed_on_christmas_closes_at_local_midnight() -> None:
    hours = hours_of("always", country="GB", region="ENG", on_holidays="closed")
    assert hours.closes_at("webchat", utc("2026-12-24T12:00")) == utc("2026-12-25T00:00")
    # 25 December 2026 is a Friday, and Boxing Day's substitute is the Monday.
    assert hours.next_opening("webchat", utc("2026-12-25T12:00")) == utc("2026-12-27T00:00")
    assert hours.closes_at("webchat", utc("2026-12-27T00:00")) == utc("2026-12-28T00:00")


@pytest.mark.parametrize(
    ("day", "england", "scotland", "wales", "northern_ireland"),
    [
        ("2026-01-01", False, False, False, False),
        ("2026-01-02", True, False, True, True),  # 2nd January
        ("2026-03-17", True, True, True, False),  # St Patrick's Day
        ("2026-04-06", False, True, False, False),  # Easter Monday
        ("2026-08-03", True, False, True, True),  # Scotland's summer bank holiday
        ("2026-08-31", False, True, False, False),
        ("2026-11-30", True, False, True, True),  # St Andrew's Day
        ("2026-12-25", False, False, False, False),
        ("2026-03-02", True, True, True, True),  # the Monday after St David's Day is a day like any other
    ],
)
def test_each_nation_closes_on_its_own_bank_holidays(
    day: str, england: bool, scotland: bool, wales: bool, northern_ireland: bool
) -> None:
    opened = [
        hours_of(country="GB", region=region, on_holidays="closed").is_open("webchat", utc(f"{day}T19:00"))
        for region in ("ENG", "SCT", "WLS", "NIR")
    ]
    assert opened == [england, scotland, wales, northern_ireland]


def test_a_holiday_may_be_as_usual_or_have_hours_of_its_own() -> None:
    christmas = utc("2026-12-25T19:00")
    assert hours_of(country="GB").is_open("webchat", christmas)
    special = hours_of(country="GB", region="ENG", on_holidays=["12:00-16:00"])
    assert not special.is_open("webchat", christmas)
    assert special.next_opening("webchat", utc("2026-12-24T23:00")) == utc("2026-12-25T12:00")
    assert special.closes_at("webchat", utc("2026-12-25T12:00")) == utc("2026-12-25T16:00")


def test_a_special_day_goes_before_a_holiday_and_a_channels_own_before_everybodys() -> None:
    hours = hours_of(
        country="GB",
        region="ENG",
        channels={name: {"week": EVENINGS, "on_holidays": "closed"} for name in ("webchat", "sms")},
        special_days=[
            {"date": "2026-12-25", "hours": ["10:00-23:00"], "why": "Christmas, all day"},
            {"date": "2026-12-25", "channel": "sms", "hours": [], "why": "no texts at Christmas"},
            {"date": "2026-06-10", "hours": [], "why": "training"},
        ],
    )
    assert hours.is_open("webchat", utc("2026-12-25T10:00"))
    assert not hours.is_open("sms", utc("2026-12-25T19:00"))
    assert not hours.is_open("sms", utc("2026-06-10T18:00"))
    assert hours.reason("sms", utc("2026-12-25T19:00")) == "no texts at Christmas"
    assert hours.reason("webchat", utc("2026-06-10T18:00")) == "training"
    assert hours.reason("webchat", utc("2026-12-28T18:00")) == "Boxing Day (observed)"
    assert hours.reason("webchat", utc("2026-06-11T18:00")) is None


def test_a_holiday_is_named_in_its_countrys_language_whatever_the_machine_speaks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("LANGUAGE", "en_US")
    hours = hours_of(country="PL", on_holidays="closed", zone="Europe/Warsaw")
    assert hours.reason("webchat", utc("2026-11-11T19:00")) == "Narodowe Święto Niepodległości"


def test_a_closed_saturday_leaves_fridays_late_hours_alone() -> None:
    hours = hours_of(
        {"fri": ["18:00-02:00"], "sat": ["18:00-02:00"]},
        special_days=[{"date": "2026-06-06", "hours": [], "why": "moving house"}],
    )
    assert hours.is_open("webchat", utc("2026-06-06T00:30"))
    assert hours.next_opening("webchat", utc("2026-06-06T01:00")) == utc("2026-06-12T17:00")


def test_a_closure_shuts_the_door_from_now_until_it_is_over() -> None:
    closure = {
        "channel": "webchat",
        "from": "2026-01-15T20:00:00Z",
        "until": "2026-01-15T21:00:00Z",
        "why": "busy",
    }
    hours = hours_of(closures=[closure])
    assert opens_and_closes(hours, "2026-01-15T12:00", "2026-01-16T12:00") == [
        (utc("2026-01-15T18:00"), utc("2026-01-15T20:00")),
        (utc("2026-01-15T21:00"), utc("2026-01-15T22:30")),
    ]
    assert hours.closes_at("webchat", utc("2026-01-15T19:00")) == utc("2026-01-15T20:00")
    assert hours.next_opening("webchat", utc("2026-01-15T20:00")) == utc("2026-01-15T21:00")
    assert hours.reason("webchat", utc("2026-01-15T20:30")) == "busy"
    assert hours.reason("webchat", utc("2026-01-15T21:00")) is None


def test_a_closure_without_an_end_stands_until_it_is_taken_back() -> None:
    hours = hours_of(closures=[{"from": "2026-01-15T20:00:00Z", "why": "nobody can come"}])
    assert hours.next_opening("webchat", utc("2026-01-15T20:00")) is None
    reopened = OpeningHours(msgspec.structs.replace(hours.hours, closures=()))
    assert reopened.is_open("webchat", utc("2026-01-15T20:00"))


def test_a_closure_of_one_channel_leaves_the_others_open() -> None:
    both = {name: {"week": "always"} for name in ("webchat", "sms")}
    hours = hours_of(
        channels=both, closures=[{"channel": "sms", "from": "2026-01-15T20:00:00Z", "why": "carrier down"}]
    )
    assert not hours.is_open("sms", utc("2026-01-15T20:00"))
    assert hours.is_open("webchat", utc("2026-01-15T20:00"))
    spans = hours.spans(utc("2026-01-15T19:00"), utc("2026-01-15T21:00"))
    assert [(span.channel, span.closes_at) for span in spans] == [
        ("sms", utc("2026-01-15T20:00")),
        ("webchat", utc("2026-01-15T21:00")),
    ]


def test_no_hours_within_a_year_is_no_next_opening() -> None:
    hours = hours_of({}, special_days=[{"date": "2027-01-02", "hours": ["12:00-13:00"], "why": "open day"}])
    assert hours.next_opening("webchat", utc("2026-01-01T11:59")) is None
    assert hours.next_opening("webchat", utc("2026-01-01T12:01")) == utc("2027-01-02T12:00")


@pytest.mark.parametrize("days", [1, 13, 14, 15, 28, 365])
def test_a_long_opening_closes_exactly_when_it_ends(days: int) -> None:
    begins = utc("2026-01-01T00:00")
    ends = begins + timedelta(days=days)
    hours = hours_of("always", closures=[{"from": ends, "why": "the end"}])
    assert hours.closes_at("webchat", begins) == ends
    assert hours.closes_at("webchat", ends) is None


def test_a_channel_without_hours_and_an_instant_without_a_zone_are_errors() -> None:
    hours = hours_of()
    with pytest.raises(UnknownChannel, match="no hours for “sms”: there are hours for webchat"):
        hours.is_open("sms", utc("2026-01-01T00:00"))
    with pytest.raises(ValueError, match="no offset"):
        hours.is_open("webchat", datetime.fromisoformat("2026-01-01T00:00"))


def test_hours_keep_their_meaning_through_json() -> None:
    hours = hours_of(
        country="GB",
        on_holidays=["12:00-16:00"],
        special_days=[{"date": "2026-12-25", "hours": [], "why": "Christmas"}],
        closures=[{"from": "2026-01-15T20:00:00Z", "why": "busy"}],
    ).hours
    assert msgspec.json.decode(msgspec.json.encode(hours), type=Hours) == hours
