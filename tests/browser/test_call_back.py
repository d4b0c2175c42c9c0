"""Somebody asks to be rung, and is: from the form on their phone to the note on the supporter's desk."""

from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from msgspec.structs import replace
from playwright.async_api import expect

from helpline import call_backs, call_keeping
from helpline.call_keeping import Asked
from helpline.contact import short_name
from helpline.events import By
from helpline.shape import Definition
from tests.browser.chromium import PHONE, Windows
from tests.browser.evening import demonstration
from tests.browser.on_shift import at_the_desk, signed_in, staffed_evening
from tests.helpline.evening import new_id

NUMBER = "07700 900123"
ANIA = By("supporter", "ania", "Ania")


def ringing() -> Definition:
    """The demonstration, whose people ring, too."""
    read = demonstration()
    doors = tuple(one for one in read.hours.channels if one.channel != "call")
    everything = tuple(dict.fromkeys((*read.channels, "call")))
    return replace(
        read,
        channels=everything,
        hours=replace(read.hours, channels=(*doors, replace(doors[0], channel="call"))),
        people=tuple(replace(one, channels=everything) for one in read.people),
        shifts=tuple(replace(one, channels=everything) for one in read.shifts),
    )


async def test_from_the_form_to_the_ringing_and_how_it_went(tmp_path: Path, windows: Windows) -> None:
    async with staffed_evening(tmp_path, "ania", "jo", definition=ringing()) as tonight:
        desk = await at_the_desk(windows, tonight, "ania")
        board = await signed_in(windows, tonight, "jo", "/board")
        person = await windows.open(f"{tonight.url}/call-me", screen=PHONE)
        await person.fill("#call-number", NUMBER)
        await person.get_by_label("A word we can say").fill("blue kettle")
        await person.get_by_role("button", name="Ask for a call").click()
        await expect(person.get_by_text("Your request is kept")).to_be_visible()
        await expect(board.locator(".list-calls li")).to_contain_text("Due now")
        line = tonight.helpline
        await call_keeping.rang(line, "en", Asked(client_id=new_id(), number="+447700900123"), pressed=False)
        await desk.get_by_role("button", name="Answer").first.click()
        card = desk.locator(".call-card")
        await expect(card).to_contain_text("asked to be rung as soon as can be")
        await expect(card).to_contain_text("blue kettle")
        await expect(desk.locator("#say")).to_be_hidden()
        assert "900123" not in await desk.content()
        await card.get_by_role("button", name="Show the number").click()
        await expect(card.locator(".call-number a")).to_have_attribute("href", "tel:+447700900123")
        await expect(card).to_contain_text("Rang the line once themselves.")
        (contact,) = [one.log for one in line.contacts() if one.calls.asked]
        placed = call_backs.place(ANIA, line.definition, call="k-1", client_id="", mark="")
        for told in (placed, call_backs.machine("k-1")):
            await line.logbook.change(contact, told)
        await expect(card).to_contain_text("It may be a machine, or a person. Leave no words")
        await line.logbook.change(contact, call_backs.ended("k-1", "completed", 20))
        await expect(card).to_contain_text("The call is over.")
        await expect(board.locator(".list-calls li")).to_contain_text("Being rung now")
        await card.get_by_role("button", name="We talked").click()
        await expect(card.locator(".call-number")).to_have_count(0)
        await expect(card).to_contain_text("We talked.")
        await expect(board.locator(".list-calls li")).to_contain_text("They talked")
        await person.goto(f"{tonight.url}/call-me")
        await expect(person.get_by_text("We rang you")).to_be_visible()


async def test_a_lead_looks_at_a_number_for_a_minute_and_somebody_else_sees_that_they_did(
    tmp_path: Path, windows: Windows
) -> None:
    async with staffed_evening(tmp_path, "jo", "robin", definition=ringing()) as tonight:
        jos = await signed_in(windows, tonight, "jo", "/board", clock=True)
        robins = await signed_in(windows, tonight, "robin", "/board")
        asked = Asked(client_id=new_id(), number="+447700900123")
        await call_keeping.ask(tonight.helpline, new_id(), "en", asked)
        await jos.locator(".list-calls").get_by_role("button", name="Open").click()
        drawer = jos.locator("#drawer")
        await drawer.get_by_role("button", name="Look at their number").click()
        assert "900123" not in await jos.content()
        await drawer.get_by_label("Why do you need their number?").fill("The ambulance asks for it")
        await drawer.get_by_role("button", name="Show it for a minute").click()
        await expect(drawer.locator(".call-number a")).to_have_attribute("href", "tel:+447700900123")
        notice = robins.get_by_role("heading", name="A lead looked at their number")
        await expect(notice).to_be_visible()
        assert "900123" not in await robins.content()
        await expect(jos.get_by_role("button", name="I have seen it")).to_have_count(0)
        await jos.clock.fast_forward(61_000)
        await expect(drawer.locator(".call-number")).to_have_count(0)
        assert "900123" not in await jos.content()
        await robins.get_by_role("button", name="I have seen it").click()
        await expect(notice).to_have_count(0)
        await expect(jos.get_by_role("heading", name="A lead looked at their number")).to_have_count(0)


async def test_whose_clock_differs_is_told_every_time_on_their_own_and_which_clock_that_is(
    tmp_path: Path, windows: Windows
) -> None:
    async with staffed_evening(tmp_path, definition=ringing()) as tonight:
        first = call_keeping.choices(tonight.helpline, "en").parts[0]
        said: dict[str, str] = {}
        for zone in ("Europe/London", "America/New_York"):
            person = await windows.open(f"{tonight.url}/call-me", screen=PHONE, zone=zone)
            option = person.locator("select[name=window] option").nth(1)
            there = first.begins_at.astimezone(ZoneInfo(zone))
            await expect(option).to_contain_text(f"{there:%A %H:%M}–")
            said[zone] = await option.inner_text()
            note = person.locator("#own-zone")
            if zone == "Europe/London":
                await expect(note).to_be_hidden()
                continue
            await expect(note).to_have_text("Times are on your own clock: New York.")
            await person.fill("#call-number", NUMBER)
            await person.locator("select[name=window]").select_option(index=1)
            await person.get_by_role("button", name="Ask for a call").click()
            await expect(person.get_by_text(f"You asked us to ring you: {said[zone]}.")).to_be_visible()
        assert said["Europe/London"] != said["America/New_York"]
        (request,) = [one for one in tonight.helpline.contacts() if one.calls.asked]
        assert request.calls.ends_at is not None
        assert abs(request.calls.ends_at - first.ends_at) < timedelta(seconds=1)


async def test_a_call_asked_for_in_the_queue_is_on_the_board_once_and_names_the_chat(
    tmp_path: Path, windows: Windows
) -> None:
    async with staffed_evening(tmp_path, "jo", definition=ringing()) as tonight:
        board, line, token = await signed_in(windows, tonight, "jo", "/board"), tonight.helpline, new_id()
        chat = (await line.start(token, client_id=new_id(), language="en", first_message="hello")).contact
        asked = Asked(client_id=new_id(), number="+447700900123")
        await line.call_me(chat, client_id=asked.client_id, number=asked.number)
        await call_keeping.beside_chat(line, token, chat, asked)
        rows = board.locator(".list-calls li")
        await expect(rows).to_contain_text(f"Belongs with {short_name(chat)}.")
        await expect(rows).to_have_count(1)
