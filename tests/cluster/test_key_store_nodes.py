"""Two nodes on two machines: each has the service key and nothing else of the other's; the keys lie in a key store."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from helpline.clock import SystemClock
from helpline.core import Parts
from helpline.definition import Definition
from helpline.events import PERSON
from helpline.plan_writing import Words
from helpline.service import Helpline
from helpline.service_key import ServiceKey
from helpline.stores.mongo import MongoStore
from helpline.stores.mongo_keys import MongoKeys
from helpline.stores.owner import make_folder
from helpline.talking import Message
from tests.cluster.houses import until
from tests.engines import Redis, emptied
from tests.helpline.evening import new_id


@pytest.fixture
async def machines(
    definition: Definition, database: str, redis: Redis, replica_set: str, tmp_path: Path
) -> AsyncIterator[list[Helpline]]:
    key_store = await asyncio.to_thread(emptied, replica_set, "keys")
    make_folder(tmp_path / "one")
    ServiceKey.make(tmp_path / "one" / "service.key")
    make_folder(tmp_path / "other")
    (tmp_path / "other" / "service.key").touch(mode=0o600)
    (tmp_path / "other" / "service.key").write_bytes((tmp_path / "one" / "service.key").read_bytes())
    running: list[Helpline] = []
    clock = SystemClock()
    for machine in ("one", "other"):
        keys = await MongoKeys.open(key_store, tmp_path / machine, data_exists=bool(running))
        store = await MongoStore.open(database, clock)
        parts = await Parts.open(definition, store, keys, redis.address)
        running.append(await Helpline.on(parts, definition, clock))
        await running[-1].run()
    yield running
    for node in running:
        await node.close()


async def test_what_is_said_at_one_machine_is_read_at_the_other_until_its_keys_are_destroyed(
    machines: list[Helpline],
) -> None:
    one, other = machines
    contact = (await one.start(new_id(), client_id=new_id(), language="en", first_message="hello")).contact
    seq = (await one.say(contact, PERSON, [Message(new_id(), "are you there")])).seq
    await until(lambda: other.logbook.knows(contact, seq), "what was said")
    assert "are you there" in str(await other.logbook.read(contact))

    plan = await other.plans.begin(contact, PERSON, "safety", new_id())
    await other.plans.write(contact, plan, PERSON, Words("signs", "l-1", "MARKEDWORDS"), new_id())
    seq = (await other.logbook.load(plan)).seq
    await until(lambda: one.logbook.knows(plan, seq), "the plan")
    assert "MARKEDWORDS" in str(await one.logbook.read(plan))
    held = await one.keys.get(plan)
    await other.plans.forget(contact, plan, PERSON, new_id())
    await until(lambda: (fold := one.logbook.held(plan)) is None or fold.forgotten, "that it is forgotten")
    assert "MARKEDWORDS" not in str(await one.logbook.read(plan))
    left = await one.keys.get(plan)
    assert left == await other.keys.get(plan)
    assert left.keys() < held.keys()
