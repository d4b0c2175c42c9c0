"""Calendars through the pages: a private feed, wishes about times, the whole rota out and in again."""

import asyncio
import re
from datetime import timedelta
from io import BytesIO
from typing import Any

import icalendar
import pytest
import recurring_ical_events
from aiohttp import FormData, web
from aiohttp.test_utils import TestServer

from tests.webchat.conftest import House
from tests.webchat.lines import new_id
from webchat import import_pages
from webchat.calendar_fetch import fetch_calendar

FEED = re.compile(r'value="(http[^"]+/rota/feed/[0-9a-f]{32}\.ics)"')


class Staff:
    """Somebody at the rota's pages, with a browser's way of sending forms."""

    def __init__(self, house: House, cookies: dict[str, str]) -> None:
        self.house = house
        self.cookies = cookies

    async def page(self, path: str) -> str:
        response = await self.house.client.get(path, cookies=self.cookies)
        assert response.status == 200, response.status
        return await response.text()

    async def send(self, path: str, page: str, file: bytes | None = None, **fields: str) -> Any:
        """The form of `page`, sent to `path`; with a file as browsers send one."""
        token = re.search(r'name="csrf" value="([^"]+)"', page)
        assert token is not None
        fields = {"csrf": token[1], "client_id": new_id(), **fields}
        if file is None:
            return await self.house.client.post(
                path, data=fields, cookies=self.cookies, allow_redirects=False
            )
        form = FormData(fields)
        form.add_field("file", BytesIO(file), filename="rota.ics", content_type="text/calendar")
        return await self.house.client.post(path, data=form, cookies=self.cookies, allow_redirects=False)


async def staff(house: House, account: str) -> Staff:
    return Staff(house, await house.session(account))


async def feed_of(someone: Staff) -> str:
    page = await someone.page("/rota/calendar")
    response = await someone.send("/rota/calendar/feed", page, do="new")
    assert response.status == 303
    found = FEED.search(await someone.page("/rota/calendar"))
    assert found is not None
    return "/rota/feed/" + found[1].rpartition("/")[2]


async def test_a_feed_has_my_own_shifts_and_nobody_elses_name(house: House) -> None:
    path = await feed_of(await staff(house, "ania"))
    response = await house.client.get(path)
    assert (response.status, response.content_type) == (200, "text/calendar")
    text = await response.text()
    midnight = house.helpline.clock.now().replace(hour=0, minute=0, second=0, microsecond=0)
    ahead = timedelta(weeks=house.helpline.definition.rota.feeds_weeks)
    shown = house.helpline.rota.current.occurrences(midnight - timedelta(weeks=4), midnight + ahead)
    mine = {(duty.starts_at, duty.ends_at) for duty in shown if duty.person == "ania"}
    read = icalendar.Calendar.from_ical(text)
    there = {(event.start, event.end) for event in recurring_ical_events.of(read).all()}
    assert there == mine
    assert len(mine) > 3
    for account in house.helpline.people:
        assert account.shown_name not in text
        assert account.name not in text
    assert house.helpline.definition.name not in text
    assert {str(event["SUMMARY"]) for event in read.walk("VEVENT")} == {"Shift"}


async def test_a_feed_follows_the_rota_and_says_when_nothing_changed(house: House) -> None:
    path = await feed_of(await staff(house, "ania"))
    first = await house.client.get(path)
    tag = first.headers["ETag"]
    assert (await house.client.get(path, headers={"If-None-Match": tag})).status == 304
    rota, now = house.helpline.rota, house.helpline.clock.now()
    slot = next(
        duty.slot
        for duty in rota.current.occurrences(now + timedelta(days=2), now + timedelta(days=28))
        if duty.person == "ania"
    )
    await rota.give_back(house.helpline.people.principal("ania"), slot, new_id())
    second = await house.client.get(path, headers={"If-None-Match": tag})
    assert second.status == 200
    assert (await second.text()).count("BEGIN:VEVENT") == (await first.text()).count("BEGIN:VEVENT") - 1


async def test_an_address_taken_back_is_worthless_at_once_and_for_good(house: House) -> None:
    ania = await staff(house, "ania")
    old = await feed_of(ania)
    new = await feed_of(ania)
    assert old != new
    assert [(await house.client.get(path)).status for path in (old, new)] == [404, 200]
    stopped = await ania.send("/rota/calendar/feed", await ania.page("/rota/calendar"), do="stop")
    assert stopped.status == 303
    assert (await house.client.get(new)).status == 404
    seq = house.helpline.rota.seq
    undone = await ania.send(
        "/rota/undo", await ania.page("/rota/calendar"), seq=str(seq), back="/rota/calendar"
    )
    assert undone.status == 409
    assert (await house.client.get(new)).status == 404


async def test_whoever_has_left_has_no_feed_any_more(house: House) -> None:
    path = await feed_of(await staff(house, "dev"))
    await house.helpline.people.deactivate("dev")
    assert (await house.client.get(path)).status == 404


async def test_an_address_cannot_be_read_out_of_what_is_kept(house: House) -> None:
    path = await feed_of(await staff(house, "ania"))
    token = path.rpartition("/")[2].removesuffix(".ics")
    feeds = house.helpline.feeds
    assert feeds.holder(token) == "ania"
    assert token not in str(house.helpline.rota.book)


@pytest.mark.parametrize("path", ["/rota/feed/" + "0" * 32 + ".ics", "/rota/feed/x.ics", "/rota/feed/.ics"])
async def test_a_guess_is_told_nothing(house: House, path: str) -> None:
    assert (await house.client.get(path)).status == 404


@pytest.mark.parametrize("who", ["ania", "dev"])
async def test_supporters_neither_take_the_whole_rota_out_nor_in(house: House, who: str) -> None:
    someone = await staff(house, who)
    for path in ("/rota/export.ics", "/rota/import"):
        assert (await house.client.get(path, cookies=someone.cookies)).status == 403
    page = await someone.page("/rota/calendar")
    assert (await someone.send("/rota/import", page, b"BEGIN:VCALENDAR")).status == 403
    assert (await someone.send("/rota/import/save", page, waiting="x")).status == 403


async def test_the_whole_rota_goes_out_and_comes_in_again_unchanged(house: House) -> None:
    lead = await staff(house, "robin")
    response = await house.client.get("/rota/export.ics", cookies=lead.cookies)
    assert response.status == 200
    assert "attachment" in response.headers["Content-Disposition"]
    whole = await response.read()
    looked = await lead.send("/rota/import", await lead.page("/rota/import"), whole, source="our own")
    assert looked.status == 200
    page = await looked.text()
    assert "There is nothing to change" in page
    assert f"leaves {len(house.helpline.rota.book.shifts)} as they are" in page


EVENT = """BEGIN:VCALENDAR\r
VERSION:2.0\r
PRODID:-//Moorside//Rota//EN\r
BEGIN:VEVENT\r
UID:{uid}\r
DTSTAMP:20261101T000000Z\r
DTSTART;TZID=Europe/London:20300104T{hour}0000\r
DTEND;TZID=Europe/London:20300104T220000\r
RRULE:FREQ=WEEKLY\r
SUMMARY:Evening with Ania\r
END:VEVENT\r
BEGIN:VEVENT\r
UID:every-second\r
DTSTAMP:20261101T000000Z\r
DTSTART:20300104T180000Z\r
DTEND:20300104T190000Z\r
RRULE:FREQ=SECONDLY\r
SUMMARY:Endless\r
END:VEVENT\r
END:VCALENDAR\r
"""


async def test_nothing_is_kept_before_the_second_press_and_all_of_it_can_be_undone(house: House) -> None:
    lead, rota = await staff(house, "robin"), house.helpline.rota
    before = dict(rota.book.shifts)
    file = EVENT.format(uid="evening", hour="18").encode()
    looked = await lead.send("/rota/import", await lead.page("/rota/import"), file, source="agency")
    page = await looked.text()
    assert "This adds 1 shift " in page
    assert "1 could not be understood" in page
    assert "Ania" in page
    assert rota.book.shifts == before
    hidden = dict(re.findall(r'name="(waiting|seen)" value="([^"]+)"', page))
    saved = await lead.send("/rota/import/save", page, **hidden)
    assert saved.status == 303
    (added,) = set(rota.book.shifts) - set(before)
    assert (rota.book.shifts[added].person, rota.book.shifts[added].starts.hour) == ("ania", 18)

    again = await lead.send(
        "/rota/import",
        await lead.page("/rota/import"),
        EVENT.format(uid="evening", hour="19").encode(),
        source="agency",
    )
    page = await again.text()
    assert "changes 1 and" in page
    hidden = dict(re.findall(r'name="(waiting|seen)" value="([^"]+)"', page))
    await lead.send("/rota/import/save", page, **hidden)
    assert rota.book.shifts[added].starts.hour == 19

    gone = await lead.send(
        "/rota/import",
        await lead.page("/rota/import"),
        EVENT.format(uid="other", hour="18").encode(),
        source="agency",
    )
    page = await gone.text()
    assert "No longer in the file" in page
    hidden = dict(re.findall(r'name="(waiting|seen)" value="([^"]+)"', page))
    await lead.send("/rota/import/save", page, gone=added, **hidden)
    assert added not in rota.book.shifts
    who = house.helpline.people.principal("robin")
    await rota.undo(who, rota.seq, new_id())
    assert rota.book.shifts[added].starts.hour == 19


async def test_a_preview_of_a_rota_that_moved_on_is_drawn_anew(house: House) -> None:
    lead, rota = await staff(house, "robin"), house.helpline.rota
    looked = await lead.send(
        "/rota/import",
        await lead.page("/rota/import"),
        EVENT.format(uid="one", hour="18").encode(),
        source="a",
    )
    page = await looked.text()
    hidden = dict(re.findall(r'name="(waiting|seen)" value="([^"]+)"', page))
    await rota.offer_hands(house.helpline.people.principal("dev"), new_id())
    moved = await lead.send("/rota/import/save", page, **hidden)
    assert moved.status == 409
    page = await moved.text()
    assert "look again" in page
    hidden = dict(re.findall(r'name="(waiting|seen)" value="([^"]+)"', page))
    assert (await lead.send("/rota/import/save", page, **hidden)).status == 303


@pytest.mark.parametrize(
    ("file", "words"),
    [
        (b"", "Choose a file"),
        (b"<html>", "not a calendar"),
        (b"BEGIN:VCALENDAR\r\n" + b"BEGIN:VEVENT\r\nEND:VEVENT\r\n" * 30_000 + b"END:VCALENDAR", "more than"),
        (b"x" * 10_000_001, "larger than 10 MB"),
    ],
)
async def test_what_cannot_be_read_is_refused_with_the_mend(house: House, file: bytes, words: str) -> None:
    lead = await staff(house, "robin")
    response = await lead.send("/rota/import", await lead.page("/rota/import"), file)
    assert response.status in (400, 413)
    assert words in await response.text()


async def test_a_form_of_another_site_is_refused_before_its_file_is_read(house: House) -> None:
    lead = await staff(house, "robin")
    form = FormData()
    form.add_field("file", BytesIO(b"x" * 5_000_000), filename="rota.ics", content_type="text/calendar")
    form.add_field("csrf", "0" * 64)
    response = await house.client.post("/rota/import", data=form, cookies=lead.cookies)
    assert response.status == 403


async def test_a_calendar_comes_from_an_address_and_never_from_inside(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(body=EVENT.format(uid="far", hour="18").encode(), content_type="text/calendar")

    elsewhere = web.Application()
    elsewhere.router.add_get("/rota.ics", answer)
    lead = await staff(house, "robin")
    async with TestServer(elsewhere) as server:
        address = str(server.make_url("/rota.ics"))
        page = await lead.page("/rota/import")
        refused = await lead.send("/rota/import", page, b"", address=address)
        assert refused.status == 400

        async def near(url: str) -> bytes:
            return await fetch_calendar(url, allow_loopback=True)

        monkeypatch.setattr(import_pages, "fetch_calendar", near)
        looked = await lead.send("/rota/import", page, b"", address=address)
        assert "This adds 1 shift " in await looked.text()


async def test_when_i_would_rather_be_asked_is_read_kept_and_forgotten(house: House) -> None:
    ania, rota = await staff(house, "ania"), house.helpline.rota
    file = (
        b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//a//b//EN\r\nBEGIN:VAVAILABILITY\r\nUID:v\r\n"
        b"DTSTAMP:20261101T000000Z\r\nBEGIN:AVAILABLE\r\nUID:a\r\nDTSTAMP:20261101T000000Z\r\n"
        b"DTSTART;TZID=Europe/London:20261102T170000\r\nDTEND;TZID=Europe/London:20261102T230000\r\n"
        b"RRULE:FREQ=WEEKLY;BYDAY=MO,FR\r\nEND:AVAILABLE\r\nEND:VAVAILABILITY\r\nEND:VCALENDAR\r\n"
    )
    page = await ania.page("/rota/calendar")
    refused = await ania.send("/rota/calendar/availability", page, EVENT.format(uid="a", hour="18").encode())
    assert refused.status == 400
    assert "nothing about availability" in await refused.text()
    assert (await ania.send("/rota/calendar/availability", page, file)).status == 303
    assert "ania" in rota.book.availabilities
    assert (await ania.send("/rota/calendar/availability", page, b"", do="forget")).status == 303
    assert "ania" not in rota.book.availabilities


async def test_two_imports_at_once_each_keep_to_what_they_showed(house: House) -> None:
    lead = await staff(house, "robin")
    page = await lead.page("/rota/import")
    previews = await asyncio.gather(
        *(
            lead.send("/rota/import", page, EVENT.format(uid=uid, hour="18").encode(), source=uid)
            for uid in ("one", "two")
        )
    )
    saved = []
    for preview in previews:
        shown = await preview.text()
        hidden = dict(re.findall(r'name="(waiting|seen)" value="([^"]+)"', shown))
        saved.append((await lead.send("/rota/import/save", shown, **hidden)).status)
    assert saved == [303, 409]
