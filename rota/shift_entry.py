"""Shifts as they are typed in, imported or sent: read into `Shift`s, or every mistake told at once."""

import re
from bisect import bisect_left
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from rota.mistakes import Mistake, not_among, take_fields
from rota.rules import Rule, rule_mistakes
from rota.shifts import Override, Rota, Series, Shift
from rota.walltime import zone_mistakes

_LONGEST = timedelta(hours=24)
_MOST_CHANGES = 1_000
_EARLIEST, _LATEST = 1970, 2190
_MOMENT = timedelta(seconds=1)
_NEAR = timedelta(days=15)
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")

_WALL = "write a local date and time without an offset, such as 2026-01-05T18:00:00"
_WALLS = "write a list of local dates and times without an offset, such as [2026-12-25T18:00:00]"
_LANGUAGES = 'write a list of language tags, such as ["en", "cy"]; an empty list means none'
_DATE = "write a date, such as 2026-01-05"
_SHIFT_FORMS = {
    "id": "write a name for this shift that no other shift has",
    "zone": "write an IANA zone name such as Europe/London",
    "starts": _WALL,
    "ends": _WALL,
    "role": "use supporter, lead, on_call, second_on_call or interpreter",
    "person": "write the id of the supporter, or leave it out while nobody has it",
    "channels": "write a list of channels",
    "languages": _LANGUAGES,
    "rrule": "write a rule as in RFC 5545, such as FREQ=WEEKLY;BYDAY=FR",
    "exdates": _WALLS,
    "rdates": _WALLS,
    "from": _DATE,
    "until": _DATE,
    "overrides": "write a list of tables",
}
_OVERRIDE_FORMS = {
    "of": _WALL,
    "cancelled": "write true or false",
    "starts": _WALL,
    "ends": _WALL,
    "person": 'write the id of the supporter, or "" when nobody has it',
    "languages": _LANGUAGES,
}


def read_rota(raw: object, *, channels: Collection[str], where: str = "shifts") -> Rota | list[Mistake]:
    """A list of tables as a rota, or every mistake in all of them. `channels` are those the service has."""
    if not isinstance(raw, list | tuple):
        return [Mistake(where, "is not a list", "write each shift as a table in a list")]
    shifts: list[Shift] = []
    mistakes: list[Mistake] = []
    seen: dict[str, int] = {}
    for place, entry in enumerate(raw):
        shift = read_shift(entry, channels=channels, where=f"{where}[{place}]")
        if isinstance(shift, list):
            mistakes += shift
            continue
        if shift.id in seen:
            what = f"“{shift.id}” is also the id of {where}[{seen[shift.id]}]"
            mistakes.append(Mistake(f"{where}[{place}].id", what, _SHIFT_FORMS["id"]))
        seen.setdefault(shift.id, place)
        shifts.append(shift)
    return mistakes or Rota(shifts)


def read_shift(raw: object, *, channels: Collection[str], where: str = "shift") -> Shift | list[Mistake]:
    """A table of names and values, as TOML or JSON gives it, as a `Shift`; or every mistake in it."""
    mistakes: list[Mistake] = []
    if isinstance(raw, Mapping) and isinstance(raw.get("overrides"), list | tuple):
        overrides: list[Override] = []
        for place, entry in enumerate(raw["overrides"][: _MOST_CHANGES + 1]):
            taken, wrong = take_fields(entry, Override, f"{where}.overrides[{place}]", _OVERRIDE_FORMS)
            mistakes += wrong
            if not wrong:
                overrides.append(Override(**taken))
        raw = {**raw, "overrides": overrides}
    fields, wrong = take_fields(raw, Shift, where, _SHIFT_FORMS)
    mistakes = [*wrong, *mistakes, *_field_mistakes(fields, channels, where)]
    if mistakes:
        return mistakes
    shift = Shift(**fields)
    return _occurrence_mistakes(shift, where) or shift


def shift_mistakes(shift: Shift, *, channels: Collection[str], where: str = "shift") -> list[Mistake]:
    """Everything that makes a shift unsound: what is impossible, absurd, or would never come into force."""
    return _field_mistakes(_fields(shift), channels, where) or _occurrence_mistakes(shift, where)


def _fields(shift: Shift) -> dict[str, Any]:
    return {name: getattr(shift, name) for name in shift.__struct_fields__}


def _field_mistakes(fields: Mapping[str, Any], channels: Collection[str], where: str) -> list[Mistake]:
    """What is wrong with the fields there are; those that could not be read have been told already."""
    mistakes = zone_mistakes(fields["zone"], f"{where}.zone") if "zone" in fields else []
    for place, channel in enumerate(fields.get("channels", ())):
        mistakes += not_among(channel, channels, f"{where}.channels[{place}]", "channel")
    mistakes += _language_mistakes(fields.get("languages", ()), f"{where}.languages")
    mistakes += _wall_mistakes(fields, where)
    for name in ("exdates", "rdates", "overrides"):
        if len(fields.get(name, ())) > _MOST_CHANGES:
            what = f"has more than {_MOST_CHANGES} entries"
            mistakes.append(Mistake(f"{where}.{name}", what, "begin a new shift from a later date"))
    first, last = fields.get("from_"), fields.get("until")
    if first and last and last < first:
        mistakes.append(Mistake(f"{where}.until", f"is before from, {first}", "write a date on or after it"))
    starts, ends = fields.get("starts"), fields.get("ends")
    if starts is not None and _plain(starts):
        if fields.get("rrule") is not None:
            mistakes += rule_mistakes(fields["rrule"], starts, f"{where}.rrule")
        if ends is not None and _plain(ends):
            mistakes += _length_mistakes(starts, ends, where)
            mistakes += _override_mistakes(fields, where)
    return mistakes


def _occurrence_mistakes(shift: Shift, where: str) -> list[Mistake]:
    """Rules that end before they begin, and changes to occurrences that do not exist."""
    if shift.rrule is not None:
        rule = Rule(shift.rrule, shift.starts, ZoneInfo(shift.zone))
        if not any(rule.walls(shift.starts, shift.starts + _MOMENT)):
            mend = "let UNTIL be on or after the first start"
            return [Mistake(f"{where}.rrule", "ends before the first start", mend)]
    asked = [*shift.exdates, *(override.of for override in shift.overrides)]
    lasting = _starts(_without(shift, exdates=()), asked)
    mistakes = [
        _no_such_start(lasting(wall), wall, f"{where}.exdates[{place}]")
        for place, wall in enumerate(shift.exdates)
        if wall not in lasting(wall)
    ]
    absent = set(shift.exdates)
    for place, override in enumerate(shift.overrides):
        kept = lasting(override.of) - absent
        if override.of not in kept:
            mistakes.append(_no_such_start(kept, override.of, f"{where}.overrides[{place}].of"))
    return mistakes


def _starts(shift: Shift, asked: Sequence[datetime]) -> Callable[[datetime], set[datetime]]:
    """The starts by rule within a fortnight of each of the walls asked about.

    A rule that counts its starts can only be walked from the first: it is walked once for all of them.
    """
    series = Series(shift)
    if not asked or shift.rrule is None or "COUNT" not in shift.rrule.upper():
        return lambda wall: series.walls(wall - _NEAR, wall + _NEAR)
    walked = sorted(series.walls(min(asked) - _NEAR, max(asked) + _NEAR))
    return lambda wall: set(walked[bisect_left(walked, wall - _NEAR) : bisect_left(walked, wall + _NEAR)])


def _without(shift: Shift, exdates: tuple[datetime, ...]) -> Shift:
    """The shift for as long as its rule lasts, whatever its effective dates, with these starts taken out."""
    return Shift(**_fields(shift) | {"exdates": exdates, "from_": None, "until": None})


def _no_such_start(near: set[datetime], wall: datetime, where: str) -> Mistake:
    mend = "take it out"
    if near:
        mend += f", or did you mean {min(near, key=lambda start: abs(start - wall)).isoformat()}?"
    return Mistake(where, f"this shift does not start at {wall.isoformat()}", mend)


def _override_mistakes(fields: Mapping[str, Any], where: str) -> list[Mistake]:
    mistakes: list[Mistake] = []
    seen: set[datetime] = set()
    overrides: Sequence[Override] = fields.get("overrides", ())
    for place, override in enumerate(overrides):
        here = f"{where}.overrides[{place}]"
        if override.of in seen:
            mistakes.append(
                Mistake(f"{here}.of", "is overridden more than once", "put both changes in one override")
            )
        seen.add(override.of)
        starts = override.starts or override.of
        if override.ends is not None and _plain(starts) and _plain(override.ends):
            mistakes += _length_mistakes(starts, override.ends, here)
        mistakes += _language_mistakes(override.languages or (), f"{here}.languages")
        # Nobody speaks nothing: an occurrence given back needs no languages.
        if override.person not in (None, "", fields.get("person")) and override.languages is None:
            what = f"does not say which languages {override.person} speaks on this shift"
            mistakes.append(Mistake(f"{here}.languages", what, _LANGUAGES))
    return mistakes


def _wall_mistakes(fields: Mapping[str, Any], where: str) -> list[Mistake]:
    """Wall times, and dates, that no rota should hold."""
    walls = [(name, fields.get(name)) for name in ("starts", "ends")]
    for name in ("exdates", "rdates"):
        walls += [(f"{name}[{place}]", wall) for place, wall in enumerate(fields.get(name, ()))]
    for place, override in enumerate(fields.get("overrides", ())):
        walls += [
            (f"overrides[{place}].{name}", getattr(override, name)) for name in ("of", "starts", "ends")
        ]
    what = f"is not a whole second of local time between {_EARLIEST} and {_LATEST}"
    mistakes = [
        Mistake(f"{where}.{name}", what, _WALL)
        for name, wall in walls
        if wall is not None and not _plain(wall)
    ]
    for name, day in (("from", fields.get("from_")), ("until", fields.get("until"))):
        if day is not None and not _EARLIEST <= day.year <= _LATEST:
            mistakes.append(Mistake(f"{where}.{name}", f"is not between {_EARLIEST} and {_LATEST}", _DATE))
    return mistakes


def _plain(wall: datetime) -> bool:
    return wall.tzinfo is None and wall.microsecond == 0 and _EARLIEST <= wall.year <= _LATEST


def _length_mistakes(starts: datetime, ends: datetime, where: str) -> list[Mistake]:
    if ends <= starts:
        mend = f"write an end after {starts.isoformat()}; past midnight it has the next day's date"
        return [Mistake(f"{where}.ends", "is not after the start", mend)]
    if ends - starts > _LONGEST:
        return [Mistake(f"{where}.ends", "is more than 24 hours after the start", "make it several shifts")]
    return []


def _language_mistakes(languages: Sequence[str], where: str) -> list[Mistake]:
    return [
        Mistake(f"{where}[{place}]", f"“{tag[:100]}” is not a language tag", _LANGUAGES)
        for place, tag in enumerate(languages)
        if not _LANGUAGE.fullmatch(tag)
    ]
