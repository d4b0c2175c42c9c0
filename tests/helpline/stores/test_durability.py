"""Acknowledged means on the disk: shown by the live connection, by system calls, and by killing the process."""

import asyncio
import os
import random
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from helpline.clock import SystemClock
from helpline.errors import StoreBusy
from helpline.ports import Record
from helpline.stores import schema
from helpline.stores.schema import StoreUnfit
from helpline.stores.sqlite import SqliteStore
from helpline.stores.sqlite_writer import EXIT_FILE_FAILED
from tests.helpline.stores.appending import LOGS, body_of
from tests.helpline.stores.conftest import SqliteOpener
from tests.helpline.stores.system_calls import acknowledged_in, acknowledged_too_early

ROOT = Path(__file__).parents[3]
APPENDING = [sys.executable, "-m", "tests.helpline.stores.appending"]


def traced(folder: Path, *arguments: str, options: tuple[str, ...] = ()) -> tuple[int, str]:
    """Run the appending process under strace: its exit status and the trace."""
    strace = shutil.which("strace")
    assert strace, "strace is needed to show the order of system calls: apt-get install strace"
    trace = folder.with_name("trace.txt")
    calls = "trace=fdatasync,fsync,write,pwrite64,sendto"
    done = subprocess.run(
        [strace, "-f", "-y", "-s", "65536", "-o", trace, "-e", calls, *options, *APPENDING, folder, *arguments],
        cwd=ROOT, capture_output=True, text=True, timeout=100, check=False,
    )  # fmt: skip
    assert trace.exists(), f"strace could not trace here: {done.stderr}"
    return done.returncode, trace.read_text(encoding="utf-8", errors="replace")


def modes_in(folder: Path) -> dict[str, int]:
    return {path.name: path.stat().st_mode & 0o777 for path in folder.iterdir()}


def appended_elsewhere(folder: Path) -> subprocess.CompletedProcess[str]:
    """Let a process of its own append one event to each log."""
    return subprocess.run(
        [*APPENDING, folder, "1"], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )


async def test_the_live_connection_says_it_is_durable(sqlite: SqliteStore) -> None:
    def asked(db: sqlite3.Connection) -> tuple[str, int]:
        return tuple(db.execute(f"PRAGMA {name}").fetchone()[0] for name in ("journal_mode", "synchronous"))

    assert await sqlite.writer.run(asked) == ("wal", 2)


async def test_a_file_that_would_not_be_durable_is_not_opened(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def without_shared_memory(path: Path) -> sqlite3.Connection:
        # SQLite's own way of locking where shared memory is missing, as on some network folders.
        return sqlite3.connect(f"file:{path}?vfs=unix-dotfile", uri=True, check_same_thread=False)

    monkeypatch.setattr(schema, "connect", without_shared_memory)
    with pytest.raises(StoreUnfit, match=r"helpline\.db: journal_mode is .* must be 'wal'"):
        await SqliteStore.open(folder, SystemClock())


async def test_a_file_of_a_later_version_is_not_touched(folder: Path, open_sqlite: SqliteOpener) -> None:
    store = await open_sqlite()
    await store.writer.run(lambda db: db.execute("PRAGMA user_version = 99").fetchall() and None)
    await store.close()
    with pytest.raises(StoreUnfit, match="later version"):
        await open_sqlite()


async def test_the_data_is_its_owners_only(folder: Path, sqlite: SqliteStore) -> None:
    await sqlite.audit(b"-")
    assert modes_in(folder) == {
        "helpline.db": 0o600, "helpline.db-wal": 0o600, "helpline.db-shm": 0o600, "helpline.lock": 0o600,
    }  # fmt: skip


async def test_a_second_process_is_refused_by_name(folder: Path, sqlite: SqliteStore) -> None:
    second = await asyncio.to_thread(appended_elsewhere, folder)
    assert second.returncode != 0
    assert "StoreBusy" in second.stderr
    assert f"Process {os.getpid()} already has the data in {folder} open" in second.stderr
    await sqlite.append(Record("c-1", 1, 1, b"-"))


async def test_a_second_store_in_the_same_process_is_refused_until_the_first_is_closed(
    folder: Path, open_sqlite: SqliteOpener
) -> None:
    first = await open_sqlite()
    with pytest.raises(StoreBusy, match=str(os.getpid())):
        await open_sqlite()
    await first.close()
    await open_sqlite()


def test_no_acknowledgement_leaves_the_process_before_its_sync(folder: Path) -> None:
    status, trace = traced(folder, "25")
    assert status == 0
    assert len(acknowledged_in(trace)) == 25 * len(LOGS)
    assert acknowledged_too_early(trace) == []


def test_the_check_of_system_calls_finds_a_store_that_does_not_sync(folder: Path) -> None:
    status, trace = traced(folder, "25", "unsafe")
    assert status == 0
    assert len(acknowledged_in(trace)) == 25 * len(LOGS)
    assert len(acknowledged_too_early(trace)) == 25 * len(LOGS)


async def test_a_failed_sync_stops_the_process_and_acknowledges_nothing_more(
    folder: Path, open_sqlite: SqliteOpener
) -> None:
    failing = ("-e", "inject=fdatasync,fsync:error=EIO:when=15+")
    status, trace = traced(folder, "25", options=failing)
    assert status == EXIT_FILE_FAILED
    acknowledged = acknowledged_in(trace)
    assert 0 < len(acknowledged) < 25 * len(LOGS)
    assert acknowledged_too_early(trace) == []
    first_failure = trace.index("EIO")
    assert acknowledged_in(trace[first_failure:]) == []
    await holds_what_was_acknowledged(await open_sqlite(), acknowledged)


async def test_a_killed_process_has_kept_whatever_it_acknowledged(
    folder: Path, open_sqlite: SqliteOpener, proving: bool
) -> None:
    seed = random.randrange(2**32) if proving else 20_260_306
    print(f"seed {seed}")
    chance = random.Random(seed)
    acknowledged: list[tuple[str, int]] = []
    for _ in range(50 if proving else 6):
        acknowledged += killed_after(folder, chance.randrange(1, 400))
        store = await open_sqlite()
        await holds_what_was_acknowledged(store, acknowledged)
        await store.close()


def killed_after(folder: Path, lines: int) -> list[tuple[str, int]]:
    """Start the appending process, kill it -9 after that many acknowledgements, and return all it wrote."""
    with subprocess.Popen([*APPENDING, folder, "1000000"], cwd=ROOT, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        said = [process.stdout.readline() for _ in range(lines)]
        process.kill()
        said += process.stdout.readlines()
    words = [line.split() for line in said if line.endswith(b"\n")]
    assert len(words) >= lines
    return [(log.decode(), int(seq)) for _, log, seq in words]


async def holds_what_was_acknowledged(store: SqliteStore, acknowledged: list[tuple[str, int]]) -> None:
    """Each acknowledged event is there exactly once, in order, with its words and its claim."""
    for log in LOGS:
        records = await store.read(log)
        assert [record.first_seq for record in records] == list(range(1, len(records) + 1))
        assert [record.body for record in records] == [body_of(log, seq + 1) for seq in range(len(records))]
        seqs = [seq for name, seq in acknowledged if name == log]
        assert seqs == sorted(set(seqs))
        assert not seqs or seqs[-1] <= len(records)
        if records:
            assert await store.find(body_of(log, len(records))) == (log, len(records))
