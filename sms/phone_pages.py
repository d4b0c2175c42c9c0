"""`/demo/phone`: handsets on a page, in the place of people's phones, so that a newcomer can try texts in a minute.

Only a demonstration has it. The handsets hang on `PretendPhone`, which the helpline knows as its carrier; nothing is
signed, for nothing comes from outside. Every press is a plain form; with JavaScript the page follows by itself.
"""

import asyncio
import hmac
import secrets
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import aiohttp_jinja2
import msgspec
import phonenumbers
from aiohttp import web

from helpline.service import Helpline
from sms.carrier import ARRIVED, NOT_SENT, Kept
from sms.circuit import Circuit
from sms.inbound import Seal, StatusTold, Text
from sms.intake import take_in
from sms.phone_line import PHONE_LINE, PhoneLine
from sms.pretend import HANDSETS, OURS, PretendPhone

PAGE = "/demo/phone"
# A page that follows asks again after so long, or at once when something changed.
FOLLOWS_SECONDS = 20.0
# What the helpline asks the carrier for once the line is back.
MISSED = timedelta(hours=12)
LONGEST = 1_600

PRETEND: web.AppKey["Handsets"] = web.AppKey("pretend_phone")


class Shown(msgspec.Struct, frozen=True):
    """One text as a handset shows it. `state` is in words; `lost` when it is not on the phone."""

    sid: str
    text: str
    theirs: bool
    at: str
    state: str
    lost: bool = False


class Handsets:
    """The page's side of the pretend phone: what it shows, and a number that grows whenever that changes."""

    def __init__(self, helpline: Helpline, phone: PretendPhone, line: PhoneLine) -> None:
        self._helpline, self.phone, self.line = helpline, phone, line
        self.token = secrets.token_urlsafe(32)
        self.seq = 1
        self._moved = asyncio.Event()
        self._stop = phone.listen(self.moved)
        self._closed = False

    def moved(self) -> None:
        self.seq += 1
        self._moved.set()
        self._moved = asyncio.Event()

    def close(self) -> None:
        """Let every page that follows go. A second time it does nothing."""
        if not self._closed:
            self._closed = True
            self._stop()
            self._moved.set()

    async def after(self, seq: int) -> None:
        """Until something else is shown than at `seq`, or a while has passed."""
        if self.seq != seq or self._closed:
            return
        try:
            await asyncio.wait_for(self._moved.wait(), FOLLOWS_SECONDS)
        except TimeoutError:
            return

    def shown(self) -> dict[str, Any]:
        """What the page is drawn with."""
        return {
            "seq": self.seq,
            "down": self.phone.down,
            "ours": _written(OURS),
            "handsets": [self._handset(place, number) for place, number in enumerate(HANDSETS, 1)],
        }

    def _handset(self, place: int, number: str) -> dict[str, Any]:
        held = self.phone.handsets[number]
        texts = [one for one in self.phone.kept if number in (one.to, one.from_)]
        return {
            "place": place,
            "number": _written(number),
            "reachable": held.reachable,
            "opted_out": held.opted_out,
            "texts": [self._text(one) for one in texts],
        }

    def _text(self, one: Kept) -> Shown:
        at = one.at.astimezone(ZoneInfo(self._helpline.definition.zone)) if one.at else None
        words = one.text or "A picture"
        if one.inbound:
            state = "Waits: the line is down" if one.sid in self.phone.waiting else "Sent"
        elif one.status in NOT_SENT:
            state = "Did not arrive: this phone is off"
        else:
            state = "Arrived" if one.status in ARRIVED else "On its way"
        return Shown(
            sid=one.sid,
            text=words,
            theirs=one.inbound,
            at=f"{at:%H:%M}" if at else "",
            state=state,
            lost=not one.inbound and one.status in NOT_SENT,
        )


def attach(
    app: web.Application, helpline: web.AppKey[Helpline], on_circuit: Callable[[Circuit], None]
) -> None:
    """Give a demonstration its phone line and the page with the handsets."""

    async def opened(app: web.Application) -> AsyncIterator[None]:
        core = app[helpline]

        async def brought(text: Text) -> None:
            await take_in(core, text)

        async def told(status: StatusTold) -> None:
            await line.outbox.told(status)

        phone = PretendPhone(core.clock, brought, told)
        line = PhoneLine(core, phone, Seal(secrets.token_urlsafe(32), "http://127.0.0.1"), on_circuit)
        app[PHONE_LINE] = line
        app[PRETEND] = handsets = Handsets(core, phone, line)
        line.open()
        yield
        handsets.close()
        line.close()
        await phone.close()

    async def let_go(app: web.Application) -> None:
        app[PRETEND].close()

    app.cleanup_ctx.append(opened)
    app.on_shutdown.append(let_go)
    app.router.add_get(PAGE, page)
    app.router.add_get(f"{PAGE}/now", now)
    app.router.add_post(f"{PAGE}/text", text)
    app.router.add_post(f"{PAGE}/switch", switch)
    app.router.add_post(f"{PAGE}/line", line_switch)


async def page(request: web.Request) -> web.StreamResponse:
    """GET /demo/phone: the handsets."""
    return _drawn(request, "demo/phone.html")


async def now(request: web.Request) -> web.StreamResponse:
    """GET /demo/phone/now?seq=…: the handsets alone, once they show something else than at `seq`."""
    seq = request.query.get("seq", "")
    await request.app[PRETEND].after(int(seq) if seq.isascii() and seq.isdigit() and len(seq) < 10 else 0)
    return _drawn(request, "demo/_handsets.html")


def _drawn(request: web.Request, template: str) -> web.StreamResponse:
    handsets = request.app[PRETEND]
    context = {
        **handsets.shown(),
        "token": handsets.token,
        "demo": True,
        "service": "Pretend phones",
        "longest": LONGEST,
    }
    return aiohttp_jinja2.render_template(template, request, context)


async def text(request: web.Request) -> web.StreamResponse:
    """POST /demo/phone/text `{place, words}`, or `{place, picture}`: somebody sends a text from a handset."""
    fields = await _posted(request)
    words = fields.get("words", "").strip()[:LONGEST]
    media = 1 if fields.get("picture") else 0
    if words or media:
        await request.app[PRETEND].phone.types(_number(fields), words, media)
    raise web.HTTPSeeOther(PAGE)


async def switch(request: web.Request) -> web.StreamResponse:
    """POST /demo/phone/switch `{place, to: "on"|"off"}`: a handset goes off, or on."""
    fields = await _posted(request)
    request.app[PRETEND].phone.switch(_number(fields), reachable=fields.get("to") == "on")
    raise web.HTTPSeeOther(PAGE)


async def line_switch(request: web.Request) -> web.StreamResponse:
    """POST /demo/phone/line `{to: "up"|"down"}`: the whole line goes down, or is up again.

    Once it is up the helpline asks for what came meanwhile, as it does by itself every few minutes.
    """
    fields = await _posted(request)
    handsets = request.app[PRETEND]
    handsets.phone.cut(down=fields.get("to") == "down")
    if not handsets.phone.down:
        await handsets.line.take_in_missed(MISSED)
    raise web.HTTPSeeOther(PAGE)


def _written(number: str) -> str:
    """A number as people write it: 07700 900301."""
    return phonenumbers.format_number(phonenumbers.parse(number), phonenumbers.PhoneNumberFormat.NATIONAL)


async def _posted(request: web.Request) -> dict[str, str]:
    fields = {name: value for name, value in (await request.post()).items() if isinstance(value, str)}
    if not hmac.compare_digest(fields.get("token", "").encode(), request.app[PRETEND].token.encode()):
        raise web.HTTPForbidden(text="This page is out of date. Please open it again.")
    return fields


def _number(fields: dict[str, str]) -> str:
    places = {str(place): number for place, number in enumerate(HANDSETS, 1)}
    number = places.get(fields.get("place", ""))
    if number is None:
        raise web.HTTPBadRequest(text="There is no such phone.")
    return number
