"""What any bus does, and what the one over Redis does when Redis is killed, frozen, deaf or lied to."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from itertools import pairwise
from pathlib import Path

import pytest
from redis.asyncio import Redis as Client

import helpline.buses.redis
from helpline.agenda import stopped
from helpline.buses.addresses import checked_address
from helpline.buses.frames import Frame, Frames, Unsealed
from helpline.buses.local import LocalBus
from helpline.buses.redis import RedisBus
from helpline.buses.redis_client import connected
from helpline.errors import BadRequest
from helpline.keys import FileKeys
from helpline.ports import Bus
from tests.cluster.houses import until
from tests.engines import Redis

Told = list[tuple[str, int, int]]
OpenBus = Callable[[str], Awaitable[RedisBus]]


@pytest.fixture
async def keys(tmp_path: Path) -> AsyncIterator[FileKeys]:
    held = await FileKeys.open(tmp_path / "keys", data_exists=False)
    yield held
    await held.close()


@pytest.fixture
async def open_bus(redis: Redis, keys: FileKeys) -> AsyncIterator[OpenBus]:
    running: list[RedisBus] = []

    async def open_one(node: str) -> RedisBus:
        bus = RedisBus(redis.address, keys, node)
        running.append(bus)
        await bus.open()
        await until(lambda: not bus.silent, "hearing itself")
        return bus

    yield open_one
    for bus in running:
        await bus.close()


def told_by(bus: Bus) -> Told:
    told: Told = []
    bus.listen(lambda *one: told.append(one))
    return told


# -- any bus -------------------------------------------------------------------------------------------------------


@pytest.fixture(params=["in this process", "redis"])
async def two_ends(request: pytest.FixtureRequest, open_bus: OpenBus) -> tuple[Bus, Bus]:
    """Where one node announces, and where it is heard. In one process that is the same bus."""
    if request.param == "redis":
        return await open_bus("n-one"), await open_bus("n-two")
    bus = LocalBus()
    return bus, bus


async def test_what_was_written_is_announced_in_order_for_each_log(two_ends: tuple[Bus, Bus]) -> None:
    here, there = two_ends
    told = told_by(there)
    for seq in range(1, 51):
        here.announce("c-one", seq, seq)
        here.announce("c-two", seq, seq)
    for log in ("c-one", "c-two"):
        await until(lambda log=log: any(one[0] == log and one[2] == 50 for one in told), "the last")  # type: ignore[misc]
        spans = [(first, last) for name, first, last in told if name == log]
        assert spans[0][0] == 1
        assert all(later[0] == earlier[1] + 1 for earlier, later in pairwise(spans))


async def test_who_stops_listening_is_told_no_more(two_ends: tuple[Bus, Bus]) -> None:
    here, there = two_ends
    early: Told = []
    stop = there.listen(lambda *one: early.append(one))
    late = told_by(there)
    here.announce("c-one", 1, 1)
    await until(lambda: late, "the first")
    stop()
    here.announce("c-one", 2, 2)
    await until(lambda: len(late) == 2, "the second")
    assert early == [("c-one", 1, 1)]


# -- Redis ---------------------------------------------------------------------------------------------------------


async def test_a_node_does_not_hear_its_own_announcements(open_bus: OpenBus) -> None:
    here, there = await open_bus("n-one"), await open_bus("n-two")
    own, theirs = told_by(here), told_by(there)
    here.announce("c-one", 1, 1)
    there.announce("c-two", 1, 1)
    await until(lambda: own and theirs, "each other")
    assert (own, theirs) == ([("c-two", 1, 1)], [("c-one", 1, 1)])


async def test_what_was_said_while_redis_was_dead_is_said_once_it_is_back_and_nothing_goes_unnoticed(
    open_bus: OpenBus, redis: Redis
) -> None:
    here, there = await open_bus("n-one"), await open_bus("n-two")
    told, missed = told_by(there), asyncio.Event()
    there.on_missed(missed.set)
    redis.kill()
    await until(lambda: here.silent and there.silent, "noticing")
    for seq in range(1, 101):
        here.announce("c-one", seq, seq)
    assert told == []
    redis.revive()
    # It may be said before the other one listens again. Whoever listens again is therefore asked to look.
    await asyncio.wait_for(missed.wait(), 10)
    await until(lambda: not here.silent and not there.silent, "hearing again")
    here.announce("c-one", 101, 101)
    await until(lambda: told, "the next word")
    assert told[-1] in {("c-one", 1, 100), ("c-one", 101, 101), ("c-one", 1, 101)}


async def test_a_frozen_redis_counts_as_silent_within_seconds_and_is_left_for_a_new_line(
    open_bus: OpenBus, redis: Redis
) -> None:
    here, there = await open_bus("n-one"), await open_bus("n-two")
    told, missed = told_by(there), asyncio.Event()
    redis.freeze()
    took = await until(lambda: here.silent and there.silent, "noticing")
    assert took < 6
    there.on_missed(missed.set)
    redis.thaw()
    await asyncio.wait_for(missed.wait(), 10)
    await until(lambda: not here.silent and not there.silent, "hearing again")
    here.announce("c-one", 1, 1)
    await until(lambda: told, "a word")


async def test_more_than_can_wait_becomes_one_call_to_look_at_everything(
    open_bus: OpenBus, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("helpline.buses.redis.MOST_LOGS_WAITING", 10)
    here, there = await open_bus("n-one"), await open_bus("n-two")
    redis.kill()
    await until(lambda: here.silent and there.silent, "noticing")
    for number in range(11):
        here.announce(f"c-{number}", 1, 1)
    told, looks = told_by(there), asyncio.Event()
    there.on_missed(looks.set)
    redis.revive()
    await asyncio.wait_for(looks.wait(), 10)
    await until(lambda: not here.silent and not there.silent, "hearing again")
    here.announce("c-last", 1, 1)
    await until(lambda: ("c-last", 1, 1) in told, "a word")
    assert len(told) < 11


async def test_whoever_listens_in_learns_no_log_and_no_word(
    open_bus: OpenBus, redis: Redis, keys: FileKeys
) -> None:
    here, there = await open_bus("n-one"), await open_bus("n-two")
    overheard: list[bytes] = []
    there.overhear("shown", lambda node, body: overheard.append(body))
    async with Client.from_url(redis.address) as client, client.pubsub() as channel:
        await channel.psubscribe("*")
        here.announce("c-MARKEDCONTACT", 1, 1)
        here.pass_on("shown", b"MARKEDNAME is typing")
        await until(lambda: overheard, "the word at the other node")
        frames: list[bytes] = []
        while len(frames) < 3:
            message = await channel.get_message(ignore_subscribe_messages=True, timeout=2)
            if message is not None:
                frames.append(message["channel"] + message["data"])
    assert overheard == [b"MARKEDNAME is typing"]
    assert not any(b"MARKED" in frame or b"n-one" in frame or b"shown" in frame for frame in frames)


async def test_a_frame_that_is_not_ours_is_not_believed(
    open_bus: OpenBus, redis: Redis, keys: FileKeys
) -> None:
    here = await open_bus("n-one")
    told, frames = told_by(here), Frames(keys)
    sealed = frames.seal(Frame("n-else", (("c-one", 1, 1),)))
    forged = bytearray(sealed)
    forged[-1] ^= 1
    async with Client.from_url(redis.address) as client:
        for frame in (b"", b"hello", bytes(forged), sealed[:10]):
            await client.publish(frames.channel, frame)
        await client.publish(frames.channel, sealed)
    await until(lambda: told, "the true one")
    assert told == [("c-one", 1, 1)]


async def test_a_frame_of_the_day_before_yesterday_is_not_believed(
    keys: FileKeys, monkeypatch: pytest.MonkeyPatch
) -> None:
    frames = Frames(keys)
    today = 20_000
    for days, believed in ((0, True), (1, True), (-1, True), (2, False), (-2, False)):
        monkeypatch.setattr("helpline.buses.frames._today", lambda: today)
        sealed = frames.seal(Frame("n-one"))
        monkeypatch.setattr("helpline.buses.frames._today", lambda days=days: today + days)
        if believed:
            assert frames.open(sealed).node == "n-one"
        else:
            with pytest.raises(Unsealed):
                frames.open(sealed)


async def test_two_services_on_one_redis_do_not_meet(redis: Redis, tmp_path: Path) -> None:
    ours = await FileKeys.open(tmp_path / "ours", data_exists=False)
    theirs = await FileKeys.open(tmp_path / "theirs", data_exists=False)
    assert Frames(ours).channel != Frames(theirs).channel
    with pytest.raises(Unsealed):
        Frames(theirs).open(Frames(ours).seal(Frame("n-one")))
    await ours.close()
    await theirs.close()


@pytest.mark.parametrize(
    "address",
    [
        "redis://127.0.0.1:6379/0",
        "rediss://:secret@redis.example.org:6380/1",
        "redis+sentinel://one:26379,two:26379/primary",
        "rediss+sentinel://user:secret@one/primary",
    ],
)
def test_these_addresses_can_be_used(address: str) -> None:
    assert checked_address(address) == address


@pytest.mark.parametrize("address", ["", "localhost:6379", "http://one", "redis+sentinel://one,two"])
def test_an_address_that_cannot_be_used_is_told_with_the_mend_and_without_what_stood_in_it(
    address: str,
) -> None:
    with pytest.raises(BadRequest) as refused:
        checked_address(address)
    assert "--bus" in refused.value.message
    assert not address or address not in refused.value.message


@pytest.mark.parametrize(
    "error", [RuntimeError("the handler is closed"), asyncio.CancelledError(), ValueError("odd")], ids=repr
)
async def test_whatever_becomes_of_a_line_to_redis_the_next_one_is_tried(
    open_bus: OpenBus, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    """uvloop, for one, has errors of its own for a line that closes under the driver's hands."""
    bus = await open_bus("n-one")
    broken = list[str]()

    def line(address: str) -> Client:
        client = connected(address)
        if len(broken) < 4:
            broken.append("line")
            monkeypatch.setattr(client, "execute_command", _fails)
            monkeypatch.setattr(client, "pubsub", _fails)
        return client

    def _fails(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(helpline.buses.redis, "connected", line)
    bus._heard.clear()
    await stopped(bus._tasks)
    await bus.open()
    await until(lambda: len(broken) == 4, "that both lines broke")
    await until(lambda: not bus.silent, "hearing itself again")
