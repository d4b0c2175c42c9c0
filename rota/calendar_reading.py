"""A calendar file read into plain values: every event in it, understood or told why not.

`read_calendar` believes nothing: the file is bounded (`rota.calendar_lines`), rules are kept as text and not expanded,
time zones are told by name or by comparison (`rota.zone_names`). What an event means for the rota is decided by
`rota.calendar_import`.
"""

import re
from collections.abc import Iterable
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

import msgspec
from icalendar import vDuration
from icalendar.parser.property import unescape_backslash

from rota.calendar_lines import Bounds, Line, Lines, Part, Refusal, read_lines
from rota.mistakes import Mistake
from rota.walltime import instant_of, zone_names
from rota.zone_names import ZoneNames

_MOMENT = re.compile(r"(\d{8})(?:T(\d{6})(Z?))?")
_WRITTEN = re.compile(r"(\d{8}T\d{6}) ([A-Za-z0-9_+/-]{1,60})")
_EARLIEST, _LATEST = 1970, 2190
_MOST_MOMENTS = 5_000
_LONGEST_DURATION = 60
_FORM = "write a moment such as 20260105T180000Z, or with TZID=Europe/London"
_ALONE = "make it an event of its own"


class Moment(msgspec.Struct, frozen=True):
    """A wall time beside its IANA zone, or a whole `day` (the wall time is its midnight)."""

    wall: datetime
    zone: str
    day: bool = False

    @property
    def instant(self) -> datetime:
        """The UTC instant (`rota.walltime.instant_of`)."""
        return instant_of(self.wall, ZoneInfo(self.zone))

    def wall_in(self, zone: str) -> datetime:
        """What clocks in another zone show then."""
        if zone == self.zone:
            return self.wall
        return self.instant.astimezone(ZoneInfo(zone)).replace(tzinfo=None)


class Person(msgspec.Struct, frozen=True):
    """Somebody an event names: their e-mail address, folded to small letters, and name; either may be empty."""

    email: str
    name: str


class CalendarEvent(msgspec.Struct, frozen=True, kw_only=True):
    """One VEVENT as it was written. `line` is where it begins; `of` is its RECURRENCE-ID, if it changes one night.

    Times are wall times beside IANA zones; one of `ends` and `lasts` is given, or neither. `rrule` is text that
    nobody has checked. `marks` are this service's own X-ROTA- properties, by the rest of their name.
    """

    line: int
    uid: str
    starts: Moment
    ends: Moment | None = None
    lasts: timedelta | None = None
    rrule: str | None = None
    exdates: tuple[Moment, ...] = ()
    never: tuple[Moment, ...] = ()
    cancelled_nights: tuple[Moment, ...] = ()
    rdates: tuple[Moment, ...] = ()
    of: Moment | None = None
    summary: str = ""
    cancelled: bool = False
    sequence: int = 0
    organizer: Person | None = None
    attendees: tuple[Person, ...] = ()
    categories: tuple[str, ...] = ()
    marks: dict[str, str] = {}

    @property
    def where(self) -> str:
        """How to find the event: its line, what it is called and when it starts."""
        return f"line {self.line}, “{self.summary[:80]}” on {self.starts.wall:%d %B %Y %H:%M}"


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """Every event of a file: `events` understood as events, `not_understood` with where, what and how to mend it.

    `entries` is how many VEVENTs there were: each is in one of the two. `remarks` are about the file as a whole.
    """

    events: tuple[CalendarEvent, ...]
    not_understood: tuple[Mistake, ...]
    entries: int
    name: str = ""
    remarks: tuple[str, ...] = ()


class NotUnderstood(ValueError):
    """Something in an event cannot be taken; carries what and the mend."""

    def __init__(self, what: str, mend: str) -> None:
        super().__init__(what)
        self.what = what
        self.mend = mend


def read_calendar(data: bytes, *, zone: str, bounds: Bounds | None = None) -> Reading | Refusal:
    """The events of a file, or why none of it is read. Floating times are in `zone`, the service's own.

    Reads 5 MB in seconds and refuses what is out of bounds before parsing it.
    """
    lines = read_lines(data, bounds or Bounds())
    if isinstance(lines, Refusal):
        return lines
    zones = ZoneNames(lines.zones, zone)
    events: list[CalendarEvent] = []
    mistakes: list[Mistake] = []
    for part in lines.events:
        try:
            events.append(_event(part, MomentReader(zones, zone)))
        except NotUnderstood as refused:
            mistakes.append(Mistake(_where(part), refused.what, refused.mend))
    return Reading(
        events=tuple(events),
        not_understood=tuple(mistakes),
        entries=len(lines.events),
        name=_name(lines),
        remarks=tuple(lines.remarks),
    )


def _event(part: Part, moments: "MomentReader") -> CalendarEvent:
    if part.mistakes:
        raise NotUnderstood(part.mistakes[0].what, part.mistakes[0].mend)
    if not part.whole:
        raise NotUnderstood("is cut off: END:VEVENT is missing", "send the whole file again")
    starts = moments.only(part, "DTSTART")
    if starts is None:
        raise NotUnderstood("has no DTSTART", "give it a start")
    if part.named("EXRULE"):
        raise NotUnderstood("takes nights out by EXRULE", "list the nights that are off as EXDATE")
    rules = part.named("RRULE")
    if len(rules) > 1:
        raise NotUnderstood("has more than one RRULE", "make it one event for each rule")
    of = part.first("RECURRENCE-ID")
    if of is not None and of.params.get("RANGE"):
        raise NotUnderstood(
            "changes this and every later night (RANGE)", "end the series and begin a new one"
        )
    absent = part.named("EXDATE")
    return CalendarEvent(
        line=part.line,
        uid=_text(part, "UID")[:500],
        starts=starts,
        ends=moments.only(part, "DTEND"),
        lasts=_lasts(part),
        rrule=rules[0].value.upper() if rules else None,
        exdates=moments.every(line for line in absent if line.params.get("X-ROTA") is None),
        never=moments.every(line for line in absent if line.params.get("X-ROTA") == "never"),
        cancelled_nights=moments.every(line for line in absent if line.params.get("X-ROTA") == "cancelled"),
        rdates=moments.every(part.named("RDATE")),
        of=moments.only(part, "RECURRENCE-ID"),
        summary=_text(part, "SUMMARY")[:300],
        cancelled=_text(part, "STATUS").upper() == "CANCELLED",
        sequence=_number(part),
        organizer=next(iter(_people(part, "ORGANIZER")), None),
        attendees=_people(part, "ATTENDEE"),
        categories=_categories(part),
        marks={line.name[7:]: unescape(line.value) for line in part.lines if line.name.startswith("X-ROTA-")},
    )


class MomentReader:
    """Reads the moments a file writes, in the zones of that file."""

    def __init__(self, zones: ZoneNames, floating_in: str) -> None:
        self._zones = zones
        self._floating_in = floating_in

    def only(self, part: Part, name: str) -> Moment | None:
        """The moment of a property given once, None if it is not given. Raises NotUnderstood."""
        found = part.named(name)
        if len(found) > 1:
            raise NotUnderstood(f"has more than one {name}", "keep one")
        return self._moment(found[0], found[0].value) if found else None

    def every(self, lines: Iterable[Line]) -> tuple[Moment, ...]:
        """Every moment of a property that lists them. Raises NotUnderstood."""
        found: list[Moment] = []
        for line in lines:
            if len(found) + line.value.count(",") > _MOST_MOMENTS:
                raise NotUnderstood(f"lists more than {_MOST_MOMENTS:,} dates in {line.name}", _ALONE)
            found += [self._moment(line, written) for written in line.value.split(",") if written.strip()]
        return tuple(found)

    def _moment(self, line: Line, written: str) -> Moment:
        match = _MOMENT.fullmatch(written.strip())
        if match is None:
            period = line.params.get("VALUE", "").upper() == "PERIOD"
            what = "lists periods" if period else f"cannot be read: “{written[:60]}”"
            raise NotUnderstood(f"{line.name} {what}", _ALONE if period else _FORM)
        try:
            wall = datetime.fromisoformat(f"{match[1]}T{match[2] or '000000'}")
        except ValueError:
            raise NotUnderstood(f"{line.name} is no date there is: “{written[:60]}”", _FORM) from None
        if not _EARLIEST <= wall.year <= _LATEST:
            raise NotUnderstood(f"{line.name} is not between {_EARLIEST} and {_LATEST}", _FORM)
        if match[2] is None:
            return Moment(wall, self._floating_in, day=True)
        if match[3]:
            return _as_written(line, Moment(wall, "UTC"))
        return Moment(wall, self._zone(line, wall.year))

    def _zone(self, line: Line, year: int) -> str:
        name = line.params.get("TZID", "")
        if not name:
            return self._floating_in
        zone = self._zones.zone(name, year)
        if zone is None:
            mend = "write an IANA zone name such as Europe/London, or times in UTC"
            raise NotUnderstood(f"“{name[:80]}” is not a time zone known here", mend)
        return zone


def _as_written(line: Line, moment: Moment) -> Moment:
    """The wall time this service wrote an instant from, when both still agree (see `rota.calendars`)."""
    match = _WRITTEN.fullmatch(line.params.get("X-ROTA-WALL", ""))
    if match is None or match[2] not in zone_names():
        return moment
    try:
        written = Moment(datetime.fromisoformat(match[1]), match[2])
        return written if written.instant == moment.instant else moment
    except (ValueError, OverflowError):
        return moment


def wall_on(moment: Moment, zone: str, at: time) -> datetime:
    """The wall time of a moment in a zone; a day alone is taken at the time of day given."""
    return datetime.combine(moment.wall.date(), at) if moment.day else moment.wall_in(zone)


def unescape(value: str) -> str:
    """TEXT as it was meant (RFC 5545 3.3.11), without control characters. Entities of other languages stay text."""
    return "".join(char for char in unescape_backslash(value) if char.isprintable() or char in " \n").strip()


def _lasts(part: Part) -> timedelta | None:
    line = part.first("DURATION")
    return duration_of(line.value) if line is not None else None


def duration_of(written: str) -> timedelta:
    """A DURATION (RFC 5545 3.3.6). Raises NotUnderstood."""
    try:
        if len(written) > _LONGEST_DURATION:
            raise ValueError
        length: timedelta = vDuration.from_ical(written.strip())  # type: ignore[no-untyped-call]
    except (ValueError, OverflowError):
        raise NotUnderstood("DURATION cannot be read", "write it as PT4H") from None
    return length


def _text(part: Part, name: str) -> str:
    line = part.first(name)
    return unescape(line.value) if line is not None else ""


def _number(part: Part) -> int:
    written = _text(part, "SEQUENCE")
    return int(written) if re.fullmatch(r"\d{1,9}", written) else 0


def _people(part: Part, name: str) -> tuple[Person, ...]:
    """Those named who have not said no."""
    return tuple(
        Person(
            re.sub(r"(?i)^mailto:", "", line.value).strip().casefold()[:320], line.params.get("CN", "")[:200]
        )
        for line in part.named(name)
        if line.params.get("PARTSTAT", "").upper() != "DECLINED"
    )


def _categories(part: Part) -> tuple[str, ...]:
    return tuple(
        unescape(written)[:100]
        for line in part.named("CATEGORIES")
        for written in re.split(r"(?<!\\),", line.value)
        if written.strip()
    )


def _where(part: Part) -> str:
    """How to find an event that could not be read."""
    starts = part.first("DTSTART")
    named = f", “{_text(part, 'SUMMARY')[:80]}”" if part.first("SUMMARY") is not None else ""
    return f"line {part.line}{named}" + (f" on {starts.value[:20]}" if starts is not None else "")


def _name(lines: Lines) -> str:
    return _text(lines.calendar, "X-WR-CALNAME")[:200]
