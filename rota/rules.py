"""When a shift repeats: an RFC 5545 recurrence rule, checked before it is believed, expanded by dateutil.

Only rules by day, week, month or year are taken: a shift has one start, so a rule by the hour, minute or second
is a slip or an attack. Expansion is always bounded by the window asked for.
"""

import re
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from dateutil.rrule import rrule, rrulestr

from rota.mistakes import Mistake, nearest
from rota.walltime import instant_of

_FREQUENCIES = ("DAILY", "WEEKLY", "MONTHLY", "YEARLY")
_WEEKDAY = "(MO|TU|WE|TH|FR|SA|SU)"
_TOO_OFTEN = ("SECONDLY", "MINUTELY", "HOURLY")
_LONGEST_RULE = 500
_LONGEST_INTERVAL = 1_000
_DAYS_IN_PERIOD = {"DAILY": 1, "WEEKLY": 7}
_UNTIL = re.compile(r"\d{8}(T\d{6}Z?)?")

# The Gregorian calendar repeats after 400 years, which are a whole number of weeks: these are 19 such cycles.
_YEARS_OF_WHOLE_CYCLES = 7_600

# RFC 5545 3.3.10, the table of rule parts: where each part may not be used.
_NOT_WITH = {
    "BYWEEKNO": ("DAILY", "WEEKLY", "MONTHLY"),
    "BYYEARDAY": ("DAILY", "WEEKLY", "MONTHLY"),
    "BYMONTHDAY": ("WEEKLY",),
}


def _numbers(low: int, high: int, *, signed: bool = False) -> Callable[[str], bool]:
    """A check that a value is a list of whole numbers from `low` to `high`, or their negatives too."""
    shape = re.compile(r"[+-]?\d{1,4}" if signed else r"\d{1,6}")

    def fits(value: str) -> bool:
        return all(shape.fullmatch(n) and low <= abs(int(n)) <= high for n in value.split(","))

    return fits


def _weekdays(value: str) -> bool:
    return all(re.fullmatch(r"([+-]?([1-9]|[1-4]\d|5[0-3]))?" + _WEEKDAY, day) for day in value.split(","))


def _until(value: str) -> bool:
    if not _UNTIL.fullmatch(value):
        return False
    try:
        return 1970 <= datetime.fromisoformat(value).year <= 2200
    except ValueError:
        return False


# Each part that may be used: its check, and how to write it.
_PARTS: dict[str, tuple[Callable[[str], bool], str]] = {
    "FREQ": (lambda value: value in _FREQUENCIES, "use " + ", ".join(_FREQUENCIES)),
    "INTERVAL": (
        lambda value: "," not in value and _numbers(1, _LONGEST_INTERVAL)(value),
        f"a number from 1 to {_LONGEST_INTERVAL}",
    ),
    "COUNT": (lambda value: "," not in value and _numbers(1, 100_000)(value), "a number from 1 to 100000"),
    "UNTIL": (_until, "a moment in UTC before 2200, such as 20261231T235959Z"),
    "WKST": (lambda value: re.fullmatch(_WEEKDAY, value) is not None, "one of MO, TU, WE, TH, FR, SA, SU"),
    "BYDAY": (_weekdays, "days such as MO,TU or, by month or year, 1MO or -1FR"),
    "BYMONTH": (_numbers(1, 12), "months from 1 to 12"),
    "BYMONTHDAY": (_numbers(1, 31, signed=True), "days from 1 to 31, or -1 for the last"),
    "BYYEARDAY": (_numbers(1, 366, signed=True), "days of the year from 1 to 366, or -1 for the last"),
    "BYWEEKNO": (_numbers(1, 53, signed=True), "weeks from 1 to 53, or -1 for the last"),
    "BYSETPOS": (_numbers(1, 366, signed=True), "places from 1 to 366, or -1 for the last"),
}
_ONE_START = ("BYHOUR", "BYMINUTE", "BYSECOND")


class Rule:
    """The wall-clock starts of one recurring shift.

    `text` must have passed `rule_mistakes`. UNTIL bounds the *instant* of a start, inclusive; given as a date
    alone it takes in that whole local day, given as a local time it is read in the shift's zone (RFC 5545 3.3.10
    asks for UTC; calendars in the wild do all three).
    """

    def __init__(self, text: str, starts: datetime, zone: ZoneInfo) -> None:
        parts = _split(text)
        until = parts.pop("UNTIL", None)
        self._starts = starts
        self._zone = zone
        self._last = last_instant(until, zone) if until else None
        self._rule = _parsed(parts, starts)
        days = _DAYS_IN_PERIOD.get(parts["FREQ"])
        self._period = timedelta(days=days * int(parts.get("INTERVAL", "1"))) if days else None
        self._counted = "COUNT" in parts

    def walls(self, since: datetime, until: datetime) -> Iterator[datetime]:
        """Naive local starts `since` ≤ start < `until`, in order."""
        for wall in self._begun_near(since):
            if wall >= until:
                return
            if wall < since:
                continue
            if self._last is not None and instant_of(wall, self._zone) > self._last:
                return
            yield wall

    def _begun_near(self, since: datetime) -> rrule:
        """The same rule begun a whole number of its periods later, so that years gone by are not walked again.

        Two periods early, because the first one of a rule may be cut short (a week that begins on a Thursday).
        By month and year there is little to walk, and a count must be counted from its first.
        """
        if self._period is None or self._counted:
            return self._rule
        skipped = (since - self._starts) // self._period - 2
        if skipped <= 0:
            return self._rule
        return self._rule.replace(dtstart=self._starts + skipped * self._period)


def rule_mistakes(text: str, starts: datetime, where: str) -> list[Mistake]:
    """Everything wrong with a rule for a shift whose first start is `starts`, within a bounded time.

    The first start must be one the rule gives: RFC 5545 3.8.5.3 leaves the set undefined otherwise. So a rule
    that never comes round ("30 February") is refused here and is never expanded.
    """
    mistakes = _part_mistakes(text, where)
    if mistakes:
        return mistakes
    parts = _split(text)
    parts.pop("UNTIL", None)
    parts.pop("COUNT", None)
    try:
        first = _first_start(parts, starts)
    except (ValueError, OverflowError) as refused:
        return [
            Mistake(where, f"is not a rule: {refused}", "write it as in RFC 5545, e.g. FREQ=WEEKLY;BYDAY=FR")
        ]
    if first is None:
        return [Mistake(where, "never comes round", "name days that exist")]
    if first != starts:
        what = f"does not fall on the first start, {starts:%a %d %b %Y %H:%M}"
        return [Mistake(where, what, f"let the shift start at {first.isoformat()}, or change the rule")]
    return []


def _first_start(parts: dict[str, str], starts: datetime) -> datetime | None:
    """The first start at or after `starts`, or None when the rule never matches.

    dateutil looks for a match up to the year 9999. Begun late, whole cycles of the calendar on, the rule has the
    same pattern and that search ends within a fraction of a second.
    """
    late = starts.replace(year=starts.year + _YEARS_OF_WHOLE_CYCLES)
    first = next(iter(_parsed(parts, late)), None)
    return first and first.replace(year=first.year - _YEARS_OF_WHOLE_CYCLES)


def _parsed(parts: dict[str, str], starts: datetime) -> rrule:
    rule = rrulestr(";".join(f"{name}={value}" for name, value in parts.items()), dtstart=starts)
    assert isinstance(rule, rrule)
    return rule


def _split(text: str) -> dict[str, str]:
    return dict(part.split("=", 1) for part in text.upper().split(";"))


def last_instant(until: str, zone: ZoneInfo) -> datetime:
    bound = datetime.fromisoformat(until)
    if bound.tzinfo is not None:
        return bound
    if "T" in until:
        return instant_of(bound, zone)
    return instant_of(bound + timedelta(days=1), zone) - timedelta(microseconds=1)


def _part_mistakes(text: str, where: str) -> list[Mistake]:
    if len(text) > _LONGEST_RULE:
        return [Mistake(where, f"is longer than {_LONGEST_RULE} characters", "use several shifts")]
    pairs = [part.partition("=") for part in text.upper().split(";")]
    names = [name for name, _, _ in pairs]
    mistakes: list[Mistake] = []
    parts: dict[str, str] = {}
    for name, equals, value in pairs:
        if not equals:
            mend = "write parts as NAME=VALUE with ; between, e.g. FREQ=WEEKLY;BYDAY=FR"
            mistakes.append(Mistake(where, f"“{name}” is not a part of a rule", mend))
        elif names.count(name) > 1 and name not in parts:
            mistakes.append(
                Mistake(where, f"{name} is given more than once", "give it once, values with , between")
            )
        else:
            mistakes += _value_mistakes(name, value, where)
        parts[name] = value
    if "FREQ" not in parts:
        mistakes.append(Mistake(where, "has no FREQ", "add FREQ=DAILY, WEEKLY, MONTHLY or YEARLY"))
    return mistakes + _clashes(parts, where)


def _value_mistakes(name: str, value: str, where: str) -> list[Mistake]:
    if name in _ONE_START:
        return [Mistake(where, f"{name} is not taken", "a shift has one start: use a shift for each")]
    if name == "FREQ" and value in _TOO_OFTEN:
        return [Mistake(where, f"repeats {value}", "a shift repeats by day, week, month or year")]
    if name not in _PARTS:
        return [Mistake(where, f"“{name}” is not a part of a rule", nearest(name, _PARTS))]
    fits, form = _PARTS[name]
    return [] if fits(value) else [Mistake(where, f"{name}={value} cannot be read", form)]


def _clashes(parts: dict[str, str], where: str) -> list[Mistake]:
    """Parts that RFC 5545 3.3.10 forbids together."""
    frequency = parts.get("FREQ", "")
    mistakes = [
        Mistake(where, f"{name} may not be used with FREQ={frequency}", "leave it out or use FREQ=YEARLY")
        for name, refused in _NOT_WITH.items()
        if name in parts and frequency in refused
    ]
    if "COUNT" in parts and "UNTIL" in parts:
        mistakes.append(Mistake(where, "has both COUNT and UNTIL", "keep one of them"))
    if "BYSETPOS" in parts and not any(
        name in _PARTS for name in parts if name[:2] == "BY" and name != "BYSETPOS"
    ):
        mistakes.append(Mistake(where, "BYSETPOS stands alone", "use it beside another BY… part"))
    numbered = any(char.isdigit() for char in parts.get("BYDAY", ""))
    if numbered and (frequency in ("DAILY", "WEEKLY") or "BYWEEKNO" in parts):
        mend = "write days without numbers, or use FREQ=MONTHLY or YEARLY without BYWEEKNO"
        mistakes.append(Mistake(where, "BYDAY has numbered days", mend))
    return mistakes
