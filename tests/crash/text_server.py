"""The service of an evening of texts as a process, and Sam's desk on it, both of which outlive any death of it."""

import asyncio
import contextlib
import json
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from pathlib import Path
from typing import Any
from uuid import uuid4

import aiohttp

from tests.crash.places import Passed, moments, places
from tests.crash.server import HOUSE, STARTUP_SECONDS, Server
from tests.webchat.lines import Line

Json = dict[str, Any]


class Forked:
    """A process that `ready` started, as far as a server of these tests looks at one."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self._ended = asyncio.Event()

    def end(self, status: int) -> None:
        self.returncode = status
        self._ended.set()

    async def wait(self) -> int:
        await self._ended.wait()
        assert self.returncode is not None
        return self.returncode

    def send_signal(self, number: int) -> None:
        if self.returncode is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


class TextServer(Server):
    """`serve` with a phone line, started by `ready`."""

    def __init__(self, folder: Path, definition: Path, carrier: Path, log: Path) -> None:
        super().__init__(folder, definition, log=log)
        folder.mkdir()
        self._carrier = carrier
        self._passed = log.with_suffix(".passed")
        self.passed = Passed(self._passed, moments(places()))
        self.passed.arm(None)
        self.up = asyncio.Event()
        self._starting: Process | None = None
        self._news: asyncio.Queue[Json] = asyncio.Queue()
        self._reading: asyncio.Task[None] | None = None

    async def launch(self) -> None:
        where = ["--data", str(self.folder / "data"), "--keys", str(self.folder / "keys")]
        arguments = ["serve", str(self.definition), *where, "--port", str(self.port)]
        start = {"arguments": [*arguments, "--carrier", str(self._carrier)], "log": str(self.log)}
        if self._starting is None:
            program = (sys.executable, "-m", "tests.crash.ready")
            self._starting = await asyncio.create_subprocess_exec(
                *program, cwd=HOUSE, stdin=PIPE, stdout=PIPE
            )
        assert self._starting.stdin
        assert self._starting.stdout
        line = json.dumps({**start, "passed": str(self._passed)}) + "\n"
        self._starting.stdin.write(line.encode())
        process = Forked(json.loads(await self._starting.stdout.readline())["pid"])
        self.process = process  # type: ignore[assignment]
        self._reading = asyncio.create_task(self._hear(process))

    async def _hear(self, process: Forked) -> None:
        assert self._starting is not None
        assert self._starting.stdout
        process.end(json.loads(await self._starting.stdout.readline())["ended"])
        self.up.clear()

    @property
    def running(self) -> bool:
        return self.process is not None and self.process.returncode is None

    async def start(self) -> None:
        assert await self.starts(), f"the server ended while starting:\n{self.said()}"

    async def starts(self) -> bool:
        """Start, and wait until it is ready; False when it ended before."""
        await self.launch()
        async with asyncio.timeout(STARTUP_SECONDS), aiohttp.ClientSession() as asking:
            while self.running and not await self._ready(asking):  # noqa: ASYNC110 (nothing tells but trying it)
                await asyncio.sleep(0.02)
        if self.running:
            self.up.set()
        return self.running

    async def close(self) -> None:
        if self.running:
            await self.kill()
        if self._reading is not None:
            await self._reading
        if self._starting is not None and self._starting.stdin:
            self._starting.stdin.close()
            await self._starting.wait()


class Desk:
    """Sam, who presses again what was not answered, with the same id."""

    def __init__(self, server: TextServer) -> None:
        self.server = server
        self._line: Line | None = None
        self._browser: aiohttp.ClientSession | None = None
        self._cookies: dict[str, str] = {}
        self._over: set[str] = set()

    async def sign_in(self) -> None:
        header = await self.server.sign_in("sam")
        self._cookies = dict(one.split("=", 1) for one in header.split("; "))
        await self.connect()

    async def connect(self) -> Line:
        if self._browser is None:
            self._browser = aiohttp.ClientSession(base_url=self.server.url)
        if self._line is not None:
            await self._line.close()
        self._line = await Line.open(self._browser, "/desk", cookies=self._cookies)  # type: ignore[arg-type]
        return self._line

    async def call(self, event: str, body: Json) -> Json:
        """Ask until it is answered."""
        while True:
            await self.server.up.wait()
            with contextlib.suppress(OSError, aiohttp.ClientError, TimeoutError, ConnectionError):
                line = self._line
                if line is None or line.socket.closed:
                    line = await self.connect()
                answer: Json = await line.call(event, body)
                if answer.get("error", {}).get("retry") != "same_id":
                    return answer
            await asyncio.sleep(0.05)

    async def press(self, event: str, **body: Any) -> Json:
        answer = await self.call(event, {"client_id": str(uuid4()), **body})
        assert "error" not in answer, (event, answer)
        return answer

    async def take_up(self) -> str:
        """Answer whoever is offered. The contact."""
        id = str(uuid4())
        while True:
            await self.server.up.wait()
            with contextlib.suppress(OSError, aiohttp.ClientError, TimeoutError, AssertionError):
                line = self._line
                if line is None or line.socket.closed:
                    line = await self.connect()
                mine = await line.heard("mine")
                offers = [*mine["offers"], *(body for name, body in line.frames if name == "offer")]
                offers = [one for one in offers if one["contact"] not in self._over]
                for one in mine["contacts"]:
                    if one["contact"] not in self._over:
                        return str(one["contact"])
                if offers:
                    answer = await line.call("accept", {"client_id": id, "offer": offers[-1]["offer"]})
                    if "contact" in answer:
                        return str(answer["contact"])
                    await self.connect()
            await asyncio.sleep(0.05)

    async def let_go(self, contact: str) -> None:
        """The end of a conversation, as Sam sees it."""
        self._over.add(contact)
        await self.press("close", contact=contact)
        await self.press("wrap_up", contact=contact, outcome="talked")

    async def close(self) -> None:
        if self._line is not None:
            await self._line.close()
        if self._browser is not None:
            await self._browser.close()
