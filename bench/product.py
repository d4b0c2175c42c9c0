"""The product under measurement: the real application, on a real SQLite file, with a service of the bench's own.

`python -m bench.product --folder DIR [--supporters N] [--polish N] [--carrier FILE] [--waiting N]` prints
`{"port", "cookies", "key"}` once it listens and ends when stdin closes. A cookie for each supporter, those who speak
Polish and no English last; the key is for programs that ask who is on. So many wait for an answer from the start.
With `--store` and `--bus` it is one node of several; `--node N` is one more, at which the first one's cookies do.
"""

import argparse
import asyncio
import logging
import os
import sys
from pathlib import Path
from typing import Any
from uuid import uuid4

import structlog
import uvloop
from aiohttp import web

from app import init_app
from bench.sampling import Sampler
from bench.serving import serve
from helpline.clock import SystemClock
from helpline.commands.garbage import collected_when_idle
from helpline.settings import Settings
from webchat.keys import HELPLINE, SESSIONS
from webchat.security import STAFF_COOKIE, cookie_name

SERVICE = Path(__file__).with_name("service.toml")
NO_LIMIT = 1_000_000
AT_ONCE = 200
PERSON = """
[[people]]
id = "s{number}"
name = "Supporter {number}"
shown_name = "S{number}"
roles = ["supporter"]
languages = ["{language}"]
level = "experienced"
"""


BY_TEXT = '[hours.channels.sms]\nweek = "always"\n'


def service_file(folder: Path, supporters: int, polish: int, *, by_text: bool = False) -> Path:
    """The bench's service, with so many supporters; the last `polish` of them speak Polish only."""
    path = folder / "service.toml"
    people = (
        PERSON.format(number=number, language="en" if number < supporters - polish else "pl")
        for number in range(supporters)
    )
    service = SERVICE.read_text()
    if by_text:
        service = service.replace('channels = ["web"]', 'channels = ["web", "sms"]') + BY_TEXT
    path.write_text(service + "".join(people))
    return path


async def sign_in_all(app: web.Application, settings: Settings, supporters: int) -> list[str]:
    """A session for each supporter, kept in the store as signing in would; their cookie headers."""
    name = cookie_name(settings, STAFF_COOKIE)
    tokens = await asyncio.gather(*(app[SESSIONS].begin(f"s{number}") for number in range(supporters)))
    return [f"{name}={token}" for token in tokens]


def log_to_stderr() -> None:
    """Stdout belongs to what the bench asks; what goes wrong is shown beside it."""
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


async def let_wait(app: web.Application, count: int) -> None:
    """So many people who came by text and say nothing more."""
    helpline = app[HELPLINE]
    for first in range(0, count, AT_ONCE):
        coming = (
            helpline.start(f"waiting-{number}", client_id=str(uuid4()), language="en", channel="sms")
            for number in range(first, min(first + AT_ONCE, count))
        )
        await asyncio.gather(*coming)
    await helpline.dispatcher.settled()


async def main(given: argparse.Namespace) -> None:
    folder, supporters = given.folder, given.supporters
    settings = Settings(
        definition=service_file(folder, supporters, given.polish, by_text=given.carrier is not None),
        carrier=given.carrier,
        data=folder / ("data" if given.node == 0 else f"data-{given.node}"),
        keys=folder / "keys",
        store=given.store,
        bus=given.bus,
        burst=NO_LIMIT,
        calls_a_second=NO_LIMIT,
        most_pending=NO_LIMIT,
    )
    app = init_app(settings, SystemClock())
    app.cleanup_ctx.append(collected_when_idle)
    sampler = Sampler()
    questions: dict[str, Any] = {
        "touched": lambda: app[HELPLINE].dispatcher.queue.touched,
        "waiting": lambda: len(app[HELPLINE].dispatcher.queue),
        "sample": sampler.start,
        "profile": sampler.stop,
    }
    async with serve(app, questions, given.port) as said:
        if given.node == 0:
            await let_wait(app, given.waiting)
            said["cookies"] = await sign_in_all(app, settings, supporters)
            said["key"] = await app[HELPLINE].api_keys.add(f"bench {os.getpid()}", app[HELPLINE].clock.now())


if __name__ == "__main__":
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--folder", type=Path, required=True)
    arguments.add_argument("--supporters", type=int, default=0)
    arguments.add_argument("--polish", type=int, default=0)
    arguments.add_argument("--carrier", type=Path)
    arguments.add_argument("--waiting", type=int, default=0)
    arguments.add_argument("--store", default="")
    arguments.add_argument("--bus", default="")
    arguments.add_argument("--node", type=int, default=0)
    arguments.add_argument("--port", type=int, default=0)
    log_to_stderr()
    uvloop.run(main(arguments.parse_args()))
