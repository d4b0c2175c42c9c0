"""What a long evening showed, as the page `docs/reliability.md`."""

import os
import platform
import subprocess
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from statistics import median

import msgspec

from tests.cluster.faults.evening import Outcome, Row

HOUSE = Path(__file__).resolve().parents[3]
PAGE = HOUSE / "docs" / "reliability.md"
HEAD = """# What was measured when things fail

Written by `python -m tests.cluster.faults.run`, which measured it; do not edit. Real processes on one machine: three
nodes, a MongoDB replica set of three, Redis, and a relay through which every line between them goes, so that each can
be made slow, silent, half-open or cut. Persons and supporters are the official Socket.IO client of JavaScript, and
persons keep what they wrote in the outbox of our own page. While they talk, new people come, are offered to somebody,
answered, and gone again; some of them, and a sixth of those who stay, are on the ladder with clocks of seconds. The
truth is then read from the store and from every screen, and held against each other by `tests/cluster/faults/judge.py`.

"""
READING = """
All times are seconds from the beginning of the fault, median / worst of its times. *First* is the first word kept that
was written after it began; *everybody* is when both sides of each pair have had such a word kept; *somebody new* is when
somebody who came after it began was offered to a supporter. Each of a pair speaks about every {pause:g} seconds, so
*everybody* can hardly be less than {least:g}, nor *somebody new* less than the time until somebody comes: what was
noticed stands under *waited*, the longest wait for one word, and beside it how many of the pairs waited more than two
seconds for one (worst). *Page late* is by how much the latest clock of the ladder was late. *Load* is the machine's own,
of the last minute.
"""


class Run(msgspec.Struct, frozen=True):
    """How it was run."""

    seed: int
    pairs: int
    pause: float
    minutes: float
    load: float
    nice: int


def written(outcome: Outcome, run: Run) -> str:
    """The whole page."""
    words = outcome.words
    lost = f"lost {words.lost}, doubled {words.doubled}, out of order {words.out_of_order}"
    to_two = _count(outcome, " two have it", "was told that it is theirs", "not offered to them")
    verdict = [
        f"- **Messages**: {words.said:,} were said; of those acknowledged {lost}.",
        f"- **People**: {run.pairs} pairs who talked all the time, {outcome.visitors} who came and went.",
        f"- **Given to two**: {to_two}; offered to two at once: {_count(outcome, 'while it was')}.",
        f"- **Pages of the ladder** missed: {_count(outcome, 'page missed', 'never came to the lead')}.",
        f"- **Two nodes acting at once**, seen by asking them each second: {outcome.acting_twice}.",
        f"- **Sentences of the judge** about anything wrong, these included: {len(outcome.wrong)}.",
    ]
    reading = READING.format(pause=run.pause, least=1.5 * run.pause)
    when = f"On {datetime.now(UTC).date()}, seed {run.seed}, {len(outcome.rows)} faults in {run.minutes:.0f} minutes. "
    return (
        "\n".join(
            [HEAD + when + machine(run), "", *verdict, reading, *_table(outcome.rows), *_not_met(outcome)]
        )
        + "\n"
    )


def _count(outcome: Outcome, *phrases: str) -> int:
    return sum(any(phrase in one for phrase in phrases) for one in outcome.wrong)


def machine(run: Run) -> str:
    """On what it was measured."""
    cores, version = os.cpu_count(), platform.python_version()
    busy = f"The machine had other work: a load of {run.load:.0f} on average, this at nice {run.nice}."
    quiet = f"The load was {run.load:.0f} on average, of which this made all."
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=HOUSE, capture_output=True, text=True, check=False
    )
    return (
        f"{cores} cores shared by everything, Python {version}, MongoDB elects another primary after 4 s of silence "
        f"(10 s as shipped), commit {commit.stdout.strip() or 'unknown'}. {busy if run.load > 2 * (cores or 1) else quiet}"
    )


def _table(rows: Sequence[Row]) -> list[str]:
    head = (
        "| fault | times | lasts | first | everybody | somebody new | waited | pairs over 2 s | page late | load | said | "
        "lost, doubled, out of order |"
    )
    found = [head, "|" + "---|" * 12]
    for name, group in groupby(sorted(rows, key=lambda row: row.fault), key=lambda row: row.fault):
        same = list(group)
        words = [row.words for row in same]
        wrong = [sum(getattr(one, what) for one in words) for what in ("lost", "doubled", "out_of_order")]
        cells = [
            name,
            str(len(same)),
            f"{same[0].lasts:.0f} s",
            both([row.first for row in same]),
            both([row.everybody for row in same]),
            both([row.newcomer for row in same]),
            f"{max(row.longest_wait for row in same):.1f}",
            str(max(row.pairs_waiting for row in same)),
            f"{max(row.page_late for row in same)} s",
            f"{max(row.load for row in same):.0f}",
            f"{sum(one.said for one in words):,}",
            ", ".join(map(str, wrong)),
        ]
        found.append("| " + " | ".join(cells) + " |")
    return found


def both(taken: Sequence[float | None]) -> str:
    """Median / worst; a `-` where it did not come as long as it was watched."""
    known = [one for one in taken if one is not None]
    if not known:
        return "-"
    worst = "-" if len(known) < len(taken) else f"{max(known):.1f}"
    return f"{median(known):.1f} / {worst}"


def _not_met(outcome: Outcome) -> list[str]:
    if not outcome.wrong:
        return ["", "Nothing else was found wrong."]
    shown = [f"- {one}" for one in outcome.wrong[:40]]
    more = len(outcome.wrong) - len(shown)
    return ["", "## What was not met", "", *shown, *([f"- and {more} more"] if more > 0 else [])]
