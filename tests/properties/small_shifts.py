"""What three contacts of a small house share: four shifts with their slots, who is connected, and the dispatcher.

A state of the house is three states of a contact, four of a shift (real folds too) and who is connected. Two are one
when they differ in which contact, which supporter or which lead is which.
"""

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import msgspec

from helpline import attendance, offers, paging
from helpline.attendance import Attendance
from helpline.contact import Contact
from helpline.errors import HelplineError
from helpline.events import SERVICE, Event
from helpline.logbook import Decide
from tests.properties.small_contact import RENAMINGS, Contacts, Outcome
from tests.properties.small_ladder import BEGINS, LEADS, STAFF, SUPPORTERS, Wrong

CONTACTS = 3
CAPACITY = 2


class Refused(Exception):
    """The press is refused here, and nothing is written."""


class Desk(msgspec.Struct, frozen=True):
    """A state of one shift. `slots`: for each contact 0 free, 1 held for an offer, 2 taken."""

    shift: Attendance
    on: bool
    ready: bool
    slots: tuple[int, ...]
    wrong: str


class World(NamedTuple):
    """Three contacts and four shifts by number, and who is connected."""

    contacts: tuple[int, ...]
    shifts: tuple[int, ...]
    here: tuple[bool, ...]


Step = Callable[[World], World]


def log_of(which: int) -> str:
    return f"c-000000000000000000000SMALL{which}"


class Shifts(Contacts):
    """What is written in the logs of both kinds, and what the dispatcher does on hearing of it."""

    def __init__(self, *, rungs: tuple[int, ...] = (0, 2, 4), without: tuple[str, ...] = ()) -> None:
        super().__init__(rungs=rungs, without=without)
        self.desks: list[Desk] = []
        self._desks: dict[tuple[Any, ...], int] = {}
        self._turns: dict[tuple[int, str, int, int], int | None] = {}
        self._rows: dict[tuple[int, ...], tuple[tuple[bool, ...], ...]] = {}
        self._lines_go = not (self.left_out("line is lost") and self.left_out("laptop"))
        self._seats: dict[tuple[Any, ...], list[tuple[int, int, int, int]]] = {}

    # -- one shift -------------------------------------------------------------------------------------------------

    def desk(self, a: Attendance) -> int:
        """The number of its state."""
        slots = tuple(
            0 if (held := a.slots.get(log_of(i))) is None else 2 if held == "taken" else 1
            for i in range(CONTACTS)
        )
        known = (a.log, a.checked_in, a.ready, slots)
        if known not in self._desks:
            self._desks[known] = len(self.desks)
            full = len(a.slots) > CAPACITY and 2 not in slots
            wrong = f"{a.supporter} has {len(a.slots)} slots held and room for {a.capacity}" if full else ""
            self.desks.append(Desk(a, a.checked_in, a.ready, slots, wrong))
        return self._desks[known]

    def turn(self, desk: int, name: str, decide: Callable[[], Decide], which: int = 0, extra: int = 0) -> int:
        """What a press makes of a shift's state, worked out once. `Refused` when it is."""
        known = (desk, name, which, extra)
        if known not in self._turns:
            a = self.desks[desk].shift
            try:
                for by, body in decide()(a, BEGINS):
                    a = a.apply(Event(seq=a.seq + 1, at=BEGINS, by=by, body=body))
            except HelplineError:
                self._turns[known] = None
            else:
                self._turns[known] = self.desk(a)
        after = self._turns[known]
        if after is None:
            raise Refused
        return after

    # -- steps: one record, or those of one decision, in one log ---------------------------------------------------

    def wrote(self, which: int, name: str, decide: Decide) -> Step:
        def step(world: World) -> World:
            outcome = self.outcome(world.contacts[which], name, decide)
            if outcome is None:
                raise Refused
            return self._moved(world, which, outcome)

        return step

    def _moved(self, world: World, which: int, outcome: Outcome) -> World:
        if outcome.wrong:
            raise Wrong(outcome.wrong)
        for who in outcome.needs:
            if not self.desks[world.shifts[who]].on:
                raise Wrong(f"{STAFF[who]} has them, is not on shift, and no page runs")
        contacts = list(world.contacts)
        contacts[which] = outcome.after
        return World(tuple(contacts), world.shifts, world.here)

    def sat(self, who: int, name: str, decide: Callable[[], Decide], which: int = 0, extra: int = 0) -> Step:
        def step(world: World) -> World:
            shifts = list(world.shifts)
            shifts[who] = self.turn(shifts[who], name, decide, which, extra)
            return World(world.contacts, tuple(shifts), world.here)

        return step

    def is_here(self, who: int, here: bool) -> Step:
        def step(world: World) -> World:
            seen = list(world.here)
            seen[who] = here
            return World(world.contacts, world.shifts, tuple(seen))

        return step

    # -- what the dispatcher does on hearing of it -----------------------------------------------------------------

    def settle(self, world: World) -> World:
        """Every reaction that follows by itself, in each contact, until there is none; then the house is looked at."""
        let_go = offers.release(SERVICE, self.definition, "queue", "end_of_shift", "")
        page = paging.page_for_nobodys(self.definition)
        for _ in range(12):
            before = world
            world = self._slots(world)
            for which, one in enumerate(world.contacts):
                cell = self.cells[one]
                if cell.live and cell.owner >= 0 and not self.desks[world.shifts[cell.owner]].on:
                    world = self.wrote(which, "let go at a shift's end", let_go)(world)
                elif cell.asks_a_page:
                    world = self.wrote(which, "a page for nobody's", page)(world)
            if world == before:
                self.look(world)
                return world
        raise Wrong("it never comes to rest")

    def _slots(self, world: World) -> World:
        for which, one in enumerate(world.contacts):
            if self.cells[one].holders == self._held(world.shifts)[which]:
                continue
            for who, holds in enumerate(self.cells[one].holders):
                desk = self.desks[world.shifts[who]]
                if holds and not desk.slots[which] and desk.on:
                    world = self.sat(who, "take", lambda: attendance.take_slot(log_of(which)), which)(world)  # noqa: B023
                elif desk.slots[which] and not holds:
                    world = self.frees(who, which)(world)
        return world

    def _held(self, shifts: tuple[int, ...]) -> tuple[tuple[bool, ...], ...]:
        """For each contact, who has a slot held for it."""
        if shifts not in self._rows:
            slots = [self.desks[number].slots for number in shifts]
            self._rows[shifts] = tuple(tuple(map(bool, row)) for row in zip(*slots, strict=True))
        return self._rows[shifts]

    def frees(self, who: int, which: int) -> Step:
        return self.sat(who, "free", lambda: attendance.free_slot(log_of(which), "gone"), which)

    def restart(self, world: World) -> World:
        """The process died and began again: nobody is connected, what is live is read from the log, and offers to whoever
        went are taken back."""
        world = World(world.contacts, world.shifts, (False,) * len(STAFF))
        for which, one in enumerate(world.contacts):
            cell = self.cells[one]
            if cell.offered >= 0 and not self.desks[world.shifts[cell.offered]].ready:
                world = self.wrote(which, "taken back", self._ends_offer(cell.contact))(world)
        return self.settle(world)

    def _ends_offer(self, c: Contact) -> Decide:
        return offers.end_offer(c.offer.offer if c.offer is not None else "", "gone")

    def look(self, world: World) -> None:
        """`Wrong` when something is not as it must be between two records, whichever they are."""
        for one in world.contacts:
            cell = self.cells[one]
            if cell.wrong:
                raise Wrong(cell.wrong)
            if cell.owner >= 0 and not self.desks[world.shifts[cell.owner]].on:
                raise Wrong(f"{STAFF[cell.owner]} owns them and has checked out")
        for desk in world.shifts:
            if self.desks[desk].wrong:
                raise Wrong(self.desks[desk].wrong)

    # -- when two states are one -----------------------------------------------------------------------------------

    def key(self, world: World) -> int:
        """The same for two states that are one: the smallest number under any renaming, the contacts in order."""
        first, second, third = (self.cells[one].names for one in world.contacts)
        keys = []
        for turn, (people, one, two, three) in enumerate(self._seated(world)):
            # A contact: which state it is in, and who holds a slot for it.
            a, b, c = first[turn] << 8 | one, second[turn] << 8 | two, third[turn] << 8 | three
            if a > b:
                a, b = b, a
            if b > c:
                b, c = c, b
                if a > b:
                    a, b = b, a
            keys.append(((a << 32 | b) << 32 | c) << 12 | people)
        return min(keys)

    def _seated(self, world: World) -> list[tuple[int, int, int, int]]:
        """For each renaming: who is on, ready and connected, and who has a slot held for each of the contacts."""
        known = (world.shifts, world.here)
        if known not in self._seats:
            # Where no line is lost, whether a lead is connected changes nothing of what may be pressed or follow.
            seen = world.here if self._lines_go else (*world.here[: len(SUPPORTERS)], *(False for _ in LEADS))
            desks = [self.desks[number] for number in world.shifts]

            def packed(values: Iterable[int], bits: int, renamed: tuple[int, ...]) -> int:
                return sum(value << bits * place for value, place in zip(values, renamed, strict=True))

            people = [desk.on | desk.ready << 1 | here << 2 for desk, here in zip(desks, seen, strict=True)]
            one, two, three = ([desk.slots[which] for desk in desks] for which in range(CONTACTS))
            self._seats[known] = [
                (packed(people, 3, to), packed(one, 2, to), packed(two, 2, to), packed(three, 2, to))
                for to in RENAMINGS
            ]
        return self._seats[known]
