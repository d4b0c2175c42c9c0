"""The ladder from the board: the lead sets a step, takes a mistake back, comes down with a reason, rings the next number."""

from pathlib import Path
from uuid import uuid4

from playwright.async_api import Page, expect

from helpline.events import RungSet
from tests.browser.chromium import PHONE, Screen, Windows, check_accessible
from tests.browser.evening import Evening
from tests.browser.on_shift import Comer, signed_in, somebody_comes, staffed_evening
from tests.browser.the_evening_hands import clean_in_every_look

# A laptop whose page is shown at twice its size.
ZOOMED = Screen("zoomed", 640, 360, touch=False)


async def opened(board: Page, comer: Comer) -> None:
    """The board reads along with somebody."""
    await board.get_by_role("button", name=f"Open {comer.name}").first.click()
    await expect(board.locator("#drawer-title")).to_be_focused()
    await expect(board.locator("#drawer-help .todo")).to_be_visible()


async def somebody_with_dev(tonight: Evening) -> Comer:
    await tonight.on_shift("dev")
    comer = await somebody_comes(tonight, "i cant go on")
    await tonight.answered_by("dev")
    return comer


async def test_the_lead_goes_up_with_one_press_and_comes_down_only_with_a_reason(
    tmp_path: Path, windows: Windows
) -> None:
    async with staffed_evening(tmp_path, "jo") as tonight:
        comer = await somebody_with_dev(tonight)
        board = await signed_in(windows, tonight, "Jo", "/board")
        await opened(board, comer)
        title = board.locator("#ladder-title")
        await board.get_by_role("button", name="Ask about safety").click()
        await expect(title).to_have_text("Asking about safety")
        await board.get_by_label("What made you go here?").fill("They spoke of the bridge.")
        await board.get_by_role("button", name="Keep", exact=True).click()
        await expect(board.locator("#drawer-help")).to_contain_text("Kept with this step.")
        await expect(board.get_by_role("button", name="Go to Emergency")).to_be_in_viewport(ratio=1)
        await board.get_by_role("button", name="Go to Emergency").click()
        await expect(title).to_have_text("Emergency")
        await expect(board.locator(".next .number")).to_have_text("999")
        await clean_in_every_look(board)
        await board.get_by_role("button", name="Undo, I pressed this by mistake").click()
        await expect(title).to_have_text("Asking about safety")

        await board.get_by_text("Go to any step").click()
        await board.locator(".steps").get_by_role("button", name="Acting together now").click()
        await expect(title).to_have_text("Acting together now")
        await board.get_by_text("Go to any step").click()
        down = board.locator(".steps").get_by_role("button", name="Making a safety plan together")
        await down.click()
        await expect(board.locator("#drawer-help")).to_contain_text("Write first why we come down")
        await expect(board.get_by_label("Why we come down")).to_be_focused()
        assert tonight.now(comer.contact).rung == 3
        await board.get_by_label("Why we come down").fill("Her sister is with her now.")
        await down.click()
        await expect(title).to_have_text("Making a safety plan together")
        written = await tonight.as_staff_read_it(comer.contact)
        steps = [(e["was"], e["to"], e["basis"], e["by"]["role"]) for e in written if e["kind"] == "rung_set"]
        assert steps == [
            (0, 1, None, "lead"),
            (1, 1, "They spoke of the bridge.", "lead"),
            (1, 4, None, "lead"),
            (1, 3, None, "lead"),
            (3, 2, "Her sister is with her now.", "lead"),
        ]
        assert [one["kind"] for one in written].count("rung_withdrawn") == 1


async def test_an_attempt_is_one_press_on_the_board_by_keyboard_zoomed_and_on_a_phone(
    tmp_path: Path, windows: Windows
) -> None:
    async with staffed_evening(tmp_path, "jo") as tonight:
        comer = await somebody_with_dev(tonight)
        board = await signed_in(windows, tonight, "Jo", "/board", screen=PHONE)
        await opened(board, comer)
        emergency = board.get_by_role("button", name="Go to Emergency")
        await expect(emergency).to_be_in_viewport(ratio=1)
        await emergency.focus()
        await board.keyboard.press("Enter")
        await expect(board.locator("#ladder-title")).to_have_text("Emergency")
        await expect(board.get_by_role("button", name="Rang 999, they answered")).to_be_in_viewport(ratio=1)
        await check_accessible(board)
        no_answer = board.get_by_role("button", name="No answer: 999")
        await no_answer.focus()
        await board.keyboard.press("Space")
        await expect(board.locator(".next")).to_contain_text("no answer")
        await expect(board.locator(".next .number")).not_to_have_text("")
        assert [one.outcome for one in tonight.now(comer.contact).attempts] == ["no_answer"]
        await board.set_viewport_size({"width": ZOOMED.width, "height": ZOOMED.height})
        await expect(board.get_by_role("button", name="Rang 999, they answered")).to_be_in_viewport(ratio=1)
        assert await board.evaluate("document.documentElement.scrollWidth <= innerWidth")
        await board.get_by_role("button", name="Rang 999, they answered").focus()
        await board.keyboard.press("Enter")
        await expect(board.locator(".loop")).to_contain_text("Ask by")
        assert [one.outcome for one in tonight.now(comer.contact).attempts] == ["no_answer", "answered"]


async def test_a_lead_says_not_that_of_somebody_who_waits_having_read_the_words(
    tmp_path: Path, windows: Windows
) -> None:
    async with staffed_evening(tmp_path, "jo") as tonight:
        comer = await somebody_comes(tonight, "my exam is killing me, i want to die of shame")
        board = await signed_in(windows, tonight, "Jo", "/board")
        row = board.locator(".list-waiting li")
        await expect(row).to_contain_text("Wrote something that may mean they are not safe")
        await row.get_by_role("button", name=f"Open {comer.name}").click()
        prompt = board.locator("#drawer-prompt")
        await expect(prompt).to_contain_text("They are served sooner.")
        await expect(board.locator("#drawer-log mark")).to_have_text("want to die")
        await clean_in_every_look(board)
        await prompt.get_by_role("button", name="Not that").click()
        await expect(prompt).to_be_empty()
        await expect(row).not_to_contain_text("Wrote something")
        assert tonight.now(comer.contact).prompts.standing == ()


async def test_a_debrief_somebody_should_have_stands_on_the_board_until_it_is_closed(
    tmp_path: Path, windows: Windows
) -> None:
    async with staffed_evening(tmp_path, "jo") as tonight:
        comer = await somebody_with_dev(tonight)
        dev = tonight.who("dev")
        up = RungSet(3, 0, basis="the bridge", client_id=str(uuid4()))
        await tonight.helpline.set_rung(dev, comer.contact, up)
        await tonight.helpline.close_contact(dev, comer.contact, str(uuid4()))
        outcome = tonight.helpline.definition.note_form.outcome.choices[0].key
        await tonight.helpline.wrap_up(dev, comer.contact, outcome, str(uuid4()))
        board = await signed_in(windows, tonight, "Jo", "/board")
        todo = board.locator(".list-tasks")
        await expect(todo).to_contain_text(f"Dev, after {comer.name}")
        await clean_in_every_look(board)
        await todo.get_by_role("button", name=f"They have talked: Dev, after {comer.name}").click()
        await expect(todo).to_have_count(0)
        task = tonight.now(comer.contact).ladder.tasks[0]
        assert (task.who, task.how) == ("dev", "done")


async def test_somebodys_steps_call_once_and_who_has_the_highest_has_them(
    tmp_path: Path, windows: Windows
) -> None:
    async with staffed_evening(tmp_path, "jo") as tonight:
        comer = await somebody_with_dev(tonight)
        for to in (2, 3, 4):
            up = RungSet(to, 0, basis="the bridge", client_id=str(uuid4()))
            await tonight.helpline.set_rung(tonight.who("dev"), comer.contact, up)
        board = await signed_in(windows, tonight, "Jo", "/board")
        await expect(board.locator(".alert")).to_have_count(1)
        await expect(board.locator(".alert.first")).to_contain_text("Emergency")
        await board.get_by_role("button", name="I have it").click()
        await expect(board.locator("#alerts")).to_contain_text("Nothing needs you this minute.")
        assert tonight.now(comer.contact).open_alerts == ()
