"""One replica set for the run, a database and a Redis for each test, and nodes that end with it."""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import pytest

from app import DEMO
from helpline.definition import Definition, read_definition
from helpline.service import Helpline
from tests.cluster.houses import opened
from tests.engines import Redis, database_in, empty

OpenNode = Callable[..., Awaitable[Helpline]]


@pytest.fixture(scope="session")
def definition() -> Definition:
    return read_definition(DEMO)


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[Redis]:
    running = Redis(tmp_path / "redis")
    yield running
    running.close()


@pytest.fixture
async def database(replica_set: str) -> str:
    """The address of a database with nothing in it."""
    address = database_in(replica_set, f"cluster_{os.getpid()}")
    await asyncio.to_thread(empty, address)
    return address


@pytest.fixture
async def open_node(
    definition: Definition, database: str, redis: Redis, tmp_path: Path
) -> AsyncIterator[OpenNode]:
    """Opens one more node of the service, or of another one."""
    running: list[Helpline] = []

    async def open_one(other: Definition | None = None) -> Helpline:
        node = await opened(other or definition, database, redis.address, tmp_path / "keys")
        running.append(node)
        return node

    yield open_one
    for node in running:
        await node.close()
