"""Every state of the desk, looked at on a phone and a laptop, by day and by night, by axe."""

from pathlib import Path

from playwright.async_api import Page, expect

from tests.browser.chromium import PHONE, Look, Windows, check_accessible
from tests.browser.on_shift import answer, check_in, signed_in, somebody_comes, staffed_evening, write


async def check_no_wider_than_its_window(page: Page) -> None:
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")


async def test_every_state_of_the_desk_is_accessible(tmp_path: Path, windows: Windows, look: Look) -> None:
    async with staffed_evening(tmp_path, "dev") as tonight:
        page = await windows.open(f"{tonight.url}/sign-in", screen=look.screen, scheme=look.scheme)
        await check_accessible(page)
        page = await signed_in(windows, tonight, "Dev", screen=look.screen, scheme=look.scheme)
        await expect(page.get_by_role("button", name="Start my shift")).to_be_visible()
        await check_accessible(page)
        await check_in(page)
        await check_accessible(page)
        await somebody_comes(tonight, "لا أستطيع النوم", "en", for_whom="me", area="BD3")
        await expect(page.locator(".offer")).to_be_visible()
        await check_accessible(page)
        await answer(page)
        await write(page, "I'm here.")
        await page.locator("#message").press_sequentially("/")
        await expect(page.get_by_role("listbox")).to_be_visible()
        await check_accessible(page)
        await page.keyboard.press("Escape")
        await page.locator("#message").fill("")
        await check_no_wider_than_its_window(page)
        await page.get_by_role("button", name="Go to Emergency").click()
        await expect(page.get_by_text("We are at Emergency")).to_be_visible()
        if look.screen is PHONE:
            await page.get_by_role("button", name="Help", exact=True).click()
        await page.get_by_text("Everyone on this step, in order").click()
        await page.get_by_text("Go to any step").click()
        await page.get_by_text("More of the note").click()
        await page.get_by_role("button", name="Ask the lead").click()
        await expect(page.locator("#strip")).to_contain_text("Asked the lead")
        await check_accessible(page)
        await check_no_wider_than_its_window(page)
        await page.get_by_role("button", name="Shift").click()
        await check_accessible(page)
        await page.get_by_role("button", name="Keys of this desk").click()
        await check_accessible(page)
        await page.get_by_role("button", name="Put away", exact=True).click()
        await page.get_by_role("button", name="End", exact=True).click()
        await page.get_by_role("button", name="End it now").click()
        await expect(page.get_by_role("alert").filter(has_text="This is an emergency")).to_be_visible()
        await check_accessible(page)
        await check_no_wider_than_its_window(page)
        await page.get_by_role("button", name="Yes, help is with them").click()
        await expect(page.locator(".loop")).to_contain_text("Yes. Confirmed at")
        await page.get_by_role("button", name="End it now").click()
        await expect(page.get_by_role("heading", name="Wrap up")).to_be_visible()
        await check_accessible(page)


async def test_what_is_pressed_in_a_hurry_is_large_enough(
    tmp_path: Path, windows: Windows, look: Look
) -> None:
    async with staffed_evening(tmp_path, "dev") as tonight:
        page = await signed_in(windows, tonight, "Dev", screen=look.screen, scheme=look.scheme)
        await check_in(page)
        await somebody_comes(tonight)
        await answer(page)
        for name in ("Ask the lead", "I must stop now", "Go to Emergency", "Rang 999", "Send"):
            box = await page.get_by_role("button", name=name).bounding_box()
            assert box is not None, name
            assert box["height"] >= 44, (name, box)
            assert box["width"] >= 44, (name, box)
