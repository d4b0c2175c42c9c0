"""Acts on every change and on the clock: puts offers, frees slots, fires clocks, follows lines that die.

It decides nothing that is not in the log. Its state is rebuilt from live heads at start; whatever it does twice is
harmless, because every append is decided against the newest fold. Choosing is synchronous and reserves at once;
the two appends of an offer (a slot in the supporter's shift, then the offer in the contact) run on their own.
"""

import asyncio
import secrets
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta

import structlog

from helpline import escalation, offers, paging, talking
from helpline.absence import Absences
from helpline.agenda import Agenda
from helpline.attendance import Attendance, hold_slot
from helpline.contact import Contact
from helpline.contact_parts import StandingOffer
from helpline.definition import Definition
from helpline.errors import HelplineError
from helpline.events import SERVICE, OfferEnded
from helpline.lines import Lines
from helpline.logbook import Change, Logbook
from helpline.ports import Clock
from helpline.queue import Queue, as_waiting
from helpline.roster import Roster
from helpline.routing import Free, match
from helpline.shift_ends import ShiftEnds
from helpline.slots import Slots
from helpline.unconfirmed import Unconfirmed

log = structlog.get_logger()

RETRY = timedelta(seconds=2)
# A supporter is leaving when less than `leaving_minutes` are left, not when it is exactly as many.
LEAVING_FROM = timedelta(seconds=1)


class Dispatcher:
    """One per node; of several nodes one acts, and the others `follow`, so that any can take over.

    `pinned` gives the definition a contact began under.
    """

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
        self._rota_turn = 0
        self.roster = roster
        self._logbook, self._clock, self._definition, self._pinned = logbook, clock, definition, pinned
        self._missed = timedelta(minutes=definition.offers.missed_minutes)
        self._pending: dict[str, str] = {}
        self._dirty_contacts: dict[str, None] = {}
        self._dirty_supporters: dict[str, None] = {}
        self._due: dict[str, datetime] = {}
        self._again: dict[str, datetime] = {}
        self._agenda = Agenda(clock)
        Unconfirmed(logbook, self._agenda, clock)
        self._slots = Slots(logbook, roster, self._agenda, clock)
        absent = timedelta(seconds=definition.lines.absent_seconds)
        self.absences = Absences(logbook, roster, self._agenda, clock, absent, pinned)
        self.lines = Lines(
            logbook,
            roster,
            self._agenda,
            clock,
            definition,
            pinned,
            self._supporter_changed,
            self._fewer_here,
            self.absences.line_lost,
        )
        self._shift_ends = ShiftEnds(logbook, roster, self._agenda, clock, pinned)
        self._loop: asyncio.Task[None] | None = None

    # -- life ------------------------------------------------------------------------------------------------------

    async def follow(self, contacts: list[Contact], attendances: list[Attendance]) -> None:
        """Know what is there, and leave it to another node to act on it."""
        self._agenda.told_to_act = False
        now = self._clock.now()
        for attendance in attendances:
            self.roster.keep(attendance)
        for contact in contacts:
            self._index(contact, now)
        self._begin()

    async def start(self, contacts: list[Contact], attendances: list[Attendance]) -> None:
        """Take up where the log stands: hold what is held, free what nobody claims, resume every clock."""
        self._agenda.told_to_act = True
        now = self._clock.now()
        for attendance in attendances:
            self.roster.keep(attendance)
            self._dirty_supporters[attendance.supporter] = None
        self.lines.resume(contacts, attendances)
        for contact in contacts:
            self._index(contact, now)
            if contact.owner:
                self._count_rung_three(contact.owner, contact.log)
                self._hand_on_from_nobody(contact)
                self.absences.look(contact)
            if contact.offer is not None:
                self._take_back_from_absent(contact.log, contact.offer)
            for who in contact.holders:
                self._agenda.do(self._slots.take(who, contact))
        held = {contact.log: contact.holders for contact in contacts}
        for attendance in attendances:
            for slot in attendance.slots:
                if attendance.supporter not in held.get(slot, ()):
                    self._agenda.do(self._slots.free(attendance.supporter, slot, "restart"))
        self._begin()

    def _begin(self) -> None:
        if self._loop is None:
            self._loop = asyncio.create_task(self._run())
        self._on_rota_change()

    def stand_back(self) -> None:
        """Another node acts from here on."""
        self._agenda.told_to_act = False

    async def close(self) -> None:
        if self._loop is not None:
            self._loop.cancel()
            await asyncio.gather(self._loop, return_exceptions=True)
        await self._agenda.close()

    async def settled(self) -> None:
        """Wait until nothing is under way or due: what a test waits for instead of a while."""
        quiet = 0
        # Turns of the event loop after the last work: by then the dispatcher sleeps until its next instant.
        while quiet < 3:
            await asyncio.sleep(0)
            await self._agenda.something_done()
            idle = self._loop is None or self._loop.done()
            quiet = 0 if not idle and (self._agenda.busy or self._changes) else quiet + 1

    @property
    def agenda(self) -> Agenda:
        """What is to be done at an instant; others of this node may put theirs on it."""
        return self._agenda

    @property
    def acting(self) -> bool:
        """False while another node dispatches."""
        return self._agenda.acting

    @property
    def _changes(self) -> bool:
        return bool(self._dirty_contacts or self._dirty_supporters)

    # -- what it hears ---------------------------------------------------------------------------------------------

    def heard(self, change: Change) -> None:
        """A listener of the logbook: called after every durable change."""
        if isinstance(change.after, Contact):
            if change.after.person_lost and not change.before.person_lost:
                self.lines.line_back_of(change.log)
            if change.after.supporter_lost and not change.before.supporter_lost:
                self.lines.line_back_to(change.log)
            if not _moved(change.before, change.after):
                return
            self._heard_contact(change)
        elif isinstance(change.after, Attendance):
            self.roster.keep(change.after)
            self._dirty_supporters[change.after.supporter] = None
            if change.after.ready and not change.before.ready:
                self._more_here()
            if change.after.checked_in and not change.before.checked_in:
                self._slots.take_what_is_theirs(change.after.supporter)
            if change.before.checked_in and not change.after.checked_in:
                self._fewer_here()
                for contact in change.after.slots:
                    if (fold := self._logbook.held(contact)) and fold.owner == change.after.supporter:
                        self._hand_on_from_nobody(fold)
            self._slots.heard(change)
        self._agenda.wake()

    def _heard_contact(self, change: Change) -> None:
        before: Contact = change.before
        after: Contact = change.after
        now = self._clock.now()
        for who in before.holders - after.holders:
            self._agenda.do(self._slots.free(who, after.log, _why_freed(change)))
        for who in after.holders - before.holders:
            if self._pending.get(after.log) != who:
                self._agenda.do(self._slots.take(who, after))
        if before.rung != after.rung or before.owner != after.owner:
            self.absences.look(after)
            for who in {before.owner, after.owner} - {""}:
                self._count_rung_three(who, after.log)
        if after.offer is not None and after.offer != before.offer:
            self._take_back_from_absent(after.log, after.offer)
        self._index(after, now)
        if before.seq == 0 and change.here:
            self.lines.began(after.log)
        if after.owner and after.owner != before.owner:
            self._hand_on_from_nobody(after)
            self.lines.owned_by(after.owner)
            self._shift_ends.owned(after)

    def _take_back_from_absent(self, contact: str, offer: StandingOffer) -> None:
        """They went away between the choosing and the offer, or a crash cut their going short."""
        attendance = self.roster.attendance(offer.supporter)
        if attendance is None or not attendance.ready:
            self._agenda.do(self._logbook.change(contact, offers.end_offer(offer.offer, "gone")))

    def _count_rung_three(self, who: str, contact: str) -> None:
        """At rung 3 they have one at once, until that contact is no longer theirs or has come down."""
        attendance = self.roster.attendance(who)
        folds = [self._logbook.held(one) for one in (*(attendance.slots if attendance else ()), contact)]
        acting = any(fold is not None and fold.rung >= 3 and fold.owner == who for fold in folds)
        (self.roster.at_rung_three.add if acting else self.roster.at_rung_three.discard)(who)
        self._dirty_supporters[who] = None

    def _index(self, contact: Contact, now: datetime) -> None:
        """Put the contact where it belongs now: in the queue or out of it, and its next clock on the heap."""
        if contact.rung >= 2 and contact.nobodys and not contact.paged:
            self._agenda.do(self._logbook.change(contact.log, paging.page_for_nobodys(self._pinned(contact))))
        in_queue = contact.phase == "waiting" and contact.offer is None and not contact.with_lead
        if in_queue and contact.log not in self._pending:
            self.queue.put(as_waiting(contact, self._missed, now))
            self._dirty_contacts[contact.log] = None
            self._agenda.wake()
            self._ask_them_again(contact, now)
        else:
            self.queue.remove(contact.log)
        due = contact.due
        if due is not None and self._due.get(contact.log) != due:
            self._due[contact.log] = due
            self._agenda.at(due, lambda: self._clock_due(contact.log))
        elif due is None:
            self._due.pop(contact.log, None)
        if not contact.live:
            self.lines.forget(contact.log)
            self._again.pop(contact.log, None)

    def _ask_them_again(self, contact: Contact, now: datetime) -> None:
        """Who passed may be asked again after a while: look when the first of them may."""
        ends = [end for passed in contact.passed if (end := passed.at + self._missed) > now]
        if not ends:
            self._again.pop(contact.log, None)
        elif self._again.get(contact.log) != min(ends):
            self._again[contact.log] = min(ends)
            self._agenda.at(min(ends), lambda: self._look_again(contact.log))

    # -- the loop --------------------------------------------------------------------------------------------------

    async def _run(self) -> None:
        while True:
            try:
                now = self._clock.now()
                self._agenda.act(now)
                self._put_offers(now)
            except Exception:
                # Whatever one contact ran into, everybody else is still waiting.
                log.exception("dispatching failed")
            await self._agenda.sleep()

    def _supporter_changed(self, who: str) -> None:
        self._dirty_supporters[who] = None
        self._agenda.wake()

    def _put_offers(self, now: datetime) -> None:
        """Match what changed with what it could meet, reserve, and start the appends."""
        if not self.acting:
            self._dirty_contacts.clear()
            self._dirty_supporters.clear()
            return
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
            if not self._agenda.do(self._offer(pair.contact, pair.supporter)):
                del self._pending[pair.contact]
        for one in arrivals:
            if one not in served:
                self._agenda.do(self._be_honest(one))

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
                await self._slots.free(who, contact, "failed")
                raise
            if not written.events:
                await self._slots.free(who, contact, "moved_on")
        finally:
            self._pending.pop(contact, None)
            self._look_again(contact)
            self._supporter_changed(who)

    def _look_again(self, contact: str) -> None:
        fold = self._logbook.held(contact)
        if fold is not None:
            self._index(fold, self._clock.now())
            self._agenda.wake()

    async def _be_honest(self, contact: str) -> None:
        """Nobody could be asked. Say so when nobody will come: nobody here, or nobody of that language."""
        try:
            await self._say_who_is_here(contact)
        except HelplineError:
            again = self._clock.now() + RETRY
            self._agenda.at(again, lambda: self._agenda.do(self._be_honest(contact)))
            raise

    async def _say_who_is_here(self, contact: str) -> None:
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
                await self._logbook.change(contact, paging.alert_lead("nobody-took", "nobody_took"))

    async def _ask(self, fold: Contact, why: str, options: tuple[str, ...]) -> None:
        standing = fold.alert(why)
        told = standing is not None and standing.acknowledged_by != "answered"
        if not told and (fold.choice is None or fold.choice.why != why):
            await self._logbook.change(fold.log, talking.ask_choice(why, options))
            await self._logbook.change(fold.log, paging.alert_lead(why, why))

    def _more_here(self) -> None:
        """Somebody is here now: whoever was told that nobody is hears so."""
        now = self._clock.now()
        for waiting in tuple(self.queue):
            fold = self._logbook.held(waiting.contact)
            if fold is None or not fold.told_nobody:
                continue
            if self.roster.speakers(waiting.languages, waiting.channel, now):
                self._agenda.do(self._logbook.change(waiting.contact, talking.somebody_here()))

    def _fewer_here(self) -> None:
        """Somebody stopped being here: whoever waits for a language that nobody speaks now is told."""
        now = self._clock.now()
        for waiting in tuple(self.queue):
            if not self.roster.speakers(waiting.languages, waiting.channel, now):
                self._agenda.do(self._be_honest(waiting.contact))

    def rota_changed(self) -> None:
        """Somebody changed the rota: who is on now, and when that changes next, may be others."""
        if self._loop is not None:
            self._on_rota_change()

    def _on_rota_change(self, turn: int | None = None) -> None:
        """A shift began or ended, or the rota was changed. Of the timers set before a change the last one counts."""
        if turn is not None and turn != self._rota_turn:
            return
        self._rota_turn += 1
        turn = self._rota_turn
        self.on_rota_change()
        now = self._clock.now()
        for attendance in self.roster.checked_in():
            self._dirty_supporters[attendance.supporter] = None
        following = self.roster.rota.next_change_after(now)
        if following is not None:
            self._agenda.at(following, lambda: self._on_rota_change(turn))
            leaving = following - timedelta(minutes=self._definition.offers.leaving_minutes)
            if leaving > now:
                self._agenda.at(leaving + LEAVING_FROM, self._fewer_here)
        self._fewer_here()
        self._shift_ends.look()
        self._agenda.wake()

    def _clock_due(self, contact: str) -> None:
        fold = self._logbook.held(contact)
        self._due.pop(contact, None)
        if fold is None or fold.due is None:
            return
        if fold.due > self._clock.now():
            self._index(fold, self._clock.now())
            return
        self._agenda.do(self._fire(contact, fold))

    async def _fire(self, contact: str, fold: Contact) -> None:
        try:
            written = await self._logbook.change(contact, escalation.clocks_due(self._pinned(fold)))
        except HelplineError:
            self._agenda.at(self._clock.now() + RETRY, lambda: self._clock_due(contact))
            raise
        if not written.events:
            self._index(written.fold, self._clock.now())

    # -- appends of its own ----------------------------------------------------------------------------------------

    def _hand_on_from_nobody(self, contact: Contact) -> None:
        """An owner who is not on shift any more is nobody: first in the queue, and the lead is told."""
        if contact.phase == "live" and self.roster.attendance(contact.owner) is None:
            let_go = offers.release(SERVICE, self._pinned(contact), "queue", "end_of_shift", "")
            self._agenda.do(self._logbook.change(contact.log, let_go))


def _moved(before: Contact, after: Contact) -> bool:
    """Whether anything differs that offers, the queue or the clocks go by. Words alone move nobody.

    Everybody who waits may go on writing, so this is asked for every text and compares what is there, walking nothing.
    """
    return (
        before.phase != after.phase
        or before.offer is not after.offer
        or before.clocks != after.clocks
        or before.participants != after.participants
        or before.owner != after.owner
        or before.rung != after.rung
        or before.with_lead != after.with_lead
        or before.waiting_since != after.waiting_since
        or before.passed != after.passed
        or before.prompts is not after.prompts
        or before.urgency != after.urgency
        or before.speaks != after.speaks
        or before.prefers != after.prefers
        or before.live != after.live
    )


def _why_freed(change: Change) -> str:
    for event in change.events:
        if isinstance(event.body, OfferEnded):
            return event.body.why
    return change.events[-1].kind
