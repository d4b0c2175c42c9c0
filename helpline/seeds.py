"""The definition's tables of people, shifts, crisis contacts and hours, taken into the store once.

From then on the store is right: a changed file changes nobody's shift, and `helpline check` prints where they differ.
"""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from helpline.cabinet import Cabinet
from helpline.definition import Definition
from helpline.directory import CrisisContact
from helpline.people import People
from rota.hours import Hours
from rota.shifts import Role, Shift

HOURS = "hours"
ROTA_ROLES: tuple[Role, ...] = ("supporter", "lead", "on_call", "second_on_call", "interpreter")


async def import_seeds(
    definition: Definition,
    people: People,
    shifts: Cabinet[Shift],
    crisis_contacts: Cabinet[CrisisContact],
    hours: Cabinet[Hours],
) -> None:
    """Add what the store does not have yet. Nothing it has is changed."""
    await people.import_seeds(definition.people)
    for shift in definition.shifts:
        if shift.id not in shifts:
            await shifts.put(shift.id, shift)
    for crisis_contact in definition.crisis_contacts:
        if crisis_contact.id not in crisis_contacts:
            await crisis_contacts.put(crisis_contact.id, crisis_contact)
    if HOURS not in hours:
        await hours.put(HOURS, definition.hours)


def shifts_around(definition: Definition, now: datetime) -> list[Shift]:
    """For a demonstration: everybody on shift around `now`, each in the first of their roles that has shifts."""
    shape = definition.demonstration
    wall = now.astimezone(ZoneInfo(definition.zone)).replace(tzinfo=None, microsecond=0, second=0, minute=0)
    starts = wall - timedelta(hours=shape.shift_began_hours_ago)
    made = []
    for person in definition.people:
        role = next((role for role in ROTA_ROLES if role in person.roles), None)
        if role is not None:
            made.append(
                Shift(
                    id=f"now-{person.id}",
                    zone=definition.zone,
                    starts=starts,
                    ends=starts + timedelta(hours=shape.shift_lasts_hours),
                    rrule="FREQ=DAILY",
                    role=role,
                    person=person.id,
                    channels=person.channels,
                    languages=person.languages,
                )
            )
    return made
