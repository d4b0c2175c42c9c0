"""Fills a service that was started once with contacts that are over: `python -m bench.closed --folder DIR --count N`.

Each is a talk of nine events under keys of its own, decided by nobody but folded, sealed, claimed and appended as the
service does, through the store's and the keys' own writing; only in one record each, and five hundred at once.
"""

import argparse
import asyncio
from datetime import datetime, timedelta
from pathlib import Path
from uuid import uuid4

from helpline.clock import SystemClock
from helpline.contact import Contact, new_id
from helpline.events import PERSON, Accepted, Body, By, Closed, Event, Offered, Said, Started, WrappedUp
from helpline.ports import Head, Keys, Record, Store
from helpline.sealing import CLASSES, ciphers, seal_events
from helpline.stores.opening import open_keys, open_store

AT_ONCE = 500
SUPPORTER = By("supporter", "s0", "S0")
WORDS = "I keep going over it and I cannot sleep, it is better when somebody is there"


def talk(offer: str) -> list[tuple[By, Body]]:
    """What happened, from coming to the end."""
    return [
        (PERSON, Started("web", "en", "", "", client_id=str(uuid4()))),
        (SUPPORTER, Offered(offer, "s0", "a-none")),
        (SUPPORTER, Accepted(offer, client_id=str(uuid4()))),
        *[(who, Said(WORDS, "en", str(uuid4()))) for who in (PERSON, SUPPORTER, PERSON, SUPPORTER)],
        (SUPPORTER, Closed("supporter", client_id=str(uuid4()))),
        (SUPPORTER, WrappedUp("talked", client_id=str(uuid4()))),
    ]


async def one(store: Store, keys: Keys, at: datetime) -> None:
    """One contact, from its keys to the store."""
    log = new_id("c-")
    held = ciphers(await keys.create(log, CLASSES))
    fold, events, claims = Contact(log), [], {}
    for seq, (by, body) in enumerate(talk(new_id("o-")), start=1):
        event = Event(seq=seq, at=at + timedelta(seconds=30 * seq), by=by, body=body, via="web", v=body.v)
        events.append(event)
        fold = fold.apply(event)
        if client_id := getattr(body, "client_id", ""):
            claims[keys.claim("client", log, by.id or by.role, client_id)] = seq
    if fold.live:
        raise ValueError("a contact that is over is to be over")
    head = Head(log, fold.seq, fold.live, fold.due, fold.opened_at)
    body_ = seal_events(log, events, held)
    await store.append(Record(log, 1, len(events), body_, tuple(claims), tuple(claims.values()), head))


async def main(folder: Path, count: int, address: str) -> None:
    clock = SystemClock()
    keys = await open_keys("", folder / "keys", address, data_exists=True)
    store = await open_store(address, folder / "data", clock, alone=True)
    began = clock.now() - timedelta(days=400)
    try:
        for first in range(0, count, AT_ONCE):
            many = range(first, min(first + AT_ONCE, count))
            await asyncio.gather(*(one(store, keys, began + timedelta(seconds=30 * n)) for n in many))
    finally:
        await store.close()
        await keys.close()


if __name__ == "__main__":
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--folder", type=Path, required=True)
    arguments.add_argument("--count", type=int, required=True)
    arguments.add_argument("--store", default="")
    given = arguments.parse_args()
    asyncio.run(main(given.folder, given.count, given.store))
