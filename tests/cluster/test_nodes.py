"""Several nodes over one store: one acts, all know, and whoever was at a node that dies is looked after."""

import asyncio
from collections import Counter
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from helpline import nodes
from helpline.agenda import stopped
from helpline.attendance import Attendance
from helpline.clock import SystemClock
from helpline.contact import Contact
from helpline.definition import Definition, read_definition
from helpline.events import PERSON, Alerted, ClockFired
from helpline.logbook import LARGEST_SENT
from helpline.people import Account
from helpline.plan_writing import Words
from helpline.sealing import Unreadable
from helpline.service import Helpline
from helpline.sessions import Sessions
from helpline.talking import Message
from tests.cluster.conftest import OpenNode
from tests.cluster.houses import node_of, now, until, who
from tests.crash.evening import definition_for
from tests.engines import Redis
from tests.helpline.evening import new_id


async def both(open_node: OpenNode, definition: Definition | None = None) -> tuple[Helpline, Helpline]:
    """The node that dispatches and one that follows, hearing each other."""
    acts, follows = await open_node(definition), await open_node(definition)
    await until(lambda: not node_of(acts).unheard and not node_of(follows).unheard, "hearing each other")
    assert (acts.acting, follows.acting) == (True, False)
    return acts, follows


async def on_shift(node: Helpline, id: str) -> None:
    node.supporter_connected(id)
    await node.check_in(who(node, id), client_id=new_id(), sound=True)
    await node.ready(who(node, id))


async def arrived(node: Helpline, language: str = "en") -> str:
    """A person who has begun at this node, with their page open."""
    contact = (
        await node.start(new_id(), client_id=new_id(), language=language, first_message="hello")
    ).contact
    node.person_connected(contact)
    return contact


def held(node: Helpline, contact: str) -> Contact:
    fold = node.logbook.held(contact)
    assert isinstance(fold, Contact)
    return fold


async def answered(node: Helpline, contact: str) -> str:
    """Accept the offer that stands, at this node; who has them then."""
    await until(lambda: node.logbook.held(contact) and held(node, contact).offer, "an offer")
    offer = held(node, contact).offer
    assert offer is not None
    await node.accept(who(node, offer.supporter), offer.offer, new_id())
    return offer.supporter


async def test_a_person_at_one_node_is_offered_to_a_supporter_at_the_other_and_they_talk(
    open_node: OpenNode,
) -> None:
    acts, follows = await both(open_node)
    await on_shift(follows, "dev")
    contact = await arrived(acts)
    assert await answered(follows, contact) == "dev"
    told: list[tuple[int, bool]] = []
    acts.listen(lambda change: told.extend((event.seq, change.here) for event in change.events))
    first = held(follows, contact).seq
    for number in range(20):
        await follows.say_to(who(follows, "dev"), contact, [Message(new_id(), f"word {number}")])
    await until(lambda: acts.logbook.knows(contact, first + 20), "every word")
    await until(lambda: held(acts, contact).owner == "dev", "who has them")
    assert [seq for seq, here in told if seq > first] == list(range(first + 1, first + 21))
    assert not any(here for seq, here in told if seq > first)


async def test_what_is_said_at_one_node_reaches_the_other_without_a_question_to_the_store(
    open_node: OpenNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    acts, follows = await both(open_node)
    await on_shift(follows, "dev")
    contact = await arrived(acts)
    await answered(follows, contact)
    await until(lambda: held(acts, contact).owner == "dev", "who has them")
    asked: list[str] = []
    read = acts.logbook.hear

    async def watched(log_id: str) -> None:
        asked.append(log_id)
        await read(log_id)

    monkeypatch.setattr(acts.logbook, "hear", watched)
    first = held(follows, contact).seq
    for number in range(20):
        await follows.say_to(who(follows, "dev"), contact, [Message(new_id(), f"word {number}")])
    await until(lambda: acts.logbook.knows(contact, first + 20), "every word")
    assert contact not in asked
    long = "x" * (LARGEST_SENT // 4)
    await follows.say_to(who(follows, "dev"), contact, [Message(new_id(), long) for _ in range(5)])
    await until(lambda: acts.logbook.knows(contact, first + 25), "more than a frame should carry")
    assert contact in asked


async def test_a_record_that_is_not_what_comes_next_is_left_to_the_store(open_node: OpenNode) -> None:
    acts, follows = await both(open_node)
    contact = await arrived(acts)
    await until(lambda: follows.logbook.held(contact), "the contact")
    await acts.dispatcher.settled()
    await until(lambda: follows.logbook.knows(contact, held(acts, contact).seq), "all that was written")
    records = await acts.store.read(contact)
    before = held(follows, contact)
    assert records[-1].last_seq == before.seq
    told: list[int] = []
    follows.listen(lambda change: told.extend(event.seq for event in change.events))
    for record in (records[-1], msgspec.structs.replace(records[-1], first_seq=before.seq + 2)):
        follows.logbook.take(record)
    with pytest.raises(Unreadable):
        follows.logbook.take(msgspec.structs.replace(records[-1], first_seq=before.seq + 1))
    assert held(follows, contact) == before
    assert told == []


async def test_somebody_who_came_while_redis_was_away_is_found_in_the_store_within_seconds(
    open_node: OpenNode, redis: Redis
) -> None:
    acts, follows = await both(open_node)
    redis.kill()
    await on_shift(follows, "dev")
    contact = await arrived(follows)
    assert await answered(follows, contact) == "dev"
    seq = (await acts.say(contact, PERSON, [Message(new_id(), "at the other node")])).seq
    took = await until(lambda: follows.logbook.knows(contact, seq), "the words")
    assert took < 8


async def test_when_the_node_that_dispatches_leaves_the_other_does_so_at_once(open_node: OpenNode) -> None:
    acts, follows = await both(open_node)
    await on_shift(follows, "dev")
    await acts.drain()
    assert node_of(acts).trouble == "draining"
    took = await until(lambda: follows.acting, "taking over")
    assert took < 2
    assert not acts.acting
    contact = await arrived(follows)
    assert await answered(follows, contact) == "dev"


async def test_two_that_dispatch_at_once_give_nobody_two_supporters_and_no_supporter_too_many(
    open_node: OpenNode,
) -> None:
    one, other = await both(open_node)
    other.dispatcher.agenda.leads = lambda: True  # as if the lease had failed us
    await other._act()
    assert one.acting
    assert other.acting
    for node, id in ((one, "dev"), (other, "ania")):
        await on_shift(node, id)
    contacts = await asyncio.gather(*(arrived((one, other)[number % 2]) for number in range(8)))
    capacity = {shift.supporter: shift.capacity for shift in one.roster.checked_in()}
    room = sum(capacity.values())
    assert 2 <= room < 8

    def offers_known_to(node: Helpline) -> dict[str, str]:
        folds = [node.logbook.held(contact) for contact in contacts]
        return {
            fold.log: fold.offer.supporter for fold in folds if fold is not None and fold.offer is not None
        }

    for node in (one, other):
        await until(lambda node=node: len(offers_known_to(node)) >= room, "every slot offered")  # type: ignore[misc]
    await asyncio.gather(one.dispatcher.settled(), other.dispatcher.settled())
    await asyncio.gather(one.following.looked(), other.following.looked())
    offers = offers_known_to(one)
    assert Counter(offers.values()) == capacity
    for id in capacity:
        shift = one.roster.attendance(id)
        assert shift is not None
        newest: Attendance = await one.logbook.newest(shift.log)
        assert set(newest.slots) == {contact for contact, whose in offers.items() if whose == id}


async def test_a_clock_that_falls_due_while_the_node_that_acts_is_dead_fires_once_at_the_other(
    open_node: OpenNode, tmp_path: Path
) -> None:
    acts, follows = await both(open_node, read_definition(definition_for(tmp_path, 1)))
    contact = await arrived(follows)
    await follows.not_safe(contact, new_id())
    await until(lambda: acts.logbook.knows(contact, held(follows, contact).seq), "that they are not safe")
    soon = follows.clock.now() + timedelta(seconds=10)
    running = [clock for clock in held(follows, contact).clocks if clock.due < soon]
    assert running
    await dead(acts)
    await until(lambda: follows.acting, "taking over")
    await until(lambda: not set(running) & set(held(follows, contact).clocks), "every clock")
    await follows.dispatcher.settled()
    log = [event.body for event in await follows.logbook.read(contact)]
    fired = [body for body in log if isinstance(body, ClockFired) and body.clock == "not_safe"]
    assert len(fired) == 1
    assert fired[0].late_seconds > 0
    told = [body for body in log if isinstance(body, Alerted) and body.to == "on_call"]
    assert [body.late_seconds for body in told] == [fired[0].late_seconds]


async def dead(node: Helpline) -> None:
    """As far as the others can tell: it does nothing any more, and said no goodbye."""
    await node.dispatcher.close()
    await stopped(node_of(node)._tasks)
    await node.following.close()
    await node.bus.close()


async def test_a_node_that_is_dead_loses_its_people_and_one_that_redis_lost_does_not(
    open_node: OpenNode, redis: Redis
) -> None:
    acts, follows = await both(open_node)
    await on_shift(follows, "dev")
    await until(lambda: acts.roster.here("dev"), "who is at the other node")
    redis.kill()
    await until(lambda: node_of(acts).unheard, "noticing")
    await dead(follows)
    assert acts.roster.here("dev")
    took = await until(lambda: not acts.roster.here("dev"), "finding it dead")
    assert 4 < took < 14


async def test_a_node_that_was_taken_for_dead_while_it_stood_still_dies_once(
    open_node: OpenNode, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nodes, "LASTS", timedelta(seconds=5))
    monkeypatch.setattr(nodes, "RENEW_EVERY", 3.5)
    acts, follows = await both(open_node)
    still, buried = node_of(follows), list[str]()
    monkeypatch.setattr(node_of(acts), "left_behind", lambda: buried.append(still.id))
    redis.kill()
    await stopped(still._tasks)
    await until(lambda: buried, "finding it dead")
    still._go_on()
    await until(lambda: still.trouble == "", "being alive again")
    await until(lambda: still.id in node_of(acts)._cabinet, "being known again")
    await asyncio.sleep(2 * nodes.LOOK_EVERY)
    assert len(buried) == 1, "it said that it was there before it lived, and died of it"


async def test_somebody_whose_page_moves_to_another_node_was_never_gone(open_node: OpenNode) -> None:
    acts, follows = await both(open_node)
    contact = await arrived(follows)
    await until(lambda: acts.logbook.held(contact), "the contact")
    follows.person_disconnected(contact)
    acts.person_connected(contact)
    await until(lambda: contact not in follows.dispatcher.lines._person_lost, "that they are there")
    await on_shift(follows, "dev")
    await until(lambda: acts.roster.here("dev"), "the supporter")
    follows.supporter_disconnected("dev")
    acts.supporter_connected("dev")
    await until(lambda: not acts.roster.presence("dev").nodes, "that they left")
    assert acts.roster.here("dev")
    await until(lambda: follows.roster.here("dev"), "that they came")


async def test_what_one_node_keeps_of_people_sessions_rota_and_phrases_holds_at_the_other(
    open_node: OpenNode,
) -> None:
    acts, follows = await both(open_node)
    sessions = [
        await Sessions.open(node.store, node.keys, node.clock, node.people) for node in (acts, follows)
    ]
    token = await sessions[0].begin("jo")
    assert await sessions[1].find(token) is not None
    changed: list[Account] = []
    follows.people.listen(changed.append)
    await acts.people.set_phone("dev", "+447700900123")
    await until(lambda: changed, "the account")
    assert follows.people.get("dev") == acts.people.get("dev")
    jo = who(acts, "robin") if acts.people.get("robin") else who(acts, "jo")
    await acts.phrases.add(jo, "en", "as heavy as lead", new_id())
    await until(lambda: follows.phrases.lists == acts.phrases.lists, "the phrase")


async def test_a_node_whose_clock_is_off_does_not_dispatch_and_is_not_ready(
    open_node: OpenNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    acts, follows = await both(open_node)
    true = acts.store.now

    async def ahead(seconds: float):  # type: ignore[no-untyped-def]
        return await true() + timedelta(seconds=seconds)

    for seconds, trouble in ((4.0, ""), (6.0, "clock"), (-6.0, "clock"), (-4.0, "")):
        # The store's clock is what the nodes agree on; that of this node is off by as much.
        monkeypatch.setattr(acts.store, "now", lambda seconds=seconds: ahead(seconds))
        await node_of(acts)._renew()
        assert node_of(acts).trouble == trouble
        if trouble:
            assert not acts.acting
    assert follows.nodes is not None


async def test_what_a_node_writes_whose_clock_leaps_is_dated_right_and_its_pages_come_in_time(
    open_node: OpenNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    node, _ = await both(open_node)
    truly = SystemClock.now
    for seconds in (90.0, -90.0):
        monkeypatch.setattr(SystemClock, "now", lambda self, by=seconds: truly(self) + timedelta(seconds=by))
        for found_out in (False, True):
            if found_out:
                await node_of(node)._renew()
                assert node_of(node).trouble == "clock"
            contact = await arrived(node)
            await node.not_safe(contact, new_id())
            assert abs(held(node, contact).at - now()) < timedelta(seconds=5)
        monkeypatch.setattr(SystemClock, "now", truly)
        await node_of(node)._renew()
        assert node_of(node).trouble == ""


async def test_a_plan_forgotten_at_one_node_cannot_be_read_at_the_other(open_node: OpenNode) -> None:
    acts, follows = await both(open_node)
    contact = await arrived(acts)
    plan = await acts.plans.begin(contact, PERSON, "safety", new_id())
    await acts.plans.write(contact, plan, PERSON, Words("signs", "l-1", "MARKEDWORDS"), new_id())
    seq = (await acts.logbook.load(plan)).seq
    await until(lambda: follows.logbook.knows(plan, seq), "the plan")
    assert "MARKEDWORDS" in str(await follows.logbook.read(plan))
    await acts.plans.forget(contact, plan, PERSON, new_id())
    await until(
        lambda: (held := follows.logbook.held(plan)) is None or held.forgotten, "that it is forgotten"
    )
    await asyncio.gather(follows.dispatcher.settled())
    assert "MARKEDWORDS" not in str(await follows.logbook.read(plan))
    assert await follows.keys.get(plan) == await acts.keys.get(plan)
