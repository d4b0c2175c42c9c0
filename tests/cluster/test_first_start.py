"""The very first start of several nodes at once, over an empty MongoDB."""

import asyncio
import os
import sys
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import aiohttp
import pytest

from helpline import book_log
from helpline.clock import SystemClock
from helpline.definition import read_definition
from helpline.service import Helpline
from tests.crash.evening import definition_for
from tests.crash.server import HOUSE, free_port
from tests.engines import Redis

APPROVED = '[ladder]\napproved_by = "Nobody, for a test"\napproved_on = 2026-01-31\n\n[[ladder.rungs]]'
SHIFT = """
[[shifts]]
id = "{id}"
person = "{id}"
role = "supporter"
starts = 2026-01-05T00:00:00
ends = 2026-01-06T00:00:00
rrule = "FREQ=DAILY"
"""


def real_service(folder: Path) -> Path:
    """A service that `serve` opens: approved, no number made up, with people, shifts, numbers and phrases."""
    path = definition_for(folder, 2)
    text = path.read_text().replace("demo = true", "demo = false").replace("01632 960110", "111")
    path.write_text(
        text.replace("[[ladder.rungs]]", APPROVED, 1) + SHIFT.format(id="s0") + SHIFT.format(id="s1")
    )
    return path


class Serving:
    """`app.py serve` as a process of its own."""

    def __init__(self, folder: Path, definition: Path, number: int, mongo: str, redis: str) -> None:
        self.port, self.log = free_port(), folder / f"node-{number}.log"
        self._definition, self._folder = definition, folder
        self._data = folder / f"data-{number}"
        self._addresses = {"HELPLINE_STORE": mongo, "HELPLINE_BUS": redis}
        self.process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        folders = ("--data", str(self._data), "--keys", str(self._folder / "keys"))
        with self.log.open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                *(sys.executable, "app.py", "serve", str(self._definition), *folders),
                *("--port", str(self.port)),
                cwd=HOUSE,
                env=os.environ | self._addresses,
                stdout=log,
                stderr=log,
            )
        async with asyncio.timeout(180), aiohttp.ClientSession() as asking:
            while not await self._ready(asking):
                assert self.process.returncode is None, self.log.read_text()
                await asyncio.sleep(0.1)

    async def _ready(self, asking: aiohttp.ClientSession) -> bool:
        try:
            async with asking.get(f"http://127.0.0.1:{self.port}/readyz") as answer:
                return answer.status == 200
        except aiohttp.ClientError:
            return False

    async def stop(self) -> int:
        assert self.process is not None
        if self.process.returncode is None:
            self.process.terminate()
        return await self.process.wait()


OpenServing = Callable[[int, Path], Awaitable[Serving]]


@pytest.fixture
async def open_serving(tmp_path: Path, database: str, redis: Redis) -> AsyncIterator[OpenServing]:
    running: list[Serving] = []

    async def open_one(number: int, definition: Path) -> Serving:
        serving = Serving(tmp_path, definition, number, database, redis.address)
        running.append(serving)
        await serving.start()
        return serving

    yield open_one
    await asyncio.gather(*(one.stop() for one in running))


@pytest.mark.timeout(300)
async def test_nodes_that_start_at_once_on_nothing_take_the_seeds_in_once(
    open_serving: OpenServing, tmp_path: Path, database: str, proving: bool
) -> None:
    count = 3 if proving else 2
    definition = real_service(tmp_path)
    nodes = await asyncio.gather(*(open_serving(number, definition) for number in range(count)))
    assert [await one.stop() for one in nodes] == [0] * count
    read = read_definition(definition)
    opened = await Helpline.open(
        read, data=tmp_path / "data-0", keys=tmp_path / "keys", clock=SystemClock(), store=database
    )
    try:
        assert sorted(account.id for account in opened.people) == sorted(one.id for one in read.people)
        assert {document.version for document in await opened.store.all("person")} == {1}
        assert [document.id for document in await opened.store.all("definition")] == [read.hash]
        for log in ("r-rota", "d-directory", "l-phrases"):
            steps = Counter(book_log.as_step(event).what for event in await opened.logbook.read(log))
            assert set(steps.values()) == {1}, (log, steps)
        assert list(opened.rota.book.shifts) == ["s0", "s1"]
        assert [one.id for one in opened.directory.contacts] == [one.id for one in read.crisis_contacts]
    finally:
        await opened.close()
