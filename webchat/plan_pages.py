"""The plan as pages: /chat/plan with a form for each part, its plain text, and the field for a code.

All of it works without JavaScript. Like the talk itself, a plan is shown only to who asked for it on this very load:
the cookie alone opens a page with one button. Nothing is cached, and no title or file name tells what it is.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

from aiohttp import web

from helpline.errors import HelplineError, NotFound
from helpline.events import PERSON
from helpline.plan_writing import LONGEST_LINE, Words
from webchat.chat_pages import WAY_BACK_SECONDS, Fields, back, begun, client_id, form
from webchat.chat_view import HERE_COOKIE, Visitor, draw, visitor
from webchat.guessing import Door, put_door
from webchat.keys import DEFINITION, HELPLINE
from webchat.plan_view import as_text, numbers_for, plans_of
from webchat.security import (
    address,
    clear_cookie,
    cookie,
    set_cookie,
    wants_json,
)

PLAN_DOOR: web.AppKey[Door] = web.AppKey("plan_door", Door)
HERE = "plan"
FILE_NAME = "notes.txt"
LONGEST_CODE = 200


def add_routes(app: web.Application) -> None:
    put_door(app, PLAN_DOOR, "plan code")
    router = app.router
    router.add_get("/chat/plan", page)
    router.add_get("/chat/plan.txt", text)
    router.add_get("/chat/plan/words.json", words_of_it)
    router.add_get("/chat/plan/return", code_page)
    for path, step in {
        "/chat/plan": show,
        "/chat/plan/begin": begin,
        "/chat/plan/write": write,
        "/chat/plan/take-out": take_out,
        "/chat/plan/keep": keep,
        "/chat/plan/review": review,
        "/chat/plan/forget": forget,
        "/chat/plan/copy": copied,
        "/chat/plan/return": come_back,
        "/chat/plan/forget-by-code": forget_by_code,
    }.items():
        router.add_post(path, form(step, refused))


async def refused(
    request: web.Request, who: Visitor, sent: Fields, error: HelplineError, notice: str
) -> web.StreamResponse:
    """What was refused, said in the plan; the page's own script is answered as itself."""
    if wants_json(request):
        raise error
    return await draw_plan(request, who, notice=notice, draft=sent, status=error.status)


# -- the page ------------------------------------------------------------------------------------------------------


async def page(request: web.Request) -> web.StreamResponse:
    """GET /chat/plan: the plan on a step's way back; else a page with the button that shows it."""
    who = visitor(request)
    if cookie(request, HERE_COOKIE) != HERE:
        return draw(request, "plan_closed", who, any=bool(await _contact(request, who)))
    response = await draw_plan(request, who)
    clear_cookie(request, response, HERE_COOKIE)
    return response


async def draw_plan(
    request: web.Request,
    who: Visitor,
    *,
    notice: str = "",
    draft: Fields | None = None,
    code: str = "",
    pressed: str = "",
    status: int = 200,
) -> web.StreamResponse:
    """The page itself. `draft` is a form that was refused; `code` is shown on this one page, `pressed` its press."""
    contact = await _contact(request, who)
    plans = await plans_of(request, who, contact) if contact else []
    return draw(
        request,
        "plan",
        who,
        plans=plans,
        sorts=[sort for sort in ("safety", "crisis") if sort not in {plan.sort for plan in plans}]
        if contact
        else [],
        numbers=await numbers_for(request, contact) if contact else [],
        draft=draft or {},
        code=code,
        pressed=pressed,
        notice=notice,
        longest=LONGEST_LINE,
        days=request.app[DEFINITION].plans.forget_after_days,
        status=status,
    )


async def show(request: web.Request, who: Visitor, sent: Fields) -> web.StreamResponse:
    """POST /chat/plan: shows it once."""
    return _to_the_plan(request)


def _to_the_plan(request: web.Request) -> web.Response:
    response = web.Response(status=303, headers={"Location": "/chat/plan"})
    set_cookie(request, response, HERE_COOKIE, HERE, max_age=WAY_BACK_SECONDS)
    return response


async def text(request: web.Request) -> web.StreamResponse:
    """GET /chat/plan.txt: the same to keep, with the numbers of where they live at its end."""
    who = visitor(request)
    contact = await _contact(request, who)
    if contact is None:
        raise NotFound(who.words["plan.none"])
    plans = await plans_of(request, who, contact)
    for plan in plans:
        await request.app[HELPLINE].plans.copied(contact, plan.id, "text", str(uuid4()))
    return web.Response(
        text=as_text(who, plans, await numbers_for(request, contact)),
        content_type="text/plain",
        charset="utf-8",
        headers={"Content-Disposition": f'attachment; filename="{FILE_NAME}"', "Cache-Control": "no-store"},
    )


async def words_of_it(request: web.Request) -> web.StreamResponse:
    """GET /chat/plan/words.json: the sentences of a plan, fetched only by a chat that has one."""
    who, definition = visitor(request), request.app[DEFINITION]
    parts: dict[str, Any] = {}
    for key in definition.messages:
        if key.startswith("plan_"):
            worded = definition.message(key, who.language)
            parts[key.removeprefix("plan_")] = (worded.text, worded.language)
    contact = await _contact(request, who)
    numbers = await numbers_for(request, contact) if contact else []
    return web.json_response(
        {
            "words": who.words.within("plan"),
            "parts": parts,
            "numbers": numbers,
            "days": definition.plans.forget_after_days,
        }
    )


async def _contact(request: web.Request, who: Visitor) -> str | None:
    return None if who.new else await request.app[HELPLINE].contact_of(who.token)


async def _their_contact(request: web.Request, who: Visitor) -> str:
    contact = await _contact(request, who)
    if contact is None:
        raise NotFound(who.words["plan.none"])
    return contact


# -- its steps -----------------------------------------------------------------------------------------------------


async def begin(request: web.Request, who: Visitor, sent: Fields) -> web.StreamResponse:
    """POST /chat/plan/begin `sort`: `safety` or `crisis`."""
    contact = await _their_contact(request, who)
    await request.app[HELPLINE].plans.begin(contact, PERSON, sent.get("sort", "safety"), client_id(sent))
    return _to_the_plan(request)


async def write(request: web.Request, who: Visitor, sent: Fields) -> web.StreamResponse:
    """POST /chat/plan/write `plan, part, line, text, saw, number?, may_ring?`."""
    contact = await _their_contact(request, who)
    may_ring = sent.get("may_ring", "")
    words = Words(
        sent.get("part", ""),
        sent.get("line", "")[:64] or str(uuid4()),
        sent.get("text", "").replace("\r\n", "\n").strip(),
        sent.get("number", "").strip()[:40],
        may_ring if may_ring in ("yes", "no") else "",
        _number(sent),
    )
    await request.app[HELPLINE].plans.write(contact, sent.get("plan", ""), PERSON, words, client_id(sent))
    return _to_the_plan(request)


def _number(sent: Fields) -> int:
    saw = sent.get("saw", "0")
    return int(saw) if saw.isascii() and saw.isdecimal() and len(saw) < 16 else 0


async def take_out(request: web.Request, who: Visitor, sent: Fields) -> web.StreamResponse:
    """POST /chat/plan/take-out `plan, line, saw`."""
    contact = await _their_contact(request, who)
    plans = request.app[HELPLINE].plans
    line, saw = sent.get("line", ""), _number(sent)
    await plans.take_out(contact, sent.get("plan", ""), PERSON, line, saw, client_id(sent))
    return _to_the_plan(request)


async def keep(request: web.Request, who: Visitor, sent: Fields) -> web.StreamResponse:
    """POST /chat/plan/keep `plan, keep`: with `yes` the page that shows the code, the same for the same press."""
    contact = await _their_contact(request, who)
    plans, plan, press = request.app[HELPLINE].plans, sent.get("plan", ""), client_id(sent)
    if sent.get("keep") != "yes":
        await plans.keep_no_longer(contact, plan, PERSON, press)
        return _to_the_plan(request)
    code = await plans.keep(contact, plan, PERSON, press)
    return await draw_plan(request, who, code=code, pressed=plan)


async def review(request: web.Request, who: Visitor, sent: Fields) -> web.StreamResponse:
    """POST /chat/plan/review `plan`: it still fits."""
    contact = await _their_contact(request, who)
    await request.app[HELPLINE].plans.review(contact, sent.get("plan", ""), PERSON, client_id(sent))
    return _to_the_plan(request)


async def forget(request: web.Request, who: Visitor, sent: Fields) -> web.StreamResponse:
    """POST /chat/plan/forget `plan`: gone when the page is there."""
    contact = await _their_contact(request, who)
    await request.app[HELPLINE].plans.forget(contact, sent.get("plan", ""), PERSON, client_id(sent))
    return await draw_plan(request, who, notice=who.words["plan.forgotten"])


async def copied(request: web.Request, who: Visitor, sent: Fields) -> web.StreamResponse:
    """POST /chat/plan/copy: they print it."""
    contact = await _their_contact(request, who)
    for plan in await plans_of(request, who, contact):
        await request.app[HELPLINE].plans.copied(contact, plan.id, "printed", str(uuid4()))
    return web.Response(status=204)


# -- a code --------------------------------------------------------------------------------------------------------


async def code_page(request: web.Request) -> web.StreamResponse:
    """GET /chat/plan/return: asks for the code."""
    who = visitor(request)
    return _ask_for_code(request, who)


def _ask_for_code(
    request: web.Request, who: Visitor, *, wrong: str = "", done: str = "", status: int = 200
) -> web.StreamResponse:
    return draw(request, "plan_return", who, wrong=wrong, done=done, chat=not who.new, status=status)


async def come_back(request: web.Request, who: Visitor, sent: Fields) -> web.StreamResponse:
    """POST /chat/plan/return `code`: opens it in their chat, begun now if there was none."""
    helpline = request.app[HELPLINE]

    async def opened(code: str) -> web.StreamResponse:
        await helpline.plans.by_code(code)
        contact = await _contact(request, who) or await begun(request, who, sent, "")
        await helpline.plans.come_back(contact, code, client_id(sent))
        return web.json_response({}) if wants_json(request) else back(request)

    return await _with_code(request, who, sent, opened)


async def forget_by_code(request: web.Request, who: Visitor, sent: Fields) -> web.StreamResponse:
    """POST /chat/plan/forget-by-code `code`: for somebody who wants to talk to nobody now."""

    async def forgotten(code: str) -> web.StreamResponse:
        await request.app[HELPLINE].plans.forget_by_code(code, client_id(sent))
        return _ask_for_code(request, who, done=who.words["plan.forgotten"])

    return await _with_code(request, who, sent, forgotten)


async def _with_code(
    request: web.Request, who: Visitor, sent: Fields, act: Callable[[str], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """Slowed down by address like signing in. Nobody is locked out: the chat is open without a code."""
    door, now = request.app[PLAN_DOOR], asyncio.get_running_loop().time()
    where = door.hashed(address(request), now)
    if door.throttle.wait("plan", where, now):
        return _refused(request, who, who.words["plan.slow"], 429)
    try:
        response = await act(sent.get("code", "")[:LONGEST_CODE])
    except NotFound:
        door.tried(request, "plan", right=False)
        return _refused(request, who, who.words["plan.wrong"], 404)
    door.tried(request, "plan", right=True)
    return response


def _refused(request: web.Request, who: Visitor, words: str, status: int) -> web.StreamResponse:
    if wants_json(request):
        return web.json_response({"error": {"message": words}}, status=status)
    return _ask_for_code(request, who, wrong=words, status=status)
