"""`bench growth`: a service that has been there for long, beside one that has just begun.

The same service with no closed contacts in its store and with many (`bench/closed.py` says how they are made): how long
from starting the process until it listens, and acknowledged messages a second between fifty pairs, turn about. The
store is SQLite, in the full form also MongoDB.
"""

import contextlib
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import AsyncExitStack, closing
from pathlib import Path

import msgspec

from bench.figures import Result, Rounds, Say
from bench.report import machine
from bench.rig import BenchFailed, Rig, allow_many_sockets, child, product_command, rig
from tests.engines import ReplicaSet, database_in

PAIRS = 50
WARM_SECONDS = 0.5
CLOSED = (sys.executable, "-m", "bench.closed")


class Plan(msgspec.Struct, frozen=True):
    """The numbers of closed contacts, the fewest first, in SQLite and in MongoDB."""

    rounds: int
    closed: tuple[int, ...]
    in_mongodb: tuple[int, ...]
    pairs: int
    flood_seconds: float


FULL = Plan(rounds=5, closed=(0, 100_000, 1_000_000), in_mongodb=(0, 100_000), pairs=PAIRS, flood_seconds=4.0)
QUICK = Plan(rounds=3, closed=(0, 20_000), in_mongodb=(), pairs=PAIRS, flood_seconds=1.5)


class Found:
    """By the number of closed contacts: messages a second, processor time of one in µs, seconds and memory of a start."""

    def __init__(self) -> None:
        self.acked, self.cpu, self.start, self.memory = Rounds(), Rounds(), Rounds(), Rounds()
        self.filling: dict[str, float] = {}

    async def flood(self, measured: Rig, pairs: int, seconds: float) -> None:
        before = measured.cpu_seconds()
        found = await measured.driver.do("flood", use=pairs, warm=WARM_SECONDS, seconds=seconds)
        used = measured.cpu_seconds() - before
        self.acked.add(measured.name, min(found["acked_per_second"], found["arrived_per_second"]))
        # Over warm-up and window alike: both ran at the same pace.
        self.cpu.add(measured.name, 1e6 * used / (found["acked_per_second"] * (WARM_SECONDS + seconds)))

    def ratios(self, name: str) -> dict[str, float]:
        fewest, *_, most = self.acked.values
        return {
            f"{name}relay_vs_empty": self.acked.ratio(most, fewest),
            f"{name}start_vs_empty": self.start.ratio(most, fewest),
        }

    def figures(self) -> dict[str, object]:
        return {
            "acknowledged messages a second": self.acked.medians(),
            "server processor time per message, µs": self.cpu.medians(),
            "from the start until it listens, s": self.start.medians(),
            "memory after the start, MB": self.memory.medians(),
            "filling it, s": self.filling,
        }


async def run(*, quick: bool, say: Say) -> Result:
    return result(*await measured(QUICK if quick else FULL, say))


async def measured(plan: Plan, say: Say) -> tuple[Plan, dict[str, Found]]:
    allow_many_sockets()
    found = {"SQLite": await _in_store(plan, plan.closed, {}, say)}
    if plan.in_mongodb:
        with _folder() as folder, closing(ReplicaSet(folder / "members")) as engine:
            stores = {count: database_in(engine.address, f"closed{count}") for count in plan.in_mongodb}
            found["MongoDB"] = await _in_store(plan, plan.in_mongodb, stores, say)
    return plan, found


async def _in_store(plan: Plan, counts: tuple[int, ...], stores: Mapping[int, str], say: Say) -> Found:
    found = Found()
    async with AsyncExitStack() as stack:
        commands: dict[int, tuple[str, ...]] = {}
        for count in counts:
            folder = stack.enter_context(_folder())
            commands[count] = product_command(folder, plan.pairs * plan.rounds, store=stores.get(count, ""))
            async with rig(str(count), "product", commands[count]):
                pass  # its people are taken in, its keys made
            say(f"{count:,} closed contacts")
            began = time.monotonic()
            await _fill(folder, count, stores.get(count, ""))
            found.filling[str(count)] = time.monotonic() - began
        for number in range(plan.rounds):
            for count, command in commands.items():
                say(f"{count:,} closed, round {number + 1} of {plan.rounds}")
                await _round(found, str(count), command, number, plan)
    return found


async def _round(found: Found, name: str, command: tuple[str, ...], number: int, plan: Plan) -> None:
    began = time.monotonic()
    async with rig(name, "product", command) as started:
        found.start.add(name, started.server.listened_at - began)
        found.memory.add(name, await started.server.settled_rss() / 1e6)
        started.leave_out(number * plan.pairs)
        await started.open_pairs((number + 1) * plan.pairs)
        await found.flood(started, plan.pairs, plan.flood_seconds)


async def _fill(folder: Path, count: int, store: str) -> None:
    options = ("--folder", str(folder), "--count", str(count), "--store", store)
    async with child(*CLOSED, *options) as process:
        if await process.wait():
            raise BenchFailed("the closed contacts could not be made")


@contextlib.contextmanager
def _folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="helpline-bench-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def result(plan: Plan, found: Mapping[str, Found]) -> Result:
    ratios: dict[str, float] = {}
    figures: dict[str, object] = {}
    for store, each in found.items():
        figures[f"{store}, by closed contacts"] = each.figures()
        ratios |= each.ratios("" if store == "SQLite" else "mongodb_")
    figures["machine"] = machine()
    notes = [
        f"medians of {plan.rounds} rounds, turn about, a process started anew for each; ratios are most to none",
        "a closed contact is one record of nine events with eight claims, under keys of its own",
        "a start ends when the process listens; what it reads is what is live",
    ]
    return Result("growth", figures, ratios, notes)
