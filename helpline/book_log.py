"""A book kept as a log: how rota and directory are kept. One kind of event each, and a fold that is the book.

A step is one event, whatever it changes: it happened as a whole, somebody did it, and it can be undone as a whole.
What was said about it ("my train is stuck") is sealed like a note, and the book does not need it.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Generic, Protocol, Self, TypeVar

import msgspec

from helpline.contact import BEGINNING
from helpline.events import By, Event
from helpline.people import Principal
from helpline.permissions import LEADS


class Kept(Protocol):
    """A book: documents, and the changes that replace them."""

    def apply(self, changes: Iterable[Any]) -> Self: ...


KeptBook = TypeVar("KeptBook", bound=Kept)
AnyChange = TypeVar("AnyChange")


class BookLog(msgspec.Struct, Generic[KeptBook], frozen=True):
    """The fold of a book's log. It is always live: there is always a rota, and a directory."""

    log: str
    book: KeptBook
    seq: int = 0
    at: datetime = BEGINNING
    opened_at: datetime = BEGINNING

    @property
    def live(self) -> bool:
        return True

    @property
    def due(self) -> datetime | None:
        return None

    def apply(self, event: Event) -> "BookLog[KeptBook]":
        """The book after a step; a kind without changes leaves it as it is."""
        changes = getattr(event.body, "changes", ())
        book = self.book.apply(changes) if changes else self.book
        opened_at = event.at if self.seq == 0 else self.opened_at
        return BookLog(self.log, book, event.seq, event.at, opened_at)


class Step(msgspec.Struct, Generic[AnyChange], frozen=True):
    """One step as history shows it. `why` is None when none was given or it is no longer held."""

    seq: int
    at: datetime
    by: By
    what: str
    changes: tuple[AnyChange, ...]
    why: str | None
    undoes: int


def as_step(event: Event) -> Step[Any]:
    """The step an event is; one of a kind this version does not know has no changes."""
    body: Any = event.body
    if not hasattr(body, "changes"):
        return Step(event.seq, event.at, event.by, event.kind, (), None, 0)
    return Step(event.seq, event.at, event.by, body.what, body.changes, body.why, body.undoes)


def by_of(who: Principal) -> By:
    """The author of a step, in the role that lets them do the most."""
    if who.is_any("manager"):
        return By("manager", who.id, who.name)
    if who.is_any("supervisor"):
        return By("supervisor", who.id, who.name)
    return By("lead" if who.is_any(*LEADS) else "supporter", who.id, who.name)
