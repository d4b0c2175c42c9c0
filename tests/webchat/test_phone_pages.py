"""The pretend phones of the demonstration: forms that work without JavaScript, and nobody else's to press."""

import asyncio
import re
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aiohttp.test_utils import TestClient, TestServer

from app import init_app
from helpline.definition import Definition
from sms.inbound import Text
from sms.intake import take_in
from sms.phone_line import PHONE_LINE
from sms.phone_pages import PRETEND
from sms.pretend import HANDSETS, OURS
from tests.webchat.conftest import House, settings_in

PAGE = "/demo/phone"


async def opened(house: House) -> str:
    async with house.client.get(PAGE) as response:
        assert response.status == 200
        return await response.text()


def token_of(page: str) -> str:
    found = re.search(r'name="token" value="([^"]+)"', page)
    assert found is not None
    return found[1]


async def pressed(house: House, step: str, **fields: str) -> str:
    """A form of the page is posted; what the page shows then."""
    fields = {"token": token_of(await opened(house)), **fields}
    async with house.client.post(f"{PAGE}/{step}", data=fields) as response:
        assert (response.status, response.url.path) == (200, PAGE)
        return await response.text()


async def settled(house: House) -> None:
    """Everything on its way has arrived."""
    for _ in range(3):
        await house.helpline.dispatcher.settled()
        await house.app[PRETEND].phone.settled()


def texts_on(page: str, place: int) -> list[tuple[str, str]]:
    """The texts one phone shows: its words and how they stand."""
    part = page.split(f'data-part="texts-{place}"')[1].split('data-part="closed')[0]
    return re.findall(
        r'class="words" dir="auto">(.*?)</p>.*?class="num">[^<]*</span> <span>(.*?)</span>', part, re.DOTALL
    )


async def test_a_text_from_a_handset_is_a_contact_and_gets_its_answer(house: House) -> None:
    await pressed(house, "text", place="1", words="are you there")
    await settled(house)
    (contact,) = house.helpline.contacts()
    assert contact.channel == "sms"
    page = await opened(house)
    assert texts_on(page, 1)[0] == ("are you there", "Sent")
    answer, state = texts_on(page, 1)[1]
    assert "a person will answer you here" in answer
    assert state == "Arrived"
    assert texts_on(page, 2) == texts_on(page, 3) == []


async def test_a_phone_that_is_off_says_that_nothing_arrived(house: House) -> None:
    assert "It is off" in await pressed(house, "switch", place="2", to="off")
    await pressed(house, "text", place="2", words="hello")
    await settled(house)
    assert texts_on(await opened(house), 2)[1][1] == "Did not arrive: this phone is off"
    assert "It is off" not in await pressed(house, "switch", place="2", to="on")


async def test_end_closes_a_phone_and_start_opens_it(house: House) -> None:
    await pressed(house, "text", place="1", words="hello")
    assert "Takes no texts from the helpline" in await pressed(house, "text", place="1", words="END")
    (contact,) = house.helpline.contacts()
    assert contact.texts.opted_out
    assert "Takes no texts from the helpline" not in await pressed(house, "text", place="1", words="START")


async def test_a_picture_is_kept_as_sent_and_never_opened(house: House) -> None:
    page = await pressed(house, "text", place="3", picture="1")
    assert texts_on(page, 3)[0] == ("A picture", "Sent")
    (contact,) = house.helpline.contacts()
    shown, _ = await house.helpline.staff_events(contact.log)
    assert [one["count"] for one in shown if one["kind"] == "picture_sent"] == [1]


async def test_what_is_sent_while_the_line_is_down_is_taken_in_once_it_is_up(house: House) -> None:
    assert "The line is down" in await pressed(house, "line", to="down")
    page = await pressed(house, "text", place="1", words="anybody")
    assert texts_on(page, 1) == [("anybody", "Waits: the line is down")]
    assert house.helpline.contacts() == []
    page = await pressed(house, "line", to="up")
    assert texts_on(page, 1)[0] == ("anybody", "Sent")
    assert len(house.helpline.contacts()) == 1


async def test_words_are_shown_as_words(house: House) -> None:
    page = await pressed(house, "text", place="1", words="<b>x</b>")
    assert "<b>x</b>" not in page
    assert texts_on(page, 1)[0][0] == "&lt;b&gt;x&lt;/b&gt;"


async def test_a_page_that_follows_hears_of_a_change_at_once(house: House) -> None:
    seq = re.search(r'data-seq="(\d+)"', await opened(house))
    assert seq is not None
    follows = asyncio.create_task(followed(house, seq[1]))
    await asyncio.sleep(0)
    await house.app[PRETEND].phone.types("+447700900301", "are you there")
    assert "are you there" in await asyncio.wait_for(follows, 10)


async def followed(house: House, seq: str) -> str:
    async with house.client.get(f"{PAGE}/now", params={"seq": seq}) as response:
        return await response.text()


@pytest.mark.parametrize("fields", [{}, {"token": "guessed"}])
async def test_a_form_of_another_page_is_refused(house: House, fields: dict[str, str]) -> None:
    sent = {"place": "1", "words": "hello", **fields}
    async with house.client.post(f"{PAGE}/text", data=sent) as response:
        assert response.status == 403
    assert house.helpline.contacts() == []


async def test_it_answers_on_this_machine_only(house: House) -> None:
    async with house.client.get(PAGE, headers={"Host": "phones.example.org"}) as response:
        assert response.status == 421
    token = token_of(await opened(house))
    foreign = {"Sec-Fetch-Site": "cross-site"}
    async with house.client.post(f"{PAGE}/text", data={"token": token}, headers=foreign) as response:
        assert response.status == 403


@pytest.mark.parametrize("change", [{"demo": False}, {"channels": ("web",)}])
async def test_there_is_none_but_in_a_demonstration_that_takes_texts(
    tmp_path: Path, definition: Definition, change: dict[str, Any]
) -> None:
    settings = settings_in(tmp_path, **({"demo": False} if "demo" in change else {}))
    made = msgspec.structs.replace(definition, **change)
    async with (
        TestClient(TestServer(init_app(settings, definition=made))) as client,
        client.get(PAGE) as response,
    ):
        assert response.status == 404


async def test_the_board_is_told_since_when_the_line_is_silent(house: House) -> None:
    board = await house.board("jo")
    line, phone = house.app[PHONE_LINE], house.app[PRETEND].phone
    phone.cut(down=True)
    # Each of them is to be answered, and three silences in a row are an open circuit.
    for number in HANDSETS:
        await take_in(house.helpline, Text(f"SM{number}", number, OURS, "hello"))
    told = await board.heard("change", lambda one: "phone" in one)
    assert told["phone"] == {"silent_since": msgspec.to_builtins(line.outbox.circuit.since)}
    assert (await (await house.board("jo")).heard("snapshot"))["phone"] == told["phone"]
