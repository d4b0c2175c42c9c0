"""One server under one driver, each a process of its own, both gone when the bench is."""

import asyncio
import itertools
import json
import resource
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Literal

import psutil

HOUSE = Path(__file__).resolve().parent.parent
DRIVER = HOUSE / "bench" / "driver.mjs"
STARTUP_SECONDS = 60
LINE_LIMIT = 64 * 1024 * 1024

Surface = Literal["bare", "product"]


class BenchFailed(Exception):
    """The measurement cannot go on; the message says what happened."""


class Server:
    """A running server: its address and what it costs."""

    def __init__(self, process: Process, ready: dict[str, Any]) -> None:
        self.process = process
        self.ready = ready
        self.url = f"http://127.0.0.1:{ready['port']}"
        self.measured = psutil.Process(process.pid)

    def rss(self) -> int:
        """Resident memory in bytes."""
        return int(self.measured.memory_info().rss)

    def cpu_seconds(self) -> float:
        times = self.measured.cpu_times()
        return float(times.user + times.system)


class Driver:
    """The load's other end: `await driver.do("flood", use=50, …)` returns what the driver measured."""

    def __init__(self, process: Process) -> None:
        self.process = process
        self._ids = itertools.count()

    async def do(self, name: str, **given: Any) -> Any:
        assert self.process.stdin and self.process.stdout
        order = {"id": next(self._ids), "do": name, **given}
        self.process.stdin.write(json.dumps(order).encode() + b"\n")
        await self.process.stdin.drain()
        line = await self.process.stdout.readline()
        if not line:
            raise BenchFailed(f"the driver ended during {name!r}")
        answer = json.loads(line)
        if "failed" in answer:
            raise BenchFailed(f"{name}: {answer['failed']}")
        return answer["done"]


class Rig:
    """A server and its driver."""

    def __init__(self, name: str, server: Server, driver: Driver) -> None:
        self.name = name
        self.server = server
        self.driver = driver


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
            async with asyncio.timeout(15):
                await process.wait()
        except (TimeoutError, asyncio.CancelledError):
            process.kill()
            await process.wait()
            raise


@asynccontextmanager
async def running_server(module: str, *arguments: str) -> AsyncIterator[Server]:
    """`python -m module …`, once it has printed the line that says where it listens."""
    async with child(sys.executable, "-m", module, *arguments) as process:
        assert process.stdout
        try:
            async with asyncio.timeout(STARTUP_SECONDS):
                line = await process.stdout.readline()
        except TimeoutError:
            raise BenchFailed(f"{module} did not start within {STARTUP_SECONDS} s") from None
        if not line:
            raise BenchFailed(f"{module} ended before it listened")
        yield Server(process, json.loads(line))


@asynccontextmanager
async def running_driver() -> AsyncIterator[Driver]:
    async with child("node", "--max-semi-space-size=32", str(DRIVER)) as process:
        yield Driver(process)


@asynccontextmanager
async def rig(name: str, surface: Surface, command: Sequence[str]) -> AsyncIterator[Rig]:
    """Server and driver, aimed at each other."""
    async with running_server(*command) as server, running_driver() as driver:
        await driver.do("aim", url=server.url, surface=surface)
        yield Rig(name, server, driver)
