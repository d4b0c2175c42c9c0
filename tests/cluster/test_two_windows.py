"""The same people at two nodes at once, and nodes that have not heard yet what another one wrote."""

import asyncio
import time
from datetime import timedelta

import pytest

from helpline import attendance, nodes, slots
from helpline.attendance import Attendance
from helpline.errors import NotAllowed, NotFound, NotNow
from helpline.service import Helpline
from tests.cluster.conftest import OpenNode
from tests.cluster.houses import until, who
from tests.cluster.test_nodes import answered, arrived, both, held, on_shift
from tests.engines import Redis
from tests.helpline.evening import new_id


async def check_in(node: Helpline, id: str) -> Attendance:
    return await node.check_in(who(node, id), client_id=new_id(), sound=True)


async def test_whoever_checks_in_at_two_nodes_in_one_moment_is_on_one_shift(open_node: OpenNode) -> None:
    pair = await both(open_node)
    for _ in range(3):
        shifts = await asyncio.gather(*(check_in(node, "dev") for node in (*pair, *pair)))
        assert len({shift.log for shift in shifts}) == 1
        await pair[1].check_out(who(pair[1], "dev"), client_id=new_id())
        with pytest.raises(NotNow, match="check in first"):
            await pair[0].check_out(who(pair[0], "dev"), client_id=new_id())


async def test_leads_who_let_somebody_on_at_two_nodes_in_one_moment_are_both_heard(
    open_node: OpenNode,
) -> None:
    pair = await both(open_node)
    for _ in range(3):
        await asyncio.gather(*(node.let_on(who(node, "jo"), "lou", "extra hands") for node in pair))
    for node in pair:
        assert node.cabinets.extras.get("lou") is not None


async def test_a_shift_that_ended_as_its_node_died_keeps_nobody_from_coming_back(
    open_node: OpenNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = await both(open_node)
    first = await check_in(one, "dev")

    async def died(*_: object) -> None:
        return None

    with monkeypatch.context() as patched:
        patched.setattr(one.store, "release", died)
        await one.check_out(who(one, "dev"), client_id=new_id())
    second = await check_in(other, "dev")
    assert second.log != first.log
    assert second.checked_in
    assert (await check_in(one, "dev")).log == second.log


async def test_nobody_is_refused_at_a_node_that_has_not_heard_yet_that_they_are_theirs(
    open_node: OpenNode, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    acts, follows = await both(open_node)
    await on_shift(acts, "dev")
    contact = await arrived(acts)
    await until(lambda: follows.logbook.held(contact), "that they came")
    monkeypatch.setattr(follows.following, "_heard", lambda *_: None)
    monkeypatch.setattr(follows.following, "looked", lambda: asyncio.sleep(0))
    redis.kill()
    assert await answered(acts, contact) == "dev"
    assert held(follows, contact).owner == ""
    await follows.close_contact(who(follows, "dev"), contact, new_id())
    with pytest.raises(NotNow):
        await acts.close_contact(who(acts, "dev"), contact, new_id())
    # What is true is refused all the same.
    with pytest.raises((NotAllowed, NotFound)):
        await follows.wrap_up(who(follows, "ania"), contact, "talked", new_id())


async def test_a_node_that_slept_past_its_lease_does_nothing_that_fell_due_meanwhile(
    open_node: OpenNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nodes, "LASTS", timedelta(seconds=2))
    monkeypatch.setattr(nodes, "RENEW_EVERY", 0.5)
    node = await open_node()
    await until(lambda: node.acting, "that it acts")
    agenda, did = node.dispatcher.agenda, list[str]()

    async def act() -> None:
        did.append("acted")

    agenda.at(node.clock.now() + timedelta(seconds=0.6), lambda: agenda.do(act()))
    time.sleep(2.5)  # noqa: ASYNC251 (the whole process stands still)
    assert not node.acting
    await until(lambda: node.acting, "that it acts again")
    assert not did, "it acted on what it had believed"


async def test_a_slot_held_by_a_node_that_died_before_its_offer_is_free_again(
    open_node: OpenNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slots, "SETTLES", timedelta(seconds=1))
    acts, follows = await both(open_node)
    await on_shift(acts, "dev")
    contact = await arrived(acts)
    assert await answered(acts, contact) == "dev"
    await on_shift(follows, "mari")
    shift = follows.roster.attendance("mari")
    assert shift is not None
    hold = attendance.hold_slot(contact, "o-never-written")
    assert (await follows.logbook.change(shift.log, hold)).events

    def theirs() -> set[str]:
        there = acts.roster.attendance("mari")
        return set(there.slots) if there is not None else set()

    await until(lambda: contact in theirs(), "that it is held")
    await until(lambda: not theirs(), "that it is free")
    there = acts.roster.attendance("dev")
    assert there is not None
    await asyncio.sleep(1.5)
    assert set(there.slots) == {contact}
