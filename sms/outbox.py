"""Sends what is to go: one text of a contact at a time, in order, each intended on the record before it is handed over.

The log is the outbox. What is pending stands in the contact's fold and is there again after a crash. A text that was
intended and of which nothing more is known is looked for at the carrier before it is sent again: by number and words,
among those the log does not know already. So none goes twice, and none is forgotten.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime, timedelta

import structlog

from helpline.contact import Contact
from helpline.errors import HelplineError
from helpline.events import CallMe, Event, NumberGiven, TextTaken, TextTrying
from helpline.logbook import Change
from helpline.service import Helpline
from helpline.texts import NOT_BY_TEXT, Sending
from sms import sending
from sms.carrier import Carrier, Kept, Refused, Unreachable
from sms.circuit import Breaker, Circuit
from sms.inbound import StatusTold
from sms.segments import plainly, segments, texts
from sms.wording import words_of

log = structlog.get_logger()

AT_ONCE = 8
# The carrier's clock and ours may differ, ours by an hour where somebody set it by hand.
LOOK_BACK = timedelta(hours=2)
EARLY_KEPT = 10_000
RETRY = timedelta(seconds=2)
LINES_PAUSE = timedelta(minutes=5)


class Outbox:
    """`open` it once the service runs. `on_circuit` is told when the carrier is lost, and when it is back."""

    def __init__(
        self, helpline: Helpline, carrier: Carrier, on_circuit: Callable[[Circuit], None] = lambda _: None
    ) -> None:
        self._helpline, self._carrier = helpline, carrier
        self._agenda = helpline.dispatcher.agenda
        self._busy: set[str] = set()
        self._slots = asyncio.Semaphore(AT_ONCE)
        # Told of a text before we had written that it was taken.
        self._early: OrderedDict[str, StatusTold] = OrderedDict()
        self.breaker = Breaker(helpline.clock, on_circuit)
        # Not heard about a number lately: texts do not wait for it each time.
        self._lines_again: datetime | None = None

    @property
    def circuit(self) -> Circuit:
        return self.breaker.circuit

    def open(self) -> None:
        """Begin with what is pending."""
        self._stop = self._helpline.listen(self._heard)
        self._helpline.on_acting(self._take_up)

    def _take_up(self) -> None:
        for contact in self._helpline.contacts():
            self._look(contact)

    def close(self) -> None:
        """Hear no more. What is under way ends with the service; what is cut off is looked for at the next start."""
        self._stop()

    def _heard(self, change: Change) -> None:
        if isinstance(change.after, Contact) and change.after.texts.sending:
            self._look(change.after)
        if not change.here and self._early:
            for event in change.events:
                if isinstance(event.body, TextTaken) and (early := self._early.pop(event.body.sid, None)):
                    self._agenda.do(self.told(early), anywhere=True)

    def _look(self, contact: Contact) -> None:
        """Go on with a contact: now, or when its next text may be tried."""
        going = contact.texts.next
        if going is None or contact.log in self._busy or not self._helpline.acting:
            return
        now = self._helpline.clock.now()
        due = max(sending.not_before(going) or now, self.circuit.again_at or now)
        if due > now:
            self._agenda.at(due, lambda: self._look_again(contact.log))
            return
        self._busy.add(contact.log)
        self._agenda.do(self._go_on(contact.log))

    def _look_again(self, contact: str) -> None:
        held: Contact | None = self._helpline.logbook.held(contact)
        if held is not None:
            self._look(held)

    async def _go_on(self, contact: str) -> None:
        again = RETRY
        try:
            async with self._slots:
                await self._one(contact)
            again = timedelta(0)
        except HelplineError as error:
            # The store's trouble: what was to be written is found out again.
            log.warning("a text waits", error=type(error).__name__)
        finally:
            self._busy.discard(contact)
            if again:
                due = self._helpline.clock.now() + again
                self._agenda.at(due, lambda: self._look_again(contact))
            else:
                self._look_again(contact)

    async def _one(self, contact: str) -> None:
        """Try the next text of a contact once, or find out what became of the last try."""
        fold = await self._helpline.contact(contact)
        going = fold.texts.next
        now = self._helpline.clock.now()
        if going is None or not self.breaker.lets:
            return
        if (due := sending.not_before(going)) is not None and due > now:
            return
        events = await self._helpline.logbook.read(contact)
        number = _number(events)
        if not number:
            # The key is gone: nobody can be reached by it any more.
            await self._write(contact, sending.refused(self._helpline.pinned(fold), going.of, going.part, 0))
            return
        try:
            if not going.trying and await self._read_aloud(fold, number):
                pinned = self._helpline.pinned(fold)
                await self._write(contact, sending.read_aloud(pinned, going.of, going.part))
                return
            if going.trying and (found := await self._found(going, number, events)) is not None:
                await self._taken(contact, going.of, going.part, found)
                return
            if going.of in fold.texts.taken_back:
                await self._write(contact, sending.taken_back(going.of, going.part))
                return
            await self._hand_over(fold, going, number, events)
        except Unreachable as lost:
            self.breaker.silent(lost.wait)
            unknown = lost.unknown or going.trying
            await self._write(contact, sending.silent(going.of, going.part, unknown=unknown, wait=lost.wait))
        except Refused as no:
            self.breaker.heard()
            pinned = self._helpline.pinned(fold)
            await self._write(contact, sending.refused(pinned, going.of, going.part, no.code))

    async def _read_aloud(self, fold: Contact, number: str) -> bool:
        """Whether their phone would read a text to the house. Asked before the first, and kept in the contact.

        Where the carrier cannot say, the text goes: silence would be worse.
        """
        if fold.texts.line:
            return fold.texts.unanswerable
        now = self._helpline.clock.now()
        if self._lines_again and now < self._lines_again:
            return False
        try:
            line: str = await self._carrier.line_type(number)
        except Unreachable:
            self._lines_again = now + LINES_PAUSE
            return False
        except Refused:
            line = "unknown"
        self._lines_again = None
        await self._write(fold.log, sending.line_known(line))
        return line in NOT_BY_TEXT

    async def _hand_over(self, fold: Contact, going: Sending, number: str, events: list[Event]) -> None:
        parts = _parts(self._helpline, fold, going, events)
        if not parts:
            await self._write(fold.log, sending.refused(self._helpline.pinned(fold), going.of, going.part, 0))
            return
        words = parts[going.part - 1]
        intended = await self._helpline.logbook.change(
            fold.log, sending.trying(going, going.part, len(parts), words), via="sms"
        )
        if not intended.events:
            return
        kept = await self._carrier.send(number, words)
        self.breaker.heard()
        await self._taken(fold.log, going.of, going.part, kept)

    async def _found(self, going: Sending, number: str, events: list[Event]) -> Kept | None:
        """The text of an earlier try, where the carrier has it. Raises what the carrier raises."""
        tried = [
            event
            for event in events
            if isinstance(event.body, TextTrying)
            and (event.body.of, event.body.part) == (going.of, going.part)
        ]
        known = {event.body.sid for event in events if isinstance(event.body, TextTaken)}
        words = {_bare(event.body.words or "") for event in tried if isinstance(event.body, TextTrying)}
        since = min((event.at for event in tried), default=self._helpline.clock.now()) - LOOK_BACK
        found = None
        async for kept in self._carrier.sent_to(number, since):
            if kept.sid not in known and _bare(kept.text) in words:
                found = kept
        self.breaker.heard()
        return found

    async def _taken(self, contact: str, of: int, part: int, kept: Kept) -> None:
        claim = self._helpline.keys.claim("carrier", kept.sid)
        await self._helpline.logbook.change(
            contact,
            sending.taken(of, part, kept.sid, segments(kept.text).count),
            via="sms",
            claims=(claim,),
        )
        early = self._early.pop(kept.sid, None)
        if early is not None:
            await self.told(early)

    async def told(self, status: StatusTold) -> bool:
        """A status callback. False when no text of ours is known by that id yet: kept, in case we are about to."""
        # Kept before it is asked for: that it was taken may be heard of while we ask.
        self._early[status.sid] = status
        while len(self._early) > EARLY_KEPT:
            self._early.popitem(last=False)
        found = await self._helpline.store.find(self._helpline.keys.claim("carrier", status.sid))
        if found is None:
            return False
        if self._early.get(status.sid) is status:
            del self._early[status.sid]
        # The node that sent it may have written a moment ago what is not known here yet.
        fold = await self._helpline.newest(found[0])
        pinned = self._helpline.pinned(fold)
        await self._write(found[0], sending.told(pinned, status.sid, status.status, status.code))
        return True

    async def _write(self, contact: str, decide: object) -> None:
        await self._helpline.logbook.change(contact, decide, via="sms")  # type: ignore[arg-type]


def _bare(words: str) -> str:
    """Words as they are compared: a carrier may trim them, or put a plainer character in the place of another."""
    return " ".join(plainly(words).split())


def _number(events: list[Event]) -> str:
    """The number they text from, else the one they asked to be rung on; empty once its key is destroyed."""
    given = [event.body.number for event in events if isinstance(event.body, NumberGiven)]
    asked = [event.body.number for event in events if isinstance(event.body, CallMe)]
    return next((one or "" for one in (*given[-1:], *asked[-1:])), "")


def _parts(helpline: Helpline, fold: Contact, going: Sending, events: list[Event]) -> tuple[str, ...]:
    """The texts of what is to go. Parting is the same at every try."""
    said = next((event for event in events if event.seq == going.of), None)
    if said is None:
        return ()
    closes = helpline.hours.closes_at(fold.channel, said.at)
    opens_at = helpline.hours.next_opening(fold.channel, closes or said.at)
    return texts(plainly(words_of(helpline.pinned(fold), fold, said, opens_at)))
