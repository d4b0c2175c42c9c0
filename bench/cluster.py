"""`bench cluster`: messages between people at different nodes, beside python-socketio's own way to have several.

One, two and three nodes of the product over a MongoDB replica set of three and a Redis, all real processes; a person is
at one node and their supporter at the next. Beside them as many bare python-socketio servers with `AsyncRedisManager`,
which keep nothing, and one bare server that inserts each message at majority. All share this machine's cores. The
appends alone are those of `bench store`.
"""

import sys
import tempfile
from contextlib import AbstractAsyncContextManager, AsyncExitStack, closing
from pathlib import Path

import msgspec
import psutil

from bench import appends
from bench.figures import Result, Rounds, Say, percentiles, waits
from bench.report import machine
from bench.rig import Rig, allow_many_sockets, product_rig, rig
from tests.engines import Redis, ReplicaSet, database_in

PRODUCT, MANAGED, INSERTS = "product", "managed", "one insert a message"
BARE = (sys.executable, "-m", "bench.bare")
WARM_SECONDS = 0.5


class Plan(msgspec.Struct, frozen=True):
    """`many` pairs are measured on two nodes only, where the bare manager's pool runs dry."""

    rounds: int
    nodes: tuple[int, ...]
    pairs: int
    many: int
    flood_seconds: float
    rate: int
    pace_seconds: float
    appends: appends.Plan


FULL = Plan(
    rounds=5,
    nodes=(1, 2, 3),
    pairs=50,
    many=500,
    flood_seconds=4.0,
    rate=200,
    pace_seconds=10.0,
    appends=appends.FULL,
)
QUICK = Plan(
    rounds=3,
    nodes=(1, 2, 3),
    pairs=50,
    many=500,
    flood_seconds=1.0,
    rate=200,
    pace_seconds=1.0,
    appends=appends.Plan(rounds=3, seconds=0.8),
)
TWO = 2


class Engines:
    """The processes beside the nodes, and the processor time each kind of process has used."""

    def __init__(self, folder: Path) -> None:
        self.replica_set = ReplicaSet(folder / "members")
        self.redis = Redis(folder / "redis")

    def close(self) -> None:
        self.redis.close()
        self.replica_set.close()

    def used(self, measured: Rig) -> dict[str, float]:
        """Seconds, by kind of process; mongod is all three members."""
        return {
            "nodes": measured.cpu_seconds(),
            "mongod": sum(_seconds(member.process.pid) for member in self.replica_set.members),
            "redis": _seconds(self.redis.process.pid),
            "driver": _seconds(measured.driver.process.pid),
        }


def _seconds(pid: int) -> float:
    times = psutil.Process(pid).cpu_times()
    return float(times.user + times.system)


class Found:
    """At one number of nodes: messages a second by pairs, p99 at a steady rate, and who used the processor."""

    def __init__(self) -> None:
        self.acked: dict[int, Rounds] = {}
        self.p50, self.p99 = Rounds(), Rounds()
        self.used: dict[str, Rounds] = {}
        self.lost: dict[str, int] = {}

    def add(self, pairs: int, name: str, rate: float) -> None:
        # One message at least: a manager whose pool has run dry may deliver none, and nothing is divided by that.
        self.acked.setdefault(pairs, Rounds()).add(name, max(1.0, rate))

    async def flood(self, measured: Rig, engines: Engines, pairs: int, seconds: float) -> None:
        before = engines.used(measured)
        lossy = measured.name == MANAGED
        found = await measured.driver.do("flood", use=pairs, warm=WARM_SECONDS, seconds=seconds, lossy=lossy)
        self.lost[measured.name] = self.lost.get(measured.name, 0) + found["lost"]
        kept = min(found["acked_per_second"], found["arrived_per_second"])
        self.add(pairs, measured.name, kept)
        # Over warm-up and window alike: both ran at the same pace.
        messages = max(1.0, found["acked_per_second"] * (WARM_SECONDS + seconds))
        for what, used in engines.used(measured).items():
            each = 1e6 * (used - before[what]) / messages
            self.used.setdefault(f"{measured.name}, {pairs} pairs", Rounds()).add(what, each)

    async def pace(self, measured: Rig, rate: int, seconds: float) -> None:
        lossy = measured.name == MANAGED
        found = await measured.driver.do("pace", rate=rate, seconds=seconds, warm=WARM_SECONDS, lossy=lossy)
        self.lost[measured.name] = self.lost.get(measured.name, 0) + found["lost"]
        shares = percentiles(waits(found["times"]))
        self.p50.add(measured.name, shares["p50"])
        self.p99.add(measured.name, shares["p99"])

    def figures(self) -> dict[str, object]:
        return {
            "messages a second, by pairs": {
                str(pairs): rounds.medians() for pairs, rounds in self.acked.items()
            },
            "acknowledged and never arrived": dict(self.lost),
            "p50, ms": self.p50.medians(),
            "p99, ms": self.p99.medians(),
            "processor time a message, µs": {who: rounds.medians() for who, rounds in self.used.items()},
        }


def managed_rig(nodes: int, redis: str) -> AbstractAsyncContextManager[Rig]:
    return rig(MANAGED, "bare", *[(*BARE, "--redis", redis)] * nodes)


async def run(*, quick: bool, say: Say) -> Result:
    plan = QUICK if quick else FULL
    allow_many_sockets()
    with tempfile.TemporaryDirectory(prefix="bench-cluster-", ignore_cleanup_errors=True) as folder:
        say("starting three MongoDB members and Redis")
        with closing(Engines(Path(folder))) as engines:
            found = {nodes: await _measured(engines, nodes, plan, say) for nodes in plan.nodes}
            address = database_in(engines.replica_set.address, "appends")
            kept = await appends.measured(address, plan.appends, say)
    return result(found, kept, plan)


async def _measured(engines: Engines, nodes: int, plan: Plan, say: Say) -> Found:
    found = Found()
    store = database_in(engines.replica_set.address, f"nodes{nodes}")
    pairs = (plan.pairs, plan.many) if nodes == TWO else (plan.pairs,)
    async with AsyncExitStack() as stack:
        enter = stack.enter_async_context
        say(f"starting {nodes} nodes of each")
        product = product_rig(max(pairs), nodes=nodes, store=store, bus=engines.redis.address)
        rigs = [await enter(product), await enter(managed_rig(nodes, engines.redis.address))]
        if nodes == 1:
            rigs.append(await enter(rig(INSERTS, "bare", (*BARE, "--insert", store))))
        await _rounds(found, engines, rigs, plan.pairs, plan, say)
        if nodes == TWO:
            for one in rigs:
                say(f"opening {plan.many} pairs: {one.name}")
                await one.open_pairs(plan.many)
            await _floods(found, engines, rigs, plan.many, plan, say)
    return found


async def _rounds(found: Found, engines: Engines, rigs: list[Rig], pairs: int, plan: Plan, say: Say) -> None:
    for one in rigs:
        await one.open_pairs(pairs)
    await _floods(found, engines, rigs, pairs, plan, say)
    for number in range(plan.rounds):
        say(f"{plan.rate} messages a second, round {number + 1} of {plan.rounds}")
        for one in rigs[:2]:
            await found.pace(one, plan.rate, plan.pace_seconds)


async def _floods(found: Found, engines: Engines, rigs: list[Rig], pairs: int, plan: Plan, say: Say) -> None:
    for number in range(plan.rounds):
        say(f"{pairs} pairs, round {number + 1} of {plan.rounds}")
        for one in rigs:
            await found.flood(one, engines, pairs, plan.flood_seconds)


def result(found: dict[int, Found], kept: Result, plan: Plan) -> Result:
    two, one = found[TWO], found[1]
    ratios = {
        "relay_50_vs_managed": two.acked[plan.pairs].ratio(PRODUCT, MANAGED),
        "relay_500_vs_managed": two.acked[plan.many].ratio(PRODUCT, MANAGED),
        "mongo_relay_vs_single_insert": one.acked[plan.pairs].ratio(PRODUCT, INSERTS),
        "append_vs_driver": kept.ratios["append_vs_driver"],
    }
    figures: dict[str, object] = {_nodes(nodes): each.figures() for nodes, each in found.items()}
    figures |= {name: value for name, value in kept.figures.items() if name != "machine"}
    figures["machine"] = machine()
    notes = [
        f"medians of {plan.rounds} rounds, turn about; a ratio is the median of the rounds' own ratios",
        "relay_… is on two nodes, a person at one and their supporter at the other; the bare servers keep nothing",
        "mongo_relay_vs_single_insert is on one node, at as many pairs",
        f"latency is at {plan.rate} messages a second over {plan.pairs} pairs",
        "nodes, three MongoDB members, Redis and the load share this machine's cores",
    ]
    return Result("cluster", figures, ratios, notes)


def _nodes(count: int) -> str:
    return "1 node" if count == 1 else f"{count} nodes"
