"""The directory in and out: a file is read while its page shows how far it is, looked at, and kept in one step.

What was sent waits in memory for the second press, for half an hour and for whoever sent it; after a restart it is sent
again. Nothing is in the directory before that press.
"""

import asyncio
import secrets
from collections import OrderedDict
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import aiohttp_jinja2
import structlog
from aiohttp import web

from helpline.directory_csv import COLUMNS, refused_csv, write_csv
from helpline.directory_csv import NOT_HELD as NOT_IN_A_TABLE
from helpline.directory_exchange import LARGEST_FILE, MOST_ROWS, Form, Intake, form_of
from helpline.directory_hsds import NOT_HELD as NOT_IN_HSDS
from helpline.directory_hsds import NOT_TAKEN, write_hsds
from helpline.directory_services import Entry
from helpline.errors import BadRequest, HelplineError, NotFound, NotNow, TooMany
from helpline.people import Principal
from webchat.directory_form import changed_lines
from webchat.directory_frame import (
    DID,
    HERE,
    SORTS,
    entered,
    frame,
    href_of,
    is_number,
    names_of,
    sent_fields,
    when,
)
from webchat.keys import DEFINITION, HELPLINE
from webchat.sent_files import sent

KEPT_FOR = timedelta(minutes=30)
MOST_KEPT = 4
LINES_SHOWN = 100
NAMED_IN_A_STEP = 5
IMPORT = HERE + "/import"
CHANGES = HERE + "/changes"
_WENT_WRONG = "The file could not be read. Please send it again."

log = structlog.get_logger()


class Job:
    """A file somebody sent: how far it is read, then what it would change, or why it cannot be read."""

    def __init__(self, who: str, at: datetime, name: str, data: bytes, form: Form) -> None:
        self.who, self.at, self.name, self.data, self.form = who, at, name, data, form
        self.done, self.of = 0, 0
        self.intake: Intake | None = None
        self.refusal = ""
        self.reading: asyncio.Task[None] | None = None

    def tell(self, done: int, of: int) -> None:
        self.done, self.of = done, of

    @property
    def percent(self) -> int:
        return 100 * self.done // self.of if self.of else 0


JOBS: web.AppKey[OrderedDict[str, Job]] = web.AppKey("directory_jobs", OrderedDict)


def add_routes(app: web.Application) -> None:
    app[JOBS] = OrderedDict()
    app.on_shutdown.append(_stop)
    router = app.router
    router.add_get(IMPORT, page)
    router.add_post(IMPORT, look)
    router.add_get(IMPORT + "/{job}", job_page)
    router.add_get(IMPORT + "/{job}/state", state)
    router.add_get(IMPORT + "/{job}/refused.csv", refused)
    router.add_post(IMPORT + "/{job}/save", save)
    router.add_get(HERE + "/export.csv", export_csv)
    router.add_get(HERE + "/export.json", export_hsds)
    router.add_get(CHANGES, changes)
    router.add_post(CHANGES + "/undo", undo)
    router.add_get(HERE + "/taken-out", taken_out)
    router.add_post(HERE + "/bring-back", bring_back)


async def _stop(app: web.Application) -> None:
    readings = [job.reading for job in app[JOBS].values() if job.reading is not None]
    for reading in readings:
        reading.cancel()
    await asyncio.gather(*readings, return_exceptions=True)


# -- in --------------------------------------------------------------------------------------------------------------


async def page(request: web.Request) -> web.StreamResponse:
    """GET /directory/import: the form, and what the two kinds of file hold."""
    return _asked(request, await entered(request, "directory_edit"))


async def look(request: web.Request) -> web.StreamResponse:
    """POST /directory/import {file}: 303 to the page that shows how far it is read. Nothing is kept yet."""
    who = await entered(request, "directory_edit")
    try:
        given = await sent(request, LARGEST_FILE)
        if not given.file:
            raise BadRequest("Choose a file.")
        now = request.app[HELPLINE].clock.now()
        job = Job(who.id, now, given.name or "the file", given.file, form_of(given.file, given.name))
        key = _kept(request, job)
    except HelplineError as refused:
        return _asked(request, who, refused.message, refused.status)
    _read(request, job)
    raise web.HTTPSeeOther(f"{IMPORT}/{key}")


def _kept(request: web.Request, job: Job) -> str:
    """The key of a job, for which the oldest that is not being read makes room."""
    jobs = request.app[JOBS]
    for key, other in list(jobs.items()):
        over = other.reading is None or other.reading.done()
        if over and (other.who == job.who or len(jobs) >= MOST_KEPT or job.at - other.at > KEPT_FOR):
            del jobs[key]
    if len(jobs) >= MOST_KEPT:
        raise TooMany("Other files are being read just now. Please try again in a minute.")
    key = secrets.token_urlsafe(16)
    jobs[key] = job
    # Nobody may come back for it, and it may be large.
    asyncio.get_running_loop().call_later(KEPT_FOR.total_seconds(), jobs.pop, key, None)
    return key


def _read(request: web.Request, job: Job) -> None:
    directory = request.app[HELPLINE].directory

    async def reading() -> None:
        try:
            job.intake = await directory.look_into(job.data, job.form, job.tell)
        except HelplineError as refused:
            job.refusal = refused.message
        except Exception:
            log.exception("a directory file could not be read")
            job.refusal = _WENT_WRONG

    job.intake, job.refusal, job.done, job.of = None, "", 0, 0
    job.reading = asyncio.create_task(reading())


async def job_page(request: web.Request) -> web.StreamResponse:
    """GET /directory/import/<job>: how far it is; then what it would change. 404 once it is over."""
    return _job(request, await entered(request, "directory_edit"))


async def state(request: web.Request) -> web.StreamResponse:
    """GET /directory/import/<job>/state: `{"done", "of", "percent", "over"}`, for the page's progress bar."""
    job = _job_of(request, await entered(request, "directory_edit"))
    over = job.intake is not None or bool(job.refusal)
    return web.json_response({"done": job.done, "of": job.of, "percent": job.percent, "over": over})


async def refused(request: web.Request) -> web.StreamResponse:
    """GET /directory/import/<job>/refused.csv: what was refused, where and why, to be mended and sent again."""
    job = _job_of(request, await entered(request, "directory_edit"))
    rows = job.intake.refused if job.intake is not None else ()
    return _file(await asyncio.to_thread(refused_csv, rows), "refused.csv", "text/csv")


async def save(request: web.Request) -> web.StreamResponse:
    """POST /directory/import/<job>/save: kept in one step; 303 to the changes. 409 when it must be looked at again."""
    who = await entered(request, "directory_edit")
    given, _ = await sent_fields(request)
    job = _job_of(request, who)
    intake = job.intake
    if intake is None:
        raise web.HTTPSeeOther(request.path.removesuffix("/save"))
    try:
        if intake.wrongs:
            raise BadRequest(" ".join(str(wrong) for wrong in intake.wrongs))
        if not intake.put:
            raise BadRequest("There is nothing to change: the directory has all of it.")
        client_id = given.get("client_id", "")
        await request.app[HELPLINE].directory.take_in(who, intake.put, client_id, seen=intake.seen)
    except NotNow as moved:
        _read(request, job)
        if job.reading is not None:
            await job.reading
        return _job(request, who, moved.message, moved.status)
    except HelplineError as refused:
        return _job(request, who, refused.message, refused.status)
    request.app[JOBS].pop(request.match_info["job"], None)
    raise web.HTTPSeeOther(CHANGES)


def _job_of(request: web.Request, who: Principal) -> Job:
    job = request.app[JOBS].get(request.match_info["job"])
    if job is None or job.who != who.id or request.app[HELPLINE].clock.now() - job.at > KEPT_FOR:
        raise NotFound("That was sent too long ago, or taken in already. Please send it again.")
    return job


def _asked(request: web.Request, who: Principal, refusal: str = "", status: int = 200) -> web.StreamResponse:
    context = frame(request, who, refusal) | {
        "columns": COLUMNS.items(),
        "not_in_a_table": NOT_IN_A_TABLE,
        "not_in_hsds": NOT_IN_HSDS,
        "not_taken": tuple(dict.fromkeys(NOT_TAKEN.values())),
        "largest": LARGEST_FILE // 1_000_000,
        "most": MOST_ROWS,
    }
    return aiohttp_jinja2.render_template("directory/import.html", request, context, status=status)


def _job(request: web.Request, who: Principal, refusal: str = "", status: int = 200) -> web.StreamResponse:
    job = _job_of(request, who)
    names, intake = names_of(request), job.intake
    context: dict[str, Any] = frame(request, who, refusal) | {
        "key": request.match_info["job"],
        "name": job.name,
        "job": job,
        "over": intake is not None or bool(job.refusal),
        "shown": LINES_SHOWN,
    }
    if intake is not None:
        context |= {
            "intake": intake,
            "adds": [_said(one) for one in intake.adds[:LINES_SHOWN]],
            "changes": [
                (after.name, changed_lines(before, after, names))
                for before, after in intake.changes[:LINES_SHOWN]
            ],
            "refused": [
                (one.row.where, one.row.fields.get("name", "")[:80], ". ".join(one.reasons))
                for one in intake.refused[:LINES_SHOWN]
            ],
        }
    return aiohttp_jinja2.render_template("directory/job.html", request, context, status=status)


def _said(entry: Entry) -> str:
    return f"{entry.name}, {entry.number}" if entry.number else entry.name


# -- out -------------------------------------------------------------------------------------------------------------


async def export_csv(request: web.Request) -> web.StreamResponse:
    """GET /directory/export.csv?for=public: the table. `for=public` leaves out what is only for us to ring."""
    await entered(request, "directory_edit")
    return _file(await asyncio.to_thread(write_csv, _outgoing(request)), "directory.csv", "text/csv")


async def export_hsds(request: web.Request) -> web.StreamResponse:
    """GET /directory/export.json?for=public: Open Referral UK / HSDS 3 JSON, sent piece by piece."""
    await entered(request, "directory_edit")
    definition = request.app[DEFINITION]
    pieces = write_hsds(_outgoing(request), definition.localities, definition.name)
    response = web.StreamResponse(headers=_headers("directory.json", "application/json"))
    await response.prepare(request)
    for number, piece in enumerate(pieces):
        await response.write(piece)
        if number % 100 == 0:
            await asyncio.sleep(0)
    await response.write_eof()
    return response


def _outgoing(request: web.Request) -> Sequence[Entry]:
    directory = request.app[HELPLINE].directory
    public = request.query.get("for") == "public"
    contacts = [one for one in directory.contacts if not public or one.line == "public"]
    return (*contacts, *directory.services)


def _headers(name: str, kind: str) -> dict[str, str]:
    return {
        "Content-Type": f"{kind}; charset=utf-8",
        "Content-Disposition": f'attachment; filename="{name}"',
        "Cache-Control": "no-store",
    }


def _file(text: str, name: str, kind: str) -> web.Response:
    return web.Response(body=text.encode(), headers=_headers(name, kind))


# -- what happened, and back again -----------------------------------------------------------------------------------


async def changes(request: web.Request) -> web.StreamResponse:
    """GET /directory/changes?before=40: every step, newest first, each with its undo for who keeps the directory."""
    return await _changes(request, await entered(request))


async def undo(request: web.Request) -> web.StreamResponse:
    """POST /directory/changes/undo {seq}: a whole step turned round, an import with all it brought; 303 back."""
    who = await entered(request, "directory_edit")
    given, _ = await sent_fields(request)
    seq = given.get("seq", "")
    try:
        directory = request.app[HELPLINE].directory
        await directory.undo(who, int(seq) if is_number(seq) else 0, given.get("client_id", ""))
    except HelplineError as refused:
        return await _changes(request, who, refused.message, refused.status)
    raise web.HTTPSeeOther(CHANGES)


async def _changes(
    request: web.Request, who: Principal, refusal: str = "", status: int = 200
) -> web.StreamResponse:
    asked = request.query.get("before", "")
    steps = await request.app[HELPLINE].directory.history(int(asked) if is_number(asked) else None)
    shown = [
        {
            "seq": step.seq,
            "undo": bool(step.by.name),
            "when": when(request, step.at),
            "text": f"{step.by.name or 'The service'} {DID.get(step.what, 'changed it')}",
            "why": step.why or "",
            "count": len(step.changes),
            "named": [_named(change) for change in step.changes[:NAMED_IN_A_STEP]],
        }
        for step in steps
        if step.changes
    ]
    earlier = steps[-1].seq if steps and steps[-1].seq > 1 else 0
    context = frame(request, who, refusal) | {"steps": shown, "earlier": earlier}
    return aiohttp_jinja2.render_template("directory/changes.html", request, context, status=status)


def _named(change: Any) -> str:
    entry = change.after or change.before
    return str(getattr(entry, "name", "") or getattr(entry, "entry", "") or change.id)


async def taken_out(request: web.Request) -> web.StreamResponse:
    """GET /directory/taken-out?q=caf: what was taken out, each to be brought back with one press."""
    who = await entered(request, "directory_edit")
    return _gone(request, who)


def _gone(request: web.Request, who: Principal, refusal: str = "", status: int = 200) -> web.StreamResponse:
    sought = request.query.get("q", "").strip()[:100]
    gone = [
        one
        for one in request.app[HELPLINE].directory.taken_out
        if all(word in one.entry.name.casefold() for word in sought.casefold().split())
    ]
    context = frame(request, who, refusal) | {
        "sought": sought,
        "count": len(gone),
        "gone": [(one.sort, one.entry.id, one.entry.name, one.entry.number) for one in gone[:LINES_SHOWN]],
    }
    return aiohttp_jinja2.render_template("directory/taken_out.html", request, context, status=status)


async def bring_back(request: web.Request) -> web.StreamResponse:
    """POST /directory/bring-back {sort, id}: in place again as it last was; 303 to it."""
    who = await entered(request, "directory_edit")
    given, _ = await sent_fields(request)
    sort, id = SORTS.get(given.get("sort", ""), "contact"), given.get("id", "")
    try:
        await request.app[HELPLINE].directory.bring_back(who, sort, id, given.get("client_id", ""))
    except HelplineError as refused:
        return _gone(request, who, refused.message, refused.status)
    raise web.HTTPSeeOther(href_of(sort, id))
