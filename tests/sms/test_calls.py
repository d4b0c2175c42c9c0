"""A press at the desk becomes one call: our side first, then theirs; and the line rung by somebody in need."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import pytest_asyncio
from aiohttp.test_utils import TestClient, TestServer
from twilio.request_validator import RequestValidator

from app import init_app
from helpline import call_keeping
from helpline.call_events import CallEnded
from helpline.errors import BadRequest, HelplineError, NotNow, NotSaved
from helpline.ports import Record
from helpline.service import Helpline
from sms.calls import Ringer
from sms.circuit import OPENS_AFTER, Breaker
from sms.hooks import SIGNATURE
from sms.phone_line import PHONE_LINE
from sms.twilio_carrier import Credentials, TwilioCarrier
from sms.twilio_http import Http
from sms.voice import VOICES
from sms.voice_hooks import RINGER
from tests.clock import SetClock
from tests.helpline.call_evening import THEIRS, CallEvening, call_definition
from tests.helpline.evening import EIGHT, new_id
from tests.sms.carrier_house import ACCOUNT, API_KEY, OURS, SECRET, CarrierHouse, error, garbage
from tests.sms.test_hooks import PUBLIC, TOKEN, credentials_file
from tests.webchat.conftest import settings_in
from webchat.keys import HELPLINE

ANIAS = "+447700900456"


class RingingEvening(CallEvening):
    """`house` is the carrier's side."""

    def __init__(self, folder: Path, house: CarrierHouse) -> None:
        super().__init__(folder)
        self.house = house

    def take(self, helpline: Helpline) -> None:
        super().take(helpline)
        own = Credentials(ACCOUNT, API_KEY, SECRET, OURS, origin=self.house.origin)
        self.carrier = TwilioCarrier(own, status_url=PUBLIC, http=Http(self.house.origin, answer=0.5))
        self.ringer = Ringer(helpline, self.carrier, OURS, PUBLIC)

    async def open(self) -> "RingingEvening":
        await super().open()
        self.ringer.open()
        await self.settled()
        return self

    async def close(self) -> None:
        self.ringer.close()
        await self.carrier.close()
        await super().close()

    async def ready_to_ring(self) -> str:
        """Ania, who has put in her number, has somebody who asked to be rung as soon as can be."""
        await call_keeping.own_number(self.line, self.who("ania"), "07700 900456")
        return await self.with_request("ania")

    async def rings(self, contact: str) -> str:
        """Ania presses. Our name for the call."""
        await call_keeping.ring(self.line, self.who("ania"), contact, client_id=new_id())
        placing = self.fold(contact).calls.placing
        assert placing is not None
        await self.settled()
        return placing.call

    async def ends(self, contact: str) -> list[str]:  # type: ignore[override]
        """How calls of this contact ended."""
        return [one.body.outcome for one in await self.events(contact) if isinstance(one.body, CallEnded)]


@pytest_asyncio.fixture
async def house() -> AsyncIterator[CarrierHouse]:
    opened = await CarrierHouse().open()
    yield opened
    await opened.close()


@pytest_asyncio.fixture
async def evening(tmp_path: Path, house: CarrierHouse) -> AsyncIterator[RingingEvening]:
    opened = await RingingEvening(tmp_path, house).open()
    yield opened
    await opened.close()


def said_to(twiml: str) -> ElementTree.Element:
    return ElementTree.fromstring(twiml.encode())


async def test_our_side_is_rung_first_and_theirs_only_after_one_was_pressed(evening: RingingEvening) -> None:
    contact = await evening.ready_to_ring()
    call = await evening.rings(contact)
    (placed,) = evening.house.calls
    assert (placed["To"], placed["From"]) == (ANIAS, OURS)
    assert THEIRS not in str(evening.house.asked)
    first = said_to(evening.ringer.answered(call))
    assert first.find("Gather/Say") is not None
    assert first.find("Dial") is None
    dial = said_to(await evening.ringer.pressed(call, "1")).find("Dial")
    assert dial is not None
    assert dial.attrib["callerId"] == OURS
    assert dial.attrib["answerOnBridge"] == "true"
    assert dial.findtext("Number") == THEIRS
    await evening.ringer.done(call, "completed", 412)
    assert await evening.ends(contact) == ["completed"]
    await evening.made("ania", contact, "talked")
    assert evening.fold(contact).calls.over == "talked"
    assert evening.house.wrong == []


@pytest.mark.parametrize("by", ["machine_start", "machine_end_beep", "fax"])
async def test_what_may_be_a_machine_is_said_at_the_desk_and_nothing_follows_by_itself(
    evening: RingingEvening, by: str
) -> None:
    contact = await evening.ready_to_ring()
    call = await evening.rings(contact)
    number = said_to(await evening.ringer.pressed(call, "1")).find("Dial/Number")
    assert number is not None
    assert number.attrib["machineDetection"] == "Enable"
    assert number.attrib["amdStatusCallback"] == f"{PUBLIC}/hooks/voice/machine/{call}"
    for _ in range(2):
        await evening.ringer.answered_by(call, by)
    assert evening.fold(contact).calls.machine
    assert (await evening.kinds(contact)).count("call_machine") == 1
    await evening.ringer.done(call, "completed", 20)
    assert evening.fold(contact).calls.tried == ()
    await evening.made("ania", contact, "voicemail")
    calls = evening.fold(contact).calls
    assert ([one.outcome for one in calls.tried], calls.machine) == (["voicemail"], False)


@pytest.mark.parametrize("by", ["human", "unknown", ""])
async def test_a_person_or_nobody_knows_is_no_machine(evening: RingingEvening, by: str) -> None:
    contact = await evening.ready_to_ring()
    call = await evening.rings(contact)
    await evening.ringer.pressed(call, "1")
    await evening.ringer.answered_by(call, by)
    await evening.ringer.answered_by("k-another", "machine_start")
    assert not evening.fold(contact).calls.machine


async def test_calls_nobody_takes_open_the_circuit_and_then_nothing_is_tried_until_it_lets_one_through(
    evening: RingingEvening,
) -> None:
    contact = await evening.ready_to_ring()
    turned: list[bool] = []
    evening.ringer.breaker = Breaker(evening.clock, lambda circuit: turned.append(circuit.open))
    for nth in range(OPENS_AFTER):
        evening.house.script = [garbage(503, "busy")]
        await evening.rings(contact)
        assert evening.ringer.breaker.circuit.open == (nth == OPENS_AFTER - 1)
    asked = len(evening.house.asked)
    evening.house.script = []
    await evening.rings(contact)
    assert (await evening.ends(contact))[-1] == "silent"
    assert len(evening.house.asked) == asked
    await evening.later(seconds=10)
    await evening.rings(contact)
    assert len(evening.house.calls) == 1
    assert turned == [True, False]


async def test_a_call_the_carrier_refuses_is_no_silence(evening: RingingEvening) -> None:
    contact = await evening.ready_to_ring()
    for _ in range(OPENS_AFTER + 1):
        evening.house.script = [error(400, 21211)]
        await evening.rings(contact)
    assert not evening.ringer.breaker.circuit.open


@pytest.mark.parametrize("key", ["", "2"])
async def test_a_machine_that_answers_on_our_side_presses_nothing_and_they_are_not_rung(
    evening: RingingEvening, key: str
) -> None:
    contact = await evening.ready_to_ring()
    call = await evening.rings(contact)
    assert said_to(await evening.ringer.pressed(call, key)).find("Dial") is None
    await evening.settled()
    assert await evening.ends(contact) == ["not-taken"]
    await evening.rings(contact)
    assert len(evening.house.calls) == 2


async def test_the_press_sent_twice_rings_once_and_a_second_press_waits_for_the_first(
    evening: RingingEvening,
) -> None:
    contact = await evening.ready_to_ring()
    id = new_id()
    for _ in range(2):
        await call_keeping.ring(evening.line, evening.who("ania"), contact, client_id=id)
    await evening.settled()
    with pytest.raises(NotNow, match="on its way"):
        await evening.rings(contact)
    assert len(evening.house.calls) == 1


async def test_after_theirs_rang_it_is_said_how_it_went_before_another_try(evening: RingingEvening) -> None:
    contact = await evening.ready_to_ring()
    call = await evening.rings(contact)
    await evening.ringer.pressed(call, "1")
    await evening.ringer.done(call, "no-answer", 0)
    with pytest.raises(NotNow, match="how it went"):
        await evening.rings(contact)
    await evening.made("ania", contact, "no_answer")
    with pytest.raises(NotNow, match="fifteen minutes"):
        await evening.rings(contact)


async def test_one_pressed_after_their_time_is_over_rings_nobody(evening: RingingEvening) -> None:
    await call_keeping.own_number(evening.line, evening.who("ania"), "07700 900456")
    await evening.on("ania")
    contact = await evening.asks(evening.part(20))
    await evening.accepts("ania", contact)
    await evening.later(hours=1, minutes=59)
    call = await evening.rings(contact)
    await evening.later(minutes=1)
    assert said_to(await evening.ringer.pressed(call, "1")).find("Dial") is None


@pytest.mark.parametrize(
    ("script", "outcome"),
    [(error(400, 21211), "refused"), ("take_and_hang", "unknown"), ("take_and_drop", "unknown")],
)
async def test_what_the_carrier_did_not_take_is_said_and_never_tried_again_by_itself(
    evening: RingingEvening, script: Any, outcome: str
) -> None:
    contact = await evening.ready_to_ring()
    evening.house.script = [script]
    call = await evening.rings(contact)
    assert await evening.ends(contact) == [outcome]
    await evening.later(minutes=10)
    assert len([what for what, _ in evening.house.asked if what == "call"]) <= 1
    # Should our side's phone ring all the same, nobody else is rung.
    assert said_to(await evening.ringer.pressed(call, "1")).find("Dial") is None


@pytest.mark.parametrize(("status", "outcome"), [("completed", "unknown"), ("busy", "not-taken")])
async def test_a_call_that_ended_while_nobody_heard_is_asked_after_and_may_be_placed_again(
    evening: RingingEvening, status: str, outcome: str
) -> None:
    contact = await evening.ready_to_ring()
    await evening.rings(contact)
    await evening.restart()
    assert await evening.ends(contact) == []
    evening.house.calls[0]["status"] = status
    await evening.later(minutes=2)
    await evening.later(seconds=20)
    assert await evening.ends(contact) == [outcome]
    await evening.rings(contact)
    assert len(evening.house.calls) == 2


async def test_a_call_whose_end_is_never_told_is_asked_after_and_one_that_goes_on_is_left_alone(
    evening: RingingEvening,
) -> None:
    contact = await evening.ready_to_ring()
    call = await evening.rings(contact)
    await evening.ringer.pressed(call, "1")
    evening.house.calls[0]["status"] = "in-progress"
    await evening.later(minutes=30)
    assert await evening.ends(contact) == []
    evening.house.script_of["fetch_call"] = [error(503, 0)]
    await evening.later(minutes=2)
    evening.house.calls[0]["status"] = "completed"
    await evening.later(minutes=3)
    assert await evening.ends(contact) == ["unknown"]


async def test_a_call_the_carrier_knows_nothing_of_and_one_that_never_ends_are_not_known_to_go_on(
    evening: RingingEvening,
) -> None:
    contact = await evening.ready_to_ring()
    await evening.rings(contact)
    evening.house.script_of["fetch_call"] = [error(404, 20404)]
    await evening.later(minutes=3)
    assert await evening.ends(contact) == ["unknown"]
    await evening.rings(contact)
    evening.house.calls[-1]["status"] = "in-progress"
    for _ in range(4 * 60 // 2 - 1):
        await evening.later(minutes=2)
    assert await evening.ends(contact) == ["unknown"]
    await evening.later(minutes=4)
    assert await evening.ends(contact) == ["unknown", "unknown"]


async def test_our_leg_that_ends_first_tells_nothing_of_theirs(evening: RingingEvening) -> None:
    contact = await evening.ready_to_ring()
    call = await evening.rings(contact)
    await evening.ringer.pressed(call, "1")
    await evening.ringer.status(call, "completed")
    await evening.ringer.done(call, "completed", 60)
    await evening.later(minutes=1)
    await evening.ringer.status(call, "busy")
    assert await evening.ends(contact) == ["completed"]


@pytest.mark.parametrize("status", ["busy", "no-answer", "completed"])
async def test_our_side_that_did_not_take_it_leaves_them_unrung(evening: RingingEvening, status: str) -> None:
    contact = await evening.ready_to_ring()
    call = await evening.rings(contact)
    for step in ("initiated", "ringing", status):
        await evening.ringer.status(call, step)
    await evening.later(seconds=30)
    assert await evening.ends(contact) == ["not-taken"]


async def test_nobody_rings_without_a_number_of_their_own_and_nobody_is_shown_it(
    evening: RingingEvening,
) -> None:
    contact = await evening.with_request("ania")
    with pytest.raises(BadRequest, match="own number"):
        await evening.rings(contact)
    with pytest.raises(BadRequest):
        await call_keeping.own_number(evening.line, evening.who("ania"), "12")
    await call_keeping.own_number(evening.line, evening.who("ania"), "07700 900456")
    await evening.rings(contact)
    shown = str(evening.line.snapshot()) + str(evening.line.mine(evening.who("jo")))
    shown += str(await evening.line.staff_events(contact))
    assert ANIAS not in shown
    assert THEIRS not in shown


async def test_whichever_append_a_death_cuts_off_nobody_is_rung_twice(
    tmp_path: Path, house: CarrierHouse
) -> None:
    for records in range(3):
        evening = await RingingEvening(tmp_path / str(records), house).open()
        contact = await evening.ready_to_ring()
        before = len(house.calls)
        append, left = evening.line.store.append, records

        async def dying(record: Record, append: Any = append) -> None:
            nonlocal left
            if left <= 0:
                raise NotSaved
            left -= 1
            await append(record)

        evening.line.store.append = dying  # type: ignore[method-assign]
        with suppress(HelplineError, AssertionError):
            await evening.rings(contact)
        intended = left < records
        await evening.restart()
        await evening.later(minutes=5)
        assert len(house.calls) - before == (1 if intended else 0)
        placing = evening.fold(contact).calls.placing
        assert placing is None or placing.sid, "nobody knows what became of it, and nobody says so"
        await evening.close()


# -- over HTTP ---------------------------------------------------------------------------------------------------------


class Doors:
    """The running service, as the carrier reaches it."""

    def __init__(self, client: TestClient[Any, Any]) -> None:
        self.client = client
        self.helpline: Helpline = client.server.app[HELPLINE]  # type: ignore[attr-defined]
        self.ringer = client.server.app[RINGER]  # type: ignore[attr-defined]

    async def post(self, path: str, token: str = TOKEN, **form: str) -> tuple[int, str]:
        signature = RequestValidator(token).compute_signature(PUBLIC + path, form)
        async with self.client.post(path, data=form, headers={SIGNATURE: signature}) as answer:
            return answer.status, await answer.text()


@pytest_asyncio.fixture
async def doors(tmp_path: Path, house: CarrierHouse) -> AsyncIterator[Doors]:
    definition = call_definition(tmp_path)
    carrier = credentials_file(tmp_path, house.origin)
    settings = settings_in(tmp_path, carrier=carrier, public_origin=PUBLIC)
    app = init_app(settings, SetClock(EIGHT), definition=definition)
    async with TestClient(TestServer(app)) as client:
        yield Doors(client)


async def test_the_line_says_who_it_is_in_every_language_with_a_voice_and_whom_to_ring_in_danger(
    doors: Doors,
) -> None:
    status, twiml = await doors.post("/hooks/voice", CallSid="CA1", From=THEIRS, To=OURS)
    assert status == 200
    spoken = [(one.attrib["language"], one.text or "") for one in said_to(twiml).iter("Say")]
    promised = doors.helpline.definition.languages.promised
    assert {language for language, _ in spoken} == {VOICES[tag][1] for tag in promised if tag in VOICES}
    for language in {language for language, _ in spoken}:
        words = " ".join(text for spoke, text in spoken if spoke == language)
        assert "999" in words
        assert re.search(r"\b1\b", words)


async def test_one_pressed_on_the_line_is_a_request_kept_once(doors: Doors) -> None:
    for _ in range(2):
        status, twiml = await doors.post("/hooks/voice/key", CallSid="CA1", From=THEIRS, Digits="1")
        assert status == 200
        assert "kept your request" in twiml
    (contact,) = doors.helpline.contacts()
    assert contact.channel == "call"
    assert contact.calls.begins_at == EIGHT
    kinds = [event.kind for event in await doors.helpline.logbook.read(contact.log)]
    assert kinds.count("call_me") == 1


@pytest.mark.parametrize("form", [{"From": "anonymous", "Digits": "1"}, {"From": THEIRS, "Digits": "2"}])
async def test_a_hidden_number_or_another_key_keeps_no_request_and_says_whom_to_ring(
    doors: Doors, form: dict[str, str]
) -> None:
    for path in ("/hooks/voice", "/hooks/voice/key"):
        status, twiml = await doors.post(path, CallSid="CA1", **form)
        assert status == 200
        assert "999" in twiml
    assert doors.helpline.contacts() == []


PATHS = (
    "",
    "/key",
    "/nothing",
    "/over",
    "/bridge/k-1",
    "/connect/k-1",
    "/done/k-1",
    "/status/k-1",
    "/machine/k-1",
)


@pytest.mark.parametrize("path", PATHS)
async def test_what_the_carrier_did_not_sign_is_refused_and_a_call_nobody_knows_rings_nobody(
    doors: Doors, path: str
) -> None:
    form = {"CallSid": "CA1", "From": THEIRS, "Digits": "1", "CallStatus": "completed"}
    status, _ = await doors.post(f"/hooks/voice{path}", "another token", **form)
    assert status == 403
    assert doors.helpline.contacts() == []
    status, twiml = await doors.post(f"/hooks/voice{path}", **form)
    assert status in (200, 204)
    assert "<Dial" not in twiml


async def test_texts_and_calls_of_a_running_service_turn_one_circuit(doors: Doors) -> None:
    line = doors.client.server.app[PHONE_LINE]  # type: ignore[attr-defined]
    for _ in range(OPENS_AFTER):
        doors.ringer.breaker.silent()
    assert line.outbox.circuit.open
    assert doors.helpline.phone_silent_since == EIGHT
    line.outbox.breaker.heard()
    assert doors.ringer.breaker.lets
    assert doors.helpline.phone_silent_since is None


async def test_a_call_goes_through_from_press_to_end_over_http(doors: Doors, house: CarrierHouse) -> None:
    line = doors.helpline
    await doors.post("/hooks/voice/key", CallSid="CA1", From=THEIRS, Digits="1")
    ania = line.people.principal("ania")
    assert ania is not None
    line.supporter_connected("ania")
    await line.check_in(ania, client_id=new_id(), sound=True)
    await line.ready(ania)
    await line.dispatcher.settled()
    (contact,) = line.contacts()
    assert contact.offer is not None
    await line.accept(ania, contact.offer.offer, new_id())
    await call_keeping.own_number(line, ania, "07700 900456")
    await call_keeping.ring(line, ania, contact.log, client_id=new_id())
    await line.dispatcher.settled()
    (placed,) = house.calls
    answered, done = placed["Url"].removeprefix(PUBLIC), placed["StatusCallback"].removeprefix(PUBLIC)
    _, twiml = await doors.post(answered, CallSid=placed["sid"])
    gather = said_to(twiml).find("Gather")
    assert gather is not None
    _, twiml = await doors.post(gather.attrib["action"].removeprefix(PUBLIC), Digits="1")
    dial = said_to(twiml).find("Dial")
    assert dial is not None
    await doors.post(
        dial.attrib["action"].removeprefix(PUBLIC), DialCallStatus="completed", DialCallDuration="61"
    )
    await doors.post(done, CallStatus="completed")
    await asyncio.sleep(0)
    (contact,) = line.contacts()
    assert (contact.calls.placing, contact.calls.ended) == (None, "completed")
