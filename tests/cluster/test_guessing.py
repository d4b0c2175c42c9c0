"""Guessing at one node slows the same guesser down at every other: two whole applications in one process."""

import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer

from app import DEMO, init_app
from helpline.definition import Definition
from helpline.settings import Settings
from tests.cluster.houses import until
from tests.engines import Redis
from webchat.keys import HELPLINE

Client = TestClient[Any, Any]
FREE_TRIES = 5


@pytest.fixture
async def clients(
    definition: Definition, database: str, redis: Redis, tmp_path: Path
) -> AsyncIterator[tuple[Client, Client]]:
    settings = Settings(
        definition=DEMO,
        data=tmp_path / "data",
        keys=tmp_path / "keys",
        demo=True,
        store=database,
        bus=redis.address,
    )
    async with AsyncExitStack() as opened:
        one = await opened.enter_async_context(
            TestClient(TestServer(init_app(settings, definition=definition)))
        )
        two = await opened.enter_async_context(
            TestClient(TestServer(init_app(settings, definition=definition)))
        )
        for client in (one, two):
            nodes = client.server.app[HELPLINE].nodes  # type: ignore[attr-defined]
            await until(lambda nodes=nodes: not nodes.unheard, "hearing each other")  # type: ignore[misc]
        yield one, two


async def tried(client: Client, name: str) -> int:
    """The status a wrong password gets."""
    page = await (await client.get("/sign-in")).text()
    csrf = re.search(r'name="csrf" value="([^"]+)"', page)
    assert csrf
    fields = {"csrf": csrf[1], "name": name, "password": "not the password", "then": ""}
    async with client.post("/sign-in", data=fields, allow_redirects=False) as answer:
        return answer.status


async def test_who_guesses_at_one_node_is_slowed_down_at_the_other(clients: tuple[Client, Client]) -> None:
    one, two = clients
    for _ in range(FREE_TRIES):
        assert await tried(one, "dev") == 401
    assert await tried(one, "dev") == 429
    assert await tried(two, "dev") == 429
    # Somebody else's name from the same place is not held up yet.
    assert await tried(two, "jo") == 401
