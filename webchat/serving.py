"""Serves the application until it is told to stop, and then moves its pages to the other nodes before it ends.

On SIGTERM or SIGINT a node among others first says so at `/readyz`, hands its leases over and goes on for two seconds,
so that what stands in front of it sends nobody new. Then it stops listening and tells every page to move; the pages
connect again, a little apart, to whoever answers now. A second signal ends the waiting. Where there is no other node
there is nowhere to move to, and it stops at once.
"""

import asyncio
import signal
from contextlib import suppress

import structlog
import uvloop
from aiohttp import web

from helpline.settings import Settings
from webchat.access_log import AccessLog
from webchat.engine import ENGINE
from webchat.keys import HELPLINE
from webchat.socket_keys import namespaces

log = structlog.get_logger()

# What stands in front asks `/readyz` every second or two.
NOTICE = 2.0
# The other nodes are to take in so many a second at most, and a few are not to come at one instant.
MOVES_A_SECOND = 500
SHORTEST_SPREAD = 0.3
# Who has not gone by then hears that the line is closed, and comes back by itself.
LEFT_BEHIND = 2.0
LOOK_EVERY = 0.05


class _Told:
    """Whether this process was told to stop, and whether again."""

    def __init__(self) -> None:
        self.once, self.again = asyncio.Event(), asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, self._heard)

    def _heard(self) -> None:
        (self.again if self.once.is_set() else self.once).set()

    async def patience(self, seconds: float) -> None:
        """So long, or until told again."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self.again.wait()


def serve(app: web.Application, settings: Settings) -> None:
    """Serve until told to stop; what was asked by then is answered."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_served(app, settings))


async def _served(app: web.Application, settings: Settings) -> None:
    told = _Told()
    runner = web.AppRunner(app, access_log_class=AccessLog, shutdown_timeout=10.0)
    opening = asyncio.ensure_future(_opened(runner, settings))
    stopping = asyncio.ensure_future(told.once.wait())
    try:
        await asyncio.wait((opening, stopping), return_when=asyncio.FIRST_COMPLETED)
        if not opening.done():
            opening.cancel()
            await asyncio.wait((opening,))
            return
        site = opening.result()
        await stopping
        if not app[HELPLINE].bus.alone:
            await _moved(app, site, told)
    finally:
        stopping.cancel()
        await runner.cleanup()


async def _opened(runner: web.AppRunner, settings: Settings) -> web.TCPSite:
    await runner.setup()
    site = web.TCPSite(
        runner, settings.host, settings.port, reuse_address=True, reuse_port=settings.workers > 1
    )
    await site.start()
    return site


async def _moved(app: web.Application, site: web.TCPSite, told: _Told) -> None:
    await app[HELPLINE].drain()
    await told.patience(NOTICE)
    app[ENGINE].takes_nobody = True
    await site.stop()
    places = namespaces(app)
    within = max(SHORTEST_SPREAD, sum(len(place.callers) for place in places) / MOVES_A_SECOND)
    for place in places:
        place.tell_everybody("moving", {"within_ms": int(within * 1_000)})
    until = asyncio.get_running_loop().time() + within + LEFT_BEHIND
    while any(place.callers for place in places) and not told.again.is_set():
        if asyncio.get_running_loop().time() > until:
            log.info("pages that did not move are closed", pages=sum(len(place.callers) for place in places))
            return
        await asyncio.sleep(LOOK_EVERY)
