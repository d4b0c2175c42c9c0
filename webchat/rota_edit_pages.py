"""The editor's pages: /rota/edit, its preview, and saving. Nothing is saved that was not looked at as it then was.

An edit lives in the fields of its form alone. Each time they are read anew and held against the book of that moment.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

import aiohttp_jinja2
import msgspec
from aiohttp import web

from helpline.errors import BadRequest, NotFound, NotNow
from helpline.people import Principal
from rota.book import AnyChange, Book
from rota.cover import Plan
from rota.editing import Preview, left_free, preview
from rota.shifts import Slot
from webchat import rota_words
from webchat.keys import DEFINITION, HELPLINE
from webchat.rota_edit_form import (
    DAY_NAMES,
    DAYS,
    NTH,
    Typed,
    Wrong,
    changes_for,
    fields_of,
    read_typed,
    typed_of,
)
from webchat.rota_edit_view import listed, nights_of, previewed, words_of
from webchat.rota_frame import Refusal, done, entered, form
from webchat.rota_pages import looking_at
from webchat.rota_planning_pages import PLAN, plan_of, planned_frame
from webchat.rota_planning_view import ROLES
from webchat.rota_presses import Press
from webchat.rota_view import Looking, midnight

HERE = "/rota/edit"
MOVED_ON = "The rota has changed in the meantime. This is what your edit would do now."
CLASHING = "Not everybody can have these shifts. Choose what should happen with them."
_SEEN = re.compile(r"\d{1,12}", re.ASCII)


class Clashing(Exception):
    """Somebody would have what they cannot have, and nobody chose to leave it free."""


def add_routes(app: web.Application) -> None:
    app.router.add_get(HERE, edit)
    app.router.add_post(HERE + "/preview", look)
    app.router.add_post(HERE + "/save", save)


async def edit(request: web.Request) -> web.StreamResponse:
    """GET /rota/edit?q=friday: the shifts; ?new=1, ?shift=<id>, ?night=<slot>: a form. 404 for no such shift."""
    who = await entered(request, PLAN)
    query = request.query
    looking = looking_at(request, who)
    if "new" in query:
        first = looking.today + timedelta(days=1)
        channels = request.app[DEFINITION].channels
        typed = Typed(starts="18:00", ends="22:00", first=first.isoformat(), channels=channels)
        return await _form(request, who, looking, typed)
    if "night" in query:
        return await _form(request, who, looking, _of_night(looking, query["night"]))
    if "shift" in query:
        held = looking.plan.book.shifts.get(query["shift"])
        if held is None:
            raise NotFound("There is no such shift any more.")
        return await _form(request, who, looking, typed_of(held, looking.today))
    context = await planned_frame(request, who, HERE, looking, back=HERE)
    context |= {"typed": None, "shifts": listed(looking, query.get("q", "").strip()[:100])}
    return aiohttp_jinja2.render_template("rota/edit.html", request, context)


def _of_night(looking: Looking, named: str) -> Typed:
    try:
        slot = Slot.parse(named)
    except ValueError:
        raise NotFound("There is no such shift any more.") from None
    duty = looking.plan.book.duty(slot)
    if duty is None or duty.ends_at <= looking.plan.now:
        raise NotFound("There is no such shift any more.")
    starts, ends = (at.astimezone(looking.zone) for at in (duty.starts_at, duty.ends_at))
    return Typed(
        action="move",
        shift=slot.shift,
        slot=str(slot),
        first=f"{starts:%Y-%m-%d}",
        starts=f"{starts:%H:%M}",
        ends=f"{ends:%H:%M}",
    )


async def look(request: web.Request) -> web.StreamResponse:
    """POST /rota/edit/preview, the form's fields: what it would do; 422 with each mistake at its field.

    `act=again` shows the form once more, as it was typed.
    """
    who, typed, fields = await _sent(request)
    looking = looking_at(request, who)
    if fields.get("act") == "again":
        return await _form(request, who, looking, typed)
    return await _preview(request, who, typed)


async def save(request: web.Request) -> web.StreamResponse:
    """POST /rota/edit/save, the form's fields and `seen`, the seq looked at: 303 to the shifts, with Undo.

    409 with the preview drawn anew when the rota has moved on, or somebody would have what they cannot have.
    """
    who, typed, fields = await _sent(request)
    pressed = Press(request.app[HELPLINE], who, fields, ())
    if not _SEEN.fullmatch(fields.get("seen", "")):
        raise BadRequest("This page is out of date. Please open it again.")
    rota = pressed.rota

    def decide(book: Book) -> Sequence[AnyChange]:
        plan = plan_of(rota, book)
        found, changes = _seen(request, who, typed, plan)
        if found.refused:
            if not typed.free:
                raise Clashing
            return _with_free(request, who, typed, plan, found, changes)
        return changes

    try:
        seq = await rota.edit(
            who, decide, pressed.client_id, about=fields_of(typed), seen=int(fields["seen"]), why=typed.why
        )
    except Wrong as wrong:
        return await _form(request, who, looking_at(request, who), typed, wrong.at)
    except Clashing:
        return await _preview(request, who, typed, Refusal(CLASHING), 409)
    except NotNow:
        return await _preview(request, who, typed, Refusal(MOVED_ON), 409)
    raise done(HERE, seq)


async def _sent(request: web.Request) -> tuple[Principal, Typed, Mapping[str, str]]:
    who = await entered(request, PLAN)
    posted = await form(request)
    fields = {name: value for name, value in posted.items() if isinstance(value, str)}
    many = {
        name: tuple(value for value in posted.getall(name, ()) if isinstance(value, str))
        for name in ("channels", "languages", "days")
    }
    return who, read_typed(fields, many), fields


def _seen(
    request: web.Request, who: Principal, typed: Typed, plan: Plan
) -> tuple[Preview, tuple[AnyChange, ...]]:
    """What the edit changes, and what that would do."""
    looking = looking_at(request, who)
    changes = changes_for(typed, plan, looking.members, request.app[DEFINITION].channels)
    return _looked_at(request, looking, typed, plan, changes), changes


def _looked_at(
    request: web.Request, looking: Looking, typed: Typed, plan: Plan, changes: Sequence[AnyChange]
) -> Preview:
    """For as many weeks as the service looks ahead, from the first day the edit is about."""
    since = max(plan.now, midnight(_day(typed, looking) - timedelta(days=1), looking.zone))
    return preview(
        plan,
        changes,
        looking.members,
        looking.hours,
        request.app[DEFINITION].staffing,
        since,
        since + timedelta(weeks=plan.agreement.look_ahead_weeks),
        peers={member.id for member in looking.members.values() if member.peer},
    )


def _with_free(
    request: web.Request,
    who: Principal,
    typed: Typed,
    plan: Plan,
    found: Preview,
    changes: Sequence[AnyChange],
) -> tuple[AnyChange, ...]:
    """The same with nobody on what cannot be; on the whole shift when that is every night looked at."""
    every = len(found.refused) == len(found.adds) + len(found.changes)
    if every and typed.action in ("new", "change"):
        return _seen(request, who, msgspec.structs.replace(typed, person="", languages=()), plan)[1]
    return left_free(plan.book, changes, found.refused)


def _day(typed: Typed, looking: Looking) -> date:
    """The first day the edit is about; today for one that names none."""
    if typed.action in ("cancel", "move"):
        try:
            return min(Slot.parse(typed.slot).of.date(), date.fromisoformat(typed.first or "9999-12-31"))
        except ValueError:
            return looking.today
    try:
        return date.fromisoformat(typed.first)
    except ValueError:
        return looking.today


async def _preview(
    request: web.Request, who: Principal, typed: Typed, refusal: Refusal | None = None, status: int = 200
) -> web.StreamResponse:
    looking = looking_at(request, who)
    try:
        found, changes = _seen(request, who, typed, looking.plan)
        if found.refused:
            # What cannot be stays free, so gaps are told as they would be then.
            then = _with_free(request, who, typed, looking.plan, found, changes)
            saved = _looked_at(request, looking, typed, looking.plan, then)
            found = msgspec.structs.replace(found, opens=saved.opens, closes=saved.closes)
    except Wrong as wrong:
        return await _form(request, who, looking, typed, wrong.at)
    context = await planned_frame(request, who, HERE, looking, back=HERE, refusal=refusal)
    context |= {
        "fields": [pair for pair in fields_of(typed) if pair[0] != "free"],
        "preview": previewed(looking, found, changed=bool(changes)),
        "since": rota_words.day(max(looking.today, _day(typed, looking)), looking.today),
        "why": typed.why,
    }
    return aiohttp_jinja2.render_template("rota/preview.html", request, context, status=status)


async def _form(
    request: web.Request,
    who: Principal,
    looking: Looking,
    typed: Typed,
    mistakes: Mapping[str, str] | None = None,
) -> web.StreamResponse:
    """The form as it was typed, with each mistake at its field."""
    definition, book = request.app[DEFINITION], looking.plan.book
    held = book.shifts.get(typed.shift)
    duty = book.duty(Slot.parse(typed.slot)) if typed.slot and _names_night(typed.slot) else None
    spoken = {tag for member in looking.members.values() for tag in member.languages}
    tags = dict.fromkeys((*definition.languages.promised, *sorted(spoken), *typed.languages))
    context: dict[str, Any] = await planned_frame(request, who, HERE, looking, back=HERE)
    context |= {
        "typed": typed,
        "mistakes": mistakes or {},
        "head": words_of(looking, held) if held is not None else "",
        "night": rota_words.when(duty, looking.zone, looking.today) if duty is not None else "",
        "holder": looking.name(duty.person) if duty is not None and duty.person else "",
        "nights": nights_of(looking, held) if held is not None else (),
        "members": sorted(looking.members.values(), key=lambda one: one.name.casefold()),
        "roles": [(role, rota_words.role(role)) for role in ROLES],
        "channels": [(name, rota_words.channels((name,)).capitalize()) for name in definition.channels],
        "languages": [(tag, rota_words.languages((tag,))) for tag in tags],
        "days": list(zip(DAYS, DAY_NAMES, strict=True)),
        "nth": list(NTH.items()),
        "today": looking.today.isoformat(),
        "outcome": None,
    }
    return aiohttp_jinja2.render_template("rota/edit.html", request, context, status=422 if mistakes else 200)


def _names_night(text: str) -> bool:
    try:
        Slot.parse(text)
    except ValueError:
        return False
    return True
