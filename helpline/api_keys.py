"""Keys for other programs: a phone system that asks who is on, a screen on the wall. Each has a name and opens reading.

Only a hash of a key is kept. It is 256 random bits, so a plain hash is enough: there is nothing to guess.
"""

import hashlib
import secrets
from collections.abc import Iterator
from datetime import datetime

import msgspec

from helpline.cabinet import Cabinet
from helpline.errors import Conflict, NotFound
from helpline.ports import Keys, Store

KIND = "api_key"


class ApiKey(msgspec.Struct, frozen=True):
    """`name` says who has it; `hash` is SHA-256 of the key, in hexadecimal."""

    name: str
    hash: str
    made_at: datetime


class ApiKeys:
    """The keys of one service. They are few and held in memory."""

    def __init__(self, cabinet: Cabinet[ApiKey]) -> None:
        self._cabinet = cabinet
        self._names = {key.hash: key.name for key in cabinet}

    @classmethod
    async def open(cls, store: Store, keys: Keys) -> "ApiKeys":
        return cls(await Cabinet.open(store, keys, KIND, ApiKey))

    async def reread(self, id: str | None = None) -> None:
        """Another node may have made or removed one."""
        await self._cabinet.reread(id)
        self._names = {key.hash: key.name for key in self._cabinet}

    def __iter__(self) -> Iterator[ApiKey]:
        return iter(self._cabinet)

    async def add(self, name: str, now: datetime) -> str:
        """A new key, told once. `Conflict` when somebody of that name has one."""
        if name in self._cabinet:
            raise Conflict(f"There is a key called {name} already. Remove it first, or choose another name.")
        key = secrets.token_urlsafe(32)
        await self._cabinet.put(name, ApiKey(name, _hash(key), now))
        self._names[_hash(key)] = name
        return key

    async def remove(self, name: str) -> None:
        """It opens nothing from here on. `NotFound` when there is none of that name."""
        held = self._cabinet.get(name)
        if held is None:
            raise NotFound(f"There is no key called {name}.")
        await self._cabinet.remove(name)
        del self._names[held.hash]

    def holder(self, key: str) -> str | None:
        """Whose key this is; None when it is nobody's."""
        return self._names.get(_hash(key))


def _hash(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()
