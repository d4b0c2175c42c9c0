"""Time as the machine has it."""

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from helpline.ports import Clock

LEAP = timedelta(seconds=1)


class SystemClock:
    """The wall clock in UTC, and sleeping by it."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    async def sleep_until(self, instant: datetime) -> None:
        await asyncio.sleep(max(0.0, (instant - self.now()).total_seconds()))


class SteadyClock:
    """The clock of one node among others: the machine's, but for its leaps.

    A clock that somebody sets wrong by a minute and a half must not make a page come too early, nor date what is
    written now so that the next page comes too late. A leap is followed once the store's clock has vouched for it;
    until then, and while the machine's clock is wrong, time goes on by the count of seconds, which does not leap.
    """

    def __init__(self, machine: Clock, count: Callable[[], float] = time.monotonic) -> None:
        self.machine, self._count = machine, count
        self._at, self._counted = machine.now(), count()
        self._wrong = False

    def now(self) -> datetime:
        told, counted = self.machine.now(), self._count()
        steady = self._at + timedelta(seconds=counted - self._counted)
        if self._wrong or abs(told - steady) > LEAP:
            return steady
        self._at, self._counted = told, counted
        return told

    async def sleep_until(self, instant: datetime) -> None:
        await asyncio.sleep(max(0.0, (instant - self.now()).total_seconds()))

    def right(self) -> None:
        """The machine's clock is as it should be, wherever it leapt."""
        self._at, self._counted, self._wrong = self.machine.now(), self._count(), False

    def wrong(self, truly: datetime) -> None:
        """The machine's clock is wrong; this is the time."""
        if not self._wrong or abs(truly - self.now()) > LEAP:
            self._at, self._counted, self._wrong = truly, self._count(), True
