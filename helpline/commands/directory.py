"""`helpline directory import` and `export`: the directory in and out of a file, with the server running or without."""

import asyncio
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any
from uuid import uuid4

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from helpline.commands.control import done
from helpline.commands.options import DataFolder, DefinitionFile, KeysFolder, say
from helpline.commands.rota_import import MANAGER
from helpline.commands.serve import settings_for
from helpline.directory_csv import refused_csv, write_csv
from helpline.directory_exchange import LARGEST_FILE, form_of
from helpline.directory_hsds import write_hsds
from helpline.directory_services import Entry
from helpline.errors import BadRequest, NotFound, TooLong
from helpline.service import Helpline
from helpline.settings import Settings

LINES_SHOWN = 40
LOOK_EVERY = 0.1


async def imported(helpline: Helpline, asked: Mapping[str, Any]) -> dict[str, Any]:
    """Look at the file `asked["file"]` and, when `asked["save"]`, keep it in one step.

    Writes how far it is to `asked["progress"]` and what was refused to `asked["refused"]`, each a file when it is named.
    """
    file, progress, refused = (Path(str(asked.get(name, ""))) for name in ("file", "progress", "refused"))
    try:
        if file.stat().st_size > LARGEST_FILE:
            raise TooLong(
                f"{file} is larger than {LARGEST_FILE // 1_000_000} MB. Please take it in in parts."
            )
        data = await asyncio.to_thread(file.read_bytes)
    except OSError as absent:
        raise NotFound(f"{file} cannot be read ({absent.strerror}).") from None
    directory = helpline.directory

    def tell(read: int, of: int) -> None:
        if asked.get("progress"):
            progress.write_text(f"{read} {of}")

    intake = await directory.look_into(data, form_of(data, file.name), tell)
    keep = bool(asked.get("save")) and bool(intake.put)
    if keep and intake.wrongs:
        raise BadRequest(" ".join(str(wrong) for wrong in intake.wrongs))
    if keep:
        await directory.take_in(MANAGER, intake.put, str(uuid4()), seen=intake.seen)
    if asked.get("refused") and intake.refused:
        refused.write_text(refused_csv(intake.refused), encoding="utf-8")
    return {
        "rows": intake.rows,
        "adds": len(intake.adds),
        "changes": len(intake.changes),
        "same": intake.same,
        "missing": intake.missing,
        "refused": len(intake.refused),
        "reasons": [f"{one.row.where}: {'. '.join(one.reasons)}" for one in intake.refused[:LINES_SHOWN]],
        "lost": [f"{words}: {count}" for words, count in intake.lost],
        "wrongs": [str(wrong) for wrong in intake.wrongs],
        "saved": keep,
    }


async def exported(helpline: Helpline, asked: Mapping[str, Any]) -> int:
    """Write the directory to `asked["file"]`, as JSON when it is named so; how many entries."""
    directory, definition = helpline.directory, helpline.definition
    public = bool(asked.get("public"))
    entries: list[Entry] = [one for one in directory.contacts if not public or one.line == "public"]
    entries += directory.services
    file = Path(str(asked["file"]))

    def write() -> None:
        if file.suffix.casefold() == ".json":
            file.write_bytes(b"".join(write_hsds(entries, definition.localities, definition.name)))
        else:
            file.write_text(write_csv(entries), encoding="utf-8", newline="")

    try:
        await asyncio.to_thread(write)
    except OSError as refused:
        raise BadRequest(f"{file} cannot be written ({refused.strerror}).") from None
    return len(entries)


def directory_import(settings: Settings, file: Path, to: Console, *, save: bool, refused: Path | None) -> int:
    """Print what the file would change, or has changed. Exit status 1 when some of it was refused."""
    if not file.exists():
        raise BadRequest(f"{file}: there is no such file.")
    asked: dict[str, Any] = {"file": str(file.resolve()), "save": save}
    if refused is not None:
        asked["refused"] = str(refused.resolve())
    answer = asyncio.run(_with_progress(settings, asked, to))
    taken = "Taken in" if answer["saved"] else "Would be taken in"
    to.print(
        f"{answer['rows']:,} entries read. {taken}: {answer['adds']:,} new, {answer['changes']:,} changed, "
        f"{answer['same']:,} the same. {answer['missing']:,} are not in the file and stay.",
        markup=False,
    )
    for title, lines in (
        (f"Refused, {answer['refused']:,}", answer["reasons"]),
        ("Left out, because an entry has no place for it", answer["lost"]),
        ("Nothing can be kept", answer["wrongs"]),
    ):
        if lines:
            to.print(f"{title}:", markup=False)
            for line in lines:
                to.print(f"  {line}", markup=False)
    if answer["refused"] > len(answer["reasons"]):
        to.print(f"  and {answer['refused'] - len(answer['reasons']):,} more", markup=False)
    if not answer["saved"] and (answer["adds"] or answer["changes"]) and not answer["wrongs"]:
        to.print("Nothing is kept yet: add --save to keep it. It can be undone on the page of changes.")
    return 1 if answer["refused"] or answer["wrongs"] else 0


async def _with_progress(settings: Settings, asked: Mapping[str, Any], to: Console) -> dict[str, Any]:
    """The answer, with a bar that follows what the server, or this process, says of how far it is."""
    columns = (TextColumn("Reading"), BarColumn(), MofNCompleteColumn())
    with tempfile.TemporaryDirectory(prefix="helpline-") as folder, Progress(*columns, console=to) as bar:
        far = Path(folder) / "far"
        task = bar.add_task("Reading", total=None)

        async def follow() -> None:
            while True:
                await asyncio.sleep(LOOK_EVERY)
                _show(far, bar, task)

        following = asyncio.create_task(follow())
        try:
            answer: dict[str, Any] = await done(
                settings, "directory import", imported, {**asked, "progress": str(far)}
            )
        finally:
            following.cancel()
            await asyncio.gather(following, return_exceptions=True)
        _show(far, bar, task)
    return answer


def _show(far: Path, bar: Progress, task: Any) -> None:
    said = far.read_text().split() if far.exists() else []
    if len(said) == 2:
        bar.update(task, completed=int(said[0]), total=int(said[1]))


def directory_export(settings: Settings, file: Path, to: Console, *, public: bool) -> int:
    """Write the directory to a file and say how much of it."""
    asked = {"file": str(file.resolve()), "public": public}
    count = asyncio.run(done(settings, "directory export", exported, asked))
    to.print(f"{count:,} entries written to {file}.", markup=False)
    return 0


cli = typer.Typer(help="Crisis contacts and services, in and out of a file.", no_args_is_help=True)


@cli.command("import")
def take_in(
    definition: DefinitionFile,
    file: Annotated[
        Path,
        typer.Argument(help="A table (.csv), HSDS JSON (.json) or its package (.zip).", metavar="DIRECTORY"),
    ],
    save: Annotated[bool, typer.Option("--save", help="Keep it. Left out, it is only looked at.")] = False,
    refused: Annotated[
        Path | None, typer.Option("--refused", help="Write what was refused to this table.")
    ] = None,
    data: DataFolder = None,
    keys: KeysFolder = None,
) -> None:
    """Say what a file would change in the directory, and with --save keep it. Works while the server runs."""
    settings = settings_for(definition, data=data, keys=keys)
    raise typer.Exit(directory_import(settings, file, say, save=save, refused=refused))


@cli.command("export")
def write_out(
    definition: DefinitionFile,
    file: Annotated[
        Path, typer.Argument(help="Where to: .csv for a table, .json for HSDS.", metavar="DIRECTORY")
    ],
    public: Annotated[bool, typer.Option("--public", help="Leave out what is only for us to ring.")] = False,
    data: DataFolder = None,
    keys: KeysFolder = None,
) -> None:
    """Write the directory to a file. Works while the server runs."""
    settings = settings_for(definition, data=data, keys=keys)
    raise typer.Exit(directory_export(settings, file, say, public=public))
