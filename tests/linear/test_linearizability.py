"""Seq and assignment are linearizable over several nodes, whatever befalls them: the histories of a storm, judged.

The short form is two nodes and four faults; the long one three nodes, more than 10,000 operations, and every fault.
"""

import asyncio
from pathlib import Path

import pytest

from tests.linear.judging import Verdict, judged_in_the_end
from tests.linear.storm import CAPACITY, Storm

SEED = "6"
SHORT = 1_500
LONG = 10_000


async def verdict_of(storm: Storm) -> Verdict:
    await storm.over()
    verdict, _ = await judged_in_the_end(storm.histories, storm.mongo, storm.folder / "keys", CAPACITY)
    return verdict


async def asked(storm: Storm, operations: int) -> None:
    while storm.asked() < operations:  # noqa: ASYNC110 (other processes: nothing tells but looking)
        await asyncio.sleep(0.1)


def assert_right(verdict: Verdict, operations: int) -> None:
    print(verdict)
    assert not any(verdict.wrong.values()), str(verdict)
    assert sum(verdict.operations.values()) >= operations
    assert verdict.operations["owner of a contact"] >= operations / 10
    assert verdict.operations["seq of a log"] >= operations / 10


@pytest.mark.timeout(600)
async def test_histories_of_two_nodes_are_linearizable_while_things_fail(tmp_path: Path) -> None:
    async with Storm(tmp_path, SEED, nodes=2, pause=0.01) as storm:
        await asked(storm, SHORT // 5)
        await storm.two_dispatch()
        await asked(storm, 2 * SHORT // 5)
        await asyncio.gather(storm.without_redis(2), storm.stop_a_node(2))
        await asked(storm, 3 * SHORT // 5)
        await storm.stop_the_primary(2.5)
        await asked(storm, SHORT)
        verdict = await verdict_of(storm)
    assert_right(verdict, SHORT)


@pytest.mark.prove
@pytest.mark.parametrize("partitions", [False, True], ids=["all hear each other", "some lines are cut"])
@pytest.mark.parametrize("seed", ["6", "7"])
async def test_histories_of_three_nodes_are_linearizable_while_everything_fails(
    tmp_path: Path, seed: str, *, partitions: bool
) -> None:
    async with Storm(tmp_path, seed, nodes=3, pause=0.02, partitions=partitions) as storm:
        print(f"seed {seed}")
        async for what in storm.everything(LONG):
            print(what)
        verdict = await verdict_of(storm)
    assert_right(verdict, LONG // 2 if partitions else LONG)
