"""How the rota speaks of times, roles and steps: short, in the service's zone, on a 24-hour clock. Pure."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from helpline.rota_keeping import Step
from rota.book import AskChanged, Book, Confirmed, NightChanged
from rota.shifts import OnDuty, Slot
from webchat.words import name_of

ROLES = {
    "supporter": "Supporter",
    "lead": "Lead",
    "on_call": "On-call",
    "second_on_call": "Second on-call",
    "interpreter": "Interpreter",
}
CHANNELS = {"web": "chat", "sms": "text", "call": "phone"}
_HOUR = timedelta(hours=1)


def day(of: date, today: date) -> str:
    """ "Friday 27 November"; with the year when it is not this one."""
    year = f" {of.year}" if of.year != today.year else ""
    return f"{of:%A} {of.day} {of:%B}{year}"


def near_day(of: date, today: date) -> str:
    """ "Today", "Tomorrow", else the day by name."""
    return {0: "Today", 1: "Tomorrow"}.get((of - today).days) or day(of, today)


def clock(starts_at: datetime, ends_at: datetime, zone: ZoneInfo) -> str:
    """ "18:00–22:30" in the zone."""
    return f"{starts_at.astimezone(zone):%H:%M}–{ends_at.astimezone(zone):%H:%M}"


def length(hours: float) -> str:
    """ "4 h 30 min"."""
    whole, minutes = divmod(round(hours * 60), 60)
    if not whole:
        return f"{minutes} min"
    return f"{whole} h {minutes} min" if minutes else f"{whole} h"


def real_hours(starts_at: datetime, ends_at: datetime) -> float:
    return (ends_at - starts_at) / _HOUR


def clock_change(starts_at: datetime, ends_at: datetime, zone: ZoneInfo) -> str:
    """ "clocks go back: 9 hours" for what spans a change of the clocks; empty on every other night."""
    before, after = (instant.astimezone(zone).utcoffset() for instant in (starts_at, ends_at))
    if before == after or before is None or after is None:
        return ""
    way = "back" if after < before else "forward"
    hours = real_hours(starts_at, ends_at)
    return f"clocks go {way}: {hours:g} {'hour' if hours == 1 else 'hours'}"


def role(name: str) -> str:
    return ROLES.get(name, name.replace("_", " ").capitalize())


def languages(tags: tuple[str, ...]) -> str:
    """ "Polish, English"."""
    return ", ".join(name_of(tag, "en") for tag in tags)


def channels(names: tuple[str, ...]) -> str:
    return ", ".join(CHANNELS.get(name, name) for name in names)


def names(of: tuple[str, ...] | list[str]) -> str:
    """ "Dev, Mari and Jo"."""
    return " and ".join(part for part in (", ".join(of[:-1]), of[-1]) if part) if of else ""


def when(duty: OnDuty, zone: ZoneInfo, today: date) -> str:
    """ "Friday 27 November 18:00–22:30"."""
    starts = duty.starts_at.astimezone(zone)
    return f"{day(starts.date(), today)} {clock(duty.starts_at, duty.ends_at, zone)}"


def begins(slot: Slot, book: Book, zone: ZoneInfo, today: date) -> str:
    """ "Friday 27 November 18:00", also of an occurrence that is no longer there."""
    duty = book.duty(slot)
    wall = duty.starts_at.astimezone(zone).replace(tzinfo=None) if duty is not None else slot.of
    return f"{day(wall.date(), today)} {wall:%H:%M}"


# -- what a step came to, said to whoever made it -------------------------------------------------------------------

_SAID = {
    "took": "{when} is yours. Thank you.",
    "gave_back": "Given back: {when}. The lead sees that it is free. Thank you for saying so.",
    "sick": "Thank you for telling us. Rest well. The lead has been told.",
    "confirmed": "Good. See you on {when}.",
    "asked_cover": "Asked. {when} stays yours until somebody takes it.",
    "offered_swap": "{to} has been asked. Nothing changes until they agree.",
    "approved_swap": "The swap is made.",
    "said_no": "That is fine. Thank you for saying.",
    "withdrew": "Taken back. Nobody is asked any more.",
    "offered_hands": "Thank you. The lead sees that you could come.",
    "asked_to_fill": "Asked: {to}.",
    "put_on": "{holder} is on {when}.",
    "took_off": "{when} is free now.",
    "hours": "The new hours are saved.",
    "closed_now": "Closed to new people. Whoever was waiting or talking stays with us.",
    "opened_again": "That closure is over.",
    "undid": "Undone.",
}


def said(step: Step, book: Book, name: dict[str, str], zone: ZoneInfo, today: date) -> str:
    """One calm line for whoever made the step."""
    nights = [change for change in step.changes if isinstance(change, NightChanged)]
    if step.what == "agreed_swap":
        return "Swapped. Thank you both." if nights else "Agreed. The lead has the last word."
    if step.what == "edited" and len(nights) == 1 and nights[0].after is not None:
        return _said_of_night(nights[0], book, zone, today)
    if step.what == "withdrew" and _of_hands(step):
        return "That is settled."
    slot = about(step)
    asked = next((one.after for one in step.changes if isinstance(one, AskChanged) and one.after), None)
    holder = nights[0].after.person if nights and nights[0].after is not None else None
    return _SAID.get(step.what, "Saved.").format(
        when=begins(slot, book, zone, today) if slot is not None else "That shift",
        to=names([name.get(one, "Somebody") for one in asked.to]) if asked is not None else "They",
        holder=name.get(holder or "", "Nobody"),
    )


def _of_hands(step: Step) -> bool:
    befores = (change.before for change in step.changes if isinstance(change, AskChanged))
    return any(ask is not None and ask.kind == "hands" for ask in befores)


def _said_of_night(change: NightChanged, book: Book, zone: ZoneInfo, today: date) -> str:
    slot = Slot.parse(change.id)
    if change.after is not None and change.after.cancelled:
        return f"{begins(slot, book, zone, today)} is cancelled."
    duty = book.duty(slot)
    return f"Moved to {when(duty, zone, today)}." if duty is not None else "Saved."


def about(step: Step) -> Slot | None:
    """The occurrence a step was about; the first when there are two."""
    for change in step.changes:
        if isinstance(change, NightChanged):
            return Slot.parse(change.id)
    for change in step.changes:
        ask = (change.after or change.before) if isinstance(change, AskChanged) else None
        if ask is not None:
            return ask.slot
        if isinstance(change, Confirmed):
            return Slot.parse(change.id)
    return None
