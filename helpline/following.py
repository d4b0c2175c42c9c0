"""Keeps one node's memory in step with what the other nodes write.

Told of a log, it has the logbook read what is new; told of a document, whoever holds its kind reads it anew. Where
something may have gone unheard, it looks at everything that is live: heads, the tails of the logs held, documents.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, cast

import msgspec
import structlog

from helpline.agenda import stopped
from helpline.errors import HelplineError
from helpline.logbook import RECORD, Logbook
from helpline.ports import Bus, Document, Record, Store

log = structlog.get_logger()

Reread = Callable[[str | None], Awaitable[None]]
"""Read one document of a kind anew by its id, or with None all of them."""

AT_ONCE = 16
LOOK_AGAIN = 1.0
LONGEST_LOOK = 30.0
"""Each of its questions has ten seconds. Whoever waits for longer waits for nothing."""
_DOCUMENT = "document/"
_decoded = msgspec.msgpack.Decoder(tuple[str, int, int, bytes]).decode


class Following:
    """`follow` each kind of document, then `open`. With a bus that is alone it has nothing to do."""

    def __init__(self, logbook: Logbook, store: Store, bus: Bus) -> None:
        self._logbook, self._store, self._bus = logbook, store, bus
        self._kinds: dict[str, Reread] = {}
        self._wanted: dict[str, int] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._looking: asyncio.Task[None] | None = None
        self._look_again = self._open = False
        self._later: asyncio.TimerHandle | None = None
        self._at_once = asyncio.Semaphore(AT_ONCE)

    def follow(self, kind: str, reread: Reread) -> None:
        """Once it is open, what was written of this kind before is read at once: nobody listened for it."""
        self._kinds[kind] = reread
        if self._open:
            self._do(self._reread(kind, None))

    async def open(self) -> None:
        """Listen from here on, and look at what was written while nobody did."""
        if not self._bus.alone:
            self._open = True
            self._bus.listen(self._heard)
            self._bus.overhear(RECORD, self._sent)
            self._bus.on_missed(self.look_at_everything)
            await self.looked()

    async def close(self) -> None:
        if self._later is not None:
            self._later.cancel()
        await stopped((*self._tasks, *([self._looking] if self._looking is not None else ())))

    # -- what is announced -----------------------------------------------------------------------------------------

    def _heard(self, log_id: str, _first: int, last: int) -> None:
        if log_id.startswith(_DOCUMENT):
            kind, _, id = log_id.removeprefix(_DOCUMENT).partition("/")
            if kind in self._kinds:
                self._do(self._reread(kind, id))
        elif not self._logbook.knows(log_id, last):
            self._look_at(log_id, last)

    def _sent(self, _node: str, body: bytes) -> None:
        self._logbook.take(Record(*_decoded(body)))

    def _look_at(self, log_id: str, last: int) -> None:
        """One look at a time for each log. What is announced meanwhile asks for one more, if it is still news then."""
        waiting = log_id in self._wanted
        self._wanted[log_id] = max(last, self._wanted.get(log_id, 0))
        if not waiting:
            self._do(self._catch_up(log_id))

    async def _catch_up(self, log_id: str) -> None:
        try:
            while not self._logbook.knows(log_id, wanted := self._wanted[log_id]):
                await self._hear(log_id)
                if self._wanted[log_id] == wanted:
                    break  # whatever it was is not in the store: an announcement is no record
        finally:
            del self._wanted[log_id]

    async def _hear(self, log_id: str) -> None:
        async with self._at_once:
            await self._logbook.hear(log_id)

    async def _reread(self, kind: str, id: str | None) -> None:
        async with self._at_once:
            await self._kinds[kind](id)

    # -- what may have gone unheard --------------------------------------------------------------------------------

    def look_at_everything(self) -> None:
        """Soon, and once however often it is asked for meanwhile."""
        if self._looking is not None and not self._looking.done():
            self._look_again = True
            return
        self._looking = asyncio.ensure_future(self._look())

    async def looked(self) -> None:
        """Look at everything now, and return when that is done. One that takes too long is broken off."""
        self.look_at_everything()
        looking = self._looking
        if looking is not None and not (await asyncio.wait((looking,), timeout=LONGEST_LOOK))[0]:
            log.warning("looking at what others wrote took too long, and begins anew")
            await stopped((looking,))

    async def _look(self) -> None:
        while True:
            self._look_again = False
            failures: list[BaseException]
            try:
                live = {head.log for head in await self._store.heads()}
                live |= {
                    fold.log
                    for prefix in ("c-", "a-", "w-")
                    for fold in self._logbook.all_held(prefix)
                    if fold.live
                }
                told = {one: self._logbook.told(one) for one in live}
                looks = [self._hear(one) for one in await self._store.grown(told)]
                looks += [self._reread(kind, None) for kind in self._kinds]
                outcomes = await asyncio.gather(*looks, return_exceptions=True)
                failures = [outcome for outcome in outcomes if isinstance(outcome, BaseException)]
            except HelplineError as error:
                failures = [error]
            for failed in failures:
                log.warning("looking at what others wrote failed", error=type(failed).__name__)
            if failures and self._later is None:
                self._later = asyncio.get_running_loop().call_later(LOOK_AGAIN, self._look_later)
            if not self._look_again:
                return

    def _look_later(self) -> None:
        self._later = None
        self.look_at_everything()

    def _do(self, work: Any) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (failed := task.exception()) is not None:
            log.warning("following another node failed", error=type(failed).__name__)
            self.look_at_everything()


class _Announcing:
    """A store that tells the other nodes which documents it wrote."""

    def __init__(self, store: Store, bus: Bus) -> None:
        self._store, self._bus = store, bus

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def put(self, kind: str, id: str, body: bytes, expected: int, *, gone: bool = False) -> Document:
        document = await self._store.put(kind, id, body, expected, gone=gone)
        self._bus.announce(f"{_DOCUMENT}{kind}/{id}", document.version, document.version)
        return document

    async def drop(self, kind: str, ids: list[str]) -> None:
        await self._store.drop(kind, ids)
        for id in ids:
            self._bus.announce(f"{_DOCUMENT}{kind}/{id}", 0, 0)


def announcing(store: Store, bus: Bus) -> Store:
    """The store, whose written and dropped documents are announced on the bus."""
    return store if bus.alone else cast(Store, _Announcing(store, bus))
