"""Who works here: accounts, their roles and passwords, and the `Principal` that signing in makes.

Accounts are documents of the store, each sealed under a key of its own (`p-<id>` in the `Keys` port), so that
forgetting somebody is destroying one key. They are few, so all of them are held open in memory.
"""

import asyncio
import functools
from collections.abc import Callable, Iterator, Sequence

import msgspec
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from helpline.errors import BadRequest, Conflict, NotFound
from helpline.later_fields import Fields, unknown_in, written
from helpline.ports import Keys, Store
from helpline.sealing import open_document, seal_document
from helpline.shape import Person, Role

KIND = "person"
SHORTEST_PASSWORD = 12
LONGEST_PASSWORD = 256
# Argon2 takes 64 MiB a try: two at a time keep a small machine on its feet, and keep the chat's threads free.
HASHINGS_AT_ONCE = 2


class Principal(msgspec.Struct, frozen=True):
    """Somebody who has signed in. Only sign-in makes one; commands trust what it says. `name` is the shown name."""

    id: str
    name: str
    roles: tuple[Role, ...]

    def is_any(self, *roles: Role) -> bool:
        """True when they hold at least one of `roles`."""
        return any(role in self.roles for role in roles)


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """One person who works here. `id` is what they type to sign in; `password` is an Argon2id hash, or empty.

    `phone` is what the phone line rings them on, in E.164: set by themselves and shown to nobody.
    """

    id: str
    name: str
    shown_name: str
    roles: tuple[Role, ...]
    languages: tuple[str, ...] = ()
    channels: tuple[str, ...] = ("web",)
    level: str = "new"
    kind: str = "volunteer"
    email: str = ""
    password: str = ""
    phone: str = ""
    active: bool = True
    version: int = 0

    @property
    def principal(self) -> Principal:
        return Principal(self.id, self.shown_name, self.roles)


class People:
    """The accounts of one service. Reads are from memory; every change is durable before it is believed."""

    def __init__(self, store: Store, keys: Keys) -> None:
        self._store = store
        self._keys = keys
        self._accounts: dict[str, Account] = {}
        self._unknown: dict[str, Fields] = {}
        self._listeners: list[Callable[[Account], None]] = []
        self._hasher = PasswordHasher()
        self._hashing = asyncio.Semaphore(HASHINGS_AT_ONCE)
        self._nobody = _nobodys_hash()

    @classmethod
    async def open(cls, store: Store, keys: Keys) -> "People":
        """All accounts whose key is still held."""
        people = cls(store, keys)
        await people.reread()
        return people

    async def reread(self, id: str | None = None) -> None:
        """Read one account anew, or all: another node may have changed them. Listeners hear of what is newer."""
        one = await self._store.get(KIND, id) if id is not None else None
        documents = [one] if one is not None else [] if id is not None else await self._store.all(KIND)
        for document in documents:
            key = (await self._keys.get(_log(document.id))).get("account")
            held = self._accounts.get(document.id)
            if key is None or document.gone or (held is not None and held.version >= document.version):
                continue
            plain = open_document(KIND, document.id, document.version, document.body, AESGCM(key))
            account = msgspec.json.decode(plain, type=Account)
            self._unknown[document.id] = unknown_in(plain, Account)
            self._hold(msgspec.structs.replace(account, version=document.version))

    def __iter__(self) -> Iterator[Account]:
        return iter(self._accounts.values())

    def __len__(self) -> int:
        return len(self._accounts)

    def get(self, id: str) -> Account | None:
        return self._accounts.get(id)

    def principal(self, id: str) -> Principal | None:
        """The principal of an active account; None for an unknown or deactivated one."""
        account = self._accounts.get(id)
        return account.principal if account is not None and account.active else None

    def called(self, typed: str) -> Account | None:
        """Whoever signs in as `typed`: their id or e-mail address, in any case."""
        wanted = typed.strip().casefold()
        if not wanted:
            return None
        for account in self._accounts.values():
            if wanted in (account.id.casefold(), account.email.casefold()):
                return account
        return None

    async def import_seeds(self, seeds: Sequence[Person]) -> tuple[str, ...]:
        """Add those of the definition who are not known yet, and say who. Nobody known is changed."""
        added = []
        for seed in seeds:
            if seed.id not in self._accounts:
                await self.add(
                    Account(
                        id=seed.id,
                        name=seed.name,
                        shown_name=seed.shown_name,
                        roles=seed.roles,
                        languages=seed.languages,
                        channels=seed.channels,
                        level=seed.level,
                        kind=seed.kind,
                        email=seed.email,
                    )
                )
                added.append(seed.id)
        return tuple(added)

    async def add(self, account: Account) -> Account:
        """Keep a new account. `Conflict` when the id is taken."""
        if account.id in self._accounts:
            raise Conflict(f"There is somebody called {account.id} already.")
        return await self._keep(msgspec.structs.replace(account, version=0))

    async def set_password(self, id: str, password: str) -> Account:
        """Give them this password. `BadRequest` when it is shorter than 12 characters or longer than 256."""
        if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
            raise BadRequest(f"A password needs {SHORTEST_PASSWORD} to {LONGEST_PASSWORD} characters.")
        async with self._hashing:
            hashed = await asyncio.to_thread(self._hasher.hash, password)
        return await self._keep(msgspec.structs.replace(self._known(id), password=hashed))

    async def set_phone(self, id: str, number: str) -> Account:
        """The number the phone line rings them on, in E.164, or empty."""
        return await self._keep(msgspec.structs.replace(self._known(id), phone=number))

    def listen(self, listener: Callable[[Account], None]) -> None:
        """Be told of every account that was added or changed, once it is durable."""
        self._listeners.append(listener)

    async def deactivate(self, id: str) -> Account:
        """They may not sign in from here on; whoever listens ends their sessions."""
        return await self._keep(msgspec.structs.replace(self._known(id), active=False))

    async def signs_in(self, typed: str, password: str) -> Account | None:
        """The account when name and password are right and it is active, else None, after the same work."""
        account = self.called(typed)
        usable = account is not None and account.active and bool(account.password)
        hashed = account.password if account is not None and usable else self._nobody
        async with self._hashing:
            right = await asyncio.to_thread(self._matches, hashed, password[:LONGEST_PASSWORD])
        return account if usable and right and len(password) <= LONGEST_PASSWORD else None

    def _matches(self, hashed: str, password: str) -> bool:
        try:
            return self._hasher.verify(hashed, password)
        except (VerificationError, InvalidHashError):
            return False

    def _known(self, id: str) -> Account:
        account = self._accounts.get(id)
        if account is None:
            raise NotFound(f"There is nobody called {id}.")
        return account

    async def _keep(self, account: Account) -> Account:
        version = account.version + 1
        key = (await self._keys.create(_log(account.id), ["account"]))["account"]
        plain = written(account, self._unknown.get(account.id, {}))
        body = seal_document(KIND, account.id, version, plain, AESGCM(key))
        await self._store.put(KIND, account.id, body, account.version)
        kept = msgspec.structs.replace(account, version=version)
        self._hold(kept)
        return kept

    def _hold(self, account: Account) -> None:
        self._accounts[account.id] = account
        for listener in self._listeners:
            listener(account)


def _log(id: str) -> str:
    return f"p-{id}"


@functools.cache
def _nobodys_hash() -> str:
    """A wrong name must take as long as a wrong password, so there is always a hash to compare with: one a process."""
    return PasswordHasher().hash("nobody has this password")
