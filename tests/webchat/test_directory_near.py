"""Services near somebody on the desk: open now first, in words to send, and nothing that is only for us to ring."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer

from app import init_app
from helpline.definition import Definition
from helpline.directory_csv import read_csv
from helpline.directory_entry import Reading
from helpline.directory_services import Entry
from tests.clock import SetClock
from tests.webchat.conftest import House, settings_in
from tests.webchat.lines import new_id
from tests.webchat.test_directory_pages import NOW, somebody

TABLE = """name,number,localities,hours,kind
Night café,020 7946 0111,{here},mon-fri 18:00-23:00,crisis_cafe
Day café,020 7946 0112,{here},mon-fri 9:00-17:00,crisis_cafe
Far café,020 7946 0113,{there},,crisis_cafe
No way in,,{here},,other
"""


@pytest.fixture
async def house(tmp_path: Path, definition: Definition) -> AsyncIterator[House]:
    app = init_app(settings_in(tmp_path), SetClock(NOW), definition=definition)
    async with TestClient(TestServer(app)) as client:
        house = House(client)
        here, there = (one.id for one in definition.localities[:2])
        table = TABLE.format(here=here, there=there).encode()
        reading = Reading(definition, lambda sort, id: None)
        found = [reading.read(row).entry for row in read_csv(table)]
        entries: list[Entry] = [one for one in found if one is not None]
        directory = house.helpline.directory
        who = house.helpline.people.principal(somebody(house, "supervisor"))
        await directory.take_in(who, entries, new_id(), seen=directory.seq)
        yield house


async def near(house: House, account: str, **query: str) -> dict[str, Any]:
    cookies = await house.session(account)
    async with house.client.get("/directory/near.json", params=query, cookies=cookies) as response:
        assert response.status == 200
        answer: dict[str, Any] = await response.json()
        return answer


async def test_those_near_are_open_now_first_and_the_words_are_the_persons(house: House) -> None:
    here = house.helpline.definition.localities[0].id
    found = (await near(house, somebody(house, "supporter"), place=here, q="café", lang="pl"))["services"]
    assert [(one["name"], one["open"]) for one in found] == [("Night café", True), ("Day café", False)]
    assert found[0]["text"] == "Night café\n020 7946 0111\nponiedziałek–piątek 18:00-23:00"
    assert found[0]["state"] == "Open until 23:00"


async def test_what_is_only_for_us_is_never_among_them(house: House) -> None:
    contacts = house.helpline.directory.contacts
    ours = {one.number for one in contacts if one.line == "professional"}
    for place in ("", *(one.id for one in house.helpline.definition.localities)):
        found = await near(house, somebody(house, "supporter"), place=place)
        assert not [
            one for one in found["services"] if one["number"] in ours or one["number"] in ("999", "111")
        ]
        assert "No way in" not in [one["name"] for one in found["services"]]


async def test_nobody_who_is_not_signed_in_searches(house: House) -> None:
    async with house.client.get("/directory/near.json", allow_redirects=False) as response:
        assert response.status in (303, 401)
