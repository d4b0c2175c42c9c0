"""What befalls the house: each fault chooses whom it meets, begins, lasts, and ends.

`wrong` is asked just before the end: what the house does meanwhile that it must not do.
"""

import asyncio
import signal
from collections.abc import Awaitable, Callable, Sequence
from random import Random

from tests.cluster.faults.house import MEMBERS, REDIS, House
from tests.cluster.faults.links import CLIENTS, How

ALL_MEMBERS = "|".join(MEMBERS)
WAYS: dict[How, str] = {
    "slow": "delay of 500 ms",
    "silent": "packets dropped",
    "half_open": "half-open",
    "cut": "connections cut",
}
Choose = Callable[[House], Awaitable[str]]


class Fault:
    """One thing that goes wrong, named as the table names it."""

    name = ""
    lasts = 10.0

    async def prepare(self, house: House) -> None:
        """Choose whom it meets."""

    async def begin(self, house: House) -> None:
        raise NotImplementedError

    async def end(self, house: House) -> None:
        raise NotImplementedError

    async def wrong(self, house: House) -> list[str]:
        return []


class NodeFault(Fault):
    """Something with the node that acts, or with one that follows."""

    what = ""

    def __init__(self, *, acts: bool) -> None:
        self._acts, self.node = acts, ""
        self.name = f"{self.what} of the node that {'acts' if acts else 'follows'}"

    async def prepare(self, house: House) -> None:
        self.node = await (house.acting() if self._acts else house.following())


class NodeKilled(NodeFault):
    what = "kill -9"

    async def begin(self, house: House) -> None:
        await house.nodes[self.node].kill()

    async def end(self, house: House) -> None:
        await house.start(self.node)


class NodeStopped(NodeFault):
    """As a machine that hangs: it wakes with old beliefs."""

    what = "SIGSTOP"
    lasts = 20.0

    async def begin(self, house: House) -> None:
        house.nodes[self.node].send(signal.SIGSTOP)

    async def end(self, house: House) -> None:
        house.nodes[self.node].send(signal.SIGCONT)


class ClockWrong(NodeFault):
    """Its clock leaps; the one it counts seconds by stays right. Until it is mended it is not ready and does not act."""

    lasts = 15.0

    def __init__(self, seconds: float, *, acts: bool) -> None:
        self._seconds = seconds
        self.what = f"clock {seconds:+.0f} s"
        super().__init__(acts=acts)

    async def begin(self, house: House) -> None:
        house.nodes[self.node].off_by(self._seconds)

    async def end(self, house: House) -> None:
        house.nodes[self.node].off_by(0)

    async def wrong(self, house: House) -> list[str]:
        node = house.nodes[self.node]
        if not node.can_be_wrong:
            return ["this machine has no libfaketime: the clock was right all the time"]
        says = await node.says()
        found = []
        if says is not None and (says.ready or says.trouble != "clock"):
            found.append(f"{self.node} says it is ready while its clock is {self._seconds:+.0f} s off")
        if says is not None and says.dispatches:
            found.append(f"{self.node} acts while its clock is {self._seconds:+.0f} s off")
        return found


class LinkFault(Fault):
    """The links from some to others become slow, silent, half-open or cut."""

    lasts = 12.0

    def __init__(self, between: str, how: How, origin: Choose, target: Choose) -> None:
        self.name = f"{between}: {WAYS[how]}"
        self._how, self._choose = how, (origin, target)
        self._links = ("", "")

    async def prepare(self, house: House) -> None:
        self._links = (await self._choose[0](house), await self._choose[1](house))

    async def begin(self, house: House) -> None:
        await house.links.between(*self._links, self._how, 0.5)

    async def end(self, house: House) -> None:
        await house.links.between(*self._links)


class OnePrimaryAlone(LinkFault):
    """MongoDB's primary is cut from the other members in both directions, and the nodes still reach it."""

    def __init__(self, how: How) -> None:
        super().__init__("MongoDB primary from the others", how, _primary, _others)

    async def begin(self, house: House) -> None:
        await super().begin(house)
        await house.links.between(self._links[1], self._links[0], self._how, 0.5)

    async def end(self, house: House) -> None:
        await super().end(house)
        await house.links.between(self._links[1], self._links[0])


class RedisKilled(Fault):
    def __init__(self, lasts: float = 10.0) -> None:
        self.lasts = lasts
        self.name = f"kill -9 of Redis, away {lasts / 60:.0f} min" if lasts > 60 else "kill -9 of Redis"

    async def begin(self, house: House) -> None:
        house.redis.kill()

    async def end(self, house: House) -> None:
        await asyncio.to_thread(house.redis.revive)


class RedisStopped(Fault):
    name = "SIGSTOP of Redis"

    async def begin(self, house: House) -> None:
        house.redis.freeze()

    async def end(self, house: House) -> None:
        house.redis.thaw()


class PrimaryFault(Fault):
    lasts = 12.0

    async def prepare(self, house: House) -> None:
        self.member = await house.primary()


class PrimaryKilled(PrimaryFault):
    name = "kill -9 of the MongoDB primary"

    async def begin(self, house: House) -> None:
        house.members[self.member].kill()

    async def end(self, house: House) -> None:
        await house.revive(self.member)


class PrimaryStopped(PrimaryFault):
    name = "SIGSTOP of the MongoDB primary"
    lasts = 15.0

    async def begin(self, house: House) -> None:
        house.members[self.member].freeze()

    async def end(self, house: House) -> None:
        house.members[self.member].thaw()


class PrimaryFull(Fault):
    """The disk of the primary is full. It ends by itself; with room again it is started again."""

    name = "disk full at the MongoDB primary"
    lasts = 15.0

    async def prepare(self, house: House) -> None:
        await house.lead_with(MEMBERS[-1])

    async def begin(self, house: House) -> None:
        await asyncio.to_thread(house.disks[MEMBERS[-1]].fill)

    async def end(self, house: House) -> None:
        house.disks[MEMBERS[-1]].empty()
        await house.revive(MEMBERS[-1])


class NodesDiskFull(Fault):
    """The disk with the nodes' own folder and keys is full: nobody new can be kept until there is room."""

    name = "disk full at the nodes (own folder, keys)"

    async def begin(self, house: House) -> None:
        await asyncio.to_thread(house.disks["nodes"].fill)

    async def end(self, house: House) -> None:
        house.disks["nodes"].empty()


async def _acting(house: House) -> str:
    return await house.acting()


async def _following(house: House) -> str:
    return await house.following()


async def _primary(house: House) -> str:
    return await house.primary()


async def _others(house: House) -> str:
    primary = await house.primary()
    return "|".join(name for name in MEMBERS if name != primary)


def _is(name: str) -> Choose:
    async def chosen(house: House) -> str:
        return name

    return chosen


def every_fault() -> list[Fault]:
    """Each kind once, or at either kind of node."""
    found: list[Fault] = [
        *(NodeKilled(acts=acts) for acts in (True, False)),
        *(NodeStopped(acts=acts) for acts in (True, False)),
        *(ClockWrong(seconds, acts=acts) for seconds in (90, -90) for acts in (True, False)),
        RedisKilled(),
        RedisStopped(),
        PrimaryKilled(),
        PrimaryStopped(),
        PrimaryFull(),
        NodesDiskFull(),
    ]
    ways: tuple[How, ...] = ("slow", "silent", "half_open")
    for how in ways:
        found.append(LinkFault("the node that acts from MongoDB", how, _acting, _is(ALL_MEMBERS)))
        found.append(LinkFault("a node that follows from MongoDB", how, _following, _is(ALL_MEMBERS)))
        found.append(LinkFault("a node from Redis", how, _acting, _is(REDIS)))
        found.append(LinkFault("clients from a node", how, _is(CLIENTS), _acting))
        found.append(OnePrimaryAlone(how))
    found.append(LinkFault("clients from a node", "cut", _is(CLIENTS), _following))
    return found


def about_redis(fault: Fault) -> bool:
    """Whether it cannot befall while Redis is away."""
    return "Redis" in fault.name


def a_few() -> list[Fault]:
    """The short form."""
    found = [NodeKilled(acts=True), RedisKilled(4.0), PrimaryKilled()]
    link = LinkFault("a node that follows from MongoDB", "silent", _following, _is(ALL_MEMBERS))
    for one in (*found, link):
        one.lasts = 4.0
    return [*found, link]


def shuffled(faults: Sequence[Fault], chance: Random) -> list[Fault]:
    return chance.sample(list(faults), len(faults))
