"""The definition's tables of people, shifts, crisis contacts and hours, taken into the store once.

From then on the store is right: a changed file changes nobody's shift and no number that was added before.
"""

from helpline.cabinet import Cabinet
from helpline.definition import Definition
from helpline.directory import CrisisContact
from helpline.people import People
from rota.hours import Hours
from rota.shifts import Shift

HOURS = "hours"


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
