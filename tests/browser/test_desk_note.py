"""The session note and what comes after the talk: saved as it is written, both sides kept, one answer at the end."""

from pathlib import Path
from uuid import uuid4

from playwright.async_api import Dialog, expect

from tests.browser.chromium import Windows
from tests.browser.on_shift import answer, at_the_desk, said, somebody_comes, staffed_evening


async def test_the_note_is_saved_as_it_is_written_and_is_there_after_loading_anew(
    tmp_path: Path, windows: Windows
) -> None:
    async with staffed_evening(tmp_path, "dev") as tonight:
        page = await at_the_desk(windows, tonight, "Dev")
        await somebody_comes(tonight)
        await answer(page)
        summary = page.get_by_label("What they wanted to talk about")
        await summary.fill("Mum in hospital since Monday.")
        await page.get_by_label("Not sleeping").check()
        # What stood there before the tick is not to be taken for its being saved.
        await page.evaluate(
            "new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)))"
        )
        await expect(page.locator("#note-state")).to_contain_text("Saved ")
        await page.reload()
        await expect(summary).to_have_value("Mum in hospital since Monday.")
        await expect(page.get_by_label("Not sleeping")).to_be_checked()


async def test_a_note_is_saved_at_once_when_the_page_is_left_with_the_pen_still_in_the_hand(
    tmp_path: Path, windows: Windows
) -> None:
    async with staffed_evening(tmp_path, "dev") as tonight:
        page = await at_the_desk(windows, tonight, "Dev")
        await somebody_comes(tonight)
        await answer(page)
        await page.clock.install()
        asked: list[str] = []

        async def stay(dialog: Dialog) -> None:
            asked.append(dialog.type)
            await dialog.dismiss()

        page.on("dialog", stay)
        summary = page.get_by_label("What they wanted to talk about")
        await summary.press_sequentially("Mum in hospital")
        await page.evaluate("void setTimeout(() => location.reload(), 0)")
        await page.clock.run_for(1)
        await expect(page.locator("#note-state")).to_contain_text("Saved ")
        assert asked == ["beforeunload"]
        await expect(summary).to_have_value("Mum in hospital")


async def test_when_two_write_the_same_part_both_are_shown_and_both_can_be_kept(
    tmp_path: Path, windows: Windows
) -> None:
    async with staffed_evening(tmp_path, "dev") as tonight:
        page = await at_the_desk(windows, tonight, "Dev")
        comer = await somebody_comes(tonight)
        await answer(page)
        summary = page.get_by_label("What they wanted to talk about")
        await page.context.set_offline(True)
        await expect(page.locator("#strip")).to_contain_text("Your line is lost")
        await summary.fill("Written by Dev.")
        await tonight.helpline.note(
            tonight.who("jo"),
            comer.contact,
            version=0,
            fields={"summary": "Written by Jo."},
            client_id=str(uuid4()),
        )
        await page.context.set_offline(False)
        await expect(page.locator(".both")).to_contain_text("Jo wrote meanwhile: Written by Jo.")
        await expect(summary).to_have_value("Written by Dev.")
        await page.get_by_role("button", name="Keep both").click()
        await expect(summary).to_have_value("Written by Jo.\nWritten by Dev.")
        await expect(page.locator("#note-state")).to_contain_text("Saved ")
        events = await tonight.as_staff_read_it(comer.contact)
        assert [one["fields"]["summary"] for one in events if one["kind"] == "noted"] == [
            "Written by Jo.",
            "Written by Jo.\nWritten by Dev.",
        ]


async def test_the_outcome_is_asked_only_at_the_end_and_frees_the_place(
    tmp_path: Path, windows: Windows
) -> None:
    async with staffed_evening(tmp_path, "lou") as tonight:
        page = await at_the_desk(windows, tonight, "Lou")
        comer = await somebody_comes(tonight)
        await answer(page)
        await expect(page.locator("#help")).not_to_contain_text("How it ended")
        await page.get_by_role("button", name="End", exact=True).click()
        await page.get_by_role("button", name="End it now").click()
        await expect(page.locator("#ended")).to_be_visible()
        await page.get_by_label("Talked, and ended together").check()
        await page.get_by_role("button", name="Done, I'm free").click()
        await expect(page.locator("#contacts")).to_contain_text(f"{comer.name} Wrapped up")
        assert tonight.now(comer.contact).outcome == "talked"
        await somebody_comes(tonight, "the next")
        await answer(page)
        await expect(said(page, "the next")).to_be_visible()


async def test_a_colleague_takes_over_warmly_both_present_and_then_one_steps_out(
    tmp_path: Path, windows: Windows
) -> None:
    async with staffed_evening(tmp_path, "dev", "lou") as tonight:
        dev = await at_the_desk(windows, tonight, "Dev")
        comer = await somebody_comes(tonight, "hello there")
        await answer(dev)
        lou = await at_the_desk(windows, tonight, "Lou")
        await dev.get_by_role("button", name="To a colleague").click()
        await dev.get_by_role("radio", name="Lou").check()
        await dev.get_by_label("A word for them").fill("They like it slow.")
        await dev.get_by_role("button", name="Offer", exact=True).click()
        await expect(dev.locator("#strip")).to_contain_text(
            f"{comer.name} is offered to Lou. They stay with you"
        )
        await expect(lou.locator(".offer")).to_contain_text("From Dev")
        await answer(lou)
        await expect(said(lou, "hello there")).to_be_visible()
        await expect(dev.locator("#strip")).to_contain_text("Lou is here too")
        await dev.get_by_role("button", name="Step out").click()
        await expect(dev.locator("#contacts")).to_contain_text("Lou has taken this over")
        await expect(dev.get_by_role("log")).to_be_hidden()
        fold = tonight.now(comer.contact)
        assert (fold.owner, [one.id for one in fold.participants]) == ("lou", ["lou"])
