"""The rota's book: everything that is planned, as small documents, and the changes that make it so.

A change replaces one document and carries what was there before and what is there now, so that every step can be
read by a human being later, and turned round. What belongs together is in one step: a swap changes two nights or
neither. The book is the fold of all steps from the first; nothing else is kept.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from typing import Any, Literal

import msgspec

from rota.availability import Availability
from rota.documents import Change, Moved, put
from rota.hours import Hours
from rota.members import Terms
from rota.shifts import OnDuty, Override, Rota, Series, Shift, Slot

AskKind = Literal["cover", "swap", "fill", "hands"]

HOURS = "hours"


class Ask(msgspec.Struct, frozen=True, kw_only=True):
    """A question that stands until somebody answers it.

    `cover`: `by` asks others to take `slot`, and has it until one does. `swap`: `by` offers `slot` for `theirs`, which
    `to` has; `agreed` while it only waits for the lead. `fill`: a lead asks `to` to take the free `slot`. `hands`:
    `by` could come and help now, off the rota. `to` empty means whoever could take it.
    """

    id: str
    kind: AskKind
    by: str
    at: datetime
    slot: Slot | None = None
    theirs: Slot | None = None
    to: tuple[str, ...] = ()
    agreed: bool = False
    said_no: tuple[str, ...] = ()

    def is_put_to(self, person: str) -> bool:
        """Whether this person's answer is wanted still."""
        return person != self.by and person not in self.said_no and (not self.to or person in self.to)

    def about(self, slot: Slot) -> bool:
        return slot in (self.slot, self.theirs)


class Feed(msgspec.Struct, frozen=True):
    """Somebody's private calendar feed. Its address is made from this number used once and a key that is kept apart,
    so a new one makes the old address worthless, and nobody reads an address out of the data."""

    nonce: str


class Confirmation(msgspec.Struct, frozen=True):
    """Who said they will be there."""

    person: str


class ShiftChanged(Change[Shift], frozen=True, kw_only=True, tag="shift"):
    """A shift, without its overrides: those are changes of their own."""


class NightChanged(Change[Override], frozen=True, kw_only=True, tag="night"):
    """One occurrence of a shift. `id` is the slot as text."""


class Confirmed(Change[Confirmation], frozen=True, kw_only=True, tag="confirmation"):
    """`id` is the slot as text."""


class AskChanged(Change[Ask], frozen=True, kw_only=True, tag="ask"):
    pass


class HoursChanged(Change[Hours], frozen=True, kw_only=True, tag="hours"):
    pass


class TermsChanged(Change[Terms], frozen=True, kw_only=True, tag="terms"):
    """`id` is the person."""


class FeedChanged(Change[Feed], frozen=True, kw_only=True, tag="feed"):
    """`id` is the person."""


class AvailabilityChanged(Change[Availability], frozen=True, kw_only=True, tag="availability"):
    """`id` is the person."""


AnyChange = (
    ShiftChanged
    | NightChanged
    | Confirmed
    | AskChanged
    | HoursChanged
    | TermsChanged
    | FeedChanged
    | AvailabilityChanged
)


class Book(msgspec.Struct, frozen=True):
    """All that is planned. `nights` holds the overrides of each shift by the wall start they are of.

    `known` are the ids of all shifts there ever were, so that one that was taken out does not come back by itself.
    """

    shifts: Mapping[str, Shift] = {}
    nights: Mapping[str, Mapping[datetime, Override]] = {}
    confirmations: Mapping[str, Confirmation] = {}
    asks: Mapping[str, Ask] = {}
    hours: Mapping[str, Hours] = {}
    terms: Mapping[str, Terms] = {}
    feeds: Mapping[str, Feed] = {}
    availabilities: Mapping[str, Availability] = {}
    known: frozenset[str] = frozenset()

    def apply(self, changes: Iterable[AnyChange]) -> "Book":
        """The book after these changes, whatever it held before: what happened has happened."""
        shelves: dict[str, Any] = {}
        for change in changes:
            if isinstance(change, NightChanged):
                nights = shelves.setdefault("nights", dict(self.nights))
                slot = Slot.parse(change.id)
                of_shift = nights[slot.shift] = dict(nights.get(slot.shift, {}))
                put(of_shift, slot.of, change.after)
                continue
            name = _SHELVES[type(change)]
            put(shelves.setdefault(name, dict(getattr(self, name))), change.id, change.after)
            if isinstance(change, ShiftChanged) and change.id not in self.known:
                shelves["known"] = shelves.get("known", self.known) | {change.id}
        return msgspec.structs.replace(self, **shelves) if shelves else self

    def holds(self, change: AnyChange) -> Any:
        """What is there now where `change` would put its `after`."""
        if isinstance(change, NightChanged):
            slot = Slot.parse(change.id)
            return self.nights.get(slot.shift, {}).get(slot.of)
        return getattr(self, _SHELVES[type(change)]).get(change.id)

    def turned(self, changes: Iterable[AnyChange]) -> tuple[AnyChange, ...]:
        """These changes backwards. `Moved` when one of their documents has been changed again since."""
        changes = tuple(changes)
        for change in changes:
            if self.holds(change) != change.after:
                raise Moved(change)
        return tuple(change.turned for change in reversed(changes))

    def whole(self, shift: str) -> Shift | None:
        """A shift with its overrides."""
        held = self.shifts.get(shift)
        if held is None or not (nights := self.nights.get(shift)):
            return held
        return msgspec.structs.replace(held, overrides=tuple(nights[of] for of in sorted(nights)))

    def wholes(self) -> Iterator[Shift]:
        """Every shift with its overrides."""
        for id in self.shifts:
            whole = self.whole(id)
            if whole is not None:
                yield whole

    def duty(self, slot: Slot) -> OnDuty | None:
        """The occurrence a slot names, free or held; None when there is none or it was cancelled."""
        whole = self.whole(slot.shift)
        return Series(whole).named(slot.of) if whole is not None else None

    def night(self, slot: Slot) -> Override:
        """The override of a slot, or one that changes nothing."""
        return self.nights.get(slot.shift, {}).get(slot.of) or Override(of=slot.of)

    def asks_about(self, slot: Slot) -> tuple[Ask, ...]:
        return tuple(ask for ask in self.asks.values() if ask.about(slot))

    def confirmed(self, slot: Slot, person: str) -> bool:
        """Whether whoever has the slot now said they will be there."""
        held = self.confirmations.get(str(slot))
        return held is not None and held.person == person

    def changed_shifts(self, since: "Book") -> tuple[tuple[Shift, ...], tuple[str, ...]]:
        """Shifts that are new or other than in an earlier book, and ids of those that are gone."""
        if self.shifts is since.shifts and self.nights is since.nights:
            return (), ()
        put = [
            id
            for id, shift in self.shifts.items()
            if since.shifts.get(id) is not shift or since.nights.get(id) is not self.nights.get(id)
        ]
        gone = tuple(id for id in since.shifts if id not in self.shifts)
        return tuple(whole for id in put if (whole := self.whole(id)) is not None), gone

    def rota_from(self, since: "Book", rota: Rota) -> Rota:
        """This book's rota, made from an earlier book's: only what changed is expanded anew."""
        put, gone = self.changed_shifts(since)
        return rota.changed(put, gone) if put or gone else rota


_SHELVES: dict[type[Any], str] = {
    ShiftChanged: "shifts",
    Confirmed: "confirmations",
    AskChanged: "asks",
    HoursChanged: "hours",
    TermsChanged: "terms",
    FeedChanged: "feeds",
    AvailabilityChanged: "availabilities",
}


def one_step(changes: Iterable[AnyChange]) -> tuple[AnyChange, ...]:
    """The same outcome with each document changed once, and what comes to nothing left out."""
    merged: dict[tuple[type[Any], str], AnyChange] = {}
    for change in changes:
        key = (type(change), change.id)
        first = merged.get(key)
        merged[key] = msgspec.structs.replace(change, before=first.before) if first is not None else change
    return tuple(change for change in merged.values() if change.before != change.after)


def put_shift(book: Book, shift: Shift) -> tuple[AnyChange, ...]:
    """The changes that put this shift, overrides and all, in place of what the book has under its id."""
    bare = msgspec.structs.replace(shift, overrides=())
    before = book.shifts.get(shift.id)
    changes: list[AnyChange] = []
    if before != bare:
        changes.append(ShiftChanged(id=shift.id, before=before, after=bare))
    nights = book.nights.get(shift.id, {})
    wanted = {override.of: override for override in shift.overrides}
    for of in sorted({*nights, *wanted}):
        if nights.get(of) != wanted.get(of):
            id = str(Slot(shift.id, of))
            changes.append(NightChanged(id=id, before=nights.get(of), after=wanted.get(of)))
    return tuple(changes)


def take_out(book: Book, shift: str) -> tuple[AnyChange, ...]:
    """The changes that take a shift out, and every change to one of its nights."""
    held = book.shifts.get(shift)
    if held is None:
        return ()
    nights = (
        NightChanged(id=str(Slot(shift, of)), before=override)
        for of, override in sorted(book.nights.get(shift, {}).items())
    )
    return (ShiftChanged(id=shift, before=held), *nights)


def ended_before(shift: Shift, day: date) -> Shift:
    """The shift with its last occurrence before a local date: the first half of a change from that date on."""
    return msgspec.structs.replace(shift, until=date.fromordinal(day.toordinal() - 1))
