"""The rota of a demonstration: everybody is on around the moment it starts, and every evening after that is planned.

On two evenings a week one of the two supporters' places is free, so that there is something to see.
"""

from datetime import datetime, time, timedelta
from typing import get_args
from zoneinfo import ZoneInfo

import msgspec

from helpline.shape import Definition, Person
from rota import shifts
from rota.hours import Hours, Span, SpecialDay
from rota.shifts import Shift

BEGINS, ENDS = time(18, 0), time(22, 30)
# Of the supporters' places in a week, every so many-th is nobody's yet.
FREE_EVERY = 5


def shifts_around(definition: Definition, instant: datetime) -> tuple[Shift, ...]:
    """One shift for each person and each role of theirs that a rota has, in wall time around `instant`.

    Their ids depend on person and role alone, so that a demonstration started again replaces them.
    """
    shape = definition.demonstration
    starts = _began(definition, instant)
    return tuple(
        _shift(
            definition,
            f"demonstration-{person.id}-{role}",
            role,
            person,
            starts,
            starts + timedelta(hours=shape.shift_lasts_hours),
        )
        for person in definition.people
        for role in get_args(shifts.Role)
        if role in person.roles
    )


def evenings_after(definition: Definition, instant: datetime) -> tuple[Shift, ...]:
    """From tomorrow on, week after week: two supporters an evening turn about, and a lead and an on-call if any."""
    tomorrow = _began(definition, instant).date() + timedelta(days=1)
    turns = {
        role: [person for person in definition.people if role in person.roles]
        for role in ("supporter", "lead", "on_call")
    }
    found = []
    for day in range(7):
        date = tomorrow + timedelta(days=day)
        starts, ends = datetime.combine(date, BEGINS), datetime.combine(date, ENDS)
        for role, place in (("supporter", 0), ("supporter", 1), ("lead", 0), ("on_call", 0)):
            people = turns[role]
            turn = date.weekday() * 2 + place
            free = role == "supporter" and turn % FREE_EVERY == FREE_EVERY - 1
            person = people[turn % len(people)] if people and not free else None
            if person is not None or role == "supporter":
                id = f"demonstration-{date:%a}-{role}-{place + 1}".lower()
                shift = _shift(definition, id, role, person, starts, ends)
                found.append(msgspec.structs.replace(shift, rrule="FREQ=WEEKLY"))
    return tuple(found)


def hours_around(definition: Definition, instant: datetime) -> Hours:
    """The definition's hours, and on the day it starts open for as long as everybody's shift lasts."""
    starts = _began(definition, instant)
    opens = starts.hour * 60 + starts.minute
    today = Span(opens, opens + definition.demonstration.shift_lasts_hours * 60)
    special = SpecialDay(date=starts.date(), hours=(today,), why="Demonstration")
    return msgspec.structs.replace(definition.hours, special_days=(*definition.hours.special_days, special))


def _began(definition: Definition, instant: datetime) -> datetime:
    wall = instant.astimezone(ZoneInfo(definition.zone)).replace(tzinfo=None, second=0, microsecond=0)
    return wall - timedelta(hours=definition.demonstration.shift_began_hours_ago)


def _shift(
    definition: Definition, id: str, role: str, person: Person | None, starts: datetime, ends: datetime
) -> Shift:
    return Shift(
        id=id,
        zone=definition.zone,
        starts=starts,
        ends=ends,
        role=role,  # type: ignore[arg-type]
        person=person.id if person is not None else "",
        channels=person.channels if person is not None else definition.channels,
        languages=person.languages if person is not None else (),
    )
