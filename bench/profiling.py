"""`bench relay --profile`: where the product's time goes while messages are relayed."""

from bench.figures import Result, Say
from bench.report import machine
from bench.rig import allow_many_sockets, product_rig

PAIRS = 50
SECONDS = 15.0
QUICK_SECONDS = 5.0
# What is on the stack whatever happens (the loop, the module) says nothing.
ALWAYS_THERE = 0.98


async def run(*, quick: bool, say: Say) -> Result:
    allow_many_sockets()
    async with product_rig(supporters=PAIRS) as rig:
        await rig.open_pairs(PAIRS)
        await rig.driver.do("flood", use=PAIRS, warm=1, seconds=1)
        say(f"{PAIRS} pairs, sampled")
        await rig.server.ask("sample")
        found = await rig.driver.do("flood", use=PAIRS, warm=0.5, seconds=QUICK_SECONDS if quick else SECONDS)
        profile = await rig.server.ask("profile")
    return Result(
        "relay",
        {
            "acknowledged messages a second, sampled": found["acked_per_second"],
            "samples": profile["samples"],
            "own share": {name: f"{share:.1%}" for name, share in profile["own"]},
            "share with all it called": {
                name: f"{share:.1%}" for name, share in profile["all"] if share < ALWAYS_THERE
            },
            "machine": machine(),
        },
        {},
        [
            f"{PAIRS} pairs; processor time, sampled in the main thread",
            "time inside C (the socket's write, AES, JSON) counts to the Python function that called it",
        ],
    )
