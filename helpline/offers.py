"""Offers and owners: who is asked, who has it, and how it passes on. Decided purely."""

from datetime import datetime, timedelta

from helpline.aftercare import debrief
from helpline.contact import Contact
from helpline.definition import Definition
from helpline.errors import NotAllowed, NotNow, OfferGone
from helpline.events import (
    SERVICE,
    Accepted,
    By,
    Clock,
    Closed,
    Joined,
    LeadAsked,
    Left,
    LineBack,
    LineLost,
    Offered,
    OfferEnded,
    Queued,
    Released,
    SteppedOut,
    WrappedUp,
)
from helpline.help_loop import until_confirmed
from helpline.logbook import Decide, Draft
from helpline.paging import page, page_once, until_acknowledged
from helpline.talking import digest, waiting_clocks

# From this rung letting go needs somebody who takes over by name.
BY_NAME_FROM = 2
BY_NAME = (
    "At this step somebody has to take them over by name. Hand them to a colleague, or to the lead: "
    "they stay with you until then. If you cannot go on, press “I must stop now”."
)


def offer(definition: Definition, offer_id: str, supporter: str, attendance: str) -> Decide:
    """Put a waiting contact to one supporter. Writes nothing when it is no longer waiting or already offered."""
    lease = timedelta(seconds=definition.offers.lease_seconds)

    def decide(c: Contact, now: datetime) -> list[Draft]:
        if c.phase != "waiting" or c.offer is not None or c.with_lead:
            return []
        clocks = (Clock("offer", offer_id, now + lease),)
        return [(SERVICE, Offered(offer_id, supporter, attendance, clocks=clocks))]

    return decide


def accept(by: By, offer_id: str, client_id: str) -> Decide:
    """Take it. An accept that lands before `offer_ended` wins, however late the clock says it is."""

    def decide(c: Contact, now: datetime) -> list[Draft]:
        standing = c.offer
        if standing is None or standing.offer != offer_id or standing.supporter != by.id:
            raise OfferGone
        return [*debrief(c), (by, Accepted(offer_id, client_id, digest("accept", offer_id)))]

    return decide


def decline(by: By, offer_id: str, reason: str | None, client_id: str) -> Decide:
    """Not now, and free of blame."""

    def decide(c: Contact, now: datetime) -> list[Draft]:
        standing = c.offer
        if standing is None or standing.offer != offer_id or standing.supporter != by.id:
            raise OfferGone
        return [(by, OfferEnded(offer_id, "declined", reason, client_id, digest("decline", offer_id)))]

    return decide


def end_offer(offer_id: str, why: str) -> Decide:
    """`expired` or `withdrawn` or `gone`; nothing when it no longer stands."""

    def decide(c: Contact, now: datetime) -> list[Draft]:
        if c.offer is None or c.offer.offer != offer_id:
            return []
        return [(SERVICE, OfferEnded(offer_id, why))]

    return decide


def transfer(
    by: By,
    definition: Definition,
    offer_id: str,
    to: str,
    attendance: str,
    reason: str | None,
    client_id: str,
) -> Decide:
    """A directed offer. Until it is taken the owner stays the owner."""
    lease = timedelta(seconds=definition.offers.lease_seconds)

    def decide(c: Contact, now: datetime) -> list[Draft]:
        if c.owner != by.id or c.phase != "live":
            raise NotAllowed("Only who is with them can hand them over.")
        if c.offer is not None:
            raise NotNow("They are already being handed over.")
        clocks = (Clock("offer", offer_id, now + lease),)
        body = Offered(
            offer_id, to, attendance, by.id, reason, client_id, digest("transfer", to, reason), clocks
        )
        return [(by, body)]

    return decide


def step_out(by: By, client_id: str) -> Decide:
    """Leave after a warm transfer, or after joining. The owner cannot: they hand over or end."""

    def decide(c: Contact, now: datetime) -> list[Draft]:
        if c.part(by.id) is None:
            raise NotAllowed("You are not in this conversation.")
        if c.owner == by.id:
            raise NotNow("You are the one who is with them. Hand over or end first.")
        return [(by, SteppedOut(by.id, client_id, digest("step_out")))]

    return decide


def release(by: By, definition: Definition, to: str, why: str, client_id: str) -> Decide:
    """Let go, the lead alerted: to the front of the queue, or `to="lead"`, held until a lead takes them.

    From rung 2 letting go needs somebody who takes over by name. Then the queue is refused, and asking the lead
    leaves the contact with its owner until a lead has come. Whoever must stop (`must_stop`) is never held.
    """

    def decide(c: Contact, now: datetime) -> list[Draft]:
        if by.role == "service":
            if c.phase != "live" or not c.owner:
                return []
        elif c.owner != by.id or c.phase != "live":
            raise NotAllowed("They are not with you.")
        elif why == "supporter" and c.rung >= BY_NAME_FROM:
            if to == "queue":
                raise NotNow(BY_NAME)
            return [(by, _take_them(definition, c, client_id, digest("release", to, why), now))]
        drafts: list[Draft] = debrief(c)
        if c.offer is not None:
            drafts.append((SERVICE, OfferEnded(c.offer.offer, "withdrawn")))
        # The page first: from rung 2 there is no moment with neither an owner nor a page that runs.
        what = "kept_for_lead" if to == "lead" else "released"
        drafts.append((SERVICE, page(definition, c, f"released-{c.seq}", what, now)))
        body = Released(to, why, client_id, digest("release", to, why), waiting_clocks(definition, now))
        drafts.append((by, body))
        return drafts

    return decide


def _take_them(definition: Definition, c: Contact, client_id: str, mark: str, now: datetime) -> LeadAsked:
    asked = {one.alert for one in c.alerts if one.what == "take_them"}
    # Whoever had them before may have asked, and gone; that page went with them.
    if any(clock.kind in ("acknowledge", "take_up") and clock.of in asked for clock in c.clocks):
        raise NotNow("The lead has been asked to take them over. They stay with you until then.")
    alert = f"take-{c.seq + 1}"
    clocks = (until_acknowledged(definition, c.rung, alert, now),)
    return LeadAsked(alert, None, client_id, mark, clocks, take_them=True)


def back_to_queue(by: By, definition: Definition, client_id: str) -> Decide:
    """A lead lets anybody take who was held for the lead. Their place is that of who was let go."""

    def decide(c: Contact, now: datetime) -> list[Draft]:
        if c.phase != "waiting" or not c.with_lead:
            raise NotNow("They are not held for the lead any more.")
        drafts: list[Draft] = []
        if c.rung >= BY_NAME_FROM:
            drafts.append((SERVICE, page(definition, c, f"released-{c.seq}", "released", now)))
        return [*drafts, (by, Queued(client_id, digest("back_to_queue")))]

    return decide


def join(by: By, client_id: str) -> Decide:
    """A lead comes in where the person can see it."""

    def decide(c: Contact, now: datetime) -> list[Draft]:
        if c.phase != "live":
            raise NotNow("Nobody is with them yet: take it over instead.")
        if c.part(by.id) is not None:
            raise NotNow("You are already in this conversation.")
        return [(by, Joined("lead", client_id, digest("join")))]

    return decide


def take_over(by: By, client_id: str) -> Decide:
    """A lead takes it, wherever it stands. A standing offer is withdrawn."""

    def decide(c: Contact, now: datetime) -> list[Draft]:
        if c.phase not in ("waiting", "stored", "live"):
            raise NotNow("This conversation has ended.")
        if c.owner == by.id:
            raise NotNow("They are already with you.")
        drafts: list[Draft] = debrief(c)
        if c.offer is not None:
            drafts.append((SERVICE, OfferEnded(c.offer.offer, "withdrawn")))
        drafts.append((by, Joined("took_over", client_id, digest("take_over"))))
        return drafts

    return decide


def wrap_up(by: By, outcome: str, client_id: str, *, must_stop: bool = False) -> Decide:
    """The note's outcome is given and the slot is free.

    A rung 4 that was set after the end is confirmed first; whoever must stop goes all the same, and its checks go on.
    """

    def decide(c: Contact, now: datetime) -> list[Draft]:
        if c.phase != "wrap_up":
            raise NotNow("There is nothing to finish here.")
        if c.owner != by.id:
            raise NotAllowed("They were not with you.")
        if not must_stop:
            until_confirmed(c)
        return [(by, WrappedUp(outcome, client_id, digest("wrap_up", outcome)))]

    return decide


def line_lost(definition: Definition, whose: str, since: datetime) -> Decide:
    """A line has been away ten seconds. What follows, and when, is in the event's clocks."""

    def decide(c: Contact, now: datetime) -> list[Draft]:
        if whose == "person":
            # Only a page has a line that breaks; somebody who texts is as near as their phone.
            if c.channel != "web" or c.person_lost is not None or c.left:
                return []
            if c.phase not in ("waiting", "stored", "live"):
                return []
            hold = timedelta(minutes=definition.waiting.hold_place_minutes)
            if c.rung >= 2:
                return vanished(definition, c, since, now)
            held = (Clock("place_held", "", since + hold),) if c.phase == "waiting" and not c.not_safe else ()
            return [(SERVICE, LineLost("person", since, held))]
        if c.supporter_lost is not None or c.phase != "live":
            return []
        lines = definition.lines
        after = timedelta(seconds=1)
        # From rung 2 their name stays: whoever is away so long is paged for, and nobody is let go.
        take_over = lines.take_over_seconds if c.rung < 2 else lines.absent_seconds
        clocks = (
            Clock("tell_person", "", since + after * lines.tell_person_seconds),
            Clock("alert_lead", "", since + after * (lines.alert_lead_seconds if c.rung < 2 else 0)),
            Clock("take_over", "", since + after * take_over),
        )
        return [(SERVICE, LineLost("supporter", since, clocks))]

    return decide


def vanished(definition: Definition, c: Contact, since: datetime, now: datetime) -> list[Draft]:
    """They are gone from a rung where that matters: the lead is told, and their place is held open.

    What is sent to them, or whether anybody rings, a human decides; no clock ever writes to them.
    """
    lost: list[Draft] = [(SERVICE, LineLost("person", since, (held_open(definition, since),)))]
    return lost + page_once(definition, c, f"vanished-{c.rung_seq}", "vanished", now)


def held_open(definition: Definition, since: datetime) -> Clock:
    """Until when somebody who vanished from rung 2 up is waited for."""
    return Clock("hold_open", "", since + timedelta(minutes=definition.waiting.hold_open_minutes))


def while_away(definition: Definition, c: Contact, rung: int, now: datetime) -> tuple[Clock, ...]:
    """The clock that begins anew when the rung moves across 2 while their owner's line is lost: from there their name
    stays and the chain is paged, below it they are let go."""
    if c.supporter_lost is None or c.phase != "live" or (c.rung >= BY_NAME_FROM) == (rung >= BY_NAME_FROM):
        return ()
    lines = definition.lines
    seconds = lines.absent_seconds if rung >= BY_NAME_FROM else lines.take_over_seconds
    return (Clock("take_over", "", max(now, c.supporter_lost + timedelta(seconds=seconds))),)


def line_back(whose: str) -> Decide:
    def decide(c: Contact, now: datetime) -> list[Draft]:
        lost = c.person_lost if whose == "person" else c.supporter_lost
        return [(SERVICE, LineBack("person" if whose == "person" else "supporter"))] if lost else []

    return decide


def place_given_up(now: datetime, c: Contact) -> list[Draft]:
    """The place was held and the person did not come back. What they wrote stays."""
    drafts: list[Draft] = []
    if c.offer is not None:
        drafts.append((SERVICE, OfferEnded(c.offer.offer, "withdrawn")))
    return [*drafts, (SERVICE, Left("line")), (SERVICE, Closed("line"))]
