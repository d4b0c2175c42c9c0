"""Appends that wait together become one command; each waiter gets its own outcome, and none before a majority has it.

The outcome of a command whose answer got lost is settled by sending the very same documents again: what is already
there is refused by its place, and its mark says whose it is.
"""

import asyncio
import random
from collections import deque
from collections.abc import Sequence

import bson
import msgspec
import structlog
from bson.raw_bson import RawBSONDocument
from pymongo import UpdateOne
from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.errors import BulkWriteError, OperationFailure, PyMongoError

from helpline.errors import ClaimTaken, Conflict, HelplineError, NotSaved, StoreFull
from helpline.ports import Record
from helpline.stores.mongo_horizon import Horizon
from helpline.stores.mongo_shape import (
    DUPLICATE_KEY,
    OUT_OF_DISK_SPACE,
    Database,
    Fields,
    record_fields,
    refusal,
    whole_log,
)
from helpline.stores.records import RECORD_OVERHEAD, Bounds, microseconds

log = structlog.get_logger()

LANES = 2
"""Commands on their way at once: one is being written while the next gathers."""
WORTH_A_COMMAND = 128
"""So many records and more are worth a command of their own; fewer cost more that way than they gain."""
WORTH_GATHERING = 4
"""Where the last commands were this large, a little is waited for as many: whoever was just answered writes again."""
LONGEST_GATHERING = 0.012
BATCH_RECORDS = 1_000
BATCH_BYTES = 8 * 1024 * 1024
LARGEST_RECORD = 16 * 1024 * 1024 - 16 * 1024
LOGS_REMEMBERED = 200_000
_PAUSE = 0.05


class Standing(msgspec.Struct):
    """Where a log stands, as far as this process wrote or read it.

    `marked` is when it was opened, once `logs` is known to say so; `live` whether it is known to be marked live. Both
    hold only along a chain of this process's own records.
    """

    last_seq: int
    marked: int | None = None
    live: bool = False


class _Job:
    __slots__ = ("answer", "mark", "overdue_at", "raw", "record", "released", "size")

    def __init__(self, record: Record, answer: asyncio.Future[None], overdue_at: float) -> None:
        self.record, self.answer, self.overdue_at = record, answer, overdue_at
        self.released = False
        self.mark = random.getrandbits(63)
        # Encoded now and once: what cannot be kept is the caller's own mistake, and a second try sends the same.
        self.raw = RawBSONDocument(bson.encode(record_fields(record, self.mark)))
        self.size = RECORD_OVERHEAD + len(self.raw.raw)

    def settle(self, outcome: BaseException | None) -> None:
        if self.answer.done():
            return
        if outcome is None:
            self.answer.set_result(None)
        else:
            self.answer.set_exception(outcome)


class MongoAppends:
    """The queue of records on their way to `records`. Made and used on one event loop."""

    def __init__(self, database: Database, horizon: Horizon, bounds: Bounds) -> None:
        self._records, self._logs = database.records, database.logs
        self._horizon, self._bounds = horizon, bounds
        self._loop = asyncio.get_running_loop()
        self._standings: dict[str, Standing] = {}
        self._waiting: deque[_Job] = deque()
        self._unanswered: deque[_Job] = deque()
        self._busy: set[str | bytes] = set()
        self._lanes: set[asyncio.Task[None]] = set()
        self._tidying: set[asyncio.Task[None]] = set()
        self._count = self._bytes = 0
        self._ready = True
        # Of the last commands: how many went with each of two, and how long one took.
        self._sizes: deque[int] = deque((0, 0), maxlen=2)
        self._took = 0.0
        # Whether those who wait were waited for long enough, and what ends that.
        self._gathered = False
        self._gathers: asyncio.TimerHandle | None = None
        self._pump_soon: asyncio.Handle | None = None
        self._watch: asyncio.TimerHandle | None = None

    @property
    def ready(self) -> bool:
        """False from the moment a bound was met until less than half of each is waiting."""
        return self._ready

    def submit(self, record: Record) -> asyncio.Future[None]:
        """Queue `record`; done once a majority has it, or with why not. Raises `NotSaved` past a bound."""
        job = _Job(record, self._loop.create_future(), self._loop.time() + self._bounds.wait_seconds)
        if len(job.raw.raw) > LARGEST_RECORD:
            raise ValueError(f"a record of {len(job.raw.raw)} bytes; MongoDB keeps 16 MB at most")
        bounds = self._bounds
        if self._count >= bounds.records or self._bytes + job.size > bounds.bytes:
            self._ready = False
            raise NotSaved
        self._count += 1
        self._bytes += job.size
        self._waiting.append(job)
        self._unanswered.append(job)
        if self._watch is None:
            self._watch = self._loop.call_at(job.overdue_at, self._give_up_on_the_overdue)
        if self._pump_soon is None:
            # After this turn of the loop, so that all who came in it go together.
            self._pump_soon = self._loop.call_soon(self._pump)
        return job.answer

    async def drained(self) -> None:
        """Returns once nothing waits any more; each waits no longer than its limit."""
        while self._waiting or self._lanes or self._tidying:
            under_way = self._lanes | self._tidying
            await (asyncio.wait(under_way) if under_way else asyncio.sleep(0))
        if self._watch is not None:
            self._watch.cancel()
            self._watch = None

    # -- the queue -------------------------------------------------------------------------------------------------

    def _pump(self) -> None:
        self._pump_soon = None
        while len(self._lanes) < LANES and (batch := self._next_batch()):
            lane = self._loop.create_task(self._write(batch))
            self._lanes.add(lane)
            lane.add_done_callback(self._lane_done)

    def _lane_done(self, lane: asyncio.Task[None]) -> None:
        self._lanes.discard(lane)
        self._tidying.discard(lane)
        if self._pump_soon is None:
            self._pump()

    def _next_batch(self) -> list[_Job]:
        """The first who wait, up to one whose log or claim is on its way: all ends as if one came after another."""
        batch: list[_Job] = []
        size = 0
        if self._gathering():
            return batch
        # Many are shared out over the lanes that are free, few go together.
        share = -(-len(self._waiting) // (LANES - len(self._lanes)))
        most = min(BATCH_RECORDS, max(share, WORTH_A_COMMAND))
        while self._waiting and len(batch) < most and size < BATCH_BYTES:
            job = self._waiting[0]
            if job.answer.done():  # overdue, and so not begun any more
                self._waiting.popleft()
                self._forget(job)
                continue
            record = job.record
            if record.log in self._busy or any(claim in self._busy for claim in record.claims):
                break
            self._waiting.popleft()
            self._busy.add(record.log)
            self._busy.update(record.claims)
            batch.append(job)
            size += job.size
        if batch:
            self._sizes.append(len(batch))
            self._gathered = False
            if self._gathers is not None:
                self._gathers.cancel()
                self._gathers = None
        return batch

    def _gathering(self) -> bool:
        """Whether those who wait go with others who come in a moment: a command costs three members far more than a record."""
        if self._lanes:
            return len(self._waiting) < WORTH_A_COMMAND
        expected = max(self._sizes)
        if self._gathered or expected < WORTH_GATHERING or not 0 < len(self._waiting) < expected:
            return False
        if self._gathers is None:
            self._gathers = self._loop.call_later(min(LONGEST_GATHERING, self._took), self._end_gathering)
        return True

    def _end_gathering(self) -> None:
        # No clock is asked whether the time is over: a timer may come a little before it.
        self._gathers, self._gathered = None, True
        self._pump()

    def _release(self, jobs: Sequence[_Job]) -> None:
        """What waits for these logs and claims may go now."""
        for job in jobs:
            if not job.released:
                job.released = True
                self._busy.discard(job.record.log)
                self._busy.difference_update(job.record.claims)
                self._forget(job)

    def _step_aside(self, settled: Sequence[_Job]) -> None:
        """Some of a command are not settled yet: nobody else shall wait for them."""
        self._release(settled)
        lane = asyncio.current_task()
        if lane in self._lanes:
            self._lanes.discard(lane)
            self._tidying.add(lane)
            self._pump()

    def _forget(self, job: _Job) -> None:
        self._count -= 1
        self._bytes -= job.size
        if not self._ready:
            bounds = self._bounds
            self._ready = self._count < bounds.records / 2 and self._bytes < bounds.bytes / 2

    def _give_up_on_the_overdue(self) -> None:
        self._watch = None
        now = self._loop.time()
        while self._unanswered:
            job = self._unanswered[0]
            if not job.answer.done() and job.overdue_at > now:
                self._watch = self._loop.call_at(job.overdue_at, self._give_up_on_the_overdue)
                return
            self._unanswered.popleft()
            job.settle(NotSaved())

    async def _write(self, batch: list[_Job]) -> None:
        began = self._loop.time()
        until = began + self._bounds.wait_seconds
        ended: list[_Job] = []
        try:
            async with self._horizon.session() as session:
                jobs = await self._that_continue(batch, until)
                await self._mark(jobs, session, until)
                ended = await self._insert(jobs, session, until)
        except TimeoutError:
            self._settle_all(batch, NotSaved())
        except (NotSaved, PyMongoError) as error:
            outcome = error if isinstance(error, NotSaved) else refusal(error)
            self._settle_all(batch, outcome)
        except Exception as error:  # noqa: BLE001 (a mistake of ours: whoever waits is told, and nobody hangs)
            self._settle_all(batch, error)
        finally:
            self._took = self._loop.time() - began
            self._release(batch)
        if ended:
            tidying = self._loop.create_task(self._unmark(ended))
            self._tidying.add(tidying)
            tidying.add_done_callback(self._tidying.discard)

    def _settle_all(self, batch: Sequence[_Job], outcome: BaseException) -> None:
        for job in batch:
            self._standings.pop(job.record.log, None)
            job.settle(type(outcome)() if isinstance(outcome, NotSaved) else outcome)

    # -- before the records ----------------------------------------------------------------------------------------

    async def _that_continue(self, batch: list[_Job], until: float) -> list[_Job]:
        """Those whose place follows their log's last record; the others get their `Conflict`."""
        # A log that may be new needs no look: its first place is free or it is not.
        unsure = [job for job in batch if self._last_seq(job) < job.record.first_seq - 1]
        await asyncio.gather(*(self._look_up(job.record.log, until) for job in unsure))
        going: list[_Job] = []
        for job in batch:
            if self._last_seq(job) == job.record.first_seq - 1:
                going.append(job)
            else:
                job.settle(Conflict())
        return going

    def _last_seq(self, job: _Job) -> int:
        standing = self._standings.get(job.record.log)
        return standing.last_seq if standing is not None else 0

    async def _look_up(self, name: str, until: float) -> None:
        async with asyncio.timeout_at(until), self._horizon.session() as session:
            last = await self._records.find_one(
                {"_id": whole_log(name)}, {"count": 1}, sort=[("_id", -1)], session=session
            )
        self._standings.pop(name, None)
        if last is not None:
            self._remember(name, Standing(last["_id"]["first_seq"] + last["count"] - 1))

    def _remember(self, name: str, standing: Standing) -> None:
        if len(self._standings) > LOGS_REMEMBERED:
            # Forgetting all is safe (the store knows) and costs one look for each log that is still alive.
            self._standings.clear()
        self._standings[name] = standing

    async def _mark(self, jobs: list[_Job], session: AsyncClientSession, until: float) -> None:
        """Put into `logs` who is about to become live, or known at all, before the record that says so."""
        marks: list[UpdateOne] = []
        for job in jobs:
            head, standing = job.record.head, self._standings.get(job.record.log)
            if head is None:
                continue
            opened_at = microseconds(head.opened_at)
            known = standing is not None and standing.marked == opened_at
            if known and (not head.live or (standing is not None and standing.live)):
                continue
            update: Fields = {"$set": {"opened_at": opened_at}, "$max": {"seq": job.record.first_seq}}
            if head.live:
                update["$set"]["live"] = True
            else:
                update["$setOnInsert"] = {"live": False}
            marks.append(UpdateOne({"_id": job.record.log}, update, upsert=True))
        while marks:
            try:
                async with asyncio.timeout_at(until):
                    await self._logs.bulk_write(marks, ordered=False, session=session)
                return
            except PyMongoError as error:
                # Marking twice is harmless, so whatever came of the first time, it is done again.
                await self._pause(error)

    async def _unmark(self, jobs: list[_Job]) -> None:
        """Afterwards, and nobody waits for it: a mark that stayed is seen through by whoever reads the heads."""
        gone = [
            UpdateOne(
                {"_id": job.record.log, "seq": {"$lte": job.record.first_seq}}, {"$set": {"live": False}}
            )
            for job in jobs
        ]
        try:
            await self._logs.bulk_write(gone, ordered=False)
        except PyMongoError as error:
            log.info("logs stay marked as live for now", logs=len(gone), error=type(error).__name__)

    # -- the records -----------------------------------------------------------------------------------------------

    async def _insert(self, jobs: list[_Job], session: AsyncClientSession, until: float) -> list[_Job]:
        """Send `jobs` until each is settled; those whose log ended with them."""
        ended: list[_Job] = []
        pending = jobs
        while pending:
            saved, refused, unsure, error = await self._sent(pending, session, until)
            for job in saved:
                self._saved(job, ended)
            judged = await asyncio.gather(*(self._judged(job, until) for job in refused))
            for job, outcome in zip(refused, judged, strict=True):
                if outcome is None:
                    self._saved(job, ended)
                elif isinstance(outcome, _Unsettled):
                    unsure.append(job)
                else:
                    self._standings.pop(job.record.log, None)
                    job.settle(outcome)
            pending = unsure
            if pending:
                still = set(pending)
                self._step_aside([job for job in jobs if job not in still])
                await self._pause(error)
        return ended

    async def _sent(
        self, jobs: list[_Job], session: AsyncClientSession, until: float
    ) -> tuple[list[_Job], list[_Job], list[_Job], PyMongoError | None]:
        """One command: who is saved, who was refused, of whom it is not known, and what went wrong."""
        try:
            async with asyncio.timeout_at(until):
                await self._records.insert_many([job.raw for job in jobs], ordered=False, session=session)
        except BulkWriteError as error:
            details = error.details or {}
            errors = {each["index"]: each for each in details.get("writeErrors", ())}
            if any(each["code"] == OUT_OF_DISK_SPACE for each in errors.values()):
                raise StoreFull from error
            refused = [
                job for n, job in enumerate(jobs) if n in errors and errors[n]["code"] == DUPLICATE_KEY
            ]
            failed = [job for n, job in enumerate(jobs) if n in errors and errors[n]["code"] != DUPLICATE_KEY]
            rest = [job for n, job in enumerate(jobs) if n not in errors]
            if details.get("writeConcernErrors"):
                return [], refused, failed + rest, error
            return rest, refused, failed, error
        except OperationFailure as error:
            if error.code == OUT_OF_DISK_SPACE:
                raise StoreFull from error
            return [], [], list(jobs), error
        except PyMongoError as error:
            return [], [], list(jobs), error
        return list(jobs), [], [], None

    def _saved(self, job: _Job, ended: list[_Job]) -> None:
        record, standing = job.record, self._standings.get(job.record.log)
        if standing is None:
            standing = Standing(0)
            self._remember(record.log, standing)
        standing.last_seq = record.last_seq
        if record.head is not None:
            standing.marked, standing.live = microseconds(record.head.opened_at), record.head.live
            if not record.head.live:
                ended.append(job)
        job.settle(None)

    async def _judged(self, job: _Job, until: float) -> "HelplineError | _Unsettled | None":
        """Why a place or a claim was refused: None when it is our own, sent before and arrived after all.

        Read from what a majority has, and not yet decided while the one in the way is not among that.
        """
        record = job.record
        try:
            async with asyncio.timeout_at(until), self._horizon.session() as session:
                held = await self._records.find_one({"_id": job.raw["_id"]}, {"mark": 1}, session=session)
                if held is not None:
                    return None if held["mark"] == job.mark else Conflict()
                for claim in record.claims:
                    held = await self._records.find_one(
                        {"claims.claim": claim}, {"claims.$": 1, "mark": 1}, session=session
                    )
                    # A majority may have come to have it since it was asked for by its place.
                    if held is not None and held["mark"] == job.mark:
                        return None
                    if held is not None:
                        return ClaimTaken(claim, held["_id"]["log"], held["claims"][0]["seq"])
        except PyMongoError as error:
            log.info("what was in the way could not be read", error=type(error).__name__)
        return _Unsettled()

    async def _pause(self, error: PyMongoError | None) -> None:
        log.warning("the database did not confirm, trying again", error=type(error).__name__)
        await asyncio.sleep(_PAUSE)


class _Unsettled:
    """It cannot be said yet."""
