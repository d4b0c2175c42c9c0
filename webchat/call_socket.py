"""The calls of `/desk` about ringing somebody back."""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

import msgspec
from msgspec import Meta

from helpline import call_agreed, call_keeping, number_reveal
from webchat.engine import Caller
from webchat.ladder_socket import LADDER_CALLS
from webchat.plan_socket import DESK_PLAN_CALLS, DeskPlans
from webchat.sockets import Answer, ClientId, Name


class CallCard(msgspec.Struct, frozen=True):
    contact: Name


class Ring(msgspec.Struct, frozen=True):
    client_id: ClientId
    contact: Name


class CallMade(msgspec.Struct, frozen=True):
    client_id: ClientId
    contact: Name
    outcome: Literal["talked", "no_answer", "engaged", "voicemail", "wrong_number", "not_again"]


class OwnNumber(msgspec.Struct, frozen=True):
    number: Annotated[str, Meta(max_length=40)]


DESK_CALLS: dict[str, type[msgspec.Struct]] = {
    **LADDER_CALLS,
    **DESK_PLAN_CALLS,
    "call": CallCard,
    "call_number": Ring,
    "call_ring": Ring,
    "call_agreed": Ring,
    "call_made": CallMade,
    "own_number": OwnNumber,
}


class DeskCalls(DeskPlans):
    """The desk's namespace with the calls about ringing somebody; put `DESK_CALLS` among its `calls`."""

    calls: ClassVar[Mapping[str, type[msgspec.Struct]]] = DESK_CALLS

    async def call(self, caller: Caller, body: CallCard) -> Answer:
        return {"call": await call_keeping.card(self.helpline, self.who(caller), body.contact)}

    async def call_number(self, caller: Caller, body: Ring) -> Answer:
        """The number goes to this one socket, in this one answer."""
        number = await number_reveal.to_ring(
            self.helpline, self.who(caller), body.contact, client_id=body.client_id
        )
        return {"number": number}

    async def call_ring(self, caller: Caller, body: Ring) -> Answer:
        answer = await call_keeping.ring(
            self.helpline, self.who(caller), body.contact, client_id=body.client_id
        )
        return {"seq": answer.seq, "at": answer.at}

    async def call_agreed(self, caller: Caller, body: Ring) -> Answer:
        """They said so to who presses."""
        answer = await call_agreed.agreed(
            self.helpline, self.who(caller), body.contact, client_id=body.client_id
        )
        return {"seq": answer.seq, "at": answer.at}

    async def call_made(self, caller: Caller, body: CallMade) -> Answer:
        answer = await call_keeping.made(
            self.helpline, self.who(caller), body.contact, outcome=body.outcome, client_id=body.client_id
        )
        return {"seq": answer.seq, "at": answer.at}

    async def own_number(self, caller: Caller, body: OwnNumber) -> Answer:
        """Of their own account, and never shown again."""
        await call_keeping.own_number(self.helpline, self.who(caller), body.number)
        return {}
