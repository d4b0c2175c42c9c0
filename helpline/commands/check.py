"""`helpline check`: everything wrong in service definitions, at once."""

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
from rich.console import Console

from helpline import definition_checks
from helpline.definition import BrokenDefinition, Definition, Mistake, read_definition, refusals_to_serve


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
        warnings=tuple(definition_checks.check(definition, file=path.name, today=today)),
        refusals=tuple(refusals_to_serve(definition, file=path.name)),
    )


def check(files: Iterable[Path], say: Console | None = None, now: datetime | None = None) -> int:
    """Check every file, say all that was found, and return the exit status: 1 when any has an error, else 0.

    A refusal to serve is no error: a definition is whole before it is approved and its numbers are filled in.
    """
    say = say or Console(highlight=False, soft_wrap=True)
    found = [check_file(path, now or datetime.now(UTC)) for path in files]
    for checked in found:
        for line in checked.lines:
            say.print(line, markup=False)
    return int(any(checked.errors for checked in found))
