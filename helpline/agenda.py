"""What is to be done at an instant, and what is being done now: the timers and tasks of one node.

Only the passed-in clock is asked for the time. Nothing here is the record: whatever matters has its instant in the
log, and is put on the agenda again at start.
"""

import asyncio
import heapq
import itertools
from collections.abc import Callable, Coroutine, Iterable
from datetime import datetime
from typing import Any

import structlog

from helpline.ports import Clock

log = structlog.get_logger()

CANCEL_EVERY = 0.5


async def stopped(tasks: Iterable[asyncio.Task[Any]]) -> None:
    """Cancel these, and return once each has ended.

    Again and again: a driver in the middle of a question may take a cancelling for an answer that got lost, and
    whoever asked tries once more.
    """
    left = set(tasks)
    while left:
        for task in left:
            task.cancel()
        _, left = await asyncio.wait(left, timeout=CANCEL_EVERY)


def told_to_end() -> bool:
    """Whether whoever runs here was cancelled. Without it a `CancelledError` is somebody else's, handed on by mistake."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


class Agenda:
    """Timers, in order of their instants, and running tasks."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._timers: list[tuple[datetime, int, Callable[[], object]]] = []
        self._numbers = itertools.count()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._wake = asyncio.Event()
        self.told_to_act = True
        self.leads: Callable[[], bool] = lambda: True
        """Whether this node may act at this very moment, where several agree on who does."""

    @property
    def acting(self) -> bool:
        """False at a node that only follows: what falls due is done by the one that dispatches.

        Also at one that slept past the end of its lease and has not noticed yet.
        """
        return self.told_to_act and self.leads()

    def at(self, instant: datetime, act: Callable[[], object]) -> None:
        """Do something at an instant, or soon after."""
        heapq.heappush(self._timers, (instant, next(self._numbers), act))
        self._wake.set()

    def do(self, work: Coroutine[Any, Any, Any], *, anywhere: bool = False) -> bool:
        """Start something that nobody waits for. What it raises is logged. False where this node is not the one to.

        `anywhere`: it is about somebody at this very node, so that it is not left to the one that dispatches.
        """
        if not (self.acting or anywhere):
            work.close()
            return False
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return True

    def wake(self) -> None:
        """There is something to look at."""
        self._wake.set()

    def act(self, now: datetime) -> None:
        """Everything whose instant has come."""
        while self._timers and self._timers[0][0] <= now:
            _, _, act = heapq.heappop(self._timers)
            act()

    async def sleep(self) -> None:
        """Until woken, or until the next instant."""
        waits: list[asyncio.Future[Any]] = [asyncio.ensure_future(self._wake.wait())]
        if self._timers:
            waits.append(asyncio.ensure_future(self._clock.sleep_until(self._timers[0][0])))
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for one in waits:
                one.cancel()
        self._wake.clear()

    @property
    def busy(self) -> bool:
        """True while anything is under way or due."""
        due = bool(self._timers) and self._timers[0][0] <= self._clock.now()
        return bool(self._tasks) or due or self._wake.is_set()

    async def something_done(self) -> None:
        """Wait for one of the running tasks to end, if there are any."""
        if self._tasks:
            await asyncio.wait(self._tasks, return_when=asyncio.FIRST_COMPLETED)

    async def close(self) -> None:
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _done(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (failed := task.exception()) is not None:
            log.warning("dispatching failed", error=type(failed).__name__, code=getattr(failed, "code", ""))
