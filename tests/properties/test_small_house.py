"""The small house in all its states: whatever happens to three contacts at once, none of them is ever nobody's.

`tests/properties/small_house.py` says who may press what, `small_contact.py` what a state is, and what is forgotten.
"""

import random
from typing import Any

import msgspec
import pytest

from helpline import attendance, leaving
from helpline.contact import Contact
from helpline.logbook import Decide
from tests.properties.small_contact import RENAMINGS, told
from tests.properties.small_house import House, beginning, explore
from tests.properties.small_ladder import Explored
from tests.properties.small_shifts import World

# Of a line that is lost, and of who is not there though on shift.
LINES = ("line is lost", "shift is over", "laptop")
# Nobody comes or goes.
STAYING = ("comes on", "checks out", "must stop")
LETTING_GO = ("lets go", "puts them")


class Slice(msgspec.Struct, frozen=True):
    """Which rungs are gone to, what is left out, and how many alerts may go on at once about one contact.

    In the short form it is visited so deep with three contacts, in the long form until nothing is left.
    """

    rungs: tuple[int, ...]
    without: tuple[str, ...]
    most: int
    short: int


SLICES = {
    "planning with everybody leaving": Slice((2,), (*LINES, *LETTING_GO), most=1, short=7),
    "an emergency with everybody staying": Slice(
        (0, 4), (*LINES, *STAYING, *LETTING_GO, "a crash"), most=1, short=10
    ),
    "planning with every line lost": Slice(
        (2,), (*STAYING, *LETTING_GO, "shift is over", "laptop"), most=1, short=8
    ),
}


def shown(what: str, found: Explored) -> None:
    """Figures for whoever reads the run (`pytest -s`)."""
    print(f"\n{what}: {found}")


def test_everything_that_may_happen_to_three_within_six_steps_leaves_nobody_alone(proving: bool) -> None:
    found = explore(House(), deep=7 if proving else 6)
    shown("three contacts, every press", found)
    assert not found.wrong
    assert found.states > 10_000


@pytest.mark.parametrize("name", SLICES)
@pytest.mark.timeout(7_200)
def test_three_contacts_at_once_are_visited_deeply(name: str, proving: bool) -> None:
    one = SLICES[name]
    house = House(rungs=one.rungs, without=one.without)
    found = explore(house, deep=1_000 if proving else one.short, most=one.most)
    shown(f"three contacts, {name}, {one.most} alert at once about each", found)
    assert not found.wrong
    assert found.states > 1_000
    assert found.exhausted or not proving


# -- what is forgotten of a contact ------------------------------------------------------------------------------------


class Remembering(House):
    """Keeps each fold as a state of its own, so that every press is made of the very contact that it happened to."""

    def __init__(self, house: House) -> None:
        super().__init__()
        self._names, self.desks, self._desks = house._names, house.desks, house._desks
        self._turns, self._seats, self._rows = house._turns, house._seats, house._rows

    def cell(self, c: Contact) -> int:
        self._cells.pop(told(c, RENAMINGS[0]), None)
        return super().cell(c)


def ways_on(house: House, world: World) -> dict[int, tuple[str, World]]:
    """Each state that comes next, and one way to it."""
    return {house.key(after): (name, after) for name, after in house.everything(world)}


def test_what_is_forgotten_of_a_contact_changes_nothing_of_what_may_happen_next(proving: bool) -> None:
    """Along random ways, the states that come next are those of a house that remembers everything."""
    chance = random.Random(20)
    house = House()
    for _ in range(200 if proving else 10):
        remembering = Remembering(house)
        short, long = beginning(house), beginning(remembering)
        way: list[str] = []
        for _ in range(40):
            following, truly = ways_on(house, short), ways_on(remembering, long)
            assert following.keys() == truly.keys(), " → ".join(way)
            # Mostly something that is about a contact: who comes and goes would fill the ways otherwise.
            moved = [there for there, (_, after) in following.items() if after.contacts != short.contacts]
            there = chance.choice(sorted(moved if moved and chance.random() < 0.8 else following))
            name, short = following[there]
            long = truly[there][1]
            way.append(name)


# -- a mistake that needs more than one contact is found ---------------------------------------------------------------


def test_a_lead_who_goes_home_and_is_paged_for_in_one_contact_only_is_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    honest = leaving.gone_home

    async def for_the_first(logbook: Any, pinned: Any, contacts: Any, who: str, *, lead: bool) -> None:
        on_ladder = leaving.still_there(contacts, who)
        await honest(logbook, pinned, on_ladder[:1], who, lead=lead)

    monkeypatch.setattr(leaving, "gone_home", for_the_first)
    aside = (*LINES, *LETTING_GO, "crash", "rings", "comes on")
    assert not explore(House(rungs=(0, 2), without=aside, come=1), deep=7).wrong
    found = explore(House(rungs=(0, 2), without=aside), deep=7)
    assert "went home, and somebody on the ladder was left without a page" in found.wrong
    assert found.wrong.count("somebody comes") == 2


def test_a_slot_held_beyond_their_room_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def without_counting(contact: str, offer: str, at_once: int | None = None) -> Decide:
        return attendance.take_slot(contact, offer)

    monkeypatch.setattr(attendance, "hold_slot", without_counting)
    aside = (*LINES, *STAYING, *LETTING_GO, "crash", "goes to", "takes over", "ends it", "clock")
    assert not explore(House(without=aside, come=2)).wrong
    assert "has 3 slots held and room for 2" in explore(House(without=aside)).wrong
