"""The storm's clients, started for a test and gone after it."""

from collections.abc import AsyncIterator

import pytest

from tests.crash.server import Driver


@pytest.fixture
async def driver() -> AsyncIterator[Driver]:
    """Persons and supporters on the official Socket.IO client, told what to do."""
    driver = await Driver.launch()
    yield driver
    await driver.close()
