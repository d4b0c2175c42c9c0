"""`app.py` again and again from one interpreter that has loaded it: a start takes tenths of a second and not seconds.

Each start is a process of its own (a fork of this one, which does nothing but wait) that runs `main` with the arguments
it is given, and tells `Passed` where in the code it comes by. Told what to do by JSON lines on stdin, tells what happens by
JSON lines on stdout. Waits that the service counts in minutes are counted in tenths of a second here.
"""

import asyncio
import gc
import importlib
import json
import os
import select
import sys
import threading
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec

from tests.crash.places import HOUSE, Passed, Watching, moments, places


class Start(msgspec.Struct):
    """What to run, where it writes what it prints, and the file of `Passed`."""

    arguments: list[str]
    log: str
    passed: str


LISTED_AFTER = 0.4
DEMO = HOUSE / "examples" / "demo.toml"
ALL = moments(places())
here: list[Passed] = []


def passes(number: int) -> None:
    """The code comes by the moment of this number."""
    for one in here:
        one.pass_by(number)


SHORTER: dict[str, dict[str, Any]] = {
    "sms.sending": {
        "LISTED_AFTER": timedelta(seconds=LISTED_AFTER),
        "OUT_OF_REACH": timedelta(seconds=0.3),
        "PAUSES": (timedelta(seconds=0.1),),
    },
    "sms.circuit": {"FIRST_PAUSE": timedelta(seconds=0.1)},
    "sms.phone_line": {"POLL_EVERY": timedelta(seconds=0.25)},
    "sms.calls": {
        "THEIR_WORD_COMES": timedelta(seconds=0.2),
        "ASKED_EVERY": timedelta(seconds=0.3),
    },
}


def begin(start: Start) -> None:
    """What the new process does; it never comes back."""
    log = os.open(start.log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for number, file in enumerate((nothing, log, log)):
        os.dup2(file, number)
    sys.argv = ["app.py", *start.arguments]
    here.append(Passed(Path(start.passed), ALL))
    status = 1
    try:
        main()
    except SystemExit as ended:
        status = ended.code if isinstance(ended.code, int) else 1
    finally:
        os._exit(status)


async def once() -> None:
    """What every start does first, and once a process: most of it is loading."""
    definition = read_definition(DEMO)
    with TemporaryDirectory() as folder:
        helpline = await Helpline.open(
            definition, data=Path(folder) / "data", keys=Path(folder) / "keys", clock=SystemClock()
        )
        await helpline.close()
    client = Client("AC" + "0" * 32, "unused")
    for loaded in (client.messages, client.calls, client.lookups.v2.phone_numbers):
        assert loaded


def wait() -> None:
    """Start what is asked for, and say how it ended."""
    running: dict[int, int] = {}
    with os.fdopen(0, "rb", buffering=0) as asked:
        while True:
            readable, _, _ = select.select([0, *running], [], [])
            for one in readable:
                if one in running:
                    pid = running.pop(one)
                    os.close(one)
                    _, status = os.waitpid(pid, 0)
                    print(json.dumps({"ended": os.waitstatus_to_exitcode(status)}), flush=True)
                    continue
                line = asked.readline()
                if not line:
                    return
                assert threading.active_count() == 1
                pid = os.fork()
                if pid == 0:
                    begin(msgspec.json.decode(line, type=Start))
                running[os.pidfd_open(pid)] = pid
                print(json.dumps({"pid": pid}), flush=True)


if __name__ == "__main__":
    sys.meta_path.insert(0, Watching(ALL, passes))
    from twilio.rest import Client

    from app import main
    from helpline.clock import SystemClock
    from helpline.commands.options import say
    from helpline.definition import read_definition
    from helpline.service import Helpline

    sys.argv = ["app.py", "check", str(DEMO)]
    say.quiet = True
    with suppress(SystemExit):
        main()
    say.quiet = False
    asyncio.run(once())
    gc.collect()
    gc.freeze()
    for module, shorter in SHORTER.items():
        for name, value in shorter.items():
            assert hasattr(importlib.import_module(module), name), f"{module}.{name} has another name now"
            setattr(sys.modules[module], name, value)
    wait()
