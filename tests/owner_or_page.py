"""What must hold of a contact's log at every seq, read from the events alone.

From rung 2 there is an owner who is present on shift, or an unanswered page with a running clock. No rung is set but by
somebody who signed in; nobody comes down from 3 or 4 without a lead and a reason; no rung 4 ends but confirmed, or
signed by two. An owner is absent when their shift is over, their line has been lost for more than two minutes, or their
account is closed.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

import msgspec

from helpline.contact import BEGINNING, Contact
from helpline.events import (
    CheckedIn,
    CheckedOut,
    CouldNotBeConfirmed,
    Countersigned,
    Decided,
    Event,
    HelpConfirmed,
    RungSet,
    RungWithdrawn,
    Seconded,
)
from helpline.on_shift import is_lead
from helpline.service import Helpline

ABSENT = timedelta(minutes=2)
MOST_SHIFTS = 100_000
NEEDS_SOMEBODY = ("waiting", "stored", "live")
LOOP_CLOCKS = ("call_started", "confirm_first", "confirm_every")
HUMAN = (RungSet, RungWithdrawn, HelpConfirmed, CouldNotBeConfirmed, Countersigned, Decided, Seconded)


class Shift(msgspec.Struct, frozen=True):
    """Somebody was checked in from `begins`; until now while `ends` is None."""

    who: str
    begins: datetime
    ends: datetime | None = None

    def has(self, at: datetime) -> bool:
        return self.begins <= at and (self.ends is None or at <= self.ends)


class Staff(msgspec.Struct, frozen=True):
    """Who was there, when: shifts from their logs, and since when an account is closed. `leads` may bring down.

    `absent` is the service's own limit for a lost line; `slow` is by how much a clock that is due may be late, which
    is nothing where the clock is passed in.
    """

    shifts: tuple[Shift, ...]
    leads: frozenset[str]
    closed: Mapping[str, datetime] = {}
    absent: timedelta = ABSENT
    slow: timedelta = timedelta(0)

    def with_slow_clocks(self, seconds: float) -> "Staff":
        """The same, where a clock that is due may be late by so much: the process was killed meanwhile."""
        return msgspec.structs.replace(self, slow=timedelta(seconds=seconds))

    def present(self, fold: Contact) -> bool:
        """At the instant of its last event the contact's owner is there for them."""
        at, who = fold.at, fold.owner
        if not who or not any(shift.who == who and shift.has(at) for shift in self.shifts):
            return False
        if who in self.closed and self.closed[who] < at:
            return False
        return fold.supporter_lost is None or at - fold.supporter_lost <= self.absent + self.slow


def shift_of(events: Iterable[Event]) -> Shift:
    """The shift that a log of attendance tells of."""
    shift: Shift | None = None
    for event in events:
        if isinstance(event.body, CheckedIn):
            shift = Shift(event.body.supporter, event.at)
        elif isinstance(event.body, CheckedOut) and shift is not None:
            shift = msgspec.structs.replace(shift, ends=event.at)
    assert shift is not None, "a shift begins by checking in"
    return shift


def guarded(fold: Contact, *, present: bool) -> bool:
    """Somebody has them, or somebody is being told until somebody has. `present`: the owner is there."""
    if fold.unconfirmed and not any(fold.clock(kind) for kind in LOOP_CLOCKS):
        # Until help is confirmed somebody is asked for it, whoever has them and whatever was closed.
        return False
    return fold.rung < 2 or fold.phase not in NEEDS_SOMEBODY or present or fold.paged


def step_mistakes(before: Contact, event: Event, after: Contact, leads: frozenset[str]) -> list[str]:
    """What a single event did that nothing may do."""
    body, wrong = event.body, []
    if isinstance(body, HUMAN) and (not event.by.id or event.by.role in ("service", "person")):
        wrong.append(f"{event.kind} by nobody who signed in")
    if after.rung != before.rung and not isinstance(body, RungSet | RungWithdrawn):
        wrong.append(f"{event.kind} moved the rung from {before.rung} to {after.rung}")
    if isinstance(body, RungSet) and before.rung >= 3 and body.to < before.rung:
        if event.by.id not in leads:
            wrong.append(f"{event.by.id} came down from {before.rung} and does not lead")
        if not (body.basis or "").strip():
            wrong.append(f"came down from {before.rung} without a reason")
    if isinstance(body, RungWithdrawn) and event.by.id != before.rung_by:
        wrong.append("a step was taken back by somebody who had not made it")
    if before.unconfirmed and not after.unconfirmed:
        wrong += _end_mistakes(before, event, after)
    if before.unconfirmed and before.phase in NEEDS_SOMEBODY and after.phase not in NEEDS_SOMEBODY:
        wrong.append(f"{event.kind} closed a rung 4 that was neither confirmed nor signed")
    return wrong


def _end_mistakes(before: Contact, event: Event, after: Contact) -> list[str]:
    loop = before.ladder.loop
    match event.body:
        case HelpConfirmed():
            return []
        case Countersigned() if loop is not None and loop.signed is not None:
            return [] if loop.signed.by not in ("", event.by.id) else ["one person signed twice"]
        case RungWithdrawn() if loop is None or loop.called_at is None:
            return []
        case _:
            return [f"{event.kind} ended a rung 4 that was neither confirmed nor signed by two"]


def mistakes(events: Sequence[Event], staff: Staff) -> list[str]:
    """Each seq of a contact's log at which something was not as it must be, as sentences."""
    wrong = []
    before = Contact("c-log")
    for number, event in enumerate(events, start=1):
        after = before.apply(event)
        found = step_mistakes(before, event, after, staff.leads)
        if event.seq != number:
            found.append(f"the log has a gap before {event.seq}")
        if not guarded(after, present=staff.present(after)):
            found.append(f"at rung {after.rung} nobody is there and no page runs (owner: {after.owner!r})")
        wrong += [f"seq {event.seq}, {event.kind} at {event.at:%H:%M:%S}: {one}" for one in found]
        before = after
    return wrong


async def staff_of(helpline: Helpline, closed: Mapping[str, datetime] | None = None) -> Staff:
    """Everybody's shifts from the logs of a service, and who may lead. `closed`: since when an account is."""
    heads = await helpline.store.logs("a-", BEGINNING, helpline.clock.now() + timedelta(days=1), MOST_SHIFTS)
    shifts = [shift_of(await helpline.logbook.read(head.log)) for head in heads]
    leads = frozenset(account.id for account in helpline.people if is_lead(account.principal))
    return Staff(
        tuple(shifts), leads, closed or {}, timedelta(seconds=helpline.definition.lines.absent_seconds)
    )
