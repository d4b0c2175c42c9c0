"""Reading a backup of data from its first byte to its last, and trying the keys on it."""

import zlib
from pathlib import Path
from typing import Any

import msgspec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from helpline.backup_file import BackupFile, Damaged
from helpline.keyring import Keyring
from helpline.moving import KINDS, PAGE, Fact, Key, Step, WholeLog, key_of
from helpline.ports import AuditEntry, Document
from helpline.sealing import FRAME, Unreadable, ciphers, open_document, open_record
from helpline.service_key import KeyUnfit
from helpline.stores.audit_chain import BEGINNING, link_after

SHAPES: dict[str, Any] = {"logs": WholeLog, "documents": Document, "audit": AuditEntry, "facts": Fact}
SAMPLE = 500
"""About so many logs are opened with their keys, beside all that are live."""
_A_LOG_TAKES = 2_000


class Looked(msgspec.Struct):
    """What was found in a backup: how many of each, and how far the keys at hand open it."""

    counts: dict[str, int] = msgspec.field(default_factory=dict)
    records: int = 0
    opened: int = 0
    forgotten: int = 0
    without: list[str] = msgspec.field(default_factory=list)
    unreadable: list[str] = msgspec.field(default_factory=list)

    @property
    def well(self) -> bool:
        return not (self.without or self.unreadable)


async def look_through(path: Path, keys: Keyring | None, step: Step, *, thorough: bool = False) -> Looked:
    """Read a backup of data from its first byte to its last. Raises `Damaged` at the first thing that is not whole.

    Digests, an end, counts, order, no gap in any log, the audit's chain. With `keys`, every live log and a sample of
    the others is opened with its keys; all of them, every record, when `thorough`.
    """
    file = BackupFile(path)
    try:
        looking = _Looking(file, keys, thorough)
        for looked, (kind, value, _) in enumerate(file.frames(), start=1):
            await looking.at(kind, msgspec.msgpack.decode(value, type=SHAPES[kind]))
            if looked % PAGE == 0:
                step("reading it again", PAGE)
        step("reading it again", sum(looking.found.counts.values()) % PAGE)
        return looking.found
    finally:
        file.close()


class _Looking:
    def __init__(self, file: BackupFile, keys: Keyring | None, thorough: bool) -> None:
        self.found = Looked(dict.fromkeys(KINDS, 0))
        self._file, self._keys, self._thorough = file, keys, thorough
        self._each = max(1, file.size // _A_LOG_TAKES // SAMPLE)
        self._last: dict[str, Key] = {}
        self._link = BEGINNING

    async def at(self, kind: str, item: Any) -> None:
        key = key_of(item)
        if kind in self._last and key <= self._last[kind]:
            raise Damaged(f"{self._file.path}: {kind} are not in order at {key}.")
        self._last[kind] = key
        self.found.counts[kind] += 1
        match item:
            case WholeLog():
                await self._log(item)
            case AuditEntry():
                if item.n != self.found.counts[kind] or item.link != link_after(
                    self._link, item.n, item.body
                ):
                    raise Damaged(
                        f"{self._file.path}: entry {item.n} of the audit does not follow from the one before it."
                    )
                self._link = item.link
            case Document() if self._keys is not None and self._asked(f"{item.kind}/{item.id}"):
                await self._document(self._keys, item)

    async def _log(self, log: WholeLog) -> None:
        seq = 0
        for record in log.records:
            if record.first_seq != seq + 1:
                raise Damaged(f"{self._file.path}: {log.name} has a gap after {seq}.")
            seq = record.last_seq
        if log.head is not None and log.head.seq > seq:
            raise Damaged(f"{self._file.path}: {log.name} ends at {seq}, and should reach {log.head.seq}.")
        self.found.records += len(log.records)
        live = log.head is not None and log.head.live
        if self._keys is not None and (live or self._asked(log.name)):
            await self._opens(self._keys, log)

    def _asked(self, name: str) -> bool:
        """Whether this one is in the sample: the same ones each time."""
        return self._thorough or zlib.crc32(name.encode()) % self._each == 0

    async def _opens(self, keys: Keyring, log: WholeLog) -> None:
        records = log.records if self._thorough else (log.records[0], log.records[-1])
        try:
            held = ciphers(await keys.get(log.name))
            if FRAME in held:
                for record in records:
                    open_record(record, held)
                self.found.opened += 1
            elif await keys.knows(log.name):
                self.found.forgotten += 1
            else:
                self.found.without.append(log.name)
        except (Unreadable, KeyUnfit, msgspec.MsgspecError):
            self.found.unreadable.append(log.name)

    async def _document(self, keys: Keyring, document: Document) -> None:
        key = (await keys.get(f"d-{document.kind}")).get("document")
        if key is not None and not document.gone:
            try:
                open_document(document.kind, document.id, document.version, document.body, AESGCM(key))
            except Unreadable:
                self.found.unreadable.append(f"{document.kind} {document.id}")
