"""The narrow doors between the core and the world. Each has one embedded default and may have others."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Protocol

import msgspec


class Head(msgspec.Struct, frozen=True):
    """What a store may know of a log in clear: enough to find live work after a restart, nothing anybody wrote."""

    log: str
    seq: int
    live: bool
    due: datetime | None
    opened_at: datetime


class Record(msgspec.Struct, frozen=True):
    """One append: `count` events from `first_seq` on, sealed into one `body`, kept whole or not at all.

    `claims` are keyed hashes that must be unique over the whole store. `claimed` holds, claim by claim, the seq
    of the event that made it. `head`, when given, is written in the same transaction.
    """

    log: str
    first_seq: int
    count: int
    body: bytes
    claims: tuple[bytes, ...] = ()
    claimed: tuple[int, ...] = ()
    head: Head | None = None

    @property
    def last_seq(self) -> int:
        return self.first_seq + self.count - 1


class Document(msgspec.Struct, frozen=True):
    """A versioned thing that is not a log: a person, a shift, a crisis contact, hours. `body` is sealed.

    `version` counts from 1 per document; `change` is one number over all documents of the store.
    """

    kind: str
    id: str
    version: int
    change: int
    body: bytes
    gone: bool = False


class AuditEntry(msgspec.Struct, frozen=True):
    """One link of the audit's hash chain: `link = SHA-256(previous link ‖ n ‖ body)`."""

    n: int
    body: bytes
    link: bytes


class Store(Protocol):
    """Where logs, documents, audit and facts are kept.

    `append` raises `Conflict` when `first_seq` is not the log's next, `ClaimTaken` when a claim is held,
    `StoreFull` when there is no room and `NotSaved` when it was not confirmed within 10 s or the queue is full.
    Whatever it returned from is durable.
    """

    @property
    def epoch(self) -> str:
        """Changes when the data is restored from a backup: clients then start over instead of mixing histories."""
        ...

    @property
    def ready(self) -> bool:
        """False while the queue is past its bounds."""
        ...

    async def now(self) -> datetime:
        """The store's own clock, by which the leases of several nodes go."""
        ...

    async def belong_to(self, keys: str) -> str:
        """The mark of the keys this data belongs to: `keys` from now on, where nobody had said so before."""
        ...

    async def append(self, record: Record) -> None: ...
    async def read(self, log: str, after: int = 0, limit: int = 1_000_000) -> list[Record]:
        """At most `limit` records holding events with seq > `after`, in order."""
        ...

    async def find(self, claim: bytes) -> tuple[str, int] | None:
        """The log and seq that hold a claim."""
        ...

    async def release(self, log: str, claims: Sequence[bytes]) -> None:
        """Give back what `log` holds of these claims (an erased contact's, a closed contact's phone number).

        What another log holds by now stays: whoever found a claim to be outdated may have been slow to say so.
        """
        ...

    async def heads(self) -> list[Head]:
        """The heads of all live logs."""
        ...

    async def grown(self, logs: Mapping[str, int]) -> list[str]:
        """Those of these logs that go on after the seq beside them, with which a record ends. One question for all."""
        ...

    async def logs(self, prefix: str, since: datetime, until: datetime, limit: int = 10_000) -> list[Head]:
        """The heads of logs whose id starts with `prefix` and that were opened in [since, until), newest first."""
        ...

    async def put(self, kind: str, id: str, body: bytes, expected: int, *, gone: bool = False) -> Document:
        """Write version `expected` + 1; `Conflict` when the document is at another version (0: must be new)."""
        ...

    async def get(self, kind: str, id: str) -> Document | None: ...
    async def all(self, kind: str) -> list[Document]: ...
    async def drop(self, kind: str, ids: Sequence[str]) -> None:
        """Remove documents that have no history worth keeping (ended sessions)."""
        ...

    async def audit(self, body: bytes) -> AuditEntry: ...
    async def audit_entries(self, after: int = 0, limit: int = 1_000) -> list[AuditEntry]: ...
    async def keep_facts(self, log: str, definition: int, at: datetime, body: bytes) -> None: ...
    async def facts(self, since: datetime, until: datetime) -> list[bytes]: ...
    async def lease(self, name: str, holder: str, until: datetime, now: datetime) -> bool:
        """True when `holder` has the lease `name` until then; False while another holds it."""
        ...

    async def close(self) -> None: ...


class Keys(Protocol):
    """Wrapped keys, one per log and retention class, kept apart from the data and destroyed on forgetting."""

    @property
    def mark(self) -> str:
        """Tells these keys, and the service key that wraps them, from any others."""
        ...

    async def create(self, log: str, classes: Sequence[str]) -> dict[str, bytes]:
        """New 256-bit keys for a log, durable on return. Existing ones are returned as they are."""
        ...

    async def get(self, log: str) -> dict[str, bytes]:
        """The keys still held; a class that was destroyed is absent."""
        ...

    async def destroy(self, log: str, classes: Sequence[str]) -> None: ...
    async def reread(self, log: str) -> dict[str, bytes]:
        """The same as `get`, with nothing remembered: another node may have destroyed some."""
        ...

    async def answering(self) -> bool:
        """Whether new keys would be kept now. Never raises, and takes some seconds at most."""
        ...

    def claim(self, *parts: str) -> bytes:
        """A 16-byte keyed HMAC of `parts`, for `Record.claims`."""
        ...

    async def close(self) -> None: ...


class Clock(Protocol):
    """Time is passed in. `now` is an aware UTC instant; `sleep_until` returns at or after the instant."""

    def now(self) -> datetime: ...
    async def sleep_until(self, instant: datetime) -> None: ...


class Message(msgspec.Struct, frozen=True):
    """A letter ready to go: plain text to one address. `id` is the same at every try."""

    id: str
    to: str
    subject: str
    text: str
    at: datetime


class Undelivered(Exception):
    """A letter was not taken. `why` is fit to show to those who plan.

    `for_good`: trying again changes nothing. `only_this`: other letters may well go now.
    """

    def __init__(self, why: str, *, for_good: bool = False, only_this: bool = False) -> None:
        super().__init__(why)
        self.why, self.for_good, self.only_this = why, for_good, only_this


class Mail(Protocol):
    """What takes letters, one at a time."""

    async def send(self, message: Message) -> None:
        """Returns once it was taken; `Undelivered` when it was not, or when that is not known."""
        ...

    async def rest(self) -> None:
        """Nothing more to send for now."""
        ...


Listener = Callable[[str, int, int], None]
"""Told `(log, first_seq, last_seq)`."""
Overhearing = Callable[[str, bytes], None]
"""Told which node said it, and what."""


class Bus(Protocol):
    """Between the nodes of one service: what each wrote, and passing things such as typing. Never the record.

    Listeners hear of the other nodes: late, twice, in another order or, while `silent`, not at all. Where a node is
    `alone` they hear of itself.
    """

    @property
    def node(self) -> str:
        """What this node is called among the others; new at every start."""
        ...

    @property
    def alone(self) -> bool:
        """True where there is one node: everything in the store was written here."""
        ...

    @property
    def silent(self) -> bool:
        """True while what this node says does not even come back to itself."""
        ...

    async def open(self) -> None: ...
    async def close(self) -> None: ...
    def announce(self, log: str, first_seq: int, last_seq: int) -> None:
        """This node wrote. Never waits; is said as soon as it can be."""
        ...

    def pass_on(self, topic: str, body: bytes) -> None:
        """Say something nobody keeps. It may be lost."""
        ...

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Register; call what is returned to stop listening."""
        ...

    def overhear(self, topic: str, listener: Overhearing) -> Callable[[], None]:
        """The same for passing things of one topic."""
        ...

    def on_missed(self, look: Callable[[], None]) -> None:
        """Call `look` whenever something may have gone unheard."""
        ...

    def heard(self, node: str) -> float | None:
        """How many seconds ago a node was heard last; None when it never was."""
        ...
