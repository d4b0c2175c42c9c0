"""What one connected person costs a server: resident memory with so many silent connections, less that with few.

A server is started anew for each round, because a process seldom gives memory back.
"""

import asyncio
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager

import msgspec

from bench.figures import Rounds, Say
from bench.rig import Rig, bare_rig, people, product_rig

# So many first, so that what a server imports and caches once is not counted as theirs.
FIRST = 25
SERVERS = ("shipped", "tuned", "product")
COMPARED_AT = 1_000


class Plan(msgspec.Struct, frozen=True):
    """`waiting`: the product also with every person's contact begun and in the queue."""

    rounds: int
    counts: tuple[int, ...]
    waiting: bool = True
    servers: tuple[str, ...] = SERVERS


class Found:
    """Bytes per connection, by how many there were."""

    def __init__(self, counts: Sequence[int]) -> None:
        self.idle = {count: Rounds() for count in counts}
        self.waiting = {count: Rounds() for count in counts}

    def ratio(self) -> float:
        """`memory_vs_tuned`."""
        return self.idle[COMPARED_AT].ratio("product", "tuned")

    def figures(self) -> dict[str, object]:
        found: dict[str, object] = {
            "memory per connection, kB, by connections": {
                str(count): _kilobytes(rounds) for count, rounds in self.idle.items()
            }
        }
        if any(rounds.values for rounds in self.waiting.values()):
            found["memory per person who waits, kB, by connections"] = {
                str(count): _kilobytes(rounds) for count, rounds in self.waiting.items()
            }
        return found


def _kilobytes(rounds: Rounds) -> dict[str, float]:
    return {name: value / 1_000 for name, value in rounds.medians().items()}


def _started(name: str) -> AbstractAsyncContextManager[Rig]:
    if name == "product":
        return product_rig()
    return bare_rig("tuned" if name == "tuned" else "shipped")


async def measure(plan: Plan, say: Say) -> Found:
    """Round by round."""
    found = Found(plan.counts)
    for number in range(plan.rounds):
        say(f"memory, round {number + 1} of {plan.rounds}")
        # Side by side: what a server needs in memory does not depend on how fast it gets it.
        async with asyncio.TaskGroup() as measuring:
            for name in plan.servers:
                measuring.create_task(_grow(name, found.idle, plan.counts, begin=False))
            if plan.waiting:
                measuring.create_task(_grow("product", found.waiting, plan.counts, begin=True))
    return found


async def _grow(name: str, found: dict[int, Rounds], counts: Sequence[int], *, begin: bool) -> None:
    async with _started(name) as rig:
        await _measure(rig, found, counts, begin=begin)


async def _measure(rig: Rig, found: dict[int, Rounds], counts: Sequence[int], *, begin: bool) -> None:
    await rig.driver.do("persons", people=people(range(FIRST)), start=begin, language="en")
    before, there = await rig.server.settled_rss(), FIRST
    for count in counts:
        await rig.driver.do("persons", people=people(range(there, FIRST + count)), start=begin, language="en")
        there = FIRST + count
        found[count].add(rig.name, (await rig.server.settled_rss() - before) / count)
