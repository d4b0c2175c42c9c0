"""Keeping the directory: what may be asked of it, and the crisis contacts and services as they count today.

Every command is one step in the log `d-directory`, decided on the newest book, durable when it returns. Two people
pressing at once are two steps: the second is decided on what the first left.
"""

import asyncio
from collections.abc import Callable, Sequence
from datetime import date, datetime
from zoneinfo import ZoneInfo

import msgspec

from helpline import book_log
from helpline.definition import Definition
from helpline.directory import CrisisContact, Places
from helpline.directory_book import (
    AnyChange,
    CallLogged,
    CallOutcome,
    CheckCall,
    ContactChanged,
    ContactPlanned,
    DirectoryBook,
    Sort,
    sort_of,
)
from helpline.directory_checks import DeadEnd, made_worse
from helpline.directory_event import DirectoryChanged
from helpline.directory_exchange import MOST_ROWS, Form, Intake, Tell, looked_at
from helpline.directory_lookup import Lookup
from helpline.directory_past import DirectoryLog, TakenOut
from helpline.directory_services import Entry, Service
from helpline.errors import BadRequest, NotAllowed, NotFound, NotNow, TooLong
from helpline.events import SERVICE
from helpline.logbook import Change, Logbook
from helpline.people import Principal
from helpline.permissions import ANSWERERS, EDITORS, WATCHERS
from helpline.ports import Clock
from rota.documents import Moved

LOG = "d-directory"
LARGE_STEP = 500
LARGE_STEPS_KEPT = 4
"""Steps of more changes than `LARGE_STEP` are kept when they were read once: each takes a third of a second."""
STEPS_SHOWN = 50

READERS = ANSWERERS | WATCHERS

Deciding = Callable[[DirectoryBook, datetime], Sequence[AnyChange]]
Step = book_log.Step[AnyChange]


class DirectoryKeeping:
    """The directory of one service. `book` is of this moment and changes with every step."""

    def __init__(self, logbook: Logbook, clock: Clock, definition: Definition) -> None:
        self._logbook = logbook
        self._steps: book_log.Steps[AnyChange] = book_log.Steps(logbook, LOG, DirectoryChanged)
        self._clock = clock
        self._definition = definition
        self.book = DirectoryBook()
        self._places = Places(definition.localities)
        self._looking: tuple[object, Lookup] | None = None
        self._large: dict[int, Step] = {}
        self._counting: tuple[DirectoryBook, date, tuple[CrisisContact, ...], tuple[Service, ...]] | None = (
            None
        )
        logbook.listen(self._heard)

    async def open(self) -> None:
        """Read the log, or begin it; then add crisis contacts the definition has and this service never had."""
        try:
            fold: DirectoryLog = await self._logbook.load(LOG)
            self.book = fold.book
        except NotFound:
            await self._logbook.create(LOG)
            await self._steps.take(SERVICE, "began", lambda book, now: ())
        seeds = self._definition.crisis_contacts

        def seeded(book: DirectoryBook, now: datetime) -> Sequence[AnyChange]:
            new = [seed for seed in seeds if not book.version("contact", seed.id)]
            return [change for seed in new for change in book.putting(seed, self._day(now))]

        if any(not self.book.version("contact", seed.id) for seed in seeds):
            await self._steps.take(SERVICE, "seeded", seeded)
        # Made ready now, and not while somebody waits for the first page.
        self.lookup.near(None, self._clock.now())

    def _heard(self, change: Change) -> None:
        if change.log == LOG:
            self.book = change.after.book
            for event in change.events:
                self._keep_large(book_log.as_step(event))

    # -- what counts today -----------------------------------------------------------------------------------------

    @property
    def today(self) -> date:
        """The service's local date."""
        return self._day(self._clock.now())

    def _day(self, instant: datetime) -> date:
        return instant.astimezone(ZoneInfo(self._definition.zone)).date()

    @property
    def contacts(self) -> tuple[CrisisContact, ...]:
        """Every crisis contact, as it counts today."""
        return self._today()[2]

    @property
    def services(self) -> tuple[Service, ...]:
        """Every service, as it counts today."""
        return self._today()[3]

    def _today(self) -> tuple[DirectoryBook, date, tuple[CrisisContact, ...], tuple[Service, ...]]:
        today, held = self.today, self._counting
        if held is None or held[0] is not self.book or held[1] != today:
            held = self.book, today, self.book.contacts_on(today), self.book.services_on(today)
            self._counting = held
        return held

    @property
    def lookup(self) -> Lookup:
        """Who is near and open, among all that count today."""
        counting = self._today()
        if self._looking is None or self._looking[0] is not counting:
            before = self._looking[1] if self._looking is not None else None
            lookup = Lookup((*counting[2], *counting[3]), counting[1], self._places, before)
            self._looking = counting, lookup
        return self._looking[1]

    def contact(self, id: str) -> CrisisContact | None:
        """One crisis contact as it counts today."""
        found = self.book.entry_on("contact", id, self.today)
        return found if isinstance(found, CrisisContact) else None

    def entry(self, sort: Sort, id: str) -> Entry:
        """One entry as it counts today, or from when it first does. `NotFound` when there is none."""
        today = self.today
        found = self.book.entry_on(sort, id, today)
        if found is None:
            coming = self.book.coming(sort, id, today)
            if not coming:
                raise NotFound("There is no such entry.")
            found = coming[0][1]
        return found

    # -- what editors do -------------------------------------------------------------------------------------------

    async def put(
        self,
        who: Principal,
        entry: Entry,
        client_id: str,
        *,
        seen: int,
        begins: date | None = None,
        why: str = "",
    ) -> int:
        """Put an entry in place, at once or from a later local day on; the seq of the step.

        `seen` is the version that was looked at, 0 for a new entry: `NotNow` when there is a newer one. `DeadEnd` when
        somebody on the ladder would be left with nowhere to go.
        """
        _editor(who)

        def decide(book: DirectoryBook, now: datetime) -> Sequence[AnyChange]:
            if book.version(sort_of(entry), entry.id) != seen:
                raise NotNow("This entry was changed in the meantime. Please look again before you save.")
            return book.putting(entry, self._day(now), begins)

        planned = begins is not None and begins > self.today
        what = "planned" if planned else "edited" if seen else "added"
        return await self._said(who, what, (entry, begins), decide, client_id, why)

    async def take_out(
        self, who: Principal, sort: Sort, id: str, client_id: str, *, seen: int, why: str = ""
    ) -> int:
        """Take an entry out, with what was planned for it. `NotNow` and `DeadEnd` as for `put`."""
        _editor(who)

        def decide(book: DirectoryBook, now: datetime) -> Sequence[AnyChange]:
            if book.version(sort, id) != seen:
                raise NotNow(
                    "This entry was changed in the meantime. Please look again before you take it out."
                )
            return book.taking_out(self.entry(sort, id))

        return await self._said(who, "took_out", (sort, id), decide, client_id, why)

    async def look_into(self, data: bytes, form: Form, tell: Tell) -> Intake:
        """What a file would change, read a few rows at a time beside everything else; see `directory_exchange`."""
        return await looked_at(data, form, self._definition, self.book, self.seq, self.today, tell)

    async def take_in(self, who: Principal, entries: Sequence[Entry], client_id: str, *, seen: int) -> int:
        """What an import brings: these entries added or replaced in one step; its seq.

        `seen` is the directory's seq when it was looked at: `NotNow` when it has moved on. `DeadEnd` as for `put`.
        """
        _editor(who)
        if len(entries) > MOST_ROWS:
            raise TooLong(f"An import is at most {MOST_ROWS:,} entries. Please send it in parts.")
        book, today = self.book, self.today
        # Thousands of entries take their time, which is nobody's who is talking to somebody.
        changes = await asyncio.to_thread(
            lambda: [change for entry in entries for change in book.putting(entry, today)]
        )

        def decide(now_held: DirectoryBook, now: datetime) -> Sequence[AnyChange]:
            if now_held is not book or seen != self.seq:
                raise NotNow(
                    "The directory was changed in the meantime. This is what the file would change now."
                )
            return changes

        seq = await self._said(who, "imported", [entry.id for entry in entries], decide, client_id)
        await asyncio.to_thread(lambda: self.lookup)
        return seq

    async def bring_back(self, who: Principal, sort: Sort, id: str, client_id: str) -> int:
        """Put an entry that was taken out in place again, as it last was; the seq of the step. `NotFound` for none."""
        _editor(who)

        def decide(book: DirectoryBook, now: datetime) -> Sequence[AnyChange]:
            for one in self.taken_out:
                if (one.sort, one.entry.id) == (sort, id):
                    return book.putting(one.entry, self._day(now))
            raise NotFound("There is no such entry to bring back.")

        return await self._said(who, "brought_back", (sort, id), decide, client_id)

    # -- what whoever answers may do -------------------------------------------------------------------------------

    async def rang(
        self,
        who: Principal,
        sort: Sort,
        id: str,
        outcome: CallOutcome,
        client_id: str,
        *,
        words: str = "",
        verify_by: date | None = None,
    ) -> int:
        """Log a test call. When all of it was right, an editor may set until when that counts as checked."""
        if not who.is_any(*READERS):
            raise NotAllowed
        if verify_by is not None:
            _editor(who)
            if outcome != "right":
                raise BadRequest("Only a call that found everything right can move the date.")
        entry = self.entry(sort, id)

        def decide(book: DirectoryBook, now: datetime) -> Sequence[AnyChange]:
            call = CheckCall(sort=sort, entry=id, version=entry.version, at=now, by=who.name, outcome=outcome)
            logged: AnyChange = CallLogged(id=client_id, after=call)
            counts = book.entry_on(sort, id, self._day(now))
            if verify_by is None or counts is None:
                return (logged,)
            checked: Entry = msgspec.structs.replace(counts, verify_by=verify_by)
            return (logged, *book.putting(checked, self._day(now)))

        return await self._said(who, "rang", (sort, id, outcome, verify_by), decide, client_id, words)

    async def undo(self, who: Principal, seq: int, client_id: str, why: str = "") -> int:
        """Turn one step round: editors any, others their own within ten minutes."""
        step = book_log.may_be_undone(await self.step(seq), who, EDITORS, self._clock.now())

        def decide(book: DirectoryBook, now: datetime) -> Sequence[AnyChange]:
            try:
                return book.turned(step.changes)
            except Moved:
                raise NotNow("That has been changed again since, so it cannot simply be undone.") from None

        return await self._said(who, "undid", seq, decide, client_id, why, undoes=seq)

    # -- what happened ---------------------------------------------------------------------------------------------

    @property
    def seq(self) -> int:
        """The number of the newest step."""
        return self._steps.seq

    @property
    def _log(self) -> DirectoryLog:
        newest = self._steps.newest
        return newest if isinstance(newest, DirectoryLog) else DirectoryLog(LOG, self.book)

    @property
    def taken_out(self) -> tuple[TakenOut, ...]:
        """The entries that were taken out and are not in place again, by name."""
        gone = [
            TakenOut(sort_of(entry), entry, self.book.version(sort_of(entry), entry.id))
            for entry in self._log.gone.values()
        ]
        return tuple(sorted(gone, key=lambda one: one.entry.name.casefold()))

    async def step(self, seq: int) -> Step:
        """One step; `NotFound` when there is none of that number."""
        held = self._large.get(seq)
        if held is not None:
            return held
        step = await self._steps.at(seq)
        self._keep_large(step)
        return step

    def _keep_large(self, step: Step) -> None:
        if len(step.changes) > LARGE_STEP:
            while len(self._large) >= LARGE_STEPS_KEPT:
                del self._large[next(iter(self._large))]
            self._large[step.seq] = step

    async def past(self, sort: Sort, id: str) -> list[Step]:
        """The newest steps that touched an entry, newest first."""
        seqs = self._log.touched.get(f"{sort}/{id}", ())
        return [await self.step(seq) for seq in reversed(seqs[-STEPS_SHOWN:])]

    async def history(self, before: int | None = None, limit: int = STEPS_SHOWN) -> list[Step]:
        """The newest steps, newest first; those before a seq to page back."""
        last = min(before - 1 if before else self.seq, self.seq)
        return [await self.step(seq) for seq in range(last, max(0, last - limit), -1)]

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
        def decided(book: DirectoryBook, now: datetime) -> Sequence[AnyChange]:
            changes = decide(book, now)
            self._refuse_dead_ends(book, changes, self._day(now))
            return changes

        return await self._steps.said(who, what, about, decided, client_id, why, undoes=undoes)

    def _refuse_dead_ends(self, book: DirectoryBook, changes: Sequence[AnyChange], today: date) -> None:
        if not any(isinstance(change, ContactChanged | ContactPlanned) for change in changes):
            return
        if wrongs := made_worse(self._definition, book, book.apply(changes), today):
            raise DeadEnd(wrongs)


def _editor(who: Principal) -> None:
    if not who.is_any(*EDITORS):
        raise NotAllowed
