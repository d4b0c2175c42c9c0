"""What every page of the directory shares: who may see it, its frame, and how an entry is said in one line."""

from typing import Any
from urllib.parse import quote
from uuid import uuid4
from zoneinfo import ZoneInfo

from aiohttp import web

from helpline.directory import ROLES, CrisisContact
from helpline.directory_book import Sort
from helpline.directory_services import KINDS, Entry, Shown
from helpline.errors import NotSignedIn
from helpline.people import Principal
from helpline.permissions import may
from webchat import rota_words
from webchat.desk_pages import staff_context
from webchat.keys import DEFINITION, HELPLINE
from webchat.security import STAFF_COOKIE, cookie, posted
from webchat.sign_in import signed_in

HERE = "/directory"
SORTS: dict[str, Sort] = {"contact": "contact", "service": "service"}
DID = {
    "seeded": "put it in",
    "added": "put it in",
    "edited": "changed it",
    "planned": "planned a change",
    "took_out": "took it out",
    "imported": "took it in from a file",
    "rang": "rang it",
    "undid": "undid a change",
    "brought_back": "brought it back",
}


async def entered(request: web.Request, page: str = "directory") -> Principal:
    try:
        return await signed_in(request, page)
    except NotSignedIn:
        then = request.path_qs if request.method == "GET" else HERE
        raise web.HTTPSeeOther(f"/sign-in?then={quote(then, safe='/')}") from None


async def sent_fields(request: web.Request) -> tuple[dict[str, str], tuple[str, ...]]:
    """The fields of a form of ours as text, and the localities ticked. `NotAllowed` without its token."""
    fields = await posted(request, cookie(request, STAFF_COOKIE))
    sent = {name: value for name, value in fields.items() if isinstance(value, str)}
    places = tuple(value for value in fields.getall("localities", ()) if isinstance(value, str))
    return sent, places


def frame(request: web.Request, who: Principal, refusal: str = "") -> dict[str, Any]:
    return {
        **staff_context(request, who),
        "edits": may(who.roles, "page", "directory_edit"),
        "may_desk": may(who.roles, "page", "desk"),
        "may_board": may(who.roles, "page", "board"),
        "refusal": refusal,
        "new_id": lambda: str(uuid4()),
    }


def names_of(request: web.Request) -> dict[str, str]:
    return {locality.id: locality.name for locality in request.app[DEFINITION].localities}


def named(request: web.Request) -> tuple[Sort, str]:
    return SORTS[request.match_info["sort"]], request.match_info["id"]


def href_of(sort: Sort, id: str) -> str:
    return f"{HERE}/{sort}/{quote(id, safe='')}"


def is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 13


def kind_of(entry: Entry) -> str:
    return ROLES.get(entry.role, "") if isinstance(entry, CrisisContact) else KINDS.get(entry.kind, "")


def line_of(request: web.Request, one: Shown) -> dict[str, Any]:
    """One entry as a list shows it."""
    entry = one.entry
    directory = request.app[HELPLINE].directory
    sort = "contact" if isinstance(entry, CrisisContact) else "service"
    others = (entry.fallback, *entry.alternatives) if isinstance(entry, CrisisContact) else entry.instead
    found = [directory.book.entry_on(SORTS[sort], id, directory.today) for id in dict.fromkeys(others) if id]
    return {
        "href": f"{HERE}/{sort}/{quote(entry.id, safe='')}",
        "name": entry.name,
        "kind": kind_of(entry),
        "number": entry.number,
        "ours": isinstance(entry, CrisisContact) and entry.line == "professional",
        "open": one.opening.open,
        "state": state_of(request, one),
        "stale": one.stale,
        "instead": [other.name for other in found if other is not None] if one.opening.open is False else [],
    }


def state_of(request: web.Request, one: Shown) -> str:
    """`Open until 22:30`, `Opens Friday 18:00`, in the service's own time."""
    now, zone = request.app[HELPLINE].clock.now(), ZoneInfo(request.app[DEFINITION].zone)
    if one.opening.open is None:
        return "Hours not known"
    if one.opening.always:
        return "Always open"
    at = one.opening.closes_at if one.opening.open else one.opening.opens_at
    if at is None:
        return "Open" if one.opening.open else "Closed, not known until when"
    there, today = at.astimezone(zone), now.astimezone(zone).date()
    if one.opening.open and f"{there:%H:%M}" == "00:00" and (there.date() - today).days == 1:
        return "Open until midnight"
    day = "" if there.date() == today else f"{rota_words.day(there.date(), today)} "
    return f"{'Open until' if one.opening.open else 'Closed. Opens'} {day}{there:%H:%M}"


def when(request: web.Request, at: Any) -> str:
    there = at.astimezone(ZoneInfo(request.app[DEFINITION].zone))
    return f"{there.day} {there:%b %Y %H:%M}"
