"""Whoever plans sees on the page of gaps who was not written to, so that they tell them otherwise."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer

from app import init_app
from tests.clock import SetClock
from tests.helpline.letter_rota import MONDAY, letter_definition, slot
from tests.helpline.mail_house import USER, MailHouse
from tests.webchat.conftest import House, settings_in
from tests.webchat.lines import new_id
from tests.webchat.rota_visitor import RotaHouse


@pytest.fixture
async def mail() -> AsyncIterator[MailHouse]:
    opened = await MailHouse().open()
    yield opened
    await opened.close()


@asynccontextmanager
async def service(folder: Path, mail: MailHouse | None, **people: Any) -> AsyncIterator[RotaHouse]:
    written = {"mail": f"smtp://127.0.0.1:{mail.port}", "mail_from": USER} if mail is not None else {}
    clock = SetClock(MONDAY)
    app = init_app(
        settings_in(folder, demo=False, **written), clock, definition=letter_definition(folder, **people)
    )
    async with TestClient(TestServer(app)) as client:
        yield RotaHouse(House(client), clock)


async def ask_eve_and_cy(rota: RotaHouse) -> None:
    """Ania asks two people to cover her Monday, and the post has done what it can for now."""
    who = rota.house.helpline.people.principal("ania")
    assert who is not None
    await rota.rota.ask_cover(who, slot("ania-MO", 23), new_id(), to=("eve", "cy"))
    await rota.house.helpline.post.settled()


async def letters_line(rota: RotaHouse) -> str:
    robin = await rota.visitor("robin", "/rota/gaps")
    assert robin.status == 200
    return robin.text.partition('id="letters">')[2].partition("</p>")[0]


async def test_without_a_mail_server_it_says_that_nobody_is_written_to(tmp_path: Path) -> None:
    async with service(tmp_path, None) as rota:
        assert await letters_line(rota) == (
            "No mail server is set up, so nobody gets letters. Please tell people yourself."
        )


async def test_where_letters_go_to_everybody_nothing_is_said(tmp_path: Path, mail: MailHouse) -> None:
    async with service(tmp_path, mail) as rota:
        await ask_eve_and_cy(rota)
        assert await letters_line(rota) == ""
        assert {str(letter["To"]) for letter in mail.letters} >= {"eve@example.org", "cy@example.org"}


async def test_whoever_was_not_reached_or_has_no_address_is_named_as_shown(
    tmp_path: Path, mail: MailHouse
) -> None:
    async with service(tmp_path, mail, without="ben") as rota:
        mail.at, mail.answers = "RCPT", ["550 5.1.1 nobody of that name"]
        await ask_eve_and_cy(rota)
        [failed] = rota.house.helpline.post.state().failed
        assert await letters_line(rota) == (
            f"A letter did not reach {failed.to.title()}. No e-mail address for Ben. "
            "Please tell them yourself."
        )


async def test_a_mail_server_that_takes_nothing_is_said_in_plain_words(
    tmp_path: Path, mail: MailHouse
) -> None:
    async with service(tmp_path, mail) as rota:
        mail.answers = ["421 4.7.0 not now"] * 9
        await ask_eve_and_cy(rota)
        said = await letters_line(rota)
        assert said.startswith("Letters are not going out. The mail server ")
        assert said.endswith("They are tried again.")
