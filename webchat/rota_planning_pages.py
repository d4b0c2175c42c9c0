"""The pages of those who plan: /rota/gaps and what is pressed there, /rota/balance, /rota/changes, /rota/people."""

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import aiohttp_jinja2
import msgspec
from aiohttp import web

from helpline.errors import BadRequest, HelplineError, NotFound
from helpline.people import Principal
from helpline.post import Post
from helpline.rota_keeping import RotaKeeping, Step
from rota import cover
from rota.book import AnyChange, Book, put_shift
from rota.cover import Plan
from rota.shifts import Shift, Slot
from webchat import rota_words
from webchat.keys import DEFINITION, HELPLINE
from webchat.rota_balance_view import balance_page
from webchat.rota_changes_view import concerns, lines
from webchat.rota_frame import Outcome, Refusal, done, entered, form, frame, way_back
from webchat.rota_pages import looking_at
from webchat.rota_people_view import MistakenTerms, one_person, people_page, read_terms, typed_terms
from webchat.rota_planning_view import (
    ROLES,
    Sought,
    days_short,
    found_gaps,
    gaps_page,
    waiting,
)
from webchat.rota_presses import MOST_ASKED, Press
from webchat.rota_view import Looking

PLAN = "rota_plan"
WEEKS = (4, 8, 13, 26)
NAMES_SHOWN = 6
STEPS_SHOWN = 40
# A page that looks for one person's steps reads no more than this; the next page goes on from there.
STEPS_READ = 400
_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_NUMBER = re.compile(r"[1-9]\d{0,11}", re.ASCII)


def add_routes(app: web.Application) -> None:
    app.router.add_get("/rota/gaps", gaps)
    app.router.add_post("/rota/gaps", press)
    app.router.add_get("/rota/balance", balance)
    app.router.add_get("/rota/changes", changes)
    app.router.add_get("/rota/people", people)
    app.router.add_post("/rota/people", agree)


async def planned_frame(
    request: web.Request,
    who: Principal,
    here: str,
    looking: Looking,
    *,
    back: str = "",
    refusal: Refusal | None = None,
) -> dict[str, Any]:
    """The frame of a planners' page, with the count of days that are short beside Gaps."""
    context = await frame(request, who, here, back=back, refusal=refusal)
    days = days_short(looking, found_gaps(looking, request.app[DEFINITION].staffing))
    if days:
        context["places"] = [
            (path, f"{words} ({days})" if path == "/rota/gaps" else words)
            for path, words in context["places"]
        ]
    return context


# -- gaps ----------------------------------------------------------------------------------------------------------


async def gaps(request: web.Request) -> web.StreamResponse:
    """GET /rota/gaps?role=lead&language=pl&from=2026-11-27: what is short in the weeks ahead, and who could come."""
    return await _gaps(request, await entered(request, PLAN), request.query)


async def _gaps(
    request: web.Request,
    who: Principal,
    query: Mapping[str, str],
    refusal: Refusal | None = None,
    status: int = 200,
) -> web.StreamResponse:
    looking = looking_at(request, who)
    minimum = request.app[DEFINITION].staffing
    since = query.get("from", "")
    role, language = query.get("role", ""), query.get("language", "")
    sought = Sought(role if role in ROLES else "", language[:40], since if _DATE.fullmatch(since) else "")
    place = way_back("/rota/gaps?" + "&".join(f"{k}={v}" for k, v in _asked(sought) if v))
    context = await planned_frame(
        request, who, "/rota/gaps", looking, back=place if "?" in place else "/rota/gaps", refusal=refusal
    )
    context["page"] = gaps_page(looking, minimum, found_gaps(looking, minimum), sought)
    context |= {
        "waiting": waiting(looking),
        "letters": letters_words(request.app[HELPLINE].post, looking),
        "sought": sought,
        "confirm": looking.plan.agreement.confirm_hours,
    }
    helper = looking.members.get(query.get("let", ""))
    if helper is not None and refusal is None:
        context["outcome"] = Outcome(f"{helper.name} may check in now, for the next twelve hours.")
    return aiohttp_jinja2.render_template("rota/gaps.html", request, context, status=status)


def letters_words(post: Post, looking: Looking) -> str:
    """Who is not written to, and why, in one line; empty when letters go and reach everybody."""
    state = post.state()
    if not state.set_up:
        return "No mail server is set up, so nobody gets letters. Please tell people yourself."
    if state.trouble:
        return f"Letters are not going out. {state.trouble} They are tried again."
    parts = []
    if missed := dict.fromkeys(looking.name(one.to) for one in state.failed):
        parts.append(f"A letter did not reach {_some(list(missed))}.")
    on_rota = [looking.members[id] for id in post.without_address() if id in looking.members]
    if unknown := [member.name for member in on_rota if set(member.roles) & set(ROLES)]:
        parts.append(f"No e-mail address for {_some(unknown)}.")
    return f"{' '.join(parts)} Please tell them yourself." if parts else ""


def _some(names: Sequence[str]) -> str:
    """A few names, and how many more."""
    few, more = list(names[:NAMES_SHOWN]), len(names) - NAMES_SHOWN
    return rota_words.names([*few, f"{more} more"] if more > 0 else few)


def _asked(sought: Sought) -> tuple[tuple[str, str], ...]:
    return ("role", sought.role), ("language", sought.language), ("from", sought.since)


async def press(request: web.Request) -> web.StreamResponse:
    """POST /rota/gaps {csrf, client_id, back, action, …}: 303 back, which says what it came to.

    `ask` {slot, to…}, `add` {role, starts, ends, languages…, to…} a free shift and ask, `approve` {ask},
    `withdraw` {ask}, `let_on` {ask, person}. What is refused is said on the page, with the status of the refusal.
    """
    who = await entered(request, PLAN)
    posted = await form(request)
    fields = {name: value for name, value in posted.items() if isinstance(value, str)}
    to = tuple(value for value in posted.getall("to", ()) if isinstance(value, str))[:MOST_ASKED]
    languages = tuple(value for value in posted.getall("languages", ()) if isinstance(value, str))[:20]
    pressed = Press(request.app[HELPLINE], who, fields, to)
    back = way_back(fields.get("back", "") or "/rota/gaps")
    try:
        if fields.get("action") == "let_on":
            person = await _let_on(request, pressed)
            raise web.HTTPSeeOther(f"/rota/gaps?let={person}")
        if fields.get("action") == "add":
            seq = await _add(request, pressed, languages)
        else:
            doing = _DOINGS.get(fields.get("action", ""))
            if doing is None:
                raise BadRequest
            seq = await doing(pressed)
    except HelplineError as refused:
        return await _gaps(request, who, {}, Refusal(refused.message), refused.status)
    raise done(back, seq)


async def _ask(pressed: Press) -> int:
    if not pressed.to:
        raise BadRequest("Please choose whom to ask.")
    return await pressed.rota.ask_to_fill(pressed.who, pressed.slot(), pressed.to, pressed.client_id)


async def _approve(pressed: Press) -> int:
    return await pressed.rota.approve_swap(pressed.who, pressed.ask, pressed.client_id)


async def _withdraw(pressed: Press) -> int:
    return await pressed.rota.withdraw_ask(pressed.who, pressed.ask, pressed.client_id)


_DOINGS: Mapping[str, Callable[[Press], Awaitable[int]]] = {
    "ask": _ask,
    "approve": _approve,
    "withdraw": _withdraw,
}


async def _let_on(request: web.Request, pressed: Press) -> str:
    """Somebody who offered may check in; with that their offer is answered."""
    helpline = request.app[HELPLINE]
    ask = helpline.rota.book.asks.get(pressed.ask)
    if ask is None or ask.kind != "hands":
        raise NotFound("They are not offering any more.")
    await helpline.let_on(pressed.who, ask.by, "offered to help")
    await helpline.rota.withdraw_ask(pressed.who, ask.id, pressed.client_id)
    return ask.by


async def _add(request: web.Request, pressed: Press, languages: tuple[str, ...]) -> int:
    """A free shift where there was none, and in the same step those who are asked to take it."""
    rota = pressed.rota
    shift = _free_shift(request, pressed, languages)
    to = tuple(rota.member(person).id for person in pressed.to)

    def decide(book: Book) -> tuple[AnyChange, ...]:
        put = put_shift(book, shift)
        if not to:
            return put
        after = plan_of(rota, book).after(put)
        slot = Slot(shift.id, shift.starts)
        return (*put, *cover.ask_to_fill(after, slot, pressed.who.id, pressed.client_id, to))

    what = "asked_to_fill" if to else "edited"
    return await rota.edit(pressed.who, decide, pressed.client_id, what=what, about=(shift.id, to))


def _free_shift(request: web.Request, pressed: Press, languages: tuple[str, ...]) -> Shift:
    definition, plan = request.app[DEFINITION], pressed.rota.plan()
    role = pressed.fields.get("role", "")
    try:
        starts, ends = (datetime.fromisoformat(pressed.fields.get(name, "")) for name in ("starts", "ends"))
    except ValueError:
        raise BadRequest from None
    if role not in ROLES or starts.tzinfo is None or ends.tzinfo is None:
        raise BadRequest
    furthest = plan.now + timedelta(weeks=plan.agreement.look_ahead_weeks + 1)
    if not (starts < ends <= starts + timedelta(hours=24) and plan.now < ends and starts < furthest):
        raise BadRequest("That time is over, or too far away.")
    looking = looking_at(request, pressed.who)
    wall, until = (
        at.astimezone(looking.zone).replace(tzinfo=None, second=0, microsecond=0) for at in (starts, ends)
    )
    return Shift(
        id=f"gap-{role}-{wall:%Y%m%d-%H%M}-{pressed.client_id[:13]}",
        zone=definition.zone,
        starts=wall,
        ends=until,
        role=role,
        channels=definition.channels,
        languages=tuple(tag for tag in languages if tag in definition.languages.promised),
    )


def plan_of(rota: RotaKeeping, book: Book) -> Plan:
    """The plan of the very book a step is decided on."""
    plan = rota.plan()
    return msgspec.structs.replace(plan, book=book, rota=book.rota_from(plan.book, plan.rota))


# -- balance and changes -------------------------------------------------------------------------------------------


async def balance(request: web.Request) -> web.StreamResponse:
    """GET /rota/balance?weeks=4: who had and will have how much, so many weeks back and ahead."""
    who = await entered(request, PLAN)
    looking = looking_at(request, who)
    asked = request.query.get("weeks", "")
    weeks = int(asked) if asked in map(str, WEEKS) else WEEKS[0]
    context = await planned_frame(request, who, "/rota/balance", looking)
    context |= {"rows": balance_page(looking, weeks), "weeks": weeks, "choices": WEEKS}
    return aiohttp_jinja2.render_template("rota/balance.html", request, context)


async def changes(request: web.Request) -> web.StreamResponse:
    """GET /rota/changes?before=120&person=ania: who did what, newest first."""
    who = await entered(request, PLAN)
    looking = looking_at(request, who)
    asked, person = request.query.get("before", ""), request.query.get("person", "")[:200]
    steps, earlier = await _steps(
        request.app[HELPLINE].rota, int(asked) if _NUMBER.fullmatch(asked) else None, person
    )
    context = await planned_frame(request, who, "/rota/changes", looking)
    context |= {
        "lines": lines(looking, steps),
        "earlier": earlier,
        "person": person,
        "names": sorted(looking.names.items(), key=lambda one: one[1].casefold()),
        "newest": not asked,
    }
    return aiohttp_jinja2.render_template("rota/changes.html", request, context)


async def _steps(rota: RotaKeeping, before: int | None, person: str) -> tuple[list[Step], int]:
    """One page of steps, and the seq to go on before; 0 when there are none earlier."""
    found: list[Step] = []
    read = 0
    while len(found) < STEPS_SHOWN and read < STEPS_READ:
        steps = await rota.history(before, STEPS_SHOWN)
        if not steps:
            return found, 0
        for step in steps:
            read, before = read + 1, step.seq
            if not person or concerns(step, person):
                found.append(step)
            if len(found) == STEPS_SHOWN:
                break
        if before is not None and before <= 1:
            return found, 0
    return found, before or 0


# -- people --------------------------------------------------------------------------------------------------------


async def people(request: web.Request) -> web.StreamResponse:
    """GET /rota/people, /rota/people?person=ania: who is here and what was agreed with them; 404 for nobody."""
    return await _people(request, await entered(request, PLAN), request.query.get("person", ""))


async def _people(
    request: web.Request,
    who: Principal,
    person: str,
    *,
    typed: Mapping[str, str] | None = None,
    mistakes: Mapping[str, str] | None = None,
    status: int = 200,
) -> web.StreamResponse:
    looking = looking_at(request, who)
    place = f"/rota/people?person={person}" if person else "/rota/people"
    context = await planned_frame(request, who, "/rota/balance", looking, back=place)
    context |= {"mistakes": mistakes or {}, "one": None, "people": ()}
    if person:
        member = looking.members.get(person)
        if member is None:
            raise NotFound("There is nobody of that name.")
        context |= {
            "one": one_person(looking, member),
            "typed": typed or typed_terms(member.terms, looking.plan.agreement.limits.courses),
        }
    else:
        context["people"] = people_page(looking)
    context["limit"] = looking.plan.agreement.limits.weekly_hours
    return aiohttp_jinja2.render_template("rota/people.html", request, context, status=status)


async def agree(request: web.Request) -> web.StreamResponse:
    """POST /rota/people {csrf, client_id, person, not_before, weekly_hours, course.N, until.N, note, why, …}.

    303 back to the person; 422 with what was typed and each mistake at its field.
    """
    who = await entered(request, PLAN)
    fields = {name: value for name, value in (await form(request)).items() if isinstance(value, str)}
    pressed = Press(request.app[HELPLINE], who, fields, ())
    person = fields.get("person", "")
    try:
        terms = read_terms(fields)
    except MistakenTerms as wrong:
        return await _people(request, who, person, typed=fields, mistakes=wrong.at, status=422)
    seq = await pressed.rota.set_terms(who, person, terms, pressed.client_id, pressed.why)
    raise done(f"/rota/people?person={person}", seq)
