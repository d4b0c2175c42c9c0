"""`bench texts`: how many texts a second are taken in, durable before they are answered.

Signed posts as a carrier makes them, over 32 connections, to the product and to a bare aiohttp handler that reads the
form and keeps nothing, turn about in one run. Then a burst of ten thousand from people nobody knew; afterwards the
data is opened as a start of the service would, and every text must be there, once, in the order its sender wrote it.
"""

import asyncio
import os
import sys
import tempfile
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
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
QUIET_SECONDS = 1.5


class Plan(msgspec.Struct, frozen=True):
    """`each`: texts in a round."""

    rounds: int
    each: int


FULL = Plan(rounds=5, each=6_000)
QUICK = Plan(rounds=3, each=6_000)


async def run(*, quick: bool, say: Say) -> Result:
    plan = QUICK if quick else FULL
    rounds, waits = Rounds(), Rounds()
    busy: list[float] = []
    # The last ones write for the first time in the burst.
    everybody = numbers(IN_TALK + NEW_IN_BURST)
    known, new = everybody[:IN_TALK], everybody[IN_TALK:]
    with tempfile.TemporaryDirectory(prefix="helpline-bench-") as folder:
        taken: list[str] = []
        async with _carrier(taken) as origin:
            file = _credentials(Path(folder), origin)
            product = (sys.executable, "-m", "bench.product", "--folder", folder, "--carrier", str(file))
            sent: list[Sent] = []
            async with running_server(*product) as service, running_server(*_BARE) as bare:
                say(f"{IN_TALK} people write for the first time")
                sent += texts(IN_TALK, known)
                await bring(service.said["port"], sent, CONNECTIONS)
                say("and are answered")
                await _quiet(taken)
                for number in range(plan.rounds):
                    say(f"{plan.each:,} texts, round {number + 1} of {plan.rounds}")
                    brought = list(texts(plan.each, known, first=len(sent)))
                    sent += brought
                    for name, server in (("bare", bare), ("product", service)):
                        found = await bring(server.said["port"], brought, CONNECTIONS)
                        rounds.add(name, found.per_second)
                        waits.add(name, 1e3 * percentile(found.waits, 99))
                        busy.append(found.client_busy)
                say(f"a burst of {BURST:,}")
                burst = list(texts(BURST, new, first=len(sent)))
                sent += burst
                found = await bring(service.said["port"], burst, CONNECTIONS)
        say("every text is looked for")
        await _all_there(Path(folder), sent)
    return Result(
        "texts",
        {
            "texts a second": rounds.medians(),
            "p99 of a round, ms": waits.medians(),
            "burst, texts a second": found.per_second,
            "burst, p99, ms": 1e3 * percentile(found.waits, 99),
            "burst, longest, ms": 1e3 * max(found.waits),
            "texts looked for and found once": len(sent),
            "client busy, at most": max(busy),
            "machine": machine(),
        },
        {"webhook_vs_bare": rounds.ratio("product", "bare")},
        [
            f"medians of {plan.rounds} rounds, turn about; {CONNECTIONS} connections, one text in flight on each",
            "each text is signed, has an id no other has, and is on the disk before its 200",
            f"in the rounds {IN_TALK} people go on writing; in the burst {NEW_IN_BURST} nobody knew begin",
            "the bare handler reads the form and answers the same, on uvloop; it checks and keeps nothing",
            "what the service answers by itself goes to the bench's own process, in the carrier's place",
            f"median of what the client's own core had to do: {median(busy):.2f}",
        ],
    )


_BARE = (sys.executable, "-m", "bench.bare_hook")


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
