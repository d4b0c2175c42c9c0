"""Time as the machine has it."""

import asyncio
from datetime import UTC, datetime


class SystemClock:
    """The wall clock in UTC, and sleeping by it."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    async def sleep_until(self, instant: datetime) -> None:
        while (left := (instant - self.now()).total_seconds()) > 0:
            await asyncio.sleep(min(left, 3600.0))
