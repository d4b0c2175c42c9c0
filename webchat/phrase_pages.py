"""The phrase lists' pages for who keeps them: /phrases and what is under it. An edit lives in its form alone.

What is typed in to try a list out is looked through, shown again and kept nowhere.
"""

import csv
import io
from typing import Any

import aiohttp_jinja2
from aiohttp import web

from helpline.errors import HelplineError, NotFound
from helpline.people import Principal
from helpline.phrase_figures import Counted, false_words, put_words
from helpline.phrase_rules import checked_language
from helpline.urgency import LONGEST_TEXT, MOST
from webchat.keys import HELPLINE
from webchat.phrase_view import (
    HERE,
    MONTHS,
    entered,
    figures_of,
    frame,
    href,
    language_name,
    lists_shown,
    months_asked,
    phrases_shown,
    sent_fields,
    steps_shown,
    text_file,
    tried_shown,
)


def add_routes(app: web.Application) -> None:
    router = app.router
    router.add_get(HERE, overview)
    router.add_get(HERE + "/history", history)
    router.add_get(HERE + "/figures.csv", figures_csv)
    router.add_get(HERE + "/{lang:[A-Za-z0-9-]{2,35}}/list", one_list)
    router.add_get(HERE + "/{lang:[A-Za-z0-9-]{2,35}}/list.txt", as_text)
    router.add_post(HERE + "/try", tried)
    router.add_post(HERE + "/change", change)
    router.add_post(HERE + "/undo", undo)


async def overview(request: web.Request) -> web.StreamResponse:
    """GET /phrases?months=3: every list with how often it prompted. 303 to sign in."""
    return await _overview(request, await entered(request))


async def _overview(
    request: web.Request, who: Principal, refusal: str = "", status: int = 200, **more: Any
) -> web.StreamResponse:
    context = frame(request, who, refusal) | {
        "lists": lists_shown(request, await figures_of(request)),
        "months": months_asked(request),
        "periods": MONTHS,
        "given": {},
        **more,
    }
    return aiohttp_jinja2.render_template("phrases/lists.html", request, context, status=status)


async def one_list(request: web.Request) -> web.StreamResponse:
    """GET /phrases/pl/list: one language's phrases, what each led to, and the forms that change them."""
    return await _list(request, await entered(request), request.match_info["lang"])


async def _list(
    request: web.Request,
    who: Principal,
    lang: str,
    refusal: str = "",
    status: int = 200,
    **more: Any,
) -> web.StreamResponse:
    keeping = request.app[HELPLINE].phrases
    lang = checked_language(lang)
    context = frame(request, who, refusal) | {
        "lang": lang,
        "name": language_name(lang),
        "here": href(lang),
        "phrases": phrases_shown(keeping.lists, lang, await figures_of(request)),
        "months": months_asked(request),
        "periods": MONTHS,
        "seen": keeping.seq,
        "as_text": text_file(keeping.lists, lang),
        "longest": LONGEST_TEXT,
        "most": MOST,
        "given": {},
        "tried": None,
        **more,
    }
    return aiohttp_jinja2.render_template("phrases/list.html", request, context, status=status)


async def as_text(request: web.Request) -> web.StreamResponse:
    """GET /phrases/pl/list.txt: what is looked for in a language, one phrase on a line."""
    await entered(request)
    lang = checked_language(request.match_info["lang"])
    text = text_file(request.app[HELPLINE].phrases.lists, lang)
    headers = {"Content-Disposition": f'attachment; filename="phrases-{lang}.txt"'}
    return web.Response(text=text, content_type="text/plain", charset="utf-8", headers=headers)


async def figures_csv(request: web.Request) -> web.StreamResponse:
    """GET /phrases/figures.csv?months=3: one row for each phrase, small numbers hidden."""
    await entered(request)
    figures, lists = await figures_of(request), request.app[HELPLINE].phrases.lists
    out = io.StringIO()
    rows = csv.writer(out, lineterminator="\r\n")
    rows.writerow(("months", "language", "phrase", "looked for", "prompted", "marked not that"))
    for lang in lists.languages:
        for one in lists.of(lang):
            seen = figures.get(one.id, Counted())
            row = (lang, _cell(one.text), "yes" if one.on else "no", put_words(seen), false_words(seen))
            rows.writerow((months_asked(request), *row))
    headers = {"Content-Disposition": 'attachment; filename="phrases.csv"'}
    return web.Response(text=out.getvalue(), content_type="text/csv", charset="utf-8", headers=headers)


def _cell(text: str) -> str:
    """Words that a spreadsheet would take for a sum stay words."""
    return f"'{text}" if text[:1] in "=+-@\t" else text


async def history(request: web.Request) -> web.StreamResponse:
    """GET /phrases/history?before=31: who changed what, when and why, newest first, with undo."""
    who = await entered(request)
    before = request.query.get("before", "")
    return await _history(request, who, int(before) if before.isdecimal() and len(before) < 10 else None)


async def _history(
    request: web.Request, who: Principal, before: int | None = None, refusal: str = "", status: int = 200
) -> web.StreamResponse:
    steps = await request.app[HELPLINE].phrases.history(before)
    context = frame(request, who, refusal) | {
        "steps": steps_shown(request, steps),
        "older": steps[-1].seq if steps and steps[-1].seq > 1 else None,
    }
    return aiohttp_jinja2.render_template("phrases/history.html", request, context, status=status)


# -- changing --------------------------------------------------------------------------------------------------------


async def tried(request: web.Request) -> web.StreamResponse:
    """POST /phrases/try: what would be found in the made-up messages sent, with a phrase added or put in another's place.

    422 with what is wrong with the phrase. Nothing is kept of what was sent.
    """
    who = await entered(request)
    sent = await sent_fields(request)
    lang, text, of = sent.get("lang", ""), sent.get("text", ""), sent.get("of", "")
    lines = sent.get("lines", "").splitlines()
    try:
        found = request.app[HELPLINE].phrases.try_out(lines, checked_language(lang), text, of)
    except HelplineError as refused:
        return await _refused(request, who, sent, refused)
    return await _list(request, who, lang, given=sent, tried=tried_shown(found))


async def change(request: web.Request) -> web.StreamResponse:
    """POST /phrases/change: `act` is `add`, `reword`, `off`, `on` or `replace`. 303 back to the list.

    422 or 409 with what is wrong and what was typed; `act=try` only tries it out.
    """
    who = await entered(request)
    sent = await sent_fields(request)
    if sent.get("act") == "try":
        return await tried(request)
    lang = sent.get("lang", "")
    try:
        await _changed(request, who, sent)
    except NotFound:
        raise
    except HelplineError as refused:
        return await _refused(request, who, sent, refused)
    raise web.HTTPSeeOther(href(checked_language(lang)))


async def _refused(
    request: web.Request, who: Principal, sent: dict[str, str], refused: HelplineError
) -> web.StreamResponse:
    """The form again with what was typed: on the list's page, or where the languages are when there is no such one."""
    status = 422 if refused.status == 400 else refused.status
    try:
        lang = checked_language(sent.get("lang", ""))
    except HelplineError:
        return await _overview(request, who, refused.message, status, given=sent)
    return await _list(request, who, lang, refused.message, status, given=sent)


async def _changed(request: web.Request, who: Principal, sent: dict[str, str]) -> None:
    keeping, act = request.app[HELPLINE].phrases, sent.get("act", "")
    text, of, client_id, why = (sent.get(name, "") for name in ("text", "of", "client_id", "why"))
    if act == "add":
        await keeping.add(who, sent.get("lang", ""), text, client_id, why)
    elif act == "reword":
        await keeping.reword(who, of, text, client_id, why)
    elif act in ("on", "off"):
        await keeping.switch(who, of, act == "on", client_id, why)
    elif act == "replace":
        seen = sent.get("seen", "")
        lines = [line for line in sent.get("list", "").splitlines() if line.strip() and line[0] != "#"]
        at = int(seen) if seen.isdecimal() and len(seen) < 10 else 0
        await keeping.replace(who, sent.get("lang", ""), lines, client_id, seen=at)
    else:
        raise NotFound("There is no such press.")


async def undo(request: web.Request) -> web.StreamResponse:
    """POST /phrases/undo: turn one step round. 303 to the history; 409 when it has been built on."""
    who = await entered(request)
    sent = await sent_fields(request)
    seq = sent.get("seq", "")
    try:
        known = int(seq) if seq.isdecimal() and len(seq) < 10 else 0
        await request.app[HELPLINE].phrases.undo(who, known, sent.get("client_id", ""))
    except NotFound:
        raise
    except HelplineError as refused:
        return await _history(request, who, None, refused.message, refused.status)
    raise web.HTTPSeeOther(HERE + "/history")
