"""A service's data with all its corners, for what carries it elsewhere, and all that can be learnt of it."""

import asyncio
import os
from datetime import UTC, datetime, timedelta
from typing import Any

from helpline.ports import Head, Record, Store

EVENING = datetime(2026, 3, 6, 22, 40, 0, 123456, tzinfo=UTC)
HOUR = timedelta(hours=1)
KINDS_OF_CLAIM = ("one", "two", "phone", "end", "again")


async def fill(store: Store, logs: int = 210) -> None:
    """A service's data with all its corners: ended and live logs, claims given back, documents gone and dropped."""

    async def write(n: int) -> None:
        log = f"c-{n:05}"
        opened = Head(log, 2, True, EVENING + HOUR, EVENING + timedelta(minutes=n))
        claims = (f"{n} one".encode(), f"{n} two".encode(), f"{n} phone".encode())
        await store.append(Record(log, 1, 2, os.urandom(200), claims, (2, 1, 2), opened))
        await store.append(Record(log, 3, 1, os.urandom(50)))
        if n % 3:
            ended = Head(log, 4, False, None, opened.opened_at)
            await store.append(Record(log, 4, 3, os.urandom(90), (f"{n} end".encode(),), (6,), ended))
            await store.release(log, [claims[2]])

    await asyncio.gather(*[write(n) for n in range(logs)])
    await store.append(Record("r-rota", 1, 1, b"no head"))
    for n in range(30):
        await store.put("shift", f"s-{n}", os.urandom(80), 0)
        await store.put("session", f"s-{n}", b"-", 0)
        await store.audit(os.urandom(40))
        await store.keep_facts(f"c-{n:05}", 1 + n % 2, EVENING + n * HOUR, os.urandom(30))
    await store.put("shift", "s-3", b"", 1, gone=True)
    await store.put("shift", "s-4", b"changed", 1)
    await store.drop("session", ["s-1", "s-29"])


async def told(store: Store, logs: int = 210) -> dict[str, Any]:
    """All a service can learn of a store, asked as the service asks."""
    names = [*(f"c-{n:05}" for n in range(logs)), "r-rota", "c-new"]
    claims = [f"{n} {what}".encode() for n in range(30) for what in KINDS_OF_CLAIM]
    return {
        "epoch": store.epoch,
        "records": await asyncio.gather(*[store.read(name) for name in names]),
        "claims": await asyncio.gather(*[store.find(claim) for claim in claims]),
        "heads": sorted(await store.heads(), key=lambda head: head.log),
        "logs": sorted(await store.logs("c-", EVENING, EVENING + 1_000 * HOUR), key=lambda head: head.log),
        "shifts": await store.all("shift"),
        "sessions": await store.all("session"),
        "audit": await store.audit_entries(),
        "facts": await store.facts(EVENING, EVENING + 1_000 * HOUR),
    }
