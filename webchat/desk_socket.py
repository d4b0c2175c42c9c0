"""`/desk`: the calls a supporter's page makes. The contract is docs/protocol.md.

A supporter reaches only contacts they are in, or are being handed; the core decides that for each command.
"""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

import msgspec
from msgspec import Meta

from helpline import tonight
from helpline.contact import Contact
from helpline.errors import NotFound
from helpline.events import By, RungSet
from helpline.people import Principal
from helpline.permissions import Place
from helpline.service import Helpline
from helpline.sessions import Sessions
from helpline.settings import Settings
from webchat.announcing import DESK_ROOM
from webchat.call_socket import DESK_CALLS, DeskCalls
from webchat.engine import Caller
from webchat.person_socket import Language, to_say
from webchat.sockets import (
    MOST_MESSAGES,
    PAGE_OF_EVENTS,
    Answer,
    ClientId,
    Count,
    Limit,
    Message,
    Name,
    Short,
    Words,
    checked_text,
)

Rung = Annotated[int, Meta(ge=0, le=4)]
Written = Annotated[str, Meta(max_length=4_000)]
NoteText = Annotated[str, Meta(max_length=20_000)]


class CheckIn(msgspec.Struct, frozen=True):
    client_id: ClientId
    sound: bool = False
    notes_read: bool = False


class Ready(msgspec.Struct, frozen=True):
    channels: Annotated[list[Name], Meta(max_length=10)] | None = None
    capacity: Annotated[int, Meta(ge=1, le=100)] | None = None


class Away(msgspec.Struct, frozen=True):
    reason: Literal["pause", "idle", "break"]


class CheckOut(msgspec.Struct, frozen=True):
    client_id: ClientId
    alright: Short = ""
    handover: Written | None = None
    on_ladder: Written | None = None


class LeaveHandover(msgspec.Struct, frozen=True):
    client_id: ClientId
    text: Annotated[str, Meta(min_length=1, max_length=4_000)]


class Accept(msgspec.Struct, frozen=True):
    client_id: ClientId
    offer: Name


class Decline(msgspec.Struct, frozen=True):
    offer: Name
    client_id: ClientId | None = None
    reason: Short | None = None


class Resume(msgspec.Struct, frozen=True):
    contact: Name
    after: Count = 0
    before: Count | None = None
    epoch: Name | None = None
    limit: Limit = PAGE_OF_EVENTS


class Say(msgspec.Struct, frozen=True):
    contact: Name
    client_id: ClientId | None = None
    text: Words | None = None
    messages: Annotated[list[Message], Meta(min_length=1, max_length=MOST_MESSAGES)] | None = None
    lang: Language | Literal[""] = ""


class Typing(msgspec.Struct, frozen=True):
    contact: Name
    on: bool


class Seen(msgspec.Struct, frozen=True):
    contact: Name
    seq: Count


class Correct(msgspec.Struct, frozen=True):
    client_id: ClientId
    contact: Name
    of: Count
    text: Words


class Withdraw(msgspec.Struct, frozen=True):
    client_id: ClientId
    contact: Name
    of: Count


class Note(msgspec.Struct, frozen=True):
    client_id: ClientId
    contact: Name
    version: Count
    fields: Annotated[dict[Name, NoteText], Meta(min_length=1, max_length=100)]


class SetRung(msgspec.Struct, frozen=True):
    client_id: ClientId
    contact: Name
    to: Rung
    basis: Written | None = None
    person_said: Written | None = None
    asked: Annotated[list[Short], Meta(max_length=50)] | None = None
    wishes: Written | None = None
    consent: Annotated[str, Meta(max_length=40)] = ""
    told_person: Annotated[str, Meta(max_length=40)] = ""


class Attempt(msgspec.Struct, frozen=True):
    client_id: ClientId
    contact: Name
    crisis_contact: Name
    outcome: Name
    reference: Short | None = None


class OfContact(msgspec.Struct, frozen=True):
    contact: Name


class AskLead(msgspec.Struct, frozen=True):
    client_id: ClientId
    contact: Name | None = None
    why: Written | None = None


class Once(msgspec.Struct, frozen=True):
    client_id: ClientId


class Transfer(msgspec.Struct, frozen=True):
    client_id: ClientId
    contact: Name
    to: Name
    reason: Written | None = None


class Colleagues(msgspec.Struct, frozen=True):
    contact: Name | None = None


class OnceOfContact(msgspec.Struct, frozen=True):
    client_id: ClientId
    contact: Name


class Release(msgspec.Struct, frozen=True):
    client_id: ClientId
    contact: Name
    to: Literal["lead", "queue"]


class Close(msgspec.Struct, frozen=True):
    client_id: ClientId
    contact: Name
    why: Literal["supporter", "silence"] = "supporter"


class WrapUp(msgspec.Struct, frozen=True):
    client_id: ClientId
    contact: Name
    outcome: Annotated[str, Meta(max_length=128)]


def rung_set(body: SetRung) -> RungSet:
    """The press as an event; the core fills in where it was and what clocks begin."""
    return RungSet(
        to=body.to,
        was=0,
        basis=body.basis,
        person_said=body.person_said,
        asked=tuple(body.asked) if body.asked is not None else None,
        wishes=body.wishes,
        consent=body.consent,
        told_person=body.told_person,
        client_id=body.client_id,
    )


class DeskSocket(DeskCalls):
    """The namespace `/desk`."""

    place: ClassVar[Place] = "desk"
    calls: ClassVar[Mapping[str, type[msgspec.Struct]]] = {
        "check_in": CheckIn,
        "ready": Ready,
        "away": Away,
        "handover": LeaveHandover,
        "check_out": CheckOut,
        "accept": Accept,
        "decline": Decline,
        "resume": Resume,
        "say": Say,
        "typing": Typing,
        "seen": Seen,
        "correct": Correct,
        "withdraw": Withdraw,
        "note": Note,
        "rung": SetRung,
        "rung_withdraw": Withdraw,
        "attempt": Attempt,
        "panel": OfContact,
        "ask_lead": AskLead,
        "stop_now": Once,
        "transfer": Transfer,
        "colleagues": Colleagues,
        "step_out": OnceOfContact,
        "release": Release,
        "close": Close,
        "wrap_up": WrapUp,
        **DESK_CALLS,
    }

    def __init__(self, helpline: Helpline, settings: Settings, sessions: Sessions) -> None:
        super().__init__("/desk", helpline, settings, sessions)

    def greet(self, caller: Caller) -> None:
        self.enter(caller, DESK_ROOM)
        self.came(caller)
        self.tell(caller, "mine", self.helpline.mine(self.who(caller)))

    def _attendance(self, who: Principal) -> dict[str, Any]:
        return tonight.attendance_of(self.helpline, who.id)

    async def check_in(self, caller: Caller, body: CheckIn) -> Answer:
        who = self.who(caller)
        await self.helpline.check_in(
            who, client_id=body.client_id, sound=body.sound, notes_read=body.notes_read
        )
        return {"attendance": self._attendance(who)}

    async def ready(self, caller: Caller, body: Ready) -> Answer:
        who = self.who(caller)
        channels = tuple(body.channels) if body.channels else None
        held = await self.helpline.ready(who, channels, body.capacity)
        return {"capacity": held.capacity, "attendance": self._attendance(who)}

    async def away(self, caller: Caller, body: Away) -> Answer:
        who = self.who(caller)
        await self.helpline.away(who, body.reason)
        return {"attendance": self._attendance(who)}

    async def handover(self, caller: Caller, body: LeaveHandover) -> Answer:
        who = self.who(caller)
        await self.helpline.leave_handover(who, body.text, body.client_id)
        return {"attendance": self._attendance(who)}

    async def check_out(self, caller: Caller, body: CheckOut) -> Answer:
        who = self.who(caller)
        await self.helpline.check_out(
            who,
            client_id=body.client_id,
            alright=body.alright,
            handover=body.handover,
            on_ladder=body.on_ladder,
        )
        return {"attendance": self._attendance(who)}

    async def accept(self, caller: Caller, body: Accept) -> Answer:
        who = self.who(caller)
        answer = await self.helpline.accept(who, body.offer, body.client_id)
        fold = await self.helpline.contact(answer.contact)
        return {
            "contact": answer.contact,
            "state": tonight.summary_of(self.helpline, fold),
            "seq": answer.seq,
        }

    async def decline(self, caller: Caller, body: Decline) -> Answer:
        await self.helpline.decline(self.who(caller), body.offer, body.reason, body.client_id or "")
        return {}

    async def resume(self, caller: Caller, body: Resume) -> Answer:
        who = self.who(caller)
        await self.helpline.newest(body.contact)
        fold = await self.helpline.may_read(who, body.contact)
        if fold.part(who.id) is None:
            await self.helpline.audit(who, "read", body.contact)
        return await read_along(self.helpline, body)

    async def say(self, caller: Caller, body: Say) -> Answer:
        messages = to_say(body)
        who = self.who(caller)
        with self.announcing.sending(caller, who.id, messages):
            answer = await self.helpline.say_to(who, body.contact, messages, body.lang)
        if body.messages is None:
            return {"seq": answer.seq, "at": answer.at}
        return {"seq": answer.seq, "at": answer.at, "seqs": answer.seqs or (answer.seq,)}

    async def typing(self, caller: Caller, body: Typing) -> Answer:
        who = self.who(caller)
        fold = await self.helpline.may_read(who, body.contact)
        if fold.part(who.id) is not None:
            self.announcing.staff_types(fold, who.id, who.name, body.on)
        return {}

    async def seen(self, caller: Caller, body: Seen) -> Answer:
        who = self.who(caller)
        fold = await self.helpline.may_read(who, body.contact)
        # A lead who only watches leaves no mark: the person must not be able to tell.
        if fold.part(who.id) is not None:
            await self.announcing.staff_has_seen(body.contact, body.seq)
        return {}

    async def correct(self, caller: Caller, body: Correct) -> Answer:
        text = checked_text(body.text)
        who = self.who(caller)
        fold = await self.helpline.may_read(who, body.contact)
        by = _voice(who, fold)
        answer = await self.helpline.correct(body.contact, by, body.of, text, body.client_id)
        return {"seq": answer.seq, "at": answer.at}

    async def withdraw(self, caller: Caller, body: Withdraw) -> Answer:
        who = self.who(caller)
        fold = await self.helpline.may_read(who, body.contact)
        by = _voice(who, fold)
        answer = await self.helpline.withdraw(body.contact, by, body.of, body.client_id)
        return {"seq": answer.seq, "at": answer.at}

    async def note(self, caller: Caller, body: Note) -> Answer:
        version = await self.helpline.note(
            self.who(caller),
            body.contact,
            version=body.version,
            fields=body.fields,
            client_id=body.client_id,
        )
        return {"version": version}

    async def rung(self, caller: Caller, body: SetRung) -> Answer:
        answer = await self.helpline.set_rung(self.who(caller), body.contact, rung_set(body))
        return {"seq": answer.seq, "at": answer.at}

    async def rung_withdraw(self, caller: Caller, body: Withdraw) -> Answer:
        answer = await self.helpline.withdraw_rung(self.who(caller), body.contact, body.of, body.client_id)
        return {"seq": answer.seq, "at": answer.at}

    async def attempt(self, caller: Caller, body: Attempt) -> Answer:
        answer = await self.helpline.attempt(
            self.who(caller),
            body.contact,
            crisis_contact=body.crisis_contact,
            outcome=body.outcome,
            client_id=body.client_id,
            reference=body.reference,
        )
        return {"seq": answer.seq, "at": answer.at}

    async def panel(self, caller: Caller, body: OfContact) -> Answer:
        await self.helpline.may_read(self.who(caller), body.contact)
        return await self.helpline.panel(body.contact)

    async def ask_lead(self, caller: Caller, body: AskLead) -> Answer:
        who = self.who(caller)
        contact = body.contact or self._only_contact(who)
        alert = await self.helpline.ask_lead(who, contact, body.client_id, body.why)
        return {"alert": alert, "seq": (await self.helpline.contact(contact)).seq}

    def _only_contact(self, who: Principal) -> str:
        """Asked without naming one: the contact they are with."""
        held = self.helpline.roster.attendance(who.id)
        for contact in held.slots if held is not None else ():
            return str(contact)
        raise NotFound("You are with nobody now. Please ring the lead.")

    async def stop_now(self, caller: Caller, body: Once) -> Answer:
        return {"released": await self.helpline.stop_now(self.who(caller), body.client_id)}

    async def transfer(self, caller: Caller, body: Transfer) -> Answer:
        who = self.who(caller)
        return {
            "offer": await self.helpline.transfer(who, body.contact, body.to, body.client_id, body.reason)
        }

    async def colleagues(self, caller: Caller, body: Colleagues) -> Answer:
        who = self.who(caller)
        contact = await self.helpline.may_read(who, body.contact) if body.contact is not None else None
        return {"people": tonight.colleagues(self.helpline, who, contact)}

    async def step_out(self, caller: Caller, body: OnceOfContact) -> Answer:
        await self.helpline.step_out(self.who(caller), body.contact, body.client_id)
        return {}

    async def release(self, caller: Caller, body: Release) -> Answer:
        asked = await self.helpline.release(self.who(caller), body.contact, body.to, body.client_id)
        return {"alert": asked or None}

    async def close(self, caller: Caller, body: Close) -> Answer:
        answer = await self.helpline.close_contact(self.who(caller), body.contact, body.client_id, body.why)
        return {"seq": answer.seq, "at": answer.at}

    async def wrap_up(self, caller: Caller, body: WrapUp) -> Answer:
        who = self.who(caller)
        await self.helpline.wrap_up(who, body.contact, body.outcome, body.client_id)
        return {"attendance": self._attendance(who)}


def _voice(who: Principal, fold: Contact) -> By:
    """As what they are in this conversation."""
    part = fold.part(who.id)
    return By("lead" if part is not None and part.role == "lead" else "supporter", who.id, who.name)


async def read_along(helpline: Helpline, body: Any) -> Answer:
    """The answer to `resume` and `watch`, for somebody who may read the contact."""
    epoch = helpline.store.epoch
    fold = await helpline.contact(body.contact)
    if (body.epoch is not None and body.epoch != epoch) or body.after > fold.seq:
        return {"reset": True}
    events, more = await helpline.staff_events(body.contact, body.after, body.before, body.limit)
    fold = await helpline.contact(body.contact)
    state = tonight.summary_of(helpline, fold)
    return {"events": events, "more": more, "state": state, "seq": fold.seq, "epoch": epoch}
