"""What may be told to whom: the decision and its second person, what the person said, and what was shared.

The first press holds at once. Nothing here stands before a number: the second person is asked beside it.
"""

from datetime import datetime

from helpline.contact import Contact
from helpline.definition import Definition
from helpline.errors import BadRequest, NotAllowed, NotNow
from helpline.events import SERVICE, By, ConsentAsked, Decided, Seconded, Shared
from helpline.logbook import Decide, Draft
from helpline.paging import page

DECISIONS = ("share", "respect")
CONSENT = ("given", "refused", "unable", "not_asked")


def decide_about(by: By, definition: Definition, body: Decided) -> Decide:
    """`share` without consent or `respect` a refusal, and the second person asked in the same moment."""

    def decide(c: Contact, now: datetime) -> list[Draft]:
        if not (body.reason or "").strip():
            raise BadRequest("Please say in a few words why.")
        made = Decided(body.what, c.policy, body.reason, body.client_id, body.digest)
        asked = page(definition, c, f"second-{c.seq + 1}", "second_decides", now)
        return [(by, made), (SERVICE, asked)]

    return decide


def second(by: By, definition: Definition, body: Seconded) -> Decide:
    """The second person's own view. Not agreeing undoes nothing; the lead hears of it."""

    def decide(c: Contact, now: datetime) -> list[Draft]:
        standing = c.ladder.decision
        if standing is None or standing.made.seq != body.of:
            raise NotNow("Another decision was made since. Please read it again.")
        if standing.made.by == by.id:
            raise NotAllowed("Somebody else has to say what they think of it.")
        if standing.second is not None:
            raise NotNow("Somebody else has already said what they think of it.")
        drafts: list[Draft] = [(by, body)]
        if not body.agrees:
            drafts.append((SERVICE, page(definition, c, f"disputed-{body.of}", "decision_disputed", now)))
        return drafts

    return decide


def consent(by: By, body: ConsentAsked) -> Decide:
    """What they said to sharing. That they were not asked needs a reason."""

    def decide(c: Contact, now: datetime) -> list[Draft]:
        if body.answer == "not_asked" and not (body.why or "").strip():
            raise BadRequest("Please say why they were not asked.")
        return [(by, body)]

    return decide


def share(by: By, body: Shared) -> Decide:
    """What was told, to whom, why. It records; it never asks whether it may."""

    def decide(c: Contact, now: datetime) -> list[Draft]:
        if not body.crisis_contact and not (body.whom or "").strip():
            raise BadRequest("Please say whom you told.")
        if not (body.what or "").strip():
            raise BadRequest("Please say what you told them.")
        return [(by, body)]

    return decide
