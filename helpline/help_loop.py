"""Rung 4: has help reached them? Checked until somebody can say yes, or until two people sign that nobody can.

Nothing else ends it: not closing, not the person's leaving, not a shift's end. Decided purely.
"""

from datetime import datetime, timedelta

import msgspec

from helpline.contact import Contact
from helpline.definition import Definition
from helpline.errors import BadRequest, NotAllowed, NotNow
from helpline.events import (
    SERVICE,
    By,
    Clock,
    ClockFired,
    CouldNotBeConfirmed,
    Countersigned,
    HelpChecked,
    HelpConfirmed,
)
from helpline.logbook import Decide, Draft
from helpline.paging import page, page_once

WAY_OUT = (
    "This is an emergency, and nobody has confirmed yet that help has reached them. Say that it has, or record that "
    "it could not be confirmed and have somebody else sign it."
)
NOT_OPEN = "There is no emergency to confirm here any more."


def until_confirmed(c: Contact) -> None:
    """`NotNow`, with the way on, while a rung 4 has neither of its endings."""
    if c.unconfirmed:
        raise NotNow(WAY_OUT)


def first_check(c: Contact, definition: Definition, now: datetime) -> tuple[Clock, ...]:
    """The clock that begins when 999 has answered at rung 4; none while one runs."""
    seconds = definition.ladder.rungs[4].clocks.get("confirm_first")
    running = c.clock("confirm_first") or c.clock("confirm_every")
    if not seconds or running is not None:
        return ()
    return (Clock("confirm_first", "4", now + timedelta(seconds=seconds)),)


def check(by: By, definition: Definition, body: HelpChecked) -> Decide:
    """Somebody asked. `body.reached` ends the loop; not yet leaves its clocks as they are."""

    def decide(c: Contact, now: datetime) -> list[Draft]:
        if not c.unconfirmed:
            raise NotNow(NOT_OPEN)
        drafts: list[Draft] = [(by, body)]
        if body.reached:
            drafts.append((by, HelpConfirmed(c.seq + 1, clocks=_record(definition, now))))
        return drafts

    return decide


def cannot_confirm(by: By, definition: Definition, body: CouldNotBeConfirmed) -> Decide:
    """The first signature. It ends nothing: somebody else is asked to sign at once."""

    def decide(c: Contact, now: datetime) -> list[Draft]:
        if not c.unconfirmed:
            raise NotNow(NOT_OPEN)
        if not (body.tried or "").strip():
            raise BadRequest("Please write what was tried.")
        if c.ladder.reached_999 is not None and not (body.reference or "").strip():
            raise BadRequest("Please give the reference 999 gave, or who you spoke to.")
        asked = page(definition, c, f"countersign-{c.seq + 1}", "countersign", now)
        return [(by, body), (SERVICE, asked)]

    return decide


def countersign(by: By, definition: Definition, body: Countersigned) -> Decide:
    """The second signature, by somebody else, to exactly what was signed at seq `body.of`."""

    def decide(c: Contact, now: datetime) -> list[Draft]:
        signed = c.ladder.loop.signed if c.ladder.loop is not None else None
        if not c.unconfirmed or signed is None:
            raise NotNow(NOT_OPEN)
        if signed.seq != body.of:
            raise NotNow("Something else was written since. Please read it again before you sign.")
        if signed.by == by.id:
            raise NotAllowed("Somebody else has to sign this with you.")
        return [(by, msgspec.structs.replace(body, clocks=_record(definition, now)))]

    return decide


def _record(definition: Definition, now: datetime) -> tuple[Clock, ...]:
    """The record is made afterwards: talk first, form second."""
    seconds = definition.ladder.rungs[4].clocks.get("record_after")
    return (Clock("record_after", "4", now + timedelta(seconds=seconds)),) if seconds else ()


def ask_again(definition: Definition, c: Contact, clock: Clock, now: datetime, late: int) -> list[Draft]:
    """A check is due: the lead is paged, and the next check has its instant already."""
    if not c.unconfirmed:
        return [(SERVICE, ClockFired(clock.kind, clock.of, late))]
    seconds = definition.ladder.rungs[4].clocks.get("confirm_every") or 900
    following = (Clock("confirm_every", "4", now + timedelta(seconds=seconds)),)
    fired = ClockFired(clock.kind, clock.of, late, following)
    return [(SERVICE, fired), *page_once(definition, c, f"confirm-{c.rung_seq}", "confirm_help", now, late)]
