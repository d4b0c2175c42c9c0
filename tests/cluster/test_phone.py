"""Texts and calls over two nodes: the carrier's posts reach any of them, and each thing is done once."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer
from twilio.request_validator import RequestValidator

from app import init_app
from helpline import call_keeping
from helpline.call_events import CallEnded
from helpline.call_keeping import Asked
from helpline.contact import Contact
from helpline.events import Said, TextStatus, TextTaken
from helpline.talking import Message
from sms.hooks import SIGNATURE
from tests.cluster.houses import node_of, until, who
from tests.cluster.test_nodes import answered, dead, held, on_shift
from tests.engines import Redis
from tests.helpline.evening import new_id
from tests.sms.carrier_house import OURS, CarrierHouse
from tests.sms.test_hooks import PUBLIC, TOKEN, credentials_file
from tests.webchat.conftest import settings_in
from webchat.keys import HELPLINE

THEIRS = "+447700900123"
DEVS = "07700 900456"


class Node:
    """One node with its phone line, and the carrier's hands on its address."""

    def __init__(self, client: TestClient[Any, Any]) -> None:
        self.client = client
        self.helpline = client.server.app[HELPLINE]  # type: ignore[attr-defined]

    async def post(self, path: str, **form: str) -> tuple[int, str]:
        signature = RequestValidator(TOKEN).compute_signature(PUBLIC + path, form)
        async with self.client.post(path, data=form, headers={SIGNATURE: signature}) as answer:
            return answer.status, await answer.text()

    async def text(self, words: str, sid: str) -> int:
        posted = {"MessageSid": sid, "From": THEIRS, "To": OURS, "Body": words, "NumMedia": "0"}
        return (await self.post("/hooks/sms", **posted))[0]

    def contacts(self) -> list[str]:
        return [contact.log for contact in self.helpline.contacts()]

    async def events(self, contact: str, kind: type[Any]) -> list[Any]:
        log = await self.helpline.logbook.read(contact)
        return [event.body for event in log if isinstance(event.body, kind)]

    async def says(self, contact: str, words: str) -> None:
        await self.helpline.say_to(who(self.helpline, "dev"), contact, [Message(new_id(), words)])


@pytest.fixture
async def house() -> AsyncIterator[CarrierHouse]:
    house = await CarrierHouse().open()
    yield house
    assert house.wrong == []
    await house.close()


@pytest.fixture
async def nodes(
    tmp_path: Path, database: str, redis: Redis, house: CarrierHouse
) -> AsyncIterator[tuple[Node, Node]]:
    """The node that acts and one that follows."""
    settings = settings_in(
        tmp_path,
        store=database,
        bus=redis.address,
        public_origin=PUBLIC,
        carrier=credentials_file(tmp_path, house.origin),
    )
    one, other = TestClient(TestServer(init_app(settings))), TestClient(TestServer(init_app(settings)))
    async with one, other:
        acts, follows = Node(one), Node(other)
        both = (acts.helpline, follows.helpline)
        await until(lambda: not any(node_of(node).unheard for node in both), "hearing each other")
        assert (acts.helpline.acting, follows.helpline.acting) == (True, False)
        house.now = acts.helpline.clock.now()
        yield acts, follows


def sent(house: CarrierHouse, words: str) -> list[dict[str, Any]]:
    return [one for one in house.messages if words in one["body"]]


async def test_a_text_brought_to_both_nodes_at_once_is_kept_once_and_its_answer_goes_out_once(
    nodes: tuple[Node, Node], house: CarrierHouse
) -> None:
    acts, follows = nodes
    # Only one asks the carrier what was missed.
    await until(lambda: [what for what, _ in house.asked].count("list") == 1, "asking what was missed")
    took = await asyncio.gather(
        *(node.text("are you there", "SM1") for node in (acts, follows, acts, follows))
    )
    assert took == [200] * 4
    await until(lambda: acts.contacts() and acts.contacts() == follows.contacts(), "the one contact")
    (contact,) = acts.contacts()
    assert [said.text for said in await follows.events(contact, Said)] == ["are you there"]
    await on_shift(follows.helpline, "dev")
    assert await answered(follows.helpline, contact) == "dev"
    await follows.says(contact, "I am here")
    await until(lambda: sent(house, "I am here"), "the answer going out")
    # What became of it is told to the other node, and at once: perhaps before it knows that it was sent.
    (gone,) = sent(house, "I am here")
    status = {"MessageSid": gone["sid"], "MessageStatus": "delivered", "To": THEIRS, "From": OURS}
    assert (await follows.post("/hooks/sms/status", **status))[0] == 204

    async def delivered() -> bool:
        told = await follows.events(contact, TextStatus)
        return [one.status for one in told if one.sid == gone["sid"]] == ["delivered"]

    await eventually(delivered)
    taken = [one.sid for one in await follows.events(contact, TextTaken)]
    assert len(taken) == len(set(taken)) == len(house.messages)
    assert len(sent(house, "I am here")) == 1


async def test_what_was_to_be_sent_when_a_node_died_is_sent_once_by_the_other(
    nodes: tuple[Node, Node], house: CarrierHouse
) -> None:
    acts, follows = nodes
    assert await acts.text("are you there", "SM1") == 200
    await until(follows.contacts, "the contact")
    (contact,) = follows.contacts()
    await on_shift(follows.helpline, "dev")
    assert await answered(follows.helpline, contact) == "dev"
    await until(lambda: house.messages, "the first word")
    await dead(acts.helpline)
    await follows.says(contact, "still here")
    assert await follows.text("thank you", "SM2") == 200
    assert sent(house, "still here") == []
    await until(lambda: follows.helpline.acting, "taking over")
    await until(lambda: sent(house, "still here"), "the answer going out")
    await follows.helpline.dispatcher.settled()
    assert len(sent(house, "still here")) == 1
    said = [one.text for one in await follows.events(contact, Said)]
    assert said == ["are you there", "still here", "thank you"]


async def test_a_call_is_placed_once_by_the_node_of_the_press_and_its_callbacks_reach_the_other(
    nodes: tuple[Node, Node], house: CarrierHouse
) -> None:
    acts, follows = nodes
    line = follows.helpline
    await on_shift(line, "dev")
    await call_keeping.own_number(line, who(line, "dev"), DEVS)
    asked = Asked(client_id=new_id(), number=THEIRS, window="soonest")
    contact = (await call_keeping.ask(acts.helpline, new_id(), "en", asked)).log
    assert await answered(line, contact) == "dev"
    await call_keeping.ring(line, who(line, "dev"), contact, client_id=new_id())
    placing = held(line, contact).calls.placing
    assert placing is not None
    await until(lambda: house.calls, "the call")

    def placed() -> bool:
        fold: Contact | None = acts.helpline.logbook.held(contact)
        return fold is not None and fold.calls.placing is not None

    await until(placed, "that it is on its way")
    at = f"/hooks/voice/{{}}/{placing.call}"
    status, twiml = await acts.post(at.format("bridge"), CallSid="CA1")
    assert (status, "<Gather" in twiml) == (200, True)
    status, twiml = await acts.post(at.format("connect"), CallSid="CA1", Digits="1")
    assert (status, THEIRS in twiml) == (200, True)
    done = {"CallSid": "CA1", "DialCallStatus": "completed", "DialCallDuration": "61"}
    both = await asyncio.gather(*(node.post(at.format("done"), **done) for node in nodes))
    assert [status for status, _ in both] == [200, 200]
    assert [one.outcome for one in await follows.events(contact, CallEnded)] == ["completed"]
    assert len(house.calls) == 1


async def eventually(what: Callable[[], Awaitable[bool]]) -> None:
    """The same as `until`, of something that is read from the store."""
    async with asyncio.timeout(20):
        while not await what():  # noqa: ASYNC110 (the store: nothing tells but asking)
            await asyncio.sleep(0.05)
