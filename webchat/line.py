"""One connection, as Engine.IO has it, made lean: read in a plain loop, written to by one task for a burst.

python-engineio makes a task and a timer for every frame it reads, and passes every frame it writes through a queue,
another timer and a writer task. Measured (docs/speed.md), that is the largest single cost of relaying a message; the
ping and the service task find a dead client without it. Long poll works as engineio has it.

What this leans on inside python-engineio 4.15 (each has a test in tests/webchat/test_line.py): what `_handle_connect`
does with a new socket, `handlers["message"]`, a socket's `queue`, in which `None` means "close when sent", and its
flags `connected`, `upgrading`, `upgraded`, `closing` and `closed`.
"""

import asyncio
import time
from collections import deque
from contextlib import suppress
from typing import Any

import engineio
import structlog
from aiohttp import WSMsgType, web
from engineio import packet as engine_packet
from engineio.async_drivers import aiohttp as aiohttp_driver
from engineio.async_socket import AsyncSocket
from engineio.exceptions import SocketIsClosedError, UnknownPacketError

log = structlog.get_logger()

LARGEST_FRAME = 256_000
# A client that reads nothing while so much waits for it is cut; it catches up by `resume`.
MOST_WAITING_FRAMES = 5_000
MOST_WAITING_BYTES = 2_000_000
# A client that does not read is not waited for longer than so many seconds when its line ends.
LET_GO_AFTER = 2.0
_MESSAGE = str(engine_packet.MESSAGE)
_PROBE, _PROBED, _UPGRADE = "2probe", "3probe", "5"


class LeanWebSocket(aiohttp_driver.WebSocket):  # type: ignore[misc]
    """One WebSocket without permessage-deflate. Anything but a well-formed text frame ends it."""

    async def __call__(self, environ: dict[str, Any]) -> web.WebSocketResponse:
        request: web.Request = environ["aiohttp.request"]
        self._sock = web.WebSocketResponse(max_msg_size=LARGEST_FRAME + 1, compress=False)
        await self._sock.prepare(request)
        self._transport = request.transport
        self._kept: deque[str] = deque()
        self._characters = 0
        self._writing: asyncio.Task[None] | None = None
        await self.handler(self)
        return self._sock

    def write(self, text: str) -> None:
        """One text frame, sent in this turn of the loop or the next; nothing once closed."""
        if self._sock.closed:
            return
        self._kept.append(text)
        self._characters += len(text)
        if self._writing is None:
            self._writing = asyncio.create_task(self._write())

    async def _write(self) -> None:
        """Send what is kept, one task for a burst. aiohttp waits here while the client does not read."""
        try:
            while self._kept:
                text = self._kept.popleft()
                self._characters -= len(text)
                await self._sock.send_str(text)
        except (OSError, RuntimeError):
            # The line went down under it: its reader ends, and what was said is in the log.
            self._kept.clear()
            self._characters = 0
        finally:
            self._writing = None

    async def written(self) -> None:
        """Wait until what was put before has gone out."""
        if self._writing is not None:
            await asyncio.wait((self._writing,))

    @property
    def unsent(self) -> int:
        """Bytes, about, that the client has not taken yet."""
        transport = self._transport
        if transport is None:
            return 0
        return int(transport.get_write_buffer_size()) + self._characters

    async def wait(self) -> str:
        message = await self._sock.receive()
        text = message.data
        if message.type is not WSMsgType.TEXT or not text or text[0] not in "123456":
            raise OSError("closed, too large, or not a frame")
        return str(text)


class Line(AsyncSocket):  # type: ignore[misc]
    """One client's connection: a WebSocket, a long poll, or one that becomes the other."""

    closed: bool
    connected: bool
    last_ping: float | None

    def __init__(self, server: Any, sid: str) -> None:
        super().__init__(server, sid)
        self._ws: LeanWebSocket | None = None
        self._next_ping: asyncio.TimerHandle | None = None

    @property
    def backed_up(self) -> bool:
        """True when this client has stopped reading."""
        if self._ws is not None:
            return self._ws.unsent > MOST_WAITING_BYTES
        return bool(self.queue.qsize() >= MOST_WAITING_FRAMES)

    def put(self, packet: Any) -> None:
        """Write one packet, or keep it for the next poll. Never waits; a closed line takes nothing."""
        if self.closed:
            return
        if self._ws is not None:
            self._ws.write(packet.encode())
        else:
            self.queue.put_nowait(packet)

    async def send(self, pkt: Any) -> None:
        if await self.check_ping_timeout():
            self.put(pkt)

    def schedule_ping(self) -> None:
        if self.last_ping:
            self.last_ping = None
            loop = asyncio.get_running_loop()
            self._next_ping = loop.call_later(self.server.ping_interval, self._ping)

    def _ping(self) -> None:
        if not self.closing and not self.closed:
            self.last_ping = time.time()
            self.put(engine_packet.Packet(engine_packet.PING))

    async def close(self, wait: bool = True, abort: bool = False, reason: Any = None) -> None:
        """Never waits for the client to read before it lets it go."""
        if self._next_ping is not None:
            self._next_ping.cancel()
            self._next_ping = None
        await super().close(wait=False, abort=abort, reason=reason)
        self.hang_up()

    def hang_up(self) -> None:
        """End the WebSocket, or the poll, once what was put before has gone out."""
        if self._ws is None:
            self.queue.put_nowait(None)
        elif not self._ws._sock.closed:
            closing = asyncio.ensure_future(self._close(self._ws))
            _closing.add(closing)
            closing.add_done_callback(_closing.discard)

    async def _close(self, ws: LeanWebSocket) -> None:
        with suppress(asyncio.TimeoutError):
            await asyncio.wait_for(ws.written(), LET_GO_AFTER)
        await ws.close()

    async def _upgrade_websocket(self, environ: dict[str, Any]) -> Any:
        try:
            return await super()._upgrade_websocket(environ)
        except ConnectionError:
            # They hung up before it was open, as pages do that all come back at once and have waited too long.
            await self.close(abort=True, reason=self.server.reason.TRANSPORT_CLOSE)
            return self.server._bad_request()

    async def _websocket_handler(self, ws: LeanWebSocket) -> None:
        if self.connected and not await self._taken_over(ws):
            return
        self.connected = self.upgraded = True
        self._ws = ws
        while not self.queue.empty():
            packet = self.queue.get_nowait()
            if packet is not None:
                ws.write(packet.encode())
        try:
            while True:
                await self._read(await ws.wait())
        except (OSError, SocketIsClosedError, UnknownPacketError, ValueError):
            pass  # the line is down, or what came over it was no frame: either way it ends here
        finally:
            await self.close(abort=True, reason=self.server.reason.TRANSPORT_CLOSE)

    async def _read(self, text: str) -> None:
        if text[0] != _MESSAGE:
            await self.receive(engine_packet.Packet(encoded_packet=text))
            return
        try:
            await self.server.handlers["message"](self.sid, text[1:])
        except Exception as error:  # noqa: BLE001 (one frame's mistake must not end the line; logged here)
            log.error("a frame went wrong", kind=type(error).__name__)

    async def _taken_over(self, ws: LeanWebSocket) -> bool:
        """Move from long poll to `ws`: probe, end the poll, upgrade. False when the client does not go through."""
        self.upgrading = True  # polls are sent away meanwhile, and what is put stays in the queue
        try:
            if await ws.wait() != _PROBE:
                return False
            ws.write(_PROBED)
            self.queue.put_nowait(engine_packet.Packet(engine_packet.NOOP))
            return await ws.wait() == _UPGRADE
        except OSError:
            return False
        finally:
            self.upgrading = False


_closing: set[asyncio.Future[None]] = set()


class Engine(engineio.AsyncServer):  # type: ignore[misc]
    """Engine.IO over such lines."""

    start_service_task: bool

    async def disconnect(self, sid: str | None = None) -> None:
        for one in [sid] if sid is not None else list(self.sockets):
            line = self.sockets.get(one)
            if line is not None:
                await line.close(reason=self.reason.SERVER_DISCONNECT)

    async def _handle_connect(self, environ: dict[str, Any], transport: str, jsonp_index: Any = None) -> Any:
        if self.start_service_task:
            self.start_service_task = False
            self.service_task_handle = self.start_background_task(self._service_task)
        sid = self.generate_id()
        line = self.sockets[sid] = Line(self, sid)
        opened = {
            "sid": sid,
            "upgrades": self._upgrades(sid, transport),
            "pingTimeout": int(self.ping_timeout * 1000),
            "pingInterval": int(self.ping_interval * 1000),
            "maxPayload": self.max_http_buffer_size,
        }
        line.put(engine_packet.Packet(engine_packet.OPEN, opened))
        await self.handlers["connect"](sid, environ)
        line.schedule_ping()
        if transport == "websocket":
            response = await line.handle_get_request(environ)
            if line.closed:
                self.sockets.pop(sid, None)
            return response
        line.connected = True
        return self._ok(await line.poll(), jsonp_index=jsonp_index)
