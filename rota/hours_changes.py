"""What other opening hours would change, before anybody saves them."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec

from rota.hours import ChannelHours, Closure, Hours, OpeningHours, Spans
from rota.shifts import OnDuty, Rota

AHEAD = timedelta(weeks=8)
YEAR = timedelta(days=366)
CLOSURES_KEPT = timedelta(days=60)
MOST_CLOSURES = 500
_DAY = timedelta(days=1)
_MINUTE = timedelta(minutes=1)

Interval = tuple[datetime, datetime]


class DaysMoved(msgspec.Struct, frozen=True):
    """Days of the week (0 is Monday) of one channel that get other hours."""

    channel: str
    days: tuple[int, ...]
    before: Spans
    after: Spans


class HolidaysMoved(msgspec.Struct, frozen=True):
    """What bank holidays do to a channel: `open`, `closed`, or the hours kept."""

    channel: str
    before: str | Spans
    after: str | Spans


class DateMoved(msgspec.Struct, frozen=True):
    """A special day put in, taken out or changed: the hours of that date, before and after."""

    channel: str
    date: date
    before: Spans
    after: Spans


class ClockChange(msgspec.Struct, frozen=True):
    """A night with other hours on which the clocks change: so many minutes more are open than it says, or fewer."""

    date: date
    minutes: int


class HoursMoved(msgspec.Struct, frozen=True, kw_only=True):
    """What is other. `nights` and what follows look at dates from today on, for eight weeks.

    `bare` are dates with newly opened time in which no supporter is on the rota; `outside` counts shifts somebody has
    that touched an open door and no longer would. `clocks` looks a year ahead.
    """

    days: tuple[DaysMoved, ...] = ()
    holidays: tuple[HolidaysMoved, ...] = ()
    place: bool = False
    dates: tuple[DateMoved, ...] = ()
    nights: int = 0
    clocks: tuple[ClockChange, ...] = ()
    bare: tuple[date, ...] = ()
    outside: int = 0

    @property
    def nothing(self) -> bool:
        return self == HoursMoved()


def hours_moved(before: OpeningHours, after: OpeningHours, rota: Rota, now: datetime) -> HoursMoved:
    """What saving `after` would change. Both have the same channels."""
    zone = ZoneInfo(after.hours.zone)
    today = now.astimezone(zone).date()
    channels = [channel.channel for channel in after.hours.channels]
    known = {channel.channel: channel for channel in before.hours.channels}
    pairs = [(known[one.channel], one) for one in after.hours.channels]
    moved = [
        day
        for day in (today + _DAY * count for count in range(YEAR.days))
        if any(before.on_date(channel, day) != after.on_date(channel, day) for channel in channels)
    ]
    soon = [day for day in moved if day < today + AHEAD]
    duties = [
        duty
        for duty in rota.occurrences(now - _DAY, now + AHEAD + _DAY)
        if duty.role == "supporter" and duty.person
    ]
    return HoursMoved(
        days=tuple(one for was, now_ in pairs for one in _days_moved(was, now_)),
        holidays=tuple(
            HolidaysMoved(now_.channel, was.on_holidays, now_.on_holidays)
            for was, now_ in pairs
            if was.on_holidays != now_.on_holidays
        ),
        place=(before.hours.country, before.hours.region) != (after.hours.country, after.hours.region),
        dates=tuple(_dates_moved(before, after, channels, today)),
        nights=len(soon),
        clocks=tuple(_clock_changes(after, channels, moved)),
        bare=tuple(day for day in soon if _bare(before, after, channels, day, duties, now)),
        outside=sum(_left_outside(before, after, channels, duty) for duty in duties if duty.starts_at >= now),
    )


def _days_moved(before: ChannelHours, after: ChannelHours) -> Iterable[DaysMoved]:
    """Days with the same change are told together."""
    grouped: dict[tuple[Spans, Spans], list[int]] = {}
    for day, (was, now) in enumerate(zip(before.week, after.week, strict=True)):
        if was != now:
            grouped.setdefault((was, now), []).append(day)
    return (DaysMoved(after.channel, tuple(days), was, now) for (was, now), days in grouped.items())


def _dates_moved(
    before: OpeningHours, after: OpeningHours, channels: list[str], today: date
) -> Iterable[DateMoved]:
    was, now = set(before.hours.special_days), set(after.hours.special_days)
    for day in sorted({one.date for one in was ^ now if one.date >= today}):
        for channel in channels:
            hours = before.on_date(channel, day), after.on_date(channel, day)
            if hours[0] != hours[1]:
                yield DateMoved(channel, day, *hours)


def _clock_changes(after: OpeningHours, channels: list[str], days: list[date]) -> Iterable[ClockChange]:
    for day in days:
        gained = set()
        for channel in channels:
            on_the_wall = sum((span.closes - span.opens for span in after.on_date(channel, day)), 0)
            in_truth = sum((closes - opens for opens, closes in after.opened_on(channel, day)), timedelta())
            gained.add(round(in_truth / _MINUTE) - on_the_wall)
        if other := max(gained, key=abs, default=0):
            yield ClockChange(day, other)


def _bare(
    before: OpeningHours,
    after: OpeningHours,
    channels: list[str],
    day: date,
    duties: list[OnDuty],
    now: datetime,
) -> bool:
    """Whether some of what this date newly opens has no supporter of that channel on the rota."""
    for channel in channels:
        on = [
            (duty.starts_at, duty.ends_at) for duty in duties if not duty.channels or channel in duty.channels
        ]
        for opens, closes in after.opened_on(channel, day):
            reach = max(opens - _DAY, now), closes + _DAY
            known = [(span.opens_at, span.closes_at) for span in before.spans(*reach, channel)]
            if closes > now and _left_of((max(opens, now), closes), [*known, *on]):
                return True
    return False


def _left_of(whole: Interval, taken: Iterable[Interval]) -> list[Interval]:
    left = [whole]
    for starts, ends in taken:
        left = [
            part for a, b in left for part in ((a, min(b, starts)), (max(a, ends), b)) if part[0] < part[1]
        ]
    return left


def _left_outside(before: OpeningHours, after: OpeningHours, channels: list[str], duty: OnDuty) -> bool:
    mine = [channel for channel in channels if not duty.channels or channel in duty.channels]

    def touched(hours: OpeningHours) -> bool:
        return any(hours.spans(duty.starts_at, duty.ends_at, channel) for channel in mine)

    return touched(before) and not touched(after)


def tidied(hours: Hours, now: datetime) -> Hours:
    """Without closures that were over 60 days ago: the log remembers them."""
    kept = [one for one in hours.closures if one.until is None or one.until > now - CLOSURES_KEPT]
    return msgspec.structs.replace(hours, closures=tuple(kept[-MOST_CLOSURES:]))


def closed_now(hours: Hours, closure: Closure, now: datetime) -> Hours:
    """With one closure more."""
    kept = tidied(hours, now)
    return msgspec.structs.replace(kept, closures=(*kept.closures, closure))


def opened_again(hours: Hours, closure: Closure, now: datetime) -> Hours:
    """The closure ends now and stays on record; one that has not begun is taken out."""
    ended = (msgspec.structs.replace(closure, until=now),) if closure.from_ < now else ()
    closures = tuple(part for one in hours.closures for part in (ended if one == closure else (one,)))
    return tidied(msgspec.structs.replace(hours, closures=closures), now)


def standing(hours: Hours, now: datetime) -> tuple[Closure, ...]:
    """Closures that are not over."""
    return tuple(one for one in hours.closures if one.until is None or one.until > now)
