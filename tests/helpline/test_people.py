"""Accounts: sealed each under its own key, imported once, and signing in with Argon2id."""

from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from helpline.clock import SystemClock
from helpline.errors import BadRequest, Conflict, NotFound
from helpline.keys import FileKeys
from helpline.people import Account, People
from helpline.sealing import Unreadable
from helpline.shape import Person
from helpline.stores.sqlite import SqliteStore

PASSWORD = "four quiet words here"
OLA = Account(
    id="ola",
    name="Aleksandra Nowak",
    shown_name="Ola",
    roles=("supporter",),
    email="ola@service.example",
    languages=("pl",),
)


class Files:
    def __init__(self, store: SqliteStore, keys: FileKeys) -> None:
        self.store, self.keys = store, keys

    async def people(self) -> People:
        return await People.open(self.store, self.keys)


@pytest.fixture
async def files(tmp_path: Path) -> AsyncIterator[Files]:
    keys = await FileKeys.open(tmp_path / "keys", data_exists=False)
    store = await SqliteStore.open(tmp_path / "data", SystemClock())
    yield Files(store, keys)
    await store.close()
    await keys.close()


async def test_an_account_is_found_again_after_a_restart(files: Files) -> None:
    people = await files.people()
    await people.add(OLA)
    await people.set_password("ola", PASSWORD)
    again = await files.people()
    account = again.get("ola")
    assert account is not None
    assert (account.shown_name, account.languages, account.version) == ("Ola", ("pl",), 2)
    assert (await again.signs_in("ola", PASSWORD)) == account


async def test_the_store_holds_nobodys_name_address_or_password(files: Files) -> None:
    people = await files.people()
    await people.add(OLA)
    await people.set_password("ola", PASSWORD)
    (document,) = await files.store.all("person")
    for secret in (b"Aleksandra", b"service.example", b"Ola", b"argon2", PASSWORD.encode()):
        assert secret not in document.body


async def test_each_account_has_a_key_of_its_own_and_destroying_it_forgets_them(files: Files) -> None:
    people = await files.people()
    await people.add(OLA)
    await people.add(msgspec.structs.replace(OLA, id="lou", email=""))
    await files.keys.destroy("p-ola", ["account"])
    left = await files.people()
    assert [account.id for account in left] == ["lou"]


async def test_an_account_moved_onto_another_does_not_open(files: Files) -> None:
    people = await files.people()
    await people.add(OLA)
    await people.add(msgspec.structs.replace(OLA, id="lou", email="", roles=("manager",)))
    manager = await files.store.get("person", "lou")
    assert manager is not None
    await files.store.put("person", "ola", manager.body, 1)
    with pytest.raises(Unreadable):
        await files.people()


async def test_one_signs_in_by_id_or_address_in_any_case_and_with_the_whole_password(files: Files) -> None:
    people = await files.people()
    await people.add(OLA)
    await people.set_password("ola", PASSWORD)
    for typed in ("ola", " OLA ", "Ola@Service.example"):
        assert await people.signs_in(typed, PASSWORD) is not None, typed
    for typed, password in (
        ("ola", PASSWORD[:-1]),
        ("ola", PASSWORD + "x" * 300),
        ("ol", PASSWORD),
        ("", PASSWORD),
    ):
        assert await people.signs_in(typed, password) is None, (typed, password)


async def test_nobody_signs_in_without_a_password_or_when_deactivated(files: Files) -> None:
    people = await files.people()
    await people.add(OLA)
    assert await people.signs_in("ola", "") is None
    await people.set_password("ola", PASSWORD)
    await people.deactivate("ola")
    assert await people.signs_in("ola", PASSWORD) is None
    assert people.principal("ola") is None


async def test_a_password_is_kept_as_argon2id_and_needs_twelve_characters(files: Files) -> None:
    people = await files.people()
    await people.add(OLA)
    account = await people.set_password("ola", PASSWORD)
    assert account.password.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    for password in ("eleven char", "x" * 257):
        with pytest.raises(BadRequest):
            await people.set_password("ola", password)


async def test_a_taken_id_and_an_unknown_one_are_refused(files: Files) -> None:
    people = await files.people()
    await people.add(OLA)
    with pytest.raises(Conflict):
        await people.add(OLA)
    with pytest.raises(NotFound):
        await people.set_password("lou", PASSWORD)


async def test_seeds_are_imported_once_and_change_nobody_who_is_known(files: Files) -> None:
    people = await files.people()
    seeds = [
        Person(id=id, name=id, shown_name=id.title(), roles=("supporter",), languages=("en",))
        for id in ("ola", "lou")
    ]
    assert await people.import_seeds(seeds) == ("ola", "lou")
    await people.set_password("lou", PASSWORD)
    renamed = [msgspec.structs.replace(seed, shown_name="Somebody else") for seed in seeds]
    assert await people.import_seeds(renamed) == ()
    account = (await files.people()).get("lou")
    assert account is not None
    assert (account.shown_name, bool(account.password)) == ("Lou", True)


async def test_two_who_change_one_account_at_once_do_not_overwrite_each_other(files: Files) -> None:
    first, second = await files.people(), await files.people()
    await first.add(OLA)
    second = await files.people()
    await first.set_password("ola", PASSWORD)
    with pytest.raises(Conflict):
        await second.deactivate("ola")
