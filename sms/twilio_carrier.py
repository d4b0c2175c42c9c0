"""The real carrier: Twilio, through its own library.

Credentials are an API key and its secret, which can be taken back alone; the account's token signs what comes in and
is not used for calls out. Texts are listed by number and not by date: Twilio gives a text its date of sending only
once it has gone, and the ones in question are those that may not have.
"""

from collections.abc import AsyncIterator, Awaitable
from datetime import UTC, datetime
from typing import Any

import msgspec
from twilio.base.exceptions import TwilioException, TwilioRestException, TwilioServiceException
from twilio.http.response import Response
from twilio.rest import Client

from sms.carrier import Call, Kept, LineType, Refused, Unreachable
from sms.segments import LONGEST_TEXT
from sms.twilio_http import Http, NotHeard, unusable

PAGE = 50
MOST_LISTED = 10_000
TOO_BUSY = 429
_LINES: dict[str, LineType] = {
    "mobile": "mobile",
    "landline": "landline",
    "fixedVoip": "voip",
    "nonFixedVoip": "voip",
}


class Credentials(msgspec.Struct, frozen=True):
    """How we are known to Twilio. `number` is the helpline's own, in E.164; `service` a messaging service, if any.

    `origin` puts another scheme and host in the place of Twilio's.
    """

    account: str
    api_key: str
    api_secret: str
    number: str
    service: str = ""
    region: str = ""
    edge: str = ""
    origin: str = ""

    def __repr__(self) -> str:
        return f"Credentials(account={self.account!r}, number={self.number!r})"


class Webhooks(msgspec.Struct, frozen=True):
    """Where the carrier is told to post, empty where it is told nothing, or `GET …` where it would not post.

    `by_application`: an application of the account decides in their place.
    """

    texts: str = ""
    texts_fallback: str = ""
    calls: str = ""
    calls_over: str = ""
    does_texts: bool = True
    does_calls: bool = True
    by_application: bool = False


class _Said(msgspec.Struct, frozen=True):
    """What the API says with a refusal, as far as we read it."""

    code: int = 0


class TwilioCarrier:
    """`Carrier` over Twilio's API. `status_url` is told what becomes of each text and call."""

    def __init__(self, credentials: Credentials, *, status_url: str, http: Http | None = None) -> None:
        self._own = credentials
        self._status_url = status_url
        self._http = http or Http(credentials.origin)
        self._client = Client(
            credentials.api_key,
            credentials.api_secret,
            credentials.account,
            credentials.region or None,
            self._http,
            environment={"-": ""},  # what stands in the environment is nobody's business here
            edge=credentials.edge or None,
        )

    async def close(self) -> None:
        await self._http.close()

    async def send(self, to: str, text: str) -> Kept:
        """Hand over one text. `ValueError` when it is empty or over 1,600 characters: our mistake, not theirs."""
        if not text or len(text.encode("utf-16-le")) // 2 > LONGEST_TEXT:
            raise ValueError("A text has 1 to 1,600 characters.")
        sender = (
            {"messaging_service_sid": self._own.service} if self._own.service else {"from_": self._own.number}
        )
        made = await self._ask(
            self._client.messages.create_async(to=to, body=text, status_callback=self._status_url, **sender)
        )
        return _kept(made)

    async def fetch(self, sid: str) -> Kept:
        return _kept(await self._ask(self._client.messages(sid).fetch_async()))

    async def sent_to(self, to: str, since: datetime) -> AsyncIterator[Kept]:
        async for one in self._listed(since, to=to):
            if not one.inbound:
                yield one

    async def received(self, since: datetime) -> AsyncIterator[Kept]:
        async for one in self._listed(since, to=self._own.number):
            if one.inbound:
                yield one

    async def _listed(self, since: datetime, **which: str) -> AsyncIterator[Kept]:
        """The newest first, and no further back than `since`."""
        stream = await self._ask(
            self._client.messages.stream_async(page_size=PAGE, limit=MOST_LISTED, **which)
        )
        while (listed := await self._ask(anext(stream, None))) is not None:
            one = _kept(listed)
            if one.at is not None and one.at < since:
                return
            yield one

    async def line_type(self, number: str) -> LineType:
        found = await self._ask(
            self._client.lookups.v2.phone_numbers(number).fetch_async(fields="line_type_intelligence")
        )
        told = found.line_type_intelligence
        return _LINES.get(told.get("type") or "", "unknown") if isinstance(told, dict) else "unknown"

    async def own_number(self) -> Webhooks | None:
        """Where the carrier brings what comes to the helpline's number. None when the account has no such number."""
        listed = await self._ask(
            self._client.incoming_phone_numbers.list_async(phone_number=self._own.number, limit=1)
        )
        if not listed:
            return None
        (one,) = listed
        can = one.capabilities if isinstance(one.capabilities, dict) else {}
        return Webhooks(
            texts=_posted(one.sms_url, one.sms_method),
            texts_fallback=_posted(one.sms_fallback_url, one.sms_fallback_method),
            calls=_posted(one.voice_url, one.voice_method),
            calls_over=_posted(one.status_callback, one.status_callback_method),
            does_texts=bool(can.get("sms")),
            does_calls=bool(can.get("voice")),
            by_application=bool(one.sms_application_sid),
        )

    async def own_service(self) -> Webhooks | None:
        """Where the messaging service brings texts. None when it leaves that to the number."""
        one = await self._ask(self._client.messaging.v1.services(self._own.service).fetch_async())
        if one.use_inbound_webhook_on_number:
            return None
        return Webhooks(
            texts=_posted(one.inbound_request_url, one.inbound_method),
            texts_fallback=_posted(one.fallback_url, one.fallback_method),
        )

    async def bridge(self, first: str, instructions: str, done: str, *, rings: int = 30) -> Call:
        made = await self._ask(
            self._client.calls.create_async(
                to=first,
                from_=self._own.number,
                url=instructions,
                method="POST",
                status_callback=done,
                status_callback_event=["initiated", "ringing", "answered", "completed"],
                status_callback_method="POST",
                timeout=rings,
            )
        )
        return Call(made.sid, str(made.status or ""))

    async def call(self, sid: str) -> Call:
        kept = await self._ask(self._client.calls(sid).fetch_async())
        return Call(kept.sid, str(getattr(kept.status, "value", kept.status) or ""))

    async def hang_up(self, sid: str) -> None:
        await self._ask(self._client.calls(sid).update_async(status="completed"))

    async def _ask(self, question: Awaitable[Any]) -> Any:
        """The library's answer, or what went wrong as the two things that matter: no, and not now."""
        self._http.retry_after = 0.0
        try:
            answer = await question
        except NotHeard as error:
            raise Unreachable(error.why, unknown=error.sent) from None
        except (TwilioRestException, TwilioServiceException) as error:
            raise self._refusal(error) from None
        except (TwilioException, ValueError, TypeError, KeyError, AttributeError) as error:
            if (refused := self._refused_page(error)) is not None:
                raise refused from None
            raise Unreachable(f"an answer we cannot read ({type(error).__name__})", unknown=True) from None
        if hasattr(answer, "sid") and unusable(answer):
            raise Unreachable("an answer without an id", unknown=True)
        return answer

    def _refused_page(self, error: Exception) -> Refused | Unreachable | None:
        """A list that was refused comes as the library's general error, with the answer beside the words."""
        answer = error.args[1] if isinstance(error, TwilioException) and len(error.args) > 1 else None
        if not isinstance(answer, Response) or answer.ok:
            return None
        try:
            code = msgspec.json.decode(answer.text, type=_Said).code
        except msgspec.MsgspecError:
            code = 0
        return self._refusal(TwilioRestException(answer.status_code, "", code=code))

    def _refusal(self, error: TwilioRestException | TwilioServiceException) -> Refused | Unreachable:
        status = int(error.status)
        if status == TOO_BUSY:
            return Unreachable("the carrier is busy", unknown=False, wait=self._http.retry_after)
        if status >= 500 or status < 400:
            return Unreachable(f"the carrier answered {status}", unknown=True, wait=self._http.retry_after)
        code = error.code if isinstance(error.code, int) and error.code != status else 0
        return Refused(code, status)


def _posted(url: str | None, method: str | None) -> str:
    return f"GET {url}" if url and method == "GET" else url or ""


def _kept(one: Any) -> Kept:
    at = one.date_created
    return Kept(
        sid=one.sid,
        status=str(getattr(one.status, "value", one.status) or ""),
        to=one.to or "",
        from_=one.from_ or "",
        text=one.body or "",
        inbound=str(getattr(one.direction, "value", one.direction)) == "inbound",
        at=at.astimezone(UTC) if isinstance(at, datetime) else None,
        code=int(one.error_code or 0),
        media=int(one.num_media or 0),
    )
