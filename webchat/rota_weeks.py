"""A week and a month of everybody's shifts, as the pages show them. Pure."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta

import msgspec

from rota.shifts import OnDuty
from rota.walltime import instant_of
from webchat import rota_words
from webchat.rota_view import STANDBY, Card, Looking, card, midnight

_DAY = timedelta(days=1)
_WEEK = 7 * _DAY
# How far from today somebody may page: nothing is planned beyond, and walking centuries of rules costs.
FURTHEST = timedelta(days=2 * 366)
_ORDER = {"supporter": 0, "interpreter": 1, "lead": 2, "on_call": 3, "second_on_call": 4}


class Block(msgspec.Struct, frozen=True):
    """Those who are on from one time to another."""

    clock: str
    clocks: str
    cards: tuple[Card, ...]


class Day(msgspec.Struct, frozen=True, kw_only=True):
    """One local day. `note` says why its hours are not the usual ones, and what they are."""

    date: str
    name: str
    weekday: str
    number: int
    today: bool
    past: bool
    note: str
    clocks: str
    blocks: tuple[Block, ...]


class Week(msgspec.Struct, frozen=True, kw_only=True):
    title: str
    days: tuple[Day, ...]
    before: str
    after: str
    today: str
    month: str


class Square(msgspec.Struct, frozen=True, kw_only=True):
    """One day of a month: how many are on, how many shifts are free, and whether one is mine."""

    date: str
    name: str
    weekday: str
    number: int
    inside: bool
    today: bool
    on: int
    free: int
    mine: str
    note: str
    week: str


class Month(msgspec.Struct, frozen=True, kw_only=True):
    title: str
    weeks: tuple[tuple[Square, ...], ...]
    before: str
    after: str
    today: str


def week_from(asked: str, today: date) -> date:
    """The Monday of the week asked for; of this week for what is no date or too far away."""
    try:
        day = date.fromisoformat(asked)
    except ValueError:
        day = today
    if abs(day - today) > FURTHEST:
        day = today
    return day - _DAY * day.weekday()


def month_from(asked: str, today: date) -> date:
    """The first of the month asked for as 2026-11; of this one for what is no month or too far away."""
    try:
        first = date.fromisoformat(f"{asked}-01")
    except ValueError:
        first = today
    return (first if abs(first - today) <= FURTHEST else today).replace(day=1)


def week(looking: Looking, monday: date) -> Week:
    """Seven days from a Monday; a shift is on the day it starts."""
    zone = looking.zone
    days = [monday + _DAY * number for number in range(7)]
    since, until = midnight(monday, zone), midnight(monday + _WEEK, zone)
    starting = [one for one in looking.plan.rota.occurrences(since, until) if one.starts_at >= since]
    mine = looking.mine_around(since, until)
    by_day: dict[date, list[OnDuty]] = {day: [] for day in days}
    for duty in starting:
        by_day[duty.starts_at.astimezone(zone).date()].append(duty)
    return Week(
        title=_week_title(monday),
        days=tuple(_day(looking, day, by_day[day], mine) for day in days),
        before=(monday - _WEEK).isoformat(),
        after=(monday + _WEEK).isoformat(),
        today=looking.today.isoformat(),
        month=f"{monday + 3 * _DAY:%Y-%m}",
    )


def _week_title(monday: date) -> str:
    sunday = monday + 6 * _DAY
    first = f"{monday.day}" if monday.month == sunday.month else f"{monday.day} {monday:%B}"
    return f"{first} – {sunday.day} {sunday:%B %Y}"


def _day(looking: Looking, day: date, duties: list[OnDuty], mine: Sequence[OnDuty]) -> Day:
    zone, today = looking.zone, looking.today
    blocks: dict[tuple[datetime, datetime], list[OnDuty]] = {}
    for duty in duties:
        blocks.setdefault((duty.starts_at, duty.ends_at), []).append(duty)
    return Day(
        date=day.isoformat(),
        name=rota_words.day(day, today),
        weekday=f"{day:%a}",
        number=day.day,
        today=day == today,
        past=day < today,
        note=note_of(looking, day),
        clocks=_clocks(looking, day),
        blocks=tuple(
            Block(
                rota_words.clock(*span, zone),
                rota_words.clock_change(*span, zone),
                tuple(_to_take(looking, one, mine) for one in sorted(blocks[span], key=_place)),
            )
            for span in sorted(blocks)
        ),
    )


def _place(duty: OnDuty) -> tuple[int, str, str]:
    return _ORDER.get(duty.role, 9), duty.person or "~", duty.shift


def _to_take(looking: Looking, duty: OnDuty, mine: Sequence[OnDuty]) -> Card:
    """The occurrence; a free one is `wanted` when whoever looks may take it."""
    shown = card(looking, duty)
    if not (duty.free and duty.ends_at > looking.plan.now):
        return shown
    may = not any(one.kind == "refuse" for one in looking.against(duty, mine))
    return msgspec.structs.replace(shown, wanted=may)


def note_of(looking: Looking, day: date) -> str:
    """ "Christmas Day: closed", "Team evening: open 18:00–20:00"; empty on a usual day."""
    hours, zone = looking.hours, looking.zone
    since, until = midnight(day, zone), midnight(day + _DAY, zone)
    noon = instant_of(datetime.combine(day, time(12)), zone)
    names = [one.channel for one in hours.hours.channels]
    whys = dict.fromkeys(why for name in names if (why := hours.reason(name, noon)))
    whys |= dict.fromkeys(
        one.why
        for one in hours.hours.closures
        if one.from_ < until and (one.until is None or one.until > since)
    )
    if not whys:
        return ""
    opened = dict.fromkeys(
        rota_words.clock(span.opens_at, hours.closes_at(span.channel, span.opens_at) or span.closes_at, zone)
        for span in hours.spans(since, until)
        # What was open over midnight belongs to the day before.
        if span.opens_at > since or not hours.is_open(span.channel, since - timedelta.resolution)
    )
    return f"{', '.join(whys)}: {f'open {rota_words.names(list(opened))}' if opened else 'closed'}"


def _clocks(looking: Looking, day: date) -> str:
    """What the clocks do in the night that ends on this day."""
    zone = looking.zone
    change = rota_words.clock_change(midnight(day, zone), midnight(day + _DAY, zone), zone)
    return change.partition(":")[0].capitalize()


def month(looking: Looking, first: date) -> Month:
    """The weeks a month touches, Monday first."""
    zone = looking.zone
    begins = first - _DAY * first.weekday()
    after = (first + 31 * _DAY).replace(day=1)
    days = []
    day = begins
    while day < after or day.weekday():
        days.append(day)
        day += _DAY
    since, until = midnight(begins, zone), midnight(day, zone)
    by_day: dict[date, list[OnDuty]] = {one: [] for one in days}
    for duty in looking.plan.rota.occurrences(since, until):
        if duty.starts_at >= since:
            by_day[duty.starts_at.astimezone(zone).date()].append(duty)
    squares = [_square(looking, one, by_day[one], first) for one in days]
    return Month(
        title=f"{first:%B %Y}",
        weeks=tuple(tuple(squares[number : number + 7]) for number in range(0, len(squares), 7)),
        before=f"{first - _DAY:%Y-%m}",
        after=f"{after:%Y-%m}",
        today=looking.today.isoformat(),
    )


def _square(looking: Looking, day: date, duties: list[OnDuty], first: date) -> Square:
    mine = next((one for one in duties if one.person == looking.me.id), None)
    return Square(
        date=day.isoformat(),
        name=rota_words.day(day, looking.today),
        weekday=f"{day:%A}",
        number=day.day,
        inside=day.month == first.month,
        today=day == looking.today,
        on=len({one.person for one in duties if one.person and one.role not in STANDBY}),
        free=sum(one.free and one.ends_at > looking.plan.now for one in duties),
        mine=rota_words.clock(mine.starts_at, mine.ends_at, looking.zone) if mine is not None else "",
        note=note_of(looking, day),
        week=(day - _DAY * day.weekday()).isoformat(),
    )
