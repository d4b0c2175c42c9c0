"""Whom a person named in their own crisis plan to be rung for them, as entries of the ladder's panel.

They stand at rung 3 in their place, before the crisis team. Order suggests and never gates: one press records a try at
any time. The panel itself puts one forward only once the person's consent has been recorded in this contact.
"""

from collections.abc import Sequence
from zoneinfo import ZoneInfo

import msgspec

from helpline.contact import Contact
from helpline.core import Core
from helpline.directory import CrisisContact
from helpline.ladder import Panel
from helpline.plan import RING, Plan, Writing, writings

OWN = "plan:"
ROLE = "own_contact"


async def own_contacts(core: Core, contact: Contact) -> tuple[CrisisContact, ...]:
    """Those with a number who may be rung, by every writing that stands. Stale once the plan's review date is past."""
    found: list[CrisisContact] = []
    for log in contact.plans:
        plan: Plan = await core.logbook.load(log)
        if plan.sort != "crisis" or not plan.live:
            continue
        words = writings(plan, await core.logbook.read(log))
        for line in plan.lines:
            if line.part == RING and _may_be_rung(words.get(line.line, ())):
                found.append(_entry(core, plan, line.line, words[line.line][-1], len(found)))
    return tuple(found)


def _may_be_rung(standing: Sequence[Writing]) -> bool:
    return bool(standing) and bool(standing[-1].number) and all(one.may_ring == "yes" for one in standing)


def _entry(core: Core, plan: Plan, line: str, writing: Writing, order: int) -> CrisisContact:
    counts_until = plan.until or core.clock.now()
    return CrisisContact(
        id=f"{OWN}{line}",
        name=writing.text or "",
        role=ROLE,
        number=writing.number or "",
        version=writing.seq,
        order=order,
        verify_by=counts_until.astimezone(ZoneInfo(core.definition.zone)).date(),
    )


def may_suggest(contact: Contact) -> bool:
    """Whether the panel may put one of them forward."""
    return contact.ladder.consent is not None and contact.ladder.consent.answer == "given"


def shown_not_suggested(shown: Panel, without: Panel) -> Panel:
    """The panel with them in their place, and the suggestion of the panel without them."""
    first = without.suggestion.contact.id

    contacts = tuple(
        msgspec.structs.replace(one, state="suggested")
        if one.contact is not None and one.contact.id == first
        else msgspec.structs.replace(one, state="open")
        if one.state == "suggested"
        else one
        for one in shown.contacts
    )
    return msgspec.structs.replace(shown, contacts=contacts, suggestion=without.suggestion)
