"""`bench idle`: many people with the page open and nothing said, at one node process.

What each takes of its memory, what they all cost it while nobody does anything, and what happens when the process is
killed: how long until all are connected again, by the page's own reconnection settings, and how long somebody new has
to wait meanwhile. The pages are the official JavaScript client in several driver processes on the same cores.
"""

import asyncio
import contextlib
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack

import msgspec

from bench.figures import Result, Say, percentile
from bench.report import machine
from bench.rig import Driver, Server, allow_many_sockets, driving, people, running_server

FIRST = 25
NEWCOMERS_FROM = 1_000_000
MOST_NEWCOMERS = 2_000
BACK_WITHIN = 120.0
SETTLED_SECONDS = 3.0


class Plan(msgspec.Struct, frozen=True):
    """So many `persons`, at so many `drivers`; at rest for so many seconds; newcomers for so long after the kill."""

    persons: int
    drivers: int
    rest_seconds: float
    newcomer_seconds: float


FULL = Plan(persons=10_000, drivers=4, rest_seconds=60.0, newcomer_seconds=20.0)
QUICK = Plan(persons=3_000, drivers=2, rest_seconds=15.0, newcomer_seconds=10.0)


class Found(msgspec.Struct, frozen=True):
    """Bytes each, the share of a core at rest, and after the kill: seconds to listen, seconds to return of each who
    did, how many did not, and milliseconds each newcomer took, before the kill and after it."""

    bytes_each: float
    busy_at_rest: float
    start_seconds: float
    back_seconds: Sequence[float]
    away: int
    new_before_ms: Sequence[float]
    new_after_ms: Sequence[float]


async def run(*, quick: bool, say: Say) -> Result:
    plan = QUICK if quick else FULL
    allow_many_sockets()
    return result(plan, await measured(plan, say))


async def measured(plan: Plan, say: Say) -> Found:
    folder = tempfile.mkdtemp(prefix="helpline-bench-")
    command = (sys.executable, "-m", "bench.product", "--folder", folder)
    try:
        async with AsyncExitStack() as stack:
            enter = stack.enter_async_context
            server = await enter(running_server(*command))
            drivers = [await enter(driving([server.url], "product")) for _ in range(plan.drivers)]
            newcomer = await enter(driving([server.url], "product"))
            each, busy = await _at_rest(server, drivers, plan, say)
            before = await _newcomers(newcomer, 0, plan.newcomer_seconds / 4)
            say("killing the node")
            port = server.said["port"]
            server.process.kill()
            await server.process.wait()
            began = time.monotonic()
            await enter(running_server(*command, "--port", str(port)))
            started = time.monotonic() - began
            say(f"it listens again after {started:.1f} s")
            async with asyncio.TaskGroup() as returning:
                back = [
                    returning.create_task(driver.do("returned", within=BACK_WITHIN)) for driver in drivers
                ]
                after = returning.create_task(_newcomers(newcomer, MOST_NEWCOMERS, plan.newcomer_seconds))
            told = [one.result() for one in back]
            return Found(
                each,
                busy,
                started,
                [seconds for one in told for seconds in one["seconds"]],
                sum(one["away"] for one in told),
                before,
                after.result(),
            )
    finally:
        with contextlib.suppress(FileNotFoundError):
            shutil.rmtree(folder)


async def _at_rest(server: Server, drivers: Sequence[Driver], plan: Plan, say: Say) -> tuple[float, float]:
    await drivers[0].do("stay", people=people(range(FIRST)))
    few = await server.settled_rss()
    say(f"{plan.persons:,} persons connect")
    shares = [range(FIRST + n, plan.persons, len(drivers)) for n in range(len(drivers))]
    await asyncio.gather(
        *(driver.do("stay", people=people(share)) for driver, share in zip(drivers, shares, strict=True))
    )
    each = (await server.settled_rss() - few) / (plan.persons - FIRST)
    say(f"{each / 1000:.1f} kB each; at rest for {plan.rest_seconds:.0f} s")
    await asyncio.sleep(SETTLED_SECONDS)
    used, began = server.cpu_seconds(), time.monotonic()
    await asyncio.sleep(plan.rest_seconds)
    return each, (server.cpu_seconds() - used) / (time.monotonic() - began)


async def _newcomers(driver: Driver, further: int, seconds: float) -> list[float]:
    first = NEWCOMERS_FROM + further
    new = people(range(first, first + MOST_NEWCOMERS))
    took: list[float] = (await driver.do("newcomers", people=new, seconds=seconds, language="en"))["took"]
    return took


def result(plan: Plan, found: Found) -> Result:
    figures: dict[str, object] = {
        "persons connected": plan.persons,
        "memory each, kB": found.bytes_each / 1_000,
        "processor at rest, percent of a core": 100 * found.busy_at_rest,
        "from the kill until a new process listens, s": found.start_seconds,
        "from the loss of a line until it is back, s": _shares(found.back_seconds),
        "not back": found.away,
        "somebody new, from opening the page until begun, ms": {
            "before": _shares(found.new_before_ms),
            "while all come back": _shares(found.new_after_ms),
        },
        "machine": machine(),
    }
    notes = [
        f"{plan.persons:,} persons of {plan.drivers} processes, over WebSocket, with the page's reconnection settings",
        "the killed node is started again at once, on the same data and port; newcomers come from then on",
        "servers, database and load share this machine's cores",
    ]
    return Result("idle", figures, {}, notes)


def _shares(values: Sequence[float]) -> dict[str, float]:
    if not values:
        return {}
    return {"p50": percentile(values, 50), "p99": percentile(values, 99), "longest": max(values)}
