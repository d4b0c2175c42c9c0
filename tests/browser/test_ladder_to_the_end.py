"""From rung 4 to its end at the desk and on the board: help confirmed, or two who sign that it could not be."""

from pathlib import Path

from playwright.async_api import Page, expect

from tests.browser.chromium import Windows, check_accessible
from tests.browser.evening import Evening
from tests.browser.on_shift import Comer, answer, at_the_desk, somebody_comes, staffed_evening


async def at_emergency(page: Page, tonight: Evening) -> Comer:
    """Somebody comes, is answered on `page`, and is at rung 4 with 999 rung and answered."""
    comer = await somebody_comes(tonight, "i have taken them all")
    await answer(page)
    await page.get_by_role("button", name="Go to Emergency").click()
    await expect(page.locator(".loop")).to_contain_text("The checks begin when 999 has answered.")
    await page.get_by_role("button", name="Rang 999, they answered").click()
    await expect(page.locator(".loop")).to_contain_text("Ask again by")
    return comer


async def asks_not_yet(page: Page) -> None:
    await page.get_by_role("button", name="Not yet", exact=True).click()
    await expect(page.locator(".loop")).to_contain_text("Asked once")


async def ends_and_wraps_up(page: Page) -> None:
    """The conversation is ended, the record written, the debrief had; then whoever it was is free."""
    await page.get_by_role("button", name="End", exact=True).click()
    await page.get_by_role("button", name="End it now").click()
    tasks = page.locator(".tasks")
    await expect(tasks).to_contain_text("The record: what happened")
    await expect(tasks).to_contain_text("Talk it over with somebody before you leave.")
    await check_accessible(page)
    await tasks.get_by_role("button", name="Write it now").click()
    await expect(page.locator("#note-title")).to_be_focused()
    await page.locator("[data-note]").first.fill("Took tablets; 999 came.")
    await expect(tasks).not_to_contain_text("The record")
    await tasks.get_by_role("button", name="We have talked").click()
    await expect(tasks).to_have_count(0)
    await page.locator("[name=outcome]").first.check()
    await page.get_by_role("button", name="Done, I'm free").click()
    await expect(page.get_by_role("log")).to_be_hidden()


async def test_nothing_ends_until_help_is_with_them_and_then_one_press_says_so(
    tmp_path: Path, windows: Windows
) -> None:
    async with staffed_evening(tmp_path, "dev") as tonight:
        page = await at_the_desk(windows, tonight, "Dev")
        comer = await at_emergency(page, tonight)
        await asks_not_yet(page)
        await check_accessible(page)
        await page.get_by_role("button", name="End", exact=True).click()
        await expect(page.locator(".ending")).to_contain_text("Nobody has confirmed yet")
        await page.get_by_role("button", name="End it now").click()
        await expect(page.locator("#help")).to_contain_text(
            "nobody has confirmed yet that help has reached them"
        )
        await page.locator(".ending").get_by_role("button", name="Has help reached them?").click()
        await expect(page.locator("#loop-title")).to_be_focused()
        await expect(page.locator("#loop-title")).to_be_in_viewport()
        await page.get_by_role("button", name="End", exact=True).click()
        await page.get_by_role("button", name="Yes, help is with them").click()
        await expect(page.locator(".loop")).to_contain_text("Yes. Confirmed at")
        loop = tonight.now(comer.contact).ladder.loop
        assert loop is not None
        assert (loop.ended, loop.checks) == ("confirmed", 2)
        await ends_and_wraps_up(page)
        assert [task.how for task in tonight.now(comer.contact).ladder.tasks] == ["done"]
