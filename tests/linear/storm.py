"""Nodes in processes of their own over a replica set and Redis, their clients asking, and what befalls them meanwhile."""

import asyncio
import random
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, suppress
from pathlib import Path

import msgspec

from tests.cluster.faults.links import Links
from tests.crash.evening import PERSON, definition_for
from tests.crash.server import HOUSE
from tests.engines import Member, Redis, ReplicaSet, database_in, free_ports
from tests.linear.house_clients import HELD_BY_HAND, STAFF
from tests.linear.node import Being

MEMBERS = ("member 1", "member 2", "member 3")
REDIS = "redis"
CAPACITY = 2
"""How many contacts a supporter has at once."""
STARTED_WITHIN = 300.0


class Storm:
    """`async with Storm(folder, seed, nodes=3) as storm`: everything runs, and clients ask until it is `over`.

    With `partitions` every line goes through somebody who can cut it.
    """

    def __init__(
        self, folder: Path, seed: str, *, nodes: int, pause: float, partitions: bool = False
    ) -> None:
        self.folder, self.seed = folder, seed
        self.chance = random.Random(seed)
        self.happened: list[tuple[float, str]] = []
        self._nodes, self._pause, self._partitions = nodes, pause, partitions
        self._running: dict[str, Process] = {}
        self._began = 0
        self._at = time.monotonic()
        self._ending = AsyncExitStack()

    async def __aenter__(self) -> "Storm":
        try:
            await self._open()
        except BaseException:
            await self._ending.aclose()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._ending.aclose()

    async def _open(self) -> None:
        self.redis = Redis(self.folder / "redis")
        self._ending.callback(self.redis.close)
        self._redis, ports, reached = self.redis.address, free_ports(len(MEMBERS)), list[int]()
        if self._partitions:
            self.links = await self._ending.enter_async_context(Links())
            self._redis = f"redis://127.0.0.1:{await self.links.before(REDIS, self.redis.port)}/0"
            reached = [await self.links.before(name, port) for name, port in zip(MEMBERS, ports, strict=True)]
        self.replica_set = await asyncio.to_thread(
            ReplicaSet, self.folder / "members", len(MEMBERS), ports, reached
        )
        self._ending.callback(self._no_more_engines)
        for name, member in zip(MEMBERS, self.replica_set.members, strict=True):
            await self._known(name, member.process.pid)
        self.mongo = database_in(self.replica_set.address, "night")
        self.definition = definition_for(self.folder, len(STAFF))
        text = self.definition.read_text().replace("experienced = 12", f"experienced = {CAPACITY}")
        by_hand = PERSON.format(id=HELD_BY_HAND, role="supporter", language="cy")
        self.definition.write_text(text.replace("missed_minutes = 5", "missed_minutes = 1") + by_hand)
        self._windows = free_ports(self._nodes)
        self._ending.push_async_callback(self._no_more_nodes)
        await asyncio.gather(*(self._begin(slot) for slot in range(self._nodes)))
        self._at = time.monotonic()

    async def _known(self, name: str, pid: int) -> None:
        if self._partitions:
            await self.links.known(name, pid)

    def _no_more_engines(self) -> None:
        for member in self.replica_set.members:
            member.thaw()
        self.replica_set.close()

    async def _no_more_nodes(self) -> None:
        for process in self._running.values():
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()

    # -- nodes -----------------------------------------------------------------------------------------------------

    @property
    def names(self) -> list[str]:
        """The nodes that run."""
        return list(self._running)

    @property
    def histories(self) -> list[Path]:
        return sorted(self.folder.glob("*.history"))

    async def _begin(self, slot: int) -> None:
        self._began += 1
        name = f"n{slot + 1}.{self._began}"
        with (self.folder / f"{name}.log").open("ab") as log:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "tests.linear.node"),
                cwd=HOUSE,
                stdin=PIPE,
                stdout=PIPE,
                stderr=log,
            )
        self._running[name] = process
        await self._known(name, process.pid)
        being = Being(
            name,
            f"{self.seed} {name}",
            self.mongo,
            self._redis,
            str(self.definition),
            str(self.folder / "keys"),
            str(self.folder / f"{name}.history"),
            self._windows[slot],
            tuple(self._windows),
            self._pause,
        )
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(msgspec.json.encode(being) + b"\n")
        async with asyncio.timeout(STARTED_WITHIN):
            said = await process.stdout.readline()
        if said != b"ready\n":
            await process.wait()
            raise AssertionError(self.said(name))

    def said(self, name: str) -> str:
        ended = self._running[name].returncode
        return (
            f"{name} ended with {ended}: {(self.folder / f'{name}.log').read_text(errors='replace')[-4_000:]}"
        )

    async def over(self) -> None:
        """Let everybody finish what they asked, and stop."""
        for process in self._running.values():
            assert process.stdin is not None
            process.stdin.close()
        for name, process in self._running.items():
            async with asyncio.timeout(60):
                assert await process.wait() == 0, self.said(name)
        self._running.clear()

    def asked(self) -> int:
        """How many operations there are by now. Nodes end when they are told to, and not before."""
        for name, process in self._running.items():
            assert process.returncode is None, self.said(name)
        return sum(path.read_bytes().count(b'"type":"call"') for path in self.histories)

    # -- what befalls them -----------------------------------------------------------------------------------------

    def _note(self, what: str) -> None:
        self.happened.append((time.monotonic() - self._at, what))

    def _some_node(self) -> str:
        return self.chance.choice(self.names)

    async def kill_a_node(self) -> None:
        """One is gone, and another begins in its place."""
        name = self._some_node()
        self._note(f"{name} is killed")
        process = self._running.pop(name)
        process.kill()
        await process.wait()
        await self._begin(int(name[1:].split(".")[0]) - 1)
        self._note(f"{list(self._running)[-1]} in its place")

    async def stop_a_node(self, seconds: float) -> None:
        """One stands still, its lease runs out, and it wakes with all it believed."""
        name = self._some_node()
        self._note(f"{name} stands still for {seconds:g} s")
        process = self._running[name]
        process.send_signal(19)
        await asyncio.sleep(seconds)
        process.send_signal(18)

    async def _primary(self) -> tuple[str, Member]:
        member = await asyncio.to_thread(self.replica_set.primary)
        return MEMBERS[self.replica_set.members.index(member)], member

    async def kill_the_primary(self) -> None:
        name, member = await self._primary()
        self._note(f"{name}, the primary, is killed")
        member.kill()
        await asyncio.sleep(2)
        member.revive()
        await self._known(name, member.process.pid)
        await asyncio.to_thread(self.replica_set.whole)

    async def stop_the_primary(self, seconds: float) -> None:
        """It wakes and still believes itself the primary."""
        name, member = await self._primary()
        self._note(f"{name}, the primary, stands still for {seconds:g} s")
        member.freeze()
        await asyncio.sleep(seconds)
        member.thaw()
        await asyncio.sleep(1)

    async def cut_off_the_primary(self, seconds: float) -> None:
        """The other members no longer hear it, and all nodes still do."""
        name, _ = await self._primary()
        self._note(f"{name}, the primary, is cut off from the other members for {seconds:g} s")
        others = "|".join(one for one in MEMBERS if one != name)
        await self._between(others, name, seconds)

    async def cut_off_a_node(self, seconds: float) -> None:
        name = self._some_node()
        self._note(f"{name} is cut off from MongoDB for {seconds:g} s")
        await self._between(name, "|".join(MEMBERS), seconds)

    async def without_redis(self, seconds: float) -> None:
        self._note(f"Redis is away for {seconds:g} s")
        self.redis.kill()
        await asyncio.sleep(seconds)
        self.redis.revive()

    async def unheard(self, seconds: float) -> None:
        name = self._some_node()
        self._note(f"{name} is cut off from Redis for {seconds:g} s")
        await self._between(name, REDIS, seconds)

    async def two_dispatch(self) -> None:
        """Every node believes that the lease is its own."""
        self._note("every node dispatches")
        for process in self._running.values():
            assert process.stdin is not None
            process.stdin.write(b"act\n")

    async def _between(self, one: str, other: str, seconds: float) -> None:
        """Nothing that either says reaches the other, and no connection breaks."""
        for origin, target in ((one, other), (other, one)):
            await self.links.between(origin, target, "silent")
        await asyncio.sleep(seconds)
        for origin, target in ((one, other), (other, one)):
            await self.links.between(origin, target)

    async def everything(self, operations: int) -> AsyncIterator[str]:
        """One fault after another, each with time to recover, until so many operations were asked for; what it was."""
        while self.asked() < operations:
            for fault in self.faults():
                await asyncio.sleep(2)
                noted = len(self.happened)
                await fault()
                yield f"{self.asked():6d} operations, " + "; ".join(
                    f"{at:.1f} s: {what}" for at, what in self.happened[noted:]
                )
                if self.asked() >= operations:
                    return

    def faults(self) -> list[Callable[[], Awaitable[None]]]:
        """One of each, in an order that the seed gives."""
        every: list[Callable[[], Awaitable[None]]] = [
            self.kill_a_node,
            lambda: self.stop_a_node(3),
            lambda: self.stop_a_node(11),
            self.kill_the_primary,
            lambda: self.stop_the_primary(2.5),
            lambda: self.stop_the_primary(6),
            lambda: self.without_redis(4),
            self.two_dispatch,
        ]
        if self._partitions:
            every += [
                lambda: self.cut_off_the_primary(6),
                lambda: self.cut_off_a_node(4),
                lambda: self.unheard(5),
            ]
        self.chance.shuffle(every)
        return every
