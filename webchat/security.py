"""What guards every page: headers, where a request may come from, forms that are ours, and slowing down guessing.

No page holds an inline script or style. Nothing is cached but `/static/`.
Forms carry a token bound to an HttpOnly cookie (double submit); sockets and posts must come from our own origin.
"""

import hashlib
import hmac
import secrets
from collections.abc import Awaitable, Callable, Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

import msgspec
import structlog
from aiohttp import web
from multidict import CIMultiDict, MultiDictProxy

from helpline.errors import HelplineError, NotAllowed
from helpline.settings import Settings
from webchat.keys import DEFINITION, HELPLINE, SESSIONS, SETTINGS

log = structlog.get_logger()

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
PERMISSIONS = ", ".join(
    f"{feature}=()"
    for feature in (
        "accelerometer",
        "autoplay",
        "browsing-topics",
        "camera",
        "display-capture",
        "geolocation",
        "gyroscope",
        "magnetometer",
        "microphone",
        "payment",
        "usb",
    )
)
FIXED_HEADERS: Mapping[str, str] = {
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": PERMISSIONS,
}
HSTS = "max-age=63072000; includeSubDomains"
TOKEN_BYTES = 32
COOKIE_AGE = 20 * 3600
FORM_COOKIE = "form"
STAFF_COOKIE = "staff"
PERSON_COOKIE = "night"


# -- cookies -------------------------------------------------------------------------------------------------------


def new_token() -> str:
    """256 random bits, fit for a cookie."""
    return secrets.token_urlsafe(TOKEN_BYTES)


def cookie_name(settings: Settings, name: str) -> str:
    """`__Host-name` over TLS, where a browser lets nobody else set it; the bare name in a demonstration."""
    return f"__Host-{name}" if settings.secure else name


def cookie(request: web.Request, name: str) -> str:
    """The value of one of our cookies; empty when there is none."""
    return request.cookies.get(cookie_name(request.app[SETTINGS], name), "")


def set_cookie(
    request: web.Request,
    response: web.StreamResponse,
    name: str,
    value: str,
    *,
    samesite: str = "Lax",
    max_age: int | None = COOKIE_AGE,
) -> None:
    """HttpOnly, for the whole site, for this host only; Secure over TLS."""
    settings = request.app[SETTINGS]
    response.set_cookie(
        cookie_name(settings, name),
        value,
        path="/",
        httponly=True,
        secure=settings.secure,
        samesite=samesite,
        max_age=max_age,
    )


def clear_cookie(request: web.Request, response: web.StreamResponse, name: str) -> None:
    settings = request.app[SETTINGS]
    response.del_cookie(
        cookie_name(settings, name), path="/", httponly=True, secure=settings.secure, samesite="Lax"
    )


# -- where a request comes from ------------------------------------------------------------------------------------


def is_our_origin(settings: Settings, origin: str, host: str) -> bool:
    """True for our public origin, or, without one, for the very loopback name and port that was asked for."""
    if settings.public_origin:
        return origin == settings.public_origin
    return origin == f"http://{host}" and is_loopback(host)


@lru_cache(64)
def is_loopback(host: str) -> bool:
    """True when a Host header names this machine itself."""
    return (urlsplit(f"//{host}").hostname or "") in LOOPBACK


def address(request: web.Request) -> str:
    """Where the request came from. Never stored, never logged; see `AddressHash`."""
    if request.app[SETTINGS].behind_proxy:
        forwarded = request.headers.get("X-Forwarded-For", "").rpartition(",")[2].strip()
        if forwarded:
            return forwarded
    return request.remote or ""


# -- forms ---------------------------------------------------------------------------------------------------------


def form_token(cookie_value: str) -> str:
    """What a form must carry when it is posted with this cookie: nobody who cannot read the cookie can know it."""
    return hmac.new(cookie_value.encode(), b"form", hashlib.sha256).hexdigest()


async def posted(request: web.Request, cookie_value: str) -> MultiDictProxy[Any]:
    """The fields of a form. `NotAllowed` unless its `csrf` field belongs to the cookie."""
    fields = await request.post()
    sent = fields.get("csrf", "")
    if not cookie_value or not isinstance(sent, str):
        raise NotAllowed("This page is out of date. Please open it again.")
    if not hmac.compare_digest(sent.encode(), form_token(cookie_value).encode()):
        raise NotAllowed("This page is out of date. Please open it again.")
    return fields


# -- every request and every answer --------------------------------------------------------------------------------


@lru_cache(64)
def headers_of(origin: str, exit_address: str) -> CIMultiDict[str]:
    """What every answer carries, by our origin as it was asked for. They differ in nothing else, so they are made once."""
    own, exit_to = urlsplit(origin), urlsplit(exit_address)
    over_tls = own.scheme == "https"
    policy = (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; "
        "media-src 'self'; manifest-src 'self'; worker-src 'self'; "
        f"connect-src 'self' {'wss' if over_tls else 'ws'}://{own.netloc}; "
        # Chromium holds a form's redirect to this list too: /leave goes to the neutral site.
        f"form-action 'self' {exit_to.scheme}://{exit_to.netloc}; base-uri 'none'; frame-ancestors 'none'"
    )
    strict = {"Strict-Transport-Security": HSTS} if over_tls else {}
    return CIMultiDict({**FIXED_HEADERS, "Content-Security-Policy": policy, **strict})


async def put_headers(request: web.Request, response: web.StreamResponse) -> None:
    """On every answer, also refusals and files."""
    settings, headers = request.app[SETTINGS], response.headers
    origin = settings.public_origin if settings.secure else f"http://{request.host}"
    headers.merge(headers_of(origin, request.app[DEFINITION].exit_to))
    if not request.path.startswith("/static/"):
        headers.setdefault("Cache-Control", "no-store")
    headers.popall("Server", None)


@web.middleware
async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuses what comes from elsewhere, and words what is refused."""
    settings = request.app[SETTINGS]
    if not settings.public_origin and not is_loopback(request.host):
        raise web.HTTPMisdirectedRequest(text="This server answers only on its own names.")
    if request.method not in ("GET", "HEAD", "OPTIONS"):
        # Under our own `no-referrer` a browser sends a form's Origin as "null"; its CSRF token then speaks for it.
        origin = request.headers.get("Origin", "null")
        elsewhere = request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none")
        if elsewhere or (origin != "null" and not is_our_origin(settings, origin, request.host)):
            raise web.HTTPForbidden(text="That came from another site.")
    try:
        # Alone, this node knows every session there is; an unknown one is not worth a look into the store.
        if (staff := cookie(request, STAFF_COOKIE)) and not request.app[HELPLINE].bus.alone:
            await request.app[SESSIONS].find(staff)
        return await handler(request)
    except HelplineError as error:
        return (
            web.json_response(error.on_the_wire(), status=error.status)
            if wants_json(request)
            else _plain(error)
        )


def wants_json(request: web.Request) -> bool:
    """Asked by a script and not by somebody who looks at a page."""
    return "application/json" in request.headers.get("Accept", "")


def _plain(error: HelplineError) -> web.Response:
    return web.Response(text=error.message, status=error.status)


# -- slowing down guessing -----------------------------------------------------------------------------------------


class AddressHash:
    """Addresses as they may be held: hashed with a salt that is forgotten every 24 hours."""

    def __init__(self) -> None:
        self._salt = secrets.token_bytes(32)
        self._until = 0.0

    def __call__(self, address: str, now: float) -> str:
        if now >= self._until:
            self._salt, self._until = secrets.token_bytes(32), now + 24 * 3600
        return hashlib.blake2b(address.encode(), key=self._salt, digest_size=16).hexdigest()


class _Failures(msgspec.Struct):
    count: float
    at: float


class Throttle:
    """How long the next try at signing in must wait, in seconds.

    Counted per account and address together, per address, and per account. The first two grow to minutes; the last
    never asks for more than 2 seconds, so that nobody can lock a supporter out by guessing at their name.
    """

    FORGET = 15 * 60.0
    LONGEST = 300.0
    MOST_HELD = 50_000

    def __init__(self) -> None:
        self._failures: dict[str, _Failures] = {}

    def wait(self, account: str, address: str, now: float) -> float:
        """Seconds from now until a try may be made; 0 when it may be made at once."""
        return max(
            self._left(f"both {account} {address}", 5, now, self.LONGEST),
            self._left(f"address {address}", 30, now, self.LONGEST),
        )

    def slowed(self, account: str, now: float) -> float:
        """Seconds to take over the answer, whatever it is, because many have guessed at this account."""
        held = self._failures.get(f"account {account}")
        return 2.0 if held is not None and held.count >= 20 and now - held.at < self.FORGET else 0.0

    def failed(self, account: str, address: str, now: float) -> None:
        if len(self._failures) >= self.MOST_HELD:
            self._forget(now)
        for key in (f"both {account} {address}", f"address {address}", f"account {account}"):
            held = self._failures.setdefault(key, _Failures(0, now))
            held.count = held.count + 1 if now - held.at < self.FORGET else 1
            held.at = now

    def succeeded(self, account: str, address: str) -> None:
        """The right password, from there: what they mistyped before is forgotten."""
        self._failures.pop(f"both {account} {address}", None)

    def _left(self, key: str, free: int, now: float, longest: float) -> float:
        held = self._failures.get(key)
        if held is None or held.count < free or now - held.at >= self.FORGET:
            return 0.0
        wait = min(longest, 2.0 ** min(16.0, held.count - free))
        return float(max(0.0, held.at + wait - now))

    def _forget(self, now: float) -> None:
        self._failures = {key: held for key, held in self._failures.items() if now - held.at < self.FORGET}
        while len(self._failures) >= self.MOST_HELD:
            self._failures.pop(next(iter(self._failures)))
