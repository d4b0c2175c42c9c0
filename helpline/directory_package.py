"""HSDS as a packed tabular data package: a table for each kind of thing, put together into services again."""

import csv
import io
import struct
import zipfile
import zlib
from collections.abc import Iterator
from typing import Any

import msgspec

from helpline.errors import BadRequest, TooLong

LARGEST_UNPACKED = 256_000_000
MOST_LINES = 500_000
LONGEST_CELL = 100_000
_OF_A_SERVICE = ("phones", "schedules", "service_areas", "languages", "service_at_locations")
_OF_A_LOCATION = ("addresses", "phones", "schedules")
_BROKEN = "This package cannot be unpacked. Pack its tables again, or send the JSON."

# What `zipfile` raises for a package that is damaged, encrypted or packed in a way it does not know.
_UNREADABLE = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    NotImplementedError,
    RuntimeError,
    OSError,
    ValueError,
)

Line = dict[str, Any]
Tables = dict[str, list[Line]]


def services_of(data: bytes) -> list[msgspec.Raw]:
    """The services of a package, nested as HSDS JSON has them.

    `BadRequest` for what is no such package, `TooLong` for one that unpacks to more than 256 MB or 500,000 lines: how
    large a table says it is counts for nothing.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as package:
            tables = _tables(package)
    except _UNREADABLE as broken:
        raise BadRequest(_BROKEN) from broken
    if not tables["services"]:
        raise BadRequest("There is no services.csv in this package, or nothing in it.")
    there = {name: _grouped(tables[name], "location_id") for name in _OF_A_LOCATION}
    locations = {
        one.get("id", ""): one | {name: lines.get(one.get("id", ""), []) for name, lines in there.items()}
        for one in tables["locations"]
    }
    terms = {one.get("id"): one for one in tables["taxonomy_terms"]}
    for at in tables["service_at_locations"]:
        at["location"] = locations.get(at.get("location_id", ""), {})
    for attribute in tables["attributes"]:
        attribute["taxonomy_term"] = terms.get(attribute.get("taxonomy_term_id"), {})
    by_link: dict[str, list[Line]] = {}
    for attribute in tables["attributes"]:
        by_link.setdefault(attribute.get("link_id", ""), []).append(attribute)
    grouped = {name: _grouped(tables[name], "service_id") for name in _OF_A_SERVICE}
    found = []
    for service in tables["services"]:
        id = service.get("id", "")
        nested = {name: lines.get(id, []) for name, lines in grouped.items()}
        whole = service | nested | {"attributes": by_link.get(id, [])}
        found.append(msgspec.Raw(msgspec.json.encode(whole)))
    return found


def _grouped(lines: list[Line], key: str) -> dict[str, list[Line]]:
    groups: dict[str, list[Line]] = {}
    for line in lines:
        if line.get(key):
            groups.setdefault(line[key], []).append(line)
    return groups


def _tables(package: zipfile.ZipFile) -> Tables:
    """The tables by their names, without those of no use here."""
    names = {"services", "locations", "addresses", "taxonomy_terms", "attributes", *_OF_A_SERVICE}
    tables: Tables = {name: [] for name in names}
    left, lines_left = LARGEST_UNPACKED, MOST_LINES
    for entry in package.infolist():
        name = entry.filename.rsplit("/", 1)[-1].removesuffix(".csv").casefold()
        if name not in names or not entry.filename.casefold().endswith(".csv"):
            continue
        if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise BadRequest(_BROKEN)
        with package.open(entry) as packed:
            text = packed.read(left + 1)
        left -= len(text)
        if left < 0:
            raise TooLong(f"This package unpacks to more than {LARGEST_UNPACKED // 1_000_000} MB.")
        for line in _lines(text):
            tables[name].append(line)
            lines_left -= 1
            if lines_left < 0:
                raise TooLong(f"This package has more than {MOST_LINES:,} lines.")
    return tables


def _lines(text: bytes) -> Iterator[Line]:
    csv.field_size_limit(LONGEST_CELL)
    try:
        reader = csv.DictReader(io.StringIO(text.decode("utf-8-sig"), newline=""))
        for line in reader:
            yield {
                name: cell for name, cell in line.items() if isinstance(name, str) and isinstance(cell, str)
            }
    except (UnicodeDecodeError, csv.Error) as broken:
        raise BadRequest(f"A table of this package cannot be read ({broken}).") from None
