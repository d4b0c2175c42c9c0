"""Rings: a press at the desk becomes one call of the carrier, our side first, and never a second by itself.

The press is on the record before the carrier hears of it. Whatever is not known afterwards (a crash, a silence) is
written as not known, and somebody decides whether to press again.
"""

from datetime import datetime, timedelta

import structlog

from helpline import call_backs
from helpline.calls import Placing
from helpline.contact import Contact
from helpline.errors import HelplineError, NotNow
from helpline.events import CallMe
from helpline.logbook import Change, Decide
from helpline.service import Helpline
from sms import voice
from sms.carrier import Carrier, Refused, Unreachable
from sms.circuit import Breaker
from sms.rung_line import RungLine

log = structlog.get_logger()

ON_OUR_SIDE = "/hooks/voice"
# No call of ours is longer; one of which nothing was heard since is not known to go on.
LONGEST_CALL = timedelta(hours=4)
# How our side's own leg may end before theirs was ever rung.
NOT_TAKEN = frozenset({"busy", "no-answer", "failed", "canceled"})
# The end of our leg and the end of theirs are told apart, in any order.
THEIR_WORD_COMES = timedelta(seconds=20)
# The carrier tells the end of a call once, and we may be down when it does: so often it is asked.
ASKED_EVERY = timedelta(minutes=2)
RETRY = timedelta(seconds=2)
# A call that was intended has been handed to the carrier by then, or its node has died.
PLACED_WITHIN = timedelta(minutes=1)
# What the carrier may take what answered for. Anything else is a person, or not known.
MACHINES = ("machine", "fax")


class Ringer:
    """`open` it once the service runs. `ours` is the helpline's number, `public` our address as the carrier calls it.

    `breaker` is the circuit that calls have in common with texts: while it is open nothing is placed.
    """

    def __init__(
        self, helpline: Helpline, carrier: Carrier, ours: str, public: str, breaker: Breaker | None = None
    ) -> None:
        self._helpline, self._carrier, self._ours = helpline, carrier, ours
        self.breaker = breaker or Breaker(helpline.clock)
        self.rung_line = RungLine(helpline)
        self._at = f"{public.rstrip('/')}{ON_OUR_SIDE}"
        self._agenda = helpline.dispatcher.agenda
        self._rung: set[str] = set()

    def open(self) -> None:
        """Calls may be placed. One that was intended when the service went down is not placed again."""
        self._helpline.rings = True
        self._stop = self._helpline.listen(self._heard)
        self._helpline.on_acting(self._take_up)

    def _take_up(self) -> None:
        for contact in self._helpline.contacts():
            placing = contact.calls.placing
            if placing is not None and self._helpline.bus.alone:
                self._look_after(contact, placing)
            elif placing is not None:
                self._look_later(contact.log, placing)
            self._text_who_was_missed(contact)

    def _look_later(self, contact: str, placing: Placing) -> None:
        """Another node may be at it just now. If that node has died, the one that acts looks after its call."""

        def look() -> None:
            held: Contact | None = self._helpline.logbook.held(contact)
            going = held.calls.placing if held is not None else None
            if held is not None and going is not None and going.call == placing.call:
                self._look_after(held, going)

        self._agenda.at(max(placing.at + PLACED_WITHIN, self._helpline.clock.now()), look)

    def _look_after(self, contact: Contact, placing: Placing) -> None:
        if not placing.sid:
            self._agenda.do(self._write(contact.log, call_backs.ended(placing.call, "unknown")))
        else:
            # Whether theirs was rung is not known any more.
            self._rung.add(placing.call)
            self._agenda.do(self._ask_after(contact.log, placing.call, placing.sid, placing.at))

    def close(self) -> None:
        self._helpline.rings = False
        self._stop()

    def _heard(self, change: Change) -> None:
        if not isinstance(change.after, Contact):
            return
        before, after = change.before.calls.placing, change.after.calls.placing
        if after is not None and (before is None or before.call != after.call):
            if change.here:  # once, wherever it was pressed: two nodes would ring twice
                self._agenda.do(self._place(change.log, after), anywhere=True)
            if not self._helpline.bus.alone:
                self._look_later(change.log, after)
        self._text_who_was_missed(change.after)

    def _text_who_was_missed(self, contact: Contact) -> None:
        """One neutral text, where they agreed to it; from there on it is a text as all others are."""
        if call_backs.wants_text(contact, self._helpline.clock.now()):
            self._agenda.do(self._write(contact.log, call_backs.missed_text()))

    async def _place(self, contact: str, placing: Placing) -> None:
        """Ask the carrier, once. A silence leaves it open whether it rang: then it is said so."""
        account = self._helpline.people.get(placing.by)
        if account is None or not account.phone:
            await self._write(contact, call_backs.ended(placing.call, "refused"))
            return
        if not self.breaker.lets:
            await self._write(contact, call_backs.ended(placing.call, "silent"))
            return
        where = f"{self._at}/bridge/{placing.call}"
        try:
            made = await self._carrier.bridge(
                account.phone, where, f"{self._at}/status/{placing.call}", rings=voice.RINGS
            )
        except Refused:
            self.breaker.heard()
            await self._write(contact, call_backs.ended(placing.call, "refused"))
        except Unreachable as lost:
            self.breaker.silent(lost.wait)
            outcome = "unknown" if lost.unknown else "failed"
            await self._write(contact, call_backs.ended(placing.call, outcome))
        else:
            self.breaker.heard()
            await self._write(contact, call_backs.placed(placing.call, made.sid))
            self._ask_again(contact, placing.call, made.sid, placing.at)

    def _ask_again(self, contact: str, call: str, sid: str, began: datetime) -> None:
        due = self._helpline.clock.now() + ASKED_EVERY
        asking = self._ask_after
        self._agenda.at(due, lambda: self._agenda.do(asking(contact, call, sid, began), anywhere=True))

    async def _ask_after(self, contact: str, call: str, sid: str, began: datetime) -> None:
        """How a call stands at the carrier, until it is over. One it knows nothing of is not known to go on."""
        if self._of(call) is None:
            return
        if self._helpline.clock.now() >= began + LONGEST_CALL:
            await self._write(contact, call_backs.ended(call, "unknown"))
            return
        try:
            await self.status(call, (await self._carrier.call(sid)).status)
        except Refused:
            await self._write(contact, call_backs.ended(call, "unknown"))
        except Unreachable as lost:
            log.warning("the carrier was not asked how a call stands", why=lost.why)
        self._ask_again(contact, call, sid, began)

    async def _write(self, contact: str, decide: Decide) -> None:
        try:
            await self._helpline.logbook.change(contact, decide, via="call")
        except HelplineError as error:
            # The store's trouble: what was found out is written once it can be.
            log.warning("how a call stands was not written yet", error=type(error).__name__)
            again = self._helpline.clock.now() + RETRY
            self._agenda.at(again, lambda: self._agenda.do(self._write(contact, decide), anywhere=True))

    def _of(self, call: str) -> Contact | None:
        """The contact this call is on its way for; None once it has ended."""
        for contact in self._helpline.contacts():
            if contact.calls.placing is not None and contact.calls.placing.call == call:
                return contact
        return None

    # -- what the carrier asks -------------------------------------------------------------------------------------

    def answered(self, call: str) -> str:
        """Our side answered: what it hears."""
        if self._of(call) is None:
            return voice.hang_up()
        return voice.press_one(f"{self._at}/connect/{call}")

    async def pressed(self, call: str, digits: str) -> str:
        """Our side pressed a key, or none: only 1 rings them, and only while they may still be rung."""
        contact = self._of(call)
        if contact is None:
            return voice.hang_up()
        try:
            if digits != "1":
                raise NotNow
            call_backs.in_time(contact, self._helpline.clock.now())
            body = (await self._helpline.event_at(contact.log, contact.calls.asked)).body
        except NotNow:
            await self._write(contact.log, call_backs.ended(call, "not-taken"))
            return voice.hang_up()
        if not isinstance(body, CallMe) or not body.number:
            await self._write(contact.log, call_backs.ended(call, "refused"))
            return voice.hang_up()
        self._rung.add(call)
        done, machine = f"{self._at}/done/{call}", f"{self._at}/machine/{call}"
        return voice.connect(body.number, self._ours, done, machine)

    async def answered_by(self, call: str, what: str) -> None:
        """What the carrier takes their side for. A person is no news."""
        contact = self._of(call)
        if contact is not None and what.startswith(MACHINES):
            await self._write(contact.log, call_backs.machine(call))

    async def done(self, call: str, outcome: str, seconds: int) -> str:
        """How their side ended."""
        await self._ended(call, outcome, seconds)
        return voice.hang_up()

    async def status(self, call: str, status: str) -> None:
        """How our side's leg stands. Steps on the way tell nothing; its end may come before the word of theirs."""
        if status in NOT_TAKEN:
            await self._ended(call, "not-taken")
        elif status == "completed":
            contact = self._of(call)
            if contact is not None:
                # Of several nodes another one may have been asked to ring theirs.
                rung = call in self._rung or not self._helpline.bus.alone
                outcome = "unknown" if rung else "not-taken"
                due = self._helpline.clock.now() + THEIR_WORD_COMES
                late = call_backs.ended(call, outcome)
                self._agenda.at(due, lambda: self._agenda.do(self._write(contact.log, late), anywhere=True))

    async def _ended(self, call: str, outcome: str, seconds: int = 0) -> None:
        contact = self._of(call)
        if contact is not None:
            await self._write(contact.log, call_backs.ended(call, outcome, seconds))
        self._rung.discard(call)
