"""Whatever is pressed, in whatever order: every night has one holder or none, and what nobody has shows as a gap."""

import os
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from rota import cover
from rota.agreement import Agreement
from rota.book import AnyChange, Book, one_step, put_shift
from rota.cover import Plan, Refused
from rota.documents import Moved
from rota.gaps import gaps
from rota.hours import Hours, OpeningHours
from rota.hours_entry import read_hours
from rota.limits import Limits
from rota.members import Member
from rota.shifts import Rota, Shift, Slot
from rota.staffing import Minimum

ZONE = "Europe/London"
# The week before the clocks go back, a Monday, so that the nights walk across the change.
MONDAY = datetime.fromisoformat("2026-10-19T18:00")
UNTIL = datetime(2026, 11, 2, tzinfo=UTC)
PEOPLE = ("ania", "dev", "mari", "lou")
LOOSE = Agreement(limits=Limits(warn_hours=24, stop_hours=24, rest_hours=0, weekly_hours=168))
STRICT = Agreement(swaps_need_lead=True)


def _shift(id: str, person: str, day: int, hour: int) -> Shift:
    starts = MONDAY.replace(hour=hour) + timedelta(days=day)
    return Shift(
        id=id,
        zone=ZONE,
        starts=starts,
        ends=starts + timedelta(hours=4),
        role="supporter",
        person=person,
        channels=("web",),
        languages=("en",),
        rrule="FREQ=WEEKLY;COUNT=2",
    )


SHIFTS = (
    _shift("mon", "ania", 0, 18),
    _shift("tue", "dev", 1, 18),
    _shift("sat-night", "mari", 5, 22),
    _shift("sat-late", "", 5, 18),
    _shift("sun", "lou", 6, 18),
)
HOURS = read_hours({"zone": ZONE, "channels": {"web": {"week": "always"}}}, channels=("web",), where="hours")
assert isinstance(HOURS, OpeningHours)
# Somebody on the rota at all times, so that nothing but what was given back can be a gap that matters here.
MINIMUM = Minimum(supporters=1, lead=False, on_call=False, peers_alone=True)
slots = st.sampled_from(
    [duty.slot for duty in Rota(SHIFTS).occurrences(MONDAY.replace(tzinfo=ZoneInfo(ZONE)), UNTIL)]
)
people = st.sampled_from(PEOPLE)


def _member(person: str) -> Member:
    return Member(id=person, name=person, roles=("supporter",), languages=("en",), channels=("web",))


class Pressing(RuleBasedStateMachine):
    """Everybody presses everything; what is refused changes nothing."""

    agreement = LOOSE

    def __init__(self) -> None:
        super().__init__()
        self.now = datetime(2026, 10, 17, 12, tzinfo=UTC)
        self.asks = 0
        self.steps: list[tuple[AnyChange, ...]] = []
        book = Book()
        for shift in SHIFTS:
            book = book.apply(put_shift(book, shift))
        self.book = book
        self.rota = book.rota_from(Book(), Rota(()))
        self.holders = {str(slot): self._holder(slot) for slot in self._slots()}

    def _slots(self) -> list[Slot]:
        return [duty.slot for duty in Rota(SHIFTS).occurrences(UNTIL - timedelta(days=16), UNTIL)]

    def _holder(self, slot: Slot) -> str:
        duty = self.book.duty(slot)
        assert duty is not None
        return duty.person

    def _plan(self) -> Plan:
        return Plan(self.book, self.rota, self.agreement, ZONE, self.now)

    def _do(self, changes: tuple[AnyChange, ...]) -> None:
        step = one_step(changes)
        for change in step:
            assert self.book.holds(change) == change.before
        before, self.book = self.book, self.book.apply(step)
        self.rota = self.book.rota_from(before, self.rota)
        assert not step or self.book.turned(step) == tuple(change.turned for change in reversed(step))
        if step:
            self.steps.append(step)

    def _try(self, decide: object, *arguments: object, **named: object) -> bool:
        try:
            self._do(decide(self._plan(), *arguments, **named))  # type: ignore[operator]
        except Refused:
            return False
        return True

    def _new_ask(self) -> str:
        self.asks += 1
        return f"ask-{self.asks}"

    @rule(slot=slots, person=people, anyway=st.booleans())
    def take(self, slot: Slot, person: str, anyway: bool) -> None:
        before = self._holder(slot)
        wanted = any(ask.kind == "cover" and ask.by == before for ask in self.book.asks_about(slot))
        if self._try(cover.take, slot, _member(person), anyway=anyway):
            assert before in ("", person) or wanted
            assert self._holder(slot) == person

    @rule(slot=slots, person=people)
    def give_back(self, slot: Slot, person: str) -> None:
        before = self._holder(slot)
        if self._try(cover.give_back, slot, person):
            assert (before, self._holder(slot)) == (person, "")

    @rule(slot=slots, person=people)
    def sick(self, slot: Slot, person: str) -> None:
        self._try(cover.call_in_sick, slot, person)

    @rule(slot=slots, person=people)
    def ask_cover(self, slot: Slot, person: str) -> None:
        before = self._holder(slot)
        self._try(cover.ask_cover, slot, person, self._new_ask())
        assert self._holder(slot) == before

    @rule(mine=slots, theirs=slots, person=people)
    def offer_swap(self, mine: Slot, theirs: Slot, person: str) -> None:
        other = self._holder(theirs)
        if other:
            self._try(cover.offer_swap, mine, theirs, (_member(person), _member(other)), self._new_ask())

    @precondition(lambda self: self.book.asks)
    @rule(data=st.data(), lead=st.booleans())
    def answer(self, data: st.DataObject, lead: bool) -> None:
        ask = self.book.asks[data.draw(st.sampled_from(sorted(self.book.asks)))]
        if ask.kind != "swap" or ask.slot is None or ask.theirs is None:
            return
        both = _member(ask.by), _member(ask.to[0])
        before = self._holder(ask.slot), self._holder(ask.theirs)
        agree = cover.approve_swap if lead else cover.agree_swap
        if self._try(agree, ask.id, both) and ask.id not in self.book.asks:
            assert (self._holder(ask.slot), self._holder(ask.theirs)) == before[::-1]

    @precondition(lambda self: self.book.asks)
    @rule(data=st.data(), person=people)
    def say_no_or_withdraw(self, data: st.DataObject, person: str) -> None:
        ask = data.draw(st.sampled_from(sorted(self.book.asks)))
        if not self._try(cover.say_no, ask, person):
            self._try(cover.withdraw_ask, ask, person)

    @rule(slot=slots, person=people)
    def confirm(self, slot: Slot, person: str) -> None:
        if self._try(cover.confirm, slot, person):
            assert self.book.confirmed(slot, person)

    @rule(slot=slots, person=people)
    def put_on(self, slot: Slot, person: str) -> None:
        self._try(cover.put_on, slot, _member(person), anyway=True)

    @rule(slot=slots)
    def take_off(self, slot: Slot) -> None:
        self._try(cover.take_off, slot)

    @rule(data=st.data())
    def undo(self, data: st.DataObject) -> None:
        if self.steps:
            step = data.draw(st.sampled_from(self.steps[-4:]))
            try:
                self._do(cover.turn_round(self._plan(), step))
            except Moved:
                return

    @rule(hours=st.integers(1, 60))
    def time_passes(self, hours: int) -> None:
        self.now += timedelta(hours=hours)
        self._do(cover.stale_asks(self._plan()))

    @invariant()
    def nothing_is_lost_and_nothing_is_doubled(self) -> None:
        there = self.rota.occurrences(UNTIL - timedelta(days=16), UNTIL)
        assert len({duty.slot for duty in there}) == len(there) == len(self._slots())

    @invariant()
    def what_nobody_has_shows_as_a_gap(self) -> None:
        since = UNTIL - timedelta(days=16)
        found = gaps(self.rota, OpeningHours(_hours()), MINIMUM, since, UNTIL)
        shown = {duty.slot for gap in found for duty in gap.free}
        free = {duty.slot for duty in self.rota.occurrences(since, UNTIL) if not duty.person}
        assert shown == free
        for duty in self.rota.occurrences(since, UNTIL):
            alone = sum(one.person == duty.person for one in self.rota.on_duty_at(duty.starts_at))
            assert duty.free or alone >= 1

    @invariant()
    def whoever_confirmed_has_it(self) -> None:
        for slot, confirmation in self.book.confirmations.items():
            assert self._holder(Slot.parse(slot)) == confirmation.person

    @invariant()
    def questions_are_about_what_somebody_can_still_answer(self) -> None:
        for ask in self.book.asks.values():
            if ask.slot is not None and ask.kind in ("cover", "swap"):
                assert self._holder(ask.slot) == ask.by


class PressingByTheBook(Pressing):
    """The same with the ordinary limits, and swaps that wait for a lead."""

    agreement = STRICT


def _hours() -> Hours:
    assert isinstance(HOURS, OpeningHours)
    return HOURS.hours


PROVE = bool(os.environ.get("HELPLINE_PROVE"))
SIZE = settings(max_examples=400 if PROVE else 40, stateful_step_count=60 if PROVE else 30, deadline=None)


Pressing.TestCase.settings = SIZE
PressingByTheBook.TestCase.settings = SIZE
TestPressing = pytest.mark.timeout(3600 if PROVE else 120)(Pressing.TestCase)
TestPressingByTheBook = pytest.mark.timeout(3600 if PROVE else 120)(PressingByTheBook.TestCase)
