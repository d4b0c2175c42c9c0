"""Appends of which nobody knows whether they landed: asked after until it is known.

Whoever wrote asks again with the same id, and so finds out. But they may be gone: a page closed in that very second, or
a step the service took by itself. What landed all the same is then told here, and not at the next start.
"""

from datetime import timedelta

from helpline.agenda import Agenda
from helpline.errors import HelplineError
from helpline.logbook import Logbook
from helpline.ports import Clock

ASKED_AFTER = (timedelta(seconds=2), timedelta(seconds=10), timedelta(seconds=30))
"""More than once: an engine that changes its primary may keep a record some seconds after it answered nobody."""


class Unconfirmed:
    """Listens for such appends as long as there is the logbook."""

    def __init__(self, logbook: Logbook, agenda: Agenda, clock: Clock) -> None:
        self._logbook, self._agenda, self._clock = logbook, agenda, clock
        self._asked: set[str] = set()
        logbook.unsure = self._begin

    def _begin(self, log_id: str) -> None:
        if log_id not in self._asked:
            self._asked.add(log_id)
            self._later(log_id, 0)

    def _later(self, log_id: str, nth: int) -> None:
        at = self._clock.now() + ASKED_AFTER[nth]
        self._agenda.at(at, lambda: self._agenda.do(self._ask(log_id, nth), anywhere=True))

    async def _ask(self, log_id: str, nth: int) -> None:
        try:
            await self._logbook.hear(log_id)
        except HelplineError:
            self._later(log_id, nth)
            raise
        if nth + 1 < len(ASKED_AFTER):
            self._later(log_id, nth + 1)
        else:
            self._asked.discard(log_id)
