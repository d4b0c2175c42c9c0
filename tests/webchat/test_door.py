"""The door as an open page sees it: told at every edge, to those it concerns, and nothing more than that."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aiohttp.test_utils import TestClient, TestServer

from app import init_app
from helpline.definition import Definition
from helpline.demonstration import shifts_around
from helpline.people import Principal
from rota.hours import Closure, Hours, OpeningHours
from rota.hours_changes import closed_now, opened_again
from rota.hours_entry import read_hours
from rota.shifts import Shift
from tests.clock import SetClock
from tests.webchat.conftest import House, settings_in
from tests.webchat.lines import Json, new_id
from webchat.doorway import LOOK_EVERY
from webchat.security import new_token

EVENINGS: dict[str, Any] = {"every_day": ["18:00-22:30"]}
MONDAY = datetime(2026, 11, 23, tzinfo=UTC)
NIGHTS: dict[str, Any] = {"every_day": ["22:00-06:00"]}
GRACE = timedelta(minutes=10)


def hours_of(week: object, **more: Any) -> Hours:
    web: dict[str, Any] = {"week": week}
    if "on_holidays" in more:
        web["on_holidays"] = more.pop("on_holidays")
    raw = {"zone": "Europe/London", "country": "GB", "region": "ENG", "channels": {"web": web}, **more}
    hours = read_hours(raw, channels=("web",))
    assert isinstance(hours, OpeningHours), hours
    return hours.hours


@asynccontextmanager
async def house_at(
    folder: Path,
    definition: Definition,
    clock: SetClock,
    hours: Hours,
    shifts: tuple[Shift, ...] | None = None,
) -> AsyncIterator[House]:
    """The service with these hours and the clock set; a real one, which also looks at who is on."""
    own = msgspec.structs.replace(
        definition,
        demo=False,
        channels=tuple(one.channel for one in hours.channels),
        hours=hours,
        shifts=shifts if shifts is not None else shifts_around(definition, clock.now()),
    )
    settings = settings_in(folder)
    async with TestClient(TestServer(init_app(settings, clock, definition=own))) as client:
        house = House(client)
        try:
            yield house
        finally:
            await house.close()


def who(house: House, id: str) -> Principal:
    principal: Principal | None = house.helpline.people.principal(id)
    assert principal is not None
    return principal


async def set_hours(house: House, hours: Hours) -> None:
    await house.helpline.rota.set_hours(who(house, "jo"), hours, new_id())


async def closes_now(house: House, until: datetime | None) -> Closure:
    closure = Closure(from_=house.helpline.clock.now(), until=until, why="too many people are waiting")
    await set_hours(house, closed_now(house.helpline.hours.hours, closure, house.helpline.clock.now()))
    return closure


async def opens_again(house: House, closure: Closure) -> None:
    await set_hours(house, opened_again(house.helpline.hours.hours, closure, house.helpline.clock.now()))


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("hours", "edge", "is_open", "opens_at"),
    [
        (hours_of(EVENINGS), "2026-11-23T18:00", True, None),
        (hours_of(EVENINGS), "2026-11-23T22:30", False, "2026-11-24T18:00"),
        (hours_of(NIGHTS), "2026-03-29T05:00", False, "2026-03-29T21:00"),
        (hours_of(NIGHTS), "2026-10-25T06:00", False, "2026-10-25T22:00"),
        (hours_of({"every_day": ["01:30-05:00"]}), "2026-10-25T00:30", True, None),
        (hours_of("always", on_holidays="closed"), "2026-12-25T00:00", False, "2026-12-27T00:00"),
        (hours_of("always", on_holidays="closed"), "2026-12-27T00:00", True, None),
        (
            hours_of(
                EVENINGS, special_days=[{"date": "2026-11-24", "hours": ["20:00-02:00"], "why": "a party"}]
            ),
            "2026-11-25T02:00",
            False,
            "2026-11-25T18:00",
        ),
        (
            hours_of(
                EVENINGS,
                closures=[
                    {"from": "2026-11-23T19:00:00Z", "until": "2026-11-23T20:00:00Z", "why": "a fire drill"}
                ],
            ),
            "2026-11-23T19:00",
            False,
            "2026-11-23T20:00",
        ),
        (
            hours_of(
                EVENINGS,
                closures=[
                    {"from": "2026-11-23T19:00:00Z", "until": "2026-11-23T20:00:00Z", "why": "a fire drill"}
                ],
            ),
            "2026-11-23T20:00",
            True,
            None,
        ),
    ],
)
async def test_an_open_page_is_told_within_two_seconds_of_every_edge(
    tmp_path: Path, definition: Definition, hours: Hours, edge: str, is_open: bool, opens_at: str | None
) -> None:
    at = instant(edge)
    clock = SetClock(at - timedelta(seconds=1))
    async with house_at(tmp_path, definition, clock, hours) as house:
        page = await house.person()
        assert (await page.heard("door"))["open"] is not is_open
        page.forget()
        clock.set(at + LOOK_EVERY)
        told = await page.heard("door")
        assert told["open"] is is_open
        assert (told["opens_at"] and datetime.fromisoformat(told["opens_at"])) == (
            instant(opens_at) if opens_at else None
        )


async def test_between_edges_nothing_is_told(tmp_path: Path, definition: Definition) -> None:
    clock = SetClock(MONDAY.replace(hour=10))
    async with house_at(tmp_path, definition, clock, hours_of(EVENINGS)) as house:
        page = await house.person()
        await page.heard("door")
        page.forget()
        for minute in range(0, 470, 47):
            clock.set(MONDAY.replace(hour=10) + timedelta(minutes=minute))
            await page.settled()
        assert page.frames == []


async def test_closing_and_opening_by_hand_reach_every_page_that_has_not_begun(
    tmp_path: Path, definition: Definition
) -> None:
    clock = SetClock(MONDAY.replace(hour=19))
    async with house_at(tmp_path, definition, clock, hours_of(EVENINGS)) as house:
        pages = [await house.person(), await house.person()]
        for page in pages:
            assert await page.heard("door") == {"open": True, "opens_at": None}
            page.forget()
        closure = await closes_now(house, MONDAY.replace(hour=21))
        for page in pages:
            # Nothing of why: that others wait is theirs.
            assert await page.heard("door") == {"open": False, "opens_at": "2026-11-23T21:00:00Z"}
            page.forget()
        clock.advance(seconds=30)
        await opens_again(house, closure)
        for page in pages:
            assert await page.heard("door") == {"open": True, "opens_at": None}


async def test_closing_drops_nobody_who_waits_or_talks_and_does_not_tell_them(
    tmp_path: Path, definition: Definition
) -> None:
    clock = SetClock(MONDAY.replace(hour=19))
    async with house_at(tmp_path, definition, clock, hours_of(EVENINGS)) as house:
        talking, _, live = await house.together()
        waiting, begun = await house.started("en")
        waiting.forget()
        talking.forget()
        await closes_now(house, None)
        for line in (waiting, talking):
            await line.settled()
            assert "door" not in [name for name, _ in line.frames]
        assert (await house.helpline.contact(live)).phase == "live"
        assert (await house.helpline.contact(begun["contact"])).phase == "waiting"
        said = await talking.call("say", {"client_id": new_id(), "text": "still here"})
        assert "error" not in said


async def test_somebody_whose_words_are_stored_hears_when_we_open(
    tmp_path: Path, definition: Definition
) -> None:
    clock = SetClock(MONDAY.replace(hour=17, minute=59, second=59))
    async with house_at(tmp_path, definition, clock, hours_of(EVENINGS)) as house:
        line, begun = await house.started(first_message="is anybody there?")
        assert begun["state"]["phase"] == "stored"
        assert begun["state"]["opens_at"] == "2026-11-23T18:00:00Z"
        line.forget()
        clock.set(MONDAY.replace(hour=18, second=2))
        assert await line.heard("door") == {"open": True, "opens_at": None}
        assert (await line.heard("status"))["state"]["opens_at"] is None
        line.forget()
        await closes_now(house, MONDAY.replace(hour=20))
        assert (await line.heard("door"))["opens_at"] == "2026-11-23T20:00:00Z"
        assert (await line.heard("status"))["state"]["opens_at"] == "2026-11-23T20:00:00Z"


async def test_a_page_that_comes_back_to_stored_words_is_told_at_once(
    tmp_path: Path, definition: Definition
) -> None:
    clock = SetClock(MONDAY.replace(hour=12))
    async with house_at(tmp_path, definition, clock, hours_of(EVENINGS)) as house:
        token = new_token()
        first, _ = await house.started(token=token)
        await first.close()
        again = await house.person(token)
        assert await again.heard("door") == {"open": False, "opens_at": "2026-11-23T18:00:00Z"}


async def test_too_few_on_shift_closes_after_the_grace_and_their_coming_opens(
    tmp_path: Path, definition: Definition
) -> None:
    clock = SetClock(MONDAY.replace(hour=19))
    async with house_at(tmp_path, definition, clock, hours_of("always")) as house:
        await house.on_shift("ania")
        page = await house.person()
        assert (await page.heard("door"))["open"]
        page.forget()
        await house.helpline.check_out(who(house, "ania"), client_id=new_id())
        clock.advance(seconds=3)
        await page.settled()
        assert page.frames == []
        clock.set(clock.now() + GRACE + LOOK_EVERY)
        assert (await page.heard("door"))["open"] is False
        page.forget()
        await house.on_shift("ania")
        clock.advance(seconds=3)
        assert (await page.heard("door"))["open"] is True


async def test_a_page_that_only_follows_the_door_is_nobodys_presence(
    tmp_path: Path, definition: Definition
) -> None:
    """Their chat is in another tab: that one's line decides whether they are there."""
    clock = SetClock(MONDAY.replace(hour=19))
    async with house_at(tmp_path, definition, clock, hours_of("always")) as house:
        token = new_token()
        onlooker = await house.only_door(token)
        talk, _, contact = await house.together(token=token)
        assert onlooker.events() == []
        again = await house.only_door(token)
        await again.heard("door")
        await talk.close()
        clock.advance(seconds=11)
        await house.helpline.dispatcher.settled()
        assert (await house.helpline.contact(contact)).person_lost is not None
        begun = await onlooker.call("resume", {})
        assert begun["state"]["phase"] == "with_you"


async def test_after_a_quick_exit_a_page_at_the_start_is_off_the_line_too(house: House) -> None:
    token = new_token()
    onlooker = await house.only_door(token)
    line, _ = await house.started(token=token)
    await line.call("leave", {"quick": True})
    await onlooker.closed()


async def test_the_board_follows_the_door(tmp_path: Path, definition: Definition) -> None:
    clock = SetClock(MONDAY.replace(hour=19))
    async with house_at(tmp_path, definition, clock, hours_of(EVENINGS)) as house:
        board = await house.board("jo")
        await closes_now(house, MONDAY.replace(hour=21))

        def closed(change: Mapping[str, Any]) -> bool:
            return "open" in change and change["open"]["web"]["open"] is False

        told: Json = await board.heard("change", closed)
        assert told["open"]["web"]["opens_at"] == "2026-11-23T21:00:00Z"


@pytest.mark.parametrize(
    ("hours", "words"),
    [
        ("always", None),
        (hours_of(EVENINGS), "We open again today at 18:00."),
        (
            hours_of(EVENINGS, closures=[{"from": "2026-11-01T00:00:00Z", "why": "the flood"}]),
            "We are closed now, and cannot say yet when we open again.",
        ),
        (
            hours_of(
                EVENINGS,
                closures=[
                    {"from": "2026-11-01T00:00:00Z", "until": "2026-12-04T18:00:00Z", "why": "the flood"}
                ],
            ),
            "We open again Friday 4 December 18:00.",
        ),
    ],
)
async def test_without_scripts_the_page_says_when_it_is_drawn(
    tmp_path: Path, definition: Definition, hours: Hours | str, words: str | None
) -> None:
    clock = SetClock(MONDAY.replace(hour=12))
    own = hours if isinstance(hours, Hours) else hours_of(hours)
    async with house_at(tmp_path, definition, clock, own) as house:
        async with house.client.get("/?lang=en") as response:
            page = await response.text()
        notice = page.partition('<p id="closed"')[2].partition("</p>")[0]
        assert (" hidden" in notice.partition(">")[0]) is (words is None)
        assert words is None or words in notice
        assert "the flood" not in page
