"""`/board`: the whole evening for who leads it. The contract is docs/protocol.md.

Watching is silent: an audit entry, no event, nothing the person or their supporter could notice.
"""

from collections.abc import Mapping
from typing import Annotated, ClassVar

import msgspec
from msgspec import Meta

from helpline import number_reveal
from helpline.permissions import Place
from helpline.service import Helpline
from helpline.sessions import Sessions
from helpline.settings import Settings
from webchat.announcing import BOARD_ROOM, watch_room
from webchat.desk_socket import (
    Attempt,
    OfContact,
    OnceOfContact,
    Resume,
    SetRung,
    Withdraw,
    read_along,
    rung_set,
)
from webchat.engine import Caller
from webchat.ladder_socket import LADDER_CALLS, LadderNamespace
from webchat.sockets import Answer, ClientId, Name


class Acknowledge(msgspec.Struct, frozen=True):
    client_id: ClientId
    contact: Name
    alert: Name


class TakeOver(msgspec.Struct, frozen=True):
    client_id: ClientId
    contact: Name
    check_in: bool = False


class Reveal(msgspec.Struct, frozen=True):
    client_id: ClientId
    contact: Name
    reason: Annotated[str, Meta(min_length=1, max_length=500)]


class LetOn(msgspec.Struct, frozen=True):
    client_id: ClientId
    person: Name
    why: Annotated[str, Meta(min_length=1, max_length=500)]


class BoardSocket(LadderNamespace):
    """The namespace `/board`."""

    place: ClassVar[Place] = "board"
    calls: ClassVar[Mapping[str, type[msgspec.Struct]]] = {
        "acknowledge": Acknowledge,
        "watch": Resume,
        "unwatch": OfContact,
        "join": OnceOfContact,
        "take_over": TakeOver,
        "back_to_queue": OnceOfContact,
        "let_on": LetOn,
        "attempt": Attempt,
        "rung": SetRung,
        "rung_withdraw": Withdraw,
        "panel": OfContact,
        "reveal": Reveal,
        **LADDER_CALLS,
    }

    def __init__(self, helpline: Helpline, settings: Settings, sessions: Sessions) -> None:
        super().__init__("/board", helpline, settings, sessions)

    def greet(self, caller: Caller) -> None:
        self.enter(caller, BOARD_ROOM)
        self.came(caller)
        self.tell(caller, "snapshot", self.helpline.snapshot())

    async def acknowledge(self, caller: Caller, body: Acknowledge) -> Answer:
        answer = await self.helpline.acknowledge(self.who(caller), body.contact, body.alert, body.client_id)
        return {"seq": answer.seq, "at": answer.at}

    async def watch(self, caller: Caller, body: Resume) -> Answer:
        if watch_room(body.contact) not in caller.rooms:
            await self.helpline.watch(self.who(caller), body.contact)
            # Before reading, so that nothing falls between what is read and what is pushed.
            self.enter(caller, watch_room(body.contact))
        return await read_along(self.helpline, body)

    async def unwatch(self, caller: Caller, body: OfContact) -> Answer:
        self.go_out(caller, watch_room(body.contact))
        return {}

    async def join(self, caller: Caller, body: OnceOfContact) -> Answer:
        answer = await self.helpline.join(self.who(caller), body.contact, body.client_id)
        return {"seq": answer.seq}

    async def take_over(self, caller: Caller, body: TakeOver) -> Answer:
        answer = await self.helpline.take_over(
            self.who(caller), body.contact, body.client_id, check_in=body.check_in
        )
        return {"seq": answer.seq}

    async def back_to_queue(self, caller: Caller, body: OnceOfContact) -> Answer:
        answer = await self.helpline.back_to_queue(self.who(caller), body.contact, body.client_id)
        return {"seq": answer.seq}

    async def let_on(self, caller: Caller, body: LetOn) -> Answer:
        await self.helpline.let_on(self.who(caller), body.person, body.why)
        return {}

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

    async def rung(self, caller: Caller, body: SetRung) -> Answer:
        answer = await self.helpline.set_rung(self.who(caller), body.contact, rung_set(body))
        return {"seq": answer.seq, "at": answer.at}

    async def rung_withdraw(self, caller: Caller, body: Withdraw) -> Answer:
        answer = await self.helpline.withdraw_rung(self.who(caller), body.contact, body.of, body.client_id)
        return {"seq": answer.seq, "at": answer.at}

    async def panel(self, caller: Caller, body: OfContact) -> Answer:
        return await self.helpline.panel(body.contact)

    async def reveal(self, caller: Caller, body: Reveal) -> Answer:
        """The number goes to this one socket, in this one answer."""
        number = await number_reveal.to_lead(
            self.helpline, self.who(caller), body.contact, reason=body.reason, client_id=body.client_id
        )
        return {"number": number}
