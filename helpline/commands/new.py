"""`helpline new`: write a service definition to fill in."""

import re
from importlib.resources import files
from pathlib import Path


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


def new(path: Path) -> str:
    """Write the skeleton to `path` and return what to say about it.

    Raises `AlreadyThere` when there is a file of that name, `OSError` when it cannot be written.
    """
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(skeleton())
    except FileExistsError:
        raise AlreadyThere(f"{path} is already there; give another name, or move it away first") from None
    return f"Wrote {path}. Fill in what is marked FILL IN, then run: helpline check {path}"
