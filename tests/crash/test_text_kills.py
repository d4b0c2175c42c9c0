"""Texts with a kill at every step, from their coming in to what the carrier says became of ours.

The real `serve --carrier` runs as a process; the carrier is a server of this test that answers as Twilio's API does,
posts signed texts and keeps its lists. The process dies before and after each append, and at each request to the
carrier both before it was acted on and after. At the end every text is there once and in order, and every text of ours
went once.
"""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import DEVNULL
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import aiohttp
import msgspec
import pytest
from twilio.request_validator import RequestValidator

from helpline.clock import SystemClock
from helpline.contact import Contact
from helpline.definition import read_definition
from helpline.events import Event, NumberGiven, Said, TextStatus, TextTaken, TextTrying
from helpline.service import Helpline
from helpline.texts import SENT_AS_TEXT
from tests.crash.points import Point, answering, armed, handing_over, keeping_keys, syncing, telling
from tests.crash.server import HOUSE, Server
from tests.helpline.definitions import NOT_FOR_DRAMA, NOTE
from tests.sms.carrier_house import OURS, CarrierHouse
from tests.sms.test_hooks import TOKEN, credentials_file

SERVICE = f"""
name = "Text kills"
short_name = "Kills"
zone = "Europe/London"
country = "GB"
lead_number = "{NOT_FOR_DRAMA}"
channels = ["web", "sms"]
[languages]
promised = ["en", "pl"]
[ladder]
approved_by = "Nobody, for a test"
approved_on = 2026-01-31
[hours.channels.web]
week = "always"
[hours.channels.sms]
week = "always"
{NOTE}
"""
# What somebody texts, and how many texts of ours have gone to them when it is answered: greeted, and told that nobody
# is left; then one for each word.
STEPS = {"are you there": 2, "HELP": 3, "CALL ME": 4, "polski": 5}
ARRIVED = "arrived"
STEP_SECONDS = 45.0
# What follows from a step may be written after it was answered; a kill may come there too.
FOLLOWING_SECONDS = 1.5
DEEPEST = 40


class Kill(msgspec.Struct, frozen=True):
    """Where the process dies: at a system call, or at the `nth` request to the carrier from the step on."""

    point: Point | None = None
    nth: int = 0
    when: str = ""

    def __str__(self) -> str:
        return str(self.point) if self.point else f"request {self.nth} to the carrier, when it {self.when}"


def came(nth: int) -> Kill:
    """The carrier has the request and has not acted on it."""
    return Kill(nth=nth, when="came")


def acted(nth: int) -> Kill:
    """The carrier has acted on it and its answer is never read."""
    return Kill(nth=nth, when="acted")


def at(kind: Callable[[int], Point]) -> Callable[[int], Kill]:
    return lambda nth: Kill(kind(nth))


EVERYWHERE = (at(syncing), at(telling), at(handing_over), at(keeping_keys), at(answering), came, acted)


class LineServer(Server):
    """`app.py serve` with a phone line."""

    carrier: Path

    async def launch(self) -> None:
        where = ("--data", str(self.folder / "data"), "--keys", str(self.folder / "keys"))
        options = (*where, "--port", str(self.port), "--carrier", str(self.carrier))
        with self.log.open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                sys.executable,
                *self.program,
                "serve",
                str(self.definition),
                *options,
                cwd=HOUSE,
                stdin=DEVNULL,
                stdout=log,
                stderr=log,
            )


class Evening:
    """The carrier, the service, and those who text it."""

    def __init__(self, server: LineServer, house: CarrierHouse) -> None:
        self.server, self.house = server, house
        self.acked: list[str] = []
        self.sent: dict[str, list[str]] = {}
        self._moved = asyncio.Event()
        self._kill: Kill | None = None
        self._requests = 0
        house.watch = self._watched

    def _watched(self, what: str, when: str) -> None:
        self.house.now = datetime.now(UTC)
        self._requests += when == "came"
        kill = self._kill
        if kill is not None and (kill.nth, kill.when) == (self._requests, when):
            os.kill(self.server.pid, signal.SIGKILL)
        self._moved.set()

    def ours(self, number: str) -> list[str]:
        """What the carrier was given for a number, in order."""
        return [one["body"] for one in self.house.messages if one["to"] == number]

    async def until(self, true: Callable[[], bool], what: str) -> None:
        """Wait until the carrier has seen it."""
        try:
            async with asyncio.timeout(STEP_SECONDS):
                while not true():
                    self._moved.clear()
                    await self._moved.wait()
        except TimeoutError:
            pytest.fail(f"{what}: not within {STEP_SECONDS} s\n{self.server.said()}")

    async def post(self, path: str, form: dict[str, str]) -> bool:
        """One try of the carrier: whether it was answered well."""
        public = f"http://127.0.0.1:{self.server.port}"
        signed = {"X-Twilio-Signature": RequestValidator(TOKEN).compute_signature(public + path, form)}
        try:
            async with (
                aiohttp.ClientSession() as carrier,
                carrier.post(public + path, data=form, headers=signed) as answer,
            ):
                await answer.read()
                return answer.status in (200, 204)
        except (aiohttp.ClientError, OSError):
            return False

    async def take(self, step: str, number: str) -> None:
        """One step. A text that was not taken stays at the carrier, where the service finds it."""
        if step == ARRIVED:
            for one in self.house.messages:
                if one["to"] == number:
                    one["status"] = "delivered"
                    told = {"MessageSid": one["sid"], "MessageStatus": "delivered"}
                    await self.post("/hooks/sms/status", told)
            return
        self.house.now = datetime.now(UTC)
        kept = self.house.keep(OURS, number, step, inbound=True)
        self.sent.setdefault(number, []).append(step)
        form = {"MessageSid": kept["sid"], "From": number, "To": OURS, "Body": step, "NumMedia": "0"}
        if await self.post("/hooks/sms", form) or await self.post("/hooks/sms/fallback", form):
            self.acked.append(kept["sid"])

    def answered(self, step: str, number: str) -> bool:
        return len(self.ours(number)) >= STEPS.get(step, 0)

    async def finish(self, step: str, number: str) -> None:
        await self.until(lambda: self.answered(step, number), f"“{step}” of {number}")

    async def take_with_a_kill(self, step: str, number: str, kill: Kill) -> bool:
        """The step, while the service dies at `kill` and starts again. False when it never came to that moment."""
        async with self._armed(kill):
            taken = asyncio.create_task(self._whole(step, number))
            ended = asyncio.create_task(self.server.ended())
            await asyncio.wait((taken, ended), return_when=asyncio.FIRST_COMPLETED, timeout=STEP_SECONDS)
            await asyncio.wait((ended,), timeout=FOLLOWING_SECONDS)
        self._kill = None
        killed = not self.server.running
        if killed:
            assert await ended == -signal.SIGKILL, self.server.said()
            await self.server.start()
        ended.cancel()
        await taken
        return killed

    async def _whole(self, step: str, number: str) -> None:
        await self.take(step, number)
        await self.finish(step, number)

    @asynccontextmanager
    async def _armed(self, kill: Kill) -> AsyncIterator[None]:
        if kill.point is not None:
            async with armed(self.server, kill.point):
                yield
            return
        self._requests, self._kill = 0, kill
        yield


@pytest.fixture
async def evening(tmp_path: Path) -> AsyncIterator[Evening]:
    house = await CarrierHouse().open()
    definition = tmp_path / "service.toml"
    definition.write_text(SERVICE)
    server = LineServer(tmp_path / "service", definition)
    server.folder.mkdir()
    server.carrier = credentials_file(tmp_path, house.origin)
    evening = Evening(server, house)
    await server.start()
    yield evening
    await server.kill()
    await house.close()
    assert house.wrong == []


async def what_the_disk_has(server: Server) -> dict[str, tuple[Contact, list[Event]]]:
    """Each contact and its events, by number. The service has ended."""
    data, keys = server.folder / "data", server.folder / "keys"
    definition = read_definition(server.definition)
    helpline = await Helpline.open(definition, data=data, keys=keys, clock=SystemClock())
    found = {}
    try:
        for head in await helpline.store.heads():
            if head.log.startswith("c-"):
                events = await helpline.logbook.read(head.log)
                (number,) = [event.body.number for event in events if isinstance(event.body, NumberGiven)]
                assert number not in found, f"{number} has two contacts"
                found[number or ""] = (await helpline.contact(head.log), events)
    finally:
        await helpline.close()
    return found


def mistakes(evening: Evening, number: str, contact: Contact, events: list[Event]) -> list[str]:
    """What is not as it must be in one contact."""
    wrong = []
    said = [event.body.text for event in events if isinstance(event.body, Said)]
    if said != evening.sent[number]:
        wrong.append(f"they wrote {evening.sent[number]}, and there is {said}")
    to_go = [event.seq for event in events if type(event.body) in SENT_AS_TEXT and event.by.role != "person"]
    tried = [event.body for event in events if isinstance(event.body, TextTrying)]
    intended = {(body.of, body.part): body.words for body in tried}
    taken = [(event.body.of, event.body.part) for event in events if isinstance(event.body, TextTaken)]
    if sorted({of for of, _ in intended}) != to_go or contact.texts.sending:
        wrong.append(f"{to_go} were to go, {sorted(intended)} were tried, {contact.texts.sending} wait")
    if taken != list(intended):
        wrong.append(f"{list(intended)} were tried, {taken} were taken")
    if evening.ours(number) != list(intended.values()):
        wrong.append(f"the carrier has {evening.ours(number)}, the log {list(intended.values())}")
    arrived = [
        event.body.sid
        for event in events
        if isinstance(event.body, TextStatus) and event.body.status == "delivered"
    ]
    if len(set(arrived)) != len(arrived):
        wrong.append(f"some arrived twice by the log: {arrived}")
    return wrong


async def nothing_is_lost(evening: Evening) -> None:
    """The service ends, and everything is where it belongs."""
    await evening.server.stop()
    kept = await what_the_disk_has(evening.server)
    assert set(kept) == set(evening.sent)
    wrong = {number: found for number in kept if (found := mistakes(evening, number, *kept[number]))}
    assert not wrong, wrong


# A text of ours that went and was not heard of; one of theirs that is durable and was not answered; one that is
# neither. To the first, the number was looked up before.
SHORT: dict[str, Kill] = {
    "are you there": acted(2),
    "CALL ME": Kill(telling(1)),
    "polski": Kill(syncing(1)),
}


@pytest.mark.timeout(300)
async def test_no_text_is_lost_or_sent_twice_by_a_kill(evening: Evening) -> None:
    number = "+447700900123"
    for step in (*STEPS, ARRIVED):
        kill = SHORT.get(step)
        if kill is None:
            await evening.take(step, number)
            await evening.finish(step, number)
        else:
            assert await evening.take_with_a_kill(step, number, kill), f"never came to {kill} of “{step}”"
    await nothing_is_lost(evening)


@pytest.mark.prove
@pytest.mark.timeout(3_600)
@pytest.mark.parametrize("kind", range(len(EVERYWHERE)))
async def test_nor_by_a_kill_at_every_step_there_is(evening: Evening, kind: int) -> None:
    """Each step again and again, with somebody new, and the kill one moment later, until it no longer comes to it."""
    reached = 0
    for step in (*STEPS, ARRIVED):
        for nth in range(1, DEEPEST):
            number = f"+447700900{len(evening.sent):03d}"
            came_to_it = False
            for one in (*STEPS, ARRIVED):
                if one == step:
                    came_to_it = await evening.take_with_a_kill(one, number, EVERYWHERE[kind](nth))
                    reached += came_to_it
                else:
                    await evening.take(one, number)
                    await evening.finish(one, number)
            if not came_to_it:
                break
    assert reached
    await nothing_is_lost(evening)
