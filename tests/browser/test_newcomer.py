"""Somebody new runs the demonstration and talks with themself in three windows of one browser."""

import asyncio
import re
from pathlib import Path

from playwright.async_api import Page, expect

from app import DEMO
from tests.browser.chromium import Windows
from tests.browser.on_shift import answer, check_in, said, write
from tests.browser.the_evening_hands import check_fits, sign_in
from tests.crash.server import Server

MINUTE = 60.0


class Printed:
    """What the demonstration printed when it started, read as a newcomer reads it."""

    def __init__(self, text: str) -> None:
        self.text = text

    def place(self, name: str) -> str:
        found = re.search(rf"^{name} +(http://\S+)", self.text, re.MULTILINE)
        assert found, f"no address of the {name} in\n{self.text}"
        return found[1]

    def password(self, name: str) -> str:
        found = re.search(rf"^{name} +(\S+)", self.text, re.MULTILINE)
        assert found, f"no password of {name} in\n{self.text}"
        return found[1]


async def another(first: Page, windows: Windows) -> Page:
    """One more window of the same browser, with its cookies."""
    page = await first.context.new_page()
    windows.watch(page)
    return page


async def test_within_a_minute_a_newcomer_is_person_supporter_and_lead_in_one_browser(
    tmp_path: Path, windows: Windows
) -> None:
    server = Server(tmp_path / "demonstration", DEMO)
    try:
        async with asyncio.timeout(MINUTE):
            await server.start()
            printed = Printed(server.said())
            person = await windows.open(printed.place("person"))
            desk, board = await another(person, windows), await another(person, windows)
            for page, place, name in ((desk, "desk", "ania"), (board, "board", "jo")):
                url = printed.place(place).removesuffix(f"/{place}")
                await sign_in(page, url, f"/{place}", name, printed.password(name))
            await check_in(desk)
            await person.fill("#box", "is anybody there")
            await person.click("#send")
            await expect(board.locator(".list-waiting li")).to_contain_text("Offered to Ania")
            await answer(desk)
            await write(desk, "Yes, I am here.")
            await expect(said(desk, "is anybody there")).to_be_visible()
            await expect(person.locator("#log .them p")).to_have_text("Yes, I am here.")
            await expect(board.locator(".list-live li")).to_contain_text("With Ania")
        for page in (person, desk, board):
            await expect(page.get_by_text(re.compile("demonstration", re.IGNORECASE)).first).to_be_visible()
            await check_fits(page)
            await page.reload()
        await expect(board.locator(".list-live li")).to_contain_text("With Ania")
        await expect(said(desk, "Yes, I am here.")).to_be_visible()
    finally:
        await server.kill()


async def test_within_a_minute_a_newcomer_texts_and_is_rung_back(tmp_path: Path, windows: Windows) -> None:
    server = Server(tmp_path / "demonstration", DEMO)
    try:
        async with asyncio.timeout(MINUTE):
            await server.start()
            printed = Printed(server.said())
            phones = await windows.open(printed.place("phone"))
            desk = await another(phones, windows)
            await sign_in(desk, server.url, "/desk", "dev", printed.password("dev"))
            await check_in(desk)
            await phones.get_by_label("Text CALL ME from phone 1").click()
            await answer(desk)
            await desk.get_by_role("button", name="Ring them").click()
            for label in (
                "Answer Dev's phone",
                "Press 1 on Dev's phone",
                "Answer phone 1",
                "Hang up phone 1",
            ):
                await phones.get_by_role("button", name=label).click()
            await expect(desk.locator(".call-card")).to_contain_text("The call is over. How did it go?")
    finally:
        await server.kill()


async def test_killed_and_started_again_the_open_pages_go_on_by_themselves(
    tmp_path: Path, windows: Windows
) -> None:
    """A power cut in the middle of a conversation, with words on their way from both sides."""
    server = Server(tmp_path / "demonstration", DEMO)
    try:
        await server.start()
        printed = Printed(server.said())
        person = await windows.open(printed.place("person"))
        desk = await windows.open()
        await sign_in(desk, server.url, "/desk", "lou", printed.password("lou"))
        board = await windows.open()
        await sign_in(board, server.url, "/board", "jo", printed.password("jo"))
        await check_in(desk)
        await person.fill("#box", "one")
        await person.click("#send")
        await answer(desk)
        await write(desk, "two")
        await expect(person.locator("#log .them p")).to_have_text("two")
        await person.fill("#box", "half a tho")

        await server.kill()
        await expect(person.locator("#status")).to_have_text("Reconnecting. You can keep writing.")
        await expect(desk.locator("#strip")).to_contain_text("Your line is lost")
        await expect(board.locator("#strip")).to_contain_text("The board's line is lost")
        await person.locator("#box").press_sequentially("ught")
        await person.click("#send")
        await write(desk, "written without a server")
        await server.start()

        for page in (person, desk):
            talk = page.get_by_role("log").locator(".said > p")
            await expect(talk).to_have_count(4)
            assert (await talk.all_text_contents())[:2] == ["one", "two"]
            assert sorted((await talk.all_text_contents())[2:]) == [
                "half a thought",
                "written without a server",
            ]
        await expect(desk.locator("#readiness")).to_contain_text("Ready")
        await expect(desk.locator("#strip")).not_to_contain_text("Your line is lost")
        await expect(person.locator("#who")).to_have_text("Lou is with you")
        await expect(board.locator(".list-live li")).to_contain_text("With Lou")
        await write(desk, "and we go on")
        await expect(person.locator("#log .them p").last).to_have_text("and we go on")
    finally:
        await server.kill()
