"""Sealed, versioned documents of one kind: shifts, crisis contacts, hours, past definitions, extra hands."""

from collections.abc import Iterator
from typing import Generic, TypeVar

import msgspec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from helpline.ports import Keys, Store
from helpline.sealing import open_document, seal_document

T = TypeVar("T")


class Cabinet(Generic[T]):
    """All documents of a kind, held open in memory and written through. They are few."""

    def __init__(self, store: Store, kind: str, shape: type[T], cipher: AESGCM) -> None:
        self._store, self._kind, self._shape, self._cipher = store, kind, shape, cipher
        self._held: dict[str, tuple[int, T]] = {}

    @classmethod
    async def open(cls, store: Store, keys: Keys, kind: str, shape: type[T]) -> "Cabinet[T]":
        key = (await keys.create(f"d-{kind}", ("document",)))["document"]
        cabinet = cls(store, kind, shape, AESGCM(key))
        for document in await store.all(kind):
            if not document.gone:
                plain = open_document(kind, document.id, document.version, document.body, cabinet._cipher)
                cabinet._held[document.id] = (document.version, msgspec.json.decode(plain, type=shape))
        return cabinet

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
        body = seal_document(self._kind, id, version + 1, msgspec.json.encode(thing), self._cipher)
        await self._store.put(self._kind, id, body, version)
        self._held[id] = (version + 1, thing)

    async def remove(self, id: str) -> None:
        """Take one out for good. Nothing happens when it is not there."""
        await self._store.drop(self._kind, (id,))
        self._held.pop(id, None)
