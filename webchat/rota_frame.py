"""What all pages of the rota share: who asks, the frame around a page, what a press came to, and the way back.

A page of another module is drawn with `frame(...)` as its context and extends `rota/_page.html`.
"""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit
from uuid import uuid4
from zoneinfo import ZoneInfo

import msgspec
from aiohttp import web
from multidict import MultiDictProxy

from helpline.book_log import UNDO_OWN
from helpline.errors import NotFound, NotSignedIn
from helpline.people import Principal
from helpline.permissions import may
from helpline.rota_keeping import PLANNERS, Step
from webchat import rota_words
from webchat.desk_pages import staff_context
from webchat.keys import HELPLINE
from webchat.security import STAFF_COOKIE, cookie, posted
from webchat.sign_in import own_path, signed_in

# Path, words, and the row of `MAY["page"]` that opens it.
PLACES = (
    ("/rota", "My shifts", "rota"),
    ("/rota/week", "Week", "rota"),
    ("/rota/month", "Month", "rota"),
    ("/rota/calendar", "Calendar", "rota"),
    ("/rota/gaps", "Gaps", "rota_plan"),
    ("/rota/balance", "Balance", "rota_plan"),
    ("/rota/edit", "Edit", "rota_plan"),
    ("/hours", "Hours", "hours"),
    ("/rota/changes", "Changes", "rota_plan"),
)
_SEQ = re.compile(r"[1-9]\d{0,11}")


class Outcome(msgspec.Struct, frozen=True):
    """What the last press came to, and the seq to undo, 0 when it cannot be."""

    text: str
    undo: int = 0


class Refusal(msgspec.Struct, frozen=True):
    """Why a press came to nothing. `again` are the fields that go through all the same; `label` is on its button.

    `typed` are the fields as they were sent, so that nothing typed is lost.
    """

    text: str
    again: dict[str, str] | None = None
    label: str = "Do it anyway"
    typed: Mapping[str, str] = {}


async def entered(request: web.Request, page: str = "rota") -> Principal:
    """Who is asking, or 303 to sign in and come back here."""
    try:
        return await signed_in(request, page)
    except NotSignedIn:
        then = request.path_qs if request.method == "GET" else "/rota"
        raise web.HTTPSeeOther(f"/sign-in?then={quote(then, safe='/')}") from None


async def form(request: web.Request) -> MultiDictProxy[Any]:
    """The fields of a form of ours. `NotAllowed` without its token."""
    return await posted(request, cookie(request, STAFF_COOKIE))


async def frame(
    request: web.Request, who: Principal, here: str, *, back: str = "", refusal: Refusal | None = None
) -> dict[str, Any]:
    """What `rota/_page.html` is drawn with. `here` is the path in the navigation; `back` the page as it was asked for.

    `new_id()` gives each form its own `client_id`.
    """
    rota = request.app[HELPLINE].rota
    back = way_back(back or request.path_qs)
    return {
        **staff_context(request, who),
        "places": [(path, words) for path, words, page in PLACES if may(who.roles, "page", page)],
        "here": here,
        "back": back,
        "seq": rota.seq,
        "plans": who.is_any(*PLANNERS),
        "may_desk": may(who.roles, "page", "desk"),
        "may_board": may(who.roles, "page", "board"),
        "outcome": await _outcome(request, who) if refusal is None else None,
        "refusal": refusal,
        "typed": refusal.typed if refusal is not None else {},
        "new_id": lambda: str(uuid4()),
    }


async def _outcome(request: web.Request, who: Principal) -> Outcome | None:
    """Drawn from the step itself, for whoever made it and nobody else."""
    asked = request.query.get("done", "") if request.method == "GET" else ""
    if not _SEQ.fullmatch(asked):
        return None
    helpline = request.app[HELPLINE]
    try:
        step: Step = await helpline.rota.step(int(asked))
    except NotFound:
        return None
    if step.by.id != who.id:
        return None
    plan = helpline.rota.plan()
    zone = ZoneInfo(plan.zone)
    text = rota_words.said(step, plan.book, names_of(request), zone, plan.now.astimezone(zone).date())
    undo = step.seq if step.changes and plan.now - step.at <= UNDO_OWN else 0
    return Outcome(text, undo)


def names_of(request: web.Request) -> dict[str, str]:
    """Shown names by id, also of those who have left."""
    return {account.id: account.shown_name for account in request.app[HELPLINE].people}


def way_back(asked: str) -> str:
    """The page to return to: one of our own, without what an earlier press came to; My shifts when it is not."""
    if not own_path(asked):
        return "/rota"
    parts = urlsplit(asked)
    query = [(key, value) for key, value in parse_qsl(parts.query) if key != "done"]
    return f"{parts.path}?{urlencode(query)}" if query else parts.path


def done(back: str, seq: int) -> web.HTTPSeeOther:
    """To raise when a press went through: 303 to the page that asked, which says what it came to."""
    back = way_back(back)
    return web.HTTPSeeOther(f"{back}{'&' if '?' in back else '?'}done={seq}")
