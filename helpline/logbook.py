"""The one way to change a log: load, decide, append in turn, then tell.

`change` runs a pure `decide(fold, now)` against the newest fold, seals what it returns, appends it with the expected
`seq`, and only when it is durable folds it and tells the listeners, in order for each log. On a conflict it reloads
and decides again. At most one append of a log is in flight. What another node wrote is read from the store and told in
the same way, as soon as `hear` is called.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from itertools import islice
from typing import Any, Protocol, Self

import msgspec
import structlog
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from helpline.errors import ClaimTaken, ClientIdReused, Conflict, HelplineError, NotFound, NotSaved
from helpline.events import Body, By, Event
from helpline.ports import Bus, Clock, Head, Keys, Record, Store
from helpline.sealing import CLASSES, ciphers, open_record, seal_events

log = structlog.get_logger()

CLOSED_FOLDS_KEPT = 2_000
READ_BATCH = 500
# A record goes along with its announcement, as sealed as it is kept; a larger one is read from the store.
LARGEST_SENT = 16_000
RECORD = "record"


class Fold(Protocol):
    """What a log folds into: a contact, or a supporter's shift."""

    @property
    def log(self) -> str: ...
    @property
    def seq(self) -> int: ...
    @property
    def at(self) -> datetime: ...
    @property
    def opened_at(self) -> datetime: ...
    @property
    def live(self) -> bool: ...
    @property
    def due(self) -> datetime | None: ...
    def apply(self, event: Event) -> Self: ...


Draft = tuple[By, Body]
Decide = Callable[[Any, datetime], Sequence[Draft]]


class Change(msgspec.Struct, frozen=True):
    """What listeners are told, once it is durable. `here`: surely written by this node, and just now."""

    log: str
    before: Any
    after: Any
    events: tuple[Event, ...]
    here: bool = True


class Written(msgspec.Struct, frozen=True):
    """What a change wrote. `repeat` is True when the same call had been answered before."""

    fold: Any
    events: tuple[Event, ...]
    repeat: bool = False


class _Entry:
    __slots__ = ("fold", "keys", "stale", "told", "turn")

    def __init__(self, fold: Any, keys: dict[str, AESGCM]) -> None:
        self.fold = fold
        self.keys = keys
        self.turn = asyncio.Lock()
        self.told = fold.seq
        self.stale = False


class Logbook:
    """All logs of the service. `empties` gives the fold of an empty log by the first two characters of its id."""

    def __init__(
        self, store: Store, keys: Keys, bus: Bus, clock: Clock, empties: dict[str, Callable[[str], Fold]]
    ) -> None:
        self._store, self._keys, self._bus, self._clock = store, keys, bus, clock
        self._empties = empties
        self._entries: dict[str, _Entry] = {}
        # Those of them that are over, the first of them over for longest.
        self._over: OrderedDict[str, None] = OrderedDict()
        self._opening: dict[str, asyncio.Future[_Entry]] = {}
        self._listeners: list[Callable[[Change], None]] = []
        self._tells_of_opened = False
        self.unsure: Callable[[str], None] = lambda log_id: None
        """Told of a log to which something was appended of which it is not known whether it landed."""

    def listen(self, listener: Callable[[Change], None]) -> Callable[[], None]:
        """Call `listener` after every durable change. Returns what stops it."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def held(self, log_id: str) -> Any | None:
        """The fold in memory, if it is there. Live ones always are."""
        entry = self._entries.get(log_id)
        return entry.fold if entry is not None else None

    def all_held(self, prefix: str) -> list[Any]:
        return [entry.fold for name, entry in self._entries.items() if name.startswith(prefix)]

    async def load(self, log_id: str) -> Any:
        """The newest fold; `NotFound` for a log nobody wrote."""
        entry = await self._entry(log_id)
        if entry.stale:
            async with entry.turn:
                await self._refold(log_id, entry)
        if entry.fold.seq == 0:
            raise NotFound("There is no such contact.")
        return entry.fold

    async def refold_live(self) -> list[Any]:
        """At start: every live log folded again from its records. One that is opened from here on is told: another node
        began it, or this one was not answered when it did."""
        heads = await self._store.heads()
        folds = [(await self._entry(head.log)).fold for head in heads]
        self._tells_of_opened = True
        return folds

    def told(self, log_id: str) -> int:
        """Up to which seq a log was told here; 0 for one that is not held."""
        entry = self._entries.get(log_id)
        return entry.told if entry is not None else 0

    def knows(self, log_id: str, seq: int) -> bool:
        """Whether everything up to `seq` was told here."""
        return log_id in self._entries and self.told(log_id) >= seq

    async def hear(self, log_id: str) -> None:
        """Another node wrote to this log, or may have: read what is new, and tell it."""
        entry = self._entries.get(log_id)
        if entry is None:
            await self._entry(log_id)
            return
        async with entry.turn:
            await self._refold(log_id, entry)

    def take(self, record: Record) -> None:
        """What another node kept, as it came with the announcement. Unless it is just what comes next, `hear` reads it.

        Whoever sends it has it from a majority, and nobody without the keys of the log can have sealed it.
        """
        entry = self._entries.get(record.log)
        if entry is None or entry.stale or entry.turn.locked():
            return
        if not entry.told == entry.fold.seq == record.first_seq - 1:
            return
        before = after = entry.fold
        events = open_record(record, entry.keys)
        for event in events:
            after = after.apply(event)
        if events:
            self._caught_up(entry, Change(record.log, before, after, tuple(events), here=False))

    async def newest(self, log_id: str) -> Any:
        """The fold as the store has it now; `NotFound` for a log nobody wrote. `load` may lag behind another node."""
        if not self._bus.alone and log_id in self._entries:
            await self.hear(log_id)
        return await self.load(log_id)

    async def create(self, log_id: str) -> None:
        """Make the keys of a new log, durable before anything in it is acknowledged."""
        keys = ciphers(await self._keys.create(log_id, CLASSES))
        self._entries[log_id] = _Entry(self._empty(log_id), keys)

    def forget_unwritten(self, log_id: str) -> None:
        """Drop a log that was created but never got its first event."""
        entry = self._entries.get(log_id)
        if entry is not None and entry.fold.seq == 0:
            del self._entries[log_id]

    async def change(
        self, log_id: str, decide: Decide, *, via: str = "web", claims: Iterable[bytes] = ()
    ) -> Written:
        """Append what `decide` returns; nothing when it returns nothing.

        A repeat of a call that was answered before (same author, same `client_id`, same digest) gives what that
        call wrote; another digest is `ClientIdReused`. Other errors are those of `decide` and of the store.
        """
        entry = await self._entry(log_id)
        if not entry.keys:
            raise NotFound("There is no such contact.")
        async with entry.turn:
            if entry.stale:
                await self._refold(log_id, entry)
            for _ in range(20):
                now = max(self._clock.now(), entry.fold.at)
                try:
                    drafts: Sequence[Draft] = decide(entry.fold, now)
                except HelplineError:
                    # Nobody is refused for what this node has not heard of yet.
                    if not await self._another_wrote(log_id, entry):
                        raise
                    continue
                if not drafts:
                    return Written(entry.fold, ())
                try:
                    return await self._append(log_id, entry, drafts, now, via, claims)
                except Conflict:
                    await self._refold(log_id, entry)
                except ClaimTaken as taken:
                    return await self._first_answer(log_id, entry, taken, drafts)
            raise NotSaved

    async def destroy(self, log_id: str, classes: Iterable[str]) -> None:
        """Destroy keys of a log for good, on the disk and in memory. What they sealed reads as None from here on."""
        entry = await self._entry(log_id)
        classes = tuple(classes)
        async with entry.turn:
            await self._keys.destroy(log_id, classes)
            for name in classes:
                entry.keys.pop(name, None)

    async def destroyed_elsewhere(self, log_id: str) -> None:
        """Another node destroyed keys of a log: hold here no more of them than are left."""
        entry = await self._entry(log_id)
        async with entry.turn:
            left = ciphers(await self._keys.reread(log_id))
            entry.keys.clear()
            entry.keys.update(left)

    async def repeat_of(self, log_id: str, by: By, client_id: str, digest: str) -> Written | None:
        """What an earlier call with this id wrote, if there was one. For commands that no longer fit the state."""
        held = await self._store.find(self.claim(log_id, by, client_id))
        if held is None or held[0] != log_id:
            return None
        entry = await self._entry(log_id)
        return await self._written_at(log_id, entry, held[1], digest)

    def claim(self, log_id: str, by: By, client_id: str) -> bytes:
        return self._keys.claim("client", log_id, by.id or by.role, client_id)

    def offer_claim(self, offer: str) -> bytes:
        """By which the contact of an offer is found again, long after it passed."""
        return self._keys.claim("offer", offer)

    async def read(self, log_id: str, after: int = 0, limit: int = 1_000_000) -> list[Event]:
        """At most `limit` events with seq > `after`, in order."""
        entry = await self._entry(log_id)
        found: list[Event] = []
        while len(found) < limit:
            records = await self._store.read(log_id, after, READ_BATCH)
            for record in records:
                found += [event for event in open_record(record, entry.keys) if event.seq > after]
            if len(records) < READ_BATCH:
                break
            after = records[-1].last_seq
        return found[:limit]

    async def _append(
        self,
        log_id: str,
        entry: _Entry,
        drafts: Sequence[Draft],
        now: datetime,
        via: str,
        claims: Iterable[bytes],
    ) -> Written:
        before = after = entry.fold
        first = before.seq + 1
        events = []
        claimed = dict.fromkeys(claims, first)
        for n, (by, body) in enumerate(drafts):
            event = Event(seq=first + n, at=now, by=by, body=body, via=via, v=body.v)
            events.append(event)
            after = after.apply(event)
            client_id = getattr(body, "client_id", "")
            if client_id:
                claimed[self.claim(log_id, by, client_id)] = event.seq
        head = None
        if before.seq == 0 or (before.live, before.due) != (after.live, after.due):
            head = Head(log_id, after.seq, after.live, after.due, after.opened_at)
        record = Record(
            log_id,
            first,
            len(events),
            seal_events(log_id, events, entry.keys),
            tuple(claimed),
            tuple(claimed.values()),
            head,
        )
        try:
            await self._store.append(record)
        except (Conflict, ClaimTaken):
            raise
        except BaseException:
            entry.stale = True
            self.unsure(log_id)
            raise
        written = tuple(events)
        entry.fold = after
        if not (before.live and after.live):
            self._mind(log_id, entry)
        self._tell(Change(log_id, before, after, written), entry)
        if not self._bus.alone and len(record.body) <= LARGEST_SENT:
            sent = (log_id, first, record.count, record.body)
            self._bus.pass_on(RECORD, msgspec.msgpack.encode(sent))
        self._bus.announce(log_id, first, after.seq)
        return Written(after, written)

    def _tell(self, change: Change, entry: _Entry) -> None:
        entry.told = change.after.seq
        for listener in self._listeners:
            try:
                listener(change)
            except Exception:
                log.exception("a listener failed", listener=getattr(listener, "__qualname__", "?"))

    async def _first_answer(
        self, log_id: str, entry: _Entry, taken: ClaimTaken, drafts: Sequence[Draft]
    ) -> Written:
        if taken.log != log_id:
            raise taken
        for by, body in drafts:
            client_id = getattr(body, "client_id", "")
            if client_id and self.claim(log_id, by, client_id) == taken.claim:
                return await self._written_at(log_id, entry, taken.seq, body.digest)  # type: ignore[attr-defined]
        raise taken

    async def _written_at(self, log_id: str, entry: _Entry, seq: int, digest: str) -> Written:
        records = await self._store.read(log_id, seq - 1, 1)
        events = tuple(open_record(records[0], entry.keys)) if records else ()
        for event in events:
            if event.seq == seq:
                if getattr(event.body, "digest", "") != digest:
                    raise ClientIdReused
                return Written(entry.fold, (event, *(e for e in events if e.seq > seq)), repeat=True)
        raise NotFound

    async def _entry(self, log_id: str) -> _Entry:
        entry = self._entries.get(log_id)
        if entry is not None:
            return entry
        opening = self._opening.get(log_id)
        if opening is None:
            opening = asyncio.ensure_future(self._open(log_id))
            self._opening[log_id] = opening
            opening.add_done_callback(lambda _: self._opening.pop(log_id, None))
        return await asyncio.shield(opening)

    async def _open(self, log_id: str) -> _Entry:
        keys = ciphers(await self._keys.get(log_id))
        empty = fold = self._empty(log_id)
        events = await self._read_all(log_id, keys, 0)
        for event in events:
            fold = fold.apply(event)
        entry = self._entries.get(log_id) or _Entry(fold, keys)
        if fold.seq:
            news = log_id not in self._entries
            self._entries[log_id] = entry
            if news and fold.live and self._tells_of_opened:
                self._tell(Change(log_id, empty, fold, tuple(events), here=self._bus.alone), entry)
            self._mind(log_id, entry)
        return entry

    async def _read_all(self, log_id: str, keys: dict[str, AESGCM], after: int) -> list[Event]:
        found: list[Event] = []
        while True:
            records = await self._store.read(log_id, after, READ_BATCH)
            for record in records:
                found += [event for event in open_record(record, keys) if event.seq > after]
            if len(records) < READ_BATCH:
                return found
            after = records[-1].last_seq

    async def _another_wrote(self, log_id: str, entry: _Entry) -> bool:
        """Whether the store has more of this log than this node knew; it is known afterwards."""
        if self._bus.alone:
            return False
        known = entry.fold.seq
        await self._refold(log_id, entry)
        return bool(entry.fold.seq > known)

    async def _refold(self, log_id: str, entry: _Entry) -> None:
        """Catch up with the store, and tell what this node had not told yet."""
        events = await self._read_all(log_id, entry.keys, entry.told)
        before = after = entry.fold
        for event in events:
            if event.seq > after.seq:
                after = after.apply(event)
        perhaps_ours, entry.stale = entry.stale, False
        if events:
            self._caught_up(entry, Change(log_id, before, after, tuple(events), here=self._bus.alone))
            if perhaps_ours or self._bus.alone:
                self._bus.announce(log_id, events[0].seq, after.seq)

    def _caught_up(self, entry: _Entry, change: Change) -> None:
        entry.fold = change.after
        if not (change.before.live and change.after.live):
            self._mind(change.log, entry)
        self._tell(change, entry)

    def _empty(self, log_id: str) -> Any:
        return self._empties[log_id[:2]](log_id)

    def _mind(self, log_id: str, entry: _Entry) -> None:
        """What is live stays in memory; of what is over, the last few."""
        over = self._over
        over.pop(log_id, None)
        if entry.fold.live:
            return
        over[log_id] = None
        for name in tuple(islice(over, max(0, len(over) - CLOSED_FOLDS_KEPT))):
            oldest = self._entries.get(name)
            if oldest is None or not (oldest.stale or oldest.turn.locked()):
                del over[name]
                self._entries.pop(name, None)
