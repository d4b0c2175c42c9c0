"""Opening hours as they are typed in: read into `Hours`, or every mistake told at once.

zone = "Europe/London"
country = "GB"
region = "ENG"
[channels.webchat]
week = {every_day = ["18:00-22:30"], fri = ["18:00-02:00"]}     # or "always"; days left out are closed
on_holidays = ["12:00-16:00"]                                   # or "open" (the default) or "closed"
[[special_days]]
date = 2026-12-25
channel = "webchat"                                             # left out: every channel
hours = []                                                      # none: closed
why = "Christmas Day"
[[closures]]
from = 2026-03-01T20:00:00Z
why = "too many people waiting"
"""

import re
from collections.abc import Collection, Mapping
from datetime import date, datetime
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from rota.hours import (
    ALL_DAY,
    ChannelHours,
    Closure,
    Hours,
    OpeningHours,
    Span,
    Spans,
    SpecialDay,
    countries,
    regions,
)
from rota.mistakes import Mistake, nearest, not_among, take_fields
from rota.walltime import zone_mistakes

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_EARLIEST, _LATEST = 1970, 2190
_SPAN = re.compile(r"([01]\d|2[0-3]):([0-5]\d)\s*[-–]\s*(?:([01]\d|2[0-3]):([0-5]\d)|24:00)")
_MOST = 1_000
_MOST_IN_A_DAY = 48

_FORM = 'write spans such as ["18:00-22:30"] or ["18:00-02:00"], ["00:00-24:00"] for the whole day'
_COUNTRY = 'add the country, such as country = "GB"'
_INSTANT = "write an instant with its offset, such as 2026-03-01T20:00:00Z"
_FORMS = {
    "zone": "write an IANA zone name such as Europe/London",
    "channels": "write a table for each channel",
    "country": "write a country code such as GB",
    "region": "write a region code such as ENG",
    "special_days": "write a list of tables",
    "closures": "write a list of tables",
    "week": 'write "always", or a table of days, such as {every_day = ["18:00-22:30"]}',
    "on_holidays": 'write "open", "closed" or the hours, such as ["12:00-16:00"]',
    "date": "write a date, such as 2026-12-25",
    "channel": "write the name of a channel, or leave it out for all",
    "hours": _FORM,
    "why": "say why in a few words",
    "from": _INSTANT,
    "until": _INSTANT + ", or leave it out",
}

Words = Annotated[str, Meta(min_length=1, max_length=500)]
Instant = Annotated[datetime, Meta(tz=True)]


class _TypedHours(msgspec.Struct, kw_only=True):
    zone: str
    channels: Annotated[dict[str, Any], Meta(min_length=1)]
    country: str | None = None
    region: str | None = None
    special_days: Annotated[list[Any], Meta(max_length=_MOST)] = []
    closures: Annotated[list[Any], Meta(max_length=_MOST)] = []


class _TypedChannel(msgspec.Struct, kw_only=True):
    week: str | dict[str, Any]
    on_holidays: str | list[Any] = "open"


class _TypedSpecialDay(msgspec.Struct, kw_only=True):
    date: date
    channel: str | None = None
    hours: list[Any]
    why: Words


class _TypedClosure(msgspec.Struct, kw_only=True):
    channel: str | None = None
    from_: Instant = msgspec.field(name="from")
    until: Instant | None = None
    why: Words


def read_hours(
    raw: object, *, channels: Collection[str], where: str = "hours"
) -> OpeningHours | list[Mistake]:
    """A table, as TOML or JSON gives it, as `OpeningHours`; or every mistake in it.

    `channels` are those the service has.
    """
    fields, mistakes = take_fields(raw, _TypedHours, where, _FORMS)
    if "zone" in fields:
        mistakes += zone_mistakes(fields["zone"], f"{where}.zone")
    mistakes += _place_mistakes(fields.get("country"), fields.get("region"), where)
    by_channel = [
        _read_channel(name, entry, channels, f"{where}.channels.{name}", mistakes)
        for name, entry in fields.get("channels", {}).items()
    ]
    special_days = [
        _read_special_day(entry, channels, f"{where}.special_days[{place}]", mistakes)
        for place, entry in enumerate(fields.get("special_days", ()))
    ]
    closures = [
        _read_closure(entry, channels, f"{where}.closures[{place}]", mistakes)
        for place, entry in enumerate(fields.get("closures", ()))
    ]
    if fields.get("country") is None:
        mistakes += [
            Mistake(
                f"{where}.channels.{channel.channel}.on_holidays",
                "has no country to know holidays by",
                _COUNTRY,
            )
            for channel in by_channel
            if channel is not None and channel.on_holidays != "open"
        ]
    seen: set[tuple[str | None, date]] = set()
    for place, day in enumerate(special_days):
        if day is not None and (day.channel, day.date) in seen:
            what = f"{day.date} is given more than once for {day.channel or 'every channel'}"
            mistakes.append(Mistake(f"{where}.special_days[{place}].date", what, "keep one of them"))
        if day is not None:
            seen.add((day.channel, day.date))
    if mistakes:
        return mistakes
    return OpeningHours(
        Hours(
            zone=fields["zone"],
            channels=tuple(channel for channel in by_channel if channel),
            country=fields.get("country"),
            region=fields.get("region"),
            special_days=tuple(day for day in special_days if day),
            closures=tuple(closure for closure in closures if closure),
        )
    )


def _place_mistakes(country: str | None, region: str | None, where: str) -> list[Mistake]:
    if country is None:
        if region is None:
            return []
        return [Mistake(f"{where}.region", "has no country", _COUNTRY)]
    return holiday_mistakes(country, region, f"{where}.country", f"{where}.region")


def holiday_mistakes(
    country: str, region: str | None, at_country: str = "country", at_region: str = "region"
) -> list[Mistake]:
    """What is wrong with the place whose bank holidays are kept. Only that country's days are loaded to know it."""
    mistakes = not_among(country, countries(), at_country, "country with bank holidays")
    if region is not None and not mistakes:
        mistakes += not_among(region, regions(country), at_region, f"region of {country}")
    return mistakes


def _read_channel(
    name: str, raw: object, channels: Collection[str], where: str, mistakes: list[Mistake]
) -> ChannelHours | None:
    mistakes += not_among(name, channels, where, "channel")
    fields, wrong = take_fields(raw, _TypedChannel, where, _FORMS)
    mistakes += wrong
    week = _read_week(fields["week"], f"{where}.week", mistakes) if "week" in fields else None
    on_holidays = fields.get("on_holidays", "open")
    if isinstance(on_holidays, list):
        on_holidays = _read_spans(on_holidays, f"{where}.on_holidays", mistakes)
    elif on_holidays not in ("open", "closed"):
        what = f"“{on_holidays[:100]}” is not a policy"
        mistakes.append(Mistake(f"{where}.on_holidays", what, _FORMS["on_holidays"]))
    if week is None:
        return None
    return ChannelHours(
        channel=name,
        week=(week[0], week[1], week[2], week[3], week[4], week[5], week[6]),
        on_holidays=on_holidays,
    )


def _read_week(raw: str | Mapping[str, Any], where: str, mistakes: list[Mistake]) -> list[Spans] | None:
    if isinstance(raw, str):
        if raw == "always":
            return [ALL_DAY] * 7
        mistakes.append(Mistake(where, f"“{raw[:100]}” is not a week", _FORMS["week"]))
        return None
    days: dict[str, Spans] = {}
    for name, entry in raw.items():
        if name not in (*_DAYS, "every_day"):
            mistakes.append(Mistake(f"{where}.{name}", "is not a day", nearest(name, (*_DAYS, "every_day"))))
        days[name] = _read_spans(entry, f"{where}.{name}", mistakes)
    return [days.get(day, days.get("every_day", ())) for day in _DAYS]


def _read_spans(raw: object, where: str, mistakes: list[Mistake]) -> Spans:
    if not isinstance(raw, list | tuple):
        mistakes.append(Mistake(where, "is not a list of hours", _FORM))
        return ()
    if len(raw) > _MOST_IN_A_DAY:
        mistakes.append(Mistake(where, f"has more than {_MOST_IN_A_DAY} spans", "join spans that touch"))
        return ()
    spans: list[Span] = []
    for place, text in enumerate(raw):
        shape = _SPAN.fullmatch(text) if isinstance(text, str) else None
        if shape is None:
            mistakes.append(Mistake(f"{where}[{place}]", f"“{str(text)[:100]}” cannot be read", _FORM))
            continue
        opens = int(shape[1]) * 60 + int(shape[2])
        closes = int(shape[3]) * 60 + int(shape[4]) if shape[3] else 1440
        if closes == opens:
            mistakes.append(Mistake(f"{where}[{place}]", "closes as it opens", _FORM))
        spans.append(Span(opens, closes if closes > opens else closes + 1440))
    return tuple(spans)


def _read_special_day(
    raw: object, channels: Collection[str], where: str, mistakes: list[Mistake]
) -> SpecialDay | None:
    fields, wrong = take_fields(raw, _TypedSpecialDay, where, _FORMS)
    mistakes += wrong
    if fields.get("channel") is not None:
        mistakes += not_among(fields["channel"], channels, f"{where}.channel", "channel")
    if "date" in fields and not _EARLIEST <= fields["date"].year <= _LATEST:
        what = f"is not between {_EARLIEST} and {_LATEST}"
        mistakes.append(Mistake(f"{where}.date", what, _FORMS["date"]))
    hours = _read_spans(fields.get("hours", []), f"{where}.hours", mistakes)
    return None if wrong else SpecialDay(**fields | {"hours": hours})


def _read_closure(
    raw: object, channels: Collection[str], where: str, mistakes: list[Mistake]
) -> Closure | None:
    fields, wrong = take_fields(raw, _TypedClosure, where, _FORMS)
    mistakes += wrong
    if fields.get("channel") is not None:
        mistakes += not_among(fields["channel"], channels, f"{where}.channel", "channel")
    begins, until = fields.get("from_"), fields.get("until")
    if begins is not None and until is not None and until <= begins:
        mend = "write a later instant, or leave it out"
        mistakes.append(Mistake(f"{where}.until", "is not after from", mend))
    return None if wrong else Closure(**fields)
