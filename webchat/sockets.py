"""What the three namespaces have in common: how a call is read, ordered, held back, answered and refused.

A namespace lists its calls as `{name: schema}` and has a coroutine of each name. `called` is told of every call in
the order of arrival and never waits, so heartbeats go on whatever a call is waiting for.

Order: calls of one socket about one contact run one after another; those about other contacts are not held up.
Limits: past a generous rate a call is slowed, not dropped; only a socket with very many calls unanswered is told
`too_many`. Nothing ever holds up "I'm not safe".
"""

import asyncio
import traceback
from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated, Any, ClassVar, NoReturn

import msgspec
import socketio
import structlog
from msgspec import Meta

from helpline.errors import BadRequest, HelplineError, NoteMoved, TooLong, TooMany
from helpline.settings import Settings
from webchat.engine import Caller, SocketServer, answer, frame

log = structlog.get_logger()

LONGEST_TEXT = 4_000
MOST_MESSAGES = 50
PAGE_OF_EVENTS = 200
# How long a "not safe" press waits for the calls before it before it overtakes them.
URGENT_WAIT = 1.0

ClientId = Annotated[str, Meta(pattern=r"\A[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\Z")]
Name = Annotated[str, Meta(min_length=1, max_length=128)]
Short = Annotated[str, Meta(max_length=500)]
Words = Annotated[str, Meta(min_length=1)]
Count = Annotated[int, Meta(ge=0, le=2**53)]
Limit = Annotated[int, Meta(ge=1, le=PAGE_OF_EVENTS)]

Answer = Mapping[str, Any]


class UnknownEvent(HelplineError):
    """A call that this namespace does not have."""

    code = "unknown_event"
    status = 404
    message = "That is not something this service does."


class Internal(HelplineError):
    """A mistake of ours. What was asked may or may not have been done: the same id settles it."""

    code = "internal"
    status = 500
    retry = "same_id"
    message = "Something went wrong on our side. It will be tried again."


class Limits(msgspec.Struct, frozen=True):
    """How much one socket may ask. Past `burst` calls at once it gets `calls_a_second`; the rest wait their turn."""

    burst: int = 60
    calls_a_second: float = 10.0
    most_pending: int = 200

    @classmethod
    def of(cls, settings: Settings) -> "Limits":
        return cls(settings.burst, settings.calls_a_second, settings.most_pending)


class Message(msgspec.Struct, frozen=True):
    """One of several messages that queued while the line was away."""

    client_id: ClientId
    text: Words


def checked_text(text: str) -> str:
    """`TooLong` past 4,000 characters."""
    if len(text) > LONGEST_TEXT:
        raise TooLong
    return text


def parsed(body: Any, schema: type[msgspec.Struct]) -> Any:
    """`body` as a value of `schema`; `BadRequest` names the field that is wrong, and nothing that stood in it."""
    try:
        return msgspec.convert(body, schema, strict=True)
    except msgspec.ValidationError as error:
        reason, _, where = str(error).partition(" - at `$")
        field = where.strip("`").lstrip(".") or "the whole"
        raise BadRequest(f"That was not understood: {field}: {reason}.") from None


def refused(error: HelplineError) -> dict[str, Any]:
    """The one place that turns what the service refuses into an acknowledgement."""
    body: dict[str, Any] = error.on_the_wire()
    if isinstance(error, NoteMoved):
        body["error"] |= {"version": error.version, "fields": error.fields}
    return body


def went_wrong(error: Exception, **where: str) -> dict[str, Any]:
    """The one place that turns a mistake of ours into an acknowledgement. Logs where, and no words of anybody."""
    steps = traceback.extract_tb(error.__traceback__)
    log.error(
        "a call went wrong",
        kind=type(error).__name__,
        steps=[f"{step.filename.rpartition('/')[2]}:{step.lineno} {step.name}" for step in steps[-8:]],
        **where,
    )
    return refused(Internal())


def refuse_connection(error: HelplineError) -> NoReturn:
    """Refuse a socket before it is one: `connect_error` with the code as message and the error as data."""
    raise socketio.exceptions.ConnectionRefusedError(error.code, refused(error))


class Namespace(socketio.AsyncNamespace):  # type: ignore[misc]
    """Base of `/person`, `/desk` and `/board`."""

    calls: ClassVar[Mapping[str, type[msgspec.Struct]]]
    unordered: ClassVar[frozenset[str]] = frozenset({"typing", "seen"})
    urgent: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, name: str, limits: Limits) -> None:
        super().__init__(name)
        self.limits = limits
        self.callers: dict[str, Caller] = {}
        self.rooms: dict[str, set[Caller]] = {}
        self._running: set[asyncio.Task[None]] = set()
        self._by_id: dict[str, Caller] = {}

    # -- what a namespace fills in -------------------------------------------------------------------------------

    async def admit(self, caller: Caller, environ: Mapping[str, Any], auth: Any) -> None:
        """Say who is calling, or raise a `HelplineError` to refuse them."""
        raise NotImplementedError

    def greet(self, caller: Caller) -> None:
        """Called once the client knows that it is connected."""

    def gone(self, caller: Caller) -> None:
        """Called once the socket is closed, for whatever reason."""

    def permit(self, caller: Caller, call: str) -> None:
        """Raise when they may not make this call (any longer)."""

    # -- a socket comes and goes ---------------------------------------------------------------------------------

    async def on_connect(self, sid: str, environ: Mapping[str, Any], auth: Any = None) -> None:
        """Socket.IO asks whether this socket may open."""
        server: SocketServer = self.server
        eio_sid = server.manager.eio_sid_from_sid(sid, self.namespace)
        line = server.eio.sockets.get(eio_sid)
        if line is None:
            raise socketio.exceptions.ConnectionRefusedError("gone")
        caller = Caller(sid, line)
        try:
            await self.admit(caller, environ, auth)
        except HelplineError as error:
            refuse_connection(error)
        if line.closed:
            raise socketio.exceptions.ConnectionRefusedError("gone")
        self.callers[eio_sid] = caller
        self._by_id[sid] = caller
        # Socket.IO queues its own "connected" in this same turn of the loop: what greets must come after it.
        asyncio.get_running_loop().call_soon(self._greet, caller)

    def _greet(self, caller: Caller) -> None:
        if caller.id in self._by_id:
            self.greet(caller)

    async def on_disconnect(self, sid: str, _reason: str = "") -> None:
        """Socket.IO says that this socket has closed."""
        caller = self._by_id.pop(sid, None)
        if caller is not None:
            self.callers.pop(caller.line.sid, None)
            for room in tuple(caller.rooms):
                self.go_out(caller, room)
            self.gone(caller)

    def drop(self, caller: Caller) -> None:
        """Close this socket, with the connection it came over, once what it asked is answered. It may ask no more."""
        caller.leaving = True
        if not caller.pending:
            self.server.drop_engine(caller.line.sid)

    # -- rooms and frames ----------------------------------------------------------------------------------------

    def enter(self, caller: Caller, room: str) -> None:
        caller.rooms.add(room)
        self.rooms.setdefault(room, set()).add(caller)

    def go_out(self, caller: Caller, room: str) -> None:
        caller.rooms.discard(room)
        members = self.rooms.get(room)
        if members is not None:
            members.discard(caller)
            if not members:
                del self.rooms[room]

    def send(self, caller: Caller, packet: Any) -> None:
        """Put one encoded frame on its way. A client that has stopped reading is cut, and will resume."""
        line = caller.line
        if line.closed:
            return
        if line.backed_up:
            log.warning("a client stopped reading", namespace=self.namespace)
            self.server.cut(line.sid)
            return
        line.put(packet)

    def tell(self, caller: Caller, event: str, body: Any) -> None:
        """Push to one socket."""
        self.send(caller, frame(self.namespace, event, body))

    def push(self, event: str, body: Any, *rooms: str, but: Caller | None = None) -> None:
        """Push to everybody in these rooms, except `but`. Encoded once, and not at all when nobody is there."""
        callers = [caller for room in rooms for caller in self.rooms.get(room, ()) if caller is not but]
        if callers:
            packet = frame(self.namespace, event, body)
            for caller in callers:
                self.send(caller, packet)

    def tell_everybody(self, event: str, body: Any) -> None:
        """Push to every socket of this namespace."""
        packet = frame(self.namespace, event, body)
        for caller in tuple(self.callers.values()):
            self.send(caller, packet)

    # -- calls ---------------------------------------------------------------------------------------------------

    def called(self, caller: Caller, call_id: int | None, arguments: list[Any]) -> None:
        """One call has arrived. Returns at once; the answer follows in its turn."""
        if caller.leaving:
            return
        name = arguments[0]
        body = arguments[1] if len(arguments) == 2 else {} if len(arguments) == 1 else None
        if not isinstance(name, str) or name not in self.calls:
            self._acknowledge(caller, call_id, refused(UnknownEvent()))
            return
        urgent = name in self.urgent
        if caller.pending >= self.limits.most_pending and not urgent:
            self._acknowledge(caller, call_id, refused(TooMany()))
            return
        caller.pending += 1
        before = mine = None
        lane = ""
        if name not in self.unordered:
            lane = body.get("contact", "") if isinstance(body, dict) else ""
            lane = lane if isinstance(lane, str) else ""
            before = caller.lanes.get(lane)
            mine = caller.lanes[lane] = asyncio.get_running_loop().create_future()
        task = asyncio.create_task(self._run(caller, call_id, name, body, lane, before, mine))
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def _run(
        self,
        caller: Caller,
        call_id: int | None,
        name: str,
        body: Any,
        lane: str,
        before: asyncio.Future[None] | None,
        mine: asyncio.Future[None] | None,
    ) -> None:
        try:
            if before is not None and not before.done():
                await asyncio.wait((before,), timeout=URGENT_WAIT if name in self.urgent else None)
            if name not in self.urgent:
                await self._allow(caller)
            self._acknowledge(caller, call_id, await self._answer(caller, name, body))
        finally:
            caller.pending -= 1
            if mine is not None:
                mine.set_result(None)
                if caller.lanes.get(lane) is mine:
                    del caller.lanes[lane]
            if caller.leaving and not caller.pending:
                self.server.drop_engine(caller.line.sid)

    async def _allow(self, caller: Caller) -> None:
        """Wait until the rate allows one more call: each costs 1/rate seconds, `burst` of them on credit."""
        now = asyncio.get_running_loop().time()
        cost = 1.0 / self.limits.calls_a_second
        caller.due = max(caller.due, now) + cost
        ahead = caller.due - now - self.limits.burst * cost
        if ahead > 0:
            await asyncio.sleep(ahead)

    async def _answer(self, caller: Caller, name: str, body: Any) -> Answer:
        try:
            self.permit(caller, name)
            run: Callable[[Caller, Any], Awaitable[Answer]] = getattr(self, name)
            return await run(caller, parsed(body, self.calls[name]))
        except HelplineError as error:
            return refused(error)
        except Exception as error:  # noqa: BLE001 (one call's mistake must not reach its neighbours; logged there)
            return went_wrong(error, namespace=self.namespace, call=name)

    def _acknowledge(self, caller: Caller, call_id: int | None, body: Answer) -> None:
        if call_id is not None:
            self.send(caller, answer(self.namespace, call_id, body))

    async def settle(self, seconds: float = 10.0) -> None:
        """Wait for what has been asked to be answered; for shutting down."""
        if self._running:
            await asyncio.wait(tuple(self._running), timeout=seconds)
