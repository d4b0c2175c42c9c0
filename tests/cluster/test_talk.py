"""People and supporters talk by the official client over several real nodes, while what is between them fails."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.cluster.balancer import Balancer
from tests.crash.evening import definition_for, finish, persons, signed_in
from tests.crash.server import Driver, Server
from tests.crash.verdict import mistakes, talks_of
from tests.engines import Redis

SUPPORTERS = 3
PERSONS = 18
OpenServer = Callable[[], Awaitable[Server]]


@pytest.fixture
async def driver() -> AsyncIterator[Driver]:
    driver = await Driver.launch()
    yield driver
    await driver.close()


@pytest.fixture
async def open_server(tmp_path: Path, database: str, redis: Redis) -> AsyncIterator[OpenServer]:
    """Starts one more node: a process of its own on the folder and keys that all nodes of this machine share."""
    definition = definition_for(tmp_path, SUPPORTERS)
    running: list[Server] = []

    async def open_one() -> Server:
        log = tmp_path / f"node-{len(running)}.log"
        server = Server(tmp_path / "service", definition, log=log, store=database, bus=redis.address)
        running.append(server)
        await server.start()
        return server

    yield open_one
    for server in running:
        await server.kill()


async def ready(server: Server) -> dict[str, Any]:
    """What a node says of itself."""
    async with aiohttp.ClientSession() as asking, asking.get(f"{server.url}/readyz") as answer:
        said: dict[str, Any] = await answer.json()
        return said


async def dispatches(server: Server) -> None:
    """Returns once this node does."""
    while not (await ready(server))["dispatches"]:  # noqa: ASYNC110 (another process: nothing tells but asking)
        await asyncio.sleep(0.1)


async def begun(driver: Driver, server: Server, url: str) -> None:
    supporters = await signed_in(server, SUPPORTERS, pause=400)
    talkers = [{**one, "polling": False, "pause": 250} for one in persons(PERSONS)]
    await driver.do("point", number=0)
    await driver.do("begin", url=url, seed=6, timeout=8_000, supporters=supporters, persons=talkers)
    await driver.do("until", live=PERSONS)


async def more(driver: Driver, messages: int) -> None:
    now = await driver.do("count")
    await driver.do("until", acked=now["acked"] + messages)


async def judged(driver: Driver, last: Server, points: list[str]) -> int:
    """Nothing lost, doubled, out of order, nobody with two; how many messages that were."""
    report, kept = await finish(last, driver)
    talks = talks_of(report)
    wrong = mistakes(talks, kept, points)
    assert not wrong, "\n".join(wrong)
    assert len(talks) == PERSONS
    return sum(len(side.said) for talk in talks for side in (talk.person, *talk.desks))


@pytest.mark.timeout(300)
async def test_words_go_both_ways_in_order_while_redis_dies_and_comes_back_and_then_a_node_is_killed(
    open_server: OpenServer, driver: Driver, redis: Redis
) -> None:
    one, other = await open_server(), await open_server()
    dispatching, following = (one, other) if (await ready(one))["dispatches"] else (other, one)
    assert not (await ready(following))["dispatches"]
    async with Balancer([one.port, other.port]) as balancer:
        await begun(driver, one, balancer.url)
        assert min(balancer.handed.values()) > 5, balancer.handed
        await more(driver, 100)
        await driver.do("point", number=1)
        redis.kill()
        await more(driver, 100)
        silent = await ready(following)
        assert (silent["bus"], silent["ready"]) == ("silent", True)
        await driver.do("point", number=2)
        redis.revive()
        await more(driver, 100)
        await driver.do("point", number=3)
        balancer.ports.remove(dispatching.port)
        await dispatching.kill()
        await more(driver, 100)
        async with asyncio.timeout(20):
            await dispatches(following)
        await judged(driver, following, ["heard", "silent", "heard again", "one was killed"])


@pytest.mark.timeout(300)
async def test_a_whole_evening_goes_on_without_redis_and_when_a_node_is_told_to_stop(
    open_server: OpenServer, driver: Driver, redis: Redis
) -> None:
    redis.kill()
    one, other = await open_server(), await open_server()
    dispatching, following = (one, other) if (await ready(one))["dispatches"] else (other, one)
    async with Balancer([one.port, other.port]) as balancer:
        await begun(driver, one, balancer.url)
        assert min(balancer.handed.values()) > 5, balancer.handed
        await more(driver, 150)
        await driver.do("point", number=1)
        balancer.ports.remove(dispatching.port)
        await dispatching.stop()
        await more(driver, 100)
        async with asyncio.timeout(20):
            await dispatches(following)
        await judged(driver, following, ["silent", "one was told to stop"])
