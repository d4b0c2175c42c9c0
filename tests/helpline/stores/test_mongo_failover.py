"""A member of the replica set steps down, dies or hangs while people write: nothing is lost, nothing is doubled.

These tests have a replica set of their own, because they break it.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest

from helpline.clock import SystemClock
from helpline.errors import ClaimTaken, Conflict, NotSaved
from helpline.ports import Head, Record
from helpline.stores.mongo import MongoStore
from helpline.stores.records import Bounds
from tests.engines import ReplicaSet, database_in, direct

EVENING = datetime(2026, 3, 6, 22, 40, tzinfo=UTC)
LOGS = [f"c-{n}" for n in range(12)]


@pytest.fixture
def breakable(tmp_path: Path) -> Iterator[ReplicaSet]:
    replica_set = ReplicaSet(tmp_path / "members")
    yield replica_set
    for member in replica_set.members:
        member.thaw()
    replica_set.close()


@pytest.fixture
def single(tmp_path: Path) -> Iterator[ReplicaSet]:
    """A set of one, which is its own majority."""
    replica_set = ReplicaSet(tmp_path / "members", members=1)
    yield replica_set
    replica_set.close()


async def opened(replica_set: ReplicaSet, wait_seconds: float = 10.0) -> MongoStore:
    bounds = Bounds(wait_seconds=wait_seconds)
    return await MongoStore.open(database_in(replica_set.address, "night"), SystemClock(), bounds=bounds)


@pytest.fixture
async def store(breakable: ReplicaSet) -> AsyncIterator[MongoStore]:
    store = await opened(breakable)
    yield store
    await store.close()


@pytest.fixture
async def alone(single: ReplicaSet) -> AsyncIterator[MongoStore]:
    """The store on a set of one."""
    store = await opened(single)
    yield store
    await store.close()


class Writer:
    """Somebody who writes numbered words into one log and goes on only when the last are known to be kept."""

    def __init__(self, store: MongoStore, log: str) -> None:
        self.store, self.log = store, log
        self.acknowledged: list[int] = []
        self.stop = False
        self.unknown = 0

    async def write(self) -> None:
        seq = 0
        while not self.stop:
            seq += 1
            while not await self.kept(seq):
                pass
            self.acknowledged.append(seq)

    async def kept(self, seq: int) -> bool:
        claim = f"{self.log}:{seq}".encode()
        head = Head(self.log, seq, True, None, EVENING) if seq % 5 == 1 else None
        try:
            await self.store.append(Record(self.log, seq, 1, claim, (claim,), (seq,), head))
            return True
        except (NotSaved, Conflict, ClaimTaken):
            # As the service does: what became of it is read before it is written again.
            self.unknown += 1
            with suppress(NotSaved):
                return await self.store.find(claim) == (self.log, seq)
            return False


async def test_while_the_primary_steps_down_dies_and_hangs_nothing_is_lost_and_nothing_doubled(
    breakable: ReplicaSet, store: MongoStore
) -> None:
    writers = [Writer(store, log) for log in LOGS]
    writing = [asyncio.ensure_future(writer.write()) for writer in writers]

    async def all_go_on() -> float:
        """Seconds until everybody has got something kept that they began after this."""
        began, before = time.monotonic(), [len(writer.acknowledged) for writer in writers]
        # The writers know nothing of who watches them.
        while not all(len(w.acknowledged) >= n + 3 for w, n in zip(writers, before, strict=True)):  # noqa: ASYNC110
            await asyncio.sleep(0.02)
        return time.monotonic() - began

    took = {"calm": await all_go_on()}
    await asyncio.to_thread(breakable.step_down)
    took["stepped down"] = await all_go_on()
    dead = await asyncio.to_thread(breakable.primary)
    dead.kill()
    took["killed"] = await all_go_on()
    dead.revive()
    await asyncio.to_thread(breakable.whole)
    hanging = await asyncio.to_thread(breakable.primary)
    hanging.freeze()
    took["hanging"] = await all_go_on()
    hanging.thaw()
    took["back"] = await all_go_on()
    for writer in writers:
        writer.stop = True
    await asyncio.gather(*writing)
    print({fault: round(seconds, 2) for fault, seconds in took.items()}, sum(w.unknown for w in writers))

    fresh = await opened(breakable)
    for writer in writers:
        kept = await fresh.read(writer.log)
        assert [record.first_seq for record in kept] == writer.acknowledged
        assert [record.body for record in kept] == [f"{writer.log}:{n}".encode() for n in writer.acknowledged]
    assert [head.log for head in await fresh.heads()] == sorted(LOGS)
    await fresh.close()


async def test_without_a_majority_nothing_is_acknowledged_and_the_same_id_settles_it_afterwards(
    breakable: ReplicaSet,
) -> None:
    store = await opened(breakable, wait_seconds=2.0)
    await store.append(Record("c-1", 1, 1, b"before"))
    primary = await asyncio.to_thread(breakable.primary)
    others = [member for member in breakable.members if member is not primary]
    for member in others:
        member.freeze()
    began = time.monotonic()
    with pytest.raises(NotSaved):
        await store.append(Record("c-1", 2, 1, b"meanwhile", (b"id",), (2,)))
    assert 1.5 < time.monotonic() - began < 8
    # A second try while it lasts: it may lie on one disk, but one disk is not kept.
    with pytest.raises(NotSaved):
        await store.append(Record("c-1", 2, 1, b"meanwhile", (b"id",), (2,)))
    for member in others:
        member.thaw()
    await asyncio.to_thread(breakable.primary)
    writer = Writer(store, "c-1")
    while await store.find(b"id") is None:
        with suppress(NotSaved, ClaimTaken, Conflict):
            await store.append(Record("c-1", 2, 1, b"meanwhile", (b"id",), (2,)))
    assert await writer.kept(3)
    assert [record.body for record in await store.read("c-1")] == [b"before", b"meanwhile", b"c-1:3"]
    await store.close()


async def test_a_version_that_no_majority_has_stands_in_nobodys_way(breakable: ReplicaSet) -> None:
    one = await MongoStore.open(
        database_in(breakable.address, "night"), SystemClock(), bounds=Bounds(wait_seconds=2.0), alone=False
    )
    other = await MongoStore.open(
        database_in(breakable.address, "night"), SystemClock(), bounds=Bounds(wait_seconds=2.0), alone=False
    )
    await one.put("person", "dev", b"before", 0)
    primary = await asyncio.to_thread(breakable.primary)
    others = [member for member in breakable.members if member is not primary]
    for member in others:
        member.freeze()
    first = asyncio.ensure_future(one.put("person", "dev", b"first", 1))
    await asyncio.sleep(0.5)  # by now it lies on the primary's disk, and on no other
    with pytest.raises(NotSaved):
        await other.put("person", "dev", b"second", 1)
    with pytest.raises(NotSaved):
        await first
    for member in others:
        member.thaw()
    await asyncio.to_thread(breakable.primary)
    held = None
    while held is None:
        with suppress(NotSaved):
            held = await other.get("person", "dev")
    if held.version == 2:  # no other was elected meanwhile
        assert held.body == b"first"
        with pytest.raises(Conflict):
            await other.put("person", "dev", b"second", 1)
    assert (await other.put("person", "dev", b"after", held.version)).version == held.version + 1
    await one.close()
    await other.close()


async def test_with_nobody_there_every_question_ends_as_not_saved_and_none_as_a_mistake_of_ours(
    breakable: ReplicaSet,
) -> None:
    """When many give up on the driver's locks at once, none may be left behind holding one: so it takes many."""
    store = await opened(breakable, wait_seconds=1.0)
    for _ in range(2):
        for member in breakable.members:
            member.kill()
        for _ in range(3):
            asked = [store.read(f"c-{n}") for n in range(150)]
            written = [store.append(Record(f"c-{n}", 2, 1, b"two")) for n in range(20)]
            outcomes = await asyncio.gather(*asked, *written, return_exceptions=True)
            assert {type(outcome) for outcome in outcomes} == {NotSaved}
        for member in breakable.members:
            member.revive()
        await asyncio.to_thread(breakable.whole)
        assert await store.read("c-nobody") == []
    await store.close()


@contextmanager
def failing(replica_set: ReplicaSet, **how: object) -> Iterator[None]:
    """The primary answers as told, `times` times."""
    times = how.pop("times")
    with direct(replica_set.primary().address) as client:
        client.admin.command("configureFailPoint", "failCommand", mode={"times": times}, data=how)
        yield
        client.admin.command("configureFailPoint", "failCommand", mode="off")


async def test_an_append_whose_answer_was_lost_is_found_to_be_its_own_and_kept_once(
    single: ReplicaSet, alone: MongoStore
) -> None:
    await alone.append(Record("c-1", 1, 1, b"one"))
    unconfirmed = {"code": 64, "codeName": "WriteConcernFailed", "errmsg": "told to"}
    with failing(single, times=2, failCommands=["insert"], writeConcernError=unconfirmed):
        await asyncio.gather(
            alone.append(Record("c-1", 2, 1, b"two", (b"id",), (2,))),
            alone.append(Record("c-2", 1, 1, b"other")),
        )
    assert [record.body for record in await alone.read("c-1")] == [b"one", b"two"]
    assert [record.body for record in await alone.read("c-2")] == [b"other"]
    await alone.append(Record("c-1", 3, 1, b"three"))


async def test_a_connection_cut_again_and_again_within_the_limit_is_only_a_delay(
    single: ReplicaSet, alone: MongoStore
) -> None:
    with failing(single, times=6, failCommands=["insert"], closeConnection=True):
        await alone.append(Record("c-1", 1, 1, b"one", (b"id",), (1,)))
    assert await alone.find(b"id") == ("c-1", 1)


async def test_an_engine_without_room_says_so_to_those_who_wait(
    single: ReplicaSet, alone: MongoStore
) -> None:
    full = failing(single, times=1, failCommands=["insert"], errorCode=14031)
    with full, pytest.raises(NotSaved, match="out of space"):
        await alone.append(Record("c-1", 1, 1, b"one"))
    await alone.append(Record("c-1", 1, 1, b"one"))
