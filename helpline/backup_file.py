"""A backup is one file: a line that says so, then frames, each with its length and its digest.

    `>I` length · SHA-256 of the payload · payload: MessagePack `[kind, value]`

The first frame is the `Head`, the last the `End`, which holds how many there were of each kind and a digest over all
digests. A file without its end is none. It is written under another name, synced and read again before it gets its own,
so whatever bears the name of a backup was whole. Data and keys are never in one file.
"""

import errno
import fcntl
import hashlib
import os
import struct
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Literal

import msgspec

from helpline.errors import HelplineError
from helpline.stores.owner import sync_folder

MAGIC = b"helpline backup 1\n"
UNFINISHED = ".unfinished"
LARGEST_FRAME = 1 << 30
_LENGTH = struct.Struct(">I")
_DIGEST = hashlib.sha256().digest_size
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)

Holds = Literal["data", "keys"]


class Head(msgspec.Struct, frozen=True, kw_only=True):
    """What a backup says of itself first. `keys` is the mark of the keys it belongs with, `change` of the documents."""

    id: str
    holds: Holds
    at: datetime
    source: str
    keys: str
    change: int = 0


class End(msgspec.Struct, frozen=True):
    """What it says last: how many of each kind, and SHA-256 over the digests of all frames before."""

    counts: dict[str, int]
    digest: bytes


class Damaged(HelplineError):
    """A file that is no backup, or no longer what was written."""

    code = "backup_damaged"


class NotMade(HelplineError):
    """A backup could not be made; nothing bears its name."""

    code = "backup_not_made"


class NotBroughtBack(HelplineError):
    """A backup does not go where it was told to. Nothing was written there."""

    code = "not_brought_back"


class Written:
    """A backup on its way to `path`. Use it as a context: left by an error it leaves nothing behind.

    Raises `NotMade` when somebody else is writing it, when what has its name is no backup, and without room.
    """

    def __init__(self, path: Path, head: Head) -> None:
        self.path, self.on_the_way = path, path.with_name(path.name + UNFINISHED)
        _refuse_to_replace_what_is_no_backup(path)
        self._counts: dict[str, int] = {}
        self._digests = hashlib.sha256()
        try:
            self._file = _taken(self.on_the_way)
            try:
                self._file.truncate(0)  # what an interrupted one left
                self._file.write(MAGIC)
                self.put("head", head)
            except BaseException:
                self._give_up()
                raise
        except OSError as error:
            raise self._not_made(error) from error

    def put(self, kind: str, value: Any) -> None:
        payload = msgspec.msgpack.encode((kind, value))
        digest = hashlib.sha256(payload).digest()
        self._digests.update(digest)
        self._counts[kind] = self._counts.get(kind, 0) + 1
        try:
            self._file.write(_LENGTH.pack(len(payload)) + digest + payload)
        except OSError as error:
            raise self._not_made(error) from error

    def end(self) -> None:
        """Everything is in it: on the disk when this returns, but still without its name."""
        self.put("end", End(self._counts, self._digests.digest()))
        try:
            self._file.flush()
            os.fsync(self._file.fileno())
        except OSError as error:
            raise self._not_made(error) from error

    def take_its_name(self) -> None:
        """Only after it was read again. What had the name before is wiped, as far as a disk lets it be."""
        old = self.path.with_name(self.path.name + ".old")
        old.unlink(missing_ok=True)
        if self.path.exists():
            os.link(self.path, old)
        self.on_the_way.rename(self.path)
        sync_folder(self.path.parent)
        if old.exists():
            wipe(old)

    def __enter__(self) -> "Written":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        if kind is None:
            self._file.close()
            return
        self._give_up()
        with suppress(OSError):  # what is still to be written has no room either
            self._file.close()

    def _give_up(self) -> None:
        self.on_the_way.unlink(missing_ok=True)

    def _not_made(self, error: OSError) -> NotMade:
        if error.errno in _NO_ROOM:
            return NotMade(
                f"{self.path}: no room for it on that disk. Nothing was left behind; make room, and begin again."
            )
        return NotMade(f"{self.path}: {error.strerror}. Nothing was left behind.")


def _taken(path: Path) -> BinaryIO:
    file = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600), "r+b", buffering=1 << 20)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        raise NotMade(f"{path}: another backup is writing it now. Let that one end.") from None
    return file


def _refuse_to_replace_what_is_no_backup(path: Path) -> None:
    if path.exists():
        with path.open("rb") as there:
            if there.read(len(MAGIC)) != MAGIC:
                raise NotMade(f"{path} is there already and is no backup. Choose another name.")


def wipe(path: Path) -> None:
    """Overwrite a file before it goes. A disk that keeps old blocks (most SSDs, copies, snapshots) may still hold them."""
    with path.open("r+b") as file:
        left = path.stat().st_size
        while left > 0:
            left -= file.write(bytes(min(left, 1 << 20)))
        file.flush()
        os.fsync(file.fileno())
    path.unlink()
    sync_folder(path.parent)


class BackupFile:
    """A backup to read. Opening it reads the head; `frames` reads everything and checks it. Raises `Damaged`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._file = path.open("rb")
        except OSError as error:
            raise Damaged(f"{path}: {error.strerror}") from None
        try:
            if self._file.read(len(MAGIC)) != MAGIC:
                raise Damaged(f"{path} is no backup of this service, or of a later version of it.")
            kind, value, _ = self._frame()
            if kind != "head":
                raise self._damaged("it does not begin with its head")
            self.head: Head = self._decoded(value, Head)
            self.begin = self._file.tell()
        except BaseException:
            self._file.close()
            raise

    @property
    def size(self) -> int:
        return self.path.stat().st_size

    def frames(self, begin: int | None = None) -> Iterator[tuple[str, msgspec.Raw, int]]:
        """Each frame's kind, its value, and where the next begins. From the first on, the end is checked as well."""
        digests, counts = hashlib.sha256(), dict[str, int]()
        self._file.seek(len(MAGIC) if begin is None else begin)
        while True:
            before = digests.digest()
            kind, value, digest = self._frame()
            if kind == "end":
                end = self._decoded(value, End)
                if begin is None and (end.digest != before or end.counts != counts):
                    raise self._damaged("something is missing from it")
                return
            digests.update(digest)
            counts[kind] = counts.get(kind, 0) + 1
            if kind != "head":
                yield kind, value, self._file.tell()

    def _frame(self) -> tuple[str, msgspec.Raw, bytes]:
        head = self._file.read(_LENGTH.size + _DIGEST)
        if len(head) < _LENGTH.size + _DIGEST:
            raise self._damaged("it ends before its end")
        (length,), digest = _LENGTH.unpack_from(head), head[_LENGTH.size :]
        payload = self._file.read(length) if length <= LARGEST_FRAME else b""
        if hashlib.sha256(payload).digest() != digest:
            raise self._damaged("what is there is not what was written")
        kind, value = msgspec.msgpack.decode(payload, type=tuple[str, msgspec.Raw])
        return kind, value, digest

    def _decoded(self, value: msgspec.Raw, shape: Any) -> Any:
        try:
            return msgspec.msgpack.decode(value, type=shape)
        except msgspec.MsgspecError as error:
            raise self._damaged(f"a later version wrote it ({error})") from None

    def _damaged(self, how: str) -> Damaged:
        return Damaged(
            f"{self.path} cannot be used: {how} (near byte {self._file.tell():,}). Take another copy."
        )

    def close(self) -> None:
        self._file.close()
