"""The store on one machine: one SQLite file, one process, one writer thread, readers that never wait for it."""

import asyncio
import queue
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from helpline.errors import Conflict
from helpline.ports import AuditEntry, Clock, Document, Head, Record
from helpline.stores.audit_chain import BEGINNING, link_after
from helpline.stores.owner import Ownership, make_folder
from helpline.stores.records import BELONGS_TO, Bounds, check_record, instant_of, microseconds
from helpline.stores.schema import open_for_reading, open_for_writing
from helpline.stores.sqlite_appends import Appends, holder_of
from helpline.stores.sqlite_commits import FileFailed
from helpline.stores.sqlite_writer import Writer, stop_the_process

T = TypeVar("T")

FILE = "helpline.db"
READERS = 2


class SqliteStore:
    """`ports.Store` on `helpline.db` in the data folder. Open it with `SqliteStore.open`.

    Records come back from `read` as log, seqs and body; their claims are asked for with `find`, their heads with
    `heads`. Documents marked gone stay, with `gone` set, in `get` and `all`.
    """

    def __init__(
        self, owner: Ownership, writer: Writer, readers: Sequence[sqlite3.Connection], epoch: str
    ) -> None:
        self._owner = owner
        self.writer = writer
        self._epoch = epoch
        self._readers: queue.SimpleQueue[sqlite3.Connection] = queue.SimpleQueue()
        for reader in readers:
            self._readers.put(reader)
        self._pool = ThreadPoolExecutor(max_workers=len(readers), thread_name_prefix="store reader")
        self._closed = False

    @classmethod
    async def open(
        cls,
        folder: Path,
        clock: Clock,
        *,
        bounds: Bounds | None = None,
        on_fatal: Callable[[FileFailed], None] = stop_the_process,
    ) -> "SqliteStore":
        """Take the folder (made if missing) and open its file, creating or migrating it.

        Raises `StoreBusy` while another process has it, `StoreUnfit` when the file would not be durable there or
        was written by a later version.
        """

        def opened() -> tuple[Ownership, sqlite3.Connection, list[sqlite3.Connection], str]:
            make_folder(folder)
            owner = Ownership(folder)
            try:
                db = open_for_writing(folder / FILE, clock.now())
                readers = [open_for_reading(folder / FILE) for _ in range(READERS)]
                epoch = db.execute("SELECT value FROM meta WHERE name = 'epoch'").fetchone()[0]
            except BaseException:
                owner.give_up()
                raise
            return owner, db, readers, epoch

        owner, db, readers, epoch = await asyncio.to_thread(opened)
        writer = Writer(db, folder, bounds or Bounds(), on_fatal, Appends(db))
        return cls(owner, writer, readers, epoch)

    @property
    def epoch(self) -> str:
        return self._epoch

    @property
    def ready(self) -> bool:
        return self.writer.ready

    async def now(self) -> datetime:
        return datetime.now(UTC)

    async def belong_to(self, keys: str) -> str:
        def said(db: sqlite3.Connection) -> str:
            db.execute("INSERT OR IGNORE INTO meta VALUES (?, ?)", (BELONGS_TO, keys))
            belongs: str = db.execute("SELECT value FROM meta WHERE name = ?", (BELONGS_TO,)).fetchone()[0]
            return belongs

        belongs: str = await self.writer.run(said)
        return belongs

    async def append(self, record: Record) -> None:
        check_record(record)
        await self.writer.submit(record)

    async def read(self, log: str, after: int = 0, limit: int = 1_000_000) -> list[Record]:
        # The record that holds seq `after` + 1 may begin earlier; nothing before that one is looked at.
        rows = await self._read(
            "SELECT first_seq, count, body FROM records WHERE log = (SELECT log FROM logs WHERE name = ?1)"
            " AND first_seq >= coalesce((SELECT max(first_seq) FROM records"
            " WHERE log = (SELECT log FROM logs WHERE name = ?1) AND first_seq <= ?2 + 1), 0)"
            " AND first_seq + count - 1 > ?2 ORDER BY first_seq LIMIT ?3",
            (log, after, limit),
        )
        return [Record(log, *row) for row in rows]

    async def find(self, claim: bytes) -> tuple[str, int] | None:
        return await self._with_reader(lambda db: holder_of(db, claim))

    async def release(self, log: str, claims: Sequence[bytes]) -> None:
        given_back = [(claim, log) for claim in claims]
        theirs = "DELETE FROM claims WHERE claim = ? AND log = (SELECT log FROM logs WHERE name = ?)"
        await self.writer.run(lambda db: db.executemany(theirs, given_back).rowcount)

    async def heads(self) -> list[Head]:
        rows = await self._read(
            "SELECT name, seq, live, due, opened_at FROM logs WHERE live = 1 ORDER BY log"
        )
        return [_head(row) for row in rows]

    async def grown(self, logs: Mapping[str, int]) -> list[str]:
        rows = await self._read(
            "SELECT logs.name FROM json_each(?) AS told JOIN logs ON logs.name = told.key WHERE EXISTS"
            " (SELECT 1 FROM records WHERE records.log = logs.log AND records.first_seq > told.value)",
            (msgspec.json.encode(logs).decode(),),
        )
        return [name for (name,) in rows]

    async def logs(self, prefix: str, since: datetime, until: datetime, limit: int = 10_000) -> list[Head]:
        rows = await self._read(
            "SELECT name, seq, live, due, opened_at FROM logs WHERE opened_at >= ?2 AND opened_at < ?3"
            " AND substr(name, 1, length(?1)) = ?1 ORDER BY opened_at DESC, log DESC LIMIT ?4",
            (prefix, microseconds(since), microseconds(until), limit),
        )
        return [_head(row) for row in rows]

    async def put(self, kind: str, id: str, body: bytes, expected: int, *, gone: bool = False) -> Document:
        def written(db: sqlite3.Connection) -> Document:
            row = db.execute("SELECT version FROM documents WHERE kind = ? AND id = ?", (kind, id)).fetchone()
            if (0 if row is None else row[0]) != expected:
                raise Conflict
            change = db.execute("SELECT value FROM meta WHERE name = 'change'").fetchone()[0] + 1
            db.execute("UPDATE meta SET value = ? WHERE name = 'change'", (change,))
            db.execute(
                "INSERT OR REPLACE INTO documents (kind, id, version, change, gone, body) VALUES (?, ?, ?, ?, ?, ?)",
                (kind, id, expected + 1, change, gone, body),
            )
            return Document(kind, id, expected + 1, change, body, gone)

        document: Document = await self.writer.run(written)
        return document

    async def get(self, kind: str, id: str) -> Document | None:
        rows = await self._read(
            "SELECT kind, id, version, change, body, gone FROM documents WHERE kind = ? AND id = ?",
            (kind, id),
        )
        return _document(rows[0]) if rows else None

    async def all(self, kind: str) -> list[Document]:
        rows = await self._read(
            "SELECT kind, id, version, change, body, gone FROM documents WHERE kind = ? ORDER BY id", (kind,)
        )
        return [_document(row) for row in rows]

    async def drop(self, kind: str, ids: Sequence[str]) -> None:
        dropped = [(kind, id_) for id_ in ids]
        await self.writer.run(
            lambda db: db.executemany("DELETE FROM documents WHERE kind = ? AND id = ?", dropped).rowcount
        )

    async def audit(self, body: bytes) -> AuditEntry:
        def linked(db: sqlite3.Connection) -> AuditEntry:
            n, link = db.execute("SELECT n, link FROM audit ORDER BY n DESC LIMIT 1").fetchone() or (
                0,
                BEGINNING,
            )
            entry = AuditEntry(n + 1, body, link_after(link, n + 1, body))
            db.execute("INSERT INTO audit (n, body, link) VALUES (?, ?, ?)", (entry.n, body, entry.link))
            return entry

        entry: AuditEntry = await self.writer.run(linked)
        return entry

    async def audit_entries(self, after: int = 0, limit: int = 1_000) -> list[AuditEntry]:
        rows = await self._read(
            "SELECT n, body, link FROM audit WHERE n > ? ORDER BY n LIMIT ?", (after, limit)
        )
        return [AuditEntry(*row) for row in rows]

    async def keep_facts(self, log: str, definition: int, at: datetime, body: bytes) -> None:
        """A log has one set of facts: the latest written under the newest definition. An older one is not kept."""
        moment = microseconds(at)
        await self.writer.run(
            lambda db: (
                db.execute(
                    "INSERT INTO facts (log, definition, at, body) VALUES (?, ?, ?, ?) ON CONFLICT (log) DO UPDATE"
                    " SET definition = excluded.definition, at = excluded.at, body = excluded.body"
                    " WHERE excluded.definition >= definition",
                    (log, definition, moment, body),
                ).rowcount
            )
        )

    async def facts(self, since: datetime, until: datetime) -> list[bytes]:
        """The facts of each log whose `at` lies in [since, until), in order of time."""
        rows = await self._read(
            "SELECT body FROM facts WHERE at >= ? AND at < ? ORDER BY at, log",
            (microseconds(since), microseconds(until)),
        )
        return [row[0] for row in rows]

    async def lease(self, name: str, holder: str, until: datetime, now: datetime) -> bool:
        end, moment = microseconds(until), microseconds(now)

        def taken(db: sqlite3.Connection) -> bool:
            cursor = db.execute(
                "INSERT INTO leases (name, holder, until) VALUES (?1, ?2, ?3) ON CONFLICT (name) DO UPDATE"
                " SET holder = excluded.holder, until = excluded.until WHERE holder = ?2 OR until <= ?4",
                (name, holder, end, moment),
            )
            return cursor.rowcount == 1

        return bool(await self.writer.run(taken))

    async def close(self) -> None:
        """Write what waits, close the file and give up the folder. Closing twice is harmless."""
        if self._closed:
            return
        self._closed = True

        def readers_closed() -> None:
            self._pool.shutdown(wait=True)
            while not self._readers.empty():
                self._readers.get().close()

        await asyncio.to_thread(readers_closed)
        await self.writer.close()
        self._owner.give_up()

    async def _read(self, query: str, values: Sequence[object] = ()) -> list[Any]:
        return await self._with_reader(lambda db: db.execute(query, values).fetchall())

    async def _with_reader(self, query: Callable[[sqlite3.Connection], T]) -> T:
        def answered() -> T:
            db = self._readers.get()
            try:
                return query(db)
            finally:
                self._readers.put(db)

        return await asyncio.get_running_loop().run_in_executor(self._pool, answered)


def _head(row: tuple[str, int, int, int | None, int]) -> Head:
    log, seq, live, due, opened_at = row
    return Head(log, seq, bool(live), None if due is None else instant_of(due), instant_of(opened_at))


def _document(row: tuple[str, str, int, int, bytes, int]) -> Document:
    kind, id_, version, change, body, gone = row
    return Document(kind, id_, version, change, body, bool(gone))
