"""Taking a file into the directory: read in pieces beside everything else, looked at, then kept in one step.

Nothing is in the directory before somebody has seen what would change. A row that is refused says why and where, and
the rest can be taken in without it.
"""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from itertools import islice
from typing import Literal

import msgspec

from helpline.definition import Definition
from helpline.directory import CrisisContact
from helpline.directory_book import DirectoryBook, Sort, sort_of
from helpline.directory_checks import Wrong, made_worse
from helpline.directory_csv import read_csv
from helpline.directory_entry import Found, Reading, Row, canonical
from helpline.directory_hsds import read_hsds, row_of
from helpline.directory_package import services_of
from helpline.directory_services import Entry
from helpline.errors import BadRequest, TooLong

LARGEST_FILE = 64_000_000
MOST_ROWS = 25_000
"""A row is about a kilobyte in the log, and a step is written whole."""
AT_ONCE = 200
Form = Literal["csv", "hsds", "package"]

Tell = Callable[[int, int], None]
"""Told how many rows were read, of how many."""


class Intake(msgspec.Struct, frozen=True, kw_only=True):
    """What a file would do to the directory. `seen` is the directory's seq it was held against.

    `missing` counts the entries that are not in the file: they stay. `lost` counts, by what it is, what entries cannot
    hold. `wrongs` are dead ends of the ladder that no single row is to blame for; with one, nothing can be kept.
    """

    form: Form
    seen: int
    adds: tuple[Entry, ...] = ()
    changes: tuple[tuple[Entry, Entry], ...] = ()
    same: int = 0
    missing: int = 0
    refused: tuple[Found, ...] = ()
    lost: tuple[tuple[str, int], ...] = ()
    wrongs: tuple[Wrong, ...] = ()

    @property
    def put(self) -> tuple[Entry, ...]:
        """The entries that would be put in place."""
        return (*self.adds, *(after for _, after in self.changes))

    @property
    def rows(self) -> int:
        """How many rows were read."""
        return len(self.adds) + len(self.changes) + self.same + len(self.refused)


def form_of(data: bytes, name: str = "") -> Form:
    """Which kind of file this is, by its name and by how it begins."""
    if data.startswith(b"PK"):
        return "package"
    start = data.removeprefix(b"\xef\xbb\xbf").lstrip()[:1]
    return "hsds" if name.casefold().endswith(".json") or start in (b"[", b"{") else "csv"


def rows_in(data: bytes, form: Form) -> tuple[Iterator[Row], int]:
    """The rows of a file, and about how many there are.

    `TooLong` when there are too many, `BadRequest` when it is no such file.
    """
    if len(data) > LARGEST_FILE:
        raise TooLong(f"That is larger than {LARGEST_FILE // 1_000_000} MB. Please send it in parts.")
    if not data.strip():
        raise BadRequest("There is nothing in this file.")
    if form == "csv":
        rows, count = read_csv(data), max(1, data.count(b"\n"))
        return _at_most(rows), min(count, MOST_ROWS)
    services = services_of(data) if form == "package" else read_hsds(data)
    if len(services) > MOST_ROWS:
        raise TooLong(_TOO_MANY)
    return (row_of(one, number) for number, one in enumerate(services, 1)), len(services)


_TOO_MANY = f"There are more than {MOST_ROWS:,} entries in this file. Please send it in parts."


def _at_most(rows: Iterator[Row]) -> Iterator[Row]:
    for number, row in enumerate(rows):
        if number == MOST_ROWS:
            raise TooLong(_TOO_MANY)
        yield row


async def looked_at(
    data: bytes, form: Form, definition: Definition, book: DirectoryBook, seen: int, today: date, tell: Tell
) -> Intake:
    """What the file would change in this book, read a few rows at a time in another thread.

    `tell` hears after each few. Raises `BadRequest` and `TooLong` as `rows_in` does.
    """
    rows, count = await asyncio.to_thread(rows_in, data, form)

    def held(sort: Sort, id: str) -> Entry | None:
        return book.entry_on(sort, id, today)

    reading = Reading(definition, held)
    found: list[Found] = []
    tell(0, count)

    def few() -> list[Found]:
        return [reading.read(row) for row in islice(rows, AT_ONCE)]

    while some := await asyncio.to_thread(few):
        found += some
        tell(len(found), max(count, len(found)))
    tell(len(found), len(found))
    return await asyncio.to_thread(held_against, found, form, definition, book, seen, today)


def held_against(
    found: Sequence[Found], form: Form, definition: Definition, book: DirectoryBook, seen: int, today: date
) -> Intake:
    """What was read, held against the book: what is new, changed, the same, and refused."""
    refused = [one for one in found if one.entry is None]
    good = {(one.sort, one.entry.id): one for one in found if one.entry is not None}
    wrongs: tuple[Wrong, ...] = ()
    # A row to blame for a dead end is refused; then the rest is looked at again.
    while True:
        adds, changes, same = _sorted(good.values(), book, today)
        wrongs = _dead_ends((*adds, *(after for _, after in changes)), definition, book, today)
        named: set[tuple[Sort, str]] = {("contact", wrong.contact) for wrong in wrongs}
        blamed = named & good.keys()
        if not blamed:
            break
        for key in blamed:
            reasons = tuple(str(wrong) for wrong in wrongs if wrong.contact == key[1])
            refused.append(msgspec.structs.replace(good.pop(key), entry=None, reasons=reasons))
    lost: dict[str, int] = {}
    for one in good.values():
        for words in one.lost:
            lost[words] = lost.get(words, 0) + 1
    there = {("contact", one.id) for one in book.contacts_on(today)}
    there |= {("service", one.id) for one in book.services_on(today)}
    order = {id(one.row): place for place, one in enumerate(found)}
    return Intake(
        form=form,
        seen=seen,
        adds=tuple(adds),
        changes=tuple(changes),
        same=same,
        missing=len(there - {(one.sort, one.row.fields.get("id", "")) for one in refused} - good.keys()),
        refused=tuple(sorted(refused, key=lambda one: order[id(one.row)])),
        lost=tuple(lost.items()),
        wrongs=wrongs,
    )


def _sorted(
    good: Iterable[Found], book: DirectoryBook, today: date
) -> tuple[list[Entry], list[tuple[Entry, Entry]], int]:
    adds: list[Entry] = []
    changes: list[tuple[Entry, Entry]] = []
    same = 0
    for one in good:
        entry = one.entry
        assert entry is not None
        before = book.entry_on(one.sort, entry.id, today)
        if before is None:
            adds.append(entry)
        elif canonical(before) == canonical(entry):
            same += 1
        else:
            changes.append((before, entry))
    return adds, changes, same


def _dead_ends(
    entries: Sequence[Entry], definition: Definition, book: DirectoryBook, today: date
) -> tuple[Wrong, ...]:
    """Services are on no ladder, so only contacts are looked at."""
    contacts = [entry for entry in entries if isinstance(entry, CrisisContact)]
    if not contacts:
        return ()
    changes = [change for entry in contacts for change in book.putting(entry, today)]
    return made_worse(definition, book, book.apply(changes), today)


def sorts(entries: Iterable[Entry]) -> dict[Sort, int]:
    """How many there are of each sort."""
    counts: dict[Sort, int] = {"contact": 0, "service": 0}
    for entry in entries:
        counts[sort_of(entry)] += 1
    return counts
