"""One setting says where everything is kept: an address of MongoDB, or nothing for SQLite in the data folder."""

from pathlib import Path

from helpline.ports import Clock, Store
from helpline.stores.owner import make_folder
from helpline.stores.sqlite import FILE, SqliteStore
from helpline.stores.sqlite_shelf import refuse_moved_file


async def anything_kept(address: str, data: Path) -> bool:
    """Whether a service was ever opened there: then its key must exist, and a new one is never made."""
    if not address:
        return (data / FILE).exists()
    from helpline.stores.mongo import ever_opened

    return await ever_opened(address)


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
