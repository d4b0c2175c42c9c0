"""What the phrase lists' pages show, and how they are entered."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC
from typing import Any
from urllib.parse import quote
from uuid import uuid4
from zoneinfo import ZoneInfo

from aiohttp import web

from helpline.errors import NotSignedIn
from helpline.people import Principal
from helpline.permissions import may
from helpline.phrase_book import PhraseChanged, PhraseLists
from helpline.phrase_figures import Counted, counted, false_words, first_of, put_words, sum_words
from helpline.phrase_keeping import Step, Tried
from webchat.desk_pages import staff_context
from webchat.keys import DEFINITION, HELPLINE
from webchat.rota_words import languages
from webchat.security import STAFF_COOKIE, cookie, posted
from webchat.sign_in import signed_in

HERE = "/phrases"
MONTHS = {1: "this month", 3: "three months", 12: "twelve months"}
DID = {
    "began": "began the lists",
    "seeded": "took phrases over from the service's file",
    "added": "added a phrase",
    "reworded": "put other words",
    "switched_off": "switched a phrase off",
    "switched_on": "switched a phrase on",
    "replaced": "put a whole list in place",
    "undid": "turned a step round",
}
LINES_SHOWN = 12


async def entered(request: web.Request) -> Principal:
    """Who asks; 303 to sign in. `NotAllowed` for whoever does not keep the lists."""
    try:
        return await signed_in(request, "phrases")
    except NotSignedIn:
        then = request.path_qs if request.method == "GET" else HERE
        raise web.HTTPSeeOther(f"/sign-in?then={quote(then, safe='/')}") from None


async def sent_fields(request: web.Request) -> dict[str, str]:
    """The fields of a form of ours. `NotAllowed` without its token."""
    fields = await posted(request, cookie(request, STAFF_COOKIE))
    return {name: value for name, value in fields.items() if isinstance(value, str)}


def frame(request: web.Request, who: Principal, refusal: str = "") -> dict[str, Any]:
    """What every one of these pages is drawn with."""
    return {
        **staff_context(request, who),
        "may_desk": may(who.roles, "page", "desk"),
        "may_board": may(who.roles, "page", "board"),
        "refusal": refusal,
        "new_id": lambda: str(uuid4()),
    }


def href(lang: str) -> str:
    return f"{HERE}/{quote(lang, safe='')}/list"


def language_name(lang: str) -> str:
    """ "Polish" for `pl`."""
    return languages((lang,))


def months_asked(request: web.Request) -> int:
    """The period of the figures, in whole months; three when none is asked for."""
    asked = request.query.get("months", "")
    return int(asked) if asked in map(str, MONTHS) else 3


async def figures_of(request: web.Request) -> dict[str, Counted]:
    """By phrase, over the period asked for. Contacts that have not ended are counted as they are now."""
    helpline = request.app[HELPLINE]
    zone = ZoneInfo(request.app[DEFINITION].zone)
    now = helpline.clock.now()
    since = first_of(months_asked(request), now.astimezone(zone)).astimezone(UTC)
    kept = await helpline.store.facts(since, now)
    live = [
        one.prompts.counted for one in helpline.contacts() if one.phase != "ended" and one.opened_at >= since
    ]
    # A year of a busy service is a hundred thousand of them.
    return await asyncio.to_thread(counted, kept, live)


def lists_shown(request: web.Request, figures: Mapping[str, Counted]) -> list[dict[str, Any]]:
    """Every language that has a list or was promised, those without a phrase first."""
    lists = request.app[HELPLINE].phrases.lists
    promised = request.app[DEFINITION].languages.promised
    shown = []
    for lang in dict.fromkeys((*promised, *lists.languages)):
        held = lists.of(lang)
        seen = [figures.get(one.id, Counted()) for one in held]
        shown.append(
            {
                "lang": lang,
                "name": language_name(lang),
                "href": href(lang),
                "on": sum(one.on for one in held),
                "off": sum(not one.on for one in held),
                "promised": lang in promised,
                "put": sum_words(seen),
                "look": sum(one.on and figures.get(one.id, Counted()).mostly_false for one in held),
            }
        )
    return sorted(shown, key=lambda one: (bool(one["on"]), not one["promised"], one["name"]))


def phrases_shown(lists: PhraseLists, lang: str, figures: Mapping[str, Counted]) -> list[dict[str, Any]]:
    """A language's phrases: first what is looked for, and of that first what was mostly false."""
    shown = []
    for one in lists.of(lang):
        seen = figures.get(one.id, Counted())
        shown.append(
            {
                "id": one.id,
                "text": one.text,
                "on": one.on,
                "line": figure_line(seen),
                "look": one.on and seen.mostly_false,
            }
        )
    return sorted(shown, key=lambda one: (not one["on"], not one["look"]))


def figure_line(one: Counted) -> str:
    """ "Prompted 12 times, 9 marked “not that”"."""
    if not one.contacts:
        return "Not found yet"
    if not one.told:
        return f"Found in what {put_words(one)} wrote"
    said = false_words(one)
    marked = "never marked" if said == "0" else f"{said} marked" if one.false_told else f"for {said} marked"
    return f"Prompted {one.put} times, {marked} “not that”"


def text_file(lists: PhraseLists, lang: str) -> str:
    """What is looked for in a language, one phrase on a line."""
    return "".join(f"{one.text}\n" for one in lists.of(lang) if one.on)


def tried_shown(found: Sequence[Tried]) -> dict[str, Any]:
    """The made-up messages, and how many of them something would be found in."""
    return {"all": found, "hits": sum(bool(one.found) for one in found)}


def steps_shown(request: web.Request, steps: Iterable[Step]) -> list[dict[str, Any]]:
    """Steps as history has them: who, what, when, why, and each phrase before and after."""
    zone = ZoneInfo(request.app[DEFINITION].zone)
    shown = []
    for step in steps:
        lines = [change_line(change) for change in step.changes]
        at = step.at.astimezone(zone)
        shown.append(
            {
                "seq": step.seq,
                "when": f"{at.day} {at:%b %Y %H:%M}",
                "text": f"{step.by.name or 'The service'} {DID.get(step.what, 'changed the lists')}",
                "why": step.why or "",
                "lines": lines[:LINES_SHOWN],
                "more": max(0, len(lines) - LINES_SHOWN),
                "undo": bool(step.by.name) and bool(step.changes),
            }
        )
    return shown


def change_line(change: PhraseChanged) -> str:
    """One phrase before and after, in words."""
    before, after = change.before, change.after
    if after is None:
        return f"“{before.text}” ({language_name(before.lang)}): no longer in the list" if before else ""
    name = f"“{after.text}” ({language_name(after.lang)})"
    if before is None:
        return f"{name}: new" if after.on else f"{name}: new, switched off"
    if before.on != after.on:
        return f"{name}: switched {'on' if after.on else 'off'}"
    return f"“{before.text}” is now {name}"
