"""Where Redis is: `redis://`, `rediss://` (TLS), `redis+sentinel://host:26379,host:26379/primary` and `rediss+sentinel://`.

A password stands in the address: it comes from the environment, and is never printed.
"""

from urllib.parse import urlsplit

from helpline.errors import BadRequest

SCHEMES = frozenset({"redis", "rediss", "redis+sentinel", "rediss+sentinel"})


def checked_address(address: str) -> str:
    """The address; `BadRequest` with the mend for one that is none."""
    scheme = address.partition("://")[0]
    if scheme not in SCHEMES:
        raise BadRequest(
            "--bus: write it as redis://host:6379/0, rediss://host:6379/0 or "
            "redis+sentinel://host:26379,host:26379/primary."
        )
    if scheme.endswith("+sentinel") and not urlsplit(address).path.strip("/"):
        raise BadRequest("--bus: behind the sentinels' hosts stands what they call the primary: …/primary")
    return address
