"""The plan, in Chromium: written from both sides at once, kept, brought back by its code, and how it went."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio
from playwright.async_api import Page, expect

from helpline.plan_events import PlanFollowed
from tests.browser.chromium import PHONE, Windows, check_accessible
from tests.browser.evening import Evening
from tests.browser.on_shift import answer, at_the_desk, staffed_evening

SHOTS = Path(__file__).resolve().parents[2] / "test-results"


@pytest_asyncio.fixture
async def tonight(tmp_path: Path) -> AsyncIterator[Evening]:
    async with staffed_evening(tmp_path, "ania") as running:
        yield running


async def picture(page: Page, name: str) -> None:
    SHOTS.mkdir(exist_ok=True)
    await page.screenshot(path=SHOTS / f"plan-{name}.png")


async def adds(page: Page, part: str, text: str) -> None:
    """The person, on their phone."""
    form = page.locator(f"#plan-body section:has(> [data-part={part}]) > form")
    await form.locator("textarea").fill(text)
    await form.get_by_role("button", name="Add").click()


async def part_of_the_desk(desk: Page, name: str) -> None:
    """Open a part of the plan, if it is folded."""
    part = desk.locator(".plan-card details", has_text=name)
    if await part.get_attribute("open") is None:
        await part.locator("summary").click()


async def desk_adds(desk: Page, name: str, text: str) -> None:
    await part_of_the_desk(desk, name)
    await desk.get_by_label(f"{name}: new line").fill(text)
    await desk.get_by_label(f"{name}: new line").press("Tab")
    await desk.locator(".plan-card details", has_text=name).get_by_role("button", name="Add").click()


async def fits(page: Page) -> None:
    """Nothing is wider than the window, and nothing to press is smaller than a thumb."""
    wide = await page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    assert wide[0] <= wide[1]
    small = await page.evaluate(
        """() => [...document.querySelectorAll("main a, #plan a, button, summary, .chip span, textarea")]
             .filter((one) => one.checkVisibility())
             .map((one) => [one.outerHTML.slice(0, 80), one.getBoundingClientRect()])
             .filter(([, box]) => box.width < 44 || box.height < 43.9)
             .map(([html, box]) => `${html} ${box.width} x ${box.height}`)"""
    )
    assert small == []


async def talking(windows: Windows, tonight: Evening, desk: Page, first: str) -> Page:
    phone = await windows.open(tonight.url, screen=PHONE)
    await phone.fill("#box", first)
    await phone.click("#send")
    await answer(desk)
    await expect(phone.locator("#who")).to_have_text("Ania is with you")
    return phone


async def test_a_plan_is_written_by_two_outlives_a_cut_line_and_comes_back_by_its_code(
    tonight: Evening, windows: Windows
) -> None:
    desk = await at_the_desk(windows, tonight, "ania")
    phone = await talking(windows, tonight, desk, "it comes back every night")
    await desk.get_by_role("button", name="Begin a safety plan").click()
    await phone.locator("#box").focus()
    await expect(phone.locator("#plan > summary")).to_have_text("Your plan · 0")
    await desk_adds(desk, "What I can do myself", "Read by the window")
    await expect(phone.locator("#plan > summary")).to_have_text("Your plan · 1")
    assert await phone.evaluate("document.activeElement.id") == "box", "it took nobody's focus"
    assert not await phone.evaluate("document.getElementById('plan').open"), "it covered nothing"
    await picture(phone, "phone-folded")
    await phone.locator("#plan > summary").click()
    await adds(phone, "signs", "I stop answering")
    await expect(desk.locator(".plan-card")).to_contain_text("I stop answering")
    await the_line_is_cut_between_two_who_write(tonight, phone, desk)
    await check_accessible(phone)
    await picture(phone, "phone")
    code = await kept(phone)
    await fits(phone)
    await check_accessible(desk)
    await picture(desk, "desk")
    await afresh_and_back(windows, tonight, desk, phone, code)


async def the_line_is_cut_between_two_who_write(tonight: Evening, phone: Page, desk: Page) -> None:
    """Both change the same line; the person's words wait for the line, and both stand."""
    line = phone.locator("#plan-body li", has_text="Read by the window")
    await line.get_by_role("button", name="Change").click()
    await phone.context.set_offline(True)
    tonight.cut_persons()
    theirs = desk.locator(".plan-card li", has_text="Read by the window")
    await theirs.get_by_role("button", name="Change").click()
    await desk.get_by_label("What I can do myself: other words").fill("Read, with tea")
    await desk.locator(".plan-card").get_by_role("button", name="Save").click()
    await expect(desk.locator(".plan-card")).to_contain_text("Read, with tea")
    await line.locator("textarea").fill("Read my old letters")
    await line.get_by_role("button", name="Save").click()
    await expect(phone.locator("#plan-body .unsent")).to_contain_text("Read my old letters")
    await phone.context.set_offline(False)
    await expect(phone.locator("#plan-body .unsent")).to_have_count(0)
    for side in (phone.locator("#plan-body"), desk.locator(".plan-card")):
        await expect(side).to_contain_text("Read, with tea")
        await expect(side).to_contain_text("Read my old letters")
        await expect(side).to_contain_text("Two of you wrote here at once")


async def kept(phone: Page) -> str:
    """They say yes, and the code stands there."""
    await phone.get_by_role("button", name="Yes, keep it").click()
    await expect(phone.locator(".plan-code b")).to_be_visible()
    await picture(phone, "phone-code")
    return await phone.locator(".plan-code b").inner_text()


async def afresh_and_back(windows: Windows, tonight: Evening, desk: Page, phone: Page, code: str) -> None:
    """Another evening, another phone: the code opens it at the top of both pages, and it is said how it went."""
    await expect(desk.locator(".plan-card")).to_contain_text("Kept until")
    assert code not in await desk.content()
    first = next(iter(tonight.helpline.contacts()))
    await phone.close()
    await tonight.helpline.close_contact(
        tonight.who("ania"), first.log, "b3c0f6c4-6a3f-4f0a-9a44-6f5b9c6f7d01"
    )
    await tonight.helpline.wrap_up(
        tonight.who("ania"), first.log, "talked", "b3c0f6c4-6a3f-4f0a-9a44-6f5b9c6f7d02"
    )
    other = await talking(windows, tonight, desk, "me again")
    await other.locator("#plan-ways > summary").click()
    await other.locator("#have-plan").click()
    await other.locator(".plan-return input").fill("0000-0000-0000-0000")
    await other.get_by_role("button", name="Open my plan").click()
    await expect(other.locator(".plan-return .wrong")).to_contain_text("You can talk here without it.")
    await other.locator(".plan-return input").fill(code.lower())
    await other.get_by_role("button", name="Open my plan").click()
    await expect(other.locator("#plan-body")).to_contain_text("Read my old letters")
    await expect(other.locator("#who")).to_have_text("Ania is with you")
    await expect(desk.locator("#help > :first-child")).to_contain_text(
        "They brought it back with their code."
    )
    contact = next(c.log for c in tonight.helpline.contacts() if c.phase == "live")
    await tonight.helpline.close_contact(tonight.who("ania"), contact, "b3c0f6c4-6a3f-4f0a-9a44-6f5b9c6f7d03")
    await desk.get_by_label("Why, in a few words").fill("The letters helped")
    await desk.get_by_role("button", name="Followed", exact=True).click()
    await expect(desk.locator(".plan-card")).to_contain_text("Kept: followed.")
    await picture(desk, "desk-followed")
    events = await tonight.helpline.logbook.read(contact)
    went = [event.body.how for event in events if isinstance(event.body, PlanFollowed)]
    assert went == ["followed"]


async def test_in_urdu_the_plan_reads_from_right_to_left_and_without_a_script_it_is_forms(
    tonight: Evening, windows: Windows
) -> None:
    phone = await windows.open(f"{tonight.url}/?lang=ur", screen=PHONE, scheme="dark")
    await phone.fill("#box", "سلام")
    await phone.click("#send")
    await phone.locator("#plan-ways > summary").click()
    await phone.locator("#plan-way button[value=safety]").click()
    await adds_in_urdu(phone)
    assert await phone.evaluate("getComputedStyle(document.getElementById('plan')).direction") == "rtl"
    await check_accessible(phone)
    await picture(phone, "urdu")
    await phone.goto(f"{tonight.url}/chat/plan")
    await expect(phone.locator("main")).not_to_contain_text("میں جواب نہیں دیتا")
    await check_accessible(phone)
    await phone.locator("main button.main").click()
    await expect(phone.locator(".plan-part .line")).to_have_text("میں جواب نہیں دیتا")
    await check_accessible(phone)
    plain = await windows.open(f"{tonight.url}/?lang=ur", screen=PHONE, javascript=False)
    await plain.locator("#box").fill("سلام")
    await plain.locator("#send").click()
    await plain.locator("#plan-ways > summary").click()
    await plain.locator("#plan-way button.plain-only").click()
    await plain.locator("button[value=safety]").click()
    await plain.locator(".plan-add textarea").first.fill("کھڑکی کے پاس")
    await plain.locator(".plan-add button").first.click()
    await expect(plain.locator(".plan-part .line")).to_have_text("کھڑکی کے پاس")
    await plain.locator("button[name=keep][value=yes]").click()
    await expect(plain.locator(".plan-code b")).to_be_visible()
    await fits(plain)
    await plain.screenshot(path=SHOTS / "plan-plain-urdu.png", full_page=True)


async def adds_in_urdu(phone: Page) -> None:
    form = phone.locator("#plan-body section:has(> [data-part=signs]) > form")
    await form.locator("textarea").fill("میں جواب نہیں دیتا")
    await form.get_by_role("button").first.click()
    await expect(phone.locator("#plan-body .line")).to_have_text("میں جواب نہیں دیتا")
    await expect(phone.locator("#plan-body .unsent")).to_have_count(0)
