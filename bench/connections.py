"""`bench connections`: what a connected person costs, silent and waiting, at 1,000 and at 5,000."""

from bench import memory
from bench.figures import Result, Say
from bench.report import machine
from bench.rig import allow_many_sockets

FULL = memory.Plan(rounds=3, counts=(1_000, 5_000))
QUICK = memory.Plan(rounds=3, counts=(1_000,))


async def run(*, quick: bool, say: Say) -> Result:
    plan = QUICK if quick else FULL
    allow_many_sockets()
    found = await memory.measure(plan, say)
    return Result(
        "connections",
        {**found.figures(), "machine": machine()},
        {"memory_vs_tuned": found.ratio()},
        [
            f"medians of {plan.rounds} rounds, a server started anew for each; the ratio is at {memory.COMPARED_AT:,}",
            f"resident memory after so many connections, less that after the first {memory.FIRST}",
        ],
    )
