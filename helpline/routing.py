"""Who is offered to whom, decided purely.

Contacts are served in order of urgency, then wait: first who pressed "not safe", then whose words held a phrase of the
service's list, then who was let go through no fault of theirs, then everybody else. Each is served unless serving it would take the supporter from an
earlier one. Among supporters who could equally well take a contact: the one whose skills the present queue needs
least, then the one with fewest languages, then the longest idle; so the only Polish speaker is not spent on an
English caller. No language set on a profile means no match, not every match.
"""

from collections import deque
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
    prompted: bool = False

    @property
    def place(self) -> tuple[int, datetime, str]:
        """The order of the queue."""
        return (turn(self.urgency, self.prompted), self.since, self.contact)

    @property
    def shown_place(self) -> tuple[int, datetime, str]:
        """The order as the people in it are told: a prompt is hidden, and so is whatever follows from it."""
        return (self.urgency, self.since, self.contact)


def turn(urgency: int, prompted: bool) -> int:
    """Whose turn comes first: `urgency` as `Contact.urgency` has it, with a prompt right after "not safe"."""
    return 0 if urgency == 0 else 1 if prompted else urgency + 1


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
    # Those who ask for the same have the same order, and on a busy evening they are many.
    orders: dict[tuple[object, ...], list[int]] = {}
    order = []
    for one in queue:
        asks = (one.channel, one.languages, one.not_to, one.prefers)
        if asks not in orders:
            orders[asks] = _by_preference(one, supporters, needed)
        order.append(orders[asks])
    taken: list[list[int]] = [[] for _ in supporters]
    # Where a search found no room none will be found later: what was served stays served.
    full: set[int] = set()
    for contact in range(len(queue)):
        _serve(contact, order, supporters, taken, full)
    chosen = sorted((contact, n) for n, contacts in enumerate(taken) for contact in contacts)
    return [Match(queue[contact].contact, supporters[n].supporter) for contact, n in chosen]


def _serve(
    contact: int,
    order: Sequence[Sequence[int]],
    supporters: Sequence[Free],
    taken: list[list[int]],
    full: set[int],
) -> None:
    """Find room for a contact, first with who suits best, else by the fewest others moving to somebody else."""
    came_from: dict[int, tuple[int, int | None]] = {}
    look_at: deque[tuple[int, int | None]] = deque([(contact, None)])
    while look_at:
        mover, at = look_at.popleft()
        for n in order[mover]:
            if n in came_from or n in full:
                continue
            came_from[n] = (mover, at)
            if len(taken[n]) < supporters[n].slots:
                _move_along(n, came_from, taken)
                return
            look_at.extend((other, n) for other in taken[n])
    full.update(came_from)


def _move_along(to: int, came_from: dict[int, tuple[int, int | None]], taken: list[list[int]]) -> None:
    place: int | None = to
    while place is not None:
        mover, left = came_from[place]
        taken[place].append(mover)
        if left is not None:
            taken[left].remove(mover)
        place = left


def languages_needed(waiting: Iterable[Waiting]) -> dict[str, int]:
    """How many of those waiting could be served in each language."""
    needed: dict[str, int] = {}
    for one in waiting:
        for language in one.languages:
            needed[language] = needed.get(language, 0) + 1
    return needed


def _by_preference(one: Waiting, supporters: Sequence[Free], needed: dict[str, int]) -> list[int]:
    """Who suits, by their place in `supporters`, best first."""

    def cost(n: int) -> tuple[bool, int, int, datetime, str]:
        free = supporters[n]
        own = set(one.languages)
        others = sum(needed.get(language, 0) for language in free.languages if language not in own)
        preferred = one.prefers == free.supporter
        return (not preferred, others, len(free.languages), free.idle_since, free.supporter)

    return sorted((n for n, free in enumerate(supporters) if suits(one, free)), key=cost)
