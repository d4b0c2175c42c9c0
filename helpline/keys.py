"""Keys on disk, apart from the data: wrapped by the service key, and gone for good when destroyed."""

import asyncio
import base64
import binascii
import hmac
import os
import secrets
import sqlite3
import stat
import tomllib
from collections import OrderedDict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from helpline.errors import HelplineError, KeyMissing
from helpline.stores.owner import make_folder, sync_folder
from helpline.stores.records import Bounds
from helpline.stores.sqlite_commits import FileFailed
from helpline.stores.sqlite_writer import Writer, stop_the_process

SERVICE_KEY = "service.key"
FILE = "keys.db"
KEY_BYTES = 32
CLAIM_BYTES = 16
LOGS_CACHED = 10_000
_NONCE = 12
_WRAPPED = _NONCE + KEY_BYTES + 16

_TABLES = """
BEGIN IMMEDIATE;
CREATE TABLE IF NOT EXISTS keys (
    id INTEGER PRIMARY KEY, log TEXT NOT NULL, class TEXT NOT NULL, wrapped BLOB NOT NULL, UNIQUE (log, class));
CREATE TABLE IF NOT EXISTS service_key (id TEXT NOT NULL PRIMARY KEY) WITHOUT ROWID;
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


class KeyUnfit(HelplineError):
    """A key file that is there but must not or cannot be used: readable by others, damaged, or another's."""

    code = "key_unfit"
    status = 503
    message = "The service key cannot be used."


class _ServiceKey(NamedTuple):
    id: str
    wrapping: AESGCM
    claiming: hmac.HMAC


class FileKeys:
    """`ports.Keys` on `keys.db` and `service.key` in a folder of their own. Open it with `FileKeys.open`."""

    def __init__(self, writer: Writer, service_key: _ServiceKey) -> None:
        self.writer = writer
        self._service_key = service_key
        self._cache: OrderedDict[str, dict[str, bytes]] = OrderedDict()

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
        service_key, db = await asyncio.to_thread(_opened, folder, data_exists)
        return cls(Writer(db, folder, Bounds(), on_fatal), service_key)

    async def create(self, log: str, classes: Sequence[str]) -> dict[str, bytes]:
        held = self._cached(log)
        if held is None or any(name not in held for name in classes):
            held = await self.writer.run(lambda db: self._created(db, log, classes))
            self._remember(log, held)
        return {name: held[name] for name in classes}

    async def get(self, log: str) -> dict[str, bytes]:
        held = self._cached(log)
        if held is None:
            held = await self.writer.run(lambda db: self._unwrapped(db, log))
            self._remember(log, held)
        return dict(held)

    async def reread(self, log: str) -> dict[str, bytes]:
        self._cache.pop(log, None)
        return await self.get(log)

    async def destroy(self, log: str, classes: Sequence[str]) -> None:
        def destroyed(db: sqlite3.Connection) -> None:
            # Overwritten where it lies, and the row stays. Deleting rows moves their neighbours between pages, and
            # SQLite's secure_delete does not wipe the places they moved from.
            db.executemany(
                "UPDATE keys SET wrapped = zeroblob(length(wrapped)) WHERE log = ? AND class = ?",
                [(log, name) for name in classes],
            )

        done = self.writer.submit(destroyed)
        # Run by the write itself, so that a caller who gives up half-way leaves no destroyed key in memory.
        done.add_done_callback(lambda _: self._cache.pop(log, None))
        await asyncio.shield(done)

    def claim(self, *parts: str) -> bytes:
        # One is made per message: copying a keyed HMAC takes half the time of keying it again.
        mac = self._service_key.claiming.copy()
        mac.update(_joined(parts))
        return mac.digest()[:CLAIM_BYTES]

    async def close(self) -> None:
        await self.writer.close()
        self._cache.clear()

    def _cached(self, log: str) -> dict[str, bytes] | None:
        held = self._cache.get(log)
        if held is not None:
            self._cache.move_to_end(log)
        return held

    def _remember(self, log: str, held: dict[str, bytes]) -> None:
        if held:
            self._cache[log] = held
            self._cache.move_to_end(log)
            if len(self._cache) > LOGS_CACHED:
                self._cache.popitem(last=False)

    def _created(self, db: sqlite3.Connection, log: str, classes: Sequence[str]) -> dict[str, bytes]:
        held = self._unwrapped(db, log)
        rows: list[object] = []
        for name in classes:
            if name not in held:
                held[name] = secrets.token_bytes(KEY_BYTES)
                nonce = secrets.token_bytes(_NONCE)
                wrapped = nonce + self._service_key.wrapping.encrypt(nonce, held[name], _joined((log, name)))
                rows += (log, name, wrapped)
        if rows:
            # One statement, for each lets go of the interpreter lock and has to win it back.
            places = ",".join(["(?, ?, ?)"] * (len(rows) // 3))
            db.execute(
                f"INSERT INTO keys (log, class, wrapped) VALUES {places}"  # noqa: S608 (question marks)
                " ON CONFLICT (log, class) DO UPDATE SET wrapped = excluded.wrapped",
                rows,
            )
        return held

    def _unwrapped(self, db: sqlite3.Connection, log: str) -> dict[str, bytes]:
        keys: dict[str, bytes] = {}
        for name, wrapped in db.execute("SELECT class, wrapped FROM keys WHERE log = ?", (log,)).fetchall():
            if wrapped == bytes(_WRAPPED):
                continue  # destroyed
            try:
                keys[name] = self._service_key.wrapping.decrypt(
                    wrapped[:_NONCE], wrapped[_NONCE:], _joined((log, name))
                )
            except InvalidTag:
                raise KeyUnfit(
                    f"{FILE}: the key {name!r} of {log} is damaged. Restore {FILE} from its backup."
                ) from None
        return keys


def _joined(parts: Sequence[str]) -> bytes:
    """One byte string per sequence of parts: each is preceded by its length, so ("ab", "c") ≠ ("a", "bc").

    Half a surrogate pair, which a client can send in JSON, counts as a character like any other.
    """
    return "".join([f"{len(part)}:{part}" for part in parts]).encode("utf-8", "surrogatepass")


def _opened(folder: Path, data_exists: bool) -> tuple[_ServiceKey, sqlite3.Connection]:
    path, database = folder / SERVICE_KEY, folder / FILE
    if not path.exists():
        if data_exists or database.exists():
            raise KeyMissing(
                f"{path} is missing, and the data cannot be read without it. Put the copy of {SERVICE_KEY} that was "
                f"kept at the first start back there (mode 0600). A new key would not open the data."
            )
        make_folder(folder)
        _write_new_key(path)
    elif data_exists and not database.exists():
        raise KeyMissing(
            f"{database} is missing, and the data cannot be read without it. Restore it from the backup of the keys."
        )
    service_key = _read_key(path)
    return service_key, _open_database(database, service_key)


def _write_new_key(path: Path) -> None:
    """Make a service key, whole and synced before it has its name, and readable by its owner only."""
    key = secrets.token_bytes(KEY_BYTES)
    text = (
        "# The service key of this helpline. Nobody can read the data without it, and nobody can make it again.\n"
        "# Keep a copy in a safe place, apart from the data and from the backups of the data.\n"
        f'id = "{_derived(key, b"id", 8).hex()}"\n'
        f'key = "{base64.b64encode(key).decode()}"\n'
    )
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    file = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(file, "w", encoding="ascii") as opened:
        opened.write(text)
        opened.flush()
        os.fsync(opened.fileno())
    os.link(fresh, path)  # unlike a rename, never takes the place of a key that appeared in the meantime
    fresh.unlink()
    sync_folder(path.parent)


def _read_key(path: Path) -> _ServiceKey:
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o077:
        raise KeyUnfit(f"{path} has mode {mode:04o}: others may read it. Run: chmod 600 {path}")
    try:
        content = tomllib.loads(path.read_text(encoding="ascii"))
        key = base64.b64decode(content["key"], validate=True)
        known_as = content["id"]
    except (ValueError, KeyError, TypeError, binascii.Error):
        raise KeyUnfit(f"{path} is damaged: it needs an `id` and a `key`. Put its safe copy back.") from None
    if len(key) != KEY_BYTES or known_as != _derived(key, b"id", 8).hex():
        raise KeyUnfit(f"{path} is damaged: its `key` does not belong to its `id`. Put its safe copy back.")
    return _ServiceKey(
        known_as, AESGCM(_derived(key, b"wrapping")), hmac.new(_derived(key, b"claiming"), digestmod="sha256")
    )


def _derived(key: bytes, purpose: bytes, length: int = KEY_BYTES) -> bytes:
    return HKDF(SHA256(), length, None, b"helpline service key: " + purpose).derive(key)


def _open_database(path: Path, service_key: _ServiceKey) -> sqlite3.Connection:
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
        db.execute(
            "INSERT INTO service_key SELECT ? WHERE NOT EXISTS (SELECT * FROM service_key)", (service_key.id,)
        )
        wanted = db.execute("SELECT id FROM service_key").fetchone()[0]
        if wanted != service_key.id:
            raise KeyUnfit(
                f"{path} belongs to the service key {wanted}, but {path.with_name(SERVICE_KEY)} holds "
                f"{service_key.id}. Put the copy of {wanted} back."
            )
        # The folder's own entry for a new file is synced by SQLite only together with a journal's.
        sync_folder(path.parent)
    except BaseException:
        db.close()
        raise
    return db
