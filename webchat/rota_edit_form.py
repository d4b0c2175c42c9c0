"""The editor's form: what was typed, read into changes of the rota's book, or every mistake at its field. Pure.

Nothing of an edit is kept between its preview and its saving: the fields travel with the pages and are read anew
each time, against the book of that moment.
"""

import re
from collections.abc import Collection, Mapping
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from rota import editing, nights
from rota.book import AnyChange, put_shift
from rota.cover import Plan, Refused
from rota.members import Member
from rota.mistakes import Mistake
from rota.shift_entry import read_shift
from rota.shifts import Series, Shift, Slot

DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
DAY_NAMES = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
NTH = {"1": "first", "2": "second", "3": "third", "4": "fourth", "-1": "last"}
ACTIONS = ("new", "change", "end", "cancel", "move", "extra")
FURTHEST = timedelta(days=5 * 366)
LONGEST = 500
_CLOCK = re.compile(r"([01]\d|2[0-3]):[0-5]\d")
_DAY = timedelta(days=1)
_NTH_DAY = re.compile(r"(-1|[1-4])(MO|TU|WE|TH|FR|SA|SU)")
# Where `read_shift` finds a mistake, and the field it was typed in.
_FIELD = {"starts": "starts", "ends": "ends", "rrule": "rule", "from": "first", "until": "last"}


class Typed(msgspec.Struct, frozen=True, kw_only=True):
    """The fields as they were typed, so that they can be shown again as they were."""

    action: str = "new"
    shift: str = ""
    slot: str = ""
    person: str = ""
    role: str = "supporter"
    channels: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    starts: str = ""
    ends: str = ""
    repeats: str = "once"
    every: str = "1"
    days: tuple[str, ...] = ()
    nth: str = "1"
    weekday: str = "MO"
    rule: str = ""
    first: str = ""
    last: str = ""
    free: str = ""
    why: str = ""


class Wrong(Exception):
    """What was typed cannot be. `at` is field → what is wrong and how to mend it; "" for the whole."""

    def __init__(self, at: Mapping[str, str]) -> None:
        super().__init__("; ".join(at.values()))
        self.at = dict(at)


def read_typed(one: Mapping[str, str], many: Mapping[str, tuple[str, ...]]) -> Typed:
    """The fields of a form, each cut to a length nobody types by hand."""
    lists = {name: tuple(value[:40] for value in many.get(name, ())[:20]) for name in _LISTS}
    kept = {name: one[name].strip()[:LONGEST] for name in _WORDS if name in one}
    return Typed(**kept, **lists)  # type: ignore[arg-type]


_LISTS = ("channels", "languages", "days")
_WORDS = tuple(name for name in Typed.__struct_fields__ if name not in _LISTS)


def fields_of(typed: Typed) -> list[tuple[str, str]]:
    """What a form that carries all this holds, one pair for each input."""
    pairs: list[tuple[str, str]] = []
    for name in typed.__struct_fields__:
        value = getattr(typed, name)
        pairs += [(name, one) for one in value] if isinstance(value, tuple) else [(name, value)]
    return [(name, value) for name, value in pairs if value]


# -- from a shift to a form ----------------------------------------------------------------------------------------


def typed_of(shift: Shift, today: date) -> Typed:
    """The form that changes this shift, filled as it is now; from its next start on."""
    first = next_start(shift, today)
    parts = repeats_of(shift)
    return Typed(
        action="change",
        shift=shift.id,
        person=shift.person,
        role=shift.role,
        channels=shift.channels,
        languages=shift.languages,
        starts=f"{shift.starts:%H:%M}",
        ends=f"{shift.ends:%H:%M}",
        first=(first.date() if first is not None else max(today, shift.starts.date())).isoformat(),
        last=shift.until.isoformat() if shift.until is not None else "",
        **parts,  # type: ignore[arg-type]
    )


def next_start(shift: Shift, day: date) -> datetime | None:
    """Its first wall start on or after a local day, within a year of it."""
    since = datetime.combine(day, time.min)
    walls = Series(shift).walls(since, since + 366 * _DAY)
    return min(walls) if walls else None


def repeats_of(shift: Shift) -> dict[str, object]:
    """How a shift repeats as the form says it; by its rule when the form has no simpler way."""
    if shift.rrule is None:
        return {"repeats": "once"}
    parts = dict(part.split("=", 1) for part in shift.rrule.upper().split(";"))
    kind, every, days = parts.pop("FREQ", ""), parts.pop("INTERVAL", "1"), parts.pop("BYDAY", "")
    if parts.pop("WKST", "MO") == "MO" and not parts:
        if kind == "DAILY" and every == "1" and not days:
            return {"repeats": "daily"}
        if kind == "WEEKLY":
            named = tuple(days.split(",")) if days else (DAYS[shift.starts.weekday()],)
            return {"repeats": "weekly", "every": every, "days": named}
        nth = _NTH_DAY.fullmatch(days)
        if kind == "MONTHLY" and every == "1" and nth:
            return {"repeats": "monthly", "nth": nth[1], "weekday": nth[2]}
    return {"repeats": "rule", "rule": shift.rrule}


# -- from a form to changes ----------------------------------------------------------------------------------------


def changes_for(
    typed: Typed, plan: Plan, members: Mapping[str, Member], channels: Collection[str]
) -> tuple[AnyChange, ...]:
    """What this edit changes in the plan's book. Raises `Wrong` with every mistake; () when it changes nothing."""
    try:
        if typed.action == "new":
            shift = shift_from(typed, plan, members, channels, None)
            return put_shift(plan.book, shift)
        if typed.action in ("cancel", "move"):
            return _one_night(typed, plan)
        held = plan.book.shifts.get(typed.shift)
        if held is None:
            raise Wrong({"": "There is no such shift any more."})
        day = _from(typed, plan)
        if typed.action == "end":
            return editing.ended_from(plan.book, held.id, day)
        if typed.action == "extra":
            starts, ends = _walls(typed, day)
            return editing.with_extra_night(plan.book, held.id, starts, ends)
        shift = shift_from(typed, plan, members, channels, held)
        return editing.changed_from(plan.book, held.id, shift, day)
    except editing.NoSuchNight as refused:
        raise Wrong({"first": str(refused)}) from None
    except Refused as refused:
        raise Wrong({"": refused.text}) from None


def _one_night(typed: Typed, plan: Plan) -> tuple[AnyChange, ...]:
    try:
        slot = Slot.parse(typed.slot)
    except ValueError:
        raise Wrong({"": "There is no such shift any more."}) from None
    if typed.action == "cancel":
        return nights.cancel(plan, slot)
    starts, ends = _walls(typed, _from(typed, plan))
    try:
        return nights.move(plan, slot, starts, ends, None)
    except ValueError as refused:
        raise Wrong({"starts": str(refused)}) from None


def shift_from(
    typed: Typed, plan: Plan, members: Mapping[str, Member], channels: Collection[str], held: Shift | None
) -> Shift:
    """The shift as it was typed. `held` is the one it takes the place of. Raises `Wrong` with every mistake."""
    wrong: dict[str, str] = {}
    clocks = _clocks(typed, wrong)
    day = _day(typed.first, "first", wrong)
    if day is not None:
        _in_time(day, plan, wrong)
    last = _day(typed.last, "last", wrong) if typed.last else None
    person = members.get(typed.person)
    if typed.person and person is None:
        wrong["person"] = "Please choose somebody from the list."
    rule = _rule(typed, wrong)
    if wrong or day is None or clocks is None:
        raise Wrong(wrong)
    anchor = _first_start(typed, held, rule, day)
    if anchor is None:
        raise Wrong({"first": "It never falls on such a day."})
    starts, ends = _spanning(anchor, clocks)
    if held is not None and rule is not None and _same_repeats(typed, held):
        rule = _still_to_come(rule, held, day)
    raw: dict[str, Any] = {
        "id": editing.unused_id(plan.book, f"{typed.role}-{starts:%Y%m%d-%H%M}"[:180]),
        "zone": held.zone if held is not None else plan.zone,
        "starts": starts,
        "ends": ends,
        "role": typed.role,
        "person": typed.person,
        "channels": list(typed.channels or (person.channels if person is not None else tuple(channels))),
        "languages": list(_spoken(typed, person, held)),
    }
    raw |= {name: value for name, value in (("rrule", rule), ("until", last)) if value is not None}
    read = read_shift(raw, channels=channels)
    if isinstance(read, list):
        raise Wrong(_at_fields(read))
    return _as_before(read, held, day) if held is not None else read


def _spoken(typed: Typed, person: Member | None, held: Shift | None) -> tuple[str, ...]:
    """The languages of the shift: never one that whoever has it does not have on their profile.

    Somebody else in its place brings their own, unless the languages were changed too.
    """
    if person is None:
        return typed.languages
    passed_on = held is not None and held.person != person.id and set(held.languages) == set(typed.languages)
    chosen = () if passed_on else tuple(tag for tag in typed.languages if tag in person.languages)
    return chosen or person.languages


def _as_before(shift: Shift, held: Shift, day: date) -> Shift:
    """With the held shift's days left out and days put in, as far as they lie ahead, at the new time of day."""
    clock = shift.starts.time()
    out = tuple(datetime.combine(wall.date(), clock) for wall in held.exdates if wall.date() >= day)
    extra = tuple(datetime.combine(wall.date(), clock) for wall in held.rdates if wall.date() >= day)
    series = Series(shift)
    absent = tuple(wall for wall in out if series.walls(wall, wall + timedelta(seconds=1)))
    return msgspec.structs.replace(shift, exdates=absent, rdates=extra)


def _first_start(typed: Typed, held: Shift | None, rule: str | None, day: date) -> date | None:
    """The first day on or after `day` on which it happens."""
    if held is not None and rule is not None and _same_repeats(typed, held):
        # Every other week goes on in the weeks it had.
        bare = msgspec.structs.replace(held, from_=None, until=None, exdates=(), rdates=(), overrides=())
        following = next_start(bare, day)
        return following.date() if following is not None else None
    if typed.repeats == "weekly":
        return next(one for one in _onward(day, 7) if DAYS[one.weekday()] in typed.days)
    if typed.repeats == "monthly":
        return next((one for one in _onward(day, 62) if _is_nth(one, typed)), None)
    return day


def _same_repeats(typed: Typed, held: Shift) -> bool:
    now = repeats_of(held)
    return {name: getattr(typed, name) for name in now} == now


def _still_to_come(rule: str, held: Shift, day: date) -> str:
    """The rule with what has happened before `day` taken off its count, when it has one."""
    count = re.search(r"COUNT=(\d+)", rule, re.IGNORECASE)
    if count is None:
        return rule
    bare = msgspec.structs.replace(held, from_=None, until=None, exdates=(), rdates=(), overrides=())
    been = Series(bare).walls(held.starts, datetime.combine(day, time.min))
    return f"{rule[: count.start()]}COUNT={max(1, int(count[1]) - len(been))}{rule[count.end() :]}"


def _onward(day: date, days: int) -> list[date]:
    return [day + timedelta(days=number) for number in range(days)]


def _is_nth(day: date, typed: Typed) -> bool:
    if DAYS[day.weekday()] != typed.weekday:
        return False
    if typed.nth == "-1":
        return (day + 7 * _DAY).month != day.month
    return (day.day - 1) // 7 + 1 == int(typed.nth)


def _rule(typed: Typed, wrong: dict[str, str]) -> str | None:
    if typed.repeats == "once":
        return None
    if typed.repeats == "daily":
        return "FREQ=DAILY"
    if typed.repeats == "weekly":
        days = [name for name in DAYS if name in typed.days]
        if not days:
            wrong["days"] = "Please choose at least one day of the week."
        if not re.fullmatch(r"[1-9]|[1-4]\d|5[0-2]", typed.every, re.ASCII):
            wrong["every"] = "Please write a number of weeks from 1 to 52."
        every = f";INTERVAL={typed.every}" if typed.every != "1" else ""
        return f"FREQ=WEEKLY{every};BYDAY={','.join(days)}"
    if typed.repeats == "monthly" and typed.nth in NTH and typed.weekday in DAYS:
        return f"FREQ=MONTHLY;BYDAY={typed.nth}{typed.weekday}"
    if typed.repeats == "rule" and typed.rule:
        return typed.rule
    wrong["rule" if typed.repeats == "rule" else "repeats"] = "Please say how it repeats."
    return None


def _clocks(typed: Typed, wrong: dict[str, str]) -> tuple[time, time] | None:
    for name, text in (("starts", typed.starts), ("ends", typed.ends)):
        if not _CLOCK.fullmatch(text):
            wrong[name] = "Please write a time such as 18:00."
    if "starts" in wrong or "ends" in wrong:
        return None
    return time.fromisoformat(typed.starts), time.fromisoformat(typed.ends)


def _spanning(day: date, clocks: tuple[time, time]) -> tuple[datetime, datetime]:
    """An end that is not after the start is next morning's."""
    starts, ends = clocks
    return datetime.combine(day, starts), datetime.combine(day + _DAY * (ends <= starts), ends)


def _walls(typed: Typed, day: date) -> tuple[datetime, datetime]:
    wrong: dict[str, str] = {}
    clocks = _clocks(typed, wrong)
    if clocks is None:
        raise Wrong(wrong)
    return _spanning(day, clocks)


def _from(typed: Typed, plan: Plan) -> date:
    wrong: dict[str, str] = {}
    day = _day(typed.first, "first", wrong)
    if day is not None:
        _in_time(day, plan, wrong)
    if wrong or day is None:
        raise Wrong(wrong)
    return day


def _day(text: str, name: str, wrong: dict[str, str]) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        wrong[name] = "Please write a day such as 2026-11-27."
        return None


def _in_time(day: date, plan: Plan, wrong: dict[str, str]) -> None:
    today = today_of(plan)
    if day < today:
        wrong["first"] = "What has been stays as it was. Please choose today or later."
    elif day > today + FURTHEST:
        wrong["first"] = "That is more than five years away."


def today_of(plan: Plan) -> date:
    """The service's local date."""
    return plan.now.astimezone(ZoneInfo(plan.zone)).date()


def _at_fields(mistakes: list[Mistake]) -> dict[str, str]:
    found: dict[str, str] = {}
    for mistake in mistakes:
        name = mistake.where.removeprefix("shift.").partition("[")[0]
        field = _FIELD.get(name, name if name in Typed.__struct_fields__ else "")
        words = (
            f"It {mistake.what}: {mistake.mend}." if field == "rule" else f"{mistake.what}: {mistake.mend}."
        )
        found.setdefault(field, words[:1].upper() + words[1:])
    return found
