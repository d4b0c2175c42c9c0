"""Hands for tests of staff pages that need no shift: a window signed in by its cookie, and what every page must be."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from playwright.async_api import Page

from helpline.people import Account
from tests.browser.chromium import LAPTOP, Look, Windows, check_accessible
from tests.browser.evening import Evening, demonstration, evening
from webchat.keys import SESSIONS


@asynccontextmanager
async def supervised_evening(folder: Path) -> AsyncIterator[Evening]:
    """A running service with a supervisor, `sue`, who has no shift."""
    async with evening(folder, demonstration()) as running:
        supervisor = Account(id="sue", name="Sue", shown_name="Sue", roles=("supervisor",))
        await running.helpline.people.add(supervisor)
        yield running


async def shown_to(
    account: str, tonight: Evening, windows: Windows, path: str, look: Look | None = None
) -> Page:
    """A page as it is shown to this account (id)."""
    look = look or Look(LAPTOP, "light")
    page = await windows.open(screen=look.screen, scheme=look.scheme)
    token = await tonight.app[SESSIONS].begin(account)
    await page.context.add_cookies([{"name": "staff", "value": token, "url": tonight.url}])
    await page.goto(tonight.url + path)
    return page


async def check_sound(page: Page) -> None:
    """Everybody can use it, and nothing is to be scrolled sideways."""
    await check_accessible(page)
    over = await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert over <= 0, f"{page.url}: {over} px too wide"
