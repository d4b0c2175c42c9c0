"""What goes between nodes: announcements and passing things, sealed so that whoever listens in learns nothing.

A frame is AES-GCM under a key of its day, derived from the service key that all nodes share. In clear are the day and
nothing else: no word, no name, no log's id. A frame of another day than ours or a neighbour of it is not believed.
"""

import os
import struct
import time
from collections.abc import Sequence

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from helpline.ports import Keys

_DAY = struct.Struct(">I")
_NONCE = 12
_SECONDS = 86_400
_DAYS_KEPT = 4

Announced = tuple[str, int, int]
"""A log, and the first and last seq that were written."""
Passing = tuple[str, bytes]
"""A topic, and what is said of it to whoever listens now. Nobody keeps it."""


class Frame(msgspec.Struct, frozen=True, array_like=True):
    """What one node said at once. `more`: it has said things that it could not keep; look at everything."""

    node: str
    announced: Sequence[Announced] = ()
    passing: Sequence[Passing] = ()
    more: bool = False


class Unsealed(Exception):
    """Not a frame of ours, or not of these days."""


class Frames:
    """Seals and opens frames. `channel` is where this service's nodes meet; its name tells nothing."""

    def __init__(self, keys: Keys) -> None:
        self._keys = keys
        self._ciphers: dict[int, AESGCM] = {}
        self._encode = msgspec.msgpack.Encoder().encode
        self._decode = msgspec.msgpack.Decoder(Frame).decode
        self.channel = f"helpline:{keys.claim('bus', 'channel').hex()}"

    def seal(self, frame: Frame) -> bytes:
        day = _today()
        head, nonce = _DAY.pack(day), os.urandom(_NONCE)
        return head + nonce + self._of(day).encrypt(nonce, self._encode(frame), head)

    def open(self, sealed: bytes) -> Frame:
        """Raises `Unsealed`."""
        head, nonce, body = sealed[: _DAY.size], sealed[_DAY.size :][:_NONCE], sealed[_DAY.size + _NONCE :]
        try:
            (day,) = _DAY.unpack(head)
            if abs(day - _today()) > 1:
                raise Unsealed
            return self._decode(self._of(day).decrypt(nonce, body, head))
        except (struct.error, ValueError, InvalidTag, msgspec.MsgspecError):
            raise Unsealed from None

    def _of(self, day: int) -> AESGCM:
        held = self._ciphers.get(day)
        if held is None:
            if len(self._ciphers) >= _DAYS_KEPT:
                self._ciphers.clear()
            # Two claims of 128 bits make one key of 256.
            halves = (self._keys.claim("bus", half, str(day)) for half in ("first half", "second half"))
            held = self._ciphers[day] = AESGCM(b"".join(halves))
        return held


def _today() -> int:
    return int(time.time()) // _SECONDS
