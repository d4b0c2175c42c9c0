"""The yardsticks: a bare python-socketio relay on aiohttp, as shipped or tuned. Nothing is kept, nothing is checked.

`python -m bench.bare [--tuned] [--redis ADDRESS] [--insert ADDRESS]` prints `{"port": …}` once it listens and ends when
stdin closes. With `--redis` it is one of several nodes, by python-socketio's own `AsyncRedisManager`; with `--insert`
each message is one `insert_one` at majority in MongoDB before it is relayed.
"""

import argparse
import asyncio
import gc
import os
from typing import Any

import engineio.async_drivers.aiohttp as engineio_aiohttp
import socketio
import uvloop
from aiohttp import web
from pymongo import AsyncMongoClient
from pymongo.asynchronous.collection import AsyncCollection

from bench.serving import serve

BODY = 350
"""Bytes of a sealed message of some forty words."""
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


def relay(*, tuned: bool = False, redis: str = "", insert: str = "") -> web.Application:
    """What a person says goes to the supporter of the same pair, then is acknowledged with a number."""
    manager = socketio.AsyncRedisManager(redis) if redis else None
    sio = socketio.AsyncServer(async_mode="aiohttp", client_manager=manager)
    kept = _messages(insert) if insert else None
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
        if kept is not None:
            await kept.insert_one({"_id": f"{pair}/{seq}", "body": os.urandom(BODY)})
        await sio.emit("event", {"seq": seq, **message}, room=pair)
        return {"seq": seq}

    sio.on("connect", connect)
    sio.on("say", say)
    app = web.Application()
    sio.attach(app)
    return app


def _messages(address: str) -> AsyncCollection[dict[str, Any]]:
    client: AsyncMongoClient[dict[str, Any]] = AsyncMongoClient(address, w="majority", journal=True)
    return client.get_default_database()["messages"]


def tame_gc() -> None:
    """Leave what stands out of every later collection, and collect seldom."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GC_THRESHOLDS)


async def main(given: argparse.Namespace) -> None:
    async with serve(relay(tuned=given.tuned, redis=given.redis, insert=given.insert)):
        if given.tuned:
            tame_gc()


if __name__ == "__main__":
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--tuned", action="store_true")
    arguments.add_argument("--redis", default="")
    arguments.add_argument("--insert", default="")
    given = arguments.parse_args()
    if given.tuned:
        uvloop.run(main(given))
    else:
        asyncio.run(main(given))
