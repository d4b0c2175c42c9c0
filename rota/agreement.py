"""What a service and those on its rota have agreed: how late a shift may be given back, and when they are reminded."""

from typing import Annotated

import msgspec
from msgspec import Meta

from rota.limits import Limits

Hours = Annotated[int, Meta(ge=0, le=24 * 60)]


class Agreement(msgspec.Struct, frozen=True, kw_only=True):
    """The `[rota]` table of a service definition. Every figure is a number of hours unless it says otherwise.

    `give_back_hours`: up to so long before its start a shift is given back by pressing; later they ask for cover or
    call in sick. `confirm_hours`: from so long before, a shift that nobody has confirmed is shown to the lead.
    `remind_hours`: reminders go out so long before, longest first. `swaps_need_lead`: a swap both agreed to waits for
    a lead. `look_ahead_weeks`: how far the lead sees gaps. `shown_as`: what a calendar on somebody's own phone calls
    a shift, so that it gives nothing away. `feeds_weeks`: how far ahead such a calendar goes.
    """

    limits: Limits = Limits()
    give_back_hours: Hours = 12
    confirm_hours: Hours = 24
    remind_hours: tuple[Hours, ...] = (168, 24, 2)
    swaps_need_lead: bool = False
    look_ahead_weeks: Annotated[int, Meta(ge=1, le=52)] = 8
    feeds_weeks: Annotated[int, Meta(ge=1, le=104)] = 26
    shown_as: Annotated[str, Meta(min_length=1, max_length=60)] = "Shift"
