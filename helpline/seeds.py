"""The definition's tables of people, crisis contacts, shifts and hours, taken into the service once.

From then on the service is right: a changed file changes nobody's shift and no number that was added before. A
demonstration's shifts and hours are around the moment it starts.
"""

from datetime import datetime

from helpline.cabinet import Cabinet
from helpline.definition import Definition
from helpline.demonstration import evenings_after, hours_around, shifts_around
from helpline.directory import CrisisContact
from helpline.people import People
from helpline.rota_keeping import RotaKeeping


async def import_seeds(
    definition: Definition, people: People, crisis_contacts: Cabinet[CrisisContact]
) -> None:
    """Add what the store does not have yet. Nothing it has is changed."""
    await people.import_seeds(definition.people)
    for crisis_contact in definition.crisis_contacts:
        if crisis_contact.id not in crisis_contacts:
            await crisis_contacts.put(crisis_contact.id, crisis_contact)


async def begin_rota(rota: RotaKeeping, definition: Definition, now: datetime) -> None:
    """Read the rota, adding what the definition has and this service never had."""
    await rota.open(definition.shifts, definition.hours)
    if definition.demo:
        around = (*shifts_around(definition, now), *evenings_after(definition, now))
        await rota.place_around(around, hours_around(definition, now))
