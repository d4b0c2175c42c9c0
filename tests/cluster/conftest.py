"""The demonstration's service file, and nodes of it over a database and a Redis of the test's own, that end with it."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from app import DEMO
from helpline.definition import Definition, read_definition
from helpline.service import Helpline
from tests.cluster.houses import opened
from tests.engines import Redis

OpenNode = Callable[..., Awaitable[Helpline]]


@pytest.fixture(scope="session")
def definition() -> Definition:
    return read_definition(DEMO)


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
