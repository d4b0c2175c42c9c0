"""What is remembered of the numbers that wrote lately: how fast their texts come, and which contact they are in.

In memory alone, by a hash with a key nobody keeps, and forgotten at a restart; nothing rests on it. Nothing is dropped
for coming fast: only what the service answers by itself stops, so that two machines that answer each other do not go on
all night, and a flood costs one text and not hundreds.
"""

import hashlib
import secrets
from collections import OrderedDict, deque
from datetime import datetime, timedelta

WITHIN = timedelta(minutes=1)
MOST = 20
NUMBERS_KEPT = 10_000


class Number:
    """One of them. `contact` is where its last text was put, empty where that is not known."""

    __slots__ = ("_texts", "contact")

    def __init__(self) -> None:
        self.contact = ""
        self._texts: deque[datetime] = deque(maxlen=MOST + 2)

    def heard(self, now: datetime) -> int:
        """The how manieth text within a minute this one is. Past `MOST` only the first is told apart."""
        texts = self._texts
        while texts and now - texts[0] >= WITHIN:
            texts.popleft()
        texts.append(now)
        return len(texts)


class Lately:
    """The numbers that wrote last, each by its keyed hash."""

    def __init__(self) -> None:
        self._key = secrets.token_bytes(32)
        self._numbers: OrderedDict[bytes, Number] = OrderedDict()

    def of(self, number: str) -> Number:
        """What is known of a number; from here on it is among the last."""
        name = hashlib.blake2b(number.encode("utf-8", "replace"), digest_size=16, key=self._key).digest()
        known = self._numbers.get(name)
        if known is None:
            known = self._numbers[name] = Number()
            while len(self._numbers) > NUMBERS_KEPT:
                self._numbers.popitem(last=False)
        else:
            self._numbers.move_to_end(name)
        return known
