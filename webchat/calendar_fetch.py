"""A calendar fetched from an address somebody typed in.

Such an address may point anywhere, at the machine's own services too, so every address a name resolves to must be
public, on every redirect, and the connection goes to the very address that was checked. Size and time are bounded,
also of what arrives compressed. Errors name the host and never the rest: a feed's address is its password.
"""

import asyncio
import ipaddress
import zlib
from typing import Any

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver
from yarl import URL

from helpline.errors import HelplineError

_MOST_REDIRECTS = 5
_CHUNK = 65_536
_LONGEST_ADDRESS = 2_000
_REDIRECTS = (301, 302, 303, 307, 308)
_GZIP_OR_ZLIB = 47
# Public by number and yet not the public's: addresses that carry a private one inside, and a cloud's own host.
_INNER = tuple(
    ipaddress.ip_network(net)
    for net in ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32", "168.63.129.16/32")
)
_Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class CalendarAddressRefused(HelplineError):
    """The address is not one a calendar may be fetched from."""

    code = "calendar_address_refused"
    message = "A calendar's address begins with https:// and is open to everybody who knows it."


class CalendarNotFetched(HelplineError):
    """The calendar did not come, or was too large."""

    code = "calendar_not_fetched"
    status = 502
    retry = "later"
    message = "That calendar could not be fetched. Please try again later, or send it as a file."


async def fetch_calendar(
    url: str, *, limit: int = 10_000_000, seconds: float = 20, allow_loopback: bool = False
) -> bytes:
    """What is at an https:// (or webcal://) address: at most `limit` bytes, within `seconds` in all.

    Raises `CalendarAddressRefused` or `CalendarNotFetched`. `allow_loopback` is for tests: it lets in http:// and this
    machine's own addresses, and no other private ones.
    """
    address = _checked(url, allow_loopback)
    connector = aiohttp.TCPConnector(
        resolver=_PublicResolver(allow_loopback), use_dns_cache=False, force_close=True
    )
    headers = {"Accept": "text/calendar, */*;q=0.1", "Accept-Encoding": "identity"}
    try:
        async with (
            asyncio.timeout(seconds),
            aiohttp.ClientSession(
                connector=connector,
                headers=headers,
                auto_decompress=False,
                cookie_jar=aiohttp.DummyCookieJar(),
            ) as session,
        ):
            for _ in range(_MOST_REDIRECTS + 1):
                async with session.get(address, allow_redirects=False) as response:
                    if response.status not in _REDIRECTS:
                        return await _body(response, limit)
                    address = _checked(_target(response), allow_loopback)
    except TimeoutError:
        raise CalendarNotFetched(f"{address.host} took longer than {seconds:g} seconds to answer.") from None
    except aiohttp.ClientError as failed:
        # The resolver's refusal arrives wrapped in the connector's own error.
        if isinstance(failed.__cause__, _NotPublic):
            raise CalendarAddressRefused(str(failed.__cause__)) from None
        raise CalendarNotFetched(f"{address.host} could not be reached. Please check the address.") from None
    raise CalendarNotFetched(f"{address.host} sends from one address to another without end.")


def _target(response: aiohttp.ClientResponse) -> str:
    try:
        return str(response.url.join(URL(response.headers.get("Location", ""))))
    except ValueError:
        raise CalendarNotFetched(f"{response.url.host} sends on to an address that cannot be read.") from None


def _checked(url: str, allow_loopback: bool) -> URL:
    """The address, if its form is one to fetch from. Names are checked when they are resolved, numbers here."""
    if len(url) > _LONGEST_ADDRESS:
        raise CalendarAddressRefused("That address is too long to be a calendar's.")
    try:
        address = URL(url.strip())
        if address.scheme in ("webcal", "webcals"):
            address = URL("https:" + url.strip().partition(":")[2])
        host, port = address.raw_host, address.port
    except ValueError:
        raise CalendarAddressRefused("That address cannot be read. It begins with https://") from None
    schemes = ("https", "http") if allow_loopback else ("https",)
    if address.scheme not in schemes or not host or port is None:
        raise CalendarAddressRefused
    if address.user is not None or address.password is not None:
        raise CalendarAddressRefused("Leave the name and password out of the address.")
    # What looks like a number ("127.1", "2130706433") is connected to without being resolved, so it is judged here.
    if ":" in host or host.replace(".", "").isdigit():
        try:
            public = _may_reach(ipaddress.ip_address(host), allow_loopback)
        except ValueError:
            public = False
        if not public:
            raise CalendarAddressRefused(_not_public(host))
    return address


def _may_reach(address: _Address, allow_loopback: bool) -> bool:
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    if address.is_loopback:
        return allow_loopback
    inner = any(address.version == net.version and address in net for net in _INNER)
    return address.is_global and not address.is_multicast and not inner


def _not_public(host: str) -> str:
    return f"{host[:200]} is not a public address, so no calendar is fetched from it."


class _NotPublic(OSError):
    """A name that resolves to an address that is not public."""


class _PublicResolver(AbstractResolver):
    """Resolves a name to public addresses only; the connection is made to these and no others."""

    def __init__(self, allow_loopback: bool) -> None:
        self._allow_loopback = allow_loopback
        self._resolver = ThreadedResolver()

    async def resolve(self, host: str, port: int = 0, family: Any = 0) -> list[ResolveResult]:
        """Addresses of the host. One that is not public refuses them all: a name for both is a trap."""
        found = await self._resolver.resolve(host, port, family)
        for one in found:
            if not _may_reach(ipaddress.ip_address(one["host"].partition("%")[0]), self._allow_loopback):
                raise _NotPublic(_not_public(host))
        return found

    async def close(self) -> None:
        await self._resolver.close()


async def _body(response: aiohttp.ClientResponse, limit: int) -> bytes:
    host = response.url.host
    if response.status in (401, 403, 404, 410):
        raise CalendarNotFetched(
            f"{host} has no calendar there, or does not let us see it ({response.status})."
        )
    if response.status != 200:
        raise CalendarNotFetched(f"{host} answered {response.status}. Please try again later.")
    packing = response.headers.get("Content-Encoding", "identity").strip().lower()
    if packing not in ("identity", "", "gzip", "x-gzip", "deflate"):
        raise CalendarNotFetched(f"{host} sent the calendar packed in a way that cannot be read.")
    unpacker = None if packing in ("identity", "") else zlib.decompressobj(_GZIP_OR_ZLIB)
    too_large = CalendarNotFetched(f"That calendar is larger than {limit // 1_000_000} MB.")
    if (response.content_length or 0) > limit:
        raise too_large
    kept = bytearray()
    async for chunk in response.content.iter_chunked(_CHUNK):
        try:
            # At most one byte too many is unpacked, whatever a small chunk may hold.
            kept += chunk if unpacker is None else unpacker.decompress(chunk, limit + 1 - len(kept))
        except zlib.error:
            raise CalendarNotFetched(f"{host} sent a damaged calendar.") from None
        if len(kept) > limit:
            raise too_large
    return bytes(kept)
