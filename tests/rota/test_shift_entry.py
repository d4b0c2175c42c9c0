"""What is typed into the rota: every mistake at once, named and mendable, in bounded time whatever is typed."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from rota import shift_entry
from rota.mistakes import Mistake
from rota.shift_entry import read_rota, read_shift, shift_mistakes
from rota.shifts import Override, Rota, Series, Shift

CHANNELS = ("webchat", "sms", "call")
FRIDAY_NIGHTS: dict[str, Any] = {
    "id": "friday-night",
    "zone": "Europe/London",
    "starts": "2026-01-02T22:00:00",
    "ends": "2026-01-03T06:00:00",
    "rrule": "FREQ=WEEKLY;BYDAY=FR",
    "role": "supporter",
    "person": "amina",
    "channels": ["webchat", "sms"],
    "languages": ["en", "ur"],
}


def mistakes_in(**changes: Any) -> list[Mistake]:
    found = read_shift(FRIDAY_NIGHTS | changes, channels=CHANNELS)
    return found if isinstance(found, list) else []


def only_mistake(**changes: Any) -> Mistake:
    (mistake,) = mistakes_in(**changes)
    return mistake


def test_a_sound_shift_is_read_as_it_was_written() -> None:
    shift = read_shift(FRIDAY_NIGHTS | {"from": "2026-02-01", "until": "2026-12-31"}, channels=CHANNELS)
    assert isinstance(shift, Shift)
    assert (shift.person, shift.role, shift.languages) == ("amina", "supporter", ("en", "ur"))
    assert (str(shift.from_), str(shift.until)) == ("2026-02-01", "2026-12-31")
    assert shift_mistakes(shift, channels=CHANNELS) == []


def test_all_mistakes_are_told_at_once_each_with_its_place() -> None:
    found = mistakes_in(
        zone="Europe/Lodnon",
        ends="2026-01-02T21:00:00",
        rrule="FREQ=SECONDLY",
        channels=["wbchat", "sms"],
        languages=["english please"],
        role="boss",
        exdates=["Christmas"],
        perosn="amina",
    )
    assert {mistake.where for mistake in found} == {
        "shift.zone",
        "shift.ends",
        "shift.rrule",
        "shift.channels[0]",
        "shift.languages[0]",
        "shift.role",
        "shift.exdates",
        "shift.perosn",
    }
    assert all(mistake.what and mistake.mend for mistake in found)


@pytest.mark.parametrize(
    ("zone", "meant"),
    [("Europe/Lodnon", "Europe/London"), ("europe/london", "Europe/London"), ("London", "Europe/London")],
)
def test_an_unknown_zone_comes_with_the_nearest_ones(zone: str, meant: str) -> None:
    assert meant in only_mistake(zone=zone).mend


@pytest.mark.parametrize("zone", ["../../etc/passwd", "", "localtime", "x" * 10_000])
def test_a_zone_that_is_no_place_is_refused(zone: str) -> None:
    assert only_mistake(zone=zone).where == "shift.zone"


def test_an_unknown_channel_or_field_comes_with_the_nearest_one() -> None:
    assert "webchat" in only_mistake(channels=["webcat"]).mend
    assert only_mistake(langauges=["en"]).mend == "did you mean languages?"


def test_missing_fields_are_each_named() -> None:
    found = read_shift({"zone": "Europe/London"}, channels=CHANNELS, where="shifts[4]")
    assert isinstance(found, list)
    missing = {mistake.where for mistake in found}
    assert missing == {f"shifts[4].{name}" for name in ("id", "starts", "ends", "role")}


@pytest.mark.parametrize("raw", [None, 3, "shift", [], [FRIDAY_NIGHTS]])
def test_what_is_not_a_table_is_told_so(raw: object) -> None:
    found = read_shift(raw, channels=CHANNELS)
    assert isinstance(found, list)
    assert [mistake.where for mistake in found] == ["shift"]


def test_an_end_before_the_start_or_past_a_day_is_refused() -> None:
    assert only_mistake(ends="2026-01-02T06:00:00").what == "is not after the start"
    assert only_mistake(ends="2026-01-02T22:00:00").what == "is not after the start"
    assert only_mistake(ends="2026-01-03T22:00:01").what == "is more than 24 hours after the start"
    assert mistakes_in(ends="2026-01-03T22:00:00") == []


@pytest.mark.parametrize(
    "starts", ["2026-01-02T22:00:00Z", "2026-01-02T22:00:00.5", "1969-12-26T22:00:00", "9999-12-31T22:00:00"]
)
def test_times_are_whole_seconds_on_the_local_clock_in_living_memory(starts: str) -> None:
    assert "shift.starts" in {mistake.where for mistake in mistakes_in(starts=starts, rrule=None)}


@pytest.mark.parametrize(
    ("rule", "what"),
    [
        ("FREQ=SECONDLY", "repeats SECONDLY"),
        ("FREQ=MINUTELY;INTERVAL=15", "repeats MINUTELY"),
        ("FREQ=HOURLY;COUNT=3", "repeats HOURLY"),
        ("FREQ=DAILY;BYSECOND=0,1,2", "BYSECOND is not taken"),
        ("FREQ=DAILY;BYHOUR=1,2,3;BYMINUTE=1", "BYHOUR is not taken"),
        ("FREQ=DAILY;INTERVAL=0", "INTERVAL=0 cannot be read"),
        ("FREQ=DAILY;INTERVAL=-1", "INTERVAL=-1 cannot be read"),
        ("FREQ=DAILY;INTERVAL=99999999999999999999", "cannot be read"),
        ("FREQ=DAILY;COUNT=0", "COUNT=0 cannot be read"),
        ("FREQ=WEEKLY;BYDAY=XX", "BYDAY=XX cannot be read"),
        ("FREQ=WEEKLY;BYDAY=2FR", "BYDAY has numbered days"),
        ("FREQ=WEEKLY;BYMONTHDAY=2", "BYMONTHDAY may not be used with FREQ=WEEKLY"),
        ("FREQ=DAILY;BYYEARDAY=2", "BYYEARDAY may not be used with FREQ=DAILY"),
        ("FREQ=MONTHLY;BYWEEKNO=1", "BYWEEKNO may not be used with FREQ=MONTHLY"),
        ("FREQ=MONTHLY;BYMONTH=13", "BYMONTH=13 cannot be read"),
        ("FREQ=WEEKLY;BYSETPOS=1", "BYSETPOS stands alone"),
        ("FREQ=WEEKLY;COUNT=2;UNTIL=20260201T000000Z", "has both COUNT and UNTIL"),
        ("FREQ=WEEKLY;UNTIL=soon", "UNTIL=SOON cannot be read"),
        ("FREQ=WEEKLY;UNTIL=20261341", "UNTIL=20261341 cannot be read"),
        ("FREQ=WEEKLY;UNTIL=20251231T000000Z", "ends before the first start"),
        ("FREQ=WEEKLY;FREQ=DAILY", "FREQ is given more than once"),
        ("FREQ=WEEKLY;BYDAYS=FR", "“BYDAYS” is not a part of a rule"),
        ("FREQ=WEEKLY\nEXRULE:FREQ=DAILY", "cannot be read"),
        ("RRULE:FREQ=WEEKLY", "is not a part of a rule"),
        ("BYDAY=FR", "has no FREQ"),
        ("every Friday", "is not a part of a rule"),
        ("", "is not a part of a rule"),
        ("FREQ=DAILY;" + "BYMONTH=1;" * 1_000, "is longer than 500 characters"),
        ("FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30", "never comes round"),
        ("FREQ=DAILY;INTERVAL=7;BYDAY=MO", "never comes round"),
        ("FREQ=YEARLY;BYWEEKNO=53;BYMONTH=6", "never comes round"),
        ("FREQ=WEEKLY;BYDAY=SA", "does not fall on the first start"),
    ],
)
@pytest.mark.timeout(20)  # some of these, believed, would be expanded for ever
def test_a_rule_that_is_wrong_or_absurd_is_refused_soon_and_in_words(rule: str, what: str) -> None:
    found = mistakes_in(rrule=rule)
    assert any(what in mistake.what for mistake in found), found
    assert {mistake.where for mistake in found} == {"shift.rrule"}


def test_a_rule_off_its_first_start_names_the_start_it_would_have() -> None:
    assert "2026-01-03T22:00:00" in only_mistake(rrule="FREQ=WEEKLY;BYDAY=SA").mend


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=DAILY",
        "freq=weekly;byday=fr,sa",
        "FREQ=WEEKLY;INTERVAL=2;WKST=SU;COUNT=10",
        "FREQ=MONTHLY;BYDAY=1FR",
        "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=2",
        "FREQ=YEARLY;UNTIL=20400101T000000Z",
    ],
)
def test_rules_people_use_are_taken(rule: str) -> None:
    assert mistakes_in(rrule=rule) == []


def test_a_change_to_a_start_the_shift_does_not_have_is_told_with_the_nearest() -> None:
    mistake = only_mistake(exdates=["2026-12-25T18:00:00"])
    assert (mistake.where, "2026-12-25T22:00:00" in mistake.mend) == ("shift.exdates[0]", True)
    mistake = only_mistake(overrides=[{"of": "2026-12-24T22:00:00", "cancelled": True}])
    assert (mistake.where, "2026-12-25T22:00:00" in mistake.mend) == ("shift.overrides[0].of", True)
    mistake = only_mistake(
        exdates=["2026-12-25T22:00:00"], overrides=[{"of": "2026-12-25T22:00:00", "cancelled": True}]
    )
    assert mistake.where == "shift.overrides[0].of"


def test_overrides_are_read_and_their_mistakes_told_in_place() -> None:
    found = mistakes_in(
        overrides=[
            {"of": "2026-01-09T22:00:00", "person": "tom"},
            {"of": "2026-01-16T22:00:00", "ends": "2026-01-16T20:00:00"},
            {"of": "2026-01-16T22:00:00", "cancled": True},
            {"starts": "2026-01-16T22:00:00"},
            "cancel Friday",
        ]
    )
    assert {mistake.where for mistake in found} == {
        "shift.overrides[0].languages",
        "shift.overrides[1].ends",
        "shift.overrides[2].cancled",
        "shift.overrides[3].of",
        "shift.overrides[4]",
    }
    twice = {"of": "2026-01-09T22:00:00", "cancelled": True}
    assert only_mistake(overrides=[twice, twice]).what == "is overridden more than once"
    shift = read_shift(FRIDAY_NIGHTS | {"overrides": [twice]}, channels=CHANNELS)
    assert isinstance(shift, Shift)
    assert shift.overrides == (Override(of=shift.overrides[0].of, cancelled=True),)


def test_more_changes_than_anybody_makes_are_refused() -> None:
    found = mistakes_in(rdates=["2026-01-09T22:00:00"] * 1_001)
    assert [mistake.where for mistake in found] == ["shift.rdates"]


def test_effective_dates_the_wrong_way_round_are_refused() -> None:
    assert only_mistake(**{"from": "2026-05-01", "until": "2026-04-30"}).where == "shift.until"
    assert only_mistake(until="9999-12-31").where == "shift.until"


def test_a_rota_is_read_whole_or_with_the_mistakes_of_every_shift() -> None:
    saturday = FRIDAY_NIGHTS | {"id": "saturday", "rrule": None}
    rota = read_rota([FRIDAY_NIGHTS, saturday], channels=CHANNELS)
    assert isinstance(rota, Rota)
    assert [shift.id for shift in rota.shifts] == ["friday-night", "saturday"]
    found = read_rota(
        [FRIDAY_NIGHTS, saturday | {"zone": "Mars"}, FRIDAY_NIGHTS, FRIDAY_NIGHTS | {"person": 7}],
        channels=CHANNELS,
    )
    assert isinstance(found, list)
    assert [mistake.where for mistake in found] == ["shifts[1].zone", "shifts[2].id", "shifts[3].person"]
    assert str(found[1]).startswith("shifts[2].id: “friday-night” is also the id of shifts[0]; ")
    not_a_list = read_rota("mine", channels=CHANNELS)
    assert isinstance(not_a_list, list)
    assert not_a_list[0].what == "is not a list"


def test_a_shift_that_nobody_has_yet_leaves_the_person_out() -> None:
    shift = read_shift({k: v for k, v in FRIDAY_NIGHTS.items() if k != "person"}, channels=CHANNELS)
    assert isinstance(shift, Shift)
    assert shift.person == ""
    assert shift_mistakes(shift, channels=CHANNELS) == []


def test_a_night_given_back_needs_no_languages_and_one_taken_does() -> None:
    free = FRIDAY_NIGHTS | {"person": ""}
    given_back = read_shift(
        FRIDAY_NIGHTS | {"overrides": [{"of": "2026-01-09T22:00:00", "person": ""}]}, channels=CHANNELS
    )
    assert isinstance(given_back, Shift)
    assert given_back.overrides[0].person == ""
    taken = read_shift(
        free | {"overrides": [{"of": "2026-01-09T22:00:00", "person": "tom"}]}, channels=CHANNELS
    )
    assert isinstance(taken, list)
    assert [mistake.where for mistake in taken] == ["shift.overrides[0].languages"]


def test_a_counted_rule_is_walked_once_however_many_of_its_starts_are_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    walks: list[tuple[datetime, datetime]] = []

    class Walked(Series):
        def walls(self, since: datetime, until: datetime) -> set[datetime]:
            walks.append((since, until))
            return super().walls(since, until)

    monkeypatch.setattr(shift_entry, "Series", Walked)
    starts = datetime.fromisoformat("2020-01-01T18:00")
    shift = Shift(
        id="long",
        zone="Europe/London",
        starts=starts,
        ends=starts + timedelta(hours=4),
        role="supporter",
        rrule="FREQ=DAILY;COUNT=300",
        exdates=tuple(starts + timedelta(days=day) for day in range(100, 400)),
    )
    mistakes = shift_mistakes(shift, channels=("web",))
    assert [mistake.where for mistake in mistakes] == [f"shift.exdates[{place}]" for place in range(200, 300)]
    assert len(walks) == 1
