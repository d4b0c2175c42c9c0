"""A book kept as a log: how rota and directory are kept. One kind of event each, and a fold that is the book.

A step is one event, whatever it changes: it happened as a whole, somebody did it, and it can be undone as a whole.
What was said about it ("my train is stuck") is sealed like a note, and the book does not need it.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, Generic, Protocol, Self, TypeVar

import msgspec

from helpline.contact import BEGINNING
from helpline.errors import BadRequest, NotAllowed, NotFound
from helpline.events import Body, By, Event
from helpline.logbook import Draft, Logbook
from helpline.people import Principal
from helpline.permissions import LEADS, Roles
from helpline.talking import digest

LONGEST_WHY = 500
UNDO_OWN = timedelta(minutes=10)


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


class Steps(Generic[AnyChange]):
    """The steps of one book's log: taken one by one, and as history shows them. `kind` is the event a step is."""

    def __init__(self, logbook: Logbook, log: str, kind: Callable[..., Body]) -> None:
        self._logbook = logbook
        self._log = log
        self._kind = kind

    async def said(
        self,
        who: Principal,
        what: str,
        about: object,
        decide: Callable[[Any, datetime], Sequence[AnyChange]],
        client_id: str,
        why: str = "",
        *,
        undoes: int = 0,
    ) -> int:
        """What somebody asked for `about` something, as one step however often they ask; its seq."""
        if not client_id:
            raise BadRequest("This page is out of date. Please open it again.")
        why = why.strip()
        if len(why) > LONGEST_WHY:
            raise BadRequest(f"Please say it in fewer words, at most {LONGEST_WHY} letters.")
        by, mark = by_of(who), digest(what, str(about), why)
        before = await self._logbook.repeat_of(self._log, by, client_id, mark)
        if before is not None:
            return before.events[0].seq
        return await self.take(by, what, decide, client_id, mark, why, undoes=undoes)

    async def take(
        self,
        by: By,
        what: str,
        decide: Callable[[Any, datetime], Sequence[AnyChange]],
        client_id: str = "",
        mark: str = "",
        why: str = "",
        *,
        undoes: int = 0,
    ) -> int:
        """One step, decided on the newest book; its seq, or the newest when nothing had to change."""

        def drafted(fold: BookLog[Any], now: datetime) -> list[Draft]:
            changes = tuple(decide(fold.book, now))
            if not changes and fold.seq:
                return []
            return [(by, self._kind(what, changes, why or None, undoes, client_id, mark))]

        wrote = await self._logbook.change(self._log, drafted)
        return wrote.events[0].seq if wrote.events else self.seq

    @property
    def newest(self) -> BookLog[Any] | None:
        """The log as it is now; None before it has begun."""
        fold: BookLog[Any] | None = self._logbook.held(self._log)
        return fold

    @property
    def seq(self) -> int:
        """The number of the newest step."""
        newest = self.newest
        return newest.seq if newest is not None else 0

    async def at(self, seq: int) -> Step[AnyChange]:
        """One step; `NotFound` when there is none of that number."""
        for event in await self._logbook.read(self._log, seq - 1, 1):
            if event.seq == seq and hasattr(event.body, "changes"):
                return as_step(event)
        raise NotFound("There is no such change.")

    async def before(self, seq: int | None, limit: int) -> list[Step[AnyChange]]:
        """The newest steps, newest first; those before a seq to page back."""
        last = min(seq - 1 if seq else self.seq, self.seq)
        events = await self._logbook.read(self._log, max(0, last - limit), limit)
        return [as_step(event) for event in reversed(events) if event.seq <= last]

    async def after(self, seq: int, limit: int) -> list[Step[AnyChange]]:
        """Steps after a seq, in order."""
        return [as_step(event) for event in await self._logbook.read(self._log, seq, limit)]

    async def undoable(self, seq: int, who: Principal, everybodys: Roles, now: datetime) -> Step[AnyChange]:
        """A step this person may turn round, as `may_be_undone` says."""
        return may_be_undone(await self.at(seq), who, everybodys, now)


def may_be_undone(step: Step[AnyChange], who: Principal, everybodys: Roles, now: datetime) -> Step[AnyChange]:
    """The step, if this person may turn it round: `everybodys` roles any, others their own within ten minutes."""
    own = step.by.id == who.id and now - step.at <= UNDO_OWN
    if not own and not who.is_any(*everybodys):
        raise NotAllowed("You can undo what you did yourself, for ten minutes. The lead can undo more.")
    return step
