"""The directory's pages for those who answer, and for who keeps it: /directory and what is under it.

An edit lives in the fields of its form alone. Nothing is saved that was not looked at as it then was.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from urllib.parse import urlencode

import aiohttp_jinja2
from aiohttp import web

from helpline.directory import EMERGENCY, ROLES, CrisisContact
from helpline.directory_book import CALL_OUTCOMES, Sort, touches
from helpline.directory_checks import DeadEnd
from helpline.directory_keeping import DirectoryKeeping, Step
from helpline.directory_lookup import to_be_checked
from helpline.directory_services import KINDS, Entry, Service, open_first
from helpline.errors import BadRequest, HelplineError, NotFound, NotNow
from helpline.people import Principal
from webchat import rota_words
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
    special_rows,
    value_in_words,
)
from webchat.directory_frame import (
    DID,
    HERE,
    SORTS,
    entered,
    frame,
    href_of,
    is_number,
    line_of,
    named,
    names_of,
    sent_fields,
    when,
)
from webchat.keys import DEFINITION, HELPLINE

ON_A_PAGE = 60
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
    """GET /directory?place=BD3&q=caf&page=2&check=1: who is there for a place, open now first. 303 to sign in.

    With `check`, those past their verify-by date or near it, the longest past first.
    """
    who = await entered(request)
    directory = request.app[HELPLINE].directory
    now, lookup = request.app[HELPLINE].clock.now(), directory.lookup
    asked, sought = (request.query.get(name, "").strip()[:100] for name in ("place", "q"))
    place = lookup.places.of(asked) if asked else None
    to_check = "check" in request.query
    where = place.id if place else None
    shown = (
        *lookup.found(where, sought, now, contacts=True),
        *lookup.found(where, sought, now, contacts=False),
    )
    if to_check:
        shown = to_be_checked(shown, directory.today)
    number, pages = _page(request, len(shown))
    part = shown[(number - 1) * ON_A_PAGE : number * ON_A_PAGE]
    kept = {name: request.query[name] for name in ("place", "q", "check") if name in request.query}
    context = frame(request, who) | {
        "asked": asked,
        "place": place,
        "sought": sought,
        "to_check": to_check,
        "places": request.app[DEFINITION].localities,
        "contacts": [line_of(request, one) for one in part if isinstance(one.entry, CrisisContact)],
        "services": [line_of(request, one) for one in part if isinstance(one.entry, Service)],
        "count": len(shown),
        "number": number,
        "pages": pages,
        "page_href": lambda page: f"{HERE}?{urlencode({**kept, 'page': page})}",
        "check_href": f"{HERE}?{urlencode({**kept, 'check': 1})}",
        "late": len(to_be_checked(lookup.near(None, now), directory.today)),
        "gone": len(directory.taken_out),
    }
    return aiohttp_jinja2.render_template("directory/list.html", request, context)


def _page(request: web.Request, count: int) -> tuple[int, int]:
    """Which page is asked for, and how many there are."""
    pages = max(1, -(-count // ON_A_PAGE))
    asked = request.query.get("page", "1")
    return (min(max(int(asked), 1), pages) if is_number(asked) else 1), pages


async def entry_page(request: web.Request) -> web.StreamResponse:
    """GET /directory/contact/<id>, /directory/service/<id>: one entry with its past. 404 when there is none."""
    return await _entry(request, await entered(request), *named(request))


async def _entry(
    request: web.Request, who: Principal, sort: Sort, id: str, refusal: str = "", status: int = 200
) -> web.StreamResponse:
    directory = request.app[HELPLINE].directory
    held = directory.entry(sort, id)
    now, names = request.app[HELPLINE].clock.now(), names_of(request)
    shown = open_first([held], now, directory.today)[0]
    context = frame(request, who, refusal) | {
        "sort": sort,
        "entry": held,
        "line": line_of(request, shown),
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
            (when(request, call.at), call.by, CALL_OUTCOMES[call.outcome])
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
    names = names_of(request)
    steps = await directory.past(sort, id)
    return [
        {
            "seq": step.seq,
            "undo": bool(step.by.name),
            "when": when(request, step.at),
            "text": f"{step.by.name or 'The service'} {DID.get(step.what, 'changed it')}",
            "why": step.why or "",
            "lines": _step_lines(step, sort, id, names),
        }
        for step in steps
    ]


def _step_lines(step: Step, sort: Sort, id: str, names: Mapping[str, str]) -> list[str]:
    lines: list[str] = []
    for change in step.changes:
        if touches(change, sort, id) and isinstance(change.before, CrisisContact | Service):
            after: Any = change.after
            lines += changed_lines(change.before, after, names)
    return lines


# -- changing --------------------------------------------------------------------------------------------------------


async def new(request: web.Request) -> web.StreamResponse:
    """GET /directory/new?sort=service: an empty form."""
    who = await entered(request, "directory_edit")
    sort = SORTS.get(request.query.get("sort", ""), "contact")
    return await _form(request, who, sort, None, fields_of(EMPTY[sort]), ())


async def edit(request: web.Request) -> web.StreamResponse:
    """GET /directory/<sort>/<id>/edit: the entry as fields."""
    who = await entered(request, "directory_edit")
    sort, id = named(request)
    directory = request.app[HELPLINE].directory
    held = directory.entry(sort, id)
    return await _form(request, who, sort, held, fields_of(held, directory.today), held.localities)


async def save(request: web.Request) -> web.StreamResponse:
    """POST /directory/save: `act=look` says what would change, `save` saves what was looked at.

    422 with each mistake at its field, a dead end of the ladder among them; 409 when somebody changed it since.
    """
    who = await entered(request, "directory_edit")
    sent, places = await sent_fields(request)
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
    if sent.get("act") != "save" or sent.get("looked") != looked or not is_number(seen):
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
    raise web.HTTPSeeOther(href_of(sort, found.entry.id))


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
    lines = changed_lines(held, after, names_of(request)) if held is not None else ["A new entry."]
    context = frame(request, who, refusal) | {
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
        "special": special_rows(given),
    }
    return aiohttp_jinja2.render_template("directory/edit.html", request, context, status=status)


async def rang(request: web.Request) -> web.StreamResponse:
    """POST /directory/rang {sort, id, outcome, words?, verify_by?}: logs a test call; 303 to the entry."""
    who = await entered(request)
    sent, _ = await sent_fields(request)
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
    raise web.HTTPSeeOther(href_of(sort, id))


def _until(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise BadRequest("Write until when it counts as checked as a date, such as 2027-01-31.") from None


async def take_out(request: web.Request) -> web.StreamResponse:
    """POST /directory/take-out {sort, id, seen, why?}: 303 to the list; 409, 422 with the entry and the reason."""
    who = await entered(request, "directory_edit")
    sent, _ = await sent_fields(request)
    sort, id, seen = SORTS.get(sent.get("sort", ""), "contact"), sent.get("id", ""), sent.get("seen", "")
    directory = request.app[HELPLINE].directory
    directory.entry(sort, id)
    try:
        await directory.take_out(
            who,
            sort,
            id,
            sent.get("client_id", ""),
            seen=int(seen) if is_number(seen) else -1,
            why=sent.get("why", ""),
        )
    except HelplineError as refused:
        return await _entry(request, who, sort, id, refused.message, refused.status)
    raise web.HTTPSeeOther(HERE)


async def undo(request: web.Request) -> web.StreamResponse:
    """POST /directory/undo {sort, id, seq}: turns a step round; 303 to the entry, or to the list when it is gone."""
    who = await entered(request)
    sent, _ = await sent_fields(request)
    sort, id, seq = SORTS.get(sent.get("sort", ""), "contact"), sent.get("id", ""), sent.get("seq", "")
    directory = request.app[HELPLINE].directory
    try:
        await directory.undo(who, int(seq) if is_number(seq) else 0, sent.get("client_id", ""))
    except NotFound:
        raise
    except HelplineError as refused:
        return await _entry(request, who, sort, id, refused.message, refused.status)
    there = directory.book.entry_on(sort, id, directory.today) is not None
    raise web.HTTPSeeOther(href_of(sort, id) if there else HERE)
