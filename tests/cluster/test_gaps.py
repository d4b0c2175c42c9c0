"""Moments between two nodes in which something could fall through: a start, a stop, a lease that ran out unnoticed."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from helpline import following
from helpline.definition import read_definition
from helpline.errors import NotSaved
from helpline.service import Helpline
from helpline.stores.mongo_questions import Questions
from tests.cluster.conftest import OpenNode
from tests.cluster.houses import node_of, until, who
from tests.cluster.test_nodes import arrived, both, held
from tests.crash.evening import definition_for


async def test_whoever_lost_their_line_at_a_node_that_stopped_in_peace_is_noticed(
    open_node: OpenNode, tmp_path: Path
) -> None:
    service = definition_for(tmp_path, 1)
    text = service.read_text().replace("reconnect_seconds = 3600", "reconnect_seconds = 2")
    service.write_text(text.replace("lost_after_seconds = 3600", "lost_after_seconds = 1"))
    acts, follows = await both(open_node, read_definition(service))
    contact = await arrived(follows)
    await until(lambda: acts.logbook.held(contact), "that they came")
    follows.person_disconnected(contact)  # its sockets are closed, and nobody comes to another node
    await follows.close()
    await until(lambda: held(acts, contact).person_lost, "that their line is lost")


async def test_whoever_comes_while_a_node_opens_is_known_to_it(
    open_node: OpenNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = await open_node()
    read, came = Helpline._read_handovers, list[str]()

    async def somebody_comes(opening: Helpline) -> None:
        await read(opening)
        came.append(await arrived(first))

    with monkeypatch.context() as patched:
        patched.setattr(Helpline, "_read_handovers", somebody_comes)
        second = await open_node()
    assert second.logbook.held(came[0])
    assert len(second.dispatcher.queue) == 1


async def test_what_falls_due_after_the_lease_to_dispatch_ran_out_is_done_once_it_is_renewed(
    open_node: OpenNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    node = await open_node()
    await until(lambda: node.acting, "that it acts")
    among, turns, lease = node_of(node), list[bool](), node_of(node)._lease

    def turned(acts: bool, then: Callable[[], None]) -> Callable[[], None]:
        def turn() -> None:
            turns.append(acts)
            then()

        return turn

    monkeypatch.setattr(among, "take_over", turned(True, among.take_over))
    monkeypatch.setattr(among, "stand_back", turned(False, among.stand_back))

    async def slowly(*arguments: object) -> bool:
        got: bool = await lease(*arguments)  # type: ignore[arg-type]
        among._leads_until = time.monotonic()  # so long did it take, and the last one is over
        return got

    with monkeypatch.context() as patched:
        patched.setattr(among, "_lease", slowly)
        await until(lambda: turns, "the renewal", within=10)
    assert turns[:2] == [False, True]


async def test_a_node_acts_although_the_letters_could_not_be_read(
    open_node: OpenNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    acts, follows = await both(open_node)
    began = list[str]()
    follows.on_acting(lambda: began.append("texts and calls"))

    async def away() -> None:
        raise NotSaved

    monkeypatch.setattr(follows.post._outbox, "reread", away)
    await acts.drain()
    await until(lambda: began, "acting")


def looks_at_everything(
    node: Helpline, monkeypatch: pytest.MonkeyPatch, at_first: Callable[[], Awaitable[object]]
) -> list[str]:
    """One for each look this node takes from here on; the first meets `at_first`."""
    grown, looks = node.store.grown, list[str]()

    async def counted(told: dict[str, int]) -> list[str]:
        looks.append("at everything")
        if len(looks) == 1:
            await at_first()
        found: list[str] = await grown(told)
        return found

    monkeypatch.setattr(node.following._store, "grown", counted)
    return looks


async def test_a_look_that_failed_is_taken_again(
    open_node: OpenNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    node = await open_node()

    async def away() -> None:
        raise NotSaved

    looks = looks_at_everything(node, monkeypatch, away)
    node.following.look_at_everything()
    await until(lambda: len(looks) == 2, "looking again")


async def test_of_two_readings_of_one_kind_the_later_one_holds(
    open_node: OpenNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    acts, follows = await both(open_node)
    cabinet = acts.cabinets.extras
    get, slow = acts.store.get, asyncio.Event()
    asked = list[int]()

    async def the_first_one_slowly(kind: str, id: str) -> object:
        asked.append(len(asked))
        nth, document = len(asked), await get(kind, id)
        if nth == 1:
            await slow.wait()
        return document

    monkeypatch.setattr(acts.following, "_heard", lambda *_: None)
    monkeypatch.setattr(cabinet._store, "get", the_first_one_slowly)
    await follows.let_on(who(follows, "jo"), "lou", "extra hands")
    first = asyncio.ensure_future(cabinet.reread("lou"))
    await until(lambda: asked, "the first reading")
    await follows.cabinets.extras.remove("lou")
    second = asyncio.ensure_future(cabinet.reread("lou"))
    await asyncio.sleep(0.1)
    slow.set()
    await asyncio.gather(first, second)
    assert "lou" not in cabinet


async def test_a_question_that_came_to_nothing_is_no_word_to_whoever_asked_to_end() -> None:
    questions = Questions()

    async def given_up_by_the_driver() -> None:
        raise asyncio.CancelledError

    with pytest.raises(NotSaved):
        await questions.answer(given_up_by_the_driver())
    asking = asyncio.ensure_future(questions.answer(asyncio.sleep(3600)))
    await asyncio.sleep(0)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking


async def test_a_look_that_never_ends_is_broken_off_and_begun_anew(
    open_node: OpenNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "LONGEST_LOOK", 0.2)
    node = await open_node()
    looks = looks_at_everything(node, monkeypatch, asyncio.Event().wait)
    await node.following.looked()
    await node.following.looked()
    assert len(looks) == 2
