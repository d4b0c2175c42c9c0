"""A data folder that can be opened, closed and opened again, and a way to hold the writer still."""

import asyncio
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest

from helpline.clock import SystemClock
from helpline.ports import Store
from helpline.stores.mongo import MongoStore
from helpline.stores.records import Bounds
from helpline.stores.sqlite import SqliteStore

Opener = Callable[[], Awaitable[Store]]
SqliteOpener = Callable[..., Awaitable[SqliteStore]]
MongoOpener = Callable[..., Awaitable[MongoStore]]
Holder = Callable[[SqliteStore], AbstractAsyncContextManager[None]]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
async def open_sqlite(folder: Path) -> AsyncIterator[SqliteOpener]:
    """Opens the SQLite store of this test's folder, with other bounds if wanted; all are closed at the end."""
    opened: list[SqliteStore] = []

    async def open_one(bounds: Bounds | None = None) -> SqliteStore:
        store = await SqliteStore.open(folder, SystemClock(), bounds=bounds)
        opened.append(store)
        return store

    yield open_one
    for store in opened:
        await store.close()


@pytest.fixture
async def open_mongo(database: str) -> AsyncIterator[MongoOpener]:
    """Opens the MongoDB store on a database that was emptied for this test, with other bounds if wanted."""
    opened: list[MongoStore] = []

    async def open_one(bounds: Bounds | None = None) -> MongoStore:
        store = await MongoStore.open(database, SystemClock(), bounds=bounds)
        opened.append(store)
        return store

    yield open_one
    for store in opened:
        await store.close()


@pytest.fixture(params=["sqlite", "mongodb"])
def open_store(request: pytest.FixtureRequest) -> Opener:
    """Opens each implementation of the port in turn, always on the same data within one test."""
    opener: Opener = request.getfixturevalue(
        {"sqlite": "open_sqlite", "mongodb": "open_mongo"}[request.param]
    )
    return opener


@pytest.fixture
async def store(open_store: Opener) -> Store:
    return await open_store()


@pytest.fixture
async def sqlite(open_sqlite: SqliteOpener) -> SqliteStore:
    return await open_sqlite()


@pytest.fixture
def hold() -> Holder:
    """`async with hold(store):` keeps the writer busy, so that what is queued inside becomes one batch."""

    @asynccontextmanager
    async def held(store: SqliteStore) -> AsyncIterator[None]:
        entered, let_go = threading.Event(), threading.Event()

        def wait(_: object) -> None:
            entered.set()
            assert let_go.wait(30)

        waiting = asyncio.ensure_future(store.writer.run(wait))
        assert await asyncio.to_thread(entered.wait, 30)
        try:
            yield
        finally:
            let_go.set()
            await asyncio.wait([waiting])

    return held
