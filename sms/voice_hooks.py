"""`/hooks/voice`: what the carrier asks while a call is on, and somebody ringing the line. Signed as `/hooks/sms` is."""

from collections.abc import Awaitable, Callable, Mapping

import structlog
from aiohttp import web

from helpline.errors import HelplineError
from helpline.numbers import dialled
from helpline.service import Helpline
from sms import voice
from sms.calls import ON_OUR_SIDE, Ringer
from sms.hooks import genuine
from sms.inbound import Seal
from sms.rung_line import HIDDEN

log = structlog.get_logger()

LONGEST_CALL_SECONDS = 86_400
Form = Mapping[str, str]
OUTCOMES = frozenset({"completed", "busy", "no-answer", "failed", "canceled"})


RINGER: web.AppKey[Ringer] = web.AppKey("ringer", Ringer)


def add_routes(app: web.Application, helpline: web.AppKey[Helpline], seal: Seal) -> None:
    """The carrier's addresses for calls; the application has its `RINGER` by the time they are asked."""
    for path, view in {
        "": "rung",
        "/key": "key",
        "/nothing": "nothing",
        "/over": "over",
        "/bridge/{call}": "bridge",
        "/connect/{call}": "connect",
        "/done/{call}": "done",
        "/status/{call}": "status",
        "/machine/{call}": "machine",
    }.items():
        app.router.add_post(ON_OUR_SIDE + path, _view(view, helpline, seal))


def _view(
    name: str, helpline: web.AppKey[Helpline], seal: Seal
) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def view(request: web.Request) -> web.Response:
        hooks = VoiceHooks(request.app[helpline], request.app[RINGER])
        answer: web.Response = await getattr(hooks, name)(request, await genuine(request, seal))
        return answer

    return view


class VoiceHooks:
    """What the carrier asks about calls. Each takes the form of a post that the carrier signed."""

    def __init__(self, helpline: Helpline, ringer: Ringer) -> None:
        self._helpline, self._ringer = helpline, ringer

    async def rung(self, _: web.Request, form: Form) -> web.Response:
        """POST /hooks/voice: somebody rings the line. Who hides their number hears whom to ring instead."""
        definition = self._helpline.definition
        if self._number(form):
            return twiml(voice.greeting(definition, f"{ON_OUR_SIDE}/key", f"{ON_OUR_SIDE}/nothing"))
        try:
            await self._ringer.rung_line.hidden(form.get("CallSid", ""))
        except HelplineError as error:
            # Whom to ring in danger is said whether or not the call can be kept.
            log.warning("a missed call was not kept", error=type(error).__name__)
        return twiml(voice.said(definition, "text_emergency"))

    async def key(self, _: web.Request, form: Form) -> web.Response:
        """POST /hooks/voice/key: they pressed a key; 1 is a request to be rung back, kept before it is said."""
        number, definition = self._number(form), self._helpline.definition
        kept = False
        if number:
            try:
                kept = await self._ringer.rung_line.pressed(
                    form.get("CallSid", ""), number, form.get("Digits", "")
                )
            except HelplineError:
                raise web.HTTPServiceUnavailable(headers={"Retry-After": "5"}) from None
        return twiml(voice.said(definition, *(["voice_kept"] if kept else []), "text_emergency"))

    async def nothing(self, _: web.Request, form: Form) -> web.Response:
        """POST /hooks/voice/nothing: they heard it all and pressed nothing, which is a request as well."""
        number, definition = self._number(form), self._helpline.definition
        if not number:
            return twiml(voice.said(definition, "text_emergency"))
        try:
            await self._ringer.rung_line.nothing_pressed(form.get("CallSid", ""), number)
        except HelplineError:
            raise web.HTTPServiceUnavailable(headers={"Retry-After": "5"}) from None
        return twiml(voice.said(definition, "voice_kept", "text_emergency"))

    async def over(self, _: web.Request, form: Form) -> web.Response:
        """POST /hooks/voice/over: a call to the line has ended. Who pressed nothing is to be rung back."""
        ended = form.get("CallStatus", "") in OUTCOMES and form.get("Direction", "inbound") == "inbound"
        if ended and (number := self._number(form)):
            try:
                await self._ringer.rung_line.nothing_pressed(form.get("CallSid", ""), number)
            except HelplineError:
                raise web.HTTPServiceUnavailable(headers={"Retry-After": "5"}) from None
        return web.Response(status=204)

    async def bridge(self, request: web.Request, _: Form) -> web.Response:
        """POST /hooks/voice/bridge/<call>: our side answered."""
        return twiml(self._ringer.answered(request.match_info["call"]))

    async def connect(self, request: web.Request, form: Form) -> web.Response:
        """POST /hooks/voice/connect/<call>: our side pressed a key, or none."""
        return twiml(await self._ringer.pressed(request.match_info["call"], form.get("Digits", "")))

    async def done(self, request: web.Request, form: Form) -> web.Response:
        """POST /hooks/voice/done/<call>: how their side ended."""
        outcome, lasted = form.get("DialCallStatus", ""), form.get("DialCallDuration", "")
        seconds = int(lasted) if lasted.isascii() and lasted.isdigit() and len(lasted) < 9 else 0
        known = outcome if outcome in OUTCOMES else "unknown"
        seconds = min(seconds, LONGEST_CALL_SECONDS)
        return twiml(await self._ringer.done(request.match_info["call"], known, seconds))

    async def status(self, request: web.Request, form: Form) -> web.Response:
        """POST /hooks/voice/status/<call>: how our side's leg stands."""
        await self._ringer.status(request.match_info["call"], form.get("CallStatus", ""))
        return web.Response(status=204)

    async def machine(self, request: web.Request, form: Form) -> web.Response:
        """POST /hooks/voice/machine/<call>: what seems to have answered on their side."""
        await self._ringer.answered_by(request.match_info["call"], form.get("AnsweredBy", ""))
        return web.Response(status=204)

    def _number(self, form: Form) -> str:
        """The number they ring from, in E.164; empty when it is hidden."""
        number = dialled(form.get("From", ""), self._helpline.definition.country) or ""
        return number if number.startswith("+") and number not in HIDDEN else ""


def twiml(text: str) -> web.Response:
    return web.Response(text=text, content_type="text/xml")
