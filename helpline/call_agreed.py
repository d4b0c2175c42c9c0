"""They told who is with them that they may be rung: a press that makes it a request on the number they text from.

For when their phone takes no more texts, and for who would rather talk. Nobody is rung by it.
"""

from collections.abc import Sequence
from datetime import datetime
from functools import partial

from helpline import call_backs
from helpline.call_keeping import soonest_window
from helpline.call_windows import Window
from helpline.contact import Contact
from helpline.core import Answer
from helpline.definition import Definition
from helpline.errors import NotAllowed, NotNow
from helpline.events import By, CallMe
from helpline.logbook import Decide, Draft
from helpline.number_reveal import held_number
from helpline.people import Principal
from helpline.staff_side import StaffSide
from helpline.talking import digest


async def agreed(line: StaffSide, who: Principal, contact: str, *, client_id: str) -> Answer:
    """`NotFound` when we hold no number of theirs."""
    await line.may_read(who, contact)
    number = await held_number(line, contact)
    mark = digest("call_agreed")
    window = soonest_window(line, (await line.contact(contact)).language)
    press = partial(agree, number=number, window=window, client_id=client_id, mark=mark)
    return await line.press(who, contact, client_id, mark, press)


def agree(
    by: By, definition: Definition, *, number: str, window: Window | None, client_id: str, mark: str
) -> Decide:
    """A request by who is with them, in the place of one that is over."""

    def decide(c: Contact, now: datetime) -> Sequence[Draft]:
        if c.part(by.id) is None:
            raise NotAllowed("Only who is with them may write that they agreed to a call.")
        if c.phase not in ("live", "wrap_up"):
            raise NotNow("This contact has ended.")
        if c.calls.asked and not c.calls.over:
            raise NotNow("They have asked to be rung already.")
        asked: Draft = (by, CallMe(number=number, client_id=client_id, digest=mark))
        return [asked, *call_backs.time_for(definition, c, window, now)]

    return decide
