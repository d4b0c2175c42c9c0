"""A circuit that opens while the carrier cannot be reached, so that texts wait in one place, no call is placed into the
dark, and the board can say so.

`Circuit` is pure: every step takes the instant and gives the next circuit.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

import msgspec

from helpline.ports import Clock

OPENS_AFTER = 3
FIRST_PAUSE = timedelta(seconds=10)
LONGEST_PAUSE = timedelta(minutes=5)


class Circuit(msgspec.Struct, frozen=True):
    """Closed while all is well. After three silences in a row it is open: nothing is tried before `again_at`, then one.

    `since` is when the first of those silences was, for the board.
    """

    silences: int = 0
    since: datetime | None = None
    again_at: datetime | None = None

    @property
    def open(self) -> bool:
        return self.again_at is not None

    def lets(self, now: datetime) -> bool:
        """Whether anything may be tried now."""
        return self.again_at is None or now >= self.again_at

    def heard(self) -> "Circuit":
        """The carrier answered: yes or no, it is there."""
        return Circuit()

    def silent(self, now: datetime, wait: float = 0.0) -> "Circuit":
        """It did not. The pauses double to five minutes; `wait` seconds, when it asked for more, are kept to."""
        silences = self.silences + 1
        since = self.since or now
        if silences < OPENS_AFTER and not wait:
            return Circuit(silences, since)
        doubled = FIRST_PAUSE * 2 ** min(max(silences - OPENS_AFTER, 0), 16)
        pause = max(min(doubled, LONGEST_PAUSE), timedelta(seconds=wait))
        return Circuit(max(silences, OPENS_AFTER), since, now + pause)


class Breaker:
    """The circuit of one carrier, which texts and calls turn alike. `on_turn` hears when it opens, and closes."""

    def __init__(self, clock: Clock, on_turn: Callable[[Circuit], None] = lambda _: None) -> None:
        self._clock, self._on_turn = clock, on_turn
        self.circuit = Circuit()

    @property
    def lets(self) -> bool:
        """Whether anything may be tried now."""
        return self.circuit.lets(self._clock.now())

    def heard(self) -> None:
        """The carrier said something, and were it no."""
        self._turn(self.circuit.heard())

    def silent(self, wait: float = 0.0) -> None:
        """The carrier was not heard; `wait` seconds, when it asked for them."""
        self._turn(self.circuit.silent(self._clock.now(), wait))

    def _turn(self, after: Circuit) -> None:
        before, self.circuit = self.circuit, after
        if before.open != after.open:
            self._on_turn(after)
