"""Several nodes of one service in one test: each with its own memory, over one MongoDB, one Redis and the same keys."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from helpline.clock import SystemClock
from helpline.core import Parts
from helpline.definition import Definition
from helpline.keys import FileKeys
from helpline.nodes import Nodes
from helpline.people import Principal
from helpline.service import Helpline
from helpline.stores.mongo import MongoStore

WITHIN = 20.0


async def opened(definition: Definition, mongo: str, redis: str, keys: Path) -> Helpline:
    """One node, running."""
    clock = SystemClock()
    held = await FileKeys.open(keys, data_exists=False)
    store = await MongoStore.open(mongo, clock)
    helpline = await Helpline.on(await Parts.open(definition, store, held, redis), definition, clock)
    await helpline.run()
    return helpline


def node_of(helpline: Helpline) -> Nodes:
    assert helpline.nodes is not None
    return helpline.nodes


def who(helpline: Helpline, id: str) -> Principal:
    account = helpline.people.get(id)
    assert account is not None
    return account.principal


async def until(what: Callable[[], object], why: str, within: float = WITHIN) -> float:
    """Wait for something that nothing tells of, because it happens in another node's memory. How long that was."""
    began = asyncio.get_running_loop().time()
    while not what():
        took = asyncio.get_running_loop().time() - began
        assert took < within, f"not within {within:.0f} s: {why}"
        await asyncio.sleep(0.005)
    return asyncio.get_running_loop().time() - began


def now() -> datetime:
    return datetime.now(UTC)
