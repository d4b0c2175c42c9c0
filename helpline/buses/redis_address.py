"""Where Redis is: `redis://`, `rediss://` (TLS), `redis+sentinel://host:26379,host:26379/primary` and `rediss+sentinel://`.

A password stands in the address, so an address comes from the environment or a file's content, never from a command's
line in a list of processes, and is never printed.
"""

from typing import Any
from urllib.parse import unquote, urlsplit

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.asyncio.sentinel import Sentinel
from redis.backoff import NoBackoff

from helpline.errors import BadRequest

SCHEMES = frozenset({"redis", "rediss", "redis+sentinel", "rediss+sentinel"})
SENTINEL_PORT = 26_379
# Whoever does not answer within so many seconds is silent.
PATIENCE = 2.0


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


def connected(address: str) -> Redis:
    """A client for one connection at a time, which never tries by itself: whoever uses it decides when to."""
    scheme = checked_address(address).partition("://")[0]
    options: dict[str, Any] = {
        "socket_timeout": PATIENCE,
        "socket_connect_timeout": PATIENCE,
        "retry": Retry(NoBackoff(), 0),
        "max_connections": 1,
    }
    if not scheme.endswith("+sentinel"):
        client: Redis = Redis.from_url(address, **options)
        return client
    parts = urlsplit(address)
    _, _, hosts = parts.netloc.rpartition("@")
    options |= {"ssl": True} if scheme.startswith("rediss") else {}
    if parts.username:
        options["username"] = unquote(parts.username)
    if parts.password:
        options["password"] = unquote(parts.password)
    places = [
        (host, int(port or SENTINEL_PORT))
        for host, _, port in (one.partition(":") for one in hosts.split(","))
    ]
    asking = {"socket_timeout": PATIENCE, "socket_connect_timeout": PATIENCE}
    sentinel = Sentinel(places, sentinel_kwargs=asking, **options)  # type: ignore[no-untyped-call]
    primary: Redis = sentinel.master_for(parts.path.strip("/"))
    return primary
