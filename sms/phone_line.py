"""The helpline's phone line: what comes in by hook or by poll, what goes out, and how the carrier is doing."""

from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from pathlib import Path

import structlog
from aiohttp import web

from helpline.errors import BadRequest, HelplineError
from helpline.service import Helpline
from sms import voice_hooks
from sms.calls import Ringer
from sms.carrier import Carrier, Refused, Unreachable
from sms.circuit import Circuit
from sms.credentials import read_credentials
from sms.hooks import Hooks
from sms.inbound import Opted, Seal, StatusTold, Text, opted_by
from sms.intake import settle_opted, take_in
from sms.lately import Lately
from sms.outbox import Outbox
from sms.twilio_carrier import TwilioCarrier
from sms.voice_hooks import RINGER

log = structlog.get_logger()

POLL_EVERY = timedelta(minutes=3)
# At start the carrier is asked this far back: longer than anybody leaves a helpline down.
AT_START = timedelta(hours=48)
# Later each look reaches back over several earlier ones: a list may be late.
OVERLAP = timedelta(minutes=15)


STATUS_PATH = "/hooks/sms/status"


class PhoneLine:
    """`open` once the service runs, `close` before it stops. `on_circuit` hears when the carrier is lost, and back."""

    def __init__(
        self,
        helpline: Helpline,
        carrier: Carrier,
        seal: Seal,
        on_circuit: Callable[[Circuit], None] = lambda _: None,
    ) -> None:
        self._helpline, self._carrier = helpline, carrier
        self._agenda = helpline.dispatcher.agenda
        self.outbox = Outbox(helpline, carrier, on_circuit)
        self.lately = Lately()
        self.hooks = Hooks(helpline, self.outbox, seal, self.lately)
        self._open = False
        self._turn = 0

    def open(self) -> None:
        """Send what is pending, and ask the carrier for what never reached us."""
        self._open = True
        self.outbox.open()
        self._helpline.on_acting(self._begin)

    def close(self) -> None:
        self._open = False
        self.outbox.close()

    def _begin(self) -> None:
        self._turn += 1
        self._agenda.do(self._poll(AT_START, self._turn))

    async def _poll(self, back: timedelta, turn: int) -> None:
        """Ask now, and again and again, until this node has begun anew: acting may leave it and come back."""
        try:
            await self.take_in_missed(back)
            await self._ask_after_texts()
        except (Refused, Unreachable, HelplineError) as error:
            log.warning("the carrier was not asked for what was missed", error=type(error).__name__)
        finally:
            due = self._helpline.clock.now() + POLL_EVERY
            self._agenda.at(due, lambda: self._again(turn))

    def _again(self, turn: int) -> None:
        if self._open and turn == self._turn:
            self._agenda.do(self._poll(OVERLAP, turn))

    async def take_in_missed(self, back: timedelta) -> int:
        """Take in what the carrier has had for us for that long and we do not. How many that were, oldest first."""
        listed = [kept async for kept in self._carrier.received(self._helpline.clock.now() - back)]
        missed = 0
        last: dict[str, Opted] = {}
        for kept in reversed(listed):
            opted = opted_by("", kept.text)
            if opted in ("STOP", "START"):
                last[kept.from_] = opted
            claim = self._helpline.keys.claim("carrier", kept.sid)
            if await self._helpline.store.find(claim) is None:
                text = Text(kept.sid, kept.from_, kept.to, kept.text, kept.media, opted)
                await take_in(self._helpline, text, self.lately)
                missed += 1
        for number, word in last.items():
            await settle_opted(self._helpline, number, word)
        return missed

    async def _ask_after_texts(self) -> None:
        """What became of texts whose callback never came."""
        for contact in self._helpline.contacts():
            for way in contact.texts.on_the_way:
                if way.status not in ("undelivered", "failed", "canceled"):
                    kept = await self._carrier.fetch(way.sid)
                    await self.outbox.told(StatusTold(kept.sid, kept.status, kept.code))


PHONE_LINE: web.AppKey[PhoneLine] = web.AppKey("phone_line", PhoneLine)


def attach(
    app: web.Application,
    helpline: web.AppKey[Helpline],
    file: Path,
    public: str,
    country: str,
    on_circuit: Callable[[Circuit], None] = lambda _: None,
) -> None:
    """Give the application a phone line, known to the carrier by the credentials in `file`.

    `public` is our address as the carrier calls it. `BadRequest` when it or the file cannot be used.
    """
    credentials, token = read_credentials(file, country)
    try:
        seal = Seal(token, public)
    except ValueError:
        raise BadRequest(
            "--carrier needs --public-origin https://…, which is where the carrier calls."
        ) from None

    async def opened(app: web.Application) -> AsyncIterator[None]:
        carrier = TwilioCarrier(credentials, status_url=f"{public}{STATUS_PATH}")
        line = app[PHONE_LINE] = PhoneLine(app[helpline], carrier, seal, on_circuit)
        app[helpline].our_number = credentials.number
        line.open()
        ringer = app[RINGER] = Ringer(app[helpline], carrier, credentials.number, public, line.outbox.breaker)
        ringer.open()
        yield
        ringer.close()
        line.close()
        await carrier.close()

    async def text(request: web.Request) -> web.Response:
        return await request.app[PHONE_LINE].hooks.text(request)

    async def status(request: web.Request) -> web.Response:
        return await request.app[PHONE_LINE].hooks.status(request)

    app.cleanup_ctx.append(opened)
    voice_hooks.add_routes(app, helpline, seal)
    app.router.add_post("/hooks/sms", text)
    app.router.add_post("/hooks/sms/fallback", text)
    app.router.add_post(STATUS_PATH, status)
