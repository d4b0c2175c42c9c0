"""A Chromium for each test that asks for one.

Playwright's objects belong to the event loop they were made in, and so do the servers a test starts. Each test has
its own loop, so each has its own browser; it starts in about half a second and leaves nothing behind for the next.
"""

import re
from collections.abc import AsyncIterator, Generator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, async_playwright

from helpline import demonstration
from tests.browser.chromium import FLAGS, LOOKS, Look, Windows, executable

PICTURES = Path(__file__).resolve().parents[2] / "test-results"
FAILED = pytest.StashKey[bool]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Lets a fixture know at its end whether the test failed."""
    report = yield
    if report.when == "call":
        item.stash[FAILED] = report.failed
    return report


@pytest_asyncio.fixture
async def chromium() -> AsyncIterator[Browser]:
    """A running Chromium; most tests want `windows` instead."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=executable(), args=FLAGS)
        yield browser
        await browser.close()


@pytest_asyncio.fixture
async def windows(chromium: Browser, request: pytest.FixtureRequest) -> AsyncIterator[Windows]:
    """Opens windows: `page = await windows.open(url, screen=PHONE, scheme="dark")`.

    When the test fails, a picture of every window is left in test-results/.
    """
    windows = Windows(chromium)
    yield windows
    if request.node.stash.get(FAILED, False):
        PICTURES.mkdir(exist_ok=True)
        test = re.sub(r"\W+", "-", request.node.name).strip("-")
        for number, page in enumerate(windows.pages, 1):
            if not page.is_closed():
                await page.screenshot(path=PICTURES / f"{test}-{number}.png", full_page=True)
    assert not windows.mistakes, "in the browser:\n" + "\n".join(windows.mistakes)


@pytest.fixture(params=LOOKS, ids=str)
def look(request: pytest.FixtureRequest) -> Look:
    """Phone and laptop, light and dark: a test that takes this runs in all four."""
    look: Look = request.param
    return look


@pytest.fixture
def full_evenings(monkeypatch: pytest.MonkeyPatch) -> None:
    """A demonstration whose evenings have no free place yet, so that a test is the same on every day of the week."""
    monkeypatch.setattr(demonstration, "FREE_EVERY", 1_000)
