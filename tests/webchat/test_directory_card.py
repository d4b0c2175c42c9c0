"""The crisis card: public, in the person's language, and never with a professional line."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from aiohttp.test_utils import TestClient, TestServer

from app import init_app
from helpline.definition import Definition
from helpline.directory import CrisisContact
from helpline.directory_services import Service
from tests.clock import SetClock
from tests.webchat.conftest import House, settings_in
from webchat.directory_card import public

NOW = datetime(2026, 1, 14, 20, 0, tzinfo=UTC)


@pytest.fixture
async def house(tmp_path: Path, definition: Definition) -> AsyncIterator[House]:
    app = init_app(settings_in(tmp_path), SetClock(NOW), definition=definition)
    async with TestClient(TestServer(app)) as client:
        yield House(client)


async def shown(house: House, path: str) -> tuple[int, str]:
    async with house.client.get(path) as response:
        return response.status, await response.text()


@pytest.mark.parametrize("ending", ["", ".txt"])
async def test_a_card_has_every_public_number_of_its_place_and_no_other(house: House, ending: str) -> None:
    place = house.helpline.definition.localities[0].id
    status, card = await shown(house, f"/card/{place}{ending}")
    assert status == 200
    contacts = house.helpline.directory.contacts
    near = [one for one in contacts if not one.localities or place in one.localities]
    handed_out = {one.number for one in near if one.line == "public"}
    ours = {one.number for one in contacts if one.line == "professional"} - handed_out
    assert handed_out
    assert ours
    assert all(number in card for number in handed_out)
    assert not [number for number in ours if number in card]


async def test_a_card_is_in_the_persons_language(house: House) -> None:
    place = house.helpline.definition.localities[0]
    _, page = await shown(house, f"/card/{place.id}?lang=pl")
    assert f"Numery: {place.name}" in page
    assert 'lang="pl"' in page
    _, text = await shown(house, f"/card/{place.id}.txt?lang=cy")
    assert text.startswith(f"Rhifau ar gyfer {place.name}\n")


async def test_a_place_that_is_none_of_ours_has_no_card(house: House) -> None:
    assert (await shown(house, "/card/atlantis"))[0] == 404


def test_999_is_on_every_card_also_when_nobody_wrote_it_down() -> None:
    secret = CrisisContact(id="t", name="Team", role="crisis_team", number="01632 960114")
    cafe = Service(id="c", name="Harbour café", number="01632 960155", localities=("there",))
    assert [one.number for one in public([secret], [cafe], "here")] == ["999"]
    assert [one.number for one in public([secret], [cafe], "there")] == ["01632 960155", "999"]
