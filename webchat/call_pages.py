"""`/call-me`: asking to be rung, and how that stands. Works without JavaScript. The contract is docs/protocol.md.

A request has a contact of its own, which waits for its time; from a chat in which somebody is with them it goes to
who is with them.
"""

from typing import Any

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
from webchat.words import clock_time, day_and_time

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
    if chat is not None and (await helpline.contact(chat)).phase == "live":
        given = {tick: getattr(asked, tick) for tick in CALL_TICKS}
        await helpline.call_me(chat, client_id=asked.client_id, number=number, details=asked.details, **given)
        return draw_call_me(request, who, done=done)
    try:
        await call_keeping.ask(helpline, who.token, who.language, asked)
    except TimeGone:
        return draw_call_me(request, who, sent, who.words["call.gone"], field="window")
    if chat is not None:
        await _chosen(request, chat, asked.client_id)
    return draw_call_me(request, who, done=done, standing=await _standing(request, who))


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


async def _standing(request: web.Request, who: Visitor) -> str:
    """One sentence on how their request stands, empty when there is none."""
    contact = await call_keeping.request_of(request.app[HELPLINE], who.token)
    if contact is None or not contact.calls.asked:
        return ""
    return standing_words(contact, who, request.app[DEFINITION].zone)


def standing_words(contact: Contact, who: Visitor, zone: str) -> str:
    """What a person may know of it. That a try reached nobody is said once no other follows."""
    calls, words = contact.calls, who.words
    if calls.over:
        return words["call.ended"]
    if calls.unkept or (calls.tried and contact.clock("call_over") is None):
        return words["call.unkept"]
    if calls.begins_at is None or calls.ends_at is None:
        return words["call.kept"]
    when = (
        f"{day_and_time(calls.begins_at, zone, who.language)}–{clock_time(calls.ends_at, zone, who.language)}"
    )
    return words.fill("call.asked", when=when)


def draw_call_me(
    request: web.Request,
    who: Visitor,
    sent: Fields | None = None,
    wrong: str = "",
    *,
    field: str = "number",
    done: Worded | None = None,
    standing: str = "",
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
        client_id=client_id(sent or {}),
        status=422 if wrong else 200,
    )


def _times(request: web.Request, who: Visitor) -> list[dict[str, Any]]:
    """The parts of shifts that may be chosen, worded in their language and the service's zone."""
    helpline, zone = request.app[HELPLINE], request.app[DEFINITION].zone
    return [
        {
            "key": one.key,
            "words": f"{day_and_time(one.begins_at, zone, who.language)}"
            f"–{clock_time(one.ends_at, zone, who.language)}",
        }
        for one in call_keeping.choices(helpline, who.language).parts
    ]
