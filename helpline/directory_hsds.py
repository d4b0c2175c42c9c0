"""The directory as Open Referral UK / HSDS 3 JSON: services with all that belongs to them inside.

Written is an array of services as HSDS 3.0 has them. What HSDS has no field for (the step of the ladder, who may be
given the line, order, verify-by, what to use instead) is written as attributes of our own vocabulary, so that what we
write we can read. Read is such an array, one service, or a page of the Open Referral UK API (`contents`).
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from uuid import UUID, uuid5

import msgspec

from helpline.directory import RING, CrisisContact, Locality
from helpline.directory_csv import cells_of
from helpline.directory_entry import Row, of_ids, week_of_days
from helpline.directory_hours import DAYS, Raw, policy_text, ring_of, spans_text
from helpline.directory_services import Entry
from helpline.errors import BadRequest
from rota.hours import Hours, Span

VOCABULARY = "helpline-directory"
OURS = ("sort", "id", "kind", "line", "order", "verify_by", "fallback", "instead")
"""Columns that HSDS has no field for: attributes of ours."""
HOURS_OURS = ("zone", "country", "region", "holidays")
NOT_HELD = (
    "changes that are planned for a later day",
    "closures for a time (an import keeps those there are)",
    "test calls, and what happened to an entry before",
)
"""What a file of ours cannot hold."""
NOT_TAKEN = {
    "contacts": "the people to contact there",
    "cost_options": "what it costs",
    "fees_description": "what it costs",
    "funding": "who pays for it",
    "required_documents": "which documents are needed",
    "programs": "its programmes",
    "capacities": "how many places there are",
    "accreditations": "its accreditations",
    "licenses": "its licences",
    "email": "its e-mail address",
    "wait_time": "how long one waits",
}
"""What a service of HSDS may have that an entry has no place for."""
_NAMESPACE = UUID("6f8f1a5e-2a86-5d35-9d0b-0d6b1b1d0f10")
_BYDAY = {day[:2].upper(): place for place, day in enumerate(DAYS)}
_CLOCK = re.compile(r"([01]?\d|2[0-4]):([0-5]\d)(?::[0-5]\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?")
_RULE = re.compile(r"([A-Z]+)=([^;]*)")
_AREA_WORDS = ("name", "extent", "description")


# -- written ---------------------------------------------------------------------------------------------------------


def write_hsds(
    entries: Iterable[Entry], localities: Iterable[Locality], organization: str
) -> Iterator[bytes]:
    """The file, piece by piece. `organization` is the name of the service that keeps the directory."""
    places = {one.id: one for one in localities}
    owner = {
        "id": _uuid("organization", organization),
        "name": organization,
        "description": f"Keeps this directory: {organization}",
    }
    between = b"[\n"
    for entry in entries:
        yield between + msgspec.json.encode(service_of(entry, places, owner))
        between = b",\n"
    yield (b"[" if between == b"[\n" else b"\n") + b"]\n"


def service_of(entry: Entry, places: Mapping[str, Locality], owner: Mapping[str, str]) -> dict[str, Any]:
    """One entry as a service of HSDS 3.0."""
    cells = cells_of(entry)
    at = cells["sort"] + "/" + entry.id
    ours = {name: cells.get(name, "") for name in OURS if cells.get(name)}
    service: dict[str, Any] = {
        "id": _uuid("service", at),
        "name": entry.name,
        "status": "active",
        "organization": owner,
        "phones": _phones(entry, at),
        "schedules": [],
        "service_areas": [_area(place, places.get(place), at) for place in entry.localities],
        "languages": [
            {"id": _uuid("language", f"{at}/{tag}"), "name": tag, "code": tag} for tag in entry.languages
        ],
    }
    for name, column in (
        ("description", "description"),
        ("url", "website"),
        ("application_process", "access"),
        ("eligibility_description", "eligibility"),
    ):
        if cells.get(column):
            service[name] = cells[column]
    if entry.verify_by is not None:
        ours["verify_by"] = entry.verify_by.isoformat()
    if entry.hours is not None:
        service["schedules"] = list(_schedules(entry.hours, at))
        ours |= _hours_ours(entry.hours)
    service["attributes"] = [_attribute(name, value, at) for name, value in ours.items()]
    return service


def _phones(entry: Entry, at: str) -> list[dict[str, str]]:
    phones = []
    note = entry.note if isinstance(entry, CrisisContact) else ""
    if entry.number or note:
        phone = {"id": _uuid("phone", at), "number": entry.number, "type": "voice"}
        phones.append(phone | ({"description": note} if note else {}))
    if isinstance(entry, CrisisContact) and entry.text_relay:
        phones.append({"id": _uuid("relay", at), "number": entry.text_relay, "type": "textphone"})
    return phones


def _area(id: str, place: Locality | None, at: str) -> dict[str, str]:
    area = {"id": _uuid("area", f"{at}/{id}"), "name": id}
    if place is not None:
        area["description"] = place.name
        if place.districts:
            area |= {"extent": ", ".join(place.districts), "extent_type": "other"}
    return area


def _attribute(name: str, value: str, at: str) -> dict[str, Any]:
    return {
        "id": _uuid("attribute", f"{at}/{name}"),
        "link_entity": "service",
        "label": name,
        "value": value,
        "taxonomy_term": {
            "id": _uuid("term", name),
            "code": name,
            "name": name,
            "description": f"{name} in {VOCABULARY}",
            "taxonomy": VOCABULARY,
        },
    }


def _hours_ours(hours: Hours) -> dict[str, str]:
    return {
        "zone": hours.zone,
        "country": hours.country or "none",
        "region": hours.region or "none",
        "holidays": policy_text(ring_of(hours).on_holidays),
    }


def _schedules(hours: Hours, at: str) -> Iterator[dict[str, Any]]:
    """A week as weekly rules, days with the same span joined; special days as single days (HSDS `schedule`, RFC 5545)."""
    by_span: dict[tuple[int, Span], list[str]] = {}
    for place, spans in enumerate(ring_of(hours).week):
        for nth, span in enumerate(spans):
            by_span.setdefault((nth, span), []).append(DAYS[place][:2].upper())
    for (nth, span), days in by_span.items():
        rule = {"freq": "WEEKLY", "interval": 1, "byday": ",".join(days)}
        yield {
            "id": _uuid("schedule", f"{at}/{nth}/{span}"),
            **rule,
            **_times(span),
            "notes": f"part {nth + 1:02}",
        }
    if not by_span:
        yield {"id": _uuid("schedule", f"{at}/closed"), "freq": "WEEKLY", "notes": "closed"}
    for special in hours.special_days:
        day = special.date.isoformat()
        once = {
            "freq": "DAILY",
            "count": 1,
            "dtstart": day,
            "valid_from": day,
            "valid_to": day,
            "description": special.why,
        }
        for nth, one in enumerate(special.hours):
            yield {"id": _uuid("schedule", f"{at}/{day}/{nth}"), **once, **_times(one)}
        if not special.hours:
            yield {"id": _uuid("schedule", f"{at}/{day}"), **once, "notes": "closed"}


def _times(span: Span) -> dict[str, str]:
    opens, closes = spans_text((span,)).split("-") if span != Span(0, 1440) else ("00:00", "24:00")
    return {"opens_at": opens, "closes_at": closes}


def _uuid(sort: str, name: str) -> str:
    return str(uuid5(_NAMESPACE, f"{sort}:{name}"))


# -- read ------------------------------------------------------------------------------------------------------------


def read_hsds(data: bytes) -> list[msgspec.Raw]:
    """The services of a file, each still to be read with `row_of`. `BadRequest` for what is no such file."""
    try:
        top = msgspec.json.decode(
            data.removeprefix(b"\xef\xbb\xbf"), type=list[msgspec.Raw] | dict[str, msgspec.Raw]
        )
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as broken:
        raise BadRequest(f"This file is no JSON of services ({broken}).") from None
    if isinstance(top, list):
        return top
    for name in ("contents", "services", "items"):
        if name in top:
            try:
                return msgspec.json.decode(top[name], type=list[msgspec.Raw])
            except (msgspec.MsgspecError, RecursionError):
                raise BadRequest(f"This file is no JSON of services: “{name}” is no list.") from None
    if "name" in top:
        return [msgspec.Raw(msgspec.json.encode(top))]
    raise BadRequest("This file is no JSON of services: there is no list of them in it.")


def row_of(raw: msgspec.Raw | bytes, number: int) -> Row:
    """One service as a row. What cannot be read says so in `wrong`."""
    where = f"service {number}"
    try:
        service = msgspec.json.decode(raw, type=dict[str, Any])
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        return Row(where=where, fields={}, wrong="it is no service: an object was expected")
    try:
        return _row(service, where)
    except (TypeError, AttributeError, KeyError, ValueError):
        given = {name: str(service.get(name) or "") for name in ("id", "name")}
        return Row(where=where, fields=given, wrong="it does not have the shape of an HSDS service")


def _row(service: dict[str, Any], where: str) -> Row:
    ours = {
        _text(one, "label"): _text(one, "value")
        for one in _list(service, "attributes")
        if _text(one.get("taxonomy_term") or {}, "taxonomy") == VOCABULARY
    }
    phones = [*_list(service, "phones")]
    ats = _list(service, "service_at_locations")
    locations = [at["location"] for at in ats if isinstance(at.get("location"), dict)]
    for location in (*ats, *locations):
        phones += _list(location, "phones")
    voice = [one for one in phones if _text(one, "type") in ("voice", "cell", "")]
    relay = next((one for one in phones if _text(one, "type") == "textphone"), {})
    addresses = [one for location in locations for one in _list(location, "addresses")]
    fields = {name: ours.get(name, "") for name in OURS} | {
        "name": _text(service, "name"),
        "number": _text(voice[0], "number") if voice else "",
        "note": _text(voice[0], "description") if voice and ours.get("sort") == "contact" else "",
        "text_relay": _text(relay, "number"),
        "languages": _languages(service),
        "description": _text(service, "description"),
        "website": _text(service, "url"),
        "access": _text(service, "application_process") or _address(addresses),
        "eligibility": _text(service, "eligibility_description"),
        "localities": _places(service, addresses, ours=bool(ours)),
    }
    fields["id"] = fields["id"] or _text(service, "id").lower()
    lost = [words for name, words in NOT_TAKEN.items() if service.get(name)]
    lost += ["its taxonomy terms"] if len(_list(service, "attributes")) > len(ours) else []
    lost += ["numbers after the first"] if len({_text(one, "number") for one in voice}) > 1 else []
    lost += ["where it is, beyond one address"] if len(addresses) > 1 else []
    status = _text(service, "status") or "active"
    wrong = "" if status == "active" else f"its status is “{status[:40]}”: it is not offered now"
    schedules = [*_list(service, "schedules")]
    if not schedules:
        schedules = [one for location in (*ats, *locations) for one in _list(location, "schedules")]
    hours = _hours(schedules, ours, lost)
    return Row(where=where, fields=fields, hours=hours, lost=tuple(dict.fromkeys(lost)), wrong=wrong)


def _text(record: Mapping[str, Any], name: str) -> str:
    value = record.get(name)
    return value if isinstance(value, str) else "" if value is None else str(value)


def _list(record: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    found = record.get(name) or []
    if not isinstance(found, list):
        raise TypeError(name)
    return [one for one in found if isinstance(one, dict)]


def _languages(service: Mapping[str, Any]) -> str:
    tags = (
        _text(one, "code") or _text(one, "language") or _text(one, "name")
        for one in _list(service, "languages")
    )
    return of_ids(dict.fromkeys(tag.replace("_", "-") for tag in tags if tag))


def _address(addresses: list[dict[str, Any]]) -> str:
    if not addresses:
        return ""
    parts = (_text(addresses[0], name) for name in ("address_1", "address_2", "city", "postal_code"))
    return ", ".join(part for part in parts if part)


def _places(service: Mapping[str, Any], addresses: list[dict[str, Any]], *, ours: bool) -> str:
    """Its areas by name; of other services by the postcode districts these name, or by where its address is."""
    areas = _list(service, "service_areas")
    if ours:
        return of_ids(_text(one, "name") for one in areas)
    named = [next((words for name in _AREA_WORDS if (words := _text(one, name))), "") for one in areas]
    return of_ids(filter(None, named)) or of_ids(
        filter(None, (_text(one, "postal_code") for one in addresses))
    )


def _hours(schedules: list[dict[str, Any]], ours: Mapping[str, str], lost: list[str]) -> Raw:
    """The schedules as `read_hours` takes them; what is no weekly rule and no single day is lost."""
    if not schedules:
        return {}
    week: dict[int, list[str]] = {}
    special: dict[str, dict[str, Any]] = {}
    for one in sorted(schedules, key=lambda one: _text(one, "notes")):
        _add(one, week, special, lost)
    if not week and not special and not any(_text(one, "notes") == "closed" for one in schedules):
        return {}
    policy = ours.get("holidays", "open")
    holidays: object = policy if policy in ("open", "closed") else _spans_of(policy)
    raw: Raw = {"channels": {RING: {"week": week_of_days(week), "on_holidays": holidays}}}
    if special:
        raw["special_days"] = list(special.values())
    if zone := ours.get("zone"):
        raw["zone"] = zone
    for name in ("country", "region"):
        if name in ours:
            raw[name] = None if ours[name] == "none" else ours[name]
    return raw


def _spans_of(policy: str) -> list[str]:
    return ["00:00-24:00"] if policy == "all day" else policy.split(", ")


def _add(
    one: Mapping[str, Any], week: dict[int, list[str]], special: dict[str, dict[str, Any]], lost: list[str]
) -> None:
    rule = dict(_RULE.findall(_text(one, "rrule"))) | {
        name.upper(): _text(one, name) for name in ("freq", "byday", "count", "interval") if _text(one, name)
    }
    opens, closes = _clock(_text(one, "opens_at")), _clock(_text(one, "closes_at"))
    span = f"{opens}-{closes}" if opens and closes else ""
    if span == "00:00-00:00" or span == "00:00-23:59":
        span = "00:00-24:00"
    first, last = (_text(one, name)[:10] for name in ("valid_from", "valid_to"))
    if first and first == last:
        day = special.setdefault(
            first, {"date": first, "hours": [], "why": _text(one, "description") or "A special day"}
        )
        day["hours"] += [span] if span else []
        return
    if not span and not rule.get("BYDAY"):
        lost.extend([] if _text(one, "notes") == "closed" else ["hours that are only described in words"])
        return
    days = [_BYDAY.get(day.strip().upper()[:2]) for day in rule.get("BYDAY", "").split(",") if day.strip()]
    if rule.get("FREQ") == "DAILY" and not days:
        days = list(range(7))
    plain = rule.get("FREQ", "WEEKLY") in ("WEEKLY", "DAILY") and rule.get("INTERVAL", "1") == "1"
    if not plain or not days or None in days or not span:
        lost.append("hours that are not the same every week")
        return
    for place in days:
        if place is not None and span not in week.setdefault(place, []):
            week[place].append(span)


def _clock(text: str) -> str:
    """`18:00` of `18:00`, `18:00:00`, `18:00Z`, `18:00+01:00`: publishers write the time on the wall."""
    found = _CLOCK.fullmatch(text.strip())
    return f"{int(found[1]):02}:{found[2]}" if found else ""
