"""A process of its own that appends and says so: `python -m tests.helpline.stores.appending FOLDER COUNT [unsafe]`.

Four logs are written at once, each going on where its file left off, `COUNT` events each. After each append the
process writes `ACK LOG SEQ` to its standard output in one system call. The body of a record is its own
`<LOG:SEQ>`. With `unsafe` the file is opened without syncs: what the tests must be able to detect.
"""

import asyncio
import os
import sys
from pathlib import Path

from helpline.clock import SystemClock
from helpline.ports import Record
from helpline.stores import schema
from helpline.stores.sqlite import SqliteStore

LOGS = ("c-a", "c-b", "c-c", "c-d")


def body_of(log: str, seq: int) -> bytes:
    return f"<{log}:{seq}>".encode()


async def write(store: SqliteStore, log: str, count: int) -> None:
    records = await store.read(log)
    last = records[-1].last_seq if records else 0
    for seq in range(last + 1, last + count + 1):
        claim = body_of(log, seq)
        await store.append(Record(log, seq, 1, body_of(log, seq), (claim,), (seq,)))
        os.write(1, f"ACK {log} {seq}\n".encode())


async def main(folder: Path, count: int) -> None:
    store = await SqliteStore.open(folder, SystemClock())
    await asyncio.gather(*[write(store, log, count) for log in LOGS])
    await store.close()


if __name__ == "__main__":
    if sys.argv[3:] == ["unsafe"]:
        schema.DURABLE["synchronous"] = 0
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2])))
