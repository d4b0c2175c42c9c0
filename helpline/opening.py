"""Nodes that start together open one after another, so that whoever is first takes in the seeds and the others find them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta

from helpline.errors import HelplineError
from helpline.ports import Bus, Store

OPENING = "opening"
# So long a node that dies while it opens keeps the others waiting.
LASTS = timedelta(seconds=20)
LOOK_EVERY = 0.1


@asynccontextmanager
async def one_at_a_time(store: Store, bus: Bus) -> AsyncIterator[None]:
    """Inside, no other node of this service opens. A service of one node waits for nobody."""
    if bus.alone:
        yield
        return
    while True:
        now = await store.now()
        if await store.lease(OPENING, bus.node, now + LASTS, now):
            break
        await asyncio.sleep(LOOK_EVERY)
    try:
        yield
    finally:
        with suppress(HelplineError):  # else it runs out
            now = await store.now()
            await store.lease(OPENING, bus.node, now, now)
