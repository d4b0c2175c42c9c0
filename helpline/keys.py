"""Keys on disk, apart from the data: wrapped by the service key, and gone for good when destroyed."""

import asyncio
import os
import sqlite3
import uuid
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

from helpline.errors import KeyMissing
from helpline.keyring import Keyring, Wrapped
from helpline.service_key import SERVICE_KEY, WRAPPED_BYTES, KeyUnfit, ServiceKey, missing_service_key
from helpline.stores.owner import make_folder, sync_folder
from helpline.stores.records import Bounds
from helpline.stores.sqlite_commits import FileFailed
from helpline.stores.sqlite_writer import Writer, stop_the_process

FILE = "keys.db"
PAGE = 1_000

_TABLES = """
BEGIN IMMEDIATE;
CREATE TABLE IF NOT EXISTS keys (
    id INTEGER PRIMARY KEY, log TEXT NOT NULL, class TEXT NOT NULL, wrapped BLOB NOT NULL, UNIQUE (log, class));
CREATE TABLE IF NOT EXISTS service_key (id TEXT NOT NULL PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS ring (id TEXT NOT NULL PRIMARY KEY) WITHOUT ROWID;
PRAGMA user_version = 1;
COMMIT;
"""
_PRAGMAS: dict[str, str | int] = {
    # No WAL, where a destroyed key would linger until some later checkpoint. TRUNCATE and not DELETE: with FULL it
    # syncs the emptied journal, so a power cut cannot bring it back and undo a commit that was acknowledged.
    "journal_mode": "truncate",
    "synchronous": 2,
    "secure_delete": 1,
}
_DESTROYED = bytes(WRAPPED_BYTES)


class FileKeys(Keyring):
    """`ports.Keys` on `keys.db` and `service.key` in a folder of their own. Open it with `FileKeys.open`."""

    def __init__(self, writer: Writer, service_key: ServiceKey, ring: str) -> None:
        super().__init__(service_key, ring, FILE)
        self.writer = writer

    @classmethod
    async def open(
        cls,
        folder: Path,
        *,
        data_exists: bool,
        on_fatal: Callable[[FileFailed], None] = stop_the_process,
    ) -> "FileKeys":
        """Open the keys in `folder`; make new ones only where there is neither a key nor any data.

        Raises `KeyMissing` when the data's key or its `keys.db` is not there, `KeyUnfit` when a file is readable
        by others, damaged, or does not belong with the other.
        """
        service_key, ring, db = await asyncio.to_thread(_opened, folder, data_exists)
        writer = Writer(db, folder, Bounds(), on_fatal)
        try:
            return cls(writer, service_key, ring)
        except BaseException:
            await writer.close()
            raise

    async def _put(self, log: str, wrapped: Mapping[str, bytes]) -> dict[str, bytes]:
        def put(db: sqlite3.Connection) -> dict[str, bytes]:
            # One statement, for each lets go of the interpreter lock and has to win it back.
            places = ",".join(["(?, ?, ?)"] * len(wrapped))
            db.execute(
                f"INSERT INTO keys (log, class, wrapped) VALUES {places}"  # noqa: S608 (question marks)
                " ON CONFLICT (log, class) DO UPDATE SET wrapped = excluded.wrapped WHERE wrapped = zeroblob("
                f"{WRAPPED_BYTES})",
                [value for name, one in wrapped.items() for value in (log, name, one)],
            )
            return _of(db, log)

        there: dict[str, bytes] = await self.writer.run(put)
        return there

    async def _of(self, log: str) -> dict[str, bytes]:
        there: dict[str, bytes] = await self.writer.run(lambda db: _of(db, log))
        return there

    async def _overwrite(self, log: str, classes: Sequence[str]) -> None:
        def destroyed(db: sqlite3.Connection) -> None:
            # Overwritten where it lies, and the row stays. Deleting rows moves their neighbours between pages, and
            # SQLite's secure_delete does not wipe the places they moved from.
            db.executemany(
                "UPDATE keys SET wrapped = zeroblob(length(wrapped)) WHERE log = ? AND class = ?",
                [(log, name) for name in classes],
            )

        await self.writer.run(destroyed)

    async def _hang_up(self) -> None:
        await self.writer.close()

    async def pages(self) -> AsyncIterator[list[Wrapped]]:
        after = ""
        # A page at a time: whoever makes a key meanwhile waits for one page and not for all.
        while page := await self.writer.run(partial(_page, after=after)):
            yield page
            after = page[-1].log

    async def count(self) -> int:
        count: int = await self.writer.run(
            lambda db: db.execute("SELECT count(DISTINCT log) FROM keys").fetchone()[0]
        )
        return count

    async def knows(self, log: str) -> bool:
        row = await self.writer.run(
            lambda db: db.execute("SELECT 1 FROM keys WHERE log = ? LIMIT 1", (log,)).fetchone()
        )
        return row is not None

    async def _name(self, ring: str) -> None:
        await self.writer.run(lambda db: db.execute("UPDATE ring SET id = ?", (ring,)).rowcount)

    async def fill(self, page: Sequence[Wrapped]) -> None:
        # Of a log that has none left it is kept that it had some.
        rows = [
            (one.log, name, wrapped or _DESTROYED)
            for one in page
            for name, wrapped in (one.classes or {"": b""}).items()
        ]
        await self.writer.run(
            lambda db: (
                db.executemany("INSERT INTO keys (log, class, wrapped) VALUES (?, ?, ?)", rows).rowcount
            )
        )


def _of(db: sqlite3.Connection, log: str) -> dict[str, bytes]:
    rows = db.execute("SELECT class, wrapped FROM keys WHERE log = ?", (log,)).fetchall()
    return {name: wrapped for name, wrapped in rows if wrapped != _DESTROYED}


def _page(db: sqlite3.Connection, after: str) -> list[Wrapped]:
    names = db.execute(
        "SELECT DISTINCT log FROM keys WHERE log > ? ORDER BY log LIMIT ?", (after, PAGE)
    ).fetchall()
    if not names:
        return []
    found: dict[str, dict[str, bytes]] = {}
    for log, name, wrapped in db.execute(
        "SELECT log, class, wrapped FROM keys WHERE log > ? AND log <= ? ORDER BY log, class",
        (after, names[-1][0]),
    ):
        found.setdefault(log, {})[name] = b"" if wrapped == _DESTROYED else wrapped
    return [Wrapped(log, classes) for log, classes in found.items()]


def _opened(folder: Path, data_exists: bool) -> tuple[ServiceKey, str, sqlite3.Connection]:
    path, database = folder / SERVICE_KEY, folder / FILE
    if not path.exists():
        if data_exists or database.exists():
            raise missing_service_key(path)
        make_folder(folder)
        ServiceKey.make(path)
    elif data_exists and not database.exists():
        raise KeyMissing(
            f"{database} is missing, and the data cannot be read without it. Restore it from the backup of the keys."
        )
    service_key = ServiceKey.read(path)
    ring, db = _open_database(database, service_key)
    return service_key, ring, db


def _open_database(path: Path, service_key: ServiceKey) -> tuple[str, sqlite3.Connection]:
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    db = sqlite3.connect(path, timeout=5, isolation_level=None, check_same_thread=False)
    try:
        for name, value in _PRAGMAS.items():
            db.execute(f"PRAGMA {name} = {value}").fetchall()
            held = db.execute(f"PRAGMA {name}").fetchone()[0]
            if held != value:
                raise KeyUnfit(
                    f"{path}: {name} is {held!r} but must be {value!r}. Keep the keys on a local disk."
                )
        db.executescript(_TABLES)
        wanted = _first_said(db, "service_key", service_key.id)
        if wanted != service_key.id:
            raise KeyUnfit(
                f"{path} belongs to the service key {wanted}, but {path.with_name(SERVICE_KEY)} holds "
                f"{service_key.id}. Put the copy of {wanted} back."
            )
        ring = _first_said(db, "ring", uuid.uuid4().hex)
        # The folder's own entry for a new file is synced by SQLite only together with a journal's.
        sync_folder(path.parent)
    except BaseException:
        db.close()
        raise
    return ring, db


def _first_said(db: sqlite3.Connection, table: str, id: str) -> str:
    """What the table says, which is `id` from now on where it said nothing."""
    db.execute(f"INSERT INTO {table} SELECT ? WHERE NOT EXISTS (SELECT * FROM {table})", (id,))  # noqa: S608
    said: str = db.execute(f"SELECT id FROM {table}").fetchone()[0]  # noqa: S608 (our own names)
    return said
