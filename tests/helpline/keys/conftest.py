"""A folder for the service key and a place for the others: a file beside it, or a MongoDB that was emptied."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from helpline.keyring import Keyring
from helpline.keys import FileKeys
from helpline.stores.mongo_keys import MongoKeys
from tests.engines import emptied

CLASSES = ("words", "note", "safety", "reach")
FileOpener = Callable[..., Awaitable[FileKeys]]
MongoOpener = Callable[..., Awaitable[MongoKeys]]
Opener = Callable[..., Awaitable[Keyring]]


def modes_of(folder: Path) -> dict[str, int]:
    return {path.name: path.stat().st_mode & 0o777 for path in (folder, *folder.iterdir())}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "keys"


@pytest.fixture
async def open_file(folder: Path) -> AsyncIterator[FileOpener]:
    opened: list[FileKeys] = []

    async def open_one(in_folder: Path = folder, *, data_exists: bool = False) -> FileKeys:
        keys = await FileKeys.open(in_folder, data_exists=data_exists)
        opened.append(keys)
        return keys

    yield open_one
    for keys in opened:
        await keys.close()


@pytest.fixture
def key_store(replica_set: str) -> str:
    """The address of a database for keys, with nothing in it."""
    return emptied(replica_set, "keys")


@pytest.fixture
async def open_mongo(folder: Path, key_store: str) -> AsyncIterator[MongoOpener]:
    """Opens the keys of one database; `in_folder` is where this node has its service key."""
    opened: list[MongoKeys] = []

    async def open_one(in_folder: Path = folder, *, data_exists: bool = False) -> MongoKeys:
        keys = await MongoKeys.open(key_store, in_folder, data_exists=data_exists)
        opened.append(keys)
        return keys

    yield open_one
    for keys in opened:
        await keys.close()


@pytest.fixture(params=["file", "mongodb"])
def open_keys(request: pytest.FixtureRequest) -> Opener:
    """Opens each implementation of the port in turn, always on the same keys within one test."""
    opener: Opener = request.getfixturevalue({"file": "open_file", "mongodb": "open_mongo"}[request.param])
    return opener


@pytest.fixture
async def keys(open_keys: Opener) -> Keyring:
    return await open_keys()
