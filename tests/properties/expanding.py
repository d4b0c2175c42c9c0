"""Rules at random, and what another expander makes of them."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import recurring_ical_events
from hypothesis import strategies as st
from icalendar import Calendar, Event, vRecur

from rota.shifts import Shift

DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")


@st.composite
def rules(draw: st.DrawFn, starts: datetime) -> str:
    """A rule that its first start fits, with the parts rotas use."""
    frequency = draw(st.sampled_from(("DAILY", "WEEKLY", "MONTHLY", "YEARLY")))
    parts = [f"FREQ={frequency}"]
    if draw(st.booleans()):
        parts.append(f"INTERVAL={draw(st.integers(1, 5))}")
    chosen = draw(st.sets(st.sampled_from(DAYS), max_size=3)) | {DAYS[starts.weekday()]}
    by_day = "BYDAY=" + ",".join(sorted(chosen))
    if frequency == "WEEKLY":
        parts += draw(
            st.sampled_from(
                ([], [by_day], [by_day, "WKST=SU"], [by_day, "BYSETPOS=1,2"], [by_day, "BYSETPOS=-1"])
            )
        )
    elif frequency == "MONTHLY":
        nth = f"BYDAY={(starts.day - 1) // 7 + 1}{DAYS[starts.weekday()]}"
        parts += draw(
            st.sampled_from(([], [nth], [f"BYMONTHDAY={starts.day},-1"], [by_day, "BYSETPOS=1,-1"]))
        )
    elif frequency == "DAILY":
        parts += draw(st.sampled_from(([], [by_day], [f"BYMONTH={starts.month},6"])))
    bound = draw(st.sampled_from(("none", "count", "until")))
    if bound == "count":
        parts.append(f"COUNT={draw(st.integers(1, 400))}")
    elif bound == "until":
        last = (starts + timedelta(days=draw(st.integers(2, 800)))).strftime("%Y%m%dT%H%M%SZ")
        parts.append(f"UNTIL={last}")
    return ";".join(parts)


def starts_of(shift: Shift, since: datetime, until: datetime) -> list[datetime]:
    """Each start by rule, in the shift's zone, as recurring-ical-events finds them."""
    zone = ZoneInfo(shift.zone)
    event = Event()
    event.add("UID", shift.id)
    event.add("DTSTART", shift.starts.replace(tzinfo=zone))
    event.add("DTEND", shift.ends.replace(tzinfo=zone))
    if shift.rrule is not None:
        event.add("RRULE", vRecur.from_ical(shift.rrule))
    for name, changes in (("EXDATE", shift.exdates), ("RDATE", shift.rdates)):
        if changes:
            event.add(name, [wall.replace(tzinfo=zone) for wall in changes])
    calendar = Calendar()
    calendar.add("VERSION", "2.0")
    calendar.add("PRODID", "rota")
    calendar.add_component(event)
    return [one["DTSTART"].dt for one in recurring_ical_events.of(calendar).between(since, until)]
