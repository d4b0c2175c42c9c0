"""Which letters follow from the time: reminders to those who have a shift, and what nobody has confirmed to the lead.

All of this is pure. `since` is up to when letters were written before; the time now is the plan's. What fell due in
between is written once, and where several reminders of one shift did, only the last of them.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from helpline.letters import Leads, Letter, told
from rota.cover import Plan
from rota.members import Member
from rota.shifts import OnDuty
from rota.walltime import instant_of

LIST_AT = time(10, 0)
SOON = timedelta(hours=12)
# What the next list would bring later than this before its start is not left to it.
TIME_TO_ACT = timedelta(hours=4)
_MOMENT = timedelta(microseconds=1)
_DAY = timedelta(days=1)


def reminders(
    plan: Plan, members: Sequence[Member], since: datetime, given: Mapping[str, datetime]
) -> list[Letter]:
    """The reminders that fell due at `since` < instant ≤ now, of occurrences still ahead.

    `given` says of slots and of shifts when whoever has them now got them, where that was since; a reminder due
    before is not for them.
    """
    now, reached = plan.now, {member.id for member in members}
    found: dict[str, Letter] = {}
    for hours in sorted(set(plan.agreement.remind_hours)):
        before = timedelta(hours=hours)
        for duty in plan.rota.occurrences(since + before, now + before + _MOMENT):
            due = duty.starts_at - before
            slot = str(duty.slot)
            if not since < due <= now < duty.starts_at or duty.person not in reached or slot in found:
                continue
            got = [given[name] for name in (slot, duty.shift) if name in given]
            if all(due > instant for instant in got):
                found[slot] = _reminder(plan, duty, hours, due)
    return list(found.values())


def _reminder(plan: Plan, duty: OnDuty, hours: int, due: datetime) -> Letter:
    # The day is part of the mark: a night moved to another day is reminded of anew, one moved by an hour is not.
    day = duty.starts_at.astimezone(ZoneInfo(plan.zone)).date()
    return Letter(
        mark=f"remind|{duty.slot}|{day}|{hours}|{duty.person}",
        what="remind",
        to=duty.person,
        about=(told(duty),),
        at=due,
        until=duty.starts_at,
        hours=hours,
    )


def unconfirmed(
    plan: Plan, members: Sequence[Member], since: datetime, listed: Collection[tuple[str, str, str]]
) -> list[Letter]:
    """Who has not said they will be there, to each lead in one letter.

    Once a day, at a settled hour, of everything that should be confirmed by now; and at once of what starts within
    twelve hours, was in no letter before, and is too near for the next list. `listed` are (lead, slot, holder) of the letters there were.
    """
    now = plan.now
    daily = last_list(plan.zone, now)
    at_once = min(now + SOON, next_list(plan.zone, now) + TIME_TO_ACT)
    uncertain = _not_confirmed(plan)
    known = {(slot, person) for _, slot, person in listed}
    if since >= daily and all(
        duty.starts_at > at_once or (str(duty.slot), duty.person) in known for duty in uncertain
    ):
        return []
    leads = Leads(plan, members)
    theirs: dict[str, list[OnDuty]] = {}
    for duty in uncertain:
        for lead in leads.of(duty, but=(duty.person,)):
            theirs.setdefault(lead, []).append(duty)
    letters = []
    for lead, duties in theirs.items():
        new = [duty for duty in duties if (lead, str(duty.slot), duty.person) not in listed]
        if since < daily:
            letters.append(_list(lead, duties, f"unconfirmed|{daily.date()}|{lead}", now))
        elif any(duty.starts_at <= at_once for duty in new):
            first = new[0]
            mark = f"unconfirmed|{first.slot}|{first.person}|{first.starts_at.isoformat()}|{lead}"
            letters.append(_list(lead, new, mark, now))
    return letters


def _list(lead: str, duties: Sequence[OnDuty], mark: str, now: datetime) -> Letter:
    return Letter(
        mark=mark,
        what="unconfirmed",
        to=lead,
        about=tuple(told(duty) for duty in duties),
        at=now,
        until=max(duty.starts_at for duty in duties),
    )


def _not_confirmed(plan: Plan) -> list[OnDuty]:
    before = timedelta(hours=plan.agreement.confirm_hours)
    return [
        duty
        for duty in plan.rota.occurrences(plan.now, plan.now + before + _MOMENT)
        if duty.person
        and plan.now < duty.starts_at <= plan.now + before
        and not plan.book.confirmed(duty.slot, duty.person)
    ]


def last_list(zone: str, now: datetime) -> datetime:
    """The last settled hour at or before now, as an instant."""
    place = ZoneInfo(zone)
    day = now.astimezone(place).date()
    at = instant_of(datetime.combine(day, LIST_AT), place)
    return at if at <= now else instant_of(datetime.combine(day - _DAY, LIST_AT), place)


def next_list(zone: str, now: datetime) -> datetime:
    """The first settled hour after now."""
    place = ZoneInfo(zone)
    day = last_list(zone, now).astimezone(place).date() + _DAY
    return instant_of(datetime.combine(day, LIST_AT), place)


def next_due(plan: Plan, within: timedelta) -> datetime:
    """When to look again: the first instant after now at which a letter may fall due, or the end of `within`."""
    now = plan.now
    latest = now + within
    dues = [latest, next_list(plan.zone, now)]
    soon = min(SOON, timedelta(hours=plan.agreement.confirm_hours))
    for before in {soon, *(timedelta(hours=hours) for hours in plan.agreement.remind_hours)}:
        starts = (duty.starts_at for duty in plan.rota.occurrences(now + before, latest + before))
        dues += [start - before for start in starts if start - before > now]
    return min(dues)
