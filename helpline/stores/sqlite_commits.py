"""The writer thread's work: a batch becomes one transaction, and one guilty member never takes others with it."""

import os
import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path

import structlog

from helpline.errors import HelplineError, NotSaved, StoreFull
from helpline.ports import Record
from helpline.stores.sqlite_appends import Appends

log = structlog.get_logger()

Call = Callable[[sqlite3.Connection], object]
"""Something else to write in the batch's transaction. It may be run twice, so it must change nothing but the file."""
Work = Record | Call

# Whoever writes waits for it: 3 ms at so many pages, 8 to 30 ms at four times as many (docs/speed.md).
PAGES_WHEN_IDLE = 1_000
PAGES_WHEN_BUSY = 16_000
_PAGE = 4_096
_MEMBERS_OWN = (
    sqlite3.IntegrityError,
    sqlite3.ProgrammingError,
    sqlite3.InterfaceError,
    sqlite3.DataError,
    sqlite3.NotSupportedError,
)
"""Errors of one member's values, never of the file or the disk."""


class FileFailed(Exception):
    """The file can no longer be trusted: a sync failed, a page could not be read, the disk went read-only."""

    def __init__(self, folder: Path, cause: Exception) -> None:
        super().__init__(f"{folder}: {getattr(cause, 'sqlite_errorname', type(cause).__name__)}: {cause}")


class Commits:
    """Commits batches on one connection; `appends` writes the records among them. For the writer thread only."""

    def __init__(self, db: sqlite3.Connection, folder: Path, appends: Appends | None) -> None:
        self._db = db
        self._folder = folder
        self._appends = appends
        self._pages = 0
        self._full = False

    def commit(self, batch: Sequence[Work]) -> list[object]:
        """Write `batch` durably and answer for each member, in order: its result, or the exception it gets.

        When the whole cannot be written, each member is tried in a transaction of its own. Raises `FileFailed`
        when nothing may be written any more.
        """
        try:
            return self._together(batch)
        except sqlite3.Error as error:
            self._roll_back()
            refusal = self._refusal(error)
            if isinstance(refusal, NotSaved) and not isinstance(refusal, StoreFull):
                # Locked out by another program: waiting for the lock once per member would stall everyone.
                return [NotSaved() for _ in batch]
        except Exception:  # noqa: BLE001 (one member's mistake: it gets its own error below, nobody else does)
            self._roll_back()
        return [self._alone(work) for work in batch]

    def checkpoint(self, *, idle: bool) -> None:
        """Move the log into the file when it has grown: early when nobody waits, late when somebody would."""
        if self._pages < (PAGES_WHEN_IDLE if idle else PAGES_WHEN_BUSY):
            return
        self._pages = 0
        try:
            self._db.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
        except sqlite3.Error as error:
            # No room (or a reader in the way) leaves everything safe in the log, to be tried again.
            self._refusal(error)

    def _together(self, batch: Sequence[Work]) -> list[object]:
        db = self._db
        records = [work for work in batch if isinstance(work, Record)]
        db.execute("BEGIN IMMEDIATE")
        refused, staged = self._appends.write(records) if self._appends else ([], {})
        outcomes: list[object]
        if len(records) == len(batch):
            outcomes = [*refused]
        else:
            answers = iter(refused)
            outcomes = [next(answers) if isinstance(work, Record) else self._within(work) for work in batch]
        db.execute("COMMIT")
        if self._appends:
            self._appends.remember(staged)
        if self._full and not self._no_room():
            self._full = False
            log.warning("there is room on the disk again", folder=str(self._folder))
        self._pages += 2 * len(batch) + sum(len(record.body) for record in records) // _PAGE
        return outcomes

    def _within(self, call: Call) -> object:
        """Run one call so that its own failure undoes only itself."""
        self._db.execute("SAVEPOINT one")
        try:
            outcome = call(self._db)
        except (HelplineError, *_MEMBERS_OWN) as error:
            self._db.execute("ROLLBACK TO one")
            outcome = error
        self._db.execute("RELEASE one")
        return outcome

    def _alone(self, work: Work) -> object:
        try:
            return self._together([work])[0]
        except sqlite3.IntegrityError as error:
            self._roll_back()
            return self._appends.why_refused(work) if self._appends and isinstance(work, Record) else error
        except sqlite3.Error as error:
            self._roll_back()
            return self._refusal(error)
        except Exception as error:  # noqa: BLE001 (handed to whoever asked for this)
            self._roll_back()
            return error

    def _roll_back(self) -> None:
        # SQLite has already rolled back by itself after some errors, a full disk among them.
        if self._db.in_transaction:
            try:
                self._db.execute("ROLLBACK")
            except sqlite3.Error as error:
                raise FileFailed(self._folder, error) from error

    def _refusal(self, error: sqlite3.Error) -> Exception:
        """What a caller is told of `error`; raises `FileFailed` when it is the file's and not a matter of room."""
        if isinstance(error, _MEMBERS_OWN):
            return error
        code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR)
        primary = code & 0xFF
        if primary == sqlite3.SQLITE_FULL:
            return self._out_of_room()
        if primary in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            return NotSaved()
        syncs = (sqlite3.SQLITE_IOERR_FSYNC, sqlite3.SQLITE_IOERR_DIR_FSYNC)
        if primary == sqlite3.SQLITE_IOERR and code not in syncs and self._no_room():
            return self._out_of_room()
        # After a failed sync the kernel may have dropped the pages: writing on would build on what is not there.
        raise FileFailed(self._folder, error) from error

    def _out_of_room(self) -> StoreFull:
        if not self._full:
            self._full = True
            log.error(
                "the disk is full: what does not fit is refused until there is room", folder=str(self._folder)
            )
        return StoreFull()

    def _no_room(self) -> bool:
        """Some writes on a full disk fail as plain I/O errors (growing the shared index, for one)."""
        disk = os.statvfs(self._folder)
        return disk.f_bavail * disk.f_frsize < 64 * _PAGE
