"""The yardstick of a page: one bare aiohttp handler that answers a given text, on uvloop, the collector tamed.

`python -m bench.bare_http --body TEXT` prints `{"port": …}` once it listens and ends when stdin closes.
"""

import argparse

import uvloop
from aiohttp import web

from bench.bare import tame_gc
from bench.serving import serve

PATH = "/api/v1/rota/on"


async def main(body: bytes) -> None:
    async def answer(_request: web.Request) -> web.Response:
        return web.Response(body=body, content_type="application/json")

    app = web.Application()
    app.router.add_get(PATH, answer)
    async with serve(app):
        tame_gc()


if __name__ == "__main__":
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--body", required=True)
    uvloop.run(main(arguments.parse_args().body.encode()))
