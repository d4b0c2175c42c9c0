"""Which IANA zone a calendar means by the name it gives a time zone.

Programs write "Europe/London", "GMT Standard Time" (Windows, mapped by Unicode CLDR as icalendar carries it),
"/freeassociation.sourceforge.net/Europe/London", or a name of their own with the rules beside it (VTIMEZONE). A
rota needs a zone whose rules keep being right when governments change them, so rules of a file's own are only
compared with the zones there are, never used.
"""

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON

from rota.calendar_lines import Part
from rota.rules import Rule, rule_mistakes
from rota.walltime import zone_names

_OFFSET = re.compile(r"([+-])(\d{2}):?(\d{2})(?:\d{2})?")
_UTC = frozenset({"utc", "z", "gmt", "etc/utc", "etc/gmt", "coordinated universal time"})
_WINDOWS = {name.casefold(): zone for name, zone in WINDOWS_TO_OLSON.items()}
_DAY = timedelta(days=1)
_AROUND = timedelta(hours=1)
_YEARS_COMPARED = 4
_EARLIEST, _LATEST = 1600, 2190
_MOST_RULES = 200
_MOST_CHANGES = 2_000
_MOST_SEARCHES = 20
_Changes = list[tuple[datetime, timedelta]]


class ZoneNames:
    """The zones of one file: what it calls them, and the service's own, which is tried first where rules decide."""

    def __init__(self, definitions: Iterable[Part], service_zone: str) -> None:
        self._service_zone = service_zone
        self._definitions: dict[str, Part] = {}
        self._searches = 0
        self._found: dict[str, str | None] = {}
        for part in definitions:
            name = part.first("TZID")
            if name is not None:
                self._definitions.setdefault(name.value, part)

    def zone(self, name: str, year: int) -> str | None:
        """The IANA zone meant by `name`, seen from `year` if its rules must tell; None when there is none."""
        name = name.strip().strip('"')
        if name not in self._found:
            self._found[name] = known_zone(name) or self._by_definition(name, year)
        return self._found[name]

    def _by_definition(self, name: str, year: int) -> str | None:
        part = self._definitions.get(name)
        if part is None or len(part.parts) > _MOST_RULES:
            return None
        said = part.first("X-LIC-LOCATION")
        if said is not None and known_zone(said.value):
            return known_zone(said.value)
        changes = _changes(part, year)
        if not changes:
            return None
        if _agrees(self._service_zone, changes, year):
            return self._service_zone
        self._searches += 1
        if self._searches > _MOST_SEARCHES:
            return None
        return next((zone for zone in _places() if _agrees(zone, changes, year)), None)


def known_zone(name: str) -> str | None:
    """The IANA zone of a name used alone: IANA's, Windows', or with a maker's name in front of it."""
    if name in zone_names():
        return name
    plain = name.strip("/ ").casefold()
    if plain in _UTC:
        return "UTC"
    if plain in _WINDOWS:
        return _WINDOWS[plain]
    parts = plain.split("/")[-4:]
    tails = ("/".join(parts[start:]) for start in range(len(parts)))
    return next((_by_folded_name()[tail] for tail in tails if tail in _by_folded_name()), None)


@cache
def _by_folded_name() -> dict[str, str]:
    return {zone.casefold(): zone for zone in sorted(zone_names())}


@cache
def _places() -> tuple[str, ...]:
    """Zones named after a place, without the older names of the same."""
    areas = ("Europe", "America", "Africa", "Asia", "Australia", "Pacific", "Atlantic", "Indian")
    return tuple(sorted((zone for zone in zone_names() if zone.split("/")[0] in areas), key=_by_area))


def _by_area(zone: str) -> tuple[bool, str]:
    return not zone.startswith("Europe/"), zone


def _changes(part: Part, year: int) -> _Changes:
    """The instants, from a year before `year`, at which the definition changes its offset, and to what."""
    changes: _Changes = []
    for rules in part.parts:
        before, after = _offset(rules, "TZOFFSETFROM"), _offset(rules, "TZOFFSETTO")
        if before is None or after is None:
            return []
        for onset in _onsets(rules, year):
            changes.append(((onset - before).replace(tzinfo=UTC), after))
            if len(changes) > _MOST_CHANGES:
                return []
    return sorted(changes)


def _onsets(rules: Part, year: int) -> Iterator[datetime]:
    """Wall times at which these rules begin: at the first, and by rule in the years compared."""
    first, rule = rules.first("DTSTART"), rules.first("RRULE")
    starts = _wall(first.value) if first is not None else None
    if starts is None:
        return
    yield starts
    if rule is not None:
        # Many definitions begin on 1 January 1601 or another day their own rule does not fall on.
        since, until = datetime(year - 1, 1, 1), datetime(year + _YEARS_COMPARED, 1, 1)  # noqa: DTZ001
        begin = starts.replace(year=max(min(starts.year, year - 1), 1970), month=1, day=1)
        text = rule.value.upper()
        wrong = [mistake for mistake in rule_mistakes(text, begin, "") if "first start" not in mistake.what]
        if not wrong and "FREQ=YEARLY" in text and "COUNT" not in text:
            yield from Rule(_with_month_day(text, starts), begin, ZoneInfo("UTC")).walls(since, until)
    for line in rules.named("RDATE"):
        for written in line.value.split(",")[:_MOST_RULES]:
            onset = _wall(written)
            if onset is not None:
                yield onset


def _wall(written: str) -> datetime | None:
    """The wall time written, if it is one within reason (Windows' own definitions begin in 1601)."""
    try:
        wall = datetime.strptime(written, "%Y%m%dT%H%M%S")  # noqa: DTZ007
    except ValueError:
        return None
    return wall if _EARLIEST <= wall.year <= _LATEST else None


def _with_month_day(text: str, starts: datetime) -> str:
    """The rule with the day it takes from its first start written out, so that it may be begun elsewhere."""
    if "BYMONTH=" not in text:
        text += f";BYMONTH={starts.month}"
    if "BYDAY=" not in text and "BYMONTHDAY=" not in text:
        text += f";BYMONTHDAY={starts.day}"
    return text


def _agrees(zone: str, changes: _Changes, year: int) -> bool:
    """Whether the zone has the offsets these changes make, just before and after each, and at noon every fifth day."""
    tz = ZoneInfo(zone)
    begin = datetime(year, 1, 1, 12, tzinfo=UTC)
    end = begin.replace(year=year + _YEARS_COMPARED - 1)
    near = [moment + step for moment, _ in changes for step in (-_AROUND, _AROUND) if begin < moment < end]
    regular = [begin + number * 5 * _DAY for number in range((end - begin) // (5 * _DAY))]
    return all(moment.astimezone(tz).utcoffset() == _offset_at(moment, changes) for moment in near + regular)


def _offset_at(moment: datetime, changes: _Changes) -> timedelta:
    place = bisect_right(changes, moment, key=lambda change: change[0])
    return changes[max(place - 1, 0)][1]


def _offset(rules: Part, name: str) -> timedelta | None:
    line = rules.first(name)
    match = _OFFSET.fullmatch(line.value) if line is not None else None
    if match is None:
        return None
    size = timedelta(hours=int(match[2]), minutes=int(match[3]))
    return -size if match[1] == "-" else size
