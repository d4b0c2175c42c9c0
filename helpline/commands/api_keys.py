"""`helpline api add`, `remove` and `list`: keys for other programs that ask who is on."""

import asyncio
from collections.abc import Mapping
from typing import Annotated, Any

import typer
from rich.console import Console

from helpline.commands.control import done
from helpline.commands.options import DataFolder, DefinitionFile, KeysFolder
from helpline.commands.options import say as screen
from helpline.commands.serve import settings_for
from helpline.errors import BadRequest
from helpline.service import Helpline
from helpline.settings import Settings

LONGEST_NAME = 60


async def added(helpline: Helpline, asked: Mapping[str, Any]) -> dict[str, str]:
    """A new key for `asked["name"]`: `{name, key}`."""
    name = str(asked.get("name", "")).strip()
    if not 1 <= len(name) <= LONGEST_NAME:
        raise BadRequest(f"Say in 1 to {LONGEST_NAME} letters whose key it is, such as phone-system.")
    return {"name": name, "key": await helpline.api_keys.add(name, helpline.clock.now())}


async def removed(helpline: Helpline, asked: Mapping[str, Any]) -> dict[str, str]:
    """The key of `asked["name"]` opens nothing any more."""
    name = str(asked.get("name", "")).strip()
    await helpline.api_keys.remove(name)
    return {"name": name}


async def listed(helpline: Helpline, _asked: Mapping[str, Any]) -> list[dict[str, Any]]:
    """`[{name, made_at}]`, oldest first."""
    keys = sorted(helpline.api_keys, key=lambda key: key.made_at)
    return [{"name": key.name, "made_at": key.made_at} for key in keys]


def add(settings: Settings, name: str, say: Console) -> int:
    """Make a key and print it, this once."""
    answer = asyncio.run(done(settings, "api add", added, {"name": name}))
    say.print(f"{answer['name']}: {answer['key']}", markup=False)
    say.print(
        "It is shown only this once. It asks with the header  Authorization: Bearer <key>", markup=False
    )
    return 0


def remove(settings: Settings, name: str, say: Console) -> int:
    answer = asyncio.run(done(settings, "api remove", removed, {"name": name}))
    say.print(f"The key of {answer['name']} opens nothing any more.", markup=False)
    return 0


def show(settings: Settings, say: Console) -> int:
    answer = asyncio.run(done(settings, "api list", listed, {}))
    for key in answer:
        say.print(f"{key['name']:<30} since {str(key['made_at'])[:10]}", markup=False)
    if not answer:
        say.print("No keys yet.")
    return 0


cli = typer.Typer(help="Keys for other programs that ask who is on.", no_args_is_help=True)


@cli.command("add")
def api_add(
    definition: DefinitionFile,
    name: Annotated[str, typer.Argument(help="Whose key it is, such as phone-system.")],
    data: DataFolder = None,
    keys: KeysFolder = None,
) -> None:
    """Make a key for another program, and print it once. Works while the server runs."""
    raise typer.Exit(add(settings_for(definition, data=data, keys=keys), name, screen))


@cli.command("remove")
def api_remove(
    definition: DefinitionFile,
    name: Annotated[str, typer.Argument(help="Whose key it is.")],
    data: DataFolder = None,
    keys: KeysFolder = None,
) -> None:
    """Take a key back: it opens nothing from that moment."""
    raise typer.Exit(remove(settings_for(definition, data=data, keys=keys), name, screen))


@cli.command("list")
def api_list(definition: DefinitionFile, data: DataFolder = None, keys: KeysFolder = None) -> None:
    """Say who has a key."""
    raise typer.Exit(show(settings_for(definition, data=data, keys=keys), screen))
