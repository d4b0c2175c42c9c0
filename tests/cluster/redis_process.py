"""A real Redis that can be killed, frozen and brought back on the same port."""

import signal
import subprocess
from contextlib import suppress
from pathlib import Path

from tests.engines import Redis, redis_server, started, wait_for


class UnkindRedis(Redis):
    """`tests.engines.Redis`, and what can befall it."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._folder = folder

    def kill(self) -> None:
        """As `kill -9`: what it held is gone, and every connection breaks."""
        self.process.kill()
        self.process.wait()

    def freeze(self) -> None:
        """Its connections stay open, and nobody answers on them."""
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self.process.send_signal(signal.SIGCONT)

    def revive(self) -> None:
        """Start it anew, empty, where it was."""
        settings = ("--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--dir", str(self._folder))
        self.process = started([redis_server(), *settings], self.log)
        wait_for("Redis answering again", self._answers, self.log)

    def close(self) -> None:
        with suppress(ProcessLookupError):
            self.process.send_signal(signal.SIGCONT)
        self.process.kill()
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(5)
