"""The conversation at the desk: in order, nothing twice, nothing lost, and nothing in its way."""

from pathlib import Path

from playwright.async_api import expect

from tests.browser.chromium import Windows
from tests.browser.on_shift import answer, at_the_desk, said, somebody_comes, staffed_evening, write


async def test_both_sides_read_the_same_words_in_the_same_order(tmp_path: Path, windows: Windows) -> None:
    async with staffed_evening(tmp_path, "dev") as tonight:
        page = await at_the_desk(windows, tonight, "Dev")
        comer = await somebody_comes(tonight, "cant sleep")
        await answer(page)
        await write(page, "That sounds like a long night.")
        await expect(said(page, "That sounds like a long night.")).to_contain_text("Sent")
        await comer.writes("it is")
        await write(page, "I'm here.")
        await expect(said(page, "I'm here.")).to_contain_text("Sent")
        words = await page.get_by_role("log").locator(".said .words").all_inner_texts()
        assert words == ["cant sleep", "That sounds like a long night.", "it is", "I'm here."]
        assert await comer.heard() == ["That sounds like a long night.", "I'm here."]


async def test_words_written_while_the_line_is_cut_arrive_once_and_in_order(
    tmp_path: Path, windows: Windows
) -> None:
    async with staffed_evening(tmp_path, "dev") as tonight:
        page = await at_the_desk(windows, tonight, "Dev")
        comer = await somebody_comes(tonight)
        await answer(page)
        await page.context.set_offline(True)
        await expect(page.locator("#strip")).to_contain_text("Your line is lost")
        for words in ("one", "two", "three"):
            await write(page, words)
        await comer.writes("are you there")
        await expect(said(page, "three")).to_contain_text("Waiting for the line")
        await expect(page.locator("#who")).to_contain_text("Not known while your line is lost")
        assert await comer.heard() == []
        await page.context.set_offline(False)
        await expect(said(page, "are you there")).to_be_visible()
        await expect(said(page, "three")).to_contain_text("Sent")
        assert await comer.heard() == ["one", "two", "three"]
        shown = await page.get_by_role("log").locator(".said .words").all_inner_texts()
        assert sorted(shown) == ["are you there", "cant sleep", "one", "three", "two"]
        await expect(page.locator("#strip")).not_to_contain_text("Your line is lost")


async def test_each_contact_keeps_its_own_draft_and_new_words_are_marked(
    tmp_path: Path, windows: Windows
) -> None:
    async with staffed_evening(tmp_path, "dev") as tonight:
        page = await at_the_desk(windows, tonight, "Dev")
        first = await somebody_comes(tonight, "first here")
        await answer(page)
        await page.locator("#message").fill("half a thought")
        second = await somebody_comes(tonight, "second here")
        await expect(page.locator(".offer")).to_be_visible()
        await expect(page.locator("#message")).to_have_value("half a thought")
        await answer(page)
        await expect(said(page, "second here")).to_be_visible()
        await expect(page.locator("#message")).to_have_value("")
        await first.writes("hello?")
        tab = page.locator(".tab", has_text=first.name)
        await expect(tab).to_contain_text("1 new")
        await expect(tab).to_contain_text("Draft kept")
        await page.keyboard.press("F4")
        await expect(said(page, "hello?")).to_be_visible()
        await expect(page.locator("#message")).to_have_value("half a thought")
        await expect(page.locator("#message")).to_be_focused()
        await expect(tab).not_to_contain_text("new")
        await expect(page.locator(".tab", has_text=second.name)).to_be_visible()


async def test_what_one_wrote_can_be_put_right_and_taken_back(tmp_path: Path, windows: Windows) -> None:
    async with staffed_evening(tmp_path, "dev") as tonight:
        page = await at_the_desk(windows, tonight, "Dev")
        comer = await somebody_comes(tonight)
        await answer(page)
        await write(page, "Good mourning")
        await said(page, "Good mourning").get_by_role("button", name="Change").click()
        await page.get_by_role("button", name="Correct").click()
        await expect(page.locator("#message")).to_have_value("Good mourning")
        await write(page, "Good evening")
        await expect(said(page, "Good evening")).to_contain_text("Corrected")
        await said(page, "Good evening").get_by_role("button", name="Change").click()
        await page.get_by_role("button", name="Take back").click()
        await expect(page.get_by_role("log")).to_contain_text("Taken back")
        await expect(said(page, "Good evening")).to_have_count(0)
        events, _ = await tonight.helpline.person_events(comer.contact)
        assert [one["kind"] for one in events][-2:] == ["corrected", "withdrawn"]


async def test_ready_words_come_with_a_slash_in_their_language_first(
    tmp_path: Path, windows: Windows
) -> None:
    async with staffed_evening(tmp_path, "ania") as tonight:
        page = await at_the_desk(windows, tonight, "Ania")
        await somebody_comes(tonight, "nie mogę spać", "pl")
        await answer(page)
        await page.locator("#message").press_sequentially("/")
        options = page.get_by_role("option")
        await expect(options.first).to_contain_text("Cześć, dobrze, że jesteś.")
        await expect(page.locator("#ready-spoken")).to_contain_text("ready words")
        await page.keyboard.press("ArrowDown")
        await expect(options.nth(1)).to_have_attribute("aria-selected", "true")
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("listbox")).to_be_hidden()
        await expect(page.locator("#message")).to_have_value(
            "Dziękuję, że mi to mówisz. Na pewno niełatwo było to napisać."
        )
        await page.locator("#message").fill("/")
        await page.keyboard.press("Escape")
        await expect(page.get_by_role("listbox")).to_be_hidden()


async def test_a_link_is_only_text_and_an_arabic_message_reads_from_the_right(
    tmp_path: Path, windows: Windows
) -> None:
    async with staffed_evening(tmp_path, "dev") as tonight:
        page = await at_the_desk(windows, tonight, "Dev")
        comer = await somebody_comes(tonight, "look https://example.org/<b>x</b>")
        await answer(page)
        await comer.writes("لا أستطيع النوم", "ar")
        arabic = said(page, "لا أستطيع النوم").locator(".words")
        await expect(arabic).to_have_css("direction", "rtl")
        await expect(arabic).to_have_attribute("lang", "ar")
        await expect(page.get_by_role("log").locator("a, b")).to_have_count(0)
        await expect(page.get_by_role("log")).to_contain_text("https://example.org/<b>x</b>")


async def test_nothing_that_happens_takes_the_focus_or_the_words_from_the_message(
    tmp_path: Path, windows: Windows
) -> None:
    async with staffed_evening(tmp_path, "dev") as tonight:
        page = await at_the_desk(windows, tonight, "Dev")
        comer = await somebody_comes(tonight)
        await answer(page)
        await page.locator("#message").press_sequentially("I am wri")
        await comer.writes("more words")
        await expect(said(page, "more words")).to_be_visible()
        await somebody_comes(tonight, "another")
        await expect(page.locator(".offer")).to_be_visible()
        await tonight.helpline.not_safe(comer.contact, "a5a50f2e-5b6e-4f58-8c0e-2f4f0f6d9b11")
        await expect(page.locator("#who")).to_contain_text("not safe right now")
        await page.keyboard.type("ting")
        await expect(page.locator("#message")).to_be_focused()
        await expect(page.locator("#message")).to_have_value("I am writing")
