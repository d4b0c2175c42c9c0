"""Taking a shift, giving it back, covering, swapping, confirming, calling in sick: what each does to the book.

Every function is pure. It gives the changes that make it so, or raises `Refused` with words fit to show. One rule
holds them together: an occurrence has one holder or none, it passes from one to the next in a single step, and
whoever asks for cover or offers a swap keeps it until somebody has taken it. So nothing is ever held by two, and
what is held by nobody stands among the gaps.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Literal

import msgspec

from rota.agreement import Agreement
from rota.book import (
    AnyChange,
    Ask,
    AskChanged,
    Book,
    Confirmation,
    Confirmed,
    NightChanged,
    one_step,
)
from rota.documents import Moved
from rota.limits import Objection, objections
from rota.members import Member
from rota.shifts import OnDuty, Override, Rota, Slot

Reason = Literal[
    "gone", "over", "not_yours", "taken", "too_late", "objections", "asked", "yourself", "not_asked"
]

_WORDS: dict[Reason, str] = {
    "gone": "There is no such shift any more.",
    "over": "That shift is over.",
    "not_yours": "That shift is not yours.",
    "taken": "Somebody else has that shift now.",
    "too_late": "It is too close to the start to give it back here. Ask for cover, or call in sick.",
    "asked": "That has been asked already.",
    "yourself": "Both shifts are yours.",
    "not_asked": "Nobody is asking that any more.",
}


class Refused(Exception):
    """It cannot be done. `reason` is for code, `text` for people; `objections` say what stands against it.

    When all objections are warnings, the same call with `anyway` goes through.
    """

    def __init__(self, reason: Reason, found: Sequence[Objection] = ()) -> None:
        self.reason = reason
        self.objections = tuple(found)
        self.text = " ".join(one.text for one in found) or _WORDS[reason]
        super().__init__(self.text)

    @property
    def may_insist(self) -> bool:
        """Whether only warnings stand against it."""
        return bool(self.objections) and all(one.kind == "warn" for one in self.objections)


class Plan(msgspec.Struct, frozen=True):
    """What a decision looks at: the book, its rota, what was agreed, the service's zone and the time."""

    book: Book
    rota: Rota
    agreement: Agreement
    zone: str
    now: datetime

    def after(self, changes: Sequence[AnyChange]) -> "Plan":
        """The same, had these changes been made."""
        book = self.book.apply(changes)
        return msgspec.structs.replace(self, book=book, rota=book.rota_from(self.book, self.rota))

    def coming(self, slot: Slot) -> OnDuty:
        """The occurrence; `Refused` when there is none or it has ended."""
        duty = self.book.duty(slot)
        if duty is None:
            raise Refused("gone")
        if duty.ends_at <= self.now:
            raise Refused("over")
        return duty

    def theirs(self, slot: Slot, person: str) -> OnDuty:
        """The occurrence, which this person has."""
        duty = self.coming(slot)
        if duty.person != person:
            raise Refused("not_yours")
        return duty

    def standing(self, ask: str) -> Ask:
        held = self.book.asks.get(ask)
        if held is None:
            raise Refused("not_asked")
        return held


def take(plan: Plan, slot: Slot, member: Member, *, anyway: bool = False) -> tuple[AnyChange, ...]:
    """Take a free shift, or one somebody wants covered. Taking it is saying you will be there."""
    duty = plan.coming(slot)
    if duty.person == member.id:
        return ()
    if duty.person and not any(
        ask.kind == "cover" and ask.by == duty.person and ask.is_put_to(member.id)
        for ask in plan.book.asks_about(slot)
    ):
        raise Refused("taken")
    changes = (*_given_to(plan.book, slot, member), _confirmed_by(plan.book, slot, member.id))
    _object(plan.after(changes), ((slot, member),), anyway=anyway)
    return changes


def put_on(plan: Plan, slot: Slot, member: Member, *, anyway: bool = False) -> tuple[AnyChange, ...]:
    """A lead gives the shift to somebody, whoever has it now. They are asked to confirm."""
    duty = plan.coming(slot)
    if duty.person == member.id:
        return ()
    changes = _given_to(plan.book, slot, member)
    _object(plan.after(changes), ((slot, member),), anyway=anyway)
    return changes


def take_off(plan: Plan, slot: Slot) -> tuple[AnyChange, ...]:
    """A lead makes the shift free."""
    return _freed(plan.book, slot) if plan.coming(slot).person else ()


def give_back(plan: Plan, slot: Slot, person: str) -> tuple[AnyChange, ...]:
    """Give a shift back with notice: from here on nobody has it."""
    duty = plan.theirs(slot, person)
    if duty.starts_at - plan.now < timedelta(hours=plan.agreement.give_back_hours):
        raise Refused("too_late")
    return _freed(plan.book, slot)


def call_in_sick(plan: Plan, slot: Slot, person: str) -> tuple[AnyChange, ...]:
    """On the day, also in the middle of it. Nobody is asked why."""
    plan.theirs(slot, person)
    return _freed(plan.book, slot)


def confirm(plan: Plan, slot: Slot, person: str) -> tuple[AnyChange, ...]:
    """Say you will be there. Once is enough."""
    plan.theirs(slot, person)
    if plan.book.confirmed(slot, person):
        return ()
    return (_confirmed_by(plan.book, slot, person),)


def ask_cover(
    plan: Plan, slot: Slot, person: str, ask: str, to: tuple[str, ...] = ()
) -> tuple[AnyChange, ...]:
    """Ask others to take it. It stays theirs until somebody does."""
    plan.theirs(slot, person)
    if any(one.kind == "cover" for one in plan.book.asks_about(slot)):
        raise Refused("asked")
    return (AskChanged(id=ask, after=Ask(id=ask, kind="cover", by=person, at=plan.now, slot=slot, to=to)),)


def ask_to_fill(plan: Plan, slot: Slot, lead: str, ask: str, to: tuple[str, ...]) -> tuple[AnyChange, ...]:
    """A lead asks these people to take a free shift. Whoever was asked before is asked still."""
    if plan.coming(slot).person:
        raise Refused("taken")
    before = next((one for one in plan.book.asks_about(slot) if one.kind == "fill"), None)
    if before is not None:
        wider = msgspec.structs.replace(before, to=tuple(dict.fromkeys((*before.to, *to))))
        return (AskChanged(id=before.id, before=before, after=wider),) if wider != before else ()
    return (AskChanged(id=ask, after=Ask(id=ask, kind="fill", by=lead, at=plan.now, slot=slot, to=to)),)


def offer_swap(
    plan: Plan, mine: Slot, theirs: Slot, members: tuple[Member, Member], ask: str
) -> tuple[AnyChange, ...]:
    """Offer `mine` for `theirs`. `members` are who offers and who has `theirs`; nothing changes until both agree."""
    offering, asked = members
    plan.theirs(mine, offering.id)
    held = plan.coming(theirs)
    if held.person == offering.id:
        raise Refused("yourself")
    if held.person != asked.id:
        raise Refused("taken")
    if any(one.kind == "swap" and one.theirs == theirs for one in plan.book.asks_about(mine)):
        raise Refused("asked")
    # What could never come about is not offered; warnings are for those who agree.
    _object(
        plan.after(_swapped(plan.book, mine, theirs, members)),
        ((theirs, offering), (mine, asked)),
        anyway=True,
    )
    put = Ask(id=ask, kind="swap", by=offering.id, at=plan.now, slot=mine, theirs=theirs, to=(asked.id,))
    return (AskChanged(id=ask, after=put),)


def agree_swap(
    plan: Plan, ask: str, members: tuple[Member, Member], *, anyway: bool = False
) -> tuple[AnyChange, ...]:
    """Whoever was asked agrees. The swap is made, or waits for the lead where that is agreed."""
    standing = plan.standing(ask)
    changes = _swap(plan, standing, members, anyway=anyway)
    if plan.agreement.swaps_need_lead and not standing.agreed:
        return (AskChanged(id=ask, before=standing, after=msgspec.structs.replace(standing, agreed=True)),)
    return changes


def approve_swap(plan: Plan, ask: str, members: tuple[Member, Member]) -> tuple[AnyChange, ...]:
    """The lead lets an agreed swap happen."""
    standing = plan.standing(ask)
    if not standing.agreed:
        raise Refused("not_asked")
    return _swap(plan, standing, members, anyway=True)


def say_no(plan: Plan, ask: str, person: str) -> tuple[AnyChange, ...]:
    """Not me. A swap is over with that; what others were asked too stands for them."""
    standing = plan.standing(ask)
    if not standing.is_put_to(person):
        raise Refused("not_asked")
    left = msgspec.structs.replace(standing, said_no=(*standing.said_no, person))
    nobody_left = bool(left.to) and not any(left.is_put_to(one) for one in left.to)
    over = standing.kind == "swap" or (standing.kind == "fill" and nobody_left)
    return (AskChanged(id=ask, before=standing, after=None if over else left),)


def withdraw_ask(plan: Plan, ask: str, person: str, *, lead: bool = False) -> tuple[AnyChange, ...]:
    """Whoever asked, or a lead, takes the question back."""
    standing = plan.standing(ask)
    if standing.by != person and not lead:
        raise Refused("not_asked")
    return (AskChanged(id=ask, before=standing),)


def offer_hands(plan: Plan, person: str, ask: str) -> tuple[AnyChange, ...]:
    """Somebody off the rota could come and help now. The lead lets them on, or thanks them."""
    if any(one.kind == "hands" and one.by == person for one in plan.book.asks.values()):
        raise Refused("asked")
    return (AskChanged(id=ask, after=Ask(id=ask, kind="hands", by=person, at=plan.now)),)


def turn_round(plan: Plan, changes: Sequence[AnyChange]) -> tuple[AnyChange, ...]:
    """A step backwards. `Moved` when what it did has been changed again since.

    Questions and confirmations that would no longer fit whoever holds the shift then are not brought back, and those
    that were put since about what is taken back end with it.
    """
    changes = tuple(changes)
    turned = plan.book.turned(changes)
    after = plan.after(turned)
    unfit: list[AnyChange] = [
        AskChanged(id=ask.id, before=ask) for ask in after.book.asks.values() if not _fits(after, ask)
    ]
    unfit += (
        Confirmed(id=slot, before=confirmation)
        for slot, confirmation in after.book.confirmations.items()
        if not _holds(after, Slot.parse(slot), confirmation.person)
    )
    step = one_step((*turned, *unfit))
    if not step:
        raise Moved(changes[0])
    return step


def _fits(plan: Plan, ask: Ask) -> bool:
    """Whether those it is between still have what it is about."""
    if ask.slot is None:
        return True
    if ask.kind == "fill":
        return _holds(plan, ask.slot, "")
    if ask.kind == "swap" and (ask.theirs is None or not _holds(plan, ask.theirs, ask.to[0])):
        return False
    return _holds(plan, ask.slot, ask.by)


def _holds(plan: Plan, slot: Slot, person: str) -> bool:
    duty = plan.book.duty(slot)
    return duty is not None and duty.person == person


def stale_asks(plan: Plan) -> tuple[AnyChange, ...]:
    """Questions about shifts that have begun, are over or are no longer there; offered hands after half a day."""
    return tuple(AskChanged(id=ask.id, before=ask) for ask in plan.book.asks.values() if _is_stale(plan, ask))


def _is_stale(plan: Plan, ask: Ask) -> bool:
    if ask.kind == "hands":
        return plan.now - ask.at > timedelta(hours=12)
    duties = [plan.book.duty(slot) for slot in (ask.slot, ask.theirs) if slot is not None]
    # A shift that runs may still be covered or filled; what was to be exchanged must lie ahead.
    return any(
        duty is None or (duty.starts_at if ask.kind == "swap" else duty.ends_at) <= plan.now
        for duty in duties
    )


def _swap(plan: Plan, ask: Ask, members: tuple[Member, Member], *, anyway: bool) -> tuple[AnyChange, ...]:
    if ask.kind != "swap" or ask.slot is None or ask.theirs is None:
        raise Refused("not_asked")
    offering, asked = members
    if (ask.by, ask.to) != (offering.id, (asked.id,)):
        raise Refused("not_asked")
    plan.theirs(ask.slot, offering.id)
    if plan.coming(ask.theirs).person != asked.id:
        raise Refused("taken")
    changes = _swapped(plan.book, ask.slot, ask.theirs, members)
    _object(plan.after(changes), ((ask.theirs, offering), (ask.slot, asked)), anyway=anyway)
    return changes


def _swapped(book: Book, mine: Slot, theirs: Slot, members: tuple[Member, Member]) -> tuple[AnyChange, ...]:
    offering, asked = members
    first = _given_to(book, mine, asked)
    then = book.apply(first)
    second = _given_to(then, theirs, offering)
    book = then.apply(second)
    return (
        *first,
        *second,
        _confirmed_by(book, mine, asked.id),
        _confirmed_by(book, theirs, offering.id),
    )


def _given_to(book: Book, slot: Slot, member: Member) -> tuple[AnyChange, ...]:
    night = msgspec.structs.replace(book.night(slot), person=member.id, languages=member.languages)
    return _passed_on(book, slot, night)


def _freed(book: Book, slot: Slot) -> tuple[AnyChange, ...]:
    return _passed_on(book, slot, msgspec.structs.replace(book.night(slot), person="", languages=()))


def _passed_on(book: Book, slot: Slot, night: Override) -> tuple[AnyChange, ...]:
    """The occurrence in other hands: what was confirmed or asked about it is settled."""
    id = str(slot)
    changes: list[AnyChange] = [
        NightChanged(id=id, before=book.nights.get(slot.shift, {}).get(slot.of), after=night)
    ]
    if id in book.confirmations:
        changes.append(Confirmed(id=id, before=book.confirmations[id]))
    changes += (AskChanged(id=ask.id, before=ask) for ask in book.asks_about(slot))
    return tuple(changes)


def _confirmed_by(book: Book, slot: Slot, person: str) -> AnyChange:
    """Only ever after the change that gave them the slot, which took an earlier confirmation away."""
    held = book.confirmations.get(str(slot))
    before = held if held is not None and book.confirmed(slot, person) else None
    return Confirmed(id=str(slot), before=before, after=Confirmation(person))


def _object(after: Plan, given: tuple[tuple[Slot, Member], ...], *, anyway: bool) -> None:
    """`Refused` when one of them may not have what they would have, or may with a warning nobody accepted."""
    found: list[Objection] = []
    for slot, member in given:
        duty = after.book.duty(slot)
        if duty is not None:
            found += objections(member, duty, after.rota, after.agreement.limits, after.zone)
    if any(one.kind == "refuse" for one in found) or (found and not anyway):
        raise Refused("objections", found)
