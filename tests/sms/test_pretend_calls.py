"""The pretend phones ring: the whole service behind real HTTP, and every post to it signed as the carrier's are."""

import ast
import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from aiohttp.test_utils import TestServer, get_unused_port_socket

from app import HOUSE, init_app
from helpline import call_keeping
from helpline.call_events import CallEnded, LineRung
from helpline.call_keeping import Asked
from helpline.contact import Contact
from sms.carrier import Refused, Unreachable
from sms.phone_pages import PRETEND
from sms.pretend import HANDSETS, OURS
from sms.signed_posts import NoPage, SignedPosts
from sms.switchboard import Leg
from sms.voice import KEY_WAITS, RINGS
from tests.clock import SetClock
from tests.helpline.call_evening import call_definition
from tests.helpline.evening import EIGHT, new_id
from tests.webchat.conftest import settings_in
from webchat.keys import HELPLINE

THEIRS, OTHERS, _ = HANDSETS


class Demonstration:
    """A demonstration as it runs, with Ania on shift; its clock is set by hand."""

    def __init__(self, app: Any, clock: SetClock, url: str) -> None:
        self.url = url
        self.line, self.phone, self.clock = app[HELPLINE], app[PRETEND].phone, clock
        self.ania = self.line.people.principal("ania")
        self.anias = self.line.people.get("ania").phone
        self._moved = asyncio.Event()
        self.phone.listen(self._moved.set)
        self.line.listen(lambda _: self._moved.set())

    async def until(self, there: Callable[[], Any]) -> Any:
        """What `there` gives, as soon as it gives something."""
        async with asyncio.timeout(10):
            while not (found := there()):
                self._moved.clear()
                await self._moved.wait()
            return found

    async def later(self, seconds: float) -> None:
        """Time goes on; whatever is due by then has begun."""
        end = self.clock.now() + timedelta(seconds=seconds)
        while (wake := self.clock.next_wake()) is not None and wake <= end:
            self.clock.set(max(wake, self.clock.now()))
            await self.line.dispatcher.settled()
        self.clock.set(end)
        await self.line.dispatcher.settled()

    def leg(self, number: str) -> Leg | None:
        found: Leg | None = self.phone.calls.legs.get(number)
        return found

    async def on(self, number: str, state: str) -> Leg:
        """Once this handset is in a call that stands so."""
        leg: Leg = await self.until(lambda: (one := self.leg(number)) and one.state == state and one)
        return leg

    async def quiet(self, number: str) -> str:
        """Once this handset is in no call: how its last one ended."""
        await self.until(lambda: self.leg(number) is None)
        return next((one.ended for one in reversed(self.phone.calls.past) if one.number == number), "")

    async def does(self, number: str, *deeds: str) -> None:
        for deed in deeds:
            leg = self.leg(number)
            assert leg is not None, f"{number} is in no call"
            self.phone.calls.does(leg.sid, deed)

    async def asked(self, number: str = THEIRS) -> Contact:
        """Somebody asked to be rung, and Ania has them."""
        await call_keeping.ask(self.line, new_id(), "en", Asked(client_id=new_id(), number=number))
        await self.line.dispatcher.settled()
        (contact,) = self.line.contacts()
        await self.line.accept(self.ania, contact.offer.offer, new_id())
        fold: Contact = contact
        return fold

    async def rings(self, contact: Contact) -> None:
        """Ania presses "Ring them"."""
        await call_keeping.ring(self.line, self.ania, contact.log, client_id=new_id())

    async def ended(self, contact: Contact) -> tuple[str, int]:
        """How the call ended by the log: its outcome, and for how many seconds they talked."""
        await self.until(lambda: not self.line.logbook.held(contact.log).calls.placing)
        events = await self.line.logbook.read(contact.log)
        last = [one.body for one in events if isinstance(one.body, CallEnded)][-1]
        return last.outcome, last.seconds

    async def ringing_theirs(self) -> Contact:
        """Ania has answered and pressed 1, and theirs rings."""
        contact = await self.asked()
        await self.rings(contact)
        await self.on(self.anias, "ringing")
        await self.does(self.anias, "answer")
        await self.on(self.anias, "listening")
        await self.does(self.anias, "1")
        await self.on(THEIRS, "ringing")
        return contact


@pytest_asyncio.fixture
async def demo(tmp_path: Path) -> AsyncIterator[Demonstration]:
    clock, socket = SetClock(EIGHT), get_unused_port_socket("127.0.0.1")
    settings = settings_in(tmp_path, port=socket.getsockname()[1])
    app = init_app(settings, clock, definition=call_definition(tmp_path))
    server = TestServer(app, host="127.0.0.1", socket_factory=lambda *_: socket)
    await server.start_server()
    opened = Demonstration(app, clock, str(server.make_url("")).rstrip("/"))
    opened.line.supporter_connected("ania")
    await opened.line.check_in(opened.ania, client_id=new_id(), sound=True)
    await opened.line.ready(opened.ania)
    yield opened
    await server.close()


async def test_our_side_rings_first_and_theirs_after_one_and_both_talk(demo: Demonstration) -> None:
    contact = await demo.asked()
    await demo.rings(contact)
    ours = await demo.on(demo.anias, "ringing")
    assert ours.shown == OURS
    assert demo.leg(THEIRS) is None
    await demo.does(demo.anias, "answer")
    ours = await demo.on(demo.anias, "listening")
    await demo.until(lambda: ours.said)
    assert "Press 1" in ours.said[0].text
    assert demo.leg(THEIRS) is None
    await demo.does(demo.anias, "1")
    theirs = await demo.on(THEIRS, "ringing")
    assert theirs.shown == OURS
    await demo.does(THEIRS, "answer")
    await demo.on(THEIRS, "talking")
    await demo.on(demo.anias, "talking")
    await demo.later(61)
    await demo.does(THEIRS, "hang_up")
    assert await demo.ended(contact) == ("completed", 61)
    assert await demo.quiet(THEIRS) == await demo.quiet(demo.anias) == "over"


async def test_our_side_may_hang_up_too(demo: Demonstration) -> None:
    contact = await demo.ringing_theirs()
    await demo.does(THEIRS, "answer")
    await demo.on(demo.anias, "talking")
    await demo.later(5)
    await demo.does(demo.anias, "hang_up")
    assert await demo.ended(contact) == ("completed", 5)
    assert await demo.quiet(THEIRS) == await demo.quiet(demo.anias) == "over"


async def test_our_side_that_lets_it_ring_leaves_them_unrung(demo: Demonstration) -> None:
    contact = await demo.asked()
    await demo.rings(contact)
    await demo.on(demo.anias, "ringing")
    await demo.later(RINGS - 1)
    assert demo.leg(demo.anias) is not None
    await demo.later(1)
    assert await demo.ended(contact) == ("not-taken", 0)
    assert await demo.quiet(demo.anias) == "missed"
    assert await demo.quiet(THEIRS) == ""


@pytest.mark.parametrize("deed", ["reject", "hang_up"])
async def test_our_side_that_rejects_it_leaves_them_unrung(demo: Demonstration, deed: str) -> None:
    contact = await demo.asked()
    await demo.rings(contact)
    await demo.on(demo.anias, "ringing")
    await demo.does(demo.anias, deed)
    assert await demo.ended(contact) == ("not-taken", 0)
    assert await demo.quiet(demo.anias) == "rejected"
    assert await demo.quiet(THEIRS) == ""


@pytest.mark.parametrize("answers", ["answer", "voicemail"])
async def test_who_answers_and_presses_nothing_leaves_them_unrung(demo: Demonstration, answers: str) -> None:
    contact = await demo.asked()
    await demo.rings(contact)
    await demo.on(demo.anias, "ringing")
    await demo.does(demo.anias, answers)
    leg = await demo.on(demo.anias, "listening")
    await demo.until(lambda: leg.said)
    await demo.later(KEY_WAITS - 1)
    assert demo.leg(demo.anias) is not None
    await demo.later(1)
    assert await demo.ended(contact) == ("not-taken", 0)
    assert await demo.quiet(THEIRS) == ""


async def test_another_key_than_one_leaves_them_unrung(demo: Demonstration) -> None:
    contact = await demo.asked()
    await demo.rings(contact)
    await demo.on(demo.anias, "ringing")
    await demo.does(demo.anias, "answer")
    await demo.on(demo.anias, "listening")
    await demo.does(demo.anias, "2")
    assert await demo.ended(contact) == ("not-taken", 0)
    assert await demo.quiet(THEIRS) == ""


async def test_they_let_it_ring(demo: Demonstration) -> None:
    contact = await demo.ringing_theirs()
    await demo.later(RINGS - 1)
    assert demo.leg(THEIRS) is not None
    await demo.later(1)
    assert await demo.ended(contact) == ("no-answer", 0)
    assert await demo.quiet(THEIRS) == "missed"
    assert await demo.quiet(demo.anias) == "over"


async def test_they_reject_it(demo: Demonstration) -> None:
    contact = await demo.ringing_theirs()
    await demo.does(THEIRS, "reject")
    assert await demo.ended(contact) == ("busy", 0)
    assert await demo.quiet(THEIRS) == "rejected"


async def test_our_side_hangs_up_while_theirs_rings(demo: Demonstration) -> None:
    contact = await demo.ringing_theirs()
    await demo.does(demo.anias, "hang_up")
    assert await demo.quiet(THEIRS) == "missed"
    assert await demo.ended(contact) == ("no-answer", 0)


async def test_a_phone_that_is_off_does_not_ring(demo: Demonstration) -> None:
    demo.phone.switch(THEIRS, reachable=False)
    contact = await demo.asked()
    await demo.rings(contact)
    await demo.on(demo.anias, "ringing")
    await demo.does(demo.anias, "answer")
    await demo.on(demo.anias, "listening")
    await demo.does(demo.anias, "1")
    assert await demo.ended(contact) == ("no-answer", 0)


async def test_a_phone_in_a_call_is_engaged(demo: Demonstration) -> None:
    demo.phone.rings_us(THEIRS)
    await demo.on(THEIRS, "listening")
    contact = await demo.asked()
    await demo.rings(contact)
    await demo.on(demo.anias, "ringing")
    await demo.does(demo.anias, "answer")
    await demo.on(demo.anias, "listening")
    await demo.does(demo.anias, "1")
    assert await demo.ended(contact) == ("busy", 0)
    assert demo.leg(THEIRS) is not None


async def test_a_number_nobody_has_is_refused_and_so_is_a_call_nobody_knows(demo: Demonstration) -> None:
    with pytest.raises(Refused):
        await demo.phone.bridge("+447700900999", "http://127.0.0.1/", "http://127.0.0.1/")
    with pytest.raises(Refused):
        await demo.phone.hang_up("CA1")
    contact = await demo.asked("+447700900999")
    await demo.rings(contact)
    await demo.on(demo.anias, "ringing")
    await demo.does(demo.anias, "answer")
    await demo.on(demo.anias, "listening")
    await demo.does(demo.anias, "1")
    assert (await demo.ended(contact))[0] == "failed"


async def test_the_helpline_may_stop_what_rings_and_what_talks(demo: Demonstration) -> None:
    contact = await demo.asked()
    await demo.rings(contact)
    ours = await demo.on(demo.anias, "ringing")
    await demo.phone.hang_up(ours.sid)
    assert await demo.ended(contact) == ("not-taken", 0)
    await demo.rings(contact)
    await demo.on(demo.anias, "ringing")
    await demo.does(demo.anias, "answer")
    ours = await demo.on(demo.anias, "listening")
    await demo.does(demo.anias, "1")
    await demo.on(THEIRS, "ringing")
    await demo.does(THEIRS, "answer")
    await demo.on(demo.anias, "talking")
    await demo.phone.hang_up(ours.sid)
    assert await demo.ended(contact) == ("completed", 0)
    assert await demo.quiet(THEIRS) == "over"


async def test_the_line_goes_down_under_a_call_and_takes_no_other(demo: Demonstration) -> None:
    contact = await demo.ringing_theirs()
    demo.phone.cut(down=True)
    assert await demo.quiet(THEIRS) == "failed"
    assert await demo.quiet(demo.anias) == "over"
    assert await demo.ended(contact) == ("failed", 0)
    with pytest.raises(Unreachable) as lost:
        await demo.phone.bridge(demo.anias, "http://127.0.0.1/", "http://127.0.0.1/")
    assert not lost.value.unknown
    demo.phone.rings_us(THEIRS)
    assert demo.leg(THEIRS) is None


async def test_whoever_rings_the_line_hears_it_in_its_languages_and_one_is_a_request(
    demo: Demonstration,
) -> None:
    demo.phone.rings_us(OTHERS)
    leg = await demo.on(OTHERS, "listening")
    await demo.until(lambda: len(leg.said) >= 6)
    spoken = {one.language for one in leg.said}
    assert {"en-GB", "cy-GB", "pl-PL"} <= spoken
    await demo.does(OTHERS, "1")
    assert await demo.quiet(OTHERS) == "over"
    assert "kept your request" in " ".join(one.text for one in leg.said)
    (contact,) = demo.line.contacts()
    assert contact.channel == "call"
    events = await demo.line.logbook.read(contact.log)
    assert [one.body.number for one in events if one.kind == "call_me"] == [OTHERS]


async def test_whoever_hangs_up_before_a_key_is_to_be_rung_back_too(demo: Demonstration) -> None:
    demo.phone.rings_us(OTHERS)
    await demo.on(OTHERS, "listening")
    await demo.does(OTHERS, "hang_up")
    (contact,) = await demo.until(demo.line.contacts)
    assert contact.calls.asked


async def test_a_number_that_is_withheld_is_never_told(demo: Demonstration) -> None:
    demo.phone.rings_us(OTHERS, hidden=True)
    await demo.until(lambda: demo.phone.calls.past)
    heads = await demo.line.store.logs("c-", EIGHT - timedelta(days=1), EIGHT + timedelta(days=1), 10)
    events = [one for head in heads for one in await demo.line.logbook.read(head.log)]
    assert [one.body.hidden for one in events if isinstance(one.body, LineRung)] == [True]
    assert OTHERS not in str(events)
    assert demo.line.contacts() == []


async def test_a_voicemail_is_said_to_be_perhaps_a_machine(demo: Demonstration) -> None:
    contact = await demo.ringing_theirs()
    await demo.does(THEIRS, "voicemail")
    await demo.until(lambda: demo.line.logbook.held(contact.log).calls.machine)
    await demo.does(demo.anias, "hang_up")
    assert (await demo.ended(contact))[0] == "completed"


async def test_the_carrier_may_be_asked_how_a_call_stands(demo: Demonstration) -> None:
    contact = await demo.asked()
    await demo.rings(contact)
    leg = await demo.on(demo.anias, "ringing")
    await demo.until(lambda: demo.phone.calls.stands[leg.sid] == "ringing")
    await demo.does(demo.anias, "reject")
    await demo.ended(contact)
    assert (await demo.phone.call(leg.sid)).status == "busy"
    with pytest.raises(Refused):
        await demo.phone.call("CA1")


async def test_a_press_about_a_call_that_is_over_does_nothing(demo: Demonstration) -> None:
    demo.phone.rings_us(OTHERS)
    before = await demo.on(OTHERS, "listening")
    await demo.does(OTHERS, "hang_up")
    await demo.quiet(OTHERS)
    demo.phone.rings_us(OTHERS)
    now = await demo.on(OTHERS, "listening")
    demo.phone.calls.does(before.sid, "hang_up")
    demo.phone.calls.does(now.sid, "not a key")
    assert now.does.empty()


async def test_a_carrier_that_signs_with_another_token_rings_nobody_for_us(demo: Demonstration) -> None:
    forger = SignedPosts("another token")
    with pytest.raises(NoPage, match="403"):
        await forger.post(f"{demo.url}/hooks/voice", {"From": THEIRS, "CallSid": "CA1"})
    await forger.close()
    assert demo.line.contacts() == []


async def test_everybody_who_may_be_with_somebody_has_a_phone_of_their_own(demo: Demonstration) -> None:
    theirs = {one.owner: one.number for one in demo.phone.handsets.values() if one.owner}
    assert len(set(theirs.values())) == len(theirs)
    for account in demo.line.people:
        at_desk = account.principal.is_any("supporter", "lead")
        assert (theirs.get(account.shown_name) == account.phone) if at_desk else not account.phone


def test_only_the_demonstrations_pages_know_that_the_phone_is_pretended() -> None:
    pretended = {"sms.pretend", "sms.switchboard", "sms.phone_view", "sms.signed_posts", "sms.instructions"}
    known_to = set()
    for folder in ("helpline", "rota", "webchat", "sms"):
        for path in (HOUSE / folder).rglob("*.py"):
            for one in ast.walk(ast.parse(path.read_text())):
                if isinstance(one, ast.ImportFrom) and (
                    one.module in pretended or {f"{one.module}.{name.name}" for name in one.names} & pretended
                ):
                    known_to.add(f"{folder}.{path.stem}")
    assert known_to - pretended == {"sms.phone_pages"}
