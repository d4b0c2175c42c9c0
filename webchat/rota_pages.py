"""The rota's pages for everybody: /rota, /rota/week, /rota/month and /rota/shift/…; `rota_presses` acts on them."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import aiohttp_jinja2
from aiohttp import web

from helpline.errors import NotFound
from helpline.people import Principal
from helpline.rota_keeping import PLANNERS
from rota.shifts import Slot
from webchat.keys import HELPLINE
from webchat.rota_frame import Refusal, entered, frame, names_of
from webchat.rota_history import past, steps_about
from webchat.rota_view import Looking, my_shifts, one_shift
from webchat.rota_weeks import month, month_from, week, week_from
from webchat.sign_in import signed_in

PAGES = ("/rota", "/rota/week", "/rota/month")
SHIFT = "/rota/shift/"


def add_routes(app: web.Application) -> None:
    for path in (*PAGES, SHIFT + "{slot:.+}"):
        app.router.add_get(path, page)
    app.router.add_get("/rota/seq", seq)


async def page(request: web.Request) -> web.StreamResponse:
    """GET /rota, /rota/week?from=2026-11-23, /rota/month?m=2026-11, /rota/shift/<slot>: 200, or 404 for no shift.

    303 to sign in. A date that is none shows today's.
    """
    return await drawn(request, await entered(request), request.path_qs)


async def seq(request: web.Request) -> web.StreamResponse:
    """GET /rota/seq: `{seq}`, the number of the rota's newest step. Open pages ask for it every few seconds."""
    await signed_in(request, "rota")
    return web.json_response({"seq": request.app[HELPLINE].rota.seq})


async def drawn(
    request: web.Request, who: Principal, place: str, refusal: Refusal | None = None, status: int = 200
) -> web.StreamResponse:
    """One of our pages as `place` names it, with what was refused on it; My shifts for any other place."""
    parts = urlsplit(place)
    query = dict(parse_qsl(parts.query))
    here, template = parts.path, "rota/mine.html"
    looking = looking_at(request, who)
    context: dict[str, Any] = {}
    if parts.path == "/rota/week":
        template = "rota/week.html"
        context["week"] = week(looking, week_from(query.get("from", ""), looking.today))
    elif parts.path == "/rota/month":
        template = "rota/month.html"
        context["month"] = month(looking, month_from(query.get("m", ""), looking.today))
    elif parts.path.startswith(SHIFT):
        template = "rota/shift.html"
        context |= await _shift(request, looking, unquote(parts.path.removeprefix(SHIFT)))
        status = 404 if context["shift"] is None and status == 200 else status
    else:
        here = "/rota"
        context["mine"] = my_shifts(looking)
    context |= await frame(request, who, here, back=place, refusal=refusal)
    return aiohttp_jinja2.render_template(template, request, context, status=status)


async def _shift(request: web.Request, looking: Looking, named: str) -> Mapping[str, Any]:
    """`shift` is None for what names no occurrence, or one that was cancelled; its history is shown still."""
    try:
        slot = Slot.parse(named)
    except ValueError:
        return {"shift": None, "past": ()}
    duty = looking.plan.book.duty(slot)
    known = slot.shift in looking.plan.book.known
    lines = past(looking, await steps_about(request.app[HELPLINE].rota, slot), slot) if known else ()
    return {"shift": one_shift(looking, duty) if duty is not None else None, "past": lines}


def looking_at(request: web.Request, who: Principal) -> Looking:
    """The rota as it is now, for whoever looks. `NotFound` when their account is no longer active."""
    helpline = request.app[HELPLINE]
    members = {member.id: member for member in helpline.rota.members()}
    if who.id not in members:
        raise NotFound
    return Looking(
        plan=helpline.rota.plan(),
        hours=helpline.hours,
        me=members[who.id],
        members=members,
        names=names_of(request),
        plans=who.is_any(*PLANNERS),
    )
