"""A connection as Engine.IO has it, read and written without its queues and timers: what must hold all the same."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from aiohttp import ClientError, ClientWebSocketResponse, WSMsgType, web
from aiohttp.test_utils import TestClient, TestServer
from engineio import packet as engine_packet

from webchat.line import MOST_WAITING_BYTES, Engine, LeanWebSocket, Line

SOON = 5.0


class House:
    """An Engine.IO server that keeps what it hears, and a browser's side of it."""

    def __init__(self, client: TestClient[web.Request, web.Application], engine: Engine) -> None:
        self.client = client
        self.engine = engine
        self.heard: asyncio.Queue[tuple[str, str]] = asyncio.Queue()
        self.gone: asyncio.Queue[tuple[str, str]] = asyncio.Queue()

    async def websocket(self, sid: str = "") -> ClientWebSocketResponse:
        query = "?EIO=4&transport=websocket" + (f"&sid={sid}" if sid else "")
        return await self.client.ws_connect(f"/socket.io/{query}", autoping=True)

    async def opened(self) -> tuple[ClientWebSocketResponse, Line]:
        """A fresh WebSocket, past its opening packet, and the server's side of it."""
        websocket = await self.websocket()
        assert (await websocket.receive_str(timeout=SOON)).startswith('0{"sid"')
        return websocket, list(self.engine.sockets.values())[-1]

    async def poll(self, sid: str = "") -> str:
        query = "?EIO=4&transport=polling" + (f"&sid={sid}" if sid else "")
        async with self.client.get(f"/socket.io/{query}") as response:
            assert response.status == 200
            return await response.text()

    async def polling(self) -> Line:
        await self.poll()
        line: Line = list(self.engine.sockets.values())[-1]
        return line


@pytest.fixture
async def house() -> AsyncIterator[House]:
    engine = Engine(async_mode="aiohttp", async_handlers=False, ping_interval=20, ping_timeout=20)
    engine._async = {**engine._async, "websocket": LeanWebSocket}
    app = web.Application()
    engine.attach(app, engineio_path="socket.io")
    async with TestClient(TestServer(app)) as client:
        made = House(client, engine)

        async def connect(sid: str, environ: dict[str, Any]) -> None:
            assert isinstance(environ["aiohttp.request"], web.Request)

        async def message(sid: str, text: str) -> None:
            if text == "trouble":
                raise LookupError(text)
            made.heard.put_nowait((sid, text))

        async def disconnect(sid: str, reason: str) -> None:
            made.gone.put_nowait((sid, reason))

        for name, handler in (("connect", connect), ("message", message), ("disconnect", disconnect)):
            engine.on(name, handler)
        yield made
        await engine.disconnect()
        await engine.shutdown()


def message(text: str) -> engine_packet.Packet:
    return engine_packet.Packet(engine_packet.MESSAGE, text)


async def soon(awaited: Any) -> Any:
    return await asyncio.wait_for(awaited, SOON)


async def closed(websocket: ClientWebSocketResponse) -> None:
    """Read until the other side has closed it."""
    while (await websocket.receive(timeout=SOON)).type not in (WSMsgType.CLOSE, WSMsgType.CLOSED):
        pass


async def test_what_is_said_either_way_arrives_in_order(house: House) -> None:
    websocket, line = await house.opened()
    for number in range(50):
        line.put(message(f"down {number}"))
        await websocket.send_str(f"4up {number}")
    assert [await websocket.receive_str(timeout=SOON) for _ in range(50)] == [f"4down {n}" for n in range(50)]
    assert [await soon(house.heard.get()) for _ in range(50)] == [(line.sid, f"up {n}") for n in range(50)]


@pytest.mark.parametrize("size", [1, 124, 125, 126, 65_534, 65_535, 65_536, 200_000])
@pytest.mark.parametrize("letter", ["a", "ż", "🌙"])
async def test_a_frame_of_any_length_arrives_whole(house: House, size: int, letter: str) -> None:
    websocket, line = await house.opened()
    text = letter * (size // len(letter.encode()))
    line.put(message(text))
    assert await websocket.receive_str(timeout=SOON) == f"4{text}"


async def test_a_frame_that_none_of_ours_would_send_ends_only_its_own_line(house: House) -> None:
    bad, line = await house.opened()
    good, _ = await house.opened()
    await bad.send_str("not a frame")
    await closed(bad)
    assert await soon(house.gone.get()) == (line.sid, house.engine.reason.TRANSPORT_CLOSE)
    await good.send_str("4still here")
    assert (await soon(house.heard.get()))[1] == "still here"


async def test_a_binary_frame_ends_the_line(house: House) -> None:
    websocket, line = await house.opened()
    await websocket.send_bytes(b"4words")
    await closed(websocket)
    assert (await soon(house.gone.get()))[0] == line.sid


async def test_a_mistake_over_one_message_does_not_end_the_line(house: House) -> None:
    websocket, _ = await house.opened()
    await websocket.send_str("4trouble")
    await websocket.send_str("4and on")
    assert (await soon(house.heard.get()))[1] == "and on"


async def test_a_client_that_hangs_up_is_gone_and_forgotten(house: House) -> None:
    websocket, line = await house.opened()
    await websocket.close()
    assert await soon(house.gone.get()) == (line.sid, house.engine.reason.TRANSPORT_CLOSE)
    await until(lambda: line.sid not in house.engine.sockets)
    assert line.closed


async def test_a_client_whose_line_breaks_before_it_is_open_is_forgotten_without_a_word(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    async def breaking(sid: str, environ: dict[str, Any]) -> None:
        environ["aiohttp.request"].transport.abort()

    house.engine.on("connect", breaking)
    with pytest.raises(ClientError):
        await house.websocket()
    assert (await soon(house.gone.get()))[1] == house.engine.reason.TRANSPORT_CLOSE
    await until(lambda: not house.engine.sockets)
    assert caplog.records == []


async def test_a_line_that_is_let_go_delivers_first_what_was_put_before(house: House) -> None:
    websocket, line = await house.opened()
    line.put(message("last words"))
    await house.engine.disconnect(line.sid)
    line.put(message("too late"))
    assert await websocket.receive_str(timeout=SOON) == "4last words"
    assert await websocket.receive_str(timeout=SOON) == str(engine_packet.CLOSE)
    assert (await websocket.receive(timeout=SOON)).type is WSMsgType.CLOSE
    assert await soon(house.gone.get()) == (line.sid, house.engine.reason.SERVER_DISCONNECT)


async def test_a_client_that_answers_its_pings_is_kept(house: House) -> None:
    house.engine.ping_interval = 0.01
    websocket, line = await house.opened()
    for _ in range(5):
        assert await websocket.receive_str(timeout=SOON) == "2"
        await websocket.send_str("3")
    await websocket.send_str("4here")
    assert await soon(house.heard.get()) == (line.sid, "here")


async def test_a_client_that_answers_no_ping_is_let_go(house: House) -> None:
    house.engine.ping_interval, house.engine.ping_timeout = 0.01, 0.02
    websocket, line = await house.opened()
    assert await websocket.receive_str(timeout=SOON) == "2"
    assert await soon(house.gone.get()) == (line.sid, house.engine.reason.PING_TIMEOUT)
    await closed(websocket)
    assert line.closed


async def test_no_ping_is_due_once_a_line_is_closed(house: House) -> None:
    websocket, line = await house.opened()
    assert line._next_ping is not None
    await websocket.close()
    await soon(house.gone.get())
    await until(lambda: line._next_ping is None)


async def test_a_client_that_stops_reading_is_seen_to_be_backed_up(house: House) -> None:
    websocket, line = await house.opened()
    assert line._ws is not None
    assert line._ws.unsent == 0
    put = 0
    while not line.backed_up:
        line.put(message("x" * 100_000))
        put += 100_000
        assert put < MOST_WAITING_BYTES + 50_000_000, "the kernel takes everything"
    for _ in range(put // 100_000):
        await websocket.receive_str(timeout=SOON)
    await until(lambda: not line.backed_up)


async def test_a_long_poll_carries_both_ways(house: House) -> None:
    line = await house.polling()
    line.put(message("one"))
    line.put(message("two"))
    assert await house.poll(line.sid) == "4one\x1e4two"
    query = f"/socket.io/?EIO=4&transport=polling&sid={line.sid}"
    async with house.client.post(query, data="4up") as response:
        assert response.status == 200
    assert await soon(house.heard.get()) == (line.sid, "up")


async def test_a_long_poll_becomes_a_websocket_and_nothing_is_lost_or_turned_round(house: House) -> None:
    line = await house.polling()
    polled = asyncio.create_task(house.poll(line.sid))
    websocket = await house.websocket(line.sid)
    await websocket.send_str("2probe")
    assert await websocket.receive_str(timeout=SOON) == "3probe"
    assert await soon(polled) == str(engine_packet.NOOP)
    line.put(message("between"))
    await websocket.send_str("5")
    assert await beside_noops(websocket) == "4between"
    line.put(message("after"))
    assert await websocket.receive_str(timeout=SOON) == "4after"
    await websocket.send_str("4up")
    assert await soon(house.heard.get()) == (line.sid, "up")


async def test_a_websocket_that_does_not_probe_leaves_the_long_poll_as_it_was(house: House) -> None:
    line = await house.polling()
    websocket = await house.websocket(line.sid)
    await websocket.send_str("4rude")
    await closed(websocket)
    line.put(message("still polling"))
    assert await house.poll(line.sid) == "4still polling"


async def beside_noops(websocket: ClientWebSocketResponse) -> str:
    """The next frame that means something: an upgrade may leave a NOOP over, which a client passes by."""
    while (text := await websocket.receive_str(timeout=SOON)) == str(engine_packet.NOOP):
        pass
    return text


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(SOON):
        while not true():  # noqa: ASYNC110 (nothing tells when aiohttp has put a request away)
            await asyncio.sleep(0)
