"""The real server as a process that can be killed, stopped and started again on the same data and port."""

import asyncio
import contextlib
import itertools
import json
import os
import shutil
import signal
import socket
import sys
import urllib.parse
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Mapping
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any

import aiohttp

HOUSE = Path(__file__).resolve().parents[2]
APP = ("app.py",)
WAL = "helpline.db-wal"
STARTUP_SECONDS = 180
STORM = Path(__file__).with_name("storm.mjs")


def free_port() -> int:
    """A loopback port nobody listens on."""
    with socket.socket() as asked:
        asked.bind(("127.0.0.1", 0))
        return int(asked.getsockname()[1])


class Server:
    """`app.py demo` on `folder`. `program` stands in for `app.py`: a script that changes something and runs it.

    `store` is the address of the MongoDB that keeps its data, empty for SQLite in `folder`; `bus` that of the Redis by
    which it hears of other nodes on the same MongoDB.
    """

    def __init__(
        self,
        folder: Path,
        definition: Path,
        program: tuple[str, ...] = APP,
        log: Path | None = None,
        store: str = "",
        bus: str = "",
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.store, self.bus = store, bus
        self.environment = dict(environment or {})
        self.folder = folder
        self.definition = definition
        self.program = program
        self.port = free_port()
        self.log = log or folder.with_name(f"{folder.name}.log")
        self.process: Process | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid

    @property
    def running(self) -> bool:
        """True while the process has not ended."""
        assert self.process is not None
        try:
            return os.waitid(os.P_PID, self.process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None
        except ChildProcessError:
            return False

    @property
    def wal(self) -> Path:
        return self.folder / "data" / WAL

    def said(self) -> str:
        """What it printed, over all its lives."""
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    async def launch(self) -> None:
        """Start the process without waiting for it to be ready."""
        options = ("--definition", str(self.definition), "--data", str(self.folder), "--port", str(self.port))
        with self.log.open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                sys.executable,
                *self.program,
                "demo",
                *options,
                cwd=HOUSE,
                env=os.environ | {"HELPLINE_STORE": self.store, "HELPLINE_BUS": self.bus} | self.environment,
                stdin=DEVNULL,
                stdout=log,
                stderr=log,
            )

    async def start(self) -> None:
        """Start, and wait until it says that it is ready."""
        await self.launch()
        assert self.process is not None
        async with asyncio.timeout(STARTUP_SECONDS), aiohttp.ClientSession() as asking:
            while not await self._ready(asking):
                assert self.process.returncode is None, f"the server ended while starting:\n{self.said()}"
                # Nothing tells when a port opens but trying it.
                await asyncio.sleep(0.05)

    async def _ready(self, asking: aiohttp.ClientSession) -> bool:
        with contextlib.suppress(aiohttp.ClientError):
            async with asking.get(f"{self.url}/readyz") as answer:
                return answer.status == 200
        return False

    async def ended(self) -> int:
        """Wait for the end of the process: its exit status, or minus the signal that ended it."""
        assert self.process is not None
        return await self.process.wait()

    def send(self, number: signal.Signals) -> None:
        assert self.process is not None
        if self.process.returncode is None:
            self.process.send_signal(number)

    async def kill(self) -> None:
        """End it as a power cut would, as far as a process can tell."""
        self.send(signal.SIGKILL)
        await self.ended()

    async def stop(self) -> None:
        """End it as an operator does."""
        self.send(signal.SIGTERM)
        assert await self.ended() == 0, f"the server did not end well:\n{self.said()}"

    async def sign_in(self, person: str) -> str:
        """Sign in over HTTP with the password the demonstration made up; the cookie header."""
        passwords: dict[str, str] = json.loads((self.folder / "sign-ins.json").read_text())
        async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as browser:
            async with browser.get(f"{self.url}/sign-in") as form:
                page = await form.text()
            csrf = page.split('name="csrf" value="', 1)[1].split('"', 1)[0]
            fields = {"csrf": csrf, "name": person, "password": passwords[person], "then": "/desk"}
            async with browser.post(f"{self.url}/sign-in", data=fields, allow_redirects=False) as answer:
                assert answer.status == 303, f"{person} could not sign in: {answer.status}"
                cookies = answer.cookies
        return _as_header(cookies)


def _as_header(cookies: SimpleCookie) -> str:
    kept = {name: morsel.value for name, morsel in cookies.items() if morsel.value}
    return "; ".join(f"{name}={urllib.parse.quote(value)}" for name, value in kept.items())


class Driver:
    """The storm: `await driver.do("until", acked=300)` returns what the driver answers."""

    def __init__(self, process: Process) -> None:
        self._process = process
        self._numbers = itertools.count()
        self._answers: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._reading = asyncio.create_task(self._read())

    @classmethod
    async def launch(cls, script: Path = STORM) -> "Driver":
        node = shutil.which("node")
        assert node, "node is needed to run the official Socket.IO client"
        return cls(
            await asyncio.create_subprocess_exec(
                node, str(script), cwd=HOUSE, stdin=PIPE, stdout=PIPE, limit=256 * 1024 * 1024
            )
        )

    async def _read(self) -> None:
        assert self._process.stdout
        async for line in self._process.stdout:
            answer = json.loads(line)
            waiting = self._answers.pop(answer["id"])
            if not waiting.done():
                waiting.set_result(answer)
        for waiting in self._answers.values():
            if waiting.done():
                continue
            waiting.set_result({"failed": "the driver ended; what it said is on stderr"})

    async def do(self, what: str, **given: Any) -> Any:
        assert self._process.stdin
        number = next(self._numbers)
        answer = self._answers[number] = asyncio.get_running_loop().create_future()
        self._process.stdin.write(json.dumps({"id": number, "do": what, **given}).encode() + b"\n")
        await self._process.stdin.drain()
        answered = await answer
        assert "failed" not in answered, f"{what}: {answered['failed']}"
        return answered["done"]

    async def close(self) -> None:
        assert self._process.stdin
        self._process.stdin.close()
        try:
            async with asyncio.timeout(5):
                await self._process.wait()
        except TimeoutError:
            self._process.kill()
            await self._process.wait()
        await self._reading
