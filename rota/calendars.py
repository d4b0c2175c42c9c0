"""The rota as calendar files (RFC 5545): one person's own shifts, or all of it.

A repeating shift ends by the clock (`rota.shifts`), but programs disagree about what a DTEND means on the night the
clocks change: RFC 5545 3.8.5.3 keeps the exact duration of the first occurrence, some keep the clock. So that every
reader shows the right instants, the nights on which the two differ, or whose start or end the clocks skip or repeat,
are written out as changes of their own (RECURRENCE-ID) with instants in UTC, from `since` to `until`; a series whose
very first night is such a one gives its length as DURATION. Beyond `until` such a night may be an hour out elsewhere.

What calendars have no word for stands in X-ROTA- properties and parameters, which others ignore, so that
`rota.calendar_import` gives the same shifts back.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec
from icalendar import Calendar, Event, vCalAddress, vDatetime, vDDDLists, vDuration, vText
from icalendar.prop import vInline

from rota.calendar_series import as_series, bones, length_of, plain
from rota.shifts import Override, Rota, Series, Shift
from rota.walltime import as_utc, instant_of
from rota.zone_rules import clock_changes, once, zone_component

_MAKER = "-//helpline//rota//EN"
_REFRESH = timedelta(hours=1)
_FROM_UTC = timedelta(hours=26)
_LAST_RULES = 2040
ROLE_WORDS = {
    "supporter": "Supporter",
    "lead": "Lead",
    "on_call": "On call",
    "second_on_call": "Second on call",
    "interpreter": "Interpreter",
}


class OnCalendar(msgspec.Struct, frozen=True):
    """How somebody is written in the calendar of the whole rota; without an e-mail address they are no ATTENDEE."""

    name: str
    email: str = ""


class Stamp(msgspec.Struct, frozen=True):
    """Which state of the rota a file shows: the number of its last change and when that was made (UTC).

    They become SEQUENCE, DTSTAMP and LAST-MODIFIED: the same rota gives the same bytes, a later one replaces it.
    """

    revision: int
    changed_at: datetime


def my_calendar(
    person: str,
    rota: Rota,
    *,
    since: datetime,
    until: datetime,
    zone: str,
    stamp: Stamp,
    service_name: str = "",
    summary: str = "Shift",
) -> bytes:
    """One person's own shifts that cover some of `since` ≤ instant < `until`, each an event of its own in UTC.

    Nothing about anybody else is in it, and nothing that says what the shifts are for unless `service_name` or
    `summary` does: a calendar is shared with family. An event keeps its UID wherever its occurrence is moved.
    """
    calendar = _calendar(service_name or summary)
    calendar.add("X-WR-TIMEZONE", zone)
    for duty in rota.occurrences(since, until):
        if duty.person != person:
            continue
        event = _event(_slot_uid(person, duty.shift, duty.of), stamp)
        event.add("SUMMARY", f"{service_name}: {summary}" if service_name else summary)
        event.add("DTSTART", duty.starts_at)
        event.add("DTEND", duty.ends_at)
        event.add("CLASS", "PRIVATE")
        calendar.add_component(event)
    return _written(calendar)


def rota_calendar(
    shifts: Iterable[Shift],
    people: Mapping[str, OnCalendar],
    *,
    since: datetime,
    until: datetime,
    stamp: Stamp,
    name: str = "Rota",
    role_words: Mapping[str, str] = ROLE_WORDS,
) -> bytes:
    """All of the rota, as series with their changes. Shifts that never come into force are left out.

    `since` and `until` bound the nights of clock changes that are written out; `people` are those who may be named,
    by id. The shifts must be sound (`rota.shift_entry.shift_mistakes`).
    """
    writer = _Writer(people, stamp, as_utc(since), as_utc(until), role_words)
    # No X-WR-TIMEZONE here: programs take it for the zone of every series that is written in UTC.
    calendar = _calendar(name)
    events: list[Event] = []
    zones: dict[str, int] = {}
    for shift in shifts:
        said = as_series(shift)
        if said is not None:
            zones[shift.zone] = min(said.starts.year, zones.get(shift.zone, said.starts.year))
            events += writer.events(shift, said)
    last = max(_LAST_RULES, until.year + 2)
    for zone_name in sorted(set(zones) - {"UTC"}):
        calendar.add_component(zone_component(zone_name, zones[zone_name] - 1, last))
    for event in events:
        calendar.add_component(event)
    return _written(calendar)


class _Writer:
    """Writes shifts as events."""

    def __init__(
        self,
        people: Mapping[str, OnCalendar],
        stamp: Stamp,
        since: datetime,
        until: datetime,
        role_words: Mapping[str, str],
    ) -> None:
        self._people = people
        self._stamp = stamp
        self._since = since
        self._until = until
        self._role_words = role_words

    def events(self, shift: Shift, said: Shift) -> Iterator[Event]:
        """The series, then each night that is not as the series says. `said` is `as_series(shift)`."""
        repeats = said.rrule is not None or bool(said.rdates)
        clock_nights = list(self._clock_nights(said)) if repeats else []
        cancelled = [override.of for override in said.overrides if not _happens(said, override)]
        never = [night.of for night in clock_nights if not _happens(said, night)]
        yield self._series(shift, said, repeats=repeats, cancelled=cancelled, never=never)
        for override in (*said.overrides, *clock_nights):
            if _happens(said, override):
                yield self._night(said, override)

    def _series(
        self, shift: Shift, said: Shift, *, repeats: bool, cancelled: list[datetime], never: list[datetime]
    ) -> Event:
        zone = ZoneInfo(said.zone)
        event = self._about(said, said.person, said.languages)
        if repeats:
            event.add("DTSTART", _local(said.starts, zone))
            if _differs(said, said.starts):
                event.add("DURATION", vDuration(length_of(said)))
            else:
                event.add("DTEND", _local(said.ends, zone))
        else:
            _add_moment(event, "DTSTART", said.starts, zone)
            _add_moment(event, "DTEND", said.ends, zone)
        if said.rrule is not None:
            event.add("RRULE", vInline(said.rrule))
        _add_walls(event, "RDATE", said.rdates, zone)
        _add_walls(event, "EXDATE", said.exdates, zone)
        _add_walls(event, "EXDATE", cancelled, zone, "cancelled")
        _add_walls(event, "EXDATE", never, zone, "never")
        event.add("X-ROTA-ROLE", vText(said.role))
        event.add("X-ROTA-CHANNELS", vText(" ".join(said.channels)))
        event.add("X-ROTA-SHIFT", vText(shift.id))
        event.add("X-ROTA-ZONE", vText(shift.zone))
        had = bones(plain(shift))
        if had != bones(said):
            event.add("X-ROTA-SERIES", vText(msgspec.json.encode(had).decode()))
        return event

    def _night(self, said: Shift, override: Override) -> Event:
        zone = ZoneInfo(said.zone)
        person = said.person if override.person is None else override.person
        languages = override.languages
        if languages is None:
            languages = said.languages if person == said.person else ()
        event = self._about(said, person, languages)
        starts, ends = _walls(said, override)
        event.add("RECURRENCE-ID", _local(override.of, zone))
        _add_moment(event, "DTSTART", starts, zone)
        _add_moment(event, "DTEND", ends, zone)
        return event

    def _about(self, said: Shift, person: str, languages: tuple[str, ...]) -> Event:
        """An event with all but its times."""
        event = _event(series_uid(said.id), self._stamp)
        role = self._role_words.get(said.role, said.role)
        known = self._people.get(person)
        name = (known.name if known is not None else person) if person else "free"
        event.add("SUMMARY", f"{role}: {name}")
        event.add("CATEGORIES", [role, *said.channels, *languages])
        if known is not None and known.email:
            attendee = vCalAddress(f"mailto:{known.email}")
            attendee.params["CN"] = known.name.replace('"', "'")
            attendee.params["PARTSTAT"] = "ACCEPTED"
            event.add("ATTENDEE", attendee)
        event.add("X-ROTA-PERSON", vText(person))
        event.add("X-ROTA-LANGUAGES", vText(" ".join(languages)))
        return event

    def _clock_nights(self, said: Shift) -> Iterator[Override]:
        """The nights, from `since` to `until`, whose instants another reader may get wrong."""
        series, changed = Series(said), {override.of for override in said.overrides}
        seen: set[datetime] = set()
        for change in clock_changes(said.zone, self._since.date(), self._until.date()):
            around = change.replace(tzinfo=None)
            walls = series.walls(around - length_of(said) - _FROM_UTC, around + _FROM_UTC)
            for wall in sorted(walls - changed - seen):
                seen.add(wall)
                if _differs(said, wall):
                    yield Override(of=wall)


def _walls(said: Shift, override: Override) -> tuple[datetime, datetime]:
    starts = override.starts or override.of
    return starts, override.ends or starts + length_of(said)


def _happens(said: Shift, override: Override) -> bool:
    zone = ZoneInfo(said.zone)
    starts, ends = _walls(said, override)
    return not override.cancelled and instant_of(ends, zone) > instant_of(starts, zone)


def _differs(said: Shift, wall: datetime) -> bool:
    """Whether the clocks change within a night that begins at `wall`, or skip or repeat its start or end."""
    zone, ends = ZoneInfo(said.zone), wall + length_of(said)
    exact = instant_of(ends, zone) - instant_of(wall, zone)
    return exact != length_of(said) or not once(wall, zone) or not once(ends, zone)


def _calendar(name: str) -> Calendar:
    calendar = Calendar()
    calendar.add("PRODID", _MAKER)
    calendar.add("VERSION", "2.0")
    calendar.add("METHOD", "PUBLISH")
    calendar.add("X-WR-CALNAME", name)
    # RFC 7986 5.7 and what Outlook reads: how often a subscribed calendar should ask again.
    calendar.add("REFRESH-INTERVAL", vDuration(_REFRESH), parameters={"VALUE": "DURATION"})
    calendar.add("X-PUBLISHED-TTL", vInline("PT1H"))
    return calendar


def _event(uid: str, stamp: Stamp) -> Event:
    event = Event()
    event.add("UID", uid)
    event.add("SEQUENCE", stamp.revision)
    event.add("DTSTAMP", as_utc(stamp.changed_at).replace(microsecond=0))
    event.add("LAST-MODIFIED", as_utc(stamp.changed_at).replace(microsecond=0))
    event.add("STATUS", "CONFIRMED")
    return event


def _slot_uid(person: str, shift: str, of: datetime) -> str:
    """The UID of one person's occurrence. Hashed, for a shift's id may hold the name of whoever had it before."""
    return hashlib.sha256(f"{person}\n{shift}\n{of.isoformat()}".encode()).hexdigest()[:32] + "@rota"


def series_uid(shift: str) -> str:
    """The UID of a shift in the calendar of the whole rota."""
    return hashlib.sha256(shift.encode()).hexdigest()[:32] + "@rota"


def _local(wall: datetime, zone: ZoneInfo) -> datetime:
    return wall.replace(tzinfo=UTC if zone.key == "UTC" else zone)


def _add_moment(event: Event, name: str, wall: datetime, zone: ZoneInfo) -> None:
    """A moment as local time, or as the UTC instant where the clocks skip or repeat that time: readers disagree."""
    if once(wall, zone):
        event.add(name, _local(wall, zone))
    else:
        moment = vDatetime(instant_of(wall, zone))
        event.add(name, moment, parameters={"X-ROTA-WALL": f"{wall:%Y%m%dT%H%M%S} {zone.key}"})


def _add_walls(event: Event, name: str, walls: Iterable[datetime], zone: ZoneInfo, why: str = "") -> None:
    local = [_local(wall, zone) for wall in sorted(walls)]
    if local:
        parameters = {"X-ROTA": why} if why else {}
        if zone.key != "UTC":
            parameters["TZID"] = zone.key
        event.add(name, vDDDLists(local), parameters=parameters)


def _written(calendar: Calendar) -> bytes:
    written: bytes = calendar.to_ical(sorted=False)
    return written
