"""Hands for tests of the staff pages: sign in, check in, somebody comes, somebody answers."""

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

from playwright.async_api import Page, expect

from helpline.events import PERSON
from helpline.shape import Definition
from helpline.talking import Message
from tests.browser.chromium import LAPTOP, Screen, Windows
from tests.browser.evening import Evening, demonstration, evening
from tests.crash.server import Server

PASSWORD = "a lamp left on in the window"

# Counts the notes a page plays, and lets them sound without anybody's press.
COUNT_NOTES = """
  window.notesPlayed = 0;
  const start = OscillatorNode.prototype.start;
  OscillatorNode.prototype.start = function (...when) {
    window.notesPlayed += 1;
    return start.apply(this, when);
  };
"""


async def let_in(page: Page, server: Server, name: str, url: str = "") -> None:
    """Sign a page in at a server of its own process; `url` is where the page finds it, if through something else."""
    cookie, _, value = (await server.sign_in(name)).partition("=")
    await page.context.add_cookies([{"name": cookie, "value": value, "url": url or server.url}])


@asynccontextmanager
async def staffed_evening(
    folder: Path, *names: str, definition: Definition | None = None, **settings: Any
) -> AsyncIterator[Evening]:
    """A running service in which these (ids) can sign in."""
    async with evening(folder, definition or demonstration(), **settings) as tonight:
        for name in names:
            await tonight.helpline.people.set_password(name, PASSWORD)
        yield tonight


async def signed_in(
    windows: Windows,
    tonight: Evening,
    name: str,
    place: str = "/desk",
    *,
    screen: Screen = LAPTOP,
    clock: bool = False,
    **look: Any,
) -> Page:
    """A window of this person's, signed in and at `place`; with `clock`, its time can be moved by hand."""
    page = await windows.open(screen=screen, **look)
    if clock:
        await page.clock.install()
    await page.add_init_script(COUNT_NOTES)
    await page.goto(f"{tonight.url}/sign-in?then={place}")
    await page.get_by_label("Your name").fill(name)
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Sign in").click()
    await page.wait_for_url(f"**{place}")
    return page


async def check_in(page: Page) -> None:
    """The three things before a shift, and the press that starts it."""
    await page.get_by_role("button", name="Play the ring").click()
    await page.get_by_label("I heard it").check()
    await page.get_by_label("I know what I need for tonight").check()
    await page.get_by_role("button", name="Start my shift").click()
    await expect(page.locator("#readiness")).to_contain_text("Ready")


async def at_the_desk(windows: Windows, tonight: Evening, name: str, **look: Any) -> Page:
    """Signed in, checked in, ready."""
    page = await signed_in(windows, tonight, name, **look)
    await check_in(page)
    return page


class Comer:
    """A person who came, through the core's own commands; their line is open until `goes_quiet`."""

    def __init__(self, tonight: Evening, contact: str) -> None:
        self.tonight, self.contact = tonight, contact

    @property
    def name(self) -> str:
        return self.tonight.now(self.contact).name

    async def writes(self, text: str, lang: str = "en") -> None:
        await self.tonight.helpline.say(self.contact, PERSON, [Message(str(uuid4()), text)], lang)

    async def heard(self) -> list[str]:
        """What our side said, as the person has it."""
        events, _ = await self.tonight.helpline.person_events(self.contact)
        return [one["text"] for one in events if one["kind"] == "said" and one["by"]["role"] != "person"]


async def somebody_comes(
    tonight: Evening, first: str = "cant sleep", language: str = "en", **answers: Any
) -> Comer:
    started = await tonight.helpline.start(
        secrets.token_urlsafe(32),
        client_id=str(uuid4()),
        language=language,
        first_message=first,
        answers={key: str(value) for key, value in answers.items()},
    )
    tonight.helpline.person_connected(started.contact)
    return Comer(tonight, started.contact)


async def answer(page: Page) -> None:
    """Take the offer that rings, and see the conversation."""
    await page.get_by_role("button", name="Answer", exact=True).click()
    await expect(page.get_by_role("log")).to_be_visible()


async def write(page: Page, text: str) -> None:
    await page.locator("#message").fill(text)
    await page.locator("#message").press("Enter")


def said(page: Page, text: str) -> Any:
    """The one message in the conversation with these words."""
    return page.get_by_role("log").locator(".said", has_text=text)
