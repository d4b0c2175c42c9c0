"""`helpline doctor`: looks over a service's files, keys and logs, and says what to do about what is wrong."""

import asyncio
import stat
from collections.abc import Callable, Coroutine, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

from rich.console import Console

from helpline.clock import SystemClock
from helpline.commands.control import done
from helpline.definition import Definition, read_definition, refusals_to_serve
from helpline.errors import HelplineError
from helpline.nodes import Standing
from helpline.ports import AuditEntry
from helpline.post import PostState
from helpline.service import Helpline
from helpline.service_key import SERVICE_KEY
from helpline.settings import Settings
from helpline.stores.audit_chain import first_break
from helpline.stores.last_backup import last_backup
from helpline.tonight import no_phrases

BATCH = 1_000
BACKUP_AFTER = timedelta(hours=26)
CheckLine = Callable[[Path, Definition, str], Coroutine[Any, Any, list[dict[str, Any]]]]
"""Given the carrier's file, the service and our public address: what the phone line looks like."""


async def examined(helpline: Helpline, _asked: Mapping[str, Any]) -> list[dict[str, Any]]:
    """`[{what, well, say}]`: each thing looked at in the store, whether it is well, and a word about it."""
    found = [await _audit(helpline), await _logs(helpline)]
    without = sorted(account.id for account in helpline.people if account.active and not account.password)
    said = (
        f"{len(without)} cannot sign in yet: {', '.join(without)}"
        if without
        else f"{len(helpline.people)} can sign in"
    )
    found.append({"what": "people", "well": not without, "say": said})
    ready = helpline.store.ready
    found.append(
        {"what": "store", "well": ready, "say": "takes what is written" if ready else "cannot keep up"}
    )
    found.append(_phrases(helpline))
    found.append(_post(helpline))
    if helpline.nodes is not None:
        found.append(_nodes(helpline.nodes.standing))
    return found


def _nodes(standing: Standing) -> dict[str, Any]:
    said = []
    if standing.silent_since is not None:
        said.append(
            f"do not hear each other since {standing.silent_since:%H:%M} UTC: everything goes on, about a second "
            "slower, and nothing is lost. Is Redis there?"
        )
    if standing.differing:
        said.append(f"started with another service file or version: {'; '.join(standing.differing)}")
    if standing.no_keys_since is not None:
        said.append(
            f"the key store does not answer since {standing.no_keys_since:%H:%M} UTC: nobody new can begin, and nobody "
            "can start a shift"
        )
    return {"what": "nodes", "well": not said, "say": "; ".join(said) or "hear each other"}


def _phrases(helpline: Helpline) -> dict[str, Any]:
    """Which promised language has no phrase to look for, as the lists are now."""
    missing = no_phrases(helpline)
    used = sum(len(each) for each in helpline.phrases.lists.in_use.values())
    said = f"none in {', '.join(missing)}: see /phrases" if missing else f"{used} looked for"
    return {"what": "phrase lists", "well": not missing, "say": said}


def _post(helpline: Helpline) -> dict[str, Any]:
    post = helpline.post.state()
    if not post.running:
        return {"what": "e-mail", "well": True, "say": "is seen while the service runs"}
    if not post.set_up:
        return {"what": "e-mail", "well": True, "say": "no mail server (--mail): no reminders are sent"}
    without = helpline.post.without_address()
    said = [post.trouble] if post.trouble else []
    said += [f"{len(without)} get no letters, having no address: {', '.join(without)}"] if without else []
    said += [f"{len(post.failed)} did not arrive: {_failed(post)}"] if post.failed else []
    well = not said
    said += [
        f"{post.waiting} waiting",
        f"last sent {post.last_sent:%d %b %H:%M} UTC" if post.last_sent else "none sent",
    ]
    return {"what": "e-mail", "well": well, "say": "; ".join(said)}


def _failed(post: PostState) -> str:
    """Whom letters did not reach, and why in the last case."""
    to = ", ".join(dict.fromkeys(one.to for one in post.failed))
    return f"{to} ({post.failed[-1].why})"


async def _audit(helpline: Helpline) -> dict[str, Any]:
    entries: list[AuditEntry] = []
    while batch := await helpline.store.audit_entries(len(entries), BATCH):
        entries += batch
    broken = first_break(entries)
    said = f"{len(entries)} entries, each following from the one before"
    if broken is not None:
        said = f"entry {broken} does not follow from the one before it: it was changed, or one is missing"
    return {"what": "audit", "well": broken is None, "say": said}


async def _logs(helpline: Helpline) -> dict[str, Any]:
    heads = await helpline.store.heads()
    unreadable = []
    for head in heads:
        try:
            fold = await helpline.logbook.load(head.log)
        except HelplineError as error:
            unreadable.append(f"{head.log} ({error.code})")
            continue
        if fold.seq < head.seq:
            unreadable.append(f"{head.log} (ends at {fold.seq}, should reach {head.seq})")
    said = f"{len(heads)} live, all readable" if not unreadable else "not whole: " + ", ".join(unreadable)
    return {"what": "logs", "well": not unreadable, "say": said}


async def backups(settings: Settings) -> list[dict[str, Any]]:
    """When data and keys were last backed up."""
    last = {
        "data": await last_backup(settings.data, settings.store),
        "keys": await last_backup(settings.keys, settings.key_store, "--key-store"),
    }
    found = []
    for what, made in last.items():
        command = "helpline backup" if what == "data" else "helpline keys backup"
        late = made is None or SystemClock().now() - made.at > BACKUP_AFTER
        said = f"{made.at:%Y-%m-%d %H:%M} UTC, to {made.to}" if made is not None else "never"
        found.append(
            {
                "what": f"backup {what}",
                "well": not late,
                "say": f"{said}; make one: {command}" if late else said,
            }
        )
    return found


def doctor(settings: Settings, say: Console, check_line: CheckLine | None = None) -> int:
    """Print what was found. Exit status 1 when anything is not well. `check_line` asks the carrier of texts."""
    definition = read_definition(settings.definition)
    refusals = refusals_to_serve(definition, file=settings.definition.name)
    found = [
        {"what": "definition", "well": not refusals, "say": str(refusals[0]) if refusals else definition.name}
    ]
    key = settings.keys / SERVICE_KEY
    if not key.exists():
        found.append(
            {"what": "key", "well": False, "say": f"{key} is not there: start the service once, or bring it"}
        )
    else:
        private = not stat.S_IMODE(key.stat().st_mode) & 0o077
        said = f"{key}, readable by its owner only" if private else f"others may read {key}: chmod 600 {key}"
        found.append({"what": "key", "well": private, "say": said})
        found += asyncio.run(done(settings, "doctor", examined, {}))
        if not definition.demo:
            found += asyncio.run(backups(settings))
    if settings.carrier is not None and check_line is not None:
        found += asyncio.run(check_line(settings.carrier, definition, settings.origin))
    for one in found:
        say.print(f"{'well' if one['well'] else 'LOOK'}  {one['what']:<11} {one['say']}", markup=False)
    return 0 if all(one["well"] for one in found) else 1
