"""One contact of a small house: its states, and what every press and every clock makes of each of them.

A state is kept once, as the real fold that came to it first; what a press makes of it is worked out once, by the real
decision, and looked at record by record. What is forgotten of a contact is said at `told`. Any clock may fire next.
"""

import itertools
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import msgspec

from helpline import escalation, help_loop, leaving, offers, paging, talking
from helpline.contact import Contact
from helpline.contact_parts import WANT_A_DEED
from helpline.definition import Definition
from helpline.directory import EMERGENCY
from helpline.errors import HelplineError
from helpline.events import Attempted, Event, HelpChecked, RungSet
from helpline.logbook import Decide
from tests.owner_or_page import guarded, step_mistakes
from tests.properties.small_ladder import (
    BEGINS,
    LEADS,
    LEFT_OUT,
    NEVER,
    STAFF,
    SUPPORTERS,
    definition,
    principal,
    staff,
)

SECOND = timedelta(seconds=1)
# Who has to be on shift for a press: one of ours by number, any lead, or nobody.
ANY_LEAD, NOBODY = 4, -1
# Of a supporter or lead, renamed: the number of whoever stands in their place.
RENAMINGS = tuple(
    tuple(STAFF.index(who) for who in (*supporters, *leads))
    for supporters, leads in itertools.product(
        itertools.permutations(SUPPORTERS), itertools.permutations(LEADS)
    )
)
PAGE_CLOCKS = ("acknowledge", "take_up")
# Alerts that are asked for by name, or settle by something of their own; the others only page.
NAMED = frozenset({"take_them", "past_end", "owner_absent", "lead_gone", "kept_for_lead", "supporter_line"})
BY_TAKING = frozenset({"released", "nobody_has_them"})
# What a lead reads afterwards: nobody presses it here.
AFTERWARDS = frozenset({"debrief_left"})
NEEDS_SOMEBODY = ("waiting", "stored", "live", "wrap_up")


class Cell(msgspec.Struct, frozen=True):
    """A state of one contact: the fold, its number under each renaming, and what is asked of it again and again."""

    contact: Contact
    names: tuple[int, ...]
    owner: int
    offered: int
    holders: tuple[bool, ...]
    live: bool
    asks_a_page: bool
    still_there: bool
    lead_gone: bool
    at_once: int
    wrong: str


class Outcome(NamedTuple):
    """What a press makes of a contact; `needs`: whose being on shift it leaned on at some record."""

    after: int
    needs: tuple[int, ...]
    wrong: str


class Move(NamedTuple):
    """A press about one contact that writes once."""

    name: str
    who: int
    outcome: Outcome


def written(fold: Contact, decide: Decide, now: datetime) -> tuple[Contact, tuple[int, ...], str]:
    """The fold after a decision, whose being on shift its records leaned on, and what was wrong at the first of them."""
    needs: set[int] = set()
    wrong: list[str] = []
    for by, body in decide(fold, now):
        event = Event(seq=fold.seq + 1, at=now, by=by, body=body)
        after = fold.apply(event)
        away = after.supporter_lost is not None and after.clock("take_over") is None
        wrong += step_mistakes(fold, event, after, frozenset(LEADS))
        if not guarded(after, present=False):
            if after.owner and not away and guarded(after, present=True):
                needs.add(STAFF.index(after.owner))
            else:
                wrong.append(f"after {event.kind} at rung {after.rung} nobody is there and no page runs")
        fold = after
    return fold, tuple(needs), "; ".join(wrong)


def out_of_sight(c: Contact) -> str:
    """What the dispatcher would not look after, were it to begin again from here."""
    if (c.phase in NEEDS_SOMEBODY or c.unconfirmed) and not c.live:
        return "they need somebody, and are not read again at a start"
    if c.phase == "waiting" and c.with_lead and not c.paged:
        return "they are held for the lead, and no page runs"
    if c.offer is not None and not any(one.kind == "offer" and one.of == c.offer.offer for one in c.clocks):
        return "they are offered, and no clock ends the offer"
    return ""


def told(c: Contact, renamed: tuple[int, ...]) -> tuple[Any, ...]:
    """All that is told of a contact: the same for two that are one state.

    Forgotten: instants, seqs, texts, tasks, attempts, who set the rung, at which step of its chain a page is, and
    alerts that are over.
    """
    clocks = frozenset(one.kind for one in c.clocks if one.kind not in LEFT_OUT)
    if c.phase == "ended" and not clocks:
        return ("over",)

    def name(who: str) -> int:
        return renamed[STAFF.index(who)] if who else NOBODY

    loop = c.ladder.loop if c.rung == 4 else None
    return (
        c.phase,
        name(c.owner),
        tuple(sorted(name(one.id) for one in c.participants)),
        name(c.offer.supporter) if c.offer is not None else NOBODY,
        c.rung,
        c.highest_rung >= 3,
        c.ladder.reached_999 is None,
        (c.with_lead, c.supporter_lost is None),
        (loop.called_at is None, loop.ended) if loop is not None else None,
        tuple(sorted(clocks - set(PAGE_CLOCKS))),
        pages(c, name),
    )


def pages(c: Contact, name: Callable[[str], int]) -> tuple[Any, ...]:
    """Each alert that stands open or runs: what settles it, whether it is of this rung, and what its clock is."""
    running = {clock.of: clock.kind for clock in c.clocks if clock.kind in PAGE_CLOCKS}
    known = []
    for one in c.alerts:
        clock, since = running.get(one.alert, ""), one.acknowledged_at
        by_name = one.what in NAMED | WANT_A_DEED
        what = one.what if by_name else "by_taking" if one.what in BY_TAKING else "told"
        whose = next((name(who) for who in STAFF if f"-{who}" in one.alert), NOBODY)
        if clock or (not one.acknowledged_by and one.what not in AFTERWARDS):
            acted = what in WANT_A_DEED and since is not None and (c.acted_at or BEGINS) >= since
            here = one.alert.endswith(f"-{c.rung_seq}")
            here = here and one.what in WANT_A_DEED | {"lead_gone"}
            known.append((what, not one.acknowledged_by, clock, acted, whose, here))
        elif one.what == "past_end":
            # Said once about each of ours, and so still there when it is over.
            known.append(("past_end", False, "", False, whose, False))
    return tuple(sorted(known))


class Contacts:
    """What may happen to one contact. `rungs` are those gone to; `without`: parts of names of presses left out."""

    def __init__(self, *, rungs: tuple[int, ...] = (0, 2, 4), without: tuple[str, ...] = ()) -> None:
        self.definition: Definition = definition(whole=False)
        self._rungs, self._without = rungs, without
        self.cells: list[Cell] = []
        self._cells: dict[tuple[Any, ...], int] = {}
        self._names: dict[tuple[Any, ...], int] = {}
        self._outcomes: dict[tuple[int, str], Outcome | None] = {}
        self._moves: dict[int, list[Move]] = {}

    def left_out(self, name: str) -> bool:
        return any(part in name for part in self._without)

    def cell(self, c: Contact) -> int:
        """The number of its state."""
        known = told(c, RENAMINGS[0])
        number = self._cells.get(known)
        if number is None:
            number = self._cells[known] = len(self.cells)
            names = tuple(self._names.setdefault(told(c, renamed), len(self._names)) for renamed in RENAMINGS)
            offered = c.offer.supporter if c.offer is not None else ""
            here = Cell(
                c,
                names,
                STAFF.index(c.owner) if c.owner else NOBODY,
                STAFF.index(offered) if offered else NOBODY,
                tuple(who in c.holders for who in STAFF),
                c.phase == "live",
                c.rung >= 2 and c.nobodys and not c.paged,
                bool(leaving.still_there([c], "")) and c.rung >= 2,
                any(one.what == "lead_gone" for one in c.open_alerts),
                sum(opened or bool(clock) for _, opened, clock, *_ in pages(c, STAFF.index)),
                out_of_sight(c),
            )
            self.cells.append(here)
        return number

    def outcome(self, one: int, name: str, decide: Decide) -> Outcome | None:
        """What a press makes of a contact's state, worked out once; None when it is refused."""
        if (one, name) not in self._outcomes:
            c = self.cells[one].contact
            try:
                after, needs, wrong = written(c, decide, max(c.at, BEGINS) + SECOND)
            except HelplineError:
                self._outcomes[one, name] = None
            else:
                self._outcomes[one, name] = Outcome(self.cell(after), needs, wrong)
        return self._outcomes[one, name]

    def moves(self, one: int) -> list[Move]:
        """Every press about one contact alone, and every clock of it."""
        if one not in self._moves:
            found, c = [], self.cells[one].contact
            pressed = self._pressed(c) if c.phase != "new" and (c.clocks or c.phase != "ended") else ()
            for name, who, decide in pressed:
                outcome = None if self.left_out(name) else self.outcome(one, name, decide)
                if outcome is not None:
                    found.append(Move(name, who, outcome))
            self._moves[one] = [*found, *self._fired(one)]
        return self._moves[one]

    def _pressed(self, c: Contact) -> Iterator[tuple[str, int, Decide]]:
        d = self.definition
        if c.offer is not None:
            # Whoever is asked may answer even when they have gone home: the page is still open.
            by = staff(c.offer.supporter)
            yield f"{by.id} answers", NOBODY, offers.accept(by, c.offer.offer, "")
        if c.owner:
            by, own = staff(c.owner), STAFF.index(c.owner)
            yield from self._pressed_by(c, c.owner, own)
            yield f"{by.id} ends it", own, talking.close(by, "supporter", "")
            for to in ("queue", "lead"):
                yield f"{by.id} lets go to the {to}", own, offers.release(by, d, to, "supporter", "")
        yield from self._pressed_by(c, LEADS[0], ANY_LEAD)
        lead = staff(LEADS[0])
        yield "a lead puts them back", ANY_LEAD, offers.back_to_queue(lead, d, "")
        for nth, alert in enumerate(c.open_alerts):
            if alert.what not in AFTERWARDS:
                has_it = paging.acknowledge(lead, d, alert.alert, "", "")
                yield f"a lead has it: {alert.what}, {nth}", ANY_LEAD, has_it
        for who in LEADS:
            yield f"{who} takes over", STAFF.index(who), offers.take_over(staff(who), "")

    def _pressed_by(self, c: Contact, who: str, needs: int) -> Iterator[tuple[str, int, Decide]]:
        d, by = self.definition, staff(who)
        says = "a lead" if needs == ANY_LEAD else who
        for to in self._rungs if c.phase in ("waiting", "live") else ():
            down = to < c.rung and needs == ANY_LEAD
            if down or (to > c.rung and (needs != ANY_LEAD or c.nobodys)):
                yield (
                    f"{says} goes to {to}",
                    needs,
                    escalation.set_rung(principal(who), by, d, RungSet(to, 0, basis="what they said")),
                )
        if c.rung == 4:
            answered = Attempted(EMERGENCY, 1, "answered", EMERGENCY)
            yield f"{says}: 999 answers", needs, escalation.attempt(by, d, answered)
            yield f"{says}: help is there", needs, help_loop.check(by, d, HelpChecked(True, "asked"))

    def _fired(self, one: int) -> Iterator[Move]:
        """Each clock fires; a page's up to three times on end, so that its chain is gone through."""
        start = self.cells[one].contact
        for clock in start.clocks:
            if clock.kind in LEFT_OUT or self.left_out(f"clock: {clock.kind}"):
                continue
            c, wrong = start, ""
            needs: tuple[int, ...] = ()
            alert = start.alert(clock.of)
            name = f"clock: {clock.kind}" + (f" of {alert.what}" if alert is not None else "")
            for times in range(1, 4 if clock.kind in PAGE_CLOCKS else 2):
                if not any((other.kind, other.of) == (clock.kind, clock.of) for other in c.clocks):
                    break
                now = c.at + SECOND
                only = tuple(
                    msgspec.structs.replace(
                        other, due=now if (other.kind, other.of) == (clock.kind, clock.of) else now + NEVER
                    )
                    for other in c.clocks
                )
                due = msgspec.structs.replace(c, clocks=only)
                c, leaned, found = written(due, escalation.clocks_due(self.definition), now)
                needs, wrong = (*needs, *leaned), wrong or found
                yield Move(f"{name}, {times}×", NOBODY, Outcome(self.cell(c), needs, wrong))
