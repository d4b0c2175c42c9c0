"""What people, machines and chance do to a conversation: nothing is lost, nobody is hurt by it, nothing breaks."""

import asyncio
import re
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from playwright.async_api import expect

from app import DEMO
from helpline.contact import Contact
from helpline.definition import read_definition
from helpline.demonstration import shifts_around
from tests.browser.chromium import PHONE, Windows, check_accessible
from tests.browser.evening import Evening, evening
from tests.browser.on_shift import (
    PASSWORD,
    answer,
    at_the_desk,
    check_in,
    said,
    signed_in,
    somebody_comes,
    staffed_evening,
    write,
)
from tests.browser.the_evening_clock import SettableClock
from tests.browser.the_evening_hands import clean_in_every_look, conversation, sign_in
from tests.browser.the_evening_line import line_to

# One character of each of Unicode's seventeen planes, private ones and those not given yet among them.
EVERY_PLANE = "".join(chr(plane * 0x10000 + 0x4E2D) for plane in range(17))

HOSTILE = {
    "markup": "<b>bold</b> <img src=x onerror=\"window.hurt = 'img'\"> <script>window.hurt = 'script'</script>",
    "attribute": "\" autofocus onfocus=\"window.hurt = 'focus'\" x='",
    "template": "{{ 7 * 7 }} ${7 * 7} {% raw %} %s %d &lt;i&gt; &amp;",
    "links": "https://evil.example/a javascript:alert(1) mailto:a@evil.example www.evil.example 07700 900123",
    "override": "\u202egnirts desrever a\u202c \u2067rtl isolate \u202dltr override, never ended",
    "invisible": "zero\u200bwidth\u200djoiner\u2060word\ufeffbom\u00adsoft\u034fjoiner",
    "marks": "Z" + "\u0334\u0322\u0353\u035b\u030a" * 40 + " combining",
    "emoji": "👩🏽‍❤️‍💋‍👨🏿 🏴󠁧󠁢󠁷󠁬󠁳󠁿 👨‍👩‍👧‍👦 1️⃣ 🇵🇱🇬🇧",
    "planes": EVERY_PLANE,
    "one word": "x" * 1_000,
    "lines": "\n".join("line" for _ in range(60)),
    "longest": "ß" * 3_999 + "!",
}


async def test_hostile_words_are_only_words_on_every_side(tmp_path: Path, windows: Windows) -> None:
    async with staffed_evening(tmp_path, "dev", "jo") as tonight:
        desk = await at_the_desk(windows, tonight, "Dev")
        person = await windows.open(tonight.url, screen=PHONE)
        await person.fill("#box", "hello")
        await person.click("#send")
        await answer(desk)
        board = await signed_in(windows, tonight, "Jo", "/board")
        await board.get_by_role("button", name="Open").click()
        sent = ["hello"]
        for text in HOSTILE.values():
            await person.fill("#box", text)
            await person.click("#send")
            await expect(desk.get_by_role("log").locator(".said.theirs")).to_have_count(len(sent) // 2 + 2)
            await desk.locator("#message").fill(text)
            await desk.locator("#send").click()
            sent += [text, text]
            for page in (person, desk, board):
                await expect(page.get_by_role("log").locator(".said > p")).to_have_count(len(sent))
        for page in (person, desk, board):
            assert await conversation(page) == sent
            assert await page.evaluate("window.hurt") is None
            assert await page.get_by_role("log").locator("a, img, script, b, i, input").count() == 0
            await clean_in_every_look(page)
        # An override in a message ends where the message ends: what stands beside it reads as it did.
        foot = said(desk, "desrever").first.locator("time")
        assert await foot.evaluate("(one) => getComputedStyle(one).direction") == "ltr"


async def test_a_hostile_name_and_area_are_only_words_at_the_desk_and_on_the_board(
    tmp_path: Path, windows: Windows
) -> None:
    async with staffed_evening(tmp_path, "dev", "jo") as tonight:
        desk = await at_the_desk(windows, tonight, "Dev")
        board = await signed_in(windows, tonight, "Jo", "/board")
        name = "<img src=x onerror=hurt=1>\u202e" + "W" * 53
        person = await windows.open(tonight.url)
        await person.click("#start summary")
        await person.get_by_label("What can we call you?").fill(name)
        await person.locator("[name=area]").fill("<script>hurt=1</script> \u202eBD3")
        await person.fill("#box", "hello")
        await person.click("#send")
        await expect(desk.locator(".offer")).to_contain_text("<img src=x")
        await clean_in_every_look(desk)
        await answer(desk)
        await expect(board.locator(".list-live li")).to_be_visible()
        await desk.get_by_role("button", name="Go to Emergency").click()
        # Read out to 999: an override in the name or the area must not turn a postcode around.
        await expect(desk.locator(".not-with")).to_contain_text("BD3")
        for words in await desk.locator("#who, .not-with").all_inner_texts():
            assert "\u202e" not in words
        for page in (desk, board):
            assert await page.evaluate("window.hurt") is None
            await clean_in_every_look(page)


# -- two at once ---------------------------------------------------------------------------------------------------


async def test_two_tabs_that_press_answer_at_once_make_one_acceptance(
    tmp_path: Path, windows: Windows
) -> None:
    async with staffed_evening(tmp_path, "dev") as tonight:
        one = await at_the_desk(windows, tonight, "Dev")
        two = await one.context.new_page()
        windows.watch(two)
        await two.goto(f"{tonight.url}/desk")
        await expect(two.locator("#readiness")).to_contain_text("Ready")
        comer = await somebody_comes(tonight, "who will it be")
        for tab in (one, two):
            await expect(tab.get_by_role("button", name="Answer")).to_be_visible()
        await asyncio.gather(
            *(tab.evaluate("document.querySelector('.offer .main').click()") for tab in (one, two))
        )
        for tab in (one, two):
            await expect(tab.locator(".offer")).to_have_count(0)
            await expect(tab.locator(".tab", has_text=comer.name)).to_be_visible()
        kinds = Counter(event["kind"] for event in await tonight.as_staff_read_it(comer.contact))
        assert kinds["accepted"] == 1
        for tab, words in ((one, "from the first tab"), (two, "from the second tab")):
            await tab.locator(".tab").click()
            await write(tab, words)
        for tab in (one, two):
            await expect(said(tab, "from the first tab")).to_have_count(1)
            await expect(said(tab, "from the second tab")).to_have_count(1)
        assert sorted(await comer.heard()) == ["from the first tab", "from the second tab"]


async def test_a_lead_who_takes_over_while_the_supporter_answers_leaves_one_owner(
    tmp_path: Path, windows: Windows
) -> None:
    async with staffed_evening(tmp_path, "dev", "jo") as tonight:
        desk = await at_the_desk(windows, tonight, "Dev")
        comer = await somebody_comes(tonight)
        board = await (await at_the_desk(windows, tonight, "Jo")).context.new_page()
        windows.watch(board)
        await board.goto(f"{tonight.url}/board")
        await board.get_by_role("button", name="Open").click()
        await expect(board.get_by_role("button", name="Take over")).to_be_visible()
        await expect(desk.get_by_role("button", name="Answer")).to_be_visible()
        await asyncio.gather(
            desk.evaluate("document.querySelector('.offer .main').click()"),
            board.evaluate("document.querySelector('[data-do=take-over]').click()"),
        )
        await expect(board.locator("#drawer-head")).to_contain_text("They are with you now")
        await expect(desk.locator(".offer")).to_have_count(0)
        assert tonight.now(comer.contact).owner == "jo"
        # Whoever's press came first, Dev is told what became of it, without blame, and is free for the next.
        told = re.compile(
            "Jo has taken this over|was taken back|is no longer there|Somebody else is with them"
        )
        await expect(desk.get_by_text(told).first).to_be_visible()
        await expect(desk.locator("#nobody")).to_contain_text("Nobody is waiting")


async def test_a_press_that_comes_after_the_offer_went_on_is_told_kindly(
    tmp_path: Path, windows: Windows
) -> None:
    """Dev presses while his line is away. By the time it is back it rings at Lou's."""
    clock = SettableClock()
    async with clocked_evening(tmp_path, clock) as tonight, line_to(tonight.server.port or 0) as devs_line:
        dev = await sign_in(await windows.open(), devs_line.url, "/desk", "Dev", PASSWORD)
        await check_in(dev)
        comer = await somebody_comes(tonight)
        await expect(dev.get_by_role("button", name="Answer")).to_be_visible()
        lou = await at_the_desk(windows, tonight, "Lou")
        devs_line.cut()
        await expect(dev.locator("#strip")).to_contain_text("Your line is lost")
        await dev.get_by_role("button", name="Answer").click()
        await expect(dev.locator(".offer")).to_contain_text("Answering")
        clock.jump(seconds=46)
        await tonight.until(lambda: (now := tonight.now(comer.contact).offer) and now.supporter == "lou")
        devs_line.restore()
        await expect(dev.locator("#strip")).to_contain_text(
            "Somebody else is with them, or the offer has passed."
        )
        await expect(dev.locator(".offer")).to_have_count(0)
        await answer(lou)
        assert tonight.now(comer.contact).owner == "lou"
        await check_accessible(dev)


# -- doors ---------------------------------------------------------------------------------------------------------


async def test_a_wrong_role_is_told_plainly_and_sees_nothing(tmp_path: Path, windows: Windows) -> None:
    async with staffed_evening(tmp_path, "dev") as tonight:
        page = await at_the_desk(windows, tonight, "Dev")
        comer = await somebody_comes(tonight)
        refused = await page.goto(f"{tonight.url}/board")
        assert refused is not None
        assert refused.status == 403
        assert comer.name not in await page.content()
        await clean_in_every_look(page)
        stranger = await windows.open()
        for place in ("/desk", "/board"):
            await stranger.goto(tonight.url + place)
            await expect(stranger).to_have_url(f"{tonight.url}/sign-in?then={place}")


async def test_after_signing_out_no_tab_and_no_back_button_shows_anything(
    tmp_path: Path, windows: Windows
) -> None:
    async with staffed_evening(tmp_path, "dev") as tonight:
        page = await at_the_desk(windows, tonight, "Dev")
        other = await page.context.new_page()
        windows.watch(other)
        await other.goto(f"{tonight.url}/desk")
        await somebody_comes(tonight, "between us only")
        await answer(page)
        await expect(said(page, "between us only")).to_be_visible()
        await page.get_by_role("button", name="Shift").click()
        await page.get_by_role("button", name="Sign out").click()
        await page.wait_for_url("**/sign-in")
        await expect(other.locator("#strip")).to_contain_text("You are signed out")
        await page.go_back()
        await expect(page).to_have_url(f"{tonight.url}/sign-in?then=/desk")
        assert "between us only" not in await page.content()
        await other.reload()
        await expect(other).to_have_url(f"{tonight.url}/sign-in?then=/desk")


# -- clocks --------------------------------------------------------------------------------------------------------


@asynccontextmanager
async def clocked_evening(folder: Path, clock: SettableClock) -> AsyncIterator[Evening]:
    """The demonstration by `clock`, with everybody on shift around its now."""
    read = read_definition(DEMO)
    definition = msgspec.structs.replace(read, shifts=shifts_around(read, clock.now()))
    async with evening(folder, definition, clock) as tonight:
        for name in ("dev", "lou", "jo"):
            await tonight.helpline.people.set_password(name, PASSWORD)
        yield tonight


@pytest.mark.parametrize(
    ("turn", "before", "after"),
    [
        (datetime(2026, 3, 29, 1, 0, tzinfo=UTC), "00:59", "02:00"),
        (datetime(2026, 10, 25, 1, 0, tzinfo=UTC), "01:59", "01:00"),
    ],
    ids=["spring", "autumn"],
)
async def test_through_a_clock_change_nothing_fires_and_times_are_those_on_the_wall(
    tmp_path: Path, windows: Windows, turn: datetime, before: str, after: str
) -> None:
    clock = SettableClock(turn - timedelta(seconds=55))
    async with clocked_evening(tmp_path, clock) as tonight:
        desk = await at_the_desk(windows, tonight, "Dev")
        person = await windows.open(tonight.url, screen=PHONE)
        await person.fill("#box", "before")
        await person.click("#send")
        await answer(desk)
        await write(desk, "also before")
        contact = (await tonight.contact()).log
        until = await desk.locator("#shift").inner_text()
        clock.set(turn + timedelta(seconds=5))
        await write(desk, "after")
        await expect(person.locator("#log .them p").last).to_have_text("after")
        await person.fill("#box", "also after")
        await person.click("#send")
        await expect(said(desk, "also after")).to_be_visible()
        await expect(said(desk, "before").first.locator("time")).to_have_text(before)
        await expect(said(desk, "also after").locator("time")).to_have_text(after)
        assert await desk.locator("#shift").inner_text() == until
        assert "Ready" in until
        kinds = Counter(event["kind"] for event in await tonight.as_staff_read_it(contact))
        assert kinds.keys() <= {"started", "offered", "accepted", "said", "seen"}


async def test_a_server_clock_set_on_by_an_hour_fires_each_clock_once_and_the_talk_goes_on(
    tmp_path: Path, windows: Windows
) -> None:
    clock = SettableClock()
    async with clocked_evening(tmp_path, clock) as tonight:
        board = await signed_in(windows, tonight, "Jo", "/board")
        desk = await at_the_desk(windows, tonight, "Dev")
        comer = await somebody_comes(tonight, "before the jump")
        await answer(desk)
        await desk.get_by_text("Go to any step").click()
        await desk.get_by_role("button", name="Acting together now").click()
        await board.get_by_role("button", name="I have it").click()
        await expect(board.locator(".alert", has_text="Acting together")).to_have_count(0)
        clock.jump(hours=1)
        await expect(board.locator(".alert", has_text="No outside call yet")).to_have_count(1)
        await tonight.helpline.dispatcher.settled()
        events = await tonight.as_staff_read_it(comer.contact)
        fired = Counter((event["clock"], event["of"]) for event in events if event["kind"] == "clock_fired")
        assert fired
        assert set(fired.values()) == {1}
        late = [
            event for event in events if event["kind"] == "alerted" and event["what"] == "first_outside_call"
        ]
        assert [round(event["late_seconds"] / 60) for event in late] == [50]
        await write(desk, "after the jump")
        await comer.writes("still here")
        await expect(said(desk, "still here")).to_be_visible()
        assert tonight.now(comer.contact).owner == "dev"
        await expect(desk.locator("#readiness")).to_contain_text("Ready")


async def test_a_server_clock_set_back_by_an_hour_keeps_the_order_and_fires_nothing(
    tmp_path: Path, windows: Windows
) -> None:
    clock = SettableClock()
    async with clocked_evening(tmp_path, clock) as tonight:
        desk = await at_the_desk(windows, tonight, "Dev")
        comer = await somebody_comes(tonight, "one")
        await answer(desk)
        await write(desk, "two")
        clock.jump(hours=-1)
        await comer.writes("three")
        await expect(said(desk, "three")).to_be_visible()
        await write(desk, "four")
        await expect(said(desk, "four").locator(".foot")).to_contain_text("Sent")
        assert await conversation(desk) == ["one", "two", "three", "four"]
        events = await tonight.as_staff_read_it(comer.contact)
        times = [event["at"] for event in events]
        assert times == sorted(times)
        assert not [event for event in events if event["kind"] in ("clock_fired", "alerted", "closed")]
        other = await somebody_comes(tonight, "another, after the clock was set")
        await expect(desk.locator(".offer")).to_be_visible()
        fold: Contact = tonight.now(other.contact)
        assert fold.offer is not None
        assert fold.offer.supporter == "dev"


# -- slow lines ----------------------------------------------------------------------------------------------------


async def test_on_a_slow_3g_line_a_person_can_write_within_three_seconds(
    tmp_path: Path, windows: Windows
) -> None:
    """400 kbit/s and 400 ms there and back: the box is there, takes words, and what is sent arrives."""
    async with staffed_evening(tmp_path, "dev") as tonight:
        page = await windows.open(screen=PHONE)
        network = await page.context.new_cdp_session(page)
        await network.send("Network.enable")
        await network.send(
            "Network.emulateNetworkConditions",
            {"offline": False, "latency": 400, "downloadThroughput": 50_000, "uploadThroughput": 50_000},
        )
        async with asyncio.timeout(3):
            await page.goto(tonight.url, wait_until="commit")
            await page.fill("#box", "slow here")
        await page.click("#send")
        await expect(page.locator("#log .me p")).to_have_text("slow here")
        await expect(page.locator("#sent")).to_have_text("Sent")
        assert [one.phase for one in tonight.helpline.contacts()] == ["waiting"]
