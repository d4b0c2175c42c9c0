"""Redis as others run it: behind Sentinel, over TLS of an authority of their own, with users and passwords."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import structlog
from redis.exceptions import RedisError

from helpline.buses.addresses import checked_address
from helpline.buses.redis import RedisBus
from helpline.buses.redis_client import connected
from helpline.errors import BadRequest
from helpline.keys import FileKeys
from tests.cluster.houses import until
from tests.cluster.sentinels import Sentinels

# The sentinels notice after one second, agree, elect and promote; the node notices, asks them, and listens anew.
RECOVERED_WITHIN = 20.0


@pytest.fixture(scope="module")
def sentinels(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sentinels]:
    running = Sentinels(tmp_path_factory.mktemp("sentinels") / "redis")
    yield running
    running.close()


@pytest.fixture
async def keys(tmp_path: Path) -> AsyncIterator[FileKeys]:
    held = await FileKeys.open(tmp_path / "keys", data_exists=False)
    yield held
    await held.close()


@contextlib.asynccontextmanager
async def two_nodes(address: str, keys: FileKeys) -> AsyncIterator[tuple[RedisBus, RedisBus]]:
    one, other = RedisBus(address, keys, "n-one"), RedisBus(address, keys, "n-two")
    await one.open()
    await other.open()
    try:
        await until(lambda: not one.silent and not other.silent, "hearing themselves")
        yield one, other
    finally:
        await one.close()
        await other.close()


async def heard(here: RedisBus, there: RedisBus, log: str) -> None:
    """Returns once `there` was told of something written to `log`."""
    told: list[str] = []
    stop = there.listen(lambda name, first, last: told.append(name))
    here.announce(log, 1, 1)
    await until(lambda: log in told, log)
    stop()


@pytest.mark.parametrize(
    ("wrong", "put"),
    [
        ("a password", ("p%40ss", "guess")),
        ("the sentinels' password", ("s%40ntinels", "guess")),
        ("who vouches", ("?ssl_ca_certs=", "?ssl_keyfile=")),
    ],
)
async def test_what_is_wrong_in_the_address_keeps_a_node_deaf_and_is_not_printed(
    sentinels: Sentinels, keys: FileKeys, wrong: str, put: tuple[str, str]
) -> None:
    address = sentinels.address.replace(*put)
    client = connected(address)
    with pytest.raises((RedisError, OSError)) as refused:
        await client.publish("helpline:x", b"")
    await client.aclose()
    assert "guess" not in str(refused.value)
    bus = RedisBus(address, keys, "n-one")
    with structlog.testing.capture_logs() as logs:
        await bus.open()
        await until(lambda: logs, "a word about it")
        await bus.close()
    assert bus.silent
    assert "guess" not in str(logs)


async def test_a_node_needs_no_more_than_its_user_may(sentinels: Sentinels) -> None:
    client = connected(sentinels.address)
    assert await client.publish("helpline:x", b"") == 0
    for forbidden in (
        client.publish("another", b""),
        client.get("x"),
        client.config_get("*"),
    ):
        with pytest.raises(RedisError, match="permissions"):
            await forbidden
    await client.aclose()


async def test_one_redis_over_tls_with_a_user_needs_no_sentinel(sentinels: Sentinels, keys: FileKeys) -> None:
    address = f"rediss://helpline:p%40ss%2Fword@localhost:{sentinels.primary}/0?ssl_ca_certs={sentinels.authority.ca}"
    async with two_nodes(address, keys) as (here, there):
        await heard(here, there, "c-one")


@pytest.mark.parametrize(
    ("address", "named"),
    [
        ("redis://one/0?ssl_ca_certs=/ca.pem", "ssl_ca_certs"),
        ("rediss://one/0?ssl_ca_certs=/nowhere/ca.pem", "/nowhere/ca.pem"),
        ("rediss://one/0?sentinel_password=x", "sentinel_password"),
        ("redis+sentinel://one/night?password=x", "password"),
    ],
)
def test_what_may_not_stand_after_the_question_mark_is_named(address: str, named: str) -> None:
    with pytest.raises(BadRequest, match=named):
        checked_address(address)


async def test_nodes_behind_sentinels_go_on_at_the_replica_when_the_primary_is_killed(
    sentinels: Sentinels, keys: FileKeys
) -> None:
    async with two_nodes(sentinels.address, keys) as (here, there):
        await heard(here, there, "c-before")
        before, looks = sentinels.primary, asyncio.Event()
        there.on_missed(looks.set)
        sentinels.servers[before].kill()
        silent = await until(lambda: here.silent and there.silent, "noticing")
        again = await until(lambda: not here.silent and not there.silent, "hearing again", RECOVERED_WITHIN)
        assert looks.is_set(), "whoever was deaf must look at everything"
        assert sentinels.primary != before
        await heard(here, there, "c-after")
        print(f"silent after {silent:.1f} s, heard again {again:.1f} s later")
