"""The summary for a crisis team: what goes into it is chosen first, then it is a page, paper, a PDF or FHIR.

The newest state is read for every one of them, and each is an entry in the audit. That it was given to somebody is
recorded with one press, as something shared.
"""

import asyncio
import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import aiohttp_jinja2
from aiohttp import web

from helpline import ladder_presses
from helpline.directory import INSIDE, for_locality
from helpline.errors import HelplineError
from helpline.fhir import bundle_of
from helpline.on_shift import is_lead
from helpline.people import Principal
from helpline.record_keeping import read_material
from helpline.record_pdf import direction_of, pdf_of
from helpline.record_summary import (
    NOT_CLINICAL,
    TITLES,
    Material,
    first_choice,
    parts_of,
    shared_words,
    summary_of,
)
from webchat.keys import HELPLINE
from webchat.record_pages import CONTACT, HERE, entered, frame
from webchat.security import STAFF_COOKIE, cookie, posted

LETTERS = Path(__file__).resolve().parent / "static" / "vendor"
LONGEST_WHOM = 200
OLDEST_SHEET = timedelta(days=2)


def add_routes(app: web.Application) -> None:
    app.router.add_get(CONTACT + "/summary", page)
    app.router.add_get(CONTACT + "/summary.pdf", pdf)
    app.router.add_get(CONTACT + "/fhir.json", fhir)
    app.router.add_post(CONTACT + "/told", told)


async def page(request: web.Request) -> web.StreamResponse:
    """GET /record/<contact>/summary?part=now&part=tried: the sheet; without a part, what may go into it, to tick."""
    who = await entered(request)
    return await _page(request, who)


async def pdf(request: web.Request) -> web.StreamResponse:
    """GET /record/<contact>/summary.pdf?part=…: the sheet as PDF. 400 without a part; 409 for letters it lacks."""
    who = await entered(request)
    material = await _material(request, who, "summary_pdf")
    summary = summary_of(material, _chosen(request), who.name, request.app[HELPLINE].clock.now())
    if not summary.parts:
        raise web.HTTPBadRequest(text="Choose what goes into it first.")
    drawn = await asyncio.to_thread(pdf_of, summary, LETTERS)
    return _file(drawn, "application/pdf", "summary.pdf")


async def fhir(request: web.Request) -> web.StreamResponse:
    """GET /record/<contact>/fhir.json?part=…: the same as a FHIR R4 document. 400 without a part."""
    who = await entered(request)
    material = await _material(request, who, "summary_fhir")
    chosen = _chosen(request) & parts_of(material).keys()
    if not chosen:
        raise web.HTTPBadRequest(text="Choose what goes into it first.")
    bundle = bundle_of(material, chosen, who.name, request.app[HELPLINE].clock.now())
    return _file(json.dumps(bundle, ensure_ascii=False).encode(), "application/fhir+json", "summary.json")


async def told(request: web.Request) -> web.StreamResponse:
    """POST /record/<contact>/told {csrf, client_id, part…, made, crisis_contact, whom}: 303 back to the sheet."""
    who = await entered(request)
    fields = await posted(request, cookie(request, STAFF_COOKIE))
    helpline, contact = request.app[HELPLINE], request.match_info["contact"]
    chosen = frozenset(str(one) for one in fields.getall("part", ())) & TITLES.keys()
    material = await _material(request, who, "summary")
    made = _when(str(fields.get("made", "")), helpline.clock.now())
    summary = summary_of(material, chosen, who.name, made)
    try:
        await ladder_presses.share(
            helpline,
            who,
            contact,
            crisis_contact=str(fields.get("crisis_contact", ""))[:128],
            whom=str(fields.get("whom", "")).strip()[:LONGEST_WHOM] or None,
            what=shared_words(summary),
            why="",
            client_id=str(fields.get("client_id", ""))[:64],
        )
    except HelplineError as refused:
        return await _page(request, who, refused, chosen)
    there = urlencode([*(("part", key) for key in TITLES if key in chosen), ("told", "1")])
    raise web.HTTPSeeOther(f"{HERE}/{contact}/summary?{there}#told")


def _when(written: str, now: datetime) -> datetime:
    """When the sheet that was given was made, as its form says; now where that cannot be."""
    try:
        made = datetime.fromisoformat(written)
    except ValueError:
        return now
    return made if made.tzinfo is not None and now - OLDEST_SHEET <= made <= now else now


async def _material(request: web.Request, who: Principal, did: str) -> Material:
    return await read_material(request.app[HELPLINE], who, request.match_info["contact"], did)


def _chosen(request: web.Request) -> frozenset[str]:
    return frozenset(request.query.getall("part", ())) & TITLES.keys()


async def _page(
    request: web.Request,
    who: Principal,
    refused: HelplineError | None = None,
    kept: frozenset[str] = frozenset(),
) -> web.StreamResponse:
    helpline = request.app[HELPLINE]
    material = await _material(request, who, "summary")
    fold, there = material.contact, parts_of(material)
    chosen = kept or _chosen(request)
    summary = summary_of(material, chosen, who.name, helpline.clock.now())
    ticked = chosen or first_choice(fold, there)
    near = for_locality(helpline.directory.contacts, fold.locality)
    consent = fold.ladder.consent
    context = {
        **frame(request, who),
        "contact": fold.log,
        "name": fold.name,
        "summary": summary if summary.parts else None,
        "not_clinical": NOT_CLINICAL,
        "direction_of": direction_of,
        "offered": [(key, part.title, key in ticked) for key, part in there.items()],
        "agreed": consent is not None and consent.answer == "given",
        "query": urlencode([("part", part.key) for part in summary.parts]),
        "outside": [one for one in near if one.role not in INSIDE],
        "may_share": fold.part(who.id) is not None or is_lead(who),
        "told": "told" in request.query and refused is None,
        "refusal": refused.message if refused is not None else "",
    }
    status: Any = refused.status if refused is not None else 200
    return aiohttp_jinja2.render_template("record/summary.html", request, context, status=status)


def _file(body: bytes, kind: str, name: str) -> web.Response:
    """A download under a name that says nothing of anybody."""
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return web.Response(body=body, content_type=kind, headers=headers)
