"""What the pages of the opening hours show and say, in the service's zone on a 24-hour clock. Pure but for the core."""

from datetime import date, datetime, time, timedelta
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

import holidays
import msgspec
from babel import Locale

from helpline.rota_keeping import Step
from helpline.service import Helpline
from rota import hours
from rota.book import HoursChanged
from rota.hours import ALL_DAY, ChannelHours, Closure, Hours, OpeningHours, Spans
from rota.hours_changes import HoursMoved, closed_now, standing
from webchat.hours_form import clock, coming_special_days
from webchat.rota_words import CHANNELS, day, names
from webchat.words import opening_time

SHOWN_AFTER = timedelta(days=30)
NAMED = 4
WEEK = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
REASONS = (
    "Too many people are waiting",
    "Not enough of us are here",
    "Something technical",
    "We need a moment together",
)
UNTIL = (
    ("30", "30 minutes"),
    ("60", "1 hour"),
    ("120", "2 hours"),
    ("tonight", "the end of tonight"),
    ("at", "this time"),
)
_TONIGHT_ENDS = time(6)
_TONIGHT_LASTS = timedelta(hours=18)
_MINUTE = timedelta(minutes=1)


class Closing(msgspec.Struct, frozen=True):
    """A closure somebody is about to make. `channel` None is every channel."""

    channel: str | None
    until: datetime
    why: str


# -- words -----------------------------------------------------------------------------------------------------------


def in_words(spans: Spans) -> str:
    """ "18:00–22:30 and 23:00–01:00", "closed", "all day"."""
    if spans == ALL_DAY:
        return "all day"
    parts = [f"{clock(one.opens)}–{'24:00' if one.closes == 1440 else clock(one.closes)}" for one in spans]
    return names(parts) or "closed"


def policy_in_words(policy: str | Spans) -> str:
    if isinstance(policy, str):
        return {"open": "open as usual", "closed": "closed"}[policy]
    return in_words(policy)


def channel_name(channel: str | None) -> str:
    if channel is None:
        return "Everything"
    return CHANNELS.get(channel, channel).capitalize()


def at_words(at: datetime, now: datetime, zone: ZoneInfo) -> str:
    """ "22:30", "tomorrow at 18:00", "Friday 27 November 18:00"."""
    here, today = at.astimezone(zone), now.astimezone(zone).date()
    if here.date() == today:
        return f"{here:%H:%M}"
    if here.date() == today + timedelta(days=1):
        return f"tomorrow at {here:%H:%M}"
    return f"{day(here.date(), today)} {here:%H:%M}"


def preview_lines(moved: HoursMoved, after: OpeningHours, today: date) -> list[str]:
    """What saving would change, one plain sentence each."""
    several = len(after.hours.channels) > 1

    def of(channel: str) -> str:
        return f"{channel_name(channel)}, " if several else ""

    lines = [
        f"{of(one.channel)}{_days(one.days)}: {in_words(one.before)} becomes {in_words(one.after)}."
        for one in moved.days
    ]
    if moved.place:
        lines.append(f"Bank holidays are those of {place_name(after.hours.country, after.hours.region)}.")
    lines += [
        f"{of(one.channel)}bank holidays: {policy_in_words(one.before)} becomes {policy_in_words(one.after)}."
        for one in moved.holidays
    ]
    lines += [
        f"{of(one.channel)}{day(one.date, today)}: {in_words(one.before)} becomes {in_words(one.after)}."
        for one in moved.dates
    ]
    if moved.nights:
        lines.append(f"This changes {counted(moved.nights, 'day')} in the next 8 weeks.")
    lines += [_clock_line(one.date, one.minutes, today) for one in moved.clocks[:NAMED]]
    if moved.bare:
        which = _some([day(one, today) for one in moved.bare])
        many = "On one of them" if len(moved.bare) == 1 else f"On {len(moved.bare)} of them"
        lines.append(f"{many} nobody is on the rota for the new hours: {which}.")
    if moved.outside:
        lines.append(f"{counted(moved.outside, 'shift')} would lie outside the hours, and stay on the rota.")
    return [line[:1].upper() + line[1:] for line in lines]


def counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _days(days: tuple[int, ...]) -> str:
    return "every day" if len(days) == 7 else names([f"{WEEK[one]}s" for one in days])


def _clock_line(of: date, minutes: int, today: date) -> str:
    way, does = ("forward", "loses") if minutes < 0 else ("back", "gains")
    much = "an hour" if abs(minutes) == 60 else f"{abs(minutes)} minutes"
    return f"{day(of, today)} {does} {much}: the clocks go {way}."


def _some(said: list[str]) -> str:
    more = len(said) - NAMED
    return names(said) if more <= 0 else f"{', '.join(said[:NAMED])} and {more} more"


# -- places ----------------------------------------------------------------------------------------------------------


@cache
def countries() -> tuple[tuple[str, str], ...]:
    """Code and English name of every country whose bank holidays are known, by name."""
    named = Locale("en").territories
    known = [(code, named[code]) for code in hours.countries() if code in named]
    return tuple(sorted(known, key=lambda one: one[1]))


@cache
def regions(country: str | None) -> tuple[tuple[str, str], ...]:
    """Code and name of the regions of a country that have holidays of their own, by name."""
    if country is None or country not in hours.countries():
        return ()
    aliases = holidays.country_holidays(country).get_subdivision_aliases()
    named = [(code, (aliases.get(code) or [code])[-1]) for code in hours.regions(country)]
    return tuple(sorted(named, key=lambda one: one[1]))


def place_name(country: str | None, region: str | None) -> str:
    if country is None:
        return "no country"
    name = dict(countries()).get(country, country)
    return f"{dict(regions(country)).get(region, region)}, {name}" if region else name


# -- the page of how things are --------------------------------------------------------------------------------------


def overview(helpline: Helpline) -> dict[str, Any]:
    """The door now, closures that stand, the days ahead, and what lies behind."""
    hours, now = helpline.hours, helpline.clock.now()
    zone = ZoneInfo(hours.hours.zone)
    today = now.astimezone(zone).date()
    return {
        "zone": hours.hours.zone.replace("_", " "),
        "channels": [(one.channel, channel_name(one.channel)) for one in hours.hours.channels],
        "several": len(hours.hours.channels) > 1,
        "doors": [_door(helpline, one.channel, now, zone) for one in hours.hours.channels],
        "closures": [_closure(one, now, zone) for one in standing(hours.hours, now)],
        "days": [_day(hours, today + timedelta(days=ahead), today) for ahead in range(7)],
        "special_days": [
            {
                "day": day(one.date, today),
                "hours": in_words(one.hours),
                "channel": one.channel and channel_name(one.channel),
                "why": one.why,
            }
            for one in coming_special_days(hours.hours, today)
        ],
        "place": place_name(hours.hours.country, hours.hours.region) if hours.hours.country else "",
        "bank_holidays": bank_holidays(hours, today),
        "lately": _lately(hours.hours, now, zone),
        "reasons": REASONS,
        "untils": UNTIL,
    }


def _door(helpline: Helpline, channel: str, now: datetime, zone: ZoneInfo) -> dict[str, Any]:
    door = helpline.door(channel)
    if door.open:
        closes = helpline.hours.closes_at(channel, now)
        words = f"Open until {at_words(closes, now, zone)}" if closes else "Open day and night"
    else:
        opens = f"Opens {at_words(door.opens_at, now, zone)}" if door.opens_at else "No opening is planned"
        why = "Closed to new people: not enough of us are here" if door.why == "staffing" else "Closed"
        words = f"{why}. {opens}"
    return {"channel": channel_name(channel), "open": door.open, "words": f"{words}."}


def _closure(one: Closure, now: datetime, zone: ZoneInfo) -> dict[str, Any]:
    until = f"until {at_words(one.until, now, zone)}" if one.until else "until somebody opens it again"
    begun = one.from_ <= now
    since = f"{'since' if begun else 'from'} {at_words(one.from_, now, zone)}"
    verb = "is closed" if begun else "will be closed"
    return {
        "words": f"{channel_name(one.channel)} {verb} {since}, {until}.",
        "why": one.why,
        "from": one.from_.isoformat(),
        "channel": one.channel or "",
        "press": "Open again" if begun else "Take this back",
    }


def _day(hours: OpeningHours, of: date, today: date) -> dict[str, Any]:
    each = [(one.channel, hours.on_date(one.channel, of)) for one in hours.hours.channels]
    same = len({spans for _, spans in each}) == 1
    said = (
        [in_words(each[0][1])]
        if same
        else [f"{channel_name(name)} {in_words(spans)}" for name, spans in each]
    )
    special = [one.why for one in hours.hours.special_days if one.date == of]
    return {
        "day": {0: "Today", 1: "Tomorrow"}.get((of - today).days) or day(of, today),
        "hours": said,
        "note": names(special) or dict(hours.bank_holidays(of, of + timedelta(days=1))).get(of, ""),
    }


def bank_holidays(hours: OpeningHours, today: date) -> list[dict[str, Any]]:
    """Those of the next twelve months, and what happens on each."""
    found = []
    for of, name in hours.bank_holidays(today, today + timedelta(days=366)):
        each = [(one.channel, hours.on_date(one.channel, of)) for one in hours.hours.channels]
        same = len({spans for _, spans in each}) == 1
        said = [f"{channel_name(channel)} {in_words(spans)}" for channel, spans in each]
        found.append(
            {"day": day(of, today), "name": name, "hours": in_words(each[0][1]) if same else ", ".join(said)}
        )
    return found


def _lately(hours: Hours, now: datetime, zone: ZoneInfo) -> list[str]:
    """Closures and special days that were over within the last thirty days."""
    today = now.astimezone(zone).date()
    said: list[tuple[datetime, str]] = []
    for one in hours.closures:
        if one.until is not None and now - SHOWN_AFTER < one.until <= now:
            since, until = one.from_.astimezone(zone), at_words(one.until, now, zone)
            began = f"{day(since.date(), today)} {since:%H:%M}"
            said.append(
                (one.from_, f"{channel_name(one.channel)} was closed from {began} until {until}: {one.why}.")
            )
    for special in hours.special_days:
        if today - SHOWN_AFTER < special.date < today:
            at = datetime.combine(special.date, time.min, tzinfo=zone)
            said.append((at, f"{day(special.date, today)}: {in_words(special.hours)}, {special.why}."))
    return [words for _, words in sorted(said, key=lambda one: one[0], reverse=True)]


async def last_change(helpline: Helpline) -> Step | None:
    """The newest step that changed the hours by a person's hand, among the newest two hundred."""
    before: int | None = None
    for _ in range(4):
        steps = await helpline.rota.history(before)
        for step in steps:
            if step.by.id and any(isinstance(change, HoursChanged) for change in step.changes):
                return step
        if not steps or steps[-1].seq <= 1:
            break
        before = steps[-1].seq
    return None


def changed_by(step: Step | None, now: datetime, zone: ZoneInfo) -> str:
    if step is None:
        return "The hours are as the service began with them."
    at = step.at.astimezone(zone)
    today = now.astimezone(zone).date()
    on = "today" if at.date() == today else f"on {day(at.date(), today)}"
    return f"Last changed by {step.by.name} {on} at {at:%H:%M}."


# -- closing now -----------------------------------------------------------------------------------------------------


def tonight_ends(hours: OpeningHours, channel: str | None, now: datetime, zone: ZoneInfo) -> datetime:
    """When the opening that is on now, or begins soon, is over; of one that goes on for longer, six in the morning."""
    names_ = [channel] if channel else [one.channel for one in hours.hours.channels]
    ends = [span.closes_at for name in names_ for span in hours.spans(now, now + _TONIGHT_LASTS, name)[:1]]
    if ends and max(ends) < now + _TONIGHT_LASTS:
        return max(ends)
    morning = datetime.combine(now.astimezone(zone).date(), _TONIGHT_ENDS, tzinfo=zone)
    while morning <= now:
        morning += timedelta(days=1)
    return morning.astimezone(now.tzinfo)


def closing_in_words(helpline: Helpline, closing: Closing) -> list[str]:
    """What will happen, before the second press."""
    now, zone = helpline.clock.now(), ZoneInfo(helpline.hours.hours.zone)
    touched = [one for one in helpline.contacts() if closing.channel in (None, one.channel)]
    waiting = sum(1 for one in touched if one.phase == "waiting")
    talking = sum(1 for one in touched if one.phase == "live")
    who = names(
        [f"{number} {word}" for number, word in ((waiting, "waiting"), (talking, "talking")) if number]
    )
    stay = (
        f"{who} now: {'they stay' if waiting + talking > 1 else 'that person stays'} with us."
        if who
        else "Nobody is waiting or talking now."
    )
    what = channel_name(closing.channel) if closing.channel else "The door"
    lines = [f"{what} closes to new people now, until {at_words(closing.until, now, zone)}.", stay]
    if closing.channel in (None, "web") and "web" in helpline.definition.channels:
        lines.append(f"New people see: “{_what_people_see(helpline, closing)}” Each in their own language.")
    return lines


def _what_people_see(helpline: Helpline, closing: Closing) -> str:
    now, definition = helpline.clock.now(), helpline.definition
    closure = Closure(channel=closing.channel, from_=now, until=closing.until, why=closing.why)
    opens = OpeningHours(closed_now(helpline.hours.hours, closure, now)).next_opening("web", now)
    language = definition.languages.default
    if opens is None:
        return definition.message("closed_until_told", language).text
    worded = definition.message("closed", language)
    return worded.filled(opens_at=opening_time(opens, now, definition.zone, worded.language)).text


def channel_of(hours: Hours, name: str) -> ChannelHours | None:
    return next((one for one in hours.channels if one.channel == name), None)
