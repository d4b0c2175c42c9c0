"""What a contact holds of the ladder beside its rung: who decided, asked, shared, signed, and what is still to do.

No words, no points. `Contact.ladder` is one `OnLadder`; `helpline/contact_ladder.py` folds it.
"""

from datetime import datetime
from typing import Literal

import msgspec

EMERGENCY_RUNG = 4

LoopEnd = Literal["", "confirmed", "not_confirmed"]


class Signed(msgspec.Struct, frozen=True):
    """Who of ours, by account and shown name, when, and the seq of what they did."""

    seq: int
    by: str
    name: str
    at: datetime


class Loop(msgspec.Struct, frozen=True):
    """Rung 4: has help reached them? `called_at` is when 999 answered first, None before. It ends only as
    `confirmed`, or as `not_confirmed` by two people: who `signed` what was tried, and who `countersigned` it."""

    since: datetime
    called_at: datetime | None = None
    checks: int = 0
    checked_at: datetime | None = None
    signed: Signed | None = None
    countersigned: Signed | None = None
    ended: LoopEnd = ""
    ended_at: datetime | None = None


class Decision(msgspec.Struct, frozen=True):
    """A decision about a confidence. `second` is the other person, once they have said whether they agree."""

    what: str
    policy: str
    made: Signed
    second: Signed | None = None
    agreed: bool = False


class Consent(msgspec.Struct, frozen=True):
    answer: str
    asked: Signed


class Telling(msgspec.Struct, frozen=True):
    """Something was shared; with whom by the directory's id, empty for somebody it does not have."""

    crisis_contact: str
    told: Signed


class FollowUp(msgspec.Struct, frozen=True):
    earliest: datetime
    latest: datetime
    channel: str
    safe: bool
    by: Signed


class Task(msgspec.Struct, frozen=True):
    """What one of ours (`who`, an account) should have before they leave. `how` is empty while it is open."""

    task: str
    what: str
    who: str
    set_at: datetime
    how: str = ""
    done_at: datetime | None = None


class OnLadder(msgspec.Struct, frozen=True):
    """`reached_999` is when 999 answered last; it starts the loop of a rung 4 that is set after the call."""

    loop: Loop | None = None
    reached_999: datetime | None = None
    decision: Decision | None = None
    consent: Consent | None = None
    shared: tuple[Telling, ...] = ()
    tracks: tuple[str, ...] = ()
    follow_up: FollowUp | None = None
    tasks: tuple[Task, ...] = ()

    @property
    def open_tasks(self) -> tuple[Task, ...]:
        return tuple(task for task in self.tasks if not task.how)

    def task(self, task: str) -> Task | None:
        return next((one for one in self.tasks if one.task == task), None)
