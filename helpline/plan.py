"""A plan as it stands: the pure fold of its log, and, read beside it, its words.

A line holds every writing that nobody who had seen it has replaced. Two who write at once both stand, until one of
them, who then sees both, writes again or takes one out.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, Literal

import msgspec

from helpline.contact import BEGINNING, Contact
from helpline.events import Event
from helpline.plan_events import (
    PlanBegun,
    PlanForgotten,
    PlanKept,
    PlanNotKept,
    PlanReturned,
    PlanReviewed,
    PlanTakenOut,
    PlanWritten,
)

Sort = Literal["safety", "crisis"]
PARTS: dict[str, tuple[str, ...]] = {
    "safety": ("signs", "myself", "distraction", "people", "services", "safer", "matters"),
    "crisis": ("helps", "worse", "ring", "wishes"),
}
"""The parts of each sort, in their order: Stanley and Brown's safety plan, and a crisis plan of one's own."""
RING = "ring"
"""The part whose lines name somebody to ring, with a number and whether they may be rung."""

Wanted = Literal["", "kept", "not_kept", "forget"]


class Line(msgspec.Struct, frozen=True):
    """A line and the seqs of the writings that stand in it: one, or more where people wrote at once."""

    line: str
    part: str
    standing: tuple[int, ...]


class Plan(msgspec.Struct, frozen=True):
    """A plan without its words. It is live, and so kept an eye on, until it has been forgotten."""

    log: str
    seq: int = 0
    at: datetime = BEGINNING
    opened_at: datetime = BEGINNING
    sort: str = ""
    language: str = ""
    contacts: tuple[str, ...] = ()
    lines: tuple[Line, ...] = ()
    wanted: Wanted = ""
    until: datetime | None = None
    # The seq of the keeping whose code opens it: an earlier code opens nothing any more.
    code_at: int = 0
    forgotten: str = ""

    @property
    def live(self) -> bool:
        return self.seq > 0 and not self.forgotten

    @property
    def due(self) -> datetime | None:
        return self.until

    @property
    def kept(self) -> bool:
        return self.wanted == "kept"

    def line(self, line: str) -> Line | None:
        return next((one for one in self.lines if one.line == line), None)

    def apply(self, event: Event) -> "Plan":
        """The plan after `event`; a kind without an effect moves only the numbers."""
        changed: dict[str, Any] = {"seq": event.seq, "at": event.at}
        if self.seq == 0:
            changed["opened_at"] = event.at
        body = event.body
        match body:
            case PlanBegun():
                changed |= {"sort": body.sort, "language": body.language, "contacts": (body.contact,)}
            case PlanReturned():
                changed["contacts"] = tuple(dict.fromkeys((*self.contacts, body.contact)))
            case PlanWritten():
                changed["lines"] = _written(self.lines, event.seq, body)
            case PlanTakenOut():
                changed["lines"] = _taken_out(self.lines, body)
            case PlanKept():
                code = event.seq if body.how == "pressed" else self.code_at
                changed |= {"wanted": "kept", "until": body.until, "code_at": code}
            case PlanNotKept():
                wanted = "forget" if body.now else "not_kept"
                changed |= {"wanted": wanted, "until": None, "code_at": 0}
            case PlanReviewed():
                changed["until"] = body.until
            case PlanForgotten():
                changed |= {"forgotten": body.why, "lines": (), "until": None, "code_at": 0}
        return msgspec.structs.replace(self, **changed)


def _written(lines: tuple[Line, ...], seq: int, body: PlanWritten) -> tuple[Line, ...]:
    for place, one in enumerate(lines):
        if one.line == body.line:
            left = tuple(other for other in one.standing if other > body.saw)
            return (*lines[:place], Line(one.line, one.part, (*left, seq)), *lines[place + 1 :])
    return (*lines, Line(body.line, body.part, (seq,)))


def _taken_out(lines: tuple[Line, ...], body: PlanTakenOut) -> tuple[Line, ...]:
    found = []
    for one in lines:
        if one.line != body.line:
            found.append(one)
        elif left := tuple(seq for seq in one.standing if seq > body.saw):
            found.append(Line(one.line, one.part, left))
    return tuple(found)


class Writing(msgspec.Struct, frozen=True):
    """One writing of a line with its words, as far as they are still held. `by` is `person` or `supporter`."""

    seq: int
    text: str | None
    number: str | None
    may_ring: str
    by: Literal["person", "supporter"]


def writings(plan: Plan, events: Iterable[Event]) -> dict[str, tuple[Writing, ...]]:
    """The words that stand in each line, in order of writing."""
    wanted = {seq for one in plan.lines for seq in one.standing}
    said = {event.seq: _writing(event) for event in events if event.seq in wanted}
    return {one.line: tuple(said[seq] for seq in one.standing if seq in said) for one in plan.lines}


def _writing(event: Event) -> Writing:
    body: Any = event.body
    by: Literal["person", "supporter"] = "person" if event.by.role == "person" else "supporter"
    return Writing(event.seq, body.text, body.number, body.may_ring, by)


def forget_from(
    plan: Plan, contacts: Iterable[Contact], hold: timedelta, grace: timedelta
) -> datetime | None:
    """From when its words are to be unreadable; None while one of its contacts goes on.

    `hold` is how long after the end of the last contact somebody may still come back to it, `grace` how long after
    its review date a kept plan is held.
    """
    contacts = tuple(contacts)
    if plan.wanted == "forget":
        return plan.opened_at
    if any(one.phase != "ended" for one in contacts):
        return None
    quiet: datetime = max((one.at for one in contacts), default=plan.at) + hold
    if plan.kept and plan.until is not None:
        return max(quiet, plan.until + grace)
    return quiet
