"""The small service in all its states: nobody on the ladder is ever nobody's, and 999 is one press in each of them.

`tests/properties/small_ladder.py` says what a state is, and what is left out of it.
"""

import itertools
import random
from datetime import datetime
from typing import get_args

import msgspec
import pytest

from helpline import escalation, help_loop, offers, paging
from helpline.contact import Contact
from helpline.definition import Definition
from helpline.events import Alerted
from helpline.ladder import Attempt, Outcome, default_ladder, next_step
from helpline.logbook import Decide, Draft
from tests.properties.small_ladder import BEGINS, CRISIS_CONTACTS, Explored, Small, Wrong, beginning, explore

# What every slice leaves out, so that the rest of it can be visited further.
ASIDE = (
    "not safe",
    "person",
    "pauses",
    "joins",
    "steps out",
    "hands over",
    "asks the lead",
    "team",
    "on-call",
    "takes it back",
    "a minute",
    "is closed",
    "declines",
    "taken back",
)
# Nobody comes or goes.
STAYING = (
    "line is lost",
    "laptop",
    "checks out",
    "comes on",
    "shift is over",
    "noticed",
    "must stop",
    "puts them",
    "lets go",
    "ends it",
    "wraps up",
)
# Kit stays where she is, and nobody rings 999.
LEAVING = (
    "emergency",
    "checks:",
    "signs",
    "kit comes",
    "kit checks",
    "kit's line",
    "kit must",
    "kit left",
    "kit ends",
    "puts them",
    "ends it",
    "wraps up",
    "shift is over",
)


class Slice(msgspec.Struct, frozen=True):
    """Which rungs are gone to, what is left out, how many alerts may go on at once, and how deep it is visited in the
    short and in the long form. `whole`: in the long form there is nothing left to visit."""

    rungs: tuple[int, ...]
    without: tuple[str, ...]
    most: int
    short: int
    long: int
    whole: bool = False


SLICES = {
    "planning": Slice((0, 2), ASIDE, most=2, short=5, long=8),
    "emergency": Slice((0, 4), ASIDE, most=2, short=4, long=8),
    "emergency with everybody staying": Slice(
        (0, 4), (*ASIDE, *STAYING), most=2, short=7, long=100, whole=True
    ),
    "planning with everybody leaving": Slice((2,), (*ASIDE, *LEAVING), most=1, short=6, long=100, whole=True),
}


def told(what: str, found: Explored) -> None:
    """Figures for whoever reads the run (`pytest -s`)."""
    print(f"\n{what}: {found}")


def test_everything_that_may_happen_within_three_steps_leaves_nobody_alone(proving: bool) -> None:
    found = explore(Small(), deep=4 if proving else 3)
    told("every press, essential clocks", found)
    assert not found.wrong
    assert found.states > 4_000


@pytest.mark.prove
def test_with_every_clock_of_the_default_ladder_too() -> None:
    found = explore(Small(whole=True), deep=4)
    told("every press, every clock", found)
    assert not found.wrong


@pytest.mark.parametrize("name", SLICES)
@pytest.mark.timeout(7_200)
def test_a_slice_of_the_ladder_is_visited_deeply(name: str, proving: bool) -> None:
    one = SLICES[name]
    small = Small(rungs=one.rungs, without=one.without)
    found = explore(small, deep=one.long if proving else one.short, most=one.most)
    told(f"{name}, {one.most} alerts at once", found)
    assert not found.wrong
    assert found.states > 1_000
    assert found.exhausted or not (proving and one.whole)


def test_long_ways_through_it_with_every_clock_leave_nobody_alone(proving: bool) -> None:
    """Sixty presses on end, far past what can be visited state by state; the same ways on every run."""
    chance, small = random.Random(20), Small(whole=True)
    for _ in range(10_000 if proving else 150):
        world, way = beginning(small), []
        for _ in range(60):
            press = chance.choice(list(small.presses(world)))
            way.append(press.name)
            try:
                small.look(world)
                led = [after for _, after in small.after(world, press)]
            except Wrong as wrong:
                pytest.fail(" → ".join([*way, str(wrong)]))
            # Mostly to its end; now and then it was cut off by a crash.
            if led:
                world = led[-1] if chance.random() < 0.7 else chance.choice(led)


# -- a mistake is found --------------------------------------------------------------------------------------------


def silent(
    definition: Definition, c: Contact, alert: str, what: str, now: datetime, late: int = 0
) -> Alerted:
    """A page that nobody is asked to answer."""
    return Alerted(alert, what, "lead", late)


def test_a_page_forgotten_at_a_shifts_end_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(offers, "page", silent)
    monkeypatch.setattr(paging, "page_for_nobodys", lambda _: lambda c, now: [])
    found = explore(Small(rungs=(0, 2), without=ASIDE), deep=6, most=2)
    assert "must stop now → after released at rung 2 nobody is there and no page runs" in found.wrong


def test_a_check_that_is_not_asked_for_again_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(help_loop, "first_check", lambda *_: ())
    monkeypatch.setattr(escalation, "first_check", lambda *_: ())
    found = explore(Small(rungs=(0, 4), without=ASIDE), deep=6, most=2)
    assert "rings emergency_999: answered → after attempted at rung 4" in found.wrong


def test_an_emergency_with_a_form_in_front_of_it_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    honest = escalation.set_rung

    def with_a_form(who, by, definition, body) -> Decide:  # type: ignore[no-untyped-def]
        def decide(c: Contact, now: datetime) -> list[Draft]:
            help_loop.until_confirmed(c)
            return list(honest(who, by, definition, body)(c, now)) if c.ladder.consent else []

        return decide

    monkeypatch.setattr(escalation, "set_rung", with_a_form)
    assert "cannot go to rung 4 with one press" in explore(Small(), deep=2).wrong


# -- whom to ring --------------------------------------------------------------------------------------------------


def test_whatever_was_tried_at_whatever_rung_there_is_somebody_to_ring_next() -> None:
    """Every outcome, or none, of each of the three crisis contacts, at each rung: 2,560 in all."""
    outcomes: tuple[Outcome | None, ...] = (None, *get_args(Outcome))
    ladder, seen = default_ladder(), 0
    for rung, tried in itertools.product(range(5), itertools.product(outcomes, repeat=3)):
        attempts = [
            Attempt(contact.id, contact.version, outcome, BEGINS)
            for contact, outcome in zip(CRISIS_CONTACTS, tried, strict=True)
            if outcome is not None
        ]
        suggested = next_step(rung, ladder.steps(rung), CRISIS_CONTACTS, attempts, BEGINS).contact
        assert suggested.number or suggested.role == "ask_up"
        if rung >= 3 and all(tried):
            assert suggested.number == "999"
        seen += 1
    assert seen == 5 * 8**3
