"""`helpline move`: carries everything from one store to another, with a bar, as often as it takes."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from helpline.clock import SystemClock
from helpline.commands.bar import CALLED, bar
from helpline.commands.options import say
from helpline.errors import BadRequest
from helpline.moving import KINDS, Moved, Shelf, move
from helpline.ports import Clock
from helpline.settings import address_in_environment
from helpline.stores.addresses import SCHEMES
from helpline.stores.opening import open_shelf
from helpline.stores.sqlite import FILE

SQLITE = "sqlite:"


def asked(
    source: Annotated[
        str, typer.Option("--from", help="sqlite:/the/data/folder or mongodb://…; left out: HELPLINE_STORE.")
    ] = "",
    target: Annotated[str, typer.Option("--to", help="The same, for where it goes.")] = "",
) -> None:
    """Carry everything to another store, and compare it. Cut short, it goes on when given again."""
    raise typer.Exit(carry(source, target, SystemClock(), say))


def carry(source: str, target: str, clock: Clock, say: Console) -> int:
    """Move everything. One of the two may be left out: it is then the address in HELPLINE_STORE."""
    source, target = source or address_in_environment(), target or address_in_environment()
    if not source or not target:
        raise BadRequest("Say --from and --to; one may be left out when HELPLINE_STORE holds its address.")
    moved = asyncio.run(_carried(source, target, clock, say))
    for kind in KINDS:
        say.print(
            f"{moved.counted[kind]:>9,} {CALLED[kind]}, compared one by one; {moved.written[kind]:,} written now"
        )
    say.print(
        "The keys are no part of this and stay where they are. What was moved is marked, and not opened again."
    )
    return 0


async def _carried(source: str, target: str, clock: Clock, say: Console) -> Moved:
    here = await shelf_at(source, clock, must_exist=True)
    try:
        there = await shelf_at(target, clock)
        try:
            total = sum([await here.count(kind) for kind in KINDS])
            with bar(say, 2 * total) as step:
                return await move(here, there, step)
        finally:
            await there.close()
    finally:
        await here.close()


async def shelf_at(address: str, clock: Clock, *, must_exist: bool = False) -> Shelf:
    """What stands at `sqlite:FOLDER` or at an address of MongoDB, with no server on it. Raises `BadRequest`."""
    if address.startswith(SCHEMES):
        return await open_shelf(address, Path(), clock.now())
    folder = Path(address.removeprefix(SQLITE))
    if not address.startswith(SQLITE) or address == SQLITE:
        raise BadRequest(
            f"{address}: write sqlite:/the/data/folder or mongodb://host1,host2/?replicaSet=name"
        )
    if must_exist and not (await asyncio.to_thread((folder / FILE).is_file)):
        raise BadRequest(f"{address}: there is no data there")
    return await open_shelf("", folder, clock.now())
