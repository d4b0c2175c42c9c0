"""Posts to our own server as the carrier makes them: a form, signed with the account's token over its whole address."""

from collections.abc import Mapping

import aiohttp
from twilio.request_validator import RequestValidator

from sms.hooks import SIGNATURE

# As long as the carrier waits for a page of instructions.
ANSWER_SECONDS = 15.0


class NoPage(Exception):
    """The server was not heard, or did not answer with a page."""


class SignedPosts:
    """One session to one server. `close` it at the end."""

    def __init__(self, token: str) -> None:
        self._validator = RequestValidator(token)
        self._session: aiohttp.ClientSession | None = None

    async def post(self, url: str, form: Mapping[str, str]) -> str:
        """The page that is answered, empty when there is none. `NoPage` for anything but success."""
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=ANSWER_SECONDS))
        signature = self._validator.compute_signature(url, form)
        try:
            async with self._session.post(url, data=form, headers={SIGNATURE: signature}) as answer:
                if answer.status >= 300:
                    raise NoPage(f"answered {answer.status}")
                return await answer.text()
        except (aiohttp.ClientError, TimeoutError) as lost:
            raise NoPage(type(lost).__name__) from None

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
