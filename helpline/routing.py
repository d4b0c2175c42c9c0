"""Who is offered to whom, decided purely.

Contacts are served in order of urgency, then wait. Each is served unless serving it would take the supporter from an
earlier one. Among supporters who could equally well take a contact: the one whose skills the present queue needs
least, then the one with fewest languages, then the longest idle; so the only Polish speaker is not spent on an
English caller. No language set on a profile means no match, not every match.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime

import msgspec


class Waiting(msgspec.Struct, frozen=True):
    """A contact that needs somebody. `not_to` are supporters not to ask now: they declined or missed it lately."""

    contact: str
    channel: str
    languages: tuple[str, ...]
    urgency: int
    since: datetime
    not_to: frozenset[str] = frozenset()
    prefers: str = ""

    @property
    def place(self) -> tuple[int, datetime, str]:
        """The order of the queue."""
        return (self.urgency, self.since, self.contact)


class Free(msgspec.Struct, frozen=True):
    """A supporter on the rota, checked in, ready and connected, with `slots` left."""

    supporter: str
    languages: tuple[str, ...]
    channels: tuple[str, ...]
    slots: int
    idle_since: datetime


class Match(msgspec.Struct, frozen=True):
    contact: str
    supporter: str


def suits(waiting: Waiting, free: Free) -> bool:
    """True when this supporter may be offered this contact."""
    return (
        free.slots > 0
        and free.supporter not in waiting.not_to
        and waiting.channel in free.channels
        and any(language in free.languages for language in waiting.languages)
    )


def match(
    waiting: Sequence[Waiting], supporters: Sequence[Free], needed: dict[str, int] | None = None
) -> list[Match]:
    """The offers to make now. `needed` counts, per language, how many wait (by default those of `waiting`).

    The contacts served are the first possible ones in queue order (a greedy choice with augmenting paths, which for
    matchings is exact); `tests/properties` holds it against brute force.
    """
    queue = sorted(waiting, key=lambda one: one.place)
    if needed is None:
        needed = languages_needed(queue)
    slots = [n for n, free in enumerate(supporters) for _ in range(free.slots)]
    taken: dict[int, int] = {}
    order = [_by_preference(one, supporters, slots, needed) for one in queue]

    def settle(contact: int, tried: set[int]) -> bool:
        for slot in order[contact]:
            if slot in tried:
                continue
            tried.add(slot)
            if slot not in taken or settle(taken[slot], tried):
                taken[slot] = contact
                return True
        return False

    for contact in range(len(queue)):
        free_first = next((slot for slot in order[contact] if slot not in taken), None)
        if free_first is not None:
            taken[free_first] = contact
        else:
            settle(contact, set())
    pairs = sorted((contact, slots[slot]) for slot, contact in taken.items())
    return [Match(queue[contact].contact, supporters[n].supporter) for contact, n in pairs]


def languages_needed(waiting: Iterable[Waiting]) -> dict[str, int]:
    """How many of those waiting could be served in each language."""
    needed: dict[str, int] = {}
    for one in waiting:
        for language in one.languages:
            needed[language] = needed.get(language, 0) + 1
    return needed


def _by_preference(
    one: Waiting, supporters: Sequence[Free], slots: Sequence[int], needed: dict[str, int]
) -> list[int]:
    """The slots that suit, best first."""

    def cost(n: int) -> tuple[bool, int, int, datetime, str]:
        free = supporters[n]
        own = set(one.languages)
        others = sum(needed.get(language, 0) for language in free.languages if language not in own)
        preferred = one.prefers == free.supporter
        return (not preferred, others, len(free.languages), free.idle_since, free.supporter)

    fitting = [n for n, free in enumerate(supporters) if suits(one, free)]
    place = {n: i for i, n in enumerate(sorted(fitting, key=cost))}
    return sorted((slot for slot, n in enumerate(slots) if n in place), key=lambda slot: place[slots[slot]])
