"""A phrase in somebody's words, as their supporter and the lead see it: calm, out of the way, one press to say no."""

from pathlib import Path

import msgspec
from playwright.async_api import expect

from helpline.shape import Urgency
from tests.browser.chromium import Windows, check_accessible
from tests.browser.evening import demonstration
from tests.browser.on_shift import answer, at_the_desk, said, signed_in, somebody_comes, staffed_evening

ASK = "They wrote something that may mean they are not safe: ask directly."


async def test_the_desk_asks_to_ask_directly_without_taking_the_focus_and_not_that_is_one_press(
    tmp_path: Path, windows: Windows
) -> None:
    async with staffed_evening(tmp_path, "dev") as tonight:
        page = await at_the_desk(windows, tonight, "Dev")
        comer = await somebody_comes(tonight, "hello there")
        await answer(page)
        message = page.locator("#message")
        await message.fill("I was about to say")
        await message.focus()
        await comer.writes("🙂 I don’t want to live, not like this")
        prompt = page.locator("#prompt")
        await expect(prompt).to_contain_text(ASK)
        await expect(message).to_be_focused()
        await expect(message).to_have_value("I was about to say")
        above, composer = await prompt.bounding_box(), await message.bounding_box()
        assert above is not None
        assert composer is not None
        assert above["y"] + above["height"] <= composer["y"]
        await expect(page.locator("#log mark")).to_have_text("don’t want to live,")
        await check_accessible(page)
        await page.get_by_role("button", name="Show the words").click()
        await expect(said(page, "not like this")).to_be_in_viewport()
        await page.get_by_role("button", name="Not that").click()
        await expect(prompt).to_be_empty()
        await expect(page.locator("#log mark")).to_have_count(0)
        await expect(message).to_be_focused()
        assert tonight.now(comer.contact).prompts.standing == ()
        assert tonight.now(comer.contact).rung == 0

        await comer.writes("but I do want to die")
        await expect(prompt).to_contain_text(ASK)
        await page.get_by_role("button", name="Ask about safety").click()
        await expect(prompt).to_be_empty()


async def test_the_board_marks_them_in_words_first_in_line_and_says_which_language_has_no_list(
    tmp_path: Path, windows: Windows
) -> None:
    no_urdu = msgspec.structs.replace(demonstration(), urgency=Urgency(phrases={"ur": ()}))
    async with staffed_evening(tmp_path, "jo", definition=no_urdu) as tonight:
        board = await signed_in(windows, tonight, "Jo", "/board")
        first = await somebody_comes(tonight, "hello there")
        second = await somebody_comes(tonight, "I want to die")
        waiting = board.locator(".list-waiting li")
        await expect(waiting.first).to_contain_text(second.name)
        await expect(waiting.first).to_contain_text("Wrote something that may mean they are not safe")
        await expect(waiting.nth(1)).to_contain_text(first.name)
        await expect(waiting.nth(1)).not_to_contain_text("Wrote something")
        await expect(board.locator(".list-phrases")).to_contain_text(
            "put once since the start; 0 of these: not that."
        )
        await expect(board.locator(".list-phrases")).to_contain_text("No phrase list in Urdu.")
        await check_accessible(board)
