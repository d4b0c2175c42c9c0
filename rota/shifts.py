"""Shifts that repeat in local wall time, and who is on at an instant.

A shift is written as people say it: "22:00 to 06:00, London, every Saturday". Decisions are made on instants, so
each occurrence is given its own start and end in UTC: 8 h on most nights, 7 h when clocks go forward and 9 h when
they go back. RFC 5545 3.8.5.3 would give every occurrence of a DTEND rule the same exact duration; a night shift
ends when the morning's begins, so here the end is wall time too.
"""

import re
from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from typing import Annotated, Literal, TypeVar
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Meta

from rota.rules import Rule
from rota.walltime import as_utc, instant_of

Role = Literal["supporter", "lead", "on_call", "second_on_call", "interpreter"]
WallTime = Annotated[datetime, Meta(tz=False)]
Name = Annotated[str, Meta(min_length=1, max_length=200)]
Whoever = Annotated[str, Meta(max_length=200)]
_Kept = TypeVar("_Kept")

_SLOT_WALL = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_END_OF_TIME = datetime.combine(date.max, time.max)
_DAY = timedelta(days=1)
_MOMENT = timedelta(seconds=1)
_DAY_SECONDS = 86_400
_QUARTERS = 96
_QUARTER_SECONDS = _DAY_SECONDS // _QUARTERS
_WINDOW = timedelta(days=14)
# No zone is a day or more away from UTC.
_FROM_UTC = timedelta(hours=24)
# A shift is at most 24 h of wall time, and a clock change stretches it by less than another 24 h.
_LONGEST = timedelta(hours=48)
_LOOK_AHEAD = timedelta(days=366)
# A year and a month of them, so that reading a year over and over expands nothing twice.
_DAYS_KEPT = 400
_WINDOWS_KEPT = 30
# Past so many changed shifts a window is sooner expanded anew than mended.
_MENDED = 200


class Override(msgspec.Struct, frozen=True, kw_only=True):
    """A change to one occurrence, named by the wall start `of` it has by rule (RFC 5545 3.8.4.4).

    `starts` alone keeps the length; `ends` alone keeps the start. Somebody else on it (`person`) brings their own
    `languages`: left out they are none, never those of the person replaced. An empty `person` gave it back: it is
    free.
    """

    of: WallTime
    cancelled: bool = False
    starts: WallTime | None = None
    ends: WallTime | None = None
    person: Whoever | None = None
    languages: tuple[str, ...] | None = None


class Shift(msgspec.Struct, frozen=True, kw_only=True):
    """A shift of one person in one role, once or repeating.

    `starts` and `ends` are the first occurrence in naive local wall time of the IANA zone `zone`; `ends` is at most
    24 h later on the clock. `rrule` repeats it (RFC 5545 3.8.5.3), `rdates` add starts, `exdates` take starts out.
    `from` and `until` are local dates, both inclusive, between which occurrences count, by their start by rule.
    No `languages` means none, not all. An empty `person` leaves it free: nobody has it yet.
    """

    id: Name
    zone: str
    starts: WallTime
    ends: WallTime
    role: Role
    person: Whoever = ""
    channels: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    rrule: str | None = None
    exdates: tuple[WallTime, ...] = ()
    rdates: tuple[WallTime, ...] = ()
    overrides: tuple[Override, ...] = ()
    from_: date | None = msgspec.field(default=None, name="from")
    until: date | None = None


class Slot(msgspec.Struct, frozen=True):
    """The name of one occurrence, whatever it is moved to: its shift's id and the naive wall start it has by rule.

    Written `friday-night@2026-11-27T22:00`, with seconds only where there are any.
    """

    shift: str
    of: datetime

    def __str__(self) -> str:
        return f"{self.shift}@{self.of.isoformat(timespec='seconds' if self.of.second else 'minutes')}"

    @classmethod
    def parse(cls, text: str) -> "Slot":
        """The slot written so. Raises ValueError for anything else; a shift's id may hold an @ of its own."""
        shift, _, wall = text.rpartition("@")
        if not shift or not _SLOT_WALL.fullmatch(wall):
            raise ValueError(f"“{text[:100]}” names no occurrence: write it as friday-night@2026-11-27T22:00")
        return cls(shift, datetime.fromisoformat(wall))


class OnDuty(msgspec.Struct, frozen=True, gc=False):
    """One occurrence: who is on, from `starts_at` up to but not including `ends_at` (UTC instants).

    An empty `person` is nobody: the occurrence is free. `of` is the wall start it has by rule, which with the
    shift's id names this occurrence whatever it is moved to.
    """

    person: str
    role: Role
    shift: str
    starts_at: datetime
    ends_at: datetime
    channels: tuple[str, ...]
    languages: tuple[str, ...]
    of: datetime

    @property
    def slot(self) -> Slot:
        """The name of this occurrence."""
        return Slot(self.shift, self.of)

    @property
    def free(self) -> bool:
        """Whether nobody has it."""
        return not self.person


class Series:
    """The occurrences of one shift. The shift must be sound (`rota.shift_entry.shift_mistakes`)."""

    def __init__(self, shift: Shift) -> None:
        self.shift = shift
        self._zone = ZoneInfo(shift.zone)
        self._length = shift.ends - shift.starts
        self._rule = Rule(shift.rrule, shift.starts, self._zone) if shift.rrule is not None else None
        self._overrides = {override.of: override for override in shift.overrides}
        self._absent = frozenset(shift.exdates)
        self._begins = datetime.combine(shift.from_ or date.min, time.min)
        self._stops = datetime.combine(shift.until, time.min) + _DAY if shift.until else _END_OF_TIME

    def walls(self, since: datetime, until: datetime) -> set[datetime]:
        """The wall starts by rule, `since` ≤ start < `until`, before overrides."""
        since, until = max(since, self._begins), min(until, self._stops)
        by_rule = self._rule.walls(since, until) if self._rule else (self.shift.starts,)
        return {
            wall
            for wall in (*by_rule, *self.shift.rdates)
            if since <= wall < until and wall not in self._absent
        }

    def starting(self, since: datetime, until: datetime) -> Iterator[OnDuty]:
        """Occurrences whose start instant is `since` ≤ start < `until`, in no particular order."""
        walls = self.walls(since.replace(tzinfo=None) - _FROM_UTC, until.replace(tzinfo=None) + _FROM_UTC)
        # What is moved may come from far away, so it is looked at wherever it was by rule.
        for wall in walls | self._moved:
            duty = self._occurrence(wall)
            if duty is not None and since <= duty.starts_at < until:
                yield duty

    @cached_property
    def _moved(self) -> frozenset[datetime]:
        """The wall starts by rule of what happens at another time. A change to no such start changes nothing."""
        return frozenset(
            of
            for of, override in self._overrides.items()
            if override.starts is not None and self.walls(of, of + _MOMENT)
        )

    def named(self, of: datetime) -> OnDuty | None:
        """The occurrence whose wall start by rule is `of`; None when there is none or it is cancelled."""
        return self._occurrence(of) if self.walls(of, of + _MOMENT) else None

    def _occurrence(self, wall: datetime) -> OnDuty | None:
        shift, override = self.shift, self._overrides.get(wall)
        starts, ends, person, languages = wall, wall + self._length, shift.person, shift.languages
        if override is not None:
            if override.cancelled:
                return None
            starts = override.starts or wall
            ends = override.ends or starts + self._length
            if override.person is not None and override.person != person:
                person, languages = override.person, ()
            if override.languages is not None:
                languages = override.languages
        starts_at, ends_at = instant_of(starts, self._zone), instant_of(ends, self._zone)
        # 01:00 to 02:00 on the night those minutes are skipped: there is no such shift.
        if ends_at <= starts_at:
            return None
        return OnDuty(person, shift.role, shift.id, starts_at, ends_at, shift.channels, languages, wall)


class _Window(msgspec.Struct, frozen=True):
    """What starts within one window, by start; and each instant at which somebody comes or goes, once for each."""

    starting: list[OnDuty]
    changes: list[datetime]


class _Day(msgspec.Struct, frozen=True):
    """One UTC day cut where somebody comes or goes: `on[i]` are on from `cuts[i]` to the next cut.

    Cuts are seconds since 1970: this is asked on every offer, and numbers compare faster than datetimes.
    """

    cuts: list[float]
    on: list[tuple[OnDuty, ...]]


class Rota:
    """Who is on, when. Immutable: `changed` makes a new one. No two shifts have the same id.

    Shifts are expanded a fortnight at a time when first asked about and kept, so `on_duty_at` is a dictionary
    look-up, and a bisection within one day where somebody comes or goes within that quarter of an hour. Instants may be in any zone but must have one; answers are in UTC.
    """

    def __init__(self, shifts: Iterable[Shift]) -> None:
        self._begin({shift.id: Series(shift) for shift in shifts})

    def _begin(self, series: dict[str, Series]) -> None:
        self.shifts = tuple(one.shift for one in series.values())
        self._series = series
        self._windows: dict[int, _Window] = {}
        self._days: dict[int, _Day] = {}
        # Who is on in each quarter of an hour, since 1970, of those days in which nobody comes or goes.
        self._steady: dict[int, tuple[OnDuty, ...]] = {}
        # Windows of the rota this one was made from, each with the ids of what has changed since it was expanded.
        self._behind: dict[int, tuple[_Window, frozenset[str]]] = {}

    def changed(self, put: Iterable[Shift], gone: Iterable[str] = ()) -> "Rota":
        """This rota without the shifts whose ids are `gone`, and with these put in or in place of their like.

        Answers as `Rota` of those shifts would, but what is unchanged is not expanded again: one edit among
        thousands of shifts costs milliseconds.
        """
        series = self._series.copy()
        named = set(gone)
        for name in named:
            series.pop(name, None)
        for shift in put:
            held = self._series.get(shift.id)
            series[shift.id] = held if held is not None and held.shift == shift else Series(shift)
            named.add(shift.id)
        touched = frozenset(name for name in named if series.get(name) is not self._series.get(name))
        rota = Rota.__new__(Rota)
        rota._begin(series)
        behind = {number: (window, touched) for number, window in self._windows.items()}
        behind |= {number: (window, since | touched) for number, (window, since) in self._behind.items()}
        rota._behind = {number: one for number, one in behind.items() if len(one[1]) <= _MENDED}
        return rota

    def on_duty_at(self, instant: datetime) -> tuple[OnDuty, ...]:
        """Everybody whose shift covers the instant, by start and then shift id; what is free is left out.

        A shift's end is not part of it.
        """
        if instant.tzinfo is None:
            raise ValueError(f"{instant!r} has no offset: an instant must be timezone-aware")
        seconds = instant.timestamp()
        steady = self._steady.get(int(seconds // _QUARTER_SECONDS))
        if steady is not None:
            return steady
        number = int(seconds // _DAY_SECONDS)
        day = self._days.get(number) or self._cut_day(number)
        return day.on[bisect_right(day.cuts, seconds) - 1]

    def occurrences(self, since: datetime, until: datetime) -> tuple[OnDuty, ...]:
        """Every occurrence, free ones too, that covers some of `since` ≤ instant < `until`, by start and shift id."""
        since, until = as_utc(since), as_utc(until)
        found: list[OnDuty] = []
        for number in range(_window_of(since - _LONGEST), _window_of(until) + 1):
            starting = self._window(number).starting
            first = bisect_left(starting, since - _LONGEST, key=_begins)
            last = bisect_left(starting, until, key=_begins)
            found += [duty for duty in starting[first:last] if duty.ends_at > since]
        return tuple(found)

    def occurrence(self, slot: Slot) -> OnDuty | None:
        """The one occurrence that a slot names; None when there is none, or it is cancelled."""
        series = self._series.get(slot.shift)
        return series.named(slot.of) if series is not None else None

    def next_change_after(self, instant: datetime) -> datetime | None:
        """The first instant after this one at which somebody comes on or goes off; None if not within 366 days."""
        instant = as_utc(instant)
        found: datetime | None = None
        for number in range(_window_of(instant - _LONGEST), _window_of(instant + _LOOK_AHEAD) + 1):
            # A shift that began in the last window may end in this one, so both have a say.
            if found is not None and found < _EPOCH + number * _WINDOW:
                break
            changes = self._window(number).changes
            after = bisect_right(changes, instant)
            if after < len(changes) and (found is None or changes[after] < found):
                found = changes[after]
        return found if found is not None and found <= instant + _LOOK_AHEAD else None

    def _window(self, number: int) -> _Window:
        window = self._windows.get(number)
        if window is None:
            behind = self._behind.pop(number, None)
            window = self._mended(number, *behind) if behind else self._expanded(number)
            _keep(self._windows, number, window, _WINDOWS_KEPT)
        return window

    def _expanded(self, number: int) -> _Window:
        since = _EPOCH + number * _WINDOW
        starting = [
            duty for series in self._series.values() for duty in series.starting(since, since + _WINDOW)
        ]
        starting.sort(key=_place)
        return _Window(starting, sorted(edge for duty in starting for edge in _edges(duty)))

    def _mended(self, number: int, window: _Window, touched: frozenset[str]) -> _Window:
        """The window with what it held of these shifts taken out and what they are now put in."""
        since = _EPOCH + number * _WINDOW
        starting = [duty for duty in window.starting if duty.shift not in touched]
        changes = window.changes.copy()
        for old in (duty for duty in window.starting if duty.shift in touched):
            for edge in _edges(old):
                del changes[bisect_left(changes, edge)]
        for series in (self._series[name] for name in touched if name in self._series):
            for new in series.starting(since, since + _WINDOW):
                insort(starting, new, key=_place)
                for edge in _edges(new):
                    insort(changes, edge)
        return _Window(starting, changes)

    def _cut_day(self, number: int) -> _Day:
        begins = _EPOCH + number * _DAY
        covering = [duty for duty in self.occurrences(begins, begins + _DAY) if duty.person]
        covers = [(duty.starts_at.timestamp(), duty.ends_at.timestamp()) for duty in covering]
        first, last = begins.timestamp(), begins.timestamp() + _DAY_SECONDS
        edges = {edge for cover in covers for edge in cover if first < edge < last}
        cuts = [first, *sorted(edges)]
        on: list[list[OnDuty]] = [[] for _ in cuts]
        for duty, (starts, ends) in zip(covering, covers, strict=True):
            for part in on[bisect_right(cuts, max(starts, first)) - 1 : bisect_left(cuts, ends)]:
                part.append(duty)
        day = _Day(cuts, [tuple(part) for part in on])
        if len(self._days) >= _DAYS_KEPT:
            oldest = next(iter(self._days))
            for quarter in range(_QUARTERS):
                self._steady.pop(oldest * _QUARTERS + quarter, None)
        _keep(self._days, number, day, _DAYS_KEPT)
        for quarter in range(_QUARTERS):
            starts = first + quarter * _QUARTER_SECONDS
            after = bisect_right(cuts, starts)
            if after == len(cuts) or cuts[after] >= starts + _QUARTER_SECONDS:
                self._steady[number * _QUARTERS + quarter] = day.on[after - 1]
        return day


def _window_of(instant: datetime) -> int:
    return (instant - _EPOCH) // _WINDOW


def _begins(duty: OnDuty) -> datetime:
    return duty.starts_at


def _place(duty: OnDuty) -> tuple[datetime, str, datetime]:
    return duty.starts_at, duty.shift, duty.of


def _edges(duty: OnDuty) -> tuple[datetime, ...]:
    """When somebody comes and goes; nobody does at the ends of what is free."""
    return (duty.starts_at, duty.ends_at) if duty.person else ()


def _keep(kept: dict[int, _Kept], number: int, value: _Kept, most: int) -> None:
    if len(kept) >= most:
        kept.pop(next(iter(kept)))
    kept[number] = value
