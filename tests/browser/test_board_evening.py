"""The board: what needs a human first, until somebody has it; the evening as it stands; reading along unseen."""

from pathlib import Path
from uuid import uuid4

from playwright.async_api import expect

from tests.browser.chromium import Look, Windows, check_accessible
from tests.browser.on_shift import answer, at_the_desk, said, signed_in, somebody_comes, staffed_evening


async def test_an_alert_stands_first_and_sounds_until_somebody_has_it(
    tmp_path: Path, windows: Windows
) -> None:
    async with staffed_evening(tmp_path, "jo") as tonight:
        await tonight.on_shift("dev")
        board = await signed_in(windows, tonight, "Jo", "/board")
        await expect(board.locator("#alerts")).to_contain_text("Nothing needs you this minute.")
        await board.locator("h1").click()
        comer = await somebody_comes(tonight)
        await tonight.answered_by("dev")
        await tonight.helpline.not_safe(comer.contact, str(uuid4()))
        first = board.locator(".alert.first")
        await expect(first).to_contain_text(f"Said: not safe right now: {comer.name}")
        await expect(board).to_have_title("● Said: not safe right now, Tonight")
        await board.wait_for_function("() => notesPlayed >= 6")
        await first.get_by_role("button", name="I have it").click()
        await expect(board.locator("#alerts")).to_contain_text("Nothing needs you this minute.")
        await expect(board).to_have_title("Tonight")
        assert tonight.now(comer.contact).open_alerts == ()


async def test_the_evening_is_shown_as_it_stands_and_anew_after_the_line_was_cut(
    tmp_path: Path, windows: Windows
) -> None:
    async with staffed_evening(tmp_path, "jo") as tonight:
        await tonight.on_shift("dev")
        board = await signed_in(windows, tonight, "Jo", "/board")
        comer = await somebody_comes(tonight, "hello")
        waiting = board.locator(".list-waiting")
        await expect(waiting).to_contain_text(comer.name)
        await expect(waiting).to_contain_text("Offered")
        await board.context.set_offline(True)
        await expect(board.locator("#strip")).to_contain_text("what you see may be old")
        await tonight.answered_by("dev")
        await expect(waiting).to_contain_text(comer.name)
        await board.context.set_offline(False)
        live = board.locator(".list-live")
        await expect(live).to_contain_text(comer.name)
        await expect(live).to_contain_text("With Dev")
        await expect(waiting).to_contain_text("Nobody is waiting.")
        await expect(board.locator(".list-on li", has_text="Dev")).to_contain_text("1 of 2")


async def test_a_lead_reads_along_unseen_and_may_then_take_over(tmp_path: Path, windows: Windows) -> None:
    async with staffed_evening(tmp_path, "jo", "dev") as tonight:
        page = await at_the_desk(windows, tonight, "Dev")
        comer = await somebody_comes(tonight, "hello there")
        await answer(page)
        board = await signed_in(windows, tonight, "Jo", "/board")
        before = await tonight.as_staff_read_it(comer.contact)
        await board.get_by_role("button", name=f"Open {comer.name}").click()
        await expect(board.get_by_role("button", name="Check in and take over")).to_be_visible()
        await tonight.on_shift("jo")
        await expect(said(board, "hello there")).to_be_visible()
        await comer.writes("and more")
        await expect(said(board, "and more")).to_be_visible()
        after = await tonight.as_staff_read_it(comer.contact)
        kinds = [one["kind"] for one in after[len(before) :]]
        assert set(kinds) <= {"said", "seen"}, kinds
        await expect(board.locator("#drawer textarea, #drawer input")).to_have_count(0)
        await board.get_by_role("button", name="Take over", exact=True).click()
        await expect(board.get_by_role("link", name="You are in. Go to your desk")).to_be_visible()
        await expect(page.locator("#contacts")).to_contain_text("Jo has taken this over")
        assert tonight.now(comer.contact).owner == "jo"


async def test_a_lead_lets_somebody_on_who_is_not_on_the_rota(tmp_path: Path, windows: Windows) -> None:
    async with staffed_evening(tmp_path, "jo") as tonight:
        board = await signed_in(windows, tonight, "Jo", "/board")
        await board.get_by_role("button", name="Let someone on").click()
        await board.get_by_label("Their sign-in name").fill("nobody-known")
        await board.get_by_label("Why, in a word").fill("busy")
        await board.get_by_role("button", name="Let them on").click()
        await expect(board.locator("#let-on-told")).to_contain_text("There is nobody of that name.")
        await board.get_by_label("Their sign-in name").fill("robin")
        await board.get_by_role("button", name="Let them on").click()
        await expect(board.locator("#let-on-told")).to_have_text("robin may check in now.")


async def test_every_state_of_the_board_is_accessible(tmp_path: Path, windows: Windows, look: Look) -> None:
    async with staffed_evening(tmp_path, "jo") as tonight:
        await tonight.on_shift("dev")
        board = await signed_in(windows, tonight, "Jo", "/board", screen=look.screen, scheme=look.scheme)
        await expect(board.locator("#alerts")).to_contain_text("Nothing needs you")
        await check_accessible(board)
        first = await somebody_comes(tonight, "one")
        await tonight.answered_by("dev")
        await tonight.helpline.not_safe(first.contact, str(uuid4()))
        await somebody_comes(tonight, "two", "ar")
        await expect(board.locator(".alert.first")).to_be_visible()
        await expect(board.locator(".list-waiting li")).to_have_count(1)
        await check_accessible(board)
        await board.get_by_role("button", name=f"Open {first.name}").click()
        await expect(said(board, "one")).to_be_visible()
        await check_accessible(board)
        assert await board.evaluate("document.documentElement.scrollWidth <= innerWidth")
        await board.get_by_role("button", name="Let someone on").click()
        await check_accessible(board)
