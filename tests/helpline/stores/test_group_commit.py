"""What waits together is written together, nobody suffers for another's mistake, and waiting has its bounds."""

import asyncio
import sqlite3
import threading
from pathlib import Path
from typing import Any

import pytest

from helpline.clock import SystemClock
from helpline.errors import ClaimTaken, Conflict, NotSaved, StoreFull
from helpline.ports import Record
from helpline.stores.records import Bounds
from helpline.stores.sqlite import SqliteStore
from helpline.stores.sqlite_commits import FileFailed
from tests.helpline.stores.conftest import Holder, SqliteOpener


def record(log: str, seq: int = 1, *claims: bytes, size: int = 100) -> Record:
    return Record(log, seq, 1, bytes(size), claims, (seq,) * len(claims))


def ready(store: SqliteStore) -> bool:
    return store.ready


async def together(store: SqliteStore, hold: Holder, records: list[Record]) -> list[Any]:
    """Append all of `records` in one batch; what each caller got."""
    async with hold(store):
        waiting = [asyncio.ensure_future(store.append(each)) for each in records]
        await asyncio.sleep(0)
    return await asyncio.gather(*waiting, return_exceptions=True)


async def statements_of(store: SqliteStore) -> list[str]:
    """A list that from now on grows by each statement the writer executes."""
    seen: list[str] = []
    await store.writer.run(lambda db: db.set_trace_callback(seen.append))
    return seen


async def test_a_batch_is_one_transaction_of_few_statements(sqlite: SqliteStore, hold: Holder) -> None:
    seen = await statements_of(sqlite)
    await together(sqlite, hold, [record(f"c-{n}", 1, bytes([n])) for n in range(100)])
    assert (
        sum(statement == "COMMIT" for statement in seen) == 3
    )  # the tracing's, the holding call's, the batch's
    inserts = [statement for statement in seen if statement.startswith("INSERT")]
    assert len(inserts) == 3  # logs, records, claims


async def test_many_writing_at_once_need_far_fewer_commits_than_appends(sqlite: SqliteStore) -> None:
    seen = await statements_of(sqlite)

    async def talk(log: str) -> None:
        for seq in range(1, 21):
            await sqlite.append(record(log, seq))

    await asyncio.gather(*[talk(f"c-{n}") for n in range(50)])
    commits = sum(statement == "COMMIT" for statement in seen)
    assert 20 <= commits <= 200
    assert [each.first_seq for each in await sqlite.read("c-49")] == list(range(1, 21))


async def test_a_batch_larger_than_one_statement_may_be_is_still_one_transaction(
    sqlite: SqliteStore, hold: Holder
) -> None:
    seen = await statements_of(sqlite)
    assert set(await together(sqlite, hold, [record(f"c-{n}") for n in range(1_000)])) == {None}
    assert sum(statement == "COMMIT" for statement in seen) == 3
    assert await sqlite.read("c-999") == [record("c-999")]


async def test_a_conflict_in_a_batch_fails_alone(sqlite: SqliteStore, hold: Holder) -> None:
    await sqlite.append(record("c-1"))
    outcomes = await together(
        sqlite, hold, [record("c-0"), record("c-1", 1), record("c-2"), record("c-1", 2)]
    )
    assert [type(outcome) for outcome in outcomes] == [type(None), Conflict, type(None), type(None)]
    assert [len(await sqlite.read(f"c-{n}")) for n in range(3)] == [1, 2, 1]


async def test_a_conflict_that_only_the_file_knows_of_fails_alone(
    open_sqlite: SqliteOpener, hold: Holder
) -> None:
    before = await open_sqlite()
    await before.append(record("c-1"))
    await before.close()
    after = await open_sqlite()
    outcomes = await together(after, hold, [record("c-0"), record("c-1"), record("c-2")])
    assert [type(outcome) for outcome in outcomes] == [type(None), Conflict, type(None)]


async def test_a_taken_claim_in_a_batch_fails_alone(sqlite: SqliteStore, hold: Holder) -> None:
    await sqlite.append(record("c-0", 1, b"held"))
    batch = [
        record("c-1", 1, b"a"),
        record("c-2", 1, b"held"),
        record("c-3", 1, b"b"),
        record("c-4", 1, b"b"),
    ]
    outcomes = await together(sqlite, hold, batch)
    assert [type(outcome) for outcome in outcomes] == [type(None), ClaimTaken, type(None), ClaimTaken]
    assert (outcomes[1].log, outcomes[3].log) == ("c-0", "c-3")
    assert [len(await sqlite.read(f"c-{n}")) for n in range(5)] == [1, 1, 0, 1, 0]


async def test_the_log_of_a_refused_record_does_not_move(sqlite: SqliteStore, hold: Holder) -> None:
    await sqlite.append(record("c-0", 1, b"held"))
    outcomes = await together(sqlite, hold, [record("c-1", 1, b"held"), record("c-1", 2), record("c-1", 1)])
    assert [type(outcome) for outcome in outcomes] == [ClaimTaken, Conflict, type(None)]
    await sqlite.append(record("c-1", 2))


async def test_a_value_that_cannot_be_kept_fails_alone(sqlite: SqliteStore, hold: Holder) -> None:
    odd = Record("c-1", 1, 1, b"-", (b"claim",), (2**70,))
    outcomes = await together(sqlite, hold, [record("c-0"), odd, record("c-2")])
    assert [type(outcome) for outcome in outcomes] == [type(None), OverflowError, type(None)]


async def test_documents_and_audit_ride_in_the_same_transaction_and_fail_alone(
    sqlite: SqliteStore, hold: Holder
) -> None:
    await sqlite.put("shift", "a", b"-", 0)
    seen = await statements_of(sqlite)
    async with hold(sqlite):
        waiting = asyncio.gather(
            sqlite.append(record("c-0")),
            sqlite.audit(b"one"),
            sqlite.put("shift", "a", b"stale", 0),
            sqlite.audit(b"two"),
            sqlite.append(record("c-1")),
            return_exceptions=True,
        )
        await asyncio.sleep(0)
    outcomes = await waiting
    assert [type(outcome).__name__ for outcome in outcomes] == [
        "NoneType", "AuditEntry", "Conflict", "AuditEntry", "NoneType",
    ]  # fmt: skip
    assert sum(statement == "COMMIT" for statement in seen) == 3
    assert [entry.n for entry in await sqlite.audit_entries()] == [1, 2]


async def test_reads_go_on_while_the_writer_is_held_up(sqlite: SqliteStore, hold: Holder) -> None:
    await sqlite.append(record("c-0"))
    async with hold(sqlite):
        assert await sqlite.read("c-0") == [record("c-0")]
        assert await sqlite.heads() == []


async def test_a_caller_who_gives_up_disturbs_nobody_and_what_they_wrote_is_kept(
    sqlite: SqliteStore, hold: Holder
) -> None:
    async with hold(sqlite):
        waiting = [asyncio.ensure_future(sqlite.append(record(f"c-{n}"))) for n in range(3)]
        await asyncio.sleep(0)
        waiting[1].cancel()
    outcomes = await asyncio.gather(*waiting, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [type(None), asyncio.CancelledError, type(None)]
    await sqlite.audit(b"after")
    assert await sqlite.read("c-1") == [record("c-1")]


async def test_past_ten_thousand_waiting_records_a_write_is_refused_at_once(
    sqlite: SqliteStore, hold: Holder
) -> None:
    async with hold(sqlite):  # the holding call is the first of the 10,000
        waiting = [asyncio.ensure_future(sqlite.append(record(f"c-{n}"))) for n in range(9_999)]
        await asyncio.sleep(0)
        assert ready(sqlite)
        with pytest.raises(NotSaved):
            await sqlite.append(record("c-late"))
        assert not ready(sqlite)
    assert set(await asyncio.gather(*waiting)) == {None}
    assert ready(sqlite)
    assert await sqlite.read("c-late") == []
    await sqlite.append(record("c-late"))


async def test_past_64_megabytes_waiting_a_write_is_refused_at_once(
    sqlite: SqliteStore, hold: Holder
) -> None:
    megabyte = 1024 * 1024
    async with hold(sqlite):
        waiting = [asyncio.ensure_future(sqlite.append(record(f"c-{n}", size=megabyte))) for n in range(63)]
        await asyncio.sleep(0)
        assert ready(sqlite)
        with pytest.raises(NotSaved):
            await sqlite.append(record("c-late", size=megabyte))
        assert not ready(sqlite)
        small = asyncio.ensure_future(sqlite.append(record("c-small")))
        await asyncio.sleep(0)
    assert set(await asyncio.gather(*waiting, small)) == {None}
    assert ready(sqlite)


async def test_the_store_is_ready_again_only_below_half(open_sqlite: SqliteOpener) -> None:
    store = await open_sqlite(Bounds(records=10))
    first_begun, first_may_end, second_begun, second_may_end = [threading.Event() for _ in range(4)]

    def stall(begun: threading.Event, may_end: threading.Event) -> asyncio.Future[Any]:
        def stalled(_: sqlite3.Connection) -> None:
            begun.set()
            assert may_end.wait(30)

        return store.writer.submit(stalled)

    stalled = [stall(first_begun, first_may_end)]
    assert await asyncio.to_thread(first_begun.wait, 30)
    stalled.append(stall(second_begun, second_may_end))
    waiting = [asyncio.ensure_future(store.append(record(f"c-{n}"))) for n in range(8)]
    await asyncio.sleep(0)
    with pytest.raises(NotSaved):
        await store.append(record("c-late"))
    assert not ready(store)
    first_may_end.set()
    assert await asyncio.to_thread(second_begun.wait, 30)
    assert stalled[0].done()
    assert not ready(store)  # there is room for one again, but nine still wait
    second_may_end.set()
    await asyncio.gather(*stalled, *waiting)
    assert ready(store)


async def test_a_write_not_confirmed_in_time_is_given_up_on(open_sqlite: SqliteOpener, hold: Holder) -> None:
    store = await open_sqlite(Bounds(wait_seconds=0.05))
    async with hold(store):
        with pytest.raises(NotSaved):
            await store.append(record("c-0"))
    await store.append(record("c-1"))
    assert await store.read("c-1") == [record("c-1")]


async def test_the_same_write_can_be_asked_for_again_after_it_was_given_up_on(
    open_sqlite: SqliteOpener, hold: Holder
) -> None:
    store = await open_sqlite(Bounds(wait_seconds=0.5))
    async with hold(store):
        with pytest.raises(NotSaved):
            await store.append(record("c-0", 1, b"same id"))
    await store.append(record("c-0", 1, b"same id"))
    assert await store.read("c-0") == [record("c-0")]


async def test_ten_seconds_is_what_a_write_waits() -> None:
    assert Bounds() == Bounds(wait_seconds=10.0, records=10_000, bytes=64 * 1024 * 1024)


async def test_a_closed_store_refuses_to_write(sqlite: SqliteStore) -> None:
    await sqlite.close()
    assert not ready(sqlite)
    with pytest.raises(NotSaved):
        await sqlite.append(record("c-0"))


async def test_another_program_locking_the_file_costs_a_retry_and_nothing_else(
    sqlite: SqliteStore, folder: Path
) -> None:
    await sqlite.writer.run(lambda db: db.execute("PRAGMA busy_timeout = 20").fetchall() and None)
    other = sqlite3.connect(folder / "helpline.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    outcomes = await asyncio.gather(
        *[sqlite.append(record(f"c-{n}")) for n in range(3)], return_exceptions=True
    )
    assert [type(outcome) for outcome in outcomes] == [NotSaved] * 3
    other.close()
    await sqlite.append(record("c-0"))


async def test_a_file_that_is_no_longer_sound_stops_the_writing(folder: Path) -> None:
    stopped: list[FileFailed] = []
    store = await SqliteStore.open(folder, SystemClock(), on_fatal=stopped.append)
    try:
        await store.append(record("c-0"))
        # The same error the writer would meet on a disk gone read-only.
        await store.writer.run(lambda db: db.execute("PRAGMA query_only = ON").fetchall() and None)
        with pytest.raises(NotSaved) as refused:
            await store.append(record("c-1"))
        assert not isinstance(refused.value, StoreFull)
        assert len(stopped) == 1
        assert "SQLITE_READONLY" in str(stopped[0])
        assert not ready(store)
        with pytest.raises(NotSaved):
            await store.append(record("c-2"))
        assert await store.read("c-0") == [record("c-0")]
    finally:
        await store.close()
