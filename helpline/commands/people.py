"""`helpline people add` and `people password`: somebody new, and the password they sign in with."""

import asyncio
import secrets
from collections.abc import Mapping
from typing import Annotated, Any

import msgspec
import typer
from rich.console import Console

from helpline.commands.control import done
from helpline.commands.options import DataFolder, DefinitionFile, KeysFolder
from helpline.commands.options import say as screen
from helpline.commands.serve import settings_for
from helpline.errors import BadRequest
from helpline.people import Account
from helpline.service import Helpline
from helpline.settings import Settings

# No letters that look alike when read aloud or written down.
LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"


def new_password() -> str:
    """Sixteen letters in groups of four: 78 bits, and fit to be read out over a phone."""
    return "-".join("".join(secrets.choice(LETTERS) for _ in range(4)) for _ in range(4))


async def added(helpline: Helpline, asked: Mapping[str, Any]) -> dict[str, str]:
    """Keep a new account and give it a password: `{id, password}`. `Conflict` when the id is taken."""
    try:
        account = msgspec.convert(asked, Account)
    except msgspec.ValidationError as error:
        raise BadRequest(f"{error}.") from None
    password = new_password()
    await helpline.people.add(account)
    await helpline.people.set_password(account.id, password)
    return {"id": account.id, "password": password}


async def repassworded(helpline: Helpline, asked: Mapping[str, Any]) -> dict[str, str]:
    """A new password for somebody who is known: `{id, password}`. `NotFound` when nobody has that id."""
    password = new_password()
    account = await helpline.people.set_password(str(asked.get("id", "")), password)
    return {"id": account.id, "password": password}


def add(settings: Settings, account: Mapping[str, Any], say: Console) -> int:
    """Add somebody, through the running server if there is one. Exit status 0."""
    return _told(asyncio.run(done(settings, "people add", added, account)), say)


def repassword(settings: Settings, id: str, say: Console) -> int:
    """Give somebody a new password, through the running server if there is one. Exit status 0."""
    return _told(asyncio.run(done(settings, "people password", repassworded, {"id": id})), say)


def _told(answer: Mapping[str, str], say: Console) -> int:
    say.print(f"{answer['id']} can sign in with the password {answer['password']}", markup=False)
    say.print("It is shown only this once. Nobody can look it up again.")
    return 0


# -- on the command line -------------------------------------------------------------------------------------------

cli = typer.Typer(help="Who works here.", no_args_is_help=True)


@cli.command("add")
def people_add(
    definition: DefinitionFile,
    id: Annotated[str, typer.Argument(help="What they type to sign in.")],
    name: Annotated[str, typer.Option(help="Their name, for colleagues in charge only.")],
    shown_name: Annotated[str, typer.Option(help="The name people see.")],
    role: Annotated[list[str], typer.Option(help="supporter, lead, on_call, supervisor, manager …")],
    language: Annotated[list[str], typer.Option(help="BCP 47 tags, such as en or pl.")],
    level: Annotated[str, typer.Option(help="new or experienced.")] = "new",
    kind: Annotated[str, typer.Option(help="peer or volunteer.")] = "volunteer",
    email: Annotated[str, typer.Option(help="May be typed to sign in, too.")] = "",
    data: DataFolder = None,
    keys: KeysFolder = None,
) -> None:
    """Add somebody, and print the password they sign in with once. Works while the server runs."""
    settings = settings_for(definition, data=data, keys=keys)
    account = {
        "id": id,
        "name": name,
        "shown_name": shown_name,
        "roles": role,
        "languages": language,
        "level": level,
        "kind": kind,
        "email": email,
    }
    raise typer.Exit(add(settings, account, screen))


@cli.command("password")
def people_password(
    definition: DefinitionFile,
    id: Annotated[str, typer.Argument(help="What they type to sign in.")],
    data: DataFolder = None,
    keys: KeysFolder = None,
) -> None:
    """Give somebody a new password, and print it once: for who came with the definition, or forgot theirs."""
    settings = settings_for(definition, data=data, keys=keys)
    raise typer.Exit(repassword(settings, id, screen))
