"""What the directory's log remembers beside its book: which steps touched an entry, and what was taken out.

Without it a page of one entry would read every step from the disk, and an import of 20,000 is one step.
"""

from collections.abc import Iterable, Mapping

import msgspec

from helpline.book_log import BookLog
from helpline.directory_book import (
    AnyChange,
    CallLogged,
    ContactChanged,
    DirectoryBook,
    Planned,
    ServiceChanged,
    Sort,
    entry_and_day,
    sort_of,
)
from helpline.directory_services import Entry
from helpline.events import Event


class DirectoryLog(BookLog[DirectoryBook], frozen=True):
    """The fold of the directory's log. `touched` has, by `service/cafe`, the seqs of the steps about an entry, oldest
    first; `gone` the entries that were taken out, as they last were."""

    touched: Mapping[str, tuple[int, ...]] = {}
    gone: Mapping[str, Entry] = {}

    def apply(self, event: Event) -> "DirectoryLog":
        after = super().apply(event)
        touched, gone = self.touched, self.gone
        if changes := getattr(event.body, "changes", ()):
            touched, gone = dict(touched), dict(gone)
            for key in dict.fromkeys(key_of(change) for change in changes):
                touched[key] = (*touched.get(key, ()), event.seq)
            _keep(gone, changes)
        return DirectoryLog(after.log, after.book, after.seq, after.at, after.opened_at, touched, gone)


def _keep(gone: dict[str, Entry], changes: Iterable[AnyChange]) -> None:
    for change in changes:
        if not isinstance(change, ContactChanged | ServiceChanged):
            continue
        if change.after is not None:
            gone.pop(f"{sort_of(change.after)}/{change.id}", None)
        elif change.before is not None:
            gone[f"{sort_of(change.before)}/{change.id}"] = change.before


def key_of(change: AnyChange) -> str:
    """The entry a change is about: `contact/team`."""
    if isinstance(change, CallLogged):
        call = change.after or change.before
        return f"{call.sort}/{call.entry}" if call is not None else ""
    id = entry_and_day(change.id)[0] if isinstance(change, Planned) else change.id
    entry = change.after or change.before
    return f"{sort_of(entry)}/{id}" if entry is not None else ""


class TakenOut(msgspec.Struct, frozen=True):
    """An entry that was taken out, as it last was. `seen` is the version it had."""

    sort: Sort
    entry: Entry
    seen: int
