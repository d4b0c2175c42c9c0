"""How the rota says times: the night of a clock change says so, and an hour is a real hour."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from rota.walltime import instant_of
from webchat import rota_words
from webchat.rota_frame import way_back
from webchat.sign_in import own_path

LONDON = ZoneInfo("Europe/London")


def night(first: str) -> tuple[datetime, datetime]:
    """22:00 to 06:00 from this day on."""
    starts = datetime.fromisoformat(f"{first}T22:00")
    return instant_of(starts, LONDON), instant_of(starts.replace(hour=6, day=starts.day + 1), LONDON)


def test_a_night_on_which_clocks_change_says_which_way_and_how_long() -> None:
    said = {
        first: rota_words.clock_change(*night(first), LONDON)
        for first in ("2026-03-28", "2026-10-24", "2027-03-27", "2027-10-30", "2026-11-24")
    }
    assert said == {
        "2026-03-28": "clocks go forward: 7 hours",
        "2026-10-24": "clocks go back: 9 hours",
        "2027-03-27": "clocks go forward: 7 hours",
        "2027-10-30": "clocks go back: 9 hours",
        "2026-11-24": "",
    }
    assert rota_words.clock(*night("2026-10-24"), LONDON) == "22:00–06:00"


def test_days_and_lengths_are_said_as_people_say_them() -> None:
    today = date(2026, 11, 22)
    assert rota_words.near_day(today, today) == "Today"
    assert rota_words.near_day(date(2026, 11, 23), today) == "Tomorrow"
    assert rota_words.near_day(date(2026, 11, 27), today) == "Friday 27 November"
    assert rota_words.near_day(date(2027, 1, 1), today) == "Friday 1 January 2027"
    assert [rota_words.length(hours) for hours in (4, 4.5, 0.25)] == ["4 h", "4 h 30 min", "15 min"]
    assert rota_words.names(["Dev", "Mari", "Jo"]) == "Dev, Mari and Jo"
    assert rota_words.names([]) == ""


@given(st.text(alphabet="/\\rotahus.%?@:#&=\r\n\t ;x1<\"'é", max_size=30))
def test_no_path_leads_off_this_site(asked: str) -> None:
    there = way_back(asked)
    assert own_path(there)
    assert there.startswith(("/rota", "/hours"))
    assert not set(there) & set('\\\r\n\t <>"#')
    assert "//" not in there.partition("?")[0]
