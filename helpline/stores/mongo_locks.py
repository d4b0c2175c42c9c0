"""On Python 3.11 the driver waits for its locks as it does from 3.12 on.

There `wait_for` waits in a task of its own. Whoever is cancelled while that one takes its lock back leaves it behind,
and it takes a lock that nobody gives back: after an outage a node would wait for its own pool for ever (decision 0026).
"""

import asyncio
import sys
from collections.abc import Awaitable
from typing import TypeVar

import pymongo.lock

T = TypeVar("T")


async def in_this_task(waiting: Awaitable[T], timeout: float | None) -> T:  # noqa: ASYNC109 (the shape of `wait_for`)
    """As `asyncio.wait_for` of Python 3.12: never a task beside the one that waits."""
    async with asyncio.timeout(timeout):
        return await waiting


def mend() -> None:
    """Have the driver wait so. Nothing happens where Python does it by itself."""
    if sys.version_info < (3, 12):
        pymongo.lock.wait_for = in_this_task  # type: ignore[attr-defined,assignment]
