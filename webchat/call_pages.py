"""`/call-me`: asking to be rung, and how that stands. Works without JavaScript. The contract is docs/protocol.md.

A request has a contact of its own, which waits for its time and is linked with the chat of the same browser; as soon as
can be, with somebody in the chat, it goes to who is with them.
"""

from datetime import datetime
from typing import Any

import msgspec
from aiohttp import web

from helpline import call_keeping
from helpline.call_keeping import Asked, TimeGone
from helpline.contact import Contact
from helpline.errors import NotNow
from helpline.messages import Worded
from helpline.numbers import dialled
from webchat.chat_pages import Fields, client_id, form
from webchat.chat_view import Visitor, draw, visitor
from webchat.keys import DEFINITION, HELPLINE
from webchat.words import clock_time, day_and_time, days_of_the_week

CALL_FIELDS = {"name": 80, "code_word": 80, "words": 1_000}
CALL_TICKS = ("safe_name", "safe_message", "safe_text")


def add_routes(app: web.Application) -> None:
    app.router.add_get("/call-me", call_me_page)
    app.router.add_post("/call-me", form(call_me))


async def call_me_page(request: web.Request) -> web.StreamResponse:
    """GET /call-me: how their request stands, if there is one, and the form: a number, and everything else skippable."""
    who = visitor(request)
    return draw_call_me(request, who, standing=await _standing(request, who))


async def call_me(request: web.Request, who: Visitor, sent: Fields) -> web.StreamResponse:
    """POST /call-me `number, name?, window?, safe_name?, safe_message?, safe_text?, code_word?, words?`.

    Kept, or said kindly why not. `window` is a key the page gave, or `soonest`.
    """
    helpline, definition = request.app[HELPLINE], request.app[DEFINITION]
    typed = sent.get("number", "").strip()
    number = dialled(typed, definition.country) if typed else None
    if number is None or not number.startswith("+"):
        wrong = who.words["call.number_wrong" if typed else "call.number_missing"]
        return draw_call_me(request, who, sent, wrong)
    details = {key: sent.get(key, "").strip()[:most] for key, most in CALL_FIELDS.items()}
    asked = Asked(
        client_id=client_id(sent),
        number=number,
        window=sent.get("window", "") or call_keeping.SOONEST,
        details={key: value for key, value in details.items() if value} or None,
        **{tick: sent.get(tick) == "yes" for tick in CALL_TICKS},
    )
    done = definition.message("call_me_kept", who.language)
    chat = await helpline.contact_of(who.token)
    if chat is not None and await _for_who_is_with_them(request, chat, asked):
        return draw_call_me(request, who, done=done)
    try:
        await call_keeping.ask(helpline, who.token, who.language, asked, chat or "")
    except TimeGone:
        return draw_call_me(request, who, sent, who.words["call.gone"], field="window")
    if chat is not None:
        await _chosen(request, chat, asked.client_id)
    return draw_call_me(request, who, done=done, standing=await _standing(request, who))


async def _for_who_is_with_them(request: web.Request, chat: str, asked: Asked) -> bool:
    """As soon as can be, with somebody in the chat: theirs to ring, also where a service has no hours for calls."""
    helpline = request.app[HELPLINE]
    there = await helpline.contact(chat)
    someday = call_keeping.choices(helpline, there.language).soonest is not None
    now = call_keeping.rings_now(helpline, there) or not someday
    if there.phase != "live" or asked.window != call_keeping.SOONEST or not now:
        return False
    given = {tick: getattr(asked, tick) for tick in CALL_TICKS}
    await helpline.call_me(
        chat, client_id=asked.client_id, number=asked.number, details=asked.details, **given
    )
    await call_keeping.beside_chat(helpline, "", chat, asked)
    return True


async def _chosen(request: web.Request, chat: str, id: str) -> None:
    """Where the chat offered a call, that is what they chose."""
    helpline = request.app[HELPLINE]
    choice = (await helpline.contact(chat)).choice
    if choice is not None and "call_me" in choice.options:
        try:
            await helpline.choose(chat, "call_me", id)
        except NotNow:
            # Somebody came in the same moment: there is nothing to choose any more.
            return


class Standing(msgspec.Struct, frozen=True):
    """How their request stands, in one sentence. With a time it is `said` filled in; a page may fill in another clock."""

    words: str
    said: str = ""
    begins: str = ""
    ends: str = ""


async def _standing(request: web.Request, who: Visitor) -> Standing | None:
    """None for who has no request."""
    contact = await call_keeping.request_of(request.app[HELPLINE], who.token)
    if contact is None or not contact.calls.asked:
        return None
    return standing_of(contact, who, request.app[DEFINITION].zone)


def standing_of(contact: Contact, who: Visitor, zone: str) -> Standing:
    """What a person may know of it. That a try reached nobody is said once no other follows."""
    calls, words = contact.calls, who.words
    if calls.over == "withdrawn":
        return Standing(words["call.withdrawn"])
    if calls.over:
        return Standing(words["call.ended"])
    if calls.given_up_at is not None or (calls.tried and contact.clock("call_over") is None):
        return Standing(words["call.unkept"])
    if calls.begins_at is None or calls.ends_at is None:
        return Standing(words["call.kept"])
    when = _span(calls.begins_at, calls.ends_at, zone, who.language)
    return Standing(
        words.fill("call.asked", when=when),
        words["call.asked"],
        calls.begins_at.isoformat(),
        calls.ends_at.isoformat(),
    )


def _span(begins_at: datetime, ends_at: datetime, zone: str, language: str) -> str:
    return f"{day_and_time(begins_at, zone, language)}–{clock_time(ends_at, zone, language)}"


def draw_call_me(
    request: web.Request,
    who: Visitor,
    sent: Fields | None = None,
    wrong: str = "",
    *,
    field: str = "number",
    done: Worded | None = None,
    standing: Standing | None = None,
) -> web.StreamResponse:
    """The page. `field` is the one that `wrong` is about."""
    return draw(
        request,
        "call_me",
        who,
        given=sent or {},
        wrong=wrong,
        field=field,
        done=done,
        standing=standing,
        times=_times(request, who),
        zone=request.app[DEFINITION].zone,
        days=days_of_the_week(who.language),
        client_id=client_id(sent or {}),
        status=422 if wrong else 200,
    )


def _times(request: web.Request, who: Visitor) -> list[dict[str, Any]]:
    """The parts of shifts that may be chosen, worded in their language and the service's zone."""
    helpline, zone = request.app[HELPLINE], request.app[DEFINITION].zone
    return [
        {
            "key": one.key,
            "words": _span(one.begins_at, one.ends_at, zone, who.language),
            "begins": one.begins_at.isoformat(),
            "ends": one.ends_at.isoformat(),
        }
        for one in call_keeping.choices(helpline, who.language).parts
    ]
