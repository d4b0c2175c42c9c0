"""The lead's side of the rota: a gap opens and closes by itself, and a shift is planned by keyboard alone."""

from datetime import timedelta
from pathlib import Path
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from playwright.async_api import expect

from helpline.shape import Definition
from rota.agreement import Agreement
from rota.limits import Limits
from rota.staffing import Minimum
from tests.browser.chromium import LAPTOP, PHONE, Look, Screen, Windows
from tests.browser.evening import demonstration
from tests.browser.on_shift import signed_in, staffed_evening
from tests.browser.staff_pages import check_sound

# What a window shows of a laptop's page at 200 %.
ZOOMED = Screen("laptop at 200 %", 640, 360, touch=False)
PAGES = (
    "/rota/gaps",
    "/rota/balance",
    "/rota/changes",
    "/rota/people",
    "/rota/people?person=mari",
    "/rota/edit",
    "/rota/edit?new=1",
)
LOOKED_AT = (
    (Look(PHONE, "light"), PAGES),
    (Look(LAPTOP, "dark"), PAGES),
    (Look(ZOOMED, "light"), (PAGES[0], PAGES[-1])),
)


def needing_two() -> Definition:
    """The demonstration, which needs two supporters now, with limits that leave its people free tomorrow."""
    return demonstration(
        staffing=Minimum(supporters=2, lead=False, on_call=False, peers_alone=True),
        rota=Agreement(limits=Limits(warn_hours=5, rest_hours=1, weekly_hours=100)),
    )


@pytest.mark.usefixtures("full_evenings")
async def test_the_lead_sees_a_gap_open_asks_four_and_sees_it_close(windows: Windows, tmp_path: Path) -> None:
    async with staffed_evening(tmp_path, "jo", definition=needing_two()) as tonight:
        rota, now = tonight.helpline.rota, tonight.helpline.clock.now()
        slot = next(
            duty.slot
            for duty in rota.current.occurrences(now + timedelta(hours=13), now + timedelta(days=9))
            # On a Monday or Saturday four others are off.
            if duty.person == "ania" and duty.of.weekday() in (0, 5)
            if duty.starts_at > now + timedelta(hours=13)
        )
        duty = rota.book.duty(slot)
        assert duty is not None
        day = duty.starts_at.astimezone(ZoneInfo("Europe/London")).date().isoformat()
        jo = await signed_in(windows, tonight, "jo", "/rota/gaps", screen=LAPTOP)
        evening = jo.locator(f'section[aria-labelledby="day-{day}"]')
        await expect(jo.get_by_role("heading", name="Gaps")).to_be_visible()
        await expect(evening).to_have_count(0)

        await rota.give_back(tonight.who("ania"), slot, str(uuid4()))
        await expect(evening).to_contain_text("Missing: one supporter")
        await check_sound(jo)
        await evening.get_by_role("button", name="Ask these four").click()
        await expect(jo.get_by_role("status").first).to_contain_text("Asked: ")
        await expect(evening).to_contain_text("Mari: asked")

        ask = next(ask for ask in rota.book.asks.values() if ask.slot == slot)
        assert len(ask.to) == 4
        await rota.say_no(tonight.who("lou"), ask.id, str(uuid4()))
        await expect(evening).to_contain_text("Lou: said no")
        await rota.take(tonight.who("mari"), slot, str(uuid4()), anyway=True)
        await expect(evening).to_have_count(0)


async def test_a_shift_is_planned_by_keyboard_alone_and_looked_at_before_it_is_saved(
    windows: Windows, tmp_path: Path
) -> None:
    async with staffed_evening(tmp_path, "jo", definition=needing_two()) as tonight:
        rota = tonight.helpline.rota
        shifts = len(rota.book.shifts)
        jo = await signed_in(windows, tonight, "jo", "/rota/edit", screen=PHONE)
        press = jo.keyboard.press

        async def tab_to(name: str) -> None:
            """Go on by Tab to the control of that label, or with those words on it."""
            for _ in range(80):
                await press("Tab")
                label = await jo.evaluate(
                    "(document.activeElement.labels?.[0] ?? document.activeElement).innerText?.trim() ?? ''"
                )
                if str(label).startswith(name):
                    return
            raise AssertionError(f"no “{name}” for the keyboard")

        await tab_to("New shift")
        await press("Enter")
        await jo.wait_for_url("**new=1")
        await tab_to("Who")
        await jo.keyboard.type("Lou")
        await tab_to("Once")
        await press("ArrowRight")
        await tab_to("Saturday")
        await press("Space")
        await tab_to("Why")
        await jo.keyboard.type("Lou said yes")
        await press("Enter")
        await expect(jo.locator("#summary")).to_be_focused()
        await expect(jo.locator("#summary")).to_contain_text("This adds 8 shifts")
        assert len(rota.book.shifts) == shifts
        await check_sound(jo)
        await tab_to("Save")
        await press("Enter")
        await expect(jo.get_by_role("status").first).to_contain_text("Saved.")
        assert len(rota.book.shifts) == shifts + 1
        await tab_to("Undo")
        await press("Enter")
        await expect(jo.get_by_role("status").first).to_contain_text("Undone.")
        assert len(rota.book.shifts) == shifts


async def test_every_planners_page_is_for_everybody_in_every_look(windows: Windows, tmp_path: Path) -> None:
    async with staffed_evening(tmp_path, "jo", definition=needing_two()) as tonight:
        jo = await signed_in(windows, tonight, "jo", "/rota/gaps")
        cookies = await jo.context.cookies()
        for look, pages in LOOKED_AT:
            page = await windows.open(screen=look.screen, scheme=look.scheme)
            await page.context.add_cookies(cookies)  # type: ignore[arg-type]
            for path in pages:
                await page.goto(f"{tonight.url}{path}")
                await check_sound(page)
            await page.get_by_label("By the week").check()
            await page.get_by_role("button", name="See what this does").click()
            await expect(page.get_by_text("Please choose at least one day of the week.")).to_be_visible()
            await check_sound(page)
            await page.get_by_label("Who").select_option(label="Ania")
            await page.get_by_label("Every day").check()
            await page.get_by_role("button", name="See what this does").click()
            await expect(page.get_by_role("heading", name="Clashes")).to_be_visible()
            await check_sound(page)
