"""What the person's side and the staff's side of the service share: its parts, its documents, its door."""

import asyncio
import hashlib
from collections import deque
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any

import msgspec
import structlog
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from helpline.api_keys import ApiKeys
from helpline.attendance import Attendance
from helpline.buses.opening import bus_at
from helpline.cabinet import Cabinet
from helpline.clock import SteadyClock
from helpline.contact import Contact
from helpline.definition import Definition, decode, encode
from helpline.directory_keeping import DirectoryKeeping
from helpline.dispatcher import Dispatcher
from helpline.errors import NotFound
from helpline.events import CheckedOut, Event, HandoverLeft
from helpline.feeds import Feeds
from helpline.folds import EMPTIES
from helpline.following import Following, announcing
from helpline.keyring import Keyring, refuse_others_data
from helpline.logbook import Change, Logbook
from helpline.nodes import KIND as NODES
from helpline.nodes import Node, Nodes
from helpline.opening import one_at_a_time
from helpline.people import Account, People, Principal
from helpline.phrase_keeping import PhraseKeeping
from helpline.plan_keeping import PlanKeeping
from helpline.ports import Bus, Clock, Store
from helpline.post import Post
from helpline.prompting import Tally
from helpline.roster import Extra, Roster
from helpline.rota_keeping import RotaKeeping
from helpline.sealing import seal_document
from helpline.stores.opening import anything_kept, open_keys, open_store
from helpline.talking import Door
from rota.book import Book
from rota.hours import OpeningHours
from rota.shifts import OnDuty
from rota.staffing import missing

log = structlog.get_logger()

FACTS_DEFINITION = 2
# An estimate is given from this many waits on; before that we would be inventing it.
WAITS_KNOWN = 3
LONGEST_ESTIMATE = 60
HANDOVERS_KEPT = 20
HANDOVERS_FROM = timedelta(hours=36)


class Answer(msgspec.Struct, frozen=True):
    """What a command wrote: the log's `seq`, the person's number `talk`, and those of each message of a batch."""

    contact: str
    seq: int
    talk: int
    at: datetime
    seqs: tuple[int, ...] = ()
    talks: tuple[int, ...] = ()


class Handover(msgspec.Struct, frozen=True):
    """What somebody left in writing for the shift after theirs. `by` is a shown name."""

    by: str
    at: datetime
    text: str


class Core:
    """The opened service. Use `Helpline`, which adds what the two sides may ask of it."""

    def __init__(
        self,
        definition: Definition,
        clock: Clock,
        parts: "Parts",
    ) -> None:
        self.definition = definition
        # Where clocks may differ, one that leaps is not followed before the store's has vouched for it.
        self._steady = SteadyClock(clock)
        clock = clock if parts.bus.alone else self._steady
        self.clock = clock
        store, keys, people, cabinets = parts.store, parts.keys, parts.people, parts.cabinets
        self.store, self.keys, self.people, self.cabinets = store, keys, people, cabinets
        self.api_keys = cabinets.api_keys
        self.bus = parts.bus
        self.logbook = Logbook(store, keys, self.bus, clock, EMPTIES)
        self.following = Following(self.logbook, store, self.bus)
        self.rota = RotaKeeping(self.logbook, people, clock, definition)
        self.directory = DirectoryKeeping(self.logbook, clock, definition)
        self.phrases = PhraseKeeping(self.logbook, clock, definition)
        self.post = Post(
            self.rota,
            people,
            clock,
            definition,
            store,
            keys,
            lambda: (*self.directory.contacts, *self.directory.services),
        )
        self.feeds = Feeds(self.rota, people, keys, clock, definition)
        self.roster = Roster(people, self.rota, definition)
        self.dispatcher = Dispatcher(self.logbook, self.roster, clock, definition, self.pinned)
        self.nodes: Nodes | None = None
        self._on_acting: list[Callable[[], None]] = []
        self._on_presence: list[Callable[[], None]] = []
        self._begun = False
        self.plans = PlanKeeping(self.logbook, store, keys, clock, self.dispatcher.agenda, definition)
        self.rung_names = tuple(rung.short for rung in definition.ladder.rungs)
        self._waits: deque[float] = deque(maxlen=20)
        self._short_since: datetime | None = None
        # Since when the carrier of texts and calls has not been heard, as the phone line says.
        self.phone_silent_since: datetime | None = None
        # The number people text, as it is dialled; empty without a phone line.
        self.our_number = ""
        # Whether a carrier can place calls, as the phone line says.
        self.rings = False
        self._began = clock.now()
        self._writing: set[asyncio.Task[None]] = set()
        self.checking_in: dict[str, asyncio.Lock] = {}
        self.handovers: deque[Handover] = deque(maxlen=HANDOVERS_KEPT)
        self.logbook.listen(self.dispatcher.heard)
        self.logbook.listen(self._measure)
        self.prompts = Tally()
        self.logbook.listen(self.prompts.heard)
        self.logbook.listen(self._staffing_changed)
        self.dispatcher.on_rota_change = self._note_staffing
        self.rota.listen(self._rota_changed)
        people.listen(self._account_changed)

    @classmethod
    async def _parts(
        cls,
        definition: Definition,
        data: Path,
        keys: Path,
        clock: Clock,
        bus: str,
        store: str,
        key_store: str,
    ) -> "Parts":
        # Keys first: had the data been made and the keys then failed, the next start would miss a key it never had.
        held = await open_keys(key_store, keys, store, data_exists=await anything_kept(store, data))
        try:
            opened = await open_store(store, data, clock, alone=not bus)
        except BaseException:
            await held.close()
            raise
        try:
            return await Parts.open(definition, opened, held, bus)
        except BaseException:
            await opened.close()
            await held.close()
            raise

    @property
    def hours(self) -> OpeningHours:
        """The opening hours as they are now."""
        return self.rota.hours

    def _rota_changed(self, before: Book, after: Book) -> None:
        if (before.shifts, before.nights) != (after.shifts, after.nights):
            self.roster.rota_changed()
            self.dispatcher.rota_changed()

    def _account_changed(self, account: Account) -> None:
        if not account.active:
            self.dispatcher.absences.account_closed(account.id)

    async def run(self) -> None:
        """Refold every live log, and begin to dispatch or to follow the node that does."""
        await self.logbook.refold_live()
        await self._read_handovers()
        if self.bus.alone:
            await self._act()
            return
        await self.dispatcher.follow(*self._live())
        await self._join()

    def _live(self) -> tuple[list[Contact], list[Attendance]]:
        return self.contacts(), [fold for fold in self.logbook.all_held("a-") if fold.live]

    async def _act(self) -> None:
        await self.dispatcher.start(*self._live())
        if not self.bus.alone:
            await self.post.take_up()
        self.plans.resume(self.logbook.all_held("w-"))
        self._begun = True
        for begin in self._on_acting:
            begin()

    # -- among other nodes -----------------------------------------------------------------------------------------

    async def _join(self) -> None:
        """Be one of several nodes: hear what the others write, and act when it is this one's turn."""
        for kind, reread in (
            ("person", self.people.reread),
            ("definition", self.cabinets.definitions.reread),
            ("extra", self.cabinets.extras.reread),
            ("api_key", self.api_keys.reread),
            *self.post.documents,
        ):
            self.following.follow(kind, reread)
        lines = self.dispatcher.lines
        self.nodes = nodes = Nodes(
            self.bus, self.store, self.keys, self._steady, self.following, lines, self.cabinets.nodes
        )
        nodes.definition = self.definition.hash
        self.post.acting = lambda: self.acting
        self.dispatcher.agenda.leads = nodes.leads
        nodes.take_over = lambda: self.in_background(self._act())
        nodes.stand_back = self.dispatcher.stand_back
        nodes.left_behind = lambda: lines.who_is_left(self.contacts())
        nodes.moved = nodes.stands = self._presence_moved
        await self.following.open()
        await nodes.open()

    @property
    def acting(self) -> bool:
        """Whether what is to be done in the world (letters, texts, clocks, offers) is done by this node."""
        return self.dispatcher.acting

    def on_acting(self, begin: Callable[[], None]) -> None:
        """Call `begin` when acting comes to this node, and now if it has."""
        self._on_acting.append(begin)
        if self.acting and self._begun:
            begin()

    def on_presence(self, moved: Callable[[], None]) -> None:
        """Call `moved` when staff came to other nodes or left them, and when nodes stand otherwise than before."""
        self._on_presence.append(moved)

    def _presence_moved(self) -> None:
        for moved in self._on_presence:
            moved()

    async def drain(self) -> None:
        """Soon this node stops: let another act, and say so at `/readyz`."""
        if self.nodes is not None:
            await self.nodes.drain()

    async def _read_handovers(self) -> None:
        now = self.clock.now()
        recent = await self.store.logs("a-", now - HANDOVERS_FROM, now, HANDOVERS_KEPT)
        for head in reversed(recent):
            self._keep_handovers(await self.logbook.read(head.log))

    def _keep_handovers(self, events: Iterable[Event]) -> None:
        for event in events:
            if isinstance(event.body, CheckedOut | HandoverLeft) and event.body.handover:
                self.handovers.append(Handover(event.by.name, event.at, event.body.handover))

    async def close(self) -> None:
        """Stop dispatching, finish what is being written, close the files."""
        await self.dispatcher.close()
        await self.post.close()
        if self._writing:
            await asyncio.wait(self._writing)
        if self.nodes is not None:
            await self.nodes.close()
        await self.following.close()
        await self.bus.close()
        await self.store.close()
        await self.keys.close()

    def listen(self, listener: Callable[[Change], None]) -> Callable[[], None]:
        """Be told of every durable change, in order per contact. Returns what stops it."""
        return self.logbook.listen(listener)

    def pinned(self, contact: Contact) -> Definition:
        """The definition a contact began under: its rungs, clocks, wording and policy."""
        if contact.definition in ("", self.definition.hash):
            return self.definition
        kept = self.cabinets.definitions.get(contact.definition)
        return decode(kept.json.encode()) if kept is not None else self.definition

    def contacts(self) -> list[Contact]:
        """Every live contact."""
        return [fold for fold in self.logbook.all_held("c-") if fold.seq and fold.live]

    async def contact(self, contact: str) -> Contact:
        """The newest fold of a contact; `NotFound` for anything else."""
        if not contact.startswith("c-"):
            raise NotFound("There is no such contact.")
        fold: Contact = await self.logbook.load(contact)
        return fold

    async def newest(self, contact: str) -> Contact:
        """The same, with what another node may have written this very moment."""
        if not self.bus.alone and contact.startswith("c-"):
            await self.logbook.newest(contact)
        return await self.contact(contact)

    # -- the door --------------------------------------------------------------------------------------------------

    def door(self, channel: str = "web") -> Door:
        """Whether new people are taken now: by hours, closures and, after a grace, by who is on.

        A channel that is not the service's is closed, and says no time: somebody may still come by one it had before.
        """
        if channel not in self.definition.channels:
            return Door(False, "channel")
        now = self.clock.now()
        if not self.hours.is_open(channel, now):
            return Door(False, "hours", self.hours.next_opening(channel, now))
        if self.definition.demo:
            return Door(True)
        self._note_staffing()
        if self._short_since is None:
            return Door(True)
        grace = timedelta(minutes=self.definition.waiting.grace_minutes)
        since = max(self._short_since, self._began)
        if now - since < grace or not self.hours.is_open(channel, now - grace):
            return Door(True)
        closes = self.hours.closes_at(channel, now)
        return Door(False, "staffing", self.hours.next_opening(channel, closes) if closes else None)

    def _note_staffing(self) -> None:
        """Keep since when there are too few, None while there are enough."""
        now = self.clock.now()
        present = {attendance.supporter for attendance in self.roster.checked_in()}
        peers = {account.id for account in self.people if account.kind == "peer"}
        on = (*self.roster.rota.on_duty_at(now), *self._extra_hands(now))
        if missing(on, self.definition.staffing, present=present, peers=peers).nothing:
            self._short_since = None
        elif self._short_since is None:
            self._short_since = now

    def _staffing_changed(self, change: Change) -> None:
        if isinstance(change.after, Attendance) and change.before.checked_in != change.after.checked_in:
            self._note_staffing()

    def _extra_hands(self, now: datetime) -> list[OnDuty]:
        return [
            OnDuty(
                a.supporter,
                "supporter",
                "extra",
                a.opened_at,
                now + timedelta(hours=1),
                a.channels,
                a.languages,
                now,
            )
            for a in self.roster.checked_in()
            if a.extra
        ]

    # -- the queue as the person sees it ---------------------------------------------------------------------------

    def queue_place(self, contact: Contact) -> dict[str, int | None] | None:
        """Position from 1 and an honest estimate in minutes, None where it would be invented.

        Somebody who was told that nobody of their language is here is nobody's next: neither is given.
        """
        if contact.phase != "waiting" or contact.with_lead:
            return None
        if _nobody_can_come(contact):
            return {"position": None, "about_minutes": None}
        waiting = self.dispatcher.queue.get(contact.log)
        if waiting is None:
            return {"position": 1, "about_minutes": self._about_minutes(1)}
        position = self.dispatcher.queue.position(waiting)
        return {"position": position, "about_minutes": self._about_minutes(position)}

    def waits(self) -> tuple[float, ...]:
        """How long those answered lately had waited, in seconds."""
        return tuple(self._waits)

    def _about_minutes(self, position: int) -> int | None:
        if len(self._waits) < WAITS_KNOWN:
            return None
        about = median(self._waits) * (1 + (position - 1) / 2) / 60
        rounded = max(5, 5 * round(about / 5))
        return rounded if rounded <= LONGEST_ESTIMATE else None

    def _measure(self, change: Change) -> None:
        after = change.after
        if isinstance(after, Attendance):
            self._keep_handovers(change.events)
        if not isinstance(after, Contact) or change.before.phase == after.phase:
            return
        if after.phase == "live" and change.before.waiting_since is not None:
            self._waits.append((after.at - change.before.waiting_since).total_seconds())
        if after.phase == "ended" and (change.here or self.acting):
            self.in_background(self._keep_facts(after))

    async def _keep_facts(self, contact: Contact) -> None:
        """What reports count, which identifies nobody: written at the end, with the version of its definition."""
        waited = (contact.accepted_at or contact.ended_at or contact.at) - contact.opened_at
        facts = {
            "channel": contact.channel,
            "language": contact.language,
            "locality": contact.locality,
            "answered": contact.accepted_at is not None,
            "waited_seconds": int(waited.total_seconds()),
            "lasted_seconds": int((contact.at - contact.opened_at).total_seconds()),
            "highest_rung": contact.highest_rung,
            "attempts": [attempt.outcome for attempt in contact.attempts],
            "not_safe": contact.not_safe,
            "outcome": contact.outcome,
            "call_back": contact.asked_call,
            "prompts": contact.prompts.counted,
        }
        body = msgspec.json.encode(facts)
        await self.store.keep_facts(contact.log, FACTS_DEFINITION, contact.opened_at, body)

    # -- audit -----------------------------------------------------------------------------------------------------

    async def audit(self, who: Principal, did: str, contact: str = "", why: str = "") -> None:
        """Append to the chain who did what to which contact. Never what was said."""
        entry = {"at": self.clock.now(), "who": who.id, "did": did, "contact": contact, "why": why}
        await self.store.audit(
            seal_document("audit", "entry", 1, msgspec.json.encode(entry), self.cabinets.audit_cipher)
        )

    def in_background(self, work: Any) -> None:
        """Run to its end even when whoever asked has gone; `close` waits for it."""
        task: asyncio.Task[None] = asyncio.ensure_future(work)
        self._writing.add(task)
        task.add_done_callback(self._written)

    def _written(self, task: asyncio.Task[None]) -> None:
        self._writing.discard(task)
        if not task.cancelled() and (failed := task.exception()) is not None:
            log.warning("writing in the background failed", error=type(failed).__name__)

    async def event_at(self, contact: str, seq: int) -> Event:
        """One event; `NotFound` past the end."""
        for event in await self.logbook.read(contact, seq - 1, 1):
            if event.seq == seq:
                return event
        raise NotFound("There is no such message.")


class Parts(msgspec.Struct, frozen=True):
    """What a service is opened on: its store and keys, what it holds of them in memory, and its bus to other nodes."""

    store: Store
    keys: Keyring
    people: People
    cabinets: "Cabinets"
    bus: Bus

    @classmethod
    async def open(cls, definition: Definition, store: Store, keys: Keyring, bus: str = "") -> "Parts":
        """`bus` is the address of Redis, where there are several nodes over one store."""
        await refuse_others_data(keys, store)
        between = bus_at(bus, keys)
        store = announcing(store, between)
        async with one_at_a_time(store, between):
            people = await People.open(store, keys)
            cabinets = await Cabinets.open(store, keys)
            await people.import_seeds(definition.people)
            await cabinets.definitions.put(definition.hash, Pinned(encode(definition).decode()))
        return cls(store, keys, people, cabinets, between)


class Pinned(msgspec.Struct, frozen=True):
    """A definition as some contact began under it."""

    json: str


class Cabinets:
    """The service's documents."""

    def __init__(
        self,
        definitions: Cabinet[Pinned],
        extras: Cabinet[Extra],
        api_keys: ApiKeys,
        nodes: Cabinet[Node],
        audit_cipher: AESGCM,
    ) -> None:
        self.definitions = definitions
        self.extras = extras
        self.api_keys = api_keys
        self.nodes = nodes
        self.audit_cipher = audit_cipher

    @classmethod
    async def open(cls, store: Store, keys: Keyring) -> "Cabinets":
        audit = await keys.create("d-audit", ("document",))
        return cls(
            await Cabinet.open(store, keys, "definition", Pinned),
            await Cabinet.open(store, keys, "extra", Extra),
            await ApiKeys.open(store, keys),
            await Cabinet.open(store, keys, NODES, Node),
            AESGCM(audit["document"]),
        )


def token_hash(token: str) -> str:
    """What is kept of a person's token."""
    return hashlib.sha256(token.encode()).hexdigest()


def _nobody_can_come(contact: Contact) -> bool:
    """They were told that nobody here speaks their language, or that nobody is left, and that still holds."""
    whys = ("nobody_left",) if len(contact.speaks) > 1 else ("nobody_left", "no_speaker")
    standing = [one for why in whys if (one := contact.alert(why)) is not None]
    return any(one.acknowledged_by != "answered" for one in standing)
