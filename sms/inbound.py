"""What the carrier posts to us: whether it is really the carrier, and what it says.

Source of the form's fields and of the signature: Twilio's published webhook description.
"""

import hmac
import re
from base64 import b64encode
from collections.abc import Mapping
from typing import Literal
from urllib.parse import parse_qsl, unquote_to_bytes, urlsplit

import msgspec
from multidict import MultiDict

from helpline.errors import BadRequest

LONGEST_BODY = 5_000
LONGEST_FIELD = 64
MOST_MEDIA = 10
_FIELD = re.compile("(?:^|&)([^&=%]+)=([^&]*)")

Opted = Literal["", "STOP", "START", "HELP"]
# One word alone, in any case, as the carrier reads them. It blocks or frees the number itself; we only hear of it.
STOPS = frozenset({"STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT"})
STARTS = frozenset({"START", "YES", "UNSTOP"})


class Text(msgspec.Struct, frozen=True):
    """A text that came in. `body` is as it came, not trimmed. `media` counts what was attached: never opened."""

    sid: str
    from_: str
    to: str
    body: str
    media: int = 0
    opted: Opted = ""


class StatusTold(msgspec.Struct, frozen=True):
    """What became of a text of ours. `code` is 0 when nothing went wrong."""

    sid: str
    status: str
    code: int = 0


class Seal:
    """Tells the carrier's posts from anybody else's. `public` is our address as the carrier calls it.

    The signature is the one `twilio.request_validator` checks, which the tests hold it against; that one puts the form
    in order for every way to write the address, and here it is put in order once.
    """

    def __init__(self, token: str, public: str) -> None:
        if not public.startswith(("https://", "http://127.0.0.1", "http://localhost")):
            raise ValueError("The public address must begin with https://")
        signing = hmac.new(token.encode(), digestmod="sha1")
        self._begun = [_begun(signing, address) for address in _with_and_without_port(public.rstrip("/"))]

    def genuine(self, path_and_query: str, form: Mapping[str, str], signature: str) -> bool:
        """Whether `signature` is the carrier's for this form at this path of ours. Compared in constant time.

        The address is the configured one, never what the request claims: behind a proxy that is another's word.
        """
        if type(form) is dict:
            fields = "".join([name + form[name] for name in sorted(form)])
        else:
            fields = "".join([name + value for name, value in sorted(set(form.items()))])
        signed = (path_and_query + fields).encode("utf-8", "surrogatepass")
        given = signature.encode("utf-8", "surrogateescape")
        for place, begun in enumerate(self._begun):
            signing = begun.copy()
            signing.update(signed)
            if hmac.compare_digest(b64encode(signing.digest()), given):
                # The carrier writes the port of an address, or leaves it out, and does so again.
                self._begun.insert(0, self._begun.pop(place))
                return True
        return False


def _begun(signing: hmac.HMAC, address: bytes) -> hmac.HMAC:
    begun = signing.copy()
    begun.update(address)
    return begun


def _with_and_without_port(public: str) -> tuple[bytes, bytes]:
    parts = urlsplit(public)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    bare = f"{parts.scheme}://{parts.netloc.removesuffix(f':{port}')}"
    return f"{bare}{parts.path}".encode(), f"{bare}:{port}{parts.path}".encode()


def fields_of(posted: bytes) -> Mapping[str, str]:
    """The fields of a posted form in order, as `urllib.parse.parse_qsl` reads them with blank values kept.

    A dict where each name stands once and is written plainly, as in all that the carrier is known to post.
    """
    written = posted.decode("utf-8", "replace")
    found = _FIELD.findall(written.replace("+", " "))
    form = {
        name: unquote_to_bytes(value).decode("utf-8", "replace") if "%" in value else value
        for name, value in found
    }
    if len(form) == written.count("&") + 1 and posted.isascii():
        return form
    return MultiDict(parse_qsl(written, keep_blank_values=True))


def text_of(form: Mapping[str, str]) -> Text:
    """The text in a form. Unknown fields are passed over; `BadRequest` when its id or number is missing or too long."""
    sid = _field(form, "MessageSid") or _field(form, "SmsSid")
    from_ = _field(form, "From")
    if not sid or not from_:
        raise BadRequest("A text needs its MessageSid and From.")
    body = form.get("Body", "")
    return Text(
        sid=sid,
        from_=from_,
        to=_field(form, "To"),
        # Longer than the carrier ever sends; whatever comes is cut and not refused, for somebody wrote it.
        body=body[:LONGEST_BODY],
        media=min(_count(form.get("NumMedia", "")), MOST_MEDIA),
        opted=opted_by(form.get("OptOutType", ""), body),
    )


def status_of(form: Mapping[str, str]) -> StatusTold:
    """What a status callback says."""
    sid = _field(form, "MessageSid") or _field(form, "SmsSid")
    status = _field(form, "MessageStatus") or _field(form, "SmsStatus")
    if not sid or not status:
        raise BadRequest("A status needs its MessageSid and MessageStatus.")
    return StatusTold(sid, status, _count(form.get("ErrorCode", "")))


def opted_by(told: str, body: str) -> Opted:
    """Whether a text closes or opens their phone to us: as the carrier says, or else by its one word."""
    if told in ("STOP", "START", "HELP"):
        return told  # type: ignore[return-value]
    word = body.strip().upper()
    return "STOP" if word in STOPS else "START" if word in STARTS else ""


def _field(form: Mapping[str, str], name: str) -> str:
    value = form.get(name, "").strip()
    if len(value) > LONGEST_FIELD:
        raise BadRequest(f"{name} is longer than {LONGEST_FIELD} characters.")
    return value


def _count(written: str) -> int:
    return int(written) if written.isascii() and written.isdigit() and len(written) <= 9 else 0
