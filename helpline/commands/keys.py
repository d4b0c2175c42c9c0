"""`helpline keys`: where they are, their own backup, and back. Without the service key none of it opens anything."""

import asyncio
from datetime import datetime, timedelta
from pathlib import Path

import msgspec
import typer
from rich.console import Console

from helpline.backup_file import BackupFile, NotBroughtBack, wipe
from helpline.clock import SystemClock
from helpline.commands.backup import KEYS, From, Keep, To, beside, keys_at_hand, place_for, surplus
from helpline.commands.bar import bar
from helpline.commands.options import (
    DataFolder,
    DefinitionFile,
    KeysFolder,
    KeyStoreAddress,
    StoreAddress,
    say,
)
from helpline.commands.serve import settings_for
from helpline.definition import read_definition
from helpline.errors import KeyMissing
from helpline.key_backups import back_up_keys, bring_back_keys
from helpline.keyring import Keyring
from helpline.moving import Shelf
from helpline.ports import Clock
from helpline.service_key import SERVICE_KEY, missing_service_key
from helpline.settings import Settings
from helpline.stores.last_backup import LastBackup, last_backup, remember
from helpline.stores.opening import anything_kept, open_keys, open_shelf

cli = typer.Typer(help="The keys of what is kept: their backup, apart from the data's.", no_args_is_help=True)


@cli.command("backup")
def backup(
    definition: DefinitionFile,
    to: To,
    keep: Keep = 0,
    data: DataFolder = None,
    keys: KeysFolder = None,
    store: StoreAddress = "",
    key_store: KeyStoreAddress = "",
) -> None:
    """Write the wrapped keys into a file, and wipe those of the same folder that are past their time."""
    settings = settings_for(definition, data=data, keys=keys, store=store, key_store=key_store)
    raise typer.Exit(kept(settings, to, SystemClock(), say, keep=keep))


@cli.command("restore")
def restore(
    definition: DefinitionFile,
    source: From,
    data: DataFolder = None,
    keys: KeysFolder = None,
    store: StoreAddress = "",
    key_store: KeyStoreAddress = "",
) -> None:
    """Bring a backup of keys back, or from a file into a key store. With the service stopped."""
    settings = settings_for(definition, data=data, keys=keys, store=store, key_store=key_store)
    raise typer.Exit(brought_back(settings, source, SystemClock(), say))


@cli.command("show")
def show(
    definition: DefinitionFile,
    data: DataFolder = None,
    keys: KeysFolder = None,
    store: StoreAddress = "",
    key_store: KeyStoreAddress = "",
) -> None:
    """Say where the keys are, of how many logs, and when they were backed up last."""
    settings = settings_for(definition, data=data, keys=keys, store=store, key_store=key_store)
    raise typer.Exit(asyncio.run(_shown(settings, say)))


def kept(settings: Settings, to: str, clock: Clock, say: Console, *, keep: int = 0) -> int:
    days = read_definition(settings.definition).retention.key_backups_days
    began = clock.now()
    path = place_for(to, settings, KEYS, began)
    count = asyncio.run(_kept(settings, path, began, say))
    say.print(f"Backed up to {path}: the keys of {count:,} logs, read again from there.", markup=False)
    found = beside(path, settings, KEYS)
    past = [one for one in found if one.at < began - timedelta(days=days)]
    for old in sorted({*past, *surplus(found, keep)}, key=lambda one: one.at):
        wipe(old.path)
        say.print(
            f"Wiped {old.path.name}: kept are {days} days{f' and {keep}' if keep else ''}.", markup=False
        )
    say.print(
        f"What is destroyed today can be read from this backup for as long as it is kept: {days} days at most."
    )
    return 0


async def _kept(settings: Settings, path: Path, began: datetime, say: Console) -> int:
    keys = await _there(settings)
    try:
        with bar(say, 2 * await keys.count()) as step:
            count = await back_up_keys(keys, path, began, step)
    finally:
        await keys.close()
    last = LastBackup(began, str(path), count)
    await remember(last, settings.keys, settings.key_store, "--key-store")
    return count


def brought_back(settings: Settings, source: Path, clock: Clock, say: Console) -> int:
    count = asyncio.run(_brought_back(settings, source, clock, say))
    say.print(f"Brought back the keys of {count:,} logs; each opens with the service key.", markup=False)
    say.print(
        "Any other place that held them, such as an older keys.db, is refused from now on: remove it, and start every "
        "node with these."
    )
    return 0


async def _brought_back(settings: Settings, source: Path, clock: Clock, say: Console) -> int:
    if not (settings.keys / SERVICE_KEY).exists():
        raise missing_service_key(settings.keys / SERVICE_KEY)
    file = BackupFile(source)
    shelf: Shelf | None = None
    try:
        if await anything_kept(settings.store, settings.data):
            # Held until the data knows its new keys, so that no server writes with the old ones meanwhile.
            shelf = await open_shelf(settings.store, settings.data, clock.now())
        keys = await open_keys(settings.key_store, settings.keys, settings.store, data_exists=False)
        try:
            if shelf is not None:
                await _refuse_anothers(shelf, keys)
            with bar(say, sum(1 for _ in file.frames())) as step:
                count = await bring_back_keys(file, keys, step)
            if shelf is not None:
                # The data belongs to these from now on.
                await shelf.say(msgspec.structs.replace(await shelf.about(), keys=keys.mark))
        finally:
            await keys.close()
    finally:
        if shelf is not None:
            await shelf.close()
        file.close()
    return count


async def _refuse_anothers(shelf: Shelf, keys: Keyring) -> None:
    belongs = (await shelf.about()).keys.partition("/")[0]
    if belongs and belongs != keys.service_key.id:
        raise NotBroughtBack(
            f"{shelf.shown} belongs to the service key {belongs}: these are another service's keys."
        )


async def _shown(settings: Settings, say: Console) -> int:
    keys = await _there(settings)
    try:
        where = keys.shown if settings.key_store else settings.keys / keys.shown
        say.print(f"service key  {keys.service_key.id}, in {settings.keys / SERVICE_KEY}", markup=False)
        say.print(f"keys         of {await keys.count():,} logs, in {where}", markup=False)
        if settings.key_store:
            since = await _remembered(keys)
            say.print(f"remembered   what was destroyed since {since}, in MongoDB's oplog", markup=False)
    finally:
        await keys.close()
    last = await last_backup(settings.keys, settings.key_store, "--key-store")
    said = f"{last.at:%Y-%m-%d %H:%M} UTC, to {last.to}" if last is not None else "never"
    say.print(f"backed up    {said}", markup=False)
    return 0


async def _remembered(keys: Keyring) -> str:
    from helpline.stores.mongo_keys import MongoKeys

    since = await keys.remembers_since() if isinstance(keys, MongoKeys) else None
    return (
        f"{since:%Y-%m-%d %H:%M} UTC" if since is not None else "nobody knows when: this account may not look"
    )


async def _there(settings: Settings) -> Keyring:
    keys = await keys_at_hand(settings)
    if keys is None:
        raise KeyMissing(f"There are no keys in {settings.keys}. Has the service been started?")
    return keys
