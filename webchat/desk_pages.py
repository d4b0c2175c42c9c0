"""The supporter's desk as pages: /desk, and what does not change during a night."""

from collections.abc import Mapping
from typing import Any

import aiohttp_jinja2
from aiohttp import web

from helpline.errors import NotSignedIn
from helpline.people import Principal
from helpline.plan import PARTS
from helpline.shape import Definition
from webchat.keys import DEFINITION, REFUSALS, SETTINGS
from webchat.sign_in import signed_in, staff_form_token


def add_routes(app: web.Application) -> None:
    app.router.add_get("/desk", desk)
    app.router.add_get("/desk/definition.json", definition)


async def desk(request: web.Request) -> web.StreamResponse:
    """GET /desk: the page, or 303 to sign in."""
    try:
        who = await signed_in(request, "desk")
    except NotSignedIn:
        raise web.HTTPSeeOther("/sign-in?then=/desk") from None
    return aiohttp_jinja2.render_template("desk/desk.html", request, staff_context(request, who))


async def definition(request: web.Request) -> web.StreamResponse:
    """GET /desk/definition.json, for whoever may open the desk or the board; the shape is in docs/protocol.md."""
    page = "board" if request.query.get("for") == "board" else "desk"
    await signed_in(request, page)
    refusals = request.app[REFUSALS]
    return web.json_response({**fixed_for_the_night(request.app[DEFINITION]), "text_refusals": refusals})


def staff_context(request: web.Request, who: Principal) -> dict[str, Any]:
    """What every staff page is drawn with."""
    definition = request.app[DEFINITION]
    return {
        "me": {"id": who.id, "name": who.name, "roles": list(who.roles)},
        "csrf": staff_form_token(request),
        "service": definition.name,
        "definition": definition,
        "demo": request.app[SETTINGS].demo,
    }


def fixed_for_the_night(definition: Definition) -> Mapping[str, Any]:
    """`{name, languages, ladder: {rungs}, note_form, ready_words, …}` in the service's default language."""

    def worded(texts: dict[str, str]) -> str:
        return definition.in_language(texts, definition.languages.default).text

    return {
        "name": definition.name,
        "languages": list(definition.languages.promised),
        "ladder": {
            "rungs": [
                {
                    "number": number,
                    "short": rung.short,
                    "name": worded(rung.name),
                    "begins_when": rung.begins_when,
                }
                for number, rung in enumerate(definition.ladder.rungs)
            ]
        },
        "note_form": [
            {
                "key": field.key,
                "label": worded(field.label),
                "kind": field.kind,
                "outcome": field.outcome,
                "choices": [{"key": one.key, "label": worded(one.label)} for one in field.choices],
            }
            for field in definition.note_form.fields
        ],
        "ready_words": [
            {"key": words.key, "lang": lang, "text": text}
            for words in definition.ready_words
            for lang, text in words.text.items()
        ],
        "plan_parts": {
            part: worded(definition.messages[f"plan_{part}"]) for parts in PARTS.values() for part in parts
        },
        "exit_to": definition.exit_to,
        "lead_number": definition.lead_number,
        "break_minutes": definition.break_minutes,
        "idle_away_minutes": definition.idle_away_minutes,
    }
