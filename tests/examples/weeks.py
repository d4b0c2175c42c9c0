"""What each example's week looks like on the clock on the wall, written down by hand, and a walk through it."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo

from helpline.definition import Definition, read_definition

FOLDER = Path(__file__).parents[2] / "examples"
PATTERNS = (
    "nightly-listening-line",
    "crisis-house-evenings",
    "culture-specific-evenings",
    "out-of-hours-peer-support",
    "haven",
    "twenty-four-hour-helpline",
)
_QUARTER = timedelta(minutes=15)
_LONDON = ZoneInfo("Europe/London")


class Week(NamedTuple):
    """A Monday, and the hours of the Sunday before and of seven days: "18:00-02:00" each, "" when closed."""

    monday: date
    sunday_before: str
    days: tuple[str, str, str, str, str, str, str]

    def quarters(self) -> Iterator[tuple[datetime, bool]]:
        """Every quarter of an hour of the week as an instant, and whether the door is to be open then."""
        instant = datetime.combine(self.monday, time(), _LONDON).astimezone(UTC)
        until = datetime.combine(self.monday + timedelta(days=7), time(), _LONDON).astimezone(UTC)
        while instant < until:
            yield instant, self._open_at(instant.astimezone(_LONDON))
            instant += _QUARTER

    def _open_at(self, wall: datetime) -> bool:
        today = (wall.date() - self.monday).days
        minute = wall.hour * 60 + wall.minute
        before = self.days[today - 1] if today else self.sunday_before
        return _covers(self.days[today], minute) or _covers(before, minute + 1440)


def _covers(hours: str, minute: int) -> bool:
    if not hours:
        return False
    opens, closes = (int(clock[:2]) * 60 + int(clock[3:]) for clock in hours.split("-"))
    return opens <= minute < (closes if closes > opens else closes + 1440)


@cache
def example(pattern: str) -> Definition:
    """The definition of that file, read once."""
    return read_definition(FOLDER / f"{pattern}.toml")


def at(text: str) -> datetime:
    """An instant written as `2026-11-20 19:00`, in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
