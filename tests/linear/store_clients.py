"""Clients of the store itself, as `ports.Store` has it: logs, claims, documents and leases, few of each and many asking."""

import asyncio
import itertools
import random
from collections.abc import Coroutine, Iterator
from typing import Any

from helpline.errors import ClaimTaken, HelplineError
from helpline.ports import Record, Store
from helpline.stores.records import instant_of
from tests.linear.models import digest
from tests.linear.recording import UNKNOWN, Recorder

WRITERS = 3
LOGS = 6
CLAIMS = 3
DOCUMENTS = 2
LEASES = 2
KIND = "linear"


class StoreClients:
    """The clients at one node. Set `enough` and they stop."""

    def __init__(
        self, store: Store, recorder: Recorder, name: str, chance: random.Random, pause: float
    ) -> None:
        self.enough = False
        self._store, self._recorder, self._name, self._chance = store, recorder, name, chance
        self._pause = pause
        self._numbers = itertools.count(1)
        self._last: dict[str, int] = {}

    def everybody(self) -> Iterator[Coroutine[Any, Any, None]]:
        for n in range(WRITERS):
            yield self._asks(f"{self._name} writer {n + 1}", (self._append, self._append, self._read))
        yield self._asks(f"{self._name} claims", (self._claim, self._claim, self._find, self._release))
        yield self._asks(f"{self._name} documents", (self._put, self._get, self._lease))

    async def _asks(self, client: str, ways: tuple[Any, ...]) -> None:
        while not self.enough:
            await self._chance.choice(ways)(client)
            await asyncio.sleep(self._chance.random() * self._pause)

    # -- logs ------------------------------------------------------------------------------------------------------

    async def _append(self, client: str) -> None:
        log = f"l-{self._chance.randrange(LOGS)}"
        first = self._last.get(log, 0) + self._chance.choice((1, 1, 1, 1, 1, 1, 1, 0, 2))
        count = self._chance.randint(1, 3)
        if first < 1:
            return
        body = f"{client} {next(self._numbers)}"
        record = Record(log, first, count, body.encode())

        async def append() -> str:
            await self._store.append(record)
            return "ok"

        said = await self._recorder.asked(client, log, ("append", first, count, body), append)
        if said == "ok":
            self._last[log] = max(self._last.get(log, 0), record.last_seq)
        elif said is not UNKNOWN:
            await self._look(client, log)

    async def _read(self, client: str) -> None:
        await self._look(client, f"l-{self._chance.randrange(LOGS)}")

    async def _look(self, client: str, log: str) -> None:
        async def read() -> tuple[int, str]:
            records, found = await self._store.read(log), ""
            for record in records:
                found = digest(found, record.body.decode())
            return (records[-1].last_seq if records else 0), found

        said = await self._recorder.asked(client, log, ("read",), read)
        if said is not UNKNOWN:
            self._last[log] = said[0]

    # -- claims ----------------------------------------------------------------------------------------------------

    def _some_claim(self) -> str:
        return f"number {self._chance.randrange(CLAIMS)}"

    async def _claim(self, client: str) -> None:
        claim, log = self._some_claim(), f"k-{client} {next(self._numbers)}"
        record = Record(log, 1, 1, b"began", (claim.encode(),), (1,))

        async def begin() -> str:
            await self._store.append(record)
            return "ok"

        await self._recorder.asked(client, claim, ("claim", log), begin, _taken_by)

    async def _held(self, client: str, claim: str) -> Any:
        async def find() -> str:
            held = await self._store.find(claim.encode())
            return "" if held is None else held[0]

        return await self._recorder.asked(client, claim, ("find",), find)

    async def _find(self, client: str) -> None:
        await self._held(client, self._some_claim())

    async def _release(self, client: str) -> None:
        """As the service does: what was found to be over is given back, however long that was thought about."""
        claim = self._some_claim()
        held = await self._held(client, claim)
        if held is UNKNOWN or not held:
            return
        await asyncio.sleep(self._chance.random() * self._pause * 4)

        async def release() -> str:
            await self._store.release(held, [claim.encode()])
            return "ok"

        await self._recorder.asked(client, claim, ("release", held), release)

    # -- documents and leases --------------------------------------------------------------------------------------

    async def _put(self, client: str) -> None:
        id = f"d-{self._chance.randrange(DOCUMENTS)}"
        expected = max(0, self._last.get(id, 0) - self._chance.choice((0, 0, 0, 1)))

        async def put() -> str:
            await self._store.put(KIND, id, client.encode(), expected)
            return "ok"

        said = await self._recorder.asked(client, id, ("put", expected, client), put)
        if said == "ok":
            self._last[id] = expected + 1
        else:
            await self._see(client, id)

    async def _get(self, client: str) -> None:
        await self._see(client, f"d-{self._chance.randrange(DOCUMENTS)}")

    async def _see(self, client: str, id: str) -> None:
        async def get() -> tuple[int, str]:
            there = await self._store.get(KIND, id)
            return (0, "") if there is None else (there.version, there.body.decode())

        said = await self._recorder.asked(client, id, ("get",), get)
        if said is not UNKNOWN:
            self._last[id] = said[0]

    async def _lease(self, client: str) -> None:
        """Short, by a clock that nobody's asking sets forward, so that it is taken over again and again."""
        name = f"lease {self._chance.randrange(LEASES)}"
        now = self._chance.randrange(100) + 100 * next(self._numbers)
        until = now + self._chance.randrange(400)

        async def lease() -> bool:
            at, ends = instant_of(now), instant_of(until)
            return await self._store.lease(name, client, ends, at)

        await self._recorder.asked(client, name, ("lease", client, until, now), lease)


def _taken_by(error: HelplineError) -> str:
    return error.log if isinstance(error, ClaimTaken) else error.code
