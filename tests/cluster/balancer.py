"""What stands in front of several nodes: hands each new connection to the next node that takes it, and nothing else.

It looks at no cookie: where it hands round, every reconnection may land anywhere and only websocket works. With
`in_turn` false all go to the first node that takes them, as if a cookie kept them there. With `websocket` false it is a
network that lets none through.
"""

import asyncio
import weakref
from collections.abc import Sequence
from contextlib import suppress


class Balancer:
    """`async with Balancer([port, …]) as balancer`: connections to `balancer.url` go round `balancer.ports`."""

    def __init__(self, ports: Sequence[int], *, in_turn: bool = True, websocket: bool = True) -> None:
        self._in_turn, self._websocket = in_turn, websocket
        self.ports = list(ports)
        self.handed = dict.fromkeys(ports, 0)
        self._next = 0
        self._server: asyncio.Server | None = None
        self._piping: set[asyncio.Task[None]] = set()
        self._open: weakref.WeakSet[asyncio.StreamWriter] = weakref.WeakSet()

    @property
    def url(self) -> str:
        assert self._server is not None
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def __aenter__(self) -> "Balancer":
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        for task in tuple(self._piping):
            task.cancel()
        await asyncio.gather(*self._piping, return_exceptions=True)
        for writer in self._open:  # a pipe that was cut short has closed nothing
            writer.close()
        await asyncio.sleep(0)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        first = b"" if self._websocket else await reader.read(65_536)
        refused = b"upgrade: websocket" in first.lower()
        there = None if refused else await self._taken_by_one()
        if there is None:
            writer.close()
            return
        there[1].write(first)
        for one, other in ((reader, there[1]), (there[0], writer)):
            self._open.add(other)
            task = asyncio.create_task(_piped(one, other))
            self._piping.add(task)
            task.add_done_callback(self._piping.discard)

    async def _taken_by_one(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter] | None:
        if not self._in_turn:
            self._next = 0
        for _ in self.ports:
            port = self.ports[self._next % len(self.ports)]
            self._next += 1
            with suppress(OSError):
                line = await asyncio.open_connection("127.0.0.1", port)
                self.handed[port] = self.handed.get(port, 0) + 1
                return line
        return None


async def _piped(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while said := await reader.read(65_536):
            writer.write(said)
            await writer.drain()
    writer.close()
