"""A server clock that runs as the machine's does and can be set: to another day, on by an hour, back by one."""

import asyncio
from contextlib import suppress
from datetime import UTC, datetime, timedelta


class SettableClock:
    """`ports.Clock`: real time, some way off. Who sleeps is woken at the new time when it is set."""

    def __init__(self, now: datetime | None = None) -> None:
        self._off = timedelta(0)
        self._set = asyncio.Event()
        if now is not None:
            self.set(now)

    def now(self) -> datetime:
        return datetime.now(UTC) + self._off

    def set(self, now: datetime) -> None:
        self._off = now - datetime.now(UTC)
        self._set.set()
        self._set = asyncio.Event()

    def jump(self, **by: float) -> None:
        """`jump(hours=1)`, or back with `jump(hours=-1)`."""
        self.set(self.now() + timedelta(**by))

    async def sleep_until(self, instant: datetime) -> None:
        while (left := (instant - self.now()).total_seconds()) > 0:
            with suppress(TimeoutError):
                async with asyncio.timeout(left):
                    await self._set.wait()
