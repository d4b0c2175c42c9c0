"""`helpline check`: everything wrong in service definitions, at once."""

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec

from helpline.definition import (
    BrokenDefinition,
    Definition,
    Mistake,
    check,
    read_definition,
    refusals_to_serve,
)


class Checked(msgspec.Struct, frozen=True, kw_only=True):
    """What was found in one file. `definition` is None when it is broken."""

    path: Path
    definition: Definition | None
    errors: tuple[Mistake, ...] = ()
    warnings: tuple[Mistake, ...] = ()
    refusals: tuple[Mistake, ...] = ()
    """Why `serve` would not open it yet."""

    @property
    def lines(self) -> list[str]:
        """What to print, one finding a line, worst first."""
        told = [
            *(f"error: {mistake}" for mistake in self.errors),
            *(f"will not serve yet: {mistake}" for mistake in self.refusals),
            *(f"warning: {mistake}" for mistake in self.warnings),
        ]
        return told or [f"{self.path.name}: nothing to mend"]


def check_file(path: Path, now: datetime) -> Checked:
    """Read one definition and find all that is wrong. `now` decides which verify-by dates have passed."""
    try:
        definition = read_definition(path)
    except BrokenDefinition as broken:
        return Checked(path=path, definition=None, errors=broken.mistakes)
    today = now.astimezone(ZoneInfo(definition.zone)).date()
    return Checked(
        path=path,
        definition=definition,
        warnings=tuple(check(definition, file=path.name, today=today)),
        refusals=tuple(refusals_to_serve(definition, file=path.name)),
    )


def check_files(paths: Iterable[Path], now: datetime) -> tuple[int, list[Checked]]:
    """Every file checked, and the exit status: 1 when any has an error, else 0.

    A refusal to serve is no error: a definition is whole before it is approved and its numbers are filled in.
    """
    found = [check_file(path, now) for path in paths]
    return int(any(checked.errors for checked in found)), found
