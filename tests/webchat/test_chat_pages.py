"""The person's chat as plain pages: every step is a form, and nothing written is lost or shown to the wrong eyes."""

import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import aiohttp
import msgspec
import pytest
import pytest_asyncio
from aiohttp import ClientResponse, ClientSession
from multidict import CIMultiDictProxy

from helpline.clock import SystemClock
from helpline.errors import NotSaved
from helpline.shape import Definition
from rota.hours import Closure
from tests.browser.evening import Evening, demonstration, evening
from webchat.transcript import Transcript
from webchat.words import words_in


@pytest.fixture
def definition() -> Definition:
    return demonstration()


@pytest_asyncio.fixture
async def tonight(tmp_path: Path, definition: Definition) -> AsyncIterator[Evening]:
    async with evening(tmp_path, definition) as running:
        yield running


class Reader:
    """A browser without JavaScript: follows what a page offers, with the fields its forms carry."""

    def __init__(self, session: ClientSession, url: str) -> None:
        self.session = session
        self.url = url
        self.text = ""
        self.status = 0
        self.headers: CIMultiDictProxy[str]

    async def opens(self, path: str, **headers: str) -> str:
        async with self.session.get(self.url + path, headers=headers) as response:
            return await self._read(response)

    async def presses(self, path: str, **fields: str) -> str:
        """Posts the form of the page as it stands, with these fields filled in."""
        csrf = re.search(r'name="csrf" value="(\w+)"', self.text)
        sent = {"csrf": csrf[1] if csrf else "", "client_id": str(uuid4()), **fields}
        async with self.session.post(self.url + path, data=sent) as response:
            return await self._read(response)

    async def _read(self, response: ClientResponse) -> str:
        self.text = await response.text()
        self.status, self.headers = response.status, response.headers
        return self.text


@pytest_asyncio.fixture
async def reader(tonight: Evening) -> AsyncIterator[Reader]:
    async with ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as session:
        yield Reader(session, tonight.url)


async def test_the_first_page_says_who_answers_who_reads_what_is_shared_and_how_it_ends(
    reader: Reader, definition: Definition
) -> None:
    page = await reader.opens("/")
    for key in ("who_answers", "lead_may_read", "how_it_ends"):
        assert definition.message(key, "en").text in page
    assert definition.in_language(definition.confidentiality.wording, "en").text in page
    assert 'href="tel:999"' in page
    assert 'href="tel:111"' in page
    assert '<a class="button ink leave" id="leave" href="/leave"' in page
    assert "<title>Evening notes</title>" in page
    assert " required" not in page


async def test_nothing_is_cached_and_no_script_is_inline(reader: Reader) -> None:
    page = await reader.opens("/chat")
    assert reader.headers["Cache-Control"] == "no-store"
    assert "script-src 'self';" in reader.headers["Content-Security-Policy"]
    assert re.findall(r"<script(?![^>]*(?:src=|application/json))", page) == []


@pytest.mark.parametrize(
    ("tag", "direction", "title"),
    [("en", "ltr", "You can talk here"), ("pl", "ltr", "Tu możesz"), ("ar", "rtl", "يمكنك الحديث هنا")],
)
async def test_a_language_is_chosen_by_a_link_and_remembered(
    reader: Reader, tag: str, direction: str, title: str
) -> None:
    await reader.opens(f"/chat?lang={tag}")
    page = await reader.opens("/chat")
    assert f'<html lang="{tag}" dir="{direction}">' in page
    assert title in page


async def test_the_browsers_language_is_taken_when_none_was_chosen(reader: Reader) -> None:
    assert '<html lang="cy"' in await reader.opens("/", **{"Accept-Language": "cy-GB,en;q=0.5"})


async def test_the_cookie_is_the_token_and_no_script_or_other_site_gets_it(reader: Reader) -> None:
    await reader.opens("/chat")
    cookie = next(value for value in reader.headers.getall("Set-Cookie") if value.startswith("night="))
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Max-Age" not in cookie
    assert len(cookie.partition("=")[2].partition(";")[0]) >= 43


async def test_a_whole_conversation_goes_by_forms(reader: Reader, tonight: Evening) -> None:
    await tonight.on_shift("lou")
    await reader.opens("/chat")
    page = await reader.presses("/chat/start", text="i dont know how to start", language="en")
    assert "i dont know how to start" in page
    contact = await tonight.answered_by("lou")
    await tonight.says("lou", contact, "I'm glad you came.")

    page = await reader.presses("/chat/look", text="half a sent")
    assert "Lou is with you" in page
    assert "I&#39;m glad you came." in page
    assert "half a sent</textarea>" in page

    page = await reader.presses("/chat/say", text="half a sentence, whole")
    assert page.index("glad you came") < page.index("half a sentence, whole")
    page = await reader.presses("/chat/end")
    assert "Did you feel listened to?" in page
    assert 'id="compose"' in page
    page = await reader.presses("/chat/feedback", listened="yes", feel_after="4")
    assert "Thank you. We have that." in page
    assert await tonight.words_of(contact) == ["i dont know how to start", "half a sentence, whole"]


async def test_pressing_twice_says_it_once(reader: Reader, tonight: Evening) -> None:
    await reader.opens("/chat")
    await reader.presses("/chat/start", language="en")
    once = str(uuid4())
    await reader.presses("/chat/say", text="are you there", client_id=once)
    await reader.presses("/chat/say", text="are you there", client_id=once)
    contact = await tonight.contact()
    assert await tonight.words_of(contact.log) == ["are you there"]


async def test_a_page_opened_anew_asks_before_it_shows_anything(reader: Reader) -> None:
    await reader.opens("/chat")
    page = await reader.presses("/chat/start", text="only for me", language="en")
    assert "only for me" in page
    page = await reader.opens("/chat")
    assert "Carry on" in page
    assert "only for me" not in page
    page = await reader.presses("/chat/carry-on")
    assert "only for me" in page


async def test_starting_afresh_leaves_the_old_chat_behind(reader: Reader, tonight: Evening) -> None:
    await reader.opens("/chat")
    await reader.presses("/chat/start", text="old words", language="en")
    before = (await tonight.contact()).log
    await reader.opens("/chat")
    page = await reader.presses("/chat/afresh")
    assert "You can talk here" in page
    page = await reader.presses("/chat/start", text="after", language="en")
    assert "old words" not in re.sub(r"<script.*?</script>", "", page, flags=re.DOTALL)
    await tonight.until(lambda: tonight.now(before).phase == "ended")


async def test_what_they_chose_to_say_goes_along_and_the_rest_is_left_out(
    reader: Reader, tonight: Evening
) -> None:
    await reader.opens("/chat")
    await reader.presses("/chat/start", language="en", for_whom="someone", feel="2", name="", area=" ")
    assert dict((await tonight.contact()).answers) == {"for_whom": "someone", "feel": "2"}


async def test_not_safe_shows_the_numbers_and_calls_a_person_even_before_the_chat_began(
    reader: Reader, tonight: Evening
) -> None:
    await reader.opens("/")
    page = await reader.presses("/chat/not-safe")
    panel = page[page.index('id="safe-now"') : page.index('id="status"')]
    assert " hidden" not in panel.partition(">")[0]
    assert 'href="tel:999"' in panel
    assert 'href="tel:111"' in panel
    assert "A person is being called to this chat." in panel
    contact = await tonight.contact()
    assert contact.not_safe
    assert "not_safe" in [alert.what for alert in contact.open_alerts]


async def test_a_form_of_an_old_page_does_nothing_and_gives_the_words_back(
    reader: Reader, tonight: Evening
) -> None:
    await reader.opens("/chat")
    reader.text = reader.text.replace('name="csrf"', 'name="other"')
    page = await reader.presses("/chat/start", text="please do not lose this")
    assert reader.status == 403
    assert "please do not lose this" in page
    assert tonight.helpline.contacts() == []


async def test_too_long_a_message_stays_in_the_box(reader: Reader) -> None:
    await reader.opens("/chat")
    await reader.presses("/chat/start", language="en")
    page = await reader.presses("/chat/say", text="a" * 4_001)
    assert reader.status == 413
    assert "a" * 4_001 + "</textarea>" in page
    assert "too long" in page


async def test_a_message_the_service_could_not_keep_stays_in_the_box(
    reader: Reader, tonight: Evening, monkeypatch: pytest.MonkeyPatch
) -> None:
    await reader.opens("/chat")
    await reader.presses("/chat/start", language="en")

    async def refuses(*_: object, **__: object) -> None:
        raise NotSaved

    monkeypatch.setattr(tonight.helpline, "say", refuses)
    page = await reader.presses("/chat/say", text="keep me")
    assert reader.status == 503
    assert "keep me</textarea>" in page
    assert "Not saved yet." in page


async def test_leaving_forgets_everything_and_goes_somewhere_neutral(
    reader: Reader, tonight: Evening, definition: Definition
) -> None:
    await reader.opens("/chat?lang=pl")
    await reader.presses("/chat/start", text="moje słowa", language="pl")
    contact = (await tonight.contact()).log
    async with reader.session.get(f"{reader.url}/leave", allow_redirects=False) as response:
        assert response.status == 303
        assert response.headers["Location"] == definition.exit_to
        assert response.headers["Clear-Site-Data"] == '"cache", "cookies", "storage"'
        assert response.headers["Cache-Control"] == "no-store"
    await tonight.until(lambda: tonight.now(contact).left == "quick")
    assert list(reader.session.cookie_jar) == []
    page = await reader.opens("/chat", **{"Accept-Language": "en"})
    assert "You can talk here" in page
    assert "moje" not in page


async def test_a_link_fetched_ahead_of_time_leaves_nothing(reader: Reader, tonight: Evening) -> None:
    await reader.opens("/chat")
    await reader.presses("/chat/start", text="still here", language="en")
    await reader.opens("/leave", **{"Sec-Purpose": "prefetch"})
    assert reader.status == 204
    assert (await tonight.contact()).left == ""


async def test_a_call_is_asked_for_with_a_number_and_nothing_else(reader: Reader, tonight: Evening) -> None:
    await reader.opens("/call-me")
    page = await reader.presses("/call-me", number="01632 960114")
    assert "Your request is kept" in page
    contact = await tonight.contact()
    assert contact.asked_call
    wanted = await tonight.helpline.logbook.read(contact.log)
    body: Any = next(event.body for event in wanted if event.kind == "call_me")
    assert body.number == "+441632960114"
    assert (body.safe_name, body.safe_message, body.safe_text) == (False, False, False)


@pytest.mark.parametrize(
    ("number", "said"),
    [("", "Please give a number"), ("12", "does not look right"), ("call me", "does not look right")],
)
async def test_a_number_that_cannot_be_rung_is_said_kindly_and_the_rest_is_kept(
    reader: Reader, tonight: Evening, number: str, said: str
) -> None:
    await reader.opens("/call-me")
    page = await reader.presses("/call-me", number=number, name="Al", safe_text="yes")
    assert reader.status == 422
    assert said in page
    assert 'value="Al"' in page
    assert re.search(r'name="safe_text" value="yes" checked', page)
    assert tonight.helpline.contacts() == []


def event(seq: int, kind: str, minute: int, role: str = "person", **fields: Any) -> dict[str, Any]:
    at = datetime(2026, 11, 20, 23, 0, tzinfo=UTC) + timedelta(minutes=minute)
    name = {"supporter": "Sam", "lead": "Jo"}.get(role, "")
    return {"seq": seq, "at": at, "kind": kind, "by": {"role": role, "name": name}, **fields}


def lines(*events: dict[str, Any], definition: Definition) -> list[str]:
    now = datetime(2026, 11, 21, 0, 30, tzinfo=UTC)
    folded = Transcript(words_in("en"), definition, now).add(events)
    return [("me: " if item.mine else "") + item.text for item in folded.items]


def test_a_transcript_tells_days_people_corrections_and_what_is_gone(definition: Definition) -> None:
    told = lines(
        event(1, "started", 0, channel="web", language="en", open=True),
        event(2, "said", 1, text="hullo", lang="en"),
        event(3, "accepted", 3, role="supporter"),
        event(4, "said", 4, role="supporter", text="Hello, I'm Sma.", lang="en"),
        event(5, "corrected", 4, role="supporter", of=4, text="Hello, I'm Sam."),
        event(6, "said", 70, text="not that", lang="en"),
        event(7, "withdrawn", 71, of=6),
        event(8, "joined", 72, role="lead", how="lead"),
        event(9, "said", 73, text=None, lang="en"),
        event(10, "something_new", 74, role="service"),
        event(11, "choice_made", 75, choice="language:pl"),
        definition=definition,
    )
    assert told == [
        "Yesterday, 23:00. What you write is kept even if your line drops.",
        "me: hullo",
        "Sam is here with you.",
        "Hello, I'm Sam.",
        "Today, 00:10",
        "me: This message was taken back.",
        "Jo, the shift lead, has joined.",
        "me: These words are no longer kept.",
        "You chose to talk in Polish.",
    ]


def test_who_ended_it_themselves_sees_it_ended_until_they_write_again(definition: Definition) -> None:
    transcript = Transcript(words_in("en"), definition, SystemClock().now())
    transcript.add([event(1, "left", 1, why="ended")])
    assert transcript.left
    transcript.add([event(2, "said", 2, text="one more thing", lang="en")])
    assert not transcript.left


async def test_a_closed_door_says_when_it_opens_and_still_keeps_what_is_written(
    tmp_path: Path, definition: Definition
) -> None:
    now = datetime.now(UTC)
    closure = Closure(from_=now - timedelta(hours=1), until=now + timedelta(days=2), why="snow")
    closed = msgspec.structs.replace(
        definition, hours=msgspec.structs.replace(definition.hours, closures=(closure,))
    )
    async with (
        evening(tmp_path, closed) as running,
        ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as session,
    ):
        assert not running.helpline.door("web").open
        reader = Reader(session, running.url)
        page = await reader.opens("/")
        assert "We are closed now" in page
        assert 'href="/call-me"' in page
        page = await reader.presses("/chat/start", text="nobody there?", language="en")
        assert "nobody there?" in page
        contact = await running.contact()
        assert contact.phase == "stored"
        page = await reader.presses("/chat/not-safe")
        assert "Nobody here can answer you right now" in page


async def test_who_is_held_for_the_lead_reads_that_the_lead_comes_and_no_place_in_the_queue(
    reader: Reader, tonight: Evening
) -> None:
    await tonight.on_shift("dev")
    await reader.opens("/chat")
    await reader.presses("/chat/start", language="en", text="hello")
    contact = await tonight.answered_by("dev")
    await tonight.helpline.release(tonight.who("dev"), contact, "lead", str(uuid4()))
    words = words_in("en", "en")
    page = (await reader.presses("/chat/look")).replace("&#39;", "'")
    assert words["wait.held"] in page
    assert words["wait.place_1"] not in page.split("<script")[0]
    await tonight.helpline.back_to_queue(tonight.who("jo"), contact, str(uuid4()))
    page = (await reader.presses("/chat/look")).replace("&#39;", "'").split("<script")[0]
    assert words["wait.held"] not in page
