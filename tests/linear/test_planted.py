"""Whatever a history is meant to catch is planted once in a real one, and caught, by something that can be read."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, cast

from pymongo import MongoClient

from helpline import attendance
from helpline.clock import SystemClock
from helpline.contact import Contact
from helpline.errors import Conflict
from helpline.events import SERVICE, Accepted, By, SlotHeld
from helpline.ports import Record, Store
from helpline.stores.mongo import MongoStore
from helpline.stores.mongo_shape import Fields, record_fields
from tests.cluster.conftest import OpenNode
from tests.cluster.houses import until, who
from tests.cluster.test_nodes import arrived, both, on_shift
from tests.helpline.evening import new_id
from tests.linear.checker import Failure
from tests.linear.judging import completed, judged, logs_of
from tests.linear.recording import Recorder, history
from tests.linear.store_clients import StoreClients

ENOUGH = 25
"""Operations of each node before something is planted, and again after it."""


def beside(database: str) -> MongoClient[Fields]:
    """A client that is none of the service's."""
    return MongoClient(database)


class Planted:
    """A store that answers as the real one does, until `plant` says what it does wrong."""

    def __init__(self, store: MongoStore) -> None:
        self._store = store
        self.planted = asyncio.Event()
        self.append: Callable[[Record], Awaitable[None]] = store.append
        self.read: Callable[..., Awaitable[list[Record]]] = store.read

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)


async def wrong_in(
    folder: Path, database: str, plant: Callable[[Planted], Awaitable[None]], kind: str
) -> list[Failure]:
    """What is found in a history of two processes' worth of clients, in which `plant` did one thing."""
    stores = [await MongoStore.open(database, SystemClock()) for _ in range(2)]
    planted = Planted(stores[0])
    recorders = [Recorder(folder / f"{name}.history") for name in ("one", "other")]
    clients = [
        StoreClients(cast(Store, store), recorder, name, random.Random(name), 0.004)
        for store, recorder, name in zip((planted, stores[1]), recorders, ("one", "other"), strict=True)
    ]
    asking = [asyncio.create_task(each) for one in clients for each in one.everybody()]

    async def more(count: int) -> None:
        before = [recorder.completed for recorder in recorders]
        while any(one.completed < n + count for one, n in zip(recorders, before, strict=True)):  # noqa: ASYNC110
            await asyncio.sleep(0.01)

    await more(ENOUGH)
    await plant(planted)
    await asyncio.wait_for(planted.planted.wait(), 60)
    await more(ENOUGH)
    for one in clients:
        one.enough = True
    await asyncio.gather(*asking)
    for store in stores:
        await store.close()
    verdict = judged(history(folder / f"{name}.history" for name in ("one", "other")), 2)
    assert {each for each, wrong in verdict.wrong.items() if wrong} <= {kind}, str(verdict)
    return verdict.wrong[kind]


async def test_an_append_that_was_not_held_to_its_place_is_caught(tmp_path: Path, database: str) -> None:
    """One that another has taken is written elsewhere, and said to be kept."""

    async def plant(planted: Planted) -> None:
        real = planted.append

        async def append(record: Record) -> None:
            try:
                await real(record)
            except Conflict:
                if planted.planted.is_set():
                    raise
                planted.planted.set()
                with beside(database) as client:
                    client.get_default_database().records_too.insert_one(record_fields(record, 1))

        planted.append = append

    [found] = await wrong_in(tmp_path, database, plant, "seq of a log")
    assert found.refused.asked[0] in ("append", "read")
    assert any(one.asked[0] == "append" and one.answer == "ok" for one in found.operations)


async def test_an_acknowledged_append_that_is_lost_is_caught(tmp_path: Path, database: str) -> None:
    async def plant(planted: Planted) -> None:
        real = planted.append

        async def append(record: Record) -> None:
            await real(record)
            if record.log.startswith("l-") and not planted.planted.is_set():
                with beside(database) as client:
                    place = {"_id.log": record.log, "_id.first_seq": record.first_seq}
                    client.get_default_database().records.delete_one(place)
                planted.planted.set()

        planted.append = append

    [found] = await wrong_in(tmp_path, database, plant, "seq of a log")
    assert any(one.asked[0] == "append" and one.answer == "ok" for one in found.operations)
    assert 2 <= len(found.operations) <= 4, str(found)


async def test_a_read_that_is_too_old_is_caught(tmp_path: Path, database: str) -> None:
    async def plant(planted: Planted) -> None:
        real, old = planted.read, dict[str, list[Record]]()

        async def read(log: str, *within: int) -> list[Record]:
            now = await real(log, *within)
            if log in old and len(now) > len(old[log]) + 2 and not planted.planted.is_set():
                planted.planted.set()
                return old[log]
            old.setdefault(log, now)
            return now

        planted.read = read

    [found] = await wrong_in(tmp_path, database, plant, "seq of a log")
    assert found.refused.asked == ("read",)
    assert "fits nowhere" in str(found)


async def test_a_claim_freed_by_somebody_who_was_late_is_caught(tmp_path: Path, database: str) -> None:
    """What a store does that gives back whatever is asked for, whose ever it is by now."""
    store = await MongoStore.open(database, SystemClock())
    recorder = Recorder(tmp_path / "one.history")

    async def claim(log: str) -> str:
        await store.append(Record(log, 1, 1, b"began", (b"number 1",), (1,)))
        return "ok"

    async def release_of_anybody(_: str) -> str:
        held = await store.find(b"number 1")
        await store.release(held[0] if held else "", [b"number 1"])
        return "ok"

    async def find(_: str) -> str:
        held = await store.find(b"number 1")
        return "" if held is None else held[0]

    for client, work, asked in (
        ("one", claim, ("claim", "k-1")),
        ("one", release_of_anybody, ("release", "k-1")),
        ("other", claim, ("claim", "k-2")),
        ("late", release_of_anybody, ("release", "k-1")),
        ("other", find, ("find",)),
    ):
        await recorder.asked(client, "number 1", asked, lambda w=work, a=asked: w(a[-1]))  # type: ignore[misc]
    await store.close()
    [found] = judged(history([tmp_path / "one.history"]), 2).wrong["claim"]
    assert found.refused.client == "other"
    assert {one.asked for one in found.operations} >= {("claim", "k-2"), ("find",)}


async def test_a_double_assignment_and_a_slot_too_many_are_caught(
    open_node: OpenNode, tmp_path: Path, database: str
) -> None:
    """Two nodes of the service; past every rule, a second supporter is written in as having accepted one offer."""
    acts, follows = await both(open_node)
    recorder = Recorder(tmp_path / "one.history")
    for id in ("dev", "ania"):
        await on_shift(acts, id)
    contact = await arrived(acts)
    await until(lambda: _offer(acts.logbook.held(contact)), "an offer")
    offer = _offer(acts.logbook.held(contact))
    theirs = offer.supporter
    other = next(id for id in ("dev", "ania") if id != theirs)
    await until(lambda: _offer(follows.logbook.held(contact)), "it at the other")

    async def accept(id: str) -> tuple[str]:
        await acts.accept(who(acts, theirs), offer.offer, id)
        return ("done",)

    async def accept_too(id: str) -> tuple[str]:
        body = Accepted(offer.offer, id, "-")
        by = By("supporter", other, other)
        await follows.logbook.change(contact, lambda c, now: [(by, body)])
        return ("done",)

    first, second = new_id(), new_id()
    await recorder.asked(theirs, contact, ("accept", theirs, offer.offer, first), lambda: accept(first))
    await recorder.asked(other, contact, ("accept", other, offer.offer, second), lambda: accept_too(second))

    shift = acts.roster.attendance(other)
    assert shift is not None
    enough = [f"c-{n}" for n in range(shift.capacity)]

    async def hold(one: str) -> int | str:
        wrote = await acts.logbook.change(shift.log, attendance.hold_slot(one, "n"))
        return wrote.events[0].seq if wrote.events else "no"

    async def hold_too(one: str) -> int:
        too = SlotHeld(one, "n")
        return (await follows.logbook.change(shift.log, lambda a, now: [(SERVICE, too)])).events[0].seq

    for one in enough:
        await recorder.asked(other, shift.log, ("hold", one), lambda one=one: hold(one))  # type: ignore[misc]
    await recorder.asked(other, shift.log, ("hold", "c-too"), lambda: hold_too("c-too"))
    told = history([tmp_path / "one.history"])
    logs = await logs_of(database, tmp_path / "keys", {contact, shift.log})
    verdict = judged(completed(told, logs), shift.capacity)
    [found] = verdict.wrong["owner of a contact"]
    assert found.refused.asked == ("accept", other, offer.offer)
    assert f"by then: live with {theirs} at seq " in str(found)
    [found] = verdict.wrong["slots of a supporter"]
    assert found.refused.asked == ("hold", "c-too")


def _offer(fold: Contact | None) -> Any:
    return fold.offer if fold is not None else None
