"""Two nights by text, on every screen at once: the pretend phones, the desks of two supporters, the lead's board.

The first goes from a text at 21:50 to a call and the note; in the second somebody texts at three.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from msgspec.structs import replace
from playwright.async_api import Locator, Page, expect

from app import DEMO
from helpline import call_keeping
from helpline.call_events import CallEnded
from helpline.call_keeping import Asked
from helpline.contact import Contact
from helpline.definition import read_definition
from helpline.events import Offered
from helpline.shape import Definition
from sms.phone_pages import PRETEND
from sms.pretend import HANDSETS
from tests.browser.chromium import LAPTOP, PHONE, Look, Windows, check_accessible
from tests.browser.evening import Evening, evening
from tests.browser.on_shift import PASSWORD, answer, check_in, said, write
from tests.browser.the_evening_hands import check_fits, clean_in_every_look, sign_in
from tests.browser.whole_ladder_service import pages_are_open
from tests.clock import SetClock
from tests.owner_or_page import mistakes, staff_of

# A Wednesday in winter, when London's wall clock shows UTC.
TEN_TO_TEN = datetime(2026, 1, 14, 21, 50, tzinfo=UTC)
THREE = datetime(2026, 1, 15, 3, 0, tzinfo=UTC)
EARLY_LOOKS = (Look(PHONE, "dark"), Look(LAPTOP, "light"))


def late_shift() -> Definition:
    """The demonstration, whose shift ends at ten to midnight; after that the line is open from six to half past ten."""
    read = read_definition(DEMO)
    return replace(read, demonstration=replace(read.demonstration, shift_lasts_hours=3))


class Night:
    """A running service, and its screens, all at the same hour. The service's time stands until it is set on."""

    def __init__(self, tonight: Evening, windows: Windows, clock: SetClock) -> None:
        self.tonight, self.windows, self.clock = tonight, windows, clock
        self._pages: list[Page] = []

    async def page(self, **look: Any) -> Page:
        page = await self.windows.open(**look)
        await page.clock.install(time=self.clock.now())
        self._pages.append(page)
        return page

    async def staff(self, name: str, place: str = "/desk", **look: Any) -> Page:
        page = await sign_in(await self.page(**look), self.tonight.url, place, name, PASSWORD)
        if place == "/desk":
            await check_in(page)
        return page

    async def phones(self, **look: Any) -> Page:
        page = await self.page(**look)
        await page.goto(f"{self.tonight.url}/demo/phone")
        return page

    async def go_to(self, instant: datetime) -> None:
        """The clock of the service and of every screen is set on, stopping wherever the service wanted to be woken."""
        dispatcher = self.tonight.helpline.dispatcher
        await dispatcher.settled()
        while (wake := self.clock.next_wake()) is not None and wake <= instant:
            self.clock.set(max(wake, self.clock.now()))
            await dispatcher.settled()
        self.clock.set(instant)
        await dispatcher.settled()
        await pages_are_open(self.tonight.app)
        for page in self._pages:
            await page.clock.set_system_time(self.clock.now())

    def fold(self, contact: str) -> Contact:
        return self.tonight.now(contact)


@asynccontextmanager
async def night_line(folder: Path, windows: Windows) -> AsyncIterator[Night]:
    """It is ten to ten."""
    clock = SetClock(TEN_TO_TEN)
    async with evening(folder, late_shift(), clock) as tonight:
        for name in ("ania", "dev", "sasha", "jo"):
            await tonight.helpline.people.set_password(name, PASSWORD)
        yield Night(tonight, windows, clock)


async def types(phones: Page, words: str, place: int = 1) -> None:
    box = phones.get_by_label(f"Text from phone {place}", exact=True)
    await box.fill(words)
    await box.press("Enter")


def on_phone(phones: Page, words: str, place: int = 1) -> Any:
    return phones.get_by_role("log", name=f"Texts on phone {place}").locator(".said", has_text=words)


async def press(phones: Page, label: str) -> None:
    await phones.get_by_role("button", name=label, exact=True).click()


async def pressed_when_zoomed(page: Page, button: Locator) -> None:
    """On a laptop zoomed to twice its size nothing is cut off, and this can be reached and pressed: not done here."""
    await page.set_viewport_size({"width": LAPTOP.width // 2, "height": LAPTOP.height // 2})
    await check_fits(page)
    if not await button.is_visible():
        await page.get_by_role("button", name="Help", exact=True).click()
    await button.click(trial=True)
    await page.set_viewport_size({"width": LAPTOP.width, "height": LAPTOP.height})


@pytest.mark.timeout(240)
async def test_from_a_text_at_ten_to_ten_to_a_call_and_the_note(tmp_path: Path, windows: Windows) -> None:
    async with night_line(tmp_path, windows) as night:
        dev, ania = await night.staff("Dev"), await night.staff("Ania")
        board, phones = await night.staff("Jo", "/board"), await night.phones()

        # In Polish, to her who speaks it; Dev, who is free as well, is not asked.
        await types(phones, "dobry wieczór, jest tam ktoś?")
        await expect(board.locator(".list-waiting li")).to_contain_text("Text, Polish")
        await expect(ania.get_by_role("button", name="Answer", exact=True)).to_be_visible()
        assert "dev" in night.tonight.helpline.roster.with_room(("en",), "sms")
        await expect(dev.get_by_role("button", name="Answer", exact=True)).to_have_count(0)
        await expect(on_phone(phones, "odpowie na nią człowiek")).to_contain_text("Arrived")
        await answer(ania)
        contact = (await night.tonight.contact()).log

        await write(ania, "Dobry wieczór, jestem Ania. Co się dzieje?")
        await expect(said(ania, "Co się dzieje?")).to_contain_text("Arrived")
        await expect(on_phone(phones, "Co się dzieje?")).to_be_visible()
        await types(phones, "nie mogę spać. boję się samej siebie")
        await expect(said(ania, "boję się samej siebie")).to_be_visible()
        await write(ania, "Czy mogę zadzwonić, gdyby SMS-y nie dochodziły?")
        await types(phones, "tak")
        await expect(said(ania, "tak")).to_be_visible()

        await ania.get_by_role("button", name="Ask about safety").click()
        await ania.get_by_role("button", name="Make a plan together").click()
        await expect(ania.locator("#ladder-title")).to_have_text("Making a safety plan together")
        assert night.fold(contact).rung == 2

        await they_send_end(night, ania, board, phones)
        await they_are_rung(night, ania, phones)
        await expect(board.locator(".list-calls li")).to_contain_text("They talked")
        await written_down_and_closed(ania)
        await the_log_holds(night, contact)


async def they_send_end(night: Night, ania: Page, board: Page, phones: Page) -> None:
    """It may be meant otherwise than as a word about texts: desk and board say so, and what can still be done."""
    await press(phones, "Text END from phone 1")
    await expect(ania.locator("#texts")).to_contain_text("their phone takes no texts from us")
    await expect(ania.locator("#texts")).to_contain_text("Ring them if they agreed to a call.")
    alarm = board.locator("#alerts .alert", has_text="Closed their phone to our texts")
    await expect(alarm).to_contain_text("Ring them, if they agreed to a call.")
    await expect(alarm).to_contain_text("With Ania")
    fold = await night.tonight.contact()
    assert {one.what for one in fold.open_alerts} >= {"opted_out"}
    assert fold.paged
    await clean_in_every_look(ania, *EARLY_LOOKS)
    await clean_in_every_look(board, *EARLY_LOOKS)
    await pressed_when_zoomed(board, alarm.get_by_role("button", name="I have it"))
    await pressed_when_zoomed(ania, ania.get_by_role("button", name="They agreed to a call"))
    await alarm.get_by_role("button", name="I have it").click()
    await expect(alarm).to_have_count(0)
    await write(ania, "Jestem tu nadal.")
    await expect(said(ania, "Jestem tu nadal.")).to_contain_text("Not sent: it waits until they text START")


async def they_are_rung(night: Night, ania: Page, phones: Page) -> None:
    """A press says that they agreed, another has Ania's phone ring, and a pressed 1 theirs."""
    await ania.get_by_role("button", name="They agreed to a call").click()
    await expect(ania.locator("#texts")).to_contain_text("They agreed to a call: ring them.")
    card = ania.locator(".call-card")
    await expect(card).to_contain_text("in Polish")
    await pressed_when_zoomed(ania, card.get_by_role("button", name="Ring them"))
    await clean_in_every_look(ania, *EARLY_LOOKS)
    await card.get_by_role("button", name="Ring them").click()
    await expect(card).to_contain_text("Your phone rings. Answer it and press 1; then we ring them.")
    await expect(phones.get_by_text("Ania's phone rings.")).to_be_visible()
    await expect(phones.locator("#handset-1 ~ .handset-call")).to_be_hidden()
    await press(phones, "Answer Ania's phone")
    await expect(phones.get_by_text("Press 1, and we ring them.")).to_be_visible()
    await press(phones, "Press 1 on Ania's phone")
    await expect(phones.get_by_text("Phone 1 rings.")).to_be_visible()
    await expect(phones.locator("#handset-1 ~ .handset-call")).to_contain_text("01632 960800")
    await clean_in_every_look(phones, *EARLY_LOOKS)
    await press(phones, "Answer phone 1")
    await expect(phones.get_by_text("You hear each other.")).to_have_count(2)
    await night.go_to(night.clock.now() + timedelta(minutes=12))
    await check_accessible(phones)
    await press(phones, "Hang up phone 1")
    await expect(phones.get_by_role("log", name="Texts on phone 1")).to_contain_text("You talked, 12:00")
    await expect(card).to_contain_text("The call is over. How did it go?")
    await card.get_by_role("button", name="We talked").click()
    await expect(card).to_contain_text("We talked.")
    # What was written after END never went.
    await expect(on_phone(phones, "Jestem tu nadal.")).to_have_count(0)


async def written_down_and_closed(ania: Page) -> None:
    await ania.get_by_label("What they wanted to talk about, in their words").fill(
        "Could not sleep, and was afraid."
    )
    await ania.get_by_role("button", name="End", exact=True).click()
    await ania.get_by_role("button", name="End it now").click()
    await expect(ania.locator("#ended")).to_be_visible()
    await ania.get_by_label("Made a safety plan together").check()
    await ania.get_by_role("button", name="Done, I'm free").click()
    await expect(ania.locator("#contacts")).to_contain_text("Wrapped up")


async def the_log_holds(night: Night, contact: str) -> None:
    """All of it is one contact, numbered without gaps, and from rung 2 on it was never nobody's."""
    helpline = night.tonight.helpline
    events = await helpline.logbook.read(contact)
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    assert mistakes(events, await staff_of(helpline)) == []
    kinds = [event.kind for event in events]
    story = (
        "started",
        "offered",
        "accepted",
        "rung_set",
        "opted_out",
        "call_me",
        "call_placing",
        "call_placed",
    )
    places = [kinds.index(kind) for kind in (*story, "call_ended", "call_made", "closed", "wrapped_up")]
    assert places == sorted(places)
    assert [event.body.supporter for event in events if isinstance(event.body, Offered)] == ["ania"]
    ended = next(event.body for event in events if isinstance(event.body, CallEnded))
    assert (ended.outcome, ended.seconds) == ("completed", 12 * 60)
    fold = night.fold(contact)
    assert (fold.phase, fold.outcome, fold.language) == ("ended", "plan_made", "pl")


async def test_a_text_at_three_gets_its_answer_and_waits_for_the_lead_of_the_next_shift(
    tmp_path: Path, windows: Windows
) -> None:
    async with night_line(tmp_path, windows) as night:
        await night.go_to(THREE)
        phones = await night.phones()
        await types(phones, "is anybody awake")
        reply = on_phone(phones, "999")
        await expect(reply).to_contain_text("Arrived")
        await expect(reply).to_contain_text("18:00")
        contact = (await night.tonight.contact()).log
        assert night.fold(contact).phase == "stored"

        await night.go_to(datetime(2026, 1, 15, 18, 2, tzinfo=UTC))
        board = await night.staff("Jo", "/board")
        alarm = board.locator("#alerts .alert", has_text="Wrote while we were closed")
        await expect(alarm).to_contain_text("Nobody is with them")
        await clean_in_every_look(board, *EARLY_LOOKS)
        await alarm.get_by_role("button", name="Open").click()
        await expect(board.locator("#drawer-log")).to_contain_text("is anybody awake")
        await board.get_by_role("button", name="Check in and take over").click()
        await expect(alarm).to_have_count(0)
        await board.get_by_role("link", name="You are in. Go to your desk").click()
        await expect(said(board, "is anybody awake")).to_be_visible()
        await write(board, "Good evening, I am Jo. We were closed when you wrote. How are you now?")
        await expect(on_phone(phones, "How are you now?")).to_contain_text("Arrived")
        events = await night.tonight.helpline.logbook.read(contact)
        kinds = [event.kind for event in events]
        assert kinds.index("said") < kinds.index("alerted") < kinds.index("told") < kinds.index("joined")


async def test_the_phones_call_without_javascript_and_a_call_is_seen_by_everybody(
    tmp_path: Path, windows: Windows, look: Look
) -> None:
    async with night_line(tmp_path, windows) as night:
        plain = await windows.open(
            f"{night.tonight.url}/demo/phone", screen=look.screen, scheme=look.scheme, javascript=False
        )
        phones = await night.phones(screen=look.screen, scheme=look.scheme)
        await press(plain, "Ring the helpline from phone 2")
        await expect(phones.get_by_text("A voice says:")).to_be_visible()
        # Spoken in five tongues less the one without a voice, each marked as what it is.
        voices = phones.locator(".voices")
        await expect(voices.locator("[lang=pl-PL]").first).to_be_visible()
        await expect(voices.locator("[lang=arb]").first).to_have_css("direction", "rtl")
        await check_accessible(phones)
        await check_fits(phones)
        await plain.reload()
        await press(plain, "Press 1 on phone 2")
        await expect(phones.get_by_role("log", name="Texts on phone 2")).to_contain_text("You rang, 0:00")
        await plain.reload()
        await expect(plain.get_by_role("log", name="Texts on phone 2")).to_contain_text("You rang, 0:00")
        (contact,) = night.tonight.helpline.contacts()
        assert contact.channel == "call"


async def test_the_card_of_a_call_is_read_by_everybody_in_either_direction(
    tmp_path: Path, windows: Windows, look: Look
) -> None:
    async with night_line(tmp_path, windows) as night:
        helpline = night.tonight.helpline
        desk = await night.staff("Sasha", screen=look.screen, scheme=look.scheme)
        given = {"name": "سلمى", "code_word": "المصباح الأزرق", "words": "أفضل ألا يُذكر اسمكم"}
        asked = Asked(client_id=str(uuid4()), number="+447700900301", details=given)
        await call_keeping.ask(helpline, str(uuid4()), "ar", asked)
        await desk.get_by_role("button", name="Answer", exact=True).click()
        card = desk.locator(".call-card")
        if look.screen is PHONE:
            await desk.get_by_role("button", name="Help", exact=True).click()
        await expect(card.get_by_text("المصباح الأزرق")).to_have_css("direction", "rtl")
        await expect(card.get_by_role("button", name="Ring them")).to_be_visible()
        await check_accessible(desk)
        await check_fits(desk)
        await card.get_by_role("button", name="Ring them").click()
        await expect(card).to_contain_text("Your phone rings.")
        await check_accessible(desk)


async def test_the_keyboard_stays_where_it_was_while_the_phones_follow(
    tmp_path: Path, windows: Windows
) -> None:
    async with night_line(tmp_path, windows) as night:
        phones = await night.phones()
        await phones.get_by_label("Text from phone 3", exact=True).fill("half a tho")
        await press(phones, "Ring the helpline from phone 1")
        await expect(phones.get_by_role("button", name="Press 1 on phone 1")).to_be_visible()
        await phones.get_by_role("button", name="Hang up phone 1").focus()
        await night.tonight.app[PRETEND].phone.types(HANDSETS[1], "and another text")
        await expect(on_phone(phones, "and another text", 2)).to_be_visible()
        await expect(phones.get_by_role("button", name="Hang up phone 1")).to_be_focused()
        await phones.keyboard.press("Enter")
        await expect(phones.get_by_role("log", name="Texts on phone 1")).to_contain_text("You rang, 0:00")
        # The press is gone; the keyboard is at its phone, and not at the top of the page.
        await expect(phones.locator("#handset-1")).to_be_focused()
        await expect(phones.get_by_label("Text from phone 3", exact=True)).to_have_value("half a tho")
