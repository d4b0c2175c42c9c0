"""Who is waiting, kept so that the first for a language is found without walking the queue."""

from bisect import bisect_left, insort
from collections.abc import Iterator
from datetime import datetime, timedelta

from helpline.contact import Contact
from helpline.routing import Free, Waiting

Place = tuple[int, datetime, str]


def as_waiting(contact: Contact, missed: timedelta, now: datetime) -> Waiting:
    """The contact as routing sees it; who declined or missed it within `missed` is not asked again yet."""
    lately = frozenset(passed.supporter for passed in contact.passed if now - passed.at < missed)
    return Waiting(
        contact.log,
        contact.channel,
        contact.speaks,
        contact.urgency,
        contact.waiting_since or contact.opened_at,
        lately,
        contact.prefers,
        bool(contact.prompts.standing),
    )


class Queue:
    """Contacts that wait and have no offer, in one sorted line per channel and language.

    `touched` counts the heads looked at; a benchmark holds that it stays flat as the queue grows.
    """

    def __init__(self) -> None:
        self._lines: dict[tuple[str, str], list[Place]] = {}
        # The same people in the order they are told, in which no prompt shows.
        self._shown: dict[tuple[str, str], list[Place]] = {}
        self._held: dict[str, Waiting] = {}
        self.needed: dict[str, int] = {}
        self.touched = 0

    def __len__(self) -> int:
        return len(self._held)

    def __contains__(self, contact: str) -> bool:
        return contact in self._held

    def __iter__(self) -> Iterator[Waiting]:
        return iter(self._held.values())

    def get(self, contact: str) -> Waiting | None:
        return self._held.get(contact)

    def put(self, waiting: Waiting) -> None:
        """Add or replace."""
        self.remove(waiting.contact)
        self._held[waiting.contact] = waiting
        for language in waiting.languages:
            line = (waiting.channel, language)
            insort(self._lines.setdefault(line, []), waiting.place)
            insort(self._shown.setdefault(line, []), waiting.shown_place)
            self.needed[language] = self.needed.get(language, 0) + 1

    def remove(self, contact: str) -> None:
        waiting = self._held.pop(contact, None)
        if waiting is None:
            return
        for language in waiting.languages:
            for lines, place in ((self._lines, waiting.place), (self._shown, waiting.shown_place)):
                line = lines[waiting.channel, language]
                del line[bisect_left(line, place)]
            self.needed[language] -= 1

    def first_for(self, free: Free) -> list[Waiting]:
        """The first contacts this supporter could take: as many as they have slots, in queue order."""
        found: dict[str, Waiting] = {}
        for channel in free.channels:
            for language in free.languages:
                taken = 0
                for place in self._lines.get((channel, language), ()):
                    self.touched += 1
                    waiting = self._held[place[2]]
                    if free.supporter in waiting.not_to:
                        continue
                    found[waiting.contact] = waiting
                    taken += 1
                    if taken == free.slots:
                        break
        return sorted(found.values(), key=lambda one: one.place)

    def position(self, waiting: Waiting) -> int:
        """From 1: the place in the shortest line this contact stands in, as the person is told it."""
        return self._in_the_shortest(self._shown, waiting, waiting.shown_place)

    def turn(self, waiting: Waiting) -> int:
        """The same in the order in which they are really served, for staff."""
        return self._in_the_shortest(self._lines, waiting, waiting.place)

    def _in_the_shortest(
        self, lines: dict[tuple[str, str], list[Place]], waiting: Waiting, place: Place
    ) -> int:
        places = [bisect_left(lines[waiting.channel, language], place) + 1 for language in waiting.languages]
        return min(places, default=1)
