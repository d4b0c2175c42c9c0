"""A shift at the desk: it begins with three things, rings until answered, and can be stopped in one press."""

from pathlib import Path
from uuid import uuid4

from playwright.async_api import expect

from tests.browser.chromium import Windows, check_accessible
from tests.browser.on_shift import (
    answer,
    at_the_desk,
    said,
    signed_in,
    somebody_comes,
    staffed_evening,
)


async def test_a_wrong_password_is_told_plainly_and_the_name_stays(tmp_path: Path, windows: Windows) -> None:
    async with staffed_evening(tmp_path, "ania") as tonight:
        page = await windows.open(f"{tonight.url}/sign-in", javascript=False)
        await page.get_by_label("Your name").fill("Ania")
        await page.get_by_label("Password").fill("guess")
        await page.get_by_role("button", name="Sign in").click()
        await expect(page.get_by_role("alert")).to_have_text("That name and password do not go together.")
        await expect(page.get_by_label("Your name")).to_have_value("Ania")
        await expect(page.get_by_label("Password")).to_be_focused()


async def test_nothing_begins_before_the_ring_was_heard_and_the_notes_were_read(
    tmp_path: Path, windows: Windows
) -> None:
    async with staffed_evening(tmp_path, "ania") as tonight:
        page = await signed_in(windows, tonight, "Ania")
        await page.get_by_role("button", name="Start my shift").click()
        await expect(page.get_by_role("alert").filter(has_text="Play the ring first")).to_be_visible()
        await page.get_by_role("button", name="Play the ring").click()
        assert await page.evaluate("notesPlayed") == 2
        await page.get_by_label("I heard it").check()
        await page.get_by_role("button", name="Start my shift").click()
        await expect(page.get_by_role("alert").filter(has_text="Tick the second step")).to_be_visible()
        assert tonight.helpline.roster.attendance("ania") is None
        await page.get_by_label("I know what I need for tonight").check()
        await page.get_by_role("button", name="Start my shift").click()
        await expect(page.locator("#readiness")).to_have_text("Ready for 2")
        attendance = tonight.helpline.roster.attendance("ania")
        assert attendance is not None
        assert attendance.ready
        await expect(page.locator("#contacts")).to_contain_text("Nobody is waiting. You're on until")


async def test_what_one_shift_leaves_in_writing_is_read_before_the_next_begins(
    tmp_path: Path, windows: Windows
) -> None:
    async with staffed_evening(tmp_path, "lou") as tonight:
        await tonight.on_shift("dev")
        await tonight.helpline.check_out(
            tonight.who("dev"), client_id=str(uuid4()), alright="yes", handover="7HB2 may write again."
        )
        page = await signed_in(windows, tonight, "Lou")
        await expect(page.locator(".handover")).to_contain_text("7HB2 may write again.")
        await expect(page.locator(".handover")).to_contain_text("Dev")
        await expect(page.get_by_label("I have read this")).not_to_be_checked()
        await expect(page.locator("#sheet")).to_contain_text("One contact at a time.")


async def test_an_offer_says_what_they_chose_to_say_and_rings_every_tab_until_one_answers(
    tmp_path: Path, windows: Windows
) -> None:
    async with staffed_evening(tmp_path, "ania") as tonight:
        page = await at_the_desk(windows, tonight, "Ania")
        other = await page.context.new_page()
        windows.watch(other)
        await other.goto(f"{tonight.url}/desk")
        await expect(other.locator("#readiness")).to_contain_text("Ready")
        before = await page.evaluate("notesPlayed")
        await somebody_comes(tonight, "nie mogę spać", "pl", for_whom="me", feel=2)
        for tab in (page, other):
            await expect(tab.locator(".offer")).to_contain_text("Web chat, Polish")
            await expect(tab.locator(".offer")).to_contain_text("For themselves, feels bad")
            await expect(tab.locator(".offer")).not_to_contain_text("nie mogę spać")
            await expect(tab).to_have_title("● Someone is waiting, Desk")
        await page.wait_for_function("before => notesPlayed >= before + 4", arg=before)
        await answer(page)
        await expect(said(page, "nie mogę spać")).to_be_visible()
        await expect(other.locator(".offer")).to_have_count(0)
        await expect(other).to_have_title("Desk")


async def test_not_now_is_free_of_blame_and_the_next_one_is_asked(tmp_path: Path, windows: Windows) -> None:
    async with staffed_evening(tmp_path, "dev") as tonight:
        page = await at_the_desk(windows, tonight, "Dev")
        comer = await somebody_comes(tonight)
        await page.get_by_role("button", name="Not now").click()
        await expect(page.locator("#strip")).to_contain_text("That is all right")
        await expect(page.locator(".offer")).to_have_count(0)
        await tonight.on_shift("lou")
        assert await tonight.answered_by("lou") == comer.contact


async def test_i_must_stop_now_hands_everybody_on_in_one_press(tmp_path: Path, windows: Windows) -> None:
    async with staffed_evening(tmp_path, "dev") as tonight:
        page = await at_the_desk(windows, tonight, "Dev")
        comer = await somebody_comes(tonight)
        await answer(page)
        await page.get_by_role("button", name="I must stop now").click()
        await expect(page.get_by_role("heading", name="You've stopped. That is all right.")).to_be_focused()
        await expect(page.locator("#sheet")).to_contain_text(f"{comer.name} is in our hands")
        await expect(page.get_by_role("log")).to_be_hidden()
        assert tonight.now(comer.contact).phase == "waiting"
        assert tonight.helpline.roster.attendance("dev") is None
        await check_accessible(page)


async def test_a_pause_stops_new_offers_until_they_are_ready_again(tmp_path: Path, windows: Windows) -> None:
    async with staffed_evening(tmp_path, "dev") as tonight:
        page = await at_the_desk(windows, tonight, "Dev")
        await page.get_by_role("button", name="Shift").click()
        await page.get_by_role("button", name="Take a break, 15 min").click()
        await expect(page.locator("#readiness")).to_contain_text("On a break until")
        await somebody_comes(tonight)
        await page.get_by_role("button", name="Shift").click()
        await expect(page.locator(".offer")).to_have_count(0)
        await page.get_by_role("button", name="Ready for offers again").click()
        await expect(page.locator(".offer")).to_be_visible()


async def test_a_shift_ends_with_are_you_ok_and_not_while_somebody_is_with_them(
    tmp_path: Path, windows: Windows
) -> None:
    async with staffed_evening(tmp_path, "dev") as tonight:
        page = await at_the_desk(windows, tonight, "Dev")
        comer = await somebody_comes(tonight)
        await answer(page)
        await page.get_by_role("button", name="Shift").click()
        await page.get_by_role("button", name="Check out").click()
        await expect(page.locator("#help")).to_contain_text(f"{comer.name} is still with you")
        await expect(page.get_by_role("log")).to_be_visible()
        await page.locator("#help").get_by_role("button", name="Check out").click()
        await expect(page.locator("#help").get_by_role("alert")).to_be_visible()
        assert tonight.helpline.roster.attendance("dev") is not None
        await page.get_by_role("button", name="Stay on").click()
        await page.get_by_role("button", name="Back to the queue").click()
        await page.get_by_role("button", name="Shift").click()
        await page.get_by_role("button", name="Check out").click()
        await page.get_by_label("Yes, I'm all right").check()
        await page.get_by_label("Anything the next shift should know?").fill("Quiet until nine.")
        await page.locator("#sheet").get_by_role("button", name="Check out").click()
        await expect(page.get_by_role("heading", name="You're off shift. Thank you.")).to_be_visible()
        assert tonight.helpline.roster.attendance("dev") is None
