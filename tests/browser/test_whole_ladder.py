"""The whole ladder on four screens: person, supporter, lead and second lead; to rung 4 twice, through both its ends,
and down again, with every clock fired, the shift ended in the middle and the service stopped hard twice.

Nothing sleeps: the clock is set. At every seq of the log there was an owner present or a page that ran.
"""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from helpline.contact import Contact
from helpline.events import Alerted, ClockFired, Event, RungSet
from helpline.ladder import CLOCKS
from tests.browser.chromium import LAPTOP, LOOKS, PHONE, Windows, check_accessible
from tests.browser.on_shift import PASSWORD, answer, check_in, said, write
from tests.browser.the_evening_hands import clean_in_every_look, sign_in
from tests.browser.whole_ladder_service import Service
from tests.owner_or_page import mistakes, staff_of

# Bounds of when a follow-up may be agreed; nothing waits for them.
NOT_TIMERS = {"follow_up_from", "follow_up"}


@pytest_asyncio.fixture
async def service(tmp_path: Path) -> AsyncIterator[Service]:
    service = Service(tmp_path)
    await service.start()
    await service.let_sign_in("dev", "jo", "kit")
    yield service
    await service.close()


class Night:
    """The four screens, and the one contact they are about."""

    person: Page
    dev: Page
    jo: Page
    kit: Page
    contact: str
    name: str

    def __init__(self, service: Service, windows: Windows) -> None:
        self.service, self.windows = service, windows

    async def staff(self, name: str, place: str, scheme: str = "light") -> Page:
        page = await self.windows.open(screen=LAPTOP, scheme="dark" if scheme == "dark" else "light")
        return await sign_in(page, self.service.tonight.url, place, name, PASSWORD)

    @property
    def fold(self) -> Contact:
        return self.service.tonight.now(self.contact)


@pytest.mark.timeout(600)
async def test_to_rung_four_and_back_twice_with_every_clock_fired_and_never_nobodys(
    service: Service, windows: Windows
) -> None:
    night = Night(service, windows)
    await everybody_is_there(night)
    await they_plan_and_the_lead_is_slow(night)
    await they_act_and_nobody_answers(night)
    await a_confidence_is_decided_by_two(night)
    await stopped_hard(night)
    await an_emergency_nobody_rings_for_at_first(night)
    await devs_shift_ends_and_jo_accepts_by_name(night)
    await stopped_hard(night)
    await help_is_with_them_and_jo_comes_down(night)
    await again_and_this_time_two_sign(night)
    await down_to_the_bottom_and_over(night)
    await the_log_holds(night)


async def everybody_is_there(night: Night) -> None:
    service, windows = night.service, night.windows
    night.jo = await night.staff("Jo", "/board", "dark")
    night.kit = await night.staff("Kit", "/board")
    night.dev = await night.staff("Dev", "/desk")
    await check_in(night.dev)
    night.person = await windows.open(f"{service.tonight.url}/?lang=en", screen=PHONE)
    await night.person.click("#start summary")
    await night.person.get_by_label("Where do you live?").fill("BD3 7QP")
    await night.person.fill("#box", "i have the tablets here")
    await night.person.click("#send")
    await answer(night.dev)
    fold = await service.tonight.contact()
    night.contact, night.name = fold.log, fold.name
    await expect(night.person.locator("#who")).to_have_text("Dev is with you")


async def they_plan_and_the_lead_is_slow(night: Night) -> None:
    """Rung 1 and 2: the lead is told and does not look; ten minutes on the on-call is."""
    dev, jo = night.dev, night.jo
    await dev.get_by_role("button", name="Ask about safety").click()
    await dev.get_by_role("button", name="Make a plan together").click()
    await expect(dev.locator("#ladder-title")).to_have_text("Making a safety plan together")
    await night.service.later(minutes=10)
    await night.service.later(minutes=10)
    await expect(jo.locator(".on-ladder .person")).to_contain_text(f"{night.name} Making a safety plan")
    await has_it(night, jo, "rung_2")
    await check_accessible(jo)


async def they_act_and_nobody_answers(night: Night) -> None:
    """Rung 3, everybody asleep but 999: the pages go up the chain, and each clock of the rung fires."""
    dev = night.dev
    await dev.get_by_role("button", name="Act together now").click()
    await expect(dev.locator("#ladder-title")).to_have_text("Acting together now")
    await expect(dev.locator(".next .number")).to_have_text("999")
    await clean_in_every_look(dev, LOOKS[0], LOOKS[-1])
    await night.service.later(minutes=2)
    await expect(night.kit.locator(".on-ladder .person")).to_contain_text("Paged, not seen yet")
    await night.service.later(minutes=3)
    assert {one.what: one.to for one in night.fold.open_alerts}["rung_3"] == "second_on_call"
    await night.service.later(minutes=5)
    await has_it(night, night.kit, "rung_3")
    await dev.locator(".next").get_by_role("button", name="No answer").click()
    await expect(dev.locator(".next")).to_contain_text("no answer")
    await night.service.later(minutes=3)
    await expect(dev.locator(".next .number")).to_have_text("999")


async def a_confidence_is_decided_by_two(night: Night) -> None:
    """They say no; Dev decides to share, which holds at once, and Kit says beside it what she would do."""
    dev = night.dev
    fold = dev.locator(".beside")
    await fold.locator("summary").click()
    await fold.get_by_role("button", name="No", exact=True).click()
    await expect(fold).to_contain_text("They said no to sharing")
    await dev.get_by_label("Why", exact=True).fill("They cannot keep safe tonight")
    await fold.get_by_role("button", name="Share what is needed").click()
    await expect(fold).to_contain_text("A second person has been asked.")
    await dev.get_by_label("Told to").select_option(label="999, ambulance")
    await dev.get_by_label("What was told", exact=True).fill("Where they are")
    await fold.get_by_role("button", name="Write this down").click()
    await expect(fold).to_contain_text("Dev told 999, ambulance")
    await opened(night.kit, night.name)
    await night.kit.get_by_role("button", name="I would do the same").click()
    await expect(fold).to_contain_text("Kit would do the same.")


async def stopped_hard(night: Night) -> None:
    """The service dies in the middle and comes back on the same files; every page finds it again by itself."""
    service = night.service
    before, written = night.fold, await service.events(night.contact)
    await service.stop_hard()
    await service.start()
    assert (await service.events(night.contact))[: len(written)] == written
    assert (night.fold.owner, night.fold.clocks) == (before.owner, before.clocks)
    for page in (night.dev, night.jo, night.kit):
        await expect(page.locator(".offline, [data-line=lost]")).to_have_count(0)
    words = f"still here {service.stopped}"
    await night.person.fill("#box", words)
    await night.person.click("#send")
    reader = night.dev if before.owner == "dev" else night.jo
    await expect(said(reader, words)).to_be_visible()


async def an_emergency_nobody_rings_for_at_first(night: Night) -> None:
    """Rung 4 with one press. Two minutes without a call page the lead; then 999 answers and the checks begin."""
    dev = night.dev
    await dev.get_by_role("button", name="Go to Emergency").click()
    await expect(dev.locator(".loop")).to_contain_text("The checks begin when 999 has answered.")
    await night.service.later(minutes=2)
    await expect(night.jo.locator("#alerts")).to_contain_text("999")
    await dev.get_by_role("button", name="Rang 999, they answered").click()
    await expect(dev.locator(".loop")).to_contain_text("Ask by")
    await check_accessible(dev)
    await night.service.later(minutes=30)
    await dev.get_by_role("button", name="Not yet", exact=True).click()
    await expect(dev.locator(".loop")).to_contain_text("not yet")
    await night.service.later(minutes=15)


async def devs_shift_ends_and_jo_accepts_by_name(night: Night) -> None:
    """The rota ends Dev's shift in the middle of it. He stays until Jo has taken over; the page runs until then."""
    await night.service.shift_ends_now("dev")
    await night.service.later(minutes=5)
    assert {one.what for one in night.fold.open_alerts} >= {"past_end"}
    assert night.fold.owner == "dev"
    await opened(night.jo, night.name)
    await night.jo.get_by_role("button", name="Check in and take over").click()
    await expect(night.jo.locator("#drawer")).to_contain_text("You are checked in")
    assert night.fold.owner == "jo"
    assert "past_end" not in {one.what for one in night.fold.open_alerts}
    await check_accessible(night.jo)


async def help_is_with_them_and_jo_comes_down(night: Night) -> None:
    """The first ending. Coming down is refused before it, needs a reason after it, and the record falls due."""
    jo = night.jo
    await night.service.later(minutes=10)
    await jo.get_by_role("button", name="Yes, help is with them").click()
    await expect(jo.locator("#drawer .loop")).to_contain_text("Yes. Confirmed at")
    await night.service.later(minutes=30)
    await comes_down(night, "Acting together now", "The crew is with them")
    await clean_in_every_look(jo, LOOKS[0], LOOKS[-1])


async def again_and_this_time_two_sign(night: Night) -> None:
    """The second ending: nobody can find out. Jo signs what was tried, Kit signs it too."""
    jo, kit = night.jo, night.kit
    await jo.get_by_role("button", name="Go to Emergency").click()
    await jo.get_by_role("button", name="Rang 999, they answered").click()
    await expect(jo.locator("#drawer .loop")).to_contain_text("Ask by")
    await night.service.later(minutes=30)
    await jo.get_by_role("button", name="We could not confirm it").click()
    await jo.get_by_label("What was tried").fill("Rang 999 twice and the hospital")
    await jo.get_by_label("999's reference, or who you spoke to").fill("CAD 1234")
    await jo.get_by_role("button", name="Sign this").click()
    await opened(kit, night.name)
    await check_accessible(kit)
    await kit.get_by_role("button", name="I sign this too").click()
    await expect(jo.locator("#drawer .loop")).to_contain_text("Signed by Jo and Kit")


async def down_to_the_bottom_and_over(night: Night) -> None:
    """Step by step down with a reason each time, and the conversation ends on Jo's desk."""
    await comes_down(night, "Making a safety plan together", "They are at the hospital")
    await comes_down(night, "Listening", "Their sister is with them")
    await expect(night.person.locator("body")).not_to_contain_text("Emergency:")
    await night.person.fill("#box", "thank you for staying")
    await night.person.click("#send")
    await night.jo.goto(f"{night.service.tonight.url}/desk")
    await expect(said(night.jo, "thank you for staying")).to_be_visible()
    await write(night.jo, "Sleep well.")
    await expect(night.person.locator("#log .them p").last).to_have_text("Sleep well.")
    await clean_in_every_look(night.person, LOOKS[0], LOOKS[-1])
    await night.jo.get_by_role("button", name="End", exact=True).click()
    await night.jo.get_by_role("button", name="End it now").click()
    await expect(night.person.locator("#after")).to_be_visible()


# -- what they do with their hands ---------------------------------------------------------------------------------


async def opened(board: Page, name: str) -> None:
    """The board reads along with them."""
    await board.get_by_role("button", name=f"Open {name}").first.click()
    await expect(board.locator("#drawer-title")).to_have_text(name)


async def has_it(night: Night, board: Page, what: str) -> None:
    """One press on every alert of theirs that calls, the one meant among them."""
    assert what in {one.what for one in night.fold.open_alerts}
    calling = board.locator(f'[data-do=acknowledge][data-alert^="{night.contact}/"]')
    for name in [await one.get_attribute("data-alert") for one in await calling.all()]:
        button = board.locator(f'[data-do=acknowledge][data-alert="{name}"]')
        await button.click()
        await expect(button).to_have_count(0)


async def comes_down(night: Night, step: str, reason: str) -> None:
    jo = night.jo
    await jo.get_by_text("Go to any step").click()
    box = jo.get_by_label("Why we come down")
    if await box.count():
        await box.fill(reason)
    await jo.locator(".steps").get_by_role("button", name=step).click()
    await expect(jo.locator("#ladder-title")).to_have_text(step)


# -- what the log says ---------------------------------------------------------------------------------------------


def fired(events: list[Event]) -> set[str]:
    """Every kind of the ladder's clocks that ran out. Those of the chain show by whom was told next."""
    kinds = set()
    for event in events:
        match event.body:
            case ClockFired(clock=kind):
                kinds.add(kind)
            case Alerted(what="rung_2", to="on_call"):
                kinds.add("lead_told")
            case Alerted(what="rung_3" | "rung_4", to="on_call"):
                kinds.add("lead_acknowledges")
            case Alerted(what="rung_3" | "rung_4", to="second_on_call"):
                kinds.add("on_call_acknowledges")
    return kinds & set(CLOCKS)


async def the_log_holds(night: Night) -> None:
    service = night.service
    events = await service.events(night.contact)
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    assert service.stopped == 2
    assert fired(events) == set(CLOCKS) - NOT_TIMERS
    steps = [(event.body.was, event.body.to) for event in events if isinstance(event.body, RungSet)]
    assert steps == [(0, 1), (1, 2), (2, 3), (3, 4), (4, 3), (3, 4), (4, 2), (2, 0)]
    assert mistakes(events, await staff_of(service.tonight.helpline)) == []
    shown = await service.tonight.as_staff_read_it(night.contact)
    assert [one["seq"] for one in shown] == [event.seq for event in events]
    kinds = {event.kind for event in events}
    assert kinds >= {"consent_asked", "decided", "seconded", "shared", "help_confirmed", "countersigned"}
