"""What the board says while the machines of a service do not hear each other, or run what the others do not."""

import asyncio
import os
from pathlib import Path

import pytest
from playwright.async_api import expect

from app import DEMO
from tests.browser.chromium import Windows, check_accessible
from tests.crash.server import Server
from tests.engines import Redis, database_in, empty


def started_with_another_file(folder: Path) -> Path:
    """The demonstration's, but for what it is called."""
    ours, given = folder / "another.toml", DEMO.read_text()
    assert 'name = "Moorside Listening Line"' in given
    ours.write_text(given.replace('name = "Moorside Listening Line"', 'name = "Another Line"', 1))
    return ours


@pytest.mark.timeout(180)
async def test_the_board_says_so_while_machines_do_not_hear_each_other_or_run_what_the_others_do_not(
    tmp_path: Path, replica_set: str, windows: Windows
) -> None:
    address = database_in(replica_set, f"board_{os.getpid()}")
    await asyncio.to_thread(empty, address)
    redis = Redis(tmp_path / "redis")

    def node(name: str, definition: Path) -> Server:
        log = tmp_path / f"{name}.log"
        return Server(tmp_path / "service", definition, log=log, store=address, bus=redis.address)

    one, other = node("one", DEMO), node("other", started_with_another_file(tmp_path))
    try:
        await one.start()
        board = await windows.open()
        name, _, value = (await one.sign_in("jo")).partition("=")
        await board.context.add_cookies([{"name": name, "value": value, "url": one.url}])
        await board.goto(f"{one.url}/board")
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
        redis.close()
