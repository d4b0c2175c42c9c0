"""Keeping the rota: what may be asked of it, and what follows at once for who is on and whether the door is open.

Every command is one step in the log `r-rota`, decided by `rota.cover` and its like on the newest book, durable when
it returns. Two people pressing at once are two steps: the second is decided on what the first left.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime

import msgspec

from helpline import book_log
from helpline.book_log import BookLog
from helpline.definition import Definition
from helpline.errors import NotAllowed, NotFound, NotNow, Objected
from helpline.events import SERVICE, RotaChanged
from helpline.logbook import Change, Logbook
from helpline.people import Account, People, Principal
from helpline.permissions import WATCHERS
from helpline.ports import Clock
from rota import cover
from rota.availability import Availability
from rota.book import HOURS as HOURS_ID
from rota.book import (
    AnyChange,
    Ask,
    AvailabilityChanged,
    Book,
    Feed,
    FeedChanged,
    HoursChanged,
    TermsChanged,
    one_step,
    put_shift,
    take_out,
)
from rota.cover import Plan, Refused
from rota.documents import Moved
from rota.hours import Hours, OpeningHours
from rota.members import Member, Terms
from rota.shifts import Rota, Shift, Slot

LOG = "r-rota"
SEEDS_AT_ONCE = 500
PLANNERS = WATCHERS

Deciding = Callable[[Plan], Sequence[AnyChange]]
Step = book_log.Step[AnyChange]


class RotaKeeping:
    """The rota of one service. `book`, `current` and `hours` are of this moment and change with every step."""

    def __init__(self, logbook: Logbook, people: People, clock: Clock, definition: Definition) -> None:
        self._logbook = logbook
        self._steps: book_log.Steps[AnyChange] = book_log.Steps(logbook, LOG, RotaChanged)
        self._people = people
        self._clock = clock
        self._definition = definition
        self._listeners: list[Callable[[Book, Book], None]] = []
        self.book = Book()
        self.current = Rota(())
        self.hours = OpeningHours(definition.hours)
        logbook.listen(self._heard)

    async def open(self, seeds: Sequence[Shift], hours: Hours) -> None:
        """Read the log, or begin it; then add what the definition has and this service never had."""
        try:
            fold: BookLog[Book] = await self._logbook.load(LOG)
            self._turn_to(fold.book)
        except NotFound:
            await self._logbook.create(LOG)
            await self._step("began", lambda _: (HoursChanged(id=HOURS_ID, after=hours),))
        await self._add_channels(hours)
        unknown = [shift for shift in seeds if shift.id not in self.book.known]
        for first in range(0, len(unknown), SEEDS_AT_ONCE):
            await self.replace_shifts(unknown[first : first + SEEDS_AT_ONCE], what="seeded")

    async def _add_channels(self, seed: Hours) -> None:
        """A channel the service has taken up since has the hours of its file; without any nobody could come by it."""
        held = self.book.hours.get(HOURS_ID, seed)
        known = {one.channel for one in held.channels}
        added = tuple(one for one in seed.channels if one.channel not in known)
        if added:
            both = msgspec.structs.replace(held, channels=(*held.channels, *added))
            await self._step("seeded", lambda _: (HoursChanged(id=HOURS_ID, before=held, after=both),))

    def listen(self, listener: Callable[[Book, Book], None]) -> None:
        """Be told after every step: the book before, and the book now."""
        self._listeners.append(listener)

    def _heard(self, change: Change) -> None:
        if change.log == LOG:
            self._turn_to(change.after.book)

    def _turn_to(self, book: Book) -> None:
        before, self.book = self.book, book
        self.current = book.rota_from(before, self.current)
        hours = book.hours.get(HOURS_ID, self._definition.hours)
        if hours != self.hours.hours:
            self.hours = OpeningHours(hours)
        for listener in self._listeners:
            listener(before, book)

    # -- who is who ------------------------------------------------------------------------------------------------

    def terms(self, person: str) -> Terms:
        return self.book.terms.get(person) or Terms()

    def members(self) -> Iterator[Member]:
        """Everybody who may be put on the rota."""
        return (self.member_of(account) for account in self._people if account.active)

    def member(self, person: str) -> Member:
        account = self._people.get(person)
        if account is None or not account.active:
            raise NotFound("There is nobody of that name.")
        return self.member_of(account)

    def member_of(self, account: Account) -> Member:
        return Member(
            id=account.id,
            name=account.shown_name,
            roles=account.roles,
            languages=account.languages,
            channels=account.channels,
            peer=account.kind == "peer",
            terms=self.terms(account.id),
        )

    def plan(self) -> Plan:
        """What decisions look at, as things stand."""
        return self._plan(self.book, self._clock.now())

    def _plan(self, book: Book, now: datetime) -> Plan:
        rota = book.rota_from(self.book, self.current)
        return Plan(book, rota, self._definition.rota, self._definition.zone, now)

    # -- what those on the rota do ---------------------------------------------------------------------------------

    async def take(
        self, who: Principal, slot: Slot, client_id: str, *, anyway: bool = False, why: str = ""
    ) -> int:
        """Take a free shift or cover one. `Objected` when something stands against it; `anyway` accepts warnings."""
        me = self.member(who.id)
        return await self._said(
            who, "took", slot, lambda plan: cover.take(plan, slot, me, anyway=anyway), client_id, why
        )

    async def give_back(self, who: Principal, slot: Slot, client_id: str, why: str = "") -> int:
        return await self._said(
            who, "gave_back", slot, lambda plan: cover.give_back(plan, slot, who.id), client_id, why
        )

    async def call_in_sick(self, who: Principal, slot: Slot, client_id: str, why: str = "") -> int:
        """On the day. No reason is asked, and none is kept unless somebody gave one."""
        return await self._said(
            who, "sick", slot, lambda plan: cover.call_in_sick(plan, slot, who.id), client_id, why
        )

    async def confirm(self, who: Principal, slot: Slot, client_id: str) -> int:
        return await self._said(
            who, "confirmed", slot, lambda plan: cover.confirm(plan, slot, who.id), client_id
        )

    async def ask_cover(
        self, who: Principal, slot: Slot, client_id: str, *, to: tuple[str, ...] = (), why: str = ""
    ) -> int:
        """Ask others, or everybody who could, to take it. It stays theirs until somebody does."""
        return await self._said(
            who,
            "asked_cover",
            (slot, to),
            lambda plan: cover.ask_cover(plan, slot, who.id, client_id, to),
            client_id,
            why,
        )

    async def offer_swap(
        self, who: Principal, mine: Slot, theirs: Slot, client_id: str, why: str = ""
    ) -> int:
        def decide(plan: Plan) -> Sequence[AnyChange]:
            other = plan.coming(theirs).person
            members = self.member(who.id), self.member(other) if other else Member(id="", name="")
            return cover.offer_swap(plan, mine, theirs, members, client_id)

        return await self._said(who, "offered_swap", (mine, theirs), decide, client_id, why)

    async def agree_swap(self, who: Principal, ask: str, client_id: str, *, anyway: bool = False) -> int:
        def decide(plan: Plan) -> Sequence[AnyChange]:
            if not plan.standing(ask).is_put_to(who.id):
                raise Refused("not_asked")
            return cover.agree_swap(plan, ask, self._both(plan.standing(ask)), anyway=anyway)

        return await self._said(who, "agreed_swap", ask, decide, client_id)

    async def approve_swap(self, who: Principal, ask: str, client_id: str) -> int:
        """A lead lets a swap happen that both agreed to."""
        _planner(who)
        return await self._said(
            who,
            "approved_swap",
            ask,
            lambda plan: cover.approve_swap(plan, ask, self._both(plan.standing(ask))),
            client_id,
        )

    def _both(self, ask: Ask) -> tuple[Member, Member]:
        if not ask.to:
            raise Refused("not_asked")
        return self.member(ask.by), self.member(ask.to[0])

    async def say_no(self, who: Principal, ask: str, client_id: str) -> int:
        return await self._said(who, "said_no", ask, lambda plan: cover.say_no(plan, ask, who.id), client_id)

    async def withdraw_ask(self, who: Principal, ask: str, client_id: str) -> int:
        """Whoever asked takes it back, or a planner does."""
        lead = who.is_any(*PLANNERS)
        return await self._said(
            who, "withdrew", ask, lambda plan: cover.withdraw_ask(plan, ask, who.id, lead=lead), client_id
        )

    async def offer_hands(self, who: Principal, client_id: str) -> int:
        """Could come and help now, off the rota."""
        self.member(who.id)
        return await self._said(
            who, "offered_hands", "", lambda plan: cover.offer_hands(plan, who.id, client_id), client_id
        )

    # -- what those who plan do ------------------------------------------------------------------------------------

    async def ask_to_fill(
        self, who: Principal, slot: Slot, people: Sequence[str], client_id: str, why: str = ""
    ) -> int:
        """Ask these people to take a free shift."""
        _planner(who)
        to = tuple(self.member(person).id for person in people)
        return await self._said(
            who,
            "asked_to_fill",
            (slot, to),
            lambda plan: cover.ask_to_fill(plan, slot, who.id, client_id, to),
            client_id,
            why,
        )

    async def put_on(
        self,
        who: Principal,
        slot: Slot,
        person: str,
        client_id: str,
        *,
        anyway: bool = False,
        why: str = "",
    ) -> int:
        """Give the shift to somebody."""
        _planner(who)
        member = self.member(person)
        return await self._said(
            who,
            "put_on",
            (slot, person),
            lambda plan: cover.put_on(plan, slot, member, anyway=anyway),
            client_id,
            why,
        )

    async def take_off(self, who: Principal, slot: Slot, client_id: str, why: str = "") -> int:
        """Make the shift free."""
        _planner(who)
        return await self._said(
            who, "took_off", slot, lambda plan: cover.take_off(plan, slot), client_id, why
        )

    async def edit(
        self,
        who: Principal,
        decide: Callable[[Book], Sequence[AnyChange]],
        client_id: str,
        *,
        what: str = "edited",
        about: object = "",
        seen: int | None = None,
        why: str = "",
    ) -> int:
        """Changes that were looked at before. `NotNow` when the rota has moved on since `seen`, the seq looked at."""
        _planner(who)

        def decided(plan: Plan) -> Sequence[AnyChange]:
            if seen is not None and seen != self.seq:
                raise NotNow("The rota was changed in the meantime. Please look again before you save.")
            return decide(plan.book)

        return await self._said(who, what, about, decided, client_id, why)

    async def set_hours(
        self, who: Principal, hours: Hours, client_id: str, *, what: str = "hours", why: str = ""
    ) -> int:
        """Other opening hours, from this moment on. They must be sound (`rota.hours_entry`)."""
        return await self.edit(
            who,
            lambda book: (HoursChanged(id=HOURS_ID, before=book.hours.get(HOURS_ID), after=hours),),
            client_id,
            what=what,
            about=hours,
            why=why,
        )

    async def set_terms(
        self, who: Principal, person: str, terms: Terms, client_id: str, why: str = ""
    ) -> int:
        """What was agreed with somebody: adjustments, training, their own weekly limit."""
        id = self.member(person).id
        return await self.edit(
            who,
            lambda book: (TermsChanged(id=id, before=book.terms.get(id), after=terms),),
            client_id,
            what="terms",
            about=(id, terms),
            why=why,
        )

    async def set_availability(
        self, who: Principal, availability: Availability | None, client_id: str
    ) -> int:
        """When somebody would rather be asked. Their own, and only a preference."""
        return await self._said(
            who,
            "availability",
            availability,
            lambda plan: (
                AvailabilityChanged(
                    id=who.id, before=plan.book.availabilities.get(who.id), after=availability
                ),
            ),
            client_id,
        )

    async def set_feed(self, who: Principal, nonce: str | None, client_id: str) -> int:
        """A new private calendar address, or none. The one before it stops working at once."""
        return await self._said(
            who,
            "feed",
            nonce,
            lambda plan: (
                FeedChanged(
                    id=who.id,
                    before=plan.book.feeds.get(who.id),
                    after=Feed(nonce) if nonce is not None else None,
                ),
            ),
            client_id,
        )

    async def take_in(
        self,
        who: Principal,
        shifts: Sequence[Shift],
        gone: Sequence[str],
        client_id: str,
        *,
        seen: int,
        why: str = "",
    ) -> int:
        """What a calendar brings: these shifts added or replaced, and those of `gone` taken out, in one step."""
        return await self.edit(
            who,
            lambda book: [
                *(change for shift in shifts for change in put_shift(book, shift)),
                *(change for id in gone for change in take_out(book, id)),
            ],
            client_id,
            what="imported",
            about=(shifts, gone),
            seen=seen,
            why=why,
        )

    async def replace_shifts(self, shifts: Sequence[Shift], gone: Sequence[str] = (), *, what: str) -> None:
        """By the service itself: seeds, and the shifts of a demonstration."""

        def decide(plan: Plan) -> Sequence[AnyChange]:
            put = [change for shift in shifts for change in put_shift(plan.book, shift)]
            return [*put, *(change for id in gone for change in take_out(plan.book, id))]

        await self._step(what, decide)

    async def place_around(self, shifts: Sequence[Shift], hours: Hours) -> None:
        """A demonstration begins: its shifts and hours in place of those of the last time."""

        def decide(plan: Plan) -> Sequence[AnyChange]:
            put = [change for shift in shifts for change in put_shift(plan.book, shift)]
            return [*put, HoursChanged(id=HOURS_ID, before=plan.book.hours.get(HOURS_ID), after=hours)]

        await self._step("demonstration", decide)

    async def let_pass(self) -> None:
        """Questions whose time is over are taken off the table."""
        if cover.stale_asks(self.plan()):
            await self._step("passed", cover.stale_asks)

    # -- undo, and what happened -----------------------------------------------------------------------------------

    async def undo(self, who: Principal, seq: int, client_id: str, why: str = "") -> int:
        """Turn one step round: those who plan any, others their own within ten minutes."""
        step = await self._steps.undoable(seq, who, PLANNERS, self._clock.now())
        if any(isinstance(change, FeedChanged) for change in step.changes):
            raise NotNow("An address that was taken back stays worthless. Make a new one.")

        def decide(plan: Plan) -> Sequence[AnyChange]:
            try:
                return cover.turn_round(plan, step.changes)
            except Moved:
                raise NotNow("That has been changed again since, so it cannot simply be undone.") from None

        return await self._said(who, "undid", seq, decide, client_id, why, undoes=seq)

    @property
    def seq(self) -> int:
        """The number of the newest step."""
        return self._steps.seq

    @property
    def changed_at(self) -> datetime:
        """When the newest step was made."""
        newest = self._steps.newest
        return newest.at if newest is not None else self._clock.now()

    async def step(self, seq: int) -> Step:
        return await self._steps.at(seq)

    async def history(self, before: int | None = None, limit: int = 50) -> list[Step]:
        """The newest steps, newest first; those before a seq to page back."""
        return await self._steps.before(before, limit)

    async def steps_after(self, seq: int, limit: int = 200) -> list[Step]:
        """Steps after a seq, in order: for whoever writes letters about them."""
        return await self._steps.after(seq, limit)

    # -- one step --------------------------------------------------------------------------------------------------

    async def _said(
        self,
        who: Principal,
        what: str,
        about: object,
        decide: Deciding,
        client_id: str,
        why: str = "",
        *,
        undoes: int = 0,
    ) -> int:
        return await self._steps.said(who, what, about, self._planned(decide), client_id, why, undoes=undoes)

    async def _step(self, what: str, decide: Deciding) -> int:
        return await self._steps.take(SERVICE, what, self._planned(decide))

    def _planned(self, decide: Deciding) -> Callable[[Book, datetime], Sequence[AnyChange]]:
        """The decision, looking at the whole plan; what it refuses is said in the service's errors."""

        def decided(book: Book, now: datetime) -> Sequence[AnyChange]:
            try:
                return one_step(decide(self._plan(book, now)))
            except Refused as refused:
                if refused.reason == "objections":
                    raise Objected(refused.text, may_insist=refused.may_insist) from None
                raise NotNow(refused.text) from None

        return decided


def _planner(who: Principal) -> None:
    if not who.is_any(*PLANNERS):
        raise NotAllowed
