"""Scripts, styles and pictures under `/static/`, packed once and held in memory.

aiohttp's own static route sends files as they lie on disk; on a slow phone the difference is the person's patience.
"""

import asyncio
import gzip
import hashlib
import mimetypes
from pathlib import Path

import msgspec
from aiohttp import web

PACKED = frozenset({".css", ".html", ".js", ".json", ".mjs", ".svg", ".webmanifest"})
TYPES = {".js": "text/javascript", ".mjs": "text/javascript", ".webmanifest": "application/manifest+json"}


class _Held(msgspec.Struct, frozen=True):
    """One file as it is sent. `packed` is empty for what is small enough already."""

    stamp: tuple[int, int]
    plain: bytes
    packed: bytes
    etag: str
    type: str


def add_routes(app: web.Application, folder: Path) -> None:
    """Serve the files of `folder` under `/static/`. A file that changes on disk is read again."""
    held: dict[Path, _Held] = {}
    root = folder.resolve()

    async def static(request: web.Request) -> web.StreamResponse:
        path = (root / request.match_info["path"]).resolve()
        if not path.is_relative_to(root) or not path.is_file():
            raise web.HTTPNotFound
        stat = path.stat()
        file = held.get(path)
        if file is None or file.stamp != (stat.st_mtime_ns, stat.st_size):
            file = held[path] = await asyncio.to_thread(_read, path, (stat.st_mtime_ns, stat.st_size))
        return _answer(request, file)

    app.router.add_get("/static/{path:.+}", static)


def _read(path: Path, stamp: tuple[int, int]) -> _Held:
    plain = path.read_bytes()
    packed = gzip.compress(plain, 9, mtime=0) if path.suffix in PACKED else b""
    guessed = TYPES.get(path.suffix) or mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    etag = hashlib.blake2b(plain, digest_size=12).hexdigest()
    return _Held(stamp, plain, packed if len(packed) < len(plain) else b"", etag, guessed)


def _answer(request: web.Request, file: _Held) -> web.Response:
    # Asked for again at every load and answered with 304: a new release is never mixed with an old one.
    headers = {"ETag": f'"{file.etag}"', "Cache-Control": "no-cache", "Vary": "Accept-Encoding"}
    if any(tag.value == file.etag for tag in request.if_none_match or ()):
        return web.Response(status=304, headers=headers)
    body = file.plain
    if file.packed and "gzip" in request.headers.get("Accept-Encoding", ""):
        headers["Content-Encoding"] = "gzip"
        body = file.packed
    charset = "utf-8" if file.type.startswith("text/") else None
    return web.Response(body=body, headers=headers, content_type=file.type, charset=charset)
