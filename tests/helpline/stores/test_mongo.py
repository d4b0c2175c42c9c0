"""What only the MongoDB store promises: one command for many, one truth for several processes, indexes as declared."""

import asyncio
import gc
import os
import socket
import time
import warnings
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import uvloop
from pymongo import AsyncMongoClient, IndexModel
from pymongo.asynchronous.database import AsyncDatabase

from helpline.clock import SystemClock
from helpline.errors import ClaimTaken, Conflict, NotSaved, StoreBusy
from helpline.ports import Head, Record
from helpline.stores.addresses import shown
from helpline.stores.audit_chain import first_break
from helpline.stores.mongo import MongoStore
from helpline.stores.mongo_owner import ALONE
from helpline.stores.mongo_shape import INDEXES, StoreElsewhere
from helpline.stores.mongo_shelf import MongoShelf
from helpline.stores.records import Bounds
from tests.engines import SMALL, database_in, direct, free_ports, mongod, started, wait_for
from tests.helpline.stores.conftest import MongoOpener

EVENING = datetime(2026, 3, 6, 22, 40, tzinfo=UTC)
HOUR = timedelta(hours=1)
Raw = AsyncDatabase[dict[str, Any]]


def record(log: str, seq: int = 1, *claims: bytes, head: Head | None = None) -> Record:
    return Record(log, seq, 1, f"{log}:{seq}".encode(), claims, (seq,) * len(claims), head)


def ready(store: MongoStore) -> bool:
    return store.ready


@pytest.fixture
async def raw(database: str) -> AsyncIterator[Raw]:
    """The database of `open_mongo` as the engine shows it."""
    async with AsyncMongoClient[dict[str, Any]](database) as client:
        yield client.get_default_database()


@pytest.fixture
async def store(open_mongo: MongoOpener) -> MongoStore:
    return await open_mongo()


async def test_an_append_is_one_document_with_its_claims_and_its_head(store: MongoStore, raw: Raw) -> None:
    head = Head("c-1", 3, True, EVENING + HOUR, EVENING)
    await store.append(Record("c-1", 1, 3, b"sealed", (b"a", b"b"), (1, 3), head))
    documents = await raw.records.find().to_list()
    assert len(documents) == 1
    assert documents[0]["_id"] == {"log": "c-1", "first_seq": 1}
    assert documents[0]["claims"] == [{"claim": b"a", "seq": 1}, {"claim": b"b", "seq": 3}]
    assert documents[0]["head"]["live"]


async def test_those_who_wait_together_go_in_few_commands_that_ask_for_a_majority(
    store: MongoStore, raw: Raw
) -> None:
    await raw.command("profile", 2)
    await asyncio.gather(*[store.append(record(f"c-{n}", 1, f"{n}".encode())) for n in range(1_500)])
    await raw.command("profile", 0)
    inserts = await raw.system.profile.find({"op": "insert", "ns": f"{raw.name}.records"}).to_list()
    await raw.system.profile.drop()
    assert sum(each["ninserted"] for each in inserts) == 1_500
    assert 2 <= len(inserts) <= 6
    for insert in inserts:
        assert (
            insert["command"]["writeConcern"] | {"w": "majority", "j": True}
            == insert["command"]["writeConcern"]
        )
        assert not insert["command"]["ordered"]


async def test_whoever_was_answered_together_and_writes_again_goes_together_though_not_in_one_moment(
    store: MongoStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes, insert = list[int](), store._appends._insert

    async def counted(jobs: list[Any], *given: Any) -> list[Any]:
        sizes.append(len(jobs))
        return await insert(jobs, *given)

    monkeypatch.setattr(store._appends, "_insert", counted)

    async def talk(n: int) -> None:
        for seq in range(1, 6):
            await store.append(record(f"c-{n}", seq))
            for _ in range(5 * n):  # each is read from their line a little later than the one before
                await asyncio.sleep(0)

    await asyncio.gather(*[talk(n) for n in range(12)])
    assert len(sizes) < 8, f"sixty records of twelve writers: {sizes}"
    for seq in range(1, 4):
        await store.append(record("c-alone", seq))
    assert max(store._appends._sizes) == 1, "the others are still expected"


def test_whoever_writes_alone_after_many_waits_a_moment_and_never_for_somebody_else(
    database: str,
) -> None:
    """On the loop that serves, whose timers may come a little before their time by its own clock."""

    async def slowest() -> float:
        store = await MongoStore.open(database, SystemClock())
        waits = []
        for n in range(200):
            store._appends._sizes.extend((50, 50))
            began = time.monotonic()
            await store.append(record(f"c-{n}", 1))
            waits.append(time.monotonic() - began)
        await store.close()
        return max(waits)

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        assert runner.run(slowest()) < Bounds().wait_seconds / 2


async def test_of_two_processes_one_gets_the_place_and_the_other_may_go_on_from_it(
    open_mongo: MongoOpener,
) -> None:
    one, other = await open_mongo(), await open_mongo()
    await one.append(record("c-1", 1))
    await other.append(record("c-1", 2))
    with pytest.raises(Conflict):
        await one.append(record("c-1", 2))
    await one.append(record("c-1", 3))
    assert [each.first_seq for each in await other.read("c-1")] == [1, 2, 3]


async def test_many_processes_at_once_leave_neither_gap_nor_double(open_mongo: MongoOpener) -> None:
    stores = [await open_mongo() for _ in range(3)]

    async def write(store: MongoStore, who: int) -> int:
        kept = 0
        while kept < 15:
            last = await store.read("c-1")
            seq = last[-1].last_seq + 1 if last else 1
            try:
                await store.append(Record("c-1", seq, 1, bytes([who])))
                kept += 1
            except Conflict:
                continue
        return kept

    await asyncio.gather(*[write(store, who) for who, store in enumerate(stores)])
    kept = await stores[0].read("c-1")
    assert [each.first_seq for each in kept] == list(range(1, 46))
    assert sorted(each.body[0] for each in kept) == [0] * 15 + [1] * 15 + [2] * 15


async def test_a_claim_is_held_once_whichever_process_made_it(open_mongo: MongoOpener) -> None:
    one, other = await open_mongo(), await open_mongo()
    outcomes = await asyncio.gather(
        one.append(record("c-1", 1, b"phone")),
        other.append(record("c-2", 1, b"phone")),
        return_exceptions=True,
    )
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["ClaimTaken", "NoneType"]
    refused = next(outcome for outcome in outcomes if isinstance(outcome, ClaimTaken))
    assert await one.find(b"phone") == await other.find(b"phone") == (refused.log, 1)


async def test_documents_audit_and_change_numbers_are_one_for_all_processes(open_mongo: MongoOpener) -> None:
    stores = [await open_mongo() for _ in range(3)]
    documents = await asyncio.gather(
        *[store.put("shift", f"{n}-{m}", b"-", 0) for n, store in enumerate(stores) for m in range(8)]
    )
    assert sorted(each.change for each in documents) == list(range(1, 25))
    await asyncio.gather(*[store.audit(bytes([n])) for n, store in enumerate(stores) for _ in range(8)])
    entries = await stores[0].audit_entries()
    assert [entry.n for entry in entries] == list(range(1, 25))
    assert first_break(entries) is None


async def test_a_log_opened_again_elsewhere_stays_live_although_the_first_process_ended_it(
    open_mongo: MongoOpener,
) -> None:
    one, other = await open_mongo(), await open_mongo()
    for n in range(10):
        log = f"c-{n}"
        await one.append(record(log, 1, head=Head(log, 1, True, None, EVENING)))
        await one.append(record(log, 2, head=Head(log, 2, False, None, EVENING)))
        again = Head(log, 3, True, EVENING + HOUR, EVENING)
        await other.append(record(log, 3, head=again))
        assert again in await other.heads()
    await one.close()  # what it was still tidying is done by now
    assert len(await other.heads()) == 10


async def test_a_record_that_was_marked_live_but_never_came_is_no_live_log(
    store: MongoStore, raw: Raw
) -> None:
    await raw.logs.insert_one({"_id": "c-1", "live": True, "opened_at": 0, "seq": 1})
    assert await store.heads() == []
    assert await store.logs("c-", datetime(1970, 1, 1, tzinfo=UTC), EVENING) == []


async def test_past_the_bounds_a_record_is_refused_at_once_and_room_comes_back(
    open_mongo: MongoOpener,
) -> None:
    store = await open_mongo(Bounds(records=3))
    waiting = [asyncio.ensure_future(store.append(record(f"c-{n}"))) for n in range(3)]
    await asyncio.sleep(0)
    with pytest.raises(NotSaved):
        await store.append(record("c-3"))
    assert not ready(store)
    await asyncio.gather(*waiting)
    assert ready(store)
    await store.append(record("c-3"))


async def test_a_record_larger_than_the_engine_keeps_is_the_callers_mistake(store: MongoStore) -> None:
    with pytest.raises(ValueError, match="16 MB"):
        await store.append(Record("c-1", 1, 1, bytes(16 * 1024 * 1024)))
    await store.append(Record("c-1", 1, 1, bytes(15 * 1024 * 1024)))


async def test_every_declared_index_is_there_and_what_is_asked_often_uses_one(
    open_mongo: MongoOpener, raw: Raw
) -> None:
    store = await open_mongo()
    for name, indexes in INDEXES.items():
        there = await raw[name].index_information()
        assert {model.document["name"] for model in indexes} | {"_id_"} == set(there)
    for n in range(50):
        head = Head(f"c-{n}", 1, True, None, EVENING)
        await store.append(record(f"c-{n}", 1, f"{n}".encode(), head=head))
    asked = {
        "claims": raw.records.find({"claims.claim": b"7"}),
        "live": raw.logs.find({"live": True}),
        "opening": raw.logs.find({"opened_at": {"$gte": 0}}).sort([("opened_at", -1), ("_id", -1)]),
        "heads": raw.records.find({"_id.log": {"$in": ["c-1"]}, "head": {"$exists": True}}),
    }
    for index, cursor in asked.items():
        plan = str((await cursor.explain())["queryPlanner"]["winningPlan"])
        assert f"'indexName': '{index}'" in plan
        assert "COLLSCAN" not in plan


async def test_a_missing_index_is_made_at_the_start_and_a_different_one_refused(
    open_mongo: MongoOpener, raw: Raw
) -> None:
    await (await open_mongo()).close()
    await raw.records.drop_index("claims")
    await (await open_mongo()).close()
    assert (await raw.records.index_information())["claims"]["unique"]
    await raw.records.drop_index("claims")
    await raw.records.create_indexes([IndexModel([("claims.claim", 1)], name="claims")])
    with pytest.raises(StoreElsewhere, match="the index claims of records"):
        await open_mongo()
    await raw.records.drop_index("claims")


async def test_whoever_goes_away_while_a_connection_opens_leaves_no_socket_behind(
    open_mongo: MongoOpener,
) -> None:
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always", ResourceWarning)
        for turns in range(0, 40, 4):
            store = await open_mongo()
            asking = [asyncio.ensure_future(store.get("person", str(number))) for number in range(20)]
            for _ in range(turns):  # each one is at another point of opening a connection of its own
                await asyncio.sleep(0)
            for one in asking:
                one.cancel()
            await asyncio.wait(asking)
            await store.close()
        gc.collect()
    assert [str(one.message) for one in said] == []


async def test_data_of_a_later_version_is_left_alone(open_mongo: MongoOpener, raw: Raw) -> None:
    await (await open_mongo()).close()
    await raw.meta.update_one({"_id": "shape"}, {"$set": {"value": 99}})
    with pytest.raises(StoreElsewhere, match="later version"):
        await open_mongo()


async def test_a_single_mongodb_is_refused_and_an_absent_one_named(tmp_path: Path) -> None:
    port, log = free_ports(1)[0], tmp_path / "log"
    short = Bounds(wait_seconds=1.0)
    with pytest.raises(StoreElsewhere, match=f"mongodb://127.0.0.1:{port}/ cannot be reached"):
        await MongoStore.open(f"mongodb://127.0.0.1:{port}/", SystemClock(), bounds=short)
    (tmp_path / "data").mkdir()
    process = started([mongod(), f"--dbpath={tmp_path / 'data'}", f"--port={port}", *SMALL], log)
    try:
        with direct(f"127.0.0.1:{port}", 60_000) as client:
            wait_for("answering", lambda: bool(client.admin.command("ping")), log)
        with pytest.raises(StoreElsewhere, match="not a replica set"):
            await MongoStore.open(f"mongodb://127.0.0.1:{port}/", SystemClock())
    finally:
        process.kill()
        process.wait()


@pytest.mark.parametrize("address", ["mongodb://", "mongodb://host:port/", "mysql://host/"])
async def test_an_address_that_cannot_be_is_refused_with_an_example(address: str) -> None:
    with pytest.raises(StoreElsewhere, match="Write it as mongodb://"):
        await MongoStore.open(address, SystemClock())


def test_an_address_is_shown_without_its_secrets() -> None:
    address = "mongodb://helpline:hunter2@one:27017,two:27017/night?authSource=admin&tlsCertificateKeyFilePassword=x"
    assert shown(address) == "mongodb://one:27017,two:27017/night"


async def test_without_a_bus_a_second_server_is_refused_by_the_name_of_the_first(
    replica_set: str, open_mongo: MongoOpener, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = database_in(replica_set, f"test_{os.getpid()}")
    monkeypatch.setattr("helpline.stores.mongo_owner.LASTS", timedelta(seconds=1))
    monkeypatch.setattr("helpline.stores.mongo_owner.RENEW_EVERY", 0.2)
    first = await MongoStore.open(address, SystemClock(), alone=True)
    with pytest.raises(StoreBusy, match=f"open elsewhere, by process {os.getpid()} on"):
        await MongoStore.open(address, SystemClock(), alone=True)
    with pytest.raises(StoreBusy, match="shares no bus"):
        await open_mongo()
    with pytest.raises(StoreBusy, match=f"process {os.getpid()} on"):
        await MongoShelf.open(address, SystemClock().now())
    await first.append(record("c-1"))
    await first.close()
    second = await MongoStore.open(address, SystemClock(), alone=True)
    await second.close()


async def test_without_a_bus_nobody_opens_what_nodes_with_one_have_open(
    replica_set: str, open_mongo: MongoOpener, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("helpline.stores.mongo_owner.LASTS", timedelta(seconds=0.5))
    monkeypatch.setattr("helpline.stores.mongo_owner.RENEW_EVERY", 0.1)
    node = await open_mongo()
    now = await node.now()
    assert await node.lease("node n-1", "n-1", now + HOUR, now)
    with pytest.raises(StoreBusy, match="the node n-1"):
        await MongoStore.open(database_in(replica_set, f"test_{os.getpid()}"), SystemClock(), alone=True)


async def test_what_a_server_that_died_on_another_machine_held_is_waited_for(
    replica_set: str, open_mongo: MongoOpener
) -> None:
    store = await open_mongo()
    now = await store.now()
    assert await store.lease(ALONE, "process 1 on elsewhere (ab)", now + timedelta(seconds=1), now)
    address = database_in(replica_set, f"test_{os.getpid()}")
    alone = await MongoStore.open(address, SystemClock(), alone=True)
    assert await store.now() >= now + timedelta(seconds=1)
    await alone.close()


async def test_what_a_killed_server_of_this_machine_held_is_taken_over_at_once(
    replica_set: str, open_mongo: MongoOpener
) -> None:
    store = await open_mongo()
    dead = await asyncio.create_subprocess_exec("true")
    await dead.wait()
    now = await store.now()
    assert await store.lease(ALONE, f"process {dead.pid} on {socket.gethostname()} (ab)", now + HOUR, now)
    address = database_in(replica_set, f"test_{os.getpid()}")
    async with asyncio.timeout(10):
        alone = await MongoStore.open(address, SystemClock(), alone=True)
    await alone.close()
