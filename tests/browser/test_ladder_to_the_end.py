"""From rung 4 to its end at the desk and on the board: help confirmed, or two who sign that it could not be."""

from pathlib import Path

from playwright.async_api import Page, expect

from tests.browser.chromium import Windows, check_accessible
from tests.browser.evening import Evening
from tests.browser.on_shift import Comer, answer, at_the_desk, signed_in, somebody_comes, staffed_evening


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


async def test_what_nobody_could_confirm_is_signed_at_the_desk_and_by_the_lead_on_the_board(
    tmp_path: Path, windows: Windows
) -> None:
    async with staffed_evening(tmp_path, "dev", "jo") as tonight:
        page = await at_the_desk(windows, tonight, "Dev")
        comer = await at_emergency(page, tonight)
        await asks_not_yet(page)
        await page.get_by_role("button", name="We could not confirm it").click()
        await page.get_by_label("What was tried").fill("Rang 999 twice and the hospital")
        await page.get_by_label("999's reference, or who you spoke to").fill("CAD 1234")
        await check_accessible(page)
        await page.get_by_role("button", name="Sign this").click()
        await expect(page.locator(".loop")).to_contain_text("Somebody else must sign too.")
        await expect(page.locator(".loop").get_by_role("button", name="I sign this too")).to_have_count(0)

        board = await signed_in(windows, tonight, "Jo", "/board")
        line = board.locator(".on-ladder .person")
        await expect(line).to_contain_text(f"{comer.name} Emergency")
        await expect(line).to_contain_text("With Dev")
        await expect(line).to_contain_text("Dev signed: could not be confirmed")
        await expect(line.locator("[data-due]")).to_contain_text("in ")
        await expect(board.locator("#alerts")).to_contain_text(
            "Your signature too: help could not be confirmed"
        )
        await check_accessible(board)
        await line.get_by_role("button", name=f"Open {comer.name}").click()
        signed = board.locator("#drawer .signed")
        await expect(signed).to_contain_text("Tried: Rang 999 twice and the hospital")
        await expect(signed).to_contain_text("Reference: CAD 1234")
        await check_accessible(board)
        await signed.get_by_role("button", name="I sign this too").click()
        await expect(board.locator("#drawer .loop")).to_contain_text(
            "It could not be confirmed. Signed by Dev and Jo"
        )
        await expect(page.locator(".loop")).to_contain_text("Signed by Dev and Jo")
        loop = tonight.now(comer.contact).ladder.loop
        assert loop is not None
        assert loop.ended == "not_confirmed"
        await ends_and_wraps_up(page)
        await expect(board.locator(".on-ladder")).to_have_count(0)
