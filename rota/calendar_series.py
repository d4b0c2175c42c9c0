"""Shifts in the form a calendar file can say them, so that a shift and its event may be compared.

A calendar knows no effective dates and no two ways to say the same change. `undated` says a shift without `from` and
`until`; `plain` leaves out what an override repeats of its shift. Neither changes any occurrence.
"""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from rota.rules import Rule, last_instant
from rota.shifts import Override, Shift
from rota.walltime import instant_of

_DAY = timedelta(days=1)
_END = datetime(2300, 1, 1)  # noqa: DTZ001


def length_of(shift: Shift) -> timedelta:
    """How long the shift lasts on the clock."""
    return shift.ends - shift.starts


def plain(shift: Shift) -> Shift:
    """The same shift with every change said once and in order; overrides that change nothing are left out."""
    said = (_plain_override(override, shift) for override in shift.overrides)
    overrides = sorted(
        (override for override in said if override != Override(of=override.of)), key=lambda one: one.of
    )
    return msgspec.structs.replace(
        shift,
        exdates=tuple(sorted(set(shift.exdates))),
        rdates=tuple(sorted(set(shift.rdates))),
        overrides=tuple(overrides),
    )


def _plain_override(override: Override, shift: Shift) -> Override:
    if override.cancelled:
        return Override(of=override.of, cancelled=True)
    starts = override.starts or override.of
    replaced = override.person not in (None, shift.person)
    languages = override.languages
    if languages == (() if replaced else shift.languages):
        languages = None
    # Somebody else's languages must be said, even when they are none (`rota.shift_entry`).
    if replaced and languages is None:
        languages = ()
    return Override(
        of=override.of,
        starts=None if starts == override.of else starts,
        ends=None if override.ends in (None, starts + length_of(shift)) else override.ends,
        person=override.person if replaced else None,
        languages=languages,
    )


def as_series(shift: Shift) -> Shift | None:
    """The shift as one series of events: plain and undated; None when it never happens.

    A shift that happens once and was changed is a series of one night, for programs look for changes only there.
    """
    said = undated(plain(shift))
    if said is None or said.rrule is not None or said.rdates:
        return said
    absent = {*said.exdates, *(override.of for override in said.overrides if override.cancelled)}
    if said.starts in absent:
        return None
    return msgspec.structs.replace(said, rrule="FREQ=DAILY;COUNT=1") if said.overrides else said


def bones(shift: Shift) -> dict[str, Any]:
    """The parts of a shift that effective dates and a rule's way of writing touch, by the names they are stored by."""
    return {
        "starts": shift.starts,
        "ends": shift.ends,
        "rrule": shift.rrule,
        "rdates": shift.rdates,
        "from": shift.from_,
        "until": shift.until,
    }


def undated(shift: Shift) -> Shift | None:
    """The shift without effective dates, from its first occurrence in force on; None when it has none.

    COUNT and UNTIL are made to fit, UNTIL as a UTC instant, which RFC 5545 3.3.10 asks for. Changes to what is not in
    force are left out.
    """
    begins = datetime.combine(shift.from_ or date.min, time.min)
    stops = datetime.combine(shift.until, time.min) + _DAY if shift.until else _END
    rdates = tuple(wall for wall in shift.rdates if begins <= wall < stops)
    first, rrule = _first_and_rule(shift, begins, stops)
    if first is None:
        if not rdates:
            return None
        first, rrule, rdates = min(rdates), None, tuple(sorted(set(rdates) - {min(rdates)}))
    return msgspec.structs.replace(
        shift,
        starts=first,
        ends=first + length_of(shift),
        rrule=rrule,
        rdates=rdates,
        exdates=tuple(wall for wall in shift.exdates if begins <= wall < stops),
        overrides=tuple(override for override in shift.overrides if begins <= override.of < stops),
        from_=None,
        until=None,
    )


def _first_and_rule(shift: Shift, begins: datetime, stops: datetime) -> tuple[datetime | None, str | None]:
    """The first start by rule in force, and the rule from there on."""
    zone = ZoneInfo(shift.zone)
    if shift.rrule is None:
        return (shift.starts if begins <= shift.starts < stops else None), None
    rule = Rule(shift.rrule, shift.starts, zone)
    first = next(rule.walls(begins, stops), None)
    if first is None:
        return None, None
    parts = dict(part.split("=", 1) for part in shift.rrule.upper().split(";"))
    if "COUNT" in parts and (first != shift.starts or shift.until is not None):
        parts["COUNT"] = str(sum(1 for _ in rule.walls(first, stops)))
    last = last_instant(parts["UNTIL"], zone) if "UNTIL" in parts else None
    if shift.until is not None and "COUNT" not in parts:
        closes = instant_of(stops, zone) - timedelta(seconds=1)
        last = min(last, closes) if last is not None else closes
    if last is not None:
        parts["UNTIL"] = f"{last.astimezone(UTC):%Y%m%dT%H%M%SZ}"
    return first, ";".join(f"{name}={value}" for name, value in parts.items())
