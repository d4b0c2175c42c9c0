"""The port `Keys`, held by each implementation: durable when handed out, of no use without the service key, and gone
when destroyed.
"""

import asyncio
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from helpline import keyring
from helpline.errors import KeyMissing
from helpline.keyring import Keyring
from helpline.service_key import KeyUnfit
from tests.helpline.keys.conftest import CLASSES, FileOpener, Opener


async def test_each_class_of_a_log_gets_a_key_of_its_own(keys: Keyring) -> None:
    first, second = await keys.create("c-1", CLASSES), await keys.create("c-2", CLASSES)
    assert tuple(first) == CLASSES
    assert len({*first.values(), *second.values()}) == 8
    assert {len(key) for key in first.values()} == {32}


async def test_keys_that_exist_are_returned_as_they_are(keys: Keyring) -> None:
    first = await keys.create("c-1", ["words"])
    again = await keys.create("c-1", ["words", "note"])
    assert again["words"] == first["words"]
    assert await keys.get("c-1") == again
    assert await keys.create("c-1", ["note"]) == {"note": again["note"]}


async def test_many_who_create_the_same_keys_at_once_get_the_same_keys(keys: Keyring) -> None:
    created = await asyncio.gather(*[keys.create("c-1", CLASSES) for _ in range(20)])
    assert all(each == created[0] for each in created)


async def test_a_log_without_keys_has_none(keys: Keyring) -> None:
    assert await keys.get("c-1") == {}


async def test_keys_are_still_there_after_a_restart(open_keys: Opener) -> None:
    before = await open_keys()
    created = await before.create("c-1", CLASSES)
    claim = before.claim("phone", "07700 900123")
    await before.close()
    after = await open_keys(data_exists=True)
    assert await after.get("c-1") == created
    assert after.claim("phone", "07700 900123") == claim


async def test_a_destroyed_key_is_absent_and_the_others_stay(keys: Keyring) -> None:
    created = await keys.create("c-1", CLASSES)
    await keys.destroy("c-1", ["words", "reach", "never was"])
    assert await keys.get("c-1") == {"note": created["note"], "safety": created["safety"]}


async def test_a_key_made_after_the_old_one_was_destroyed_is_another(keys: Keyring) -> None:
    old = await keys.create("c-1", ["words"])
    await keys.destroy("c-1", ["words"])
    new = await keys.create("c-1", ["words"])
    assert new["words"] != old["words"]
    assert await keys.get("c-1") == new


async def test_a_destroyed_key_does_not_stay_in_memory_even_when_the_caller_gave_up(keys: Keyring) -> None:
    await keys.create("c-1", CLASSES)
    destroying = asyncio.ensure_future(keys.destroy("c-1", CLASSES))
    await asyncio.sleep(0)
    destroying.cancel()
    with pytest.raises(asyncio.CancelledError):
        await destroying
    await keys.create("c-2", CLASSES)
    assert await keys.get("c-1") == {}


async def test_what_a_caller_does_with_its_keys_is_its_own_affair(keys: Keyring) -> None:
    created = await keys.create("c-1", ["words"])
    (await keys.get("c-1")).clear()
    assert await keys.get("c-1") == created


async def test_claims_are_sixteen_bytes_that_depend_on_every_part_and_where_it_ends(keys: Keyring) -> None:
    assert keys.claim("ab", "c") == keys.claim("ab", "c")
    half_a_character = "\ud800"
    parts = (("ab", "c"), ("a", "bc"), ("abc",), ("abc", ""), ("", "abc"), (), (half_a_character,))
    claims = {keys.claim(*each) for each in parts}
    assert len(claims) == len(parts)
    assert {len(claim) for claim in claims} == {16}


async def test_claims_mean_nothing_under_another_service_key(
    keys: Keyring, open_file: FileOpener, tmp_path: Path
) -> None:
    other = await open_file(tmp_path / "other")
    assert other.claim("phone", "07700 900123") != keys.claim("phone", "07700 900123")


async def test_data_without_its_service_key_is_refused_and_never_gets_a_new_one(
    folder: Path, open_keys: Opener
) -> None:
    with pytest.raises(KeyMissing, match=r"service\.key is missing.*Put the copy") as refused:
        await open_keys(data_exists=True)
    assert str(folder / "service.key") in str(refused.value)
    assert not (folder / "service.key").exists()


async def test_wrapped_keys_without_their_service_key_are_refused(folder: Path, open_keys: Opener) -> None:
    await (await open_keys()).close()
    (folder / "service.key").unlink()
    with pytest.raises(KeyMissing, match=r"service\.key is missing"):
        await open_keys(data_exists=False)
    assert not (folder / "service.key").exists()


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
    folder: Path, open_keys: Opener, open_file: FileOpener, tmp_path: Path
) -> None:
    await (await open_keys()).close()
    await open_file(tmp_path / "other")
    (folder / "service.key").write_text((tmp_path / "other" / "service.key").read_text())
    with pytest.raises(KeyUnfit, match="belongs to the service key"):
        await open_keys()


async def test_who_opens_them_a_second_time_has_the_same_keys_and_the_same_mark(open_keys: Opener) -> None:
    one, other = await open_keys(), await open_keys(data_exists=True)
    created = await asyncio.gather(*[each.create("c-1", CLASSES) for each in (one, other) * 10])
    assert all(each == created[0] for each in created)
    assert one.mark == other.mark


async def test_two_who_make_different_classes_of_one_log_at_once_get_along(open_keys: Opener) -> None:
    one, other = await open_keys(), await open_keys(data_exists=True)
    first, second = await asyncio.gather(one.create("c-1", ["words"]), other.create("c-1", ["note", "reach"]))
    assert await one.reread("c-1") == await other.reread("c-1") == first | second


async def test_what_another_destroyed_is_held_until_it_is_read_anew(open_keys: Opener) -> None:
    one, other = await open_keys(), await open_keys(data_exists=True)
    created = await one.create("c-1", CLASSES)
    assert await other.get("c-1") == created
    await one.destroy("c-1", CLASSES[:3])
    assert await other.reread("c-1") == await other.get("c-1") == {"reach": created["reach"]}


async def test_a_key_read_while_it_was_destroyed_is_not_remembered(open_keys: Opener) -> None:
    keys = await open_keys()
    for n in range(20):
        await keys.create(f"c-{n}", CLASSES)
        await keys.reread(f"c-{n}")
        reading = [asyncio.ensure_future(keys.reread(f"c-{n}")) for _ in range(3)]
        await asyncio.gather(keys.destroy(f"c-{n}", CLASSES), *reading)
        assert await keys.get(f"c-{n}") == {}


async def test_only_so_many_keys_are_kept_in_memory(keys: Keyring, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keyring, "LOGS_CACHED", 3)
    created = [await keys.create(f"c-{n}", ["words"]) for n in range(5)]
    asked: list[str] = []
    of = keys._of

    async def counted(log: str) -> dict[str, bytes]:
        asked.append(log)
        return await of(log)

    monkeypatch.setattr(keys, "_of", counted)
    assert await keys.get("c-4") == created[4]
    assert asked == []
    assert await keys.get("c-0") == created[0]
    assert asked == ["c-0"]


async def test_everything_that_is_kept_is_shown_and_can_be_put_elsewhere(
    open_keys: Opener, open_file: FileOpener, folder: Path, tmp_path: Path
) -> None:
    keys = await open_keys()
    created = [await keys.create(f"c-{n:04}", CLASSES) for n in range(30)]
    await keys.destroy("c-0007", ["words"])
    shown = [one async for page in keys.pages() for one in page]
    assert [one.log for one in shown] == [f"c-{n:04}" for n in range(30)]
    assert all(not set(one.classes.values()) & set(created[n].values()) for n, one in enumerate(shown))
    (tmp_path / "copy").mkdir()
    (tmp_path / "copy" / "service.key").write_bytes((folder / "service.key").read_bytes())
    (tmp_path / "copy" / "service.key").chmod(0o600)
    copy = await open_file(tmp_path / "copy")
    await copy.fill(shown)
    assert [await copy.get(f"c-{n:04}") for n in range(30)] == [
        await keys.get(f"c-{n:04}") for n in range(30)
    ]
    assert await copy.count() == await keys.count() == 30


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file to another user")
async def test_a_secret_that_is_mounted_for_our_group_may_be_read(folder: Path, open_keys: Opener) -> None:
    await (await open_keys()).close()
    path = folder / "service.key"
    os.chown(path, 65_534, os.getegid())  # another user's, as Kubernetes mounts it
    path.chmod(0o440)
    await open_keys(data_exists=True)
    path.chmod(0o444)
    with pytest.raises(KeyUnfit, match="others may read it"):
        await open_keys(data_exists=True)
