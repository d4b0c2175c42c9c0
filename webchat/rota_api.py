"""GET /api/v1/rota/on: who is on, for other programs. They ask with a key of their own and can only read.

What it says is the rota and who of them is present, by id and shown name: nothing about anybody who reaches out.
"""

from datetime import datetime

import msgspec
from aiohttp import web

from helpline.attendance import Attendance
from helpline.commands.rota_on import instant_of
from helpline.errors import HelplineError, NotSignedIn
from helpline.logbook import Change
from helpline.service import Helpline
from rota.shifts import OnDuty
from webchat.keys import HELPLINE

BEARER = "Bearer "
HEADERS = {"Content-Type": "application/json", "Cache-Control": "no-store"}
_encode = msgspec.json.Encoder().encode


class On(msgspec.Struct, frozen=True):
    """One person on shift. `present` is whether they are checked in, null for another time than now."""

    person: str
    name: str
    role: str
    starts_at: datetime
    ends_at: datetime
    channels: tuple[str, ...]
    languages: tuple[str, ...]
    present: bool | None


class Answer(msgspec.Struct, frozen=True):
    """`on` is a list of `On`, by start, encoded already."""

    at: datetime
    zone: str
    on: msgspec.Raw


class OnNow:
    """Who is on now, encoded once for as long as nobody comes, goes or changes their name."""

    def __init__(self, helpline: Helpline) -> None:
        self._helpline = helpline
        self._duties: tuple[OnDuty, ...] | None = None
        self._encoded = msgspec.Raw()
        helpline.listen(self._heard)
        helpline.people.listen(lambda _: self.forget())

    def forget(self) -> None:
        self._duties = None

    def _heard(self, change: Change) -> None:
        if isinstance(change.after, Attendance):
            self.forget()

    def encoded(self, duties: tuple[OnDuty, ...]) -> msgspec.Raw:
        """`duties` as the rota gave them: between two changes it gives the same tuple again."""
        if duties is not self._duties:
            self._encoded = encoded(self._helpline, duties, is_now=True)
            self._duties = duties
        return self._encoded


ON_NOW: web.AppKey[OnNow] = web.AppKey("on_now", OnNow)


def add_routes(app: web.Application) -> None:
    app.router.add_get("/api/v1/rota/on", on)
    app.on_startup.append(_begin)


async def _begin(app: web.Application) -> None:
    app[ON_NOW] = OnNow(app[HELPLINE])


async def on(request: web.Request) -> web.StreamResponse:
    """`?at=2026-11-23T18:00:00Z` (now when left out) → `{at, zone, on: [{person, name, role, starts_at, ends_at,
    channels, languages, present}]}`, by start; 400 for an instant that cannot be read, 401 without a key."""
    helpline = request.app[HELPLINE]
    try:
        _opened(helpline, request.headers.get("Authorization", ""))
        asked = request.query.get("at", "") if request.query_string else ""
        at = instant_of(asked) if asked else helpline.clock.now()
    except HelplineError as refused:
        return _json(refused.on_the_wire(), refused.status)
    duties = helpline.roster.rota.on_duty_at(at)
    shown = encoded(helpline, duties, is_now=False) if asked else request.app[ON_NOW].encoded(duties)
    return _json(Answer(at, helpline.definition.zone, shown))


def encoded(helpline: Helpline, duties: tuple[OnDuty, ...], *, is_now: bool) -> msgspec.Raw:
    """The list of `On` as JSON."""
    return msgspec.Raw(_encode([_shown(helpline, duty, is_now=is_now) for duty in duties]))


def _opened(helpline: Helpline, authorization: str) -> None:
    key = authorization.removeprefix(BEARER)
    if key == authorization or helpline.api_keys.holder(key) is None:
        raise NotSignedIn("Ask with a key: Authorization: Bearer <key>. helpline api add makes one.")


def _shown(helpline: Helpline, duty: OnDuty, *, is_now: bool) -> On:
    account = helpline.people.get(duty.person)
    return On(
        duty.person,
        account.shown_name if account is not None else duty.person,
        duty.role,
        duty.starts_at,
        duty.ends_at,
        duty.channels,
        duty.languages,
        helpline.roster.attendance(duty.person) is not None if is_now else None,
    )


def _json(answer: object, status: int = 200) -> web.Response:
    return web.Response(body=_encode(answer), status=status, headers=HEADERS)
