"""An evening to open, and to close whatever happens."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime
from pathlib import Path

import pytest

from helpline.definition import Definition
from tests.helpline.evening import EIGHT, Evening

OpenEvening = Callable[..., Awaitable[Evening]]


@pytest.fixture
async def open_evening(tmp_path: Path) -> AsyncIterator[OpenEvening]:
    """Opens the service on this test's files, with another definition or at another instant if wanted."""
    opened: list[Evening] = []

    async def open_one(definition: Definition | None = None, now: datetime = EIGHT) -> Evening:
        evening = Evening(tmp_path, definition, now)
        opened.append(evening)
        return await evening.open()

    yield open_one
    for evening in opened:
        await evening.close()


@pytest.fixture
async def evening(open_evening: OpenEvening) -> Evening:
    """The evening at eight: everybody is on the rota, nobody is here yet."""
    return await open_evening()
