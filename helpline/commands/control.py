"""How a command reaches the data while a server has it open: a Unix socket in the data folder, for this user only.

One request a connection, one JSON line each way: `{"do", "with"}`, answered by `{"answer"}` or `{"error"}`. With no
server running the command opens the files itself.
"""

import asyncio
import os
import stat
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import structlog

from helpline.clock import SystemClock
from helpline.definition import read_definition
from helpline.errors import BadRequest, HelplineError
from helpline.service import Helpline
from helpline.settings import Settings

log = structlog.get_logger()

NAME = "control.sock"
LONGEST_PATH = 100
LARGEST_LINE = 1_000_000
WITHIN = 60.0

Doing = Callable[[Helpline, Mapping[str, Any]], Awaitable[Any]]


class Asked(msgspec.Struct):
    do: str
    with_: dict[str, Any] = msgspec.field(default_factory=dict, name="with")


class Answered(msgspec.Struct, omit_defaults=True):
    answer: Any = None
    error: str = ""


class NotDone(HelplineError):
    """A server refused what a command asked of it."""

    code = "not_done"


@asynccontextmanager
async def control_socket(data: Path, helpline: Helpline, doings: Mapping[str, Doing]) -> AsyncIterator[None]:
    """While the body runs, commands on this machine can ask for `doings`."""
    path = data / NAME
    if len(os.fsencode(path)) > LONGEST_PATH:
        log.warning("commands cannot reach this server: the data folder's path is too long for a socket")
        yield
        return

    async def asked(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            line = await asyncio.wait_for(reader.readline(), WITHIN)
            writer.write(msgspec.json.encode(await _answered(helpline, doings, line)) + b"\n")
            await writer.drain()
        except (OSError, TimeoutError, ValueError):
            log.info("a command hung up")
        finally:
            writer.close()

    if await _taken(path):
        yield  # another node of this machine takes commands; what they change is heard here
        return
    path.unlink(missing_ok=True)
    server = await asyncio.start_unix_server(asked, path, limit=LARGEST_LINE)
    path.chmod(stat.S_IRUSR | stat.S_IWUSR)
    try:
        yield
    finally:
        server.close()
        await server.wait_closed()
        path.unlink(missing_ok=True)


async def _taken(path: Path) -> bool:
    try:
        _, writer = await asyncio.open_unix_connection(path)
    except (FileNotFoundError, ConnectionRefusedError):
        return False
    writer.close()
    return True


async def _answered(helpline: Helpline, doings: Mapping[str, Doing], line: bytes) -> Answered:
    try:
        asked = msgspec.json.decode(line, type=Asked)
        doing = doings.get(asked.do)
        if doing is None:
            raise BadRequest(f"The running server knows no “{asked.do}”. Is it an older version?")
        return Answered(answer=await doing(helpline, asked.with_))
    except msgspec.MsgspecError:
        return Answered(error="That was no request.")
    except HelplineError as refused:
        return Answered(error=refused.message)


async def done(settings: Settings, do: str, doing: Doing, with_: Mapping[str, Any]) -> Any:
    """The answer of the running server, or, with none running, of `doing` on the files themselves."""
    path = settings.data / NAME
    try:
        reader, writer = await asyncio.open_unix_connection(path, limit=LARGEST_LINE)
    except (FileNotFoundError, ConnectionRefusedError):
        return await _alone(settings, doing, with_)
    try:
        writer.write(msgspec.json.encode(Asked(do, dict(with_))) + b"\n")
        answered = msgspec.json.decode(await asyncio.wait_for(reader.readline(), WITHIN), type=Answered)
    finally:
        writer.close()
    if answered.error:
        raise NotDone(answered.error)
    return answered.answer


async def _alone(settings: Settings, doing: Doing, with_: Mapping[str, Any]) -> Any:
    definition = read_definition(settings.definition)
    helpline = await Helpline.where(settings, definition, SystemClock())
    try:
        return msgspec.to_builtins(await doing(helpline, with_))
    finally:
        await helpline.close()
