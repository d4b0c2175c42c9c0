"""A file sent in with a form, read piece by piece so that nobody fills the memory; its token is checked first."""

import hmac
from collections.abc import Mapping

import msgspec
from aiohttp import BodyPartReader, web

from helpline.errors import BadRequest, NotAllowed, TooLong
from webchat.security import STAFF_COOKIE, cookie, form_token

LARGEST = 10_000_000
MOST_PARTS = 200
LONGEST_FIELD = 8_000


class SentFile(msgspec.Struct, frozen=True):
    """The fields of the form, and the bytes of its one file: empty when none was chosen."""

    fields: Mapping[str, str]
    file: bytes
    name: str

    @property
    def client_id(self) -> str:
        id = self.fields.get("client_id", "")
        if not id:
            raise BadRequest("This page is out of date. Please open it again.")
        return id


async def sent(request: web.Request, limit: int = LARGEST) -> SentFile:
    """The form of a staff page with one file of at most `limit` bytes.

    Raises `NotAllowed` when the token is missing, wrong or comes after the file, `TooLong` past the limit,
    `BadRequest` for what is no such form.
    """
    if not request.content_type.startswith("multipart/"):
        raise BadRequest("Please send it with the form of this page.")
    fields: dict[str, str] = {}
    file, name = b"", ""
    reader = await request.multipart()
    for _ in range(MOST_PARTS):
        part = await reader.next()
        if part is None:
            _check(request, fields)
            return SentFile(fields, file, name)
        if not isinstance(part, BodyPartReader) or not part.name:
            raise BadRequest("Please send it with the form of this page.")
        if part.filename is None:
            fields[part.name] = (await _read(part, LONGEST_FIELD)).decode(errors="replace")
        else:
            _check(request, fields)
            name, file = part.filename[:200], await _read(part, limit)
    raise BadRequest("Please send it with the form of this page.")


def _check(request: web.Request, fields: Mapping[str, str]) -> None:
    held = cookie(request, STAFF_COOKIE)
    if not held or not hmac.compare_digest(fields.get("csrf", "").encode(), form_token(held).encode()):
        raise NotAllowed("This page is out of date. Please open it again.")


async def _read(part: BodyPartReader, limit: int) -> bytes:
    pieces: list[bytes] = []
    size = 0
    while piece := await part.read_chunk(65_536):
        size += len(piece)
        if size > limit:
            raise TooLong(f"That is larger than {limit // 1_000_000} MB. Please send it in parts.")
        pieces.append(piece)
    return b"".join(pieces)
