"""Who is near, and open now first: the same answer for as long as no door opens or closes.

An entry is made ready once, and again only when it was changed; hours that many entries keep are asked once for all of
them. So a lookup costs the same in a directory of 100 and of 20,000.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta

import msgspec

from helpline.directory import ROLES, CrisisContact, Places
from helpline.directory_services import KINDS, Entry, Opening, Shown, door_at, place_among, stale
from rota.hours import Hours, OpeningHours

EVERYWHERE = ""
"""Asked for instead of a place: only those who serve everywhere."""
_ANYWHERE = None
_LAST = datetime.max.replace(tzinfo=UTC)
SOON = timedelta(days=14)
"""How long before its verify-by date an entry is among those to be checked."""
_LOOKED_AT = timedelta(days=1)


class _Door:
    """Hours that one or more entries keep, and how that door stands until it next moves."""

    __slots__ = ("hours", "is_contact", "since", "stands", "until")

    def __init__(self, hours: Hours | None, is_contact: bool) -> None:
        self.hours = OpeningHours(hours) if hours is not None else None
        self.is_contact = is_contact
        self.since = self.until = datetime.min.replace(tzinfo=UTC)
        self.stands = Opening(None)

    def at(self, instant: datetime) -> Opening:
        if not self.since <= instant < self.until:
            self.stands = door_at(self.hours, instant, always=self.is_contact)
            moves = self.stands.closes_at if self.stands.open else self.stands.opens_at
            self.since = instant
            self.until = _LAST if self.hours is None else moves or instant + _LOOKED_AT
        return self.stands


class _Ready(msgspec.Struct, frozen=True):
    """An entry made ready: its door, and its words as they are searched."""

    entry: Entry
    door: _Door
    words: str


class _Held(msgspec.Struct, frozen=True):
    since: datetime
    until: datetime
    shown: tuple[Shown, ...]


class Lookup:
    """Answers about one day's entries. `before` is the lookup that was held until now: what is the same is kept."""

    def __init__(
        self, entries: Iterable[Entry], today: date, places: Places, before: "Lookup | None" = None
    ) -> None:
        self.places = places
        self._today = today
        self._doors: dict[tuple[Hours | None, bool], _Door] = before._doors if before is not None else {}
        known: Mapping[tuple[bool, str], _Ready] = before._ready if before is not None else {}
        self._ready: dict[tuple[bool, str], _Ready] = {}
        self._by_place: dict[str, list[_Ready]] = {EVERYWHERE: []}
        for entry in entries:
            key = isinstance(entry, CrisisContact), entry.id
            ready = known.get(key)
            if ready is None or ready.entry is not entry:
                ready = self._made_ready(entry)
            self._ready[key] = ready
            for place in entry.localities or (EVERYWHERE,):
                self._by_place.setdefault(place, []).append(ready)
        if len(self._doors) > 2 * len(self._ready) + 100:
            self._doors = {
                (one.entry.hours, isinstance(one.entry, CrisisContact)): one.door
                for one in self._ready.values()
            }
        self._held: dict[tuple[str | None, bool | None], _Held] = {}

    def _made_ready(self, entry: Entry) -> _Ready:
        key = entry.hours, isinstance(entry, CrisisContact)
        door = self._doors.get(key)
        if door is None:
            door = self._doors[key] = _Door(*key)
        return _Ready(entry, door, words_of(entry).casefold())

    def near(self, place: str | None, instant: datetime, contacts: bool | None = None) -> tuple[Shown, ...]:
        """Who serves a place, open now first; of every place with None, only those who serve everywhere with "".

        `contacts` True is crisis contacts alone, False services alone.
        """
        key = place, contacts
        held = self._held.get(key)
        if held is None or not held.since <= instant < held.until:
            held = self._held[key] = self._looked_up(self._serving(place, contacts), instant)
        return held.shown

    def found(
        self, place: str | None, sought: str, instant: datetime, contacts: bool | None = None
    ) -> tuple[Shown, ...]:
        """The same, of those in whose name, number, kind or description every word of `sought` stands."""
        shown = self.near(place, instant, contacts)
        words = sought.casefold().split()
        if not words:
            return shown
        ready = self._ready
        return tuple(
            one
            for one in shown
            if all(word in ready[isinstance(one.entry, CrisisContact), one.entry.id].words for word in words)
        )

    def _serving(self, place: str | None, contacts: bool | None) -> Sequence[_Ready]:
        if place is _ANYWHERE:
            serving: Sequence[_Ready] = tuple(self._ready.values())
        elif place == EVERYWHERE:
            serving = self._by_place[EVERYWHERE]
        else:
            serving = [*self._by_place.get(place, ()), *self._by_place[EVERYWHERE]]
        if contacts is None:
            return serving
        return [one for one in serving if isinstance(one.entry, CrisisContact) == contacts]

    def _looked_up(self, serving: Sequence[_Ready], instant: datetime) -> _Held:
        until = _LAST
        shown = []
        for one in serving:
            stands = one.door.at(instant)
            until = min(until, one.door.until)
            shown.append(Shown(one.entry, stands, stale(one.entry, self._today)))
        return _Held(instant, until, tuple(sorted(shown, key=place_among)))


def words_of(entry: Entry) -> str:
    """What an entry is found by."""
    if isinstance(entry, CrisisContact):
        return f"{entry.name} {entry.number} {ROLES.get(entry.role, '')}"
    return f"{entry.name} {entry.number} {KINDS.get(entry.kind, '')} {entry.description}"


def to_be_checked(shown: Iterable[Shown], today: date) -> tuple[Shown, ...]:
    """Those past their verify-by date, never verified, or due within two weeks; never verified first, then by date."""
    due = [one for one in shown if one.stale or _near(one.entry.verify_by, today)]
    return tuple(sorted(due, key=lambda one: one.entry.verify_by or date.min))


def _near(verify_by: date | None, today: date) -> bool:
    return verify_by is not None and verify_by <= today + SOON
