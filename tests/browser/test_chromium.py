"""The browser tests see what they claim to see: a tool that cannot object proves nothing."""

import pytest
from aiohttp import web
from pytest_aiohttp.plugin import AiohttpServer

from tests.browser.chromium import LAPTOP, PHONE, Look, Windows, check_accessible

STRICT = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; base-uri 'none'"
}
PAGE = """<!doctype html><html lang="en-GB"><meta name="viewport" content="width=device-width">
<title>Room</title><main><h1>Room</h1>{}</main></html>"""


async def address_of(server: AiohttpServer, body: str) -> str:
    """Serves one page with this body under a strict policy and gives its address."""

    async def page(_: web.Request) -> web.Response:
        return web.Response(text=PAGE.format(body), content_type="text/html", headers=STRICT)

    async def script(_: web.Request) -> web.Response:
        return web.Response(
            text="setTimeout(() => { throw new Error('lost') })", content_type="text/javascript"
        )

    app = web.Application()
    app.add_routes([web.get("/", page), web.get("/throws.js", script)])
    return str((await server(app)).make_url("/"))


async def test_axe_runs_under_a_strict_policy_and_lets_a_good_page_through(
    aiohttp_server: AiohttpServer, windows: Windows, look: Look
) -> None:
    url = await address_of(aiohttp_server, "<p>Somebody is here.</p>")
    page = await windows.open(url, screen=look.screen, scheme=look.scheme)
    assert await page.evaluate("[innerWidth, innerHeight]") == [look.screen.width, look.screen.height]
    assert await page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches") is (
        look.scheme == "dark"
    )
    await check_accessible(page)


async def test_axe_names_the_element_it_objects_to(aiohttp_server: AiohttpServer, windows: Windows) -> None:
    page = await windows.open(await address_of(aiohttp_server, '<button id="mute"></button>'))
    with pytest.raises(AssertionError, match=r"button-name\)\n +#mute\n +<button id=\"mute\">"):
        await check_accessible(page)


async def test_windows_share_no_cookies(aiohttp_server: AiohttpServer, windows: Windows) -> None:
    url = await address_of(aiohttp_server, "")
    person, supporter = await windows.open(url, screen=PHONE), await windows.open(url, screen=LAPTOP)
    await person.evaluate("document.cookie = 'who=person'")
    assert await person.evaluate("document.cookie") == "who=person"
    assert await supporter.evaluate("document.cookie") == ""


async def test_an_inline_script_that_the_policy_refuses_is_a_mistake(
    aiohttp_server: AiohttpServer, windows: Windows
) -> None:
    url = await address_of(aiohttp_server, "<script>window.ran = true</script>")
    page = await windows.open()
    async with page.expect_console_message():
        await page.goto(url)
    assert await page.evaluate("window.ran === undefined")
    assert [mistake for mistake in windows.mistakes if "inline script" in mistake]
    windows.mistakes.clear()


async def test_an_uncaught_error_in_a_page_is_a_mistake(
    aiohttp_server: AiohttpServer, windows: Windows
) -> None:
    url = await address_of(aiohttp_server, '<script src="/throws.js"></script>')
    page = await windows.open()
    async with page.expect_event("pageerror"):
        await page.goto(url)
    assert [mistake for mistake in windows.mistakes if "Error: lost" in mistake]
    windows.mistakes.clear()
