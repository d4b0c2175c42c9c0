"""What goes out of the directory comes in again: through HSDS JSON and through a table, nothing is lost."""

import csv
import io
from contextlib import suppress
from datetime import date
from pathlib import Path

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from helpline.definition import Definition, read_definition
from helpline.directory import RING, ROLES, CrisisContact
from helpline.directory_book import DirectoryBook
from helpline.directory_csv import read_csv, write_csv
from helpline.directory_entry import Found, Reading, canonical
from helpline.directory_exchange import Form, rows_in
from helpline.directory_hsds import write_hsds
from helpline.directory_services import KINDS, Entry, Service
from helpline.errors import BadRequest, TooLong
from rota.hours import ALL_DAY, ChannelHours, Hours, Span, Spans, SpecialDay

HERE: Definition = read_definition(Path(__file__).parents[2] / "examples" / "demo.toml")
PLACES = tuple(one.id for one in HERE.localities)
TODAY = date(2026, 1, 14)
FORMS: tuple[Form, ...] = ("csv", "hsds", "package")

words = st.text(
    st.characters(exclude_categories=("C", "Z"), include_characters=" "), min_size=1, max_size=40
).map(lambda text: " ".join(text.split()) or "x")
numbers = st.sampled_from(("01632 960114", "+44 20 7946 0199", "07700 900123", "999"))
dates = st.dates(date(2020, 1, 1), date(2035, 12, 31))
languages = st.lists(st.sampled_from(("en", "cy", "pl", "ur", "bn-Latn")), unique=True, max_size=3).map(tuple)
ids = st.from_regex(r"[a-z][a-z0-9-]{0,20}", fullmatch=True)


@st.composite
def spans(draw: st.DrawFn) -> Spans:
    """The hours of one day: none, all of it, or up to three that do not overlap, the last perhaps past midnight."""
    whole: bool = draw(st.booleans())
    if whole:
        return ALL_DAY
    edges = sorted(draw(st.lists(st.integers(0, 1439), unique=True, max_size=6)))
    pairs = [Span(opens, closes) for opens, closes in zip(edges[::2], edges[1::2], strict=False)]
    late: bool = draw(st.booleans())
    if pairs and late:
        last = pairs.pop()
        closes: int = draw(st.integers(0, max(0, last.opens - 1)))
        pairs.append(Span(last.opens, 1440 + closes))
    return tuple(pairs)


@st.composite
def hours(draw: st.DrawFn) -> Hours:
    week = [draw(spans()) for _ in range(7)]
    country = draw(st.sampled_from((None, "GB", "PL")))
    policy = draw(st.one_of(st.sampled_from(("open", "closed")), spans().filter(bool))) if country else "open"
    days = draw(st.lists(dates, unique=True, max_size=3))
    return Hours(
        zone=draw(st.sampled_from(("Europe/London", "Europe/Warsaw"))),
        country=country,
        region="ENG" if country == "GB" and draw(st.booleans()) else None,
        channels=(ChannelHours(channel=RING, week=tuple(week), on_holidays=policy),),  # type: ignore[arg-type]
        special_days=tuple(
            SpecialDay(date=day, hours=draw(spans()), why=draw(words)) for day in sorted(days)
        ),
    )


common = {
    "id": ids,
    "name": words,
    "localities": st.lists(st.sampled_from(PLACES), unique=True, max_size=3).map(tuple),
    "hours": st.none() | hours(),
    "languages": languages,
    "verify_by": st.none() | dates,
}
contacts = st.builds(
    CrisisContact,
    role=st.sampled_from(tuple(ROLES)),
    number=numbers,
    line=st.sampled_from(("public", "professional")),
    text_relay=st.just("") | numbers,
    order=st.integers(0, 9999),
    fallback=st.just("") | ids,
    alternatives=st.lists(ids, unique=True, max_size=2).map(tuple),
    note=st.just("") | words,
    **common,
)
services = st.builds(
    Service,
    kind=st.sampled_from(tuple(KINDS)),
    description=st.just("") | words,
    number=st.just("") | numbers,
    website=st.sampled_from(("", "https://www.example.org/a?b=c&d")),
    access=st.just("") | words,
    eligibility=st.just("") | words,
    instead=st.lists(ids, unique=True, max_size=2).map(tuple),
    **common,
)
directories = st.lists(st.one_of(contacts, services), max_size=4, unique_by=lambda one: (type(one), one.id))


def read_back(data: bytes, form: Form, book: DirectoryBook | None = None) -> list[Found]:
    held = (book or DirectoryBook()).entry_on
    reading = Reading(HERE, lambda sort, id: held(sort, id, TODAY))
    return [reading.read(row) for row in rows_in(data, form)[0]]


def entries_of(found: list[Found]) -> list[Entry]:
    assert [one.reasons for one in found if one.entry is None] == []
    return [canonical(one.entry) for one in found if one.entry is not None]


@settings(max_examples=80, deadline=None)
@given(directories)
def test_hsds_json_loses_nothing_it_can_hold(entries: list[Entry]) -> None:
    file = b"".join(write_hsds(entries, HERE.localities, HERE.name))
    found = read_back(file, "hsds")
    assert entries_of(found) == [canonical(one) for one in entries]
    assert [one.lost for one in found if one.lost] == []


@settings(max_examples=80, deadline=None)
@given(directories)
def test_a_table_sent_back_changes_nothing(entries: list[Entry]) -> None:
    book = DirectoryBook().apply(
        [change for entry in entries for change in DirectoryBook().putting(entry, TODAY)]
    )
    file = write_csv(entries).encode()
    if entries:
        assert entries_of(read_back(file, "csv", book)) == [canonical(one) for one in entries]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text(max_size=30), min_size=1, max_size=8))
def test_no_cell_begins_as_a_formula_and_each_comes_back(cells: list[str]) -> None:
    entries = [Service(id=f"s{n}", name="x", description=cell.strip()) for n, cell in enumerate(cells)]
    table = write_csv(entries)
    opened = list(csv.DictReader(io.StringIO(table.removeprefix("\ufeff"), newline="")))
    assert not [row for row in opened if row["description"].startswith(("=", "+", "-", "@", "\t", "\r"))]
    if "\0" not in table:
        sent_back = [row.fields["description"] for row in read_csv(table.encode(errors="replace"))]
        assert sent_back == [entry.description.encode(errors="replace").decode() for entry in entries]


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=300))
def test_no_bytes_whatever_are_more_than_refused(data: bytes) -> None:
    for form in FORMS:
        with suppress(BadRequest, TooLong):
            assert all(one.entry is not None or one.reasons for one in read_back(data, form))


@settings(max_examples=60, deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=10),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    (
                        "name",
                        "phones",
                        "schedules",
                        "attributes",
                        "service_areas",
                        "languages",
                        "byday",
                        "opens_at",
                        "service_at_locations",
                        "location",
                        "addresses",
                        "status",
                        "number",
                        "valid_from",
                        "valid_to",
                    )
                ),
                inner,
                max_size=6,
            )
        ),
        max_leaves=20,
    )
)
def test_no_json_whatever_is_more_than_refused(thing: object) -> None:
    data = msgspec.json.encode([thing])
    found = read_back(data, "hsds")
    assert len(found) == 1
    assert found[0].entry is not None or found[0].reasons
