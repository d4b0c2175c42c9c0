"""SQLite's data folder as a whole, for moving and for backups."""

import os
import sqlite3
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from helpline.errors import BadRequest
from helpline.moving import About, Fact, Item, Key, Kind, WholeLog
from helpline.ports import AuditEntry, Document, Head, Record
from helpline.stores.moved import MOVED_TO, MOVING_FROM, refuse_moved
from helpline.stores.owner import Ownership, make_folder
from helpline.stores.records import BELONGS_TO, instant_of, microseconds
from helpline.stores.schema import MIGRATIONS, StoreUnfit, open_for_writing
from helpline.stores.sqlite import FILE

_TABLES: dict[Kind, str] = {"logs": "logs", "documents": "documents", "audit": "audit", "facts": "facts"}
_KEYS: dict[Kind, str] = {"logs": "name", "documents": "kind, id", "audit": "n", "facts": "log"}
_COLUMNS: dict[Kind, str] = {
    "logs": "log, name, seq, live, due, opened_at",
    "documents": "kind, id, version, change, body, gone",
    "audit": "n, body, link",
    "facts": "log, definition, at, body",
}

# A log that is known by name but has no record is none anywhere else.
_HAS_RECORDS = "EXISTS (SELECT 1 FROM records WHERE records.log = logs.log)"


def refuse_moved_file(folder: Path) -> None:
    """Raises `NotHere` when the file in `folder` was moved away or has not wholly arrived."""
    path = folder / FILE
    if not path.exists():
        return
    db = sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)
    try:
        meta = _meta(db)
    except sqlite3.OperationalError:
        return  # nothing in it yet; whoever opens it next says what is wrong, if anything is
    finally:
        db.close()
    refuse_moved(str(folder), meta.get(MOVED_TO, ""), meta.get(MOVING_FROM, ""))


class SqliteReading:
    """All that one connection sees. Calls block: nothing else is going on in a process that reads everything."""

    def __init__(self, folder: Path, db: sqlite3.Connection) -> None:
        self.shown = f"sqlite:{folder}"
        self._db = db
        self._claims_by_log = False

    async def about(self) -> About:
        meta = _meta(self._db)
        return About(
            meta["epoch"],
            meta["change"],
            meta.get(MOVED_TO, ""),
            meta.get(MOVING_FROM, ""),
            meta.get(BELONGS_TO, ""),
        )

    async def count(self, kind: Kind) -> int:
        where = f" WHERE {_HAS_RECORDS}" if kind == "logs" else ""
        count: int = self._db.execute(f"SELECT count(*) FROM {_TABLES[kind]}{where}").fetchone()[0]  # noqa: S608
        return count

    async def items(self, kind: Kind, after: Key | None, upto: Key | None, limit: int) -> Sequence[Item]:
        keys, table = _KEYS[kind], _TABLES[kind]
        marks = f"({', '.join('?' * (keys.count(',') + 1))})"
        conditions = [f"({keys}) > {marks}"] if after is not None else []
        conditions += [f"({keys}) <= {marks}"] if upto is not None else []
        if kind == "logs":
            conditions.append(_HAS_RECORDS)
        where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
        rows = self._db.execute(
            f"SELECT {_COLUMNS[kind]} FROM {table}{where} ORDER BY {keys} LIMIT ?",  # noqa: S608 (our own names)
            (*(after or ()), *(upto or ()), limit or -1),
        ).fetchall()
        return [self._item(kind, row) for row in rows]

    def _item(self, kind: Kind, row: tuple[Any, ...]) -> Item:
        match kind:
            case "logs":
                return self._whole_log(*row)
            case "documents":
                id_kind, id_, version, change, body, gone = row
                return Document(id_kind, id_, version, change, body, bool(gone))
            case "audit":
                return AuditEntry(*row)
            case "facts":
                return Fact(*row)

    def _whole_log(
        self, log: int, name: str, seq: int | None, live: int, due: int | None, opened_at: int | None
    ) -> WholeLog:
        claims = self._claims_of(log)
        records = []
        for first_seq, count, body in self._db.execute(
            "SELECT first_seq, count, body FROM records WHERE log = ? ORDER BY first_seq", (log,)
        ):
            own = [(claim, at) for at, claim in claims if first_seq <= at < first_seq + count]
            records.append(
                Record(name, first_seq, count, body, tuple(c for c, _ in own), tuple(at for _, at in own))
            )
        head = None
        if seq is not None and opened_at is not None:
            moment = None if due is None else instant_of(due)
            head = Head(name, seq, bool(live), moment, instant_of(opened_at))
        return WholeLog(name, tuple(records), head)

    def _claims_of(self, log: int) -> list[tuple[int, bytes]]:
        # The file has them by claim alone. To look for each log's would be to read all of them for each.
        if not self._claims_by_log:
            self._db.execute(
                "CREATE TEMP TABLE claims_by_log (log, seq, claim, PRIMARY KEY (log, seq, claim)) WITHOUT ROWID"
            )
            self._db.execute(
                "INSERT INTO claims_by_log SELECT log, seq, claim FROM claims ORDER BY log, seq, claim"
            )
            self._claims_by_log = True
        return self._db.execute(
            "SELECT seq, claim FROM claims_by_log WHERE log = ? ORDER BY seq, claim", (log,)
        ).fetchall()

    def _claims_changed(self) -> None:
        if self._claims_by_log:
            self._db.execute("DROP TABLE claims_by_log")
            self._claims_by_log = False

    async def close(self) -> None:
        self._db.close()


class SqliteSnapshot(SqliteReading):
    """The data of a folder as it is now, while a server goes on writing there.

    It is read beside the server, in one read transaction. Through the server it would have to be copied first, on the
    very disk that people's words go to, and would hold them up. Until it is closed the server's log file grows.
    """

    def __init__(self, folder: Path) -> None:
        path = folder / FILE
        if not path.is_file():
            raise BadRequest(f"sqlite:{folder}: there is no data there")
        if path.stat().st_uid != os.geteuid():
            # SQLite may make its shared files anew, and the service could not open what is another's.
            raise BadRequest(f"{path} belongs to another user. Run this as that user: sudo -u …")
        db = sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, timeout=5, isolation_level=None)
        try:
            shape = db.execute("PRAGMA user_version").fetchone()[0]
            if shape != len(MIGRATIONS):
                raise StoreUnfit(
                    f"{path} has the shape {shape}, and this version of the service reads {len(MIGRATIONS)}. "
                    f"Use the version that runs there."
                )
            db.execute("BEGIN")
            meta = _meta(db)  # from here on it is this instant
            refuse_moved(str(folder), meta.get(MOVED_TO, ""), meta.get(MOVING_FROM, ""))
        except BaseException:
            db.close()
            raise
        super().__init__(folder, db)


class SqliteShelf(SqliteReading):
    """Holds the folder's lock until closed."""

    def __init__(self, folder: Path, now: datetime) -> None:
        make_folder(folder)
        self._owner = Ownership(folder)
        try:
            db = open_for_writing(folder / FILE, now)
        except BaseException:
            self._owner.give_up()
            raise
        super().__init__(folder, db)

    async def say(self, about: About) -> None:
        rows = (
            ("epoch", about.epoch),
            ("change", about.change),
            (MOVED_TO, about.moved_to),
            (MOVING_FROM, about.moving_from),
            (BELONGS_TO, about.keys),
        )
        with _transaction(self._db):
            self._db.executemany("INSERT OR REPLACE INTO meta VALUES (?, ?)", rows)
            self._db.execute("DELETE FROM meta WHERE name = ? AND value = ''", (BELONGS_TO,))

    async def write(self, kind: Kind, items: Sequence[Item]) -> None:
        self._claims_changed()
        with _transaction(self._db):
            for item in items:
                match item:
                    case WholeLog():
                        self._write_log(item)
                    case Document():
                        self._db.execute(
                            "INSERT OR REPLACE INTO documents (kind, id, version, change, body, gone)"
                            " VALUES (?, ?, ?, ?, ?, ?)",
                            (item.kind, item.id, item.version, item.change, item.body, item.gone),
                        )
                    case AuditEntry():
                        self._db.execute(
                            "INSERT OR REPLACE INTO audit VALUES (?, ?, ?)", (item.n, item.body, item.link)
                        )
                    case Fact():
                        self._db.execute(
                            "INSERT OR REPLACE INTO facts VALUES (?, ?, ?, ?)",
                            (item.log, item.definition, item.at, item.body),
                        )

    def _write_log(self, whole: WholeLog) -> None:
        db, head = self._db, whole.head
        made = db.execute(
            "INSERT INTO logs (name, live) VALUES (?, 0) ON CONFLICT (name) DO NOTHING", (whole.name,)
        )
        log = db.execute("SELECT log FROM logs WHERE name = ?", (whole.name,)).fetchone()[0]
        if head is not None:
            due = None if head.due is None else microseconds(head.due)
            db.execute(
                "UPDATE logs SET seq = ?, live = ?, due = ?, opened_at = ? WHERE log = ?",
                (head.seq, head.live, due, microseconds(head.opened_at), log),
            )
        if not made.rowcount:  # to look for claims by their log is to read all of them
            db.execute("DELETE FROM records WHERE log = ?", (log,))
            db.execute("DELETE FROM claims WHERE log = ?", (log,))
        for record in whole.records:
            db.execute(
                "INSERT INTO records (log, first_seq, count, body) VALUES (?, ?, ?, ?)",
                (log, record.first_seq, record.count, record.body),
            )
            # A claim that another log still holds here was given back since it was moved.
            db.executemany(
                "INSERT OR REPLACE INTO claims (claim, log, seq) VALUES (?, ?, ?)",
                [(claim, log, seq) for claim, seq in zip(record.claims, record.claimed, strict=True)],
            )

    async def remove(self, kind: Kind, keys: Sequence[Key]) -> None:
        self._claims_changed()
        with _transaction(self._db):
            for key in keys:
                if kind == "logs":
                    for table in ("records", "claims"):
                        self._db.execute(
                            f"DELETE FROM {table} WHERE log = (SELECT log FROM logs WHERE name = ?)",  # noqa: S608
                            key,
                        )
                condition = " AND ".join(f"{column} = ?" for column in _KEYS[kind].split(", "))
                self._db.execute(f"DELETE FROM {_TABLES[kind]} WHERE {condition}", key)  # noqa: S608

    async def close(self) -> None:
        await super().close()
        self._owner.give_up()


def _meta(db: sqlite3.Connection) -> dict[str, Any]:
    return dict(db.execute("SELECT name, value FROM meta").fetchall())


class _transaction:  # noqa: N801 (read as a word: `with _transaction(db):`)
    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def __enter__(self) -> None:
        self._db.execute("BEGIN IMMEDIATE")

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._db.execute("COMMIT" if kind is None else "ROLLBACK")
