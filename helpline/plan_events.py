"""What can happen to a plan, which is a log of its own; and what a contact's log says of it.

Whatever was written is `Safety`, a number `Reach`: without those two keys a plan is only that it was, and how long.
"""

from datetime import datetime

from helpline.event_shape import Body, Reach, Safety


class PlanBegun(Body, frozen=True, omit_defaults=True):
    """A plan was begun in a contact. `sort` is `safety` or `crisis`; `language` is the person's."""

    kind = "plan_begun"
    sort: str
    language: str
    contact: str
    client_id: str = ""
    digest: str = ""


class PlanReturned(Body, frozen=True, omit_defaults=True):
    """Somebody brought its code to another contact, where it is open from here on too."""

    kind = "plan_returned"
    contact: str
    client_id: str = ""
    digest: str = ""


class PlanWritten(Body, frozen=True, omit_defaults=True):
    """A line of a part, or other words for it. `saw` is the newest writing of it the author had seen, 0 for none.

    Only what was seen is replaced. `may_ring` is `yes` or `no` where the line names somebody to ring. The digest is
    sealed as well: it is made of the words.
    """

    kind = "plan_written"
    part: str
    line: str
    text: Safety = None
    number: Reach = None
    may_ring: str = ""
    saw: int = 0
    client_id: str = ""
    digest: Safety = None


class PlanTakenOut(Body, frozen=True, omit_defaults=True):
    """A line was taken out, as far as who did it had seen it."""

    kind = "plan_taken_out"
    line: str
    saw: int
    client_id: str = ""
    digest: str = ""


class PlanKept(Body, frozen=True, omit_defaults=True):
    """The person wants it kept until `until`. `how`: they `pressed` it and got a code, or `said` so in the chat."""

    kind = "plan_kept"
    until: datetime
    how: str
    client_id: str = ""
    digest: str = ""


class PlanNotKept(Body, frozen=True, omit_defaults=True):
    """They do not want it kept. `now`: forget it at once, and not only when the contact has ended."""

    kind = "plan_not_kept"
    how: str
    now: bool = False
    client_id: str = ""
    digest: str = ""


class PlanReviewed(Body, frozen=True, omit_defaults=True):
    """It was looked through with the person and still holds, now until `until`."""

    kind = "plan_reviewed"
    until: datetime
    client_id: str = ""
    digest: str = ""


class PlanCopied(Body, frozen=True, omit_defaults=True):
    """The person took it along: `shown`, `printed` or as `text`."""

    kind = "plan_copied"
    how: str
    client_id: str = ""
    digest: str = ""


class PlanForgotten(Body, frozen=True, omit_defaults=True):
    """Its keys were destroyed just before this. `why`: `asked`, `not_kept` or `ran_out`."""

    kind = "plan_forgotten"
    why: str


class PlanOpened(Body, frozen=True, omit_defaults=True):
    """In a contact's log: a plan stands open in it. `how` is `begun` or `returned`."""

    kind = "plan_opened"
    talk = True
    plan: str
    how: str
    client_id: str = ""
    digest: str = ""


class PlanFollowed(Body, frozen=True, omit_defaults=True):
    """In a contact's log, for staff: the plan was `followed`, `partly` or `not_followed`, and why."""

    kind = "plan_followed"
    plan: str
    how: str
    why: Safety = None
    client_id: str = ""
    digest: str = ""
