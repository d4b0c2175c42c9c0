"""A storm over the house with fault after fault, what was measured of each, and the judge's word at the end."""

import asyncio
import os
import pickle
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
from pymongo.errors import PyMongoError

from tests.cluster.faults.befalls import Fault
from tests.cluster.faults.house import House
from tests.cluster.faults.judge import Report, Words, latest, read_report, waited, words_of, wrongs
from tests.crash.evening import Kept, kept_by

CALM = "calm"
NOTICED_MS = 2_000
"""Whoever waits longer than this for a word to be kept notices."""
SETTLING = 12.0
"""Seconds at the end for clocks that fell due to fire."""
RECOVER_WITHIN = 60.0
HUSH_WITHIN = 60.0
SPARE = 15.0
"""Seconds a fault takes beside its own, from calm to calm."""


class Storm(msgspec.Struct, frozen=True):
    """How many talk, and how fast. Pauses are the middle ones, in milliseconds; `lines` the lines said at once.

    An answer is waited for as long as our own pages wait.
    """

    pairs: int
    supporters: int
    pause: int
    lines: int
    visitor_every: int
    most_visitors: int
    timeout: int = 15_000


class Row(msgspec.Struct):
    """One fault: when, and what it did. Seconds from its beginning; None where it did not come while it was watched."""

    fault: str
    point: int
    lasts: float
    began: datetime
    ended: datetime
    first: float | None = None
    everybody: float | None = None
    newcomer: float | None = None
    longest_wait: float = 0.0
    pairs_waiting: int = 0
    page_late: int = 0
    load: float = 0.0
    words: Words = msgspec.field(default_factory=Words)
    wrong: list[str] = []


class Outcome(msgspec.Struct):
    """What came of an evening."""

    rows: list[Row]
    wrong: list[str]
    words: Words
    visitors: int
    acting_twice: int
    refusals: list[str]


class Evening:
    """`await Evening(house, storm, seed, say).begin()`, `befall` what you like, then `judged`."""

    def __init__(self, house: House, storm: Storm, seed: int, say: Callable[[str], None]) -> None:
        self.house, self._storm, self._seed, self._say = house, storm, seed, say
        self.rows: list[Row] = []
        self._points = [CALM]
        self._failed: list[str] = []
        self._acting_twice = 0
        self._began = time.monotonic()
        self._watching: asyncio.Task[None] | None = None

    async def begin(self) -> None:
        house, storm = self.house, self._storm
        await house.open_nodes(storm.supporters)
        await house.well()
        names = [f"s{number}" for number in range(storm.supporters)]
        await house.driver.do(
            "begin",
            url=house.url,
            seed=self._seed,
            timeout=storm.timeout,
            pairs=storm.pairs,
            pauses={
                "person": storm.pause,
                "supporter": storm.pause,
                "lines": storm.lines,
                "mostComing": storm.most_visitors,
            },
            supporters=[{"name": name, "cookie": await house.signed_in(name)} for name in names],
            lead={"cookie": await house.signed_in("lead")},
        )
        await house.driver.do("until", talking=storm.pairs)
        await house.driver.do("visitors", every=storm.visitor_every)
        self._say(f"{storm.pairs} pairs are talking")
        self._watching = asyncio.create_task(self._count_who_acts())

    async def _count_who_acts(self) -> None:
        """At no time may two nodes say that they act. Their answers come one after another, so they are asked twice."""
        while True:
            if await self._act_at_once() > 1:
                self._acting_twice += await self._act_at_once() > 1
            await asyncio.sleep(1)

    async def _act_at_once(self) -> int:
        says = await asyncio.gather(*(node.says() for node in self.house.nodes.values()))
        return sum(one is not None and one.dispatches for one in says)

    async def acknowledged(self) -> int:
        count: int = (await self.house.driver.do("count"))["acked"]
        return count

    async def befall(self, fault: Fault, during: str = "") -> Row:
        """One fault from calm to calm."""
        driver, name = self.house.driver, f"{fault.name}, {during}" if during else fault.name
        await self.house.well()
        await fault.prepare(self.house)
        row = await self._pointed(name, fault.lasts)
        await driver.do("watch")
        row.began = datetime.now(UTC)
        recovering = asyncio.ensure_future(
            driver.do("recovered", within=(fault.lasts + RECOVER_WITHIN) * 1_000)
        )
        try:
            await fault.begin(self.house)
            await asyncio.sleep(fault.lasts)
            row.wrong = await fault.wrong(self.house)
        finally:
            await fault.end(self.house)
        self._recovered(row, await recovering)
        await self._calm_again(row)
        return row

    async def survive(self, fault: Fault, during: str = "") -> None:
        """The same, where one that goes wrong in a way nobody thought of must not end the evening."""
        try:
            await self.befall(fault, during)
        except (AssertionError, OSError, TimeoutError, PyMongoError, RuntimeError) as failed:
            self._say(f"WRONG: {fault.name}: {failed!r}")
            self._failed.append(f"{fault.name}: could not be tried to its end: {failed!r}")
            await self.house.driver.do("point", number=0)

    async def _pointed(self, name: str, lasts: float) -> Row:
        now = datetime.now(UTC)
        row = Row(name, len(self._points), lasts, now, now)
        self._points.append(name)
        self.rows.append(row)
        await self.house.driver.do("point", number=row.point)
        return row

    def _recovered(self, row: Row, told: dict[str, Any]) -> None:
        row.first, row.everybody, row.newcomer = (
            None if told[which] is None else told[which] / 1_000 for which in ("first", "all", "offered")
        )
        if told["left"]:
            row.wrong.append(f"not served again within {RECOVER_WITHIN:.0f} s: {', '.join(told['left'][:5])}")

    async def _calm_again(self, row: Row) -> None:
        row.ended, row.load = datetime.now(UTC), os.getloadavg()[0]
        count = await self.house.driver.do("count")
        await self.house.driver.do("point", number=0)
        for name in self.house.ended:
            self._say(f"{name} had ended by itself")
        self.house.ended.clear()
        self._say(
            f"{time.monotonic() - self._began:6.0f} s {count['acked']:>7} kept  {row.fault}: first "
            f"{seconds(row.first)}, everybody {seconds(row.everybody)}, somebody new {seconds(row.newcomer)}"
            + "".join(f"\n    WRONG: {one}" for one in row.wrong)
        )

    async def long_fault(self, fault: Fault, within: Sequence[Fault], during: str) -> None:
        """A fault that lasts, and others that befall while it does."""
        row = await self._pointed(fault.name, fault.lasts)
        until = time.monotonic() + fault.lasts
        await self.house.driver.do("watch")
        row.began = datetime.now(UTC)
        await fault.begin(self.house)
        self._recovered(row, await self.house.driver.do("recovered", within=RECOVER_WITHIN * 1_000))
        for other in within:
            if time.monotonic() + other.lasts + SPARE < until:
                await self.survive(other, during)
        while (left := until - time.monotonic()) > 0:
            await asyncio.sleep(min(left, 30.0))
            self._say(f"{await self.acknowledged():>16} kept, {fault.name}: {max(left, 0):.0f} s left")
        await fault.end(self.house)
        await self.house.well()
        await self._calm_again(row)

    async def judged(self) -> Outcome:
        """End the storm, let everybody catch up, stop the nodes, and read what the store has."""
        house, driver = self.house, self.house.driver
        await house.well()
        count = await driver.do("hush", within=HUSH_WITHIN * 1_000)
        if count["inFlight"]:
            self._failed.append(f"{count['inFlight']} authors wait for their last words to be kept")
        await asyncio.sleep(SETTLING)
        path = house.folder / "report.json"
        reported = datetime.now(UTC)
        await driver.do("report", path=str(path))
        await driver.do("end")
        if self._watching is not None:
            self._watching.cancel()
            await asyncio.gather(self._watching, return_exceptions=True)
        for node in house.nodes.values():
            await node.stop()
        report = await asyncio.to_thread(read_report, path)
        contacts = [talk.contact for talk in report.talks if talk.contact]
        kept = await kept_by(next(iter(house.nodes.values())), contacts)
        # The judge can be asked again about an evening that took long.
        (house.folder / "kept.pickle").write_bytes(pickle.dumps((kept, self._points, reported, self.rows)))
        return self._outcome(report, kept, reported, count["over"])

    def _outcome(self, report: Report, kept: Kept, reported: datetime, visitors: int) -> Outcome:
        wrong = [*wrongs(report, kept, self._points, reported), *self._failed]
        words = words_of(report, wrong, len(self._points))
        for row in self.rows:
            row.words = words[row.point]
            begin, end = row.began.timestamp() * 1_000, row.ended.timestamp() * 1_000
            longest, row.pairs_waiting = waited(report, int(begin), int(end), NOTICED_MS)
            row.longest_wait = longest / 1_000
            row.page_late = latest(kept, row.began, row.ended)
            wrong += [f"{row.fault}: {one}" for one in row.wrong]
        if self._acting_twice:
            wrong.append(f"two nodes said {self._acting_twice} times that they act")
        whole = Words(*(sum(getattr(one, name) for one in words) for name in Words.__struct_fields__))
        return Outcome(self.rows, wrong, whole, visitors, self._acting_twice, list(report.refusals))


def seconds(one: float | None) -> str:
    return "not yet" if one is None else f"{one:.1f} s"
