"""A small service, all of it: one person, two supporters, two leads, three crisis contacts, and whatever may happen.

Every state that can be reached is visited, breadth first. The states are those of the real folds, and every step is
made by the real decisions; nothing of the ladder is written again here. What is written here is only who may press
what, in which order a press of several records is written (`Press`), and what the dispatcher does on hearing of one
(`settle`), each as `staff_side.py`, `dispatcher.py`, `lines.py` and `absence.py` have it.

Time is abstract: any clock that runs may be the next to fire, whatever its instant, and a minute may pass at any time.
So more is visited than could ever happen, and nothing less. A crash may come after every single record: presence is
gone, and the dispatcher begins again from the log. Two states are one when they differ only in instants, numbers, in
alerts that are over, or in which of the two supporters and which of the two leads is which.
"""

import itertools
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import Any

import msgspec

from helpline import attendance, escalation, help_loop, leaving, offers, paging, shift_ends, talking
from helpline.absence import owner_gone
from helpline.attendance import Attendance
from helpline.contact import Contact
from helpline.contact_parts import WANT_A_DEED
from helpline.definition import Definition
from helpline.directory import EMERGENCY, CrisisContact
from helpline.errors import HelplineError
from helpline.escalation import MISTAKE_SECONDS
from helpline.events import (
    SERVICE,
    Attempted,
    By,
    CheckedIn,
    CheckedOut,
    CouldNotBeConfirmed,
    Countersigned,
    Event,
    HelpChecked,
    RungSet,
    Started,
)
from helpline.ladder import Attempt, default_ladder, next_step
from helpline.logbook import Decide
from helpline.people import Principal
from helpline.shape import NoteForm
from helpline.talking import Door, Message
from helpline.urgency import PhraseBook
from rota.hours import Hours
from tests.owner_or_page import guarded, step_mistakes

BEGINS = datetime(2026, 11, 25, 22, 0, tzinfo=UTC)
NEVER = timedelta(days=3_000)
CONTACT = "c-0000000000000000000000SMALL"
SUPPORTERS = ("ania", "dev")
LEADS = ("jo", "kit")
STAFF = (*SUPPORTERS, *LEADS)
NO_PHRASES = PhraseBook({})
# What moves nobody on the ladder: the honest choices of the queue, and what is said about a lost line.
LEFT_OUT = frozenset({"long_wait", "wait_alert", "tell_person", "not_safe", "place_held"})
# Of the ladder's clocks those that page, and the loop of rung 4.
ESSENTIAL = frozenset(
    {
        "lead_told",
        "lead_acknowledges",
        "on_call_acknowledges",
        "call_started",
        "confirm_first",
        "confirm_every",
    }
)
CRISIS_CONTACTS = (
    CrisisContact(id="team", name="Crisis team", role="crisis_team", number="01632 960114"),
    CrisisContact(id="on-call", name="On-call", role="on_call", number="07700 900111"),
    CrisisContact(id=EMERGENCY, name="999", role=EMERGENCY, number="999", line="public"),
)
# Acknowledged, and looked up again by name: these are no less there for being over.
ONCE = ("take_them", "past_end", "debrief_left")


def definition(*, whole: bool) -> Definition:
    """The default ladder; not `whole`: with its essential clocks only."""
    ladder = default_ladder()
    if not whole:
        rungs = tuple(
            msgspec.structs.replace(
                rung, clocks={kind: n for kind, n in rung.clocks.items() if kind in ESSENTIAL}
            )
            for rung in ladder.rungs
        )
        ladder = msgspec.structs.replace(ladder, rungs=rungs)
    return Definition(
        name="Small line",
        short_name="Small",
        zone="Europe/London",
        country="GB",
        hours=Hours(zone="Europe/London", channels=()),
        note_form=NoteForm(fields=()),
        ladder=ladder,
    )


class World(msgspec.Struct, frozen=True):
    """Where everything stands: the two kinds of fold, and what is only in memory or in another store."""

    contact: Contact
    shifts: dict[str, Attendance]
    here: frozenset[str] = frozenset()
    closed: frozenset[str] = frozenset()
    now: datetime = BEGINS

    def on(self, who: str) -> Attendance | None:
        held = self.shifts[who]
        return held if held.checked_in else None

    @property
    def present(self) -> bool:
        """The owner is there: on shift, account open, and not away for so long that the clock of it has fired."""
        c = self.contact
        away = c.supporter_lost is not None and c.clock("take_over") is None
        return bool(c.owner) and self.on(c.owner) is not None and c.owner not in self.closed and not away


class Wrong(Exception):
    """A state that must not be, in words."""


Step = Callable[[World], World]


class Press(msgspec.Struct, frozen=True):
    """Something that may happen: its name, and the records it writes one after the other."""

    name: str
    steps: tuple[Step, ...]


def staff(who: str) -> By:
    return By("lead" if who in LEADS else "supporter", who, who)


def principal(who: str) -> Principal:
    return Principal(who, who, ("lead",) if who in LEADS else ("supporter",))


class Small:
    """What may happen in a world, and what follows."""

    def __init__(
        self, *, whole: bool = False, rungs: tuple[int, ...] = (0, 1, 2, 3, 4), without: tuple[str, ...] = ()
    ) -> None:
        self.definition = definition(whole=whole)
        self._rungs, self._without = rungs, without

    # -- records ---------------------------------------------------------------------------------------------------

    def wrote(self, decide: Decide) -> Step:
        """One record in the contact's log. `Wrong` at the first seq at which something is not as it must be."""

        def step(world: World) -> World:
            fold, now = world.contact, world.now + timedelta(seconds=1)
            drafts = decide(fold, now)
            for by, body in drafts:
                event = Event(seq=fold.seq + 1, at=now, by=by, body=body)
                after = fold.apply(event)
                wrong = step_mistakes(fold, event, after, frozenset(LEADS))
                if not guarded(after, present=msgspec.structs.replace(world, contact=after).present):
                    wrong.append(f"after {event.kind} at rung {after.rung} nobody is there and no page runs")
                if wrong:
                    raise Wrong("; ".join(wrong))
                fold = after
            return msgspec.structs.replace(world, contact=fold, now=now)

        return step

    def shift(self, who: str, decide: Decide) -> Step:
        """One record in the log of somebody's shift."""

        def step(world: World) -> World:
            fold, now = world.shifts[who], world.now
            for by, body in decide(fold, now):
                fold = fold.apply(Event(seq=fold.seq + 1, at=now, by=by, body=body))
            return msgspec.structs.replace(world, shifts=world.shifts | {who: fold})

        return step

    # -- what the dispatcher does on hearing of it -----------------------------------------------------------------

    def settle(self, world: World) -> World:
        """Every reaction that follows by itself, until there is none."""
        for _ in range(12):
            before = world
            world = self._slots(world)
            c = world.contact
            if c.phase == "live" and c.owner and world.on(c.owner) is None:
                let_go = offers.release(SERVICE, self.definition, "queue", "end_of_shift", "")
                world = self.wrote(let_go)(world)
            elif c.phase == "live" and c.owner in world.closed:
                world = self.wrote(owner_gone(self.definition, c.owner))(world)
            elif c.offer is not None and (
                c.offer.supporter in world.closed or not world.shifts[c.offer.supporter].ready
            ):
                world = self.wrote(offers.end_offer(c.offer.offer, "gone"))(world)
            else:
                world = self.wrote(paging.page_for_nobodys(self.definition))(world)
            if (world.contact, world.shifts) == (before.contact, before.shifts):
                break
        if not guarded(world.contact, present=world.present):
            raise Wrong(f"at rung {world.contact.rung} nobody is there and no page runs")
        return world

    def _slots(self, world: World) -> World:
        c = world.contact
        for who in STAFF:
            held = CONTACT in world.shifts[who].slots
            if who in c.holders and not held:
                world = self.shift(who, attendance.take_slot(CONTACT))(world)
            elif held and who not in c.holders:
                world = self.shift(who, attendance.free_slot(CONTACT, "gone"))(world)
        return world

    def restart(self, world: World) -> World:
        """The process died and began again: nobody is connected, and what follows is worked out from the log."""
        return self.settle(msgspec.structs.replace(world, here=frozenset()))

    # -- what may happen -------------------------------------------------------------------------------------------

    def presses(self, world: World) -> Iterator[Press]:
        every = (self._persons, self._shifts, self._offers, self._hands, self._ladder, self._clocks)
        for some in every:
            for press in some(world):
                if not any(part in press.name for part in self._without):
                    yield press

    def _one(self, name: str, *decides: Decide) -> Press:
        return Press(name, tuple(self.wrote(decide) for decide in decides))

    def _persons(self, world: World) -> Iterator[Press]:
        d, c = self.definition, world.contact
        if c.phase in ("ended", "wrap_up", "stored") or c.left:
            words = talking.say_as_person(d, [Message("", "still here")], "en", Door(True), NO_PHRASES)
            yield self._one("the person writes", words)
        if c.phase in ("ended", "wrap_up", "stored") and c.rung >= 2:
            words = talking.say_as_person(d, [Message("", "still here")], "en", Door(False), NO_PHRASES)
            yield self._one("the person writes though we are shut", words)
        if not c.not_safe:
            yield self._one("the person presses not safe", talking.not_safe(d, ""))
        if not c.left:
            yield self._one("the person leaves", talking.leave(d, "ended", ""))
        lost = (
            offers.line_lost(d, "person", world.now) if c.person_lost is None else offers.line_back("person")
        )
        yield self._one("the person's line is lost or back", lost)

    def _shifts(self, world: World) -> Iterator[Press]:
        c = world.contact
        for who in STAFF:
            if who in world.closed:
                continue
            on, by = world.on(who), staff(who)
            if on is None:
                yield Press(f"{who} comes on", (self._comes(who), self._ready(who)))
                continue
            yield Press(f"{who}'s line is lost or back", (self._line(who),))
            if on.ready:
                steps = (self.shift(who, attendance.be_away(by, "pause")),)
                yield Press(f"{who} pauses", steps)
            else:
                yield Press(f"{who} is ready", (self._ready(who),))
            yield from self._goes_home(world, who)
            if len(world.closed) < 2:
                yield Press(f"{who}'s account is closed", (self._closes(who),))
            if c.owner == who and c.phase == "live":
                told = shift_ends.tell_past_end(self.definition, who, BEGINS)
                yield self._one(f"{who}'s shift is over", told)
                if who not in world.here and c.supporter_lost is None:
                    lost = offers.line_lost(self.definition, "supporter", world.now)
                    yield self._one(f"{who} is noticed to be away", lost)
            if who in LEADS and who not in world.here and leaving.still_there([c], who):
                yield self._one(f"{who} left the laptop", leaving.lead_has_gone(self.definition, who))

    def _comes(self, who: str) -> Step:
        body = CheckedIn(who, ("lead",) if who in LEADS else ("supporter",), who, ("en",), ("web",), 1)

        def step(world: World) -> World:
            fresh = msgspec.structs.replace(world, shifts=world.shifts | {who: Attendance(f"a-{who}")})
            came = self.shift(who, attendance.check_in(staff(who), body))(fresh)
            return msgspec.structs.replace(came, here=came.here | {who})

        return step

    def _ready(self, who: str) -> Step:
        return self.shift(who, attendance.be_ready(staff(who), None, None))

    def _line(self, who: str) -> Step:
        def step(world: World) -> World:
            if who in world.here:
                return msgspec.structs.replace(world, here=world.here - {who})
            back = msgspec.structs.replace(world, here=world.here | {who})
            return self.wrote(offers.line_back("supporter"))(back) if world.contact.owner == who else back

        return step

    def _closes(self, who: str) -> Step:
        def step(world: World) -> World:
            away = self.shift(who, attendance.be_away(SERVICE, "gone"))(world)
            return msgspec.structs.replace(away, closed=away.closed | {who}, here=away.here - {who})

        return step

    def _goes_home(self, world: World, who: str) -> Iterator[Press]:
        c, by, d = world.contact, staff(who), self.definition
        owns = c.owner == who and CONTACT in world.shifts[who].slots
        out = self.shift(who, attendance.check_out(by, CheckedOut(), owns=False))
        before: list[Step] = [self.wrote(leaving.lead_has_gone(d, who))] if who in LEADS else []
        after: list[Step] = []
        if c.phase == "live" and c.part(who) is not None and not owns:
            after.append(self.wrote(offers.step_out(by, "")))
        gone = self._gone(who)
        if not owns:
            yield Press(f"{who} checks out", (*before, out, *after, gone))
        if c.phase == "live" and c.owner == who:
            let_go = offers.release(by, d, "queue", "must_stop", "")
        elif c.phase == "wrap_up" and c.owner == who:
            let_go = offers.wrap_up(by, "", "", must_stop=True)
        else:
            return
        free = self.shift(who, attendance.free_slot(CONTACT, "released"))
        yield Press(f"{who} must stop now", (self.wrote(let_go), free, *before, out, *after, gone))

    def _gone(self, who: str) -> Step:
        def step(world: World) -> World:
            return msgspec.structs.replace(world, here=world.here - {who})

        return step

    def _offers(self, world: World) -> Iterator[Press]:
        c, d = world.contact, self.definition
        if c.phase == "waiting" and c.offer is None and not c.with_lead:
            for who in STAFF:
                on = world.on(who)
                if on is not None and on.ready and who in world.here:
                    held = self.shift(who, attendance.hold_slot(CONTACT, "o"))
                    put = self.wrote(offers.offer(d, "o", who, on.log))
                    yield Press(f"it rings at {who}'s", (held, put))
        if c.offer is not None:
            by = staff(c.offer.supporter)
            if c.offer.supporter not in world.closed:
                yield self._one(f"{by.id} answers", offers.accept(by, c.offer.offer, ""))
                yield self._one(f"{by.id} declines", offers.decline(by, c.offer.offer, None, ""))
            yield self._one("the offer is taken back", offers.end_offer(c.offer.offer, "gone"))

    def _acting(self, world: World) -> Iterator[str]:
        """Whoever may press something about them: who is in the conversation, and every lead."""
        for who in STAFF:
            if who not in world.closed and (world.contact.part(who) is not None or who in LEADS):
                yield who

    def _hands(self, world: World) -> Iterator[Press]:
        c, d = world.contact, self.definition
        for who in self._acting(world):
            by = staff(who)
            if c.part(who) is not None:
                yield self._one(f"{who} ends it", talking.close(by, "supporter", ""))
                yield self._one(f"{who} steps out", offers.step_out(by, ""))
            if c.owner == who:
                yield self._one(f"{who} wraps up", offers.wrap_up(by, "talked", ""))
                for to in ("queue", "lead"):
                    yield self._one(f"{who} lets go to the {to}", offers.release(by, d, to, "supporter", ""))
                for other in STAFF:
                    on = world.on(other)
                    if other != who and on is not None and on.ready and other in world.here:
                        held = self.shift(other, attendance.hold_slot(CONTACT, "t"))
                        put = self.wrote(offers.transfer(by, d, "t", other, on.log, None, ""))
                        yield Press(f"{who} hands over to {other}", (held, put))
            if who in LEADS:
                yield self._one(f"{who} joins", offers.join(by, ""))
                yield self._one(f"{who} puts them back", offers.back_to_queue(by, d, ""))
                if world.on(who) is not None:
                    yield self._one(f"{who} takes over", offers.take_over(by, ""))

    def _ladder(self, world: World) -> Iterator[Press]:
        c, d = world.contact, self.definition
        for who in self._acting(world):
            by = staff(who)
            for to in self._rungs:
                if to != c.rung:
                    up = escalation.set_rung(principal(who), by, d, RungSet(to, 0, basis="what they said"))
                    yield self._one(f"{who} goes to {to}", up)
            yield self._one(f"{who} takes it back", escalation.withdraw_rung(by, d, c.rung_seq, ""))
            yield self._one(f"{who} asks the lead", escalation.ask_lead(by, d, None, ""))
            for tried, role, outcome in (
                (EMERGENCY, EMERGENCY, "answered"),
                (EMERGENCY, EMERGENCY, "engaged"),
                ("team", "crisis_team", "answered"),
                ("on-call", "on_call", "no_answer"),
            ):
                rang = escalation.attempt(by, d, Attempted(tried, 1, outcome, role))
                yield self._one(f"{who} rings {tried}: {outcome}", rang)
            for reached in (True, False):
                checked = help_loop.check(by, d, HelpChecked(reached, "asked"))
                yield self._one(f"{who} checks: {reached}", checked)
            signed = CouldNotBeConfirmed("rang everybody", "CAD 1")
            yield self._one(f"{who} signs", help_loop.cannot_confirm(by, d, signed))
            loop = c.ladder.loop
            if loop is not None and loop.signed is not None:
                second = help_loop.countersign(by, d, Countersigned(loop.signed.seq))
                yield self._one(f"{who} signs too", second)
            if who in LEADS:
                for alert in c.open_alerts:
                    has_it = paging.acknowledge(by, d, alert.alert, "", "")
                    yield self._one(f"{who} has it: {alert.what}", has_it)

    def _clocks(self, world: World) -> Iterator[Press]:
        for clock in world.contact.clocks:
            if clock.kind not in LEFT_OUT:
                yield Press(f"the clock fires: {clock.kind}", (self._fires(clock.kind, clock.of),))
        yield Press("a minute passes", (self._a_minute_passes,))
        yield Press("a crash", (self.restart,))

    def _fires(self, kind: str, of: str) -> Step:
        """Only this clock is due: the others' instants are put off, and back afterwards."""

        def step(world: World) -> World:
            c, now = world.contact, world.now + timedelta(seconds=1)
            put_off = tuple(
                msgspec.structs.replace(
                    clock, due=now if (clock.kind, clock.of) == (kind, of) else now + NEVER
                )
                for clock in c.clocks
            )
            moved = msgspec.structs.replace(world, contact=msgspec.structs.replace(c, clocks=put_off))
            return self.wrote(escalation.clocks_due(self.definition))(moved)

        return step

    def _a_minute_passes(self, world: World) -> World:
        return msgspec.structs.replace(world, now=world.now + timedelta(seconds=MISTAKE_SECONDS + 1))

    def after(self, world: World, press: Press) -> Iterator[tuple[str, World]]:
        """Where it leads, and where it leads with a crash after each of its records but the last."""
        for number, step in enumerate(press.steps, start=1):
            try:
                world = step(world)
            except HelplineError:
                return
            if number < len(press.steps):
                yield f"{press.name}, cut off after record {number}", self.restart(world)
        yield press.name, self.settle(world)

    def everything(self, world: World) -> Iterator[tuple[str, World]]:
        """Every way on from here. `Wrong` says which press led to what must not be."""
        for press in self.presses(world):
            try:
                yield from self.after(world, press)
            except Wrong as wrong:
                raise Wrong(f"{press.name} → {wrong}") from wrong

    # -- what must be so in every state ----------------------------------------------------------------------------

    def look(self, world: World) -> None:
        """`Wrong` unless there is somebody to ring, and 999 and rung 4 are one press for whoever may press at all."""
        c, d = world.contact, self.definition
        tried = [Attempt(one.crisis_contact, one.version, one.outcome, one.at) for one in c.attempts]  # type: ignore[arg-type]
        suggestion = next_step(c.rung, d.ladder.steps(c.rung), CRISIS_CONTACTS, tried, world.now)
        if not suggestion.contact.number and suggestion.contact.role != "ask_up":
            raise Wrong("nobody to ring next")
        for who in self._acting(world):
            by = staff(who)
            try:
                rang = escalation.attempt(by, d, Attempted(EMERGENCY, 1, "no_answer", EMERGENCY))(
                    c, world.now
                )
                up = escalation.set_rung(principal(who), by, d, RungSet(4, 0, basis="now"))(c, world.now)
            except HelplineError as refused:
                raise Wrong(f"{who} is refused an emergency: {refused}") from refused
            if not any(isinstance(body, Attempted) for _, body in rang):
                raise Wrong(f"{who}'s call to 999 is not written down")
            if [body.to for _, body in up if isinstance(body, RungSet)] != [4]:
                raise Wrong(f"{who} cannot go to rung 4 with one press")


def beginning(small: Small) -> World:
    """Somebody waits; everybody is on, ready and connected."""
    world = World(Contact(CONTACT), {who: Attendance(f"a-{who}") for who in STAFF})
    began = talking.start(
        small.definition, Started("web", "en", "", ""), None, Door(True), full=False, book=NO_PHRASES
    )
    world = small.wrote(began)(world)
    for who in STAFF:
        world = small._ready(who)(small._comes(who)(world))
    return world


class Explored(msgspec.Struct, frozen=True):
    """What a search came to. `wrong` is empty, or says what must not be and how one gets there.

    `exhausted`: nothing was left to visit within `most` alerts at once; `beyond` counts the steps to states with more.
    """

    states: int
    transitions: int
    depth: int
    exhausted: bool
    beyond: int = 0
    wrong: str = ""

    def __str__(self) -> str:
        left = "exhausted" if self.exhausted else "not exhausted"
        return (
            f"{self.states} states, {self.transitions} transitions, depth {self.depth}, frontier {left}, "
            f"{self.beyond} steps to states beyond the bound"
        )


def explore(small: Small, *, deep: int, most: int = 100) -> Explored:
    """Visit every state within `deep` steps from the beginning in which no more than `most` alerts go on at once."""
    first = beginning(small)
    came: dict[bytes, tuple[bytes, str]] = {key(first): (b"", "")}
    frontier, transitions, beyond, depth = [(key(first), first)], 0, 0, 0
    while frontier and depth < deep:
        following: list[tuple[bytes, World]] = []
        for here, world in frontier:
            try:
                small.look(world)
                for name, after in small.everything(world):
                    transitions += 1
                    there = key(after)
                    if there in came:
                        continue
                    if at_once(after.contact) > most:
                        beyond += 1
                        continue
                    came[there] = (here, name)
                    following.append((there, after))
            except Wrong as wrong:
                path = " → ".join([*_path(came, here), str(wrong)])
                return Explored(len(came), transitions, depth + 1, False, beyond, path)
        frontier, depth = following, depth + 1
    return Explored(len(came), transitions, depth, not frontier, beyond)


def _path(came: dict[bytes, tuple[bytes, str]], there: bytes) -> list[str]:
    names: list[str] = []
    while came[there][1]:
        there, name = came[there]
        names.append(name)
    return names[::-1]


def at_once(c: Contact) -> int:
    """How many alerts go on: nobody has answered them yet, or they would start again."""
    running = {clock.of for clock in c.clocks if clock.kind in ("acknowledge", "take_up")}
    return sum(not one.acknowledged_by or one.alert in running for one in c.alerts)


# -- when two states are one ---------------------------------------------------------------------------------------

RENAMINGS = tuple(
    dict(zip(STAFF, (*supporters, *leads), strict=True))
    for supporters, leads in itertools.product(
        itertools.permutations(SUPPORTERS), itertools.permutations(LEADS)
    )
)


def key(world: World) -> bytes:
    """The same for two states that are one."""
    return min(_told(world, renamed) for renamed in RENAMINGS)


def _told(world: World, renamed: dict[str, str]) -> bytes:
    c = world.contact
    loop, ladder = c.ladder.loop, c.ladder

    def name(who: str) -> str:
        return renamed.get(who, who)

    recent = c.rung_at is not None and world.now - c.rung_at < timedelta(seconds=MISTAKE_SECONDS)
    people = sorted(
        (name(who), a.checked_in, a.ready, CONTACT in a.slots, who in world.here, who in world.closed)
        for who, a in world.shifts.items()
    )
    told = (
        c.phase,
        name(c.owner),
        sorted((name(one.id), one.role) for one in c.participants),
        (name(c.offer.supporter), name(c.offer.transfer)) if c.offer is not None else None,
        c.rung,
        (c.rung_was, name(c.rung_by), c.highest_was) if recent else None,
        (c.with_lead, c.not_safe, bool(c.left), c.person_lost is None, c.supporter_lost is None),
        (loop.called_at is None, name(loop.signed.by) if loop.signed is not None else "", loop.ended)
        if loop is not None
        else None,
        ladder.reached_999 is None,
        sorted({clock.kind for clock in c.clocks if clock.kind not in LEFT_OUT | {"acknowledge", "take_up"}}),
        _alerts(c, name, recent=recent),
        people,
    )
    return blake2b(repr(told).encode(), digest_size=12).digest()


def _alerts(c: Contact, name: Callable[[str], str], *, recent: bool) -> list[Any]:
    """What of the alerts can still change anything: those open, those with a clock, those that come only once."""
    running = {clock.of: clock.kind for clock in c.clocks if clock.kind in ("acknowledge", "take_up")}
    known = set()
    for one in c.alerts:
        clock = running.pop(one.alert, "")
        last = one.to == paging.CHAIN[-1]
        if not one.acknowledged_by or clock:
            since = one.acknowledged_at
            acted = one.what in WANT_A_DEED and since is not None and (c.acted_at or BEGINS) >= since
            mistaken = recent and one.alert == f"rung-{c.rung_seq}"
            known.add((one.what, last, bool(one.acknowledged_by), acted, clock, mistaken))
        elif one.what in ONCE:
            whose = next((name(who) for who in STAFF if one.alert.endswith(who)), "")
            known.add((one.what, last, one.acknowledged_by == "answered", False, whose, False))
    return sorted(known)
