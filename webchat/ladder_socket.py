"""The calls of the ladder beside the rung itself, which desk and board share."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Annotated, Any, ClassVar, Literal

import msgspec
from msgspec import Meta

from helpline import ladder_presses
from helpline.core import Answer as Written
from webchat.engine import Caller
from webchat.sockets import Answer, ClientId, Count, Name, Short
from webchat.staff_sockets import StaffNamespace

Press = Callable[..., Awaitable[Written]]
Text = Annotated[str, Meta(max_length=4_000)]
Said = Annotated[str, Meta(min_length=1, max_length=4_000)]


class NameAttempt(msgspec.Struct, frozen=True):
    client_id: ClientId
    contact: Name
    of: Count
    reference: Annotated[str, Meta(min_length=1, max_length=200)]


class ConfirmHelp(msgspec.Struct, frozen=True):
    client_id: ClientId
    contact: Name
    reached: bool
    words: Text | None = None


class CannotConfirm(msgspec.Struct, frozen=True):
    client_id: ClientId
    contact: Name
    tried: Said
    reference: Short | None = None


class Countersign(msgspec.Struct, frozen=True):
    client_id: ClientId
    contact: Name
    of: Count


class Decide(msgspec.Struct, frozen=True):
    client_id: ClientId
    contact: Name
    what: Literal["share", "respect"]
    reason: Text | None = None
    of: Count | None = None


class Consent(msgspec.Struct, frozen=True):
    client_id: ClientId
    contact: Name
    answer: Literal["given", "refused", "unable", "not_asked"]
    why: Text | None = None


class Share(msgspec.Struct, frozen=True):
    client_id: ClientId
    contact: Name
    what: Said
    crisis_contact: Annotated[str, Meta(max_length=128)] = ""
    whom: Short | None = None
    why: Text | None = None


class SetTrack(msgspec.Struct, frozen=True):
    client_id: ClientId
    contact: Name
    track: Literal["S", "H", "T", "X"]
    on: bool
    words: Text | None = None


class FollowUp(msgspec.Struct, frozen=True):
    client_id: ClientId
    contact: Name
    earliest: datetime
    latest: datetime
    channel: Annotated[str, Meta(min_length=1, max_length=40)]
    safe: bool
    words: Text | None = None


class TaskDone(msgspec.Struct, frozen=True):
    client_id: ClientId
    contact: Name
    task: Name
    how: Literal["done", "not_wanted", "later"] = "done"
    words: Text | None = None


class PromptFalse(msgspec.Struct, frozen=True):
    client_id: ClientId
    contact: Name
    of: Count


LADDER_CALLS: dict[str, type[msgspec.Struct]] = {
    "name_attempt": NameAttempt,
    "confirm_help": ConfirmHelp,
    "cannot_confirm": CannotConfirm,
    "countersign": Countersign,
    "decide": Decide,
    "consent": Consent,
    "share": Share,
    "track": SetTrack,
    "follow_up": FollowUp,
    "task_done": TaskDone,
    "prompt_false": PromptFalse,
}


class LadderNamespace(StaffNamespace):
    """A staff namespace with the ladder's calls; put `LADDER_CALLS` among its `calls`."""

    calls: ClassVar[Mapping[str, type[msgspec.Struct]]] = LADDER_CALLS

    async def _pressed(self, caller: Caller, body: Any, press: Press) -> Answer:
        """A call's fields are its press's own, by the same names."""
        fields = msgspec.structs.asdict(body)
        answer = await press(self.helpline, self.who(caller), fields.pop("contact"), **fields)
        return {"seq": answer.seq, "at": answer.at}

    async def name_attempt(self, caller: Caller, body: NameAttempt) -> Answer:
        return await self._pressed(caller, body, ladder_presses.name_attempt)

    async def confirm_help(self, caller: Caller, body: ConfirmHelp) -> Answer:
        return await self._pressed(caller, body, ladder_presses.confirm_help)

    async def cannot_confirm(self, caller: Caller, body: CannotConfirm) -> Answer:
        return await self._pressed(caller, body, ladder_presses.cannot_confirm)

    async def countersign(self, caller: Caller, body: Countersign) -> Answer:
        return await self._pressed(caller, body, ladder_presses.countersign)

    async def decide(self, caller: Caller, body: Decide) -> Answer:
        return await self._pressed(caller, body, ladder_presses.decide)

    async def consent(self, caller: Caller, body: Consent) -> Answer:
        return await self._pressed(caller, body, ladder_presses.consent)

    async def share(self, caller: Caller, body: Share) -> Answer:
        return await self._pressed(caller, body, ladder_presses.share)

    async def track(self, caller: Caller, body: SetTrack) -> Answer:
        return await self._pressed(caller, body, ladder_presses.track)

    async def follow_up(self, caller: Caller, body: FollowUp) -> Answer:
        return await self._pressed(caller, body, ladder_presses.follow_up)

    async def task_done(self, caller: Caller, body: TaskDone) -> Answer:
        return await self._pressed(caller, body, ladder_presses.task_done)

    async def prompt_false(self, caller: Caller, body: PromptFalse) -> Answer:
        return await self._pressed(caller, body, ladder_presses.prompt_false)
