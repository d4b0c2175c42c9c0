"""Acts on every change and on the clock: puts offers, frees slots, fires clocks, follows lines that die.

It decides nothing that is not in the log. Its state is rebuilt from live heads at start; whatever it does twice is
harmless, because every append is decided against the newest fold. Choosing is synchronous and reserves at once;
the two appends of an offer (a slot in the supporter's shift, then the offer in the contact) run on their own.
"""

import asyncio
import heapq
import itertools
import secrets
from collections import Counter
from collections.abc import Callable, Coroutine
from datetime import datetime, timedelta
from typing import Any

import structlog

from helpline import escalation, offers, talking
from helpline.attendance import Attendance, free_slot, hold_slot, take_slot
from helpline.contact import Contact
from helpline.definition import Definition
from helpline.errors import HelplineError
from helpline.events import SERVICE, OfferEnded
from helpline.logbook import Change, Logbook
from helpline.ports import Clock
from helpline.queue import Queue, as_waiting
from helpline.roster import Roster
from helpline.routing import Free, match

log = structlog.get_logger()

RETRY = timedelta(seconds=2)
# A supporter is leaving when less than `leaving_minutes` are left, not when it is exactly as many.
LEAVING_FROM = timedelta(seconds=1)


class Dispatcher:
    """One per node. `pinned` gives the definition a contact began under."""

    def __init__(
        self,
        logbook: Logbook,
        roster: Roster,
        clock: Clock,
        definition: Definition,
        pinned: Callable[[Contact], Definition],
    ) -> None:
        self.queue = Queue()
        self.on_rota_change: Callable[[], None] = lambda: None
        self.roster = roster
        self._logbook, self._clock, self._definition, self._pinned = logbook, clock, definition, pinned
        self._missed = timedelta(minutes=definition.offers.missed_minutes)
        self._pending: dict[str, str] = {}
        self._dirty_contacts: dict[str, None] = {}
        self._dirty_supporters: dict[str, None] = {}
        self._persons: dict[str, int] = {}
        self._person_lost: dict[str, tuple[datetime, datetime]] = {}
        self._timers: list[tuple[datetime, int, Callable[[], None]]] = []
        self._numbers = itertools.count()
        self._due: dict[str, datetime] = {}
        self._again: dict[str, datetime] = {}
        self._wake = asyncio.Event()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._loop: asyncio.Task[None] | None = None

    # -- life ------------------------------------------------------------------------------------------------------

    async def start(self, contacts: list[Contact], attendances: list[Attendance]) -> None:
        """Take up where the log stands: hold what is held, free what nobody claims, resume every clock."""
        now = self._clock.now()
        grace = now + self._reconnect
        for attendance in attendances:
            self.roster.keep(attendance)
            self.roster.presence(attendance.supporter).lost_at = now
            self._dirty_supporters[attendance.supporter] = None
            self.at(grace, lambda who=attendance.supporter: self._supporter_gone(who))  # type: ignore[misc]
        for contact in contacts:
            self._index(contact, now)
            self._person_lost[contact.log] = (now, grace)
            if contact.owner:
                self._count_rung_three(contact.owner, contact.log)
                self._hand_on_from_nobody(contact)
            for who in contact.holders:
                self._do(self._take(who, contact))
            self.at(grace, lambda one=contact.log: self._person_away(one))  # type: ignore[misc]
        held = {contact.log: contact.holders for contact in contacts}
        for attendance in attendances:
            for slot in attendance.slots:
                if attendance.supporter not in held.get(slot, ()):
                    self._do(self._free(attendance.supporter, slot, "restart"))
        self._loop = asyncio.create_task(self._run())
        self._on_rota_change()

    async def close(self) -> None:
        tasks = [task for task in (self._loop, *self._tasks) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def settled(self) -> None:
        """Wait until nothing is under way or due: what a test waits for instead of a while."""
        quiet = 0
        # Turns of the event loop after the last work: by then the dispatcher sleeps until its next instant.
        while quiet < 3:
            await asyncio.sleep(0)
            if self._tasks:
                await asyncio.wait(self._tasks, return_when=asyncio.FIRST_COMPLETED)
            quiet = 0 if self._busy else quiet + 1

    @property
    def _busy(self) -> bool:
        if self._tasks:
            return True
        if self._loop is None or self._loop.done():
            return False
        due = bool(self._timers) and self._timers[0][0] <= self._clock.now()
        return due or self._wake.is_set() or bool(self._dirty_contacts or self._dirty_supporters)

    def at(self, instant: datetime, act: Callable[[], None]) -> None:
        """Do something at an instant, or soon after."""
        heapq.heappush(self._timers, (instant, next(self._numbers), act))
        self._wake.set()

    # -- what it hears ---------------------------------------------------------------------------------------------

    def heard(self, change: Change) -> None:
        """A listener of the logbook: called after every durable change."""
        if isinstance(change.after, Contact):
            before = change.before
            if (
                change.after.phase == "live"
                and before.phase == "live"
                and before.clocks == change.after.clocks
                and before.rung == change.after.rung
            ):
                if before.participants == change.after.participants and before.offer is change.after.offer:
                    return
            self._heard_contact(change)
        elif isinstance(change.after, Attendance):
            self.roster.keep(change.after)
            self._dirty_supporters[change.after.supporter] = None
            if change.before.checked_in and not change.after.checked_in:
                self._fewer_here()
                for contact in change.after.slots:
                    if (fold := self._logbook.held(contact)) and fold.owner == change.after.supporter:
                        self._hand_on_from_nobody(fold)
        self._wake.set()

    def _heard_contact(self, change: Change) -> None:
        before: Contact = change.before
        after: Contact = change.after
        now = self._clock.now()
        for who in before.holders - after.holders:
            self._do(self._free(who, after.log, _why_freed(change)))
        for who in after.holders - before.holders:
            if self._pending.get(after.log) != who:
                self._do(self._take(who, after))
        if (before.rung >= 3) != (after.rung >= 3) or before.owner != after.owner:
            for who in {before.owner, after.owner} - {""}:
                self._count_rung_three(who, after.log)
        self._index(after, now)
        if before.seq == 0 and not self._persons.get(after.log):
            self.person_disconnected(after.log, opening=True)
        if after.owner and after.owner != before.owner:
            self._hand_on_from_nobody(after)
            if not self.roster.here(after.owner):
                self.at(now + self._lost_after, lambda: self._supporter_away(after.owner))

    def _count_rung_three(self, who: str, contact: str) -> None:
        """At rung 3 they have one at once, until that contact is no longer theirs or has come down."""
        attendance = self.roster.attendance(who)
        folds = [self._logbook.held(one) for one in (*(attendance.slots if attendance else ()), contact)]
        acting = any(fold is not None and fold.rung >= 3 and fold.owner == who for fold in folds)
        (self.roster.at_rung_three.add if acting else self.roster.at_rung_three.discard)(who)
        self._dirty_supporters[who] = None

    def _index(self, contact: Contact, now: datetime) -> None:
        """Put the contact where it belongs now: in the queue or out of it, and its next clock on the heap."""
        if contact.phase == "waiting" and contact.offer is None and contact.log not in self._pending:
            self.queue.put(as_waiting(contact, self._missed, now))
            self._dirty_contacts[contact.log] = None
            self._ask_them_again(contact, now)
        else:
            self.queue.remove(contact.log)
        due = contact.due
        if due is not None and self._due.get(contact.log) != due:
            self._due[contact.log] = due
            self.at(due, lambda: self._clock_due(contact.log))
        elif due is None:
            self._due.pop(contact.log, None)
        if not contact.live:
            self._person_lost.pop(contact.log, None)
            self._again.pop(contact.log, None)

    def _ask_them_again(self, contact: Contact, now: datetime) -> None:
        """Who passed may be asked again after a while: look when the first of them may."""
        ends = [end for passed in contact.passed if (end := passed.at + self._missed) > now]
        if not ends:
            self._again.pop(contact.log, None)
        elif self._again.get(contact.log) != min(ends):
            self._again[contact.log] = min(ends)
            self.at(min(ends), lambda: self._look_again(contact.log))

    # -- presence --------------------------------------------------------------------------------------------------

    @property
    def _lost_after(self) -> timedelta:
        return timedelta(seconds=self._definition.lines.lost_after_seconds)

    @property
    def _reconnect(self) -> timedelta:
        return timedelta(seconds=self._definition.lines.reconnect_seconds)

    def supporter_connected(self, who: str) -> None:
        """A page of theirs opened. Their line is back wherever the log says it was lost."""
        presence = self.roster.presence(who)
        presence.tabs += 1
        presence.lost_at, presence.gone = None, False
        self._dirty_supporters[who] = None
        self._wake.set()
        attendance = self.roster.attendance(who)
        for contact in tuple(attendance.slots) if attendance else ():
            fold = self._logbook.held(contact)
            if fold is not None and fold.supporter_lost and fold.owner == who:
                self._do(self._logbook.change(contact, offers.line_back("supporter")))

    def supporter_disconnected(self, who: str) -> None:
        """A page of theirs closed or its line died. After ten seconds it is in the log, after thirty they are gone."""
        presence = self.roster.presence(who)
        presence.tabs = max(presence.tabs - 1, 0)
        if presence.tabs:
            return
        now = presence.lost_at = self._clock.now()
        self.at(now + self._lost_after, lambda: self._supporter_away(who))
        self.at(now + self._reconnect, lambda: self._supporter_gone(who))

    def _supporter_away(self, who: str) -> None:
        presence = self.roster.presence(who)
        attendance = self.roster.attendance(who)
        now = self._clock.now()
        since = presence.lost_at or now
        if presence.here or attendance is None or (presence.lost_at and now - since < self._lost_after):
            return
        for contact in attendance.slots:
            fold = self._logbook.held(contact)
            if fold is not None and fold.owner == who:
                lost = offers.line_lost(self._pinned(fold), "supporter", since)
                self._do(self._logbook.change(contact, lost))

    def _supporter_gone(self, who: str) -> None:
        presence = self.roster.presence(who)
        if presence.lost_at is None or self._clock.now() - presence.lost_at < self._reconnect:
            return
        presence.gone = True
        self._supporter_away(who)
        attendance = self.roster.attendance(who)
        for contact, offer in (attendance.slots if attendance else {}).items():
            self._do(self._logbook.change(contact, offers.end_offer(offer, "gone")))
        self._fewer_here()

    def person_connected(self, contact: str) -> None:
        self._persons[contact] = self._persons.get(contact, 0) + 1
        self._person_lost.pop(contact, None)
        fold = self._logbook.held(contact)
        if fold is not None and fold.person_lost:
            self._do(self._logbook.change(contact, offers.line_back("person")))

    def person_disconnected(self, contact: str, *, opening: bool = False) -> None:
        """A page of theirs went. `opening`: the contact began without one (plain forms), so the place is held."""
        left = self._persons.get(contact, 0) - 1
        if left > 0:
            self._persons[contact] = left
            return
        self._persons.pop(contact, None)
        now = self._clock.now()
        away = now + (timedelta(minutes=2) if opening else self._lost_after)
        self._person_lost[contact] = (now, away)
        self.at(away, lambda: self._person_away(contact))

    def person_came_by(self, contact: str) -> None:
        """A page without a socket (plain forms) was asked for: their line counts as on for two minutes more."""
        if not self._persons.get(contact):
            self.person_connected(contact)
            self.person_disconnected(contact, opening=True)

    def _person_away(self, contact: str) -> None:
        fold = self._logbook.held(contact)
        since, away = self._person_lost.get(contact, (None, None))
        if fold is None or since is None or away is None or self._persons.get(contact):
            return
        if self._clock.now() >= away:
            self._do(self._logbook.change(contact, offers.line_lost(self._pinned(fold), "person", since)))

    def person_here(self, contact: str) -> bool:
        return bool(self._persons.get(contact))

    # -- the loop --------------------------------------------------------------------------------------------------

    async def _run(self) -> None:
        while True:
            self._wake.clear()
            try:
                self._act(self._clock.now())
            except Exception:
                # Whatever one contact ran into, everybody else is still waiting.
                log.exception("dispatching failed")
            await self._sleep()

    def _act(self, now: datetime) -> None:
        while self._timers and self._timers[0][0] <= now:
            _, _, act = heapq.heappop(self._timers)
            act()
        self._put_offers(now)

    async def _sleep(self) -> None:
        waking = asyncio.ensure_future(self._wake.wait())
        sleeping = (
            asyncio.ensure_future(self._clock.sleep_until(self._timers[0][0])) if self._timers else None
        )
        try:
            both = [one for one in (waking, sleeping) if one is not None]
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        finally:
            waking.cancel()
            if sleeping is not None:
                sleeping.cancel()

    def _put_offers(self, now: datetime) -> None:
        """Match what changed with what it could meet, reserve, and start the appends."""
        contacts = {one: waiting for one in self._dirty_contacts if (waiting := self.queue.get(one))}
        arrivals = tuple(contacts)
        pending = Counter(self._pending.values())
        frees: dict[str, Free] = {}
        for who in self._dirty_supporters:
            free = self.roster.free(who, pending[who], now)
            if free is not None:
                frees[who] = free
                contacts |= {waiting.contact: waiting for waiting in self.queue.first_for(free)}
        self._dirty_contacts.clear()
        self._dirty_supporters.clear()
        for one in arrivals:
            self.queue.touched += 1
            waiting = contacts[one]
            for who in self.roster.with_room(waiting.languages, waiting.channel):
                if who not in frees and (free := self.roster.free(who, pending[who], now)) is not None:
                    frees[who] = free
        served = set()
        for pair in match(tuple(contacts.values()), tuple(frees.values()), self.queue.needed):
            served.add(pair.contact)
            self._pending[pair.contact] = pair.supporter
            self.queue.remove(pair.contact)
            self._do(self._offer(pair.contact, pair.supporter))
        for one in arrivals:
            if one not in served:
                self._do(self._be_honest(one))

    async def _offer(self, contact: str, who: str) -> None:
        """A slot first, then the offer. Whatever fails, the slot is free again and the contact in the queue."""
        offer = "o-" + secrets.token_hex(8)
        attendance = self.roster.attendance(who)
        try:
            fold = await self._logbook.load(contact)
            if attendance is None:
                return
            at_once = self.roster.at_once(who, attendance)
            held = await self._logbook.change(attendance.log, hold_slot(contact, offer, at_once))
            if not held.events:
                return
            put = offers.offer(self._pinned(fold), offer, who, attendance.log)
            try:
                found_by = (self._logbook.offer_claim(offer),)
                written = await self._logbook.change(contact, put, claims=found_by)
            except BaseException:
                await self._free(who, contact, "failed")
                raise
            if not written.events:
                await self._free(who, contact, "moved_on")
        finally:
            self._pending.pop(contact, None)
            self._look_again(contact)
            self._dirty_supporters[who] = None
            self._wake.set()

    def _look_again(self, contact: str) -> None:
        fold = self._logbook.held(contact)
        if fold is not None:
            self._index(fold, self._clock.now())
            self._wake.set()

    async def _be_honest(self, contact: str) -> None:
        """Nobody could be asked. Say so when nobody will come: nobody here, or nobody of that language."""
        fold: Contact = await self._logbook.load(contact)
        if fold.phase != "waiting" or fold.offer is not None:
            return
        now = self._clock.now()
        spoken = self.roster.spoken(fold.channel, now)
        if not spoken:
            await self._ask(fold, "nobody_left", ("wait", "call_me"))
        elif not self.roster.speakers(fold.speaks, fold.channel, now):
            others = tuple(f"language:{language}" for language in spoken)
            await self._ask(fold, "no_speaker", ("wait", *others, "call_me"))
        elif fold.passed:
            standing = fold.alert("nobody-took")
            if standing is None or standing.at < max(passed.at for passed in fold.passed):
                await self._logbook.change(contact, escalation.alert_lead("nobody-took", "nobody_took"))

    async def _ask(self, fold: Contact, why: str, options: tuple[str, ...]) -> None:
        standing = fold.alert(why)
        told = standing is not None and standing.acknowledged_by != "answered"
        if not told and (fold.choice is None or fold.choice.why != why):
            await self._logbook.change(fold.log, talking.ask_choice(why, options))
            await self._logbook.change(fold.log, escalation.alert_lead(why, why))

    def _fewer_here(self) -> None:
        """Somebody stopped being here: whoever waits for a language that nobody speaks now is told."""
        now = self._clock.now()
        for waiting in tuple(self.queue):
            if not self.roster.speakers(waiting.languages, waiting.channel, now):
                self._do(self._be_honest(waiting.contact))

    def _on_rota_change(self) -> None:
        """A shift began or ended."""
        self.on_rota_change()
        now = self._clock.now()
        for attendance in self.roster.checked_in():
            self._dirty_supporters[attendance.supporter] = None
        following = self.roster.rota.next_change_after(now)
        if following is not None:
            self.at(following, self._on_rota_change)
            leaving = following - timedelta(minutes=self._definition.offers.leaving_minutes)
            if leaving > now:
                self.at(leaving + LEAVING_FROM, self._fewer_here)
        self._fewer_here()
        self._wake.set()

    def _clock_due(self, contact: str) -> None:
        fold = self._logbook.held(contact)
        self._due.pop(contact, None)
        if fold is None or fold.due is None:
            return
        if fold.due > self._clock.now():
            self._index(fold, self._clock.now())
            return
        self._do(self._fire(contact, fold))

    async def _fire(self, contact: str, fold: Contact) -> None:
        try:
            written = await self._logbook.change(contact, escalation.clocks_due(self._pinned(fold)))
        except HelplineError:
            self.at(self._clock.now() + RETRY, lambda: self._clock_due(contact))
            raise
        if not written.events:
            self._index(written.fold, self._clock.now())

    # -- appends of its own ----------------------------------------------------------------------------------------

    async def _free(self, who: str, contact: str, why: str) -> None:
        attendance = self.roster.attendance(who)
        if attendance is None:
            return
        try:
            await self._logbook.change(attendance.log, free_slot(contact, why))
        except HelplineError:
            self.at(self._clock.now() + RETRY, lambda: self._do(self._free(who, contact, why)))
            raise

    async def _take(self, who: str, contact: Contact) -> None:
        attendance = self.roster.attendance(who)
        if attendance is not None:
            offer = contact.offer
            held_for = offer.offer if offer is not None and offer.supporter == who else "taken"
            await self._logbook.change(attendance.log, take_slot(contact.log, held_for))

    def _hand_on_from_nobody(self, contact: Contact) -> None:
        """An owner who is not on shift any more is nobody: first in the queue, and the lead is told."""
        if contact.phase == "live" and self.roster.attendance(contact.owner) is None:
            let_go = offers.release(SERVICE, self._pinned(contact), "queue", "end_of_shift", "")
            self._do(self._logbook.change(contact.log, let_go))

    def _do(self, work: Coroutine[Any, Any, Any]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (failed := task.exception()) is not None:
            log.warning("dispatching failed", error=type(failed).__name__, code=getattr(failed, "code", ""))


def _why_freed(change: Change) -> str:
    for event in change.events:
        if isinstance(event.body, OfferEnded):
            return event.body.why
    return change.events[-1].kind
