"""The yardsticks: a bare python-socketio relay on aiohttp, as shipped or tuned. Nothing is kept, nothing is checked.

`python -m bench.bare [--tuned]` prints `{"port": …}` once it listens and ends when stdin closes.
"""

import argparse
import asyncio
import gc
from typing import Any

import engineio.async_drivers.aiohttp as engineio_aiohttp
import socketio
import uvloop
from aiohttp import web

from bench.serving import serve

# Full collections in a process with thousands of sockets take tens of milliseconds; these put them off.
GC_THRESHOLDS = (100_000, 50, 1_000)


class PlainWebSocket(engineio_aiohttp.WebSocket):  # type: ignore[misc]
    """As engineio's own, without permessage-deflate."""

    async def __call__(self, environ: dict[str, Any]) -> web.WebSocketResponse:
        self._sock = web.WebSocketResponse(compress=False, max_msg_size=self.server.max_http_buffer_size)
        await self._sock.prepare(environ["aiohttp.request"])
        self.environ = environ
        await self.handler(self)
        return self._sock


def relay(*, tuned: bool) -> web.Application:
    """What a person says goes to the supporter of the same pair, then is acknowledged with a number."""
    sio = socketio.AsyncServer(async_mode="aiohttp")
    if tuned:
        sio.eio._async = {**sio.eio._async, "websocket": PlainWebSocket}
    pair_of: dict[str, str] = {}
    said: dict[str, int] = {}

    async def connect(sid: str, environ: dict[str, Any], auth: dict[str, Any]) -> None:
        pair = str(auth["pair"])
        if auth["side"] == "supporter":
            await sio.enter_room(sid, pair)
        else:
            pair_of[sid] = pair

    async def say(sid: str, message: dict[str, Any]) -> dict[str, int]:
        pair = pair_of[sid]
        seq = said[pair] = said.get(pair, 0) + 1
        await sio.emit("event", {"seq": seq, **message}, room=pair)
        return {"seq": seq}

    sio.on("connect", connect)
    sio.on("say", say)
    app = web.Application()
    sio.attach(app)
    return app


def tame_gc() -> None:
    """Leave what stands out of every later collection, and collect seldom."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GC_THRESHOLDS)


async def main(*, tuned: bool) -> None:
    async with serve(relay(tuned=tuned)):
        if tuned:
            tame_gc()


if __name__ == "__main__":
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--tuned", action="store_true")
    tuned = arguments.parse_args().tuned
    if tuned:
        uvloop.run(main(tuned=True))
    else:
        asyncio.run(main(tuned=False))
