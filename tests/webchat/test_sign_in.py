"""Signing in and out, over HTTP as a browser does it."""

import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aiohttp import ClientResponse, CookieJar
from aiohttp.test_utils import TestClient

from helpline.sessions import IDLE, LASTS, Sessions
from tests.webchat.conftest import House
from webchat.security import AddressHash, Throttle
from webchat.sign_in import DOOR, WRONG

PASSWORD = "four quiet words here"


class Browser:
    """Keeps cookies and carries the token of the form it was last shown."""

    def __init__(self, house: House) -> None:
        self.client: TestClient[Any, Any] = TestClient(house.client.server, cookie_jar=CookieJar(unsafe=True))
        self.csrf = ""

    async def get(self, path: str) -> tuple[ClientResponse, str]:
        response = await self.client.get(path, allow_redirects=False)
        text = await response.text()
        found = re.search(r'name="csrf" value="(\w+)"', text)
        self.csrf = found[1] if found else self.csrf
        return response, text

    async def post(self, path: str, **fields: str) -> tuple[ClientResponse, str]:
        fields.setdefault("csrf", self.csrf)
        response = await self.client.post(path, data=fields, allow_redirects=False)
        return response, await response.text()

    async def sign_in(self, name: str, password: str = PASSWORD, then: str = "") -> ClientResponse:
        await self.get("/sign-in")
        response, _ = await self.post("/sign-in", name=name, password=password, then=then)
        return response


@pytest.fixture
async def browser(house: House) -> AsyncIterator[Browser]:
    for account in ("ania", "jo"):
        await house.helpline.people.set_password(account, PASSWORD)
    opened = Browser(house)
    yield opened
    # Its connections only: the server belongs to the house.
    await opened.client.session.close()


async def test_a_supporter_signs_in_and_comes_to_their_desk(browser: Browser) -> None:
    response, _ = await browser.get("/desk")
    assert (response.status, response.headers["Location"]) == (303, "/sign-in?then=/desk")
    response = await browser.sign_in("ania")
    assert (response.status, response.headers["Location"]) == (303, "/desk")
    response, page = await browser.get("/desk")
    assert response.status == 200
    assert "Ania" in page


async def test_a_lead_comes_to_the_board_or_where_they_wanted_to_go(browser: Browser) -> None:
    assert (await browser.sign_in("JO ")).headers["Location"] == "/board"
    response, _ = await browser.get("/sign-in")
    assert response.headers["Location"] == "/board"
    response, _ = await browser.get("/sign-in?then=/desk")
    assert response.headers["Location"] == "/desk"


async def test_after_signing_in_nobody_is_sent_to_another_site(browser: Browser) -> None:
    response = await browser.sign_in("ania", then="https://elsewhere.example/")
    assert response.headers["Location"] == "/desk"


async def test_a_supporter_who_asks_for_the_board_is_told_that_their_role_does_not_open_it(
    browser: Browser,
) -> None:
    await browser.sign_in("ania")
    response, _ = await browser.get("/board")
    assert response.status == 403


async def test_a_wrong_name_and_a_wrong_password_get_the_same_words(browser: Browser) -> None:
    await browser.get("/sign-in")
    wrong_password, first = await browser.post("/sign-in", name="ania", password="not it at all")
    wrong_name, second = await browser.post("/sign-in", name="anna", password="not it at all")
    no_password_yet, third = await browser.post("/sign-in", name="lou", password="")
    assert wrong_password.status == wrong_name.status == no_password_yet.status == 401
    assert WRONG in first
    assert first.replace("ania", "") == second.replace("anna", "") == third.replace("lou", "")


async def test_a_wrong_name_costs_as_much_work_as_a_wrong_password(
    house: House, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    verified: list[str] = []
    matches = house.helpline.people._matches

    def counted(hashed: str, password: str) -> bool:
        verified.append(hashed.split("$")[3])
        return bool(matches(hashed, password))

    monkeypatch.setattr(house.helpline.people, "_matches", counted)
    for name in ("ania", "nobody", ""):
        await house.helpline.people.signs_in(name, "not it at all")
    assert len(verified) == 3
    assert len(set(verified)) == 1, "the same parameters each time"


async def test_the_session_cookie_is_http_only_same_site_and_for_this_host(browser: Browser) -> None:
    response = await browser.sign_in("ania")
    cookie = response.cookies["staff"]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"
    assert cookie["path"] == "/"
    assert not cookie["domain"]
    assert len(cookie.value) >= 43


async def test_a_session_is_new_with_every_sign_in_and_the_one_before_is_over(
    house: House, browser: Browser
) -> None:
    await browser.get("/sign-in")
    csrf = browser.csrf
    first = (await browser.sign_in("ania")).cookies["staff"].value
    stale = {"name": "jo", "password": PASSWORD, "csrf": csrf}
    assert house.sessions.of(first) is not None
    # Another form of the same browser, still open from before: it takes the place of the first session.
    form = Browser(house)
    await form.get("/sign-in")
    form.client.session.cookie_jar.update_cookies({"staff": first}, form.client.make_url("/"))
    response, _ = await form.post("/sign-in", **{**stale, "csrf": form.csrf})
    assert response.status == 303
    second = response.cookies["staff"].value
    assert second != first
    assert house.sessions.of(first) is None
    await form.client.session.close()


async def test_a_form_without_its_token_or_with_anothers_is_refused(house: House, browser: Browser) -> None:
    await browser.get("/sign-in")
    for csrf in ("", "0" * 64, "é"):
        response, _ = await browser.post("/sign-in", csrf=csrf, name="ania", password=PASSWORD)
        assert response.status == 403
    stranger = Browser(house)
    await stranger.get("/sign-in")
    response, _ = await browser.post("/sign-in", csrf=stranger.csrf, name="ania", password=PASSWORD)
    assert response.status == 403
    await stranger.client.session.close()


async def test_a_form_from_another_site_is_refused(browser: Browser) -> None:
    await browser.get("/sign-in")
    fields = {"csrf": browser.csrf, "name": "ania", "password": PASSWORD}
    for headers in (
        {"Origin": "https://elsewhere.example"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ):
        async with browser.client.post("/sign-in", data=fields, headers=headers) as response:
            assert response.status == 403, headers
    # What a browser sends of its own form under our no-referrer policy.
    ours = {"Origin": "null", "Sec-Fetch-Site": "same-origin"}
    async with browser.client.post("/sign-in", data=fields, headers=ours, allow_redirects=False) as response:
        assert response.status == 303


async def test_signing_out_ends_the_session_and_hangs_up_its_sockets(house: House, browser: Browser) -> None:
    token = (await browser.sign_in("ania")).cookies["staff"].value
    desk = await house.desk("ania", {"staff": token})
    await browser.get("/desk")
    response, _ = await browser.post("/sign-out")
    assert (response.status, response.headers["Location"]) == (303, "/sign-in")
    assert response.headers["Clear-Site-Data"] == '"cache", "storage"'
    await desk.closed()
    assert house.sessions.of(token) is None
    response, _ = await browser.get("/desk")
    assert response.status == 303


async def test_signing_out_everywhere_ends_every_session_of_the_account_and_no_other(
    house: House, browser: Browser
) -> None:
    elsewhere, lead = await house.desk("ania"), await house.desk("jo")
    await browser.sign_in("ania")
    await browser.get("/desk")
    await browser.post("/sign-out", everywhere="yes")
    await elsewhere.closed()
    assert "error" in await lead.call("ready", {})
    assert not lead.socket.closed


async def test_after_five_wrong_tries_from_one_place_the_next_must_wait_and_elsewhere_they_still_get_in(
    house: House, browser: Browser
) -> None:
    await browser.get("/sign-in")
    door = house.app[DOOR]
    for _ in range(5):
        response, _ = await browser.post("/sign-in", name="ania", password="not it at all")
        assert response.status == 401
    response, page = await browser.post("/sign-in", name="ania", password=PASSWORD)
    assert response.status == 429
    assert int(response.headers["Retry-After"]) >= 1
    assert "Please wait" in page
    assert door.throttle.wait("ania", "another place", 0) == 0


def test_nobody_can_lock_a_colleague_out_by_guessing_from_many_places() -> None:
    throttle = Throttle()
    for n in range(10_000):
        throttle.failed("ania", f"place {n}", 0.0)
    assert throttle.wait("ania", "at home", 1.0) == 0
    assert throttle.slowed("ania", 1.0) == 2.0
    assert throttle.slowed("ania", Throttle.FORGET + 1) == 0


def test_guessing_at_many_names_from_one_place_is_slowed_and_forgotten_after_a_quarter_of_an_hour() -> None:
    throttle = Throttle()
    for n in range(60):
        throttle.failed(f"name {n}", "one place", 0.0)
    assert throttle.wait("ania", "one place", 1.0) == Throttle.LONGEST - 1.0
    assert throttle.wait("ania", "one place", Throttle.FORGET) == 0


def test_the_right_password_makes_what_was_mistyped_before_forgotten() -> None:
    throttle = Throttle()
    for _ in range(6):
        throttle.failed("ania", "at home", 0.0)
    assert throttle.wait("ania", "at home", 0.0) > 0
    throttle.succeeded("ania", "at home")
    assert throttle.wait("ania", "at home", 0.0) == 0


def test_addresses_are_held_hashed_and_the_salt_is_forgotten_every_day() -> None:
    hashed = AddressHash()
    first = hashed("192.0.2.7", 0.0)
    assert "192" not in first
    assert hashed("192.0.2.7", 3_600.0) == first
    assert hashed("192.0.2.7", 24 * 3_600.0) != first
    assert AddressHash()("192.0.2.7", 0.0) != first


class Hands:
    """A clock whose hands a test moves."""

    def __init__(self) -> None:
        self.at = datetime(2026, 1, 10, 20, 0, tzinfo=UTC)

    def now(self) -> datetime:
        return self.at

    async def sleep_until(self, instant: datetime) -> None:
        self.at = max(self.at, instant)


async def test_a_session_ends_after_twelve_hours_or_an_hour_of_nothing_and_outlives_a_restart(
    house: House,
) -> None:
    clock = Hands()
    core = house.helpline

    async def opened() -> Sessions:
        return await Sessions.open(core.store, core.keys, clock, core.people)

    sessions = await opened()
    token = await sessions.begin("ania")
    session = sessions.of(token)
    assert session is not None
    clock.at += IDLE - timedelta(seconds=1)
    await sessions.touch(session)
    assert (await opened()).of(token) is not None, "kept in the store"
    clock.at += IDLE
    assert sessions.of(token) is None
    token = await sessions.begin("ania")
    began = clock.at
    while clock.at < began + LASTS - timedelta(minutes=30):
        current = sessions.of(token)
        assert current is not None
        clock.at += timedelta(minutes=30)
        await sessions.touch(current)
    clock.at = began + LASTS
    assert sessions.of(token) is None
    assert len(await sessions.sweep()) == 2
    assert (await opened()).of(token) is None


async def test_the_store_holds_no_token_and_no_name(house: House) -> None:
    token = await house.sessions.begin("ania")
    for document in await house.helpline.store.all("session"):
        assert token.encode() not in document.body
        assert b"ania" not in document.body
        assert token not in document.id


async def test_signing_in_and_out_is_in_the_audit(house: House, browser: Browser) -> None:
    before = len(await house.helpline.store.audit_entries())
    await browser.sign_in("ania")
    await browser.get("/desk")
    await browser.post("/sign-out")
    entries = await house.helpline.store.audit_entries()
    assert len(entries) == before + 2
    assert all(b"ania" not in entry.body for entry in entries)
