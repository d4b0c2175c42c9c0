"""`helpline backup` and `helpline restore`: the data, without its keys. They have a command of their own."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, NamedTuple

import typer
from rich.console import Console

from helpline.backup_check import Looked, look_through
from helpline.backup_file import BackupFile, Damaged
from helpline.backups import DataBackup, back_up, bring_back
from helpline.clock import SystemClock
from helpline.commands.bar import CALLED, bar
from helpline.commands.options import DataFolder, DefinitionFile, KeysFolder, StoreAddress, say
from helpline.commands.serve import settings_for
from helpline.errors import BadRequest
from helpline.keyring import Keyring
from helpline.moving import KINDS, Moved
from helpline.ports import Clock
from helpline.service_key import SERVICE_KEY
from helpline.settings import Settings
from helpline.stores.last_backup import LastBackup, remember
from helpline.stores.opening import keys_kept, open_keys, open_shelf, open_snapshot

DATA, KEYS = ".data", ".keys"
"""How the names of backups end in a folder of them. The two are never in one folder."""
NAMED = 5

To = Annotated[
    str,
    typer.Option(
        "--to", help="A folder, where it gets a name of its time, or a file to write or to replace."
    ),
]
From = Annotated[Path, typer.Option("--from", help="The file of the backup.")]
Keep = Annotated[
    int, typer.Option(min=0, help="Keep so many of this service in that folder, the newest; 0 keeps all.")
]
Thorough = Annotated[bool, typer.Option(help="Open every record with its keys, not a sample.")]


def backup(
    definition: DefinitionFile,
    to: To,
    keep: Keep = 0,
    thorough: Thorough = False,
    data: DataFolder = None,
    keys: KeysFolder = None,
    store: StoreAddress = "",
) -> None:
    """Write all data, without its keys, into a file, and read it again. Works while the server runs."""
    settings = settings_for(definition, data=data, keys=keys, store=store)
    raise typer.Exit(kept(settings, to, SystemClock(), say, keep=keep, thorough=thorough))


def restore(
    definition: DefinitionFile,
    source: From,
    thorough: Thorough = False,
    data: DataFolder = None,
    keys: KeysFolder = None,
    store: StoreAddress = "",
) -> None:
    """Bring a backup of data back into an empty place: the other kind of store, too, if told so."""
    settings = settings_for(definition, data=data, keys=keys, store=store)
    raise typer.Exit(brought_back(settings, source, SystemClock(), say, thorough=thorough))


def kept(
    settings: Settings, to: str, clock: Clock, say: Console, *, keep: int = 0, thorough: bool = False
) -> int:
    """Exit status 1 when the keys at hand do not open all that was looked at."""
    path = place_for(to, settings, DATA, clock.now())
    looked = asyncio.run(_kept(settings, path, clock, say, thorough))
    say.print(f"Backed up to {path} ({_size(path)}), and read again from there:", markup=False)
    _tell(looked, say, thorough)
    # Not while the newest may be of less use than an older one.
    for old in surplus(beside(path, settings, DATA), keep if looked.well else 0):
        old.path.unlink()
        say.print(f"Removed {old.path.name}: {keep} are kept.", markup=False)
    say.print("The keys are no part of it. Back them up after it, to another place: helpline keys backup")
    return 0 if looked.well else 1


async def _kept(settings: Settings, path: Path, clock: Clock, say: Console, thorough: bool) -> Looked:
    keys = await keys_at_hand(settings)
    try:
        source = await open_snapshot(settings.store, settings.data)
        try:
            began = clock.now()
            total = sum([await source.count(kind) for kind in KINDS])
            with bar(say, 2 * total) as step:
                looked = await back_up(source, path, keys, began, step, thorough=thorough)
        finally:
            await source.close()
    finally:
        if keys is not None:
            await keys.close()
    await remember(LastBackup(began, str(path), looked.counts["logs"]), settings.data, settings.store)
    return looked


def brought_back(
    settings: Settings, source: Path, clock: Clock, say: Console, *, thorough: bool = False
) -> int:
    looked, moved = asyncio.run(_brought_back(settings, source, clock, say, thorough))
    say.print("Brought back, and each compared with the backup:")
    for kind in KINDS:
        say.print(f"{moved.counted[kind]:>9,} {CALLED[kind]}; {moved.written[kind]:,} written now")
    _tell(looked, say, thorough)
    return 0 if looked.well else 1


async def _brought_back(
    settings: Settings, path: Path, clock: Clock, say: Console, thorough: bool
) -> tuple[Looked, Moved]:
    source = DataBackup(path)
    try:
        keys = await keys_at_hand(settings)
        try:
            if keys is not None:
                _refuse_other_keys(source, keys)
            total = sum([await source.count(kind) for kind in KINDS])
            with bar(say, 3 * total) as step:
                looked = await look_through(path, keys, step, thorough=thorough)
                target = await open_shelf(settings.store, settings.data, clock.now())
                try:
                    return looked, await bring_back(source, target, keys, step)
                finally:
                    await target.close()
        finally:
            if keys is not None:
                await keys.close()
    finally:
        await source.close()


def _refuse_other_keys(source: DataBackup, keys: Keyring) -> None:
    wanted = source.head.keys.partition("/")[0]
    if wanted and wanted != keys.service_key.id:
        raise BadRequest(
            f"{source.shown} belongs to the service key {wanted}, but here is {keys.service_key.id}. Put the copy of "
            f"{wanted} in its place first (mode 0600)."
        )


async def keys_at_hand(settings: Settings) -> Keyring | None:
    """The keys of these settings, if there are any yet."""
    if not (settings.keys / SERVICE_KEY).exists() or not await keys_kept(settings.key_store, settings.keys):
        return None
    return await open_keys(settings.key_store, settings.keys, settings.store, data_exists=True)


def place_for(to: str, settings: Settings, ending: str, now: datetime) -> Path:
    """The file to write. Raises `BadRequest` where data and keys would come to lie together."""
    path = Path(to)
    if to.endswith("/") or path.is_dir():
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        path /= f"{settings.definition.stem}-{now.astimezone(UTC):%Y%m%dT%H%M%SZ}{ending}"
    folder = path.resolve().parent
    if not folder.is_dir():
        raise BadRequest(
            f"--to {to}: there is no folder {folder}. Make it, or end the name with / to have it made."
        )
    for used in (settings.data.resolve(), settings.keys.resolve()):
        if folder == used or used in folder.parents:
            raise BadRequest(f"--to {to}: is inside {used}. A backup belongs on another disk.")
    other = KEYS if ending == DATA else DATA
    if any(folder.glob(f"*{other}")):
        raise BadRequest(
            f"--to {to}: in {folder} are backups of the {other[1:]}. Data and its keys are never kept in one place: "
            f"whoever finds both needs only the service key."
        )
    return path


class Beside(NamedTuple):
    """A backup in a folder of them."""

    path: Path
    at: datetime


def beside(path: Path, settings: Settings, ending: str) -> list[Beside]:
    """The backups of the same service and sort in one folder, the oldest first."""
    found = []
    for each in path.parent.glob(f"{settings.definition.stem}-*{ending}"):
        try:
            file = BackupFile(each)
        except Damaged:
            continue  # whatever it is, it is not ours to remove
        file.close()
        if f".{file.head.holds}" == ending:
            found.append(Beside(each, file.head.at))
    return sorted(found, key=lambda one: one.at)


def surplus(found: list[Beside], keep: int) -> list[Beside]:
    """What is more than the newest `keep`; nothing for 0."""
    return found[:-keep] if keep else []


def _tell(looked: Looked, say: Console, thorough: bool) -> None:
    counted = ", ".join(f"{looked.counts[kind]:,} {CALLED[kind]}" for kind in KINDS)
    say.print(
        f"{counted}; {looked.records:,} records, no log with a gap, the audit's chain whole", markup=False
    )
    if looked.opened or looked.forgotten or not looked.well:
        which = "every record of" if thorough else "the live ones and a sample:"
        said = f"{which} {looked.opened:,} logs opened with their keys"
        say.print(said + (f"; {looked.forgotten:,} were forgotten" if looked.forgotten else ""), markup=False)
    else:
        say.print("The keys were not tried: there are none here, or there is no log yet.")
    if looked.without:
        say.print(
            f"LOOK  {len(looked.without):,} logs have no keys among those here: {_some(looked.without)}. A later backup "
            f"of the keys has them.",
            markup=False,
        )
    if looked.unreadable:
        say.print(f"LOOK  {len(looked.unreadable):,} do not open: {_some(looked.unreadable)}.", markup=False)


def _some(names: list[str]) -> str:
    return ", ".join(names[:NAMED]) + (" …" if len(names) > NAMED else "")


def _size(path: Path) -> str:
    size = path.stat().st_size
    return f"{size / 1e6:,.1f} MB" if size >= 100_000 else f"{size:,} bytes"
