"""A supervisor changes a number by keyboard, and it is on the card a person prints; every page is for everybody."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import expect

from tests.browser.chromium import LOOKS, Look, Windows
from tests.browser.evening import Evening
from tests.browser.staff_pages import check_sound, shown_to, supervised_evening


@pytest_asyncio.fixture
async def tonight(tmp_path: Path) -> AsyncIterator[Evening]:
    async with supervised_evening(tmp_path) as running:
        yield running


@pytest.mark.parametrize("look", LOOKS[:1] + LOOKS[-1:], ids=str)
async def test_a_number_changed_by_keyboard_is_on_the_card_a_person_prints(
    tonight: Evening, windows: Windows, look: Look
) -> None:
    directory = tonight.helpline.directory
    line = next(one for one in directory.contacts if one.role == "crisis_line" and one.line == "public")
    place = tonight.helpline.definition.localities[0]
    page = await shown_to("sue", tonight, windows, f"/directory?place={place.id}", look)
    await check_sound(page)
    await page.get_by_role("link", name=line.name).press("Enter")
    await expect(page.get_by_role("heading", name=line.name)).to_be_visible()
    await check_sound(page)
    await page.get_by_role("link", name="Change it").press("Enter")
    await page.locator("#number").fill("soon")
    await page.locator("#number").press("Enter")
    await expect(page.locator("#mistakes")).to_be_focused()
    await check_sound(page)
    await page.locator("#number").fill("020 7946 0199")
    await page.locator("#number").press("Enter")
    await expect(page.locator("#what")).to_be_focused()
    await expect(page.locator("#preview")).to_contain_text("becomes 020 7946 0199")
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await expect(page.locator("main")).to_contain_text("Sue changed it")

    person = await windows.open(f"{tonight.url}/card/{place.id}", screen=look.screen, scheme=look.scheme)
    await expect(person.get_by_role("link", name="020 7946 0199")).to_be_visible()
    await check_sound(person)
    await person.emulate_media(media="print")
    await expect(person.get_by_text("020 7946 0199")).to_be_visible()
    await expect(person.locator("#safe")).to_be_hidden()
    # On paper nothing is behind an edge that only scrolling would show.
    assert await person.evaluate(
        "document.getElementById('main').scrollHeight <= document.getElementById('main').clientHeight"
    )
