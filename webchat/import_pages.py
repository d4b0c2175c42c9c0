"""Taking a calendar in: from a file or an address, with all it would change shown before any of it is kept.

What was sent waits in memory for the second press, for a quarter of an hour and for whoever sent it; after a restart
it is sent again. Nothing is in the rota before that press.
"""

import secrets
from collections import OrderedDict
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import aiohttp_jinja2
import msgspec
from aiohttp import web

from helpline.calendar_taking import planned
from helpline.definition import Definition
from helpline.errors import BadRequest, HelplineError, NotFound
from helpline.people import Principal
from rota.calendar_import import Outcome, Plan
from rota.shifts import Rota, Shift
from webchat import rota_words
from webchat.calendar_fetch import fetch_calendar
from webchat.keys import HELPLINE
from webchat.rota_frame import Refusal, done, entered, form, frame, names_of
from webchat.sent_files import sent

KEPT_FOR = timedelta(minutes=15)
MOST_KEPT = 5
LINES_SHOWN = 200
LOOK_AHEAD = timedelta(weeks=8)
LONGEST_SOURCE = 40


class Waiting(msgspec.Struct, frozen=True):
    """A calendar that was sent in and looked at, not yet taken."""

    who: str
    at: datetime
    source: str
    data: bytes
    fetched: bool


WAITING: web.AppKey[OrderedDict[str, Waiting]] = web.AppKey("waiting", OrderedDict)


def add_routes(app: web.Application) -> None:
    app[WAITING] = OrderedDict()
    app.router.add_get("/rota/import", page)
    app.router.add_post("/rota/import", look)
    app.router.add_post("/rota/import/save", save)


async def page(request: web.Request) -> web.StreamResponse:
    """GET /rota/import."""
    return await _asked(request, await entered(request, "rota_plan"))


async def look(request: web.Request) -> web.StreamResponse:
    """POST /rota/import {source, address | file}: what it would change. Nothing is kept."""
    who = await entered(request, "rota_plan")
    try:
        given = await sent(request)
        address = given.fields.get("address", "").strip()
        data = given.file or (await fetch_calendar(address) if address else b"")
        if not data:
            raise BadRequest("Choose a file, or give the address of a calendar.")
        source = given.fields.get("source", "").strip() or _named_by(address, given.name)
        if len(source) > LONGEST_SOURCE:
            raise BadRequest(f"Please name where it comes from in at most {LONGEST_SOURCE} letters.")
        held = Waiting(who.id, request.app[HELPLINE].clock.now(), source, data, not given.file)
        plan = await planned(request.app[HELPLINE], held.data, held.source, ours=not held.fetched)
    except HelplineError as refused:
        return await _asked(request, who, Refusal(refused.message), refused.status)
    return await _previewed(request, who, _keep(request, held), held, plan)


async def save(request: web.Request) -> web.StreamResponse:
    """POST /rota/import/save {waiting, seen, gone…}: kept in one step, which can be undone."""
    who = await entered(request, "rota_plan")
    fields = await form(request)
    helpline = request.app[HELPLINE]
    try:
        key = str(fields.get("waiting", ""))
        held = request.app[WAITING].get(key)
        if held is None or held.who != who.id or helpline.clock.now() - held.at > KEPT_FOR:
            raise NotFound("That was sent too long ago. Please send it again.")
        plan = await planned(helpline, held.data, held.source, ours=not held.fetched)
        asked = {str(one) for one in fields.getall("gone", ())}
        gone = [shift.id for shift in plan.gone if shift.id in asked]
        put = [*plan.adds, *(after for _, after in plan.changes)]
        if not put and not gone:
            raise BadRequest("There is nothing to change: the rota has all of it.")
        try:
            seq = await helpline.rota.take_in(
                who, put, gone, str(fields.get("client_id", "")), seen=_number(fields.get("seen", ""))
            )
        except HelplineError as refused:
            return await _previewed(request, who, key, held, plan, Refusal(refused.message), refused.status)
    except HelplineError as refused:
        return await _asked(request, who, Refusal(refused.message), refused.status)
    request.app[WAITING].pop(key, None)
    raise done("/rota/week", seq)


def _keep(request: web.Request, held: Waiting) -> str:
    waiting = request.app[WAITING]
    while len(waiting) >= MOST_KEPT:
        waiting.popitem(last=False)
    key = secrets.token_urlsafe(16)
    waiting[key] = held
    return key


def _named_by(address: str, file: str) -> str:
    return ((urlsplit(address).hostname or "") if address else file.rsplit(".", 1)[0])[
        :LONGEST_SOURCE
    ] or "calendar"


def _number(text: object) -> int:
    return int(text) if isinstance(text, str) and text.isascii() and text.isdigit() and len(text) < 12 else -1


async def _asked(
    request: web.Request, who: Principal, refusal: Refusal | None = None, status: int = 200
) -> web.StreamResponse:
    context = await frame(request, who, "/rota/edit", back="/rota/import", refusal=refusal)
    return aiohttp_jinja2.render_template("rota/import.html", request, context, status=status)


async def _previewed(
    request: web.Request,
    who: Principal,
    key: str,
    held: Waiting,
    plan: Plan,
    refusal: Refusal | None = None,
    status: int = 200,
) -> web.StreamResponse:
    helpline = request.app[HELPLINE]
    names = names_of(request)
    context: dict[str, Any] = {
        **await frame(request, who, "/rota/edit", back="/rota/import", refusal=refusal),
        "waiting": key,
        "source": held.source,
        "plan": drawn(plan, names, helpline.definition, helpline.clock.now()),
    }
    return aiohttp_jinja2.render_template("rota/import_preview.html", request, context, status=status)


def drawn(plan: Plan, names: dict[str, str], definition: Definition, now: datetime) -> dict[str, Any]:
    """A plan in words: counts, a line for each shift, every event that was not understood, at most 200 lines of each."""
    zone = ZoneInfo(definition.zone)
    today = now.astimezone(zone).date()
    adds, changes = plan.adds, plan.changes
    nights = len(Rota(adds).occurrences(now, now + LOOK_AHEAD))
    return {
        "adds": [_line(shift, names, today) for shift in adds[:LINES_SHOWN]],
        "changes": [
            {"before": _line(before, names, today), "after": _line(after, names, today)}
            for before, after in changes[:LINES_SHOWN]
        ],
        "same": len(plan.same),
        "gone": [{"id": shift.id, "line": _line(shift, names, today)} for shift in plan.gone[:LINES_SHOWN]],
        "refused": _refused(plan.report),
        "unmatched": list(plan.unmatched[:LINES_SHOWN]),
        "remarks": list(plan.remarks),
        "events": len(plan.report),
        "nights": nights,
        "counts": {
            "adds": len(adds),
            "changes": len(changes),
            "gone": len(plan.gone),
            "unmatched": len(plan.unmatched),
            "refused": sum(one.meant == "not_understood" for one in plan.report),
            "cancelled": sum(one.meant == "cancelled" for one in plan.report),
        },
    }


def _refused(report: Sequence[Outcome]) -> list[dict[str, str]]:
    return [
        {"where": one.where, "what": one.what, "mend": one.mend}
        for one in report
        if one.meant == "not_understood"
    ][:LINES_SHOWN]


def _line(shift: Shift, names: dict[str, str], today: date) -> dict[str, str]:
    repeats = "repeats" if shift.rrule else "once"
    ends = shift.ends.strftime("%H:%M")
    return {
        "who": names.get(shift.person, shift.person) or "Free",
        "when": f"{rota_words.day(shift.starts.date(), today)} {shift.starts:%H:%M}–{ends}",
        "what": f"{rota_words.role(shift.role)}, {repeats}"
        + (f", {len(shift.overrides)} changed nights" if shift.overrides else ""),
    }
