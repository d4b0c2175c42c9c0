"""When somebody would rather be asked: VAVAILABILITY (RFC 7953), a preference and never a promise.

A file may hold several VAVAILABILITY components, each for a span of time and with a priority. Within its span the
times in its AVAILABLE parts are wanted and all others are not; of several that speak about a time the one with the
highest priority decides (RFC 7953 3.1; 1 is highest, then 9, then 0). Times no component speaks about are unknown.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Literal
from zoneinfo import ZoneInfo

import msgspec

from rota.calendar_lines import Bounds, Part, Refusal, read_lines
from rota.calendar_reading import Moment, MomentReader, NotUnderstood, duration_of, wall_on
from rota.mistakes import Mistake
from rota.rules import Rule, rule_mistakes
from rota.walltime import as_utc, instant_of
from rota.zone_names import ZoneNames

_MOST_SPANS = 50
_MOST_TIMES = 500
_LONGEST = timedelta(days=366)
_LONGEST_SPOKEN = timedelta(days=3_660)
_RULES_KEPT = 4_096
_FROM_UTC = timedelta(hours=25)
_BUSY = ("BUSY", "BUSY-UNAVAILABLE")


class Times(msgspec.Struct, frozen=True, kw_only=True):
    """Wanted times: wall times of the zone, once or by rule, as a `rota.shifts.Shift` has them."""

    zone: str
    starts: datetime
    ends: datetime
    rrule: str | None = None
    exdates: tuple[datetime, ...] = ()
    rdates: tuple[datetime, ...] = ()


class Spoken(msgspec.Struct, frozen=True, kw_only=True):
    """What is said about `since` ≤ instant < `until` (UTC; None is without end). Larger `weight` decides.

    `otherwise` is what times not in `times` are: not wanted, or (BUSY-TENTATIVE) unknown.
    """

    since: datetime | None = None
    until: datetime | None = None
    weight: int = 0
    otherwise: Literal["unwanted", "unknown"] = "unwanted"
    times: tuple[Times, ...] = ()


class Availability(msgspec.Struct, frozen=True, kw_only=True):
    """When one person would rather be asked; nothing said is no preference."""

    spoken: tuple[Spoken, ...] = ()


class AvailabilityReading(msgspec.Struct, frozen=True, kw_only=True):
    """The availability of a file, with what of it could not be taken: where, what, mend."""

    availability: Availability
    not_understood: tuple[Mistake, ...] = ()


def prefers(availability: Availability, starts_at: datetime, ends_at: datetime) -> bool | None:
    """Whether all of `starts_at` ≤ instant < `ends_at` is wanted: None when they have not said so of all of it."""
    starts_at, ends_at = as_utc(starts_at), as_utc(ends_at)
    wanted = [list(_wanted(spoken, starts_at, ends_at)) for spoken in availability.spoken]
    cuts = {starts_at}
    for spoken, spans in zip(availability.spoken, wanted, strict=True):
        edges = [spoken.since, spoken.until, *(edge for span in spans for edge in span)]
        cuts |= {edge for edge in edges if edge is not None and starts_at < edge < ends_at}
    answers = {_said_at(instant, availability.spoken, wanted) for instant in cuts}
    if False in answers:
        return False
    return None if None in answers else True


def _said_at(
    instant: datetime, spoken: tuple[Spoken, ...], wanted: list[list[tuple[datetime, datetime]]]
) -> bool | None:
    speaking = [
        (one, spans)
        for one, spans in zip(spoken, wanted, strict=True)
        if (one.since is None or one.since <= instant) and (one.until is None or instant < one.until)
    ]
    if not speaking:
        return None
    # Of two as weighty, the one that wants the time: somebody who writes two lists of free times means both.
    weight = max(one.weight for one, _ in speaking)
    heard = [(one, spans) for one, spans in speaking if one.weight == weight]
    if any(starts <= instant < ends for _, spans in heard for starts, ends in spans):
        return True
    return None if any(one.otherwise == "unknown" for one, _ in heard) else False


@lru_cache(_RULES_KEPT)
def _rule(text: str, starts: datetime, zone: ZoneInfo) -> Rule:
    """A rule is asked for every candidate of every gap; reading its text costs more than walking it."""
    return Rule(text, starts, zone)


def _wanted(spoken: Spoken, since: datetime, until: datetime) -> Iterator[tuple[datetime, datetime]]:
    for times in spoken.times:
        zone, length = ZoneInfo(times.zone), times.ends - times.starts
        begins = since.replace(tzinfo=None) - _FROM_UTC - length
        stops = until.replace(tzinfo=None) + _FROM_UTC
        by_rule: Iterable[datetime] = (times.starts,)
        if times.rrule is not None:
            by_rule = _rule(times.rrule, times.starts, zone).walls(begins, stops)
        for wall in {*by_rule, *times.rdates} - set(times.exdates):
            starts_at, ends_at = instant_of(wall, zone), instant_of(wall + length, zone)
            if starts_at < until and ends_at > since:
                yield starts_at, ends_at


def read_availability(
    data: bytes, *, zone: str, bounds: Bounds | None = None
) -> AvailabilityReading | Refusal:
    """The VAVAILABILITY components of a file. Floating times are in `zone`. A file without any is refused."""
    lines = read_lines(data, bounds or Bounds())
    if isinstance(lines, Refusal):
        return lines
    if not lines.availabilities:
        return Refusal(
            "The file says nothing about availability: it has no VAVAILABILITY",
            "export your availability, or choose the times here",
        )
    if len(lines.availabilities) > _MOST_SPANS:
        return Refusal(f"The file has more than {_MOST_SPANS} VAVAILABILITY parts", "export fewer at a time")
    if sum(len(part.parts) for part in lines.availabilities) > _MOST_TIMES:
        return Refusal(
            f"The file has more than {_MOST_TIMES} AVAILABLE parts", "write them as repeating times"
        )
    moments = MomentReader(ZoneNames(lines.zones, zone), zone)
    spoken: list[Spoken] = []
    mistakes: list[Mistake] = []
    for part in lines.availabilities:
        try:
            spoken.append(_spoken(part, moments, mistakes))
        except NotUnderstood as refused:
            mistakes.append(Mistake(f"line {part.line}", refused.what, refused.mend))
    return AvailabilityReading(
        availability=Availability(spoken=tuple(spoken)), not_understood=tuple(mistakes)
    )


def _spoken(part: Part, moments: MomentReader, mistakes: list[Mistake]) -> Spoken:
    _check(part)
    since, until = moments.only(part, "DTSTART"), _end(part, moments)
    times: list[Times] = []
    for available in part.parts:
        try:
            times.append(_times(available, moments))
        except NotUnderstood as refused:
            mistakes.append(Mistake(f"line {available.line}", refused.what, refused.mend))
    priority, busy = part.first("PRIORITY"), part.first("BUSYTYPE")
    written = priority.value if priority is not None else "0"
    # 1 is the highest, 9 the lowest that is given and 0 lower still: ten minus it orders them.
    weight = 10 - int(written) if written in tuple("123456789") else 0
    firm = busy is None or busy.value.upper() in _BUSY
    return Spoken(
        since=since.instant if since is not None else None,
        until=until.instant if until is not None else None,
        weight=weight,
        otherwise="unwanted" if firm else "unknown",
        times=tuple(times),
    )


def _times(part: Part, moments: MomentReader) -> Times:
    _check(part)
    starts, ends = moments.only(part, "DTSTART"), _end(part, moments)
    if starts is None:
        raise NotUnderstood("has no DTSTART", "give it a start")
    if ends is None:
        raise NotUnderstood("has no DTEND or DURATION", "give it an end")
    if part.first("RECURRENCE-ID") is not None:
        raise NotUnderstood("changes one day of a repeating time", "write that day as a time of its own")
    closes = ends.wall_in(starts.zone)
    if not timedelta(0) < closes - starts.wall <= _LONGEST:
        raise NotUnderstood("does not end within a year after it starts", "write a later end")
    rules = part.named("RRULE")
    if len(rules) > 1:
        raise NotUnderstood("has more than one RRULE", "make it one part for each rule")
    rrule = rules[0].value.upper() if rules else None
    if rrule is not None:
        for mistake in rule_mistakes(rrule, starts.wall, ""):
            raise NotUnderstood(f"RRULE {mistake.what}", mistake.mend)
    hour = starts.wall.time()
    return Times(
        zone=starts.zone,
        starts=starts.wall,
        ends=closes,
        rrule=rrule,
        exdates=tuple(wall_on(moment, starts.zone, hour) for moment in moments.every(part.named("EXDATE"))),
        rdates=tuple(wall_on(moment, starts.zone, hour) for moment in moments.every(part.named("RDATE"))),
    )


def _check(part: Part) -> None:
    for mistake in part.mistakes:
        raise NotUnderstood(mistake.what, mistake.mend)
    if not part.whole:
        raise NotUnderstood(f"is cut off: END:{part.kind} is missing", "send the whole file again")


def _end(part: Part, moments: MomentReader) -> Moment | None:
    """DTEND, or DTSTART and DURATION taken on the clock; None where there is neither."""
    ends, starts, lasts = moments.only(part, "DTEND"), moments.only(part, "DTSTART"), part.first("DURATION")
    if ends is not None or lasts is None or starts is None:
        return ends
    length = duration_of(lasts.value)
    if not timedelta(0) < length <= _LONGEST_SPOKEN:
        raise NotUnderstood("DURATION is not between a second and ten years", "write a shorter one")
    return Moment(starts.wall + length, starts.zone)
