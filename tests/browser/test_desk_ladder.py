"""The ladder at the desk: one press to any step, a number to ring next, a wrong press taken back, the lead asked."""

from pathlib import Path

from playwright.async_api import Page, expect

from tests.browser.chromium import Windows
from tests.browser.on_shift import answer, at_the_desk, signed_in, somebody_comes, staffed_evening


async def go_to(page: Page, step: str) -> None:
    await page.get_by_text("Go to any step").click()
    await page.locator(".steps").get_by_role("button", name=step).click()
    await expect(page.locator("#ladder-title")).to_have_text(step)


async def test_what_to_ask_is_in_their_language_with_ours_below_and_a_press_takes_it_up(
    tmp_path: Path, windows: Windows
) -> None:
    async with staffed_evening(tmp_path, "ania") as tonight:
        page = await at_the_desk(windows, tonight, "Ania")
        await somebody_comes(tonight, "nie mogę spać", "pl")
        await answer(page)
        await page.get_by_role("button", name="Ask about safety").click()
        await expect(page.locator("#ladder-title")).to_have_text("Asking about safety")
        asks = page.locator(".ask ul")
        await expect(asks.first).to_have_attribute("lang", "pl")
        await expect(asks.nth(1)).to_contain_text("Is that happening for you?")
        await asks.first.get_by_role("button").first.click()
        await expect(page.locator("#message")).to_have_value(
            "Czasem, kiedy ludzie tak się czują, myślą o odebraniu sobie życia. Czy tak jest teraz z Tobą?"
        )
        await expect(page.locator("#message")).to_be_focused()


async def test_emergency_is_one_press_at_every_step_and_a_wrong_press_is_taken_back(
    tmp_path: Path, windows: Windows
) -> None:
    async with staffed_evening(tmp_path, "dev") as tonight:
        page = await at_the_desk(windows, tonight, "Dev")
        comer = await somebody_comes(tonight)
        await answer(page)
        for step in ("Asking about safety", "Making a safety plan together", "Acting together now"):
            await expect(page.get_by_role("button", name="Go to Emergency")).to_be_in_viewport(ratio=1)
            await expect(page.get_by_role("button", name="Rang 999")).to_be_in_viewport(ratio=1)
            await go_to(page, step)
        await page.get_by_role("button", name="Go to Emergency").click()
        await expect(page.locator("#ladder-title")).to_have_text("Emergency")
        await expect(page.locator(".not-with")).to_contain_text("I am not with the person")
        await expect(page.locator(".next .number")).to_have_text("999")
        assert tonight.now(comer.contact).rung == 4
        await page.get_by_role("button", name="Undo, I pressed this by mistake").click()
        await expect(page.locator("#ladder-title")).to_have_text("Acting together now")
        assert tonight.now(comer.contact).rung == 3


async def test_one_press_records_an_attempt_and_the_next_number_stands_there(
    tmp_path: Path, windows: Windows
) -> None:
    async with staffed_evening(tmp_path, "dev") as tonight:
        page = await at_the_desk(windows, tonight, "Dev")
        comer = await somebody_comes(tonight)
        await answer(page)
        await go_to(page, "Acting together now")
        await expect(page.locator(".next")).to_contain_text("First outside call due by")
        first = await page.locator(".next .number").inner_text()
        await page.locator(".next").get_by_role("button", name="No answer").click()
        await expect(page.locator(".next .number")).not_to_have_text(first)
        await expect(page.locator(".next")).to_contain_text("Tried: Shift lead, no answer")
        await page.locator(".next").get_by_role("button", name="Other outcome").click()
        await page.locator(".next").get_by_role("button", name="Left a message").click()
        await expect(page.locator(".next")).to_contain_text("left a message")
        made = [one.outcome for one in tonight.now(comer.contact).attempts]
        assert made == ["no_answer", "left_message"]
        sizes = await page.locator("#help *").evaluate_all(
            "all => all.map(one => parseFloat(getComputedStyle(one).fontSize))"
        )
        number = await page.locator(".next .number").evaluate(
            "one => parseFloat(getComputedStyle(one).fontSize)"
        )
        assert number == max(sizes)


async def test_the_reason_is_asked_after_the_press_and_kept_with_the_step(
    tmp_path: Path, windows: Windows
) -> None:
    async with staffed_evening(tmp_path, "dev") as tonight:
        page = await at_the_desk(windows, tonight, "Dev")
        comer = await somebody_comes(tonight)
        await answer(page)
        await go_to(page, "Making a safety plan together")
        assert tonight.now(comer.contact).rung == 2
        await page.get_by_label("What made you go here?").fill("Thoughts of the bridge, tonight.")
        await page.get_by_role("button", name="Keep", exact=True).click()
        await expect(page.locator("#help")).to_contain_text("Kept with this step.")
        written = await tonight.as_staff_read_it(comer.contact)
        steps = [(one["was"], one["to"], one["basis"]) for one in written if one["kind"] == "rung_set"]
        assert steps == [(0, 2, None), (2, 2, "Thoughts of the bridge, tonight.")]


async def test_asking_the_lead_shows_who_was_asked_the_number_and_who_has_seen_it(
    tmp_path: Path, windows: Windows
) -> None:
    async with staffed_evening(tmp_path, "dev", "jo") as tonight:
        page = await at_the_desk(windows, tonight, "Dev")
        comer = await somebody_comes(tonight)
        await answer(page)
        await page.get_by_role("button", name="Ask the lead").click()
        await expect(page.locator("#strip")).to_contain_text(f"Asked the lead about {comer.name}")
        await expect(page.locator("#strip")).to_contain_text("Not seen yet. Or ring 01632 960110")
        board = await signed_in(windows, tonight, "Jo", "/board")
        await board.get_by_role("button", name="I have it").click()
        await expect(page.locator("#strip")).to_contain_text("Seen by Jo")
