"""Reading the seeds of a definition: hours, localities, crisis contacts, people and shifts.

They are imported into the store once, and changed there at night without touching the file.
"""

from collections.abc import Collection
from datetime import date
from typing import Any

import msgspec

from helpline.definition_tables import Reading
from helpline.directory import RING, ROLES, CrisisContact, Line, Locality
from helpline.shape import Id, Person, Words
from rota.hours import Hours
from rota.hours_entry import read_hours
from rota.mistakes import Mistake, not_among
from rota.shift_entry import read_shift
from rota.shifts import Shift
from rota.walltime import zone_mistakes


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where a service is, for every table that does not say so itself."""

    zone: str
    country: str
    region: str


class _Locality(msgspec.Struct, kw_only=True):
    id: Id
    name: Words
    districts: tuple[str, ...] = ()


class _CrisisContact(msgspec.Struct, kw_only=True):
    id: Id
    name: Words
    role: str
    number: Words
    version: int = 1
    line: Line = "professional"
    localities: tuple[str, ...] = ()
    hours: str | dict[str, Any] = "always"
    on_holidays: str | list[Any] = "open"
    zone: str | None = None
    languages: tuple[str, ...] = ()
    text_relay: str = ""
    order: int = 0
    verify_by: date | None = None
    fallback: str = ""
    alternatives: tuple[str, ...] = ()
    note: str = ""


def read_opening_hours(reading: Reading, raw: object, channels: Collection[str], place: Place) -> Hours:
    """`[hours]`, in the service's own zone and country unless it says otherwise; always open if unsound."""
    if isinstance(raw, dict):
        raw = _placed(place) | raw
    read = read_hours(raw, channels=channels)
    if isinstance(read, list):
        reading.adopt(read)
        return always(place, channels)
    for channel in channels:
        if channel not in {each.channel for each in read.hours.channels}:
            mend = f'add [hours.channels.{channel}], with week = "always" if it never closes'
            reading.wrong(f"hours.channels.{channel}", "has no opening hours", mend)
    return read.hours


def always(place: Place, channels: Collection[str]) -> Hours:
    """Hours that never close."""
    raw = _placed(place) | {"channels": {channel: {"week": "always"} for channel in channels}}
    read = read_hours(raw, channels=channels)
    if isinstance(read, list):
        return Hours(zone="UTC", channels=())
    return read.hours


def read_localities(reading: Reading, raw: object) -> tuple[Locality, ...]:
    found: list[Locality] = []
    for key, table in reading.entries(raw, "localities"):
        entry = reading.entry(table, _Locality, key)
        if entry is not None:
            found.append(Locality(id=entry.id, name=entry.name, districts=entry.districts))
    reading.unique((locality.id for locality in found), "localities", "id")
    taken: dict[str, str] = {}
    for position, locality in enumerate(found):
        for place, district in enumerate(locality.districts):
            other = taken.setdefault(district.upper().replace(" ", ""), locality.id)
            if other != locality.id:
                what = f"“{district}” is also a district of {other}"
                mend = "keep it in one locality, so that it is clear which crisis team serves it"
                reading.wrong(f"localities[{position}].districts[{place}]", what, mend)
    return tuple(found)


def read_crisis_contacts(reading: Reading, raw: object, place: Place) -> tuple[CrisisContact, ...]:
    found = [
        read_crisis_contact(reading, table, key, place)
        for key, table in reading.entries(raw, "crisis_contacts")
    ]
    sound = tuple(contact for contact in found if contact is not None)
    reading.unique((contact.id for contact in sound), "crisis_contacts", "id")
    return sound


def read_crisis_contact(
    reading: Reading, raw: dict[str, Any], key: str, place: Place
) -> CrisisContact | None:
    """One crisis contact as it is typed in; None when something in it is wrong.

    `hours` is "always" or a table of days (`{ every_day = ["18:00-08:00"], sat = ["00:00-24:00"] }`).
    """
    before = len(reading.mistakes)
    fields, sound = reading.fields(raw, _CrisisContact, key)
    if "role" in fields:
        reading.adopt(not_among(fields["role"], ROLES, f"{key}.role", "role"))
    reading.languages(fields.get("languages", ()), f"{key}.languages")
    hours = _ring_hours(reading, fields, key, place)
    if not sound or len(reading.mistakes) > before:
        return None
    kept = {name: fields[name] for name in fields if name not in ("hours", "on_holidays", "zone")}
    return CrisisContact(**kept, hours=hours)


def _ring_hours(reading: Reading, fields: dict[str, Any], key: str, place: Place) -> Hours | None:
    week = fields.get("hours", "always")
    zone = fields.get("zone") or place.zone
    if fields.get("zone") and not reading.adopt(zone_mistakes(zone, f"{key}.zone")):
        return None
    if week == "always":
        return None
    table = _placed(place) | {
        "zone": zone,
        "channels": {RING: {"week": week, "on_holidays": fields.get("on_holidays", "open")}},
    }
    read = read_hours(table, channels=(RING,), where=key)
    if isinstance(read, list):
        inner = f"{key}.channels.{RING}."
        reading.adopt(
            Mistake(f"{key}.{_as_written(each.where.removeprefix(inner))}", each.what, each.mend)
            for each in read
            if each.where.startswith(inner)
        )
        return None
    return read.hours


def _as_written(inner: str) -> str:
    return "hours" + inner.removeprefix("week") if inner.startswith("week") else inner


def read_people(reading: Reading, raw: object, channels: Collection[str]) -> tuple[Person, ...]:
    found: list[Person] = []
    for key, table in reading.entries(raw, "people"):
        person = reading.entry(table, Person, key)
        if person is None:
            continue
        if "channels" not in table and not set(person.channels) <= set(channels):
            person = msgspec.structs.replace(person, channels=tuple(channels))
        reading.languages(person.languages, f"{key}.languages")
        for place, channel in enumerate(person.channels):
            reading.adopt(not_among(channel, channels, f"{key}.channels[{place}]", "channel of this service"))
        if person.email and "@" not in person.email:
            reading.wrong(f"{key}.email", f"“{person.email}” is not an address", "write it, or leave it out")
        found.append(person)
    reading.unique((person.id for person in found), "people", "id")
    return tuple(found)


def read_shifts(
    reading: Reading, raw: object, channels: Collection[str], people: tuple[Person, ...], place: Place
) -> tuple[Shift, ...]:
    """`[[shifts]]`. Zone, channels and languages left out are the service's and the person's own."""
    by_id = {person.id: person for person in people}
    found: list[Shift] = []
    for key, table in reading.entries(raw, "shifts"):
        person = by_id.get(str(table.get("person")))
        own: dict[str, Any] = {"zone": place.zone}
        if person is not None:
            own |= {"channels": list(person.channels), "languages": list(person.languages)}
        read = read_shift(own | table, channels=channels, where=key)
        if isinstance(read, list):
            reading.adopt(read)
        else:
            found.append(read)
        # With a broken person among the seeds this would blame the shift for it.
        if "people" not in reading.broken and "person" in table:
            reading.adopt(not_among(str(table["person"]), by_id, f"{key}.person", "person"))
    reading.unique((shift.id for shift in found), "shifts", "id")
    return tuple(found)


def _placed(place: Place) -> dict[str, Any]:
    placed: dict[str, Any] = {"zone": place.zone, "country": place.country}
    if place.region:
        placed["region"] = place.region
    return placed
