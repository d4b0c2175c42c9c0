"""Changing one night of a shift: it does not happen, or it happens at another time. Pure, as `rota.cover`."""

from datetime import datetime, timedelta

import msgspec

from rota.book import AnyChange, AskChanged, Confirmed, NightChanged
from rota.cover import Plan, Refused
from rota.limits import objections
from rota.members import Member
from rota.shifts import Override, Slot

LONGEST = timedelta(hours=24)


def cancel(plan: Plan, slot: Slot) -> tuple[AnyChange, ...]:
    """This occurrence does not happen. What was confirmed or asked about it is settled."""
    plan.coming(slot)
    book, id = plan.book, str(slot)
    night = msgspec.structs.replace(book.night(slot), cancelled=True)
    changes: list[AnyChange] = [NightChanged(id=id, before=_held(plan, slot), after=night)]
    changes += _unconfirmed(plan, slot)
    changes += (AskChanged(id=ask.id, before=ask) for ask in book.asks_about(slot))
    return tuple(changes)


def move(
    plan: Plan,
    slot: Slot,
    starts: datetime,
    ends: datetime,
    member: Member | None,
    *,
    anyway: bool = False,
) -> tuple[AnyChange, ...]:
    """This occurrence at another wall time of its shift's zone. Whoever has it (`member`) is asked to confirm anew.

    Raises `Refused` with what stands against their having it then, and ValueError unless it ends within 24 hours.
    """
    plan.coming(slot)
    if not timedelta() < ends - starts <= LONGEST:
        raise ValueError("A shift ends after it starts, within 24 hours.")
    held = _held(plan, slot)
    night = msgspec.structs.replace(plan.book.night(slot), starts=starts, ends=ends)
    if held == night:
        return ()
    changes = (NightChanged(id=str(slot), before=held, after=night), *_unconfirmed(plan, slot))
    after = plan.after(changes)
    duty = after.book.duty(slot)
    if duty is None or duty.ends_at <= plan.now:
        raise ValueError("That time is over, or the clocks skip it.")
    if member is not None:
        found = objections(member, duty, after.rota, plan.agreement.limits, plan.zone)
        if any(one.kind == "refuse" for one in found) or (found and not anyway):
            raise Refused("objections", found)
    return changes


def _held(plan: Plan, slot: Slot) -> Override | None:
    return plan.book.nights.get(slot.shift, {}).get(slot.of)


def _unconfirmed(plan: Plan, slot: Slot) -> tuple[AnyChange, ...]:
    held = plan.book.confirmations.get(str(slot))
    return (Confirmed(id=str(slot), before=held),) if held is not None else ()
