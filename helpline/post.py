"""The outbox: letters are kept before they go, tried until they have gone or would come too late, and then forgotten.

What was turned into letters is kept too: the seq of the last step of the rota, and up to which instant reminders were
written. A kill in between loses no letter, and none is queued twice, because a letter derived again is the same one.
Sending is at least once, with the same Message-ID at every try. One background task does all of it; nothing waits
for it.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator
from datetime import datetime, timedelta
from typing import Literal

import msgspec
import structlog

from helpline.agenda import Agenda
from helpline.cabinet import Cabinet
from helpline.definition import Definition
from helpline.directory_letters import checks
from helpline.directory_services import Entry
from helpline.errors import HelplineError
from helpline.letter_words import Composer
from helpline.letters import Letter, as_it_is, letters_of
from helpline.people import People
from helpline.ports import Clock, Keys, Mail, Message, Store, Undelivered
from helpline.reminders import next_due, reminders, unconfirmed
from helpline.rota_keeping import RotaKeeping, Step
from rota.book import Book, NightChanged, ShiftChanged
from rota.members import Member
from rota.shifts import Slot

log = structlog.get_logger()

AT_ONCE = 50
BETWEEN_ROUNDS = timedelta(minutes=1)
TRIES_AFTER = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60))
LOOK_AT_LEAST = timedelta(hours=6)
ASKS_PASS_EVERY = timedelta(minutes=5)
KEPT_AFTER = timedelta(days=2)
FAILED_KEPT_AFTER = timedelta(days=7)
STEPS_AT_ONCE = 200
CONFIRM_WITHIN = 24
_POSITION = "position"

State = Literal["waiting", "sent", "failed", "passed"]


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """A letter in the outbox. `passed`: it had nothing true to say any more when its turn came.

    Whatever has ended stays for a while, so that it is not written again and so that failures can be seen.
    """

    id: str
    letter: Letter
    state: State = "waiting"
    tries: int = 0
    next_try: datetime | None = None
    ended_at: datetime | None = None
    why: str = ""


class Position(msgspec.Struct, frozen=True, kw_only=True):
    """Up to where letters were written: the rota's `seq`, and the instant `until`. `mail`: by a service that has it."""

    seq: int
    until: datetime
    mail: bool = False


class Failed(msgspec.Struct, frozen=True):
    """A letter that did not reach `to` (an account id). `why` is in plain words."""

    to: str
    what: str
    why: str
    since: datetime


class PostState(msgspec.Struct, frozen=True, kw_only=True):
    """How the post stands. `trouble` says what keeps all letters, such as a mail server that does not answer."""

    running: bool
    set_up: bool
    waiting: int
    failed: tuple[Failed, ...]
    last_sent: datetime | None
    sent: int
    trouble: str


class Post:
    """The post of one service: `open` it, then `start` it. Not started, it writes and sends nothing.

    `entries` are those of the directory, of which leads hear when they are to be checked.
    """

    def __init__(
        self,
        rota: RotaKeeping,
        people: People,
        clock: Clock,
        definition: Definition,
        store: Store,
        keys: Keys,
        entries: Callable[[], Iterable[Entry]] = tuple,
    ) -> None:
        self._entries = entries
        self._rota, self._people, self._clock, self._definition = rota, people, clock, definition
        self._store, self._keys = store, keys
        self._agenda = Agenda(clock)
        self.acting: Callable[[], bool] = lambda: True
        """Whether it is this node that writes and sends."""
        self._mail: Mail | None = None
        self._composer: Composer | None = None
        self._loop: asyncio.Task[None] | None = None
        self._between_turns = asyncio.Event()
        self._between_turns.set()
        self._delivering = False
        # The letter that is being handed over: nobody else changes it meanwhile.
        self._in_hand = ""
        # Handed over, whether or not that could be written down.
        self._gone: set[str] = set()
        self._until: datetime | None = None
        self._wakes_at: datetime | None = None
        self._asks_pass_at: datetime | None = None
        self._not_before: datetime | None = None
        self._troubled = 0
        self._trouble = ""
        self._sent = 0

    async def open(self) -> None:
        """Read the outbox. One that was never there begins now: of what happened before nobody is told."""
        self._outbox = await Cabinet.open(self._store, self._keys, "letter", Kept)
        self._positions = await Cabinet.open(self._store, self._keys, "post", Position)
        if _POSITION not in self._positions:
            await self._positions.put(_POSITION, Position(seq=self._rota.seq, until=self._clock.now()))

    @property
    def documents(self) -> tuple[tuple[str, Callable[[str | None], Awaitable[None]]], ...]:
        """The kinds of documents it holds, with what reads them anew when another node wrote."""
        return (("letter", self._outbox.reread), ("post", self._positions.reread))

    def start(self, mail: Mail | None, origin: str) -> None:
        """Begin. Without `mail` the time goes by and nothing is written. `origin` is where links lead."""
        definition = self._definition
        self._mail = mail
        self._composer = Composer(definition.zone, definition.rota.shown_as, origin, self._named)
        self._rota.listen(lambda _before, _after: self._agenda.wake())
        self._agenda.wake()
        self._loop = asyncio.create_task(self._run())

    async def take_up(self) -> None:
        """Writing and sending have come to this node: go on where the other one was."""
        try:
            await self._outbox.reread()
            await self._positions.reread()
        except HelplineError as error:
            # They are followed as they are written, too. Texts and calls begin after this, and do not wait for it.
            log.warning("letters were not read anew", error=type(error).__name__)
        self._agenda.wake()

    async def close(self) -> None:
        """Stop. A letter under way is broken off, and tried again at the next start."""
        if self._loop is not None:
            self._loop.cancel()
            await asyncio.gather(self._loop, return_exceptions=True)
        await self._agenda.close()

    def state(self) -> PostState:
        failed = tuple(
            Failed(kept.letter.to, kept.letter.what, kept.why, kept.letter.at)
            for kept in sorted(self._outbox, key=lambda kept: kept.letter.at)
            if kept.state == "failed"
        )
        return PostState(
            running=self._loop is not None,
            set_up=self._mail is not None,
            waiting=sum(kept.state == "waiting" for kept in self._outbox),
            failed=failed,
            last_sent=max(
                (kept.ended_at for kept in self._outbox if kept.state == "sent" and kept.ended_at),
                default=None,
            ),
            sent=self._sent,
            trouble=self._trouble,
        )

    def without_address(self) -> tuple[str, ...]:
        """Who gets no letters because no e-mail address is known."""
        return tuple(sorted(account.id for account in self._people if account.active and not account.email))

    async def settled(self) -> None:
        """Wait until nothing is under way or due: what a test waits for instead of a while."""
        quiet = 0
        while quiet < 3:
            await asyncio.sleep(0)
            await self._agenda.something_done()
            await self._between_turns.wait()
            idle = self._loop is None or self._loop.done()
            quiet = 0 if not idle and self._agenda.busy else quiet + 1

    # -- the loop --------------------------------------------------------------------------------------------------

    async def _run(self) -> None:
        while True:
            self._between_turns.clear()
            now = self._clock.now()
            self._agenda.act(now)
            try:
                if self.acting():
                    await self._turn(now)
            except Exception as error:  # noqa: BLE001 (letters must go on whatever happens to one turn; logged here)
                # Nothing is lost by it: what was not kept is written again from where the position stands.
                log.warning("letters wait", error=type(error).__name__)
                self._look_again(now + TRIES_AFTER[0])
            finally:
                self._between_turns.set()
            await self._agenda.sleep()

    async def _turn(self, now: datetime) -> None:
        await self._let_asks_pass(now)
        await self._write(now)
        await self._forget(now)
        if self._mail is not None:
            self._look_again(self._deliver(now))
            plan = msgspec.structs.replace(self._rota.plan(), now=now)
            self._look_again(next_due(plan, LOOK_AT_LEAST))

    def _look_again(self, at: datetime | None) -> None:
        """Wake at an instant, unless something earlier is on the agenda already."""
        if at is None or (self._wakes_at is not None and self._clock.now() < self._wakes_at <= at):
            return
        self._wakes_at = at
        self._agenda.at(at, lambda: None)

    async def _let_asks_pass(self, now: datetime) -> None:
        if not self._rota.book.asks:
            self._asks_pass_at = None
            return
        if self._asks_pass_at is None or self._asks_pass_at <= now:
            await self._rota.let_pass()
            self._asks_pass_at = now + ASKS_PASS_EVERY
        self._look_again(self._asks_pass_at)

    # -- writing ---------------------------------------------------------------------------------------------------

    async def _write(self, now: datetime) -> None:
        """Keep the letters of everything that happened since the position, and then the new position."""
        position = self._positions.get(_POSITION)
        assert position is not None
        # Seen at one moment, before anything is awaited: the book is that of this seq.
        seq = self._rota.seq
        plan = msgspec.structs.replace(self._rota.plan(), now=now)
        until = max(now, position.until)
        moved = Position(seq=seq, until=until, mail=self._mail is not None)
        if self._mail is None:
            if moved.seq != position.seq or position.mail:
                await self._positions.put(_POSITION, moved)
            return
        members = tuple(self._reached())
        steps = await self._steps(position.seq, seq)
        letters: list[Letter] = []
        for step, before, after in _with_books(steps, plan.book):
            letters += letters_of(step, before, after, plan, members)
        # A service that had no mail before does not begin with all it would have sent.
        since = max(position.until, self._until or position.until) if position.mail else until
        letters += reminders(plan, members, since, _given(steps))
        letters += unconfirmed(plan, members, since, frozenset(self._listed()))
        letters += checks(self._entries(), members, plan.zone, since, now)
        kept = [await self._keep(letter) for letter in letters]
        if any(kept) or steps or not position.mail or until - position.until >= LOOK_AT_LEAST:
            await self._positions.put(_POSITION, moved)
        self._until = until

    async def _steps(self, after: int, until: int) -> list[Step]:
        steps: list[Step] = []
        while after < until:
            batch = await self._rota.steps_after(after, min(STEPS_AT_ONCE, until - after))
            if not batch:
                break
            steps += batch
            after = batch[-1].seq
        return steps

    async def _keep(self, letter: Letter) -> bool:
        """Put it in the outbox; False when it was there before."""
        id = self._keys.claim("letter", letter.mark).hex()
        if id in self._outbox:
            return False
        await self._outbox.put(id, Kept(id=id, letter=letter))
        for kept in self._waiting():
            older = kept.letter
            if letter.what == older.what == "remind" and kept.id != id and _same_shift(letter, older):
                await self._ended(kept, "passed")
        return True

    def _reached(self) -> Iterator[Member]:
        for account in self._people:
            if account.active and account.email:
                yield self._rota.member_of(account)

    def _listed(self) -> Iterator[tuple[str, str, str]]:
        for kept in self._outbox:
            if kept.letter.what == "unconfirmed":
                yield from ((kept.letter.to, told.slot, told.person) for told in kept.letter.about)

    def _waiting(self) -> list[Kept]:
        return [kept for kept in self._outbox if kept.state == "waiting" and kept.id != self._in_hand]

    async def _forget(self, now: datetime) -> None:
        for kept in self._waiting():
            if kept.letter.until <= now:
                true = as_it_is(kept.letter, self._rota.book)
                late = f"Too late. {kept.why or self._trouble}".strip()
                await self._ended(kept, "failed" if true is not None else "passed", late)
        for kept in list(self._outbox):
            stays = FAILED_KEPT_AFTER if kept.state == "failed" else KEPT_AFTER
            if kept.state != "waiting" and kept.letter.until + stays < now:
                await self._outbox.remove(kept.id)
                self._gone.discard(kept.id)

    async def _ended(self, kept: Kept, state: State, why: str = "") -> None:
        now = self._clock.now()
        ended = msgspec.structs.replace(kept, state=state, why=why, next_try=None, ended_at=now)
        await self._outbox.put(kept.id, ended)

    # -- sending ---------------------------------------------------------------------------------------------------

    def _deliver(self, now: datetime) -> datetime | None:
        """Begin a round of sending when there is something to send; else when there will be."""
        if self._delivering:
            return None
        tries = [max(kept.next_try or now, self._not_before or now) for kept in self._waiting()]
        if not tries:
            return None
        if min(tries) <= now:
            self._delivering = True
            self._agenda.do(self._round())
            return None
        return min(tries)

    async def _round(self) -> None:
        """At most `AT_ONCE` letters, the most urgent first, one after another over one connection."""
        assert self._mail is not None
        now = self._clock.now()
        due = [kept for kept in self._waiting() if kept.next_try is None or kept.next_try <= now]
        due.sort(key=lambda kept: kept.letter.until)
        self._not_before = now + BETWEEN_ROUNDS if len(due) > AT_ONCE else None
        try:
            for id in [kept.id for kept in due[:AT_ONCE]]:
                kept = self._outbox.get(id)
                if kept is not None and kept.state == "waiting":
                    self._in_hand = id
                    if not await self._handed_over(kept):
                        break
        except Exception:
            # It could not be written down that a letter went. Not at once again, whatever the reason.
            self._not_before = self._clock.now() + TRIES_AFTER[0]
            raise
        finally:
            self._in_hand = ""
            await self._mail.rest()
            self._delivering = False
            self._agenda.wake()

    async def _handed_over(self, kept: Kept) -> bool:
        """Send one. False when the mail server takes no letters at all for now."""
        assert self._mail is not None
        if kept.id not in self._gone:
            message = self._message(kept)
            if message is None:
                await self._ended(kept, "passed")
                return True
            try:
                await self._mail.send(message)
            except Undelivered as refused:
                await self._not_taken(kept, refused)
                return refused.only_this
            self._gone.add(kept.id)
            self._sent += 1
        self._trouble, self._troubled = "", 0
        await self._ended(kept, "sent")
        return True

    async def _not_taken(self, kept: Kept, refused: Undelivered) -> None:
        now = self._clock.now()
        if not refused.only_this:
            self._trouble = refused.why
            self._not_before = now + _pause(self._troubled)
            self._troubled += 1
            log.warning("the mail server takes no letters", tries=self._troubled)
        if refused.for_good:
            await self._ended(kept, "failed", refused.why)
            return
        again = now + _pause(kept.tries)
        tried = msgspec.structs.replace(kept, tries=kept.tries + 1, next_try=again, why=refused.why)
        await self._outbox.put(kept.id, tried)

    def _message(self, kept: Kept) -> Message | None:
        """The letter as it reads now; None when there is nothing to say or nowhere to send it."""
        letter, now = kept.letter, self._clock.now()
        account = self._people.get(letter.to)
        true = as_it_is(letter, self._rota.book) if now < letter.until else None
        if true is None or account is None or not account.active or not account.email:
            return None
        assert self._composer is not None
        subject, text = self._composer.compose(true, now, please=self._wants_confirming(true))
        return Message(kept.id, account.email, subject, text, now)

    def _wants_confirming(self, letter: Letter) -> bool:
        if not letter.about:
            return False
        within = max(CONFIRM_WITHIN, self._definition.rota.confirm_hours)
        if letter.what == "remind" and letter.hours > within:
            return False
        return not self._rota.book.confirmed(Slot.parse(letter.about[0].slot), letter.to)

    def _named(self, id: str) -> str:
        account = self._people.get(id)
        return account.shown_name if account is not None else ""


def _with_books(steps: list[Step], now: Book) -> list[tuple[Step, Book, Book]]:
    """Each step with the book before it and after it, found by going back from the book as it is."""
    found = []
    after = now
    for step in reversed(steps):
        before = after.apply(change.turned for change in reversed(step.changes))
        found.append((step, before, after))
        after = before
    return found[::-1]


def _given(steps: list[Step]) -> dict[str, datetime]:
    """Slots and shifts that came into other hands, and when."""
    given: dict[str, datetime] = {}
    for step in steps:
        for change in step.changes:
            if isinstance(change, ShiftChanged) or (
                isinstance(change, NightChanged) and _holder(change.before) != _holder(change.after)
            ):
                given[change.id] = step.at
    return given


def _holder(night: object) -> object:
    return getattr(night, "person", None)


def _same_shift(one: Letter, other: Letter) -> bool:
    return (one.to, one.about[0].slot) == (other.to, other.about[0].slot)


def _pause(tries: int) -> timedelta:
    return TRIES_AFTER[min(tries, len(TRIES_AFTER) - 1)]
