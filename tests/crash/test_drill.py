"""The drill: talk, back up while talk goes on, lose everything, bring it back, and read every word on the record."""

import asyncio
import re
import shutil
from collections import Counter
from collections.abc import AsyncIterator
from html import unescape
from io import StringIO
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from rich.console import Console

from helpline.clock import SystemClock
from helpline.commands import backup, keys
from helpline.settings import Settings
from tests.crash.evening import definition_for, persons, signed_in
from tests.crash.server import Driver, Server
from tests.engines import database_in, empty

SUPPORTERS = 2
PERSONS = 4
ENOUGH = 30
SEED = 20_260_307
WORDS = re.compile(r'<bdi class="words"[^>]*>([^<]*)</bdi>')


class Drill:
    """One service and what becomes of it."""

    def __init__(self, folder: Path, store: str, key_store: str) -> None:
        self.folder, self.store, self.key_store = folder, store, key_store
        self.server = Server(folder / "service", definition_for(folder, SUPPORTERS), store=store)
        self.settings = Settings(
            definition=self.server.definition,
            data=self.server.folder / "data",
            keys=self.server.folder / "keys",
            store=store,
            key_store=key_store,
        )
        self.clock = SystemClock()
        self.said = StringIO()
        self._say = Console(file=self.said, width=400)

    async def back_up(self) -> None:
        for command, place in ((backup.kept, "backups/"), (keys.kept, "key-backups/")):
            status = await asyncio.to_thread(
                command, self.settings, f"{self.folder}/{place}", self.clock, self._say
            )
            assert status == 0, self.said.getvalue()

    async def lose_everything(self) -> None:
        """But the copy of the service key that somebody put into a safe."""
        safe = (self.settings.keys / "service.key").read_bytes()
        for folder in (self.settings.data, self.settings.keys):
            shutil.rmtree(folder)
        for address in filter(None, (self.store, self.key_store)):
            await asyncio.to_thread(empty, address)
        self.settings.keys.mkdir(mode=0o700)
        (self.settings.keys / "service.key").touch(mode=0o600)
        (self.settings.keys / "service.key").write_bytes(safe)

    async def bring_back(self) -> None:
        for command, place in ((keys.brought_back, "key-backups"), (backup.brought_back, "backups")):
            (file,) = (self.folder / place).iterdir()
            status = await asyncio.to_thread(command, self.settings, file, self.clock, self._say)
            assert status == 0, self.said.getvalue()


@pytest.fixture(params=["sqlite", "mongodb"])
async def drill(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Drill]:
    """On SQLite with a file of keys, and on MongoDB with a key store."""
    store = key_store = ""
    if request.param == "mongodb":
        address: str = request.getfixturevalue("replica_set")
        store, key_store = database_in(address, "drill"), database_in(address, "drill_keys")
        for each in (store, key_store):
            await asyncio.to_thread(empty, each)
        monkeypatch.setenv("HELPLINE_KEY_STORE", key_store)
    drill = Drill(tmp_path, store, key_store)
    await drill.server.start()
    yield drill
    await drill.server.kill()


def acknowledged(report: dict[str, Any]) -> dict[str, list[str]]:
    """What each contact's person and supporters were told is kept."""
    return {
        talk["contact"]: [
            one["text"]
            for side in (talk["person"], *talk["desks"])
            for one in side["said"]
            if one["seq"] is not None
        ]
        for talk in report["talks"]
    }


async def on_the_record(server: Server, contact: str) -> Counter[str]:
    """The words of a contact's record, as a lead reads them."""
    cookie = {"Cookie": await server.sign_in("lead")}
    async with (
        aiohttp.ClientSession(headers=cookie) as browser,
        browser.get(f"{server.url}/record/{contact}?page=all") as answer,
    ):
        assert answer.status == 200
        # Before a digit the page keeps words together by a space that does not break.
        page = unescape(await answer.text()).replace("\N{NO-BREAK SPACE}", " ")
        return Counter(WORDS.findall(page))


@pytest.mark.timeout(600)
async def test_every_word_that_was_acknowledged_before_the_backup_is_on_the_record_after_everything_was_lost(
    drill: Drill, driver: Driver
) -> None:
    server = drill.server
    supporters = await signed_in(server, SUPPORTERS)
    await driver.do("point", number=0)
    await driver.do("begin", url=server.url, seed=SEED, supporters=supporters, persons=persons(PERSONS))
    await driver.do("until", acked=ENOUGH, live=PERSONS)
    before = acknowledged(await driver.do("report"))
    await drill.back_up()
    # They talk through it: more is kept after it than was before.
    await driver.do("until", acked=sum(map(len, before.values())) + PERSONS, live=PERSONS)
    await server.kill()
    await driver.do("end")
    await drill.lose_everything()
    await drill.bring_back()
    await server.start()
    assert sum(map(len, before.values())) >= ENOUGH
    for contact, words in before.items():
        record = await on_the_record(server, contact)
        lost = [text for text in words if record[text] != 1]
        assert not lost, f"{contact}: not once on the record: {lost}"
