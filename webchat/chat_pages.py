"""The person's chat as pages: `/`, `/chat` and its plain forms, `/leave`. The contract is docs/protocol.md.

Every step works without JavaScript: a form is posted, a 303 leads back to `/chat`. A page loaded anew never shows a
transcript before the person chose to carry on; a cookie that lives for one load tells a step's way back from that.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from uuid import UUID, uuid4, uuid5

from aiohttp import web

from helpline.call_keeping import call_token
from helpline.errors import HelplineError, NotAllowed, TooLong
from helpline.events import PERSON
from helpline.service import Helpline
from helpline.talking import Message
from webchat.chat_view import (
    HERE_COOKIE,
    LANGUAGE_COOKIE,
    Visitor,
    draw,
    draw_chat,
    visitor,
)
from webchat.keys import DEFINITION, HELPLINE
from webchat.security import PERSON_COOKIE, clear_cookie, cookie, new_token, posted, set_cookie
from webchat.socket_keys import PERSON_SOCKET
from webchat.sockets import LONGEST_TEXT

WAY_BACK_SECONDS = 60
# Leaving must not wait for a slow disk. What is not written by then is written after.
LEAVE_WAITS = 0.3
ANSWERS = {"for_whom": 10, "name": 80, "age_band": 20, "area": 80, "feel": 1}
CLEAR = '"cache", "cookies", "storage"'

Fields = Mapping[str, str]
Step = Callable[[web.Request, Visitor, Fields], Awaitable[web.StreamResponse]]
Refused = Callable[[web.Request, Visitor, Fields, HelplineError, str], Awaitable[web.StreamResponse]]


def add_routes(app: web.Application) -> None:
    router = app.router
    router.add_get("/", chat)
    router.add_get("/chat", chat)
    for path, step in {
        "/chat/start": start,
        "/chat/say": say,
        "/chat/look": look,
        "/chat/not-safe": not_safe,
        "/chat/choose": choose_option,
        "/chat/end": end,
        "/chat/feedback": feedback,
        "/chat/carry-on": carry_on,
        "/chat/afresh": afresh,
    }.items():
        router.add_post(path, form(step))
    router.add_route("GET", "/leave", leave)
    router.add_post("/leave", leave)


# -- the page ------------------------------------------------------------------------------------------------------


async def chat(request: web.Request) -> web.StreamResponse:
    """GET / and /chat: the start; or, with a chat open, "carry on" or "start afresh"; or, on a step's way back, the chat."""
    who, helpline = visitor(request), request.app[HELPLINE]
    contact = None if who.new else await helpline.contact_of(who.token)
    if contact is not None:
        await helpline.contact(contact)
        helpline.person_came_by(contact)
    here = cookie(request, HERE_COOKIE)
    stage = "start" if contact is None else "talk" if here else "carry"
    response = await draw_chat(request, who, contact, stage, safe_now=here == "safe", noted=here == "noted")
    if here:
        clear_cookie(request, response, HERE_COOKIE)
    return response


def back(request: web.Request, why: str = "step") -> web.Response:
    """303 to the chat, which then shows the talk itself once."""
    response = web.Response(status=303, headers={"Location": "/chat#sent"})  # the end of the talk, in view
    set_cookie(request, response, HERE_COOKIE, why, max_age=WAY_BACK_SECONDS)
    return response


def form(
    step: Step, refused: Refused | None = None
) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    """A posted form: its token is checked, and whatever is refused, what was typed is shown again by `refused`."""

    async def view(request: web.Request) -> web.StreamResponse:
        who = visitor(request)
        sent = {key: value for key, value in (await request.post()).items() if isinstance(value, str)}
        try:
            await posted(request, "" if who.new else who.token)
        except NotAllowed:
            message = who.words["error.form"]
            return draw(request, "stale", who, text=sent.get("text", ""), message=message, status=403)
        try:
            return await step(request, who, sent)
        except HelplineError as error:
            notice = who.words.texts.get(f"error.{error.code}", error.message)
            return await (refused or in_the_chat)(request, who, sent, error, notice)

    return view


async def in_the_chat(
    request: web.Request, who: Visitor, sent: Fields, error: HelplineError, notice: str
) -> web.StreamResponse:
    """What was refused, said in the chat, with the words that were typed still in the box."""
    contact = await request.app[HELPLINE].contact_of(who.token)
    stage = "talk" if contact else "start"
    typed = sent.get("text", "")
    return await draw_chat(request, who, contact, stage, draft=typed, notice=notice, status=error.status)


# -- its steps -----------------------------------------------------------------------------------------------------


async def start(request: web.Request, who: Visitor, sent: Fields) -> web.StreamResponse:
    """POST /chat/start `text?, language?, for_whom?, name?, age_band?, area?, feel?`: begins; nothing is needed."""
    answers = {key: sent.get(key, "").strip()[:most] for key, most in ANSWERS.items()}
    await begun(request, who, sent, text_of(sent), {key: value for key, value in answers.items() if value})
    return back(request)


async def say(request: web.Request, who: Visitor, sent: Fields) -> web.StreamResponse:
    """POST /chat/say `text`: kept before the 303. Begins a contact when there is none: words are never refused."""
    helpline, text = request.app[HELPLINE], text_of(sent)
    contact = await helpline.contact_of(who.token)
    if contact is None:
        await begun(request, who, sent, text)
    elif text:
        await helpline.say(contact, PERSON, [Message(client_id(sent), text)], "")
    return back(request)


async def look(request: web.Request, who: Visitor, sent: Fields) -> web.StreamResponse:
    """POST /chat/look `text`: what is new, with what was being typed still in the box."""
    contact = await request.app[HELPLINE].contact_of(who.token)
    return await draw_chat(request, who, contact, "talk" if contact else "start", draft=sent.get("text", ""))


async def not_safe(request: web.Request, who: Visitor, sent: Fields) -> web.StreamResponse:
    """POST /chat/not-safe: 999 and 111 on the next page, a person called; begins a contact when there is none."""
    helpline = request.app[HELPLINE]
    contact = await helpline.contact_of(who.token) or await begun(request, who, sent, "")
    await helpline.not_safe(contact, client_id(sent))
    return back(request, "safe")


async def choose_option(request: web.Request, who: Visitor, sent: Fields) -> web.StreamResponse:
    """POST /chat/choose `choice`: answers the honest choice that stands."""
    helpline = request.app[HELPLINE]
    contact = await helpline.contact_of(who.token)
    if contact is not None:
        await helpline.choose(contact, sent.get("choice", ""), client_id(sent))
    return back(request)


async def end(request: web.Request, who: Visitor, sent: Fields) -> web.StreamResponse:
    """POST /chat/end: the person ends it. Writing again opens it again."""
    helpline = request.app[HELPLINE]
    contact = await helpline.contact_of(who.token)
    if contact is not None:
        await helpline.leave(contact, "ended", client_id(sent))
    return back(request)


async def feedback(request: web.Request, who: Visitor, sent: Fields) -> web.StreamResponse:
    """POST /chat/feedback `listened?, feel_after?, again?, words?`: each as it was tapped, or left out."""
    helpline = request.app[HELPLINE]
    contact = await helpline.contact_of(who.token)
    given: dict[str, Any] = {
        key: sent[key].strip()[:most]
        for key, most in {"listened": 20, "again": 20, "words": 2_000}.items()
        if sent.get(key, "").strip()
    }
    if sent.get("feel_after", "") in {"1", "2", "3", "4", "5"}:
        given["feel_after"] = int(sent["feel_after"])
    if contact is None or not given:
        return back(request)
    await helpline.feedback(contact, client_id=client_id(sent), **given)
    return back(request, "noted")


async def carry_on(request: web.Request, who: Visitor, sent: Fields) -> web.StreamResponse:
    """POST /chat/carry-on: shows the chat that is open."""
    return back(request)


async def afresh(request: web.Request, who: Visitor, sent: Fields) -> web.StreamResponse:
    """POST /chat/afresh: the open chat ends, and a new token begins with nothing."""
    helpline = request.app[HELPLINE]
    contact = await helpline.contact_of(who.token)
    if contact is not None:
        await helpline.leave(contact, "ended", client_id(sent))
        await request.app[PERSON_SOCKET].forget(who.token)
    response = web.Response(status=303, headers={"Location": "/chat"})
    set_cookie(request, response, PERSON_COOKIE, new_token(), max_age=None)
    return response


async def begun(
    request: web.Request, who: Visitor, sent: Fields, text: str, answers: Mapping[str, str] | None = None
) -> str:
    """The contact of this token, begun with these words when there was none."""
    language = sent.get("language", "")
    offered = request.app[DEFINITION].languages.promised
    answer = await request.app[HELPLINE].start(
        who.token,
        client_id=str(uuid5(UUID(client_id(sent)), "start")),  # the form's own id is that of its own step
        language=language if language in offered else who.language,
        first_message=text or None,
        answers=answers or None,
    )
    return answer.contact


def text_of(sent: Fields) -> str:
    """What was written, with line ends as everywhere else; `TooLong` past 4,000 characters."""
    text = sent.get("text", "").replace("\r\n", "\n").strip()
    if len(text) > LONGEST_TEXT:
        raise TooLong
    return text


def client_id(sent: Fields) -> str:
    """The id the page gave this form, so that pressing twice is pressing once."""
    try:
        return str(UUID(sent.get("client_id", "")))
    except ValueError:
        return str(uuid4())


# -- leaving -------------------------------------------------------------------------------------------------------


async def leave(request: web.Request) -> web.StreamResponse:
    """GET or POST /leave: the session ends, the browser forgets this site, and a neutral one opens. Needs no form."""
    helpline = request.app[HELPLINE]
    if "prefetch" in request.headers.get("Sec-Purpose", ""):
        raise web.HTTPNoContent
    token = cookie(request, PERSON_COOKIE)
    if token:
        going = asyncio.ensure_future(_left(helpline, token))
        helpline.in_background(going)
        await asyncio.wait({going}, timeout=LEAVE_WAITS)
    response = web.Response(
        status=303, headers={"Location": request.app[DEFINITION].exit_to, "Clear-Site-Data": CLEAR}
    )
    for name in (PERSON_COOKIE, LANGUAGE_COOKIE, HERE_COOKIE):
        clear_cookie(request, response, name)
    return response


async def _left(helpline: Helpline, token: str) -> None:
    contact = await helpline.contact_of(token)
    if contact is not None:
        await helpline.leave(contact, "quick", str(uuid4()))
        await helpline.forget_token(token)
    # A request to be rung stays; nothing left in the browser leads to it.
    await helpline.forget_token(call_token(token))
