"""One connection to Redis, wherever it is and whoever leads there now."""

from typing import Any
from urllib.parse import unquote, urlsplit

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.asyncio.sentinel import Sentinel
from redis.backoff import NoBackoff

from helpline.buses.addresses import checked_address

SENTINEL_PORT = 26_379
# Whoever does not answer within so many seconds is silent.
PATIENCE = 2.0


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
