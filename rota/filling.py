"""Who could fill a gap, and how fairly the rota is shared."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

import msgspec

from rota.limits import (
    Limits,
    Objection,
    around_it,
    at_night,
    hours_of,
    objections_beside,
    on_call,
    week_hours,
)
from rota.members import Member
from rota.shifts import OnDuty, Rota
from rota.walltime import as_utc

_SATURDAY = 5


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who could take an occurrence. `objections` are warnings only.

    `week_hours` are real hours they have in its week already; `prefers` whether they said the time suits them, None
    when they said nothing; `why` says in words why they stand where they do.
    """

    member: Member
    objections: tuple[Objection, ...]
    week_hours: float
    prefers: bool | None
    why: str


class Share(msgspec.Struct, frozen=True, kw_only=True):
    """What one person has of a rota: real hours of work, and how many shifts, of those at night and on a weekend.

    Standby is counted as shifts, its hours apart as `on_call_hours`.
    """

    person: str
    hours: float = 0.0
    nights: int = 0
    weekends: int = 0
    shifts: int = 0
    on_call_hours: float = 0.0


def who_could_fill(
    duty: OnDuty,
    members: Iterable[Member],
    rota: Rota,
    limits: Limits,
    zone: str,
    *,
    prefers: Mapping[str, bool] | None = None,
) -> tuple[Candidate, ...]:
    """Everybody who may take the occurrence, best first; whoever has it is left out.

    First those it suits, last those it does not; then fewer warnings, fewer hours in its week (so that what there
    is gets shared), and names. `prefers` is what members said of that time (VAVAILABILITY, RFC 7953), by id: a
    preference, never a promise, so it orders and excludes nobody.
    """
    said = prefers or {}
    around = around_it(duty, rota, limits, zone)
    candidates = []
    for member in members:
        others = around.get(member.id, ())
        found = objections_beside(member, duty, others, limits, zone)
        if member.id == duty.person or any(one.kind == "refuse" for one in found):
            continue
        hours, suits = week_hours(others, duty.starts_at, ZoneInfo(zone)), said.get(member.id)
        why = _why(suits, hours, found)
        candidates.append(
            Candidate(member=member, objections=found, week_hours=hours, prefers=suits, why=why)
        )
    return tuple(sorted(candidates, key=_order))


def balance(
    rota: Rota, people: Iterable[str], since: datetime, until: datetime, zone: str
) -> tuple[Share, ...]:
    """How much each of these people has, in the order given; also those who have nothing.

    Occurrences count whole and where they start, `since` ≤ start < `until`, so that periods add up. Night is the
    one of the Working Time Regulations 1998, reg. 2 (23:00 to 06:00), touched at all; a weekend shift starts on a
    local Saturday or Sunday. What somebody does in two roles at once counts once in hours.
    """
    since, until = as_utc(since), as_utc(until)
    place, limits = ZoneInfo(zone), Limits()
    theirs: dict[str, list[OnDuty]] = {person: [] for person in people}
    for duty in rota.occurrences(since, until):
        if duty.starts_at >= since and duty.person in theirs:
            theirs[duty.person].append(duty)
    return tuple(
        Share(
            person=person,
            hours=hours_of(duties),
            nights=sum(at_night(duty, limits, place) for duty in duties),
            weekends=sum(duty.starts_at.astimezone(place).weekday() >= _SATURDAY for duty in duties),
            shifts=len(duties),
            on_call_hours=sum(
                (duty.ends_at - duty.starts_at).total_seconds() / 3_600 for duty in duties if on_call(duty)
            ),
        )
        for person, duties in theirs.items()
    )


def _order(candidate: Candidate) -> tuple[int, int, float, str, str]:
    suits = {True: 0, None: 1, False: 2}[candidate.prefers]
    member = candidate.member
    return suits, len(candidate.objections), candidate.week_hours, member.name.casefold(), member.id


def _why(prefers: bool | None, hours: float, warnings: tuple[Objection, ...]) -> str:
    said = {True: "Said this time suits them. ", False: "Said this time does not suit them. ", None: ""}[
        prefers
    ]
    has = f"Has {hours:g} h in that week." if hours else "Has nothing else in that week."
    return " ".join((said + has, *(warning.text for warning in warnings)))
