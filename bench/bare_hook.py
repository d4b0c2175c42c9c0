"""The yardstick of a webhook: one bare aiohttp handler that reads a posted form and answers, on uvloop, the collector
tamed. It checks no signature and keeps nothing.

`python -m bench.bare_hook` prints `{"port": …}` once it listens and ends when stdin closes.
"""

import uvloop
from aiohttp import web

from bench.bare import tame_gc
from bench.serving import serve
from sms.hooks import NOTHING_TO_SAY, XML


async def taken(request: web.Request) -> web.Response:
    await request.post()
    return web.Response(body=NOTHING_TO_SAY, headers=XML)


async def main() -> None:
    app = web.Application()
    app.router.add_post("/hooks/sms", taken)
    async with serve(app):
        tame_gc()


if __name__ == "__main__":
    uvloop.run(main())
