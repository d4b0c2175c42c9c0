"""`helpline move`: everything goes from one store to the other and back, whatever interrupts it."""

import asyncio
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from app import cli
from helpline.clock import SystemClock
from helpline.commands.move import shelf_at
from helpline.errors import StoreBusy
from helpline.events import PERSON
from helpline.moving import KINDS, PAGE, CannotMove, Item, Kind, Moved, Shelf, move
from helpline.ports import Head, Record
from helpline.service import Helpline
from helpline.stores.mongo import MongoStore
from helpline.stores.mongo_shelf import MongoShelf
from helpline.stores.moved import NotHere
from helpline.stores.opening import open_store
from helpline.stores.sqlite import SqliteStore
from helpline.stores.sqlite_shelf import SqliteShelf
from helpline.talking import Message
from tests.engines import emptied
from tests.helpline.commands.filling import EVENING, fill, told
from tests.helpline.evening import Evening

HOUSE = Path(__file__).resolve().parents[3]
CUT_SHORT = """
import asyncio, os, signal, sys
from helpline.clock import SystemClock
from helpline.commands.move import shelf_at
from helpline.moving import move

async def cut_short(source, target):
    here, there = await shelf_at(source, SystemClock()), await shelf_at(target, SystemClock())
    await move(here, there, lambda stage, looked: os.kill(os.getpid(), signal.SIGKILL))

asyncio.run(cut_short(*sys.argv[1:]))
"""
"""A move that is killed as soon as its first page was written."""


@pytest.fixture
def mongodb(replica_set: str) -> str:
    return emptied(replica_set, "move")


async def filled(folder: Path, logs: int = 210) -> dict[str, Any]:
    store = await SqliteStore.open(folder, SystemClock())
    await fill(store, logs)
    kept = await told(store, logs)
    await store.close()
    return kept


async def kept_at(address: str, folder: Path, logs: int = 210) -> dict[str, Any]:
    store = await open_store(address, folder, SystemClock())
    kept = await told(store, logs)
    await store.close()
    return kept


async def moved(source: Path | str, target: Path | str) -> Moved:
    addresses = [place if isinstance(place, str) else f"sqlite:{place}" for place in (source, target)]
    here, there = [await shelf_at(address, SystemClock()) for address in addresses]
    try:
        return await move(here, there, lambda _stage, _looked: None)
    finally:
        await here.close()
        await there.close()


async def everything(shelf: Shelf) -> dict[Kind, Sequence[Item]]:
    try:
        return {kind: await shelf.items(kind, None, None, 0) for kind in KINDS}
    finally:
        await shelf.close()


async def test_everything_goes_there_is_worked_on_and_comes_back_equal(tmp_path: Path, mongodb: str) -> None:
    first, fresh = tmp_path / "first", tmp_path / "fresh"
    before = await filled(first)
    result = await moved(first, mongodb)
    assert result.counted == {"logs": 211, "documents": 58, "audit": 30, "facts": 30}
    assert result.written == result.counted
    assert await kept_at(mongodb, tmp_path / "unused") == before

    store = await MongoStore.open(mongodb, SystemClock())
    await store.append(Record("c-00000", 4, 1, b"later", (b"0 again",), (4,)))
    await store.append(
        Record("c-new", 1, 1, b"new", (b"1 phone",), (1,), Head("c-new", 1, True, None, EVENING))
    )
    assert (await store.put("shift", "s-5", b"moved on", 1)).change == 63
    await store.drop("session", ["s-2"])
    await store.audit(b"later")
    after = await told(store)
    await store.close()

    # Into the folder it once came from: only what differs is written, and what is gone there goes here.
    back = await moved(mongodb, first)
    assert back.written == {"logs": 2, "documents": 1, "audit": 1, "facts": 0}
    assert await kept_at("", first) == after
    await moved(first, fresh)
    assert await kept_at("", fresh) == after


async def test_both_stores_say_the_same_of_what_was_moved(tmp_path: Path, mongodb: str) -> None:
    await filled(tmp_path / "data", 40)
    await moved(tmp_path / "data", mongodb)
    here = await everything(SqliteShelf(tmp_path / "data", SystemClock().now()))
    there = await everything(await MongoShelf.open(mongodb, SystemClock().now()))
    assert here == there


@pytest.mark.parametrize("there", ["mongodb", "sqlite"])
async def test_a_move_killed_half_way_is_not_opened_and_goes_on_where_it_was(
    tmp_path: Path, mongodb: str, there: str
) -> None:
    logs = 230
    before = await filled(tmp_path / "data", logs)
    source, target = f"sqlite:{tmp_path / 'data'}", mongodb
    if there == "sqlite":
        await moved(tmp_path / "data", mongodb)
        source, target = mongodb, f"sqlite:{tmp_path / 'back'}"
    killed = await begun("-c", CUT_SHORT, source, target)
    assert await killed.wait() == -signal.SIGKILL
    place = ("", tmp_path / "back") if there == "sqlite" else (mongodb, tmp_path / "unused")
    with pytest.raises(NotHere, match="did not end"):
        await open_store(*place, SystemClock())
    resumed = await begun("app.py", "move", "--from", source, "--to", target)
    said = (await resumed.communicate())[0].decode()
    assert resumed.returncode == 0
    assert f"{logs + 1:,} logs, compared one by one" in said
    written = int(said.split("compared one by one; ")[1].split(" written")[0].replace(",", ""))
    assert written == logs + 1 - PAGE
    assert await kept_at(*place, logs) == before


async def begun(*command: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, *command, cwd=HOUSE, stdout=asyncio.subprocess.PIPE
    )


async def test_the_service_goes_on_there_with_the_same_keys_and_no_page_starts_over(
    tmp_path: Path, mongodb: str
) -> None:
    evening = await Evening(tmp_path).open()
    await evening.on("ania")
    contact = await evening.person(first="I can't sleep")
    before = evening.line
    fold, events, epoch = (
        await before.contact(contact),
        await before.logbook.read(contact),
        before.store.epoch,
    )
    accounts = {account.id: account for account in before.people}
    await evening.close()
    await moved(tmp_path / "data", mongodb)
    after = await Helpline.open(
        evening.definition, data=tmp_path / "data", keys=tmp_path / "keys", clock=evening.clock, store=mongodb
    )
    assert after.store.epoch == epoch
    assert await after.contact(contact) == fold
    assert await after.logbook.read(contact) == events
    assert {account.id: account for account in after.people} == accounts
    answer = await after.say(contact, PERSON, [Message("7f1c5a9e-0000-4000-8000-000000000001", "still here")])
    assert answer.seq == fold.seq + 1
    await after.close()


async def test_what_was_moved_away_is_not_opened_and_not_moved_again(tmp_path: Path, mongodb: str) -> None:
    await filled(tmp_path / "data", 3)
    await moved(tmp_path / "data", mongodb)
    with pytest.raises(NotHere, match="was moved to mongodb://"):
        await open_store("", tmp_path / "data", SystemClock())
    with pytest.raises(CannotMove, match="what is there now is newer"):
        await moved(tmp_path / "data", mongodb)


async def test_a_store_in_use_is_not_written_over(tmp_path: Path, mongodb: str) -> None:
    await filled(tmp_path / "data", 3)
    await moved(tmp_path / "data", mongodb)
    await moved(mongodb, tmp_path / "copy")
    with pytest.raises(CannotMove, match="was moved to sqlite:"):
        await moved(mongodb, tmp_path / "copy")
    other = await SqliteStore.open(tmp_path / "other", SystemClock())
    await other.append(Record("c-1", 1, 1, b"-"))
    await other.close()
    with pytest.raises(CannotMove, match="another service's data"):
        await moved(tmp_path / "copy", tmp_path / "other")


async def test_a_folder_a_server_has_open_is_refused_by_the_process_that_has_it(
    tmp_path: Path, mongodb: str
) -> None:
    store = await SqliteStore.open(tmp_path / "data", SystemClock())
    with pytest.raises(StoreBusy, match=f"Process {os.getpid()} already has the data"):
        await moved(tmp_path / "data", mongodb)
    await store.close()


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ((), "Say --from and --to"),
        (("--from", "sqlite:/nowhere/at/all", "--to", "sqlite:/tmp/x"), "there is no data there"),
        (("--from", "/var/lib/night", "--to", "mongodb://host/"), "write sqlite:/the/data/folder"),
    ],
)
def test_a_wrong_address_is_told_with_the_right_form(
    asked: tuple[str, ...], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HELPLINE_STORE", raising=False)
    result = CliRunner().invoke(cli, ["move", *asked])
    assert result.exit_code == 1
    assert said in str(result.exception)
