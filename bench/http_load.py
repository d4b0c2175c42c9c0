"""How many requests a second a server answers over connections that are kept open, one request in flight on each.

No HTTP library: a client that parses as much as the server does would hide the difference between two servers.
"""

import asyncio
import time

import msgspec

from bench.rig import BenchFailed

_HEAD_ENDS = b"\r\n\r\n"
_LENGTH = b"content-length:"


class Load(msgspec.Struct, frozen=True):
    """What was answered, and how busy this process was meanwhile (1.0 is one core)."""

    per_second: float
    client_busy: float


def get(path: str, headers: dict[str, str]) -> bytes:
    """A GET request as it goes over the wire."""
    lines = [
        f"GET {path} HTTP/1.1",
        "Host: 127.0.0.1",
        *(f"{name}: {said}" for name, said in headers.items()),
    ]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


async def load(port: int, request: bytes, *, connections: int, warm: float, seconds: float) -> Load:
    """Ask the same over and over; answers count after the first `warm` seconds. `BenchFailed` at any but a 200."""
    loop = asyncio.get_running_loop()
    askers = []
    try:
        for _ in range(connections):
            _, asker = await loop.create_connection(lambda: Asker(request), "127.0.0.1", port)
            askers.append(asker)
        await asyncio.sleep(warm)
        answered, began, used = _answered(askers), time.perf_counter(), time.process_time()
        await asyncio.sleep(seconds)
        took = time.perf_counter() - began
        return Load((_answered(askers) - answered) / took, (time.process_time() - used) / took)
    finally:
        for asker in askers:
            asker.close()


async def body_of(port: int, request: bytes) -> bytes:
    """The body of one answer."""
    loop = asyncio.get_running_loop()
    _, asker = await loop.create_connection(lambda: Asker(request, once=True), "127.0.0.1", port)
    try:
        async with asyncio.timeout(10):
            return await asker.first
    finally:
        asker.close()


def _answered(askers: list["Asker"]) -> int:
    for asker in askers:
        if asker.failed:
            raise BenchFailed(asker.failed)
    return sum(asker.answered for asker in askers)


class Asker(asyncio.Protocol):
    """One connection that asks again as soon as it is answered."""

    def __init__(self, request: bytes, *, once: bool = False) -> None:
        self._request = request
        self._once = once
        self._came = b""
        self._transport: asyncio.Transport | None = None
        self.answered = 0
        self.failed = ""
        self.first: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        self._came += data
        head, ended, body = self._came.partition(_HEAD_ENDS)
        if not ended or len(body) < _length(head):
            return
        if not head.startswith(b"HTTP/1.1 200 "):
            self._fail(head.partition(b"\r\n")[0].decode(errors="replace"))
            return
        if not self.first.done():
            self.first.set_result(body)
        self.answered += 1
        self._came = b""
        if not self._once and self._transport is not None:
            self._transport.write(self._request)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._transport is not None:
            self._fail(f"the server hung up: {exc}" if exc else "the server hung up")

    def close(self) -> None:
        transport, self._transport = self._transport, None
        if transport is not None:
            transport.close()

    def _fail(self, why: str) -> None:
        self.failed = self.failed or why
        if not self.first.done():
            self.first.set_exception(BenchFailed(why))
        self.close()


def _length(head: bytes) -> int:
    for line in head.split(b"\r\n"):
        if line[: len(_LENGTH)].lower() == _LENGTH:
            return int(line[len(_LENGTH) :])
    raise BenchFailed("an answer without a length")
