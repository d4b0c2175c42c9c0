"""How fairly the rota is shared, as those who plan see it. Pure."""

from datetime import datetime, time, timedelta

import msgspec

from rota.filling import balance
from rota.walltime import instant_of
from webchat import rota_words
from webchat.rota_planning_view import ROLES
from webchat.rota_view import Looking

_DAY = timedelta(days=1)


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """What one person had and will have. `bar` and `mark` are of twenty parts of the longest, for drawing."""

    person: str
    name: str
    roles: str
    had: str
    has: str
    week: str
    most: str
    had_bar: int
    has_bar: int
    shifts: int
    nights: int
    weekends: int
    standby: str
    note: str


def balance_page(looking: Looking, weeks: int) -> tuple[Row, ...]:
    """Who had and will have how much, so many weeks back and ahead: most hours first, by name within."""
    plan, zone = looking.plan, looking.zone
    monday = looking.today - _DAY * looking.today.weekday()
    first, middle, last = (
        instant_of(datetime.combine(monday + timedelta(weeks=number), time.min), zone)
        for number in (-weeks, 0, weeks)
    )
    people = [member.id for member in looking.members.values() if set(member.roles) & set(ROLES)]
    had = {one.person: one for one in balance(plan.rota, people, first, middle, plan.zone)}
    has = {one.person: one for one in balance(plan.rota, people, middle, last, plan.zone)}
    longest = max((share.hours for share in (*had.values(), *has.values())), default=0.0) or 1.0
    rows = []
    for id in sorted(people, key=lambda id: (-had[id].hours - has[id].hours, looking.name(id).casefold())):
        before, after, member = had[id], has[id], looking.members[id]
        own = member.terms.weekly_hours
        most = own if own is not None else plan.agreement.limits.weekly_hours
        rows.append(
            Row(
                person=id,
                name=member.name,
                roles=", ".join(rota_words.role(role) for role in ROLES if role in member.roles),
                had=rota_words.length(before.hours) if before.hours else "none",
                has=rota_words.length(after.hours) if after.hours else "none",
                week=f"{round((before.hours + after.hours) / weeks) / 2:g} h",
                most=rota_words.length(most),
                had_bar=_of_twenty(before.hours, longest),
                has_bar=_of_twenty(after.hours, longest),
                shifts=before.shifts + after.shifts,
                nights=before.nights + after.nights,
                weekends=before.weekends + after.weekends,
                standby=rota_words.length(standby)
                if (standby := before.on_call_hours + after.on_call_hours)
                else "",
                note=_note(before.shifts, after.shifts, (before.hours + after.hours) / (2 * weeks), most),
            )
        )
    return tuple(rows)


def _note(before: int, after: int, week: float, most: float) -> str:
    """A neutral word where there is something to see."""
    if not before and not after:
        return "None in these weeks"
    if not after:
        return "None ahead"
    if most and week > most:
        return "Above the weekly limit"
    return "Close to the weekly limit" if most and week > 0.9 * most else ""


def _of_twenty(hours: float, longest: float) -> int:
    return round(20 * hours / longest) or int(hours > 0)
