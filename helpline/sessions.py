"""Who is signed in, kept in the store: only hashes of tokens, sealed, short, ended everywhere at once when asked.

A session ends 12 hours after sign-in, and after an hour in which nothing was asked of it and no page was open.
"""

import hashlib
import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta

import msgspec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from helpline.errors import Conflict
from helpline.later_fields import Fields, unknown_in, written
from helpline.people import People, Principal
from helpline.ports import Clock, Document, Keys, Store
from helpline.sealing import Unreadable, open_document, seal_document

KIND = "session"
LASTS = timedelta(hours=12)
IDLE = timedelta(hours=1)
# `seen` is written at most this often: a session's idle limit need not be exact to the second.
NOTED_EVERY = timedelta(minutes=5)
TOKEN_BYTES = 32


class Session(msgspec.Struct, frozen=True):
    """One sign-in. `id` is the hash of its token; `seen` is when it was last used."""

    id: str
    account: str
    began: datetime
    seen: datetime

    @property
    def ends(self) -> datetime:
        """The instant at which it is over if nothing more is asked of it."""
        return min(self.began + LASTS, self.seen + IDLE)


class Sessions:
    """The sessions of one service. Small, so held in memory, and written through to the store."""

    def __init__(self, store: Store, clock: Clock, people: People, key: bytes) -> None:
        self._store = store
        self._clock = clock
        self._people = people
        self._cipher = AESGCM(key)
        self._sessions: dict[str, Session] = {}
        self._versions: dict[str, int] = {}
        self._unknown: dict[str, Fields] = {}
        self._noted: dict[str, datetime] = {}
        self._kept = 0

    @classmethod
    async def open(cls, store: Store, keys: Keys, clock: Clock, people: People) -> "Sessions":
        """All sessions that are not over; those that are leave the store."""
        key = (await keys.create("sessions", [KIND]))[KIND]
        sessions = cls(store, clock, people, key)
        over = [document.id for document in await store.all(KIND) if not sessions._hold(document)]
        if over:
            await store.drop(KIND, over)
        return sessions

    def _hold(self, document: Document) -> bool:
        """Keep it in memory, unless it is over or unreadable."""
        try:
            plain = open_document(KIND, document.id, document.version, document.body, self._cipher)
        except Unreadable:
            return False
        session = msgspec.json.decode(plain, type=Session)
        if session.ends <= self._clock.now():
            return False
        held = self._sessions.get(session.id)
        self._sessions[session.id] = session if held is None or held.seen < session.seen else held
        self._versions[session.id] = document.version
        self._unknown[session.id] = unknown_in(plain, Session)
        self._noted[session.id] = session.seen
        return True

    async def reread(self, id: str | None = None) -> tuple[str, ...]:
        """Read one session anew, or all: another node may have begun, used or ended it. Those that ended, by id."""
        kept = self._kept
        one = await self._store.get(KIND, id) if id is not None else None
        documents = [one] if one is not None else [] if id is not None else await self._store.all(KIND)
        if kept != self._kept:  # what this node kept meanwhile is newer than what was read
            return await self.reread(id)
        there = {document.id for document in documents if self._hold(document)}
        ended = [gone for gone in (list(self._sessions) if id is None else [id]) if gone not in there]
        self._forget(ended)
        return tuple(ended)

    async def find(self, token: str) -> Session | None:
        """The same as `of`; one that was begun at another node this very moment is found, too."""
        if token and _hash(token) not in self._sessions:
            await self.reread(_hash(token))
        return self.of(token)

    async def begin(self, account: str) -> str:
        """A new session for an account; the token is given once and never kept."""
        token = secrets.token_urlsafe(TOKEN_BYTES)
        now = self._clock.now()
        await self._keep(Session(_hash(token), account, now, now))
        return token

    def of(self, token: str) -> Session | None:
        """The session a token opens, if it is not over."""
        session = self._sessions.get(_hash(token)) if token else None
        return session if session is not None and session.ends > self._clock.now() else None

    def principal(self, session: Session) -> Principal | None:
        """Whose it is, while twelve hours are not over and their account is active.

        A socket asks this for a page that is open, so idle time plays no part: a server clock that is set on by an
        hour signs nobody out in the middle of a conversation.
        """
        current = self._sessions.get(session.id)
        if current is None or current.began + LASTS <= self._clock.now():
            return None
        return self._people.principal(current.account)

    async def touch(self, session: Session) -> None:
        """Something was asked of it, or a page is open: its idle time begins anew."""
        current = self._sessions.get(session.id)
        if current is None:
            return
        now = self._clock.now()
        self._sessions[session.id] = current = msgspec.structs.replace(current, seen=now)
        if now - self._noted[session.id] >= NOTED_EVERY:
            self._noted[session.id] = now  # before the write, or two tabs would both write
            try:
                await self._keep(current)
            except Conflict:  # a tab at another node did
                await self.reread(session.id)

    async def end(self, session: Session) -> None:
        """Signed out of this one."""
        await self._drop([session.id])

    async def end_all(self, account: str) -> tuple[str, ...]:
        """Signed out everywhere. Returns the ids of the sessions that were ended."""
        ids = [session.id for session in self._sessions.values() if session.account == account]
        await self._drop(ids)
        return tuple(ids)

    async def sweep(self) -> tuple[str, ...]:
        """Forget the sessions that are over; returns their ids, so that their sockets can be closed."""
        now = self._clock.now()
        over = [session.id for session in self._sessions.values() if session.ends <= now]
        await self._drop(over)
        return tuple(over)

    async def _keep(self, session: Session) -> None:
        version = self._versions.get(session.id, 0)
        plain = written(session, self._unknown.get(session.id, {}))
        body = seal_document(KIND, session.id, version + 1, plain, self._cipher)
        await self._store.put(KIND, session.id, body, version)
        self._kept += 1
        self._sessions[session.id] = session
        self._versions[session.id] = version + 1
        self._noted[session.id] = session.seen

    async def _drop(self, ids: list[str]) -> None:
        self._forget(ids)
        if ids:
            await self._store.drop(KIND, ids)

    def _forget(self, ids: Iterable[str]) -> None:
        for id in ids:
            self._sessions.pop(id, None)
            self._versions.pop(id, None)
            self._unknown.pop(id, None)
            self._noted.pop(id, None)


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
