"""Opening hours: when each channel's door is open.

Hours are written in local wall time and belong to the date on which they open, so "Friday 18:00 to 02:00" is all
Friday's, also when Saturday is a holiday. For a date the first of these that speaks decides: a special day for the
channel, a special day for all, a bank holiday by the channel's policy, the weekly pattern. Closures are cut out
last. Where one span ends as another begins the door simply stays open.
"""

from collections.abc import Iterable, Iterator
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import Literal
from zoneinfo import ZoneInfo

import holidays
import msgspec
from holidays.registry import EntityLoader

from rota.walltime import as_utc, instant_of

_DAY = timedelta(days=1)
_LOOK_AHEAD = timedelta(days=366)
_STEP = timedelta(days=14)
# A span lasts at most 24 h of wall time and a zone is less than a day from UTC.
_AROUND = timedelta(days=2)
_DAYS_KEPT = 4_096


class Span(msgspec.Struct, frozen=True):
    """Open from `opens` to `closes`, both in minutes on the clock after the midnight that begins the day.

    0 ≤ opens < 1440 and opens < closes ≤ opens + 1440: a span past midnight closes after minute 1440.
    """

    opens: int
    closes: int


Spans = tuple[Span, ...]
ALL_DAY: Spans = (Span(0, 1440),)


class ChannelHours(msgspec.Struct, frozen=True, kw_only=True):
    """The hours of one channel: seven days from Monday, and what bank holidays do to them.

    `on_holidays` is "open" (as on any such day of the week), "closed", or the hours kept on a holiday.
    """

    channel: str
    week: tuple[Spans, Spans, Spans, Spans, Spans, Spans, Spans]
    on_holidays: Literal["open", "closed"] | Spans = "open"


class SpecialDay(msgspec.Struct, frozen=True, kw_only=True):
    """A date with hours of its own; none means closed. `channel` None is every channel without its own."""

    date: date
    channel: str | None = None
    hours: Spans = ()
    why: str


class Closure(msgspec.Struct, frozen=True, kw_only=True):
    """The door shut from an instant, until another or until it is taken back. `channel` None is every channel."""

    channel: str | None = None
    from_: datetime = msgspec.field(name="from")
    until: datetime | None = None
    why: str


class Hours(msgspec.Struct, frozen=True, kw_only=True):
    """All opening hours of a service. `country` (ISO 3166-1) and `region` (ISO 3166-2 part) name its bank holidays."""

    zone: str
    channels: tuple[ChannelHours, ...]
    country: str | None = None
    region: str | None = None
    special_days: tuple[SpecialDay, ...] = ()
    closures: tuple[Closure, ...] = ()


class OpenSpan(msgspec.Struct, frozen=True):
    """A channel open from `opens_at` up to but not including `closes_at` (UTC instants)."""

    channel: str
    opens_at: datetime
    closes_at: datetime


class UnknownChannel(LookupError):
    """Asked about a channel that has no hours."""


class OpeningHours:
    """Answers about `Hours`, which must be sound (`rota.hours_entry.read_hours`).

    Instants may be in any zone but must have one; answers are in UTC. A channel without hours raises
    `UnknownChannel`.
    """

    def __init__(self, hours: Hours) -> None:
        self.hours = hours
        self._zone = ZoneInfo(hours.zone)
        self._channels = {channel.channel: channel for channel in hours.channels}
        self._special = {(day.channel, day.date): day for day in hours.special_days}
        self._holidays = _bank_holidays(hours.country, hours.region) if hours.country is not None else None
        self._opened_on = lru_cache(_DAYS_KEPT)(self._resolve_day)

    def is_open(self, channel: str, instant: datetime) -> bool:
        """Whether the channel's door is open at this instant."""
        instant = as_utc(instant)
        opened = self._opened(channel, instant - _AROUND, instant + _AROUND)
        return any(opens <= instant < closes for opens, closes in opened)

    def closes_at(self, channel: str, instant: datetime) -> datetime | None:
        """When the door that is open now next shuts; None when it is shut now, or stays open for 366 days."""
        instant = as_utc(instant)
        if not self.is_open(channel, instant):
            return None
        reached, limit = instant, instant + _LOOK_AHEAD
        while reached < limit:
            ahead = min(reached + _STEP, limit)
            closes = self._between(channel, reached, ahead)[0][1]
            if closes < ahead:
                return closes
            # Either it shuts exactly here or the step was too short to see.
            if not self.is_open(channel, ahead):
                return ahead
            reached = ahead
        return None

    def next_opening(self, channel: str, after: datetime) -> datetime | None:
        """The first instant at or after this one at which the channel is open; None if not within 366 days."""
        reached = as_utc(after)
        limit = reached + _LOOK_AHEAD
        while reached < limit:
            ahead = min(reached + _STEP, limit)
            opened = self._between(channel, reached, ahead)
            if opened:
                return opened[0][0]
            reached = ahead
        return None

    def spans(self, since: datetime, until: datetime, channel: str | None = None) -> tuple[OpenSpan, ...]:
        """What is open `since` ≤ instant < `until`, cut to it, by start; of one channel or of all."""
        since, until = as_utc(since), as_utc(until)
        names = self._channels if channel is None else (channel,)
        found = [OpenSpan(name, *span) for name in names for span in self._between(name, since, until)]
        return tuple(sorted(found, key=lambda span: (span.opens_at, span.channel)))

    def on_date(self, channel: str, day: date) -> Spans:
        """The hours that begin on a local date, as they are written: closures aside, before any change of the clocks."""
        return self._hours_on(channel, day)

    def opened_on(self, channel: str, day: date) -> tuple[tuple[datetime, datetime], ...]:
        """The same as instants."""
        self._of(channel)
        return self._opened_on(channel, day)

    def bank_holidays(self, since: date, until: date) -> tuple[tuple[date, str], ...]:
        """Dates and names of bank holidays, `since` ≤ date < `until`; none without a country."""
        if self._holidays is None:
            return ()
        days = (since + _DAY * count for count in range((until - since).days))
        return tuple((day, self._holidays[day]) for day in days if day in self._holidays)

    def reason(self, channel: str, instant: datetime) -> str | None:
        """Why hours are not the usual ones: the closure's, special day's or holiday's words; None on other days.

        By the local date of the instant, whether or not the channel is open then.
        """
        instant = as_utc(instant)
        for closure in self._closures(channel):
            if closure.from_ <= instant and (closure.until is None or instant < closure.until):
                return closure.why
        day = instant.astimezone(self._zone).date()
        special = self._special_day(channel, day)
        if special is not None:
            return special.why
        if self._holidays is not None and self._of(channel).on_holidays != "open":
            return self._holidays.get(day)
        return None

    def _of(self, channel: str) -> ChannelHours:
        try:
            return self._channels[channel]
        except KeyError:
            known = ", ".join(sorted(self._channels))
            raise UnknownChannel(f"no hours for “{channel}”: there are hours for {known}") from None

    def _special_day(self, channel: str, day: date) -> SpecialDay | None:
        return self._special.get((channel, day)) or self._special.get((None, day))

    def _closures(self, channel: str) -> Iterator[Closure]:
        return (closure for closure in self.hours.closures if closure.channel in (None, channel))

    def _hours_on(self, channel: str, day: date) -> Spans:
        settings = self._of(channel)
        special = self._special_day(channel, day)
        if special is not None:
            return special.hours
        if settings.on_holidays != "open" and self._holidays is not None and day in self._holidays:
            return () if settings.on_holidays == "closed" else settings.on_holidays
        return settings.week[day.weekday()]

    def _resolve_day(self, channel: str, day: date) -> tuple[tuple[datetime, datetime], ...]:
        """The day's spans as instants, both ends by `instant_of`: a door that closes in the repeated hour closes
        the first time the clock says so, and a span wholly inside the skipped hour does not happen."""
        midnight = datetime.combine(day, time.min)
        resolved = (
            (
                instant_of(midnight + timedelta(minutes=span.opens), self._zone),
                instant_of(midnight + timedelta(minutes=span.closes), self._zone),
            )
            for span in self._hours_on(channel, day)
        )
        return tuple((opens, closes) for opens, closes in resolved if opens < closes)

    def _opened(self, channel: str, since: datetime, until: datetime) -> list[tuple[datetime, datetime]]:
        """Spans in order, joined where they touch, closures cut out; all that reach into since…until, and more."""
        day, last = (since - _AROUND).date(), (until + _AROUND).date()
        self._of(channel)
        found: list[tuple[datetime, datetime]] = []
        while day <= last:
            found += self._opened_on(channel, day)
            day += _DAY
        joined = joined_spans(found)
        for closure in self._closures(channel):
            joined = list(_cut(joined, closure))
        return joined

    def _between(self, channel: str, since: datetime, until: datetime) -> list[tuple[datetime, datetime]]:
        """What is open within since…until, cut to it."""
        return [
            (max(opens, since), min(closes, until))
            for opens, closes in self._opened(channel, since, until)
            if opens < until and closes > since
        ]


# A directory asks for the same few places thousands of times, and making them takes a millisecond each.
@lru_cache(256)
def countries() -> frozenset[str]:
    """The codes of all countries whose bank holidays are known. Loads none of them: together they take a second."""
    return frozenset(EntityLoader.get_country_codes())


def regions(country: str) -> tuple[str, ...]:
    """The regions of a known country that have holidays of their own."""
    return tuple(getattr(holidays, country).subdivisions)


def _bank_holidays(country: str, region: str | None) -> holidays.HolidayBase:
    """Bank holidays, named in the country's own language: left unsaid, the machine's would be taken."""
    language = holidays.country_holidays(country, subdiv=region).default_language
    return holidays.country_holidays(country, subdiv=region, language=language)


def joined_spans(spans: Iterable[tuple[datetime, datetime]]) -> list[tuple[datetime, datetime]]:
    """The same times, by start, in one span wherever they touch or overlap."""
    joined: list[tuple[datetime, datetime]] = []
    for opens, closes in sorted(spans):
        if joined and opens <= joined[-1][1]:
            joined[-1] = joined[-1][0], max(joined[-1][1], closes)
        else:
            joined.append((opens, closes))
    return joined


def _cut(spans: Iterable[tuple[datetime, datetime]], closure: Closure) -> Iterator[tuple[datetime, datetime]]:
    for opens, closes in spans:
        if opens < min(closes, closure.from_):
            yield opens, min(closes, closure.from_)
        if closure.until is not None and max(opens, closure.until) < closes:
            yield max(opens, closure.until), closes
