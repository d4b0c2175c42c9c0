"""The form of one entry of the directory: what stands in its fields, what was typed into them, what it changes. Pure."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from datetime import date

import msgspec

from helpline.definition import Definition
from helpline.definition_tables import mend_of_tag
from helpline.directory import RING, ROLES, CrisisContact
from helpline.directory_book import Sort
from helpline.directory_entry import slug
from helpline.directory_services import KINDS, Entry, Service
from helpline.numbers import dialled
from rota.hours import ALL_DAY, ChannelHours, Hours
from rota.hours_entry import read_hours
from webchat.hours_form import DAYS, spans_typed, typed

LONGEST = 500
MOST_SPECIAL = 40
LABELS = {
    "name": "Name",
    "role": "What it is on the ladder",
    "kind": "What it is",
    "number": "Number",
    "line": "Who may be given it",
    "localities": "Where",
    "hours": "Hours",
    "languages": "Languages",
    "text_relay": "Text relay",
    "order": "Order among its like",
    "verify_by": "Checked until",
    "fallback": "Go on to",
    "alternatives": "Use instead when closed",
    "instead": "Use instead when closed",
    "note": "What to say or press",
    "description": "What they offer",
    "website": "Website",
    "access": "How to get in",
    "eligibility": "Who it is for",
}
DAY_NAMES = dict(
    zip(DAYS, ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"), strict=True)
)
LINES = {"public": "anybody", "professional": "only for us to ring"}
_MEND = "Write hours such as 18:00-22:30, with a comma between several; or closed, or all day."

Fields = Mapping[str, str]


class Read(msgspec.Struct, frozen=True):
    """What was typed: the entry and the day it begins to count (None for now), or by field what is wrong."""

    entry: Entry | None
    begins: date | None
    mistakes: dict[str, str]


def fields_of(entry: Entry, today: date = date.min) -> dict[str, str]:
    """The form as it is before anybody typed, with special days from today on. Lists are joined with commas."""
    fields = {
        name: ", ".join(value) if isinstance(value, tuple) else "" if value is None else str(value)
        for name, value in msgspec.structs.asdict(entry).items()
        if name not in ("hours", "version")
    }
    fields["open"] = "week"
    if entry.hours is None:
        fields["open"] = "always" if isinstance(entry, CrisisContact) else "unknown"
        return fields
    channel = _ring(entry.hours)
    fields |= {day: typed(channel.week[place]) for place, day in enumerate(DAYS)}
    policy = channel.on_holidays
    coming = (day for day in entry.hours.special_days if day.date >= today)
    for row, day in enumerate(sorted(coming, key=lambda day: day.date)):
        fields |= {
            f"special_{row}": day.date.isoformat(),
            f"special_{row}_hours": typed(day.hours),
            f"special_{row}_why": day.why,
        }
    return fields | {"holidays": policy if isinstance(policy, str) else "kept"}


def special_rows(fields: Fields) -> range:
    """The rows of special days a form has room for: those that are given, and two more."""
    given = [row for row in range(MOST_SPECIAL) if fields.get(f"special_{row}")]
    return range(min(max(given, default=-1) + 3, MOST_SPECIAL))


def read(
    sent: Fields, places: Sequence[str], sort: Sort, held: Entry | None, definition: Definition, today: date
) -> Read:
    """The entry these fields say. `held` is what is being changed; what the form does not ask for is kept."""
    given = {name: value.strip()[:LONGEST] for name, value in sent.items()}
    wrong: dict[str, str] = {}
    known = {locality.id for locality in definition.localities}
    common = {
        "id": held.id if held is not None else slug(given.get("name", "")),
        "name": given.get("name", ""),
        "number": given.get("number", ""),
        "localities": tuple(place for place in places if place in known),
        "hours": _hours(given, held, definition, today, wrong),
        "languages": _languages(given, wrong),
        "verify_by": _day(given, "verify_by", wrong),
    }
    begins = _day(given, "begins", wrong)
    if begins is not None and begins < today:
        wrong["begins"] = "This day is over. Choose today or a later day, or leave it empty."
    if not common["name"]:
        wrong["name"] = "Write a name."
    elif not common["id"]:
        wrong["name"] = "Write a name with letters in it."
    if common["number"] and dialled(str(common["number"]), definition.country) is None:
        wrong["number"] = "That is not a telephone number. Write it as it is dialled, such as 01632 960114."
    make = _contact if sort == "contact" else _service
    entry = make(given, common, definition, wrong)
    return Read(None if wrong else entry, begins, wrong)


def _contact(
    given: Fields, common: Mapping[str, object], definition: Definition, wrong: dict[str, str]
) -> Entry:
    if given.get("role", "") not in ROLES:
        wrong["role"] = "Choose one of these."
    if not common["number"]:
        wrong["number"] = "Write the number."
    relay, order = given.get("text_relay", ""), given.get("order", "") or "0"
    if relay and dialled(relay, definition.country) is None:
        wrong["text_relay"] = "That is not a telephone number. Write it as it is dialled."
    if not re.fullmatch(r"\d{1,4}", order, re.ASCII):
        wrong["order"] = "Write a whole number, such as 0 or 10."
        order = "0"
    return CrisisContact(
        **common,  # type: ignore[arg-type]
        role=given.get("role", ""),
        line="public" if given.get("line") == "public" else "professional",
        text_relay=relay,
        order=int(order),
        fallback=given.get("fallback", ""),
        alternatives=_ids(given.get("alternatives", "")),
        note=given.get("note", ""),
    )


def _service(
    given: Fields, common: Mapping[str, object], definition: Definition, wrong: dict[str, str]
) -> Entry:
    if given.get("kind", "") not in KINDS:
        wrong["kind"] = "Choose one of these."
    website = given.get("website", "")
    if website and not re.fullmatch(r"https?://[^\s\"'<>]+", website):
        wrong["website"] = "Write the whole address, such as https://www.example.org."
    return Service(
        **common,  # type: ignore[arg-type]
        kind=given.get("kind", ""),
        description=given.get("description", ""),
        website=website,
        access=given.get("access", ""),
        eligibility=given.get("eligibility", ""),
        instead=_ids(given.get("instead", "")),
    )


def _hours(
    given: Fields, held: Entry | None, definition: Definition, today: date, wrong: dict[str, str]
) -> Hours | None:
    kept = held.hours if held is not None else None
    special = _special_days(given, wrong)
    if given.get("open") != "week":
        if special:
            wrong["special_0"] = "For special days choose “by the week” above, and say the usual hours."
        return None
    policy: object = given.get("holidays", "open")
    if policy == "kept":
        policy = _policy(kept)
    raw: dict[str, object] = {
        "zone": kept.zone if kept is not None else definition.zone,
        "country": definition.country,
        "channels": {
            RING: {
                "week": {day: spans_typed(given.get(day, "") or "closed") for day in DAYS},
                "on_holidays": policy if policy in ("open", "closed") else "open",
            }
        },
        "special_days": list(special.values()),
    }
    if definition.region:
        raw["region"] = definition.region
    found = read_hours(raw, channels=(RING,))
    if isinstance(found, list):
        for mistake in found:
            wrong.setdefault(_field_of(mistake.where, tuple(special)), _MEND)
        return None
    if kept is None:
        return found.hours
    ring = _ring(found.hours)
    if isinstance(policy, tuple):
        ring = msgspec.structs.replace(ring, on_holidays=policy)
    past = (day for day in kept.special_days if day.date < today)
    by_date = {day.date: day for day in (*past, *found.hours.special_days)}
    return msgspec.structs.replace(kept, channels=(ring,), special_days=tuple(by_date.values()))


def _special_days(given: Fields, wrong: dict[str, str]) -> dict[int, dict[str, object]]:
    """The special days that were filled in, by the row they stand in. A row without its date is none."""
    days: dict[int, dict[str, object]] = {}
    for row in range(MOST_SPECIAL):
        day = _day(given, f"special_{row}", wrong)
        if day is None:
            continue
        if any(day == other["date"] for other in days.values()):
            wrong[f"special_{row}"] = "This day is given twice. Keep one of them."
        spans = spans_typed(given.get(f"special_{row}_hours", "") or "closed")
        why = given.get(f"special_{row}_why", "") or "A special day"
        days[row] = {"date": day, "hours": spans, "why": why}
    return days


def _field_of(where: str, rows: Sequence[int]) -> str:
    """The field a mistake in the hours is about."""
    if special := re.search(r"special_days\[(\d+)\]", where):
        return f"special_{rows[int(special[1])]}"
    day = re.search(r"\.week\.(\w+)", where)
    return day[1] if day else "open"


def _policy(kept: Hours | None) -> object:
    return _ring(kept).on_holidays if kept is not None else "open"


def _ring(hours: Hours) -> ChannelHours:
    return next(channel for channel in hours.channels if channel.channel == RING)


def _languages(given: Fields, wrong: dict[str, str]) -> tuple[str, ...]:
    tags = tuple(tag for tag in re.split(r"[,;\s]+", given.get("languages", "")) if tag)
    for tag in tags:
        if (mend := mend_of_tag(tag)) is not None:
            wrong["languages"] = f"“{tag[:40]}” is not a language tag; {mend}."
    return tags


def _day(given: Fields, name: str, wrong: dict[str, str]) -> date | None:
    text = given.get(name, "")
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        wrong[name] = "Write a date, such as 2027-01-31."
        return None


def _ids(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(id for id in re.split(r"[,;\s]+", text) if id))


def mark(entry: Entry, begins: date | None) -> str:
    """Sixteen characters that tell this edit from others: what was looked at is what is saved."""
    whole = msgspec.json.encode((entry, begins))
    return hashlib.blake2b(whole, digest_size=8).hexdigest()


# -- what it changes -------------------------------------------------------------------------------------------------


def changed_lines(before: Entry | None, after: Entry | None, names: Mapping[str, str]) -> list[str]:
    """What a change does, a line for each field, in words. `names` are those of the localities."""
    if before is None or after is None:
        return []
    lines = []
    for name, label in LABELS.items():
        if hasattr(after, name) and getattr(before, name) != getattr(after, name):
            was, now = (value_in_words(one, name, names) for one in (before, after))
            lines.append(f"{label}: {was} becomes {now}.")
    return lines


def value_in_words(entry: Entry, name: str, names: Mapping[str, str]) -> str:
    """One field as it is said on a page."""
    value = getattr(entry, name)
    if name == "hours":
        special = special_in_words(entry)
        return f"{hours_in_words(entry)}; {special}" if special else hours_in_words(entry)
    if name == "localities":
        return ", ".join(names.get(id, id) for id in value) or "everywhere"
    if isinstance(value, tuple):
        return ", ".join(value) or "nothing"
    table = {"role": ROLES, "kind": KINDS, "line": LINES}.get(name, {})
    if isinstance(value, date):
        return f"{value.day} {value:%B %Y}"
    return table.get(str(value), str(value)) if value not in (None, "") else "nothing"


def hours_in_words(entry: Entry, days: Sequence[str] = tuple(DAY_NAMES.values())) -> str:
    """`Monday–Friday 18:00-24:00; Saturday closed`, days alike joined. `days` are their names from Monday on."""
    if entry.hours is None:
        return "always" if isinstance(entry, CrisisContact) else "not known"
    week = [typed(spans) for spans in _ring(entry.hours).week]
    parts, first = [], 0
    for place in range(1, 8):
        if place == 7 or week[place] != week[first]:
            whole = days[first] if place - 1 == first else f"{days[first]}–{days[place - 1]}"
            parts.append(f"{whole} {week[first]}")
            first = place
    return "; ".join(parts) if len(parts) > 1 else week[0] if week[0] == "all day" else f"every day {week[0]}"


def special_in_words(entry: Entry) -> str:
    """`25 December 2026 closed (Christmas Day)`, one after the other by date."""
    days = sorted(entry.hours.special_days, key=lambda day: day.date) if entry.hours is not None else []
    return "; ".join(f"{one.date.day} {one.date:%B %Y} {typed(one.hours)} ({one.why})" for one in days)


def ring_week(entry: Entry, days: Sequence[str]) -> tuple[str, ...]:
    """The hours a line for each run of days alike, closed days left out; none when the hours are not written down.

    `days` are their names from Monday on, in any language.
    """
    if entry.hours is None:
        return ()
    week = ["00:00-24:00" if spans == ALL_DAY else typed(spans) for spans in _ring(entry.hours).week]
    lines, first = [], 0
    for place in range(1, 8):
        if place == 7 or week[place] != week[first]:
            whole = days[first] if place - 1 == first else f"{days[first]}–{days[place - 1]}"
            lines += [f"{whole} {week[first]}"] if week[first] != "closed" else []
            first = place
    return tuple(lines)
