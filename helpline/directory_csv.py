"""The directory as a table, one entry a line, for a spreadsheet: UTF-8, with `,` or `;` between cells (RFC 4180).

`COLUMNS` are the names of the first line; a column may be left out, and one of another name is passed over.
"""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence

from helpline.directory import CrisisContact
from helpline.directory_entry import Found, Row, of_ids
from helpline.directory_hours import policy_text, ring_of, special_text, week_text
from helpline.directory_services import Entry
from helpline.errors import BadRequest

COLUMNS: dict[str, str] = {
    "sort": "contact or service; service when empty",
    "id": "small letters, digits and hyphens; made of the name when empty",
    "name": "its name",
    "kind": "of a contact its step of the ladder (crisis_team), of a service what it is (crisis_cafe)",
    "number": "as it is dialled",
    "line": "of a contact: public, or professional when only we may ring it",
    "localities": "our areas, or postcode districts in them, with commas between; empty is everywhere",
    "hours": "mon-fri 18:00-22:30; sat all day. Empty: a contact is always open, a service's hours are not known",
    "zone": "the time zone of the hours, such as Europe/London; ours when empty",
    "holidays": "on bank holidays: open, closed or hours",
    "special_days": "2026-12-25 closed Christmas Day; 2026-12-31 10:00-14:00 New Year's Eve",
    "languages": "tags such as en, pl",
    "text_relay": "of a contact: its text relay number",
    "order": "of a contact: its order among its like",
    "verify_by": "the last day on which it counts as checked, such as 2027-01-31",
    "fallback": "of a contact: the id to go on to",
    "instead": "ids to use instead when closed, with commas between",
    "note": "of a contact: what to say or press",
    "description": "of a service: what they offer",
    "website": "of a service",
    "access": "of a service: how to get in",
    "eligibility": "of a service: whom it is for",
}
NOT_HELD = (
    "changes that are planned for a later day",
    "closures for a time (an import keeps those there are)",
    "the country of the bank holidays (an import keeps the one there is)",
    "test calls, and what happened to an entry before",
)
"""What a table of ours cannot hold."""

LONGEST_LINE = 100_000
MOST_COLUMNS = 200
# A cell that begins so is run as a formula by a spreadsheet (OWASP, "CSV Injection").
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def read_csv(data: bytes) -> Iterator[Row]:
    """The rows of a table, each with its line. `BadRequest` for what is no such table, at once and not row by row."""
    lines = io.StringIO(_text(data), newline="")
    heading = lines.readline()
    between = max(",;\t", key=heading.count)
    names = [name.strip().casefold() for name in next(csv.reader([heading], delimiter=between), [])]
    if "name" not in names:
        raise BadRequest("The first line must name the columns, and one of them must be “name”.")
    if len(names) > MOST_COLUMNS or len({name for name in names if name}) != len([n for n in names if n]):
        raise BadRequest("The first line names a column twice, or more columns than there are.")
    csv.field_size_limit(LONGEST_LINE)
    return _rows(csv.reader(lines, delimiter=between, strict=True), names)


def _rows(reader: Iterator[list[str]], names: Sequence[str]) -> Iterator[Row]:
    last = 1
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as broken:
            line = 1 + getattr(reader, "line_num", last)
            yield Row(where=f"line {line}", fields={}, wrong=f"the line cannot be read as a table ({broken})")
            return
        where, last = f"line {last + 1}", 1 + getattr(reader, "line_num", last)
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) > len(names):
            said = f"it has {len(cells)} cells where the first line names {len(names)}"
            yield Row(where=where, fields=dict(zip(names, cells, strict=False)), wrong=said)
            continue
        given = {name: _armed(cell) for name, cell in zip(names, cells, strict=False) if name}
        yield Row(where=where, fields=given)


def _text(data: bytes) -> str:
    mend = "Save it as “CSV UTF-8” and send it again."
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise BadRequest(f"This file is UTF-16. {mend}")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as wrong:
        line = data[: wrong.start].count(b"\n") + 1
        raise BadRequest(
            f"This file is not UTF-8: line {line} has a letter that cannot be read. {mend}"
        ) from None
    if "\0" in text:
        raise BadRequest(f"This is no table. {mend}")
    return text


def _armed(cell: str) -> str:
    """A cell as it was before `disarmed`."""
    return cell[1:] if cell.startswith("'") and cell[1:].startswith(_FORMULA) else cell


def disarmed(cell: str) -> str:
    """A cell that no spreadsheet runs as a formula."""
    return f"'{cell}" if cell.startswith(_FORMULA) else cell


def cells_of(entry: Entry) -> dict[str, str]:
    """An entry as its cells. A contact that is always open has `always` as its hours."""
    cells = {
        "sort": "contact" if isinstance(entry, CrisisContact) else "service",
        "id": entry.id,
        "name": entry.name,
        "number": entry.number,
        "localities": of_ids(entry.localities),
        "languages": of_ids(entry.languages),
        "verify_by": entry.verify_by.isoformat() if entry.verify_by else "",
    }
    if entry.hours is not None:
        ring = ring_of(entry.hours)
        cells |= {
            "hours": week_text(ring.week),
            "zone": entry.hours.zone,
            "holidays": policy_text(ring.on_holidays),
            "special_days": special_text(entry.hours.special_days),
        }
    if isinstance(entry, CrisisContact):
        return {"hours": "always"} | cells | _of_contact(entry)
    return cells | {
        "kind": entry.kind,
        "instead": of_ids(entry.instead),
        "description": entry.description,
        "website": entry.website,
        "access": entry.access,
        "eligibility": entry.eligibility,
    }


def _of_contact(entry: CrisisContact) -> dict[str, str]:
    return {
        "kind": entry.role,
        "line": entry.line,
        "text_relay": entry.text_relay,
        "order": str(entry.order),
        "fallback": entry.fallback,
        "instead": of_ids(entry.alternatives),
        "note": entry.note,
    }


def write_csv(entries: Iterable[Entry]) -> str:
    """The whole table, with a byte order mark so that a spreadsheet takes it for UTF-8."""
    return "\ufeff" + _table(tuple(COLUMNS), (cells_of(entry) for entry in entries))


def refused_csv(refused: Sequence[Found]) -> str:
    """What was refused, to be mended and sent again: where and why, then what stood there."""
    columns = dict.fromkeys(("where", "why"))
    for one in refused:
        columns |= dict.fromkeys(one.row.fields)
    lines = ({**one.row.fields, "where": one.row.where, "why": ". ".join(one.reasons)} for one in refused)
    return "\ufeff" + _table(tuple(columns), lines)


def _table(columns: Sequence[str], lines: Iterable[Mapping[str, str]]) -> str:
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow([disarmed(name) for name in columns])
    for line in lines:
        writer.writerow([disarmed(line.get(name, "")) for name in columns])
    return text.getvalue()
