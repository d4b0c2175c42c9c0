"""The opening hours as pages: /hours says how they are and closes the door now, /hours/edit changes them.

Nothing is saved before what it changes was shown in words. Whoever waits or talks stays, whatever is closed.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import aiohttp_jinja2
from aiohttp import web

from helpline.errors import NotNow
from helpline.people import Principal
from rota.book import HOURS, Book, HoursChanged
from rota.hours import Closure, Hours, OpeningHours
from rota.hours_changes import closed_now, hours_moved, opened_again, standing
from webchat.hours_form import DAYS, LONGEST, MOST_ROWS, fields_of, mark, next_time, read, rows_of
from webchat.hours_view import (
    REASONS,
    WEEK,
    Closing,
    bank_holidays,
    changed_by,
    channel_name,
    closing_in_words,
    countries,
    last_change,
    overview,
    preview_lines,
    regions,
    tonight_ends,
)
from webchat.keys import DEFINITION, HELPLINE
from webchat.rota_frame import Refusal, done, entered, form, frame

LONGEST_CLOSURE = timedelta(days=14)
PLACE = "/hours"

Fields = Mapping[str, str]
Mistakes = Mapping[str, str]


def add_routes(app: web.Application) -> None:
    app.router.add_get("/hours", show)
    app.router.add_post("/hours/close", close)
    app.router.add_post("/hours/open", open_again)
    app.router.add_get("/hours/edit", edit)
    app.router.add_post("/hours/edit", save)


# -- how they are, and closing now -----------------------------------------------------------------------------------


async def show(request: web.Request) -> web.StreamResponse:
    """GET /hours: the door now, the days ahead, and the press that closes."""
    return await draw_overview(request, await entered(request, "hours"))


async def close(request: web.Request) -> web.StreamResponse:
    """POST /hours/close `channel?, until, at?, why, other?, act`: `look` says what will happen, `close` does it."""
    who, sent = await entered(request, "hours"), await sent_with(request)
    helpline = request.app[HELPLINE]
    now = helpline.clock.now()
    mistakes, closing = read_closing(sent, helpline.hours, now)
    if closing is None:
        return await draw_overview(request, who, sent=sent, mistakes=mistakes, status=422)
    if sent.get("act") != "close":
        return await draw_overview(request, who, sent=sent, closing=closing)

    def decide(book: Book) -> tuple[HoursChanged, ...]:
        closure = Closure(channel=closing.channel, from_=now, until=closing.until, why=closing.why)
        return changed(book, closed_now(book.hours.get(HOURS, helpline.hours.hours), closure, now))

    about = closing.channel or "", closing.until
    return await done_or_refused(
        request, who, decide, sent, what="closed_now", about=about, why=closing.why, typed=sent
    )


async def open_again(request: web.Request) -> web.StreamResponse:
    """POST /hours/open `from, channel?`: that closure ends now."""
    who, sent = await entered(request, "hours"), await sent_with(request)
    helpline = request.app[HELPLINE]
    now = helpline.clock.now()

    def decide(book: Book) -> tuple[HoursChanged, ...]:
        hours = book.hours.get(HOURS, helpline.hours.hours)
        for closure in standing(hours, now):
            if (closure.from_.isoformat(), closure.channel or "") == (
                sent.get("from"),
                sent.get("channel", ""),
            ):
                return changed(book, opened_again(hours, closure, now))
        raise NotNow("That was opened again already.")

    about = sent.get("from", ""), sent.get("channel", "")
    return await done_or_refused(request, who, decide, sent, what="opened_again", about=about)


async def done_or_refused(
    request: web.Request,
    who: Principal,
    decide: Any,
    sent: Fields,
    *,
    what: str,
    about: object,
    why: str = "",
    typed: Fields | None = None,
) -> web.StreamResponse:
    rota = request.app[HELPLINE].rota
    try:
        seq = await rota.edit(who, decide, sent.get("client_id", ""), what=what, about=about, why=why)
    except NotNow as refused:
        refusal = Refusal(refused.message)
        return await draw_overview(request, who, sent=typed or {}, refusal=refusal, status=409)
    raise done(PLACE, seq)


def changed(book: Book, after: Hours) -> tuple[HoursChanged, ...]:
    return (HoursChanged(id=HOURS, before=book.hours.get(HOURS), after=after),)


def read_closing(sent: Fields, hours: OpeningHours, now: datetime) -> tuple[Mistakes, Closing | None]:
    """What is to be closed, until when and why; or what is missing, by field."""
    mistakes: dict[str, str] = {}
    zone = ZoneInfo(hours.hours.zone)
    channel = sent.get("channel", "") or None
    if channel is not None and channel not in {one.channel for one in hours.hours.channels}:
        mistakes["channel"] = "Choose what to close."
    why = sent.get("why", "")
    why = sent.get("other", "").strip() if why == "other" else why
    if not why:
        mistakes["why"] = "Say why in a few words. It is kept for the record; nobody outside sees it."
    until = _until(sent, hours, None if mistakes.get("channel") else channel, now, zone)
    if until is None or not now < until <= now + LONGEST_CLOSURE:
        mistakes["until"] = "Choose until when. A time is written as 22:30."
    if mistakes or until is None:
        return mistakes, None
    return {}, Closing(channel, until, why[:LONGEST])


def _until(
    sent: Fields, hours: OpeningHours, channel: str | None, now: datetime, zone: ZoneInfo
) -> datetime | None:
    choice = sent.get("until", "")
    if choice in ("30", "60", "120"):
        return now + timedelta(minutes=int(choice))
    if choice == "tonight":
        return tonight_ends(hours, channel, now, zone)
    if choice == "at":
        return next_time(sent.get("at", ""), now, zone)
    try:
        exact = datetime.fromisoformat(choice)
    except ValueError:
        return None
    return exact if exact.tzinfo is not None else None


async def draw_overview(
    request: web.Request,
    who: Principal,
    *,
    sent: Fields | None = None,
    mistakes: Mistakes | None = None,
    closing: Closing | None = None,
    refusal: Refusal | None = None,
    status: int = 200,
) -> web.StreamResponse:
    helpline = request.app[HELPLINE]
    now, zone = helpline.clock.now(), ZoneInfo(helpline.hours.hours.zone)
    context = {
        **await frame(request, who, PLACE, back=PLACE, refusal=refusal),
        **overview(helpline),
        "changed_by": changed_by(await last_change(helpline), now, zone),
        "given": {"why": REASONS[0], "until": "60", **(sent or {})},
        "mistakes": mistakes or {},
        "asking": bool(mistakes or closing or (refusal and sent)),
        "closing": closing,
        "will": closing_in_words(helpline, closing) if closing is not None else [],
    }
    return aiohttp_jinja2.render_template("rota/hours.html", request, context, status=status)


# -- changing them ---------------------------------------------------------------------------------------------------


async def edit(request: web.Request) -> web.StreamResponse:
    """GET /hours/edit: the week, bank holidays and special days as fields."""
    who = await entered(request, "hours")
    helpline = request.app[HELPLINE]
    hours = helpline.hours.hours
    today = helpline.clock.now().astimezone(ZoneInfo(hours.zone)).date()
    fields = fields_of(hours, today)
    return await draw_edit(request, who, {**fields, "rows": str(int(fields["rows"]) + 1)})


async def save(request: web.Request) -> web.StreamResponse:
    """POST /hours/edit `…, act, seen?, looked?`: `look` says what would change, `save` saves what was looked at.

    422 with each mistake at its field; 409 when the rota moved on since. What was typed is kept.
    """
    who, sent = await entered(request, "hours"), await sent_with(request)
    helpline = request.app[HELPLINE]
    if sent.get("act") in ("add", "place"):
        more = 1 if sent["act"] == "add" else 0
        rows = min(rows_of(sent) + more, MOST_ROWS)
        return await draw_edit(request, who, {**sent, "rows": str(rows)}, at=str(sent["act"]))
    found = read(sent, helpline.hours.hours, request.app[DEFINITION].channels, helpline.clock.now())
    if found.hours is None:
        return await draw_edit(request, who, sent, mistakes=found.mistakes, status=422)
    seen = sent.get("seen", "")
    if sent.get("act") != "save" or sent.get("looked") != mark(found.hours) or not _is_number(seen):
        return await draw_edit(request, who, sent, after=found.hours)
    after = found.hours
    try:
        seq = await helpline.rota.edit(
            who,
            lambda book: changed(book, after),
            sent.get("client_id", ""),
            what="hours",
            about=mark(after),
            seen=int(seen),
        )
    except NotNow as refused:
        refusal = Refusal(f"{refused.message} This is what saving would change now.")
        return await draw_edit(request, who, sent, after=after, refusal=refusal, status=409)
    raise done(PLACE, seq)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 13


async def draw_edit(
    request: web.Request,
    who: Principal,
    fields: Fields,
    *,
    mistakes: Mistakes | None = None,
    after: Hours | None = None,
    refusal: Refusal | None = None,
    at: str = "",
    status: int = 200,
) -> web.StreamResponse:
    helpline = request.app[HELPLINE]
    hours, now = helpline.hours, helpline.clock.now()
    today = now.astimezone(ZoneInfo(hours.hours.zone)).date()
    moved = hours_moved(hours, OpeningHours(after), helpline.rota.current, now) if after is not None else None
    country = fields.get("country") or None
    context = {
        **await frame(request, who, PLACE, back=PLACE, refusal=refusal),
        "given": fields,
        "mistakes": mistakes or {},
        "marks": [(field, label_of(field, hours.hours)) for field in mistakes or {}],
        "rows": range(rows_of(fields)),
        "channels": [(one.channel, channel_name(one.channel)) for one in hours.hours.channels],
        "several": len(hours.hours.channels) > 1,
        "week": list(zip(DAYS, WEEK, strict=True)),
        "countries": countries(),
        "regions": regions(country),
        "bank_holidays": bank_holidays(OpeningHours(after) if after is not None else hours, today),
        "today": today.isoformat(),
        "zone": hours.hours.zone.replace("_", " "),
        "previewed": moved is not None,
        "lines": preview_lines(moved, OpeningHours(after), today) if moved is not None and after else [],
        "looked": mark(after) if after is not None else "",
        "at": at,
    }
    return aiohttp_jinja2.render_template("rota/hours_edit.html", request, context, status=status)


def label_of(field: str, hours: Hours) -> str:
    """What a field is called where its mistakes are listed."""
    first, _, rest = field.partition(".")
    if first == "special":
        return f"Special day {int(rest.partition('.')[0]) + 1}"
    if not rest:
        return field.capitalize()
    several = f"{channel_name(first)}, " if len(hours.channels) > 1 else ""
    return several + (WEEK[DAYS.index(rest)] if rest in DAYS else "Bank holidays")


async def sent_with(request: web.Request) -> dict[str, str]:
    """The fields of a form of ours, as text."""
    return {key: value for key, value in (await form(request)).items() if isinstance(value, str)}
