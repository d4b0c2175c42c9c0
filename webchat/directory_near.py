"""Services near somebody, for the desk: open now first, each with the words that may be put into a message."""

from datetime import datetime
from typing import Any

from aiohttp import web

from helpline.directory import CrisisContact
from helpline.directory_services import Shown
from webchat.directory_card import FIRST, CardLine, line_of_card
from webchat.directory_frame import kind_of, line_of
from webchat.keys import DEFINITION, HELPLINE
from webchat.sign_in import signed_in
from webchat.words import Words, words_in

MOST = 12


def add_routes(app: web.Application) -> None:
    app.router.add_get("/directory/near.json", near)


async def near(request: web.Request) -> web.StreamResponse:
    """GET /directory/near.json?place=harbour&q=caf&lang=pl: `{"services": [...], "more": 3}` for whoever is signed in.

    Each has `id`, `name`, `kind`, `number`, `state`, `open`, `stale` and `text`: what it is, its number and its hours in
    the person's language, as a supporter may send it. What is only for us to ring is never among them, nor are 999 and
    111, which stand on every page already.
    """
    await signed_in(request, "directory")
    helpline, definition = request.app[HELPLINE], request.app[DEFINITION]
    place, sought, tag = (request.query.get(name, "").strip()[:100] for name in ("place", "q", "lang"))
    known = {one.id for one in definition.localities}
    now = helpline.clock.now()
    shown = helpline.directory.lookup.found(place if place in known else None, sought, now)
    offered = [one for one in shown if _may_be_told(one)]
    words = words_in(
        tag if tag in definition.languages.promised else definition.languages.default,
        definition.languages.default,
    )
    answer: dict[str, Any] = {
        "services": [_said(request, one, now, words) for one in offered[:MOST]],
        "more": max(0, len(offered) - MOST),
    }
    return web.json_response(answer, headers={"Cache-Control": "no-store"})


def _may_be_told(one: Shown) -> bool:
    entry = one.entry
    if isinstance(entry, CrisisContact):
        return entry.line == "public" and bool(entry.number) and entry.role not in FIRST
    return bool(entry.number or entry.website)


def _said(request: web.Request, one: Shown, now: datetime, words: Words) -> dict[str, Any]:
    line, card = line_of(request, one), line_of_card(one, now, request.app[DEFINITION].zone, words)
    return {
        "id": f"{'contact' if isinstance(one.entry, CrisisContact) else 'service'}/{one.entry.id}",
        "name": one.entry.name,
        "kind": kind_of(one.entry),
        "number": one.entry.number,
        "state": line["state"],
        "open": one.opening.open,
        "stale": one.stale,
        "text": words_for(card),
    }


def words_for(card: CardLine) -> str:
    """Name, number, address on the web and hours, a line each; whether it is open now is not said, it may be read later."""
    hours = card.hours or ((card.state,) if card.always else ())
    return "\n".join(one for one in (card.name, card.number, card.website, *hours) if one)
