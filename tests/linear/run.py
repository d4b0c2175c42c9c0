"""`python -m tests.linear.run [OPERATIONS [SEED [partitions]]]`: the long form by hand, with everything it found printed."""

import asyncio
import sys
import time
from pathlib import Path
from tempfile import mkdtemp

import msgspec

from tests.linear.judging import judged_in_the_end
from tests.linear.storm import CAPACITY, Storm


async def main(operations: int, seed: str, *, partitions: bool) -> int:
    folder = Path(mkdtemp(prefix="linear-"))
    print(f"seed {seed}, {operations} operations, in {folder}", flush=True)
    async with Storm(folder, seed, nodes=3, pause=0.02, partitions=partitions) as storm:
        began = time.monotonic()
        async for what in storm.everything(operations):
            print(what, flush=True)
        await storm.over()
        lasted = time.monotonic() - began
        verdict, whole = await judged_in_the_end(storm.histories, storm.mongo, folder / "keys", CAPACITY)
    (folder / "history.json").write_bytes(msgspec.json.encode(whole))
    print(verdict)
    print(f"{len(whole)} operations in {lasted:.0f} s, {len(storm.happened)} faults")
    return 1 if any(verdict.wrong.values()) else 0


if __name__ == "__main__":
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    chosen = sys.argv[2] if len(sys.argv) > 2 else "6"
    sys.exit(asyncio.run(main(count, chosen, partitions="partitions" in sys.argv)))
