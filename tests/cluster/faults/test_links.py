"""The lines of the failure suite do what their names say, to whom they are told to and to nobody else."""

import asyncio
import os
import sys
import time
from asyncio import StreamReader, StreamWriter
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress

import pytest

from tests.cluster.faults.links import Links

ME, OTHER, ECHO = "me", "other", "echo"
SOON = 15.0
Line = tuple[StreamReader, StreamWriter]
Reached = Callable[[], Awaitable[Line]]
SPEAK = """
import socket, sys
line = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
for said in sys.stdin:
    line.sendall(said.encode())
    print(line.recv(100).decode(), end="", flush=True)
"""


@pytest.fixture
async def links() -> AsyncIterator[Links]:
    async with Links() as links:
        await links.known(ME, os.getpid())
        yield links


@pytest.fixture
async def port(links: Links) -> AsyncIterator[int]:
    """The port of an echo, behind links."""

    async def echo(reader: StreamReader, writer: StreamWriter) -> None:
        while said := await reader.read(1_000):
            writer.write(said)
        writer.close()

        writer.close()
        ended.set()

    ended = asyncio.Event()
    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    yield await links.before(ECHO, server.sockets[0].getsockname()[1])
    server.close()


@pytest.fixture
async def reached(port: int) -> AsyncIterator[Reached]:
    """Opens one more line to the echo."""
    lines: list[Line] = []

    async def open_one() -> Line:
        lines.append(await asyncio.open_connection("127.0.0.1", port))
        return lines[-1]

    yield open_one
    for _, writer in lines:
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()


async def answer(line: Line, said: bytes) -> bytes:
    line[1].write(said)
    async with asyncio.timeout(SOON):
        return await line[0].readline()


async def nothing_comes(line: Line, said: bytes) -> None:
    line[1].write(said)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.5):
            await line[0].readline()


async def test_a_slow_line_takes_longer_and_keeps_the_order(links: Links, reached: Reached) -> None:
    line = await reached()
    assert await answer(line, b"first\n") == b"first\n"
    await links.between(ME, ECHO, "slow", 0.2)
    began = time.monotonic()
    line[1].write(b"second\n")
    await asyncio.sleep(0.01)
    assert await answer(line, b"third\n") == b"second\n"
    assert await line[0].readline() == b"third\n"
    assert time.monotonic() - began >= 0.4
    await links.between(ME, ECHO)
    assert await answer(line, b"fourth\n") == b"fourth\n"


async def test_what_is_said_over_a_silent_line_arrives_when_that_ends(links: Links, reached: Reached) -> None:
    before = await reached()
    await links.between(ME, ECHO, "silent")
    await nothing_comes(before, b"meanwhile\n")
    begun = await reached()
    await nothing_comes(begun, b"begun meanwhile\n")
    await links.between(ME, ECHO)
    assert await answer(before, b"after\n") == b"meanwhile\n"
    assert await before[0].readline() == b"after\n"
    assert await answer(begun, b"more\n") == b"begun meanwhile\n"


async def test_a_half_open_line_takes_what_is_said_and_breaks_only_when_that_ends(
    links: Links, reached: Reached
) -> None:
    line = await reached()
    assert await answer(line, b"first\n") == b"first\n"
    await links.between(ME, ECHO, "half_open")
    await nothing_comes(line, b"lost\n")
    await links.between(ME, ECHO)
    with pytest.raises(ConnectionError):
        async with asyncio.timeout(SOON):
            await line[0].readline()
    fresh = await reached()
    assert await answer(fresh, b"again\n") == b"again\n"


async def test_a_cut_line_breaks_at_once_and_none_is_opened(links: Links, reached: Reached) -> None:
    line = await reached()
    assert await answer(line, b"first\n") == b"first\n"
    await links.between(ME, ECHO, "cut")
    with pytest.raises(ConnectionError):
        await line[0].readline()
    with pytest.raises(ConnectionError):
        await answer(await reached(), b"is anybody there\n")


async def told(speaker: Process, said: bytes) -> bytes:
    assert speaker.stdin is not None
    assert speaker.stdout is not None
    speaker.stdin.write(said)
    async with asyncio.timeout(SOON):
        return await speaker.stdout.readline()


async def test_one_is_cut_off_and_another_is_not_also_when_who_they_are_is_learnt_late(
    links: Links, reached: Reached, port: int
) -> None:
    speaker = await asyncio.create_subprocess_exec(
        sys.executable, "-c", SPEAK, str(port), stdin=PIPE, stdout=PIPE
    )
    assert await told(speaker, b"hello\n") == b"hello\n"
    await links.known(OTHER, speaker.pid)
    await links.between(ME, ECHO, "silent")
    line = await reached()
    await nothing_comes(line, b"nobody hears\n")
    assert await told(speaker, b"I am heard\n") == b"I am heard\n"
    await links.between(OTHER, ECHO, "silent")
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.5):
            await told(speaker, b"not any more\n")
    speaker.kill()
    await speaker.wait()
