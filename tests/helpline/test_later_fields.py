"""What a later version wrote into a document stays there when this version writes the document again."""

from pathlib import Path
from typing import Any

import msgspec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from helpline.cabinet import Cabinet
from helpline.clock import SystemClock
from helpline.keys import FileKeys
from helpline.later_fields import unknown_in, written
from helpline.people import KIND as PERSON
from helpline.people import Account, People
from helpline.sealing import open_document, seal_document
from helpline.sessions import KIND as SESSION
from helpline.sessions import Sessions
from helpline.stores.sqlite import SqliteStore

LATER = {"pronouns": "they", "shoe": {"size": 42, "laces": ["blue", None]}}


class Lamp(msgspec.Struct, frozen=True):
    colour: str = "white"


def test_only_what_is_not_known_stands_beside() -> None:
    plain = msgspec.json.encode({"colour": "red", **LATER})
    assert unknown_in(plain, Lamp) == LATER
    assert msgspec.json.decode(written(Lamp("blue"), LATER)) == {"colour": "blue", **LATER}
    assert written(Lamp("blue"), {}) == b'{"colour":"blue"}'


async def test_people_sessions_and_settings_keep_what_a_later_version_wrote(tmp_path: Path) -> None:
    keys = await FileKeys.open(tmp_path / "keys", data_exists=False)
    store = await SqliteStore.open(tmp_path / "data", SystemClock())
    try:
        await held_to_it(store, keys)
    finally:
        await store.close()
        await keys.close()


async def held_to_it(store: SqliteStore, keys: FileKeys) -> None:
    async def cipher(log: str, name: str) -> AESGCM:
        return AESGCM((await keys.create(log, (name,)))[name])

    async def plain(kind: str, id: str, key: AESGCM) -> tuple[int, dict[str, Any]]:
        document = await store.get(kind, id)
        assert document is not None
        read = open_document(kind, id, document.version, document.body, key)
        return document.version, msgspec.json.decode(read)

    async def later(kind: str, id: str, key: AESGCM) -> None:
        version, fields = await plain(kind, id, key)
        body = seal_document(kind, id, version + 1, msgspec.json.encode(fields | LATER), key)
        await store.put(kind, id, body, version)

    people = await People.open(store, keys)
    await people.add(Account(id="dev", name="Dev", shown_name="Dev", roles=("supporter",)))
    sessions = await Sessions.open(store, keys, SystemClock(), people)
    token = await sessions.begin("dev")
    lamps = await Cabinet.open(store, keys, "lamp", Lamp)
    await lamps.put("one", Lamp())
    session = sessions.of(token)
    assert session is not None
    where = (
        (PERSON, "dev", await cipher("p-dev", "account")),
        (SESSION, session.id, await cipher("sessions", SESSION)),
        ("lamp", "one", await cipher("d-lamp", "document")),
    )
    for kind, id, key in where:
        await later(kind, id, key)
    await people.reread("dev")
    await sessions.reread(session.id)
    await lamps.reread("one")
    await people.set_phone("dev", "+447700900123")
    await sessions._keep(session)
    await lamps.put("one", Lamp("red"))
    for kind, id, key in where:
        version, fields = await plain(kind, id, key)
        assert version == 3
        assert {name: fields[name] for name in LATER} == LATER
