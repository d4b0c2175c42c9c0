"""What only keys on disk promise: shared commits, and no trace of a destroyed one in any file."""

import asyncio
import base64
import os
import sqlite3
from pathlib import Path

import pytest

from helpline.errors import KeyMissing
from helpline.keys import FileKeys
from helpline.service_key import KeyUnfit
from tests.helpline.keys.conftest import CLASSES, FileOpener, modes_of


@pytest.fixture
async def keys(open_file: FileOpener) -> FileKeys:
    return await open_file()


def everything_in(folder: Path) -> bytes:
    """The bytes of every file in the folder, journals and all."""
    return b"".join(path.read_bytes() for path in sorted(folder.glob("*")))


def wrapped_in(folder: Path) -> dict[tuple[str, str], bytes]:
    with sqlite3.connect(folder / "keys.db") as db:
        rows = db.execute("SELECT log, class, wrapped FROM keys").fetchall()
    db.close()
    return {(log, name): wrapped for log, name, wrapped in rows}


async def test_a_key_is_on_the_disk_when_it_is_handed_out(folder: Path, keys: FileKeys) -> None:
    await keys.create("c-1", CLASSES)
    assert set(wrapped_in(folder)) == {("c-1", name) for name in CLASSES}
    asked = ("journal_mode", "synchronous", "secure_delete")
    held = await keys.writer.run(lambda db: [db.execute(f"PRAGMA {name}").fetchone()[0] for name in asked])
    assert held == ["truncate", 2, 1]


async def test_many_contacts_beginning_at_once_share_commits(keys: FileKeys) -> None:
    seen: list[str] = []
    await keys.writer.run(lambda db: db.set_trace_callback(seen.append))
    created = await asyncio.gather(*[keys.create(f"c-{n}", CLASSES) for n in range(300)])
    assert sum(statement == "COMMIT" for statement in seen) < 30
    assert len({key for each in created for key in each.values()}) == 1_200


async def test_no_key_is_in_clear_in_any_file(folder: Path, keys: FileKeys) -> None:
    created = await keys.create("c-1", CLASSES)
    raw = everything_in(folder)
    assert all(key not in raw and base64.b64encode(key) not in raw for key in created.values())


async def test_of_a_destroyed_key_no_file_holds_a_trace(folder: Path, open_file: FileOpener) -> None:
    keys = await open_file()
    # In no order, with comings and goings between: deleted rows would leave copies where pages were rearranged.
    names = [f"c-{os.urandom(6).hex()}" for _ in range(400)]
    for start in range(0, 400, 100):
        await asyncio.gather(*[keys.create(name, CLASSES) for name in names[start : start + 100]])
        before = wrapped_in(folder)
        gone = {
            (log, name): before[log, name] for log in names[start // 2 : start + 50] for name in CLASSES[:3]
        }
        assert all(wrapped in everything_in(folder) for wrapped in gone.values() if any(wrapped))
        await asyncio.gather(*[keys.destroy(log, CLASSES[:3]) for log in names[start // 2 : start + 50]])
        raw = everything_in(folder)
        assert not [place for place, wrapped in gone.items() if any(wrapped) and wrapped in raw]
    assert list(await keys.get(names[0])) == ["reach"]
    await keys.close()
    after = await open_file(data_exists=True)
    assert list(await after.get(names[0])) == ["reach"]


async def test_the_first_start_makes_a_service_key_that_only_its_owner_can_read(
    folder: Path, keys: FileKeys
) -> None:
    assert modes_of(folder) == {
        "keys": 0o700,
        "service.key": 0o600,
        "keys.db": 0o600,
        "keys.db-journal": 0o600,
    }
    assert "Keep a copy" in (folder / "service.key").read_text()


async def test_data_without_its_wrapped_keys_is_refused(folder: Path, open_file: FileOpener) -> None:
    await (await open_file()).close()
    (folder / "keys.db").unlink()
    with pytest.raises(KeyMissing, match=r"keys\.db is missing.*Restore it"):
        await open_file(data_exists=True)
    assert not (folder / "keys.db").exists()


async def test_a_first_start_cut_short_after_the_service_key_can_go_on(
    folder: Path, open_file: FileOpener
) -> None:
    await (await open_file()).close()
    (folder / "keys.db").unlink()
    made = (folder / "service.key").read_text()
    await (await open_file(data_exists=False)).create("c-1", CLASSES)
    assert (folder / "service.key").read_text() == made


async def test_a_wrapped_key_moved_to_another_log_or_class_does_not_open(
    folder: Path, open_file: FileOpener
) -> None:
    before = await open_file()
    await before.create("c-1", ["words"])
    await before.close()
    with sqlite3.connect(folder / "keys.db") as db:
        db.execute("UPDATE keys SET log = 'c-2'")
    db.close()
    after = await open_file()
    with pytest.raises(KeyUnfit, match="'words' of c-2 is damaged"):
        await after.get("c-2")
