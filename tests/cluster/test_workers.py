"""`--workers 2`: two processes on one port, kept alive, ended together."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.crash.evening import definition_for
from tests.crash.server import HOUSE, free_port
from tests.engines import Redis

PATIENCE = 180.0


class Workers:
    """`app.py demo --workers 2` and what runs under it."""

    def __init__(self, folder: Path, mongo: str, redis: str) -> None:
        self.port, self._folder = free_port(), folder
        self._addresses = {"HELPLINE_STORE": mongo, "HELPLINE_BUS": redis}
        self.process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        definition, data = definition_for(self._folder, 1), self._folder / "service"
        options = ("--definition", str(definition), "--data", str(data), "--port", str(self.port))
        with (self._folder / "workers.log").open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                *(sys.executable, "app.py", "demo", *options, "--workers", "2"),
                cwd=HOUSE,
                env=os.environ | self._addresses,
                stdout=log,
                stderr=log,
            )

    def children(self) -> list[int]:
        assert self.process is not None
        pid = self.process.pid
        return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]

    async def instead_of(self, dead: int) -> list[int]:
        """The two that run, once another has taken the place of `dead`."""
        while len(now := self.children()) < 2 or dead in now:  # noqa: ASYNC110 (nothing tells but asking)
            await asyncio.sleep(0.1)
        return now

    async def asked(self) -> dict[str, Any] | None:
        """What one of them says, over a connection of its own; None while none answers."""
        try:
            address = f"http://127.0.0.1:{self.port}/readyz"
            async with aiohttp.ClientSession() as asking, asking.get(address) as answer:
                said: dict[str, Any] = await answer.json()
                return said
        except aiohttp.ClientError:
            return None

    async def both_answer(self) -> None:
        """Returns once one that dispatches and one that follows have answered, both ready."""
        seen: set[bool] = set()
        async with asyncio.timeout(PATIENCE):
            while seen != {False, True}:
                said = await self.asked()
                if said is not None and said["ready"]:
                    seen.add(said["dispatches"])
                await asyncio.sleep(0.02)


@pytest.fixture
async def workers(tmp_path: Path, database: str, redis: Redis) -> AsyncIterator[Workers]:
    running = Workers(tmp_path, database, redis.address)
    await running.start()
    yield running
    assert running.process is not None
    if running.process.returncode is None:
        running.process.terminate()
        await running.process.wait()


@pytest.mark.timeout(600)
async def test_two_workers_share_a_port_are_replaced_when_one_is_killed_and_end_when_told(
    workers: Workers,
) -> None:
    await workers.both_answer()
    before = workers.children()
    assert len(before) == 2
    async with aiohttp.ClientSession() as asking:
        place = f"http://127.0.0.1:{workers.port}/socket.io/?EIO=4&transport="
        async with asking.get(f"{place}polling") as poll:
            assert poll.status == 400
        async with asking.ws_connect(f"{place}websocket") as line:
            assert (await line.receive_str()).startswith("0{")
    os.kill(before[0], signal.SIGKILL)
    async with asyncio.timeout(PATIENCE):
        now = await workers.instead_of(before[0])
    assert before[1] in now
    await workers.both_answer()
    assert workers.process is not None
    workers.process.send_signal(signal.SIGTERM)
    assert await asyncio.wait_for(workers.process.wait(), 60) == 0
    for pid in now:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
