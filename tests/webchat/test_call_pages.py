"""/call-me without JavaScript: a number, a time inside somebody's shift, and how a request stands."""

import html
import re
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import aiohttp
import pytest_asyncio
from aiohttp import ClientSession
from msgspec.structs import replace

from helpline import call_keeping
from tests.browser.evening import Evening, evening
from tests.clock import SetClock
from tests.helpline.call_evening import call_definition
from tests.helpline.evening import EIGHT
from tests.webchat.test_chat_pages import Reader

NUMBER = "01632 960114"


class Asking(Reader):
    """A browser at /call-me, and the clock of the service."""

    def __init__(self, session: ClientSession, tonight: Evening, clock: SetClock) -> None:
        super().__init__(session, tonight.url)
        self.tonight, self.clock = tonight, clock

    async def asks(self, **fields: str) -> str:
        await self.opens("/call-me")
        return await self.presses("/call-me", number=NUMBER, **fields)

    def times(self) -> list[tuple[str, str]]:
        """Key and words of each time the page offers."""
        return re.findall(r'<option value="(\d+)"[^>]*>([^<]+)</option>', self.text)

    async def later(self, **by: float) -> None:
        """Time passes, and whatever was due has happened."""
        self.clock.advance(**by)
        await self.tonight.helpline.dispatcher.settled()

    @property
    def requests(self) -> list[Any]:
        return [one for one in self.tonight.helpline.contacts() if one.channel == "call"]


@pytest_asyncio.fixture
async def asking(tmp_path: Path) -> AsyncIterator[Asking]:
    clock = SetClock(EIGHT)
    definition = replace(call_definition(tmp_path), demo=True)
    jar = aiohttp.CookieJar(unsafe=True)
    async with evening(tmp_path, definition, clock) as tonight, ClientSession(cookie_jar=jar) as session:
        yield Asking(session, tonight, clock)


async def test_the_times_offered_are_those_of_shifts_and_the_one_chosen_is_kept(asking: Asking) -> None:
    await asking.opens("/call-me")
    assert "As soon as you can" in asking.text
    words = dict(asking.times())
    offered = call_keeping.choices(asking.tonight.helpline, "en").parts
    assert list(words) == [one.key for one in offered]
    later = offered[1]
    said = f"{later.begins_at:%A %H:%M}–{later.ends_at:%H:%M}"
    assert words[later.key] == said
    page = await asking.presses("/call-me", number=NUMBER, window=later.key)
    assert "Your request is kept" in page
    assert said in html.unescape(page)
    (contact,) = asking.requests
    assert (contact.calls.begins_at, contact.calls.ends_at) == (later.begins_at, later.ends_at)
    assert contact.phase == "stored"


async def test_the_part_that_runs_may_be_chosen_while_the_page_stands_open(asking: Asking) -> None:
    await asking.later(minutes=7)
    await asking.opens("/call-me")
    key = asking.times()[0][0]
    await asking.later(minutes=11)
    await asking.presses("/call-me", number=NUMBER, window=key)
    (contact,) = asking.requests
    assert contact.calls.begins_at == EIGHT + timedelta(minutes=18)


async def test_a_time_that_passed_while_the_page_was_open_is_said_and_the_rest_is_kept(
    asking: Asking,
) -> None:
    await asking.opens("/call-me")
    key = asking.times()[0][0]
    await asking.later(hours=3)
    page = await asking.presses("/call-me", number=NUMBER, window=key, name="Al")
    assert asking.status == 422
    assert "choose another" in page
    assert 'value="Al"' in page
    assert asking.requests == []


async def test_a_request_and_a_chat_of_the_same_browser_do_not_show_in_each_other(asking: Asking) -> None:
    await asking.asks()
    await asking.opens("/chat")
    assert "You can talk here" in asking.text or "carry on" not in asking.text.lower()
    await asking.presses("/chat/start", text="hello", language="en")
    assert sorted(one.channel for one in asking.tonight.helpline.contacts()) == ["call", "web"]
    (request,) = asking.requests
    assert await asking.tonight.words_of(request.log) == []


async def test_a_request_nobody_kept_is_said_plainly_and_another_time_offered(asking: Asking) -> None:
    await asking.opens("/call-me")
    await asking.presses("/call-me", number=NUMBER, window=asking.times()[0][0])
    await asking.later(hours=2)
    page = await asking.opens("/call-me")
    assert "We did not reach you in the time you gave" in page
    assert asking.times()
    (before,) = asking.requests
    await asking.presses("/call-me", number=NUMBER, window=asking.times()[0][0])
    (after,) = asking.requests
    assert after.log == before.log
    assert not after.calls.unkept


async def test_with_somebody_in_the_chat_a_call_is_asked_of_them(asking: Asking) -> None:
    await asking.tonight.on_shift("ania")
    await asking.opens("/chat")
    await asking.presses("/chat/start", text="hello", language="en")
    contact = await asking.tonight.answered_by("ania")
    await asking.asks()
    assert asking.requests == []
    assert asking.tonight.now(contact).asked_call


async def test_leaving_keeps_the_request_and_nothing_in_the_browser_leads_to_it(asking: Asking) -> None:
    await asking.asks()
    cookies = {one.key: one.value for one in asking.session.cookie_jar}
    async with asking.session.get(f"{asking.url}/leave", allow_redirects=False):
        pass
    await asking.tonight.until(lambda: True)
    (request,) = asking.requests
    assert request.phase in ("stored", "waiting")
    token = next(iter(cookies.values()))
    await asking.later(seconds=1)
    assert await call_keeping.request_of(asking.tonight.helpline, token) is None


async def test_pressed_twice_it_is_one_request(asking: Asking) -> None:
    await asking.opens("/call-me")
    id = str(uuid4())
    for _ in range(2):
        await asking.presses("/call-me", number=NUMBER, client_id=id)
    (request,) = asking.requests
    kinds = [event.kind for event in await asking.tonight.helpline.logbook.read(request.log)]
    assert kinds.count("call_me") == 1
