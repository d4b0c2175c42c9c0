"""The hash chain of the audit, the same in every store."""

import hashlib
from collections.abc import Iterable

from helpline.ports import AuditEntry

BEGINNING = bytes(32)
"""The link before the first entry."""


def link_after(previous: bytes, n: int, body: bytes) -> bytes:
    """SHA-256(previous link ‖ n as 8 bytes, big-endian ‖ body): 32 bytes."""
    return hashlib.sha256(previous + n.to_bytes(8, "big") + body).digest()


def first_break(entries: Iterable[AuditEntry], after: int = 0, previous: bytes = BEGINNING) -> int | None:
    """The number of the first entry that does not follow from the one before it, or None when all do.

    `after` and `previous` are the number and link of the last entry already checked.
    """
    expected = after
    for entry in entries:
        expected += 1
        if entry.n != expected or entry.link != link_after(previous, entry.n, entry.body):
            return expected
        previous = entry.link
    return None
