"""A line that drops is normal: what was written is kept, both ways, in order, and nothing comes twice."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio
from playwright.async_api import Page, expect

from helpline.errors import NotSaved
from tests.browser.chromium import PHONE, Windows
from tests.browser.evening import Evening, demonstration, evening


@pytest_asyncio.fixture
async def tonight(tmp_path: Path) -> AsyncIterator[Evening]:
    async with evening(tmp_path, demonstration()) as running:
        yield running


async def talking(page: Page, tonight: Evening) -> str:
    """Starts a chat that Lou answers; gives the contact."""
    await tonight.on_shift("lou")
    await page.fill("#box", "one")
    await page.click("#send")
    contact = await tonight.answered_by("lou")
    await expect(page.locator("#who")).to_have_text("Lou is with you")
    return contact


async def writes(page: Page, text: str) -> None:
    await page.fill("#box", text)
    await page.click("#send")


async def said(page: Page) -> list[str]:
    """What stands in the conversation, in order."""
    texts: list[str] = await page.locator("#log .said p").all_text_contents()
    return texts


async def test_what_is_written_without_a_line_goes_as_one_when_it_is_back(
    tonight: Evening, windows: Windows
) -> None:
    page = await windows.open(tonight.url, screen=PHONE)
    contact = await talking(page, tonight)
    await page.context.set_offline(True)
    tonight.cut_persons()
    await expect(page.locator("#status")).to_have_text("Reconnecting. You can keep writing.")
    for text in ("two", "three", "four"):
        await writes(page, text)
    await expect(page.locator("#sent")).to_have_text("Kept here. It is sent when your line is back.")
    await expect(page.locator("#log .me.kept")).to_have_count(3)
    await tonight.says("lou", contact, "are you still there?")
    await page.context.set_offline(False)
    await expect(page.locator("#sent")).to_have_text("Sent")
    await expect(page.locator("#log .me.kept")).to_have_count(0)
    assert await said(page) == ["one", "are you still there?", "two", "three", "four"]
    assert await tonight.words_of(contact) == ["one", "two", "three", "four"]


async def test_a_line_cut_again_and_again_loses_and_doubles_nothing(
    tonight: Evening, windows: Windows
) -> None:
    page = await windows.open(tonight.url)
    contact = await talking(page, tonight)
    mine = ["one"]
    for number in range(8):
        await writes(page, f"mine {number}")
        mine.append(f"mine {number}")
        tonight.cut_persons()
        await tonight.says("lou", contact, f"theirs {number}")
    await expect(page.locator("#log .said")).to_have_count(17)
    await expect(page.locator("#log .unsent")).to_have_count(0)
    shown = await said(page)
    assert [text for text in shown if text in mine] == mine
    assert [text for text in shown if text not in mine] == [f"theirs {number}" for number in range(8)]
    assert await tonight.words_of(contact) == mine


async def test_a_message_that_was_not_saved_is_sent_again_with_its_own_id(
    tonight: Evening, windows: Windows
) -> None:
    page = await windows.open(tonight.url)
    contact = await talking(page, tonight)
    say, refusals = tonight.helpline.say, [NotSaved(), NotSaved()]

    async def refuses_twice(*given: object, **named: object) -> object:
        if refusals:
            raise refusals.pop()
        return await say(*given, **named)  # type: ignore[arg-type]

    tonight.helpline.say = refuses_twice  # type: ignore[method-assign, assignment]
    await writes(page, "keep trying")
    await expect(page.locator("#sent")).to_have_text("Sent")
    assert refusals == []
    assert await tonight.words_of(contact) == ["one", "keep trying"]


async def test_what_is_too_long_stays_in_the_box(tonight: Evening, windows: Windows) -> None:
    page = await windows.open(tonight.url)
    contact = await talking(page, tonight)
    await writes(page, "a" * 4_001)
    await expect(page.locator("#status")).to_contain_text("too long")
    await expect(page.locator("#box")).to_have_value("a" * 4_001)
    await writes(page, "😀" * 4_000)
    await expect(page.locator("#log .me")).to_have_count(2)
    await expect(page.locator("#box")).to_have_value("")
    await expect(page.locator("#sent")).to_have_text("Sent")
    assert await tonight.words_of(contact) == ["one", "😀" * 4_000]


async def test_read_is_said_when_the_other_side_has_read(tonight: Evening, windows: Windows) -> None:
    page = await windows.open(tonight.url)
    contact = await talking(page, tonight)
    await writes(page, "did this arrive")
    await expect(page.locator("#sent")).to_have_text("Sent")
    await tonight.has_read("lou", contact)
    await expect(page.locator("#sent")).to_have_text(re.compile(r"Read \d\d:\d\d"))


async def test_corrections_and_what_was_taken_back_are_shown(tonight: Evening, windows: Windows) -> None:
    page = await windows.open(tonight.url)
    contact = await talking(page, tonight)
    core, lou = tonight.helpline, tonight.by("lou")
    first = await tonight.says("lou", contact, "Hello, I'm Luo.")
    second = await tonight.says("lou", contact, "wrong window")
    await core.correct(contact, lou, await core.seq_of_talk(contact, first), "Hello, I'm Lou.", "c-1")
    await core.withdraw(contact, lou, await core.seq_of_talk(contact, second), "c-2")
    theirs = page.locator("#log .them p")
    await expect(theirs).to_have_text(["Hello, I'm Lou.", "This message was taken back."])
    await expect(page.locator("#log .them small")).to_have_text("changed")


async def test_a_second_tab_of_theirs_follows_and_neither_doubles(tonight: Evening, windows: Windows) -> None:
    page = await windows.open(tonight.url)
    contact = await talking(page, tonight)
    other = await page.context.new_page()
    windows.watch(other)
    await other.goto(f"{tonight.url}/chat")
    await expect(other.locator("#log .said")).to_have_count(0)
    await other.click("#carry-on button")
    await expect(other.locator("#log .said p")).to_have_text(["one"])
    await writes(page, "from the first")
    await expect(other.locator("#log .said")).to_have_count(2)
    await writes(other, "from the second")
    await expect(page.locator("#log .said p")).to_have_text(["one", "from the first", "from the second"])
    assert await said(other) == ["one", "from the first", "from the second"]
    assert await tonight.words_of(contact) == ["one", "from the first", "from the second"]


async def test_a_page_opened_anew_asks_first_and_afresh_begins_with_nothing(
    tonight: Evening, windows: Windows
) -> None:
    page = await windows.open(tonight.url)
    await talking(page, tonight)
    await page.reload()
    await expect(page.locator("#carry")).to_be_visible()
    assert await said(page) == []
    await page.click("#afresh button")
    await expect(page.locator("#start")).to_be_visible()
    await page.reload()
    await expect(page.locator("#start")).to_be_visible()


async def test_after_the_end_writing_again_opens_it_again(tonight: Evening, windows: Windows) -> None:
    page = await windows.open(tonight.url)
    contact = await talking(page, tonight)
    await tonight.helpline.close_contact(tonight.who("lou"), contact, "supporter", "b-1")
    await expect(page.locator("#after")).to_be_visible()
    await page.locator("#feedback .face").nth(3).click()
    await expect(page.locator("#noted")).to_be_visible()
    await writes(page, "one more thing")
    await expect(page.locator("#after")).to_be_hidden()
    await expect(page.locator("#log .me p").last).to_have_text("one more thing")
    assert await tonight.words_of(contact) == ["one", "one more thing"]
    await tonight.until(
        lambda: tonight.now(contact).phase == "waiting" or tonight.now(contact).phase == "live"
    )


async def test_first_words_are_kept_when_another_page_had_begun_already(
    tonight: Evening, windows: Windows
) -> None:
    page = await windows.open(tonight.url)
    other = await page.context.new_page()
    windows.watch(other)
    await other.goto(tonight.url)
    await writes(page, "from the first page")
    await expect(page.locator("#sent")).to_have_text("Sent")
    await writes(other, "from the second page")
    await expect(other.locator("#log .said p")).to_have_text(["from the first page", "from the second page"])
    await expect(other.locator("#log .unsent")).to_have_count(0)
    contact = await tonight.contact()
    assert await tonight.words_of(contact.log) == ["from the first page", "from the second page"]


async def test_words_written_before_there_is_any_line_are_the_first_to_arrive(
    tonight: Evening, windows: Windows
) -> None:
    page = await windows.open(screen=PHONE)
    await page.route("**/socket.io/**", lambda route: route.abort())
    await page.route("**/vendor/**", lambda route: route.abort())
    await page.goto(tonight.url)
    for text in ("one", "two", "three"):
        await writes(page, text)
    await expect(page.locator("#sent")).to_have_text("Kept here. It is sent when your line is back.")
    await page.unroute("**/vendor/**")
    await page.unroute("**/socket.io/**")
    await expect(page.locator("#log .unsent")).to_have_count(0)
    contact = await tonight.contact()
    assert await tonight.words_of(contact.log) == ["one", "two", "three"]
    assert await said(page) == ["one", "two", "three"]
