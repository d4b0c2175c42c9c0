"""`bench texts`: how many texts a second are taken in, durable before they are answered.

Signed posts as a carrier makes them, over 32 connections, to the product, to the product while thousands wait, and to a
bare aiohttp handler that reads the form and keeps nothing, turn about in one run. Then a burst of ten thousand from
people nobody knew; afterwards the data is opened as a start of the service would, and every text must be there, once, in
the order its sender wrote it.
"""

import asyncio
import os
import sys
import tempfile
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from statistics import median

import msgspec
from aiohttp import web

from bench.figures import Result, Rounds, Say, percentile
from bench.report import machine
from bench.rig import BenchFailed, running_server
from bench.text_load import CREDENTIALS, Sent, bring, numbers, taking_carrier, texts
from helpline.clock import SystemClock
from helpline.definition import read_definition
from helpline.events import NumberGiven, Said
from helpline.service import Helpline

CONNECTIONS = 32
# So many that nobody writes more than a person does in a minute, past which answers by themselves stop.
IN_TALK = 2_000
BURST = 10_000
NEW_IN_BURST = 1_000
WAITING = 5_000
QUIET_SECONDS = 1.5


class Plan(msgspec.Struct, frozen=True):
    """`each`: texts in a round."""

    rounds: int
    each: int


FULL = Plan(rounds=5, each=6_000)
QUICK = Plan(rounds=3, each=6_000)


async def run(*, quick: bool, say: Say) -> Result:
    plan = QUICK if quick else FULL
    rounds, waits, used = Rounds(), Rounds(), Rounds()
    busy: list[float] = []
    # The last ones write for the first time in the burst.
    everybody = numbers(IN_TALK + NEW_IN_BURST)
    known, new = everybody[:IN_TALK], everybody[IN_TALK:]
    async with AsyncExitStack() as open_:
        folder, crowd = (Path(open_.enter_context(_folder())) for _ in range(2))
        taken: list[str] = []
        origin = await open_.enter_async_context(_carrier(taken))
        servers = {"bare": await open_.enter_async_context(running_server(*_BARE))}
        stop = await open_.enter_async_context(AsyncExitStack())
        servers["product"] = await stop.enter_async_context(running_server(*_product(folder, origin)))
        say(f"{WAITING:,} people come to wait")
        waiting = _product(crowd, origin, "--waiting", str(WAITING))
        servers["crowded"] = await open_.enter_async_context(running_server(*waiting))
        say(f"{IN_TALK:,} others write for the first time, and are answered")
        sent = list(texts(IN_TALK, known))
        for name in ("product", "crowded"):
            await bring(servers[name].said["port"], sent, CONNECTIONS)
        await _quiet(taken)
        for number in range(plan.rounds):
            say(f"{plan.each:,} texts, round {number + 1} of {plan.rounds}")
            brought = list(texts(plan.each, known, first=len(sent)))
            sent += brought
            for name, server in servers.items():
                before = server.cpu_seconds()
                found = await bring(server.said["port"], brought, CONNECTIONS)
                used.add(name, 1e6 * (server.cpu_seconds() - before) / plan.each)
                rounds.add(name, found.per_second)
                waits.add(name, 1e3 * percentile(found.waits, 99))
                busy.append(found.client_busy)
        say(f"a burst of {BURST:,}")
        burst = list(texts(BURST, new, first=len(sent)))
        sent += burst
        found = await bring(servers["product"].said["port"], burst, CONNECTIONS)
        await stop.aclose()
        say("every text is looked for")
        await _all_there(folder, sent)
    return Result(
        "texts",
        {
            "texts a second": rounds.medians(),
            "p99 of a round, ms": waits.medians(),
            "processor time a text, µs": used.medians(),
            "burst, texts a second": found.per_second,
            "burst, p99, ms": 1e3 * percentile(found.waits, 99),
            "burst, longest, ms": 1e3 * max(found.waits),
            "texts looked for and found once": len(sent),
            "client busy, at most": max(busy),
            "machine": machine(),
        },
        {
            "webhook_vs_bare": rounds.ratio("product", "bare"),
            "growth_0_to_5000": used.ratio("crowded", "product"),
        },
        [
            f"medians of {plan.rounds} rounds, turn about; {CONNECTIONS} connections, one text in flight on each",
            "each text is signed, has an id no other has, and is on the disk before its 200",
            f"in the rounds {IN_TALK:,} people go on writing; in the burst {NEW_IN_BURST:,} nobody knew begin",
            "the bare handler reads the form and answers the same, on uvloop; it checks and keeps nothing",
            f"crowded: the product while {WAITING:,} others wait; growth compares processor time a text",
            "what the service answers by itself goes to the bench's own process, in the carrier's place",
            f"median of what the client's own core had to do: {median(busy):.2f}",
        ],
    )


_BARE = (sys.executable, "-m", "bench.bare_hook")


def _folder() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="helpline-bench-")


def _product(folder: Path, origin: str, *more: str) -> tuple[str, ...]:
    file = _credentials(folder, origin)
    return (sys.executable, "-m", "bench.product", "--folder", str(folder), "--carrier", str(file), *more)


@asynccontextmanager
async def _carrier(taken: list[str]) -> AsyncIterator[str]:
    """The carrier's own side, in this process. Gives its address."""
    runner = web.AppRunner(taking_carrier(taken), access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


async def _quiet(taken: list[str]) -> None:
    """Until no text of the service's has come for a while."""
    before = -1
    while len(taken) != before:
        before = len(taken)
        await asyncio.sleep(QUIET_SECONDS)


def _credentials(folder: Path, origin: str) -> Path:
    file = folder / "carrier.toml"
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT, 0o600), "w") as opened:
        opened.write(CREDENTIALS.format(origin=origin))
    return file


async def _all_there(folder: Path, sent: list[Sent]) -> None:
    """`BenchFailed` when a text is missing, is there twice, or stands out of the order its sender wrote in."""
    definition = read_definition(folder / "service.toml")
    helpline = await Helpline.open(
        definition, data=folder / "data", keys=folder / "keys", clock=SystemClock()
    )
    kept: dict[str, list[str]] = defaultdict(list)
    try:
        for head in await helpline.store.heads():
            if not head.log.startswith("c-"):
                continue
            events = await helpline.logbook.read(head.log)
            (number,) = [event.body.number for event in events if isinstance(event.body, NumberGiven)]
            said = [event.body.text for event in events if isinstance(event.body, Said)]
            kept[number or ""] += [words or "" for words in said]
    finally:
        await helpline.close()
    wrote: dict[str, list[str]] = defaultdict(list)
    for one in sent:
        wrote[one.number].append(one.words)
    if kept != wrote:
        wrong = sum(kept[number] != words for number, words in wrote.items())
        raise BenchFailed(f"{wrong} of {len(wrote)} people's texts are not as they wrote them")
