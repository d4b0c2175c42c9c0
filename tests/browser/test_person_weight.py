"""How much a phone must fetch before somebody can write: everything, over the wire, as it was sent."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import expect

from tests.browser.chromium import PHONE, Windows
from tests.browser.evening import Evening, demonstration, evening
from webchat.words import SHIPPED

MOST = 60_000  # bytes


@pytest_asyncio.fixture
async def tonight(tmp_path: Path) -> AsyncIterator[Evening]:
    async with evening(tmp_path, demonstration()) as running:
        yield running


@pytest.mark.parametrize("tag", SHIPPED)
async def test_the_first_load_with_the_line_open_is_at_most_60_kilobytes(
    tonight: Evening, windows: Windows, tag: str
) -> None:
    page = await windows.open(screen=PHONE)
    devtools = await page.context.new_cdp_session(page)
    await devtools.send("Network.enable")
    sizes: dict[str, float] = {}
    names: dict[str, str] = {}

    def answered(told: dict[str, Any]) -> None:
        names[told["requestId"]] = told["response"]["url"].removeprefix(tonight.url)

    def finished(told: dict[str, Any]) -> None:
        sizes[told["requestId"]] = told["encodedDataLength"]  # headers and body, as they came

    devtools.on("Network.responseReceived", answered)
    devtools.on("Network.loadingFinished", finished)
    await page.goto(f"{tonight.url}/?lang={tag}", wait_until="networkidle")
    await page.fill("#box", "hello")
    await page.click("#send")
    await expect(page.locator("#sent")).not_to_be_empty()
    fetched = {names.get(request, request): int(size) for request, size in sizes.items()}
    whole = sum(fetched.values())
    print(f"\n{tag}: {whole} bytes in {len(fetched)} answers: {fetched}")
    assert "/static/vendor/socket.io.esm.min.js" in fetched
    assert whole <= MOST
