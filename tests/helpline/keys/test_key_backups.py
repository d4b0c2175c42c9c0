"""`helpline keys backup` and `restore`: from any place of keys into any other, and never into the wrong one."""

import asyncio
import os
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from helpline import key_backups
from helpline import keys as keys_module
from helpline.backup_file import BackupFile, Damaged, Head, NotBroughtBack, Written
from helpline.commands import backup, doctor
from helpline.commands import keys as command
from helpline.errors import KeyMissing, StoreBusy
from helpline.key_backups import back_up_keys, bring_back_keys
from helpline.keyring import HALF_FILLED, Keyring, KeysElsewhere
from helpline.service import Helpline
from helpline.service_key import KeyUnfit
from helpline.settings import Settings
from helpline.stores import mongo_keys
from helpline.stores.last_backup import LastBackup, last_backup, remember
from helpline.stores.owner import make_folder
from tests.clock import SetClock
from tests.engines import emptied, empty
from tests.helpline.evening import EIGHT, Evening, definition_in
from tests.helpline.keys.conftest import CLASSES, FileOpener, MongoOpener, Opener

NOW = datetime(2026, 3, 7, 4, 0, tzinfo=UTC)


def nothing(_stage: str, _done: int) -> None:
    """Nobody watches the bar."""


def copied(service_key: Path, folder: Path) -> Path:
    """A folder of another machine with the same service key, and nothing else."""
    make_folder(folder)
    (folder / "service.key").write_bytes(service_key.read_bytes())
    (folder / "service.key").chmod(0o600)
    return folder


async def brought_back(path: Path, keys: Keyring) -> int:
    file = BackupFile(path)
    try:
        return await bring_back_keys(file, keys, nothing)
    finally:
        file.close()


async def some(keys: Keyring) -> dict[str, dict[str, bytes]]:
    await asyncio.gather(*[keys.create(f"c-{n:04}", CLASSES) for n in range(30)])
    await keys.destroy("c-0003", ["words", "note"])
    await keys.destroy("c-0004", CLASSES)
    return {f"c-{n:04}": await keys.reread(f"c-{n:04}") for n in range(30)}


async def test_keys_go_from_a_file_into_a_key_store_and_back_and_what_was_destroyed_stays_so(
    folder: Path,
    open_file: FileOpener,
    open_mongo: MongoOpener,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for module in (keys_module, mongo_keys, key_backups):
        monkeypatch.setattr(module, "PAGE", 7)
    first = await open_file()
    wanted = await some(first)
    assert await back_up_keys(first, tmp_path / "first.keys", NOW, nothing) == 30
    store = await open_mongo()
    marks = {first.mark, store.mark}
    assert await brought_back(tmp_path / "first.keys", store) == 30
    assert {log: await store.get(log) for log in wanted} == wanted
    # They are another set from now on: whoever still writes to the old one is not believed.
    assert store.mark not in marks
    assert await back_up_keys(store, tmp_path / "second.keys", NOW, nothing) == 30
    last = await open_file(copied(folder / "service.key", tmp_path / "last"))
    assert await brought_back(tmp_path / "second.keys", last) == 30
    assert {log: await last.get(log) for log in wanted} == wanted
    assert await last.knows("c-0004")
    assert not await last.knows("c-9999")


async def test_without_the_service_key_a_backup_of_keys_opens_nothing(
    open_file: FileOpener, tmp_path: Path
) -> None:
    keys = await open_file()
    created = await keys.create("c-1", CLASSES)
    path = tmp_path / "night.keys"
    await back_up_keys(keys, path, NOW, nothing)
    raw = path.read_bytes()
    assert not [key for key in created.values() if key in raw]
    assert path.stat().st_mode & 0o777 == 0o600
    other = await open_file(tmp_path / "other")
    with pytest.raises(
        NotBroughtBack, match=f"belongs to the service key {keys.service_key.id}.*Put the copy of"
    ):
        await brought_back(path, other)
    assert await other.get("c-1") == {}


async def test_a_place_that_has_keys_is_refused_by_name(open_keys: Opener, tmp_path: Path) -> None:
    keys = await open_keys()
    await keys.create("c-1", CLASSES)
    await back_up_keys(keys, tmp_path / "night.keys", NOW, nothing)
    with pytest.raises(NotBroughtBack, match="holds the keys of 1 logs already"):
        await brought_back(tmp_path / "night.keys", keys)


async def test_a_backup_whose_keys_are_damaged_or_of_data_is_refused_before_anything_is_written(
    open_file: FileOpener, tmp_path: Path
) -> None:
    keys = await open_file()
    for holds, said in (("keys", "do not open with the service key"), ("data", "is a backup of data")):
        path = tmp_path / f"odd.{holds}"
        head = Head(id="1", holds=holds, at=NOW, source="there", keys=keys.mark)  # type: ignore[arg-type]
        with Written(path, head) as written:
            written.put("keys of a log", {"log": "c-1", "classes": {"words": os.urandom(60)}})
            written.end()
            written.take_its_name()
        with pytest.raises((Damaged, NotBroughtBack), match=said):
            await brought_back(path, keys)
        assert await keys.count() == 0


async def test_keys_that_were_half_brought_back_are_not_opened(open_keys: Opener) -> None:
    keys = await open_keys()
    await keys.call_itself(f"{HALF_FILLED}1")
    with pytest.raises(KeyUnfit, match="helpline keys restore did not end"):
        await open_keys()


# -- a whole service -------------------------------------------------------------------------------------------------


def settings_in(folder: Path, *, key_store: str = "", data: Path | None = None) -> Settings:
    return Settings(
        definition=folder / "evening.toml",
        data=data or folder / "data",
        keys=folder / "keys",
        key_store=key_store,
    )


def told() -> Console:
    return Console(file=StringIO(), width=400)


async def opened(settings: Settings) -> Helpline:
    return await Helpline.open(
        definition_in(settings.definition.parent),
        data=settings.data,
        keys=settings.keys,
        clock=SetClock(EIGHT),
        key_store=settings.key_store,
    )


async def test_a_service_goes_from_its_file_of_keys_to_a_key_store_and_the_file_is_refused_from_then_on(
    tmp_path: Path, key_store: str
) -> None:
    evening = await Evening(tmp_path).open()
    contact = await evening.person(first="I can't sleep")
    events = await evening.line.logbook.read(contact)
    before, after = settings_in(tmp_path), settings_in(tmp_path, key_store=key_store)
    clock, said = SetClock(NOW), told()

    def backed_up() -> Path:
        assert command.kept(before, f"{tmp_path}/key-backups/", clock, said) == 0
        (path,) = (tmp_path / "key-backups").iterdir()
        return path

    def restored() -> int:
        return command.brought_back(after, path, clock, said)

    path = await asyncio.to_thread(backed_up)
    with pytest.raises(StoreBusy):  # the service runs, and would go on writing with the old ones
        await asyncio.to_thread(restored)
    await evening.close()
    await asyncio.to_thread(empty, key_store)
    assert await asyncio.to_thread(restored) == 0
    helpline = await opened(after)
    assert await helpline.logbook.read(contact) == events
    await helpline.close()
    with pytest.raises(KeysElsewhere, match="say where they are with --key-store"):
        await opened(before)


async def test_backups_of_keys_that_are_past_their_time_are_wiped_and_others_stay(
    evening_at: Settings, tmp_path: Path
) -> None:
    folder, said = tmp_path / "key-backups", told()

    def kept_at(instant: datetime) -> None:
        assert command.kept(evening_at, f"{folder}/", SetClock(instant), said) == 0

    await asyncio.to_thread(kept_at, NOW)
    (folder / "other-20260101T000000Z.keys").write_bytes(next(folder.glob("*.keys")).read_bytes())
    (folder / "evening-notes.keys").write_text("ours, but no backup")
    for later in (timedelta(days=1), timedelta(days=7), timedelta(days=7, minutes=1)):
        await asyncio.to_thread(kept_at, NOW + later)
    names = sorted(path.name for path in folder.iterdir())
    assert names == [
        "evening-20260308T040000Z.keys",
        "evening-20260314T040000Z.keys",
        "evening-20260314T040100Z.keys",
        "evening-notes.keys",
        "other-20260101T000000Z.keys",
    ]


async def test_of_many_backups_the_newest_are_kept(evening_at: Settings, tmp_path: Path) -> None:
    said = told()

    def kept_each_hour() -> None:
        for hour in range(4):
            clock = SetClock(NOW + timedelta(hours=hour))
            assert backup.kept(evening_at, f"{tmp_path}/b/", clock, said, keep=2) == 0
            assert command.kept(evening_at, f"{tmp_path}/k/", clock, said, keep=3) == 0

    await asyncio.to_thread(kept_each_hour)
    assert [path.name[17:19] for path in sorted((tmp_path / "b").iterdir())] == ["06", "07"]
    assert [path.name[17:19] for path in sorted((tmp_path / "k").iterdir())] == ["05", "06", "07"]


@pytest.fixture
async def evening_at(tmp_path: Path) -> Settings:
    """A service that ran once."""
    evening = await Evening(tmp_path).open()
    await evening.person(first="I can't sleep")
    await evening.close()
    return settings_in(tmp_path)


async def test_there_is_nothing_to_back_up_before_the_first_start(tmp_path: Path) -> None:
    definition_in(tmp_path)
    with pytest.raises(KeyMissing, match="Has the service been started"):
        await asyncio.to_thread(command.kept, settings_in(tmp_path), f"{tmp_path}/b/", SetClock(NOW), told())


@pytest.mark.parametrize("kind", ["file", "mongodb"])
async def test_when_the_last_backup_was_is_known_beside_what_it_is_of(
    tmp_path: Path, replica_set: str, kind: str
) -> None:
    address = await asyncio.to_thread(emptied, replica_set, "last") if kind == "mongodb" else ""
    assert await last_backup(tmp_path, address) is None
    for n in (1, 2):
        last = LastBackup(NOW + timedelta(days=n), f"/backups/{n}.data", n)
        await remember(last, tmp_path, address)
        assert await last_backup(tmp_path, address) == last


async def test_the_doctor_asks_for_a_backup_that_is_missing_or_old(evening_at: Settings) -> None:
    def lines() -> dict[str, dict[str, object]]:
        return {str(one["what"]): one for one in asyncio.run(doctor.backups(evening_at))}

    never = await asyncio.to_thread(lines)
    assert (never["backup data"]["well"], never["backup keys"]["well"]) == (False, False)
    assert never["backup keys"]["say"] == "never; make one: helpline keys backup"
    now = datetime.now(UTC)
    await remember(LastBackup(now - timedelta(hours=25), "/backups/a.data", 1), evening_at.data)
    await remember(LastBackup(now - timedelta(hours=27), "/other/a.keys", 1), evening_at.keys)
    made = await asyncio.to_thread(lines)
    assert (made["backup data"]["well"], made["backup keys"]["well"]) == (True, False)
