"""The door as those see it who have not begun, or whose words are stored: open, or closed until when.

Hours, a closure, who is on and the clock itself move it. A step of the rota is looked at as it happens; everything
else by asking the core every other second, so that an open page follows within seconds and no edge is missed.
"""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import structlog

from helpline.service import Helpline
from rota.book import Book

log = structlog.get_logger()

CHANNEL = "web"
LOOK_EVERY = timedelta(seconds=2)
DOOR_ROOM = "door"
"""Every socket of `/person` that has no contact."""


class Doorway:
    """`moved` is called with the new door when what people are told of it differs, `hours_moved` when hours do."""

    def __init__(
        self, helpline: Helpline, moved: Callable[[dict[str, Any]], None], hours_moved: Callable[[], None]
    ) -> None:
        self._helpline, self._moved, self._hours_moved = helpline, moved, hours_moved
        self.shown = self._now()
        self._open = True
        helpline.rota.listen(self._rota_moved)
        self._looking = asyncio.create_task(self._look_again())

    async def close(self) -> None:
        self._open = False
        self._looking.cancel()
        await asyncio.gather(self._looking, return_exceptions=True)

    def look(self) -> dict[str, Any]:
        """`{open, opens_at}` as it is now. Why it is closed stays inside: it can tell of others."""
        now = self._now()
        if now != self.shown:
            self.shown = now
            self._moved(now)
        return now

    def _now(self) -> dict[str, Any]:
        door = self._helpline.door(CHANNEL)
        return {"open": door.open, "opens_at": None if door.open else door.opens_at}

    def _rota_moved(self, before: Book, after: Book) -> None:
        if self._open:
            self.look()
            if before.hours != after.hours:
                self._hours_moved()

    async def _look_again(self) -> None:
        clock = self._helpline.clock
        while True:
            await clock.sleep_until(clock.now() + LOOK_EVERY)
            try:
                self.look()
            except Exception:
                log.exception("the door was not looked at; it is in a while")
