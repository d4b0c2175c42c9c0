"""Through the whole product: nobody is told of anything before it is on the disk."""

import asyncio
import shutil
import signal
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from helpline.clock import SystemClock
from helpline.ports import Record
from helpline.showing import talk_numbers
from helpline.stores.sqlite import SqliteStore
from tests.crash.evening import Kept, definition_for, finish, persons, signed_in
from tests.crash.frames import CALLS, told_early
from tests.crash.server import APP, Driver, Server
from tests.crash.verdict import mistakes, talks_of

UNSAFE = ("-m", "tests.crash.unsafe")
MESSAGES = 20


@asynccontextmanager
async def running(tmp_path: Path, program: tuple[str, ...]) -> AsyncIterator[Server]:
    server = Server(tmp_path / "service", definition_for(tmp_path, supporters=1), program)
    await server.start()
    try:
        yield server
    finally:
        await server.kill()


@asynccontextmanager
async def traced(server: Server, trace: Path) -> AsyncIterator[None]:
    """Write every system call that matters to `trace`, from before the body to after it."""
    strace = shutil.which("strace")
    assert strace, "strace is needed to show the order of system calls: apt-get install strace"
    options = ["-f", "-y", "-xx", "-s", "1000000", "-e", f"trace={CALLS}", "-o", str(trace)]
    tracing = await asyncio.create_subprocess_exec(
        strace, *options, "-p", str(server.pid), stdin=DEVNULL, stderr=PIPE
    )
    assert tracing.stderr
    try:
        said = await tracing.stderr.readline()
        assert b"attached" in said, f"strace could not trace the server here: {said.decode()}"
        yield
    finally:
        tracing.send_signal(signal.SIGINT)
        await tracing.communicate()


async def conversation(server: Server, driver: Driver, trace: Path) -> tuple[list[dict[str, Any]], Kept]:
    """A short evening under the tracer: a start, an offer, an accept, words both ways, "not safe", rung 3."""
    supporters = await signed_in(server, 1, pause=100)
    async with traced(server, trace):
        people = persons(1, pause=100)
        await driver.do("begin", url=server.url, seed=1, supporters=supporters, persons=people)
        await driver.do("until", live=1, acked=MESSAGES)
        await driver.do("person", name="en 1", event="not_safe")
        contact = (await driver.do("contacts"))["contacts"][0]["contact"]
        await driver.do("desk", contact=contact, event="rung", to=3)
        await driver.do("until", acked=2 * MESSAGES)
        await driver.do("hush")
    return await finish(server, driver)


async def records_of(server: Server, contact: str) -> list[Record]:
    store = await SqliteStore.open(server.folder / "data", SystemClock())
    try:
        return await store.read(contact)
    finally:
        await store.close()


async def told_too_early(tmp_path: Path, driver: Driver, program: tuple[str, ...]) -> tuple[list[str], int]:
    """Hold the conversation with `program`; what clients learnt too early, and how many numbers they learnt."""
    trace = tmp_path / "trace.txt"
    async with running(tmp_path, program) as server:
        report, kept = await conversation(server, driver, trace)
        assert mistakes(talks_of(report), kept, ["the conversation"]) == []
        ((contact, log),) = kept.contacts.items()
        records = await records_of(server, contact)
    own = {talk: event.seq for talk, event in talk_numbers(list(log.events), 0)}
    wrong, told = told_early(await asyncio.to_thread(trace.read_text), records, own)
    (talk,) = talks_of(report)
    acknowledged = {own[message.seq] for message in talk.person.said if message.seq}
    acknowledged |= {message.seq for desk in talk.desks for message in desk.said if message.seq}
    assert len(acknowledged) >= 2 * MESSAGES
    assert acknowledged <= told, "the trace does not show every acknowledgement"
    return wrong, len(told)


@pytest.mark.timeout(300)
async def test_nobody_is_told_of_anything_before_it_is_on_the_disk(tmp_path: Path, driver: Driver) -> None:
    wrong, told = await told_too_early(tmp_path, driver, APP)
    assert told > 2 * MESSAGES
    assert not wrong, "\n".join(wrong)


@pytest.mark.timeout(300)
async def test_the_check_finds_a_service_that_does_not_sync(tmp_path: Path, driver: Driver) -> None:
    wrong, told = await told_too_early(tmp_path, driver, (*UNSAFE, "unasked"))
    assert len(wrong) >= told > 2 * MESSAGES


@pytest.mark.timeout(300)
async def test_a_service_whose_file_answers_that_it_does_not_sync_refuses_to_start(tmp_path: Path) -> None:
    server = Server(tmp_path / "service", definition_for(tmp_path, supporters=1), (*UNSAFE, "quietly"))
    await server.launch()
    assert await server.ended() == 1
    assert "helpline.db: synchronous is 0 but must be 2" in server.said()
