"""Keys in a MongoDB of their own: one command for many, nothing handed out that is lost, one service however many start."""

import asyncio
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pymongo import AsyncMongoClient
from pymongo.asynchronous.database import AsyncDatabase
from structlog.testing import capture_logs

from app import DEMO
from helpline.clock import SystemClock
from helpline.definition import read_definition
from helpline.errors import BadRequest, HelplineError, KeyMissing, NotSaved
from helpline.keyring import KeysElsewhere, refuse_others_data
from helpline.service import Helpline
from helpline.service_key import KeyUnfit, ServiceKey
from helpline.settings import Settings
from helpline.stores.mongo import MongoStore
from helpline.stores.mongo_keys import MongoKeys
from helpline.stores.mongo_shape import StoreElsewhere
from helpline.stores.opening import open_keys
from helpline.stores.owner import make_folder
from helpline.stores.records import Bounds
from tests.engines import ReplicaSet, database_in, emptied
from tests.helpline.keys.conftest import CLASSES, FileOpener, MongoOpener, modes_of

HOUSE = Path(__file__).resolve().parents[3]
FIRST_START = """
import asyncio, sys
from pathlib import Path
from helpline.stores.mongo_keys import MongoKeys

async def started(address, folder):
    keys = await MongoKeys.open(address, Path(folder), data_exists=False)
    print(keys.mark, (await keys.create("d-audit", ["document"]))["document"].hex())
    await keys.close()

try:
    asyncio.run(started(*sys.argv[1:]))
except Exception as refused:
    print(f"{type(refused).__name__}: {refused}")
"""
"""A node's first start, as far as its keys go, in a process of its own."""


@pytest.fixture
async def raw(key_store: str) -> AsyncIterator[AsyncDatabase[dict[str, Any]]]:
    """The database of the keys as the engine shows it."""
    async with AsyncMongoClient[dict[str, Any]](key_store) as client:
        yield client.get_default_database()


@pytest.fixture
def data(replica_set: str) -> str:
    return emptied(replica_set, "beside_keys")


def same_service_key(folder: Path, *others: Path) -> None:
    """Make a service key in `folder`, and have `others` hold the same."""
    make_folder(folder)
    ServiceKey.make(folder / "service.key")
    for other in others:
        make_folder(other)
        (other / "service.key").write_bytes((folder / "service.key").read_bytes())
        (other / "service.key").chmod(0o600)


async def test_many_contacts_beginning_at_once_share_commands_that_ask_for_a_majority_and_its_journal(
    open_mongo: MongoOpener, raw: AsyncDatabase[dict[str, Any]]
) -> None:
    keys = await open_mongo()
    await raw.command("profile", 2)
    created = await asyncio.gather(*[keys.create(f"c-{n}", CLASSES) for n in range(300)])
    await raw.command("profile", 0)
    inserts = await raw.system.profile.find({"op": "insert", "ns": f"{raw.name}.keys"}).to_list()
    await raw.system.profile.drop()
    assert len({key for each in created for key in each.values()}) == 1_200
    assert sum(each["ninserted"] for each in inserts) == 300
    assert len(inserts) <= 3
    for each in inserts:
        concern = each["command"]["writeConcern"]
        assert (concern["w"], concern["j"]) == ("majority", True)


async def test_no_key_is_in_clear_in_the_database(
    open_mongo: MongoOpener, raw: AsyncDatabase[dict[str, Any]]
) -> None:
    created = await (await open_mongo()).create("c-1", CLASSES)
    kept = await raw["keys"].find_one({"_id": "c-1"})
    assert kept is not None
    assert kept["classes"].keys() == created.keys()
    assert all(key not in wrapped for key in created.values() for wrapped in kept["classes"].values())


async def test_of_a_destroyed_key_the_database_shows_nothing_more(
    open_mongo: MongoOpener, raw: AsyncDatabase[dict[str, Any]]
) -> None:
    keys = await open_mongo()
    await keys.create("c-1", CLASSES)
    await keys.destroy("c-1", CLASSES[:3])
    kept = await raw["keys"].find_one({"_id": "c-1"})
    assert kept is not None
    assert list(kept["classes"]) == ["reach"]


async def test_the_engine_remembers_a_destroyed_key_for_a_while_and_says_for_how_long(
    open_mongo: MongoOpener, raw: AsyncDatabase[dict[str, Any]]
) -> None:
    keys = await open_mongo()
    began = datetime.now(UTC)
    await keys.create("c-1", CLASSES)
    kept = await raw["keys"].find_one({"_id": "c-1"})
    await keys.destroy("c-1", CLASSES)
    assert kept is not None
    oplog = raw.client["local"]["oplog.rs"]
    assert await oplog.find_one({"o._id": "c-1", "o.classes.words": kept["classes"]["words"]}) is not None
    since = await keys.remembers_since()
    assert since is not None
    assert since < began


@pytest.fixture
def breakable(tmp_path: Path) -> Iterator[ReplicaSet]:
    replica_set = ReplicaSet(tmp_path / "members")
    yield replica_set
    for member in replica_set.members:
        member.thaw()
    replica_set.close()


async def test_no_key_that_was_handed_out_is_lost_when_the_primary_is_killed_or_hangs(
    breakable: ReplicaSet, tmp_path: Path, proving: bool
) -> None:
    address = database_in(breakable.address, "keys")
    same_service_key(tmp_path / "one", tmp_path / "other")
    nodes = [await MongoKeys.open(address, tmp_path / each, data_exists=False) for each in ("one", "other")]
    handed_out: list[dict[str, dict[str, bytes]]] = [{}, {}]
    stop = False

    async def begin(node: int, lane: int) -> None:
        """People begin, one after the other; every second log is begun at both nodes."""
        n = 0
        while not stop:
            log = f"c-{lane}-{n}" + ("" if n % 2 else f"-{node}")
            with suppress(NotSaved):
                handed_out[node][log] = await nodes[node].create(log, CLASSES)
            n += 1

    beginning = [asyncio.ensure_future(begin(node, lane)) for node in (0, 1) for lane in range(8)]

    async def more() -> None:
        before = [len(each) for each in handed_out]
        while not all(len(each) >= n + 40 for each, n in zip(handed_out, before, strict=True)):  # noqa: ASYNC110
            await asyncio.sleep(0.02)

    await more()
    dead = await asyncio.to_thread(breakable.primary)
    dead.kill()
    await more()
    if proving:
        dead.revive()
        await asyncio.to_thread(breakable.whole)
        hanging = await asyncio.to_thread(breakable.primary)
        hanging.freeze()
        await more()
        hanging.thaw()
    stop = True
    await asyncio.gather(*beginning)
    for node in nodes:
        await node.close()
    fresh = await MongoKeys.open(address, tmp_path / "one", data_exists=True)
    try:
        for each in handed_out:
            for log, keys in each.items():
                assert await fresh.get(log) == keys
    finally:
        await fresh.close()
    assert len(handed_out[0].keys() & handed_out[1].keys()) > 20


async def test_while_the_key_store_is_away_whoever_needs_a_new_key_is_told_to_try_again(
    tmp_path: Path, key_store: str
) -> None:
    keys = await MongoKeys.open(
        key_store, tmp_path / "keys", data_exists=False, bounds=Bounds(wait_seconds=0.3)
    )
    held = await keys.create("c-1", CLASSES)
    assert await keys.answering()
    await keys._client.close()
    assert not await keys.answering()
    for asked in (keys.create("c-2", CLASSES), keys.reread("c-3"), keys.destroy("c-3", ["words"])):
        with pytest.raises(HelplineError) as refused:
            await asked
        assert refused.value.code == "not_saved"
    assert await keys.get("c-1") == held


# -- who belongs with whom -----------------------------------------------------------------------------------------


async def first_start(address: str, folder: Path) -> str:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", FIRST_START, address, str(folder), cwd=HOUSE, stdout=asyncio.subprocess.PIPE
    )
    return (await process.communicate())[0].decode().strip()


async def test_nodes_that_start_at_once_with_the_same_service_key_make_one_set_of_keys(
    tmp_path: Path, key_store: str
) -> None:
    same_service_key(tmp_path / "one", tmp_path / "two")
    said = await asyncio.gather(*[first_start(key_store, tmp_path / n) for n in ("one", "two")])
    assert len(set(said)) == 1, said
    assert ":" not in said[0]


async def test_of_nodes_that_each_make_a_service_key_one_goes_on_and_the_other_says_what_to_copy(
    tmp_path: Path, open_mongo: MongoOpener
) -> None:
    folders = [tmp_path / "one", tmp_path / "two"]
    opened = await asyncio.gather(*[open_mongo(folder) for folder in folders], return_exceptions=True)
    (won,) = [n for n, each in enumerate(opened) if isinstance(each, MongoKeys)]
    winner, loser = folders[won], folders[1 - won]
    assert isinstance(opened[1 - won], KeyUnfit)
    assert f"copy service.key from the node that started first to {loser}" in str(opened[1 - won])
    # What it made opens nothing and must not be taken for the service's own.
    assert [(folder / "service.key").exists() for folder in (winner, loser)] == [True, False]
    with pytest.raises(KeyMissing, match=r"copy service\.key from the node that started first"):
        await open_mongo(loser)
    (loser / "service.key").write_bytes((winner / "service.key").read_bytes())
    (loser / "service.key").chmod(0o600)
    assert (await open_mongo(loser)).mark == (await open_mongo(winner)).mark


async def test_workers_that_start_at_once_in_one_folder_make_one_service_key(
    folder: Path, open_mongo: MongoOpener
) -> None:
    opened = await asyncio.gather(*[open_mongo() for _ in range(4)])
    assert len({keys.mark for keys in opened}) == 1
    assert modes_of(folder) == {"keys": 0o700, "service.key": 0o600}


async def test_a_key_store_with_nothing_in_it_is_not_taken_for_the_one_of_the_data(
    folder: Path, open_mongo: MongoOpener
) -> None:
    same_service_key(folder)
    with pytest.raises(KeyMissing, match=r"holds no keys.*helpline keys restore"):
        await open_mongo(data_exists=True)


async def test_another_service_key_is_refused_by_name_and_stays_where_it_is(
    tmp_path: Path, open_mongo: MongoOpener
) -> None:
    first = await open_mongo()
    same_service_key(tmp_path / "other")
    with pytest.raises(KeyUnfit, match=f"belongs to the service key {first.service_key.id}") as refused:
        await open_mongo(tmp_path / "other")
    assert "taken away" not in str(refused.value)
    assert (tmp_path / "other" / "service.key").exists()


async def test_keys_are_not_kept_where_the_data_is(tmp_path: Path, key_store: str, data: str) -> None:
    for same in (key_store, key_store.replace("?", "?appName=other&")):
        with pytest.raises(BadRequest, match="is where the data is"):
            await open_keys(same, tmp_path / "keys", key_store, data_exists=False)
    store = await MongoStore.open(data, SystemClock())
    await store.close()
    # Even when the two addresses look different.
    with pytest.raises(StoreElsewhere, match="holds the data of a service"):
        await open_keys(data, tmp_path / "keys", "", data_exists=False)


async def test_data_is_not_kept_where_the_keys_are(tmp_path: Path, key_store: str) -> None:
    keys = await MongoKeys.open(key_store, tmp_path / "keys", data_exists=False)
    await keys.close()
    with pytest.raises(StoreElsewhere, match="holds the keys of a service"):
        await MongoStore.open(key_store, SystemClock())


async def test_one_deployment_for_both_is_warned_of(tmp_path: Path, key_store: str, data: str) -> None:
    with capture_logs() as said:
        keys = await open_keys(key_store, tmp_path / "keys", data, data_exists=False)
    await keys.close()
    assert any("in one deployment" in each["event"] for each in said)


def test_an_address_that_is_none_is_told_with_its_right_form(tmp_path: Path) -> None:
    with pytest.raises(BadRequest, match="--key-store: write it as mongodb://"):
        Settings(definition=DEMO, data=tmp_path / "data", keys=tmp_path / "keys", key_store="redis://there")


# -- the data and its keys -----------------------------------------------------------------------------------------


async def opened(folder: Path, store: str, key_store: str = "", bus: str = "") -> Helpline:
    return await Helpline.open(
        read_definition(DEMO),
        data=folder / "data",
        keys=folder / "keys",
        clock=SystemClock(),
        store=store,
        key_store=key_store,
        bus=bus,
    )


async def test_the_whole_service_lives_by_a_key_store(tmp_path: Path, key_store: str, data: str) -> None:
    helpline = await opened(tmp_path, data, key_store)
    accounts = {account.id for account in helpline.people}
    await helpline.close()
    # A second machine with the same service key has nothing else of the first.
    same = tmp_path / "other" / "keys"
    make_folder(same)
    (same / "service.key").write_bytes((tmp_path / "keys" / "service.key").read_bytes())
    (same / "service.key").chmod(0o600)
    helpline = await opened(tmp_path / "other", data, key_store)
    assert {account.id for account in helpline.people} == accounts
    await helpline.close()
    assert [path.name for path in same.iterdir()] == ["service.key"]


async def test_a_machine_with_keys_of_its_own_is_refused_by_the_data(
    tmp_path: Path, open_file: FileOpener, data: str
) -> None:
    same_service_key(tmp_path / "one", tmp_path / "same")
    one, same, other = [await open_file(tmp_path / each) for each in ("one", "same", "other")]
    store = await MongoStore.open(data, SystemClock())
    await refuse_others_data(one, store)
    with pytest.raises(
        KeysElsewhere, match=f"but this node has {other.service_key.id}.*the same service.key"
    ):
        await refuse_others_data(other, store)
    # With the right service key, but with keys of its own.
    with pytest.raises(KeysElsewhere, match="share their keys: say where they are with --key-store"):
        await refuse_others_data(same, store)
    await refuse_others_data(one, store)
    await store.close()
