"""Carrying a whole service from one store to another: everything compared, what differs written, nothing overtaken.

A move that was cut short is simply begun again: what is there already is seen to be the same and left alone. The
source keeps everything. When all was written it is compared once more from the beginning, and only then the source is
marked as moved, so that no server opens the old data by mistake. Keys are not part of a store and stay where they are.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Literal, Protocol

import msgspec

from helpline.errors import HelplineError
from helpline.ports import AuditEntry, Document, Head, Record

Kind = Literal["logs", "documents", "audit", "facts"]
KINDS: tuple[Kind, ...] = ("logs", "documents", "audit", "facts")
PAGE = 200

Key = tuple[str | int, ...]


class WholeLog(msgspec.Struct, frozen=True):
    """A log with all its records, which carry their claims here, and its newest head."""

    name: str
    records: tuple[Record, ...]
    head: Head | None


class Fact(msgspec.Struct, frozen=True):
    """The facts of one log for reports. `at` is in microseconds."""

    log: str
    definition: int
    at: int
    body: bytes


Item = WholeLog | Document | AuditEntry | Fact


def key_of(item: Item) -> Key:
    """What an item is found by, in the order both stores list it."""
    match item:
        case WholeLog(name=name):
            return (name,)
        case Document(kind=kind, id=id_):
            return (kind, id_)
        case AuditEntry(n=n):
            return (n,)
        case Fact(log=log):
            return (log,)


class About(msgspec.Struct, frozen=True):
    """What a store says of itself as a whole. `moved_to` and `moving_from` are empty but around a move.

    `keys` is the mark of the keys it belongs to; empty until any were said to be.
    """

    epoch: str
    change: int
    moved_to: str = ""
    moving_from: str = ""
    keys: str = ""


class Reading(Protocol):
    """All that a store holds, as it is at one instant."""

    @property
    def shown(self) -> str:
        """Its address, without a password."""
        ...

    async def about(self) -> About: ...
    async def count(self, kind: Kind) -> int: ...
    async def items(self, kind: Kind, after: Key | None, upto: Key | None, limit: int) -> Sequence[Item]:
        """The items with `after` < key ≤ `upto`, in order; all that follow when either is None."""
        ...

    async def close(self) -> None: ...


class Shelf(Reading, Protocol):
    """A store that no server has open, read and written as a whole."""

    async def say(self, about: About) -> None:
        """Make it true of this store, durably."""
        ...

    async def write(self, kind: Kind, items: Sequence[Item]) -> None:
        """Put these in the place of what has their keys, durably."""
        ...

    async def remove(self, kind: Kind, keys: Sequence[Key]) -> None: ...


class CannotMove(HelplineError):
    """The two stores do not fit together. Nothing was changed that the next try would not put right."""

    code = "cannot_move"


class Moved(msgspec.Struct):
    """What a move came to: how many of each kind are there, and how many had to be written."""

    counted: dict[Kind, int]
    written: dict[Kind, int]


Step = Callable[[str, int], None]
"""Told the stage and how many items were just looked at."""


async def move(source: Shelf, target: Shelf, step: Step) -> Moved:
    """Make `target` hold exactly what `source` holds. Raises `CannotMove`."""
    await _begin(source, target)
    moved = await carry_over(source, target, "moving", step)
    about = await source.about()
    await target.say(About(about.epoch, about.change, keys=about.keys))
    await source.say(msgspec.structs.replace(about, moved_to=target.shown))
    return moved


async def carry_over(source: Reading, target: Shelf, doing: str, step: Step) -> Moved:
    """Bring every item, then compare each with the other once more. Raises `CannotMove`."""
    written = {kind: await _bring(kind, source, target, doing, step) for kind in KINDS}
    differing = {kind: await _compare(kind, source, target, step) for kind in KINDS}
    if any(differing.values()):
        found = ", ".join(f"{count} of {kind}" for kind, count in differing.items() if count)
        raise CannotMove(
            f"{target.shown} differs after all: {found}. Is a server writing there? Begin again."
        )
    counted = {kind: await target.count(kind) for kind in KINDS}
    if counted != {kind: await source.count(kind) for kind in KINDS}:
        raise CannotMove(f"{target.shown} holds another number of things than {source.shown}. Begin again.")
    return Moved(counted, written)


async def _begin(source: Shelf, target: Shelf) -> None:
    """Refuse what must not be mixed, then say of the target that it is not whole."""
    here, there = await source.about(), await target.about()
    if here.moved_to:
        raise CannotMove(f"{source.shown} was moved to {here.moved_to}: what is there now is newer.")
    if here.moving_from:
        raise CannotMove(f"{source.shown} is not whole: a move from {here.moving_from} into it did not end.")
    if there.epoch != here.epoch and any([await target.count(kind) for kind in KINDS]):
        raise CannotMove(f"{target.shown} holds another service's data. Choose an empty place.")
    if there.epoch == here.epoch and not (there.moving_from or there.moved_to):
        raise CannotMove(
            f"{target.shown} holds this service's data and is in use. Is it the wrong way round?"
        )
    await target.say(About(here.epoch, max(here.change, there.change), "", source.shown))


async def _bring(kind: Kind, source: Reading, target: Shelf, doing: str, step: Step) -> int:
    written = 0

    async def put_right(missing: Sequence[Item], surplus: Sequence[Key]) -> None:
        nonlocal written
        if surplus:
            await target.remove(kind, surplus)
        if missing:
            await target.write(kind, missing)
        written += len(missing)

    await _page_by_page(kind, source, target, put_right, lambda looked: step(f"{doing} {kind}", looked))
    return written


async def _compare(kind: Kind, source: Reading, target: Shelf, step: Step) -> int:
    differing = 0

    async def counted(missing: Sequence[Item], surplus: Sequence[Key]) -> None:
        nonlocal differing
        differing += len(missing) + len(surplus)

    await _page_by_page(kind, source, target, counted, lambda looked: step(f"comparing {kind}", looked))
    return differing


async def _page_by_page(
    kind: Kind,
    source: Reading,
    target: Shelf,
    found: Callable[[Sequence[Item], Sequence[Key]], Awaitable[None]],
    looked: Callable[[int], None],
) -> None:
    """Tell `found`, page by page, which items the target lacks or has otherwise, and which only the target has."""
    after: Key | None = None
    while True:
        page = await source.items(kind, after, None, PAGE)
        upto = key_of(page[-1]) if len(page) == PAGE else None
        there = {key_of(item): item for item in await target.items(kind, after, upto, 0)}
        missing = [item for item in page if there.pop(key_of(item), None) != item]
        await found(missing, list(there))
        looked(len(page))
        if upto is None:
            return
        after = upto
