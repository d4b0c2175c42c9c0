"""One raw Socket.IO connection, spoken by hand, so that a test can also say what no client library would."""

import asyncio
import itertools
import uuid
from collections.abc import Callable, Mapping
from typing import Any

import aiohttp
import msgspec
from aiohttp.test_utils import TestClient

WITHIN = 10.0
Json = dict[str, Any]


class Refused(Exception):
    """The server did not let this namespace open. `code` is what it said."""

    def __init__(self, code: str, data: Any) -> None:
        super().__init__(code)
        self.code, self.data = code, data


def new_id() -> str:
    return str(uuid.uuid4())


class Line:
    """`await Line.open(client, "/person", token=…)`, then `call`, `heard`, `events`."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse, namespace: str) -> None:
        self.socket = socket
        self.namespace = namespace
        self.frames: list[tuple[str, Any]] = []
        self._ids = itertools.count()
        self._answers: dict[int, asyncio.Future[Any]] = {}
        self._opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._news = asyncio.Condition()
        self._reading = asyncio.create_task(self._read())

    @classmethod
    async def open(
        cls,
        client: TestClient[Any, Any],
        namespace: str,
        *,
        auth: Any = None,
        cookies: Mapping[str, str] | None = None,
        origin: str | None = None,
    ) -> "Line":
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in (cookies or {}).items())}
        if origin is not None:
            headers["Origin"] = origin
        socket = await client.ws_connect(
            "/socket.io/?EIO=4&transport=websocket", headers=headers, max_msg_size=0, compress=15
        )
        line = cls(socket, namespace)
        given = "" if auth is None else msgspec.json.encode(auth).decode()
        await socket.send_str(f"40{namespace},{given}")
        try:
            await asyncio.wait_for(asyncio.shield(line._opened), WITHIN)
        except Refused:
            await line.close()
            raise
        return line

    async def _read(self) -> None:
        async for message in self.socket:
            if message.type is not aiohttp.WSMsgType.TEXT:
                break
            await self._take(message.data)
            async with self._news:
                self._news.notify_all()
        async with self._news:
            self._news.notify_all()
        for answer in self._answers.values():
            if not answer.done():
                answer.set_exception(ConnectionResetError("closed before the answer"))
                answer.exception()
        if not self._opened.done():
            self._opened.set_exception(ConnectionResetError("closed before it was open"))

    async def _take(self, text: str) -> None:
        mine = f"{self.namespace},"
        if text == "2":
            await self.socket.send_str("3")
        elif text.startswith(f"40{mine}"):
            self._opened.set_result(None)
        elif text.startswith(f"44{mine}"):
            why = msgspec.json.decode(text[2 + len(mine) :])
            why = why if isinstance(why, dict) else {"message": why}
            self._opened.set_exception(Refused(why["message"], why.get("data")))
        elif text.startswith(f"42{mine}"):
            name, body = msgspec.json.decode(text[2 + len(mine) :])
            self.frames.append((name, body))
        elif text.startswith(f"43{mine}"):
            head, _, body = text[2 + len(mine) :].partition("[")
            answer = self._answers.pop(int(head), None)
            if answer is not None:
                answer.set_result(msgspec.json.decode(f"[{body}")[0])

    async def ask(self, event: str, body: Any = None) -> "asyncio.Future[Any]":
        """Send a call and do not wait; await what is returned for its answer."""
        call_id = next(self._ids)
        answer = self._answers[call_id] = asyncio.get_running_loop().create_future()
        arguments = [event] if body is None else [event, body]
        text = msgspec.json.encode(arguments).decode()
        await self.socket.send_str(f"42{self.namespace},{call_id}{text}")
        return answer

    async def call(self, event: str, body: Any = None) -> Any:
        return await asyncio.wait_for(await self.ask(event, body), WITHIN)

    async def heard(self, name: str, fits: Callable[[Any], bool] = lambda _: True) -> Any:
        """The first frame called `name` that fits, whether it has come or is still to come."""

        def found() -> bool:
            return self._first(name, fits) is not None or self.socket.closed

        async with self._news:
            await asyncio.wait_for(self._news.wait_for(found), WITHIN)
        first = self._first(name, fits)
        assert first is not None, f"the line closed without {name}"
        return first[1]

    def _first(self, name: str, fits: Callable[[Any], bool]) -> tuple[str, Any] | None:
        return next((one for one in self.frames if one[0] == name and fits(one[1])), None)

    def events(self, kind: str = "") -> list[Json]:
        """The bodies of the `event` frames so far, of one kind or all."""
        return [body for name, body in self.frames if name == "event" and kind in ("", body["kind"])]

    def forget(self) -> None:
        self.frames.clear()

    async def settled(self) -> None:
        """Everything the server had to say to this line until now has come: an answered call is behind it."""
        await self.call("no_such_call", {})

    async def closed(self) -> None:
        """Wait until the server has closed this line."""
        await asyncio.wait_for(asyncio.shield(self._reading), WITHIN)

    async def close(self) -> None:
        await self.socket.close()
        await asyncio.gather(self._reading, return_exceptions=True)
