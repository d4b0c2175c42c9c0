"""One evening of the rota with everybody at once: a volunteer gives tomorrow back, a letter asks another, the lead
sees the gap open and close, and the person's page says when the line opens. Letters go through a real mail server."""

import re
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import msgspec
import pytest
import pytest_asyncio
from playwright.async_api import expect

from helpline.shape import Definition
from rota.agreement import Agreement
from rota.hours import Closure
from rota.limits import Limits
from rota.staffing import Minimum
from tests.browser.chromium import LAPTOP, PHONE, Windows, check_accessible
from tests.browser.evening import demonstration
from tests.browser.on_shift import PASSWORD, signed_in, staffed_evening
from tests.browser.test_rota_volunteer import of_tomorrow, tab_to
from tests.helpline.mail_house import USER, MailHouse
from webchat.words import opening_time

LINK = re.compile(r"https?://[^/\s]+(/rota/shift/\S+)")


@pytest_asyncio.fixture
async def mail() -> AsyncIterator[MailHouse]:
    house = await MailHouse().open()
    yield house
    await house.close()


def service() -> Definition:
    """Two supporters an evening are the least, everybody has an address, and limits leave people free tomorrow."""
    with_people = demonstration(
        rota=Agreement(limits=Limits(warn_hours=5, rest_hours=1, weekly_hours=100)),
        staffing=Minimum(supporters=2, lead=False, on_call=False, peers_alone=True),
    )
    people = tuple(
        msgspec.structs.replace(person, email=f"{person.id}@example.org") for person in with_people.people
    )
    return msgspec.structs.replace(with_people, people=people)


async def letter_to(mail: MailHouse, address: str) -> str:
    """The path of the shift that a letter to this address asks about."""
    while not mail.to(address):
        mail.arrived.clear()
        await mail.arrived.wait()
    found = LINK.search(mail.to(address)[0].get_content())
    assert found is not None
    return found[1]


@pytest.mark.usefixtures("full_evenings")
async def test_a_shift_goes_from_one_to_another_by_letter_and_the_gap_opens_and_closes(
    windows: Windows, tmp_path: Path, mail: MailHouse
) -> None:
    settings = {"mail": f"smtp://127.0.0.1:{mail.port}", "mail_from": USER}
    names = ("ania", "dev", "mari", "sasha", "lou", "jo")
    async with staffed_evening(tmp_path, *names, definition=service(), **settings) as tonight:
        giver, taker = of_tomorrow(tonight)
        giving = await signed_in(windows, tonight, giver, "/rota", screen=PHONE)
        jo = await signed_in(windows, tonight, "jo", "/rota/gaps", screen=LAPTOP, scheme="dark")
        tomorrow = giving.locator(".shift-row", has_text="Tomorrow")
        shift = await tomorrow.get_by_role("link", name="Tomorrow").get_attribute("href")
        in_the_gaps = jo.locator(f'section.evening a[href="{shift}"]')
        await expect(in_the_gaps).to_have_count(0)
        await check_accessible(jo)

        await tab_to(giving, "Give back")
        await giving.keyboard.press("Enter")
        await expect(giving.get_by_role("status").first).to_contain_text("Given back")
        await check_accessible(giving)
        await expect(in_the_gaps).to_have_count(1)
        gap = jo.locator("section.evening", has=jo.locator(f'a[href="{shift}"]'))
        await expect(gap.locator(".short")).to_contain_text(re.compile("supporter", re.IGNORECASE))
        await check_accessible(jo)

        asked = await letter_to(mail, f"{taker}@example.org")
        assert asked == shift
        assert not mail.to(f"{giver}@example.org"), "nobody is written to about what they did themselves"
        taking = await windows.open(f"{tonight.url}{asked}", screen=PHONE)
        await taking.get_by_label("Your name").fill(taker)
        await taking.get_by_label("Password").fill(PASSWORD)
        await taking.keyboard.press("Enter")
        await taking.get_by_role("button", name="Take it").press("Enter")
        await expect(taking.get_by_role("status").first).to_contain_text("is yours")
        await check_accessible(taking)
        await expect(in_the_gaps).to_have_count(0)

        person = await windows.open(f"{tonight.url}/?lang=pl", screen=PHONE, locale="pl")
        line = tonight.helpline
        until = line.clock.now().replace(minute=0, second=0, microsecond=0) + timedelta(hours=3)
        shut = Closure(from_=line.clock.now(), until=until, why="storm")
        hours = msgspec.structs.replace(line.hours.hours, closures=(shut,))
        await line.rota.set_hours(tonight.who("jo"), hours, str(uuid4()), what="closed_now")
        said = opening_time(until, line.clock.now(), line.definition.zone, "pl")
        await expect(person.locator("#closed")).to_contain_text(said)
        await check_accessible(person)
