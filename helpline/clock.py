"""Time as the machine has it."""

import asyncio
from datetime import UTC, datetime


class SystemClock:
    """The wall clock in UTC, and sleeping by it."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    async def sleep_until(self, instant: datetime) -> None:
        await asyncio.sleep(max(0.0, (instant - self.now()).total_seconds()))
