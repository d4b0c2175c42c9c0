"""Calendars: somebody's own shifts on their phone, when they would rather be asked, and the whole rota as a file.

A feed's address needs no sign-in, for calendar programs cannot sign in: the address is the key, is shown to nobody but
its owner, and is taken back with one press. It is never logged (`AccessLog` writes the route, not the path).
"""

import asyncio
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import aiohttp_jinja2
from aiohttp import web

from helpline.errors import BadRequest, HelplineError
from helpline.people import Principal
from rota.availability import read_availability
from rota.calendar_lines import Refusal as Unread
from rota.calendars import OnCalendar, Stamp, rota_calendar
from webchat.keys import DEFINITION, HELPLINE, SETTINGS
from webchat.rota_frame import Refusal, done, entered, form, frame
from webchat.security import is_loopback
from webchat.sent_files import sent

FEED = "/rota/feed/{token:[0-9a-f]{32}}.ics"
CALENDAR = "text/calendar"
CLOCK_NIGHTS = timedelta(weeks=104)


def add_routes(app: web.Application) -> None:
    app.router.add_get(FEED, feed)
    app.router.add_get("/rota/calendar", page)
    app.router.add_post("/rota/calendar/feed", set_feed)
    app.router.add_post("/rota/calendar/availability", set_availability)
    app.router.add_get("/rota/export.ics", export)


async def feed(request: web.Request) -> web.StreamResponse:
    """GET /rota/feed/<32 hex>.ics: their own shifts; 304 when nothing changed; 404 for what is nobody's."""
    feeds = request.app[HELPLINE].feeds
    person = feeds.holder(request.match_info["token"])
    if not person:
        raise web.HTTPNotFound(text="There is no such calendar. Its owner may have made a new address.")
    calendar = feeds.calendar(person)
    tag = f'"{calendar.tag}"'
    headers = {"ETag": tag, "Cache-Control": "private, max-age=300", "Referrer-Policy": "no-referrer"}
    if request.headers.get("If-None-Match", "") == tag:
        return web.Response(status=304, headers=headers)
    return web.Response(body=calendar.body, content_type=CALENDAR, charset="utf-8", headers=headers)


async def page(request: web.Request) -> web.StreamResponse:
    """GET /rota/calendar."""
    return await _drawn(request, await entered(request))


async def set_feed(request: web.Request) -> web.StreamResponse:
    """POST /rota/calendar/feed {do: new | stop}."""
    who = await entered(request)
    fields = await form(request)
    client_id = str(fields.get("client_id", ""))
    try:
        if not client_id:
            raise BadRequest("This page is out of date. Please open it again.")
        nonce = client_id if fields.get("do") == "new" else None
        seq = await request.app[HELPLINE].rota.set_feed(who, nonce, client_id)
    except HelplineError as refused:
        return await _drawn(request, who, Refusal(refused.message), refused.status)
    raise done("/rota/calendar", seq)


async def set_availability(request: web.Request) -> web.StreamResponse:
    """POST /rota/calendar/availability: a file with VAVAILABILITY, or {do: forget}."""
    who = await entered(request)
    try:
        given = await sent(request)
        availability = None
        if given.fields.get("do") != "forget":
            read = await asyncio.to_thread(read_availability, given.file, zone=request.app[DEFINITION].zone)
            if isinstance(read, Unread):
                raise BadRequest(f"{read.what}. {_sentence(read.mend)}")
            if read.not_understood:
                raise BadRequest(" ".join(f"{_sentence(str(one))}" for one in read.not_understood[:5]))
            availability = read.availability
        rota = request.app[HELPLINE].rota
        seq = await rota.set_availability(who, availability, given.client_id)
    except HelplineError as refused:
        return await _drawn(request, who, Refusal(refused.message), refused.status)
    raise done("/rota/calendar", seq)


async def export(request: web.Request) -> web.StreamResponse:
    """GET /rota/export.ics, for those who plan: every shift with its changes, to keep or to take in elsewhere."""
    who = await entered(request, "rota_plan")
    helpline, definition = request.app[HELPLINE], request.app[DEFINITION]
    now, rota = helpline.clock.now(), helpline.rota
    people = {account.id: OnCalendar(account.shown_name, account.email) for account in helpline.people}

    def written() -> bytes:
        return rota_calendar(
            rota.current.shifts,
            people,
            since=now - CLOCK_NIGHTS,
            until=now + CLOCK_NIGHTS,
            stamp=Stamp(rota.seq, rota.changed_at),
            name=f"{definition.short_name} rota",
        )

    body = await asyncio.to_thread(written)
    await helpline.audit(who, "rota_export")
    headers = {"Content-Disposition": f'attachment; filename="rota-{now:%Y-%m-%d}.ics"'}
    return web.Response(body=body, content_type=CALENDAR, charset="utf-8", headers=headers)


def address_of(request: web.Request, token: str) -> str:
    """The feed's whole address as the owner's calendar will ask for it."""
    settings = request.app[SETTINGS]
    origin = settings.public_origin or f"http://{request.host}"
    return f"{origin}/rota/feed/{token}.ics"


async def _drawn(
    request: web.Request, who: Principal, refusal: Refusal | None = None, status: int = 200
) -> web.StreamResponse:
    helpline = request.app[HELPLINE]
    token = helpline.feeds.token_of(who.id)
    address = address_of(request, token) if token else ""
    context: dict[str, Any] = {
        **await frame(request, who, "/rota/calendar", back="/rota/calendar", refusal=refusal),
        "address": address,
        "webcal": f"webcal:{address.partition(':')[2]}" if address else "",
        "reachable": not is_loopback(urlsplit(address).netloc) if address else True,
        "shown_as": helpline.definition.rota.shown_as,
        "weeks": helpline.definition.rota.feeds_weeks,
        "availability": who.id in helpline.rota.book.availabilities,
    }
    return aiohttp_jinja2.render_template("rota/calendar.html", request, context, status=status)


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:].rstrip(".") + "."
