"""The lead's board as a page: /board."""

import aiohttp_jinja2
from aiohttp import web

from helpline.errors import NotSignedIn
from webchat.desk_pages import staff_context
from webchat.sign_in import signed_in


def add_routes(app: web.Application) -> None:
    app.router.add_get("/board", board)


async def board(request: web.Request) -> web.StreamResponse:
    """GET /board: the page, or 303 to sign in."""
    try:
        who = await signed_in(request, "board")
    except NotSignedIn:
        raise web.HTTPSeeOther("/sign-in?then=/board") from None
    return aiohttp_jinja2.render_template("board/board.html", request, staff_context(request, who))
