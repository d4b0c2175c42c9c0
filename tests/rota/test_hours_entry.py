"""What is typed as opening hours: every mistake at once, named and mendable."""

from typing import Any

import pytest

from rota.hours import OpeningHours
from rota.hours_entry import read_hours
from rota.mistakes import Mistake

CHANNELS = ("webchat", "sms", "call")
EVENINGS: dict[str, Any] = {
    "zone": "Europe/London",
    "country": "GB",
    "region": "ENG",
    "channels": {"webchat": {"week": {"every_day": ["18:00-22:30"], "fri": ["18:00-02:00"]}}},
}


def mistakes_in(**changes: Any) -> list[Mistake]:
    found = read_hours(EVENINGS | changes, channels=CHANNELS)
    return found if isinstance(found, list) else []


def week_mistakes(week: object, on_holidays: object = "open") -> list[Mistake]:
    return mistakes_in(channels={"webchat": {"week": week, "on_holidays": on_holidays}})


def test_a_week_is_read_with_days_replacing_every_day() -> None:
    hours = read_hours(EVENINGS, channels=CHANNELS)
    assert isinstance(hours, OpeningHours)
    (webchat,) = hours.hours.channels
    written = [[(span.opens, span.closes) for span in day] for day in webchat.week]
    assert written == [[(1080, 1350)]] * 4 + [[(1080, 1560)]] + [[(1080, 1350)]] * 2


def test_all_mistakes_are_told_at_once_each_with_its_place() -> None:
    found = mistakes_in(
        zone="Europe/Lodnon",
        country="Britain",
        channels={
            "webcat": {"week": "sometimes"},
            "sms": {"week": {"fry": ["6pm-10pm"], "sat": "18:00-20:00"}, "on_holidays": "shut"},
            "call": {"on_holidays": ["25:00-26:00"]},
        },
        special_days=[
            {"date": "Christmas", "hours": [], "why": "Christmas"},
            {"date": "2026-12-25", "hours": ["9-5"], "why": "", "channel": "fax"},
        ],
        closures=[{"from": "2026-01-01T20:00:00", "why": "busy"}, 7],
        surge=True,
    )
    assert {mistake.where for mistake in found} == {
        "hours.surge",
        "hours.zone",
        "hours.country",
        "hours.channels.webcat",
        "hours.channels.webcat.week",
        "hours.channels.sms.week.fry",
        "hours.channels.sms.week.fry[0]",
        "hours.channels.sms.week.sat",
        "hours.channels.sms.on_holidays",
        "hours.channels.call.week",
        "hours.channels.call.on_holidays[0]",
        "hours.special_days[0].date",
        "hours.special_days[1].hours[0]",
        "hours.special_days[1].why",
        "hours.special_days[1].channel",
        "hours.closures[0].from",
        "hours.closures[1]",
    }
    assert all(mistake.what and mistake.mend for mistake in found)


@pytest.mark.parametrize(
    "span",
    ["18:00", "18:00-18:00", "18:60-20:00", "24:00-02:00", "18:00-25:00", "", 1800, None, "١٨:٠٠-٢٢:٠٠"],
)
def test_a_span_that_is_no_span_is_refused_in_place(span: object) -> None:
    (mistake,) = week_mistakes({"mon": [span]})
    assert mistake.where == "hours.channels.webchat.week.mon[0]"
    assert "18:00-22:30" in mistake.mend


def test_holidays_need_a_country_that_has_them_and_a_region_within_it() -> None:
    (mistake,) = mistakes_in(region="LONDON")
    assert (mistake.where, "ENG" in mistake.mend) == ("hours.region", True)
    (mistake,) = mistakes_in(country=None)
    assert (mistake.where, mistake.what) == ("hours.region", "has no country")
    assert mistakes_in(country="IN", region="KA") == []


def test_holiday_hours_without_a_country_would_never_apply_and_are_refused() -> None:
    (mistake,) = mistakes_in(
        country=None, region=None, channels={"webchat": {"week": "always", "on_holidays": "closed"}}
    )
    assert mistake.where == "hours.channels.webchat.on_holidays"


def test_a_date_is_special_once() -> None:
    christmas = {"date": "2026-12-25", "hours": [], "why": "Christmas"}
    (mistake,) = mistakes_in(special_days=[christmas, christmas | {"channel": "webchat"}, christmas])
    assert mistake.where == "hours.special_days[2].date"


def test_a_closure_ends_after_it_begins() -> None:
    closure = {"from": "2026-01-01T20:00:00Z", "until": "2026-01-01T20:00:00Z", "why": "busy"}
    (mistake,) = mistakes_in(closures=[closure])
    assert mistake.where == "hours.closures[0].until"


def test_no_channels_and_too_many_of_anything_are_refused() -> None:
    assert [mistake.where for mistake in mistakes_in(channels={})] == ["hours.channels"]
    day = {"date": "2026-12-25", "hours": [], "why": "Christmas"}
    assert [mistake.where for mistake in mistakes_in(special_days=[day] * 1_001)] == ["hours.special_days"]
    (mistake,) = week_mistakes({"mon": ["18:00-19:00"] * 49})
    assert mistake.what == "has more than 48 spans"


@pytest.mark.parametrize("raw", [None, 3, "always", []])
def test_what_is_not_a_table_is_told_so(raw: object) -> None:
    found = read_hours(raw, channels=CHANNELS)
    assert isinstance(found, list)
    assert [mistake.where for mistake in found] == ["hours"]
