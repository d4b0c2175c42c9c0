"""Several nodes over one store: which of them acts, who is at which, which has died, whether they hear each other.

Every node follows everything. The one that holds the lease `dispatch` acts: offers, clocks, letters, texts. A node's
life is a lease too, so that nobody is taken for dead because Redis is away. Times of leases are the store's own.
Who has a desk or board open at a node stands in its document; whether a person's page is open is asked in passing.
"""

import asyncio
import os
import socket
import time
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from datetime import datetime, timedelta

import msgspec
import structlog

from helpline.agenda import stopped
from helpline.cabinet import Cabinet
from helpline.clock import SteadyClock
from helpline.errors import HelplineError
from helpline.following import Following
from helpline.lines import Lines
from helpline.ports import Bus, Keys, Store

log = structlog.get_logger()

KIND = "node"
DISPATCH = "dispatch"
LASTS = timedelta(seconds=8)
RENEW_EVERY = 2.0
# Whoever leads stops acting so long before others may begin to.
MARGIN = 1.0
LOOK_EVERY = 1.0
SILENT_AFTER = 3.0
SKEWED = timedelta(seconds=5)
# An answer that took longer says too little of the store's clock.
SLOW = timedelta(seconds=2)
# Not hearing each other for a moment, as when a node comes, is not worth a word.
WORTH_A_WORD = timedelta(seconds=3)
EVERYBODY = "*"
_PERSONS_AT_ONCE = 1_000


class Node(msgspec.Struct, frozen=True):
    """One node, as the others know it. `staff` are the accounts that have a desk or a board open there.

    `place` is the machine and the process it runs as, `definition` the hash of the service file it was started with.
    """

    id: str
    staff: tuple[str, ...] = ()
    place: str = ""
    definition: str = ""


class Standing(msgspec.Struct, frozen=True):
    """What whoever looks after the service should know of its nodes. `silent_since`: they do not hear each other.
    `differing`: the places of nodes that were started with another service file than this one. `no_keys_since`: the
    key store does not answer this node, so nobody new can begin here."""

    silent_since: datetime | None = None
    differing: tuple[str, ...] = ()
    no_keys_since: datetime | None = None


class _Persons(msgspec.Struct, frozen=True):
    """Whose page is open at the sender's; or, with `ask`, who is asked for: one contact, or everybody."""

    here: tuple[str, ...] = ()
    ask: str = ""


class Nodes:
    """This node among the others. `take_over` is called when it is to act, `stand_back` when no longer, `left_behind`
    when a node has died, `moved` when staff came to other nodes or left them, and `stands` when `standing` is new."""

    def __init__(
        self,
        bus: Bus,
        store: Store,
        keys: Keys,
        clock: SteadyClock,
        following: Following,
        lines: Lines,
        cabinet: Cabinet[Node],
    ) -> None:
        self.id = bus.node
        self._store, self._keys, self._bus, self._clock = store, keys, bus, clock
        self._following, self._lines, self._cabinet = following, lines, cabinet
        self.definition = ""
        self.place = f"{socket.gethostname()}, process {os.getpid()}"
        self.take_over: Callable[[], None] = lambda: None
        self.stand_back: Callable[[], None] = lambda: None
        self.left_behind: Callable[[], None] = lambda: None
        self.moved: Callable[[], None] = lambda: None
        self.stands: Callable[[], None] = lambda: None
        self.standing = Standing()
        self.draining = False
        self._unheard_since: datetime | None = None
        self._no_keys_since: datetime | None = None
        # The store's clock against the machine's, and against the one this node goes by.
        self._off = self._behind = timedelta(0)
        self._alive_until = 0.0
        self._leads_until = 0.0
        self._acting = False
        self._known: set[str] = set()
        self._tell_staff = asyncio.Event()
        self._try_now = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    # -- life ------------------------------------------------------------------------------------------------------

    async def open(self) -> None:
        """Be known to the others, and hear of them."""
        self._following.follow(KIND, self._reread)
        self._lines.on_staff = self._tell_staff.set
        self._lines.on_person = self._person_moved
        self._bus.overhear("persons", self._persons_heard)
        self._bus.overhear("lease", lambda node, body: self._try_now.set())
        self._tell_staff.set()
        self._place_the_others()
        await self._renew()
        self._go_on()

    def _go_on(self) -> None:
        turns = (self._renewing, self._watching, self._telling_staff, self._minding_keys)
        self._tasks = [asyncio.create_task(self._again_and_again(turn)) for turn in turns]

    async def drain(self) -> None:
        """Act no more, and let another node act at once."""
        self.draining = True
        led = self._leads_until > 0
        self._act(leads_until=0.0)
        if led:
            await self._give_up(DISPATCH)
            self._bus.pass_on("lease", b"")

    async def close(self) -> None:
        """Leave: nobody is here any more."""
        await self.drain()
        await stopped(self._tasks)
        try:
            await self._cabinet.remove(self.id)
        except HelplineError:
            log.warning("this node left without a word; the others will notice")
        await self._give_up(_life(self.id))

    async def _give_up(self, lease: str) -> None:
        now = self._now()
        try:
            await self._store.lease(lease, self.id, now, now)
        except HelplineError:
            log.warning("a lease was not given up; it runs out", lease=lease)

    async def _again_and_again(self, turn: Callable[[], Awaitable[None]]) -> None:
        while True:
            try:
                await turn()
            except HelplineError as error:
                log.warning("the store did not answer this node", error=type(error).__name__)
                await asyncio.sleep(LOOK_EVERY)
            except Exception:
                # Whatever one turn ran into, this node must go on hearing the others and being heard of.
                log.exception("a turn among the nodes failed")
                await asyncio.sleep(LOOK_EVERY)

    # -- how it stands ---------------------------------------------------------------------------------------------

    @property
    def acting(self) -> bool:
        """Whether this node dispatches. Not any more, too, where it slept past its lease and has not noticed yet."""
        return self._acting and self.leads()

    def leads(self) -> bool:
        """Whether the lease to act is ours at this very moment."""
        return time.monotonic() < self._leads_until

    @property
    def trouble(self) -> str:
        """Why this node should be given nobody new; empty when it should."""
        if self.draining:
            return "draining"
        if abs(self._off) > SKEWED:
            return "clock"
        return "" if self._lives else "store"

    @property
    def _lives(self) -> bool:
        return time.monotonic() <= self._alive_until

    @property
    def clock_off_seconds(self) -> float:
        """How far the store's clock is ahead of ours."""
        return self._off.total_seconds()

    @property
    def unheard(self) -> bool:
        """True while not every living node, this one included, is heard on the bus: then the store is asked instead."""
        return self._bus.silent or any(not self._hears(node) for node in self._known)

    def _hears(self, node: str) -> bool:
        since = self._bus.heard(node)
        return since is not None and since <= SILENT_AFTER

    # -- leases ----------------------------------------------------------------------------------------------------

    async def _renewing(self) -> None:
        # Not `wait_for`: up to Python 3.11 it forgets that it was cancelled when both happen at once.
        with suppress(TimeoutError):
            async with asyncio.timeout(RENEW_EVERY):
                await self._try_now.wait()
        self._try_now.clear()
        await self._renew()

    async def _renew(self) -> None:
        began = time.monotonic()
        told = await self._store.now()
        took = timedelta(seconds=time.monotonic() - began)
        if took < SLOW:
            self._compare(told + took / 2)
        lasts = LASTS.total_seconds() - MARGIN
        if await self._lease(_life(self.id), self.id):
            untold = not self._lives or self.id not in self._cabinet
            self._alive_until = began + lasts
            if untold:
                self._tell_staff.set()
        if not self._fit() or not await self._lease(DISPATCH, self.id):
            self._act(leads_until=0.0)
        elif not self._fit():  # told to drain while we asked
            await self._give_up(DISPATCH)
        else:
            self._act(leads_until=began + lasts)
            left = max(0.0, self._leads_until - time.monotonic())
            asyncio.get_running_loop().call_later(left, lambda: self._act(self._leads_until))

    def _compare(self, truly: datetime) -> None:
        """The store's clock says this: follow the machine's where it comes near, and go on without it where not."""
        self._off = truly - self._clock.machine.now()
        if abs(self._off) <= SKEWED:
            self._clock.right()
        else:
            self._clock.wrong(truly)
        self._behind = truly - self._clock.now()

    def _fit(self) -> bool:
        """Whether this node may act, should the lease be free."""
        return not self.draining and abs(self._off) <= SKEWED

    async def _lease(self, name: str, holder: str, lasts: timedelta = LASTS) -> bool:
        now = self._now()
        return await self._store.lease(name, holder, now + lasts, now)

    def _now(self) -> datetime:
        return self._clock.now() + self._behind

    def _act(self, leads_until: float) -> None:
        if self._acting and not self.leads():
            # It ran out while its renewal was under way. What fell due meanwhile was left alone: begin anew.
            log.warning("the lease to dispatch ran out before it was renewed", node=self.id)
            self._acting = False
            self.stand_back()
        self._leads_until = leads_until
        acts = self.leads()
        if acts != self._acting:
            self._acting = acts
            log.info("this node dispatches" if acts else "this node follows", node=self.id)
            (self.take_over if acts else self.stand_back)()
            if acts:
                self._following.look_at_everything()
                self._say(_Persons(ask=EVERYBODY))

    # -- the others ------------------------------------------------------------------------------------------------

    async def _watching(self) -> None:
        await asyncio.sleep(LOOK_EVERY)
        self._note_standing()
        if self.unheard:
            await self._following.looked()
        if self._acting:
            for node in tuple(self._known):
                if not self._hears(node):
                    await self._bury(node)

    async def _minding_keys(self) -> None:
        """Nobody may come for a whole night: whoever looks after the service should know before somebody does."""
        answering = await self._keys.answering()
        self._no_keys_since = None if answering else (self._no_keys_since or self._clock.now())
        await asyncio.sleep(LOOK_EVERY)

    def _note_standing(self) -> None:
        now = self._clock.now()
        self._unheard_since = (self._unheard_since or now) if self.unheard else None
        others = (node for node in self._cabinet if node.id != self.id and node.definition)
        differing = tuple(sorted(node.place for node in others if node.definition != self.definition))
        standing = Standing(
            _worth_a_word(self._unheard_since, now), differing, _worth_a_word(self._no_keys_since, now)
        )
        if standing == self.standing:
            return
        if standing.no_keys_since is not None and self.standing.no_keys_since is None:
            log.warning("the key store does not answer: nobody new can begin here")
        if differing != self.standing.differing:
            log.warning("nodes differ in their service file", here=self.place, others=differing)
        self.standing = standing
        self.stands()

    async def _bury(self, node: str) -> None:
        """Whoever can take another node's life has found it dead. Its pages are closed; their people may come to us."""
        if await self._lease(_life(node), self.id, timedelta(seconds=1)):
            log.warning("a node has died", node=node)
            await self._cabinet.remove(node)
            self._place_the_others()

    async def _reread(self, id: str | None) -> None:
        await self._cabinet.reread(id)
        self._place_the_others()
        if self.id not in self._cabinet and not self.draining:
            self._tell_staff.set()

    def _place_the_others(self) -> None:
        there = {node.id: node for node in self._cabinet if node.id != self.id}
        left = self._known - there.keys()
        for gone in left:
            self._lines.supporters_at(gone, ())
        for node in there.values():
            self._lines.supporters_at(node.id, node.staff)
        self._known = set(there)
        self.moved()
        if left and self._acting:
            # Whoever was still there when it stopped may have been left without a line, and nobody else minds them.
            self.left_behind()
            self._say(_Persons(ask=EVERYBODY))

    def _described(self) -> Node:
        return Node(self.id, self._lines.staff_here(), self.place, self.definition)

    async def _telling_staff(self) -> None:
        """Only while it lives: whoever is known and does not is taken for dead, and their life with it, again and again."""
        await self._tell_staff.wait()
        self._tell_staff.clear()
        if not self._lives:
            return
        try:
            await self._cabinet.put(self.id, self._described())
        except HelplineError:
            await self._cabinet.reread(self.id)
            self._tell_staff.set()
            raise

    # -- persons, in passing ---------------------------------------------------------------------------------------

    def _person_moved(self, contact: str, here: bool) -> None:
        self._say(_Persons(here=(contact,)) if here else _Persons(ask=contact))

    def _persons_heard(self, _node: str, body: bytes) -> None:
        said = msgspec.msgpack.decode(body, type=_Persons)
        for contact in said.here:
            self._lines.person_elsewhere(contact)
        if said.ask:
            self._answer(self._lines.persons_here() if said.ask == EVERYBODY else (said.ask,))

    def _answer(self, asked: Iterable[str]) -> None:
        here = [contact for contact in asked if self._lines.person_here(contact)]
        for first in range(0, len(here), _PERSONS_AT_ONCE):
            self._say(_Persons(here=tuple(here[first : first + _PERSONS_AT_ONCE])))

    def _say(self, said: _Persons) -> None:
        self._bus.pass_on("persons", msgspec.msgpack.encode(said))


def _worth_a_word(since: datetime | None, now: datetime) -> datetime | None:
    return since if since is not None and now - since >= WORTH_A_WORD else None


def _life(node: str) -> str:
    return f"node {node}"
