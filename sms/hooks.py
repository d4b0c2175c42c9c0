"""`/hooks/sms`: where the carrier brings texts and says what became of ours. Signed, durable before 200.

A post that is not the carrier's gets 403 and leaves nothing. When a text cannot be kept the answer is 503, so that
the carrier goes to its fallback address, or the poll finds it later.
"""

from collections.abc import Mapping

from aiohttp import web
from prometheus_client import Counter

from helpline.errors import BadRequest, HelplineError
from helpline.service import Helpline
from sms.inbound import Seal, fields_of, status_of, text_of
from sms.intake import take_in
from sms.lately import Lately
from sms.outbox import Outbox

LARGEST_POST = 65_536
SIGNATURE = "X-Twilio-Signature"
NOTHING_TO_SAY = b'<?xml version="1.0" encoding="UTF-8"?><Response/>'
XML = {"Content-Type": "text/xml; charset=utf-8"}

forged = Counter("helpline_hooks_forged", "Posts to the carrier's addresses that the carrier did not sign.")
received = Counter("helpline_texts_received", "Texts kept.")


class Hooks:
    """The carrier's addresses on our side."""

    def __init__(self, helpline: Helpline, outbox: Outbox, seal: Seal, lately: Lately) -> None:
        self._helpline, self._outbox, self._seal, self._lately = helpline, outbox, seal, lately

    async def text(self, request: web.Request) -> web.Response:
        """POST /hooks/sms and /hooks/sms/fallback: a text."""
        form = await genuine(request, self._seal)
        try:
            text = text_of(form)
        except BadRequest as refused:
            raise web.HTTPBadRequest(text=refused.message) from None
        try:
            await take_in(self._helpline, text, self._lately)
        except HelplineError:
            raise web.HTTPServiceUnavailable(headers={"Retry-After": "5"}) from None
        received.inc()
        return web.Response(body=NOTHING_TO_SAY, headers=XML)

    async def status(self, request: web.Request) -> web.Response:
        """POST /hooks/sms/status: what became of a text of ours."""
        form = await genuine(request, self._seal)
        try:
            told = status_of(form)
        except BadRequest as refused:
            raise web.HTTPBadRequest(text=refused.message) from None
        try:
            await self._outbox.told(told)
        except HelplineError:
            raise web.HTTPServiceUnavailable(headers={"Retry-After": "5"}) from None
        return web.Response(status=204)


async def genuine(request: web.Request, seal: Seal) -> Mapping[str, str]:
    """The form of a post that the carrier signed, read and checked once. 403 for any other, 413 for one too large."""
    if (request.content_length or 0) > LARGEST_POST:
        raise web.HTTPRequestEntityTooLarge(LARGEST_POST, request.content_length or 0)
    form = fields_of(await request.read())
    if not seal.genuine(request.path_qs, form, request.headers.get(SIGNATURE, "")):
        forged.inc()
        raise web.HTTPForbidden
    return form
