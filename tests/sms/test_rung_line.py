"""Somebody rings the line: a key, or none, is a request to be rung back, and one number has one open request."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from aiohttp.test_utils import TestClient, TestServer

from app import init_app
from helpline import call_keeping
from helpline.call_events import LineRung
from helpline.call_keeping import Asked
from helpline.contact import Contact
from helpline.errors import NotSaved
from helpline.events import CallMe, Linked
from helpline.ports import Record
from sms.rung_line import RungLine
from tests.clock import SetClock
from tests.helpline.call_evening import THEIRS, call_definition
from tests.helpline.evening import EIGHT, new_id
from tests.sms.carrier_house import OURS, CarrierHouse
from tests.sms.test_calls import Doors
from tests.sms.test_hooks import PUBLIC, credentials_file
from tests.webchat.conftest import settings_in


class Line(Doors):
    """The line as somebody rings it. `hangs_up` is what the carrier posts when a call is over."""

    async def rings(self, call: str = "CA1", number: str = THEIRS) -> str:
        return (await self.post("/hooks/voice", CallSid=call, From=number, To=OURS))[1]

    async def presses(self, key: str, call: str = "CA1", number: str = THEIRS) -> str:
        return (await self.post("/hooks/voice/key", CallSid=call, From=number, Digits=key))[1]

    async def says_nothing(self, call: str = "CA1", number: str = THEIRS) -> str:
        return (await self.post("/hooks/voice/nothing", CallSid=call, From=number))[1]

    async def hangs_up(self, call: str = "CA1", number: str = THEIRS, status: str = "completed") -> int:
        form = {"CallSid": call, "From": number, "CallStatus": status, "Direction": "inbound"}
        answered, _ = await self.post("/hooks/voice/over", **form)
        await self.helpline.dispatcher.settled()
        return answered

    @property
    def requests(self) -> list[Contact]:
        return [one for one in self.helpline.contacts() if one.calls.asked]

    async def bodies(self, contact: str, kind: type[object]) -> list[object]:
        return [one.body for one in await self.helpline.logbook.read(contact) if isinstance(one.body, kind)]


@pytest_asyncio.fixture
async def line(tmp_path: Path) -> AsyncIterator[Line]:
    house = await CarrierHouse().open()
    carrier = credentials_file(tmp_path, house.origin)
    settings = settings_in(tmp_path, carrier=carrier, public_origin=PUBLIC)
    app = init_app(settings, SetClock(EIGHT), definition=call_definition(tmp_path))
    async with TestClient(TestServer(app)) as client:
        yield Line(client)
    await house.close()


async def test_who_hangs_up_before_pressing_a_key_is_to_be_rung_back_and_nothing_is_safe_to_say(
    line: Line,
) -> None:
    await line.rings()
    assert await line.hangs_up() == 204
    (contact,) = line.requests
    assert (contact.channel, contact.phase, contact.calls.rang) == ("call", "waiting", 1)
    (asked,) = await line.bodies(contact.log, CallMe)
    assert isinstance(asked, CallMe)
    assert asked.number == THEIRS
    assert [asked.safe_name, asked.safe_message, asked.safe_text] == [False] * 3


async def test_however_the_carrier_calls_its_end_a_call_is_missed(line: Line) -> None:
    for nth, status in enumerate(("completed", "no-answer", "busy", "canceled", "failed")):
        number = f"+44770090010{nth}"
        await line.rings(f"CA{nth}", number)
        await line.hangs_up(f"CA{nth}", number, status)
        assert len(line.requests) == nth + 1


async def test_who_hears_it_all_and_presses_nothing_is_told_that_they_are_rung_back(line: Line) -> None:
    assert "/hooks/voice/nothing" in await line.rings()
    spoken = await line.says_nothing()
    assert "kept your request" in spoken
    assert "999" in spoken
    await line.hangs_up()
    (contact,) = line.requests
    assert contact.calls.rang == 1


async def test_a_call_that_has_not_ended_is_no_request(line: Line) -> None:
    await line.rings()
    for status in ("queued", "ringing", "in-progress", ""):
        assert await line.hangs_up(status=status) == 204
    assert line.requests == []


@pytest.mark.parametrize("key", ["2", "7"])
async def test_who_presses_another_key_is_not_rung_back_when_they_hang_up(line: Line, key: str) -> None:
    await line.rings()
    assert "kept your request" not in await line.presses(key)
    await line.hangs_up()
    assert line.requests == []


async def test_two_takes_back_what_the_number_had_open(line: Line) -> None:
    await line.rings()
    await line.presses("1")
    await line.hangs_up()
    (contact,) = line.requests
    await line.rings("CA2")
    await line.presses("2", "CA2")
    await line.hangs_up("CA2")
    fold = await line.helpline.contact(contact.log)
    assert (fold.calls.over, fold.phase) == ("withdrawn", "ended")
    assert not [one for one in fold.clocks if one.kind.startswith("call_")]


async def test_all_that_is_told_of_one_call_is_one_request(line: Line) -> None:
    await line.rings()
    for _ in range(2):
        await line.presses("1")
        await line.says_nothing()
        await line.hangs_up()
    (contact,) = line.requests
    assert len(await line.bodies(contact.log, CallMe)) == 1
    assert len(await line.bodies(contact.log, LineRung)) == 1


@pytest.mark.parametrize("key", ["1", "2", "7"])
async def test_what_was_pressed_holds_over_a_restart_and_on_another_node(line: Line, key: str) -> None:
    await line.rings()
    await line.presses(key)
    line.ringer.rung_line = RungLine(line.helpline)
    await line.hangs_up()
    requests = [await line.bodies(one.log, CallMe) for one in line.requests]
    assert [len(one) for one in requests] == ([1] if key == "1" else [])


async def test_many_missed_calls_of_one_number_are_one_request_that_keeps_its_offer(line: Line) -> None:
    ania = line.helpline.people.principal("ania")
    assert ania is not None
    line.helpline.supporter_connected("ania")
    await line.helpline.check_in(ania, client_id=new_id(), sound=True)
    await line.helpline.ready(ania)
    offers = set()
    for nth in range(4):
        await line.rings(f"CA{nth}")
        await line.hangs_up(f"CA{nth}")
        offers |= {one.offer.offer for one in line.requests if one.offer is not None}
    (contact,) = line.requests
    assert (contact.calls.rang, len(offers)) == (4, 1)
    assert len(await line.bodies(contact.log, CallMe)) == 1


async def test_a_missed_call_belongs_to_the_request_the_same_number_made_on_a_page(line: Line) -> None:
    asked = Asked(client_id=new_id(), number=THEIRS, safe_name=True)
    request = await call_keeping.ask(line.helpline, new_id(), "pl", asked)
    await line.rings()
    await line.hangs_up()
    (contact,) = line.requests
    assert (contact.log, contact.calls.rang) == (request.log, 1)
    (kept,) = await line.bodies(contact.log, CallMe)
    assert isinstance(kept, CallMe)
    assert kept.safe_name


async def test_a_number_typed_on_another_page_changes_nothing_of_the_first_and_both_say_so(
    line: Line,
) -> None:
    first = await call_keeping.ask(line.helpline, new_id(), "en", Asked(client_id=new_id(), number=THEIRS))
    other = Asked(client_id=new_id(), number=THEIRS, safe_message=True)
    second = await call_keeping.ask(line.helpline, new_id(), "en", other)
    assert second.log != first.log
    first = await line.helpline.contact(first.log)
    assert (first.linked, second.linked) == ((second.log,), (first.log,))
    assert len(await line.bodies(first.log, CallMe)) == 1


async def test_after_the_request_is_over_the_number_begins_another_linked_with_it(line: Line) -> None:
    await line.rings()
    await line.presses("1")
    (before,) = line.requests
    await line.rings("CA2")
    await line.presses("2", "CA2")
    await line.rings("CA3")
    await line.hangs_up("CA3")
    (after,) = line.requests
    assert after.log != before.log
    assert after.linked == (before.log,)
    (said,) = await line.bodies(before.log, Linked)
    assert said == Linked(after.log)


async def test_a_hidden_number_is_a_missed_call_with_nothing_to_ring(line: Line) -> None:
    hidden = ("anonymous", "Restricted", "+266696687", "+8656696", "+86282452253", "")
    for nth, number in enumerate(hidden):
        for _ in range(2):
            assert "999" in await line.rings(f"CA{nth}", number)
        await line.hangs_up(f"CA{nth}", number)
    assert line.requests == []
    heads = await line.helpline.store.logs("c-", EIGHT.replace(hour=0), EIGHT.replace(hour=23), 100)
    assert len(heads) == len(hidden)
    for head in heads:
        assert await line.bodies(head.log, LineRung) == [LineRung(hidden=True)]
        fold = await line.helpline.contact(head.log)
        assert (fold.phase, fold.number_held, fold.live) == ("ended", False, False)


async def test_whom_to_ring_in_danger_is_said_also_when_nothing_can_be_kept(line: Line) -> None:
    async def full(record: Record) -> None:
        raise NotSaved

    line.helpline.store.append = full  # type: ignore[method-assign]
    assert "999" in await line.rings(number="anonymous")
    assert await line.hangs_up() == 503
