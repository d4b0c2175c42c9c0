"""Leaving at once: the way out leaves nothing in the window, its history, its storage or its cookies."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from aiohttp import web
from aiohttp.test_utils import TestServer
from playwright.async_api import Page, expect

from tests.browser.chromium import PHONE, Windows
from tests.browser.evening import Evening, demonstration, evening

SECRET = "nobody at home may read this"


@pytest_asyncio.fixture
async def elsewhere() -> AsyncIterator[str]:
    """A neutral site, and what was open before."""

    async def weather(_: web.Request) -> web.Response:
        return web.Response(
            text="<!doctype html><title>Weather</title><h1>Rain</h1>", content_type="text/html"
        )

    app = web.Application()
    app.router.add_get("/{any:.*}", weather)
    server = TestServer(app, host="127.0.0.1")
    await server.start_server()
    yield f"http://localhost:{server.port}"
    await server.close()


@pytest_asyncio.fixture
async def tonight(tmp_path: Path, elsewhere: str) -> AsyncIterator[Evening]:
    async with evening(tmp_path, demonstration(exit_to=f"{elsewhere}/weather")) as running:
        yield running


async def in_a_chat(page: Page, tonight: Evening, elsewhere: str) -> str:
    """Something else was open first; then a chat with a supporter in it, and a draft."""
    await page.goto(f"{elsewhere}/before")
    await page.goto(tonight.url)
    await page.click("text=Polski")
    await page.click("text=English")
    await tonight.on_shift("lou")
    await page.fill("#box", SECRET)
    await page.click("#send")
    contact = await tonight.answered_by("lou")
    await expect(page.locator("#who")).to_have_text("Lou is with you")
    await page.fill("#box", "half a dra")
    return contact


async def nothing_is_left(page: Page, tonight: Evening, elsewhere: str) -> None:
    await page.wait_for_url(f"{elsewhere}/weather")
    assert await page.title() == "Weather"
    assert [c for c in await page.context.cookies() if "localhost" not in str(c.get("domain"))] == []
    await page.go_back()
    assert page.url == f"{elsewhere}/before"
    other = await page.context.new_page()
    await other.goto(f"{tonight.url}/chat")
    await expect(other.locator("#start")).to_be_visible()
    assert SECRET not in await other.content()
    kept = await other.evaluate("[localStorage.length, sessionStorage.length, document.cookie]")
    assert kept == [0, 0, ""]
    databases = await other.evaluate("indexedDB.databases().then((all) => all.length)")
    assert databases == 0


async def test_the_link_leaves_at_once_and_leaves_nothing(
    tonight: Evening, windows: Windows, elsewhere: str
) -> None:
    page = await windows.open()
    contact = await in_a_chat(page, tonight, elsewhere)
    await page.click("#leave")
    await nothing_is_left(page, tonight, elsewhere)
    assert tonight.now(contact).left == "quick"


async def test_shift_three_times_leaves_and_says_each_press(
    tonight: Evening, windows: Windows, elsewhere: str
) -> None:
    page = await windows.open()
    contact = await in_a_chat(page, tonight, elsewhere)
    await page.keyboard.press("Shift")
    await expect(page.locator("#status")).to_have_text("Press Shift twice more to leave this page.")
    await page.keyboard.press("Shift")
    await expect(page.locator("#status")).to_have_text("Press Shift once more to leave this page.")
    await page.keyboard.press("Shift")
    await nothing_is_left(page, tonight, elsewhere)
    assert tonight.now(contact).left == "quick"


async def test_other_keys_and_long_pauses_begin_the_count_anew(
    tonight: Evening, windows: Windows, elsewhere: str
) -> None:
    page = await windows.open()
    await page.clock.install()
    await page.goto(tonight.url)
    status = page.locator("#status")
    await page.focus("#box")
    await page.keyboard.press("Shift")
    await page.keyboard.press("Shift")
    await page.keyboard.press("a")
    await page.keyboard.press("Shift")
    await expect(status).to_have_text("Press Shift twice more to leave this page.")
    await page.keyboard.press("Shift+B")
    await page.keyboard.press("Shift")
    await expect(status).to_have_text("Press Shift twice more to leave this page.")
    await page.clock.fast_forward(5_100)
    await page.keyboard.press("Shift")
    await expect(status).to_have_text("Press Shift twice more to leave this page.")
    assert page.url.startswith(tonight.url)


async def test_leaving_works_without_javascript(tonight: Evening, windows: Windows, elsewhere: str) -> None:
    page = await windows.open(f"{tonight.url}/chat", screen=PHONE, javascript=False)
    await page.fill("#box", SECRET)
    await page.click("#send")
    await expect(page.locator("#log .me:not(.unsent)")).to_contain_text(SECRET)
    await page.click("#leave")
    await page.wait_for_url(f"{elsewhere}/weather")
    assert [c for c in await page.context.cookies() if "localhost" not in str(c.get("domain"))] == []
    await page.go_back()
    assert SECRET not in await page.content()
    await expect(page.locator("#start")).to_be_visible()


@pytest.mark.parametrize("javascript", [True, False], ids=["with JavaScript", "without"])
async def test_the_back_button_never_shows_the_conversation(
    tonight: Evening, windows: Windows, elsewhere: str, javascript: bool
) -> None:
    page = await windows.open(tonight.url, javascript=javascript)
    await page.fill("#box", SECRET)
    await page.click("#send")
    await expect(page.locator("#log .me:not(.unsent)")).to_contain_text(SECRET)
    await page.goto(f"{elsewhere}/away")
    await page.go_back()
    await expect(page.locator("#carry")).to_be_visible()
    assert SECRET not in await page.content()


async def test_the_tab_tells_nobody_what_this_is(tonight: Evening, windows: Windows) -> None:
    page = await windows.open(tonight.url)
    assert await page.title() == "Evening notes"
    await page.fill("#box", "hello")
    await page.click("#send")
    await tonight.on_shift("lou")
    contact = await tonight.answered_by("lou")
    await tonight.says("lou", contact, "Hello.")
    await expect(page.locator("#log .them")).to_be_visible()
    assert await page.title() == "Evening notes"
    assert await page.evaluate("document.querySelector('link[rel=icon]').href.endsWith('icon.svg')")
