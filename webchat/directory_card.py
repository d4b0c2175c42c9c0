"""The crisis card of a place: the numbers anybody may be given, as a page, on paper and as plain text.

It is public and in the person's language. A professional line is never on it.
"""

from collections.abc import Sequence
from datetime import datetime

import msgspec
from aiohttp import web

from helpline.directory import EMERGENCY, CrisisContact, Locality
from helpline.directory_services import Entry, Service, Shown, open_first
from helpline.errors import NotFound
from helpline.ladder import emergency
from webchat.chat_view import Visitor, draw, visitor
from webchat.directory_form import ring_week
from webchat.keys import DEFINITION, HELPLINE
from webchat.words import Words, days_of_the_week, opening_time

FIRST = (EMERGENCY, "nhs_111")


class CardLine(msgspec.Struct, frozen=True):
    """One entry of the card. `hours` are lines such as `Monday–Friday 18:00-24:00`, empty when always or unknown."""

    name: str
    number: str
    website: str
    state: str
    hours: tuple[str, ...]
    stale: bool
    always: bool


def add_routes(app: web.Application) -> None:
    app.router.add_get("/card", places)
    app.router.add_get("/card/{place}.txt", text)
    app.router.add_get("/card/{place}", page)


async def places(request: web.Request) -> web.StreamResponse:
    """GET /card?lang=pl: the places that have a card, for who has not said where they are. 404 without any."""
    known = request.app[DEFINITION].localities
    if not known:
        raise NotFound("There are no cards here.")
    return draw(request, "cards", visitor(request), places=known)


async def page(request: web.Request) -> web.StreamResponse:
    """GET /card/<locality>?lang=pl: for anybody. 404 for a place that is none of ours."""
    who, place = visitor(request), _place(request)
    return draw(request, "card", who, near=place.id, place=place, lines=_lines(request, who, place))


async def text(request: web.Request) -> web.StreamResponse:
    """GET /card/<locality>.txt?lang=pl: the same as plain text."""
    who, place = visitor(request), _place(request)
    said = [who.words.fill("card.title", place=place.name), request.app[DEFINITION].name, ""]
    for line in _lines(request, who, place):
        said += [one for one in (line.name, line.number, line.website, line.state, *line.hours) if one]
        said += [who.words["card.unchecked"], ""] if line.stale else [""]
    return web.Response(text="\n".join(said), content_type="text/plain", charset="utf-8")


def _place(request: web.Request) -> Locality:
    asked = request.match_info["place"]
    for locality in request.app[DEFINITION].localities:
        if locality.id == asked:
            return locality
    raise NotFound("There is no card for that place.")


def _lines(request: web.Request, who: Visitor, place: Locality) -> list[CardLine]:
    helpline = request.app[HELPLINE]
    now, directory = helpline.clock.now(), helpline.directory
    near = [one.entry for one in directory.lookup.near(place.id, now)]
    contacts = [one for one in near if isinstance(one, CrisisContact)]
    services = [one for one in near if isinstance(one, Service)]
    shown = open_first(public(contacts, services, place.id), now, directory.today)
    first = sorted(shown, key=lambda one: _rank(one.entry))
    return [line_of_card(one, now, request.app[DEFINITION].zone, who.words) for one in first]


def public(contacts: Sequence[CrisisContact], services: Sequence[Entry], place: str) -> list[Entry]:
    """What anybody may be told for a place. 999 is always among it."""
    offered: list[Entry] = [one for one in contacts if one.line == "public" and one.number]
    offered += [one for one in services if one.number or getattr(one, "website", "")]
    if not any(isinstance(one, CrisisContact) and one.role == EMERGENCY for one in offered):
        offered.append(emergency(contacts))
    return [one for one in offered if not one.localities or place in one.localities]


def _rank(entry: Entry) -> int:
    role = entry.role if isinstance(entry, CrisisContact) else ""
    return FIRST.index(role) if role in FIRST else len(FIRST)


def line_of_card(one: Shown, now: datetime, zone: str, words: Words) -> CardLine:
    """An entry as the card says it, in the person's language."""
    entry, door = one.entry, one.opening
    if door.open is None:
        state = words["card.unknown"]
    elif door.always:
        state = words["card.always"]
    elif door.open:
        state = words["card.open"]
    elif door.opens_at is not None:
        state = words.fill("card.opens", time=opening_time(door.opens_at, now, zone, words.language))
    else:
        state = words["card.closed"]
    sunday_first = days_of_the_week(words.language)
    hours = ring_week(entry, (*sunday_first[1:], sunday_first[0])) if not door.always else ()
    website = "" if isinstance(entry, CrisisContact) else entry.website
    return CardLine(entry.name, entry.number, website, state, hours, one.stale, door.always)
