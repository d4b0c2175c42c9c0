"""An evening of texts and calls at a service that may die at any moment: the carrier, the desk, and who writes.

The real `serve --carrier` runs as a process; the carrier is a server of this test that answers as Twilio's API does,
posts signed texts and keeps its lists. Each step can be taken while the service dies in its middle; the step goes on,
as its people would, when the service is there again.
"""

import asyncio
import contextlib
import json
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp
import msgspec
from twilio.request_validator import RequestValidator

from helpline.clock import SystemClock
from helpline.commands.people import repassworded
from helpline.definition import read_definition
from helpline.service import Helpline
from tests.crash.places import Moment
from tests.crash.points import Point, armed
from tests.crash.text_server import Desk, TextServer
from tests.helpline.definitions import NOT_FOR_DRAMA, NOTE
from tests.sms.carrier_house import CarrierHouse
from tests.sms.test_hooks import TOKEN, credentials_file

SERVICE = f"""
name = "Text kills"
short_name = "Kills"
zone = "Europe/London"
country = "GB"
lead_number = "{NOT_FOR_DRAMA}"
channels = ["web", "sms", "call"]
[languages]
promised = ["en", "pl"]
[ladder]
approved_by = "Nobody, for a test"
approved_on = 2026-01-31
[hours.channels.web]
week = "always"
[hours.channels.sms]
week = "always"
[hours.channels.call]
week = "always"
[[people]]
id = "sam"
name = "Sam"
shown_name = "Sam"
roles = ["supporter"]
languages = ["en", "pl"]
level = "experienced"
channels = ["web", "sms", "call"]
[[shifts]]
id = "always"
person = "sam"
role = "supporter"
starts = 2026-01-05T00:00:00
ends = 2026-01-06T00:00:00
rrule = "FREQ=DAILY"
{NOTE}
"""
SAMS = "+447700900999"
STEP_SECONDS = 45.0
# What follows from a step may be done after it was answered, by a look at the carrier that comes four times a second.
FOLLOWING_SECONDS = 0.5
HEARD_WITHIN_SECONDS = 0.2


class AtCarrier(msgspec.Struct, frozen=True):
    """The carrier has the first request of a kind, and has not acted on it; or has, and its answer is never read."""

    what: str
    acted: bool

    def __str__(self) -> str:
        return f"the carrier {'has acted on' if self.acted else 'has'} “{self.what}”"


class Answered(msgspec.Struct, frozen=True):
    """The carrier has our answer to what it posted."""

    def __str__(self) -> str:
        return "a post was answered"


Kill = Moment | AtCarrier | Answered | Point


class Talk(msgspec.Struct):
    """What happened to one person, as everybody but the service knows it. Of what they `wrote`, what was `answered` came
    by a post; the rest the service finds at the carrier, and no order is promised for it."""

    number: str
    rings_from: str
    contact: str = ""
    wrote: list[str] = []
    answered: list[str] = []
    answers: list[str] = []
    presses: int = 0
    rang: int = 0


class Evening:
    """`step` is one of `text_steps.Steps`; `take` takes it, with a death in the middle or without."""

    def __init__(self, server: TextServer, house: CarrierHouse) -> None:
        self.server, self.house = server, house
        self.desk = Desk(server)
        self.talks: list[Talk] = []
        # What the carrier was answered last.
        self.status = 0
        self._moved = asyncio.Event()
        self._kill: Kill | None = None
        self._asked: set[str] = set()
        self._posted = False
        house.watch = self._watched

    def _watched(self, what: str, when: str) -> None:
        self.house.now = datetime.now(UTC)
        self._asked.add(what)
        self._die_at(AtCarrier(what, acted=when == "acted"))
        self._moved.set()

    def _die_at(self, here: Kill) -> None:
        if self._kill == here and self.server.running:
            self._kill = None
            assert self.server.process is not None
            self.server.process.kill()

    def ours(self, talk: Talk) -> list[str]:
        """What the carrier was given for their number, in order."""
        return [one["body"] for one in self.house.messages if one["to"] == talk.number]

    async def until(self, true: Callable[[], bool]) -> None:
        """Wait until the carrier has seen it."""
        while not true():
            self._moved.clear()
            await self._moved.wait()

    async def post(self, path: str, **form: str) -> str | None:
        """One try of the carrier: what it was answered; None when that was not well."""
        public = f"http://127.0.0.1:{self.server.port}"
        signed = {"X-Twilio-Signature": RequestValidator(TOKEN).compute_signature(public + path, form)}
        self._posted = True
        try:
            async with (
                aiohttp.ClientSession() as carrier,
                carrier.post(public + path, data=form, headers=signed) as answer,
            ):
                text = await answer.text()
                self.status = answer.status
        except (aiohttp.ClientError, OSError):
            return None
        self._die_at(Answered())
        return text if answer.status in (200, 204) else None

    def kills(self, seen: dict[Moment, int]) -> list[Kill]:
        """Where to die in a step that came by these."""
        found: list[Kill] = [*seen]
        found += [AtCarrier(what, acted) for what in sorted(self._asked) for acted in (False, True)]
        return [*found, Answered()] if self._posted else found

    async def take(
        self, step: Callable[[Talk], Awaitable[None]], talk: Talk, kill: Kill | None = None, nth: int = 1
    ) -> bool:
        """The step, while the service dies at `kill` and is started again. Whether it came to that."""
        if step.__name__.startswith("starts_"):
            return await self._starts(step, talk, kill)
        self._asked, self._posted, self._kill = set(), False, kill
        self.server.passed.arm(kill if isinstance(kill, Moment) else None, nth)
        async with armed(self.server, kill) if isinstance(kill, Point) else contextlib.nullcontext():
            taking = asyncio.ensure_future(step(talk))
            died = asyncio.ensure_future(self._dies())
            await asyncio.wait((taking, died), return_when=asyncio.FIRST_COMPLETED, timeout=STEP_SECONDS)
            if kill is not None:
                await asyncio.wait((died,), timeout=FOLLOWING_SECONDS)
                # A death at the last moment is heard of a moment later.
                self._kill = None
                self.server.passed.arm(None)
                await asyncio.wait((died,), timeout=HEARD_WITHIN_SECONDS)
        self._kill = None
        killed = not self.server.running
        if killed:
            # Where nothing was to kill it here, the death of the step before was heard of late.
            await self.comes_back()
        died.cancel()
        await asyncio.wait((taking,), timeout=STEP_SECONDS)
        if not taking.done():
            taking.cancel()
            at = f"“{step.__name__}” with {kill} did not end: {talk}"
            raise AssertionError(f"{at}\n{self.ours(talk)}\n{self.server.said()[-4_000:]}")
        await taking
        return killed

    def dies_at(self, kill: Kill) -> None:
        """The next time it comes there."""
        self._kill = kill

    async def _dies(self) -> None:
        await self.server.ended()

    async def quiet(self) -> None:
        """What follows from a step has been done, and the carrier has been asked once more."""
        await asyncio.sleep(FOLLOWING_SECONDS)

    async def comes_back(self) -> None:
        status = await self.server.ended()
        assert status == -signal.SIGKILL, f"ended with {status}\n{self.server.said()}"
        self.server.passed.arm(None)
        await self.server.start()
        await self.desk.connect()

    async def _starts(self, step: Callable[[Talk], Awaitable[None]], talk: Talk, kill: Kill | None) -> bool:
        """A step in which it dies anyway, and a start at which it dies again. Whether it came to that."""
        self.server.passed.arm(None)
        taking = asyncio.ensure_future(step(talk))
        await asyncio.wait_for(self.server.ended(), STEP_SECONDS)
        self._asked, self._posted, self._kill = set(), False, kill
        self.server.passed.arm(kill if isinstance(kill, Moment) else None)
        if await self.server.starts():
            with contextlib.suppress(OSError, aiohttp.ClientError, TimeoutError):
                await self.desk.connect()
            died = asyncio.ensure_future(self._dies())
            await asyncio.wait((died,), timeout=FOLLOWING_SECONDS)
            died.cancel()
        self._kill = None
        killed = not self.server.running
        if killed:
            await self.comes_back()
        await asyncio.wait_for(taking, STEP_SECONDS)
        return killed


@contextlib.asynccontextmanager
async def an_evening(folder: Path, disk: Path | None = None) -> AsyncIterator[Evening]:
    """The service runs, Sam is on, nobody has written yet. Afterwards the carrier was asked nothing it does not know.

    `disk` is where data and keys are, if not in `folder`.
    """
    house = await CarrierHouse().open()
    house.listed_after = timedelta(seconds=0.2)
    definition = folder / "service.toml"
    definition.write_text(SERVICE)
    log = folder / "service.log"
    server = TextServer((disk or folder) / "service", definition, credentials_file(folder, house.origin), log)
    await _let_sam_sign_in(server)
    evening = Evening(server, house)
    try:
        await server.start()
        await evening.desk.sign_in()
        await evening.desk.press("check_in", sound=True, notes_read=True)
        await evening.desk.call("ready", {"channels": ["sms"], "capacity": 1})
        await evening.desk.call("own_number", {"number": SAMS})
        yield evening
    finally:
        await evening.desk.close()
        await server.close()
        await house.close()
    assert house.wrong == []


async def _let_sam_sign_in(server: TextServer) -> None:
    data, keys = server.folder / "data", server.folder / "keys"
    definition = read_definition(server.definition)
    helpline = await Helpline.open(definition, data=data, keys=keys, clock=SystemClock())
    try:
        made = await repassworded(helpline, {"id": "sam"})
    finally:
        await helpline.close()
    (server.folder / "sign-ins.json").write_text(json.dumps({"sam": made["password"]}))
