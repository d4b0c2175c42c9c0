"""The end of a shift on the desk, and a lead who comes: said once, over nothing, and nobody is dropped."""

from datetime import datetime, timedelta
from pathlib import Path
from uuid import uuid4
from zoneinfo import ZoneInfo

import msgspec
from playwright.async_api import expect

from helpline.clock import SystemClock
from tests.browser.chromium import Windows, check_accessible
from tests.browser.evening import Evening
from tests.browser.on_shift import answer, at_the_desk, signed_in, somebody_comes, staffed_evening


async def ends_in(tonight: Evening, id: str, minutes: int) -> str:
    """Their shift is made to end so soon; the time of day at which it does, as the desk says it."""
    helpline = tonight.helpline
    theirs = next(one for one in helpline.roster.rota.shifts if one.person == id)
    ends = SystemClock().now() + timedelta(minutes=minutes)
    wall = ends.astimezone(ZoneInfo(theirs.zone)).replace(tzinfo=None)
    await helpline.rota.replace_shifts([msgspec.structs.replace(theirs, ends=wall)], what="edited")
    leaves: datetime | None = helpline.roster.leaves_at(id, SystemClock().now())
    assert leaves is not None
    return f"{leaves.astimezone(ZoneInfo(theirs.zone)):%H:%M}"


async def test_a_shift_ends_with_three_ways_on_a_note_and_nobody_dropped(
    tmp_path: Path, windows: Windows
) -> None:
    async with staffed_evening(tmp_path, "dev") as tonight:
        page = await at_the_desk(windows, tonight, "Dev")
        comer = await somebody_comes(tonight)
        await answer(page)
        await page.locator("#message").fill("I am with you")
        await tonight.on_shift("lou")
        time = await ends_in(tonight, "dev", 15)
        strip = page.locator("#strip")
        await expect(strip).to_contain_text(f"Your shift ends at {time}.")
        await expect(strip).to_contain_text(f"{comer.name} is with you.")
        await expect(page.locator("#message")).to_be_focused()
        await expect(page.locator("#message")).to_have_value("I am with you")
        under = await page.evaluate(
            "document.querySelector('#talk').getBoundingClientRect().top"
            " - document.querySelector('#strip').getBoundingClientRect().bottom"
        )
        assert under >= 0, "the reminder stands over the conversation"
        for way in ("Finish together", "Hand over to a colleague", "Ask the lead to hold"):
            await expect(strip.get_by_role("button", name=f"{way}: {comer.name}")).to_be_visible()
        await check_accessible(page)

        await strip.get_by_role("button", name=f"Hand over to a colleague: {comer.name}").click()
        await expect(page.get_by_role("radio", name="Lou")).to_be_checked()
        await page.get_by_role("button", name="Offer", exact=True).click()
        assert await tonight.answered_by("lou") == comer.contact
        await page.get_by_role("button", name="Step out").click()
        await expect(page.get_by_role("log")).to_be_hidden()
        assert tonight.now(comer.contact).owner == "lou"

        await strip.get_by_role("button", name="OK", exact=True).last.click()
        await expect(strip).not_to_contain_text("Your shift ends")
        await page.reload()
        await expect(page.locator("#readiness")).to_be_visible()
        await expect(strip).not_to_contain_text("Your shift ends")

        await page.get_by_role("button", name="Shift").click()
        await page.get_by_role("button", name="A note for the next shift").click()
        await expect(page.locator("#sheet")).to_contain_text("Never the name of anybody who reached out")
        await page.get_by_label("What should they know?").fill(f"{comer.name} may write again.")
        await check_accessible(page)
        await page.get_by_role("button", name="Leave this note").click()
        await expect(strip).to_contain_text("Left for the next shift.")
        await page.get_by_role("button", name="Shift").click()
        await page.get_by_role("button", name="Check out").click()
        await expect(page.locator("#sheet")).to_contain_text("You have left a note for the next shift.")
        await expect(page.locator("#handover")).to_have_count(0)
        await page.locator("#sheet").get_by_role("button", name="Check out").click()
        await expect(page.get_by_role("heading", name="You're off shift. Thank you.")).to_be_visible()
        assert [note.text for note in tonight.helpline.handovers] == [f"{comer.name} may write again."]


async def test_the_lead_checks_in_and_takes_over_with_one_press_and_sends_back_with_another(
    tmp_path: Path, windows: Windows
) -> None:
    async with staffed_evening(tmp_path, "jo") as tonight:
        await tonight.on_shift("dev")
        comer = await somebody_comes(tonight)
        await tonight.answered_by("dev")
        await tonight.helpline.release(tonight.who("dev"), comer.contact, "lead", str(uuid4()))
        await tonight.helpline.leave_handover(tonight.who("dev"), "The kettle is new.", str(uuid4()))
        board = await signed_in(windows, tonight, "Jo", "/board")
        await expect(board.locator(".alert.first")).to_contain_text(
            f"Handed to you, waits for you: {comer.name}"
        )
        await expect(board.locator(".list-waiting")).to_contain_text("Waits for the lead")
        await expect(board.locator(".list-handover")).to_contain_text("The kettle is new.")
        await board.get_by_role("button", name=f"Open {comer.name}").click()
        await check_accessible(board)
        await board.get_by_role("button", name="Check in and take over").click()
        await expect(board.locator("#drawer")).to_contain_text("You are checked in")
        assert tonight.now(comer.contact).owner == "jo"
        await expect(board.locator(".alert")).to_have_count(0)
        await tonight.helpline.release(tonight.who("jo"), comer.contact, "lead", str(uuid4()))
        await board.get_by_role("button", name="Back to the queue").click()
        await expect(board.locator(".list-waiting")).not_to_contain_text("Waits for the lead")
        assert not tonight.now(comer.contact).with_lead
