"""In whose hands a contact is: what offers, handing over, letting go and taking up change in it."""

from typing import TYPE_CHECKING, Any

from helpline.contact_parts import (
    ABOUT_THE_OWNER,
    LINE_CLOCKS,
    WAITING_ALERTS,
    WHILE_WAITING,
    WITH_THE_LEAD,
    Participant,
    Passed,
    StandingOffer,
    answered,
    without,
)
from helpline.events import (
    Accepted,
    Clock,
    Event,
    Joined,
    Offered,
    OfferEnded,
    Queued,
    Released,
    SteppedOut,
)

if TYPE_CHECKING:
    from helpline.contact import Contact


def _offered(c: "Contact", event: Event, body: Offered, to: dict[str, Any]) -> None:
    due = body.clocks[0].due if body.clocks else event.at
    to["offer"] = StandingOffer(body.offer, body.supporter, body.attendance, body.transfer, event.at, due)


def _offer_ended(c: "Contact", event: Event, body: OfferEnded, to: dict[str, Any]) -> None:
    if c.offer is None or c.offer.offer != body.offer:
        return
    to |= {"offer": None, "clocks": without(c.clocks, {"offer"}, body.offer)}
    if body.why in ("declined", "expired"):
        kept = tuple(one for one in c.passed if one.supporter != c.offer.supporter)
        to["passed"] = (*kept, Passed(c.offer.supporter, event.at))


def _settled(c: "Contact", kinds: frozenset[str]) -> tuple[Clock, ...]:
    """Without these clocks, and without those that wait for an alert that is settled by somebody being there."""
    return _without_those_of(c, kinds, WAITING_ALERTS)


def _without_those_of(c: "Contact", kinds: frozenset[str], whats: frozenset[str]) -> tuple[Clock, ...]:
    moot = {one.alert for one in c.alerts if one.what in whats}
    return tuple(clock for clock in without(c.clocks, kinds) if clock.of not in moot)


def _accepted(c: "Contact", event: Event, body: Accepted, to: dict[str, Any]) -> None:
    me = Participant(event.by.id, event.by.name, "supporter")
    others = tuple(one for one in c.participants if one.id != me.id) if c.phase == "live" else ()
    to |= {
        "phase": "live",
        "owner": event.by.id,
        "participants": (*others, me),
        "offer": None,
        "passed": (),
        "choice": None,
        "waiting_since": None,
        "first_again": False,
        "with_lead": False,
        "supporter_lost": None,
        "accepted_at": event.at,
        "clocks": _settled(c, WHILE_WAITING | LINE_CLOCKS),
        "alerts": answered(c.alerts, event.at),
    }


def _joined(c: "Contact", event: Event, body: Joined, to: dict[str, Any]) -> None:
    me = Participant(event.by.id, event.by.name, event.by.role)
    others = tuple(one for one in c.participants if one.id != me.id)
    to["participants"] = (*others, me)
    to["acted_at"] = event.at
    if body.how == "took_over":
        to |= {
            "phase": "live",
            "owner": me.id,
            "participants": (me,),
            "offer": None,
            "choice": None,
            "waiting_since": None,
            "first_again": False,
            "with_lead": False,
            "supporter_lost": None,
            "accepted_at": c.accepted_at or event.at,
            "clocks": _settled(c, WHILE_WAITING | LINE_CLOCKS),
            "alerts": answered(c.alerts, event.at),
        }


def _stepped_out(c: "Contact", event: Event, body: SteppedOut, to: dict[str, Any]) -> None:
    to["participants"] = tuple(one for one in c.participants if one.id != body.who)


def _released(c: "Contact", event: Event, body: Released, to: dict[str, Any]) -> None:
    to |= {
        "phase": "waiting",
        "owner": "",
        "participants": (),
        "waiting_since": event.at,
        "first_again": True,
        "supporter_lost": None,
        "offer": None,
        "with_lead": body.to == "lead",
        "alerts": answered(c.alerts, event.at, ABOUT_THE_OWNER),
        "clocks": _without_those_of(c, LINE_CLOCKS | {"offer"}, ABOUT_THE_OWNER),
    }
    if c.owner:
        to["passed"] = (Passed(c.owner, event.at),)


def _queued(c: "Contact", event: Event, body: Queued, to: dict[str, Any]) -> None:
    to |= {
        "with_lead": False,
        "alerts": answered(c.alerts, event.at, WITH_THE_LEAD),
        "clocks": _without_those_of(c, frozenset(), WITH_THE_LEAD),
    }


HANDS: dict[type[Any], Any] = {
    Offered: _offered,
    OfferEnded: _offer_ended,
    Accepted: _accepted,
    Joined: _joined,
    SteppedOut: _stepped_out,
    Released: _released,
    Queued: _queued,
}
