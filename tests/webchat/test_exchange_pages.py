"""The directory in and out on its pages: looked at before it is kept, refused row by row, one undo for all of it."""

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
from aiohttp import FormData
from aiohttp.test_utils import TestClient, TestServer

from app import init_app
from helpline.definition import Definition
from helpline.directory_csv import write_csv
from helpline.directory_services import Service
from helpline.people import Account
from tests.clock import SetClock
from tests.webchat.conftest import House, settings_in
from tests.webchat.test_directory_pages import NOW, Reader, somebody, visitor
from webchat.exchange_pages import JOBS

ROWS = "name,number,hours\n" + "".join(f"Haven {n},020 7946 0{n:03},\n" for n in range(1, 198))
BAD = "Bad one,soon,\n,,\nBad two,,evenings\nHaven 1,,\n"


@pytest.fixture
async def house(tmp_path: Path, definition: Definition) -> AsyncIterator[House]:
    app = init_app(settings_in(tmp_path), SetClock(NOW), definition=definition)
    async with TestClient(TestServer(app)) as client:
        yield House(client)


async def sent(who: Reader, file: str | bytes, name: str = "services.csv") -> str:
    """Send a file with the form of the page; the path of its job, once it has been read."""
    await who.look("/directory/import")
    _, fields = who.form("Show what it would change")
    form = FormData()
    for field, value in fields:
        if field != "file":
            form.add_field(field, value)
    form.add_field("file", file if isinstance(file, bytes) else file.encode(), filename=name)
    async with who.house.client.post(
        "/directory/import", data=form, cookies=who.cookies, allow_redirects=False
    ) as response:
        who.status, who.text = response.status, await response.text()
        there: str = response.headers.get("Location", "")
    assert who.house.client.app is not None
    for job in who.house.client.app[JOBS].values():
        if job.reading is not None:
            await asyncio.wait_for(job.reading, 30)
    if there:
        await who.look(there)
    return there


async def test_three_bad_rows_are_told_and_the_rest_is_taken_in_and_taken_back(house: House) -> None:
    sue = await visitor(house, somebody(house, "supervisor"))
    there = await sent(sue, ROWS + BAD)
    assert "197 new entries" in sue.said
    assert "3 are refused" in sue.said
    assert "Line 199 , Bad one: “soon” is no telephone number" in sue.said
    async with house.client.get(f"{there}/refused.csv", cookies=sue.cookies) as response:
        assert "attachment" in response.headers["Content-Disposition"]
        assert len((await response.text()).splitlines()) == 4
    assert house.helpline.directory.services == ()
    assert await sue.press("Take them in") == "/directory/changes"
    assert len(house.helpline.directory.services) == 197
    assert "took it in from a file" in sue.said
    assert "and 192 more" in sue.said
    await sue.press("Undo: Sue took it in" if "Undo: Sue took" in sue.said else "Undo")
    assert house.helpline.directory.services == ()
    await sue.look(there)
    assert sue.status == 404


async def test_how_far_it_is_is_told_to_the_page_and_to_nobody_else(house: House) -> None:
    sue = await visitor(house, somebody(house, "supervisor"))
    there = await sent(sue, ROWS)
    async with house.client.get(f"{there}/state", cookies=sue.cookies) as response:
        assert await response.json() == {"done": 197, "of": 197, "percent": 100, "over": True}
    await house.helpline.people.add(Account(id="sol", name="Sol", shown_name="Sol", roles=("supervisor",)))
    other = await visitor(house, "sol")
    await other.look(there)
    assert other.status == 404


async def test_a_page_that_is_still_read_shows_a_bar_and_looks_again_by_itself(house: House) -> None:
    sue = await visitor(house, somebody(house, "supervisor"))
    there = await sent(sue, ROWS)
    assert house.client.app is not None
    [job] = house.client.app[JOBS].values()
    job.intake, job.done, job.of = None, 50, 200
    page = await sue.look(there)
    assert '<progress id="bar" max="100" value="25"' in page
    assert '<noscript><meta http-equiv="refresh"' in page
    assert "Reading: 50 of about 200" in sue.said


async def test_a_file_that_is_none_is_refused_and_says_how_to_mend_it(house: House) -> None:
    sue = await visitor(house, somebody(house, "supervisor"))
    await sent(sue, "name\nCafé\n".encode("cp1252"))
    assert "This file is not UTF-8: line 2 has a letter that cannot be read." in sue.said
    await sent(sue, b"")
    assert (sue.status, "Choose a file." in sue.said) == (400, True)
    await sent(sue, b"PK\x03\x04")
    assert "cannot be unpacked" in sue.said


async def test_what_changed_in_the_meantime_is_shown_before_anything_is_kept(house: House) -> None:
    sue = await visitor(house, somebody(house, "supervisor"))
    await sent(sue, "name,number\nHaven,020 7946 0111\n")
    who = house.helpline.people.principal(somebody(house, "supervisor"))
    await house.helpline.directory.put(who, Service(id="haven", name="Haven"), "x1", seen=0)
    await sue.press("Take it in")
    assert sue.status == 409
    assert "changed in the meantime" in sue.said
    assert "Number: nothing becomes 020 7946 0111." in sue.said
    await sue.press("Take it in")
    assert house.helpline.directory.services[0].number == "020 7946 0111"


async def test_what_is_written_out_is_read_in_without_a_change(house: House) -> None:
    sue = await visitor(house, somebody(house, "supervisor"))
    for name in ("export.csv", "export.json"):
        async with house.client.get(f"/directory/{name}", cookies=sue.cookies) as response:
            file = await response.read()
        await sent(sue, file, name)
        assert "There is nothing to change." in sue.said
        assert "refused" not in sue.said


async def test_what_is_passed_on_has_no_professional_line(house: House) -> None:
    sue = await visitor(house, somebody(house, "supervisor"))
    ours = [one.name for one in house.helpline.directory.contacts if one.line == "professional"]
    assert ours
    for name in ("export.csv", "export.json"):
        async with house.client.get(f"/directory/{name}?for=public", cookies=sue.cookies) as response:
            file = await response.text()
        assert not [one for one in ours if one in file]


@pytest.mark.parametrize("path", ["import", "export.csv", "export.json", "taken-out"])
async def test_only_who_keeps_the_directory_takes_it_in_and_out(house: House, path: str) -> None:
    peer = await visitor(house, somebody(house, "supporter"))
    await peer.look(f"/directory/{path}")
    assert peer.status == 403
    async with house.client.get(f"/directory/{path}", allow_redirects=False) as response:
        assert response.status == 303


async def test_an_entry_taken_out_comes_back_with_one_press(house: House) -> None:
    sue = await visitor(house, somebody(house, "supervisor"))
    await sent(sue, "name\nHaven\n")
    await sue.press("Take it in")
    await sue.look("/directory/service/haven")
    await sue.press("Take it out")
    await sue.look("/directory/taken-out")
    assert await sue.press("Bring back: Haven") == "/directory/service/haven"
    assert "brought it back" in sue.said


async def test_a_long_directory_is_turned_page_by_page_and_late_ones_come_first_when_asked(
    house: House,
) -> None:
    sue = await visitor(house, somebody(house, "supervisor"))
    services = [Service(id=f"s{n}", name=f"Haven {n:03}", verify_by=NOW.date()) for n in range(150)]
    await sent(sue, write_csv([*services, msgspec.structs.replace(services[0], id="late", verify_by=None)]))
    await sue.press("Take them in")
    await sue.look("/directory?q=haven")
    assert "Page 1 of 3, 151 entries" in sue.said
    [following] = re.findall(r'href="([^"]*)" rel="next"', sue.text)
    await sue.look(following.replace("&amp;", "&"))
    assert "Page 2 of 3" in sue.said
    await sue.look("/directory?check=1&q=haven")
    assert re.findall(r'<h3><a href="([^"]*)', sue.text)[:2] == [
        "/directory/service/late",
        "/directory/service/s0",
    ]
