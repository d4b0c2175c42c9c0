"""The rota of a demonstration: everybody is on, around the moment it starts."""

from datetime import datetime, timedelta
from typing import get_args
from zoneinfo import ZoneInfo

from helpline.shape import Definition
from rota import shifts
from rota.shifts import Shift


def shifts_around(definition: Definition, instant: datetime) -> tuple[Shift, ...]:
    """One shift for each person and each role of theirs that a rota has, in wall time around `instant`.

    Their ids depend on person and role alone, so that a demonstration started again replaces them.
    """
    shape = definition.demonstration
    wall = instant.astimezone(ZoneInfo(definition.zone)).replace(tzinfo=None, second=0, microsecond=0)
    starts = wall - timedelta(hours=shape.shift_began_hours_ago)
    return tuple(
        Shift(
            id=f"demonstration-{person.id}-{role}",
            zone=definition.zone,
            starts=starts,
            ends=starts + timedelta(hours=shape.shift_lasts_hours),
            role=role,
            person=person.id,
            channels=person.channels,
            languages=person.languages,
        )
        for person in definition.people
        for role in get_args(shifts.Role)
        if role in person.roles
    )
