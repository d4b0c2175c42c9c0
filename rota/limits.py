"""Whether somebody may take an occurrence: length, rest, the week, nights, training, role, channels, languages.

Hours are real ones: a night on which clocks go back is an hour longer. On call is standby at home, reached by phone:
it is no working time until the phone rings, so it counts neither as hours nor against rest.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Meta

from rota.members import Member
from rota.shifts import OnDuty, Rota
from rota.walltime import instant_of

HoursLong = Annotated[float, Meta(ge=0, le=168)]
ClockTime = Annotated[str, Meta(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]
Stretch = tuple[datetime, datetime]

Code = Literal[
    "too_long",
    "long",
    "rest",
    "weekly",
    "overlap",
    "not_trained",
    "role",
    "channel",
    "language",
    "nights",
    "not_before",
    "phone",
]

_ON_CALL = ("on_call", "second_on_call")
_PHONE = "call"
_DAY = timedelta(days=1)
_WEEK = timedelta(days=7)
_ROLE_WORDS = {
    "supporter": "supporter",
    "lead": "lead",
    "on_call": "on-call contact",
    "second_on_call": "second on-call contact",
    "interpreter": "interpreter",
}


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What a service asks of shifts: lengths in real hours, night in wall time, courses that must be in date.

    Four hours with a warning, six with a stop and twelve a week are our own defaults for volunteers. Eleven hours of
    rest are those of the Working Time Regulations 1998, reg. 10, and night is 23:00 to 06:00 as in their reg. 2
    where nothing else is agreed: they bind for workers, and we keep them for volunteers too.
    """

    warn_hours: HoursLong = 4.0
    stop_hours: HoursLong = 6.0
    rest_hours: HoursLong = 11.0
    weekly_hours: HoursLong = 12.0
    night_from: ClockTime = "23:00"
    night_until: ClockTime = "06:00"
    courses: tuple[str, ...] = ()


class Objection(msgspec.Struct, frozen=True):
    """Why somebody may not take an occurrence ("refuse"), or should think twice ("warn"). `text` is fit to show."""

    kind: Literal["refuse", "warn"]
    code: Code
    text: str


def objections(member: Member, duty: OnDuty, rota: Rota, limits: Limits, zone: str) -> tuple[Objection, ...]:
    """Why this member may not take this occurrence, or should think twice; nothing when they may.

    What else they have is looked up in `rota`, around the occurrence and in each week it touches. Whether the
    occurrence itself is theirs there already makes no difference. `zone` is the service's: wall times, days and
    weeks (Monday to Sunday) are read in it.
    """
    around = around_it(duty, rota, limits, zone)
    return objections_beside(member, duty, around.get(member.id, ()), limits, zone)


def around_it(duty: OnDuty, rota: Rota, limits: Limits, zone: str) -> dict[str, list[OnDuty]]:
    """Other occurrences that could bear on whether somebody may take this one, by who has them.

    Those in its weeks, and those within reach of the rest before and after it.
    """
    # Shifts that touch are one stretch, so what lies beyond the rest may still be part of one that does not.
    reach = timedelta(hours=limits.rest_hours) + 2 * _DAY
    weeks = list(_weeks(duty, ZoneInfo(zone)))
    since = min(weeks[0][0], duty.starts_at - reach)
    until = max(weeks[-1][1], duty.ends_at + reach)
    by_person: dict[str, list[OnDuty]] = {}
    for other in rota.occurrences(since, until):
        if other.person and (other.shift, other.of) != (duty.shift, duty.of):
            by_person.setdefault(other.person, []).append(other)
    return by_person


def objections_beside(
    member: Member, duty: OnDuty, others: Sequence[OnDuty], limits: Limits, zone: str
) -> tuple[Objection, ...]:
    """`objections`, where what else the member has around it (`around_it`) is known."""
    place = ZoneInfo(zone)
    return (
        *_role(member, duty),
        *_overlap(duty, others),
        *_length_and_rest(duty, others, limits),
        *_week(member, duty, others, limits, place),
        *_training(member, duty, limits, place),
        *_adjustments(member, duty, limits, place),
        *_in_common(member, duty),
    )


def week_hours(duties: Iterable[OnDuty], instant: datetime, zone: ZoneInfo) -> float:
    """Real hours of work that fall in the wall week, Monday to Sunday, around an instant."""
    return _hours_within(_stretches(duties), _week_of(instant, zone))


def hours_of(duties: Iterable[OnDuty]) -> float:
    """Real hours of work; what overlaps counts once, on call not at all."""
    return sum((_hours(ends - starts) for starts, ends in _stretches(duties)), 0.0)


def at_night(duty: OnDuty, limits: Limits, zone: ZoneInfo) -> bool:
    """Whether any of the occurrence is between the wall times that bound a night."""
    begins, ends = time.fromisoformat(limits.night_from), time.fromisoformat(limits.night_until)
    past_midnight = _DAY if ends <= begins else timedelta()
    day = duty.starts_at.astimezone(zone).date() - _DAY
    while day <= duty.ends_at.astimezone(zone).date():
        night_begins = instant_of(datetime.combine(day, begins), zone)
        night_ends = instant_of(datetime.combine(day, ends) + past_midnight, zone)
        if duty.starts_at < night_ends and duty.ends_at > night_begins:
            return True
        day += _DAY
    return False


def on_call(duty: OnDuty) -> bool:
    """Whether it is standby rather than work."""
    return duty.role in _ON_CALL


def _role(member: Member, duty: OnDuty) -> Iterator[Objection]:
    """Only roles somebody holds: our own rule, for a lead and an on-call contact answer for others' safety."""
    if duty.role not in member.roles:
        yield _refuse("role", f"{member.name} does not have the role of {_ROLE_WORDS[duty.role]}.")


def _overlap(duty: OnDuty, others: Sequence[OnDuty]) -> Iterator[Objection]:
    """Nobody is in two places: our own rule. A lead may answer too, and whoever is on call may also be on shift."""
    for other in others:
        if other.starts_at >= duty.ends_at or other.ends_at <= duty.starts_at:
            continue
        as_what = f"as {_ROLE_WORDS[other.role]}"
        if _may_be_both(duty.role, other.role):
            yield _warn("overlap", f"It overlaps another shift, {as_what}.")
        else:
            yield _refuse("overlap", f"It overlaps another shift, {as_what}: nobody can be on both.")
        return


def _may_be_both(role: str, other: str) -> bool:
    if {role, other} == {"lead", "supporter"}:
        return True
    return (role in _ON_CALL) != (other in _ON_CALL)


def _length_and_rest(duty: OnDuty, others: Sequence[OnDuty], limits: Limits) -> Iterator[Objection]:
    """How long, and how long after the last: shifts that touch or overlap are one stretch.

    Lengths are our own defaults. Rest is reg. 10 of the Working Time Regulations 1998, eleven consecutive hours in
    each 24; we ask for them between any two stretches, which is never less.
    """
    if on_call(duty):
        return
    stretches = _stretches((duty, *others))
    index = next(n for n, (starts, ends) in enumerate(stretches) if starts <= duty.starts_at < ends)
    starts, ends = stretches[index]
    length = _hours(ends - starts)
    together = "" if (starts, ends) == (duty.starts_at, duty.ends_at) else ", with the shifts it joins"
    if length > limits.stop_hours:
        yield _refuse(
            "too_long", f"That is {_said(length)} on end{together}; {_said(limits.stop_hours)} is the most."
        )
    elif length > limits.warn_hours:
        yield _warn("long", f"That is {_said(length)} on end{together}.")
    around = stretches[max(0, index - 1) : index + 2]
    rests = [_hours(after[0] - before[1]) for before, after in pairwise(around)]
    if rests and min(rests) < limits.rest_hours:
        text = f"That leaves {_said(min(rests))} of rest between shifts; {_said(limits.rest_hours)} is the least."
        yield _refuse("rest", text)


def _week(
    member: Member, duty: OnDuty, others: Sequence[OnDuty], limits: Limits, zone: ZoneInfo
) -> Iterator[Objection]:
    """Hours in each wall week the occurrence touches. Twelve is our own default; somebody's own limit replaces it.

    For workers the law's is 48 on average (Working Time Regulations 1998, reg. 4).
    """
    own = member.terms.weekly_hours
    most = own if own is not None else limits.weekly_hours
    if on_call(duty):
        return
    stretches = _stretches((duty, *others))
    for week in _weeks(duty, zone):
        hours = _hours_within(stretches, week)
        if hours > most:
            monday = week[0].astimezone(zone)
            whose = "their own limit" if own is not None else "the limit"
            text = f"That makes {_said(hours)} in the week of {monday.day} {monday:%B}; {whose} is {_said(most)}."
            yield _refuse("weekly", text)
            return


def _training(member: Member, duty: OnDuty, limits: Limits, zone: ZoneInfo) -> Iterator[Objection]:
    """Each course in date to the last day of the shift: our own rule."""
    last = _local_days(duty, zone)[1]
    for course in limits.courses:
        until = member.terms.trained.get(course)
        if until is None:
            yield _refuse("not_trained", f"{member.name} has not done the training “{course}”.")
        elif until < last:
            text = f"The training “{course}” of {member.name} is in date to {until.day} {until:%B %Y} only."
            yield _refuse("not_trained", text)


def _adjustments(member: Member, duty: OnDuty, limits: Limits, zone: ZoneInfo) -> Iterator[Objection]:
    """What was agreed with them (reasonable adjustments, Equality Act 2010 s. 20)."""
    agreed = member.terms.adjustments
    if agreed.no_nights and at_night(duty, limits, zone):
        yield _refuse("nights", f"It was agreed that {member.name} does no nights.")
    if agreed.not_before is not None and duty.starts_at.astimezone(zone).time() < agreed.not_before:
        text = f"It was agreed that {member.name} does not start before {agreed.not_before:%H:%M}."
        yield _refuse("not_before", text)
    if agreed.no_phone:
        if on_call(duty) or set(duty.channels) == {_PHONE}:
            yield _refuse("phone", f"It was agreed that {member.name} takes no calls.")
        elif _PHONE in duty.channels:
            yield _warn("phone", f"{member.name} takes no calls: others on this shift must.")


def _in_common(member: Member, duty: OnDuty) -> Iterator[Objection]:
    """Something they can answer on it: our own rule. No language set means no match, never every match."""
    if duty.channels and set(duty.channels).isdisjoint(member.channels) and not on_call(duty):
        yield _warn("channel", f"{member.name} has none of this shift's channels.")
    spoken = {tag.casefold() for tag in member.languages}
    if duty.role in ("supporter", "interpreter"):
        if not spoken:
            yield _warn("language", f"{member.name} has no language set, so nobody would be brought to them.")
        elif duty.languages and spoken.isdisjoint(tag.casefold() for tag in duty.languages):
            yield _warn("language", f"{member.name} speaks none of this shift's languages.")


def _stretches(duties: Iterable[OnDuty]) -> list[Stretch]:
    """When somebody works, by start: what touches or overlaps is one stretch."""
    joined: list[Stretch] = []
    for starts, ends in sorted((duty.starts_at, duty.ends_at) for duty in duties if not on_call(duty)):
        if joined and starts <= joined[-1][1]:
            joined[-1] = joined[-1][0], max(joined[-1][1], ends)
        else:
            joined.append((starts, ends))
    return joined


def _hours_within(stretches: Iterable[Stretch], span: Stretch) -> float:
    parts = (min(ends, span[1]) - max(starts, span[0]) for starts, ends in stretches)
    return sum((_hours(part) for part in parts if part > timedelta()), 0.0)


def _local_days(duty: OnDuty, zone: ZoneInfo) -> tuple[date, date]:
    """The first and the last local day of an occurrence; midnight is still the day before."""
    last = duty.ends_at - timedelta.resolution
    return duty.starts_at.astimezone(zone).date(), last.astimezone(zone).date()


def _week_of(instant: datetime, zone: ZoneInfo) -> Stretch:
    day = instant.astimezone(zone).date()
    monday = datetime.combine(day - _DAY * day.weekday(), time.min)
    return instant_of(monday, zone), instant_of(monday + _WEEK, zone)


def _weeks(duty: OnDuty, zone: ZoneInfo) -> Iterator[Stretch]:
    """Each wall week that an occurrence touches."""
    week = _week_of(duty.starts_at, zone)
    yield week
    while week[1] < duty.ends_at:
        week = _week_of(week[1], zone)
        yield week


def _hours(length: timedelta) -> float:
    return length / timedelta(hours=1)


def _said(hours: float) -> str:
    """Hours as people say them: "6 h", "4 h 30 min"."""
    whole, minutes = divmod(round(hours * 60), 60)
    return f"{whole} h {minutes} min" if minutes else f"{whole} h"


def _refuse(code: Code, text: str) -> Objection:
    return Objection("refuse", code, text)


def _warn(code: Code, text: str) -> Objection:
    return Objection("warn", code, text)
