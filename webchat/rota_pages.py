"""The rota's pages for everybody: /rota, /rota/week, /rota/month, /rota/shift/…, and the presses on them."""

import aiohttp_jinja2
from aiohttp import web

from webchat.keys import HELPLINE
from webchat.rota_frame import entered, frame
from webchat.sign_in import signed_in


def add_routes(app: web.Application) -> None:
    app.router.add_get("/rota", mine)
    app.router.add_get("/rota/seq", seq)


async def mine(request: web.Request) -> web.StreamResponse:
    """GET /rota: my shifts, and what is asked of me."""
    who = await entered(request)
    return aiohttp_jinja2.render_template("rota/mine.html", request, await frame(request, who, "/rota"))


async def seq(request: web.Request) -> web.StreamResponse:
    """GET /rota/seq: `{seq}`, the number of the rota's newest step. Open pages ask for it every few seconds."""
    await signed_in(request, "rota")
    return web.json_response({"seq": request.app[HELPLINE].rota.seq})
