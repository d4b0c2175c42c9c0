"""A storm of a hundred conversations over a server that is killed again and again."""

import asyncio
import random
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.crash.evening import definition_for, finish, persons, signed_in
from tests.crash.points import Point, armed, by_chance, enumerated, keeping_keys, syncing
from tests.crash.server import Driver, Server
from tests.crash.verdict import mistakes, talks_of

SUPPORTERS = 9
PERSONS = 100
# So many messages are acknowledged after each restart before the next kill is set up in the full storm.
BETWEEN = 20
REACHED_SECONDS = 60


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Server]:
    server = Server(tmp_path / "service", definition_for(tmp_path, SUPPORTERS))
    await server.start()
    yield server
    await server.kill()


async def crash(server: Server, driver: Driver, point: Point) -> None:
    """Kill the server at `point` and start it again."""
    if not point.at_once:
        now = await driver.do("count")
        await driver.do("until", acked=now["acked"] + BETWEEN)
    async with armed(server, point):
        await died(server, point)
    await server.start()


async def died(server: Server, point: Point) -> None:
    """Wait until the server was killed at `point`, and not by anything else."""
    try:
        async with asyncio.timeout(REACHED_SECONDS):
            status = await server.ended()
    except TimeoutError:
        pytest.fail(f"the server never came to the moment {point}")
    assert status == -signal.SIGKILL, f"{point}: the server ended by itself with {status}:\n{server.said()}"


@pytest.mark.timeout(3_600)
async def test_whatever_was_acknowledged_is_there_once_and_in_order_however_often_the_server_is_killed(
    server: Server, driver: Driver, proving: bool
) -> None:
    seed = random.randrange(2**32) if proving else 20_260_307
    print(f"seed {seed}")
    chance = random.Random(seed)
    opening = [keeping_keys(2), syncing(3)]
    points = enumerated(42 if proving else 4) + [by_chance(chance) for _ in range(6 if proving else 2)]
    chance.shuffle(points)
    points = [*opening, *points]
    supporters = await signed_in(server, SUPPORTERS)
    await driver.do("point", number=0)
    async with armed(server, points[0]):
        await driver.do("begin", url=server.url, seed=seed, supporters=supporters, persons=persons(PERSONS))
        await died(server, points[0])
    await server.start()
    for number, point in enumerate(points[1:], start=1):
        await driver.do("point", number=number)
        await crash(server, driver, point._replace(at_once=point.at_once or number == 1))
    await driver.do("point", number=len(points))
    await driver.do("until", acked=2_000 if proving else 300, live=PERSONS, caughtUp=PERSONS + SUPPORTERS + 1)
    report, kept = await finish(server, driver)
    talks = talks_of(report)
    said = sum(len(side.said) for talk in talks for side in (talk.person, *talk.desks))
    print(f"{said} messages in {len(talks)} conversations over {len(points)} crashes")
    wrong = mistakes(talks, kept, [*map(str, points), "after the last"])
    assert not wrong, f"seed {seed}\n" + "\n".join(wrong)
