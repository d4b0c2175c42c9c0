"""Conversations kept in MongoDB, over a server that is killed and a replica set that loses its primary."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.crash.evening import definition_for, finish, persons, signed_in
from tests.crash.server import Driver, Server
from tests.crash.verdict import mistakes, talks_of
from tests.engines import ReplicaSet, database_in

SUPPORTERS = 3
PERSONS = 20
BETWEEN = 20
SEED = 20_260_307


@pytest.fixture
def breakable(tmp_path: Path) -> Iterator[ReplicaSet]:
    replica_set = ReplicaSet(tmp_path / "members")
    yield replica_set
    for member in replica_set.members:
        member.thaw()
    replica_set.close()


@pytest.fixture
async def server(tmp_path: Path, breakable: ReplicaSet) -> AsyncIterator[Server]:
    store = database_in(breakable.address, "night")
    server = Server(tmp_path / "service", definition_for(tmp_path, SUPPORTERS), store=store)
    await server.start()
    yield server
    await server.kill()


@pytest.mark.timeout(600)
async def test_neither_a_killed_server_nor_a_lost_primary_loses_or_doubles_a_word(
    server: Server, driver: Driver, breakable: ReplicaSet
) -> None:
    async def go_on(after: str) -> None:
        began = time.monotonic()
        now = await driver.do("count")
        await driver.do("until", acked=now["acked"] + BETWEEN)
        print(f"{after}: {BETWEEN} more kept after {time.monotonic() - began:.1f} s")

    supporters = await signed_in(server, SUPPORTERS)
    await driver.do("point", number=0)
    await driver.do("begin", url=server.url, seed=SEED, supporters=supporters, persons=persons(PERSONS))
    await go_on("calm")
    await asyncio.to_thread(breakable.step_down)
    await go_on("the primary stepped down")
    await server.kill()
    await server.start()
    await driver.do("point", number=1)
    await go_on("the server was killed")
    dead = await asyncio.to_thread(breakable.primary)
    dead.kill()
    await go_on("the primary was killed")
    dead.revive()
    await asyncio.to_thread(breakable.whole)
    (await asyncio.to_thread(breakable.primary)).freeze()
    await go_on("the primary hangs")
    caught_up = PERSONS + SUPPORTERS + 1
    await driver.do("until", acked=150, live=PERSONS, caughtUp=caught_up)
    report, kept = await finish(server, driver)
    wrong = mistakes(talks_of(report), kept, ["the server was killed", "after the last"])
    assert not wrong, "\n".join(wrong)
    assert len(kept.contacts) == PERSONS
