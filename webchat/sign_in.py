"""Signing in and out: /sign-in and /sign-out, and who is asking on every other staff page.

A wrong name and a wrong password get the same words after the same work. Guessing is slowed by account and address
together, never so that anybody could lock a colleague out.
"""

import asyncio
import re
from collections.abc import Iterable
from typing import Any

import aiohttp_jinja2
import structlog
from aiohttp import web

from helpline.errors import NotAllowed, NotSignedIn
from helpline.people import Principal
from helpline.permissions import may
from helpline.sessions import Session
from helpline.shape import Role
from webchat.guessing import Door, put_door
from webchat.keys import DEFINITION, HELPLINE, PEOPLE, SESSIONS, SETTINGS
from webchat.security import (
    FORM_COOKIE,
    STAFF_COOKIE,
    address,
    clear_cookie,
    cookie,
    form_token,
    new_token,
    posted,
    set_cookie,
    wants_json,
)
from webchat.socket_keys import close_sessions

log = structlog.get_logger()

PLACES = ("/desk", "/board", "/phrases")
# Pages of their own, with what they were asked: letters and calendars link to them.
PAGES = re.compile(r"/(?:rota|hours)(?:/[\w%@~.:+!$'()*,;=&-]+)*(?:\?[\w%@~.:+!$'()*,;=&/-]*)?", re.ASCII)
WRONG = "That name and password do not go together."
LONGEST_NAME = 200
LONGEST_PATH = 1_000


DOOR: web.AppKey[Door] = web.AppKey("door", Door)


def add_routes(app: web.Application) -> None:
    put_door(app, DOOR, "sign-in")
    app.router.add_get("/sign-in", show)
    app.router.add_post("/sign-in", sign_in)
    app.router.add_post("/sign-out", sign_out)


def session_of(request: web.Request) -> tuple[Session, Principal] | None:
    """The session this request carries, and whose it is."""
    sessions = request.app[SESSIONS]
    session = sessions.of(cookie(request, STAFF_COOKIE))
    principal = sessions.principal(session) if session is not None else None
    return (session, principal) if session is not None and principal is not None else None


async def signed_in(request: web.Request, page: str) -> Principal:
    """Who is asking for a staff page. `NotSignedIn`, or a page that says so when their roles do not open it."""
    found = session_of(request)
    if found is None:
        raise NotSignedIn
    session, who = found
    if not may(who.roles, "page", page):
        raise NotAllowed if wants_json(request) else _refused(request, who)
    await request.app[SESSIONS].touch(session)
    return who


def _refused(request: web.Request, who: Principal) -> web.HTTPForbidden:
    context = {
        "me": who.name,
        "place": first_place(who.roles),
        "csrf": staff_form_token(request),
        "service": request.app[DEFINITION].name,
        "demo": request.app[SETTINGS].demo,
    }
    page = aiohttp_jinja2.render_string("account/refused.html", request, context)
    return web.HTTPForbidden(text=page, content_type="text/html")


def staff_form_token(request: web.Request) -> str:
    """What the forms of staff pages carry, sign-out among them."""
    return form_token(cookie(request, STAFF_COOKIE))


def first_place(roles: Iterable[Role]) -> str:
    """Where somebody goes after signing in: who watches the evening to the board, others to their desk or the rota."""
    roles = tuple(roles)
    if may(roles, "page", "board"):
        return "/board"
    if may(roles, "page", "desk"):
        return "/desk"
    return "/rota" if may(roles, "page", "rota") else "/sign-in"


def own_path(path: str) -> bool:
    """Whether this is a page of the rota or the hours, on this site and nowhere else."""
    return len(path) <= LONGEST_PATH and PAGES.fullmatch(path) is not None and ".." not in path


def _wanted(then: str, roles: Iterable[Role]) -> str:
    """Where somebody wanted to go before they signed in, if it is ours and they may; else their first place."""
    roles = tuple(roles)
    if own_path(then) or (then in PLACES and may(roles, "page", then[1:])):
        return then
    return first_place(roles)


async def show(request: web.Request) -> web.StreamResponse:
    """GET /sign-in?then=/desk. Somebody who is signed in goes straight on."""
    found = session_of(request)
    then = request.query.get("then", "")
    if found is not None:
        there = _wanted(then, found[1].roles)
        if there != "/sign-in":
            raise web.HTTPSeeOther(there)
    return _page(request, then=then)


async def sign_in(request: web.Request) -> web.StreamResponse:
    """POST /sign-in {csrf, name, password, then}: 303 on; 401 wrong; 429 with Retry-After when guessing too fast."""
    fields = await posted(request, cookie(request, FORM_COOKIE))
    name, password, then = (str(fields.get(key, "")) for key in ("name", "password", "then"))
    name = name.strip()[:LONGEST_NAME]
    door, loop = request.app[DOOR], asyncio.get_running_loop()
    people = request.app[PEOPLE]
    account = people.called(name)
    whom = account.id if account is not None else name.casefold()
    whence = door.hashed(address(request), loop.time())
    wait = door.throttle.wait(whom, whence, loop.time())
    if wait > 0:
        seconds = max(1, round(wait))
        said = f"Too many tries. Please wait {seconds} seconds and try again."
        response = _page(request, error=said, typed=name, then=then, status=429)
        response.headers["Retry-After"] = str(seconds)
        return response
    await asyncio.sleep(door.throttle.slowed(whom, loop.time()))
    signed = await people.signs_in(name, password)
    if signed is None:
        door.tried(request, whom, right=False)
        log.info("sign-in refused")
        return _page(request, error=WRONG, typed=name, then=then, status=401)
    door.tried(request, whom, right=True)
    await _end(request)
    token = await request.app[SESSIONS].begin(signed.id)
    await request.app[HELPLINE].audit(signed.principal, "sign_in")
    there = _wanted(then, signed.roles)
    response = web.Response(status=303, headers={"Location": there})
    set_cookie(request, response, STAFF_COOKIE, token, max_age=None)
    clear_cookie(request, response, FORM_COOKIE)
    return response


async def sign_out(request: web.Request) -> web.StreamResponse:
    """POST /sign-out {csrf, everywhere?}: ends this session, or all of the account's, and closes their sockets."""
    fields = await posted(request, cookie(request, STAFF_COOKIE))
    found = session_of(request)
    if found is not None and fields.get("everywhere"):
        ended = await request.app[SESSIONS].end_all(found[1].id)
        close_sessions(request.app, ended)
    else:
        await _end(request)
    response = web.Response(status=303, headers={"Location": "/sign-in"})
    clear_cookie(request, response, STAFF_COOKIE)
    response.headers["Clear-Site-Data"] = '"cache", "storage"'
    return response


async def _end(request: web.Request) -> None:
    found = session_of(request)
    if found is not None:
        await request.app[SESSIONS].end(found[0])
        await request.app[HELPLINE].audit(found[1], "sign_out")
        close_sessions(request.app, (found[0].id,))


def _page(
    request: web.Request, *, error: str = "", typed: str = "", then: str = "", status: int = 200
) -> web.Response:
    token = cookie(request, FORM_COOKIE) or new_token()
    context: dict[str, Any] = {
        "csrf": form_token(token),
        "error": error,
        "typed": typed,
        "then": then if then in PLACES or own_path(then) else "",
        "service": request.app[DEFINITION].name,
        "demo": request.app[SETTINGS].demo,
    }
    response = aiohttp_jinja2.render_template("account/sign_in.html", request, context, status=status)
    set_cookie(request, response, FORM_COOKIE, token)
    return response
