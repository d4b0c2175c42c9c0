"""`--workers N`: the same command again as so many processes, one for each core, all listening on one port.

They are nodes like any others, over one MongoDB and one Redis. The kernel hands each new connection to one of them, so
a long poll, whose requests must come to one process, is not served: that needs the proxy, and nodes on own ports.
"""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence

from rich.console import Console

from helpline.definition import Definition
from helpline.settings import Settings

MARK = "HELPLINE_WORKER"
# One that dies at once, again and again, must not fill the machine.
PAUSE = 1.0
LOOK_EVERY = 0.1
PATIENCE = 50.0
"""A node needs five seconds to end, and two more for each thousand pages; whoever keeps us kills us after sixty."""
_PR_SET_PDEATHSIG = 1


Run = Callable[[Settings, Definition], None]


def run_it(settings: Settings, definition: Definition, run: Run, say: Console) -> int:
    """Run the service: here, or as the workers that were asked for. The exit status."""
    if settings.workers > 1 and not is_worker():
        say.print(f"{settings.workers} workers on one port speak websocket only: long poll needs the proxy.")
        return keep_running(settings.workers, say)
    if is_worker():
        end_with_parent()
    run(settings, definition)
    return 0


def is_worker() -> bool:
    """Whether this process is one of them."""
    return MARK in os.environ


def end_with_parent() -> None:
    """A worker whose keeper was killed ends too, and does not hold the port against the next one. On Linux only."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def keep_running(count: int, say: Console, command: Sequence[str] = ()) -> int:
    """Run so many of this very command until told to stop (SIGTERM, SIGINT). One that ends is started again.

    Exit status 1 when one would not end by itself.
    """
    command = command or (sys.executable, *sys.argv)
    told: list[int] = []
    before = {
        one: signal.signal(one, lambda number, _: told.append(number))
        for one in (signal.SIGTERM, signal.SIGINT)
    }
    running = [_started(command, number) for number in range(count)]
    try:
        while not told:
            time.sleep(LOOK_EVERY)
            for number, worker in enumerate(running):
                if worker.poll() is not None and not told:
                    say.print(f"Worker {number} ended with {worker.returncode}; it is started again.")
                    time.sleep(PAUSE)
                    running[number] = _started(command, number)
    finally:
        whole = _ended(running)
        for one, handler in before.items():
            signal.signal(one, handler)
    return 0 if whole else 1


def _started(command: Sequence[str], number: int) -> subprocess.Popen[bytes]:
    environment: Mapping[str, str] = os.environ | {MARK: str(number)}
    # A group of its own: Ctrl+C in a terminal comes to us, and we end them one after the other's answers.
    return subprocess.Popen(command, env=environment, start_new_session=True)  # noqa: S603 (our own command)


def _ended(running: Sequence[subprocess.Popen[bytes]]) -> bool:
    """Tell each to stop, and wait until it has answered what it was asked. False when one had to be killed."""
    for worker in running:
        worker.terminate()
    until, whole = time.monotonic() + PATIENCE, True
    for worker in running:
        try:
            worker.wait(max(until - time.monotonic(), 0.1))
        except subprocess.TimeoutExpired:
            worker.kill()
            worker.wait()
            whole = False
    return whole
