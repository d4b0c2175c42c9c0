"""`helpline rota import`: what a calendar file would change, and with --save, keeping it."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from uuid import uuid4

from rich.console import Console

from helpline.calendar_taking import planned
from helpline.commands.control import done
from helpline.errors import BadRequest, NotFound
from helpline.people import Principal
from helpline.service import Helpline
from helpline.settings import Settings

LINES_SHOWN = 40
MANAGER = Principal("command-line", "The command line", ("manager",))


async def imported(helpline: Helpline, asked: Mapping[str, Any]) -> dict[str, Any]:
    """Look at the file `asked["file"]` and, when `asked["save"]`, keep it: counts and a line for each event refused."""
    file = Path(str(asked.get("file", "")))
    try:
        data = await asyncio.to_thread(file.read_bytes)
    except OSError as absent:
        raise NotFound(f"{file} cannot be read ({absent.strerror}).") from None
    source = str(asked.get("source") or file.stem)
    plan = await planned(helpline, data, source)
    put = [*plan.adds, *(after for _, after in plan.changes)]
    if asked.get("save") and put:
        await helpline.rota.take_in(MANAGER, put, (), str(uuid4()), seen=helpline.rota.seq, why=source)
    return {
        "adds": len(plan.adds),
        "changes": len(plan.changes),
        "same": len(plan.same),
        "gone": [shift.id for shift in plan.gone],
        "unmatched": list(plan.unmatched),
        "refused": [str(one) for one in plan.not_understood],
        "events": len(plan.report),
        "saved": bool(asked.get("save") and put),
    }


def rota_import(settings: Settings, file: Path, source: str, say: Console, *, save: bool) -> int:
    """Print what the file would change, or has changed. Exit status 1 when some of it was not understood."""
    if not file.exists():
        raise BadRequest(f"{file}: there is no such file.")
    asked = {"file": str(file.resolve()), "source": source, "save": save}
    answer = asyncio.run(done(settings, "rota import", imported, asked))
    done_or_not = "Taken in" if answer["saved"] else "Would be taken in"
    say.print(
        f"{answer['events']} events read. {done_or_not}: {answer['adds']} new, {answer['changes']} changed, "
        f"{answer['same']} the same.",
        markup=False,
    )
    for title, lines in (
        ("Not understood", answer["refused"]),
        ("Names nobody here; would be free", answer["unmatched"]),
        ("No longer in the file; they stay", answer["gone"]),
    ):
        if lines:
            say.print(f"{title}:", markup=False)
            for line in lines[:LINES_SHOWN]:
                say.print(f"  {line}", markup=False)
            if len(lines) > LINES_SHOWN:
                say.print(f"  and {len(lines) - LINES_SHOWN} more", markup=False)
    if not answer["saved"] and (answer["adds"] or answer["changes"]):
        say.print("Nothing is kept yet: add --save to keep it. It can be undone on the page of changes.")
    return 1 if answer["refused"] else 0
