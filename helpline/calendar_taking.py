"""Taking a calendar into the rota: read, matched with the people here, and planned. Nothing is kept by it."""

import asyncio

from helpline.errors import BadRequest
from helpline.people import People
from helpline.service import Helpline
from rota.calendar_import import Plan, match_person, plan_import
from rota.calendar_lines import Refusal
from rota.calendar_reading import CalendarEvent, read_calendar
from rota.calendar_shifts import PersonOf


async def planned(helpline: Helpline, data: bytes, source: str, *, ours: bool = True) -> Plan:
    """What it would do to the rota as it stands. `BadRequest`, with the mend, for a file that is not read at all.

    `ours` lets a file this service wrote bring its shifts back under their own ids; a feed from elsewhere never may.

    Reading runs in a thread of its own: a large file delays nobody's chat.
    """
    definition, shifts = helpline.definition, helpline.rota.current.shifts
    person_of = matcher(helpline.people)

    def read() -> Plan | Refusal:
        reading = read_calendar(data, zone=definition.zone)
        if isinstance(reading, Refusal):
            return reading
        return plan_import(
            reading,
            shifts,
            person_of=person_of,
            channels=definition.channels,
            zone=definition.zone,
            source=source,
            keep_ids=ours,
        )

    plan = await asyncio.to_thread(read)
    if isinstance(plan, Refusal):
        raise BadRequest(f"{plan.what}. {plan.mend[:1].upper()}{plan.mend[1:]}.")
    return plan


def matcher(people: People) -> PersonOf:
    """Who an event names, by e-mail address or by name; "" for nobody known."""
    active = [account for account in people if account.active]
    by_email = {account.email.casefold(): account.id for account in active if account.email}
    by_name = {
        name.casefold(): account.id
        for account in active
        for name in (account.shown_name, account.name, account.id)
    }

    def person_of(event: CalendarEvent) -> str:
        return match_person(event, by_email, by_name)

    return person_of
