"""The bar of a command that takes its time."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from helpline.moving import Kind, Step

CALLED: dict[Kind, str] = {
    "logs": "logs",
    "documents": "documents",
    "audit": "entries of the audit",
    "facts": "facts",
}
"""What is counted, as it is printed."""


@contextmanager
def bar(say: Console, total: int) -> Iterator[Step]:
    """While the body runs it is shown how far of `total` it is; call what is given with the stage and what was done."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=say) as progress:
        task = progress.add_task("", total=total)
        yield lambda stage, done: progress.update(task, description=f"{stage:<19}", advance=done)
