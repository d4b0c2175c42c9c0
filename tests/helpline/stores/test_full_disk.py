"""A full disk: whoever still fits is kept, whoever does not is told, reads go on, and room mends it."""

import asyncio
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from helpline.clock import SystemClock
from helpline.errors import StoreFull
from helpline.ports import Record
from helpline.stores.sqlite import SqliteStore
from helpline.stores.sqlite_commits import FileFailed
from tests.helpline.stores.conftest import Holder

KILOBYTE = 1024


def record(log: str, seq: int, size: int) -> Record:
    return Record(log, seq, 1, bytes(size))


@pytest.fixture(params=[4])
def small_disk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    """A disk of its own, of 4 MB unless the test asks for more."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={request.param}m", "tmpfs", disk],
        capture_output=True,
        text=True,
        check=False,
    )
    if mounted.returncode != 0:
        pytest.fail(f"a small disk is needed to fill it, and mounting a tmpfs was refused: {mounted.stderr}")
    yield disk
    subprocess.run(["umount", disk], check=True)


async def at_once(store: SqliteStore, hold: Holder, records: list[Record]) -> list[Any]:
    async with hold(store):
        waiting = [asyncio.ensure_future(store.append(each)) for each in records]
        await asyncio.sleep(0)
    return await asyncio.gather(*waiting, return_exceptions=True)


async def check_small_ones_fit_beside_a_large_one(store: SqliteStore, hold: Holder, large: int) -> None:
    seen: list[str] = []
    await store.writer.run(lambda db: db.set_trace_callback(seen.append))
    batch = [record("c-1", 2, 200), record("c-2", 1, large), record("c-3", 1, 200), record("c-2", 2, 200)]
    outcomes = await at_once(store, hold, batch)
    assert [type(outcome).__name__ for outcome in outcomes] == [
        "NoneType",
        "StoreFull",
        "NoneType",
        "Conflict",
    ]
    # The whole batch began once, and then each of its four members by itself.
    begun = [number for number, statement in enumerate(seen) if statement == "BEGIN IMMEDIATE"]
    assert len(begun) == 1 + 1 + 4
    assert await store.read("c-1") == [record("c-1", 1, 200), record("c-1", 2, 200)]
    assert await store.read("c-2") == []
    assert await store.read("c-3") == [record("c-3", 1, 200)]
    assert store.ready


async def test_at_the_files_page_limit_the_small_records_of_a_batch_are_kept(
    sqlite: SqliteStore, hold: Holder
) -> None:
    await sqlite.append(record("c-1", 1, 200))
    pages: int = await sqlite.writer.run(lambda db: db.execute("PRAGMA page_count").fetchone()[0])
    await sqlite.writer.run(lambda db: db.execute(f"PRAGMA max_page_count = {pages + 8}").fetchall() and None)
    await check_small_ones_fit_beside_a_large_one(sqlite, hold, large=100 * KILOBYTE)
    await sqlite.writer.run(lambda db: db.execute("PRAGMA max_page_count = 100000").fetchall() and None)
    await sqlite.append(record("c-2", 1, 100 * KILOBYTE))
    assert await sqlite.read("c-2") == [record("c-2", 1, 100 * KILOBYTE)]


async def test_on_a_full_disk_the_small_records_of_a_batch_are_kept(small_disk: Path, hold: Holder) -> None:
    store = await SqliteStore.open(small_disk / "data", SystemClock())
    try:
        await store.append(record("c-1", 1, 200))
        ballast = small_disk / "ballast"
        ballast.write_bytes(bytes(3 * KILOBYTE * KILOBYTE))
        await check_small_ones_fit_beside_a_large_one(store, hold, large=1_000 * KILOBYTE)
        ballast.unlink()
        await store.append(record("c-2", 1, 1_000 * KILOBYTE))
        assert await store.read("c-2") == [record("c-2", 1, 1_000 * KILOBYTE)]
    finally:
        await store.close()


async def test_a_disk_filled_to_the_last_byte_loses_nothing_and_works_again_with_room(
    small_disk: Path,
) -> None:
    store = await SqliteStore.open(small_disk / "data", SystemClock())
    ballast = small_disk / "ballast"
    kept: dict[str, int] = {}
    try:
        for round_ in range(3):
            await fill_to_the_last_byte(store, kept, f"c-{round_}", ballast)
            for log, last in kept.items():
                assert await store.read(log) == [record(log, seq, 4_000) for seq in range(1, last + 1)]
            assert len(await store.heads()) == 0
            ballast.unlink(missing_ok=True)
            with capture_logs() as freed:
                await store.append(record(f"c-{round_}", kept[f"c-{round_}"] + 1, 4_000))
            assert [said["event"] for said in freed] == ["there is room on the disk again"]
            kept[f"c-{round_}"] += 1
    finally:
        await store.close()
    again = await SqliteStore.open(small_disk / "data", SystemClock())
    try:
        for log, last in kept.items():
            assert await again.read(log) == [record(log, seq, 4_000) for seq in range(1, last + 1)]
    finally:
        await again.close()


@pytest.mark.parametrize("small_disk", [18], indirect=True)
async def test_no_room_for_the_shared_index_counts_as_full_and_not_as_a_broken_disk(small_disk: Path) -> None:
    broken: list[FileFailed] = []
    store = await SqliteStore.open(small_disk / "data", SystemClock(), on_fatal=broken.append)
    try:
        with pytest.raises(StoreFull):
            await store.append(record("c-1", 1, 18_400 * KILOBYTE))
        # The log file has taken the whole disk by now. This one fits into it, but not its place in the index beside
        # it, which grows with every 4,096 pages or so.
        with pytest.raises(StoreFull):
            await store.append(record("c-1", 1, 17_000 * KILOBYTE))
        await store.append(record("c-1", 1, 1_000 * KILOBYTE))
        assert await store.read("c-1") == [record("c-1", 1, 1_000 * KILOBYTE)]
        assert broken == []
    finally:
        await store.close()


async def fill_to_the_last_byte(store: SqliteStore, kept: dict[str, int], log: str, ballast: Path) -> None:
    """Append until nothing fits any more, having left less and less room on the disk."""
    kept[log] = 0
    for _ in range(10):
        await store.append(record(log, kept[log] + 1, 4_000))
        kept[log] += 1
    with ballast.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4 * KILOBYTE))
        except OSError:
            pass
    with pytest.raises(StoreFull), capture_logs() as filled:
        await append_on_and_on(store, kept, log)
    with pytest.raises(StoreFull), capture_logs() as still:
        await append_on_and_on(store, kept, log)
    assert ["the disk is full" in said["event"] for said in (*filled, *still)] == [True]


async def append_on_and_on(store: SqliteStore, kept: dict[str, int], log: str) -> None:
    for _ in range(2_000):
        await store.append(record(log, kept[log] + 1, 4_000))
        kept[log] += 1
