"""Whatever many callers do at once, the store ends up as if they had come one after another."""

import asyncio
import os
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from helpline.clock import SystemClock
from helpline.errors import ClaimTaken, Conflict
from helpline.ports import Record, Store
from helpline.stores.mongo import MongoStore
from helpline.stores.sqlite import SqliteStore
from tests.conftest import PROVING
from tests.engines import database_in, empty
from tests.helpline.stores.conftest import Opener

LOGS = ("c-a", "c-b", "c-c")
CLAIMS = tuple(bytes([n]) for n in range(12))

# An attempt is a log, how far its first seq is from the right one, how many events, and what it claims.
attempts = st.tuples(
    st.sampled_from(LOGS),
    st.sampled_from((0, 0, 0, 0, -1, 1, 2)),
    st.integers(1, 3),
    st.lists(st.sampled_from(CLAIMS), max_size=2, unique=True),
)
Evening = list[list[tuple[str, int, int, list[bytes]]]]
evenings = st.lists(st.lists(attempts, min_size=1, max_size=8), min_size=1, max_size=8)


class Model:
    """What the rules of an append come to, one record at a time."""

    def __init__(self) -> None:
        self.logs: dict[str, list[Record]] = {log: [] for log in LOGS}
        self.claims: dict[bytes, tuple[str, int]] = {}

    def next_seq(self, log: str) -> int:
        return self.logs[log][-1].last_seq + 1 if self.logs[log] else 1

    def append(self, record: Record) -> str:
        if record.first_seq != self.next_seq(record.log):
            return "Conflict"
        for claim in record.claims:
            if claim in self.claims:
                log, seq = self.claims[claim]
                return f"{claim!r} is held by {log} {seq}"
        self.logs[record.log].append(Record(record.log, record.first_seq, record.count, record.body))
        self.claims.update(
            {claim: (record.log, seq) for claim, seq in zip(record.claims, record.claimed, strict=True)}
        )
        return "kept"


async def outcome_of(store: Store, record: Record) -> str:
    try:
        await store.append(record)
    except Conflict:
        return "Conflict"
    except ClaimTaken as taken:
        return f"{taken.claim!r} is held by {taken.log} {taken.seq}"
    return "kept"


async def live_through(evening: Evening, open_store: Opener) -> None:
    model = Model()
    store = await open_store()
    number = 0
    for index, moment in enumerate(evening):
        records = []
        planned = {log: model.next_seq(log) for log in LOGS}
        for log, offset, count, claims in moment:
            number += 1
            first = max(1, planned[log] + offset)
            if offset == 0:
                planned[log] += count
            records.append(Record(log, first, count, bytes([number]), tuple(claims), (first,) * len(claims)))
        # Whoever begins first is queued first, so one after another is the order of `records`.
        outcomes = await asyncio.gather(*[outcome_of(store, record) for record in records])
        assert outcomes == [model.append(record) for record in records]
        if index % 3 == 2:
            await store.close()
            store = await open_store()
    for log in LOGS:
        assert await store.read(log) == model.logs[log]
    for claim in CLAIMS:
        assert await store.find(claim) == model.claims.get(claim)
    await store.close()


@given(evenings)
def test_appends_at_once_end_as_if_they_had_come_one_after_another(evening: Evening) -> None:
    with TemporaryDirectory() as folder:
        asyncio.run(live_through(evening, lambda: SqliteStore.open(Path(folder), SystemClock())))


@settings(max_examples=2_000 if PROVING else 30)
@given(evening=evenings)
def test_appends_at_once_end_in_mongodb_as_if_they_had_come_one_after_another(
    evening: Evening, replica_set: str
) -> None:
    address = database_in(replica_set, f"model_{os.getpid()}")
    empty(address)
    asyncio.run(live_through(evening, lambda: MongoStore.open(address, SystemClock())))
