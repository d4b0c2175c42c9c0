"""Nodes are brought to another version one after the other, while people talk by the official client."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from helpline.events import Said, Unknown
from tests.cluster.balancer import Balancer
from tests.cluster.test_talk import SUPPORTERS, begun, more, ready
from tests.cluster.versions import earlier_version, next_version
from tests.crash.evening import Kept, definition_for, finish
from tests.crash.server import APP, Driver, Server
from tests.crash.verdict import mistakes, talks_of
from tests.engines import Redis

EACH = 40
POINTS = ["one version", "two versions", "the other version"]
OpenVersion = Callable[[tuple[str, ...]], Awaitable[Server]]


@pytest.fixture
async def driver() -> AsyncIterator[Driver]:
    driver = await Driver.launch()
    yield driver
    await driver.close()


@pytest.fixture
async def open_version(tmp_path: Path, database: str, redis: Redis) -> AsyncIterator[OpenVersion]:
    definition = definition_for(tmp_path, SUPPORTERS)
    running: list[Server] = []

    async def open_one(program: tuple[str, ...]) -> Server:
        log = tmp_path / f"node-{len(running)}.log"
        server = Server(
            tmp_path / "service", definition, program=program, log=log, store=database, bus=redis.address
        )
        running.append(server)
        await server.start()
        return server

    yield open_one
    for server in running:
        await server.kill()


async def upgraded(
    open_version: OpenVersion, driver: Driver, old: tuple[str, ...], new: tuple[str, ...], replaced: int
) -> tuple[Kept, list[Server]]:
    """Of two nodes of the old version so many are replaced by new ones, until only a new one is left."""
    nodes = [await open_version(old), await open_version(old)]
    async with Balancer([node.port for node in nodes]) as balancer:
        await begun(driver, nodes[0], balancer.url)
        await more(driver, EACH)
        for point, leaves in enumerate(nodes[:replaced], start=1):
            comes = await open_version(new)
            nodes.append(comes)
            balancer.ports.append(comes.port)
            await driver.do("point", number=point)
            await more(driver, EACH)
            balancer.ports.remove(leaves.port)
            await leaves.stop()
        await more(driver, EACH)
        assert (await ready(nodes[-1]))["bus"] == "heard"
        balancer.ports.remove(nodes[-2].port)
        await nodes[-2].stop()
        report, kept = await finish(nodes[-1], driver)
    wrong = mistakes(talks_of(report), kept, POINTS)
    assert not wrong, "\n".join(wrong)
    for node in nodes:
        assert "a turn among the nodes failed" not in node.said()
        assert "went wrong" not in node.said()
    return kept, nodes


@pytest.mark.timeout(600)
async def test_nodes_of_the_next_version_take_over_and_this_one_keeps_what_it_does_not_know(
    open_version: OpenVersion, driver: Driver, tmp_path: Path, proving: bool
) -> None:
    program = (str(next_version(tmp_path / "next")),)
    kept, _ = await upgraded(open_version, driver, APP, program, 2 if proving else 1)
    events = [event for log in kept.contacts.values() for event in log.events]
    candles = [event.body for event in events if event.kind == "candle_lit"]
    assert candles
    assert all(isinstance(body, Unknown) and body.fields == {"colour": "white"} for body in candles)
    moods = [event.extra.get("mood") for event in events if isinstance(event.body, Said)]
    assert set(moods) == {None, "calm"}


@pytest.mark.prove
@pytest.mark.timeout(900)
async def test_nodes_of_this_version_take_over_from_those_of_an_earlier_commit(
    open_version: OpenVersion, driver: Driver, tmp_path: Path
) -> None:
    program = earlier_version(tmp_path / "earlier")
    if program is None:
        pytest.skip("this copy has no git history that reaches back to the first nodes")
    await upgraded(open_version, driver, (str(program),), APP, 2)
