"""Histories, written down by whoever asks while it asks, so that what a killed process had asked is known.

Instants are those of the machine's monotonic clock, which all processes of a machine share and nobody sets.
"""

import itertools
import os
import time
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from typing import Any

import msgspec

from helpline.errors import HelplineError, NotSaved
from tests.linear.checker import Operation

UNKNOWN = object()
"""What `asked` gives back when nobody knows whether it happened."""


class Call(msgspec.Struct, frozen=True, tag="call"):
    n: int
    client: str
    key: str
    asked: Any
    at: int


class Return(msgspec.Struct, frozen=True, tag="return"):
    n: int
    answer: Any
    at: int


class Recorder:
    """One process's part of a history, in a file of its own. Every line is with the kernel before anything goes on."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._numbers = itertools.count()
        self.completed = 0

    async def asked(
        self,
        client: str,
        key: str,
        asked: tuple[Any, ...],
        work: Callable[[], Awaitable[Any]],
        answer: Callable[[HelplineError], Any] = lambda error: error.code,
    ) -> Any:
        """Do `work` on the record: what it gave, or what `answer` makes of its refusal.

        `NotSaved` says that it may have happened: it stays open, as does what was under way when the process died.
        """
        n = next(self._numbers)
        self._write(Call(n, client, key, asked, time.monotonic_ns()))
        try:
            said = await work()
        except NotSaved:
            return UNKNOWN
        except HelplineError as error:
            said = answer(error)
        self._write(Return(n, said, time.monotonic_ns()))
        self.completed += 1
        return said

    def _write(self, line: Call | Return) -> None:
        os.write(self._file, msgspec.json.encode(line) + b"\n")


def history(files: Iterable[Path]) -> list[Operation]:
    """Everything that was asked, in order of its call."""
    operations: list[Operation] = []
    for path in files:
        calls: dict[int, Call] = {}
        returns: dict[int, Return] = {}
        for line in path.read_bytes().splitlines():
            read: Call | Return = msgspec.json.decode(line, type=Call | Return)
            if isinstance(read, Call):
                calls[read.n] = read
            else:
                returns[read.n] = read
        operations += [_operation(call, returns.get(n)) for n, call in calls.items()]
    return sorted(operations, key=lambda one: one.called)


def _operation(call: Call, back: Return | None) -> Operation:
    answer, at = (None, None) if back is None else (_fixed(back.answer), back.at)
    return Operation(call.client, call.key, _fixed(call.asked), answer, call.at, at)


def _fixed(value: Any) -> Any:
    return tuple(map(_fixed, value)) if isinstance(value, list) else value
