"""Telling the lead, and whoever comes after the lead, until somebody of ours has the contact.

From rung 2 nothing is ownerless: somebody has the contact, or a page nobody has answered is running. The same holds
for who was let go to the lead. Saying "I have it" is not being there: until somebody is, the page starts again.
"""

from datetime import datetime, timedelta

from helpline.contact import Contact
from helpline.contact_parts import WANT_A_DEED, Alert
from helpline.definition import Definition
from helpline.errors import NotAllowed, NotNow
from helpline.events import SERVICE, Acknowledged, Alerted, By, Clock, ClockFired
from helpline.logbook import Decide, Draft

CHAIN = ("lead", "on_call", "second_on_call")


def page(definition: Definition, c: Contact, alert: str, what: str, now: datetime, late: int = 0) -> Alerted:
    """An alert to the lead; from rung 2, and for who is held for the lead, with the clock after which the on-call
    is told."""
    if c.rung < 2 and what != "kept_for_lead":
        return Alerted(alert, what, "lead", late)
    return Alerted(alert, what, "lead", late, (until_acknowledged(definition, c.rung, alert, now),))


def page_once(
    definition: Definition, c: Contact, alert: str, what: str, now: datetime, late: int = 0
) -> list[Draft]:
    """The same, unless it stands unanswered: then its chain goes on where it is, and not from its beginning."""
    standing = c.alert(alert)
    if standing is not None and not standing.acknowledged_by:
        return []
    return [(SERVICE, page(definition, c, alert, what, now, late))]


def until_acknowledged(definition: Definition, rung: int, alert: str, now: datetime) -> Clock:
    return Clock("acknowledge", alert, now + timedelta(seconds=acknowledge_seconds(definition, rung)))


def acknowledge_seconds(definition: Definition, rung: int) -> int:
    """How long a lead has to acknowledge at a rung: rung 2 `lead_told`, above it `lead_acknowledges`."""
    clocks = definition.ladder.rungs[rung].clocks
    return clocks.get("lead_acknowledges") or clocks.get("lead_told") or 120


def needs_a_hand(c: Contact, what: str) -> bool:
    """Only somebody taking the contact settles this: nobody has it, who has it asked to be relieved, or from rung 2
    they are off shift or their line is gone."""
    if what == "take_them":
        return c.phase == "live"
    if what in ("past_end", "owner_absent"):
        return c.phase == "live" and c.rung >= 2
    return c.nobodys and (c.rung >= 2 or c.with_lead)


def wants_a_deed(c: Contact, alert: Alert) -> bool:
    """Somebody said they have it, and nothing has been done since: no attempt, nobody joined, nothing noted."""
    if alert.what not in WANT_A_DEED or c.rung < 3 or c.phase not in ("waiting", "stored", "live"):
        return False
    since = alert.acknowledged_at
    return since is None or c.acted_at is None or c.acted_at < since


def silence_seconds(definition: Definition, rung: int) -> int:
    """For how long acknowledging silences an alert at rung 3 or 4: as long as until the second on-call is told."""
    clocks = definition.ladder.rungs[rung].clocks
    return clocks.get("on_call_acknowledges") or 2 * acknowledge_seconds(definition, rung)


def page_for_nobodys(definition: Definition) -> Decide:
    """From rung 2, page for a contact nobody has. Writes nothing while a page runs."""

    def decide(c: Contact, now: datetime) -> list[Draft]:
        if c.rung < 2 or not c.nobodys or c.paged:
            return []
        return [(SERVICE, page(definition, c, f"nobody-{c.seq + 1}", "nobody_has_them", now))]

    return decide


def acknowledge(by: By, definition: Definition, alert: str, client_id: str, mark: str) -> Decide:
    """A lead has seen it. The first to say so has it; a second is told who.

    Where only taking the contact helps, or at rung 3 and 4 something has to follow, a clock starts at whose end the
    alert is raised again.
    """

    def decide(c: Contact, now: datetime) -> list[Draft]:
        standing = c.alert(alert)
        if standing is None:
            raise NotNow("That alert is no longer there.")
        if standing.acknowledged_by:
            raise NotNow("Somebody has already said they have this one.")
        if standing.what == "number_revealed" and standing.by == by.id:
            raise NotAllowed(
                "You looked at their number yourself. Somebody else who leads says that they saw it."
            )
        clocks: tuple[Clock, ...] = ()
        if needs_a_hand(c, standing.what):
            due = now + timedelta(seconds=acknowledge_seconds(definition, c.rung))
            clocks = (Clock("take_up", alert, due),)
        elif wants_a_deed(c, standing):
            due = now + timedelta(seconds=silence_seconds(definition, c.rung))
            clocks = (Clock("take_up", alert, due),)
        return [(by, Acknowledged(alert, client_id, mark, clocks))]

    return decide


def alert_lead(alert: str, what: str) -> Decide:
    """Tell the lead, once while it stands unacknowledged."""

    def decide(c: Contact, now: datetime) -> list[Draft]:
        standing = c.alert(alert)
        if standing is not None and not standing.acknowledged_by:
            return []
        return [(SERVICE, Alerted(alert, what, "lead"))]

    return decide


def not_taken_up(definition: Definition, c: Contact, clock: Clock, now: datetime, late: int) -> list[Draft]:
    """Somebody said they have it, and the contact is where it was: the chain begins anew."""
    standing = c.alert(clock.of)
    if standing is None or not (needs_a_hand(c, standing.what) or wants_a_deed(c, standing)):
        return [(SERVICE, ClockFired(clock.kind, clock.of, late))]
    again = (until_acknowledged(definition, c.rung, clock.of, now),)
    return [(SERVICE, Alerted(clock.of, standing.what, "lead", late, again))]


def next_in_chain(definition: Definition, c: Contact, clock: Clock, now: datetime, late: int) -> list[Draft]:
    """Nobody answered in time: the next is told. At rung 3 and 4, and where somebody must take the contact, the last is
    told again until somebody answers."""
    standing = c.alert(clock.of)
    if standing is None or standing.acknowledged_by:
        return [(SERVICE, ClockFired(clock.kind, clock.of, late))]
    place = CHAIN.index(standing.to) + 1
    # The lead has gone home: whoever has them now says so by name.
    by_name = standing.what == "lead_gone" and c.phase in ("waiting", "stored", "live")
    wanted = by_name or needs_a_hand(c, standing.what) or wants_a_deed(c, standing)
    if place >= len(CHAIN) and not wanted:
        return [(SERVICE, ClockFired(clock.kind, clock.of, late))]
    seconds = _until_the_one_after(definition, c, standing, place - 1)
    if not seconds and wanted:
        seconds = acknowledge_seconds(definition, c.rung)
    clocks = (Clock("acknowledge", clock.of, now + timedelta(seconds=seconds)),) if seconds else ()
    to = CHAIN[min(place, len(CHAIN) - 1)]
    return [(SERVICE, Alerted(clock.of, standing.what, to, late, clocks))]


def _until_the_one_after(definition: Definition, c: Contact, standing: Alert, place: int) -> int:
    """Seconds from this step of the chain to the next, 0 when this is the last."""
    if place + 2 >= len(CHAIN):
        return 0
    if standing.what == "asked":
        chain = definition.ask_lead.chain_seconds
        return max(chain[place + 1] - chain[place], 1) if place + 1 < len(chain) else 0
    clocks = definition.ladder.rungs[c.rung].clocks
    whole = clocks.get("on_call_acknowledges", 0)
    return max(whole - clocks.get("lead_acknowledges", 0), 0)
