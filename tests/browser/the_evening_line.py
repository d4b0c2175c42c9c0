"""A line to the server that a test can cut, as a bad mobile connection is cut.

Chromium's own offline switch leaves open WebSockets alone, so the line is a small TCP proxy between browser and server.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

CHUNK = 65_536


class Line:
    """`url` is where the server is seen through this line."""

    def __init__(self, to_port: int) -> None:
        self.to_port = to_port
        self.port = 0
        self._cut = False
        self._deaf = False
        self._writers: set[asyncio.StreamWriter] = set()
        self._carrying: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def cut(self) -> None:
        """Every connection drops at once, and new ones are refused until `restore`."""
        self._cut = True
        for writer in self._writers:
            writer.transport.abort()

    def restore(self) -> None:
        """New connections get through again, both ways."""
        self._cut = self._deaf = False

    def lose_answers(self) -> None:
        """What the browser sends still arrives; nothing comes back. A cut in the middle of a call begins like this."""
        self._deaf = True

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection of the browser, from its first byte to its last."""
        task = asyncio.current_task()
        assert task is not None
        self._carrying.add(task)
        self._writers.add(writer)
        try:
            if not self._cut:
                await self._join(reader, writer)
        finally:
            writer.transport.abort()
            self._writers.discard(writer)
            self._carrying.discard(task)

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            there, back = await asyncio.open_connection("127.0.0.1", self.to_port)
            self._writers.add(back)
            pumps = [
                asyncio.create_task(self._pump(reader, back, answers=False)),
                asyncio.create_task(self._pump(there, writer, answers=True)),
            ]
            try:
                await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for pump in pumps:
                    pump.cancel()
                await asyncio.gather(*pumps, return_exceptions=True)
                back.transport.abort()
                self._writers.discard(back)

    async def _pump(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, answers: bool
    ) -> None:
        with suppress(OSError):
            while data := await reader.read(CHUNK):
                if answers and self._deaf:
                    continue
                writer.write(data)
                await writer.drain()

    async def close(self) -> None:
        self.cut()
        await asyncio.gather(*self._carrying)


@asynccontextmanager
async def line_to(port: int) -> AsyncIterator[Line]:
    """An open line to the server on `port` of this machine, on a port of its own."""
    line = Line(port)
    server = await asyncio.start_server(line.carry, "127.0.0.1", 0)
    line.port = server.sockets[0].getsockname()[1]
    try:
        yield line
    finally:
        server.close()
        await line.close()
        await server.wait_closed()
