"""How a measured server says where it listens and learns that nobody needs it any more."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web


@asynccontextmanager
async def serve(app: web.Application) -> AsyncIterator[None]:
    """Listen on a free loopback port; after the body, say so on stdout and go on until stdin closes.

    A closed stdin also means that the bench has died, so that no server outlives it.
    """
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, backlog=1_024)
    await site.start()
    try:
        yield
        print(json.dumps({"port": runner.addresses[0][1]}), flush=True)
        await stdin_closed()
    finally:
        await runner.cleanup()


async def stdin_closed() -> None:
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), sys.stdin
    )
    await reader.read()
