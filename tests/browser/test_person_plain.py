"""The chat without JavaScript, in a real browser: the same page, a whole conversation, as forms."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio
from playwright.async_api import expect

from tests.browser.chromium import PHONE, Windows
from tests.browser.evening import Evening, demonstration, evening


@pytest_asyncio.fixture
async def tonight(tmp_path: Path) -> AsyncIterator[Evening]:
    async with evening(tmp_path, demonstration()) as running:
        yield running


async def test_a_whole_conversation_without_javascript(tonight: Evening, windows: Windows) -> None:
    await tonight.on_shift("ania")
    page = await windows.open(tonight.url, screen=PHONE, javascript=False)
    await page.click("text=Polski")
    await page.fill("#box", "nie mogę spać")
    await page.click("#send")
    await expect(page.locator("#log .me p")).to_have_text("nie mogę spać")

    contact = await tonight.answered_by("ania")
    await tonight.says("ania", contact, "Jestem tu.", "pl")
    await page.fill("#box", "jeszcze piszę")
    await page.click("text=Zobacz nowe wiadomości")
    await expect(page.locator("#log .them p")).to_have_text("Jestem tu.")
    await expect(page.locator("#box")).to_have_value("jeszcze piszę")
    await expect(page.locator("h1")).to_have_text("Jest z Tobą Ania")
    await page.click("#send")
    await expect(page.locator("#log .me p")).to_have_text(["nie mogę spać", "jeszcze piszę"])

    await page.click("#safe button")
    await expect(page.locator("#safe-now a[href='tel:999']")).to_be_visible()
    await expect(page.locator("#log .me")).to_have_count(2)

    await page.click("#end summary")
    await page.click("#end form button")
    await expect(page.locator("#after")).to_be_visible()
    await page.locator("#feedback .chip").first.click()
    await page.locator("#feedback .face").nth(3).click()
    await page.click("#feedback button")
    await expect(page.locator("#noted")).to_be_visible()

    await page.fill("#box", "jeszcze jedno")
    await page.click("#send")
    await expect(page.locator("#log .me p").last).to_have_text("jeszcze jedno")
    assert await tonight.words_of(contact) == ["nie mogę spać", "jeszcze piszę", "jeszcze jedno"]
    assert tonight.now(contact).not_safe
    assert tonight.now(contact).gave_feedback


async def test_a_choice_and_a_call_without_javascript(tonight: Evening, windows: Windows) -> None:
    await tonight.on_shift("lou")
    page = await windows.open(f"{tonight.url}/?lang=ur", javascript=False)
    await page.fill("#box", "کوئی ہے؟")
    await page.click("#send")
    contact = await tonight.contact()
    await tonight.until(lambda: tonight.now(contact.log).choice)
    await page.click(".look-again")
    await expect(page.locator("#choice")).to_be_visible()
    await page.click("#choice .call-link")
    await page.fill("input[name=number]", "07700 900123")
    await page.click("form.questions button.main")
    await expect(page.locator("main .lead")).to_be_visible()
    assert tonight.now(contact.log).choice is None
    assert [one.asked_call for one in tonight.helpline.contacts() if one.channel == "call"] == [True]
    await page.click("main button.main")
    await expect(page.locator("#log .me p")).to_have_text("کوئی ہے؟")
