"""Who may be rung, where, when, and whether the number was checked; and which numbers reach nobody."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from helpline.directory import (
    CrisisContact,
    Locality,
    district_of,
    for_locality,
    is_open,
    is_stale,
    locality_of,
    opens_at,
)
from helpline.numbers import dialled, is_fictitious
from rota.hours import Hours, OpeningHours
from rota.hours_entry import read_hours

MOORSIDE = Locality(id="moorside", name="Moorside", districts=("BD3", "BD4"))
CITY = Locality(id="city", name="Sant Padrig", districts=("EC1", "M1"))


def contact(id: str = "team", **changes: Any) -> CrisisContact:
    return CrisisContact(
        **({"id": id, "name": id, "role": "crisis_team", "number": "01632 960114"} | changes)
    )


def hours(week: object, **changes: Any) -> Hours:
    raw = {"zone": "Europe/London", "channels": {"ring": {"week": week} | changes}, "country": "GB"}
    read = read_hours(raw, channels=("ring",))
    assert isinstance(read, OpeningHours), read
    return read.hours


@pytest.mark.parametrize(
    ("typed", "district"),
    [
        ("BD3 1AA", "BD3"),
        ("bd31aa", "BD3"),
        ("BD3", "BD3"),
        ("  bd3,", "BD3"),
        ("near BD4, by the mill", "BD4"),
        ("BD11 1AA", "BD11"),
        ("bd111aa", "BD11"),
        ("EC1A 1BB", "EC1A"),
        ("M1 1AE", "M1"),
        ("w1a 0ax", "W1A"),
        ("Moorside", None),
        ("", None),
        ("flat 3", None),
        ("1234", None),
    ],
)
def test_the_postcode_district_is_read_however_it_is_typed(typed: str, district: str | None) -> None:
    assert district_of(typed) == district


@pytest.mark.parametrize(
    ("typed", "locality"),
    [
        ("bd4 2xy", MOORSIDE),
        ("I live in moorside now", MOORSIDE),
        ("MOORSIDE!", MOORSIDE),
        ("EC1A 1BB", CITY),
        ("m1", CITY),
        ("sànt-padrig", CITY),
        ("BD30", None),
        ("moorsidely", None),
        ("I'd rather not say", None),
        ("", None),
    ],
)
def test_a_locality_is_found_by_postcode_or_by_name(typed: str, locality: Locality | None) -> None:
    assert locality_of(typed, (MOORSIDE, CITY)) == locality


def test_the_longer_of_two_names_is_the_one_meant() -> None:
    north = Locality(id="north", name="Moorside North")
    assert locality_of("moorside north", (MOORSIDE, north)) == north


def test_a_locality_has_its_own_contacts_and_those_of_everywhere() -> None:
    here, there, all_over = (
        contact("a", localities=("moorside",)),
        contact("b", localities=("city",)),
        contact("c"),
    )
    assert for_locality((here, there, all_over), "moorside") == (here, all_over)
    assert for_locality((here, there, all_over), "") == (all_over,)


def test_a_contact_without_hours_is_always_open() -> None:
    assert is_open(contact(), datetime(2026, 12, 25, 3, tzinfo=UTC))
    assert opens_at(contact(), datetime(2026, 12, 25, 3, tzinfo=UTC)) is None


def test_a_closed_contact_says_when_it_opens_across_a_clock_change() -> None:
    by_day = contact(hours=hours({"every_day": ["08:00-20:00"]}))
    # The night clocks go back: 08:00 in London is 07:00 UTC on the 24th of October and 08:00 UTC on the 25th.
    assert is_open(by_day, datetime(2026, 10, 24, 7, tzinfo=UTC))
    evening = datetime(2026, 10, 24, 19, 0, tzinfo=UTC)
    assert not is_open(by_day, evening)
    assert opens_at(by_day, evening) == datetime(2026, 10, 25, 8, tzinfo=UTC)


def test_a_contact_keeps_its_holiday_hours() -> None:
    weekdays = contact(hours=hours({"mon": ["09:00-17:00"], "fri": ["09:00-17:00"]}, on_holidays="closed"))
    assert is_open(weekdays, datetime(2026, 12, 18, 12, tzinfo=UTC))
    assert not is_open(weekdays, datetime(2026, 12, 25, 12, tzinfo=UTC))


def test_a_number_is_stale_from_the_day_after_its_date() -> None:
    assert not is_stale(contact(verify_by=date(2026, 3, 1)), date(2026, 3, 1))
    assert is_stale(contact(verify_by=date(2026, 3, 1)), date(2026, 3, 2))


def test_a_number_never_verified_is_stale_unless_it_is_everybodys() -> None:
    assert is_stale(contact(), date(2026, 3, 1))
    assert not is_stale(contact(role="nhs_111", number="111"), date(2026, 3, 1))
    assert not is_stale(contact(role="emergency_999", number="999"), date(2026, 3, 1))


@pytest.mark.parametrize(
    "number",
    [
        "01632 960000",
        "01632 960 999",
        "(01632) 960-123",
        "+44 1632 960123",
        "+44 (0)1632 960123",
        "0044 1632 960123",
        "441632960123",
        "020 7946 0000",
        "02079460999",
        "+442079460123",
        "07700 900000",
        "07700900999",
        "18001 01632 960114",
        "0113 496 0123",
        "0161 496 0999",
        "0191 498 0000",
        "028 9649 6123",
        "029 2018 0123",
        "03069 990123",
        "08081 570123",
        "0909 8790 123",
    ],
)
def test_numbers_for_drama_are_known_however_they_are_written(number: str) -> None:
    assert is_fictitious(number)


@pytest.mark.parametrize(
    "number",
    [
        "01632 961000",
        "01632 959999",
        "020 0046 0123",
        "0113 0960 123",
        "07700 90012",
        "07700 9001234",
        "999",
        "111",
        "01274 000123",
        "",
        "nobody",
        "01632 96011",
        "+1 632 960 1234",
    ],
)
def test_their_neighbours_and_other_numbers_are_not(number: str) -> None:
    assert not is_fictitious(number)


@pytest.mark.parametrize(
    ("number", "digits"),
    [
        ("999", "999"),
        ("18000", "18000"),
        ("01632 960114", "+441632960114"),
        ("+44 (0)20 7946 0123", "+442079460123"),
        ("18001 111", "111"),
        ("ring Jo", None),
        ("01632 960114 ext 2", None),
        ("12", None),
        ("01632 9601141234567890", None),
        ("", None),
    ],
)
def test_what_is_dialled(number: str, digits: str | None) -> None:
    assert dialled(number) == digits
