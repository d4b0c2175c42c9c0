"""A volunteer's rota on a phone: tomorrow's shift is given back by keyboard, and another takes it from a letter."""

import re
from datetime import datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from playwright.async_api import Page, expect

from helpline.shape import Definition
from rota.agreement import Agreement
from rota.limits import Limits
from tests.browser.chromium import LAPTOP, PHONE, Look, Screen, Windows, check_accessible
from tests.browser.evening import Evening, demonstration
from tests.browser.on_shift import PASSWORD, signed_in, staffed_evening
from tests.browser.staff_pages import check_sound

# What a window shows of a laptop's page at 200 %.
ZOOMED = Screen("laptop at 200 %", 640, 360, touch=False)
LOOKED_AT = (Look(PHONE, "light"), Look(LAPTOP, "dark"), Look(ZOOMED, "light"))


def roomy() -> Definition:
    """The demonstration, whose people are on for half a day now, with limits that leave them free tomorrow."""
    limits = Limits(warn_hours=5, rest_hours=1, weekly_hours=100)
    return demonstration(rota=Agreement(limits=limits))


def of_tomorrow(tonight: Evening) -> tuple[str, str]:
    """A supporter who has tomorrow's evening, and one who has not: who that is goes by the day of the week."""
    line = tonight.helpline
    zone = ZoneInfo(line.definition.zone)
    day = line.clock.now().astimezone(zone).date() + timedelta(days=1)
    evening = datetime.combine(day, time(20), zone)
    on = [duty.person for duty in line.rota.current.on_duty_at(evening) if duty.role == "supporter"]
    off = [
        person.id for person in line.definition.people if "supporter" in person.roles and person.id not in on
    ]
    return on[0], off[0]


async def tab_to(page: Page, label: str) -> None:
    """Go on by Tab to the first control that begins so."""
    for _ in range(60):
        await page.keyboard.press("Tab")
        if str(await page.evaluate("document.activeElement.innerText")).startswith(label):
            return
    raise AssertionError(f"no “{label}” for the keyboard")


@pytest.mark.usefixtures("full_evenings")
async def test_tomorrows_shift_is_given_back_by_keyboard_and_taken_from_a_letter(
    windows: Windows, tmp_path: Path
) -> None:
    supporters = ("ania", "dev", "mari", "sasha", "lou")
    async with staffed_evening(tmp_path, *supporters, "jo", definition=roomy()) as tonight:
        giver, taker = of_tomorrow(tonight)
        jo = await signed_in(windows, tonight, "jo", "/rota/week", screen=PHONE)
        giving = await signed_in(windows, tonight, giver, "/rota", screen=PHONE)
        tomorrow = giving.locator(".shift-row", has_text="Tomorrow")
        shift = await tomorrow.get_by_role("link", name="Tomorrow").get_attribute("href")
        await jo.goto(f"{tonight.url}{shift}")

        await tab_to(giving, "Give back")
        await giving.keyboard.press("Enter")
        await expect(giving.get_by_role("status").first).to_contain_text("Given back")
        await expect(giving.locator(".shift-row:not(.offer-row)", has_text="Tomorrow")).to_have_count(0)
        await tab_to(giving, "Undo")
        await expect(jo.locator(".next-shift")).to_contain_text("Free")

        taking = await windows.open(f"{tonight.url}{shift}", screen=PHONE)
        await taking.get_by_label("Your name").fill(taker)
        await taking.get_by_label("Password").fill(PASSWORD)
        await taking.keyboard.press("Enter")
        await expect(taking.get_by_role("button", name="Take it")).to_be_focused()
        await taking.keyboard.press("Enter")
        await expect(taking.get_by_role("status").first).to_contain_text("is yours. Thank you.")
        await expect(taking.locator(".next-shift")).to_contain_text("You said you will be there.")

        await expect(jo.locator(".next-shift")).to_contain_text(f"{taker.title()} has it")
        moved = giving.get_by_text("The rota has changed.")
        await expect(moved).to_be_visible()
        await expect(giving.locator(".offer-row", has_text="Tomorrow")).to_have_count(1)
        await giving.get_by_role("button", name="Show it").click()
        await expect(giving.locator(".offer-row", has_text="Tomorrow")).to_have_count(0)
        await expect(moved).to_be_hidden()


async def test_every_page_is_for_everybody_in_every_look(windows: Windows, tmp_path: Path) -> None:
    async with staffed_evening(tmp_path, "ania", "mari", "jo", definition=roomy()) as tonight:
        ania = await signed_in(windows, tonight, "ania", "/rota", screen=PHONE)
        await ania.get_by_role("button", name=re.compile("^Ask for cover")).nth(1).click()
        await ania.wait_for_url("**done=*")
        asking = ania.locator(".shift-row", has_text="You asked").get_by_role("link").first
        shift = str(await asking.get_attribute("href"))
        state = await ania.context.storage_state()
        for look in LOOKED_AT:
            page = await windows.open(screen=look.screen, scheme=look.scheme)
            await page.context.add_cookies(state["cookies"])  # type: ignore[arg-type]
            for path in ("/rota", "/rota/week", "/rota/month", shift):
                await page.goto(f"{tonight.url}{path}")
                await check_sound(page)
        mari = await signed_in(windows, tonight, "mari", "/rota", screen=PHONE, scheme="dark")
        await expect(mari.get_by_text("asks for cover")).to_be_visible()
        await check_accessible(mari)
        jo = await signed_in(windows, tonight, "jo", "/rota", screen=ZOOMED)
        await jo.goto(f"{tonight.url}{shift}")
        await expect(jo.get_by_role("heading", name="This night")).to_be_visible()
        await check_sound(jo)
