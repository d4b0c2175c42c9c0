"""Where Redis is: `redis://`, `rediss://` (TLS), `redis+sentinel://host:26379,host:26379/primary` and `rediss+sentinel://`.

A password stands in the address: it comes from the environment or a file, and is never printed. What may follow a `?`:
`ssl_ca_certs`, the file of whoever vouches for Redis and its sentinels, where that is nobody whom this machine trusts;
`ssl_certfile` and `ssl_keyfile`, where they ask who we are; `sentinel_username` and `sentinel_password`.
"""

from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

from helpline.errors import BadRequest

SCHEMES = frozenset({"redis", "rediss", "redis+sentinel", "rediss+sentinel"})
FILES = frozenset({"ssl_ca_certs", "ssl_certfile", "ssl_keyfile"})
OF_SENTINELS = frozenset({"sentinel_username", "sentinel_password"})


def checked_address(address: str) -> str:
    """The address; `BadRequest` with the mend for one that is none."""
    parts = urlsplit(address)
    if parts.scheme not in SCHEMES:
        raise BadRequest(
            "--bus: write it as redis://host:6379/0, rediss://host:6379/0 or "
            "redis+sentinel://host:26379,host:26379/primary."
        )
    sentinels = parts.scheme.endswith("+sentinel")
    if sentinels and not parts.path.strip("/"):
        raise BadRequest("--bus: behind the sentinels' hosts stands what they call the primary: …/primary")
    may = (FILES if parts.scheme.startswith("rediss") else frozenset()) | (
        OF_SENTINELS if sentinels else frozenset()
    )
    for name, value in parse_qsl(parts.query, keep_blank_values=True):
        if name not in may:
            known = ", ".join(sorted(may)) or "nothing; with TLS it begins with rediss://"
            raise BadRequest(f"--bus: {name} is not known there; after the ? may stand {known}")
        if name in FILES and not Path(value).is_file():
            raise BadRequest(f"--bus: {name}: there is no file {value}")
    return address
