"""How a measured server says where it listens, answers the bench's questions, and learns that it is over."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web

Questions = Mapping[str, Callable[[], Any]]


@asynccontextmanager
async def serve(
    app: web.Application, questions: Questions | None = None, port: int = 0
) -> AsyncIterator[dict[str, Any]]:
    """Listen on a loopback port, a free one unless it is given; after the body, say so on stdout and go on until stdin closes.

    The body may add to what is said. A line on stdin is one of `questions`, its answer one line of JSON. A closed
    stdin also means that the bench has died, so that no server outlives it.
    """
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", port, backlog=1_024, reuse_address=True)
    await site.start()
    said: dict[str, Any] = {"port": runner.addresses[0][1]}
    try:
        yield said
        print(json.dumps(said), flush=True)
        await _answer_until_closed(questions or {})
    finally:
        await runner.cleanup()


async def _answer_until_closed(questions: Questions) -> None:
    lines = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    async for line in lines:
        print(json.dumps(questions[line.decode().strip()]()), flush=True)
