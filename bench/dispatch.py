"""`bench dispatch`: how soon somebody who comes is offered to a supporter, and what a long queue costs.

500 supporters are on. Some speak only Polish and each has a contact, so that Polish speakers wait; the others are
free. Starts in English are timed to the offer at the supporter's desk. Then Polish conversations end one by one, and
each end brings the next from the queue while another joins it: the heads of waiting contacts that the dispatcher
looks at for that are counted with 10 waiting and with 1,000.
"""

from statistics import median

import msgspec

from bench.figures import Result, Rounds, Say, percentiles, waits
from bench.report import machine
from bench.rig import Rig, allow_many_sockets, bare_rig, people, product_rig

SUPPORTERS = 500
POLISH = 20
CAPACITY = 3
SHORT, LONG = 10, 1_000
RATE = 40


class Plan(msgspec.Struct, frozen=True):
    rounds: int
    starts: int
    turns: int


FULL = Plan(rounds=5, starts=280, turns=100)
QUICK = Plan(rounds=3, starts=200, turns=40)


class Newcomers:
    """Persons who have not been seen before."""

    def __init__(self) -> None:
        self._next = 0

    def take(self, count: int) -> list[dict[str, object]]:
        first, self._next = self._next, self._next + count
        return people(range(first, self._next))


async def run(*, quick: bool, say: Say) -> Result:
    plan = QUICK if quick else FULL
    allow_many_sockets()
    new = Newcomers()
    async with bare_rig("tuned") as bare, product_rig(SUPPORTERS, POLISH) as rig:
        say(f"{SUPPORTERS} supporters come on")
        await _come_on(rig)
        await _wait(rig, new, POLISH * CAPACITY + SHORT)
        short = await _turns(rig, new, plan, say)
        say(f"{LONG} come to wait")
        await _wait(rig, new, LONG - SHORT)
        long = await _turns(rig, new, plan, say)
        await bare.open_pairs(SUPPORTERS)
        await bare.driver.do("persons", people=people(range(LONG - SUPPORTERS)), start=False)
        calls, starts = Rounds(), Rounds()
        figures: dict[str, dict[str, Rounds]] = {"call": {}, "start to offer": {}}
        for number in range(plan.rounds):
            say(f"starts, round {number + 1} of {plan.rounds}")
            found = await bare.driver.do("calls", rate=RATE, count=plan.starts)
            _add(figures["call"], percentiles(waits(found["times"])))
            found = await rig.driver.do("starts", rate=RATE, people=new.take(plan.starts), language="en")
            _add(figures["start to offer"], percentiles(waits(found["times"])))
        waiting = await rig.server.ask("waiting")
        calls, starts = figures["call"]["p99"], figures["start to offer"]["p99"]
    return Result(
        "dispatch",
        {
            "bare acknowledged call, ms": {
                name: one.medians()["all"] for name, one in figures["call"].items()
            },
            "start to offer, ms": {
                name: one.medians()["all"] for name, one in figures["start to offer"].items()
            },
            "a supporter free to the next offer, ms": {str(SHORT): short.next_ms, str(LONG): long.next_ms},
            "heads touched per turn": {str(SHORT): short.heads, str(LONG): long.heads},
            "supporters on": SUPPORTERS,
            "waiting at the end": waiting,
            "machine": machine(),
        },
        {
            "start_offer_p99_vs_call_p99": median(
                one / other for one, other in zip(starts.values["all"], calls.values["all"], strict=True)
            ),
            "heads_1000_vs_10": long.heads / short.heads,
        },
        [
            f"medians of {plan.rounds} rounds of {plan.starts} starts, {RATE} a second, turn about with the calls",
            "the bare server is the tuned one with as many connections; its call is a relayed message",
            "a turn is an end, its wrap-up, the next offer and its acceptance, and one more who comes to wait",
        ],
    )


class Turns(msgspec.Struct, frozen=True):
    """Heads looked at per turn, and the median time from a supporter being free to the next offer."""

    heads: float
    next_ms: float


def _add(figures: dict[str, Rounds], found: dict[str, float]) -> None:
    for name, value in found.items():
        figures.setdefault(name, Rounds()).add("all", value)


async def _come_on(rig: Rig) -> None:
    cookies = rig.server.said["cookies"]
    given = [
        {"cookie": cookie, "capacity": CAPACITY, "group": "pl" if number >= SUPPORTERS - POLISH else "en"}
        for number, cookie in enumerate(cookies)
    ]
    await rig.driver.do("supporters", people=given)


async def _wait(rig: Rig, new: Newcomers, count: int) -> None:
    await rig.driver.do("persons", people=new.take(count), start=True, language="pl")


async def _turns(rig: Rig, new: Newcomers, plan: Plan, say: Say) -> Turns:
    waiting = await rig.server.ask("waiting")
    say(f"{plan.turns} turns with {waiting} waiting")
    before = await rig.server.ask("touched")
    found = await rig.driver.do("turns", group="pl", people=new.take(plan.turns), language="pl")
    touched = await rig.server.ask("touched") - before
    return Turns(touched / plan.turns, median(found["next_ms"]))
