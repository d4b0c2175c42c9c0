"""After an evening at rung 3 a lead opens the record, puts a line right, makes the summary and prints it."""

import io
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import pypdf
import pytest
import pytest_asyncio
from playwright.async_api import expect

from helpline import ladder_presses
from helpline.events import RungSet
from tests.browser.chromium import LOOKS, Look, Windows
from tests.browser.evening import Evening, demonstration, evening
from tests.browser.on_shift import somebody_comes
from tests.browser.staff_pages import check_sound, shown_to


@pytest_asyncio.fixture
async def tonight(tmp_path: Path) -> AsyncIterator[Evening]:
    async with evening(tmp_path, demonstration()) as running:
        yield running


async def at_rung_3(tonight: Evening) -> str:
    """Dev with somebody who writes Urdu, at rung 3, one number tried. The contact's id."""
    await tonight.on_shift("dev")
    comer = await somebody_comes(tonight, "میں ٹھیک نہیں ہوں", "ur", name="Sana", area="BD3")
    contact = await tonight.answered_by("dev")
    assert contact == comer.contact
    line, dev = tonight.helpline, tonight.who("dev")
    step = RungSet(
        3,
        0,
        basis="She has them in her hand",
        person_said="آج رات، نمبر 07700 900123",
        client_id=str(uuid4()),
    )
    await line.set_rung(dev, contact, step)
    await line.attempt(
        dev,
        contact,
        crisis_contact="emergency_999",
        outcome="answered",
        reference="CAD 71",
        client_id=str(uuid4()),
    )
    await ladder_presses.consent(line, dev, contact, answer="given", why=None, client_id=str(uuid4()))
    return contact


@pytest.mark.parametrize("look", LOOKS[:1] + LOOKS[-1:], ids=str)
async def test_a_lead_reads_the_evening_puts_a_line_right_and_prints_what_the_team_needs(
    tonight: Evening, windows: Windows, look: Look
) -> None:
    contact = await at_rung_3(tonight)
    page = await shown_to("jo", tonight, windows, "/board", look)
    name = tonight.now(contact).name
    way = page.get_by_role("link", name=f"Record of {name}, in a new tab")
    await expect(way).to_have_attribute("href", f"/record/{contact}")
    await page.goto(f"{tonight.url}/record")
    await check_sound(page)
    await page.get_by_role("link", name=name).press("Enter")
    await expect(page.locator(".line.step")).to_contain_text("Dev moved to rung 3, Acting together now.")
    await check_sound(page)
    await page.keyboard.press("F8")
    await expect(page.locator(".line.step")).to_be_focused()

    line = page.locator(".line.attempts")
    await line.get_by_role("link", name="Put right").press("Enter")
    await expect(page.locator("#correction")).to_be_focused()
    await check_sound(page)
    await page.keyboard.type("The reference is CAD 17")
    await page.get_by_role("button", name="Put it right").press("Enter")
    await expect(line.locator("del").first).to_have_text("Rang 999: answered. By Dev.")
    await expect(line.locator("ins")).to_have_text("The reference is CAD 17")
    await check_sound(page)

    await page.get_by_role("link", name="Summary for a crisis team").press("Enter")
    await check_sound(page)
    await page.get_by_role("button", name="Show the summary").press("Enter")
    sheet = page.get_by_role("article")
    await expect(sheet).to_contain_text("The reference is CAD 17")
    await expect(sheet.locator("bdi[dir=rtl]").first).to_contain_text("07700\u00a0900123")
    await check_sound(page)
    paper = "\n".join(one.extract_text() for one in pypdf.PdfReader(io.BytesIO(await page.pdf())).pages)
    assert "Summary for a crisis team" in paper
    assert "Record that it was given" not in paper
    await page.get_by_label("Their name, if you know it").fill("Kim")
    await page.get_by_role("button", name="Record that it was given").press("Enter")
    await expect(page.locator("#told")).to_be_visible()
    assert len(tonight.now(contact).ladder.shared) == 1
