"""What supporters and leads may do with a plan: whoever is in the conversation writes, a lead beside it may read."""

from typing import Any

from helpline import plan_writing
from helpline.contact import Contact
from helpline.core import Answer
from helpline.definition import Definition
from helpline.errors import NotAllowed
from helpline.events import By
from helpline.logbook import Decide
from helpline.people import Principal
from helpline.plan import Plan
from helpline.plan_writing import Words
from helpline.staff_side import StaffSide
from helpline.talking import digest

Json = dict[str, Any]


async def _in_it(line: StaffSide, who: Principal, contact: str, client_id: str) -> By:
    """Their voice in this conversation; `NotAllowed` for who only reads along."""
    fold: Contact = await line.may_read(who, contact, client_id)
    part = fold.part(who.id)
    if part is None:
        raise NotAllowed("Only who is in the conversation writes in the plan.")
    return By("lead" if part.role == "lead" else "supporter", who.id, who.name)


async def plans(line: StaffSide, who: Principal, contact: str) -> list[Json]:
    """The plans that stand open here. A lead's look from outside is an entry in the audit."""
    fold = await line.may_read(who, contact)
    if fold.part(who.id) is None and fold.plans:
        await line.audit(who, "read_plan", contact)
    return await line.plans.shown_in(contact)


async def begin(line: StaffSide, who: Principal, contact: str, *, sort: str, client_id: str) -> Json:
    """Begin one with them; a second beginning is the first one."""
    by = await _in_it(line, who, contact, client_id)
    return await line.plans.shown(await line.plans.begin(contact, by, sort, client_id))


async def write(
    line: StaffSide, who: Principal, contact: str, *, plan: str, words: Words, client_id: str
) -> Plan:
    """Write a line in their words."""
    by = await _in_it(line, who, contact, client_id)
    return await line.plans.write(contact, plan, by, words, client_id)


async def take_out(
    line: StaffSide, who: Principal, contact: str, *, plan: str, of: str, saw: int, client_id: str
) -> Plan:
    by = await _in_it(line, who, contact, client_id)
    return await line.plans.take_out(contact, plan, by, of, saw, client_id)


async def keep(
    line: StaffSide, who: Principal, contact: str, *, plan: str, keep: bool, client_id: str
) -> Plan:
    """What the person said to keeping it, as they said it in the chat. The code is theirs alone to ask for."""
    by = await _in_it(line, who, contact, client_id)
    if not keep:
        return await line.plans.keep_no_longer(contact, plan, by, client_id)
    await line.plans.keep(contact, plan, by, client_id)
    return await line.plans.of(contact, plan)


async def review(line: StaffSide, who: Principal, contact: str, *, plan: str, client_id: str) -> Plan:
    """Looked through together, and it still holds."""
    by = await _in_it(line, who, contact, client_id)
    return await line.plans.review(contact, plan, by, client_id)


async def followed(
    line: StaffSide, who: Principal, contact: str, *, plan: str, how: str, why: str | None, client_id: str
) -> Answer:
    """How the plan went, as the person told it."""
    mark = digest("plan_followed", plan, how, why)

    def written(by: By, _: Definition) -> Decide:
        return plan_writing.followed(by, plan, how, why, client_id)

    return await line.press(who, contact, client_id, mark, written)
