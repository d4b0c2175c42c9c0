"""When data and keys were last backed up: said beside them, for whoever looks after the service."""

from datetime import datetime
from pathlib import Path

import msgspec

from helpline.errors import NotSaved

FILE = "last-backup.json"
LAST = "last backup"


class LastBackup(msgspec.Struct, frozen=True):
    """`to` is a file, of so many logs."""

    at: datetime
    to: str
    logs: int


async def remember(last: LastBackup, folder: Path, address: str = "", setting: str = "--store") -> None:
    """Say it in the MongoDB at `address`, or in `folder`."""
    if not address:
        fresh = folder / f"{FILE}.new"
        fresh.write_bytes(msgspec.json.encode(last))
        fresh.rename(folder / FILE)
        return
    from pymongo.errors import PyMongoError

    from helpline.stores.mongo_shape import connected

    client, database = connected(address, 10.0, setting)
    try:
        said = {"value": msgspec.json.encode(last).decode()}
        await database.meta.update_one({"_id": LAST}, {"$set": said}, upsert=True)
    except PyMongoError as away:
        raise NotSaved(f"The backup is made, but when could not be said: {away}") from None
    finally:
        await client.close()


async def last_backup(folder: Path, address: str = "", setting: str = "--store") -> LastBackup | None:
    """None when there was none, or it is not known."""
    if not address:
        try:
            return msgspec.json.decode((folder / FILE).read_bytes(), type=LastBackup)
        except (OSError, msgspec.MsgspecError):
            return None
    from pymongo.errors import PyMongoError

    from helpline.stores.mongo_shape import connected

    client, database = connected(address, 10.0, setting)
    try:
        said = await database.meta.find_one({"_id": LAST})
        return None if said is None else msgspec.json.decode(said["value"], type=LastBackup)
    except (PyMongoError, msgspec.MsgspecError):
        return None
    finally:
        await client.close()
