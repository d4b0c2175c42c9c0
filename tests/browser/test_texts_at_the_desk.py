"""A conversation by text in Chromium: pretend phones on one side, the desk and the board on the other."""

import asyncio
from pathlib import Path
from typing import Any

from playwright.async_api import Page, expect

from tests.browser.chromium import PHONE, Look, Windows, check_accessible
from tests.browser.evening import Evening
from tests.browser.on_shift import answer, at_the_desk, said, signed_in, staffed_evening, write
from tests.browser.the_evening_hands import check_fits
from webchat.socket_keys import ANNOUNCING


async def phones(windows: Windows, tonight: Evening, **look: Any) -> Page:
    return await windows.open(f"{tonight.url}/demo/phone", **look)


async def types(page: Page, words: str, place: int = 1) -> None:
    await page.get_by_label(f"Text from phone {place}", exact=True).fill(words)
    await page.get_by_label(f"Text from phone {place}", exact=True).press("Enter")


def on_phone(page: Page, words: str, place: int = 1) -> Any:
    return page.get_by_role("log", name=f"Texts on phone {place}").locator(".said", has_text=words)


async def test_a_conversation_by_text_from_the_first_text_to_end(tmp_path: Path, windows: Windows) -> None:
    async with staffed_evening(tmp_path, "dev", "jo") as tonight:
        desk = await at_the_desk(windows, tonight, "dev")
        board = await signed_in(windows, tonight, "jo", "/board")
        handsets = await phones(windows, tonight)

        await types(handsets, "are you there")
        await expect(on_phone(handsets, "a person will answer you here")).to_contain_text("Arrived")
        await expect(board.locator(".list-waiting li")).to_contain_text("Text, English")
        await answer(desk)
        name = (await tonight.contact()).name
        await expect(desk.locator("#talk-title")).to_have_text(f"Contact {name} texts")
        await expect(desk.locator("#talk")).not_to_contain_text("Connected")

        await desk.locator("#message").fill("Yes — I’m here.")
        await expect(desk.locator("#text-count")).to_have_text("1 text")
        await desk.locator("#message").press("Enter")
        await expect(said(desk, "I’m here.")).to_contain_text("Arrived")
        await expect(desk.locator("#text-count")).to_be_hidden()
        await expect(on_phone(handsets, "Yes - I'm here.")).to_contain_text("Arrived")
        await types(handsets, "it is bad tonight")
        await expect(said(desk, "it is bad tonight")).to_be_visible()

        await handsets.get_by_label("Send a picture from phone 1").click()
        await expect(desk.get_by_role("log")).to_contain_text("They sent a picture. We do not open pictures.")

        await handsets.get_by_role("button", name="Turn phone 1 off").click()
        await expect(handsets.get_by_role("button", name="Turn phone 1 on")).to_be_visible()
        await write(desk, "Where are you now?")
        mark = said(desk, "Where are you now?").locator(".travelled")
        await expect(mark).to_contain_text("Did not arrive: Their phone is off or out of reach.")
        await expect(mark).to_contain_text("Ring them if you fear for them.")
        await expect(board.locator("#alerts")).to_contain_text("Our text did not reach them")
        await handsets.get_by_role("button", name="Turn phone 1 on").click()

        await handsets.get_by_label("Text END from phone 1").click()
        await expect(desk.locator("#texts")).to_contain_text("START from their phone undoes it.")
        await expect(board.locator("#alerts")).to_contain_text("Closed their phone to our texts")
        await expect(board.locator(".list-live")).to_contain_text("Closed their phone to our texts")
        await write(desk, "I am still here.")
        await expect(said(desk, "I am still here.")).to_contain_text(
            "Not sent: it waits until they text START"
        )
        await handsets.get_by_label("Text START from phone 1").click()
        await expect(desk.locator("#texts")).to_be_empty()
        for page in (desk, board, handsets):
            assert "07700 900301" not in await page.content() or page is handsets
            await check_fits(page)


async def test_what_is_written_is_counted_in_texts_and_a_correction_goes_as_another(
    tmp_path: Path, windows: Windows
) -> None:
    async with staffed_evening(tmp_path, "mari") as tonight:
        desk = await at_the_desk(windows, tonight, "mari")
        handsets = await phones(windows, tonight)
        await types(handsets, "helo")
        await answer(desk)
        count, box = desk.locator("#text-count"), desk.locator("#message")
        for words, told in (
            ("a" * 160, "1 text"),
            ("a" * 161, "2 texts"),
            ("ŵ" + "a" * 70, "2 texts, “ŵ” needs a longer alphabet"),
            ("ŵŷ" + "a" * 70, "2 texts, “ŵ” and “ŷ” need a longer alphabet"),
            ("میں یہیں ہوں۔ " * 10, "3 texts"),
            ("a" * 1_601, "More than 10 texts. It goes in parts, cut between sentences."),
        ):
            await box.fill(words)
            await expect(count).to_have_text(told)
        await box.fill("")
        await write(desk, "Good mourning")
        await expect(said(desk, "Good mourning")).to_contain_text("Arrived")
        await said(desk, "Good mourning").get_by_role("button", name="Change").click()
        await desk.get_by_role("button", name="Correct").click()
        await expect(desk.locator("#correcting")).to_contain_text("It goes as another text.")
        await write(desk, "Good evening")
        await expect(said(desk, "Good evening")).to_contain_text("Arrived")
        await expect(on_phone(handsets, "Good evening")).to_be_visible()
        await expect(on_phone(handsets, "Good mourning")).to_be_visible()
        await said(desk, "Good evening").get_by_role("button", name="Change").click()
        await desk.get_by_role("button", name="Take back").click()
        await expect(desk.get_by_role("log")).to_contain_text("It stays on their phone")


async def test_desk_and_phones_are_seen_by_everybody(tmp_path: Path, windows: Windows, look: Look) -> None:
    async with staffed_evening(tmp_path, "sasha") as tonight:
        how = {"screen": look.screen, "scheme": look.scheme}
        desk = await at_the_desk(windows, tonight, "sasha", **how)
        handsets = await phones(windows, tonight, **how)
        await types(handsets, "لا أستطيع النوم")
        await expect(on_phone(handsets, "لا أستطيع النوم").locator(".words")).to_have_css("direction", "rtl")
        await answer(desk)
        await write(desk, "I am here.")
        await expect(said(desk, "I am here.")).to_contain_text("Arrived")
        await handsets.get_by_role("button", name="Turn phone 1 off").click()
        await expect(handsets.get_by_role("button", name="Turn phone 1 on")).to_be_visible()
        await write(desk, "Where are you?")
        await expect(said(desk, "Where are you?")).to_contain_text("Did not arrive")
        await handsets.get_by_label("Text END from phone 1").click()
        await expect(desk.locator("#texts")).to_contain_text("START")
        await expect(on_phone(handsets, "Where are you?")).to_contain_text("Did not arrive")
        for page in (desk, handsets):
            await check_accessible(page)
            await check_fits(page)


async def test_the_phones_work_without_javascript(tmp_path: Path, windows: Windows) -> None:
    async with staffed_evening(tmp_path) as tonight:
        handsets = await phones(windows, tonight, javascript=False, screen=PHONE)
        await handsets.get_by_label("Text from phone 2").fill("hello")
        await handsets.get_by_label("Text from phone 2").locator("xpath=..").get_by_role("button").click()
        await expect(on_phone(handsets, "hello", 2)).to_be_visible()
        await tonight.contact()
        async with asyncio.timeout(20):
            while not await on_phone(handsets, "a person will answer you here", 2).is_visible():
                await handsets.reload()


async def test_while_the_carrier_is_silent_desk_and_board_say_so(tmp_path: Path, windows: Windows) -> None:
    async with staffed_evening(tmp_path, "dev", "jo") as tonight:
        desk = await at_the_desk(windows, tonight, "dev")
        board = await signed_in(windows, tonight, "jo", "/board")
        handsets = await phones(windows, tonight)
        await types(handsets, "are you there")
        await answer(desk)
        await handsets.get_by_role("button", name="Take the line down").click()
        await expect(handsets.locator(".phone-line")).to_contain_text("The line is down.")
        await write(desk, "Still with you.")
        await expect(said(desk, "Still with you.")).to_contain_text("Not sent yet: the carrier is silent.")
        tonight.app[ANNOUNCING].phone_silent(tonight.helpline.clock.now())
        await expect(board.locator("#strip")).to_contain_text("The phone line is silent since")
        tonight.app[ANNOUNCING].phone_silent(None)
        await expect(board.locator("#strip")).not_to_contain_text("The phone line")
