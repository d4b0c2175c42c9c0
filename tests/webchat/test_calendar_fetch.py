"""A calendar fetched from an address: from the public net only, within bounds, and said plainly when it is not."""

import asyncio
import gzip
import socket
import zlib
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web
from aiohttp.resolver import ThreadedResolver
from aiohttp.test_utils import TestServer

from webchat.calendar_fetch import CalendarAddressRefused, CalendarNotFetched, fetch_calendar

CALENDAR = b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nEND:VCALENDAR\r\n"


@pytest.fixture
async def server() -> AsyncIterator[TestServer]:
    """A web server on this machine that serves calendars well and badly."""
    answering = asyncio.Event()

    async def calendar(request: web.Request) -> web.Response:
        return web.Response(body=CALENDAR, content_type="text/calendar")

    async def packed(request: web.Request) -> web.Response:
        body = {"gzip": gzip.compress(CALENDAR), "deflate": zlib.compress(CALENDAR), "br": b"?"}
        how = request.match_info["how"]
        return web.Response(body=body[how], headers={"Content-Encoding": how})

    async def bomb(request: web.Request) -> web.Response:
        return web.Response(body=gzip.compress(bytes(50_000_000)), headers={"Content-Encoding": "gzip"})

    async def endless(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        try:
            while True:
                await response.write(b"x" * 65_536)
        except ConnectionResetError:
            answering.set()
        return response

    async def silent(request: web.Request) -> web.Response:
        await answering.wait()
        return web.Response()

    async def onward(request: web.Request) -> web.Response:
        return web.Response(status=302, headers={"Location": request.query["to"]})

    async def again(request: web.Request) -> web.Response:
        return web.Response(status=307, headers={"Location": "/again"})

    async def missing(request: web.Request) -> web.Response:
        return web.Response(status=int(request.query["status"]))

    app = web.Application()
    app.router.add_get("/rota.ics", calendar)
    app.router.add_get("/packed/{how}", packed)
    app.router.add_get("/bomb", bomb)
    app.router.add_get("/endless", endless)
    app.router.add_get("/silent", silent)
    app.router.add_get("/onward", onward)
    app.router.add_get("/again", again)
    app.router.add_get("/missing", missing)
    started = TestServer(app)
    await started.start_server()
    yield started
    answering.set()
    await started.close()


async def fetched(server: TestServer, path: str, **how: Any) -> bytes:
    return await fetch_calendar(str(server.make_url("/")).rstrip("/") + path, allow_loopback=True, **how)


@pytest.mark.parametrize("path", ["/rota.ics", "/packed/gzip", "/packed/deflate", "/onward?to=/rota.ics"])
async def test_a_calendar_is_fetched_packed_or_not_and_from_where_it_has_moved_to(
    server: TestServer, path: str
) -> None:
    assert await fetched(server, path) == CALENDAR


@pytest.mark.parametrize(
    ("path", "what"),
    [
        ("/missing?status=404", "has no calendar there"),
        ("/missing?status=500", "answered 500"),
        ("/bomb", "larger than 1 MB"),
        ("/endless", "larger than 1 MB"),
        ("/packed/br", "packed in a way that cannot be read"),
    ],
)
async def test_what_is_no_calendar_or_too_large_is_told(server: TestServer, path: str, what: str) -> None:
    with pytest.raises(CalendarNotFetched, match=what):
        await fetched(server, path, limit=1_000_000)


async def test_a_server_that_never_answers_is_given_up_on(server: TestServer) -> None:
    with pytest.raises(CalendarNotFetched, match="took longer than"):
        await fetched(server, "/silent", seconds=0.2)


async def test_a_server_that_sends_on_to_itself_for_ever_is_given_up_on(server: TestServer) -> None:
    with pytest.raises(CalendarNotFetched, match="without end"):
        await fetched(server, "/again")


@pytest.mark.parametrize(
    "to",
    [
        "http://10.0.0.1/rota.ics",
        "https://169.254.169.254/latest/meta-data/",
        "file:///etc/passwd",
        "ftp://example.org/rota.ics",
        "http://[fe80::1]/",
        "//192.168.1.1/rota.ics",
    ],
)
async def test_no_redirect_leads_to_a_private_address_or_another_scheme(server: TestServer, to: str) -> None:
    with pytest.raises(CalendarAddressRefused):
        await fetch_calendar(str(server.make_url("/onward").with_query(to=to)), allow_loopback=True)


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0177.0.0.1",
        "0.0.0.0",
        "localhost",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.0.1",
        "100.64.0.1",
        "100.100.100.200",
        "169.254.169.254",
        "168.63.129.16",
        "224.0.0.1",
        "255.255.255.255",
        "[::1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[::ffff:169.254.169.254]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        "[fe80::1%25eth0]",
        "[fd00:ec2::254]",
        "[ff02::1]",
        "１２７.０.０.１",
    ],
)
async def test_no_private_address_is_ever_asked_however_it_is_written(host: str) -> None:
    with pytest.raises(CalendarAddressRefused):
        await fetch_calendar(f"https://{host}/rota.ics", seconds=5)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "rota.ics",
        "http://calendar.example.org/rota.ics",
        "file:///etc/passwd",
        "gopher://example.org/",
        "https://",
        "https://user:word@calendar.example.org/rota.ics",
        "https://[::1",
        "https://example.org:99999/",
        "https://example.org/" + "x" * 3_000,
    ],
)
async def test_what_is_no_https_address_is_refused(url: str) -> None:
    with pytest.raises(CalendarAddressRefused):
        await fetch_calendar(url, seconds=5)


async def test_a_webcal_address_is_an_https_one(server: TestServer) -> None:
    """The test's own server speaks no TLS, so that it was asked for TLS shows in what went wrong."""
    with pytest.raises(CalendarNotFetched, match="could not be reached"):
        await fetch_calendar(f"webcal://127.0.0.1:{server.port}/rota.ics", allow_loopback=True)


@pytest.mark.parametrize("found", [["10.0.0.7"], ["93.184.215.14", "127.0.0.1"], ["fe80::1%2"]])
async def test_a_public_name_that_leads_to_a_private_address_is_refused(
    monkeypatch: pytest.MonkeyPatch, found: list[str]
) -> None:
    async def resolve(
        self: ThreadedResolver, host: str, port: int = 0, family: Any = 0
    ) -> list[dict[str, Any]]:
        return [
            {"hostname": host, "host": one, "port": port, "family": socket.AF_INET, "proto": 0, "flags": 0}
            for one in found
        ]

    monkeypatch.setattr(ThreadedResolver, "resolve", resolve)
    with pytest.raises(CalendarAddressRefused, match=r"calendar\.example\.org is not a public address"):
        await fetch_calendar("https://calendar.example.org/private-abc123/rota.ics")


async def test_an_error_never_repeats_the_path_which_is_the_feeds_password(server: TestServer) -> None:
    with pytest.raises(CalendarNotFetched) as told:
        await fetched(server, "/missing?status=404&private-abc123")
    assert "abc123" not in told.value.message
