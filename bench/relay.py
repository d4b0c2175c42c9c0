"""`bench relay`: a message from a person to a supporter and its acknowledgement.

Closed loop: each pair keeps one message in flight; what counts is acknowledged messages a second, which in the
product are durable first. Open loop: messages are due at a steady rate whatever becomes of those before, with many
pairs connected; what counts is how long after it was due a message is at the supporter.
"""

import time
from contextlib import AsyncExitStack

import msgspec

from bench import memory
from bench.figures import Result, Rounds, Say, lateness, percentile, percentiles, waits
from bench.report import machine
from bench.rig import Rig, allow_many_sockets, bare_rig, product_rig

# A driver this busy may have become what is measured.
DRIVER_FULL = 0.9


class Plan(msgspec.Struct, frozen=True):
    """How much is measured. `connected` are the pairs that stay connected during the open loop.

    `within`: on a slow machine the open loop gets shorter rather than the whole longer than so many seconds.
    """

    rounds: int
    pairs: tuple[int, ...]
    flood_seconds: float
    rates: tuple[int, ...]
    connected: int
    pace_seconds: float
    paced: tuple[str, ...]
    memory: memory.Plan
    within: float | None = None


FULL = Plan(
    rounds=5,
    pairs=(1, 50, 200, 500),
    flood_seconds=4.0,
    rates=(200, 500, 1_000),
    connected=2_000,
    pace_seconds=15.0,
    paced=("shipped", "tuned", "product"),
    memory=memory.Plan(rounds=3, counts=(1_000,)),
)
QUICK = Plan(
    rounds=3,
    pairs=(50, 200),
    flood_seconds=1.5,
    rates=(500,),
    connected=2_000,
    pace_seconds=5.0,
    paced=("tuned", "product"),
    memory=memory.Plan(rounds=3, counts=(1_000,), waiting=False, servers=("tuned", "product")),
    within=165.0,
)
WARM_SECONDS = 0.4
PACE_WARM_SECONDS = 1.0
PACE_SETTLE_SECONDS = 0.3
SHORTEST_PACE = 2.0


class Flood:
    """The closed loop at one number of pairs, over all rounds."""

    def __init__(self) -> None:
        self.acked = Rounds()
        self.cpu = Rounds()
        self.driver_busy = Rounds()

    async def measure(self, rig: Rig, pairs: int, seconds: float) -> None:
        before = rig.server.cpu_seconds()
        found = await rig.driver.do("flood", use=pairs, warm=WARM_SECONDS, seconds=seconds)
        used = rig.server.cpu_seconds() - before
        self.acked.add(rig.name, min(found["acked_per_second"], found["arrived_per_second"]))
        # Over warm-up and window alike: both ran at the same pace.
        self.cpu.add(rig.name, 1e6 * used / (found["acked_per_second"] * (WARM_SECONDS + seconds)))
        self.driver_busy.add(rig.name, found["driver_busy"])


class Pace:
    """The open loop at one rate, over all rounds. Times in milliseconds."""

    def __init__(self) -> None:
        self.shares = {name: Rounds() for name in ("p50", "p95", "p99")}
        self.late = Rounds()

    async def measure(self, rig: Rig, rate: int, seconds: float) -> None:
        found = await rig.driver.do("pace", rate=rate, seconds=seconds, warm=PACE_WARM_SECONDS)
        for name, value in percentiles(waits(found["times"])).items():
            self.shares[name].add(rig.name, value)
        self.late.add(rig.name, percentile(lateness(found["times"]), 99))

    def medians(self) -> dict[str, dict[str, float]]:
        of = {name: rounds.medians() for name, rounds in self.shares.items()}
        return {server: {name: of[name][server] for name in of} for server in of["p50"]}


async def run(*, quick: bool, say: Say) -> Result:
    """Everything in one run, turn about."""
    plan = QUICK if quick else FULL
    began = time.monotonic()
    allow_many_sockets()
    floods: dict[int, Flood] = {pairs: Flood() for pairs in plan.pairs}
    paces: dict[int, Pace] = {rate: Pace() for rate in plan.rates}
    per_connection = await memory.measure(plan.memory, say)
    say("the driver's own best")
    ceiling = await _ceiling(plan)
    async with AsyncExitStack() as stack:
        say("starting the servers")
        rigs = [await stack.enter_async_context(bare_rig(name)) for name in ("shipped", "tuned")]
        rigs.append(await stack.enter_async_context(product_rig(supporters=plan.connected)))
        for rig in rigs:
            say(f"opening {max(plan.pairs)} pairs: {rig.name}")
            await rig.open_pairs(max(plan.pairs))
        for pairs, flood in floods.items():
            for number in range(plan.rounds):
                say(f"{pairs} pairs, round {number + 1} of {plan.rounds}")
                for rig in rigs:
                    await flood.measure(rig, pairs, plan.flood_seconds)
        open_loop = [rig for rig in rigs if rig.name in plan.paced]
        for rig in open_loop:
            say(f"opening {plan.connected} pairs: {rig.name}")
            await rig.open_pairs(plan.connected)
        seconds = plan.pace_seconds
        if plan.within is not None:
            measurements = plan.rounds * len(plan.rates) * len(open_loop)
            seconds = shortened(seconds, plan.within - (time.monotonic() - began), measurements)
        for rate, pace in paces.items():
            for number in range(plan.rounds):
                say(f"{rate} messages a second for {seconds:.1f} s, round {number + 1} of {plan.rounds}")
                for rig in open_loop:
                    await pace.measure(rig, rate, seconds)
    return _result(plan, floods, paces, per_connection, ceiling)


async def _ceiling(plan: Plan) -> float:
    """Messages a second the driver gets out of a server that does nothing, at the pairs it likes best."""
    best = Flood()
    async with bare_rig("ceiling") as rig:
        await rig.open_pairs(max(plan.pairs))
        for pairs in plan.pairs:
            await best.measure(rig, pairs, plan.flood_seconds)
    return max(best.acked.values["ceiling"])


def shortened(seconds: float, left: float, measurements: int) -> float:
    """`seconds` for each measurement, or fewer when they would not fit into what is left; 2 s at least."""
    return max(SHORTEST_PACE, min(seconds, left / measurements - PACE_WARM_SECONDS - PACE_SETTLE_SECONDS))


def _result(
    plan: Plan,
    floods: dict[int, Flood],
    paces: dict[int, Pace],
    per_connection: memory.Found,
    ceiling: float,
) -> Result:
    ratios = {
        f"relay_{pairs}_vs_{yardstick}": floods[pairs].acked.ratio("product", yardstick)
        for yardstick in ("shipped", "tuned")
        for pairs in (50, 200)
    }
    ratios["p99_500_vs_tuned"] = paces[500].shares["p99"].ratio("product", "tuned")
    ratios["memory_vs_tuned"] = per_connection.ratio()
    figures: dict[str, object] = {
        "acknowledged messages a second, by pairs": {
            str(pairs): flood.acked.medians() for pairs, flood in floods.items()
        },
        "server processor time per message, µs, by pairs": {
            str(pairs): flood.cpu.medians() for pairs, flood in floods.items()
        },
        "person to supporter, ms, by messages a second": {
            str(rate): pace.medians() for rate, pace in paces.items()
        },
        "pairs connected in the open loop": plan.connected,
        "driver late by, p99, ms, by messages a second": {
            str(rate): pace.late.medians() for rate, pace in paces.items()
        },
        **per_connection.figures(),
        "machine": machine(),
    }
    return Result("relay", figures, ratios, _notes(plan, floods, ceiling))


def _notes(plan: Plan, floods: dict[int, Flood], ceiling: float) -> list[str]:
    notes = [
        f"medians of {plan.rounds} rounds, turn about; a ratio is the median of the rounds' own ratios",
        "the product acknowledges after the message is durable (SQLite, synchronous=FULL); the bare servers keep nothing",
        "load, servers and database share this machine's cores",
    ]
    for pairs, flood in floods.items():
        for server, busy in flood.driver_busy.medians().items():
            if busy > DRIVER_FULL:
                notes.append(
                    f"at {pairs} pairs against {server} the driver was {busy:.0%} busy: it may be the limit"
                )
    notes.append(
        f"the driver's own best, against a server that does nothing: {ceiling:,.0f} messages a second"
    )
    return notes
