"""Takes the picture of the README: `make pictures`.

One evening of the demonstration, with people and words that are made up, seen in three real windows: the person's
phone, the supporter's desk, the lead's board.
"""

import asyncio
import base64
import re
import tempfile
from pathlib import Path
from uuid import uuid4

from playwright.async_api import Browser, Page, async_playwright, expect

from helpline.events import PERSON, RungSet
from helpline.talking import Message
from tests.browser.chromium import FLAGS, executable
from tests.browser.evening import Evening, demonstration, evening
from webchat.keys import SESSIONS

PICTURE = Path(__file__).with_name("three-windows.png")
LARGEST = 300_000
# Width, height in CSS pixels, and how much smaller the picture shows them.
PHONE = (360, 720, 0.78)
LAPTOP = (1280, 760, 0.66)

FRAME = """
<!doctype html><meta charset="utf-8"><title>Three windows</title>
<style>
  body { margin: 0; padding: 28px 28px 24px; width: 1180px; display: grid; grid-template-columns: auto auto; gap: 22px 28px;
         justify-content: space-between; background: #eef0ec; color: #46524d; font: 15px/1.4 "Noto Sans", sans-serif; }
  figure { margin: 0; } figcaption { margin: 8px 2px 0; }
  img { display: block; border-radius: 10px; box-shadow: 0 1px 2px #0002, 0 8px 24px #0001; }
  .phone { grid-row: span 2; align-self: center; } .phone img { border-radius: 22px; }
</style>
<figure class="phone"><img src="%s" alt=""><figcaption>the person</figcaption></figure>
<figure><img src="%s" alt=""><figcaption>the supporter's desk</figcaption></figure>
<figure><img src="%s" alt=""><figcaption>the shift lead's board</figcaption></figure>
"""


async def window(browser: Browser, size: tuple[int, int, float]) -> Page:
    """A window of its own; movement is reduced, so that what is seen stands still."""
    width, height, scale = size
    context = await browser.new_context(
        viewport={"width": width, "height": height},
        device_scale_factor=scale,
        is_mobile=width < 600,
        has_touch=width < 600,
        color_scheme="light",
        reduced_motion="reduce",
        locale="en-GB",
        timezone_id="Europe/London",
    )
    return await context.new_page()


async def signed_in(browser: Browser, tonight: Evening, account: str, place: str) -> Page:
    page = await window(browser, LAPTOP)
    token = await tonight.server.app[SESSIONS].begin(account)
    await page.context.add_cookies([{"name": "staff", "value": token, "url": tonight.url}])
    await page.goto(f"{tonight.url}{place}")
    return page


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


async def played(browser: Browser, tonight: Evening) -> tuple[Page, Page, Page]:
    """The evening, until the picture is to be taken."""
    helpline = tonight.helpline
    await helpline.check_in(tonight.who("jo"), client_id=str(uuid4()), sound=True)
    board = await signed_in(browser, tonight, "jo", "/board")
    await tonight.on_shift("mari")
    other = await comes(tonight, "cy", "Noswaith dda. Mae hi'n noson hir.")
    await tonight.answered_by("mari")
    await tonight.says("mari", other, "Noswaith dda. Rwy'n falch eich bod chi yma.", "cy")

    await helpline.away(tonight.who("mari"), "pause")
    desk = await signed_in(browser, tonight, "dev", "/desk")
    await tonight.on_shift("dev")
    person = await window(browser, PHONE)
    await person.goto(f"{tonight.url}/chat")
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
    await helpline.set_rung(tonight.who("dev"), contact, rung(2))
    await helpline.say(other, PERSON, [Message(str(uuid4()), "Diolch.")], "cy")
    await board.get_by_role("button", name="Turn the sound on").click()
    await expect(board.locator("main")).to_contain_text(re.compile("Waiting\\s*1\\s*Longest"))
    await expect(desk.locator("#help")).to_contain_text("crisis", ignore_case=True)
    return person, desk, board


def rung(to: int) -> RungSet:
    return RungSet(to=to, was=0, basis="Thoughts at night, none now", client_id=str(uuid4()))


async def taken() -> bytes:
    """The three windows side by side, as PNG."""
    with tempfile.TemporaryDirectory() as folder:
        async with async_playwright() as playwright, evening(Path(folder), demonstration()) as tonight:
            browser = await playwright.chromium.launch(executable_path=executable(), args=FLAGS)
            shots = []
            for page in await played(browser, tonight):
                await page.evaluate("document.activeElement?.blur()")
                shot = base64.b64encode(await page.screenshot()).decode()
                shots.append(f"data:image/png;base64,{shot}")
            frame = await browser.new_page(viewport={"width": 1236, "height": 600})
            await frame.set_content(FRAME % tuple(shots))
            picture = await frame.screenshot(full_page=True)
            await browser.close()
    return picture


def main() -> None:
    picture = asyncio.run(taken())
    if len(picture) > LARGEST:
        raise SystemExit(
            f"The picture has {len(picture)} bytes, {LARGEST} at most: show the windows smaller."
        )
    PICTURE.write_bytes(picture)
    print(f"{PICTURE.relative_to(Path.cwd())}: {len(picture)} bytes")  # noqa: T201


if __name__ == "__main__":
    main()
