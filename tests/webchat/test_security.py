"""What is on every answer, over plain HTTP on loopback and as a browser sees it over TLS."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer

from app import init_app
from helpline.definition import Definition
from helpline.errors import BadRequest
from helpline.settings import Settings
from tests.webchat.conftest import House, settings_in

PAGES = ("/", "/chat", "/call-me", "/sign-in", "/nowhere", "/static/look.css", "/desk", "/healthz")


@pytest.fixture
async def public(tmp_path: Path, definition: Definition) -> AsyncIterator[TestClient[Any, Any]]:
    """The same service as it stands behind a proxy that ends TLS."""
    settings = settings_in(tmp_path, public_origin="https://chat.example.org", behind_proxy=True)
    async with TestClient(TestServer(init_app(settings, definition=definition))) as client:
        yield client


async def test_every_answer_has_the_headers(house: House) -> None:
    for path in PAGES:
        async with house.client.get(path, allow_redirects=False) as response:
            headers = response.headers
            policy = headers["Content-Security-Policy"]
            assert "default-src 'none'" in policy, path
            assert "script-src 'self';" in policy
            assert "unsafe" not in policy
            assert "frame-ancestors 'none'" in policy
            assert "base-uri 'none'" in policy
            assert headers["Referrer-Policy"] == "no-referrer"
            assert headers["X-Content-Type-Options"] == "nosniff"
            assert "geolocation=()" in headers["Permissions-Policy"]
            assert "Server" not in headers
            assert "Strict-Transport-Security" not in headers
            if not path.startswith("/static/"):
                assert headers["Cache-Control"] == "no-store", path


async def test_over_tls_there_is_hsts_and_cookies_are_secure_and_of_this_host(
    public: TestClient[Any, Any],
) -> None:
    async with public.get("/chat") as response:
        assert response.headers["Strict-Transport-Security"].startswith("max-age=63072000")
        assert "connect-src 'self' wss://chat.example.org" in response.headers["Content-Security-Policy"]
        cookie = response.cookies["__Host-night"]
        assert cookie["secure"]
        assert cookie["httponly"]
        assert cookie["path"] == "/"
        assert not cookie["domain"]
        assert cookie["samesite"] == "Lax"
        assert len(cookie.value) >= 43
    async with public.get("/sign-in") as response:
        assert "__Host-form" in response.cookies


async def test_over_tls_only_the_public_origin_may_post_or_open_a_socket(
    public: TestClient[Any, Any],
) -> None:
    for origin, status in (
        ("https://chat.example.org", 200),
        ("https://elsewhere.example", 400),
        ("null", 400),
    ):
        path = "/socket.io/?EIO=4&transport=polling"
        async with public.get(path, headers={"Origin": origin}) as response:
            assert response.status == status, origin
    for origin, status in (("https://chat.example.org", 403), ("https://elsewhere.example", 403)):
        async with public.post("/sign-in", headers={"Origin": origin}, data={"name": "ania"}) as response:
            assert response.status == status
            elsewhere = "another site" in await response.text()
            assert elsewhere is (origin != "https://chat.example.org")


async def test_on_loopback_a_name_that_is_not_ours_is_not_answered(house: House) -> None:
    """A page elsewhere could give its own name this machine's address (DNS rebinding)."""
    for host, status in (("localhost:1", 200), ("127.0.0.1", 200), ("elsewhere.example", 421), ("", 421)):
        async with house.client.get("/healthz", headers={"Host": host}) as response:
            assert response.status == status, host


async def test_the_probes_say_how_it_goes_and_nothing_of_anybody(house: House) -> None:
    await house.together()
    await house.board("jo")
    async with house.client.get("/healthz") as response:
        assert (response.status, await response.json()) == (200, {"ok": True})
    async with house.client.get("/readyz") as response:
        assert (response.status, (await response.json())["ready"]) == (200, True)
    async with house.client.get("/metrics") as response:
        text = await response.text()
        assert 'helpline_connected{place="person"} 1.0' in text
        assert 'helpline_connected{place="desk"} 1.0' in text
        assert "helpline_live 1.0" in text
        assert "Ania" not in text
    async with house.client.get("/metrics", headers={"X-Forwarded-For": "192.0.2.7"}) as response:
        assert response.status == 403


async def test_not_ready_while_what_is_written_would_not_be_kept(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(type(house.helpline.store), "ready", property(lambda _: False))
    async with house.client.get("/readyz") as response:
        assert response.status == 503
    async with house.client.get("/healthz") as response:
        assert response.status == 200


async def test_a_refusal_is_worded_as_json_where_json_was_asked_for(house: House) -> None:
    async with house.client.get("/desk/definition.json", headers={"Accept": "application/json"}) as response:
        assert response.status == 401
        assert (await response.json())["error"]["code"] == "not_signed_in"


async def test_the_definition_of_the_desk_is_whole(house: House) -> None:
    cookies = await house.session("ania")
    async with house.client.get("/desk/definition.json", cookies=cookies) as response:
        given = await response.json()
    assert [rung["number"] for rung in given["ladder"]["rungs"]] == [0, 1, 2, 3, 4]
    assert given["note_form"][0]["label"]
    assert any(field["outcome"] and field["choices"] for field in given["note_form"])
    assert given["ready_words"]
    assert given["exit_to"].startswith("https://")


def test_the_keys_may_not_lie_in_the_data(tmp_path: Path) -> None:
    for keys in (tmp_path / "data", tmp_path / "data" / "keys"):
        with pytest.raises(BadRequest):
            Settings(definition=tmp_path / "x.toml", data=tmp_path / "data", keys=keys)
