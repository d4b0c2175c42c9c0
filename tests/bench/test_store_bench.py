"""What `bench store` measures: the same documents, both ways."""

import time
from collections.abc import AsyncIterator
from os import getpid

import pytest

from bench.appends import BODY, FULL, QUICK, STORE, WRITERS, Driver, Ours, record, versus_best
from bench.figures import Rounds
from helpline.clock import SystemClock
from helpline.stores.mongo import MongoStore
from helpline.stores.mongo_shape import Database, connected
from tests.engines import database_in


@pytest.fixture
async def database(replica_set: str) -> AsyncIterator[Database]:
    client, database = connected(database_in(replica_set, f"bench_{getpid()}"), 10)
    yield database
    await client.drop_database(database)
    await client.close()


def test_both_forms_take_medians_of_three_rounds_and_more() -> None:
    assert min(QUICK.rounds, FULL.rounds) >= 3
    assert WRITERS == (50, 500)


async def test_the_driver_and_the_store_keep_the_same_and_count_what_they_kept(
    database: Database, replica_set: str
) -> None:
    store = await MongoStore.open(database_in(replica_set, database.name), SystemClock())
    driver = Driver(database)
    await driver.prepare()
    soon = time.monotonic() + 0.2
    assert await Ours(store).append(6, soon) == await database.records.count_documents({}) > 0
    plain = 0
    for turn in (driver.one_by_one, driver.together, driver.in_two_lanes):
        plain += await turn(6, time.monotonic() + 0.1)
    assert plain == await database.plain.count_documents({}) > 0
    ours, theirs = await database.records.find_one(), await database.plain.find_one()
    assert ours is not None
    assert theirs is not None
    assert ours.keys() == theirs.keys()
    assert len(ours["body"]) == len(theirs["body"]) == BODY
    assert await database.records.index_information() == await database.plain.index_information()
    await store.close()


def test_the_yardstick_is_the_fastest_way_of_the_driver() -> None:
    rates = Rounds()
    for name, rate in ((STORE, 90.0), ("insert_many", 100.0), ("insert_one", 30.0)):
        rates.add(name, rate)
    assert versus_best(rates) == 0.9


def test_no_two_records_are_the_same() -> None:
    one, other = record("c-1", 1), record("c-1", 1)
    assert one.body != other.body
    assert one.claims != other.claims
