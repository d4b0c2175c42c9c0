"""A node is told to stop while people write: their pages move to another one, and nobody notices."""

import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from app import DEMO
from tests.browser.chromium import PHONE, Windows
from tests.browser.on_shift import COUNT_NOTES, answer, check_in, let_in, said, write
from tests.cluster.balancer import Balancer
from tests.crash.server import Server
from tests.engines import Redis

# Everything the page's own word on how things stand has said.
WATCH = """(id) => {
  window.shown = [];
  const region = document.getElementById(id);
  const note = () => window.shown.push(region.textContent.trim());
  new MutationObserver(note).observe(region, { childList: true, characterData: true, subtree: true });
}"""


@pytest.fixture
async def nodes(tmp_path: Path, database: str, redis: Redis) -> AsyncIterator[tuple[Server, Server]]:
    """Two nodes of the demonstration."""
    servers = [
        Server(tmp_path / "service", DEMO, log=tmp_path / f"{name}.log", store=database, bus=redis.address)
        for name in ("one", "other")
    ]
    for server in servers:
        await server.start()
    yield servers[0], servers[1]
    for server in servers:
        await server.kill()


async def begins(page: Page, url: str, words: str) -> None:
    await page.goto(f"{url}/chat")
    await page.locator("#box").fill(words)
    await page.locator("#send").click()
    await expect(page.get_by_role("log")).to_contain_text(words)
    await expect(page.locator("#sent")).to_contain_text("Sent")


async def shown(page: Page) -> list[str]:
    """What the page has said, but for who is writing."""
    found: list[str] = await page.evaluate("window.shown")
    return [words for words in found if words and "writing" not in words]


@pytest.mark.timeout(300)
async def test_half_a_word_and_half_a_note_stay_and_nothing_is_shown_while_their_node_stops(
    nodes: tuple[Server, Server], windows: Windows
) -> None:
    one, other = nodes
    ports = (one.port, other.port)
    async with (
        Balancer(ports, in_turn=False) as balancer,
        Balancer(ports, in_turn=False, websocket=False) as narrow,
    ):
        url = balancer.url
        desk = await windows.open()
        await desk.add_init_script(COUNT_NOTES)
        await let_in(desk, one, "dev", url)
        await desk.goto(f"{url}/desk")
        await check_in(desk)
        person, behind = await windows.open(screen=PHONE), await windows.open(screen=PHONE)
        await begins(person, url, "cant sleep")
        await answer(desk)
        await begins(behind, narrow.url, "no socket here")
        await write(desk, "I am here")
        await expect(person.get_by_role("log")).to_contain_text("I am here")
        assert balancer.handed[other.port] == narrow.handed[other.port] == 0

        note = desk.get_by_label("What they wanted to talk about")
        for page, place in ((person, "status"), (behind, "status"), (desk, "strip")):
            await page.evaluate(WATCH, place)
        await person.locator("#box").press_sequentially("it is the ni")
        await behind.locator("#box").press_sequentially("anybody th")
        await note.press_sequentially("Awake since th")
        began = time.monotonic()
        await one.stop()
        took = time.monotonic() - began
        await expect(person.locator("#box")).to_have_value("it is the ni")
        await expect(behind.locator("#box")).to_have_value("anybody th")
        await expect(note).to_have_value("Awake since th")

        await person.locator("#box").press_sequentially("ghts")
        await person.locator("#send").click()
        await expect(said(desk, "it is the nights")).to_be_visible()
        await write(desk, "The nights are long")
        await expect(person.get_by_role("log")).to_contain_text("The nights are long")
        await behind.locator("#box").press_sequentially("ere?")
        await behind.locator("#send").click()
        await expect(behind.locator("#sent")).to_contain_text("Sent")
        await note.press_sequentially("ree")
        await expect(desk.locator("#help")).to_contain_text("Saved")
        assert [await shown(page) for page in (person, behind, desk)] == [[], [], []]
        assert min(balancer.handed[other.port], narrow.handed[other.port]) > 0
        assert took < 12, took
        assert "error" not in one.said().lower(), one.said()
