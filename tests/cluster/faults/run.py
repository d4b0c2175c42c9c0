"""The long form: `python -m tests.cluster.faults.run` runs a storm with every fault and writes docs/reliability.md.

`--seed N` repeats an order; `--messages`, `--times` and `--redis-away` (seconds) make it shorter or longer;
`--page FILE` writes elsewhere. Needs root for its small disks.
"""

import argparse
import asyncio
import os
import random
import shutil
import tempfile
import time
from pathlib import Path

import msgspec

from tests.cluster.faults.befalls import RedisKilled, about_redis, every_fault, shuffled
from tests.cluster.faults.evening import Evening, Outcome, Storm
from tests.cluster.faults.house import House
from tests.cluster.faults.telling import PAGE, Run, written

NEVER = "99"
MEMORY = Path("/dev/shm")
"""A place in memory: nothing here is about losing power."""


def told() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=random.randrange(2**32))
    parser.add_argument("--messages", type=int, default=100_000, help="go on until so many are acknowledged")
    parser.add_argument("--times", type=int, default=1, help="how often each fault befalls")
    parser.add_argument("--redis-away", type=float, default=600.0, help="seconds of the long absence")
    parser.add_argument(
        "--until", default="", help="begin no further fault after this time of day, such as 09:50"
    )
    parser.add_argument(
        "--redis-at", default="", help="begin the long absence at this time of day, not half way"
    )
    parser.add_argument("--pairs", type=int, default=40)
    parser.add_argument("--pause", type=int, default=5_000, help="milliseconds between what one says")
    parser.add_argument("--every", type=int, default=3_000, help="milliseconds between new people")
    parser.add_argument("--lines", type=int, default=8, help="lines said at once, in the middle")
    parser.add_argument("--folder", type=Path, default=MEMORY if MEMORY.is_dir() else None)
    parser.add_argument("--page", type=Path, default=PAGE)
    parser.add_argument("--logs", type=Path, default=None, help="copy what the nodes said to this folder")
    return parser.parse_args()


def copy_logs(made: Path, to: Path) -> None:
    to.mkdir(parents=True, exist_ok=True)
    for log in (
        *made.glob("node-*.log"),
        *made.glob("report.json"),
        *made.glob("kept.pickle"),
        *made.glob("members/*.log"),
    ):
        shutil.copy(log, to)


def say(what: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {what}", flush=True)


def past(instant: str) -> bool:
    """Whether this time of day is past; it never is when none was given."""
    return bool(instant) and time.strftime("%H:%M") >= instant


async def run(given: argparse.Namespace, house: House) -> tuple[Outcome, float, float]:
    """The evening, how many minutes it took, and the load meanwhile."""
    supporters = -(-(given.pairs + 14) // 12)
    storm = Storm(given.pairs, supporters, given.pause, given.lines, given.every, most_visitors=10)
    evening = Evening(house, storm, given.seed, say)
    began, loads = time.monotonic(), [os.getloadavg()[0]]
    chance = random.Random(given.seed)
    await evening.begin()
    # Those of Redis first: the others befall while it is away for long, too.
    faults = [
        fault
        for _ in range(given.times)
        for fault in sorted(shuffled(every_fault(), chance), key=about_redis, reverse=True)
    ]
    away_after = len(faults) // 2
    for number, fault in enumerate(faults):
        if past(given.redis_at) if given.redis_at else number == away_after:
            away_after, given.redis_at = -1, NEVER
            away = RedisKilled(given.redis_away)
            others = [fault for fault in shuffled(every_fault(), chance) if not about_redis(fault)]
            await evening.long_fault(away, others, "while Redis is away")
        if past(given.until):
            say(f"no time left for {len(faults) - number} faults")
            break
        await evening.survive(fault)
        loads.append(os.getloadavg()[0])
    while (kept := await evening.acknowledged()) < given.messages:
        say(f"{kept} kept; {given.messages} are wanted")
        if past(given.until):
            break
        await asyncio.sleep(15)
    outcome = await evening.judged()
    return outcome, (time.monotonic() - began) / 60, sum(loads) / len(loads)


async def main() -> int:
    given = told()
    say(f"seed {given.seed}")
    with tempfile.TemporaryDirectory(prefix="faults-", dir=given.folder, ignore_cleanup_errors=True) as made:
        try:
            async with House(Path(made)) as house:
                outcome, minutes, load = await run(given, house)
        finally:
            if given.logs is not None:
                copy_logs(Path(made), given.logs)
        given.page.with_suffix(".json").write_bytes(msgspec.json.encode(outcome))
    given.page.write_text(
        written(
            outcome,
            Run(
                given.seed,
                given.pairs,
                given.pause / 1_000,
                minutes,
                load,
                os.getpriority(os.PRIO_PROCESS, 0),
            ),
        )
    )
    say(f"{outcome.words} in {minutes:.1f} minutes, {outcome.visitors} visitors, {len(outcome.wrong)} wrong")
    for one in outcome.wrong[:40]:
        say(one)
    return 1 if outcome.wrong else 0


if __name__ == "__main__":
    raise SystemExit(asyncio.run(main()))
