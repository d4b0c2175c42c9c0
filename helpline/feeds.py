"""Private calendar feeds: each person's own shifts at an address that only they know, and can take back.

The address holds 128 bits made from a number used once (in the rota's book) and the service key (apart from the data),
so it can be shown to its owner again and be read out of no backup. Whoever has it sees times and nothing else.
"""

from datetime import timedelta

import msgspec

from helpline.people import People
from helpline.ports import Clock, Keys
from helpline.rota_keeping import RotaKeeping
from helpline.shape import Definition
from rota.book import Book
from rota.calendars import Stamp, my_calendar
from rota.shifts import Rota, Shift

PAST = timedelta(weeks=4)
CALENDARS_KEPT = 2_000


class Calendar(msgspec.Struct, frozen=True):
    """A feed as it is sent. `tag` changes with every change to what is in it."""

    body: bytes
    tag: str


class Feeds:
    """The feeds of one service. What was made is kept until the rota or the day changes."""

    def __init__(
        self, rota: RotaKeeping, people: People, keys: Keys, clock: Clock, definition: Definition
    ) -> None:
        self._rota = rota
        self._people = people
        self._keys = keys
        self._clock = clock
        self._definition = definition
        self._known = Book()
        self._holders: dict[str, str] = {}
        self._made: dict[tuple[str, int, int], Calendar] = {}

    def token_of(self, person: str) -> str:
        """The secret part of their address; empty while they have none."""
        feed = self._rota.book.feeds.get(person)
        return self._keys.claim("feed", person, feed.nonce).hex() if feed is not None else ""

    def holder(self, token: str) -> str:
        """Whose feed it is; empty for one that was taken back, or whose owner has left."""
        if self._known.feeds is not self._rota.book.feeds:
            self._known = self._rota.book
            self._holders = {self.token_of(person): person for person in self._known.feeds}
        person = self._holders.get(token, "")
        account = self._people.get(person)
        return person if account is not None and account.active else ""

    def calendar(self, person: str) -> Calendar:
        """Their shifts from four weeks ago on, as far ahead as was agreed."""
        now = self._clock.now()
        made = (person, self._rota.seq, now.toordinal())
        held = self._made.get(made)
        if held is None:
            if len(self._made) >= CALENDARS_KEPT:
                self._made.clear()
            held = self._made[made] = self._calendar(person)
        return held

    def _calendar(self, person: str) -> Calendar:
        now, agreed = self._clock.now(), self._definition.rota
        midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
        theirs = Rota(shift for shift in self._rota.current.shifts if _concerns(shift, person))
        body = my_calendar(
            person,
            theirs,
            since=midnight - PAST,
            until=midnight + timedelta(weeks=agreed.feeds_weeks),
            zone=self._definition.zone,
            stamp=Stamp(self._rota.seq, self._rota.changed_at),
            summary=agreed.shown_as,
        )
        return Calendar(body, f"{self._rota.seq}-{now.toordinal()}")


def _concerns(shift: Shift, person: str) -> bool:
    return shift.person == person or any(override.person == person for override in shift.overrides)
