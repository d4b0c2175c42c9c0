"""What every test may lean on: the two lengths of the long suites.

`make test` runs each suite in its short form, which is the same on every run. `make prove` sets `HELPLINE_PROVE=1`:
parametrised sizes grow, Hypothesis looks for new examples, and tests marked `prove` join in.
"""

import asyncio
import os
from asyncio.selector_events import BaseSelectorEventLoop
from collections.abc import Iterator
from pathlib import Path
from socket import socket
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from tests.engines import Redis, emptied, shared_replica_set

PROVING = os.environ.get("HELPLINE_PROVE") == "1"

settings.register_profile(
    "short",
    max_examples=100,
    deadline=None,
    derandomize=True,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile(
    "long",
    max_examples=5_000,
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("long" if PROVING else "short")


@pytest.fixture(scope="session")
def proving() -> bool:
    """True under `make prove`, where a suite runs at its full size; False in its short form."""
    return PROVING


@pytest.fixture(scope="session")
def replica_set(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a MongoDB replica set of three, shared by every test process of this run."""
    root = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        root = root.parent
    with shared_replica_set(root / "mongodb") as address:
        yield address


@pytest.fixture
def database(replica_set: str) -> str:
    """The address of a database with nothing in it."""
    return emptied(replica_set, "test")


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[Redis]:
    """A Redis of this test's own."""
    running = Redis(tmp_path / "redis")
    yield running
    running.close()


@pytest.fixture(scope="session", autouse=True)
def sockets_of_cancelled_calls_are_closed() -> Iterator[None]:
    """PyMongo 4.20 forgets to close a socket whose connecting is cancelled, as its watchers' are when a client is closed
    soon after it was opened. Python frees it; the warning, an error here, would name whatever test runs by then."""
    connect = BaseSelectorEventLoop.sock_connect

    async def connected(loop: BaseSelectorEventLoop, sock: socket, address: Any) -> None:
        try:
            await connect(loop, sock, address)
        except asyncio.CancelledError:
            sock.close()
            raise

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(BaseSelectorEventLoop, "sock_connect", connected)
        yield
