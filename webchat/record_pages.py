"""A contact's record as pages: /record for those one may open, /record/<contact> as a timeline that can be put right.

Whoever may read a record is for `helpline.record_keeping` to say; every reading is audited there. Nothing of what
anybody said is in an address or a title.
"""

import asyncio
from collections.abc import Sequence
from itertools import groupby
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

import aiohttp_jinja2
import msgspec
from aiohttp import web

from helpline.contact import Contact
from helpline.errors import BadRequest, HelplineError, NotNow, NotSignedIn, TooLong
from helpline.people import Principal
from helpline.permissions import may
from helpline.record import Entry, Quote, Record
from helpline.record_keeping import LONGEST_CORRECTION, correct, read_record, readable
from helpline.record_words import Clocked, plain, whole_numbers
from webchat.desk_pages import staff_context
from webchat.keys import DEFINITION, HELPLINE
from webchat.security import STAFF_COOKIE, cookie, posted
from webchat.sign_in import signed_in

HERE = "/record"
CONTACT = HERE + "/{contact:c-[0-9A-Za-z]{1,40}}"
ON_A_PAGE = 250
"""Lines of one page; all of them are on one with `?page=all`, for paper."""


def add_routes(app: web.Application) -> None:
    app.router.add_get(HERE, listing)
    app.router.add_get(CONTACT, page)
    app.router.add_post(CONTACT + "/correct", put_right)


async def entered(request: web.Request) -> Principal:
    """Who is asking, or 303 to sign in."""
    try:
        return await signed_in(request, "record")
    except NotSignedIn:
        raise web.HTTPSeeOther("/sign-in") from None


def frame(request: web.Request, who: Principal) -> dict[str, Any]:
    """What `record/_page.html` is drawn with."""
    return {
        **staff_context(request, who),
        "may_desk": may(who.roles, "page", "desk"),
        "may_board": may(who.roles, "page", "board"),
        "new_id": lambda: str(uuid4()),
        "clean": lambda text: whole_numbers(plain(text)),
    }


async def listing(request: web.Request) -> web.StreamResponse:
    """GET /record: the contacts whose record they may open, newest first. 303 to sign in."""
    who = await entered(request)
    definition = request.app[DEFINITION]
    found = await readable(request.app[HELPLINE], who)
    clocked = Clocked(definition.zone, days=True)
    lines = [
        {
            "href": f"{HERE}/{one.log}",
            "name": one.name,
            "when": clocked.short(one.opened_at),
            "doing": definition.in_language(
                definition.ladder.rungs[one.rung].name, definition.languages.default
            ).text,
            "over": one.phase == "ended",
        }
        for one in found
    ]
    return aiohttp_jinja2.render_template(
        "record/list.html", request, {**frame(request, who), "lines": lines}
    )


async def page(request: web.Request) -> web.StreamResponse:
    """GET /record/<contact>?show=ladder&page=2: the timeline. 303 to sign in, 404 when it is not theirs to read."""
    return await _page(request, await entered(request))


async def put_right(request: web.Request) -> web.StreamResponse:
    """POST /record/<contact>/correct {csrf, client_id, of, words}: 303 back to the line; 400 with what was typed."""
    who = await entered(request)
    fields = await posted(request, cookie(request, STAFF_COOKIE))
    contact = request.match_info["contact"]
    of, words = _number(str(fields.get("of", ""))), str(fields.get("words", ""))
    show = "ladder" if fields.get("show") == "ladder" else "all"
    try:
        client_id = str(fields.get("client_id", ""))[:64]
        await correct(request.app[HELPLINE], who, contact, of=of, words=words, client_id=client_id)
    except (BadRequest, TooLong, NotNow) as refused:
        return await _page(request, who, refused, of, words[: LONGEST_CORRECTION * 2])
    await request.app[HELPLINE].audit(who, "record_correct", contact)
    raise web.HTTPSeeOther(f"{HERE}/{contact}?{urlencode({'show': show, 'at': of})}#l-{of}")


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


async def _page(
    request: web.Request,
    who: Principal,
    refused: HelplineError | None = None,
    of: int = 0,
    typed: str = "",
) -> web.StreamResponse:
    contact = request.match_info["contact"]
    fold, record = await read_record(request.app[HELPLINE], who, contact)
    show = "ladder" if request.query.get("show") == "ladder" else "all"
    entries = record.ladder_only if show == "ladder" else record.entries
    correcting = of or _number(request.query.get("correct", ""))
    at = correcting or _number(request.query.get("at", ""))
    pages = Pages(len(entries), ON_A_PAGE, _page_of(entries, at), request.query.get("page", ""))
    shown = entries[pages.first : pages.end]
    now = request.app[HELPLINE].clock.now()
    context = {
        **frame(request, who),
        **_head(fold, record),
        "show": show,
        "days": _days(record, shown),
        "steps": [_step(record, entries, entry, show) for entry in entries if entry.step],
        "pages": pages,
        "correcting": correcting,
        "typed": typed,
        "refusal": refused.message if refused is not None else "",
        "as_it_was": record.names.clocked.moment(now),
        "most": LONGEST_CORRECTION,
    }
    status = refused.status if refused is not None else 200
    # Thousands of lines on one page take most of a second: the conversations of the evening go on meanwhile.
    return await asyncio.to_thread(
        aiohttp_jinja2.render_template, "record/record.html", request, context, status=status
    )


class Pages(msgspec.Struct, frozen=True):
    """Which lines are on this page. The newest page comes first; `around` is a line to show, -1 for none."""

    count: int
    size: int
    around: int
    asked: str

    @property
    def last(self) -> int:
        return max(1, -(-self.count // self.size))

    @property
    def here(self) -> int:
        if self.asked.isascii() and self.asked.isdigit() and 1 <= int(self.asked[:6]) <= self.last:
            return int(self.asked)
        return self.around // self.size + 1 if self.around >= 0 else self.last

    @property
    def all(self) -> bool:
        return self.asked == "all" or self.last == 1

    @property
    def first(self) -> int:
        return 0 if self.all else (self.here - 1) * self.size

    @property
    def end(self) -> int:
        return self.count if self.all else self.here * self.size


def _page_of(entries: Sequence[Entry], seq: int) -> int:
    return next((place for place, entry in enumerate(entries) if entry.seq == seq), -1)


def _head(fold: Contact, record: Record) -> dict[str, Any]:
    names = record.names
    return {
        "contact": fold.log,
        "name": fold.name,
        "doing": names.rung(fold.rung),
        "over": fold.phase == "ended",
        "opened": names.clocked.moment(fold.opened_at),
        "count": len(record.entries),
    }


def _days(record: Record, entries: Sequence[Entry]) -> list[tuple[str, list[dict[str, Any]]]]:
    clocked = record.names.clocked
    days = groupby(entries, key=lambda entry: clocked.day(entry.at))
    return [(day, [_line(entry, clocked) for entry in some]) for day, some in days]


def _line(entry: Entry, clocked: Clocked) -> dict[str, Any]:
    return {
        "seq": entry.seq,
        "time": clocked.time(entry.at),
        "text": entry.text,
        "group": entry.group,
        "step": entry.step,
        "struck": entry.struck,
        "quotes": [_quote(one) for one in entry.quotes],
        "changes": [
            {
                "what": one.what,
                "by": one.by,
                "time": clocked.time(one.at),
                "quote": _quote(one.quote) if one.quote is not None else None,
            }
            for one in entry.changes
        ],
        "correctable": entry.correctable,
    }


def _quote(one: Quote) -> dict[str, Any]:
    return {"label": one.label, "text": one.shown, "held": one.text is not None, "lang": one.lang}


def _step(record: Record, entries: Sequence[Entry], entry: Entry, show: str) -> dict[str, str]:
    """A way to a move on the ladder, whichever page it is on."""
    there = _page_of(entries, entry.seq) // ON_A_PAGE + 1
    return {
        "href": f"{HERE}/{record.contact}?{urlencode({'show': show, 'page': there})}#l-{entry.seq}",
        "text": f"{record.names.clocked.short(entry.at)} {entry.text}",
    }
