"""From rung 4 to its end at the desk and on the board: help confirmed, or two who sign that it could not be."""

import re
from pathlib import Path
from uuid import uuid4

from playwright.async_api import Page, expect

from helpline import ladder_presses
from helpline.events import RungSet
from tests.browser.chromium import LOOKS, Windows, check_accessible
from tests.browser.evening import Evening
from tests.browser.on_shift import Comer, answer, at_the_desk, signed_in, somebody_comes, staffed_evening
from tests.browser.the_evening_hands import clean_in_every_look, within_reach_when_zoomed


async def at_emergency(page: Page, tonight: Evening) -> Comer:
    """Somebody comes, is answered on `page`, and is at rung 4 with 999 rung and answered."""
    comer = await somebody_comes(tonight, "i have taken them all")
    await answer(page)
    await page.get_by_role("button", name="Go to Emergency").click()
    await expect(page.locator(".loop")).to_contain_text("The checks begin when 999 has answered.")
    await page.get_by_role("button", name="Rang 999, they answered").click()
    await expect(page.locator(".loop")).to_contain_text("Ask by")
    return comer


async def asks_not_yet(page: Page) -> None:
    await page.get_by_role("button", name="Not yet", exact=True).click()
    await expect(page.locator(".loop")).to_contain_text(re.compile("Asked once.*not yet. Ask again by"))


async def ends_and_wraps_up(page: Page) -> None:
    """The conversation is ended, the record written, the debrief had; then whoever it was is free."""
    await page.get_by_role("button", name="End", exact=True).click()
    await page.get_by_role("button", name="End it now").click()
    tasks = page.locator(".tasks")
    await expect(tasks).to_contain_text("The record: what happened")
    await expect(tasks).to_contain_text("Talk it over with somebody before you leave.")
    await check_accessible(page)
    await tasks.get_by_role("button", name="Write it now").click()
    await expect(page.locator("#note-title")).to_be_focused()
    await page.locator("[data-note]").first.fill("Took tablets; 999 came.")
    await expect(tasks).not_to_contain_text("The record")
    await tasks.get_by_role("button", name="We have talked").click()
    await expect(tasks).to_have_count(0)
    await page.locator("[name=outcome]").first.check()
    await page.get_by_role("button", name="Done, I'm free").click()
    await expect(page.get_by_role("log")).to_be_hidden()


async def test_nothing_ends_until_help_is_with_them_and_then_one_press_says_so(
    tmp_path: Path, windows: Windows
) -> None:
    async with staffed_evening(tmp_path, "dev") as tonight:
        page = await at_the_desk(windows, tonight, "Dev")
        comer = await at_emergency(page, tonight)
        await asks_not_yet(page)
        await check_accessible(page)
        await page.get_by_role("button", name="End", exact=True).click()
        await expect(page.locator(".ending")).to_contain_text("Nobody has confirmed yet")
        await page.get_by_role("button", name="End it now").click()
        await expect(page.locator("#help")).to_contain_text(
            "nobody has confirmed yet that help has reached them"
        )
        await page.locator(".ending").get_by_role("button", name="Has help reached them?").click()
        await expect(page.locator("#loop-title")).to_be_focused()
        await expect(page.locator("#loop-title")).to_be_in_viewport()
        await page.get_by_role("button", name="End", exact=True).click()
        await page.get_by_role("button", name="Yes, help is with them").dblclick()
        await expect(page.locator(".loop")).to_contain_text("Yes. Confirmed at")
        await expect(page.locator(".loop").get_by_role("alert")).to_have_count(0)
        loop = tonight.now(comer.contact).ladder.loop
        assert loop is not None
        assert (loop.ended, loop.checks) == ("confirmed", 2)
        await ends_and_wraps_up(page)
        assert [task.how for task in tonight.now(comer.contact).ladder.tasks] == ["done"]


async def test_what_nobody_could_confirm_is_signed_at_the_desk_and_by_the_lead_on_the_board(
    tmp_path: Path, windows: Windows
) -> None:
    async with staffed_evening(tmp_path, "dev", "jo") as tonight:
        page = await at_the_desk(windows, tonight, "Dev")
        comer = await at_emergency(page, tonight)
        await asks_not_yet(page)
        await page.get_by_role("button", name="We could not confirm it").click()
        await page.get_by_label("What was tried").fill("Rang 999 twice and the hospital")
        await page.get_by_label("999's reference, or who you spoke to").fill("CAD 1234")
        await check_accessible(page)
        await page.get_by_role("button", name="Sign this").click()
        await expect(page.locator(".loop")).to_contain_text("Somebody else must sign too.")
        await expect(page.locator(".loop").get_by_role("button", name="I sign this too")).to_have_count(0)

        board = await signed_in(windows, tonight, "Jo", "/board")
        line = board.locator(".on-ladder .person")
        await expect(line).to_contain_text(f"{comer.name} Emergency")
        await expect(line).to_contain_text("With Dev")
        await expect(line).to_contain_text("Dev signed: could not be confirmed")
        await expect(line.locator("[data-due]")).to_contain_text("in ")
        await expect(board.locator("#alerts")).to_contain_text("Help not confirmed, needs a second signature")
        await check_accessible(board)
        await line.get_by_role("button", name=f"Open {comer.name}").click()
        signed = board.locator("#drawer .signed")
        await expect(signed).to_contain_text("Tried: Rang 999 twice and the hospital")
        await expect(signed).to_contain_text("Reference: CAD 1234")
        await check_accessible(board)
        await signed.get_by_role("button", name="I sign this too").click()
        await expect(board.locator("#drawer .loop")).to_contain_text(
            "It could not be confirmed. Signed by Dev and Jo"
        )
        await expect(page.locator(".loop")).to_contain_text("Signed by Dev and Jo")
        loop = tonight.now(comer.contact).ladder.loop
        assert loop is not None
        assert loop.ended == "not_confirmed"
        await ends_and_wraps_up(page)
        await expect(board.locator(".on-ladder")).to_have_count(0)


async def test_what_stands_beside_the_rung_is_folded_below_and_never_takes_the_conversations_focus(
    tmp_path: Path, windows: Windows
) -> None:
    async with staffed_evening(tmp_path, "dev") as tonight:
        page = await at_the_desk(windows, tonight, "Dev")
        comer = await somebody_comes(tonight, "tonight maybe")
        await answer(page)
        await page.get_by_role("button", name="Ask about safety").click()
        await page.get_by_role("button", name="Make a plan together").click()
        await page.get_by_role("button", name="Act together now").click()
        fold = page.locator(".beside")
        await expect(fold.get_by_text("May we tell somebody")).to_be_hidden()
        await expect(page.locator(".next .number")).to_be_in_viewport(ratio=1)
        await fold.locator("summary").press("Enter")

        await fold.get_by_role("button", name="Not asked").click()
        await page.get_by_label("Why were they not asked?").fill("They had gone quiet")
        await fold.get_by_role("button", name="Keep").click()
        await expect(fold).to_contain_text("They were not asked about sharing")
        await fold.get_by_role("button", name="No", exact=True).click()
        await expect(fold).to_contain_text("They said no to sharing")

        await expect(fold.locator("blockquote")).not_to_be_empty()
        await page.get_by_label("Why", exact=True).fill("They cannot keep safe tonight")
        await fold.get_by_role("button", name="Share what is needed").click()
        await expect(fold).to_contain_text("You decided at")
        await expect(fold).to_contain_text("A second person has been asked.")

        await page.get_by_label("Told to").select_option(label="999, ambulance")
        await page.get_by_label("What was told", exact=True).fill("Where they are")
        await fold.get_by_role("button", name="Write this down").click()
        await expect(fold).to_contain_text("Dev told 999, ambulance")
        await fold.get_by_role("button", name="Safeguarding").click()
        await expect(fold.locator("summary")).to_contain_text("Track S")
        await page.get_by_label("When, if they want it").select_option(index=1)
        await fold.get_by_role("radio", name="Yes, they said so").check()
        await fold.get_by_role("button", name="Agree this").click()
        await expect(fold).to_contain_text("It is safe to contact them so.")
        await clean_in_every_look(page, *LOOKS[:1], *LOOKS[-1:])
        small = await fold.locator("button").evaluate_all(
            "all => all.filter(one => one.getBoundingClientRect().height < 44).map(one => one.textContent)"
        )
        assert small == []

        ladder = tonight.now(comer.contact).ladder
        assert ladder.consent is not None
        assert ladder.decision is not None
        assert ladder.follow_up is not None
        assert (ladder.consent.answer, ladder.decision.what, ladder.tracks) == ("refused", "share", ("S",))
        assert [one.crisis_contact for one in ladder.shared] == ["emergency"]

        await page.locator("#message").fill("I am here with")
        jo = tonight.who("jo")
        await ladder_presses.decide(
            tonight.helpline,
            jo,
            comer.contact,
            what="share",
            reason=None,
            of=ladder.decision.made.seq,
            client_id=str(uuid4()),
        )
        await expect(fold).to_contain_text("Jo would do the same.")
        await expect(page.locator("#message")).to_be_focused()
        await expect(page.locator("#message")).to_have_value("I am here with")
        await within_reach_when_zoomed(page, "#message", "#send")


async def test_a_lead_who_goes_home_is_told_who_is_still_on_the_ladder_and_says_why(
    tmp_path: Path, windows: Windows
) -> None:
    async with staffed_evening(tmp_path, "jo") as tonight:
        await tonight.on_shift("dev")
        comer = await somebody_comes(tonight)
        await tonight.answered_by("dev")
        await tonight.helpline.set_rung(
            tonight.who("dev"), comer.contact, RungSet(3, 0, basis="the bridge", client_id=str(uuid4()))
        )
        page = await at_the_desk(windows, tonight, "Jo")
        await page.get_by_role("button", name="Shift").click()
        await page.get_by_role("button", name="Check out").click()
        sheet = page.locator("#sheet")
        await sheet.get_by_role("button", name="Check out").click()
        await expect(sheet).to_contain_text(f"Still on the ladder: {comer.name}")
        await expect(page.get_by_label("Why do you go now?")).to_be_focused()
        await check_accessible(page)
        await page.get_by_label("Why do you go now?").fill("My child is ill. Kit has them.")
        await sheet.get_by_role("button", name="Check out").click()
        await expect(page.get_by_role("heading", name="You're off shift. Thank you.")).to_be_visible()
        alerts = {one.what: one.to for one in tonight.now(comer.contact).open_alerts}
        assert alerts["lead_gone"] == "on_call"
