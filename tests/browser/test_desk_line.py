"""The desk's line: what came twice is shown once, what is missing is asked for, and an empty chair is noticed."""

from pathlib import Path
from typing import Any

from playwright.async_api import Page, expect

from tests.browser.chromium import Windows
from tests.browser.evening import demonstration
from tests.browser.on_shift import at_the_desk, signed_in, somebody_comes, staffed_evening

# Feeds a log what `heard` lists, answers its questions from `kept`, and gives what it took and what it asked for.
LISTEN = """
async ({ heard, kept, epochs }) => {
  const { openLog } = await import("/static/staff/contact_log.js");
  const taken = [], asked = [];
  const resume = async ({ after, epoch }) => {
    asked.push(after);
    const now = epochs[Math.min(asked.length, epochs.length) - 1];
    if (epoch && epoch !== now) return { reset: true };
    return { events: kept.filter((seq) => seq > after).map((seq) => ({ seq })), more: false, epoch: now };
  };
  const log = openLog({ resume, take: ({ seq }) => taken.push(seq), forget: () => taken.splice(0) });
  const began = performance.now();
  for (const seq of heard) {
    if (seq === "ask") await log.catchUp();
    else log.hear({ seq });
  }
  const straightaway = [...taken];
  while (taken.length < kept.length) await new Promise((go) => setTimeout(go, 20));
  return { straightaway, taken, asked, after: performance.now() - began };
}
"""


async def listen(page: Page, heard: list[Any], kept: list[int], epochs: list[str]) -> dict[str, Any]:
    found: dict[str, Any] = await page.evaluate(LISTEN, {"heard": heard, "kept": kept, "epochs": epochs})
    return found


async def test_events_out_of_order_are_put_in_order_and_none_is_taken_twice(
    tmp_path: Path, windows: Windows
) -> None:
    async with staffed_evening(tmp_path, "dev") as tonight:
        page = await signed_in(windows, tonight, "Dev")
        found = await listen(page, [1, 3, 2, 2, 1, 4, 3], [1, 2, 3, 4], ["a"])
        assert found["straightaway"] == [1, 2, 3, 4]
        assert found["asked"] == []


async def test_a_gap_that_lasts_half_a_second_is_asked_for(tmp_path: Path, windows: Windows) -> None:
    async with staffed_evening(tmp_path, "dev") as tonight:
        page = await signed_in(windows, tonight, "Dev")
        found = await listen(page, [1, 3], [1, 2, 3], ["a"])
        assert found["straightaway"] == [1]
        assert found["taken"] == [1, 2, 3]
        assert found["asked"] == [1]
        assert found["after"] >= 500


async def test_another_history_is_read_anew_from_its_beginning(tmp_path: Path, windows: Windows) -> None:
    async with staffed_evening(tmp_path, "dev") as tonight:
        page = await signed_in(windows, tonight, "Dev")
        found = await listen(page, ["ask", "ask"], [1, 2], ["a", "b"])
        assert found["taken"] == [1, 2]
        assert found["asked"] == [0, 2, 0]


async def test_a_supporter_who_is_not_there_is_asked_and_then_gets_no_offers(
    tmp_path: Path, windows: Windows
) -> None:
    async with staffed_evening(tmp_path, "dev", definition=demonstration(idle_away_minutes=2)) as tonight:
        page = await at_the_desk(windows, tonight, "Dev", clock=True)
        await page.clock.fast_forward("02:05")
        await expect(page.locator("#strip")).to_contain_text("Are you still there?")
        await page.get_by_role("button", name="I'm here").click()
        await expect(page.locator("#strip")).not_to_contain_text("Are you still there?")
        await expect(page.locator("#readiness")).to_contain_text("Ready")
        await page.clock.fast_forward("02:05")
        await expect(page.locator("#strip")).to_contain_text("Are you still there?")
        await page.clock.fast_forward("01:05")
        await expect(page.locator("#readiness")).to_have_text("Paused, nobody at the desk")
        await expect(page.locator("#strip")).to_contain_text("nobody was at the desk")
        await somebody_comes(tonight)
        attendance = tonight.helpline.roster.attendance("dev")
        assert attendance is not None
        assert (attendance.ready, attendance.reason) == (False, "idle")
        await expect(page.locator(".offer")).to_have_count(0)
