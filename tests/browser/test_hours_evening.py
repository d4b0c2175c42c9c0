"""A supervisor closes and opens the door; a person's open page says so within seconds, in their language and zone."""

from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path

import pytest_asyncio
from playwright.async_api import Page, expect

from tests.browser.chromium import PATIENCE, PHONE, Look, Windows, check_accessible
from tests.browser.evening import Evening
from tests.browser.staff_pages import check_sound, shown_to, supervised_evening
from webchat.words import opening_time

WARSAW = "Europe/Warsaw"
LONDON = "Europe/London"
SECONDS = 10_000
TYPED = "nie wiem, od czego zacząć"


@pytest_asyncio.fixture
async def tonight(tmp_path: Path) -> AsyncIterator[Evening]:
    async with supervised_evening(tmp_path) as running:
        yield running


async def person_from(windows: Windows, url: str, zone: str) -> Page:
    context = await windows.browser.new_context(
        viewport={"width": PHONE.width, "height": PHONE.height},
        has_touch=True,
        is_mobile=True,
        reduced_motion="reduce",
        locale="pl",
        timezone_id=zone,
    )
    context.set_default_timeout(PATIENCE)
    page = await context.new_page()
    windows.watch(page)
    await page.goto(url)
    return page


async def closes(page: Page) -> None:
    """By keyboard alone, as somebody does whose hands are full."""
    await page.locator("#close-now summary").press("Enter")
    await page.locator("input[name=until][value='120']").press("Space")
    await page.locator("button[value=look]").press("Enter")
    await expect(page.locator("#sure")).to_be_focused()
    await page.locator("button[value=close]").press("Enter")
    await expect(page.locator("#outcome")).to_contain_text("Closed to new people")


async def keeps_what_is_told(page: Page) -> None:
    """What the status says is there for some seconds only, and this machine may be slower."""
    await page.evaluate(
        """() => { window.told = []; const region = document.getElementById("status");
             new MutationObserver(() => window.told.push(region.textContent)).observe(region, {childList: true}); }"""
    )


async def was_told(page: Page, words: str) -> None:
    await page.wait_for_function("(words) => window.told.includes(words)", arg=words)


def says(tonight: Evening, zone: str) -> str:
    until: datetime | None = tonight.helpline.hours.hours.closures[-1].until
    assert until is not None
    return opening_time(until, tonight.helpline.clock.now(), zone, "pl")


async def test_an_open_page_follows_the_supervisor_within_seconds_and_nothing_typed_is_lost(
    tonight: Evening, windows: Windows
) -> None:
    person = await windows.open(f"{tonight.url}/?lang=pl", screen=PHONE, locale="pl")
    abroad = await person_from(windows, f"{tonight.url}/?lang=pl", WARSAW)
    await person.fill("#box", TYPED)
    await person.locator("#box").focus()
    await expect(person.locator("#closed")).to_be_hidden()
    await keeps_what_is_told(person)

    sue = await shown_to("sue", tonight, windows, "/hours")
    await closes(sue)
    there = f"Teraz jest zamknięte. Otwieramy znowu {says(tonight, LONDON)}."
    await expect(person.locator("#closed-word")).to_have_text(there, timeout=SECONDS)
    await expect(person.locator("#closed")).to_be_visible()
    await was_told(person, there)
    here = f"{there} U Ciebie to {says(tonight, WARSAW)}."
    await expect(abroad.locator("#closed-word")).to_have_text(here, timeout=SECONDS)
    await expect(person.locator("#box")).to_have_value(TYPED)
    await expect(person.locator("#box")).to_be_focused()
    await check_accessible(person)
    await check_accessible(abroad)

    await sue.locator("form[action='/hours/open'] button").press("Enter")
    await expect(person.locator("#closed")).to_be_hidden(timeout=SECONDS)
    await was_told(person, "Teraz jest otwarte.")
    await expect(person.locator("#box")).to_have_value(TYPED)
    await expect(person.locator("#box")).to_be_focused()

    await tonight.on_shift("ania")
    await person.click("#send")
    await expect(person.locator("#log .me p")).to_have_text(TYPED)
    contact = await tonight.answered_by("ania")
    await expect(person.locator("#who")).to_have_text("Jest z Tobą Ania")
    assert await tonight.words_of(contact) == [TYPED]
    events, _ = await tonight.helpline.person_events(contact)
    assert events[1]["client_id"].endswith("/first"), (
        "the first words go with the start, over an open line too"
    )


async def test_words_that_were_stored_while_closed_are_told_when_we_open(
    tonight: Evening, windows: Windows
) -> None:
    sue = await shown_to("sue", tonight, windows, "/hours")
    await closes(sue)
    person = await person_from(windows, f"{tonight.url}/?lang=pl", WARSAW)
    await expect(person.locator("#closed-word")).to_contain_text(f"U Ciebie to {says(tonight, WARSAW)}.")
    await person.fill("#box", TYPED)
    await person.click("#send")
    await expect(person.locator("#stored-word")).to_contain_text(says(tonight, LONDON))
    await expect(person.locator("#stored-word")).to_contain_text(f"U Ciebie to {says(tonight, WARSAW)}.")

    await sue.locator("form[action='/hours/open'] button").click()
    await expect(person.locator("#stored-word")).to_contain_text("Teraz jest otwarte.", timeout=SECONDS)
    await check_accessible(person)
    await tonight.on_shift("ania")
    await person.fill("#box", "jestem")
    await person.click("#send")
    await expect(person.locator("#stored")).to_be_hidden()
    contact = await tonight.answered_by("ania")
    await expect(person.locator("#who")).to_have_text("Jest z Tobą Ania")
    assert await tonight.words_of(contact) == [TYPED, "jestem"]


async def test_a_page_that_never_got_a_line_keeps_what_it_was_drawn_with(
    tonight: Evening, windows: Windows
) -> None:
    person = await windows.open(screen=PHONE)
    await person.route("**/vendor/**", lambda route: route.abort())
    sue = await shown_to("sue", tonight, windows, "/hours")
    await closes(sue)
    await person.goto(tonight.url)
    await expect(person.locator("#closed")).to_be_visible()
    await sue.locator("form[action='/hours/open'] button").click()
    await expect(sue.locator(".door.is-open").first).to_be_visible()
    await expect(person.locator("#closed")).to_be_visible()
    await expect(person.locator("#status")).to_be_empty()


async def test_every_state_of_the_hours_is_accessible_and_fits(
    tonight: Evening, windows: Windows, look: Look
) -> None:
    page = await shown_to("sue", tonight, windows, "/hours", look)

    await check_sound(page)
    await page.click("#close-now summary")
    await page.check("input[name=why][value=other]")
    await page.click("button[value=look]")
    await expect(page.locator("#why-wrong")).to_be_visible()
    await check_sound(page)
    await page.fill("input[name=other]", "a pipe burst")
    await page.click("button[value=look]")
    await expect(page.locator("#sure")).to_be_visible()
    await check_sound(page)
    await page.click("button[value=close]")
    await expect(page.locator(".closure")).to_contain_text("a pipe burst")
    await check_sound(page)
    await page.click("a[href='/hours/edit']")
    await page.fill("[id='web.fri']", "late")
    await page.click(".last button[value=look]")
    await expect(page.locator("[id='web.fri-wrong']")).to_be_visible()
    await check_sound(page)
    await page.fill("[id='web.fri']", "18-2")
    await page.locator("[id='web.fri']").press("Enter")
    await expect(page.locator("#preview")).to_contain_text("becomes 18:00–02:00.")
    await check_sound(page)
    await page.click("button[value=save]")
    await expect(page.locator("#outcome")).to_contain_text("The new hours are saved.")
    await page.click("#outcome button")
    await expect(page.locator("#outcome")).to_contain_text("Undone.")
