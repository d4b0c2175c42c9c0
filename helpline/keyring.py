"""What keys have in common wherever they lie: wrapped by the service key, remembered while in use, gone when destroyed."""

import asyncio
import secrets
from abc import ABC, abstractmethod
from collections import OrderedDict
from collections.abc import AsyncIterator, Mapping, Sequence

import msgspec
from cryptography.exceptions import InvalidTag

from helpline.errors import HelplineError
from helpline.ports import Store
from helpline.service_key import KEY_BYTES, KeyUnfit, ServiceKey

LOGS_CACHED = 10_000


class Wrapped(msgspec.Struct, frozen=True):
    """The keys of one log as they lie there, by class. An empty one was destroyed."""

    log: str
    classes: dict[str, bytes]


class KeysElsewhere(HelplineError):
    """The data was written with other keys than those at hand."""

    code = "keys_elsewhere"
    status = 503


HALF_FILLED = "half filled "
"""How a set of keys is called while a backup is brought back into it."""


class Keyring(ABC):
    """`ports.Keys` but for the place. `ring` names this very set of keys, `shown` says where it lies.

    A place keeps wrapped keys and never opens them: `_put`, `_of`, `_overwrite`, and `pages` and `fill` for backups.
    """

    def __init__(self, service_key: ServiceKey, ring: str, shown: str) -> None:
        if ring.startswith(HALF_FILLED):
            raise KeyUnfit(
                f"{shown} is not whole: helpline keys restore did not end. Remove it, and give it again."
            )
        self.service_key, self.ring, self.shown = service_key, ring, shown
        self._cache: OrderedDict[str, dict[str, bytes]] = OrderedDict()
        self._forgotten = 0

    @property
    def mark(self) -> str:
        return f"{self.service_key.id}/{self.ring}"

    async def create(self, log: str, classes: Sequence[str]) -> dict[str, bytes]:
        held = self._cached(log) or {}
        missing = [name for name in classes if name not in held]
        if missing:
            fresh = {name: secrets.token_bytes(KEY_BYTES) for name in missing}
            wrapped = {name: self.service_key.wrap(log, name, key) for name, key in fresh.items()}
            forgotten = self._forgotten
            there = await self._put(log, wrapped)
            ours = {name: key for name, key in fresh.items() if there.get(name) == wrapped[name]}
            theirs = {name: one for name, one in there.items() if name not in ours}
            held = self.unwrapped(log, theirs) | ours
            self._remember(log, held, forgotten)
        return {name: held[name] for name in classes}

    async def get(self, log: str) -> dict[str, bytes]:
        held = self._cached(log)
        if held is None:
            forgotten = self._forgotten
            held = self.unwrapped(log, await self._of(log))
            self._remember(log, held, forgotten)
        return dict(held)

    async def reread(self, log: str) -> dict[str, bytes]:
        self._forget(log)
        return await self.get(log)

    async def answering(self) -> bool:
        return True

    async def destroy(self, log: str, classes: Sequence[str]) -> None:
        self._forget(log)
        done = asyncio.ensure_future(self._overwrite(log, classes))
        # Done by the write itself, so that a caller who gives up half-way leaves no destroyed key in memory.
        done.add_done_callback(lambda _: self._forget(log))
        await asyncio.shield(done)

    def claim(self, *parts: str) -> bytes:
        return self.service_key.claim(parts)

    async def close(self) -> None:
        await self._hang_up()
        self._cache.clear()

    # -- the place ---------------------------------------------------------------------------------------------------

    @abstractmethod
    async def _put(self, log: str, wrapped: Mapping[str, bytes]) -> dict[str, bytes]:
        """Keep each where the log has none of its class. All that is there then, durable."""

    @abstractmethod
    async def _of(self, log: str) -> dict[str, bytes]:
        """What is kept of a log, without what was destroyed."""

    @abstractmethod
    async def _overwrite(self, log: str, classes: Sequence[str]) -> None: ...

    @abstractmethod
    async def _hang_up(self) -> None: ...

    @abstractmethod
    def pages(self) -> AsyncIterator[list[Wrapped]]:
        """Everything that is kept, in order of the logs. What is made meanwhile may be missing."""

    @abstractmethod
    async def count(self) -> int:
        """So many logs have keys here, or had."""

    @abstractmethod
    async def knows(self, log: str) -> bool:
        """Whether it has keys here, or had."""

    @abstractmethod
    async def fill(self, page: Sequence[Wrapped]) -> None:
        """Keep these as they are. For a place that had none of these logs."""

    async def call_itself(self, ring: str) -> None:
        """Be another set of keys from now on."""
        await self._name(ring)
        self.ring = ring

    @abstractmethod
    async def _name(self, ring: str) -> None: ...

    # -- what is remembered ------------------------------------------------------------------------------------------

    def _cached(self, log: str) -> dict[str, bytes] | None:
        held = self._cache.get(log)
        if held is not None:
            self._cache.move_to_end(log)
        return held

    def _remember(self, log: str, held: dict[str, bytes], forgotten: int) -> None:
        # What was asked for before something was destroyed may hold it still.
        if held and forgotten == self._forgotten:
            self._cache[log] = held
            self._cache.move_to_end(log)
            if len(self._cache) > LOGS_CACHED:
                self._cache.popitem(last=False)

    def _forget(self, log: str) -> None:
        self._forgotten += 1
        self._cache.pop(log, None)

    def unwrapped(self, log: str, wrapped: Mapping[str, bytes]) -> dict[str, bytes]:
        """Raises `KeyUnfit` for one that does not open with the service key in this place."""
        keys: dict[str, bytes] = {}
        for name, one in wrapped.items():
            try:
                keys[name] = self.service_key.unwrap(log, name, one)
            except InvalidTag:
                raise KeyUnfit(
                    f"{self.shown}: the key {name!r} of {log} is damaged. Restore {self.shown} from its backup."
                ) from None
        return keys


async def refuse_others_data(keys: Keyring, store: Store) -> None:
    """Raises `KeysElsewhere` unless the data belongs to these keys; data that belongs to none does from now on."""
    belongs = await store.belong_to(keys.mark)
    if belongs == keys.mark:
        return
    service_key, _, _ = belongs.partition("/")
    if service_key != keys.service_key.id:
        raise KeysElsewhere(
            f"The data belongs to the service key {service_key}, but this node has {keys.service_key.id}. Every node "
            f"needs the same service.key: put the copy of {service_key} in its place (mode 0600)."
        )
    raise KeysElsewhere(
        f"The data was written with other keys than those in {keys.shown}. Nodes on several machines share their keys: "
        f"say where they are with --key-store. If these are the right ones, from a backup, bring them with "
        f"helpline keys restore, which tells the data so."
    )
