"""The short form of the failure suite: a storm over three nodes, a few faults, and the same judge as the long one."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.cluster.faults.befalls import a_few
from tests.cluster.faults.evening import Evening, Storm
from tests.cluster.faults.house import House

SEED = 20_260_307


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with House(tmp_path, disks=False) as house:
        yield house


@pytest.mark.timeout(600)
async def test_nothing_is_lost_doubled_or_given_to_two_while_nodes_engines_and_lines_fail(
    house: House,
) -> None:
    evening = Evening(house, Storm(10, 2, 600, 3, visitor_every=1_500, most_visitors=6), SEED, print)
    await evening.begin()
    for fault in a_few():
        row = await evening.befall(fault)
        assert row.everybody is not None, row
        assert row.newcomer is not None, row
    outcome = await evening.judged()
    assert not outcome.wrong, "\n".join(outcome.wrong)
    assert outcome.words.said > 200
    assert outcome.visitors > 0
