"""The definition's shifts and hours, taken into the service once.

From then on the service is right: a changed file changes nobody's shift that was added before. A demonstration's shifts and hours are around the moment it starts.
"""

from datetime import datetime

from helpline.definition import Definition
from helpline.demonstration import evenings_after, hours_around, shifts_around
from helpline.rota_keeping import RotaKeeping


async def begin_rota(rota: RotaKeeping, definition: Definition, now: datetime) -> None:
    """Read the rota, adding what the definition has and this service never had."""
    await rota.open(definition.shifts, definition.hours)
    if definition.demo:
        around = (*shifts_around(definition, now), *evenings_after(definition, now))
        await rota.place_around(around, hours_around(definition, now))
