"""How the `twilio` library reaches the network: one aiohttp session, short timeouts, and nothing written to a log.

The library's own HTTP client logs every address and query, which carry phone numbers, and passes its timeout in a way
aiohttp no longer takes. A client of one's own is a door the library keeps open for this.
"""

import logging
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import aiohttp
from twilio.http import AsyncHttpClient
from twilio.http.response import Response

CONNECT_SECONDS = 5.0
ANSWER_SECONDS = 15.0
LONGEST_ANSWER = 2_000_000


class NotHeard(Exception):
    """No answer that can be used. `sent`: the request may have reached the carrier and been acted on."""

    def __init__(self, why: str, *, sent: bool) -> None:
        super().__init__(why)
        self.why, self.sent = why, sent


class Http(AsyncHttpClient):  # type: ignore[misc]  # the library brings no types
    """Requests for the library. `origin`, when given, takes the place of the carrier's scheme and host."""

    def __init__(
        self, origin: str = "", *, connect: float = CONNECT_SECONDS, answer: float = ANSWER_SECONDS
    ) -> None:
        super().__init__(logging.getLogger("twilio.unused"), True, None)
        self._origin = urlsplit(origin)
        self._timeout = aiohttp.ClientTimeout(total=answer, connect=connect)
        self._session: aiohttp.ClientSession | None = None
        self._closed = False
        self.retry_after = 0.0

    async def request(
        self,
        method: str,
        uri: str,
        params: dict[str, object] | None = None,
        data: dict[str, object] | None = None,
        headers: dict[str, str] | None = None,
        auth: tuple[str, str] | None = None,
        timeout: float | None = None,  # noqa: ASYNC109  # the library's own signature
        allow_redirects: bool = False,
    ) -> Response:
        """One request. `NotHeard` when nothing came, when it came too late, or when it was no answer of an API."""
        if self._closed:
            raise NotHeard("we are stopping", sent=False)
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=self._timeout)
        login = aiohttp.encode_basic_auth(*auth) if auth else None
        try:
            async with self._session.request(
                method,
                self._address(uri),
                params=_plain(params),
                data=_plain(data),
                headers={**(headers or {}), **({"Authorization": login} if login else {})},
                allow_redirects=False,
            ) as answer:
                self.retry_after = _seconds(answer.headers.get("Retry-After", ""))
                text = (await _whole(answer)).decode("utf-8", "replace")
                return Response(answer.status, text, dict(answer.headers))
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            raise NotHeard(f"no connection ({type(error).__name__})", sent=False) from None
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise NotHeard(f"no answer ({type(error).__name__})", sent=True) from None

    def _address(self, uri: str) -> str:
        if not self._origin.netloc:
            return uri
        return urlunsplit((self._origin.scheme, self._origin.netloc, *urlsplit(uri)[2:]))

    async def close(self) -> None:
        """Let the connections go. Nothing is asked any more."""
        self._closed = True
        if self._session is not None:
            await self._session.close()
            self._session = None


async def _whole(answer: aiohttp.ClientResponse) -> bytes:
    body = await answer.content.read(LONGEST_ANSWER + 1)
    while len(body) <= LONGEST_ANSWER and not answer.content.at_eof():
        body += await answer.content.read(LONGEST_ANSWER + 1 - len(body))
    if len(body) > LONGEST_ANSWER:
        raise NotHeard("an answer without an end", sent=True)
    return body


def _plain(fields: dict[str, object] | None) -> list[tuple[str, str]] | None:
    """Form fields as the API takes them: lists repeat their name, booleans are `true` and `false`."""
    if not fields:
        return None
    return [
        (name, str(one).lower() if isinstance(one, bool) else str(one))
        for name, value in fields.items()
        for one in (value if isinstance(value, list | tuple) else (value,))
    ]


def _seconds(retry_after: str) -> float:
    """`Retry-After` in seconds, 0 when it is absent or a date."""
    return min(float(retry_after), 3_600.0) if retry_after.isascii() and retry_after.isdigit() else 0.0


def unusable(answer: Any) -> bool:
    """Whether an answer lacks what every message and call of the API has: its id."""
    return not isinstance(getattr(answer, "sid", None), str) or not answer.sid
