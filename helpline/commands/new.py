"""`helpline new`: write a service definition to fill in."""

import re
from importlib.resources import files
from pathlib import Path

from rich.console import Console


class AlreadyThere(Exception):
    """The file exists. Nothing is ever written over a service definition."""


def skeleton() -> str:
    """A real service to fill in, as TOML: every key explained, and the whole ladder that is to be approved."""
    package = files("helpline")
    head = package.joinpath("new.toml").read_text(encoding="utf-8")
    ladder = package.joinpath("ladder.toml").read_text(encoding="utf-8")
    # The ladder's own introduction speaks of the shipped file; the skeleton has one of its own.
    ladder = ladder[ladder.index("version =") :]
    ladder = re.sub(r"^\[\[rungs\]\]$", "[[ladder.rungs]]", ladder, flags=re.MULTILINE)
    ladder = re.sub(r"^\[(rungs\.\w+|tracks)\]$", r"[ladder.\1]", ladder, flags=re.MULTILINE)
    return head + ladder


def write_new(path: Path) -> None:
    """Write the skeleton to `path`.

    Raises `AlreadyThere` when there is a file of that name, `OSError` when it cannot be written.
    """
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(skeleton())
    except FileExistsError:
        raise AlreadyThere(f"{path} is already there; give another name, or move it away first") from None


def new(path: Path, say: Console | None = None) -> int:
    """Write the skeleton, say what comes next, and return the exit status: 1 when nothing was written."""
    say = say or Console(highlight=False, soft_wrap=True)
    try:
        write_new(path)
    except AlreadyThere as refused:
        say.print(str(refused), markup=False)
        return 1
    except OSError as refused:
        say.print(
            f"{path} cannot be written ({refused.strerror}); give a folder you may write to", markup=False
        )
        return 1
    say.print(f"Wrote {path}. Fill in what is marked FILL IN, then run: helpline check {path}", markup=False)
    return 0
