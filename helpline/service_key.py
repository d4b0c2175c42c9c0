"""The service key: the one file that wraps every other key and makes every claim. All nodes of a service hold the same."""

import base64
import binascii
import hmac
import os
import secrets
import stat
import tomllib
from collections.abc import Sequence
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from helpline.errors import HelplineError, KeyMissing
from helpline.given import open_to_others
from helpline.stores.owner import sync_folder

SERVICE_KEY = "service.key"
KEY_BYTES = 32
CLAIM_BYTES = 16
_NONCE = 12
WRAPPED_BYTES = _NONCE + KEY_BYTES + 16


class KeyUnfit(HelplineError):
    """A key file that is there but must not or cannot be used: readable by others, damaged, or another's."""

    code = "key_unfit"
    status = 503
    message = "The service key cannot be used."


class ServiceKey:
    """What the file holds. `id` tells it from another and gives nothing of it away."""

    def __init__(self, id: str, key: bytes) -> None:
        self.id = id
        self._wrapping = AESGCM(_derived(key, b"wrapping"))
        self._claiming = hmac.new(_derived(key, b"claiming"), digestmod="sha256")

    @classmethod
    def read(cls, path: Path) -> "ServiceKey":
        """Raises `KeyUnfit` with the mend."""
        if open_to_others(path):
            mode = stat.S_IMODE(path.stat().st_mode)
            raise KeyUnfit(f"{path} has mode {mode:04o}: others may read it. Run: chmod 600 {path}")
        try:
            content = tomllib.loads(path.read_text(encoding="ascii"))
            key = base64.b64decode(content["key"], validate=True)
            known_as = content["id"]
        except (ValueError, KeyError, TypeError, binascii.Error):
            raise KeyUnfit(
                f"{path} is damaged: it needs an `id` and a `key`. Put its safe copy back."
            ) from None
        if len(key) != KEY_BYTES or known_as != _derived(key, b"id", 8).hex():
            raise KeyUnfit(
                f"{path} is damaged: its `key` does not belong to its `id`. Put its safe copy back."
            )
        return cls(known_as, key)

    @classmethod
    def make(cls, path: Path) -> bool:
        """Make one, whole and synced before it has its name, and readable by its owner only.

        False when another process made one there in the meantime: that one counts.
        """
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
        try:
            os.link(
                fresh, path
            )  # unlike a rename, never takes the place of a key that appeared in the meantime
        except FileExistsError:
            return False
        finally:
            fresh.unlink()
        sync_folder(path.parent)
        return True

    def wrap(self, log: str, name: str, key: bytes) -> bytes:
        """The key as it may be kept: of no use without this one, nor in another log's or class's place."""
        nonce = secrets.token_bytes(_NONCE)
        return nonce + self._wrapping.encrypt(nonce, key, joined((log, name)))

    def unwrap(self, log: str, name: str, wrapped: bytes) -> bytes:
        """Raises `InvalidTag` for what was not wrapped here, or for another place."""
        if len(wrapped) != WRAPPED_BYTES:
            raise InvalidTag
        return self._wrapping.decrypt(wrapped[:_NONCE], wrapped[_NONCE:], joined((log, name)))

    def claim(self, parts: Sequence[str]) -> bytes:
        """A keyed HMAC of `parts`, of `CLAIM_BYTES`."""
        # One is made per message: copying a keyed HMAC takes half the time of keying it again.
        mac = self._claiming.copy()
        mac.update(joined(parts))
        return mac.digest()[:CLAIM_BYTES]


def missing_service_key(path: Path) -> KeyMissing:
    return KeyMissing(
        f"{path} is missing, and the data cannot be read without it. Put the copy of {SERVICE_KEY} that was "
        f"kept at the first start back there (mode 0600). A new key would not open the data."
    )


def joined(parts: Sequence[str]) -> bytes:
    """One byte string per sequence of parts: each is preceded by its length, so ("ab", "c") ≠ ("a", "bc").

    Half a surrogate pair, which a client can send in JSON, counts as a character like any other.
    """
    return "".join([f"{len(part)}:{part}" for part in parts]).encode("utf-8", "surrogatepass")


def _derived(key: bytes, purpose: bytes, length: int = KEY_BYTES) -> bytes:
    return HKDF(SHA256(), length, None, b"helpline service key: " + purpose).derive(key)
