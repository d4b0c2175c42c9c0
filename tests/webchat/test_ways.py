"""A service may take people by chat, by text and by call-back, in any combination: each opens and does what is right."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from io import StringIO
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer
from rich.console import Console

from app import init_app
from helpline.commands.check import check
from helpline.commands.serve import serve, settings_for
from helpline.definition import read_definition
from helpline.numbers import as_read
from helpline.service import Helpline
from tests.clock import SetClock
from tests.helpline.definitions import NOTE, TEAM, TOP
from tests.helpline.evening import EIGHT
from tests.sms.carrier_house import OURS, CarrierHouse
from tests.sms.test_hooks import Doors, credentials_file
from tests.webchat.conftest import House, settings_in
from tests.webchat.lines import new_id

ALL = ("web", "sms", "call")
WAYS = [chosen for count in (1, 2, 3) for chosen in combinations(ALL, count)]
PERSON = """
[[people]]
id = "{id}"
name = "{id}"
shown_name = "{id}"
roles = ["{role}"]
languages = ["en"]
{channels}
"""
SHIFT = """
[[shifts]]
id = "{id}"
person = "{id}"
role = "{role}"
starts = 2026-01-05T18:00:00
ends = 2026-01-06T02:00:00
rrule = "FREQ=DAILY"
"""
EMERGENCY = """
[[crisis_contacts]]
id = "emergency"
name = "999, ambulance"
role = "emergency_999"
number = "999"
line = "public"
"""


def service_file(folder: Path, channels: tuple[str, ...]) -> Path:
    """A service that takes people by these. Its people name them where they could mean the chat alone."""
    named = ", ".join(f'"{one}"' for one in channels)
    hours = "".join(f'\n[hours.channels.{one}]\nweek = "always"\n' for one in channels)
    spoken = '\n[languages]\ndefault = "en"\npromised = ["en", "cy", "pl", "ur", "ar"]\n'
    minimum = "\n[staffing]\nsupporters = 1\nlead = false\non_call = false\npeers_alone = true\n"
    both = (("sam", "supporter"), ("robin", "supervisor"))
    own = f"channels = [{named}]" if "web" in channels else ""
    people = "".join(PERSON.format(id=id, role=role, channels=own) for id, role in both)
    made = f"{TOP}channels = [{named}]\n{spoken}{minimum}{hours}{NOTE}{TEAM}{EMERGENCY}{people}"
    path = folder / "evening.toml"
    path.write_text(made + SHIFT.format(id="sam", role="supporter"), encoding="utf-8")
    return path


@asynccontextmanager
async def running(folder: Path, channels: tuple[str, ...]) -> AsyncIterator[Doors]:
    """The whole service, with a carrier on this machine."""
    carrier, clock = await CarrierHouse().open(), SetClock(EIGHT)
    carrier.now = EIGHT
    definition = read_definition(service_file(folder, channels))
    where = settings_in(folder, carrier=credentials_file(folder, carrier.origin))
    async with TestClient(TestServer(init_app(where, clock, definition=definition))) as client:
        yield Doors(client, carrier, clock)
    await carrier.close()
    assert carrier.wrong == []


async def page(client: TestClient[Any, Any], path: str = "/") -> str:
    async with client.get(path) as answer:
        assert answer.status == 200
        return await answer.text()


@pytest.mark.parametrize("channels", WAYS, ids="+".join)
def test_a_file_with_any_channels_passes_the_check(tmp_path: Path, channels: tuple[str, ...]) -> None:
    said = StringIO()
    assert check([service_file(tmp_path, channels)], Console(file=said, width=200)) == 0
    assert "error" not in said.getvalue()


@pytest.mark.parametrize("channels", WAYS, ids="+".join)
async def test_the_start_page_offers_what_the_service_has_and_nothing_else(
    tmp_path: Path, channels: tuple[str, ...]
) -> None:
    async with running(tmp_path, channels) as doors:
        for path in ("/", "/chat"):
            shown = await page(doors.client, path)
            assert ('id="compose"' in shown) == ("web" in channels)
            assert ('id="safe"' in shown and 'class="lamp"' in shown) == ("web" in channels)
            assert 'href="tel:999"' in shown
            assert 'href="tel:111"' in shown
            assert 'href="/leave"' in shown
            if "web" not in channels:
                assert (">01632 960800<" in shown) == ("sms" in channels)
                assert (f'href="sms:{OURS}"' in shown) == ("sms" in channels)
                assert ('href="/call-me"' in shown) == ("call" in channels)


@pytest.mark.parametrize("channels", WAYS, ids="+".join)
async def test_the_desk_and_the_board_work_and_name_those_channels(
    tmp_path: Path, channels: tuple[str, ...]
) -> None:
    async with running(tmp_path, channels) as doors:
        house = House(doors.client)
        board = await house.staff("/board", "robin")
        assert set((await board.heard("snapshot"))["open"]) == set(channels)
        desk = await house.on_shift("sam")
        assert set(doors.helpline.roster.attendance("sam").channels) == set(channels)
        for path in ("/desk", "/board", "/rota", "/hours"):
            async with doors.client.get(path, cookies=await house.session("robin")) as answer:
                assert answer.status == 200, path
        if "sms" in channels:
            assert await doors.text("are you there") == 200
            assert (await desk.heard("offer"))["channel"] == "sms"
        await house.close()


@pytest.mark.parametrize("channels", [("web",), ("call",), ("web", "call")], ids="+".join)
async def test_a_text_to_a_service_that_takes_none_is_kept_and_honestly_answered(
    tmp_path: Path, channels: tuple[str, ...]
) -> None:
    async with running(tmp_path, channels) as doors:
        assert await doors.text("are you there") == 200
        (contact,) = doors.helpline.contacts()
        told = [
            event.body.what
            for event in await doors.helpline.logbook.read(contact.log)
            if event.kind == "told"
        ]
        assert (contact.phase, told) == ("stored", ["closed"])
        assert await doors.words() == ["are you there"]


async def test_nobody_begins_a_chat_where_there_is_none_and_what_they_typed_is_shown_again(
    tmp_path: Path,
) -> None:
    async with running(tmp_path, ("sms",)) as doors:
        house = House(doors.client)
        line = await house.person()
        answer = await line.call("start", {"client_id": new_id(), "language": "en"})
        assert answer["error"]["code"] == "not_allowed"
        shown = await page(doors.client)
        csrf = re.search(r'name="csrf" value="([0-9a-f]+)"', shown)
        assert csrf
        for step in ("start", "say", "not-safe"):
            sent = {"csrf": csrf[1], "client_id": new_id(), "text": "I wrote this <before>"}
            async with doors.client.post(f"/chat/{step}", data=sent, allow_redirects=False) as refused:
                told = await refused.text()
                assert refused.status == 403, step
            assert "I wrote this &lt;before&gt;" in told
            assert ">01632 960800<" in told
        assert doors.helpline.contacts() == []
        await house.close()


@pytest.mark.parametrize(
    ("language", "word"), [("cy", "neges destun"), ("pl", "SMS"), ("ur", "ٹیکسٹ"), ("ar", "رسالة نصية")]
)
async def test_the_way_is_told_in_the_language_of_who_asks(tmp_path: Path, language: str, word: str) -> None:
    async with running(tmp_path, ("sms",)) as doors:
        shown = await page(doors.client, f"/?lang={language}")
        assert word in shown
        assert ">01632 960800<" in shown
        assert "You can text us" not in shown
        assert "You can text us" in await page(doors.client, "/?lang=en")


async def test_without_a_phone_line_no_number_is_invented(tmp_path: Path) -> None:
    definition = read_definition(service_file(tmp_path, ("sms",)))
    app = init_app(settings_in(tmp_path, demo=False), SetClock(EIGHT), definition=definition)
    async with TestClient(TestServer(app)) as client:
        shown = await page(client)
        assert "Please ring one of these numbers" in shown
        assert 'href="sms:' not in shown
        assert 'href="tel:999"' in shown


async def test_a_channel_taken_up_later_has_the_hours_of_its_file(tmp_path: Path) -> None:
    async with running(tmp_path, ("web",)):
        pass
    async with running(tmp_path, ("web", "sms")) as doors:
        assert await doors.text("are you there") == 200
        (contact,) = doors.helpline.contacts()
        assert contact.phase == "waiting"
        steps = await doors.helpline.logbook.read("r-rota")
    async with running(tmp_path, ("web", "sms")) as doors:
        assert len(await doors.helpline.logbook.read("r-rota")) == len(steps)


async def test_a_chat_of_before_goes_on_when_the_service_takes_only_texts_now(tmp_path: Path) -> None:
    token = "x" * 43
    async with running(tmp_path, ("web",)) as doors:
        house = House(doors.client)
        _, begun = await house.started(token=token)
        await house.close()
    async with running(tmp_path, ("sms",)) as doors:
        helpline: Helpline = doors.helpline
        assert await helpline.contact_of(token) == begun["contact"]
        house = House(doors.client)
        line = await house.person(token)
        said = await line.call("say", {"client_id": new_id(), "text": "still here"})
        assert "error" not in said, said
        assert await doors.words() == ["still here"]
        await house.close()


def test_a_service_of_texts_alone_does_not_open_without_a_phone_line(tmp_path: Path) -> None:
    said = StringIO()
    text = (
        service_file(tmp_path, ("sms",)).read_text().replace("960110", "000110").replace("960114", "000114")
    )
    file = tmp_path / "real.toml"
    file.write_text(
        text.replace("01632", "01274") + '\n[ladder]\napproved_by = "Robin"\napproved_on = 2026-01-01\n'
    )
    opened = serve(
        settings_for(file, data=tmp_path / "data", keys=tmp_path / "keys"),
        lambda settings, definition: pytest.fail("it opened"),
        Console(file=said, width=200),
    )
    assert opened == 1
    assert "--carrier" in said.getvalue()


@pytest.mark.parametrize(
    ("number", "country", "read"),
    [
        ("+441632960800", "GB", "01632 960800"),
        ("+441632960800", "FR", "+44 1632 960800"),
        ("999", "GB", "999"),
        ("x", "GB", "x"),
    ],
)
def test_a_number_is_shown_as_people_there_write_it(number: str, country: str, read: str) -> None:
    assert as_read(number, country) == read
