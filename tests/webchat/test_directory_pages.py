"""The directory on its pages: open now first, nothing saved unseen, no dead end, every step turned round."""

import re
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from pathlib import Path

import msgspec
import pytest
from aiohttp.test_utils import TestClient, TestServer

from app import init_app
from helpline.definition import Definition
from helpline.directory import CrisisContact
from helpline.directory_book import sort_of
from helpline.directory_entry import slug
from helpline.directory_services import Entry, Service
from helpline.people import Account, Principal
from tests.clock import SetClock
from tests.webchat.conftest import House, settings_in
from tests.webchat.lines import new_id
from tests.webchat.rota_visitor import Visitor
from webchat.directory_form import changed_lines, fields_of, hours_in_words, read, value_in_words

# A Wednesday evening; London is on UTC.
NOW = datetime(2026, 1, 14, 20, 0, tzinfo=UTC)
TODAY = NOW.date()
CAFE = Service(id="cafe", name="Harbour café", kind="crisis_cafe", number="01632 960155", verify_by=TODAY)
TEAM = CrisisContact(id="team", name="Team", role="crisis_team", number="01632 960114")


@pytest.fixture
async def house(tmp_path: Path, definition: Definition) -> AsyncIterator[House]:
    app = init_app(settings_in(tmp_path), SetClock(NOW), definition=definition)
    async with TestClient(TestServer(app)) as client:
        yield House(client)


class Reader(Visitor):
    """Somebody whose browser leaves out the boxes that are not ticked."""

    def form(self, label: str) -> tuple[str, list[tuple[str, str]]]:
        action, fields = super().form(label)
        unticked = re.findall(r'type="checkbox" name="localities" value="([^"]*)">', self.text)
        return action, [one for one in fields if one[0] != "localities" or one[1] not in unticked]


async def visitor(house: House, account: str, path: str = "/directory") -> Reader:
    looking = Reader(house, await house.session(account))
    await looking.look(path)
    return looking


def somebody(house: House, *roles: str) -> str:
    accounts: list[Account] = list(house.helpline.people)
    return next(one.id for one in accounts if set(roles) & set(one.roles))


def one_team(house: House) -> CrisisContact:
    contacts: tuple[CrisisContact, ...] = house.helpline.directory.contacts
    return next(one for one in contacts if one.role == "crisis_team" and one.localities)


def page_of(entry: Entry) -> str:
    return f"/directory/{sort_of(entry)}/{entry.id}"


# -- what was typed --------------------------------------------------------------------------------------------------


def test_the_form_as_it_is_drawn_says_what_is_so(definition: Definition) -> None:
    assert definition.crisis_contacts
    entries: tuple[Entry, ...] = (*definition.crisis_contacts, CAFE)
    for held in entries:
        found = read(fields_of(held), held.localities, sort_of(held), held, definition, TODAY)
        assert found.entry is not None, found.mistakes
        assert msgspec.structs.replace(found.entry, version=held.version) == held


def test_every_mistake_is_told_at_its_field(definition: Definition) -> None:
    typed = {
        "name": "",
        "role": "chief",
        "number": "soon",
        "open": "week",
        "mon": "evenings",
        "languages": "english",
        "order": "first",
        "text_relay": "x",
        "verify_by": "soon",
        "begins": "2026-01-13",
    }
    found = read(typed, (), "contact", None, definition, TODAY)
    assert found.entry is None
    assert set(found.mistakes) == set(typed) - {"open"}
    service = read(
        {"name": "x", "kind": "?", "website": "javascript:1"}, (), "service", None, definition, TODAY
    )
    assert set(service.mistakes) == {"kind", "website"}


def test_a_change_is_said_field_by_field() -> None:
    moved = msgspec.structs.replace(TEAM, number="01632 960199", localities=("moorside",))
    assert changed_lines(TEAM, moved, {"moorside": "Moorside"}) == [
        "Number: 01632 960114 becomes 01632 960199.",
        "Where: everywhere becomes Moorside.",
    ]


def test_days_alike_are_said_together(definition: Definition) -> None:
    typed = {**fields_of(CAFE), "open": "week", "sat": "12-24:00", "sun": "12-24:00"}
    typed |= dict.fromkeys(("mon", "tue", "wed", "thu", "fri"), "18:00-24:00")
    found = read(typed, (), "service", CAFE, definition, TODAY).entry
    assert found is not None
    assert hours_in_words(found) == "Monday–Friday 18:00-24:00; Saturday–Sunday 12:00-24:00"
    assert hours_in_words(TEAM) == "always"


def test_an_id_is_made_of_the_name() -> None:
    assert (slug("St Mary's Crisis Café"), slug("—")) == ("st-mary-s-crisis-caf", "")


# -- the list --------------------------------------------------------------------------------------------------------


async def test_whoever_answers_finds_a_place_by_its_postcode_and_sees_who_is_open_first(house: House) -> None:
    team = one_team(house)
    place = next(one for one in house.helpline.definition.localities if one.id in team.localities)
    ania = await visitor(house, "ania", f"/directory?place={place.districts[0]}+1AA")
    assert ania.status == 200
    assert f"Directory: {place.name}" in ania.said
    assert team.name in ania.said
    elsewhere = [
        one
        for one in house.helpline.directory.contacts
        if one.localities and not set(one.localities) & {place.id}
    ]
    assert not [one for one in elsewhere if one.name in ania.said and one.name != team.name]
    assert ania.text.count("●") > 0
    section = ania.text.partition('id="services"')[0]
    assert section.rfind("●") < section.find("Closed. Opens") or "Closed. Opens" not in section


async def test_a_place_that_is_none_of_ours_says_so_and_shows_everything(house: House) -> None:
    ania = await visitor(house, "ania", "/directory?place=Atlantis")
    assert "“Atlantis” is none of our areas" in ania.said
    assert one_team(house).name in ania.said


async def test_a_stale_entry_is_warned_of_and_shown(house: House) -> None:
    team = one_team(house)
    lead = await visitor(house, somebody(house, "lead"), page_of(team) + "/edit")
    await lead.press("See what changes", verify_by="2026-01-13")
    await lead.press("Save")
    ania = await visitor(house, "ania")
    assert team.name in ania.said
    assert "Not checked lately" in ania.said


async def test_a_supporter_reads_and_does_not_edit(house: House) -> None:
    ania = await visitor(house, "ania", page_of(one_team(house)))
    assert ania.status == 200
    assert not {"Undo", "Take it out"} & set(ania.buttons())
    await ania.look(page_of(one_team(house)) + "/edit")
    assert ania.status == 403
    stranger = Visitor(house, {})
    await stranger.look("/directory")
    assert stranger.status == 303


# -- changing --------------------------------------------------------------------------------------------------------


async def test_a_change_is_seen_before_it_is_saved_and_undone_when_regretted(house: House) -> None:
    team, directory = one_team(house), house.helpline.directory
    lead = await visitor(house, somebody(house, "lead"), page_of(team) + "/edit")
    await lead.press("See what changes", number="01632 960199", why="They moved")
    assert f"Number: {team.number} becomes 01632 960199." in lead.said
    assert directory.contact(team.id) == team
    await lead.press("Save")
    assert directory.contact(team.id).number == "01632 960199"
    assert "“They moved”" in lead.said
    await lead.press("Undo")
    assert directory.contact(team.id).number == team.number
    assert directory.contact(team.id).version == team.version + 2


async def test_what_was_not_looked_at_is_not_saved(house: House) -> None:
    team = one_team(house)
    lead = await visitor(house, somebody(house, "lead"), page_of(team) + "/edit")
    await lead.press("See what changes", number="01632 960199")
    await lead.press("Save", number="01632 960188")
    assert "becomes 01632 960188" in lead.said
    assert house.helpline.directory.contact(team.id) == team


async def test_two_who_edit_at_once_lose_nothing(house: House) -> None:
    team = one_team(house)
    who = somebody(house, "lead")
    one, other = [await visitor(house, who, page_of(team) + "/edit") for _ in range(2)]
    for looking, number in ((one, "01632 960188"), (other, "01632 960199")):
        await looking.press("See what changes", number=number)
    await one.press("Save")
    await other.press("Save")
    assert other.status == 409
    assert "changed in the meantime" in other.said
    assert "01632 960188 becomes 01632 960199" in other.said
    assert house.helpline.directory.contact(team.id).number == "01632 960188"


async def test_a_list_that_would_dead_end_is_refused_at_the_field(house: House) -> None:
    emergency = next(one for one in house.helpline.directory.contacts if one.role == "emergency_999")
    lead = await visitor(house, somebody(house, "lead"), page_of(emergency) + "/edit")
    await lead.press("See what changes", open="week", mon="18:00-22:30")
    await lead.press("Save")
    assert lead.status == 422
    assert "An emergency number never closes" in lead.said
    assert 'id="open-wrong"' in lead.text
    assert house.helpline.directory.contact(emergency.id) == emergency


async def test_a_number_planned_for_a_day_is_shown_and_waits(house: House) -> None:
    team = one_team(house)
    lead = await visitor(house, somebody(house, "lead"), page_of(team) + "/edit")
    await lead.press("See what changes", number="01632 960199", begins="2026-01-16")
    assert "From Friday 16 January:" in lead.said
    await lead.press("Save")
    assert house.helpline.directory.contact(team.id) == team
    assert "From Friday 16 January" in lead.said


async def test_a_service_is_put_in_taken_out_and_brought_back(house: House) -> None:
    lead = await visitor(house, somebody(house, "lead"), "/directory/new?sort=service")
    await lead.press("See what changes", name="Harbour café", kind="crisis_cafe", number="01632 960155")
    await lead.press("Save")
    directory = house.helpline.directory
    assert [one.name for one in directory.services] == ["Harbour café"]
    assert "Hours not known" in lead.said
    await lead.press("Take it out", why="It closed for good")
    assert directory.services == ()
    await directory.undo(principal(house, "lead"), directory.seq, new_id())
    assert [one.name for one in directory.services] == ["Harbour café"]


def principal(house: House, role: str) -> Principal:
    account = house.helpline.people.get(somebody(house, role))
    return Principal(account.id, account.shown_name, account.roles)


async def test_i_rang_it_just_now_is_logged_and_a_lead_moves_the_date(house: House) -> None:
    team, directory = one_team(house), house.helpline.directory
    ania = await visitor(house, "ania", page_of(team))
    await ania.press("Keep that", outcome="changed", words="A new menu")
    assert "Ania: answered, but something has changed" in ania.said
    await ania.press("Keep that", outcome="right", verify_by="2027-01-31")
    assert ania.status == 403
    lead = await visitor(house, somebody(house, "lead"), page_of(team))
    await lead.press("Keep that", outcome="right", verify_by="2027-01-31")
    assert directory.contact(team.id).verify_by == date(2027, 1, 31)
    await lead.press("Keep that", outcome="maybe")
    assert lead.status == 400


async def test_no_press_goes_through_without_its_token(house: House) -> None:
    team = one_team(house)
    lead = await visitor(house, somebody(house, "lead"), page_of(team))
    for path in ("save", "rang", "take-out", "undo"):
        await lead.post(f"/directory/{path}", [("sort", "contact"), ("id", team.id), ("csrf", "x")])
        assert lead.status == 403
    assert house.helpline.directory.contact(team.id) == team


async def test_what_is_not_there_is_404(house: House) -> None:
    ania = await visitor(house, "ania", "/directory/service/nothing")
    assert ania.status == 404


# -- special days ----------------------------------------------------------------------------------------------------


def test_a_special_day_is_typed_changed_and_taken_out(definition: Definition) -> None:
    typed = {**fields_of(CAFE), "open": "week", "mon": "18:00-22:00"}
    typed |= {"special_0": "2026-12-25", "special_0_hours": "closed", "special_0_why": "Christmas Day"}
    typed |= {"special_1": "2026-12-31", "special_1_hours": "10-14"}
    held = read(typed, (), "service", CAFE, definition, TODAY).entry
    assert held is not None
    assert value_in_words(held, "hours", {}).endswith(
        "25 December 2026 closed (Christmas Day); 31 December 2026 10:00-14:00 (A special day)"
    )
    shown = fields_of(held, TODAY)
    assert shown["special_0_why"] == "Christmas Day"
    without = read({**shown, "special_0": ""}, (), "service", held, definition, TODAY).entry
    assert without is not None
    assert without.hours is not None
    assert [day.date.isoformat() for day in without.hours.special_days] == ["2026-12-31"]


def test_a_past_special_day_is_kept_and_not_shown(definition: Definition) -> None:
    typed = {**fields_of(CAFE), "open": "week", "mon": "18:00-22:00", "special_0": "2025-12-25"}
    held = read(typed, (), "service", CAFE, definition, TODAY).entry
    assert held is not None
    assert "special_0" not in fields_of(held, TODAY)
    again = read(fields_of(held, TODAY), (), "service", held, definition, TODAY).entry
    assert again == held


def test_a_mistake_in_a_special_day_is_told_at_its_row(definition: Definition) -> None:
    typed = {**fields_of(CAFE), "open": "week", "special_0": "2026-12-25", "special_1": "2026-12-25"}
    found = read({**typed, "special_0_hours": "evenings"}, (), "service", CAFE, definition, TODAY)
    assert set(found.mistakes) == {"special_0", "special_1"}
    without_hours = read({**typed, "open": "unknown"}, (), "service", CAFE, definition, TODAY)
    assert "by the week" in without_hours.mistakes["special_0"]
