"""What the board says while machines do not hear each other, run what the others do not, or get no keys."""

import asyncio
from pathlib import Path

import aiohttp
import pytest
from playwright.async_api import Page, expect

from app import DEMO
from tests.browser.chromium import Windows, check_accessible
from tests.browser.on_shift import let_in
from tests.crash.server import Server
from tests.engines import Redis, ReplicaSet, database_in


def started_with_another_file(folder: Path) -> Path:
    """The demonstration's, but for what it is called."""
    ours, given = folder / "another.toml", DEMO.read_text()
    assert 'name = "Moorside Listening Line"' in given
    ours.write_text(given.replace('name = "Moorside Listening Line"', 'name = "Another Line"', 1))
    return ours


async def leads_board(server: Server, windows: Windows) -> Page:
    board = await windows.open()
    await let_in(board, server, "jo")
    await board.goto(f"{server.url}/board")
    return board


@pytest.mark.timeout(180)
async def test_the_board_says_so_while_machines_do_not_hear_each_other_or_run_what_the_others_do_not(
    tmp_path: Path, database: str, redis: Redis, windows: Windows
) -> None:
    def node(name: str, definition: Path) -> Server:
        log = tmp_path / f"{name}.log"
        return Server(tmp_path / "service", definition, log=log, store=database, bus=redis.address)

    one, other = node("one", DEMO), node("other", started_with_another_file(tmp_path))
    try:
        await one.start()
        board = await leads_board(one, windows)
        strip = board.locator("#strip")
        await expect(board.locator("#alerts")).to_contain_text("Nothing needs you this minute.")
        await other.start()
        await expect(strip).to_contain_text("Started with another service file or version than this one")
        redis.kill()
        await expect(strip).to_contain_text("The machines of this service do not hear each other since")
        await expect(strip).to_contain_text("nothing is lost")
        await check_accessible(board)
        redis.revive()
        await expect(strip).not_to_contain_text("do not hear each other")
        await other.stop()
        await expect(strip).not_to_contain_text("Started with another")
    finally:
        for server in (one, other):
            await server.kill()


@pytest.mark.timeout(180)
async def test_while_the_key_store_is_away_boards_and_probes_say_since_when(
    tmp_path: Path, database: str, redis: Redis, windows: Windows
) -> None:
    keeper = await asyncio.to_thread(ReplicaSet, tmp_path / "keys", 1)
    node = Server(
        tmp_path / "service",
        DEMO,
        store=database,
        bus=redis.address,
        environment={"HELPLINE_KEY_STORE": database_in(keeper.address, "keys")},
    )

    async def said_by_the_probe() -> tuple[bool, object]:
        async with aiohttp.ClientSession() as asking, asking.get(f"{node.url}/readyz") as answer:
            told = await answer.json()
            return told["ready"], told["no_keys_since"]

    try:
        await node.start()
        board = await leads_board(node, windows)
        strip = board.locator("#strip")
        await expect(board.locator("#alerts")).to_contain_text("Nothing needs you this minute.")
        assert await said_by_the_probe() == (True, None)
        keeper.members[0].freeze()
        await expect(strip).to_contain_text("Nobody new can begin", timeout=20_000)
        await check_accessible(board)
        ready, since = await said_by_the_probe()
        assert ready, "whoever talks may come back here"
        assert since
        keeper.members[0].thaw()
        await expect(strip).not_to_contain_text("Nobody new can begin", timeout=20_000)
        assert await said_by_the_probe() == (True, None)
    finally:
        await node.kill()
        keeper.close()
