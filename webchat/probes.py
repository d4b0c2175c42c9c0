"""For the operator and their tools: /healthz, /readyz and /metrics. None of them says anything of anybody."""

from collections.abc import Iterable
from typing import Any

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from helpline.errors import NotAllowed
from webchat.keys import HELPLINE
from webchat.security import is_loopback
from webchat.socket_keys import BOARD_SOCKET, DESK_SOCKET, PERSON_SOCKET


def add_routes(app: web.Application) -> None:
    registry = CollectorRegistry()
    registry.register(_Figures(app))

    async def metrics(request: web.Request) -> web.Response:
        """GET /metrics, in the text format of Prometheus; only from this machine itself, past no proxy."""
        if "X-Forwarded-For" in request.headers or not is_loopback(request.remote or ""):
            raise NotAllowed
        # The second are what other rooms count, and how this process is.
        body = generate_latest(registry) + generate_latest()
        return web.Response(body=body, headers={"Content-Type": CONTENT_TYPE_LATEST})

    app.router.add_get("/healthz", healthz)
    app.router.add_get("/readyz", readyz)
    app.router.add_get("/metrics", metrics)


async def healthz(_request: web.Request) -> web.Response:
    """GET /healthz: 200 while the process answers at all."""
    return web.json_response({"ok": True})


async def readyz(request: web.Request) -> web.Response:
    """GET /readyz: 200 when what is written would be kept soon and new people may come here, else 503 and why.

    Of one of several nodes it also says whether it dispatches, and whether it hears the others over Redis. While it
    does not, everything goes on, some seconds late: that alone makes no node unready. Nor does a key store that is
    away, for whoever talks can come back here all the same.
    """
    helpline = request.app[HELPLINE]
    full = not helpline.store.ready
    body: dict[str, Any] = {"ready": not full, "store": "full" if full else "ready"}
    nodes = helpline.nodes
    if nodes is not None:
        body |= {
            "ready": not full and not nodes.trouble,
            "trouble": nodes.trouble,
            "bus": "silent" if nodes.unheard else "heard",
            "bus_silent_since": silent.isoformat() if (silent := nodes.standing.silent_since) else None,
            "differing": nodes.standing.differing,
            "no_keys_since": since.isoformat() if (since := nodes.standing.no_keys_since) else None,
            "dispatches": nodes.acting,
            "clock_off_seconds": round(nodes.clock_off_seconds, 1),
        }
    return web.json_response(body, status=200 if body["ready"] else 503)


class _Figures(Collector):
    """Counts read at the moment of asking, so that counting costs a message nothing."""

    def __init__(self, app: web.Application) -> None:
        self._app = app

    def describe(self) -> Iterable[Metric]:
        return ()

    def collect(self) -> Iterable[Metric]:
        connected = GaugeMetricFamily("helpline_connected", "Sockets that are open.", labels=["place"])
        for place, key in (("person", PERSON_SOCKET), ("desk", DESK_SOCKET), ("board", BOARD_SOCKET)):
            connected.add_metric([place], len(self._app[key].callers))
        yield connected
        figures = self._app[HELPLINE].snapshot()["figures"]
        for name, what in (
            ("waiting", "Contacts waiting for somebody."),
            ("longest_seconds", "How long the one who waits longest has waited."),
            ("live", "Contacts with somebody."),
            ("supporters_on", "People checked in with a page open."),
        ):
            yield GaugeMetricFamily(f"helpline_{name}", what, value=figures[name] or 0)
        nodes = self._app[HELPLINE].nodes
        if nodes is not None:
            told = "1 while the nodes do not hear each other and look into the store each second instead."
            yield GaugeMetricFamily("helpline_bus_silent", told, value=float(nodes.unheard))
            told = (
                "1 while the key store does not answer: nobody new can begin, and nobody can start a shift."
            )
            away = nodes.standing.no_keys_since is not None
            yield GaugeMetricFamily("helpline_keys_away", told, value=float(away))
        post = self._app[HELPLINE].post.state()
        yield GaugeMetricFamily("helpline_letters_waiting", "Letters not sent yet.", value=post.waiting)
        yield GaugeMetricFamily("helpline_letters_failed", "Letters that did not go.", value=len(post.failed))
        yield CounterMetricFamily("helpline_letters_sent", "Letters sent since the start.", value=post.sent)
