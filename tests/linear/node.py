"""One node of the service in a process of its own, with clients that keep asking it and write down what it says.

`python -m tests.linear.node` reads what it is to be from the first line of its input, says `ready` when it is, and asks
until its input ends.
"""

import asyncio
import logging
import random
import sys
from contextlib import suppress
from pathlib import Path

import msgspec
import structlog

from helpline.definition import read_definition
from helpline.errors import NotSaved
from helpline.service import Helpline
from helpline.stores.mongo_shape import StoreElsewhere
from tests.cluster.houses import opened
from tests.linear.house_clients import HouseClients
from tests.linear.recording import Recorder
from tests.linear.store_clients import StoreClients


class Being(msgspec.Struct, frozen=True):
    """Which node this is, what it stands on, and what its clients ask for. `windows` are the ports at which the clients
    of the nodes tell each other what they see, `window` is this node's own."""

    name: str
    seed: str
    mongo: str
    redis: str
    definition: str
    keys: str
    history: str
    window: int
    windows: tuple[int, ...]
    pause: float


async def main() -> None:
    heard = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(heard), sys.stdin)
    being = msgspec.json.decode(await heard.readline(), type=Being)
    recorder = Recorder(Path(being.history))
    helpline = await _opened(being)
    chance = random.Random(being.seed)
    store = StoreClients(helpline.store, recorder, being.name, chance, being.pause)
    house = HouseClients(helpline, recorder, being.name, chance, being.pause)
    await house.open(being.window, being.windows)
    asking = [asyncio.create_task(each) for each in (*store.everybody(), *house.everybody())]
    print("ready", flush=True)
    over = asyncio.create_task(_told(heard, helpline))
    await asyncio.wait((over, *asking), return_when=asyncio.FIRST_COMPLETED)
    store.enough = house.enough = True
    _, late = await asyncio.wait(asking, timeout=15)
    for each in late:
        each.cancel()
    for each in asking:
        with suppress(asyncio.CancelledError):
            await each
    house.close()
    await helpline.close()


async def _opened(being: Being) -> Helpline:
    """Again and again, as whatever keeps a service running would, while MongoDB is not to be reached."""
    definition = read_definition(Path(being.definition))
    while True:
        try:
            return await opened(definition, being.mongo, being.redis, Path(being.keys))
        except (StoreElsewhere, NotSaved) as away:
            print(away, file=sys.stderr, flush=True)
        await asyncio.sleep(0.5)


async def _told(heard: asyncio.StreamReader, helpline: Helpline) -> None:
    """`act` makes this node dispatch whoever has the lease, as one does that was asleep while it ran out."""
    while line := await heard.readline():
        if line == b"act\n":
            helpline.dispatcher.agenda.leads = lambda: True
            with suppress(NotSaved):
                await helpline._act()


if __name__ == "__main__":
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    asyncio.run(main())
