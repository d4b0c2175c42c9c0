"""The moments at which the server is killed: the N-th system call of a kind, or a random while.

`strace` holds the server as it enters the call and kills it there, so the call itself never happens. Everything is
done from outside: nothing in the product knows of it.
"""

import asyncio
import random
import shutil
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import NamedTuple

from tests.crash.server import WAL, Server

ATTACH_SECONDS = 20
EVENTS = "anon_inode:[eventfd]"


class Point(NamedTuple):
    """Kill at the `nth` `call` on `path` (any path when empty); `main`: of the thread that answers clients.

    With `nth` 0 there is no such call: kill after `seconds`. `at_once`: count from the moment the server listens
    again, with everybody coming back; otherwise from the full storm.
    """

    says: str
    call: str = ""
    nth: int = 0
    path: str = ""
    main: bool = False
    seconds: float = 0.0
    at_once: bool = False

    def __str__(self) -> str:
        return f"{self.says}{', while everybody comes back' if self.at_once else ''}"


def handing_over(nth: int) -> Point:
    """The record has been decided, and its page is not with the kernel."""
    return Point(f"before page {nth} of the log is handed to the kernel", "pwrite64", nth, WAL)


def syncing(nth: int) -> Point:
    """The page is with the kernel and not on the disk."""
    return Point(f"before sync {nth} of the log", "fdatasync", nth, WAL)


def telling(nth: int) -> Point:
    """It is on the disk and whoever waits has not been told."""
    return Point(f"after sync {nth} of the log, before anybody hears of it", "write", nth, EVENTS)


def answering(nth: int) -> Point:
    """Frames are on their way out one by one: some clients have theirs, the others never get it."""
    return Point(f"before frame {nth} leaves", "write", nth, main=True)


def keeping_keys(nth: int) -> Point:
    """A contact is being opened and its keys are not durable."""
    return Point(f"before sync {nth} of the keys", "fdatasync", nth, "keys.db")


def by_chance(chance: random.Random) -> Point:
    """Any moment."""
    seconds = chance.uniform(0.02, 1.0)
    return Point(f"after {seconds:.3f} s of storm", seconds=seconds)


def enumerated(count: int) -> list[Point]:
    """So many points: each kind in turn, every second one while everybody comes back, always deeper."""
    kinds = (syncing, telling, answering, handing_over)
    points = []
    for number in range(count):
        depth = 1 + number // len(kinds)
        kind = kinds[number % len(kinds)]
        nth = depth * 7 if kind is answering else depth
        points.append(kind(nth)._replace(at_once=number % 2 == 1))
    return points


@asynccontextmanager
async def armed(server: Server, point: Point) -> AsyncIterator[None]:
    """From here on the server dies at `point`; wait for it with `server.ended()`."""
    if not point.call:
        timer = asyncio.get_running_loop().call_later(point.seconds, server.process.kill)  # type: ignore[union-attr]
        try:
            yield
        finally:
            timer.cancel()
        return
    strace = shutil.which("strace")
    assert strace, "strace is needed to kill the server at a system call: apt-get install strace"
    file = {"": "", WAL: str(server.wal), "keys.db": str(server.folder / "keys" / "keys.db")}.get(
        point.path, point.path
    )
    where = ["-P", file] if file else []
    everywhere = [] if point.main else ["-f"]
    inject = f"inject={point.call}:signal=KILL:when={point.nth}"
    command = [strace, *everywhere, "-p", str(server.pid), *where, "-e", f"trace={point.call}", "-e", inject]
    tracing = await asyncio.create_subprocess_exec(*command, "-o", "/dev/null", stdin=DEVNULL, stderr=PIPE)
    assert tracing.stderr
    try:
        async with asyncio.timeout(ATTACH_SECONDS):
            heard = b""
            while b"attached" not in heard:
                line = await tracing.stderr.readline()
                assert line, f"strace could not trace the server here: {heard.decode()}"
                heard += line
        yield
    finally:
        if server.process is not None and server.process.returncode is None and tracing.returncode is None:
            # It never came to that call: let it go on by itself.
            tracing.terminate()
        await tracing.wait()
