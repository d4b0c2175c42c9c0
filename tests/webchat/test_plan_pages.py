"""The plan as plain pages, and over the line: both sides write it, one browser cannot see another's, a code opens it."""

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest_asyncio
from aiohttp import ClientSession

from helpline.shape import Definition
from tests.browser.evening import Evening, demonstration, evening
from tests.webchat.conftest import House
from tests.webchat.lines import Line, new_id
from tests.webchat.test_chat_pages import Reader
from webchat.plan_pages import PLAN_DOOR

WORDS = "Walk to the harbour and back"


@pytest_asyncio.fixture
async def tonight(tmp_path: Path) -> AsyncIterator[Evening]:
    definition: Definition = demonstration()
    async with evening(tmp_path, definition) as running:
        yield running


def browser(tonight: Evening) -> ClientSession:
    return ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True))


@pytest_asyncio.fixture
async def reader(tonight: Evening) -> AsyncIterator[Reader]:
    async with browser(tonight) as session:
        one = Reader(session, tonight.url)
        await one.opens("/chat")
        await one.presses("/chat/start", text="hello", language="en", area="BD1")
        yield one


def field(page: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]+)"', page)
    assert found is not None, name
    return found[1]


async def begun(reader: Reader) -> str:
    """A safety plan with one line; the plan's id."""
    await reader.presses("/chat/plan/begin", sort="safety")
    plan = field(reader.text, "plan")
    line = field(reader.text, "line")
    await reader.presses("/chat/plan/write", plan=plan, part="myself", line=line, saw="0", text=WORDS)
    return plan


async def test_a_plan_is_written_changed_and_taken_out_by_plain_forms(reader: Reader) -> None:
    plan = await begun(reader)
    assert WORDS in reader.text
    line, saw = re.findall(
        r'name="line" value="([^"]+)"><input type="hidden" name="saw" value="([1-9]\d*)"', reader.text
    )[0]
    await reader.presses(
        "/chat/plan/write", plan=plan, part="myself", line=line, saw=saw, text="Read by the window"
    )
    assert "Read by the window" in reader.text
    assert WORDS not in reader.text
    saw = re.findall(r'name="saw" value="([1-9]\d*)"', reader.text)[0]
    await reader.presses("/chat/plan/take-out", plan=plan, line=line, saw=saw)
    assert "Read by the window" not in reader.text


async def test_the_cookie_alone_shows_nothing_of_it_and_nothing_is_cached(reader: Reader) -> None:
    await begun(reader)
    page = await reader.opens("/chat/plan")
    assert WORDS not in page
    assert reader.headers["Cache-Control"] == "no-store"
    assert "<title>Evening notes</title>" in page
    page = await reader.presses("/chat/plan")
    assert WORDS in page
    assert reader.headers["Cache-Control"] == "no-store"
    assert WORDS not in await reader.opens("/chat/plan")


async def test_another_browser_has_neither_the_page_nor_the_text(reader: Reader, tonight: Evening) -> None:
    plan = await begun(reader)
    async with browser(tonight) as session:
        other = Reader(session, tonight.url)
        await other.opens("/chat")
        await other.presses("/chat/start", text="hello", language="en")
        assert WORDS not in await other.presses("/chat/plan")
        await other.presses("/chat/plan/keep", plan=plan, keep="yes")
        assert other.status == 404
        assert WORDS not in other.text
        assert WORDS not in await other.opens("/chat/plan.txt")


async def test_the_text_to_keep_ends_with_the_numbers_and_its_name_gives_nothing_away(reader: Reader) -> None:
    await begun(reader)
    text = await reader.opens("/chat/plan.txt")
    assert f"- {WORDS}" in text
    assert "020 7946 0111" in text
    assert text.rstrip().splitlines()[-1].endswith("999")
    assert "111" in text.rstrip().splitlines()[-2]
    assert reader.headers["Content-Disposition"] == 'attachment; filename="notes.txt"'
    assert reader.headers["Cache-Control"] == "no-store"


async def test_what_was_typed_is_still_there_when_it_is_refused(reader: Reader) -> None:
    plan = await begun(reader)
    await reader.presses("/chat/plan/write", plan=plan, part="myself", saw="0", text="x" * 1_001)
    assert reader.status == 400
    assert "x" * 1_001 in reader.text


async def test_a_kept_plan_comes_back_by_its_code_in_a_new_browser_and_is_deleted_by_it(
    reader: Reader, tonight: Evening
) -> None:
    plan = await begun(reader)
    press = new_id()
    page = await reader.presses("/chat/plan/keep", plan=plan, keep="yes", client_id=press)
    shown = re.search(r'id="code">([0-9A-Z-]{19})<', page)
    assert shown is not None
    again = await reader.presses("/chat/plan/keep", plan=plan, keep="yes", client_id=press)
    assert shown[1] in again, "a page that got lost shows the same code again"
    assert shown[1] not in await reader.presses("/chat/plan")
    await reader.presses("/chat/afresh")
    async with browser(tonight) as session:
        other = Reader(session, tonight.url)
        assert "I have a plan here" in await other.opens("/")
        await other.opens("/chat/plan/return")
        page = await other.presses("/chat/plan/return", code="7KQF-2M8X-0000-0000")
        assert other.status == 404
        assert "You can talk here without it." in page
        page = await other.presses("/chat/plan/return", code=shown[1].lower())
        assert "Your plan is open again." in page
        assert WORDS in await other.presses("/chat/plan")
        await other.opens("/chat/plan/return")
        await other.presses("/chat/plan/forget-by-code", code=shown[1])
        assert "Your plan is deleted." in other.text
        assert WORDS not in await other.presses("/chat/plan")


async def test_guessing_codes_is_slowed_and_locks_nobody_out_of_the_chat(
    reader: Reader, tonight: Evening
) -> None:
    await reader.opens("/chat/plan/return")
    for _ in range(6):
        await reader.presses("/chat/plan/return", code="0000-0000-0000-0000")
        await reader.opens("/chat/plan/return")
    await reader.presses("/chat/plan/return", code="0000-0000-0000-0000")
    assert reader.status == 429
    assert "Please wait a minute" in reader.text
    await reader.presses("/chat/say", text="still here")
    assert "still here" in reader.text


async def test_a_form_without_its_token_is_refused_and_changes_nothing(reader: Reader) -> None:
    plan = await begun(reader)
    await reader.presses("/chat/plan/forget", plan=plan, csrf="0" * 64)
    assert reader.status == 403
    await reader.opens("/chat")
    assert WORDS in await reader.presses("/chat/plan")


# -- over the line -------------------------------------------------------------------------------------------------


async def begin(person: Line) -> str:
    answer = await person.call("plan_begin", {"client_id": new_id(), "sort": "crisis"})
    plan: str = answer["plan"]["plan"]
    return plan


def line_of(plan: str, text: str, **more: Any) -> dict[str, Any]:
    return {"client_id": new_id(), "plan": plan, "part": "helps", "line": new_id(), "text": text, **more}


async def test_both_sides_are_told_of_every_change_with_the_whole_plan(house: House) -> None:
    person, desk, contact = await house.together()
    plan = await begin(person)
    await desk.heard("event", lambda event: event["kind"] == "plan_opened")
    await person.call("plan_write", line_of(plan, WORDS))
    await desk.call("plan_write", {"contact": contact, **line_of(plan, "Ring Sam")})
    for side in (person, desk):
        told = await side.heard("plan", lambda frame: len(frame["plan"]["lines"]) == 2)
        assert [line["writings"][0]["by"] for line in told["plan"]["lines"]] == ["person", "supporter"]
    assert (await desk.call("plan", {"contact": contact}))["plans"] == (await person.call("plan", {}))[
        "plans"
    ]


async def test_the_code_reaches_the_person_alone(house: House) -> None:
    person, desk, contact = await house.together()
    plan = await begin(person)
    answer = await person.call("plan_keep", {"client_id": new_id(), "plan": plan, "keep": True})
    await desk.heard("plan", lambda frame: frame["plan"]["wanted"] == "kept")
    said = await desk.call(
        "plan_keep", {"client_id": new_id(), "contact": contact, "plan": plan, "keep": True}
    )
    assert set(said) == {"seq", "until"}
    assert len(answer["code"]) == 19
    resumed = await desk.call("resume", {"contact": contact})
    for secret in (answer["code"], answer["code"].replace("-", "")):
        assert secret not in str(desk.frames)
        assert secret not in str(resumed)


async def test_a_person_cannot_name_somebody_elses_plan(house: House) -> None:
    person, _, _ = await house.together()
    plan = await begin(person)
    stranger, _ = await house.started("en")
    for call, body in {
        "plan_write": line_of(plan, "mine now"),
        "plan_take_out": {"client_id": new_id(), "plan": plan, "line": new_id(), "saw": 1},
        "plan_keep": {"client_id": new_id(), "plan": plan, "keep": True},
        "plan_forget": {"client_id": new_id(), "plan": plan},
        "plan_review": {"client_id": new_id(), "plan": plan},
        "plan_copy": {"client_id": new_id(), "plan": plan, "how": "shown"},
    }.items():
        assert (await stranger.call(call, body))["error"]["code"] == "not_found", call
    assert (await stranger.call("plan", {}))["plans"] == []


async def test_how_it_was_followed_sends_the_person_nothing(house: House) -> None:
    person, desk, contact = await house.together()
    plan = await begin(person)
    await person.heard("plan")
    await person.settled()
    person.forget()
    before = await person.call("resume", {})
    answer = await desk.call(
        "plan_followed",
        {"client_id": new_id(), "contact": contact, "plan": plan, "how": "partly", "why": "It rained"},
    )
    assert "seq" in answer
    await desk.heard("event", lambda event: event["kind"] == "plan_followed" and event["why"] == "It rained")
    assert await person.call("resume", {}) == before
    await person.settled()
    assert person.frames == []


async def test_forget_is_answered_when_nobody_can_read_it_and_both_sides_see_it_go(house: House) -> None:
    person, desk, contact = await house.together()
    plan = await begin(person)
    await person.call("plan_write", line_of(plan, WORDS))
    await person.call("plan_forget", {"client_id": new_id(), "plan": plan})
    assert set(await house.helpline.keys.get(plan)) == {"frame", "words", "note"}
    for side in (person, desk):
        await side.heard("plan", lambda frame: frame["plan"]["forgotten"] and not frame["plan"]["lines"])
    assert (await desk.call("plan", {"contact": contact}))["plans"] == []


async def test_a_lead_beside_the_conversation_reads_and_does_not_write(house: House) -> None:
    person, _, contact = await house.together()
    plan = await begin(person)
    lead = await house.desk("jo")
    assert len((await lead.call("plan", {"contact": contact}))["plans"]) == 1
    refused = await lead.call("plan_write", {"contact": contact, **line_of(plan, "No")})
    assert refused["error"]["code"] == "not_allowed"
    assert (await (await house.desk("dev")).call("plan", {"contact": contact}))["error"][
        "code"
    ] == "not_found"


async def test_the_door_of_codes_forgets_nobodys_address_in_clear(house: House) -> None:
    async with house.client.get("/chat/plan/return") as response:
        csrf = field(await response.text(), "csrf")
    fields = {"csrf": csrf, "client_id": new_id(), "code": "0000"}
    async with house.client.post("/chat/plan/return", data=fields) as response:
        assert response.status == 404
    assert "127.0.0.1" not in str(house.app[PLAN_DOOR].throttle._failures)
