"""The server is held still for a while, or its disk is full: nobody loses a word and nothing is said twice."""

import asyncio
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.crash.conftest import fill
from tests.crash.evening import definition_for, finish, persons, signed_in
from tests.crash.server import Driver, Server
from tests.crash.verdict import mistakes, talks_of

SUPPORTERS = 2
PERSONS = 20
QUICK = 150
PATIENCE_MS = 1_000
# Longer than an append may wait in the server (10 s), so that it, too, stops believing in what it began.
LONG_HOLD_SECONDS = 12


async def serving(folder: Path, tmp_path: Path) -> AsyncIterator[Server]:
    server = Server(folder, definition_for(tmp_path, SUPPORTERS), log=tmp_path / "server.log")
    await server.start()
    yield server
    await server.kill()


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Server]:
    async for server in serving(tmp_path / "service", tmp_path):
        yield server


@pytest.fixture
async def cramped_server(small_disk: Path, tmp_path: Path) -> AsyncIterator[Server]:
    async for server in serving(small_disk / "service", tmp_path):
        yield server


async def begin(server: Server, driver: Driver, timeout_ms: int) -> None:
    """Everybody talks, a word every QUICK milliseconds or so."""
    supporters = await signed_in(server, SUPPORTERS, pause=QUICK * 10)
    people = persons(PERSONS, pause=QUICK)
    await driver.do(
        "begin", url=server.url, seed=1, supporters=supporters, persons=people, timeout=timeout_ms
    )
    await driver.do("until", live=PERSONS, acked=3 * PERSONS)


@pytest.mark.timeout(300)
async def test_a_server_held_still_in_mid_storm_loses_and_doubles_nothing(
    server: Server, driver: Driver, proving: bool
) -> None:
    await begin(server, driver, PATIENCE_MS)
    before = await driver.do("count")
    server.send(signal.SIGSTOP)
    try:
        # Everybody has sent a message, heard nothing, and sent it again.
        await driver.do("until", unanswered=before["unanswered"] + 2 * PERSONS)
        if proving:
            await asyncio.sleep(LONG_HOLD_SECONDS)
    finally:
        server.send(signal.SIGCONT)
    await driver.do("until", acked=before["acked"] + 6 * PERSONS)
    report, kept = await finish(server, driver)
    wrong = mistakes(talks_of(report), kept, ["the storm"])
    assert not wrong, "\n".join(wrong)


@pytest.mark.timeout(300)
async def test_on_a_full_disk_words_wait_reading_goes_on_and_with_room_every_word_is_kept_once(
    cramped_server: Server, driver: Driver, small_disk: Path
) -> None:
    server = cramped_server
    await begin(server, driver, timeout_ms=5_000)
    ballast = await asyncio.to_thread(fill, small_disk)
    everybody = [f"en {number}" for number in range(1, PERSONS + 1)] + ["s0", "s1"]
    await driver.do("refusals", name="not_saved same_id", by=everybody)
    # Whoever comes now is told the same, and is not forgotten.
    late = [{**one, "name": "late", "token": "late-".ljust(43, "0")} for one in persons(1, pause=QUICK)]
    await driver.do("begin", url=server.url, seed=2, supporters=[], persons=late)
    await driver.do("refusals", name="not_saved same_id", by=["late"])
    shown = (await driver.do("afresh", names=everybody))["shown"]
    assert len(shown) == PERSONS
    assert all(anew == there > 0 for anew, there in shown.values()), shown
    before = await driver.do("count")

    await asyncio.to_thread(ballast.unlink)
    await driver.do("until", live=PERSONS + 1, acked=before["acked"] + 3 * PERSONS)
    report, kept = await finish(server, driver)
    wrong = mistakes(talks_of(report), kept, ["the storm"])
    assert not wrong, "\n".join(wrong)
