"""One server under one driver, each a process of its own, both gone when the bench is."""

import asyncio
import contextlib
import itertools
import json
import resource
import shutil
import sys
import tempfile
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, Literal

import psutil

HOUSE = Path(__file__).resolve().parent.parent
BENCH = HOUSE / "bench"
STARTUP_SECONDS = 120
LINE_LIMIT = 64 * 1024 * 1024
SETTLED_SECONDS = 0.5

Yardstick = Literal["shipped", "tuned", "ceiling"]
Surface = Literal["bare", "product"]
BARE: dict[str, tuple[str, ...]] = {
    "shipped": (sys.executable, "-m", "bench.bare"),
    "tuned": (sys.executable, "-m", "bench.bare", "--tuned"),
    "ceiling": ("node", str(BENCH / "ceiling.mjs")),
}


class BenchFailed(Exception):
    """The measurement cannot go on; the message says what happened."""


class Server:
    """A running server: its address, what it said when it listened, and what it costs."""

    def __init__(self, process: Process, said: dict[str, Any]) -> None:
        self.process = process
        self.said = said
        self.url = f"http://127.0.0.1:{said['port']}"
        self.measured = psutil.Process(process.pid)
        self.listened_at = time.monotonic()

    async def ask(self, question: str) -> Any:
        """One of the questions the server answers beside what it serves."""
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(f"{question}\n".encode())
        await self.process.stdin.drain()
        return json.loads(await self.process.stdout.readline())

    def cpu_seconds(self) -> float:
        times = self.measured.cpu_times()
        return float(times.user + times.system)

    async def settled_rss(self) -> int:
        """Resident memory in bytes, once it has stopped changing by more than a tenth of a megabyte."""
        before = -1
        while True:
            rss = int(self.measured.memory_info().rss)
            if abs(rss - before) < 100_000:
                return rss
            before = rss
            await asyncio.sleep(SETTLED_SECONDS)


class Driver:
    """The load's other end: `await driver.do("flood", use=50, …)` returns what the driver measured."""

    def __init__(self, process: Process) -> None:
        self.process = process
        self._ids = itertools.count()

    async def do(self, name: str, **given: Any) -> Any:
        assert self.process.stdin
        assert self.process.stdout
        order = {"id": next(self._ids), "do": name, **given}
        self.process.stdin.write(json.dumps(order).encode() + b"\n")
        await self.process.stdin.drain()
        line = await self.process.stdout.readline()
        if not line:
            raise BenchFailed(f"the driver ended during “{name}”")
        answer = json.loads(line)
        if "failed" in answer:
            raise BenchFailed(f"{name}: {answer['failed']}")
        return answer["done"]


class Rig:
    """A server, or the nodes of one service, and their driver, under one name."""

    def __init__(self, name: str, servers: Sequence[Server], driver: Driver) -> None:
        self.name = name
        self.servers = tuple(servers)
        self.server = self.servers[0]
        self.driver = driver
        self._pairs = 0

    def cpu_seconds(self) -> float:
        return sum(server.cpu_seconds() for server in self.servers)

    def leave_out(self, pairs: int) -> None:
        """The first so many talk already, since before this server started."""
        self._pairs = pairs

    async def open_pairs(self, until: int) -> None:
        """Open pairs of a person and a supporter who talk, until there are so many."""
        cookies = self.server.said.get("cookies", ())
        given = [
            {"pair": number, "token": token(number), "cookie": cookies[number] if cookies else None}
            for number in range(self._pairs, until)
        ]
        if given:
            await self.driver.do("pairs", pairs=given)
        self._pairs = max(self._pairs, until)


def token(number: int) -> str:
    """A person's token, 43 characters long, different for each number."""
    return f"bench-{number:037d}"


def people(numbers: Iterable[int]) -> list[dict[str, object]]:
    """Persons as the driver opens them, on either surface."""
    return [{"token": token(number), "pair": f"alone-{number}", "side": "person"} for number in numbers]


def allow_many_sockets() -> int:
    """Lift the soft limit of open files to the hard one, for us and what we start. Returns it."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


@asynccontextmanager
async def child(*command: str) -> AsyncIterator[Process]:
    """A child process that is told to end by closing its stdin, and made to if it does not."""
    process = await asyncio.create_subprocess_exec(
        *command, stdin=PIPE, stdout=PIPE, cwd=HOUSE, limit=LINE_LIMIT
    )
    try:
        yield process
    finally:
        assert process.stdin
        process.stdin.close()
        try:
            async with asyncio.timeout(20):
                await process.wait()
        except (TimeoutError, asyncio.CancelledError):
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()


@asynccontextmanager
async def running_server(*command: str) -> AsyncIterator[Server]:
    """A server, once it has printed the line that says where it listens."""
    async with child(*command) as process:
        assert process.stdout
        try:
            async with asyncio.timeout(STARTUP_SECONDS):
                line = await process.stdout.readline()
        except TimeoutError:
            raise BenchFailed(f"{command} did not listen within {STARTUP_SECONDS} s") from None
        if not line:
            raise BenchFailed(f"{command} ended before it listened")
        yield Server(process, json.loads(line))


@asynccontextmanager
async def driving(urls: Sequence[str], surface: Surface) -> AsyncIterator[Driver]:
    """A driver of the servers at these addresses."""
    async with child("node", "--max-semi-space-size=32", str(BENCH / "driver.mjs")) as process:
        driver = Driver(process)
        await driver.do("aim", urls=urls, surface=surface)
        yield driver


@asynccontextmanager
async def rig(name: str, surface: Surface, *commands: tuple[str, ...]) -> AsyncIterator[Rig]:
    """A server for each command, started one after the other, and one driver for them all."""
    async with AsyncExitStack() as stack:
        servers = [await stack.enter_async_context(running_server(*command)) for command in commands]
        driver = await stack.enter_async_context(driving([server.url for server in servers], surface))
        yield Rig(name, servers, driver)


@asynccontextmanager
async def bare_rig(name: Yardstick) -> AsyncIterator[Rig]:
    """A yardstick and its driver."""
    async with rig(name, "bare", BARE[name]) as made:
        yield made


def product_command(
    folder: Path, supporters: int = 0, polish: int = 0, *, store: str = "", bus: str = ""
) -> tuple[str, ...]:
    """What starts the product on a folder."""
    options = ("--folder", str(folder), "--supporters", str(supporters), "--polish", str(polish))
    return (sys.executable, "-m", "bench.product", *options, "--store", store, "--bus", bus)


@asynccontextmanager
async def product_rig(
    supporters: int = 0, polish: int = 0, *, nodes: int = 1, store: str = "", bus: str = ""
) -> AsyncIterator[Rig]:
    """The product with a data folder of its own, gone afterwards, and its driver.

    Several nodes need the addresses of MongoDB and Redis; they share one folder of keys.
    """
    folder = tempfile.mkdtemp(prefix="helpline-bench-")
    command = product_command(Path(folder), supporters, polish, store=store, bus=bus)
    further = [(*command, "--node", str(node)) for node in range(1, nodes)]
    try:
        async with rig("product", "product", command, *further) as made:
            yield made
    finally:
        shutil.rmtree(folder)
