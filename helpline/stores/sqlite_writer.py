"""One thread writes. The event loop hands it everything that waits; it answers a whole batch at once."""

import asyncio
import contextlib
import os
import queue
import sqlite3
import threading
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

import structlog

from helpline.errors import NotSaved
from helpline.ports import Record
from helpline.stores.records import RECORD_OVERHEAD, Bounds
from helpline.stores.sqlite_appends import Appends
from helpline.stores.sqlite_commits import Call, Commits, FileFailed, Work

EXIT_FILE_FAILED = 70


def stop_the_process(failure: FileFailed) -> None:
    """End now, without cleaning up: what was not acknowledged is settled by its id after the restart."""
    structlog.get_logger().critical("data_file_failed", error=str(failure), exit_status=EXIT_FILE_FAILED)
    os._exit(EXIT_FILE_FAILED)


class _Job:
    __slots__ = ("answer", "overdue_at", "size", "work")

    def __init__(self, work: Work, answer: asyncio.Future[Any], size: int, overdue_at: float) -> None:
        self.work = work
        self.answer = answer
        self.size = size
        self.overdue_at = overdue_at


class Writer:
    """Group commit over `db`, which it owns from now on. Made and used on one event loop.

    `appends` is given when records are to be written, and not only calls. `on_fatal` is called in the writer thread when the file can no longer be trusted; should it return, every
    write from then on is refused with `NotSaved`.
    """

    def __init__(
        self,
        db: sqlite3.Connection,
        folder: Path,
        bounds: Bounds,
        on_fatal: Callable[[FileFailed], None] = stop_the_process,
        appends: Appends | None = None,
    ) -> None:
        self._db = db
        self._folder = folder
        self._commits = Commits(db, folder, appends)
        self._bounds = bounds
        self._on_fatal = on_fatal
        self._loop = asyncio.get_running_loop()
        self._queue: queue.SimpleQueue[list[_Job] | None] = queue.SimpleQueue()
        self._fresh: list[_Job] = []
        self._unanswered: deque[_Job] = deque()
        self._watch: asyncio.TimerHandle | None = None
        self._records = 0
        self._bytes = 0
        self._ready = True
        self._closed = False
        self._failed = False
        self._thread = threading.Thread(target=self._run, name=f"writer of {folder.name}", daemon=True)
        self._thread.start()

    @property
    def ready(self) -> bool:
        """False from the moment a bound was met until less than half of each is waiting, and once closed."""
        return self._ready and not self._closed and not self._failed

    def submit(self, work: Work) -> asyncio.Future[Any]:
        """Queue `work`; the future has its result once it is durable, or why it is not. Raises `NotSaved`."""
        size = RECORD_OVERHEAD + (len(work.body) if isinstance(work, Record) else 0)
        bounds = self._bounds
        if self._closed or self._failed:
            raise NotSaved
        if self._records >= bounds.records or self._bytes + size > bounds.bytes:
            self._ready = False
            raise NotSaved
        self._records += 1
        self._bytes += size
        job = _Job(work, self._loop.create_future(), size, self._loop.time() + bounds.wait_seconds)
        self._unanswered.append(job)
        if not self._fresh:
            # One hand-over per turn of the loop: waking the thread for every record would set it fighting for
            # the interpreter lock with the very task that is about to bring the next one.
            self._loop.call_soon(self._hand_over)
        self._fresh.append(job)
        if self._watch is None:
            self._watch = self._loop.call_at(job.overdue_at, self._give_up_on_the_overdue)
        return job.answer

    async def run(self, call: Call) -> Any:
        """Run `call` with the connection inside a batch's transaction; its result once that is durable."""
        return await self.submit(call)

    async def close(self) -> None:
        """Write what waits, then stop the thread and close the connection."""
        if self._closed:
            return
        self._closed = True
        self._hand_over()
        self._queue.put(None)
        await asyncio.to_thread(self._thread.join)
        if self._watch is not None:
            self._watch.cancel()
        await asyncio.to_thread(self._db.close)

    def _hand_over(self) -> None:
        if self._fresh:
            self._queue.put(self._fresh)
            self._fresh = []

    def _give_up_on_the_overdue(self) -> None:
        """Tell those who waited too long. What the thread has not begun by then is not written any more."""
        self._watch = None
        now = self._loop.time()
        for job in self._unanswered:
            if job.overdue_at > now:
                self._watch = self._loop.call_at(job.overdue_at, self._give_up_on_the_overdue)
                break
            if not job.answer.done():
                job.work = _nothing
                job.answer.set_exception(NotSaved())

    def _answer(self, jobs: list[_Job], outcomes: list[object]) -> None:
        for job, outcome in zip(jobs, outcomes, strict=True):
            self._bytes -= job.size
            if job.answer.done():
                continue
            if isinstance(outcome, BaseException):
                job.answer.set_exception(outcome)
            else:
                job.answer.set_result(outcome)
        self._records -= len(jobs)
        # Batches are answered in the order they were queued, so these jobs are the oldest ones.
        for _ in jobs:
            self._unanswered.popleft()
        if not self._ready:
            bounds = self._bounds
            self._ready = self._records < bounds.records / 2 and self._bytes < bounds.bytes / 2

    def _run(self) -> None:
        waiting = self._queue
        more = True
        while more:
            jobs: list[_Job] = []
            batch = waiting.get()
            while batch is not None:
                jobs += batch
                if waiting.empty():
                    break
                batch = waiting.get()
            more = batch is not None
            if jobs:
                self._write(jobs)

    def _write(self, jobs: list[_Job]) -> None:
        outcomes: list[object]
        try:
            outcomes = (
                self._refuse(jobs) if self._failed else self._commits.commit([job.work for job in jobs])
            )
        except FileFailed as failure:
            outcomes = self._stop(jobs, failure)
        except Exception as error:  # noqa: BLE001 (a thread that died in silence would look like a slow disk)
            outcomes = self._stop(jobs, FileFailed(self._folder, error))
        with contextlib.suppress(RuntimeError):  # the loop has gone, and whoever was waiting with it
            self._loop.call_soon_threadsafe(self._answer, jobs, outcomes)
        if not self._failed:
            try:
                self._commits.checkpoint(idle=self._queue.empty())
            except FileFailed as failure:
                self._stop([], failure)

    def _stop(self, jobs: list[_Job], failure: FileFailed) -> list[object]:
        self._failed = True
        self._on_fatal(failure)
        return self._refuse(jobs)

    def _refuse(self, jobs: list[_Job]) -> list[object]:
        return [NotSaved() for _ in jobs]


def _nothing(_: sqlite3.Connection) -> None:
    """Stands where work was that nobody waits for any more."""
