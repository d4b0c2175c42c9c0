"""One entry of the directory as a file says it: text in every field. It becomes an entry, or every reason it cannot."""

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from functools import lru_cache
from typing import Any

import msgspec

from helpline.definition import Definition
from helpline.definition_tables import mend_of_tag
from helpline.directory import RING, ROLES, CrisisContact, locality_of
from helpline.directory_book import Sort
from helpline.directory_hours import DAYS, Raw, Unread, hours_of, read_spans, read_special, read_week, ring_of
from helpline.directory_services import KINDS, Entry, Service
from helpline.ladder_checks import WITHOUT_A_NUMBER
from helpline.numbers import EVERYBODYS, dialled, is_blank, is_fictitious
from rota.hours import Hours

LONGEST = 500
LONGEST_ID = 80
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_WORDS = re.compile(r"[^\W_]+")
_WEBSITE = re.compile(r"https?://[^\s\"'<>]+")
_SEPARATED = re.compile(r"\s*[,;|\n]\s*")
_DAY_FIRST = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})")
_EVERYWHERE = frozenset({"everywhere", "england", "united kingdom", "great britain", "uk", "national"})
_SORTS: Mapping[str, Sort] = {
    "contact": "contact",
    "crisis contact": "contact",
    "service": "service",
    "": "service",
}
_LINES = {"public": "public", "professional": "professional", "": "professional"}


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """What a file says of one entry. `where` says at which place of the file, `sent` is what stood there.

    `fields` are text by the names of the columns; `hours` are tables as `read_hours` takes them when the file has them
    so, and then stand for the columns of hours. `lost` says what the entry cannot hold of it.
    """

    where: str
    fields: Mapping[str, str]
    hours: Raw | None = None
    lost: tuple[str, ...] = ()
    wrong: str = ""


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """A row that was read: the entry, or why it is refused."""

    row: Row
    sort: Sort
    entry: Entry | None
    reasons: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()


class Reading:
    """Reads the rows of one file for one service. `held` gives the entry there is of an id, if any.

    What a file does not speak of is kept from that entry: closures, and the country of its bank holidays.
    """

    def __init__(self, definition: Definition, held: Callable[[Sort, str], Entry | None]) -> None:
        self.definition = definition
        self.held = held
        self._places = lru_cache(4_096)(self._place)
        self._seen: dict[tuple[Sort, str], str] = {}

    def read(self, row: Row) -> Found:
        """The entry this row says, or every reason why not. A second row of one id is refused."""
        wrong: list[str] = [row.wrong] if row.wrong else []
        lost = list(row.lost)
        given = {name: _plain(value) for name, value in row.fields.items()}
        sort = _SORTS.get(given.get("sort", "").casefold())
        if sort is None:
            wrong.append(f"“{given['sort'][:40]}” is no sort of entry; write contact or service")
            sort = "service"
        if row.wrong:
            return Found(row=row, sort=sort, entry=None, reasons=tuple(wrong))
        id = self._id(given, sort, row.where, wrong)
        for name, value in given.items():
            if len(value) > LONGEST:
                given[name] = value[:LONGEST].rstrip()
                lost.append(f"what {name} says after {LONGEST} letters")
        common: dict[str, Any] = {
            "id": id,
            "name": given.get("name", ""),
            "number": self._number(given, "number", wrong),
            "localities": self._localities(given.get("localities", ""), wrong),
            "languages": _languages(given.get("languages", ""), wrong),
            "verify_by": _day(given.get("verify_by", ""), wrong),
            "hours": self._hours(row, given, sort, id, wrong),
        }
        if not common["name"]:
            wrong.append("it has no name")
        make = self._contact if sort == "contact" else self._service
        entry = make(given, common, wrong)
        return Found(
            row=row,
            sort=sort,
            entry=None if wrong else entry,
            reasons=tuple(wrong),
            lost=tuple(dict.fromkeys(lost)),
        )

    def _id(self, given: Mapping[str, str], sort: Sort, where: str, wrong: list[str]) -> str:
        id = given.get("id", "") or slug(given.get("name", ""))
        if not id or len(id) > LONGEST_ID or not _ID.fullmatch(id):
            if given.get("name") or given.get("id"):
                wrong.append(f"“{id[:40]}” is no id; write small letters, digits and hyphens")
            return ""
        earlier = self._seen.setdefault((sort, id), where)
        if earlier != where:
            wrong.append(f"“{id}” is also the id of {earlier}; give each its own")
        return id

    def _contact(self, given: Mapping[str, str], common: dict[str, Any], wrong: list[str]) -> Entry:
        role = _named(given.get("kind", ""), ROLES)
        if role is None:
            wrong.append(
                f"“{given.get('kind', '')[:40]}” is no step of the ladder; write one such as crisis_team"
            )
        line = _LINES.get(given.get("line", "").casefold())
        if line is None:
            wrong.append(f"“{given['line'][:40]}” is no line; write public or professional")
        if not given.get("number") and role not in WITHOUT_A_NUMBER:
            wrong.append("it has no number")
        order = given.get("order", "") or "0"
        if not re.fullmatch(r"\d{1,4}", order, re.ASCII):
            wrong.append(f"“{order[:40]}” is no order; write a whole number from 0 to 9999")
            order = "0"
        return CrisisContact(
            **common,
            role=role or "",
            line="public" if line == "public" else "professional",
            text_relay=self._number(given, "text_relay", wrong),
            order=int(order),
            fallback=given.get("fallback", ""),
            alternatives=_list(given.get("instead", "")),
            note=given.get("note", ""),
        )

    def _service(self, given: Mapping[str, str], common: dict[str, Any], wrong: list[str]) -> Entry:
        kind = _named(given.get("kind", "") or "other", KINDS)
        if kind is None:
            wrong.append(
                f"“{given['kind'][:40]}” is no kind of service; write one such as crisis_cafe, or other"
            )
        website = given.get("website", "")
        if website and "://" not in website:
            website = f"https://{website}"
        if website and not _WEBSITE.fullmatch(website):
            wrong.append(f"“{website[:60]}” is no web address; write one such as https://www.example.org")
        return Service(
            **common,
            kind=kind or "other",
            description=given.get("description", ""),
            website=website,
            access=given.get("access", ""),
            eligibility=given.get("eligibility", ""),
            instead=_list(given.get("instead", "")),
        )

    def _number(self, given: Mapping[str, str], name: str, wrong: list[str]) -> str:
        number, demo = given.get(name, ""), self.definition.demo
        if not number:
            return ""
        country = self.definition.country
        plain = _dialled(number, country)
        if plain is None or is_blank(number):
            wrong.append(f"“{number[:40]}” is no telephone number; write it as it is dialled")
        elif is_fictitious(number, country) and not demo:
            wrong.append(f"“{number}” is a fictitious number: it reaches nobody; write the real one")
        elif demo and not is_fictitious(number, country) and plain not in EVERYBODYS:
            wrong.append(
                f"“{number}” may be somebody's real number, in a demonstration; write a fictitious one"
            )
        return number

    def _localities(self, text: str, wrong: list[str]) -> tuple[str, ...]:
        found: dict[str, None] = {}
        parts = _list(text)
        if any(one.casefold() in _EVERYWHERE for one in parts):
            return ()
        for part in parts:
            place = self._places(part)
            if place is None:
                wrong.append(
                    f"“{part[:40]}” is none of our areas; write an area or a postcode district of ours"
                )
            else:
                found[place] = None
        return tuple(found)

    def _place(self, text: str) -> str | None:
        for locality in self.definition.localities:
            if text in (locality.id, locality.name):
                return locality.id
        place = locality_of(text, self.definition.localities)
        return place.id if place is not None else None

    def _hours(
        self, row: Row, given: Mapping[str, str], sort: Sort, id: str, wrong: list[str]
    ) -> Hours | None:
        held = self.held(sort, id) if id else None
        kept = held.hours if held is not None else None
        try:
            raw = row.hours if row.hours is not None else _typed_hours(given, sort)
            if not raw:
                return None
            raw.setdefault("zone", kept.zone if kept is not None else self.definition.zone)
            if "country" not in raw:
                country = kept.country if kept is not None else self.definition.country
                region = kept.region if kept is not None else self.definition.region
                raw |= {"country": country} if country else {}
                raw |= {"region": region} if region else {}
            found = hours_of(raw)
        except Unread as unread:
            wrong.append(str(unread))
            return None
        if kept is not None and kept.closures:
            return msgspec.structs.replace(found, closures=kept.closures)
        return found


def _typed_hours(given: Mapping[str, str], sort: Sort) -> Raw:
    """The columns of hours as `read_hours` takes them; empty when there are none. Raises `Unread`."""
    week = given.get("hours", "")
    if not week or (sort == "contact" and week.casefold() == "always"):
        return {}
    holidays: object = given.get("holidays", "").casefold() or "open"
    if holidays not in ("open", "closed"):
        holidays = list(read_spans(str(holidays)))
    by_day = {day: list(spans) for day, spans in read_week(week).items()}
    raw: Raw = {"channels": {RING: {"week": by_day, "on_holidays": holidays}}}
    if special := read_special(given.get("special_days", "")):
        raw["special_days"] = special
    if zone := given.get("zone", ""):
        raw["zone"] = zone
    return raw


def canonical(entry: Entry) -> Entry:
    """An entry without what makes no difference: its version, the order of its special days, the one channel they name."""
    hours = entry.hours
    if hours is not None:
        ring = ring_of(hours)
        if not isinstance(ring.on_holidays, str) and not ring.on_holidays:
            ring = msgspec.structs.replace(ring, on_holidays="closed")
        by_date = sorted(hours.special_days, key=lambda one: one.date)
        days = tuple(msgspec.structs.replace(one, channel=None) for one in by_date)
        hours = msgspec.structs.replace(hours, channels=(ring,), special_days=days)
    return msgspec.structs.replace(entry, version=1, hours=hours)


def slug(name: str) -> str:
    """An id made of a name: small letters, digits and hyphens."""
    plain = name.casefold().encode("ascii", "ignore").decode()
    return "-".join(_WORDS.findall(plain))[:50].strip("-")


def _plain(text: str) -> str:
    """Without marks that steer a terminal or a page, and without space at its ends."""
    return "".join(mark if mark.isprintable() or mark == "\n" else " " for mark in text).strip()


def _named(text: str, table: Mapping[str, str]) -> str | None:
    """A key of a table by itself or by its words."""
    if text in table:
        return text
    plain = text.casefold().replace(" ", "_")
    if plain in table:
        return plain
    return next((key for key, words in table.items() if words.casefold() == text.casefold()), None)


def _list(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(part for part in _SEPARATED.split(text.strip()) if part))


def _languages(text: str, wrong: list[str]) -> tuple[str, ...]:
    tags = tuple(dict.fromkeys(tag for tag in re.split(r"[,;|\s]+", text) if tag))
    wrong += [
        f"“{tag[:40]}” is no language tag; {mend}" for tag in tags if (mend := mend_of_tag(tag)) is not None
    ]
    return tags


def _day(text: str, wrong: list[str]) -> date | None:
    """A date as `2027-01-31`, or `31/01/2027` as a spreadsheet makes of it."""
    if not text:
        return None
    try:
        if found := _DAY_FIRST.fullmatch(text):
            return date(int(found[3]), int(found[2]), int(found[1]))
        return datetime.fromisoformat(text).date()
    except ValueError:
        wrong.append(f"“{text[:40]}” is no date; write one such as 2027-01-31")
        return None


@lru_cache(8_192)
def _dialled(number: str, country: str) -> str | None:
    return dialled(number, country)


def of_ids(ids: Iterable[str]) -> str:
    """Ids, areas or tags as one cell."""
    return ", ".join(ids)


def week_of_days(spans: Mapping[int, list[str]]) -> dict[str, list[str]]:
    """A week by the number of its days, 0 for Monday, as `read_hours` takes it."""
    return {DAYS[day]: texts for day, texts in sorted(spans.items())}
