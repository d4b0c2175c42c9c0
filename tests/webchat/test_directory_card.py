"""The crisis card: public, in the person's language, and never with a professional line."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
from aiohttp.test_utils import TestClient, TestServer

from app import init_app
from helpline.definition import Definition
from helpline.directory import CrisisContact
from helpline.directory_services import Service
from tests.clock import SetClock
from tests.webchat.conftest import House, settings_in
from webchat.directory_card import public
from webchat.directory_numbers import emergency_lines
from webchat.words import words_in

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


# -- the way to it, and the numbers at the bottom of every page -------------------------------------------------------


def line(role: str, number: str, **more: object) -> CrisisContact:
    return CrisisContact(id=f"{role}-{number}", name=role, role=role, number=number, **more)  # type: ignore[arg-type]


def numbers(definition: Definition, *contacts: CrisisContact, place: str = "") -> list[str]:
    words = words_in("en", "en")
    return [one["number"] for one in emergency_lines(contacts, definition, place, words)]


def test_999_and_111_are_the_directorys_and_there_without_one(definition: Definition) -> None:
    bare = msgspec.structs.replace(definition, crisis_contacts=())
    written = (line("emergency_999", "112"), line("nhs_111", "020 7946 0111", line="public"))
    assert numbers(bare) == ["999", "111"]
    assert numbers(bare, *written) == ["112", "020 7946 0111"]
    assert numbers(msgspec.structs.replace(definition, crisis_contacts=written)) == ["112", "020 7946 0111"]


def test_a_line_only_for_us_and_one_of_another_place_is_never_at_the_bottom(definition: Definition) -> None:
    bare = msgspec.structs.replace(definition, crisis_contacts=())
    ours = line("nhs_111", "020 7946 0112", line="professional")
    there = line("nhs_111", "020 7946 0113", line="public", localities=("there",))
    assert numbers(bare, ours, there) == ["999", "111"]
    assert numbers(bare, ours, there, place="there") == ["999", "020 7946 0113"]


async def test_a_number_changed_in_the_directory_is_on_the_next_page_a_person_loads(house: House) -> None:
    directory = house.helpline.directory
    line_111 = next(one for one in directory.contacts if one.role == "nhs_111")
    account = next(one.id for one in house.helpline.people if "supervisor" in one.roles)
    who = house.helpline.people.principal(account)
    changed = msgspec.structs.replace(line_111, number="020 7946 0111", line="public")
    await directory.put(who, changed, "n1", seen=directory.book.version("contact", line_111.id))
    for path in ("/chat", "/call-me", f"/card/{house.helpline.definition.localities[0].id}"):
        _, page = await shown(house, path)
        assert 'href="tel:020 7946 0111"' in page
        assert 'href="tel:999"' in page


@pytest.mark.parametrize("tag", ["en", "cy", "pl", "ur", "ar"])
async def test_every_place_with_a_card_is_listed_in_the_persons_language(house: House, tag: str) -> None:
    status, page = await shown(house, f"/card?lang={tag}")
    assert status == 200
    assert f'lang="{tag}"' in page or tag not in house.helpline.definition.languages.promised
    for place in house.helpline.definition.localities:
        assert f'href="/card/{place.id}"' in page
    assert 'class="button card-link" href="/card"' in page
