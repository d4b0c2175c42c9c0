"""The rota as a log: one kind of event, and the fold that is the book.

A step of the rota is one event, whatever it changes: it happened as a whole, somebody did it, and it can be undone as
a whole. What was said about it ("my train is stuck") is sealed like a note, and the book does not need it.
"""

from datetime import datetime

import msgspec

from helpline.contact import BEGINNING
from helpline.events import Event, RotaChanged
from rota.book import Book

LOG = "r-rota"


class RotaLog(msgspec.Struct, frozen=True):
    """The fold of the rota's log. It is always live: there is always a rota."""

    log: str = LOG
    seq: int = 0
    at: datetime = BEGINNING
    opened_at: datetime = BEGINNING
    book: Book = Book()

    @property
    def live(self) -> bool:
        return True

    @property
    def due(self) -> datetime | None:
        return None

    def apply(self, event: Event) -> "RotaLog":
        body = event.body
        book = self.book.apply(body.changes) if isinstance(body, RotaChanged) else self.book
        opened_at = event.at if self.seq == 0 else self.opened_at
        return RotaLog(self.log, event.seq, event.at, opened_at, book)
