"""The directory's pages for those who answer, and for who keeps it: /directory and what is under it.

An edit lives in the fields of its form alone. Nothing is saved that was not looked at as it then was.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from urllib.parse import quote
from uuid import uuid4
from zoneinfo import ZoneInfo

import aiohttp_jinja2
from aiohttp import web

from helpline.directory import EMERGENCY, ROLES, CrisisContact, locality_of
from helpline.directory_book import CALL_OUTCOMES, Sort, touches
from helpline.directory_checks import DeadEnd
from helpline.directory_keeping import DirectoryKeeping, Step
from helpline.directory_services import KINDS, Entry, Service, Shown, open_first
from helpline.errors import BadRequest, HelplineError, NotFound, NotNow, NotSignedIn
from helpline.people import Principal
from helpline.permissions import may
from webchat import rota_words
from webchat.desk_pages import staff_context
from webchat.directory_form import (
    DAY_NAMES,
    LABELS,
    LINES,
    Read,
    changed_lines,
    fields_of,
    hours_in_words,
    mark,
    read,
    value_in_words,
)
from webchat.keys import DEFINITION, HELPLINE
from webchat.security import STAFF_COOKIE, cookie, posted
from webchat.sign_in import signed_in

HERE = "/directory"
MOST_SHOWN = 60
SORTS: dict[str, Sort] = {"contact": "contact", "service": "service"}
EMPTY: dict[Sort, Entry] = {
    "contact": CrisisContact(id="", name="", role="crisis_team", number=""),
    "service": Service(id="", name=""),
}


def add_routes(app: web.Application) -> None:
    router = app.router
    router.add_get(HERE, listing)
    router.add_get(HERE + "/new", new)
    router.add_post(HERE + "/save", save)
    router.add_post(HERE + "/rang", rang)
    router.add_post(HERE + "/take-out", take_out)
    router.add_post(HERE + "/undo", undo)
    router.add_get(HERE + "/{sort:contact|service}/{id}", entry_page)
    router.add_get(HERE + "/{sort:contact|service}/{id}/edit", edit)


# -- reading ---------------------------------------------------------------------------------------------------------


async def listing(request: web.Request) -> web.StreamResponse:
    """GET /directory?place=BD3&q=caf: who is there for a place, open now first. 303 to sign in."""
    who = await _entered(request)
    helpline, definition = request.app[HELPLINE], request.app[DEFINITION]
    directory, now = helpline.directory, helpline.clock.now()
    asked, sought = (request.query.get(name, "").strip()[:100] for name in ("place", "q"))
    place = locality_of(asked, definition.localities) if asked else None
    found: dict[str, list[dict[str, Any]]] = {}
    more = 0
    for name, entries in (("contacts", directory.contacts), ("services", directory.services)):
        near = [one for one in entries if _near(one, place.id if place else "") and _fits(one, sought)]
        shown = open_first(near, now, directory.today)
        found[name] = [_line(request, one) for one in shown[:MOST_SHOWN]]
        more += max(0, len(shown) - MOST_SHOWN)
    context = _frame(request, who) | {
        "asked": asked,
        "place": place,
        "sought": sought,
        "places": definition.localities,
        "more": more,
        **found,
    }
    return aiohttp_jinja2.render_template("directory/list.html", request, context)


async def entry_page(request: web.Request) -> web.StreamResponse:
    """GET /directory/contact/<id>, /directory/service/<id>: one entry with its past. 404 when there is none."""
    return await _entry(request, await _entered(request), *_named(request))


def _near(entry: Entry, place: str) -> bool:
    return not place or not entry.localities or place in entry.localities


def _fits(entry: Entry, sought: str) -> bool:
    words = f"{entry.name} {entry.number} {_kind_of(entry)} {getattr(entry, 'description', '')}".casefold()
    return all(word in words for word in sought.casefold().split())


def _kind_of(entry: Entry) -> str:
    return ROLES.get(entry.role, "") if isinstance(entry, CrisisContact) else KINDS.get(entry.kind, "")


def _line(request: web.Request, one: Shown) -> dict[str, Any]:
    """One entry as a list shows it."""
    entry = one.entry
    directory = request.app[HELPLINE].directory
    sort = "contact" if isinstance(entry, CrisisContact) else "service"
    others = (entry.fallback, *entry.alternatives) if isinstance(entry, CrisisContact) else entry.instead
    found = [directory.book.entry_on(SORTS[sort], id, directory.today) for id in dict.fromkeys(others) if id]
    return {
        "href": f"{HERE}/{sort}/{quote(entry.id, safe='')}",
        "name": entry.name,
        "kind": _kind_of(entry),
        "number": entry.number,
        "ours": isinstance(entry, CrisisContact) and entry.line == "professional",
        "open": one.opening.open,
        "state": _state(request, one),
        "stale": one.stale,
        "instead": [other.name for other in found if other is not None] if one.opening.open is False else [],
    }


def _state(request: web.Request, one: Shown) -> str:
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


async def _entry(
    request: web.Request, who: Principal, sort: Sort, id: str, refusal: str = "", status: int = 200
) -> web.StreamResponse:
    directory = request.app[HELPLINE].directory
    held = directory.entry(sort, id)
    now, names = request.app[HELPLINE].clock.now(), _names(request)
    shown = open_first([held], now, directory.today)[0]
    context = _frame(request, who, refusal) | {
        "sort": sort,
        "entry": held,
        "line": _line(request, shown),
        "facts": [
            (label, value_in_words(held, name, names))
            for name, label in LABELS.items()
            if name not in ("name", "number") and getattr(held, name, None) not in (None, "", (), 0)
        ],
        "hours": hours_in_words(held),
        "checked": held.verify_by,
        "coming": [
            (rota_words.day(day, directory.today), changed_lines(held, planned, names))
            for day, planned in directory.book.coming(sort, id, directory.today)
        ],
        "calls": [
            (_when(request, call.at), call.by, CALL_OUTCOMES[call.outcome])
            for call in directory.book.calls_about(sort, id)[:10]
        ],
        "past": await _past(request, directory, sort, id),
        "outcomes": CALL_OUTCOMES,
        "rings": bool(held.number) and getattr(held, "role", "") != EMERGENCY,
        "seen": directory.book.version(sort, id),
        "sure": "sure" in request.query,
    }
    return aiohttp_jinja2.render_template("directory/entry.html", request, context, status=status)


async def _past(
    request: web.Request, directory: DirectoryKeeping, sort: Sort, id: str
) -> list[dict[str, Any]]:
    """The steps that touched an entry, newest first, each with what it changed."""
    names = _names(request)
    steps = await directory.past(sort, id)
    return [
        {
            "seq": step.seq,
            "undo": bool(step.by.name),
            "when": _when(request, step.at),
            "text": f"{step.by.name or 'The service'} {_DID.get(step.what, 'changed it')}",
            "why": step.why or "",
            "lines": _step_lines(step, sort, id, names),
        }
        for step in steps
    ]


_DID = {
    "seeded": "put it in",
    "added": "put it in",
    "edited": "changed it",
    "planned": "planned a change",
    "took_out": "took it out",
    "imported": "took it in from a file",
    "rang": "rang it",
    "undid": "undid a change",
}


def _step_lines(step: Step, sort: Sort, id: str, names: Mapping[str, str]) -> list[str]:
    lines: list[str] = []
    for change in step.changes:
        if touches(change, sort, id) and isinstance(change.before, CrisisContact | Service):
            after: Any = change.after
            lines += changed_lines(change.before, after, names)
    return lines


def _when(request: web.Request, at: Any) -> str:
    there = at.astimezone(ZoneInfo(request.app[DEFINITION].zone))
    return f"{there.day} {there:%b %Y %H:%M}"


# -- changing --------------------------------------------------------------------------------------------------------


async def new(request: web.Request) -> web.StreamResponse:
    """GET /directory/new?sort=service: an empty form."""
    who = await _entered(request, "directory_edit")
    sort = SORTS.get(request.query.get("sort", ""), "contact")
    return await _form(request, who, sort, None, fields_of(EMPTY[sort]), ())


async def edit(request: web.Request) -> web.StreamResponse:
    """GET /directory/<sort>/<id>/edit: the entry as fields."""
    who = await _entered(request, "directory_edit")
    sort, id = _named(request)
    held = request.app[HELPLINE].directory.entry(sort, id)
    return await _form(request, who, sort, held, fields_of(held), held.localities)


async def save(request: web.Request) -> web.StreamResponse:
    """POST /directory/save: `act=look` says what would change, `save` saves what was looked at.

    422 with each mistake at its field, a dead end of the ladder among them; 409 when somebody changed it since.
    """
    who = await _entered(request, "directory_edit")
    sent, places = await _sent(request)
    directory, sort = request.app[HELPLINE].directory, SORTS.get(sent.get("sort", ""), "contact")
    id = sent.get("id", "")
    held = directory.entry(sort, id) if id else None
    found = read(sent, places, sort, held, request.app[DEFINITION], directory.today)
    if found.entry is not None and held is None and directory.book.version(sort, found.entry.id):
        taken = "There is, or was, an entry of that name. Give this one a name of its own."
        found = Read(None, None, {"name": taken})
    if found.entry is None:
        return await _form(request, who, sort, held, sent, places, mistakes=found.mistakes, status=422)
    looked = mark(found.entry, found.begins)
    seen = sent.get("seen", "")
    if sent.get("act") != "save" or sent.get("looked") != looked or not _is_number(seen):
        return await _form(request, who, sort, held, sent, places, found=found)
    try:
        await directory.put(
            who,
            found.entry,
            sent.get("client_id", ""),
            seen=int(seen),
            begins=found.begins,
            why=sent.get("why", ""),
        )
    except DeadEnd as dead:
        return await _form(
            request, who, sort, held, sent, places, mistakes=_at_fields(dead, found.entry), status=422
        )
    except NotNow as moved:
        return await _form(
            request, who, sort, held, sent, places, found=found, refusal=moved.message, status=409
        )
    raise web.HTTPSeeOther(_href(sort, found.entry.id))


def _at_fields(dead: DeadEnd, entry: Entry) -> dict[str, str]:
    """Each reason at the field it is about; those about no field of this entry at the head of the form."""
    mistakes: dict[str, str] = {}
    for wrong in dead.wrongs:
        field = wrong.field if wrong.contact == entry.id and wrong.field in LABELS else ""
        field = {"hours": "open"}.get(field, field)
        mistakes[field] = f"{mistakes[field]} {wrong}" if field in mistakes else str(wrong)
    return mistakes


async def _form(
    request: web.Request,
    who: Principal,
    sort: Sort,
    held: Entry | None,
    given: Mapping[str, str],
    places: Sequence[str],
    *,
    mistakes: Mapping[str, str] | None = None,
    found: Read | None = None,
    refusal: str = "",
    status: int = 200,
) -> web.StreamResponse:
    """The form as it was typed, with each mistake at its field, and what saving would change."""
    directory = request.app[HELPLINE].directory
    after = found.entry if found is not None else None
    begins = found.begins if found is not None and found.begins != directory.today else None
    id = held.id if held is not None else after.id if after is not None else ""
    lines = changed_lines(held, after, _names(request)) if held is not None else ["A new entry."]
    context = _frame(request, who, refusal) | {
        "sort": sort,
        "held": held,
        "given": given,
        "places": [(one.id, one.name, one.id in places) for one in request.app[DEFINITION].localities],
        "mistakes": mistakes or {},
        "labels": LABELS,
        "roles": ROLES.items(),
        "kinds": KINDS.items(),
        "lines": LINES.items(),
        "days": DAY_NAMES.items(),
        "others": [(one.id, one.name) for one in directory.contacts if held is None or one.id != held.id],
        "previewed": after is not None,
        "changes": lines if after is not None else [],
        "begins": rota_words.day(begins, directory.today) if begins is not None else "",
        "looked": mark(after, found.begins) if after is not None and found is not None else "",
        "seen": directory.book.version(sort, id) if id else 0,
        "today": directory.today.isoformat(),
    }
    return aiohttp_jinja2.render_template("directory/edit.html", request, context, status=status)


async def rang(request: web.Request) -> web.StreamResponse:
    """POST /directory/rang {sort, id, outcome, words?, verify_by?}: logs a test call; 303 to the entry."""
    who = await _entered(request)
    sent, _ = await _sent(request)
    sort, id = SORTS.get(sent.get("sort", ""), "contact"), sent.get("id", "")
    outcome: Any = sent.get("outcome", "")
    try:
        if outcome not in CALL_OUTCOMES:
            raise BadRequest("Say what happened when you rang.")
        until = sent.get("verify_by", "") if outcome == "right" else ""
        await request.app[HELPLINE].directory.rang(
            who,
            sort,
            id,
            outcome,
            sent.get("client_id", ""),
            words=sent.get("words", ""),
            verify_by=_until(until),
        )
    except NotFound:
        raise
    except HelplineError as refused:
        return await _entry(request, who, sort, id, refused.message, refused.status)
    raise web.HTTPSeeOther(_href(sort, id))


def _until(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise BadRequest("Write until when it counts as checked as a date, such as 2027-01-31.") from None


async def take_out(request: web.Request) -> web.StreamResponse:
    """POST /directory/take-out {sort, id, seen, why?}: 303 to the list; 409, 422 with the entry and the reason."""
    who = await _entered(request, "directory_edit")
    sent, _ = await _sent(request)
    sort, id, seen = SORTS.get(sent.get("sort", ""), "contact"), sent.get("id", ""), sent.get("seen", "")
    directory = request.app[HELPLINE].directory
    directory.entry(sort, id)
    try:
        await directory.take_out(
            who,
            sort,
            id,
            sent.get("client_id", ""),
            seen=int(seen) if _is_number(seen) else -1,
            why=sent.get("why", ""),
        )
    except HelplineError as refused:
        return await _entry(request, who, sort, id, refused.message, refused.status)
    raise web.HTTPSeeOther(HERE)


async def undo(request: web.Request) -> web.StreamResponse:
    """POST /directory/undo {sort, id, seq}: turns a step round; 303 to the entry, or to the list when it is gone."""
    who = await _entered(request)
    sent, _ = await _sent(request)
    sort, id, seq = SORTS.get(sent.get("sort", ""), "contact"), sent.get("id", ""), sent.get("seq", "")
    directory = request.app[HELPLINE].directory
    try:
        await directory.undo(who, int(seq) if _is_number(seq) else 0, sent.get("client_id", ""))
    except NotFound:
        raise
    except HelplineError as refused:
        return await _entry(request, who, sort, id, refused.message, refused.status)
    there = directory.book.entry_on(sort, id, directory.today) is not None
    raise web.HTTPSeeOther(_href(sort, id) if there else HERE)


# -- what they share -------------------------------------------------------------------------------------------------


async def _entered(request: web.Request, page: str = "directory") -> Principal:
    try:
        return await signed_in(request, page)
    except NotSignedIn:
        then = request.path_qs if request.method == "GET" else HERE
        raise web.HTTPSeeOther(f"/sign-in?then={quote(then, safe='/')}") from None


async def _sent(request: web.Request) -> tuple[dict[str, str], tuple[str, ...]]:
    """The fields of a form of ours as text, and the localities ticked. `NotAllowed` without its token."""
    fields = await posted(request, cookie(request, STAFF_COOKIE))
    sent = {name: value for name, value in fields.items() if isinstance(value, str)}
    places = tuple(value for value in fields.getall("localities", ()) if isinstance(value, str))
    return sent, places


def _frame(request: web.Request, who: Principal, refusal: str = "") -> dict[str, Any]:
    return {
        **staff_context(request, who),
        "edits": may(who.roles, "page", "directory_edit"),
        "may_desk": may(who.roles, "page", "desk"),
        "may_board": may(who.roles, "page", "board"),
        "refusal": refusal,
        "new_id": lambda: str(uuid4()),
    }


def _names(request: web.Request) -> dict[str, str]:
    return {locality.id: locality.name for locality in request.app[DEFINITION].localities}


def _named(request: web.Request) -> tuple[Sort, str]:
    return SORTS[request.match_info["sort"]], request.match_info["id"]


def _href(sort: Sort, id: str) -> str:
    return f"{HERE}/{sort}/{quote(id, safe='')}"


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 13
