"""A file taken into the directory: looked at first, refused row by row, kept in one step and taken back in one."""

import io
import zipfile
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import msgspec
import pytest

from helpline import directory_package
from helpline.directory import EMERGENCY, CrisisContact
from helpline.directory_csv import refused_csv, write_csv
from helpline.directory_exchange import MOST_ROWS, Intake, form_of, looked_at
from helpline.directory_hsds import write_hsds
from helpline.directory_keeping import DirectoryKeeping
from helpline.directory_services import Entry, Service
from helpline.errors import BadRequest, NotAllowed, NotFound, NotNow, TooLong
from tests.helpline.evening import EIGHT, Evening, definition_in, new_id
from tests.helpline.test_directory_keeping import EMERGENCY_999

TODAY = EIGHT.date()
HEADING = "name,number,localities,hours,holidays,special_days,verify_by\r\n"


@pytest.fixture
async def evening(tmp_path: Path) -> AsyncIterator[Evening]:
    # In a demonstration fictitious numbers are what is written.
    definition = msgspec.structs.replace(definition_in(tmp_path, EMERGENCY_999), demo=True)
    evening = Evening(tmp_path, definition)
    await evening.open()
    yield evening
    await evening.close()


@pytest.fixture
def directory(evening: Evening) -> DirectoryKeeping:
    return evening.line.directory


async def looked(directory: DirectoryKeeping, file: str | bytes, name: str = "") -> Intake:
    data = file.encode() if isinstance(file, str) else file
    return await directory.look_into(data, form_of(data, name), lambda done, of: None)


def services(count: int) -> str:
    return HEADING + "".join(
        f"Service {n},020 7946 0{n % 1000:03},,mon-fri 9:00-17:00,,,\r\n" for n in range(count)
    )


async def test_an_import_is_one_step_and_one_undo_takes_all_of_it_back(
    evening: Evening, directory: DirectoryKeeping
) -> None:
    robin = evening.who("robin")
    intake = await looked(directory, services(1_500))
    assert (len(intake.adds), intake.refused) == (1_500, ())
    before = directory.seq
    seq = await directory.take_in(robin, intake.put, new_id(), seen=intake.seen)
    assert (seq, directory.seq, len(directory.services)) == (before + 1, before + 1, 1_500)
    await evening.restart()
    directory = evening.line.directory
    assert [step.what for step in await directory.past("service", "service-7")] == ["imported"]
    await directory.undo(evening.who("robin"), seq, new_id())
    assert directory.services == ()
    assert len(directory.taken_out) == 1_500


async def test_the_same_file_again_changes_nothing(evening: Evening, directory: DirectoryKeeping) -> None:
    first = await looked(directory, services(3))
    await directory.take_in(evening.who("robin"), first.put, new_id(), seen=first.seen)
    again = await looked(directory, services(3))
    assert (again.put, again.same, again.missing) == ((), 3, len(directory.contacts))


async def test_what_the_directory_writes_it_reads_without_a_change(
    evening: Evening, directory: DirectoryKeeping
) -> None:
    entries: tuple[Entry, ...] = (*directory.contacts, *directory.services)
    definition = evening.line.definition
    for file in (
        write_csv(entries).encode(),
        b"".join(write_hsds(entries, definition.localities, definition.name)),
    ):
        intake = await looked(directory, file)
        assert (intake.put, intake.refused, intake.same) == ((), (), len(entries))


@pytest.mark.parametrize(
    ("row", "why"),
    [
        (",020 7946 0123,,,,,", "it has no name"),
        ("Café,soon,,,,,", "“soon” is no telephone number"),
        ("Café,0113 000 0000 0000 00,,,,,", "is no telephone number"),
        ("Café,,Atlantis,,,,", "“Atlantis” is none of our areas"),
        ("Café,,,evenings,,,", "“evenings” cannot be read"),
        ("Café,,,mon 25:00-26:00,,,", "“25:00-26:00” cannot be read"),
        (
            'Café,,,"mon 10:00-14:00, 13:00-18:00",,,',
            "the hours on Monday overlap: 10:00-14:00 and 13:00-18:00",
        ),
        ("Café,,,mon 9-17,sometimes,,", "“sometimes” cannot be read"),
        ("Café,,,mon 9-17,,Christmas,", "“Christmas” cannot be read"),
        ("Café,,,mon 9-17,,2026-02-30 closed x,", "“2026-02-30” is not a date"),
        ("Café,,,,,,soon", "“soon” is no date"),
        ("Café,,,,,,,,,,", "it has 11 cells where the first line names 7"),
    ],
)
async def test_a_row_that_cannot_be_kept_says_where_and_why(
    directory: DirectoryKeeping, row: str, why: str
) -> None:
    intake = await looked(directory, HEADING + "Haven,,,,,,\r\n" + row + "\r\n")
    assert [one.name for one in intake.adds] == ["Haven"]
    assert [one.row.where for one in intake.refused] == ["line 3"]
    assert why in intake.refused[0].reasons[0]


async def test_the_second_row_of_one_id_is_refused(directory: DirectoryKeeping) -> None:
    intake = await looked(directory, HEADING + "Haven,,,,,,\r\nHaven,,,,,,\r\n")
    assert [one.reasons[0] for one in intake.refused] == [
        "“haven” is also the id of line 2; give each its own"
    ]


async def test_what_was_refused_is_a_table_to_mend_and_send_again(directory: DirectoryKeeping) -> None:
    intake = await looked(directory, HEADING + "=cmd(),soon,,,,,\r\n")
    table = refused_csv(intake.refused)
    assert table.splitlines()[1].startswith(
        "line 2,“soon” is no telephone number; write it as it is dialled,'=cmd()"
    )
    mended = await looked(directory, table.replace(",soon,", ",020 7946 0123,"))
    assert [one.name for one in mended.adds] == ["=cmd()"]


async def test_a_row_that_would_leave_a_dead_end_is_refused_and_the_rest_is_not(
    directory: DirectoryKeeping,
) -> None:
    closing = next(one for one in directory.contacts if one.role == EMERGENCY)
    rows = write_csv([closing, Service(id="haven", name="Haven")]).replace("always", "mon 09:00-17:00")
    intake = await looked(directory, rows)
    assert [one.name for one in intake.adds] == ["Haven"]
    assert [one.row.where for one in intake.refused] == ["line 2"]
    assert "never closes" in intake.refused[0].reasons[0]
    assert intake.wrongs == ()


async def test_a_number_is_fictitious_in_a_demonstration_and_nowhere_else(
    evening: Evening, directory: DirectoryKeeping
) -> None:
    table = f"{HEADING}Haven,020 7946 0123,,,,,\r\nCafé,0113 243 1234,,,,,\r\n".encode()
    demonstration = await looked(directory, table)
    assert [one.row.where for one in demonstration.refused] == ["line 3"]
    real = msgspec.structs.replace(evening.line.definition, demo=False)
    found = await looked_at(table, "csv", real, directory.book, 0, TODAY, lambda done, of: None)
    assert [one.row.where for one in found.refused] == ["line 2"]


@pytest.mark.parametrize("between", [",", ";", "\t"])
@pytest.mark.parametrize("coding", ["utf-8", "utf-8-sig"])
async def test_a_spreadsheets_own_way_of_writing_a_table_is_read(
    directory: DirectoryKeeping, between: str, coding: str
) -> None:
    table = "Name;Number;Verify_by;languages\nKawiarnia Łódź;;31/01/2027;pl\n".replace(";", between)
    intake = await looked(directory, table.encode(coding))
    [entry] = intake.adds
    assert (entry.name, str(entry.verify_by), entry.languages) == ("Kawiarnia Łódź", "2027-01-31", ("pl",))


@pytest.mark.parametrize(
    ("file", "why"),
    [
        (b"", "nothing in this file"),
        ("name\nCafé\n".encode("utf-16"), "UTF-16"),
        ("name\nx\nCafé\n".encode("cp1252"), "line 3 has a letter"),
        (b"PK\x03\x04zipped", "cannot be unpacked"),
        (b"what,ever\n1,2\n", "one of them must be"),
        (b"name,name\n1,2\n", "names a column twice"),
        (b"name\n\x00\n", "no table"),
        (b"[" * 100_000, "no JSON of services"),
        (b'{"a": 1}', "no list of them"),
        (b'{"contents": 7}', "no list"),
    ],
)
async def test_what_is_no_such_file_is_refused_whole(
    directory: DirectoryKeeping, file: bytes, why: str
) -> None:
    with pytest.raises(BadRequest, match=why):
        await looked(directory, file)


async def test_a_file_beyond_the_limits_is_refused(directory: DirectoryKeeping) -> None:
    with pytest.raises(TooLong, match="25,000 entries"):
        await looked(directory, "name\n" + "x\n" * (MOST_ROWS + 1))
    with pytest.raises(TooLong, match="64 MB"):
        await looked(directory, b"name\n" + b"x" * 64_000_000)
    with pytest.raises(TooLong, match="25,000 entries"):
        await looked(directory, b"[" + b"{}," * MOST_ROWS + b"{}]")


async def test_a_cell_without_an_end_is_one_refused_row(directory: DirectoryKeeping) -> None:
    intake = await looked(directory, "name\nHaven\n" + '"' + "x" * 200_000)
    assert [one.name for one in intake.adds] == ["Haven"]
    assert "cannot be read as a table" in intake.refused[0].reasons[0]


async def test_how_far_it_is_is_told_while_it_is_read(directory: DirectoryKeeping) -> None:
    told: list[tuple[int, int]] = []
    data = services(450).encode()
    await directory.look_into(data, "csv", lambda done, of: told.append((done, of)))
    assert told == [(0, 451), (200, 451), (400, 451), (450, 451), (450, 450)]


async def test_a_change_in_the_meantime_is_looked_at_again_first(
    evening: Evening, directory: DirectoryKeeping
) -> None:
    robin = evening.who("robin")
    intake = await looked(directory, services(2))
    await directory.put(robin, Service(id="other", name="Other"), new_id(), seen=0)
    with pytest.raises(NotNow):
        await directory.take_in(robin, intake.put, new_id(), seen=intake.seen)


async def test_only_who_keeps_the_directory_takes_files_in(
    evening: Evening, directory: DirectoryKeeping
) -> None:
    with pytest.raises(NotAllowed):
        await directory.take_in(evening.who("ania"), (), new_id(), seen=directory.seq)
    with pytest.raises(NotAllowed):
        await directory.bring_back(evening.who("ania"), "service", "haven", new_id())


async def test_what_was_taken_out_comes_back_with_one_press(
    evening: Evening, directory: DirectoryKeeping
) -> None:
    robin = evening.who("robin")
    await directory.put(robin, Service(id="haven", name="Haven"), new_id(), seen=0)
    await directory.take_out(robin, "service", "haven", new_id(), seen=1)
    assert [(one.entry.name, one.seen) for one in directory.taken_out] == [("Haven", 1)]
    await directory.bring_back(robin, "service", "haven", new_id())
    assert [(one.name, one.version) for one in directory.services] == [("Haven", 2)]
    assert directory.taken_out == ()
    with pytest.raises(NotFound):
        await directory.bring_back(robin, "service", "haven", new_id())


# -- Open Referral UK ------------------------------------------------------------------------------------------------

FOREIGN = {
    "id": "AC148810-D857-441C-9679-408F346DE14B",
    "name": "Night café",
    "status": "active",
    "description": "Tea and company",
    "url": "www.example.org/cafe",
    "fees_description": "Free",
    "organization": {"id": "x", "name": "A trust"},
    "phones": [{"number": "020 7946 0111"}, {"number": "020 7946 0112", "type": "voice"}],
    "languages": [{"code": "pl"}],
    "attributes": [{"taxonomy_term": {"taxonomy": "LGA", "name": "Mental health"}}],
    "schedules": [
        {"freq": "WEEKLY", "byday": "MO,TU", "opens_at": "18:00:00", "closes_at": "23:00+00:00"},
        {"rrule": "FREQ=WEEKLY;BYDAY=FR", "opens_at": "22:00", "closes_at": "02:00"},
        {"freq": "MONTHLY", "byday": "1WE", "opens_at": "09:00", "closes_at": "10:00"},
        {"valid_from": "2026-12-25", "valid_to": "2026-12-25", "description": "Christmas"},
    ],
}


async def test_a_service_of_another_directory_is_read_and_what_is_lost_is_listed(
    directory: DirectoryKeeping,
) -> None:
    page = msgspec.json.encode({"contents": [FOREIGN], "page_number": 1})
    intake = await looked(directory, page)
    assert intake.refused == ()
    [entry] = intake.adds
    assert isinstance(entry, Service)
    assert (entry.id, entry.number, entry.website) == (
        "ac148810-d857-441c-9679-408f346de14b",
        "020 7946 0111",
        "https://www.example.org/cafe",
    )
    [cells] = [line for line in write_csv([entry]).splitlines() if "café" in line]
    assert "mon-tue 18:00-23:00; fri 22:00-02:00" in cells
    assert "2026-12-25 closed Christmas" in cells
    assert dict(intake.lost) == {
        "what it costs": 1,
        "its taxonomy terms": 1,
        "numbers after the first": 1,
        "hours that are not the same every week": 1,
    }


async def test_a_service_that_is_no_longer_offered_is_refused(directory: DirectoryKeeping) -> None:
    intake = await looked(directory, msgspec.json.encode([FOREIGN | {"status": "defunct"}]))
    assert "not offered now" in intake.refused[0].reasons[0]


PACKAGE = {
    "services.csv": "id,name,status,organization_id\nS1,Night café,active,O1\nS2,Day café,active,O1\n",
    "phones.csv": "id,service_id,number\nP1,S1,020 7946 0111\n",
    "schedules.csv": "id,service_id,freq,byday,opens_at,closes_at\nH1,S1,WEEKLY,FR,22:00,02:00\n",
    "languages.csv": "id,service_id,code\nL1,S1,pl\n",
    "service_at_locations.csv": "id,service_id,location_id\nA1,S2,X1\n",
    "locations.csv": "id,name\nX1,The hall\n",
    "addresses.csv": "id,location_id,address_1,city,postal_code\nD1,X1,1 Quay,Moorside,\n",
    "datapackage.json": "{}",
}


def packed(tables: dict[str, str]) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as package:
        for name, text in tables.items():
            package.writestr(f"hsds/{name}", text)
    return data.getvalue()


async def test_a_packed_data_package_is_put_together_again(directory: DirectoryKeeping) -> None:
    intake = await looked(directory, packed(PACKAGE), "hsds.zip")
    assert intake.refused == ()
    night, day = intake.adds
    assert isinstance(day, Service)
    assert (night.number, night.languages, day.access) == ("020 7946 0111", ("pl",), "1 Quay, Moorside")
    assert "fri 22:00-02:00" in write_csv([night])


async def test_a_package_that_unpacks_beyond_all_measure_is_refused_before_it_fills_the_memory(
    directory: DirectoryKeeping, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(directory_package, "LARGEST_UNPACKED", 1_000_000)
    bomb = packed({"services.csv": "id,name\n" + "x" * 3_000_000})
    assert len(bomb) < 10_000
    with pytest.raises(TooLong, match="unpacks to more than"):
        await looked(directory, bomb)
    monkeypatch.setattr(directory_package, "MOST_LINES", 10)
    with pytest.raises(TooLong, match="more than 10 lines"):
        await looked(directory, packed({"services.csv": "id,name\n" + "1,x\n" * 11}))


def test_a_damaged_package_is_refused_wherever_it_is_damaged() -> None:
    whole = packed(PACKAGE)
    for place in range(0, len(whole), 7):
        damaged = whole[:place] + bytes([whole[place] ^ 0xFF]) + whole[place + 1 :]
        with suppress(BadRequest):
            assert len(directory_package.services_of(damaged)) <= 2


@pytest.mark.parametrize("tables", [{}, {"phones.csv": "id\n1\n"}, {"services.csv": "id,name\n"}])
async def test_a_package_without_services_is_none(
    directory: DirectoryKeeping, tables: dict[str, str]
) -> None:
    with pytest.raises(BadRequest, match=r"no services\.csv"):
        await looked(directory, packed(tables))


async def test_a_professional_line_stays_professional_through_a_file(directory: DirectoryKeeping) -> None:
    ours = [one for one in directory.contacts if one.line == "professional"]
    assert ours
    lines = write_csv(ours).replace("professional", "")
    intake = await looked(directory, lines)
    assert all(isinstance(one, CrisisContact) and one.line == "professional" for one in intake.put)
