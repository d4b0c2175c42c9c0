"""A clock that stands still until a test sets it."""

import asyncio
import heapq
import itertools
from datetime import datetime, timedelta


class SetClock:
    """`ports.Clock`: `now()` is what was set last; `sleep_until` wakes when the clock is set at or past the instant."""

    def __init__(self, now: datetime) -> None:
        self._now = now
        self._numbers = itertools.count()
        self._sleeping: list[tuple[datetime, int, asyncio.Future[None]]] = []

    def now(self) -> datetime:
        return self._now

    async def sleep_until(self, instant: datetime) -> None:
        if instant <= self._now:
            return
        woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleeping, (instant, next(self._numbers), woken))
        await woken

    def set(self, instant: datetime) -> None:
        """Go to `instant` (backwards too) and wake whoever slept until then."""
        self._now = instant
        while self._sleeping and self._sleeping[0][0] <= instant:
            _, _, woken = heapq.heappop(self._sleeping)
            if not woken.done():
                woken.set_result(None)

    def advance(self, **by: float) -> None:
        """`advance(seconds=10)`: go on by this `timedelta`."""
        self.set(self._now + timedelta(**by))

    def next_wake(self) -> datetime | None:
        """The earliest instant somebody still sleeps until."""
        while self._sleeping and self._sleeping[0][2].done():
            heapq.heappop(self._sleeping)
        return self._sleeping[0][0] if self._sleeping else None
