"""`bench store`: appends a second to a MongoDB replica set of three, beside the best the driver itself does.

So many writers wait for each of their appends. The driver is given the same documents, in a collection with the same
indexes, at the same concern (majority, journaled): as `insert_many` of all who wait, sent one after another or two at a
time, and as one `insert_one` each. The yardstick is the fastest of these. All on this machine, engine included.
"""

import asyncio
import os
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import msgspec
from pymongo import AsyncMongoClient

from bench.figures import Result, Rounds, Say
from bench.report import machine
from helpline.clock import SystemClock
from helpline.ports import Record
from helpline.stores.mongo import MongoStore
from helpline.stores.mongo_shape import INDEXES, Database, Fields, record_fields
from tests.engines import ReplicaSet, database_in

STORE = "store"
WRITERS = (50, 500)
BODY = 350
"""Bytes of a sealed message of some forty words."""
WAIT_SECONDS = 10.0

Turn = Callable[[int, float], Awaitable[int]]
"""Given how many writers and until when to write: how many records were kept."""


class Plan(msgspec.Struct, frozen=True):
    rounds: int
    seconds: float


FULL = Plan(rounds=5, seconds=6.0)
QUICK = Plan(rounds=3, seconds=2.5)


def record(log: str, seq: int) -> Record:
    return Record(log, seq, 1, os.urandom(BODY), (os.urandom(16),), (seq,))


class Driver:
    """The driver used plainly, on documents like the store's own."""

    def __init__(self, database: Database) -> None:
        self._records = database.plain
        self._turn = 0

    async def prepare(self) -> None:
        await self._records.create_indexes(list(INDEXES["records"]))

    async def one_by_one(self, writers: int, until: float) -> int:
        """Every writer inserts one document and waits for it."""
        self._turn += 1

        async def write(n: int) -> int:
            seq = 0
            while time.monotonic() < until:
                seq += 1
                await self._records.insert_one(record_fields(record(f"{self._turn}-{n}", seq), seq))
            return seq

        return sum(await asyncio.gather(*[write(n) for n in range(writers)]))

    async def together(self, writers: int, until: float) -> int:
        """All who wait go in one command, and then the next."""
        return await self._in_lanes(1, writers, until)

    async def in_two_lanes(self, writers: int, until: float) -> int:
        """Half of them go while the other half is on its way."""
        return await self._in_lanes(2, writers, until)

    async def _in_lanes(self, lanes: int, writers: int, until: float) -> int:
        self._turn += 1

        async def write(lane: int) -> int:
            seq, each = 0, writers // lanes
            while time.monotonic() < until:
                seq += 1
                documents = [record_fields(record(f"{self._turn}-{lane}-{n}", seq), seq) for n in range(each)]
                await self._records.insert_many(documents, ordered=False)
            return seq * each

        return sum(await asyncio.gather(*[write(lane) for lane in range(lanes)]))


class Ours:
    """The store, with as many writers as wait."""

    def __init__(self, store: MongoStore) -> None:
        self._store = store
        self._turn = 0

    async def append(self, writers: int, until: float) -> int:
        self._turn += 1

        async def write(n: int) -> int:
            seq = 0
            while time.monotonic() < until:
                seq += 1
                await self._store.append(record(f"c-{self._turn}-{n}", seq))
            return seq

        return sum(await asyncio.gather(*[write(n) for n in range(writers)]))


async def run(*, quick: bool, say: Say) -> Result:
    plan = QUICK if quick else FULL
    with tempfile.TemporaryDirectory(prefix="bench-store-") as folder:
        say("starting three MongoDB members")
        replica_set = ReplicaSet(Path(folder) / "members")
        try:
            return await measured(database_in(replica_set.address, "bench"), plan, say)
        finally:
            replica_set.close()


async def measured(address: str, plan: Plan, say: Say) -> Result:
    """The store beside the driver, in a database of its own."""
    store = await MongoStore.open(address, SystemClock())
    client: AsyncMongoClient[Fields] = AsyncMongoClient(
        address, w="majority", journal=True, timeoutMS=int(WAIT_SECONDS * 1_000)
    )
    database = client.get_default_database()
    driver = Driver(database)
    await driver.prepare()
    turns: dict[str, Turn] = {
        STORE: Ours(store).append,
        "insert_many": driver.together,
        "insert_many, two at a time": driver.in_two_lanes,
        "insert_one": driver.one_by_one,
    }
    try:
        for turn in turns.values():
            await turn(WRITERS[0], time.monotonic() + 0.5)
        rounds = {writers: await _rounds(turns, writers, plan, say) for writers in WRITERS}
    finally:
        await client.close()
        await store.close()
    return _result(rounds)


async def _rounds(turns: dict[str, Turn], writers: int, plan: Plan, say: Say) -> Rounds:
    """Turn about, so that what else the machine does falls on all alike."""
    rates = Rounds()
    for number in range(plan.rounds):
        say(f"{writers} writers, round {number + 1} of {plan.rounds}")
        for name, turn in turns.items():
            began = time.monotonic()
            kept = await turn(writers, began + plan.seconds)
            rates.add(name, kept / (time.monotonic() - began))
    return rates


def _result(rounds: dict[int, Rounds]) -> Result:
    ratios = {f"append_vs_driver_{writers}": versus_best(rates) for writers, rates in rounds.items()}
    return Result(
        bench="store",
        figures={"machine": machine()}
        | {f"{writers} writers, appends/s": rates.medians() for writers, rates in rounds.items()},
        ratios={"append_vs_driver": min(ratios.values())} | ratios,
        notes=[
            "append_vs_driver is the worse of the two numbers of writers.",
            "The driver's batches are full by construction; the store's are whoever waits.",
        ],
    )


def versus_best(rates: Rounds) -> float:
    """The store's rate over that of whichever way of the driver's was fastest."""
    medians = rates.medians()
    return rates.ratio(STORE, max((name for name in medians if name != STORE), key=medians.__getitem__))
