"""When the clocks of a zone change, and the VTIMEZONE that tells it to programs with no zones of their own.

icalendar can write a VTIMEZONE too, but gives an onset in the wall time after the change; RFC 5545 3.6.5 asks for
the wall time before it, and clocks that go forward would be an hour late.
"""

import itertools
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from icalendar import Timezone, TimezoneDaylight, TimezoneStandard

_DAY = timedelta(days=1)
_SECOND = timedelta(seconds=1)
_NO_OFFSET = timedelta(0)


def once(wall: datetime, zone: ZoneInfo) -> bool:
    """Whether the clocks of the zone show this wall time exactly once: it is neither skipped nor repeated."""
    return wall.replace(tzinfo=zone, fold=0).utcoffset() == wall.replace(tzinfo=zone, fold=1).utcoffset()


@lru_cache(128)
def clock_changes(zone: str, since: date, until: date) -> tuple[datetime, ...]:
    """The UTC instants from one date to another, both inclusive, from which the zone has another offset."""
    tz = ZoneInfo(zone)
    midnight = datetime(since.year, since.month, since.day, tzinfo=UTC)
    days = [midnight + number * _DAY for number in range((until - since).days + 2)]
    return tuple(
        _change(before, after, tz)
        for before, after in itertools.pairwise(days)
        if _offset(before, tz) != _offset(after, tz)
    )


def _change(before: datetime, after: datetime, zone: ZoneInfo) -> datetime:
    """The first instant of `before` < instant ≤ `after` with another offset than `before`."""
    offset = _offset(before, zone)
    while after - before > _SECOND:
        middle = before + (after - before) // _SECOND // 2 * _SECOND
        if _offset(middle, zone) == offset:
            before = middle
        else:
            after = middle
    return after


def _offset(instant: datetime, zone: ZoneInfo) -> timedelta:
    return instant.astimezone(zone).utcoffset() or _NO_OFFSET


@lru_cache(128)
def zone_component(zone: str, first_year: int, last_year: int) -> Timezone:
    """The zone's rules as a VTIMEZONE (RFC 5545 3.6.5), from the first year to the end of the last, each change said."""
    tz = ZoneInfo(zone)
    begin = datetime(first_year, 1, 1, tzinfo=UTC)
    found: dict[tuple[timedelta, timedelta, str, bool], list[datetime]] = {}
    for change in (begin, *clock_changes(zone, begin.date(), date(last_year, 12, 31))):
        local = change.astimezone(tz)
        before = _offset(change - _SECOND, tz)
        after = _offset(change, tz)
        # Ireland's winter time is a negative daylight time by law; programs expect daylight to be the later clock.
        daylight = after > before if after != before else (local.dst() or _NO_OFFSET) > _NO_OFFSET
        kind = (before, after, local.tzname() or zone, not daylight)
        found.setdefault(kind, []).append((change + before).replace(tzinfo=None))
    component = Timezone()
    component.add("TZID", zone)
    for (before, after, name, standard), onsets in found.items():
        rules = TimezoneStandard() if standard else TimezoneDaylight()
        rules.add("DTSTART", onsets[0])
        rules.add("TZOFFSETFROM", before)
        rules.add("TZOFFSETTO", after)
        rules.add("TZNAME", name)
        if onsets[1:]:
            rules.add("RDATE", onsets[1:])
        component.add_component(rules)
    return component
