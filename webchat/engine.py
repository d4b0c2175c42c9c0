"""Engine.IO and Socket.IO as we run them: lean, strict about frames, and closing one socket never touches another.

Measured (docs/speed.md): without permessage-deflate an idle connection takes 30 KB in place of 125 KB; msgspec as
codec and frames put straight into a `Line` keep our own share of a relayed message small.

What this leans on inside python-socketio 5.18 and python-engineio 4.15 (each has a test in tests/webchat/test_wire.py):
the driver table `_async` and `_handle_eio_message`; see `webchat.line` for the rest.
"""

import asyncio
import json as lenient
from typing import Any, Protocol

import msgspec
import socketio
import structlog
from aiohttp import web
from engineio import packet as engine_packet
from engineio import payload as engine_payload
from engineio.async_drivers import aiohttp as aiohttp_driver
from socketio import packet as socket_packet

from helpline.sessions import Session
from webchat.line import LARGEST_FRAME as LARGEST_FRAME
from webchat.line import Engine, LeanWebSocket

log = structlog.get_logger()

PATH = "/socket.io/"

_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder()


class Codec:
    """JSON for the wire. Lone surrogates, which a phone's keyboard can produce, become U+FFFD and harm nobody."""

    @staticmethod
    def dumps(value: Any, **_: Any) -> str:
        return _encoder.encode(value).decode()

    @staticmethod
    def loads(text: str | bytes) -> Any:
        """Raises ValueError for what is not JSON."""
        try:
            return _decoder.decode(text)
        except (msgspec.DecodeError, UnicodeError):
            try:
                return _mended(lenient.loads(text, parse_constant=_no_constant))
            except RecursionError:
                raise ValueError("nested too deeply") from None
        except RecursionError:
            raise ValueError("nested too deeply") from None


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _mended(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    if isinstance(value, list):
        return [_mended(one) for one in value]
    if isinstance(value, dict):
        return {_mended(key): _mended(one) for key, one in value.items()}
    return value


class _ReadBody:
    """A long poll's body, read once and found to be whole packets."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    async def read(self, _length: int = -1) -> bytes:
        return self._body


async def _translated(request: web.Request) -> dict[str, Any]:
    environ: dict[str, Any] = aiohttp_driver.translate_request(request)
    if request.method == "POST":
        body = await request.content.read(LARGEST_FRAME + 1)
        while len(body) <= LARGEST_FRAME and (
            more := await request.content.read(LARGEST_FRAME + 1 - len(body))
        ):
            body += more
        environ["CONTENT_LENGTH"] = str(len(body))
        environ["wsgi.input"] = _ReadBody(body)
        if len(body) <= LARGEST_FRAME and not _is_payload(body):
            request.app[ENGINE].drop_engine(request.query.get("sid", ""))
            raise web.HTTPBadRequest(text="That was not a frame.")
    return environ


def _is_payload(body: bytes) -> bool:
    try:
        packets = engine_payload.Payload(encoded_payload=body.decode()).packets
    except (ValueError, KeyError, IndexError):
        return False
    return all(not packet.binary and 1 <= packet.packet_type <= 6 for packet in packets)


class Caller:
    """One connected socket of one namespace, and what it has asked for that is not answered yet."""

    __slots__ = ("contact", "due", "id", "lanes", "leaving", "line", "pending", "rooms", "session", "token")

    def __init__(self, id: str, line: Any) -> None:
        self.id = id
        self.line = line
        self.token = ""
        """On /person: the person's own token."""
        self.contact = ""
        """On /person: the contact the token holds, once there is one."""
        self.session: Session | None = None
        """On /desk and /board: the session it was opened with."""
        self.rooms: set[str] = set()
        self.lanes: dict[str, asyncio.Future[None]] = {}
        """What the next call about a contact waits for: the last one before it."""
        self.pending = 0
        self.leaving = False
        """It is to be closed, once what it asked is answered."""
        self.due = 0.0
        """The loop's time at which what was asked so far is paid for; see `sockets.Limits`."""


class Called(Protocol):
    """A namespace as the server sees it: told of every call, in order of arrival, without being waited for."""

    callers: dict[str, Caller]

    def called(self, caller: Caller, call_id: int | None, arguments: list[Any]) -> None: ...


class SocketServer(socketio.AsyncServer):  # type: ignore[misc]
    """Socket.IO in which a call goes straight to its namespace, and a frame that is none closes only its socket."""

    takes_nobody = False
    """This node stops: a new connection is to be made elsewhere."""

    def _engineio_server_class(self) -> type[Engine]:
        return Engine

    async def _handle_eio_message(self, eio_sid: str, data: Any) -> None:
        try:
            packet = self.packet_class(encoded_packet=data)
            if packet.packet_type == socket_packet.EVENT:
                self._event(eio_sid, packet)
            elif packet.packet_type == socket_packet.CONNECT:
                await self._handle_connect(eio_sid, packet.namespace, packet.data)
            elif packet.packet_type == socket_packet.DISCONNECT:
                await self._handle_disconnect(eio_sid, packet.namespace, self.reason.CLIENT_DISCONNECT)
            elif packet.packet_type != socket_packet.ACK:
                raise ValueError("a client sends no such packet")
        except asyncio.CancelledError:
            raise
        except (ValueError, TypeError, IndexError, KeyError) as error:
            log.info("undecodable frame", kind=type(error).__name__)
            self.drop_engine(eio_sid)

    def _event(self, eio_sid: str, packet: Any) -> None:
        namespace: Called | None = self.namespace_handlers.get(packet.namespace or "/")
        if not isinstance(packet.data, list) or not packet.data or packet.attachment_count:
            raise ValueError("an event is a list")
        caller = namespace.callers.get(eio_sid) if namespace is not None else None
        if namespace is not None and caller is not None:
            namespace.called(caller, packet.id, packet.data)

    def drop_engine(self, eio_sid: str) -> None:
        """Close one connection, with all its namespaces, once what is queued for it has gone out."""
        line = self.eio.sockets.get(eio_sid)
        if line is not None:
            closing = asyncio.ensure_future(self.eio.disconnect(eio_sid))
            _closing.add(closing)
            closing.add_done_callback(_closing.discard)

    def cut(self, eio_sid: str) -> None:
        """Break one connection at once, whatever is queued for it."""
        environ = self.environ.get(eio_sid)
        transport = environ["aiohttp.request"].transport if environ else None
        if transport is not None:
            transport.abort()
        self.drop_engine(eio_sid)


_closing: set[asyncio.Future[None]] = set()
ENGINE: web.AppKey[SocketServer] = web.AppKey("engine", SocketServer)


def frame(namespace: str, event: str, body: Any) -> Any:
    """A pushed event, encoded once for any number of receivers."""
    return engine_packet.Packet(engine_packet.MESSAGE, f"2{namespace},{Codec.dumps((event, body))}")


def answer(namespace: str, call_id: int, body: Any) -> Any:
    """The acknowledgement of one call."""
    return engine_packet.Packet(engine_packet.MESSAGE, f"3{namespace},{call_id}{Codec.dumps((body,))}")


def attach(app: web.Application, server: SocketServer) -> None:
    """Serve Socket.IO under `/socket.io/` of `app`."""
    app[ENGINE] = server

    async def over_http(request: web.Request) -> web.StreamResponse:
        if server.takes_nobody and "sid" not in request.query:
            raise web.HTTPServiceUnavailable(text="This node stops. Another one takes you.")
        response: web.StreamResponse = await server.handle_request(request)
        return response

    async def last_over_this_line(_request: web.Request, response: web.StreamResponse) -> None:
        if server.takes_nobody:
            response.force_close()  # what is asked next is asked of another node

    for method in ("GET", "POST", "OPTIONS"):
        app.router.add_route(method, PATH, over_http, name=None)
    app.on_response_prepare.append(last_over_this_line)


def make_server(
    is_our_origin: Any, namespaces: tuple[str, ...], *, websocket_only: bool = False
) -> SocketServer:
    """A server for `namespaces` (their classes are registered by the caller) that answers only our own origins.

    `websocket_only`: where the requests of a long poll would reach now this process, now another.
    """
    server = SocketServer(
        async_mode="aiohttp",
        json=Codec,
        cors_allowed_origins=is_our_origin,
        http_compression=False,
        max_http_buffer_size=LARGEST_FRAME,
        ping_interval=20,
        ping_timeout=20,
        namespaces=list(namespaces),
        transports=["websocket"] if websocket_only else None,
    )
    server.eio._async = {
        **server.eio._async,
        "websocket": LeanWebSocket,
        "translate_request": _translated,
    }
    return server
