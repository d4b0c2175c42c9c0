"""One connection to Redis, wherever it is and whoever leads there now."""

from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.asyncio.sentinel import Sentinel, SentinelConnectionPool
from redis.backoff import NoBackoff

from helpline.buses.addresses import FILES, OF_SENTINELS, checked_address

SENTINEL_PORT = 26_379
# Whoever does not answer within so many seconds is silent.
PATIENCE = 2.0


class _Led(Redis):
    """Redis as its sentinels know it, who are asked anew for every connection."""

    connection_pool: SentinelConnectionPool

    async def aclose(self, close_connection_pool: bool | None = None) -> None:
        try:
            await super().aclose(close_connection_pool)
        finally:
            await self.connection_pool.sentinel_manager.aclose()


def connected(address: str) -> Redis:
    """A client for one connection at a time, which never tries by itself: whoever uses it decides when to."""
    parts = urlsplit(checked_address(address))
    patience: dict[str, Any] = {
        "socket_timeout": PATIENCE,
        "socket_connect_timeout": PATIENCE,
        "retry": Retry(NoBackoff(), 0),
    }
    if not parts.scheme.endswith("+sentinel"):
        client: Redis = Redis.from_url(address, **patience, max_connections=1)
        return client
    given = dict(parse_qsl(parts.query))
    over: dict[str, Any] = {name: given[name] for name in FILES & given.keys()}
    if parts.scheme.startswith("rediss"):
        over["ssl"] = True
    _, _, hosts = parts.netloc.rpartition("@")
    places = [
        (host, int(port or SENTINEL_PORT))
        for host, _, port in (one.partition(":") for one in hosts.split(","))
    ]
    asking = {name.removeprefix("sentinel_"): given[name] for name in OF_SENTINELS & given.keys()}
    known_as = {"username": unquote(parts.username or ""), "password": unquote(parts.password or "")}
    sentinel = Sentinel(  # type: ignore[no-untyped-call]
        places,
        sentinel_kwargs={**patience, **over, **asking},
        **patience,
        **over,
        **{name: value for name, value in known_as.items() if value},
        max_connections=1,
    )
    primary: Redis = sentinel.master_for(parts.path.strip("/"), redis_class=_Led)
    return primary
