"""A small house, all of it: three contacts at once, two supporters with room for two each, two leads, and any crash.

`small_ladder.py` has one person and everything that may be pressed for them. Here are three, and what they share: the
slots of whoever answers, a shift that ends over two of them, a line that is lost to two, one lead for three pages.
`small_contact.py` has the states of one contact, `small_shifts.py` what they share. Here is who may press what, and in
which order a press is written in several logs, each as `staff_side.py`, `dispatcher.py` and `lines.py` have it.

Left out, since one person shows them: the person's own presses and line, attempts but those that 999 answers, joining,
transfers, closed accounts, taking a step back, and tasks afterwards. Who presses is on shift; a lead is not offered
anybody, but takes over.
"""

import itertools
from array import array
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, cast

import msgspec

from helpline import attendance, leaving, offers, shift_ends, talking
from helpline.attendance import Attendance
from helpline.contact import Contact
from helpline.events import CheckedIn, CheckedOut, Started
from helpline.logbook import Decide, Logbook
from helpline.talking import Door
from tests.properties.small_contact import ANY_LEAD, NOBODY, Outcome
from tests.properties.small_ladder import (
    BEGINS,
    LEADS,
    NO_PHRASES,
    STAFF,
    SUPPORTERS,
    Explored,
    Wrong,
    principal,
    staff,
)
from tests.properties.small_shifts import CAPACITY, CONTACTS, Refused, Shifts, Step, World, log_of

LED_BY = tuple(STAFF.index(who) for who in LEADS)


class Then(NamedTuple):
    """Steps that are known only once those before them were written."""

    steps: Callable[[World], list[Step]]


class Press(NamedTuple):
    """What is written in more than one log. `leaves`: the lead who is gone once they are not on shift any more."""

    name: str
    steps: list[Step | Then]
    leaves: int = NOBODY


class GoingHome:
    """Takes down what the real `leaving.gone_home` writes, and in which order."""

    def __init__(self) -> None:
        self.wrote: list[tuple[int, Decide]] = []

    async def change(self, log: str, decide: Decide) -> None:
        self.wrote.append((int(log[-1]), decide))


class House(Shifts):
    """What may happen in a house to which at the most `come` contacts come."""

    def __init__(
        self, *, rungs: tuple[int, ...] = (0, 2, 4), without: tuple[str, ...] = (), come: int = CONTACTS
    ) -> None:
        super().__init__(rungs=rungs, without=without)
        self._come = come

    def presses(self, world: World) -> Iterator[Press]:
        for press in itertools.chain(self._comes(world), self._staff(world), self._offers(world)):
            if not self.left_out(press.name):
                yield press

    def _comes(self, world: World) -> Iterator[Press]:
        new = [which for which in range(self._come) if not self.cells[world.contacts[which]].contact.seq]
        if new:
            body = Started("web", "en", "", "")
            began = talking.start(self.definition, body, None, Door(True), full=False, book=NO_PHRASES)
            yield Press("somebody comes", [self.wrote(new[0], "comes", began)])

    def _offers(self, world: World) -> Iterator[Press]:
        for which, one in enumerate(world.contacts):
            c = self.cells[one].contact
            if c.phase != "waiting" or c.offer is not None or c.with_lead:
                continue
            for who, name in enumerate(SUPPORTERS):
                desk = self.desks[world.shifts[who]]
                if desk.ready and world.here[who]:
                    put = offers.offer(self.definition, "o", name, desk.shift.log)
                    hold = self.holds(who, which, self._at_once(world, who))
                    yield Press(f"it rings at {name}'s", [hold, self.wrote(which, f"offered to {name}", put)])

    def _at_once(self, world: World, who: int) -> int:
        """As `Roster.at_once` has it: fewer while one of theirs is at rung 3 or above."""
        owned = (self.cells[one] for one in world.contacts)
        acting = any(cell.owner == who and cell.contact.rung >= 3 for cell in owned)
        return min(CAPACITY, self.definition.capacity.at_rung_3) if acting else CAPACITY

    def holds(self, who: int, which: int, at_once: int) -> Step:
        hold = self.sat(
            who, "hold", lambda: attendance.hold_slot(log_of(which), "o", at_once), which, at_once
        )

        def step(world: World) -> World:
            held = hold(world)
            if held == world:
                raise Refused
            return held

        return step

    def _staff(self, world: World) -> Iterator[Press]:
        for who, name in enumerate(STAFF):
            desk = self.desks[world.shifts[who]]
            if not desk.on:
                yield Press(f"{name} comes on", self._comes_on(who))
                continue
            if not desk.ready and name in SUPPORTERS:
                yield Press(f"{name} is ready", [self._ready(who)])
            theirs = [which for which, one in enumerate(world.contacts) if self.cells[one].owner == who]
            yield from self._lines(world, who, theirs)
            over = [
                self.wrote(
                    which, f"{name} is past the end", shift_ends.tell_past_end(self.definition, name, BEGINS)
                )
                for which in theirs
            ]
            if over:
                yield Press(f"{name}'s shift is over", list(over))
            for which in theirs:
                yield from self._wraps_up(world, who, which)
            yield from self._goes(who, [which for which in theirs if desk.slots[which]])

    def _comes_on(self, who: int) -> list[Step | Then]:
        name = STAFF[who]
        body = CheckedIn(name, principal(name).roles, name, ("en",), ("web",), CAPACITY)
        fresh = self.desk(Attendance(f"a-{name}"))

        def comes(world: World) -> World:
            shifts = list(world.shifts)
            shifts[who] = self.turn(fresh, "in", lambda: attendance.check_in(staff(name), body))
            return World(world.contacts, tuple(shifts), world.here)

        ready = [self._ready(who)] if name in SUPPORTERS else []
        return [comes, self.is_here(who, True), *ready]

    def _ready(self, who: int) -> Step:
        return self.sat(who, "ready", lambda: attendance.be_ready(staff(STAFF[who]), None, None))

    def _lines(self, world: World, who: int, theirs: list[int]) -> Iterator[Press]:
        name, d = STAFF[who], self.definition
        if world.here[who]:
            lost = [self.is_here(who, False)]
        else:
            back = [self.wrote(which, "line back", offers.line_back("supporter")) for which in theirs]
            yield Press(f"{name}'s line is back", [self.is_here(who, True), *back])
            lost = []
        unseen = [
            self.wrote(which, "line lost", lambda c, now: offers.line_lost(d, "supporter", now)(c, now))
            for which in theirs
            if self.cells[world.contacts[which]].contact.supporter_lost is None
        ]
        if lost or unseen:
            yield Press(f"{name}'s line is lost", [*lost, *unseen])
        others = (other for other in LED_BY if other != who)
        alone = not any(world.here[other] and self.desks[world.shifts[other]].on for other in others)
        if name in LEADS and not world.here[who] and alone:
            left: list[Step | Then] = [
                self.wrote(which, f"{name} has gone", leaving.lead_has_gone(d, name))
                for which in range(CONTACTS)
            ]
            yield Press(f"{name} left the laptop", left)

    def _wraps_up(self, world: World, who: int, which: int) -> Iterator[Press]:
        c, by = self.cells[world.contacts[which]].contact, staff(STAFF[who])
        if c.phase != "wrap_up":
            return
        steps: list[Step | Then] = [self.wrote(which, f"{by.id} wraps up", offers.wrap_up(by, "talked", ""))]
        if c.highest_rung >= 3:
            steps.insert(0, self.sat(who, "break", lambda: attendance.be_away(by, "break", 15)))
        yield Press(f"{by.id} wraps up", steps)

    def _goes(self, who: int, owned: list[int]) -> Iterator[Press]:
        """As `StaffSide.check_out` and `stop_now`: whoever has somebody hands them on first, in either order."""
        name, leaves = STAFF[who], who if who in LED_BY else NOBODY
        if not owned:
            yield Press(f"{name} checks out", self._checks_out(who), leaves)
        for order in itertools.permutations(owned) if owned else ():
            lets_go: list[Step | Then] = [Then(self._let_go(who, which)) for which in order]
            yield Press(f"{name} must stop now", [*lets_go, *self._checks_out(who)], leaves)

    def _let_go(self, who: int, which: int) -> Callable[[World], list[Step]]:
        by, d = staff(STAFF[who]), self.definition

        def steps(world: World) -> list[Step]:
            if self.cells[world.contacts[which]].contact.phase == "wrap_up":
                ended = offers.wrap_up(by, "", "", must_stop=True)
                return [self.wrote(which, f"{by.id} stops after", ended), self.frees(who, which)]
            let_go = offers.release(by, d, "queue", "must_stop", "")
            return [self.wrote(which, f"{by.id} stops", let_go), self.frees(who, which)]

        return steps

    def _checks_out(self, who: int) -> list[Step | Then]:
        by = staff(STAFF[who])
        out = self.sat(who, "out", lambda: attendance.check_out(by, CheckedOut(), owns=False))
        return [Then(self._gone_home(who)), out, self.is_here(who, False), Then(self._lets_pass(who))]

    def _lets_pass(self, who: int) -> Callable[[World], list[Step]]:
        def steps(world: World) -> list[Step]:
            return [
                self.wrote(which, "withdrawn", offers.end_offer("o", "withdrawn"))
                for which, held in enumerate(self.desks[world.shifts[who]].slots)
                if held
            ]

        return steps

    def _gone_home(self, who: int) -> Callable[[World], list[Step]]:
        """What the real `leaving.gone_home` writes about the contacts there are, in its order."""

        def steps(world: World) -> list[Step]:
            folds = [self.cells[one].contact for one in world.contacts]
            logs = [msgspec.structs.replace(c, log=log_of(which)) for which, c in enumerate(folds)]
            home = GoingHome()
            leaves = leaving.gone_home(
                cast(Logbook, home), lambda _: self.definition, logs, STAFF[who], lead=who in LED_BY
            )
            for _ in leaves.__await__():
                raise AssertionError("nothing here is waited for")
            about = [which for which, _ in home.wrote]
            number = [about[:nth].count(which) for nth, which in enumerate(about)]
            return [
                self.wrote(which, f"{STAFF[who]} goes home, {nth}", decide)
                for (which, decide), nth in zip(home.wrote, number, strict=True)
            ]

        return steps

    # -- where it leads --------------------------------------------------------------------------------------------

    def everything(self, world: World) -> Iterator[tuple[str, World]]:
        """Every way on from here, with a crash after each record. `Wrong` says which press led to what must not be."""
        name = ""
        try:
            for which, one in enumerate(world.contacts):
                for move in self.moves(one):
                    if self._may(world, move.who):
                        name = move.name
                        yield name, self._follows(world, which, move.outcome)
            for press in self.presses(world):
                name = press.name
                yield from self._pressed_through(world, press)
            if not self.left_out(name := "a crash"):
                yield name, self.restart(world)
        except Wrong as wrong:
            raise Wrong(f"{name} → {wrong}") from wrong

    def _may(self, world: World, who: int) -> bool:
        if who == ANY_LEAD:
            return any(self.desks[world.shifts[lead]].on for lead in LED_BY)
        return who == NOBODY or self.desks[world.shifts[who]].on

    def _follows(self, world: World, which: int, outcome: Outcome) -> World:
        before, after = self.cells[world.contacts[which]], self.cells[outcome.after]
        moved = self._moved(world, which, outcome)
        quiet = (before.holders, before.owner) == (after.holders, after.owner) and not after.asks_a_page
        if quiet and not after.wrong:
            return moved
        return self.settle(moved)

    def _pressed_through(self, world: World, press: Press) -> Iterator[tuple[str, World]]:
        steps, number = list(press.steps), 0
        crashes = not self.left_out("a crash")
        while steps:
            step = steps.pop(0)
            if isinstance(step, Then):
                steps[:0] = step.steps(world)
                continue
            try:
                after = step(world)
            except Refused:
                return
            number += 1
            wrote, world = after != world, after
            if wrote:
                self.look(world)
                if steps and crashes:
                    yield f"{press.name}, cut off after {number}", self._left(self.restart(world), press)
        yield press.name, self._left(self.settle(world), press)

    def _left(self, world: World, press: Press) -> World:
        """A lead who went home has had the on-call asked to have everybody who is still on the ladder."""
        if press.leaves >= 0 and not self.desks[world.shifts[press.leaves]].on:
            for one in world.contacts:
                if self.cells[one].still_there and not self.cells[one].lead_gone:
                    raise Wrong(
                        f"{STAFF[press.leaves]} went home, and somebody on the ladder was left without a page"
                    )
        return world


def beginning(house: House) -> World:
    """Nobody has come yet; everybody is on, and the supporters are ready."""
    nobody = house.cell(Contact(log_of(0)))
    off = tuple(house.desk(Attendance(f"a-{who}")) for who in STAFF)
    world = World((nobody,) * CONTACTS, off, (False,) * len(STAFF))
    for who in range(len(STAFF)):
        for step in house._comes_on(who):
            assert not isinstance(step, Then)
            world = step(world)
    return world


def explore(house: House, *, deep: int = 1_000, most: int = 100, states: int = 100_000_000) -> Explored:
    """Visit every state within `deep` steps from the beginning in which no more than `most` alerts go on at once about
    any contact; no further once there are `states` of them."""
    first = beginning(house)
    known = {house.key(first): 0}
    parents, how, names = array("L", [0]), array("H", [0]), {"": 0}
    frontier, transitions, beyond, depth = [(0, first)], 0, 0, 0
    while frontier and depth < deep and len(known) < states:
        following: list[tuple[int, World]] = []
        for number, world in frontier:
            try:
                for name, after in house.everything(world):
                    transitions += 1
                    if after == world:
                        continue
                    key = house.key(after)
                    if key in known:
                        continue
                    if any(house.cells[one].at_once > most for one in after.contacts):
                        beyond += 1
                        continue
                    following.append((len(known), after))
                    known[key] = len(known)
                    parents.append(number)
                    how.append(names.setdefault(name, len(names)))
            except Wrong as wrong:
                way = _path(parents, how, list(names), number)
                return Explored(
                    len(known), transitions, depth + 1, False, beyond, " → ".join([*way, str(wrong)])
                )
        frontier, depth = following, depth + 1
    return Explored(len(known), transitions, depth, not frontier, beyond)


def _path(parents: Any, how: Any, names: list[str], number: int) -> list[str]:
    way: list[str] = []
    while number:
        way.append(names[how[number]])
        number = parents[number]
    return way[::-1]
