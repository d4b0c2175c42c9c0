"""Load, decide, append, tell: also when the disk is slow or full, or somebody else was faster."""

import asyncio
import threading
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from helpline import logbook
from helpline.attendance import Attendance
from helpline.buses.local import LocalBus
from helpline.contact import Contact
from helpline.core import Answer, Parts
from helpline.errors import ClientIdReused, NotAllowed, NotFound, NotSaved, StoreFull
from helpline.events import PERSON, SERVICE, By, Left, Reopened, Said, Started, Told
from helpline.keys import FileKeys
from helpline.logbook import Change, Draft, Logbook
from helpline.service import Helpline
from helpline.stores.records import Bounds
from helpline.stores.sqlite import SqliteStore
from helpline.talking import Message, said
from tests.clock import SetClock
from tests.helpline.evening import EIGHT, Evening, new_id

LOG = "c-00000000000000000000000001"
# Ten seconds and ten thousand records are what is promised; a test does not wait for that.
PATIENT, HASTY = Bounds(wait_seconds=60), Bounds(wait_seconds=1, records=50)
EMPTIES = {"c-": Contact, "a-": Attendance}


class Desk:
    """A logbook on real files, and what its listener was told."""

    def __init__(self, store: SqliteStore, keys: FileKeys, clock: SetClock) -> None:
        self.store, self.keys, self.clock = store, keys, clock
        self.bus = LocalBus()
        self.logbook = self.another()
        self.heard: list[Change] = []
        self.announced: list[tuple[str, int, int]] = []
        self.logbook.listen(self.heard.append)
        self.bus.listen(lambda *one: self.announced.append(one))

    def another(self) -> Logbook:
        """A second logbook on the same store, as another node would have it."""
        return Logbook(self.store, self.keys, self.bus, self.clock, EMPTIES)  # type: ignore[arg-type]

    async def begin(self) -> None:
        await self.logbook.create(LOG)
        body = Started("web", "en", "hash", "capacity_led/1")
        await self.logbook.change(LOG, lambda c, now: [(PERSON, body)])

    async def say(self, text: str, client_id: str = "", logbook: Logbook | None = None) -> int:
        words = said(Message(client_id or new_id(), text), "en")
        written = await (logbook or self.logbook).change(LOG, lambda c, now: [(PERSON, words)])
        return written.events[0].seq

    def told(self) -> list[int]:
        return [event.seq for change in self.heard for event in change.events]

    async def check(self) -> None:
        """The fold in memory is that of the disk, and the listener was told of every event once and in order."""
        fold = Contact(LOG)
        for event in await self.another().read(LOG):
            fold = fold.apply(event)
        assert await self.logbook.load(LOG) == fold
        assert self.told() == list(range(1, fold.seq + 1))
        assert [(change.before.seq, change.after.seq) for change in self.heard] == [
            (change.events[0].seq - 1, change.events[-1].seq) for change in self.heard
        ]
        assert [seq for _, first, last in self.announced for seq in range(first, last + 1)] == self.told()


@asynccontextmanager
async def opened(folder: Path, bounds: Bounds) -> AsyncIterator[Desk]:
    clock = SetClock(EIGHT)
    store = await SqliteStore.open(folder / "data", clock, bounds=bounds)
    keys = await FileKeys.open(folder / "keys", data_exists=False)
    desk = Desk(store, keys, clock)
    await desk.begin()
    yield desk
    await store.close()
    await keys.close()


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with opened(tmp_path, PATIENT) as desk:
        yield desk


@pytest.fixture
async def hasty_desk(tmp_path: Path) -> AsyncIterator[Desk]:
    """A desk whose store gives up after a second, or when fifty records wait."""
    async with opened(tmp_path, HASTY) as desk:
        yield desk


class Held:
    """Keeps the writer from finishing whatever is handed to it in the same moment, until let go."""

    def __init__(self, store: SqliteStore) -> None:
        self._store, self._begun, self._go = store, threading.Event(), threading.Event()

    def start(self) -> "asyncio.Future[None]":
        return self._store.writer.submit(self._hold)

    def _hold(self, _: object) -> None:
        self._begun.set()
        assert self._go.wait(30)

    async def begun(self) -> None:
        """Wait until the writer is at it: what is handed over from now on is the next batch's."""
        assert await asyncio.to_thread(self._begun.wait, 30)

    def let_go(self) -> None:
        self._go.set()


async def test_changes_of_one_log_are_told_once_and_in_order(desk: Desk) -> None:
    await asyncio.gather(*[desk.say(str(n)) for n in range(20)])
    await desk.check()


async def test_what_was_not_confirmed_and_landed_is_told_when_the_log_is_next_touched(
    hasty_desk: Desk,
) -> None:
    desk = hasty_desk
    held, id = Held(desk.store), new_id()
    waiting = held.start()
    with pytest.raises(NotSaved):
        await desk.say("slow", id)
    assert desk.told() == [1]
    held.let_go()
    await asyncio.wait([waiting])
    assert await desk.say("slow", id) == 2
    await desk.say("next")
    await desk.check()
    assert desk.told() == [1, 2, 3]


async def test_what_was_not_confirmed_and_never_landed_is_kept_by_the_same_id(hasty_desk: Desk) -> None:
    desk = hasty_desk
    held, id = Held(desk.store), new_id()
    waiting = held.start()
    await held.begun()
    with pytest.raises(NotSaved):
        await desk.say("slow", id)
    held.let_go()
    await asyncio.wait([waiting])
    assert await desk.say("slow", id) == 2
    await desk.check()


async def test_a_caller_who_gives_up_loses_nothing_that_was_kept(desk: Desk) -> None:
    id = new_id()
    call = asyncio.ensure_future(desk.say("impatient", id))
    await asyncio.sleep(0)
    call.cancel()
    await asyncio.wait([call])
    assert await desk.say("impatient", id) == 2
    await desk.check()


async def test_past_the_bounds_a_change_is_refused_at_once_and_the_same_id_settles_it(
    hasty_desk: Desk,
) -> None:
    desk = hasty_desk
    held = Held(desk.store)
    others = [f"c-{n:026}" for n in range(60)]
    body = Started("web", "en", "hash", "capacity_led/1")
    for other in others:
        await desk.logbook.create(other)
    calls = [
        desk.logbook.change(other, lambda c, now: [(PERSON, body)] if not c.seq else []) for other in others
    ]
    waiting = held.start()
    answers = await asyncio.gather(*calls, return_exceptions=True)
    assert {type(answer) for answer in answers} == {NotSaved}
    assert not desk.store.ready
    held.let_go()
    await asyncio.wait([waiting])
    for _ in range(1_000):
        if not desk.store.ready:
            await asyncio.sleep(0.01)
    for other in others:
        await desk.logbook.change(other, lambda c, now: [(PERSON, body)] if not c.seq else [])
        assert (await desk.logbook.load(other)).seq == 1


async def test_on_a_full_disk_reading_goes_on_and_with_room_the_same_id_settles_it(desk: Desk) -> None:
    pages = await desk.store.writer.run(lambda db: db.execute("PRAGMA page_count").fetchone()[0])
    await desk.store.writer.run(
        lambda db: db.execute(f"PRAGMA max_page_count = {pages + 4}").fetchall() and None
    )
    long, ids = "x" * 3_900, [new_id() for _ in range(100)]
    answers = await asyncio.gather(*[desk.say(long, id) for id in ids], return_exceptions=True)
    assert {type(answer) for answer in answers} == {int, StoreFull}
    kept = len(await desk.logbook.read(LOG))
    assert kept == 1 + sum(isinstance(answer, int) for answer in answers)
    await desk.store.writer.run(lambda db: db.execute("PRAGMA max_page_count = 100000").fetchall() and None)
    assert [await desk.say(long, id) for id in ids] == list(range(2, len(ids) + 2))
    await desk.check()


async def test_who_finds_the_log_longer_than_they_thought_reads_it_and_decides_again(desk: Desk) -> None:
    other = desk.another()
    await desk.say("mine")
    await desk.say("from elsewhere", logbook=other)
    seen: list[int] = []

    def decide(c: Contact, now: datetime) -> list[Draft]:
        seen.append(c.seq)
        return [(SERVICE, Told("closed"))] if c.seq < 4 else []

    written = await desk.logbook.change(LOG, decide)
    assert seen == [2, 3]
    assert written.events[0].seq == 4
    assert desk.told() == [1, 2, 3, 4]


async def test_a_decision_that_no_longer_holds_after_reading_again_writes_nothing(desk: Desk) -> None:
    await desk.say("from elsewhere", logbook=desk.another())

    def only_first(c: Contact, now: datetime) -> list[Draft]:
        if c.seq > 1:
            raise NotAllowed
        return [(SERVICE, Told("closed"))]

    with pytest.raises(NotAllowed):
        await desk.logbook.change(LOG, only_first)
    assert [event.kind for event in await desk.logbook.read(LOG)] == ["started", "said"]
    assert desk.told() == [1, 2]


async def test_an_id_kept_by_another_node_is_answered_or_refused_here(desk: Desk) -> None:
    id = new_id()
    await desk.say("from elsewhere", id, logbook=desk.another())
    assert await desk.say("from elsewhere", id) == 2
    with pytest.raises(ClientIdReused):
        await desk.say("other words", id)
    assert (await desk.logbook.load(LOG)).seq == 2


async def test_the_clock_going_back_never_takes_the_log_back(desk: Desk) -> None:
    desk.clock.advance(seconds=-60)
    await desk.say("a minute earlier, by the clock")
    ats = [event.at for event in await desk.logbook.read(LOG)]
    assert ats == [EIGHT, EIGHT]


async def test_a_listener_that_fails_keeps_nobody_else_from_hearing(desk: Desk) -> None:
    def broken(change: Change) -> None:
        raise RuntimeError("a page that fell over")

    heard: list[Change] = []
    stop = desk.logbook.listen(broken)
    desk.logbook.listen(heard.append)
    await desk.say("still")
    stop()
    assert [change.after.seq for change in heard] == [2]
    await desk.check()


async def test_a_log_nobody_wrote_is_not_found(desk: Desk) -> None:
    with pytest.raises(NotFound):
        await desk.logbook.load("c-nobody")
    with pytest.raises(NotFound):
        await desk.logbook.change("c-nobody", lambda c, now: [(By("supporter", "ania"), Said("hello"))])


async def test_the_last_that_ended_stay_in_memory_and_whoever_needs_somebody_always(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logbook, "CLOSED_FOLDS_KEPT", 3)
    book = desk.logbook
    ended = [f"c-ended{number:021d}" for number in range(4)]
    waiting = [f"c-waits{number:021d}" for number in range(8)]
    for one in [*ended, *waiting]:
        await book.create(one)
        await book.change(one, lambda c, now: [(PERSON, Started("web", "en", "hash", "capacity_led/1"))])
    for one in ended[:3]:
        await book.change(one, lambda c, now: [(PERSON, Left("ended"))])
    assert all(book.held(one) for one in ended)
    await book.change(ended[3], lambda c, now: [(PERSON, Left("ended"))])
    assert [book.held(one) is not None for one in ended] == [False, True, True, True]
    assert (await book.load(ended[0])).phase == "ended"
    assert [book.held(one) is not None for one in ended] == [True, False, True, True]
    await book.change(ended[2], lambda c, now: [(SERVICE, Reopened(True))])
    assert (await book.load(ended[1])).phase == "ended"
    assert all(book.held(one) for one in [LOG, *waiting, *ended])


async def in_a_hurry(evening: Evening) -> SqliteStore:
    """The same evening on a store that gives up after a second."""
    await evening.close()
    store = await SqliteStore.open(evening.folder / "data", evening.clock, bounds=HASTY)
    keys = await FileKeys.open(evening.folder / "keys", data_exists=True)
    parts = await Parts.open(evening.definition, store, keys)
    evening.take(await Helpline.on(parts, evening.definition, evening.clock))
    await evening.line.run()
    return store


async def test_a_start_that_was_not_confirmed_but_landed_is_waiting_when_asked_for_again(
    evening: Evening,
) -> None:
    store = await in_a_hurry(evening)
    await evening.on("ania")
    token, id = new_id(), new_id()

    def start() -> Coroutine[Any, Any, Answer]:
        return evening.line.start(token, client_id=id, language="pl", first_message="are you there")

    await landed_unconfirmed(store, start())
    contact = (await start()).contact
    await evening.settled()
    assert evening.asked(contact) == "ania"
    assert await evening.kinds(contact) == ["started", "said", "offered"]
    assert [change.after.seq for change in evening.heard if change.log == contact] == [2, 3]


async def test_a_start_that_was_not_confirmed_but_landed_is_waiting_even_if_nobody_asks_again(
    evening: Evening,
) -> None:
    store = await in_a_hurry(evening)
    await evening.on("ania")
    await landed_unconfirmed(
        store, evening.line.start(new_id(), client_id=new_id(), language="pl", first_message="are you there")
    )
    await store.writer.submit(lambda _: None)
    await evening.later(seconds=2)
    (contact,) = evening.line.contacts()
    assert evening.asked(contact.log) == "ania"


async def landed_unconfirmed(store: SqliteStore, call: Coroutine[Any, Any, Answer]) -> None:
    """Make the call on a store that keeps its record after it has told whoever asked that it did not."""
    held, asked = Held(store), asyncio.ensure_future(call)
    await handed_over(store, asked)
    waiting = held.start()
    await asyncio.wait([asked])
    assert isinstance(asked.exception(), NotSaved)
    held.let_go()
    await asyncio.wait([waiting])


async def handed_over(store: SqliteStore, call: "asyncio.Future[Any]") -> None:
    """Until the call's record waits for the writer: what is handed over now goes into the same batch."""
    for _ in range(10_000):
        if store.writer._fresh or call.done():
            return
        await asyncio.sleep(0)
