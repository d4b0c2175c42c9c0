"""The form of the opening hours: what stands in its fields, and what was typed into them. Pure.

Fields are `web.mon` … `web.sun`, `web.holidays` and `web.holiday_hours` for each channel, `country`, `region`, and
`special.0.date`, `.channel`, `.hours`, `.why` and `.gone` for each special day from today on.
"""

import hashlib
import re
from collections.abc import Collection, Mapping
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec

from rota.hours import ALL_DAY, ChannelHours, Hours, Spans, SpecialDay
from rota.hours_changes import tidied
from rota.hours_entry import read_hours
from rota.mistakes import Mistake

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MOST_ROWS = 200
LONGEST = 500
_SEPARATORS = re.compile(r"\s*(?:,|;|\band\b)\s*")
_BETWEEN = re.compile(r"\s*(?:-|–|—|\bto\b|\buntil\b)\s*")
_TIME = re.compile(r"\b(\d{1,2})(?:[:.]?(\d{2}))?\b")
_MEND = "write hours such as 18:00-22:30, with a comma between several; or closed, or all day"
_MENDS = {
    "date": "choose a date from today on",
    "why": "say in a few words why, such as Christmas Day",
    "channel": "choose one of those offered",
}

Fields = Mapping[str, str]


class Read(msgspec.Struct, frozen=True):
    """What was typed: the hours, or by field what is wrong with it."""

    hours: Hours | None
    mistakes: dict[str, str]


# -- what stands in the fields ---------------------------------------------------------------------------------------


def typed(spans: Spans) -> str:
    """Hours as somebody would type them: `18:00-22:30, 23:00-01:00`, `closed`, `all day`."""
    if spans == ALL_DAY:
        return "all day"
    parts = (
        f"{clock(span.opens)}-{'24:00' if span.closes == 1440 else clock(span.closes)}" for span in spans
    )
    return ", ".join(parts) or "closed"


def clock(minutes: int) -> str:
    return f"{minutes // 60 % 24:02}:{minutes % 60:02}"


def fields_of(hours: Hours, today: date) -> dict[str, str]:
    """The form as it is before anybody typed."""
    fields = {"country": hours.country or "", "region": hours.region or ""}
    for channel in hours.channels:
        fields |= {f"{channel.channel}.{day}": typed(channel.week[place]) for place, day in enumerate(DAYS)}
        policy = channel.on_holidays
        fields[f"{channel.channel}.holidays"] = policy if isinstance(policy, str) else "hours"
        fields[f"{channel.channel}.holiday_hours"] = "" if isinstance(policy, str) else typed(policy)
    coming = sorted((day for day in hours.special_days if day.date >= today), key=lambda day: day.date)
    for row, day in enumerate(coming):
        fields |= {
            f"special.{row}.date": day.date.isoformat(),
            f"special.{row}.channel": day.channel or "",
            f"special.{row}.hours": typed(day.hours),
            f"special.{row}.why": day.why,
        }
    return fields | {"rows": str(len(coming))}


def rows_of(fields: Fields) -> int:
    """How many special days the form has room for."""
    count = fields.get("rows", "0")
    return min(int(count), MOST_ROWS) if count.isascii() and count.isdecimal() and len(count) < 5 else 0


# -- what was typed --------------------------------------------------------------------------------------------------


def read(fields: Fields, current: Hours, channels: Collection[str], now: datetime) -> Read:
    """The hours these fields say, with the closures and the past special days there are; or every mistake."""
    today = now.astimezone(ZoneInfo(current.zone)).date()
    fields = {name: value.strip()[:LONGEST] for name, value in fields.items()}
    rows = [row for row in range(rows_of(fields)) if _is_used(fields, row)]
    raw = {
        "zone": current.zone,
        "channels": {one.channel: _raw_channel(fields, one) for one in current.channels},
        "special_days": [_raw_special_day(fields, row) for row in rows],
        **{name: fields[name] for name in ("country", "region") if fields.get(name)},
    }
    found = read_hours(raw, channels=channels)
    if isinstance(found, list):
        wrong: dict[str, str] = {}
        for mistake in found:
            field = _field_of(mistake, rows)
            wrong.setdefault(field, _said(mistake, fields.get(field, "")))
        return Read(None, wrong)
    passed = {
        f"special.{row}.date": f"This day is over; {_MENDS['date']}."
        for row, day in zip(rows, found.hours.special_days, strict=True)
        if day.date < today
    }
    if passed:
        return Read(None, passed)
    gone_by = tuple(day for day in current.special_days if day.date < today)
    coming = tuple(sorted(found.hours.special_days, key=lambda day: (day.date, day.channel or "")))
    whole = msgspec.structs.replace(found.hours, special_days=(*gone_by, *coming), closures=current.closures)
    return Read(tidied(whole, now), {})


def mark(hours: Hours) -> str:
    """Sixteen characters that tell these hours from others."""
    return hashlib.blake2b(msgspec.json.encode(hours), digest_size=8).hexdigest()


def spans_typed(text: str) -> list[str]:
    """`6.30 to 9, 18–22:30` as `read_hours` wants it; what cannot be read is left for it to say so."""
    text = text.casefold()
    if text == "closed":
        return []
    if text in ("all day", "always", "24 hours"):
        return ["00:00-24:00"]
    return [_BETWEEN.sub("-", _TIME.sub(_in_full, part)) for part in _SEPARATORS.split(text)]


def _in_full(time: re.Match[str]) -> str:
    return f"{int(time[1]):02}:{time[2] or '00'}"


def _is_used(fields: Fields, row: int) -> bool:
    if fields.get(f"special.{row}.gone"):
        return False
    return any(fields.get(f"special.{row}.{name}") for name in ("date", "hours", "why"))


def _raw_channel(fields: Fields, channel: ChannelHours) -> dict[str, object]:
    name = channel.channel
    policy = fields.get(f"{name}.holidays", "open")
    return {
        "week": {day: spans_typed(fields.get(f"{name}.{day}", "")) for day in DAYS},
        "on_holidays": spans_typed(fields.get(f"{name}.holiday_hours", "")) if policy == "hours" else policy,
    }


def _raw_special_day(fields: Fields, row: int) -> dict[str, object]:
    raw: dict[str, object] = {
        "date": fields.get(f"special.{row}.date", ""),
        "hours": spans_typed(fields.get(f"special.{row}.hours", "")),
        "why": fields.get(f"special.{row}.why", ""),
    }
    if channel := fields.get(f"special.{row}.channel"):
        raw["channel"] = channel
    return raw


def _field_of(mistake: Mistake, rows: list[int]) -> str:
    """The field a path such as `hours.channels.web.week.fri[0]` is of."""
    path = mistake.where.removeprefix("hours.")
    if special := re.match(r"special_days\[(\d+)\]\.?(\w*)", path):
        return f"special.{rows[int(special[1])]}.{special[2] or 'date'}"
    if day := re.match(r"channels\.(.+)\.week\.(\w+)", path):
        return f"{day[1]}.{day[2]}"
    if policy := re.match(r"channels\.(.+)\.on_holidays(\[)?", path):
        return f"{policy[1]}.{'holiday_hours' if policy[2] else 'holidays'}"
    return path


def _said(mistake: Mistake, given: str) -> str:
    """What is wrong and how to mend it, in words for this form."""
    path, what = mistake.where, mistake.what
    if ".week." in path or ".hours" in path or path.endswith("]") or ".on_holidays[" in path:
        what = f"“{given[:100]}” cannot be read" if "cannot be read" in what else what
        return _sentence(what if given else "nothing is written here", _MEND)
    if ".special_days[" in path:
        name = path.rpartition(".")[2]
        if name in ("date", "why") and "more than once" not in what and "between" not in what:
            return _sentence("this is not filled in", _MENDS[name])
        return _sentence(what, mistake.mend if "more than once" in what else _MENDS.get(name, mistake.mend))
    if "no country" in what:
        return _sentence("no country is chosen", "choose whose bank holidays these are")
    if "region" in path:
        return _sentence(what, "choose a region of this country, or the whole country")
    return _sentence(what, mistake.mend)


def _sentence(what: str, mend: str) -> str:
    return f"{what[:1].upper()}{what[1:]}; {mend}."


def next_time(text: str, now: datetime, zone: ZoneInfo) -> datetime | None:
    """The next instant at which the clock says `text`; None when that is no time of day."""
    shape = re.fullmatch(r"([01]?\d|2[0-3])[:.]([0-5]\d)", text.strip())
    if shape is None:
        return None
    here = now.astimezone(zone)
    at = here.replace(hour=int(shape[1]), minute=int(shape[2]), second=0, microsecond=0, fold=0)
    # A time the clocks skip tonight, or that has passed, is tomorrow's.
    while at.astimezone(now.tzinfo) <= now:
        at += timedelta(days=1)
    return at.astimezone(now.tzinfo)


def coming_special_days(hours: Hours, today: date) -> tuple[SpecialDay, ...]:
    return tuple(sorted((day for day in hours.special_days if day.date >= today), key=lambda day: day.date))
