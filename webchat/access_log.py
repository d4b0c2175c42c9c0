"""What is written of each request: never who asked, and never what."""

import structlog
from aiohttp import web
from aiohttp.abc import AbstractAccessLogger

log = structlog.get_logger()


class AccessLog(AbstractAccessLogger):
    """Which route, how it went and how long it took. No address, no query, nothing anybody wrote."""

    def log(self, request: web.BaseRequest, response: web.StreamResponse, time: float) -> None:
        route = getattr(getattr(request, "match_info", None), "route", None)
        resource = getattr(route, "resource", None)
        place = resource.canonical if resource is not None else "elsewhere"
        if place.startswith(("/static", "/socket.io", "/healthz", "/readyz", "/metrics")):
            return
        log.info(
            "request",
            method=request.method,
            route=place,
            status=response.status,
            milliseconds=round(time * 1000, 1),
        )
