"""One setting says where everything is kept: an address of MongoDB, or nothing for SQLite in the data folder.

Another says the same of the keys, which never lie in one place with the data.
"""

from datetime import datetime
from pathlib import Path

import structlog

from helpline.errors import BadRequest
from helpline.keyring import Keyring
from helpline.keys import FILE as FILE_OF_KEYS
from helpline.keys import FileKeys
from helpline.moving import Reading, Shelf
from helpline.ports import Clock, Store
from helpline.stores.addresses import shown
from helpline.stores.owner import make_folder
from helpline.stores.sqlite import FILE, SqliteStore
from helpline.stores.sqlite_shelf import SqliteShelf, SqliteSnapshot, refuse_moved_file


async def anything_kept(address: str, data: Path) -> bool:
    """Whether a service was ever opened there: then its key must exist, and a new one is never made."""
    if not address:
        return (data / FILE).exists()
    from helpline.stores.mongo import ever_opened

    return await ever_opened(address)


async def keys_kept(address: str, folder: Path) -> bool:
    """Whether there are keys there already."""
    if not address:
        return (folder / FILE_OF_KEYS).exists()
    from helpline.stores.mongo_keys import ever_filled

    return await ever_filled(address)


async def open_snapshot(address: str, data: Path) -> Reading:
    """All that is kept, as it is now, while a server goes on."""
    if not address:
        return SqliteSnapshot(data)
    from helpline.stores.mongo_shelf import MongoSnapshot

    return await MongoSnapshot.open(address)


async def open_shelf(address: str, data: Path, now: datetime) -> Shelf:
    """The same to be written as a whole, with no server on it. Raises `StoreBusy`."""
    if not address:
        return SqliteShelf(data, now)
    from helpline.stores.mongo_shelf import MongoShelf

    return await MongoShelf.open(address, now)


async def open_store(address: str, data: Path, clock: Clock, *, alone: bool = True) -> Store:
    """The store at `address`. Commands reach a running server through the data folder, wherever the data is.

    `alone`: no bus tells this process what others write, so nobody else may have the data open.
    """
    if not address:
        refuse_moved_file(data)
        return await SqliteStore.open(data, clock)
    from helpline.stores.mongo import MongoStore

    make_folder(data)
    return await MongoStore.open(address, clock, alone=alone)


async def open_keys(address: str, folder: Path, store: str, *, data_exists: bool) -> Keyring:
    """The keys at `address`, or in `folder`, where the service key is in any case. `store` is where the data is."""
    if not address:
        return await FileKeys.open(folder, data_exists=data_exists)
    from helpline.stores.mongo_keys import MongoKeys
    from helpline.stores.mongo_shape import KEYS, place_of

    (hosts, database), (data_hosts, data_database) = place_of(address, KEYS), place_of(store)
    if hosts & data_hosts and database == data_database:
        raise BadRequest(
            f"--key-store {shown(address)} is where the data is. Keys never lie beside the data: give them a MongoDB "
            f"of their own, or at least a database of their own."
        )
    keys = await MongoKeys.open(address, folder, data_exists=data_exists)
    if (hosts | keys.hosts) & data_hosts:
        structlog.get_logger().warning(
            "keys and data are in one deployment: whoever copies its disks has both", keys=keys.shown
        )
    if (folder / FILE_OF_KEYS).exists():
        structlog.get_logger().warning(
            "the keys in this file are not used any more: remove it", file=str(folder / FILE_OF_KEYS)
        )
    return keys
