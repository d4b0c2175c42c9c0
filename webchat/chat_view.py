"""What the person's pages are drawn with: the words of their language, where they stand, what was said."""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import uuid4

import aiohttp_jinja2
import msgspec
from aiohttp import web

from helpline.messages import Worded, lookup
from helpline.numbers import as_read
from helpline.service import Helpline
from helpline.shape import Definition
from webchat.directory_numbers import card_of, emergency_lines
from webchat.doorway import CHANNEL
from webchat.keys import DEFINITION, HELPLINE, SETTINGS
from webchat.security import PERSON_COOKIE, cookie, form_token, new_token, set_cookie
from webchat.transcript import Transcript
from webchat.words import (
    Words,
    choose,
    days_of_the_week,
    direction,
    minutes,
    months_of_the_year,
    name_of,
    opening_time,
    own_name,
    words_in,
)

TEXT, CALL = "sms", "call"
LANGUAGE_COOKIE = "words"
HERE_COOKIE = "here"
SCRIPTS = ("words", "leave", "status", "door", "forms", "talk", "line", "outbox", "transcript", "showing")
LONGEST_ESTIMATE = 45
"""Minutes. A longer wait is said to be longer than usual: a number would pretend to know."""
ESTIMATES = range(5, LONGEST_ESTIMATE + 1, 5)
ON_THE_START_PAGE = frozenset({"welcome", "who_answers", "lead_may_read", "how_it_ends", "answers_optional"})
OF_A_PLAN = "plan_"  # fetched by a chat that has one
SCRIPT_TABLES = ("talk", "mark", "wait", "choice", "error", "exit", "safe", "door")
SCRIPT_WORDS = ("end.noted", "call.number_wrong", "call.number_missing")
EVENTS_AT_ONCE = 200
NOBODY: dict[str, Any] = {"phase": "none", "supporter": None, "queue": None, "choice": None, "opens_at": None}


class Visitor(msgspec.Struct, frozen=True):
    """Who asks: their token (a new one when they brought none) and the language they read."""

    token: str
    new: bool
    language: str
    words: Words


def visitor(request: web.Request) -> Visitor:
    """By cookie; a language asked for in the address goes first, then the cookie's, then the browser's."""
    definition = request.app[DEFINITION]
    offered = definition.languages.promised
    asked = request.query.get("lang", "") or cookie(request, LANGUAGE_COOKIE)
    language = asked if asked in offered else ""
    if not language:
        accepted = request.headers.get("Accept-Language", "")
        language = choose(accepted, offered, definition.languages.default)
    token = cookie(request, PERSON_COOKIE)
    words = words_in(language, definition.languages.default)
    return Visitor(token or new_token(), not token, language, words)


def remember(request: web.Request, response: web.StreamResponse, who: Visitor) -> None:
    """Their token and language, for as long as the browser is open and no longer."""
    if who.new:
        set_cookie(request, response, PERSON_COOKIE, who.token, max_age=None)
    if request.query.get("lang") == who.language:
        set_cookie(request, response, LANGUAGE_COOKIE, who.language, max_age=None)


def draw(
    request: web.Request, template: str, who: Visitor, *, near: str = "", status: int = 200, **context: Any
) -> web.StreamResponse:
    """One page of the person's, with what every one of them has. `near` is their locality, where it is known."""
    definition, contacts = request.app[DEFINITION], request.app[HELPLINE].directory.contacts
    words = who.words
    whole = {
        "w": words,
        "language": who.language,
        "service": definition.name,
        "demo": request.app[SETTINGS].demo,
        "csrf": form_token(who.token),
        "new_id": lambda: str(uuid4()),
        "direction": direction,
        "emergency": emergency_lines(contacts, definition, near, words),
        "card": card_of(definition, near),
        "live": for_scripts(definition, who),
        "chats": CHANNEL in definition.channels,
        **context,
    }
    response = aiohttp_jinja2.render_template(f"person/{template}.html", request, whole, status=status)
    response.enable_compression()
    remember(request, response, who)
    return response


def for_scripts(definition: Definition, who: Visitor) -> dict[str, Any]:
    """What the page's scripts say; the same sentences as on the page without them."""
    words = who.words.within(*SCRIPT_TABLES) | {key: who.words[key] for key in SCRIPT_WORDS}
    messages = {}
    for key in definition.messages.keys() - ON_THE_START_PAGE:
        if key.startswith(OF_A_PLAN):
            continue
        worded = definition.message(key, who.language)
        messages[key] = (worded.text, worded.language)
    return {
        "language": who.words.language,
        "zone": definition.zone,
        "longest": LONGEST_ESTIMATE,
        "languages": {tag: name_of(tag, who.words.language) for tag in definition.languages.promised},
        "days": days_of_the_week(who.words.language),
        "months": months_of_the_year(who.words.language),
        "minutes": {count: minutes(count, who.words.language) for count in ESTIMATES},
        "words": words,
        "messages": messages,
    }


async def draw_chat(
    request: web.Request,
    who: Visitor,
    contact: str | None,
    stage: str,
    *,
    draft: str = "",
    notice: str = "",
    safe_now: bool = False,
    noted: bool = False,
    status: int = 200,
) -> web.StreamResponse:
    """The chat page at one of its stages: `start`, `carry` or `talk`. Only `talk` holds anything that was said."""
    helpline, definition = request.app[HELPLINE], request.app[DEFINITION]
    if contact is None and CHANNEL not in definition.channels:
        return draw_ways(request, who, draft, notice, status)
    now = helpline.clock.now()
    state, transcript, near = NOBODY, Transcript(who.words, definition, now), ""
    if contact is not None and stage == "talk":
        near = (await helpline.contact(contact)).locality
        state = helpline.person_state(contact)
        transcript.add(await all_events(helpline, contact))
        if transcript.left:
            state = {**state, "phase": "ended", "supporter": None, "choice": None}
    door = helpline.door(CHANNEL)
    opens_at = state["opens_at"] or door.opens_at
    seen = " ".join(filter(None, (notice, supporter_line(who.words, state))))
    languages = [(tag, own_name(tag), direction(tag)) for tag in definition.languages.promised]
    return draw(
        request,
        "chat",
        who,
        near=near,
        status=status,
        chats=True,
        stage=stage,
        scripts=SCRIPTS,
        state=state,
        head=heading(definition, who.words, state),
        place=waiting_line(who.words, state) if state["phase"] == "waiting" else "",
        choice=choice(definition, who, state["choice"], opens_at, now),
        said=sentences(definition, who, door.open, opens_at, now),
        grounding=grounding(definition, who.language),
        languages=languages,
        door=door,
        live=for_scripts(definition, who) | {"door": {"open": door.open, "opens_at": _wire(door.opens_at)}},
        transcript=transcript.items,
        sent_line=who.words["talk.sent"] if transcript.items and transcript.items[-1].mine else "",
        draft=draft,
        notice=seen,
        safe_now=safe_word(definition, who, state) if safe_now else "",
        noted=noted,
    )


def draw_ways(request: web.Request, who: Visitor, typed: str, notice: str, status: int) -> web.StreamResponse:
    """How a helpline is reached that does not chat: the number to text, a call, and the numbers every page has.

    `typed` is what somebody wrote on a page of before. It is shown to them again, and goes nowhere.
    """
    helpline, definition = request.app[HELPLINE], request.app[DEFINITION]
    number = helpline.our_number
    by_text = TEXT in definition.channels and bool(number)
    door = helpline.door(TEXT if by_text else CALL)
    said = sentences(definition, who, door.open, door.opens_at, helpline.clock.now())
    return draw(
        request,
        "ways",
        who,
        status=status,
        typed=typed,
        notice=notice,
        languages=[(tag, own_name(tag), direction(tag)) for tag in definition.languages.promised],
        number=number if by_text else "",
        shown_number=as_read(number, definition.country),
        calls=CALL in definition.channels,
        closed=None if door.open else said["closed"],
        told=said["told"][:-1],
    )


async def all_events(helpline: Helpline, contact: str) -> list[dict[str, Any]]:
    """Everything the person may see of their contact, in order."""
    events: list[dict[str, Any]] = []
    more = True
    while more:
        page, more = await helpline.person_events(contact, len(events), limit=EVENTS_AT_ONCE)
        events += page
    return events


def _wire(at: datetime | None) -> str | None:
    return at.isoformat() if at is not None else None


def sentences(
    definition: Definition, who: Visitor, is_open: bool, opens_at: datetime | None, now: datetime
) -> dict[str, Any]:
    """What the service itself says on the page, each text with the language it is really in."""
    language = who.language

    def say(key: str) -> Worded:
        return definition.message(key, language)

    def opening(key: str) -> Worded:
        if opens_at is None:
            return say("closed_until_told")
        worded = say(key)
        return worded.filled(opens_at=opening_time(opens_at, now, definition.zone, worded.language))

    return {
        "opening": [say("welcome")],
        "told": [
            say("who_answers"),
            say("lead_may_read"),
            definition.in_language(definition.confidentiality.wording, language),
            say("how_it_ends"),
        ],
        "optional": say("answers_optional"),
        "waiting": say("waiting"),
        "ended": say("ended"),
        "closed": opening("closed"),
        "stored": Worded(who.words["door.open_again"], who.words.language)
        if is_open
        else opening("stored_out_of_hours"),
    }


def grounding(definition: Definition, language: str) -> dict[str, Any]:
    """A few quiet things to do, and the language they are in."""
    if not definition.grounding:
        return {"language": language, "texts": ()}
    tag = lookup(dict.fromkeys(definition.grounding), language, definition.languages.default)
    return {"language": tag, "texts": definition.grounding[tag]}


def heading(definition: Definition, words: Words, state: dict[str, Any]) -> dict[str, str]:
    """The page's head: who is with them, or the service's name and where they stand."""
    supporter = state["supporter"]
    if supporter is None:
        queue = state["queue"] if state["phase"] == "waiting" else None
        more = place(words, queue and {**queue, "about_minutes": None})
        return {"title": definition.name, "more": more}
    role = f"talk.{supporter['role']}"
    role = words[role if role in words.texts else "talk.supporter"]
    return {
        "title": words.fill("talk.with_you", name=supporter["name"]),
        "more": f"{role}.",
        "wide": words["talk.reads_along"],
    }


def supporter_line(words: Words, state: dict[str, Any]) -> str:
    if state.get("line") != "supporter_away" or state["supporter"] is None:
        return ""
    return words.fill("talk.away", name=state["supporter"]["name"])


def waiting_line(words: Words, state: dict[str, Any]) -> str:
    """What is said to somebody who waits: that the lead comes to them, or their place."""
    return words["wait.held"] if state["held"] else place(words, state["queue"])


def place(words: Words, queue: dict[str, Any] | None) -> str:
    """Where they are in the queue, and about how long; nothing that would be invented."""
    if not queue:
        return ""
    said = []
    if position := queue["position"]:
        key = f"wait.place_{position}"
        said.append(words.fill(key if key in words.texts else "wait.place_n", place=position))
    if about := queue["about_minutes"]:
        longer = about > LONGEST_ESTIMATE
        said.append(
            words["wait.longer"] if longer else words.fill("wait.about", time=minutes(about, words.language))
        )
    return " ".join(said)


WHY: dict[str, str] = {"no_speaker": "no_speaker_choice", "long_wait": "choice", "full": "full"}


def choice(
    definition: Definition,
    who: Visitor,
    asked: dict[str, Any] | None,
    opens_at: datetime | None,
    now: datetime,
) -> dict[str, Any] | None:
    """The honest choice that stands: why it is put, and what each option says."""
    if asked is None:
        return None
    words, why = who.words, asked["why"]
    said: Callable[..., Worded] = definition.message
    if why in WHY:
        text = said(WHY[why], who.language).text
    elif why == "nobody_left" and opens_at is not None:
        when = opening_time(opens_at, now, definition.zone, who.language)
        text = said("nobody_left", who.language, opens_at=when).text
    else:
        text = words["choice.nobody_left" if why == "nobody_left" else "choice.other"]
    if why == "no_speaker":
        first = said("no_speaker", who.language).filled(language=name_of(who.language, words.language)).text
        text = f"{first} {text}"
    options = []
    for value in asked["options"]:
        kind, _, tag = value.partition(":")
        word = words.fill(f"choice.{kind}", language=name_of(tag, words.language) if tag else "")
        options.append({"value": value, "word": word})
    return {"why": text, "options": options}


def safe_word(definition: Definition, who: Visitor, state: dict[str, Any]) -> str:
    """What is true after "I'm not safe right now": a person is called, or there is nobody to call."""
    if state["phase"] == "stored":
        return definition.message("not_safe_nobody", who.language).text
    return who.words["safe.coming"]
