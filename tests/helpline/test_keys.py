"""Keys: durable when handed out, of no use without the service key, and gone for good when destroyed."""

import asyncio
import base64
import os
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from helpline import keys as keys_module
from helpline.errors import KeyMissing
from helpline.keys import FileKeys, KeyUnfit

CLASSES = ("words", "note", "safety", "reach")
Opener = Callable[..., Awaitable[FileKeys]]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "keys"


@pytest.fixture
async def open_keys(folder: Path) -> AsyncIterator[Opener]:
    opened: list[FileKeys] = []

    async def open_one(*, data_exists: bool = False) -> FileKeys:
        keys = await FileKeys.open(folder, data_exists=data_exists)
        opened.append(keys)
        return keys

    yield open_one
    for keys in opened:
        await keys.close()


@pytest.fixture
async def keys(open_keys: Opener) -> FileKeys:
    return await open_keys()


def everything_in(folder: Path) -> bytes:
    """The bytes of every file in the folder, journals and all."""
    return b"".join(path.read_bytes() for path in sorted(folder.glob("*")))


def wrapped_in(folder: Path) -> dict[tuple[str, str], bytes]:
    with sqlite3.connect(folder / "keys.db") as db:
        rows = db.execute("SELECT log, class, wrapped FROM keys").fetchall()
    db.close()
    return {(log, name): wrapped for log, name, wrapped in rows}


def modes_of(folder: Path) -> dict[str, int]:
    return {path.name: path.stat().st_mode & 0o777 for path in (folder, *folder.iterdir())}


async def test_each_class_of_a_log_gets_a_key_of_its_own(keys: FileKeys) -> None:
    first, second = await keys.create("c-1", CLASSES), await keys.create("c-2", CLASSES)
    assert tuple(first) == CLASSES
    assert len({*first.values(), *second.values()}) == 8
    assert {len(key) for key in first.values()} == {32}


async def test_keys_that_exist_are_returned_as_they_are(keys: FileKeys) -> None:
    first = await keys.create("c-1", ["words"])
    again = await keys.create("c-1", ["words", "note"])
    assert again["words"] == first["words"]
    assert await keys.get("c-1") == again
    assert await keys.create("c-1", ["note"]) == {"note": again["note"]}


async def test_many_who_create_the_same_keys_at_once_get_the_same_keys(keys: FileKeys) -> None:
    created = await asyncio.gather(*[keys.create("c-1", CLASSES) for _ in range(20)])
    assert all(each == created[0] for each in created)


async def test_a_log_without_keys_has_none(keys: FileKeys) -> None:
    assert await keys.get("c-1") == {}


async def test_keys_are_still_there_after_a_restart(open_keys: Opener) -> None:
    before = await open_keys()
    created = await before.create("c-1", CLASSES)
    claim = before.claim("phone", "07700 900123")
    await before.close()
    after = await open_keys(data_exists=True)
    assert await after.get("c-1") == created
    assert after.claim("phone", "07700 900123") == claim


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


async def test_a_destroyed_key_is_absent_and_the_others_stay(keys: FileKeys) -> None:
    created = await keys.create("c-1", CLASSES)
    await keys.destroy("c-1", ["words", "reach", "never was"])
    assert await keys.get("c-1") == {"note": created["note"], "safety": created["safety"]}


async def test_of_a_destroyed_key_no_file_holds_a_trace(folder: Path, open_keys: Opener) -> None:
    keys = await open_keys()
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
    after = await open_keys(data_exists=True)
    assert list(await after.get(names[0])) == ["reach"]


async def test_a_key_made_after_the_old_one_was_destroyed_is_another(keys: FileKeys) -> None:
    old = await keys.create("c-1", ["words"])
    await keys.destroy("c-1", ["words"])
    new = await keys.create("c-1", ["words"])
    assert new["words"] != old["words"]
    assert await keys.get("c-1") == new


async def test_a_destroyed_key_does_not_stay_in_memory_even_when_the_caller_gave_up(keys: FileKeys) -> None:
    await keys.create("c-1", CLASSES)
    destroying = asyncio.ensure_future(keys.destroy("c-1", CLASSES))
    await asyncio.sleep(0)
    destroying.cancel()
    with pytest.raises(asyncio.CancelledError):
        await destroying
    await keys.create("c-2", CLASSES)
    assert await keys.get("c-1") == {}


async def test_only_so_many_keys_are_kept_in_memory(keys: FileKeys, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys_module, "LOGS_CACHED", 3)
    created = [await keys.create(f"c-{n}", ["words"]) for n in range(5)]
    seen: list[str] = []
    await keys.writer.run(lambda db: db.set_trace_callback(seen.append))
    seen.clear()
    assert await keys.get("c-4") == created[4]
    assert seen == []
    assert await keys.get("c-0") == created[0]
    assert seen != []


async def test_what_a_caller_does_with_its_keys_is_its_own_affair(keys: FileKeys) -> None:
    created = await keys.create("c-1", ["words"])
    (await keys.get("c-1")).clear()
    assert await keys.get("c-1") == created


async def test_claims_are_sixteen_bytes_that_depend_on_every_part_and_where_it_ends(keys: FileKeys) -> None:
    assert keys.claim("ab", "c") == keys.claim("ab", "c")
    half_a_character = "\ud800"
    parts = (("ab", "c"), ("a", "bc"), ("abc",), ("abc", ""), ("", "abc"), (), (half_a_character,))
    claims = {keys.claim(*each) for each in parts}
    assert len(claims) == len(parts)
    assert {len(claim) for claim in claims} == {16}


async def test_claims_mean_nothing_under_another_service_key(keys: FileKeys, tmp_path: Path) -> None:
    other = await FileKeys.open(tmp_path / "other", data_exists=False)
    try:
        assert other.claim("phone", "07700 900123") != keys.claim("phone", "07700 900123")
    finally:
        await other.close()


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


async def test_data_without_its_service_key_is_refused_and_never_gets_a_new_one(
    folder: Path, open_keys: Opener
) -> None:
    with pytest.raises(KeyMissing, match=r"service\.key is missing.*Put the copy") as refused:
        await open_keys(data_exists=True)
    assert str(folder / "service.key") in str(refused.value)
    assert everything_in(folder) == b""


async def test_wrapped_keys_without_their_service_key_are_refused(folder: Path, open_keys: Opener) -> None:
    await (await open_keys()).close()
    (folder / "service.key").unlink()
    with pytest.raises(KeyMissing, match=r"service\.key is missing"):
        await open_keys(data_exists=False)
    assert not (folder / "service.key").exists()


async def test_data_without_its_wrapped_keys_is_refused(folder: Path, open_keys: Opener) -> None:
    await (await open_keys()).close()
    (folder / "keys.db").unlink()
    with pytest.raises(KeyMissing, match=r"keys\.db is missing.*Restore it"):
        await open_keys(data_exists=True)
    assert not (folder / "keys.db").exists()


async def test_a_first_start_cut_short_after_the_service_key_can_go_on(
    folder: Path, open_keys: Opener
) -> None:
    await (await open_keys()).close()
    (folder / "keys.db").unlink()
    made = (folder / "service.key").read_text()
    await (await open_keys(data_exists=False)).create("c-1", CLASSES)
    assert (folder / "service.key").read_text() == made


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o666])
async def test_a_service_key_that_others_can_read_is_refused(
    folder: Path, open_keys: Opener, mode: int
) -> None:
    await (await open_keys()).close()
    (folder / "service.key").chmod(mode)
    with pytest.raises(KeyUnfit, match=rf"mode {mode:04o}.*chmod 600 .*service\.key"):
        await open_keys()


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: "",
        lambda text: text[:-10],
        lambda text: "not a key file",
        lambda text: text.replace('key = "', 'key = "AAAA'),
        lambda text: text.replace('id = "', 'id = "0'),
        lambda text: text.replace('id = "', 'other = "'),
        lambda text: "id = 1\nkey = 2\n",
    ],
)
async def test_a_damaged_service_key_is_refused(
    folder: Path, open_keys: Opener, damage: Callable[[str], str]
) -> None:
    await (await open_keys()).close()
    path = folder / "service.key"
    path.write_text(damage(path.read_text()))
    with pytest.raises(KeyUnfit, match=r"service\.key is damaged"):
        await open_keys()


async def test_the_service_key_of_another_helpline_is_refused_by_name(
    folder: Path, open_keys: Opener, tmp_path: Path
) -> None:
    await (await open_keys()).close()
    other = await FileKeys.open(tmp_path / "other", data_exists=False)
    await other.close()
    (folder / "service.key").write_text((tmp_path / "other" / "service.key").read_text())
    with pytest.raises(KeyUnfit, match="belongs to the service key"):
        await open_keys()


async def test_a_wrapped_key_moved_to_another_log_or_class_does_not_open(
    folder: Path, open_keys: Opener
) -> None:
    before = await open_keys()
    await before.create("c-1", ["words"])
    await before.close()
    with sqlite3.connect(folder / "keys.db") as db:
        db.execute("UPDATE keys SET log = 'c-2'")
    db.close()
    after = await open_keys()
    with pytest.raises(KeyUnfit, match="'words' of c-2 is damaged"):
        await after.get("c-2")
