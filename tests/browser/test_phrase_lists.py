"""The phrase lists in Chromium: tried out, added, and the next message is found; in every look, by keyboard."""

import re
from pathlib import Path

from playwright.async_api import expect

from tests.browser.chromium import Windows
from tests.browser.on_shift import signed_in, somebody_comes, staffed_evening
from tests.browser.the_evening_hands import clean_in_every_look


async def test_a_supervisor_tries_a_phrase_out_adds_it_and_the_next_who_writes_it_is_served_sooner(
    tmp_path: Path, windows: Windows
) -> None:
    async with staffed_evening(tmp_path, "robin", "jo") as tonight:
        board = await signed_in(windows, tonight, "Jo", "/board")
        page = await signed_in(windows, tonight, "Robin", "/phrases")
        await expect(page.get_by_role("heading", name="Phrase lists", exact=True)).to_be_visible()
        await clean_in_every_look(page)
        await page.get_by_role("link", name="English").click()
        await page.get_by_label("Phrase", exact=True).fill("end of my rope")
        await page.get_by_label("Messages you make up").fill("I'm at the END of my rope\nI bought a rope")
        await page.get_by_role("button", name="Try it out").press("Enter")
        await expect(page.locator("#tried")).to_contain_text("Something would be found in 1 of 2.")
        await expect(page.get_by_label("Phrase", exact=True)).to_have_value("end of my rope")
        await clean_in_every_look(page)
        await page.get_by_role("button", name="Add it").click()
        await expect(
            page.get_by_role("button", name=re.compile("Switch off ?: end of my rope"))
        ).to_be_visible()
        comer = await somebody_comes(tonight, "this is the end of my rope")
        assert len(tonight.now(comer.contact).prompts.standing) == 1
        await page.get_by_text("The whole list as text").click()
        await page.get_by_label("One phrase on each line").fill("")
        await page.get_by_role("button", name="Put this list in place").click()
        await expect(board.locator(".list-phrases")).to_contain_text("No phrase list in English.")
        await page.get_by_role("link", name="All lists").click()
        await page.get_by_role("link", name="What happened").click()
        await clean_in_every_look(page)
        await page.get_by_role("button", name=re.compile("Undo ?: Robin put a whole list")).click()
        await expect(board.locator(".list-phrases")).not_to_contain_text("No phrase list in English.")
        await page.get_by_role("button", name=re.compile("Undo ?: Robin added a phrase")).click()
        await expect(page.locator("#phrases")).to_contain_text("no longer in the list")
        await expect(page.locator("#phrases")).to_contain_text("Robin turned a step round")
