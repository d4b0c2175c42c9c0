"""Guesses at a password or a code, counted together at every node: each tells the others, in passing, how a try went.

An address goes sealed and is held hashed, at every node under a salt of its own.
"""

import asyncio

import msgspec
from aiohttp import web

from webchat.keys import HELPLINE
from webchat.security import AddressHash, Throttle, address


class _Tried(msgspec.Struct, frozen=True, array_like=True):
    whom: str
    address: str
    right: bool


class Door(msgspec.Struct):
    """What this process remembers about those who try. `topic` is what the nodes call this door."""

    topic: str
    throttle: Throttle = msgspec.field(default_factory=Throttle)
    hashed: AddressHash = msgspec.field(default_factory=AddressHash)

    def tried(self, request: web.Request, whom: str, *, right: bool) -> None:
        """Somebody tried to be `whom`, and was right or wrong."""
        tried = _Tried(whom, address(request), right)
        self._count(tried)
        request.app[HELPLINE].bus.pass_on(self.topic, msgspec.msgpack.encode(tried))

    def tried_elsewhere(self, _node: str, body: bytes) -> None:
        self._count(msgspec.msgpack.decode(body, type=_Tried))

    def _count(self, tried: _Tried) -> None:
        now = asyncio.get_running_loop().time()
        where = self.hashed(tried.address, now)
        if tried.right:
            self.throttle.succeeded(tried.whom, where)
        else:
            self.throttle.failed(tried.whom, where, now)


def put_door(app: web.Application, key: web.AppKey[Door], topic: str) -> None:
    """Give the application a door that hears of tries at other nodes."""
    door = app[key] = Door(topic)

    async def listen(app: web.Application) -> None:
        app[HELPLINE].bus.overhear(topic, door.tried_elsewhere)

    app.on_startup.append(listen)
