"""The evening of the crash test: who is on, who comes, and what the log says afterwards."""

import asyncio
import contextlib
import itertools
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec

from helpline.attendance import Attendance
from helpline.clock import SystemClock
from helpline.contact import Contact
from helpline.definition import read_definition
from helpline.errors import NotFound
from helpline.events import Event
from helpline.service import Helpline
from tests.crash.server import Driver, Server

SERVICE = Path(__file__).with_name("service.toml")
PERSON = """
[[people]]
id = "{id}"
name = "{id}"
shown_name = "{id}"
roles = ["{role}"]
languages = ["{language}"]
level = "experienced"
"""
CAREFUL = "careful"
"""The only one who speaks Polish; takes an offer only when told to. Nobody speaks Welsh."""
EACH = 12
PERSONS_PAUSE = 1_500
SUPPORTERS_PAUSE = 4_000
# A tenth of the persons sit behind something that lets no WebSocket through.
POLLING_EVERY = 10


class Log(msgspec.Struct, frozen=True):
    """One contact's log as the store has it: its events and its fold."""

    contact: Contact
    events: tuple[Event, ...]


class Kept(msgspec.Struct, frozen=True):
    """Everything the store has after the evening."""

    contacts: dict[str, Log]
    attendances: tuple[Attendance, ...]


def definition_for(folder: Path, supporters: int) -> Path:
    """The crash test's service with so many supporters beside the careful one, and a lead."""
    people = [PERSON.format(id=f"s{number}", role="supporter", language="en") for number in range(supporters)]
    people.append(PERSON.format(id=CAREFUL, role="supporter", language="pl"))
    people.append(PERSON.format(id="lead", role="lead", language="en"))
    path = folder / "service.toml"
    path.write_text(SERVICE.read_text() + "".join(people))
    return path


async def signed_in(
    server: Server, supporters: int, pause: int | None = SUPPORTERS_PAUSE
) -> list[dict[str, Any]]:
    """Supporters as the driver opens them, each with a session of their own."""
    names = [*(f"s{number}" for number in range(supporters)), CAREFUL]
    cookies = await asyncio.gather(*(server.sign_in(name) for name in names))
    return [
        {"name": name, "cookie": cookie, "careful": name == CAREFUL, "pause": pause}
        for name, cookie in zip(names, cookies, strict=True)
    ]


def persons(
    english: int, polish: int = 0, welsh: int = 0, pause: int | None = PERSONS_PAUSE
) -> list[dict[str, Any]]:
    """Persons as the driver opens them. Without a `pause` they say only what they are told to."""
    languages = ["en"] * english + ["pl"] * polish + ["cy"] * welsh
    counts = {language: itertools.count(1) for language in ("en", "pl", "cy")}
    return [
        {
            "name": f"{language} {next(counts[language])}",
            "token": f"crash-{number:037d}",
            "language": language,
            "polling": number % POLLING_EVERY == POLLING_EVERY - 1,
            "pause": pause,
        }
        for number, language in enumerate(languages)
    ]


async def kept_by(server: Server, known: Iterable[str] = ()) -> Kept:
    """What the log has of what is live and of the contacts in `known`, read by opening the store as the service does,
    without dispatching. The server has ended.
    """
    definition = read_definition(server.definition)
    data, keys = server.folder / "data", server.folder / "keys"
    helpline = await Helpline.open(definition, data=data, keys=keys, clock=SystemClock(), store=server.store)
    try:
        folds = {fold.log: fold for fold in await helpline.logbook.refold_live()}
        for contact in known:
            with contextlib.suppress(NotFound):
                folds[contact] = await helpline.contact(contact)
        contacts = {
            fold.log: Log(fold, tuple(await helpline.logbook.read(fold.log)))
            for fold in folds.values()
            if isinstance(fold, Contact)
        }
        return Kept(contacts, tuple(fold for fold in folds.values() if isinstance(fold, Attendance)))
    finally:
        await helpline.close()


async def finish(server: Server, driver: Driver) -> tuple[list[dict[str, Any]], Kept]:
    """End the storm, let everybody catch up, stop the server and read its log: what was shown, and what was kept."""
    await driver.do("hush")
    report = await driver.do("report")
    await driver.do("end")
    await server.stop()
    talks: list[dict[str, Any]] = report["talks"]
    return talks, await kept_by(server, [talk["contact"] for talk in talks])
