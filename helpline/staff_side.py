"""What supporters and leads may ask of the service. `who` is a `Principal`, which only signing in makes."""

import asyncio
import secrets
from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import partial
from typing import Any

import msgspec

from helpline import aftercare, attendance, escalation, notes, offers, paging, talking
from helpline.attendance import LEAD_ROLES, Attendance
from helpline.contact import Contact
from helpline.core import Answer
from helpline.definition import Definition
from helpline.directory import EMERGENCY
from helpline.errors import BadRequest, NotAllowed, NoteMoved, NotFound, NotNow, OfferGone
from helpline.events import (
    Attempted,
    By,
    LeadAsked,
    Noted,
    RungSet,
    TaskDone,
)
from helpline.logbook import Decide
from helpline.on_shift import OnShift, as_lead, as_supporter, is_lead
from helpline.people import Principal
from helpline.person_side import MOST_READ
from helpline.plan_contacts import OWN, own_contacts
from helpline.roster import Extra
from helpline.showing import for_staff
from helpline.talking import Message, digest

EXTRA_HANDS = timedelta(hours=12)
BREAK_FROM_RUNG = 3
OUTCOMES = ("answered", "no_answer", "engaged", "refused", "left_message", "wrong_number", "other")


def _may_read(who: Principal, fold: Contact) -> bool:
    offered = fold.offer is not None and fold.offer.supporter == who.id and bool(fold.offer.transfer)
    return fold.part(who.id) is not None or offered or is_lead(who)


class StaffSide(OnShift):
    """Offers, conversation, note, ladder, handing over, and what a lead does from the board."""

    # -- offers ----------------------------------------------------------------------------------------------------

    async def accept(self, who: Principal, offer: str, client_id: str) -> Answer:
        """Take an offer; `OfferGone` when it no longer stands for them."""
        contact = await self._offered(who, offer)
        decide = offers.accept(as_supporter(who), offer, client_id)
        wrote = await self._once(contact, as_supporter(who), client_id, digest("accept", offer), decide)
        return await self._answer(contact, wrote)

    async def decline(
        self, who: Principal, offer: str, reason: str | None = None, client_id: str = ""
    ) -> None:
        """Not now."""
        contact = await self._offered(who, offer)
        decide = offers.decline(as_supporter(who), offer, reason, client_id)
        await self._once(contact, as_supporter(who), client_id, digest("decline", offer), decide)

    async def _offered(self, who: Principal, offer: str) -> str:
        """The contact of an offer, also of one that has passed: a repeat of its answer gets that answer again."""
        held = self.roster.attendance(who.id)
        for contact, held_for in (held.slots if held else {}).items():
            if held_for == offer:
                return contact
        found = await self.store.find(self.logbook.offer_claim(offer))
        if found is None:
            raise OfferGone
        return found[0]

    # -- in the conversation ---------------------------------------------------------------------------------------

    async def may_read(self, who: Principal, contact: str, client_id: str = "") -> Contact:
        """The contact, when they are in it, are offered it in a transfer, or lead; or when they did there what
        `client_id` names, so that a repeat is answered. `NotFound` otherwise: least access."""
        fold = await self.contact(contact)
        if not _may_read(who, fold):
            fold = await self.newest(contact)
        if _may_read(who, fold):
            return fold
        if client_id:
            did = await self.store.find(self.logbook.claim(contact, as_supporter(who), client_id))
            if did is not None and did[0] == contact:
                return fold
        raise NotFound("There is no such contact.")

    async def staff_events(
        self, contact: str, after: int = 0, before: int | None = None, limit: int = MOST_READ
    ) -> tuple[list[dict[str, Any]], bool]:
        """Events after a seq, or the last ones before one; and whether there are more that way."""
        limit = max(1, min(limit, MOST_READ))
        if before is not None:
            first = max(0, before - 1 - limit)
            events = await self.logbook.read(contact, first, before - 1 - first)
            return [for_staff(event, contact) for event in events], first > 0
        events = await self.logbook.read(contact, after, limit + 1)
        return [for_staff(event, contact) for event in events[:limit]], len(events) > limit

    async def say_to(self, who: Principal, contact: str, messages: list[Message], lang: str = "") -> Answer:
        return await self.say(contact, self._voice(who, await self.contact(contact)), messages, lang)

    def _voice(self, who: Principal, fold: Contact) -> By:
        part = fold.part(who.id)
        return By("lead" if part is not None and part.role == "lead" else "supporter", who.id, who.name)

    async def seen_by_supporter(self, contact: str, seq: int) -> None:
        await self.logbook.change(contact, talking.seen(supporter=seq))

    async def note(
        self, who: Principal, contact: str, *, version: int, fields: Mapping[str, str], client_id: str
    ) -> int:
        """Save changed fields; the new version. `NoteMoved` carries the other side's fields and version."""
        fold = await self.may_read(who, contact, client_id)
        by = self._voice(who, fold)
        write = notes.write(by, self.pinned(fold), version, fields, client_id, lead=is_lead(who))
        try:
            written = await self._once(contact, by, client_id, digest("note", dict(fields)), write)
        except notes.Moved:
            there = notes.latest(await self.logbook.read(contact))
            raise NoteMoved((await self.contact(contact)).note_version, there) from None
        return next(event.seq for event in written.events if isinstance(event.body, Noted))

    async def close_contact(
        self, who: Principal, contact: str, client_id: str, why: str = "supporter"
    ) -> Answer:
        fold = await self.may_read(who, contact, client_id)
        by = self._voice(who, fold)
        wrote = await self._once(
            contact, by, client_id, digest("close", why), talking.close(by, why, client_id)
        )
        return await self._answer(contact, wrote)

    async def wrap_up(self, who: Principal, contact: str, outcome: str, client_id: str) -> Attendance | None:
        """The outcome is given, the slot is free; after rung 3 or 4 a break begins by itself."""
        fold = await self.may_read(who, contact, client_id)
        field = self.pinned(fold).note_form.outcome
        if field.choices and outcome not in {choice.key for choice in field.choices}:
            raise BadRequest("Please choose how it ended.")
        by = as_supporter(who)
        mark = digest("wrap_up", outcome)
        due = fold.highest_rung >= BREAK_FROM_RUNG and fold.phase == "wrap_up" and fold.owner == who.id
        if due and self.roster.attendance(who.id) is not None:
            # Before the slot is free: nobody is offered to them in between, and a crash costs them no break.
            await self._shift(who, attendance.be_away(by, "break", self.roster.break_minutes(by.id)))
        await self._once(contact, by, client_id, mark, offers.wrap_up(by, outcome, client_id))
        return self.roster.attendance(who.id)

    # -- the ladder ------------------------------------------------------------------------------------------------

    async def press(
        self,
        who: Principal,
        contact: str,
        client_id: str,
        mark: str,
        decide: Callable[[By, Definition], Decide],
    ) -> Answer:
        """One press on the ladder, by somebody in the conversation or by a lead, against the pinned ladder."""
        fold = await self.may_read(who, contact, client_id)
        by = self._voice(who, fold) if fold.part(who.id) else as_lead(who)
        wrote = await self._once(contact, by, client_id, mark, decide(by, self.pinned(fold)))
        return await self._answer(contact, wrote)

    async def set_rung(self, who: Principal, contact: str, body: RungSet) -> Answer:
        """Say what we are doing now. `body` carries `to`, the words given and the `client_id`."""
        words = (body.basis, body.person_said, body.asked, body.wishes, body.consent, body.told_person)
        mark = digest("rung", body.to, *words)
        body = msgspec.structs.replace(body, digest=mark)
        set_it = partial(escalation.set_rung, who, body=body)
        return await self.press(who, contact, body.client_id, mark, set_it)

    async def withdraw_rung(self, who: Principal, contact: str, of: int, client_id: str) -> Answer:
        """Take a mistaken press back within 60 s."""
        take_back = partial(escalation.withdraw_rung, of=of, client_id=client_id)
        return await self.press(who, contact, client_id, digest("rung_withdraw", of), take_back)

    async def attempt(
        self,
        who: Principal,
        contact: str,
        *,
        crisis_contact: str,
        outcome: str,
        client_id: str,
        reference: str | None = None,
    ) -> Answer:
        """Record one try at reaching somebody, with the version of the number that stands now."""
        fold = await self.may_read(who, contact, client_id)
        entry = self.directory.contact(crisis_contact)
        if crisis_contact.startswith(OWN):
            entry = next((one for one in await own_contacts(self, fold) if one.id == crisis_contact), None)
        if entry is None and crisis_contact not in (EMERGENCY, "ask_up"):
            raise NotFound("There is no such crisis contact.")
        if outcome not in OUTCOMES:
            raise BadRequest("That is not one of the outcomes.")
        mark = digest("attempt", crisis_contact, outcome, reference)
        body = Attempted(
            crisis_contact,
            entry.version if entry else 1,
            outcome,
            entry.role if entry else crisis_contact,
            reference=reference,
            client_id=client_id,
            digest=mark,
        )
        return await self.press(who, contact, client_id, mark, partial(escalation.attempt, body=body))

    async def close_task(self, who: Principal, contact: str, body: TaskDone, *, lead: bool) -> Answer:
        """Close a task of one's own, also in a contact that is another's now."""
        fold = await self.contact(contact)
        task = fold.ladder.task(body.task)
        if not lead and (task is None or task.who != who.id):
            raise NotFound("There is no such task.")
        by = as_lead(who) if lead else as_supporter(who)
        decide = aftercare.task_done(by, body, lead=lead)
        return await self._answer(contact, await self._once(contact, by, body.client_id, body.digest, decide))

    async def ask_lead(self, who: Principal, contact: str, client_id: str, why: str | None = None) -> str:
        """Ask the lead about a contact; the alert's name. The chain and its clocks follow from the log."""
        fold = await self.may_read(who, contact, client_id)
        by = self._voice(who, fold)
        decide = escalation.ask_lead(by, self.pinned(fold), why, client_id)
        wrote = await self._once(contact, by, client_id, digest("ask_lead", why), decide)
        return str(getattr(wrote.events[0].body, "alert", ""))

    async def acknowledge(self, who: Principal, contact: str, alert: str, client_id: str) -> Answer:
        """A lead has it."""
        pinned = self.pinned(await self.contact(contact))
        mark = digest("acknowledge", alert)
        decide = paging.acknowledge(as_lead(who), pinned, alert, client_id, mark)
        wrote = await self._once(contact, as_lead(who), client_id, mark, decide)
        return await self._answer(contact, wrote)

    # -- handing over ----------------------------------------------------------------------------------------------

    async def transfer(
        self, who: Principal, contact: str, to: str, client_id: str, reason: str | None = None
    ) -> str:
        """Offer the contact to one colleague; the offer's id. Until they take it nothing changes."""
        fold = await self.may_read(who, contact, client_id)
        by = as_supporter(who)
        mark = digest("transfer", to, reason)
        before = await self.logbook.repeat_of(contact, by, client_id, mark)
        if before is not None:
            return str(getattr(before.events[0].body, "offer", ""))
        if fold.owner != who.id:
            fold = await self.newest(contact)
        if fold.owner != who.id:
            raise NotAllowed("Only who is with them can hand them over.")
        theirs = self.roster.attendance(to)
        if theirs is None or not theirs.ready or not self.roster.here(to):
            raise NotNow("They are not ready just now.")
        if not theirs.leads and not set(theirs.languages).intersection(fold.speaks):
            raise NotNow("They do not have this person's language on their profile.")
        offer = "o-" + secrets.token_hex(8)
        # A slot that another node has just freed is room.
        await self.logbook.newest(theirs.log)
        hold = attendance.hold_slot(contact, offer, self.roster.at_once(to, theirs))
        held = await self.logbook.change(theirs.log, hold)
        if not held.events:
            raise NotNow("They have no room just now.")
        put = offers.transfer(by, self.pinned(fold), offer, to, theirs.log, reason, client_id)
        try:
            claims = (self.logbook.offer_claim(offer),)
            wrote = await self._once(contact, by, client_id, mark, put, claims=claims)
        except BaseException:
            await asyncio.shield(self.logbook.change(theirs.log, attendance.free_slot(contact, "failed")))
            raise
        return str(getattr(wrote.events[0].body, "offer", offer))

    async def step_out(self, who: Principal, contact: str, client_id: str) -> None:
        by = self._voice(who, await self.may_read(who, contact, client_id))
        await self._once(contact, by, client_id, digest("step_out"), offers.step_out(by, client_id))

    async def release(self, who: Principal, contact: str, to: str, client_id: str) -> str:
        """Let go, to the lead or to the front of the queue.

        From rung 2 the queue is refused (`NotNow`), and the lead is asked to take them over: the alert's name is
        given back, and they stay with their supporter until a lead has. Otherwise the answer is empty.
        """
        fold = await self.may_read(who, contact, client_id)
        by = as_supporter(who)
        decide = offers.release(by, self.pinned(fold), to, "supporter", client_id)
        wrote = await self._once(contact, by, client_id, digest("release", to, "supporter"), decide)
        asked = next((event.body for event in wrote.events if isinstance(event.body, LeadAsked)), None)
        return asked.alert if asked is not None else ""

    async def back_to_queue(self, who: Principal, contact: str, client_id: str) -> Answer:
        """A lead lets anybody take who was held for the lead."""
        by = as_lead(who)
        decide = offers.back_to_queue(by, self.pinned(await self.contact(contact)), client_id)
        wrote = await self._once(contact, by, client_id, digest("back_to_queue"), decide)
        return await self._answer(contact, wrote)

    # -- the lead --------------------------------------------------------------------------------------------------

    async def watch(self, who: Principal, contact: str) -> Contact:
        """Read along silently. An entry in the audit, not an event."""
        fold = await self.contact(contact)
        await self.audit(who, "watch", contact)
        return fold

    async def join(self, who: Principal, contact: str, client_id: str) -> Answer:
        by = as_lead(who)
        wrote = await self._once(contact, by, client_id, digest("join"), offers.join(by, client_id))
        return await self._answer(contact, wrote)

    async def take_over(
        self, who: Principal, contact: str, client_id: str, *, check_in: bool = False
    ) -> Answer:
        """The lead takes it, wherever it stands. They need to be checked in, so that it shows on their desk.

        `check_in` starts their shift first, with the same press; not ready, so that nobody else is offered to them.
        """
        if check_in:
            await self.check_in(who, client_id=f"{client_id}/on")
        await self._on_shift(who)
        by = as_lead(who)
        decide = offers.take_over(by, client_id)
        wrote = await self._once(contact, by, client_id, digest("take_over"), decide)
        await self.audit(who, "take_over", contact)
        return await self._answer(contact, wrote)

    async def let_on(self, who: Principal, person: str, why: str) -> None:
        """Extra hands: somebody off the rota may check in for the next twelve hours."""
        account = self.people.get(person)
        if account is None or not account.active:
            raise NotFound("There is nobody of that name.")
        until = self.clock.now() + EXTRA_HANDS
        await self.cabinets.extras.replace(person, Extra(person, who.id, why, until))
        await self.audit(who, "let_on", why=person)

    def leads(self) -> list[Principal]:
        """Who may be alerted: everybody in a lead's role."""
        return [account.principal for account in self.people if any(r in LEAD_ROLES for r in account.roles)]
