"""The lines between everybody, each of which can be made slow, dead, cut or half-open by whoever opened it and to whom.

`python -m tests.cluster.faults.links` listens in front of everything that is spoken to (MongoDB's members, Redis, the
nodes) and passes on what comes. Whose connection it is, it learns from the kernel: the process that holds the other
end. So a member may be cut from the other members and still be heard by the nodes, as in a real network.

`Links` runs it and tells it what to do.
"""

import asyncio
import itertools
import json
import os
import socket
import struct
import sys
from asyncio.subprocess import PIPE, Process
from collections import deque
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal, cast

import msgspec
import uvloop

HOUSE = Path(__file__).resolve().parents[3]
How = Literal["", "slow", "silent", "half_open", "cut"]
"""`slow`: everything takes `delay` seconds longer. `silent`: nothing arrives, and what was sent arrives when it ends,
as a network that drops packets does to TCP. `half_open`: the far end has hung up and the near end was not told.
`cut`: every connection breaks at once and new ones are refused."""
CLIENTS = "clients"
UNKNOWN = "somebody"
ANYBODY = "*"
PATIENCE = 2.0
LOOK_EVERY = 1.0
_AT_ONCE = struct.pack("ii", 1, 0)
# linux/netlink.h, linux/sock_diag.h, linux/inet_diag.h
_SOCK_DIAG, _BY_FAMILY, _REQUEST, _HEADER, _INODE_AT = 4, 20, 1, 16, 84


class Link:
    """From one to another: how it is, and what goes over it."""

    def __init__(self) -> None:
        self.how: How = ""
        self.delay = 0.0
        self.near: set[Near] = set()

    def become(self, how: How, delay: float) -> None:
        was, self.how, self.delay = self.how, how, delay
        for near in tuple(self.near):
            near.became(was)


class _Leg(asyncio.Protocol):
    """One end of a connection. What it hears goes to the other leg, in order, late when the link is slow."""

    def __init__(self, link: Link) -> None:
        self.link = link
        self.transport: asyncio.Transport | None = None
        self.other: _Leg | None = None
        self._late: deque[tuple[float, bytes]] = deque()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        if self.link.how == "half_open" or self.other is None:
            return
        if self.link.how != "slow" and not self._late:
            self.other.write(data)
            return
        loop = asyncio.get_running_loop()
        due = loop.time() + self.link.delay
        self._late.append((due, data))
        if len(self._late) == 1:
            loop.call_at(due, self._pass_on)

    def _pass_on(self) -> None:
        loop = asyncio.get_running_loop()
        while self._late and self._late[0][0] <= loop.time():
            _, data = self._late.popleft()
            if self.other is not None:
                self.other.write(data)
        if self._late:
            loop.call_at(self._late[0][0], self._pass_on)

    def write(self, data: bytes) -> None:
        if self.transport is not None and not self.transport.is_closing():
            self.transport.write(data)

    def listen(self, listening: bool) -> None:
        if self.transport is not None and not self.transport.is_closing():
            (self.transport.resume_reading if listening else self.transport.pause_reading)()

    def abort(self) -> None:
        """Break it, so that the other end hears of a broken connection and not of a goodbye."""
        if self.transport is not None and not self.transport.is_closing():
            self.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
            self.transport.abort()

    def pause_writing(self) -> None:
        if self.other is not None:
            self.other.listen(False)

    def resume_writing(self) -> None:
        if self.other is not None and self.link.how != "silent":
            self.other.listen(True)

    def connection_lost(self, failed: Exception | None) -> None:
        if self.other is None or self.link.how == "half_open":
            return
        if self._late:
            asyncio.get_running_loop().call_at(self._late[-1][0] + 0.001, self.other.abort)
        elif self.other.transport is not None:
            self.other.transport.close()


class Near(_Leg):
    """The leg towards whoever opened the connection. It opens the far one when the link lets it."""

    def __init__(self, link: Link, port: int) -> None:
        super().__init__(link)
        self._port = port
        self._early: list[bytes] = []
        self._reaching: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self.link.near.add(self)
        if self.link.how == "cut":
            self.abort()
        elif self.link.how in ("", "slow"):
            self._reach()
        if self.link.how == "silent":
            self.listen(False)

    def _reach(self) -> None:
        if self._reaching is None:
            self._reaching = asyncio.ensure_future(self._reached())

    async def _reached(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            far = _Leg(self.link)
            await loop.create_connection(lambda: far, "127.0.0.1", self._port)
        except OSError:
            self.abort()
            return
        far.other, self.other = self, far
        for data in self._early:
            super().data_received(data)
        self._early.clear()
        if self.link.how == "silent":
            far.listen(False)

    def data_received(self, data: bytes) -> None:
        if self.other is None and self.link.how != "half_open":
            self._early.append(data)
        else:
            super().data_received(data)

    @property
    def ports(self) -> tuple[int, int]:
        """At which port it reaches us, and from which port of theirs."""
        assert self.transport is not None
        return _ports_of(self.transport)

    def belong_to(self, link: Link) -> None:
        self.link.near.discard(self)
        link.near.add(self)
        self.link = link
        if self.other is not None:
            self.other.link = link

    def became(self, was: How) -> None:
        """The link is another one now; `was` is how it was."""
        how = self.link.how
        if how == "cut" or (was == "half_open" and how != "half_open"):
            self.abort()
            return
        if how == "half_open" and self.other is not None:
            self.other.abort()
        self.listen(how != "silent")
        if self.other is not None:
            self.other.listen(how != "silent")
        if how in ("", "slow"):
            self._reach()

    def connection_lost(self, failed: Exception | None) -> None:
        self.link.near.discard(self)
        if self._reaching is not None and self.other is None:
            self._reaching.cancel()
        super().connection_lost(failed)
        if self.link.how == "cut" and self.other is not None:
            self.other.abort()


class Exchange:
    """Every link there is, and who listens in front of whom."""

    def __init__(self) -> None:
        self._links: dict[tuple[str, str], Link] = {}
        self._rules: list[tuple[str, str, How, float]] = []
        self._pids: dict[str, int] = {}
        self._nodes: dict[str, int] = {}
        self._ready: list[str] = []
        self._turn = itertools.count()

    def link(self, origin: str, target: str) -> Link:
        found = self._links.get((origin, target))
        if found is None:
            found = self._links[origin, target] = Link()
            for rule in self._rules:
                if _meant(rule[0], origin) and _meant(rule[1], target):
                    found.how, found.delay = rule[2], rule[3]
        return found

    def order(self, origin: str, target: str, how: How, delay: float) -> None:
        """From here on it is so between these; `*` is anybody."""
        self._rules = [one for one in self._rules if one[:2] != (origin, target)]
        self._rules.append((origin, target, how, delay))
        for (one, other), link in tuple(self._links.items()):
            if _meant(origin, one) and _meant(target, other):
                link.become(how, delay)

    def known(self, name: str, pid: int) -> None:
        """Who this process is. What it opened before is its own from here on."""
        self._pids[name] = pid
        for (origin, target), link in tuple(self._links.items()):
            for near in tuple(link.near) if origin == UNKNOWN else ():
                near.belong_to(self.link(self.whose(*near.ports), target))

    def whose(self, at: int, port: int) -> str:
        """Who opened the connection that reaches us `at` this port, from that `port` of theirs."""
        called = _inode(at, port)
        for name, pid in self._pids.items():
            with suppress(OSError):
                for each in os.scandir(f"/proc/{pid}/fd"):
                    with suppress(OSError):
                        if str(Path(each.path).readlink()) == called:
                            return name
        return UNKNOWN

    async def stand_before(self, target: str, port: int) -> int:
        """Listen in front of one; the port."""
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: _Sorting(self, target, port), "127.0.0.1", 0)
        found: int = server.sockets[0].getsockname()[1]
        return found

    async def stand_before_nodes(self, nodes: dict[str, int]) -> int:
        """Listen in front of all nodes: each new client goes to the next that says it is ready."""
        self._nodes = nodes
        loop = asyncio.get_running_loop()
        server = await loop.create_server(self._next_node, "127.0.0.1", 0)
        self._asking = [asyncio.ensure_future(self._ask(name, port)) for name, port in nodes.items()]
        found: int = server.sockets[0].getsockname()[1]
        return found

    def _next_node(self) -> asyncio.Protocol:
        if not self._ready:
            return _Refusing()
        name = self._ready[next(self._turn) % len(self._ready)]
        return Near(self.link(CLIENTS, name), self._nodes[name])

    async def _ask(self, name: str, port: int) -> None:
        while True:
            ready = False
            if self.link(CLIENTS, name).how in ("", "slow"):
                with suppress(OSError, TimeoutError, ValueError):
                    async with asyncio.timeout(PATIENCE):
                        ready = await _says_ready(port)
            if ready != (name in self._ready):
                (self._ready.append if ready else self._ready.remove)(name)
            await asyncio.sleep(LOOK_EVERY)


class _Sorting(asyncio.Protocol):
    """Finds out who is calling, and becomes their leg."""

    def __init__(self, exchange: Exchange, target: str, port: int) -> None:
        self._exchange, self._target, self._port = exchange, target, port

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        origin = self._exchange.whose(*_ports_of(transport))
        leg = Near(self._exchange.link(origin, self._target), self._port)
        cast(asyncio.Transport, transport).set_protocol(leg)
        leg.connection_made(transport)


class _Refusing(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        cast(asyncio.Transport, transport).abort()


def _meant(rule: str, name: str) -> bool:
    return name in rule.split("|") or rule == ANYBODY


def _inode(port: int, from_port: int) -> str:
    """What the socket that reaches us at `port` from there is called in /proc.

    Asked of the kernel for just this one: reading all of /proc/net/tcp takes a second on a machine with many.
    """
    here = socket.inet_aton("127.0.0.1") + bytes(12)
    ask = struct.pack("=BBBBI", socket.AF_INET, socket.IPPROTO_TCP, 0, 0, 0xFFFFFFFF)
    ask += struct.pack(">HH", from_port, port) + here + here + struct.pack("=III", 0, 0xFFFFFFFF, 0xFFFFFFFF)
    with socket.socket(socket.AF_NETLINK, socket.SOCK_DGRAM, _SOCK_DIAG) as kernel:
        kernel.settimeout(PATIENCE)
        kernel.send(struct.pack("=IHHII", _HEADER + len(ask), _BY_FAMILY, _REQUEST, 1, 0) + ask)
        told = kernel.recv(4_096)
    if struct.unpack_from("=H", told, 4)[0] != _BY_FAMILY:
        return ""
    return f"socket:[{struct.unpack_from('=I', told, _INODE_AT)[0]}]"


def _ports_of(transport: asyncio.BaseTransport) -> tuple[int, int]:
    names = (transport.get_extra_info(name) for name in ("sockname", "peername"))
    at, port = (0 if name is None else int(name[1]) for name in names)  # none: gone already
    return at, port


async def _says_ready(port: int) -> bool:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(b"GET /readyz HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
        return b" 200 " in await reader.readline()
    finally:
        writer.transport.abort()


async def _run() -> None:
    exchange, loop = Exchange(), asyncio.get_running_loop()
    heard = asyncio.StreamReader(limit=1 << 20)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(heard), sys.stdin)
    while line := await heard.readline():
        given = json.loads(line)
        match given.pop("do"):
            case "before":
                answer = {"port": await exchange.stand_before(**given)}
            case "nodes":
                answer = {"port": await exchange.stand_before_nodes(**given)}
            case "known":
                answer = {}
                exchange.known(**given)
            case "link":
                answer = {}
                exchange.order(**given)
            case other:
                raise ValueError(other)
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


class Links:
    """The process that carries every line. `async with Links() as links`."""

    def __init__(self) -> None:
        self._process: Process | None = None
        self._turn = asyncio.Lock()

    async def __aenter__(self) -> "Links":
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.cluster.faults.links", cwd=HOUSE, stdin=PIPE, stdout=PIPE
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._process is not None
        assert self._process.stdin is not None
        self._process.stdin.close()
        await self._process.wait()

    async def before(self, target: str, port: int) -> int:
        """The port at which `target`, who listens on `port`, is reached over its links."""
        found: int = (await self._do("before", target=target, port=port))["port"]
        return found

    async def before_nodes(self, nodes: dict[str, int]) -> int:
        """The port at which clients are handed to whichever node is ready."""
        found: int = (await self._do("nodes", nodes=nodes))["port"]
        return found

    async def known(self, name: str, pid: int) -> None:
        """This process is `name`: what it opens from now on are links of that name."""
        await self._do("known", name=name, pid=pid)

    async def between(self, origin: str, target: str, how: How = "", delay: float = 0.0) -> None:
        """Make the links from `origin` to `target` so. Each is a name, several joined by `|`, or `*`."""
        await self._do("link", origin=origin, target=target, how=how, delay=delay)

    async def _do(self, what: str, **given: Any) -> Any:
        process = self._process
        assert process is not None
        assert process.stdin is not None
        assert process.stdout is not None
        async with self._turn:
            process.stdin.write(msgspec.json.encode({"do": what, **given}) + b"\n")
            await process.stdin.drain()
            return msgspec.json.decode(await process.stdout.readline())


if __name__ == "__main__":
    uvloop.run(_run())
