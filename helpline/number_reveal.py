"""A number we hold, for who may see it: to ring by hand who asked for it, or for a lead who says why.

At the desk and on the board somebody is "Contact 4F2K". A number leaves in the answer to one press of one person, and
each press is an event and an audit entry. What a lead looked at is looked at by somebody else who leads.
"""

from collections.abc import Sequence
from datetime import datetime
from functools import partial

from helpline import call_backs
from helpline.call_events import NumberRevealed
from helpline.contact import Contact
from helpline.definition import Definition
from helpline.errors import BadRequest, NotAllowed, NotFound, NotNow
from helpline.events import Alerted, By, CallMe, NumberGiven
from helpline.logbook import Decide, Draft
from helpline.on_shift import is_lead
from helpline.people import Principal
from helpline.staff_side import StaffSide
from helpline.talking import digest


async def held_number(line: StaffSide, contact: str) -> str:
    """The newest number they gave or texted from, in E.164; `NotFound` when none is held, or not any more."""
    given = [
        event.body.number
        for event in await line.logbook.read(contact)
        if isinstance(event.body, CallMe | NumberGiven)
    ]
    if not given:
        raise NotFound("We hold no number of theirs.")
    if given[-1] is None:
        raise NotFound("Their number is no longer held.")
    return given[-1]


async def to_ring(line: StaffSide, who: Principal, contact: str, *, client_id: str) -> str:
    """For who is with somebody who asked to be rung, to ring them by hand."""
    await line.may_read(who, contact)
    mark = digest("number_shown")
    press = partial(call_backs.show_number, client_id=client_id, mark=mark)
    return await _pressed(line, who, contact, press, client_id, mark, "number_shown")


async def to_lead(line: StaffSide, who: Principal, contact: str, *, reason: str, client_id: str) -> str:
    """For a lead, who says why. `BadRequest` without a reason; somebody else who leads gets an alert of it."""
    if not is_lead(who):
        raise NotAllowed
    reason = reason.strip()
    if not reason:
        raise BadRequest("Please say why you need their number.")
    mark = digest("number_revealed", reason)
    press = partial(reveal, reason=reason, client_id=client_id, mark=mark)
    return await _pressed(line, who, contact, press, client_id, mark, "number_revealed")


async def _pressed(
    line: StaffSide, who: Principal, contact: str, press: partial[Decide], client_id: str, mark: str, did: str
) -> str:
    """Nothing is written of a number that is not there, and no number is given that is not written down."""
    number = await held_number(line, contact)
    await line.press(who, contact, client_id, mark, press)
    await line.audit(who, did, contact)
    return number


def reveal(by: By, _: Definition, *, reason: str, client_id: str, mark: str) -> Decide:
    """Who looked and why, and the notice for somebody else in the same record."""

    def decide(c: Contact, now: datetime) -> Sequence[Draft]:
        if not c.number_held:
            raise NotNow("We hold no number of theirs.")
        notice = Alerted(f"revealed-{c.seq + 1}", "number_revealed", "lead")
        return [(by, NumberRevealed(reason, client_id, mark)), (by, notice)]

    return decide
