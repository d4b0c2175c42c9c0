"""The directory as a log: one kind of event, and the fold that is the book.

A step of the directory is one event, whatever it changes: it happened as a whole, somebody did it, and it can be
undone as a whole. What was said about it is sealed like a note, and the book does not need it.
"""

from datetime import datetime

import msgspec

from helpline.contact import BEGINNING
from helpline.directory_book import DirectoryBook
from helpline.directory_event import DirectoryChanged
from helpline.events import Event

LOG = "d-directory"


class DirectoryLog(msgspec.Struct, frozen=True):
    """The fold of the directory's log. It is always live: there is always a directory."""

    log: str = LOG
    seq: int = 0
    at: datetime = BEGINNING
    opened_at: datetime = BEGINNING
    book: DirectoryBook = DirectoryBook()

    @property
    def live(self) -> bool:
        return True

    @property
    def due(self) -> datetime | None:
        return None

    def apply(self, event: Event) -> "DirectoryLog":
        body = event.body
        book = self.book.apply(body.changes) if isinstance(body, DirectoryChanged) else self.book
        opened_at = event.at if self.seq == 0 else self.opened_at
        return DirectoryLog(self.log, event.seq, event.at, opened_at, book)
