"""The tables of `helpline.db`, how older files climb to the present shape, and what a connection must be."""

import os
import sqlite3
import uuid
from datetime import datetime
from pathlib import Path

from helpline.errors import HelplineError

DURABLE: dict[str, str | int] = {"journal_mode": "wal", "synchronous": 2}
"""What the writer's connection must answer when asked; 2 is FULL. Less than this would acknowledge words early."""

# Instants are whole microseconds since 1970-01-01T00:00Z.
MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        # A log's number is what the other tables know it by; its head stands beside its name.
        """CREATE TABLE logs (
            log INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, seq INTEGER, live INTEGER NOT NULL, due INTEGER,
            opened_at INTEGER)""",
        "CREATE INDEX live_logs ON logs (live) WHERE live = 1",
        "CREATE INDEX logs_by_opening ON logs (opened_at) WHERE opened_at IS NOT NULL",
        # With a rowid, and the key apart: bodies are added at the end, and only slim index pages are touched
        # between. Kept WITHOUT ROWID the same batches took about twice as long.
        """CREATE TABLE records (
            id INTEGER PRIMARY KEY, log INTEGER NOT NULL, first_seq INTEGER NOT NULL, count INTEGER NOT NULL,
            body BLOB NOT NULL, UNIQUE (log, first_seq))""",
        """CREATE TABLE claims (
            claim BLOB NOT NULL PRIMARY KEY, log INTEGER NOT NULL, seq INTEGER NOT NULL) WITHOUT ROWID""",
        """CREATE TABLE documents (
            kind TEXT NOT NULL, id TEXT NOT NULL, version INTEGER NOT NULL, change INTEGER NOT NULL,
            gone INTEGER NOT NULL, body BLOB NOT NULL, PRIMARY KEY (kind, id)) WITHOUT ROWID""",
        "CREATE TABLE audit (n INTEGER PRIMARY KEY, body BLOB NOT NULL, link BLOB NOT NULL)",
        """CREATE TABLE facts (
            log TEXT NOT NULL PRIMARY KEY, definition INTEGER NOT NULL, at INTEGER NOT NULL,
            body BLOB NOT NULL)""",
        "CREATE INDEX facts_by_time ON facts (at)",
        """CREATE TABLE leases (
            name TEXT NOT NULL PRIMARY KEY, holder TEXT NOT NULL, until INTEGER NOT NULL) WITHOUT ROWID""",
        "CREATE TABLE meta (name TEXT NOT NULL PRIMARY KEY, value) WITHOUT ROWID",
        # Dropping the newest document must not let its number be given out twice, so the count is kept apart.
        "INSERT INTO meta VALUES ('change', 0)",
    ),
)


class StoreUnfit(HelplineError):
    """The data file cannot be relied on here: not durable, or made by a later version of the service."""

    code = "store_unfit"
    status = 503
    message = "The data file cannot be used."


def open_for_writing(path: Path, now: datetime) -> sqlite3.Connection:
    """The writer's connection: durable, in the present shape, with an epoch. Raises `StoreUnfit`."""
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    db = connect(path)
    try:
        for name, value in DURABLE.items():
            db.execute(f"PRAGMA {name} = {value}")
        check_durable(db, path)
        # Checkpoints are the writer's own doing: SQLite's automatic one swallows the error of a failed sync.
        db.execute("PRAGMA wal_autocheckpoint = 0")
        db.execute(f"PRAGMA journal_size_limit = {64 * 1024 * 1024}")
        db.execute("PRAGMA cache_size = -65536")
        climb(db, path)
        db.execute("INSERT OR IGNORE INTO meta VALUES ('epoch', ?)", (uuid.uuid4().hex,))
        db.execute("INSERT OR IGNORE INTO meta VALUES ('created_at', ?)", (now.isoformat(),))
    except BaseException:
        db.close()
        raise
    return db


def open_for_reading(path: Path) -> sqlite3.Connection:
    """A connection that sees what was committed when its query began and can change nothing."""
    db = connect(path)
    db.execute("PRAGMA query_only = ON")
    return db


def connect(path: Path) -> sqlite3.Connection:
    """A connection without implicit transactions, usable from one thread at a time."""
    db = sqlite3.connect(
        path, timeout=5, isolation_level=None, check_same_thread=False, cached_statements=1024
    )
    db.execute("PRAGMA temp_store = MEMORY")
    return db


def check_durable(db: sqlite3.Connection, path: Path) -> None:
    """Ask the live connection, not the settings: some file systems quietly refuse WAL."""
    for name, wanted in DURABLE.items():
        held = db.execute(f"PRAGMA {name}").fetchone()[0]
        if held != wanted:
            raise StoreUnfit(
                f"{path}: {name} is {held!r} but must be {wanted!r}, or an acknowledged message could be lost. "
                f"Keep the data on a local disk (not a network folder)."
            )


def climb(db: sqlite3.Connection, path: Path) -> None:
    """Bring an older file up to the present shape, one step at a time, each whole or not at all."""
    version = db.execute("PRAGMA user_version").fetchone()[0]
    if version > len(MIGRATIONS):
        raise StoreUnfit(
            f"{path} was written by a later version of the service (shape {version}, this one knows "
            f"{len(MIGRATIONS)}). Install that version again, or restore a backup made before it."
        )
    for number, steps in enumerate(MIGRATIONS[version:], start=version + 1):
        db.execute("BEGIN IMMEDIATE")
        try:
            for step in steps:
                db.execute(step)
            db.execute(f"PRAGMA user_version = {number}")
            db.execute("COMMIT")
        except BaseException:
            if db.in_transaction:
                db.execute("ROLLBACK")
            raise
