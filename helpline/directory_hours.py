"""Hours of the directory as text, in one cell of a table, and back.

A week is `mon-fri 18:00-22:30, 23:00-02:00; sat all day`; days left out are closed. A special day is
`2026-12-25 closed Christmas Day` or `2026-12-31 10:00-14:00 New Year's Eve`; several have `;` between them.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import date
from functools import lru_cache
from itertools import pairwise
from typing import Any

import msgspec

from helpline.directory import RING
from rota.hours import ALL_DAY, ChannelHours, Hours, Spans, SpecialDay
from rota.hours_entry import read_hours

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAY_NAMES = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
CLOSED = "closed"
_ALL_DAY = {"all day", "24 hours", "24/7", "always"}
_EVERY_DAY = re.compile(r"(?:every ?day|daily|mon\w*\s*[-–]\s*sun\w*)\b[: ]*", re.IGNORECASE)
_DAY = r"(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*"
_WHICH = re.compile(rf"({_DAY})\s*(?:[-–]\s*({_DAY}))?\b\s*,?[: ]*", re.IGNORECASE)
_TIME = re.compile(r"(?<!\d)(\d{1,2})(?:[:.](\d{2}))?(?::\d{2})?(?!\d)")
_SPECIAL = re.compile(r"(\d{4}-\d{2}-\d{2})\s+(.+)", re.DOTALL)
_HOURS = re.compile(
    r"(closed|all day|\d{1,2}[:.]\d{2}\s*[-–]\s*\d{1,2}[:.]\d{2}(?:\s*,\s*\d{1,2}[:.]\d{2}\s*[-–]\s*\d{1,2}[:.]\d{2})*)"
    r"\s*(.*)",
    re.IGNORECASE | re.DOTALL,
)
_NEXT_SPECIAL = re.compile(r"\s*[;\n]\s*(?=\d{4}-\d{2}-\d{2}\s)")
_MEND = "write hours such as mon-fri 18:00-22:30; sat all day"
_MEND_SPECIAL = "write special days such as 2026-12-25 closed Christmas Day"

Raw = dict[str, Any]
"""Hours as `rota.hours_entry.read_hours` reads them."""


class Unread(ValueError):
    """Hours that cannot be read. The message says what and how to mend it."""


# -- as text ---------------------------------------------------------------------------------------------------------


def spans_text(spans: Spans) -> str:
    """`18:00-22:30, 23:00-02:00`, `all day`, `closed`."""
    if spans == ALL_DAY:
        return "all day"
    parts = (f"{clock(span.opens)}-{_until(span.closes)}" for span in spans)
    return ", ".join(parts) or CLOSED


def clock(minutes: int) -> str:
    return f"{minutes // 60 % 24:02}:{minutes % 60:02}"


def _until(minutes: int) -> str:
    return "24:00" if minutes == 1440 else clock(minutes)


def week_text(week: Sequence[Spans]) -> str:
    """Days alike are joined: `mon-fri 18:00-22:30; sun 12:00-24:00`."""
    parts, first = [], 0
    for place in range(1, 8):
        if place == 7 or week[place] != week[first]:
            if week[first]:
                days = DAYS[first] if place - 1 == first else f"{DAYS[first]}-{DAYS[place - 1]}"
                parts.append(f"{days} {spans_text(week[first])}")
            first = place
    return "; ".join(parts) or CLOSED


def special_text(days: Sequence[SpecialDay]) -> str:
    return "; ".join(f"{one.date.isoformat()} {spans_text(one.hours)} {one.why}" for one in days)


def policy_text(policy: str | Spans) -> str:
    return policy if isinstance(policy, str) else spans_text(policy)


def ring_of(hours: Hours) -> ChannelHours:
    """The hours of the one channel an entry has."""
    return next(channel for channel in hours.channels if channel.channel == RING)


# -- and back --------------------------------------------------------------------------------------------------------


@lru_cache(4_096)
def read_week(text: str) -> Mapping[str, Sequence[str]]:
    """By day of the week, its spans as `read_hours` takes them. Raises `Unread`."""
    plain = " ".join(text.split())
    if plain.casefold() in _ALL_DAY:
        return dict.fromkeys(DAYS, ("00:00-24:00",))
    if plain.casefold() == CLOSED:
        return {}
    week: dict[str, Sequence[str]] = {}
    for part in plain.split(";"):
        if not part.strip():
            continue
        days, rest = _which(part.strip())
        for day in days:
            if day in week:
                raise Unread(f"{DAY_NAMES[DAYS.index(day)]} is given twice; {_MEND}")
            week[day] = read_spans(rest)
    return week


def _which(part: str) -> tuple[Sequence[str], str]:
    if every := _EVERY_DAY.match(part):
        return DAYS, part[every.end() :]
    found = _WHICH.match(part)
    if found is None:
        raise Unread(f"“{part[:60]}” cannot be read; {_MEND}")
    first = DAYS.index(found[1][:3].casefold())
    last = DAYS.index(found[2][:3].casefold()) if found[2] else first
    if last < first:
        return (*DAYS[first:], *DAYS[: last + 1]), part[found.end() :]
    return DAYS[first : last + 1], part[found.end() :]


@lru_cache(4_096)
def read_spans(text: str) -> Sequence[str]:
    """`09:00-17:00, 18:00-02:00`, `all day` or `closed` as spans. Raises `Unread`."""
    plain = text.strip().casefold()
    if plain in _ALL_DAY:
        return ("00:00-24:00",)
    if plain in (CLOSED, ""):
        return ()
    spans = []
    for part in plain.split(","):
        times = _TIME.findall(part)
        if len(times) != 2 or _TIME.sub("", part).strip() not in ("-", "–", "to", "until"):
            raise Unread(f"“{text.strip()[:60]}” cannot be read; {_MEND}")
        spans.append("-".join(f"{int(hour):02}:{minute or '00'}" for hour, minute in times))
    return tuple(spans)


def read_special(text: str) -> list[Raw]:
    """The special days of a cell, as `read_hours` takes them. Raises `Unread`."""
    days: list[Raw] = []
    for part in _NEXT_SPECIAL.split(text.strip()):
        if not part.strip():
            continue
        day = _SPECIAL.fullmatch(part.strip())
        rest = _HOURS.fullmatch(day[2]) if day else None
        if day is None or rest is None:
            raise Unread(f"“{part.strip()[:60]}” cannot be read; {_MEND_SPECIAL}")
        why = rest[2].strip() or "A special day"
        days.append({"date": day[1], "hours": list(read_spans(rest[1])), "why": why})
    return days


def hours_of(raw: Raw) -> Hours:
    """The hours these tables say. Hours alike are one object, however many entries keep them. Raises `Unread`."""
    return _hours_of(msgspec.json.encode(raw, order="deterministic"))


@lru_cache(4_096)
def _hours_of(encoded: bytes) -> Hours:
    raw = msgspec.json.decode(encoded)
    for day in raw.get("special_days", ()):
        # Dates are text in every file; `read_hours` takes them as TOML has them.
        day["date"] = _date(day["date"])
    found = read_hours(raw, channels=(RING,))
    if isinstance(found, list):
        first = found[0]
        raise Unread(f"the hours {first.what} ({first.where.removeprefix('hours.')}); {first.mend}")
    hours = found.hours
    ring = ring_of(hours)
    for name, spans in zip(DAY_NAMES, ring.week, strict=True):
        refuse_overlap(spans, f"on {name}")
    for special in hours.special_days:
        refuse_overlap(special.hours, f"on {special.date.isoformat()}")
    return hours


def _date(text: object) -> date:
    try:
        return date.fromisoformat(str(text))
    except ValueError:
        raise Unread(f"“{str(text)[:40]}” is not a date; {_MEND_SPECIAL}") from None


def refuse_overlap(spans: Spans, when: str) -> None:
    """`Unread` when two spans of one day say different things about the same minute."""
    ordered = sorted(spans, key=lambda span: span.opens)
    for one, other in pairwise(ordered):
        if other.opens < one.closes:
            said = f"{spans_text((one,))} and {spans_text((other,))}"
            raise Unread(f"the hours {when} overlap: {said}; join them or take one out")
