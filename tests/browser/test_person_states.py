"""The person's pages in every state: accessible, calm, in place; by keyboard alone; from right to left."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from tests.browser.chromium import LAPTOP, PHONE, Look, Screen, Windows, check_accessible
from tests.browser.evening import Evening, demonstration, evening

NARROW = Screen("narrow", 320, 640, touch=True)
ZOOMED = Screen("laptop at 200 %", 640, 360, touch=False)
ZOOMED_FAR = Screen("laptop at 400 %", 320, 180, touch=False)


@pytest_asyncio.fixture
async def tonight(tmp_path: Path) -> AsyncIterator[Evening]:
    """Dev is on a break, so that whoever comes is told truly that somebody will be with them."""
    async with evening(tmp_path, demonstration()) as running:
        await running.on_shift("dev")
        await running.helpline.away(running.who("dev"), "break")
        yield running


async def starts(page: Page, text: str = "i dont know how to start") -> None:
    await page.fill("#box", text)
    await page.click("#send")
    await expect(page.locator("#log .me")).to_have_text(f"You:{text}")
    await expect(page.locator("#waiting")).to_be_visible()


async def test_every_state_is_accessible(tonight: Evening, windows: Windows, look: Look) -> None:
    page = await windows.open(tonight.url, screen=look.screen, scheme=look.scheme)
    await check_accessible(page)
    await page.click("#start summary")
    await check_accessible(page)

    await starts(page)
    await page.click("#waiting summary")
    await check_accessible(page)

    await tonight.on_shift("lou")
    contact = await tonight.answered_by("lou")
    await tonight.says("lou", contact, "I'm glad you came.")
    await expect(page.locator("#who")).to_have_text("Lou is with you")
    await check_accessible(page)

    await page.click("#safe button")
    await expect(page.locator("#safe-word")).to_contain_text("A person is being called")
    await check_accessible(page)
    await page.click("#safe-fold")

    await page.click("#end summary")
    await check_accessible(page)
    await page.click("#end form button")
    await expect(page.locator("#after")).to_be_visible()
    await page.locator("#feedback .chip").first.click()
    await expect(page.locator("#noted")).to_be_visible()
    await check_accessible(page)

    await page.goto(f"{tonight.url}/chat")
    await expect(page.locator("#carry")).to_be_visible()
    await check_accessible(page)


async def test_a_choice_and_the_asking_for_a_call_are_accessible(
    tonight: Evening, windows: Windows, look: Look
) -> None:
    page = await windows.open(f"{tonight.url}/call-me", screen=look.screen, scheme=look.scheme)
    await check_accessible(page)
    await page.click("form.questions button.main")
    await expect(page.locator("#call-wrong")).to_be_visible()
    await check_accessible(page)

    await tonight.on_shift("lou")
    await page.goto(f"{tonight.url}/chat?lang=cy")
    await page.click("#send")
    contact = await tonight.contact()
    await expect(page.locator("#choice")).to_be_visible()
    await expect(page.locator("#choice-why")).to_contain_text("Does neb sy'n siarad Cymraeg yma")
    await check_accessible(page)
    await page.locator("#choice button[value=call_me]").click()
    await expect(page.locator("#calling")).to_be_visible()
    await check_accessible(page)
    await page.fill("#call-number", "12")
    await page.locator("#calling button.main").click()
    await expect(page.locator("#call-wrong")).to_be_visible()
    await page.fill("#call-number", "01632 960 114")
    await page.locator("#calling button.main").click()
    await expect(page.locator("#calling")).to_be_hidden()
    await expect(page.locator("#choice")).to_be_hidden()
    assert tonight.now(contact.log).asked_call
    assert tonight.now(contact.log).phase == "waiting"


async def test_an_evening_by_keyboard_alone(tonight: Evening, windows: Windows) -> None:
    page = await windows.open(tonight.url)
    await tonight.on_shift("lou")
    await page.locator("#box").focus()
    await page.keyboard.type("first")
    await page.keyboard.press("Shift+Enter")
    await page.keyboard.type("second line")
    await page.keyboard.press("Enter")
    await expect(page.locator("#log .me p")).to_have_text("first\nsecond line")
    await expect(page.locator("#box")).to_be_focused()
    contact = await tonight.answered_by("lou")
    await tonight.says("lou", contact, "Hello.")
    await expect(page.locator("#log .them")).to_be_visible()
    await expect(page.locator("#box")).to_be_focused()

    await page.keyboard.press("Tab")
    await expect(page.locator("#send")).to_be_focused()
    await page.keyboard.press("Tab")
    await expect(page.locator("#safe button")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.locator("#safe-now")).to_be_visible()
    await page.keyboard.press("Shift+Tab")
    await page.keyboard.press("Shift+Tab")
    await expect(page.locator("#box")).to_be_focused()
    await page.keyboard.press("Shift+Tab")
    await page.keyboard.press("Enter")
    await expect(page.locator("#safe-now")).to_be_hidden()
    await expect(page.locator("#safe button")).to_be_focused()


async def test_not_safe_shows_numbers_at_once_and_leaves_the_composer_alone(
    tonight: Evening, windows: Windows
) -> None:
    page = await windows.open(tonight.url, screen=PHONE)
    await starts(page)
    await page.fill("#box", "half a thought")
    await page.click("#safe button")
    await expect(page.locator("#safe-now a[href='tel:999']")).to_be_visible()
    await expect(page.locator("#safe-now a[href='tel:111']")).to_be_visible()
    await expect(page.locator("#box")).to_be_focused()
    await expect(page.locator("#box")).to_have_value("half a thought")
    await expect(page.locator("#safe-word")).to_contain_text("A person is being called")
    await expect(page.locator("#status")).to_contain_text("A person is being called")
    assert (await tonight.contact()).not_safe


async def test_not_safe_before_anything_was_said_brings_a_person_too(
    tonight: Evening, windows: Windows
) -> None:
    page = await windows.open(tonight.url, screen=PHONE)
    await page.click("#safe button")
    await expect(page.locator("#safe-word")).to_contain_text("A person is being called")
    assert (await tonight.contact()).not_safe


@pytest.mark.parametrize(
    "screen", [PHONE, LAPTOP, NARROW, ZOOMED, ZOOMED_FAR], ids=lambda screen: screen.name
)
async def test_nothing_is_cut_off_or_too_small_to_press(
    tonight: Evening, windows: Windows, screen: Screen
) -> None:
    page = await windows.open(f"{tonight.url}/?lang=pl", screen=screen)

    async def fits() -> None:
        wide = await page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
        assert wide[0] <= wide[1]
        small = await page.evaluate(
            """() => [...document.querySelectorAll("a, button, summary, .chip span, .face span, textarea")]
                 .filter((one) => one.checkVisibility())
                 .map((one) => [one.outerHTML.slice(0, 80), one.getBoundingClientRect()])
                 .filter(([, box]) => box.width < 44 || box.height < 43.9)
                 .map(([html, box]) => `${html} ${box.width} x ${box.height}`)"""
        )
        assert small == []

    await fits()
    await page.click("#start summary")
    await fits()
    await page.fill("#box", "nie wiem, od czego zacząć")
    await page.click("#send")
    await tonight.on_shift("ania")
    contact = await tonight.answered_by("ania")
    await tonight.says("ania", contact, "Cieszę się, że jesteś.", "pl")
    await expect(page.locator("#who")).to_have_text("Jest z Tobą Ania")
    await page.click("#safe button")
    await expect(page.locator("#safe-now")).to_be_visible()
    await fits()


@pytest.mark.parametrize("screen", [PHONE, LAPTOP, ZOOMED], ids=lambda screen: screen.name)
async def test_the_way_out_and_the_numbers_stay_where_they_are(
    tonight: Evening, windows: Windows, screen: Screen
) -> None:
    page = await windows.open(tonight.url, screen=screen)

    async def places() -> list[list[float]]:
        found: list[list[float]] = await page.evaluate(
            """() => ["#leave", "#safe button", "#safe a[href='tel:999']", "#safe a[href='tel:111']"].map((what) => {
                 const box = document.querySelector(what).getBoundingClientRect();
                 return [Math.round(box.x), Math.round(innerHeight - box.bottom)]; })"""
        )
        return found

    at_first = await places()
    await starts(page)
    assert (await places())[1:] == at_first[1:]
    await tonight.on_shift("lou")
    contact = await tonight.answered_by("lou")
    for number in range(12):
        await tonight.says("lou", contact, f"message {number}, long enough to fill a line or two on a phone")
    await expect(page.locator("#log .them").last).to_contain_text("message 11")
    await expect(page.locator("#log .them").last).to_be_in_viewport()
    assert (await places())[1:] == at_first[1:]
    assert await page.locator("#leave").is_visible()
    await expect(page.locator("#leave")).to_be_in_viewport()


async def test_arabic_reads_from_right_to_left_and_each_message_in_its_own_direction(
    tonight: Evening, windows: Windows
) -> None:
    page = await windows.open(f"{tonight.url}/?lang=ar", screen=PHONE, locale="ar")
    assert await page.evaluate("[document.documentElement.lang, document.dir]") == ["ar", "rtl"]
    await page.fill("#box", "لا أعرف كيف أبدأ")
    await page.click("#send")
    await tonight.on_shift("sasha")
    contact = await tonight.answered_by("sasha")
    await tonight.says("sasha", contact, "Sorry, my Arabic keyboard is slow", "en")
    theirs = page.locator("#log .them p")
    await expect(theirs).to_have_attribute("lang", "en")
    assert await theirs.evaluate("(one) => getComputedStyle(one).direction") == "ltr"
    mine = page.locator("#log .me p")
    assert await mine.evaluate("(one) => getComputedStyle(one).direction") == "rtl"
    boxes = await page.evaluate(
        "['#leave', '#log .me', '#log .them'].map((one) => document.querySelector(one).getBoundingClientRect().x)"
    )
    assert boxes[0] < 100, "the way out is at the end of the line"
    assert boxes[1] < boxes[2]
    await check_accessible(page)


async def test_one_status_region_and_one_log_and_no_alarm(tonight: Evening, windows: Windows) -> None:
    page = await windows.open(tonight.url)
    await starts(page)
    live = await page.evaluate(
        """() => [...document.querySelectorAll("[role=status], [role=alert], [role=log], [aria-live]")]
             .map((one) => `${one.id} ${one.getAttribute("role")} ${one.getAttribute("aria-live")}`)"""
    )
    assert sorted(live) == ["log log null", "status status null"]


async def test_the_page_says_no_more_than_it_knows_about_the_wait(tonight: Evening, windows: Windows) -> None:
    page = await windows.open(tonight.url)
    await starts(page)
    await expect(page.locator("#place")).to_have_text("You are next.")
    other = await windows.open(tonight.url)
    await starts(other)
    await expect(other.locator("#place")).to_have_text("You are second.")
    assert "minutes" not in await other.locator("#waiting").inner_text()
