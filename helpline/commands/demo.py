"""`helpline demo`: the whole service on this machine, with somebody on shift and sign-ins made up for it."""

import asyncio
import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path

import msgspec
from rich.console import Console
from rich.table import Table

from helpline.clock import SystemClock
from helpline.commands.people import new_password
from helpline.commands.workers import Run, is_worker, run_it
from helpline.definition import Definition, read_definition, refusals_to_serve
from helpline.permissions import may
from helpline.service import Helpline
from helpline.settings import Settings, default_data_folder, key_store_in_environment

SIGN_INS = "sign-ins.json"


def demo(
    definition_file: Path,
    data: Path | None,
    port: int,
    run: Run,
    say: Console,
    store: str = "",
    bus: str = "",
    workers: int = 1,
) -> int:
    """Run the demonstration until it is told to stop. Without `data` its folder is new, and gone afterwards."""
    definition = read_definition(definition_file)
    if not definition.demo:
        say.print(
            f"{definition_file.name}: demo: is not true; a real service runs with helpline serve",
            markup=False,
        )
        return 1
    if store and data is None:
        say.print("What --store keeps outlives this: say with --data where its keys are kept.")
        return 1
    refusals = refusals_to_serve(definition, file=definition_file.name)
    for refusal in refusals:
        say.print(str(refusal), markup=False)
    if refusals:
        return 1
    with _folder(data) as folder:
        settings = Settings(
            definition=definition_file,
            data=folder / "data",
            keys=folder / "keys",
            store=store,
            key_store=key_store_in_environment(),
            bus=bus,
            workers=workers,
            host="127.0.0.1",
            port=port,
            demo=True,
        )
        if not is_worker():
            sign_ins = asyncio.run(employed(settings, definition))
            _tell(definition, sign_ins, port, say)
        return run_it(settings, definition, run, say)


@contextlib.contextmanager
def _folder(data: Path | None) -> Iterator[Path]:
    if data is not None:
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
        yield data
        return
    root = default_data_folder("demonstrations")
    root.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="demo-", dir=root, ignore_cleanup_errors=True) as fresh:
        yield Path(fresh)


async def employed(settings: Settings, definition: Definition) -> dict[str, str]:
    """Everybody of the definition with a password: those kept beside the data, and new ones for who has none."""
    kept = settings.data.parent / SIGN_INS
    sign_ins: dict[str, str] = {}
    if kept.exists():
        sign_ins = msgspec.json.decode(kept.read_bytes(), type=dict[str, str])
    helpline = await Helpline.where(settings, definition, SystemClock())
    try:
        fresh = {
            account.id: new_password()
            for account in helpline.people
            if not account.password or account.id not in sign_ins
        }
        await asyncio.gather(*(helpline.people.set_password(*sign_in) for sign_in in fresh.items()))
        sign_ins |= fresh
    finally:
        await helpline.close()
    kept.touch(mode=0o600)
    kept.write_bytes(msgspec.json.format(msgspec.json.encode(sign_ins)))
    return sign_ins


def _tell(definition: Definition, sign_ins: dict[str, str], port: int, say: Console) -> None:
    say.print()
    say.print(f"[bold]{definition.name}[/bold]: a demonstration. Nobody is here.")
    say.print()
    places = Table(box=None, show_header=False, pad_edge=False)
    places.add_row("person", f"http://localhost:{port}/chat")
    places.add_row("desk", f"http://localhost:{port}/desk")
    places.add_row("board", f"http://127.0.0.1:{port}/board")
    phones = {"sms", "call"} & set(definition.channels)
    if phones:
        places.add_row("phone", f"http://localhost:{port}/demo/phone")
    say.print(places)
    say.print()
    people = Table("sign-in", "password", "opens", "languages", "shown as", box=None, pad_edge=False)
    for person in definition.people:
        opens = [page for page in ("desk", "board") if may(person.roles, "page", page)]
        people.add_row(
            person.id,
            sign_ins.get(person.id, ""),
            " and ".join(opens) or "nothing yet",
            " ".join(person.languages),
            person.shown_name,
        )
    say.print(people)
    say.print()
    if phones:
        say.print(
            "Text from a pretend phone, or press CALL ME on it; answer at the desk, and ring back from there."
        )
    say.print(
        "Sign in at the desk and at the board; being on two names, they share one browser. Ctrl+C ends it."
    )
