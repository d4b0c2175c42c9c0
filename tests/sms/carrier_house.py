"""A server on this machine that answers as Twilio's documented API does, and holds every request to it.

Facts: the published descriptions of API v2010 (Messages, Calls) and Lookups v2. A request with a parameter they do not
have, a value of the wrong kind, or past a limit is answered as Twilio answers it and also kept in `wrong`.
"""

import asyncio
import base64
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any
from urllib.parse import parse_qsl

from aiohttp import web
from aiohttp.test_utils import TestServer

ACCOUNT = "AC" + "0" * 32
API_KEY = "SK" + "1" * 32
SECRET = "not-a-real-secret"
OURS = "+441632960800"
E164 = re.compile(r"\+[1-9]\d{1,14}")
URL = re.compile(r"https?://\S{1,2000}")
Rule = Callable[[str], bool]


def one_of(*words: str) -> Rule:
    return lambda value: value in words


def whole(least: int, most: int) -> Rule:
    return lambda value: value.isdigit() and least <= int(value) <= most


def _matches(pattern: re.Pattern[str]) -> Rule:
    return lambda value: pattern.fullmatch(value) is not None


_CALL_EVENTS = ("initiated", "ringing", "answered", "completed")
# What each request may carry, by the published description; only what is there may be sent.
ALLOWED: dict[str, dict[str, Rule]] = {
    "send": {
        "To": _matches(E164),
        "From": _matches(E164),
        "MessagingServiceSid": _matches(re.compile(r"MG[0-9a-fA-F]{32}")),
        "Body": lambda value: 1 <= len(value.encode("utf-16-le")) // 2 <= 1_600,
        "StatusCallback": _matches(URL),
        "ValidityPeriod": whole(1, 36_000),
        "SmartEncoded": one_of("true", "false"),
        "ProvideFeedback": one_of("true", "false"),
    },
    "list": {
        "To": _matches(E164),
        "From": _matches(E164),
        "PageSize": whole(1, 1_000),
        "Page": whole(0, 10**6),
        "PageToken": lambda value: bool(value),
    },
    "call": {
        "To": _matches(E164),
        "From": _matches(E164),
        "Url": _matches(URL),
        "Method": one_of("GET", "POST"),
        "StatusCallback": _matches(URL),
        "StatusCallbackEvent": one_of(*_CALL_EVENTS),
        "StatusCallbackMethod": one_of("GET", "POST"),
        "Timeout": whole(1, 600),
        "MachineDetection": one_of("Enable", "DetectMessageEnd"),
    },
    "fetch_call": {},
    "end_call": {"Status": one_of("canceled", "completed")},
    "lookup": {"Fields": one_of("line_type_intelligence")},
    "fetch": {},
    "numbers": {"PhoneNumber": _matches(E164), "PageSize": whole(1, 1_000)},
    "service": {},
}
Answer = Callable[[], web.StreamResponse]
SERVICE = "MG" + "2" * 32


def error(status: int, code: int, **headers: str) -> Answer:
    """The API's way to say no."""
    body = {"code": code, "message": "said by the carrier", "more_info": "", "status": status}
    return lambda: web.json_response(body, status=status, headers=headers)


def garbage(status: int, text: str, kind: str = "text/html") -> Answer:
    return lambda: web.Response(status=status, text=text, content_type=kind)


class CarrierHouse:
    """The carrier's side. Scripted answers are given first, in order, then honest ones."""

    def __init__(self) -> None:
        self.messages: list[dict[str, Any]] = []
        self.calls: list[dict[str, Any]] = []
        self.lines: dict[str, str] = {}
        self.script: list[Answer | str] = []
        # The same for one kind of request alone, whatever else is asked in between.
        self.script_of: dict[str, list[Answer | str]] = {}
        # A text is in a list only so long after it was taken.
        self.listed_after = timedelta(0)
        self._taken_at: dict[str, datetime] = {}
        self.wrong: list[str] = []
        self.asked: list[tuple[str, list[tuple[str, str]]]] = []
        self.now = datetime(2026, 1, 14, 21, 50, tzinfo=UTC)
        # As somebody set them in the carrier's console.
        self.number: dict[str, Any] = {"capabilities": {"sms": True, "voice": True}}
        self.service: dict[str, Any] = {}
        # Told of every request when it is there ("came") and when it was acted on ("acted").
        self.watch: Callable[[str, str], None] = lambda what, when: None
        app = web.Application(client_max_size=2**20)
        api = f"/2010-04-01/Accounts/{ACCOUNT}"
        app.router.add_post(f"{api}/Messages.json", self._of("send", self._send))
        app.router.add_get(f"{api}/Messages.json", self._of("list", self._list))
        app.router.add_get(f"{api}/Messages/{{sid}}.json", self._of("fetch", self._fetch))
        app.router.add_post(f"{api}/Calls.json", self._of("call", self._call))
        app.router.add_post(f"{api}/Calls/{{sid}}.json", self._of("end_call", self._end_call))
        app.router.add_get(f"{api}/Calls/{{sid}}.json", self._of("fetch_call", self._fetch_call))
        app.router.add_get("/v2/PhoneNumbers/{number}", self._of("lookup", self._lookup))
        app.router.add_get(f"{api}/IncomingPhoneNumbers.json", self._of("numbers", self._numbers))
        app.router.add_get("/v1/Services/{sid}", self._of("service", self._service))
        self.server = TestServer(app)

    async def open(self) -> "CarrierHouse":
        await self.server.start_server(access_log=None)  # theirs, not ours
        return self

    async def close(self) -> None:
        await self.server.close()

    @property
    def origin(self) -> str:
        return str(self.server.make_url("")).rstrip("/")

    def _of(self, what: str, answer: Callable[[web.Request, dict[str, str]], web.Response]) -> Any:
        async def view(request: web.Request) -> web.StreamResponse:
            # Whether an unanswered request was acted on is what a caller cannot know: here it can be either.
            script = self.script_of.get(what) or self.script
            scripted = script.pop(0) if script else None
            if scripted == "hang":
                await asyncio.sleep(3_600)
            if scripted == "drop" and request.transport is not None:
                request.transport.abort()
                return web.Response()
            if callable(scripted):
                return scripted()
            fields = parse_qsl(await request.text(), keep_blank_values=True) + list(request.query.items())
            self.asked.append((what, fields))
            if (fault := self._fault(request, what, fields)) is not None:
                return fault
            self.watch(what, "came")
            honest = answer(request, dict(fields))
            self.watch(what, "acted")
            if scripted == "take_and_hang":
                await asyncio.sleep(3_600)
            if scripted == "take_and_drop" and request.transport is not None:
                request.transport.abort()
            return honest

        return view

    def _fault(self, request: web.Request, what: str, fields: list[tuple[str, str]]) -> web.Response | None:
        login = "Basic " + base64.b64encode(f"{API_KEY}:{SECRET}".encode()).decode()
        if request.headers.get("Authorization") != login:
            return error(401, 20003)()  # type: ignore[return-value]
        for name, value in fields:
            rule = ALLOWED[what].get(name)
            if rule is None or not rule(value):
                self.wrong.append(f"{what}: {name}={value!r}")
                return error(400, 20001)()  # type: ignore[return-value]
        return None

    def _send(self, _request: web.Request, fields: dict[str, str]) -> web.Response:
        kept = self.keep(fields["To"], fields.get("From", OURS), fields["Body"])
        return web.json_response(kept, status=201)

    def keep(
        self, to: str, from_: str, text: str, *, inbound: bool = False, at: datetime | None = None
    ) -> Any:
        """A text the carrier has, as its API shows one."""
        kept: dict[str, Any] = {
            "sid": f"SM{len(self.messages):032x}",
            "account_sid": ACCOUNT,
            "api_version": "2010-04-01",
            "body": text,
            "date_created": format_datetime(at or self.now),
            "date_sent": None,
            "date_updated": format_datetime(at or self.now),
            "direction": "inbound" if inbound else "outbound-api",
            "error_code": None,
            "error_message": None,
            "from": from_,
            "messaging_service_sid": None,
            "num_media": "0",
            "num_segments": "1",
            "price": None,
            "price_unit": None,
            "status": "received" if inbound else "queued",
            "subresource_uris": {},
            "to": to,
            "uri": "",
        }
        self.messages.append(kept)
        self._taken_at[kept["sid"]] = self.now
        return kept

    def _list(self, request: web.Request, fields: dict[str, str]) -> web.Response:
        until = self.now - self.listed_after
        found = [
            one
            for one in reversed(self.messages)
            if fields.get("To", one["to"]) == one["to"]
            and fields.get("From", one["from"]) == one["from"]
            and self._taken_at[one["sid"]] <= until
        ]
        size, page = int(fields.get("PageSize", 50)), int(fields.get("Page", 0))
        shown = found[page * size : (page + 1) * size]
        more = len(found) > (page + 1) * size
        here = request.path
        next_ = (
            f"{here}?To={fields['To'].replace('+', '%2B')}&PageSize={size}&Page={page + 1}&PageToken=PA{page}"
        )
        return web.json_response(
            {
                "messages": shown,
                "page": page,
                "page_size": size,
                "start": page * size,
                "end": page * size + len(shown),
                "uri": here,
                "first_page_uri": here,
                "previous_page_uri": None,
                "next_page_uri": next_ if more else None,
            }
        )

    def _fetch(self, request: web.Request, _fields: dict[str, str]) -> web.Response:
        for one in self.messages:
            if one["sid"] == request.match_info["sid"]:
                return web.json_response(one)
        return error(404, 20404)()  # type: ignore[return-value]

    def _call(self, _request: web.Request, fields: dict[str, str]) -> web.Response:
        call = {"sid": f"CA{len(self.calls):032x}", "status": "queued", **fields}
        self.calls.append(call)
        return web.json_response(
            {"sid": call["sid"], "status": "queued", "to": fields["To"], "from": fields["From"]}, status=201
        )

    def _fetch_call(self, request: web.Request, _fields: dict[str, str]) -> web.Response:
        for one in self.calls:
            if one["sid"] == request.match_info["sid"]:
                return web.json_response({"sid": one["sid"], "status": one["status"]})
        return error(404, 20404)()  # type: ignore[return-value]

    def _end_call(self, request: web.Request, fields: dict[str, str]) -> web.Response:
        for one in self.calls:
            if one["sid"] == request.match_info["sid"]:
                one["status"] = fields["Status"]
                return web.json_response({"sid": one["sid"], "status": fields["Status"]})
        return error(404, 20404)()  # type: ignore[return-value]

    def _lookup(self, request: web.Request, fields: dict[str, str]) -> web.Response:
        number = request.match_info["number"]
        told = {"type": self.lines.get(number, "mobile"), "error_code": None} if "Fields" in fields else None
        return web.json_response({"phone_number": number, "valid": True, "line_type_intelligence": told})

    def _numbers(self, request: web.Request, fields: dict[str, str]) -> web.Response:
        owned = {"sid": "PN" + "3" * 32, "account_sid": ACCOUNT, "phone_number": OURS, **self.number}
        shown = [owned] if fields["PhoneNumber"] == OURS else []
        page = {"page": 0, "page_size": 1, "next_page_uri": None, "uri": request.path}
        return web.json_response({"incoming_phone_numbers": shown, **page})

    def _service(self, request: web.Request, _fields: dict[str, str]) -> web.Response:
        if request.match_info["sid"] != SERVICE:
            return error(404, 20404)()  # type: ignore[return-value]
        return web.json_response({"sid": SERVICE, "account_sid": ACCOUNT, **self.service})
