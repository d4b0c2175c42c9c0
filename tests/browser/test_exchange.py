"""A supervisor takes a file in with three bad rows and takes it back; a person comes from "not safe" to the card; a
supporter puts a service near them into the message."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import expect

from helpline.directory_services import Service
from helpline.people import Principal
from tests.browser.chromium import LOOKS, Look, Windows, check_accessible
from tests.browser.evening import Evening
from tests.browser.on_shift import answer, at_the_desk, somebody_comes, staffed_evening
from tests.browser.staff_pages import check_sound, shown_to, supervised_evening

GOOD = "".join(f"Haven {n},020 7946 0{n:03},mon-sun 18:00-23:00\n" for n in range(1, 198))
BAD = "Bad one,soon,\nBad two,,evenings\nHaven 1,,\n"


@pytest_asyncio.fixture
async def tonight(tmp_path: Path) -> AsyncIterator[Evening]:
    async with supervised_evening(tmp_path) as running:
        yield running


def lines_of(file: Path) -> list[str]:
    return file.read_text(encoding="utf-8-sig").splitlines()


@pytest.mark.parametrize("look", LOOKS[-1:], ids=str)
async def test_a_file_with_three_bad_rows_is_taken_in_and_taken_back(
    tonight: Evening, windows: Windows, look: Look, tmp_path: Path
) -> None:
    file = tmp_path / "services.csv"
    file.write_text(f"name,number,hours\n{GOOD}{BAD}", encoding="utf-8")
    page = await shown_to("sue", tonight, windows, "/directory/import", look)
    await check_sound(page)
    await page.get_by_label("A table (CSV)").set_input_files(file)
    await page.get_by_role("button", name="Show what it would change").click()
    await expect(page.get_by_role("heading", name="What it would change")).to_be_focused()
    await expect(page.locator("main")).to_contain_text("197 new entries")
    await expect(page.locator("main")).to_contain_text("3 are refused")
    await expect(page.locator("main")).to_contain_text("Line 199, Bad one: “soon” is no telephone number")
    await check_sound(page)
    async with page.expect_download() as begun:
        await page.get_by_role("link", name="All of them as a table").click()
    await (await begun.value).save_as(tmp_path / "refused.csv")
    assert len(lines_of(tmp_path / "refused.csv")) == 4
    await page.get_by_role("button", name="Take them in").click()
    await expect(page.locator("main")).to_contain_text("Sue took it in from a file")
    await check_sound(page)
    assert len(tonight.helpline.directory.services) == 197
    await page.get_by_role("button", name="Undo").first.click()
    await expect(page.locator("main")).to_contain_text("Sue undid a change")
    assert tonight.helpline.directory.services == ()


@pytest.mark.parametrize("look", LOOKS[:1], ids=str)
async def test_a_person_comes_from_not_safe_to_the_numbers_near_them(
    tonight: Evening, windows: Windows, look: Look
) -> None:
    place = tonight.helpline.definition.localities[0]
    page = await windows.open(f"{tonight.url}/chat?lang=ur", screen=look.screen, scheme=look.scheme)
    await page.locator("#safe button").click()
    await expect(page.locator("#safe-now")).to_be_visible()
    await check_sound(page)
    await page.locator("#safe-now .card-link").click()
    await expect(page.locator("h1")).to_be_visible()
    await check_sound(page)
    await page.get_by_role("link", name=place.name).click()
    await expect(page.locator("html")).to_have_attribute("lang", "ur")
    await expect(page.locator(".numbers").get_by_text("999", exact=True)).to_be_visible()
    await expect(page.locator("#leave")).to_be_visible()
    await check_sound(page)


async def test_a_supporter_puts_a_service_near_them_into_the_message_and_nothing_is_sent_by_itself(
    tmp_path: Path, windows: Windows
) -> None:
    async with staffed_evening(tmp_path, "dev") as tonight:
        directory, sue = tonight.helpline.directory, Principal("sue", "Sue", ("supervisor",))
        cafes = [
            Service(id=name.casefold(), name=f"{name} café", kind="crisis_cafe", number=number)
            for name, number in (("Night", "020 7946 0111"), ("Day", "020 7946 0112"))
        ]
        await directory.take_in(sue, cafes, "services-1", seen=directory.seq)
        page = await at_the_desk(windows, tonight, "Dev")
        await somebody_comes(tonight, "hello there")
        await answer(page)
        message = page.locator("#message")
        await message.fill("You could go here:")
        fold = page.locator(".services-card")
        await fold.locator("summary").press("Enter")
        await expect(fold.locator("li")).not_to_have_count(0)
        await fold.get_by_label("Name or kind").fill("night café")
        await expect(fold.locator("li")).to_have_count(1)
        await check_accessible(page)
        await fold.get_by_role("button", name="Put into the message").click()
        await expect(message).to_have_value("You could go here: Night café\n020 7946 0111")
        await expect(message).to_be_focused()
        await expect(page.locator("#log")).not_to_contain_text("020 7946 0111")
