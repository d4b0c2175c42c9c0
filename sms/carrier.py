"""The door to the phone network, as wide as we need it. Behind it stand Twilio, or in the demonstration a pretend phone.

Numbers are E.164. What a carrier calls a message (`sid`) is only ever compared and handed back.
"""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Literal, Protocol

import msgspec

Status = Literal[
    "accepted",
    "scheduled",
    "queued",
    "sending",
    "sent",
    "delivered",
    "undelivered",
    "failed",
    "read",
    "canceled",
]
LineType = Literal["mobile", "landline", "voip", "unknown"]

# How far a text has come. A word that would lead back, or that comes late, is passed over.
_RANK: dict[str, int] = {
    "accepted": 0,
    "scheduled": 0,
    "queued": 1,
    "sending": 2,
    "sent": 3,
    "undelivered": 4,
    "failed": 4,
    "canceled": 4,
    "delivered": 5,
    "read": 6,
}
NOT_SENT: frozenset[str] = frozenset({"undelivered", "failed", "canceled"})
ARRIVED: frozenset[str] = frozenset({"delivered", "read"})


def further(before: str, after: str) -> bool:
    """Whether status `after` tells more than `before`. A status we do not know never does."""
    return _RANK.get(after, -1) > _RANK.get(before, -1)


class Kept(msgspec.Struct, frozen=True):
    """A text that the carrier has taken over, or one it lists. `part` of ours is told by its words and number only."""

    sid: str
    status: str
    to: str = ""
    from_: str = ""
    text: str = ""
    inbound: bool = False
    at: datetime | None = None
    code: int = 0
    media: int = 0


class Call(msgspec.Struct, frozen=True):
    """A call the carrier has begun to place."""

    sid: str
    status: str


class Refused(Exception):
    """The carrier said no, and saying it again changes nothing. `code` is its own, 0 when it gave none."""

    def __init__(self, code: int, status: int = 0) -> None:
        super().__init__(f"The carrier refused with code {code} (HTTP {status}).")
        self.code, self.status = code, status


class Unreachable(Exception):
    """The carrier was not heard, or was too busy: it may come later.

    `unknown`: it may have taken what was sent, so look before sending again. `wait` is what it asked for, in seconds.
    """

    def __init__(self, why: str, *, unknown: bool, wait: float = 0.0) -> None:
        super().__init__(why)
        self.why, self.unknown, self.wait = why, unknown, wait


class Carrier(Protocol):
    """What brings texts and calls. Every call may raise `Refused` or `Unreachable`."""

    async def send(self, to: str, text: str) -> Kept:
        """Hand over one text of at most 1,600 characters."""
        ...

    async def fetch(self, sid: str) -> Kept:
        """One text as it stands at the carrier now."""
        ...

    def sent_to(self, to: str, since: datetime) -> AsyncIterator[Kept]:
        """The texts the carrier took from us for `to` from `since` on, newest first."""
        ...

    def received(self, since: datetime) -> AsyncIterator[Kept]:
        """The texts that came to the helpline's number from `since` on, newest first."""
        ...

    async def line_type(self, number: str) -> LineType:
        """What kind of line a number is: a landline may have a text read aloud."""
        ...

    async def bridge(self, first: str, instructions: str, done: str, *, rings: int = 30) -> Call:
        """Ring `first`, show the helpline's number, and go on as the page `instructions` says.

        `done` is told how it ended. `rings` is how many seconds it rings.
        """
        ...

    async def call(self, sid: str) -> Call:
        """One call as it stands at the carrier now, in its words."""
        ...

    async def hang_up(self, sid: str) -> None:
        """End a call, or stop it ringing."""
        ...
