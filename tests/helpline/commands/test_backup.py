"""`helpline backup` and `restore`: what comes back is what was there at one instant, or it is refused by name."""

import asyncio
import os
import random
import re
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pymongo
import pymongo.uri_parser
import pytest
from pymongo import MongoClient
from typer.testing import CliRunner

from app import cli
from helpline import backups
from helpline.backup_check import Looked, look_through
from helpline.backup_file import UNFINISHED, Damaged, Head, NotBroughtBack, NotMade, Written
from helpline.backups import DataBackup, back_up, bring_back
from helpline.clock import SystemClock
from helpline.commands import backup as command
from helpline.errors import BadRequest
from helpline.keys import FileKeys
from helpline.moving import KINDS, Fact, Item, Key, Kind, Moved, Reading, WholeLog
from helpline.ports import AuditEntry, Record, Store
from helpline.settings import Settings
from helpline.stores.mongo_shelf import TooLate
from helpline.stores.moved import NotHere
from helpline.stores.opening import open_shelf, open_snapshot, open_store
from helpline.stores.sqlite_shelf import SqliteReading, SqliteShelf, SqliteSnapshot
from tests.engines import emptied
from tests.helpline.commands.filling import fill, told
from tests.helpline.evening import Evening

HOUSE = Path(__file__).resolve().parents[3]
NOW = datetime(2026, 3, 7, 4, 0, tzinfo=UTC)
LOGS = 40
CUT_SHORT = """
import asyncio, os, signal, sys
from pathlib import Path
from helpline.backups import DataBackup, back_up, bring_back
from helpline.clock import SystemClock
from helpline.stores.opening import open_shelf, open_snapshot

def killed(stage, done):
    if stage.startswith(sys.argv[1]):
        os.kill(os.getpid(), signal.SIGKILL)

async def cut_short(store, data, path):
    if sys.argv[1].startswith("writing"):
        await bring_back(DataBackup(path), await open_shelf(store, data, SystemClock().now()), None, killed)
    else:
        await back_up(await open_snapshot(store, data), path, None, SystemClock().now(), killed)

asyncio.run(cut_short(sys.argv[2], Path(sys.argv[3]), Path(sys.argv[4])))
"""
"""A backup or a restore that is killed in the stage that is named first."""


def nothing(_stage: str, _done: int) -> None:
    """Nobody watches the bar."""


@pytest.fixture
def mongodb(replica_set: str) -> str:
    return emptied(replica_set, "backup")


@pytest.fixture(params=["sqlite", "mongodb"])
def store_address(request: pytest.FixtureRequest) -> str:
    """Where the data is kept, each kind in turn; empty for a folder."""
    if request.param == "sqlite":
        return ""
    address: str = request.getfixturevalue("mongodb")
    return address


@pytest.fixture
async def filled(tmp_path: Path) -> Path:
    """A data folder with something of everything."""
    store = await open_store("", tmp_path / "data", SystemClock())
    await fill(store, LOGS)
    await store.close()
    return tmp_path / "data"


async def backed_up(data: Path, path: Path, store: str = "", keys: FileKeys | None = None) -> Looked:
    source = await open_snapshot(store, data)
    try:
        return await back_up(source, path, keys, NOW, nothing)
    finally:
        await source.close()


async def restored(path: Path, data: Path, store: str = "") -> Moved:
    source, target = DataBackup(path), await open_shelf(store, data, NOW)
    try:
        return await bring_back(source, target, None, nothing)
    finally:
        await target.close()
        await source.close()


async def kept(data: Path, store: str = "") -> dict[str, object]:
    opened = await open_store(store, data, SystemClock())
    try:
        return await told(opened, LOGS)
    finally:
        await opened.close()


async def test_a_backup_of_one_store_comes_back_into_the_other_and_from_there(
    filled: Path, tmp_path: Path, mongodb: str
) -> None:
    first, second = tmp_path / "first.data", tmp_path / "second.data"
    before = await kept(filled)
    looked = await backed_up(filled, first)
    assert looked.counts == {"logs": LOGS + 1, "documents": 58, "audit": 30, "facts": 30}
    moved = await restored(first, tmp_path / "unused", mongodb)
    assert moved.counted == moved.written == looked.counts
    there = await kept(tmp_path / "unused", mongodb)
    assert (await backed_up(tmp_path / "unused", second, mongodb)).counts == looked.counts
    await restored(second, tmp_path / "back")
    back = await kept(tmp_path / "back")
    # Open pages must see that it is another history.
    assert len({str(each.pop("epoch")) for each in (before, there, back)}) == 3
    assert before == there == back


class Writing:
    """Somebody who writes one event into the log that is read first, then one into the log that is read last."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.acknowledged = 0
        self.stop = False

    async def write(self) -> None:
        while not self.stop:
            for log in ("c-first", "z-last"):
                await self._store.append(Record(log, self.acknowledged + 1, 1, b"-"))
            self.acknowledged += 1


async def test_what_is_read_is_one_instant_with_all_that_was_acknowledged_before(
    tmp_path: Path, store_address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backups, "PAGE", 5)
    store = await open_store(store_address, tmp_path / "data", SystemClock())
    await fill(store, 100)
    writing = Writing(store)
    task = asyncio.ensure_future(writing.write())
    try:
        for n in range(3):
            before = writing.acknowledged
            while writing.acknowledged < before + 5:  # noqa: ASYNC110 (nobody tells)
                await asyncio.sleep(0.005)
            acknowledged, path = writing.acknowledged, tmp_path / f"{n}.data"
            # As a command is: in a thread and a loop of its own, while the service goes on in this one.
            await asyncio.to_thread(in_a_loop_of_its_own, tmp_path / "data", path, store_address)
            assert writing.acknowledged > acknowledged, "nobody wrote meanwhile"
            ends = {log.name: log.records[-1].last_seq for log in logs_in(path)}
            assert acknowledged <= ends["z-last"] <= ends["c-first"] <= ends["z-last"] + 1
    finally:
        writing.stop = True
        await task
        await store.close()


def in_a_loop_of_its_own(data: Path, path: Path, store: str) -> None:
    asyncio.run(backed_up(data, path, store))


def logs_in(path: Path) -> list[WholeLog]:
    source = DataBackup(path)
    try:
        return [
            msgspec.msgpack.decode(value, type=WholeLog)
            for kind, value, _ in source.file.frames()
            if kind == "logs"
        ]
    finally:
        source.file.close()


async def test_an_instant_the_engine_no_longer_remembers_is_said_with_the_setting(
    replica_set: str, mongodb: str, tmp_path: Path
) -> None:
    store = await open_store(mongodb, tmp_path / "data", SystemClock())
    await fill(store, 3)
    await store.close()
    database = pymongo.uri_parser.parse_uri(mongodb)["database"]
    with MongoClient[dict[str, object]](replica_set) as client:
        told = {
            "failCommands": ["find"],
            "namespace": f"{database}.facts",
            "errorCode": 239,
            "errorLabels": [],
        }
        client.admin.command("configureFailPoint", "failCommand", mode="alwaysOn", data=told)
        try:
            with pytest.raises(TooLate, match="minSnapshotHistoryWindowInSeconds"):
                await backed_up(tmp_path / "data", tmp_path / "night.data", mongodb)
        finally:
            client.admin.command("configureFailPoint", "failCommand", mode="off")
    assert not (tmp_path / "night.data").exists()


# -- what is not whole ---------------------------------------------------------------------------------------------


async def test_a_backup_in_which_any_byte_was_changed_is_refused(filled: Path, tmp_path: Path) -> None:
    path, spoilt = tmp_path / "night.data", tmp_path / "spoilt.data"
    await backed_up(filled, path)
    whole = path.read_bytes()
    chance = random.Random(20_260_307)
    places = [0, 20, len(whole) - 1, *(chance.randrange(len(whole)) for _ in range(80))]
    for place in places:
        spoilt.write_bytes(
            whole[:place] + bytes([whole[place] ^ 1 << chance.randrange(8)]) + whole[place + 1 :]
        )
        with pytest.raises((Damaged, NotBroughtBack)):
            await look_through(spoilt, None, nothing)
    for length in (0, 10, 400, len(whole) // 2, len(whole) - 1):
        spoilt.write_bytes(whole[:length])
        with pytest.raises(Damaged):
            DataBackup(spoilt)
    assert (await look_through(path, None, nothing)).counts["logs"] == LOGS + 1


def entry(n: int, link: bytes = bytes(32)) -> AuditEntry:
    return AuditEntry(n, b"-", link)


@pytest.mark.parametrize(
    ("items", "said"),
    [
        (
            [("logs", WholeLog("c-1", (Record("c-1", 1, 2, b"-"), Record("c-1", 4, 1, b"-")), None))],
            "gap after 2",
        ),
        ([("logs", WholeLog("c-1", (Record("c-1", 2, 1, b"-"),), None))], "gap after 0"),
        ([("logs", WholeLog("c-2", (), None)), ("logs", WholeLog("c-1", (), None))], "not in order"),
        ([("facts", Fact("c-1", 1, 1, b"")), ("facts", Fact("c-1", 1, 1, b""))], "not in order"),
        ([("audit", entry(1))], "entry 1 of the audit does not follow"),
    ],
)
async def test_whole_frames_that_do_not_make_a_whole_are_refused(
    tmp_path: Path, items: list[tuple[str, Item]], said: str
) -> None:
    path = tmp_path / "odd.data"
    head = Head(id="1", holds="data", at=NOW, source="sqlite:/there", keys="")
    with Written(path, head) as written:
        for kind, item in items:
            written.put(kind, item)
        written.end()
        with pytest.raises(Damaged, match=said):
            await look_through(written.on_the_way, None, nothing)
        written.take_its_name()


class _Failing(SqliteSnapshot):
    async def items(self, kind: Kind, after: Key | None, upto: Key | None, limit: int) -> Sequence[Item]:
        if kind == "facts":
            raise OSError("the line broke")
        return await super().items(kind, after, upto, limit)


async def test_a_backup_that_failed_leaves_the_one_before_as_it_was(filled: Path, tmp_path: Path) -> None:
    path = tmp_path / "night.data"
    await backed_up(filled, path)
    before = path.read_bytes()
    source: Reading = _Failing(filled)
    with pytest.raises(OSError, match="the line broke"):
        await back_up(source, path, None, NOW, nothing)
    await source.close()
    assert path.read_bytes() == before
    assert not path.with_name(path.name + UNFINISHED).exists()
    await backed_up(filled, path)
    assert path.read_bytes() != before
    assert path.stat().st_mode & 0o777 == 0o600


async def test_what_is_no_backup_is_not_written_over(filled: Path, tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("Dear Jo")
    with pytest.raises(NotMade, match="is no backup"):
        await backed_up(filled, tmp_path / "letter.txt")
    assert (tmp_path / "letter.txt").read_text() == "Dear Jo"


async def test_two_backups_to_one_name_do_not_write_into_each_other(filled: Path, tmp_path: Path) -> None:
    path = tmp_path / "night.data"
    head = Head(id="1", holds="data", at=NOW, source="sqlite:/there", keys="")
    with Written(path, head) as first:
        with pytest.raises(NotMade, match="another backup is writing it now"):
            await backed_up(filled, path)
        first.end()
        first.take_its_name()


async def killed(stage: str, store: str, data: Path, path: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", CUT_SHORT, stage, store, str(data), str(path), cwd=HOUSE
    )
    assert await process.wait() == -signal.SIGKILL


async def test_a_killed_backup_has_no_name_and_the_next_one_begins_anew(filled: Path, tmp_path: Path) -> None:
    path = tmp_path / "night.data"
    await killed("reading audit", "", filled, path)
    assert not path.exists()
    assert path.with_name(path.name + UNFINISHED).exists()
    assert (await backed_up(filled, path)).counts["logs"] == LOGS + 1
    assert not path.with_name(path.name + UNFINISHED).exists()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", disk], capture_output=True, text=True, check=False
    )
    if mounted.returncode != 0:
        pytest.fail(f"a small disk is needed to fill it, and mounting a tmpfs was refused: {mounted.stderr}")
    yield disk
    subprocess.run(["umount", disk], check=True)


async def test_a_full_disk_is_said_plainly_and_nothing_stays_behind(tmp_path: Path, small_disk: Path) -> None:
    store = await open_store("", tmp_path / "data", SystemClock())
    await asyncio.gather(*[store.append(Record(f"c-{n:03}", 1, 1, os.urandom(9_000))) for n in range(300)])
    await store.close()
    for _ in range(2):
        with pytest.raises(NotMade, match=r"no room for it on that disk\. Nothing was left behind"):
            await backed_up(tmp_path / "data", small_disk / "night.data")
        assert os.statvfs(small_disk).f_files - os.statvfs(small_disk).f_ffree == 1  # the folder itself


# -- bringing back -------------------------------------------------------------------------------------------------


async def test_a_place_that_is_not_empty_is_refused_by_name(filled: Path, tmp_path: Path) -> None:
    path = tmp_path / "night.data"
    await backed_up(filled, path)
    before = await kept(filled)
    with pytest.raises(NotBroughtBack, match=r"data is not empty: it holds 41 logs, 58 documents"):
        await restored(path, filled)
    assert await kept(filled) == before


async def test_what_was_half_brought_back_is_not_opened_and_the_same_restore_goes_on(
    filled: Path, tmp_path: Path, store_address: str
) -> None:
    path, there = tmp_path / "night.data", tmp_path / "there"
    await backed_up(filled, path)
    await killed("writing documents", store_address, there, path)
    with pytest.raises(NotHere, match=r"did not end\. Give the same helpline restore again"):
        await open_store(store_address, there, SystemClock())
    other = tmp_path / "other.data"
    await backed_up(filled, other)
    with pytest.raises(NotBroughtBack, match="is not empty"):
        await restored(other, there, store_address)
    moved = await restored(path, there, store_address)
    assert moved.written["logs"] == 0
    assert {kind: moved.counted[kind] for kind in KINDS} == {
        "logs": LOGS + 1, "documents": 58, "audit": 30, "facts": 30
    }  # fmt: skip
    here, back = await kept(filled), await kept(there, store_address)
    assert here.pop("epoch") != back.pop("epoch")
    assert here == back


# -- with a service's own keys ---------------------------------------------------------------------------------------


@pytest.fixture
async def evening(tmp_path: Path) -> AsyncIterator[Evening]:
    evening = await Evening(tmp_path).open()
    await evening.on("ania")
    for n in range(5):
        await evening.person(first=f"MARKEDWORDS {n}")
    yield evening
    await evening.close()


async def keys_of(evening: Evening) -> FileKeys:
    return await FileKeys.open(evening.folder / "keys", data_exists=True)


async def test_every_log_of_a_running_service_opens_with_its_keys_and_no_key_or_word_is_in_the_backup(
    evening: Evening, tmp_path: Path
) -> None:
    path = tmp_path / "night.data"
    keys = await keys_of(evening)
    looked = await backed_up(tmp_path / "data", path, keys=keys)
    assert looked.well
    assert looked.opened == looked.counts["logs"] >= 7
    raw = path.read_bytes()
    wrapped = [one async for page in keys.pages() for one in page]
    await keys.close()
    assert not [one.log for one in wrapped if any(key in raw for key in one.classes.values())]
    assert b"MARKEDWORDS" not in raw


async def test_logs_whose_keys_are_missing_damaged_or_destroyed_are_told_apart(
    evening: Evening, tmp_path: Path
) -> None:
    missing, damaged, forgotten, _, _ = sorted(fold.log for fold in evening.line.logbook.all_held("c-"))
    keys = await keys_of(evening)
    await keys.destroy(forgotten, ["frame"])

    def spoil(db: object) -> None:
        db.execute("DELETE FROM keys WHERE log = ?", (missing,))  # type: ignore[attr-defined]
        db.execute("UPDATE keys SET wrapped = randomblob(60) WHERE log = ?", (damaged,))  # type: ignore[attr-defined]

    await keys.writer.run(spoil)
    looked = await backed_up(tmp_path / "data", tmp_path / "night.data", keys=keys)
    await keys.close()
    assert (looked.without, looked.unreadable, looked.forgotten) == ([missing], [damaged], 1)
    assert not looked.well


def service_in(folder: Path) -> Path:
    """A service's file beside its data and keys."""
    return folder / "evening.toml"


def asked(*words: str, folder: Path) -> tuple[int, str]:
    places = ("--data", str(folder / "data"), "--keys", str(folder / "keys"))
    result = CliRunner().invoke(cli, [*words, *places])
    return result.exit_code, result.output + str(result.exception or "")


async def test_a_drill_with_the_commands_alone(evening: Evening, tmp_path: Path) -> None:
    contacts = {fold.log for fold in evening.line.logbook.all_held("c-")}
    service, new = str(service_in(tmp_path)), tmp_path / "new"

    def drill() -> None:
        status, said = asked("backup", service, "--to", f"{tmp_path}/backups/", folder=tmp_path)
        assert status == 0, said
        assert "read again from there" in said
        assert "logs opened with their keys" in said
        (data,) = (tmp_path / "backups").iterdir()
        assert re.fullmatch(r"evening-20\d{6}T\d{6}Z\.data", data.name)
        status, said = asked("keys", "backup", service, "--to", f"{tmp_path}/key-backups/", folder=tmp_path)
        assert status == 0, said
        (keys,) = (tmp_path / "key-backups").iterdir()
        (new / "keys").mkdir(parents=True)
        (new / "keys" / "service.key").write_bytes((tmp_path / "keys" / "service.key").read_bytes())
        (new / "keys" / "service.key").chmod(0o600)
        for words in (
            ("keys", "restore", service, "--from", str(keys)),
            ("restore", service, "--from", str(data)),
        ):
            status, said = asked(*words, folder=new)
            assert status == 0, said
        assert "each compared with the backup" in said
        status, said = asked("keys", "show", service, folder=tmp_path)
        assert str(keys) in said

    await asyncio.to_thread(drill)
    again = Evening(new, evening.definition)
    await again.open()
    for contact in contacts:
        assert await again.line.logbook.read(contact) == await evening.line.logbook.read(contact)
    await again.close()


def settings_in(folder: Path) -> Settings:
    return Settings(definition=folder / "evening.toml", data=folder / "data", keys=folder / "keys")


@pytest.mark.parametrize(
    ("to", "said"),
    [
        ("data/night.data", "is inside"),
        ("keys/", "is inside"),
        ("nowhere/night.data", "there is no folder"),
        ("of-keys/", "are backups of the keys"),
        ("of-keys/night.data", "are backups of the keys"),
    ],
)
def test_a_backup_goes_neither_beside_what_it_is_of_nor_beside_the_keys(
    tmp_path: Path, to: str, said: str
) -> None:
    for folder in ("data", "keys", "of-keys"):
        (tmp_path / folder).mkdir()
    (tmp_path / "of-keys" / "evening-20260307T040000Z.keys").touch()
    with pytest.raises(BadRequest, match=said):
        command.place_for(f"{tmp_path}/{to}", settings_in(tmp_path), command.DATA, NOW)


def test_data_of_another_user_is_not_opened(filled: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can give a file to another user")
    os.chown(filled / "helpline.db", 65_534, 65_534)
    with pytest.raises(BadRequest, match="belongs to another user"):
        SqliteSnapshot(filled)


class Steps:
    """Counts what the engine has to do, in hundreds of its steps."""

    def __init__(self, shelf: SqliteReading) -> None:
        self.hundreds = 0
        shelf._db.set_progress_handler(self, 100)

    def __call__(self) -> int:
        self.hundreds += 1
        return 0


def log_of_six(n: int) -> WholeLog:
    name = f"c-{n:05}"
    records = tuple(
        Record(name, seq, 1, b"-", (f"{n} {seq}".encode(), f"{n} {seq} again".encode()), (seq, seq))
        for seq in range(1, 7)
    )
    return WholeLog(name, records, None)


async def test_what_a_log_costs_to_read_and_to_write_does_not_grow_with_how_many_there_are(
    tmp_path: Path,
) -> None:
    cost: list[tuple[float, float]] = []
    for count in (400, 1_600):
        data, path, there = tmp_path / f"{count}", tmp_path / f"{count}.data", tmp_path / f"{count} again"
        shelf = SqliteShelf(data, NOW)
        await shelf.write("logs", [log_of_six(n) for n in range(count)])
        await shelf.close()
        source = SqliteSnapshot(data)
        reading = Steps(source)
        await back_up(source, path, None, NOW, nothing)
        await source.close()
        backup, target = DataBackup(path), SqliteShelf(there, NOW)
        writing = Steps(target)
        await bring_back(backup, target, None, nothing)
        await target.close()
        await backup.close()
        cost.append((reading.hundreds / count, writing.hundreds / count))
    (read, written), (read_more, written_more) = cost
    assert read_more < 1.3 * read
    assert written_more < 1.3 * written
