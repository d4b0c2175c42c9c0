"""Takes the pictures of the README and of the guides: `make pictures`.

One evening of the demonstration at a time, with people and words that are made up, seen in real windows at ten to ten.
"""

import asyncio
import base64
import re
import tempfile
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

from playwright.async_api import Browser, Page, async_playwright, expect

from app import DEMO
from helpline.definition import read_definition
from helpline.events import PERSON, RungSet
from helpline.talking import Message
from tests.browser.chromium import FLAGS, executable
from tests.browser.evening import Evening, evening
from tests.clock import SetClock
from webchat.keys import SESSIONS

HERE = Path(__file__).parent
LARGEST = 300_000
SOUND = re.compile("^Turn the (ring|sound) on$")
# A Wednesday in winter, when London's wall clock shows UTC.
TEN_TO_TEN = datetime(2026, 1, 14, 21, 50, tzinfo=UTC)
# Width, height in CSS pixels, and how much smaller the picture shows them.
PHONE = (360, 720, 0.78)
LAPTOP = (1280, 760, 0.66)

LOOK = """
<!doctype html><meta charset="utf-8"><title>Windows</title>
<style>
  body { margin: 0; padding: 28px 28px 24px; width: max-content; display: grid; grid-template-columns: auto auto; gap: 22px 28px;
         background: #eef0ec; color: #46524d; font: 15px/1.4 "Noto Sans", sans-serif; }
  figure { margin: 0; } figcaption { margin: 8px 2px 0; }
  img { display: block; border-radius: 10px; box-shadow: 0 1px 2px #0002, 0 8px 24px #0001; }
  .phone { grid-row: span 2; align-self: center; } .phone img { border-radius: 22px; }
  .wide { grid-column: span 2; }
</style>
"""


class Night:
    """The demonstration at ten to ten, and its windows. Time stands until it is set on."""

    def __init__(self, browser: Browser, tonight: Evening, clock: SetClock) -> None:
        self.browser, self.tonight, self.clock = browser, tonight, clock
        self._pages: list[Page] = []

    async def window(self, size: tuple[int, int, float], path: str) -> Page:
        """A window of its own; movement is reduced, so that what is seen stands still."""
        width, height, scale = size
        context = await self.browser.new_context(
            viewport={"width": width, "height": height},
            device_scale_factor=scale,
            is_mobile=width < 600,
            has_touch=width < 600,
            color_scheme="light",
            reduced_motion="reduce",
            locale="en-GB",
            timezone_id="Europe/London",
        )
        page = await context.new_page()
        await page.clock.install(time=self.clock.now())
        self._pages.append(page)
        await page.goto(f"{self.tonight.url}{path}")
        return page

    async def staff(self, account: str, place: str) -> Page:
        page = await self.window(LAPTOP, "/healthz")
        token = await self.tonight.server.app[SESSIONS].begin(account)
        await page.context.add_cookies([{"name": "staff", "value": token, "url": self.tonight.url}])
        await page.goto(f"{self.tonight.url}{place}")
        return page

    async def later(self, seconds: int) -> None:
        self.clock.set(self.clock.now() + timedelta(seconds=seconds))
        await self.tonight.helpline.dispatcher.settled()
        for page in self._pages:
            await page.clock.set_system_time(self.clock.now())


async def comes(tonight: Evening, language: str, first: str) -> str:
    """Somebody else comes, and stays on the line."""
    answer = await tonight.helpline.start(
        uuid4().hex + uuid4().hex,
        client_id=str(uuid4()),
        language=language,
        first_message=first,
        answers={"area": "HX1"},
    )
    tonight.helpline.person_connected(answer.contact)
    return answer.contact


def rung(to: int, basis: str) -> RungSet:
    return RungSet(to=to, was=0, basis=basis, client_id=str(uuid4()))


async def by_chat(night: Night) -> list[tuple[str, str, Page]]:
    """A person chats who does not feel safe; the desk, and the board with one alert and who waits."""
    tonight, helpline = night.tonight, night.tonight.helpline
    await helpline.check_in(tonight.who("jo"), client_id=str(uuid4()), sound=True)
    await tonight.on_shift("mari")
    other = await comes(tonight, "cy", "Noswaith dda. Mae hi'n noson hir.")
    await tonight.answered_by("mari")
    await tonight.says("mari", other, "Noswaith dda. Rwy'n falch eich bod chi yma.", "cy")
    await helpline.away(tonight.who("mari"), "pause")
    await tonight.on_shift("dev")
    board, desk = await night.staff("jo", "/board"), await night.staff("dev", "/desk")
    person = await night.window(PHONE, "/chat")
    await person.locator("#box").fill("I can't sleep and my head won't stop")
    await person.locator("#send").click()
    await desk.get_by_role("button", name="Answer", exact=True).click()
    await expect(desk.locator("#log")).to_contain_text("can't sleep")
    contact = next(one.log for one in helpline.contacts() if one.owner == "dev")
    for ours, words in (
        (True, "Hello, I'm glad you came. What would you like me to call you?"),
        (False, "Sam is fine. It's been like this for a week"),
        (True, "Thank you for telling me, Sam. A week is a long time to carry that."),
        (False, "I don't feel safe with my own thoughts at night"),
        (True, "I want to ask you straight: are you thinking about ending your life?"),
        (False, "sometimes. not right now"),
    ):
        if ours:
            await tonight.says("dev", contact, words, "en")
        else:
            await person.locator("#box").fill(words)
            await person.locator("#send").click()
            await expect(person.locator("#log")).to_contain_text(words)
        await expect(desk.locator("#log")).to_contain_text(words)
    await comes(tonight, "pl", "Dobry wieczór. Jest tam ktoś?")
    await helpline.set_rung(tonight.who("dev"), contact, rung(2, "Thoughts at night, none now"))
    await helpline.say(other, PERSON, [Message(str(uuid4()), "Diolch.")], "cy")
    await expect(board.locator("main")).to_contain_text(re.compile("Waiting\\s*1\\s*Longest"))
    await expect(desk.locator("#help")).to_contain_text("crisis", ignore_case=True)
    return [
        ("phone", "the person", person),
        ("", "the supporter's desk", desk),
        ("", "the shift lead's board", board),
    ]


async def by_text(night: Night) -> list[tuple[str, str, Page]]:
    """A person texts END in the middle of a plan, had agreed to a call, and is rung: desk, and pretend phones."""
    tonight = night.tonight
    await tonight.on_shift("ania")
    desk, phones = await night.staff("ania", "/desk"), await night.window(LAPTOP, "/demo/phone")
    box = phones.get_by_label("Text from phone 1", exact=True)
    await box.fill("is anybody there, i can't be alone with this")
    await box.press("Enter")
    await desk.get_by_role("button", name="Answer", exact=True).click()
    contact = (await tonight.contact()).log
    for ours, words in (
        (True, "I am here, and I have time. What is happening?"),
        (False, "my sister rang, then it all came up again"),
        (True, "Thank you for telling me. May I ring you, should a text not reach you?"),
        (False, "yes you can"),
    ):
        await night.later(40)
        if ours:
            await tonight.says("ania", contact, words, "en")
        else:
            await box.fill(words)
            await box.press("Enter")
        await expect(desk.locator("#log")).to_contain_text(words)
    await tonight.helpline.set_rung(tonight.who("ania"), contact, rung(2, "Alone tonight, and afraid of it"))
    await night.later(40)
    await phones.get_by_label("Text END from phone 1").click()
    await desk.get_by_role("button", name="They agreed to a call").click()
    await desk.get_by_role("button", name="Ring them").click()
    for label in ("Answer Ania's phone", "Press 1 on Ania's phone"):
        await phones.get_by_role("button", name=label).click()
    await expect(phones.get_by_text("Phone 1 rings.")).to_be_visible()
    await phones.evaluate("scrollTo(0, document.querySelector('.phone-sides').offsetTop - 12)")
    return [
        ("wide", "the supporter's desk", desk),
        ("wide", "the pretend phones of the demonstration", phones),
    ]


Played = Callable[[Night], Awaitable[list[tuple[str, str, Page]]]]
PICTURES: dict[str, Played] = {"three-windows.png": by_chat, "text-evening.png": by_text}


async def taken(play: Played) -> bytes:
    """The windows of one evening side by side, as PNG."""
    clock = SetClock(TEN_TO_TEN)
    with tempfile.TemporaryDirectory() as folder:
        async with (
            async_playwright() as playwright,
            evening(Path(folder), read_definition(DEMO), clock) as tonight,
        ):
            browser = await playwright.chromium.launch(executable_path=executable(), args=FLAGS)
            figures = []
            for look, caption, page in await play(Night(browser, tonight, clock)):
                if await (silent := page.get_by_role("button", name=SOUND)).count():
                    await silent.click()
                await page.evaluate("document.activeElement?.blur()")
                shot = base64.b64encode(await page.screenshot()).decode()
                figures.append(
                    f'<figure class="{look}"><img src="data:image/png;base64,{shot}" alt="">'
                    f"<figcaption>{caption}</figcaption></figure>"
                )
            frame = await browser.new_page(viewport={"width": 600, "height": 600})
            await frame.set_content(LOOK + "".join(figures))
            width = await frame.evaluate("document.documentElement.scrollWidth")
            await frame.set_viewport_size({"width": width, "height": 600})
            picture = await frame.screenshot(full_page=True)
            await browser.close()
    return picture


def main() -> None:
    for name, play in PICTURES.items():
        picture = asyncio.run(taken(play))
        if len(picture) > LARGEST:
            raise SystemExit(f"{name} has {len(picture)} bytes, {LARGEST} at most: show the windows smaller.")
        (HERE / name).write_bytes(picture)
        print(f"{name}: {len(picture)} bytes")  # noqa: T201


if __name__ == "__main__":
    main()
