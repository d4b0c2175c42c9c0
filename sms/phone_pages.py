"""`/demo/phone`: handsets on a page, in the place of people's phones, so that a newcomer can try texts and calls in a
minute.

Only a demonstration has it. The handsets hang on `PretendPhone`, which the helpline knows as its carrier. What they
text is handed over in this process; a call is asked about over HTTP, signed, as the carrier does it. Every press is a
plain form; with JavaScript the page follows by itself.
"""

import asyncio
import hmac
import secrets
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import Any

import aiohttp_jinja2
from aiohttp import web

from helpline.service import Helpline
from sms import voice_hooks
from sms.calls import ON_OUR_SIDE, Ringer
from sms.circuit import Circuit
from sms.inbound import Seal, StatusTold, Text
from sms.intake import take_in
from sms.phone_line import PHONE_LINE, PhoneLine
from sms.phone_view import Phones, placed
from sms.pretend import OURS, STAFF, PretendPhone
from sms.signed_posts import SignedPosts
from sms.voice_hooks import RINGER

PAGE = "/demo/phone"
# A page that follows asks again after so long, or at once when something changed.
FOLLOWS_SECONDS = 20.0
# What the helpline asks the carrier for once the line is back.
MISSED = timedelta(hours=12)
LONGEST = 1_600

PRETEND: web.AppKey["Handsets"] = web.AppKey("pretend_phone")


class Handsets:
    """The page's side of the pretend phone: what it shows, and a number that grows whenever that changes."""

    def __init__(self, helpline: Helpline, phone: PretendPhone, line: PhoneLine) -> None:
        self.phone, self.line = phone, line
        self._view = Phones(phone, helpline.definition.zone, helpline.clock.now)
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
        return {"seq": self.seq, **self._view.shown()}


def attach(
    app: web.Application,
    helpline: web.AppKey[Helpline],
    origin: str,
    on_circuit: Callable[[Circuit], None],
) -> None:
    """Give a demonstration its phone line and the page with the handsets. `origin` is where this server answers."""
    secret = secrets.token_urlsafe(32)
    seal = Seal(secret, origin)

    async def opened(app: web.Application) -> AsyncIterator[None]:
        core = app[helpline]
        posts = SignedPosts(secret)

        async def brought(text: Text) -> None:
            await take_in(core, text)

        async def told(status: StatusTold) -> None:
            await line.outbox.told(status)

        phone = PretendPhone(core.clock, brought, told, posts.post, f"{origin}{ON_OUR_SIDE}")
        await _hand_out(core, phone)
        line = PhoneLine(core, phone, seal, on_circuit)
        ringer = app[RINGER] = Ringer(core, phone, OURS, origin, line.outbox.breaker)
        app[PHONE_LINE] = line
        app[PRETEND] = handsets = Handsets(core, phone, line)
        core.our_number = OURS
        line.open()
        ringer.open()
        yield
        handsets.close()
        ringer.close()
        line.close()
        await phone.close()
        await posts.close()

    async def let_go(app: web.Application) -> None:
        app[PRETEND].close()

    app.cleanup_ctx.append(opened)
    app.on_shutdown.append(let_go)
    voice_hooks.add_routes(app, helpline, seal)
    app.router.add_get(PAGE, page)
    app.router.add_get(f"{PAGE}/now", now)
    app.router.add_post(f"{PAGE}/text", text)
    app.router.add_post(f"{PAGE}/call", call)
    app.router.add_post(f"{PAGE}/switch", switch)
    app.router.add_post(f"{PAGE}/line", line_switch)


async def _hand_out(helpline: Helpline, phone: PretendPhone) -> None:
    """A phone for everybody who may be with somebody; who put in a number of their own keeps it."""
    staff = [one for one in helpline.people if one.active and one.principal.is_any("supporter", "lead")]
    free = iter(number for number in STAFF if number not in {one.phone for one in staff})
    for account in staff:
        number = account.phone or next(free, "")
        if number and not account.phone:
            await helpline.people.set_phone(account.id, number)
        if number in STAFF:
            phone.give(account.shown_name, number)


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
        await request.app[PRETEND].phone.types(_number(request, fields), words, media)
    raise web.HTTPSeeOther(PAGE)


async def call(request: web.Request) -> web.StreamResponse:
    """POST /demo/phone/call `{place, do: "ring"|"ring_hidden"}`, or about a call
    `{place, call, do: "answer"|"reject"|"voicemail"|"hang_up"|key}`.

    A press about a call that is over does nothing.
    """
    fields = await _posted(request)
    number, phone = _number(request, fields), request.app[PRETEND].phone
    match fields.get("do", ""):
        case "ring" | "ring_hidden" as how:
            phone.rings_us(number, hidden=how == "ring_hidden")
        case deed:
            phone.calls.does(fields.get("call", ""), deed)
    raise web.HTTPSeeOther(PAGE)


async def switch(request: web.Request) -> web.StreamResponse:
    """POST /demo/phone/switch `{place, to: "on"|"off"}`: a handset goes off, or on."""
    fields = await _posted(request)
    request.app[PRETEND].phone.switch(_number(request, fields), reachable=fields.get("to") == "on")
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


async def _posted(request: web.Request) -> dict[str, str]:
    fields = {name: value for name, value in (await request.post()).items() if isinstance(value, str)}
    if not hmac.compare_digest(fields.get("token", "").encode(), request.app[PRETEND].token.encode()):
        raise web.HTTPForbidden(text="This page is out of date. Please open it again.")
    return fields


def _number(request: web.Request, fields: dict[str, str]) -> str:
    handset = placed(request.app[PRETEND].phone).get(fields.get("place", ""))
    if handset is None:
        raise web.HTTPBadRequest(text="There is no such phone.")
    return handset.number
