"""What may be done to a plan, decided purely: `(plan, now) -> drafts`. Nothing typed is refused for being late."""

from datetime import datetime, timedelta

import msgspec

from helpline.contact import Contact
from helpline.errors import BadRequest, NotFound, NotNow
from helpline.event_shape import PERSON
from helpline.events import By
from helpline.logbook import Decide, Draft
from helpline.plan import PARTS, RING, Plan
from helpline.plan_events import (
    PlanCopied,
    PlanFollowed,
    PlanForgotten,
    PlanKept,
    PlanNotKept,
    PlanOpened,
    PlanReturned,
    PlanReviewed,
    PlanTakenOut,
    PlanWritten,
)
from helpline.talking import digest

LONGEST_LINE = 1_000
MOST_LINES = 80
MOST_STANDING = 20
FOLLOWED = ("followed", "partly", "not_followed")
COPIES = ("shown", "printed", "text")
GONE = "This plan is not kept any more."


class Words(msgspec.Struct, frozen=True):
    """What somebody puts into a line. `number` and `may_ring` belong to a line that names somebody to ring."""

    part: str
    line: str
    text: str
    number: str = ""
    may_ring: str = ""
    saw: int = 0


def _held(p: Plan) -> None:
    if p.forgotten or p.wanted == "forget":
        raise NotFound(GONE)


def write(by: By, words: Words, client_id: str) -> Decide:
    """Put a line in, or other words in its place. `BadRequest` for a part this sort of plan does not have."""
    mark = digest("plan_write", words)
    body = PlanWritten(
        words.part,
        words.line,
        words.text,
        words.number or None,
        words.may_ring if words.part == RING else "",
        words.saw,
        client_id,
        mark,
    )

    def decide(p: Plan, now: datetime) -> list[Draft]:
        _held(p)
        there = p.line(words.line)
        if words.part not in PARTS.get(p.sort, ()) or (there is not None and there.part != words.part):
            raise BadRequest("That is not a part of this plan.")
        if not words.text.strip() or len(words.text) > LONGEST_LINE:
            raise BadRequest("A line of the plan has between 1 and 1,000 characters.")
        if there is None and len(p.lines) >= MOST_LINES:
            raise NotNow("This plan is full. Take a line out first.")
        if there is not None and len(there.standing) >= MOST_STANDING and words.saw < there.standing[0]:
            raise NotNow("Many have written here at once. Please look again.")
        # Nobody has seen what is not there yet.
        return [(by, msgspec.structs.replace(body, saw=min(words.saw, p.seq)))]

    return decide


def take_out(by: By, line: str, saw: int, client_id: str) -> Decide:
    def decide(p: Plan, now: datetime) -> list[Draft]:
        _held(p)
        if p.line(line) is None:
            raise NotNow("That line is not there any more.")
        return [(by, PlanTakenOut(line, min(saw, p.seq), client_id, digest("plan_take_out", line, saw)))]

    return decide


def keep(by: By, days: int, client_id: str) -> Decide:
    """The person's own yes; pressed by themself it brings a code, else it was said in the chat."""
    how = "pressed" if by.role == "person" else "said"

    def decide(p: Plan, now: datetime) -> list[Draft]:
        _held(p)
        return [(by, PlanKept(now + timedelta(days=days), how, client_id, digest("plan_keep", True)))]

    return decide


def keep_no_longer(by: By, client_id: str, *, at_once: bool) -> Decide:
    """No, or not any more. `at_once` forgets it now; a repeat of that is nothing new."""
    how = "pressed" if by.role == "person" else "said"
    mark = digest("plan_forget" if at_once else "plan_keep", False)

    def decide(p: Plan, now: datetime) -> list[Draft]:
        if at_once and (p.forgotten or p.wanted == "forget"):
            return []
        _held(p)
        return [(by, PlanNotKept(how, at_once, client_id, mark))]

    return decide


def review(by: By, days: int, client_id: str) -> Decide:
    def decide(p: Plan, now: datetime) -> list[Draft]:
        _held(p)
        if not p.kept:
            raise NotNow("Only a plan that is kept has a review date.")
        return [(by, PlanReviewed(now + timedelta(days=days), client_id, digest("plan_review")))]

    return decide


def copied(how: str, client_id: str) -> Decide:
    def decide(p: Plan, now: datetime) -> list[Draft]:
        _held(p)
        if how not in COPIES:
            raise BadRequest("That is not one of the ways to take it along.")
        return [(PERSON, PlanCopied(how, client_id, digest("plan_copy", how)))]

    return decide


def come_back(contact: str, client_id: str) -> Decide:
    """The plan's own side of a return; it says so once for each contact."""

    def decide(p: Plan, now: datetime) -> list[Draft]:
        _held(p)
        if contact in p.contacts:
            return []
        return [(PERSON, PlanReturned(contact, client_id, digest("plan_return", contact)))]

    return decide


def forgotten(why: str) -> Decide:
    def decide(p: Plan, now: datetime) -> list[Draft]:
        return [] if p.forgotten else [(By("service"), PlanForgotten(why))]

    return decide


# -- the contact's side --------------------------------------------------------------------------------------------


def stands_open(by: By, plan: str, how: str, client_id: str) -> Decide:
    """The contact's own side of a beginning or a return."""

    def decide(c: Contact, now: datetime) -> list[Draft]:
        if plan in c.plans:
            return []
        return [(by, PlanOpened(plan, how, client_id, digest("plan_open", plan)))]

    return decide


def followed(by: By, plan: str, how: str, why: str | None, client_id: str) -> Decide:
    """What the supporter heard about how the plan went; for staff only."""

    def decide(c: Contact, now: datetime) -> list[Draft]:
        if plan not in c.plans:
            raise NotFound(GONE)
        if how not in FOLLOWED:
            raise BadRequest("Say whether it was followed, partly, or not.")
        return [(by, PlanFollowed(plan, how, why, client_id, digest("plan_followed", plan, how, why)))]

    return decide
