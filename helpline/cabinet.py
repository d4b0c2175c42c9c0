"""Sealed, versioned documents of one kind: shifts, crisis contacts, hours, past definitions, extra hands."""

import asyncio
from collections.abc import Iterator
from typing import Generic, TypeVar

import msgspec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from helpline.errors import Conflict
from helpline.later_fields import Fields, unknown_in, written
from helpline.ports import Keys, Store
from helpline.sealing import open_document, seal_document

T = TypeVar("T")


class Cabinet(Generic[T]):
    """All documents of a kind, held open in memory and written through. They are few."""

    def __init__(self, store: Store, kind: str, shape: type[T], cipher: AESGCM) -> None:
        self._store, self._kind, self._shape, self._cipher = store, kind, shape, cipher
        self._held: dict[str, tuple[int, T]] = {}
        self._unknown: dict[str, Fields] = {}
        self._written = 0
        self._reading = asyncio.Lock()

    @classmethod
    async def open(cls, store: Store, keys: Keys, kind: str, shape: type[T]) -> "Cabinet[T]":
        key = (await keys.create(f"d-{kind}", ("document",)))["document"]
        cabinet = cls(store, kind, shape, AESGCM(key))
        await cabinet.reread()
        return cabinet

    async def reread(self, id: str | None = None) -> None:
        """Read one document anew, or all of them: another node may have written or removed it."""
        async with self._reading:  # one after another, so that no older answer comes last
            written, found = self._written, await self._found(id)
            while written != self._written:  # what this node wrote meanwhile is newer than what was read
                written, found = self._written, await self._found(id)
            for gone in list(self._held) if id is None else [id]:
                if gone not in found:
                    self._held.pop(gone, None)
            self._held |= found

    async def _found(self, id: str | None) -> dict[str, tuple[int, T]]:
        one = await self._store.get(self._kind, id) if id is not None else None
        documents = [one] if one is not None else [] if id is not None else await self._store.all(self._kind)
        found = {}
        for document in documents:
            if not document.gone:
                plain = open_document(self._kind, document.id, document.version, document.body, self._cipher)
                found[document.id] = (document.version, msgspec.json.decode(plain, type=self._shape))
                self._unknown[document.id] = unknown_in(plain, self._shape)
        return found

    def __iter__(self) -> Iterator[T]:
        return (thing for _, thing in self._held.values())

    def __len__(self) -> int:
        return len(self._held)

    def __contains__(self, id: str) -> bool:
        return id in self._held

    def get(self, id: str) -> T | None:
        held = self._held.get(id)
        return held[1] if held is not None else None

    async def put(self, id: str, thing: T) -> None:
        """Keep the next version. `Conflict` when somebody else kept one in between."""
        version = self._held[id][0] if id in self._held else 0
        if version and self._held[id][1] == thing:
            return
        plain = written(thing, self._unknown.get(id, {}) if version else {})
        body = seal_document(self._kind, id, version + 1, plain, self._cipher)
        await self._store.put(self._kind, id, body, version)
        self._held[id] = (version + 1, thing)
        self._written += 1

    async def replace(self, id: str, thing: T) -> None:
        """Keep this, whatever another node has kept in between: it owes nothing to what was there."""
        while True:
            try:
                await self.put(id, thing)
                return
            except Conflict:
                await self.reread(id)

    async def remove(self, id: str) -> None:
        """Take one out for good. Nothing happens when it is not there."""
        await self._store.drop(self._kind, (id,))
        self._held.pop(id, None)
        self._written += 1
