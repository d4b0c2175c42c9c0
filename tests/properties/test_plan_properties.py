"""Two who write one plan, each seeing it as late as a bad line likes: nothing typed is lost, and the fold is the fold."""

import asyncio
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from helpline.errors import HelplineError
from helpline.event_shape import PERSON, Body
from helpline.events import By, Event
from helpline.plan import Plan, Writing, writings
from helpline.plan_events import PlanBegun, PlanTakenOut, PlanWritten
from helpline.plan_writing import Words, take_out, write
from tests.helpline.evening import Evening, new_id
from tests.helpline.test_plans import together

AT = datetime(2026, 1, 14, 20, tzinfo=UTC)
ANIA = By("supporter", "ania", "Ania")
SIDES = (PERSON, ANIA)
LINES = ("one", "two")

# Who, what, which line; `look` is the page of that side catching up with the service.
Step = tuple[int, str, str]
STEPS = st.lists(
    st.tuples(st.integers(0, 1), st.sampled_from(["look", "write", "write", "out"]), st.sampled_from(LINES)),
    max_size=40,
)


def event_of(seq: int, by: By, body: Body) -> Event:
    return Event(seq=seq, at=AT, by=by, body=body)


def newest(shown: dict[str, tuple[Writing, ...]], line: str) -> int:
    """The newest writing of a line that a page shows."""
    return max((one.seq for one in shown.get(line, ())), default=0)


class Told:
    """The plan as the service has it, and as each of the two pages last saw it."""

    def __init__(self) -> None:
        self.events = [event_of(1, ANIA, PlanBegun("safety", "en", "c-1"))]
        self.plan = Plan("w-1").apply(self.events[0])
        self.pages: list[dict[str, tuple[Writing, ...]]] = [{}, {}]

    def take(self, step: Step) -> None:
        side, what, line = step
        if what == "look":
            self.pages[side] = writings(self.plan, self.events)
            return
        saw = newest(self.pages[side], line)
        text = f"{side} at {len(self.events)}"
        if what == "write":
            decide = write(SIDES[side], Words("signs", line, text, saw=saw), new_id())
        else:
            decide = take_out(SIDES[side], line, saw, new_id())
        try:
            drafts = decide(self.plan, AT)
        except HelplineError:
            return
        for by, body in drafts:
            self.events.append(event_of(len(self.events) + 1, by, body))
            self.plan = self.plan.apply(self.events[-1])


def replaced(events: Sequence[Event], seq: int, line: str) -> bool:
    """Whether somebody who had seen this writing wrote over it, or took it out."""
    return any(
        isinstance(event.body, PlanWritten | PlanTakenOut)
        and event.seq > seq
        and event.body.line == line
        and event.body.saw >= seq
        for event in events
    )


@settings(max_examples=300, deadline=None)
@given(STEPS)
def test_every_writing_stands_until_somebody_who_saw_it_replaced_it(steps: list[Step]) -> None:
    told = Told()
    for step in steps:
        told.take(step)
    standing = {one.seq for held in writings(told.plan, told.events).values() for one in held}
    for event in told.events:
        if isinstance(event.body, PlanWritten):
            gone = replaced(told.events, event.seq, event.body.line)
            assert (event.seq in standing) != gone, event.body.text


@settings(max_examples=150, deadline=None)
@given(STEPS, st.integers(0, 60))
def test_a_plan_folded_in_two_parts_is_the_plan_folded_at_once(steps: list[Step], cut: int) -> None:
    told = Told()
    for step in steps:
        told.take(step)
    whole = Plan("w-1")
    for event in told.events:
        whole = whole.apply(event)
    later = Plan("w-1")
    for event in told.events[:cut]:
        later = later.apply(event)
    for event in told.events[cut:]:
        later = later.apply(event)
    assert whole == later == told.plan


@settings(
    max_examples=6, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
@given(
    st.lists(st.tuples(st.integers(0, 1), st.sampled_from(LINES), st.booleans(), st.booleans()), max_size=14)
)
def test_presses_repeated_and_a_service_that_stops_in_between_leave_the_same_plan(
    presses: list[tuple[int, str, bool, bool]],
) -> None:
    asyncio.run(_pressed(presses))


async def _pressed(presses: list[tuple[int, str, bool, bool]]) -> None:
    """Each press is `(side, line, sent again, restarted before that)`."""
    with tempfile.TemporaryDirectory() as folder:
        evening = await Evening(Path(folder)).open()
        try:
            pair = await together(evening)
            lines = {name: new_id() for name in LINES}
            wrote: list[str] = []
            for n, (side, line, again, restart) in enumerate(presses):
                by = PERSON if side == 0 else ANIA
                words = Words("signs", lines[line], f"words {n}", saw=0)
                press = new_id()
                await evening.line.plans.write(pair.contact, pair.plan, by, words, press)
                wrote.append(words.text)
                if restart:
                    await evening.restart()
                if again:
                    await evening.line.plans.write(pair.contact, pair.plan, by, words, press)
            shown: dict[str, Any] = await evening.line.plans.shown(pair.plan)
            held = [one["text"] for line in shown["lines"] for one in line["writings"]]
            assert sorted(held) == sorted(wrote)
        finally:
            await evening.close()
