"""Texts as a carrier brings them: signed posts over connections that are kept open, one in flight on each."""

import asyncio
import time
from collections.abc import Iterator, Sequence
from urllib.parse import urlencode

import msgspec
from aiohttp import web
from twilio.request_validator import RequestValidator

from bench.rig import BenchFailed

PATH = "/hooks/sms"
PUBLIC = "http://127.0.0.1:8080"
TOKEN = "0123456789abcdef0123456789abcdef"
ACCOUNT = "AC" + "0" * 32
OURS = "+441632960800"
CREDENTIALS = f"""[twilio]
account = "{ACCOUNT}"
api_key = "SK{"1" * 32}"
api_secret = "for-the-bench"
token = "{TOKEN}"
number = "{OURS}"
origin = "{{origin}}"
"""
_HEAD_ENDS = b"\r\n\r\n"
_LENGTH = b"content-length:"


class Sent(msgspec.Struct, frozen=True):
    """One text: who wrote it, what, and the request that brings it."""

    number: str
    words: str
    request: bytes


class Brought(msgspec.Struct, frozen=True):
    """All were answered with 200. `waits` are seconds from the request to its answer; `client_busy` 1.0 is one core."""

    per_second: float
    waits: list[float]
    client_busy: float


# Ofcom's for drama: a thousand of each.
_FOR_DRAMA = ("+447700900", "+441632960", "+442079460")


def numbers(count: int) -> list[str]:
    """So many numbers for drama, mobiles first. `ValueError` past the three thousand that are used here."""
    if count > 1_000 * len(_FOR_DRAMA):
        raise ValueError("There are three thousand such numbers here.")
    return [f"{_FOR_DRAMA[number // 1_000]}{number % 1_000:03d}" for number in range(count)]


def texts(count: int, of: Sequence[str], *, first: int = 0) -> Iterator[Sent]:
    """So many texts, from each of these numbers in turn, each with an id and words that no other has."""
    signing = RequestValidator(TOKEN)
    for n in range(first, first + count):
        number, words = of[n % len(of)], f"I can't sleep, it is text {n} tonight"
        form = _form(number, words, f"SM{n:032x}")
        body = urlencode(form).encode()
        head = (
            f"POST {PATH} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/x-www-form-urlencoded\r\n"
            f"Content-Length: {len(body)}\r\n"
            f"X-Twilio-Signature: {signing.compute_signature(PUBLIC + PATH, form)}\r\n\r\n"
        )
        yield Sent(number, words, head.encode() + body)


def _form(number: str, words: str, sid: str) -> dict[str, str]:
    """What Twilio posts for a text, with the fields that say nothing."""
    places = {f"{whose}{what}": "" for whose in ("From", "To") for what in ("City", "State", "Zip")}
    return places | {
        "ToCountry": "GB",
        "FromCountry": "GB",
        "SmsMessageSid": sid,
        "SmsSid": sid,
        "MessageSid": sid,
        "SmsStatus": "received",
        "NumMedia": "0",
        "NumSegments": "1",
        "Body": words,
        "From": number,
        "To": OURS,
        "AccountSid": ACCOUNT,
        "ApiVersion": "2010-04-01",
    }


async def bring(port: int, sent: Sequence[Sent], connections: int) -> Brought:
    """Bring them all, the texts of a number in their order over one connection. `BenchFailed` at any but a 200."""
    loop = asyncio.get_running_loop()
    lanes: list[list[bytes]] = [[] for _ in range(connections)]
    lane_of: dict[str, int] = {}
    for one in sent:
        lanes[lane_of.setdefault(one.number, len(lane_of) % connections)].append(one.request)
    began, used = time.perf_counter(), time.process_time()
    carriers = [
        (await loop.create_connection(lambda lane=lane: Carrier(lane), "127.0.0.1", port))[1]  # type: ignore[misc]
        for lane in lanes
        if lane
    ]
    try:
        await asyncio.gather(*(carrier.done for carrier in carriers))
    finally:
        for carrier in carriers:
            carrier.close()
    took = time.perf_counter() - began
    waits = [wait for carrier in carriers for wait in carrier.waits]
    return Brought(len(waits) / took, waits, (time.process_time() - used) / took)


class Carrier(asyncio.Protocol):
    """One connection that brings the next text as soon as the last was taken."""

    def __init__(self, requests: list[bytes]) -> None:
        self._requests = iter(requests)
        self._came = b""
        self._sent_at = 0.0
        self._transport: asyncio.Transport | None = None
        self.waits: list[float] = []
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._next()

    def data_received(self, data: bytes) -> None:
        self._came += data
        head, ended, body = self._came.partition(_HEAD_ENDS)
        if not ended or len(body) < _length(head):
            return
        if not head.startswith(b"HTTP/1.1 200 "):
            self._fail(head.partition(b"\r\n")[0].decode(errors="replace"))
            return
        self.waits.append(time.perf_counter() - self._sent_at)
        self._came = b""
        self._next()

    def connection_lost(self, exc: Exception | None) -> None:
        self._fail(f"the server hung up: {exc or 'without a word'}")

    def close(self) -> None:
        transport, self._transport = self._transport, None
        if transport is not None:
            transport.close()

    def _next(self) -> None:
        request = next(self._requests, None)
        if request is None:
            if not self.done.done():
                self.done.set_result(None)
        elif self._transport is not None:
            self._sent_at = time.perf_counter()
            self._transport.write(request)

    def _fail(self, why: str) -> None:
        if not self.done.done():
            self.done.set_exception(BenchFailed(why))


def _length(head: bytes) -> int:
    for line in head.split(b"\r\n"):
        if line[: len(_LENGTH)].lower() == _LENGTH:
            return int(line[len(_LENGTH) :])
    raise BenchFailed("an answer without a length")


def taking_carrier(taken: list[str]) -> web.Application:
    """The carrier's own side, for what the service answers: puts every text into `taken`; every number is a mobile."""

    async def send(request: web.Request) -> web.Response:
        form = await request.post()
        taken.append(f"SMout{len(taken):029x}")
        told = {"sid": taken[-1], "status": "queued", "to": form["To"], "from": OURS, "body": form["Body"]}
        return web.json_response(told | {"direction": "outbound-api", "num_media": "0"}, status=201)

    async def listed(request: web.Request) -> web.Response:
        return web.json_response(
            {"messages": [], "page": 0, "page_size": 50, "uri": request.path, "next_page_uri": None}
        )

    async def line(request: web.Request) -> web.Response:
        found = {"phone_number": request.match_info["number"], "line_type_intelligence": {"type": "mobile"}}
        return web.json_response(found | {"valid": True})

    app = web.Application()
    messages = f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json"
    app.router.add_post(messages, send)
    app.router.add_get(messages, listed)
    app.router.add_get("/v2/PhoneNumbers/{number}", line)
    return app
