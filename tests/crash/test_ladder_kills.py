"""The ladder with a kill at its appends: the pages go on, nobody is nobody's, and nothing stands there twice."""

import asyncio
import signal
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from helpline.clock import SystemClock
from helpline.contact import fold
from helpline.definition import read_definition
from helpline.service import Helpline
from tests.crash.evening import CAREFUL, Log, definition_for, persons, signed_in
from tests.crash.points import Point, answering, armed, handing_over, syncing, telling
from tests.crash.server import Driver, Server
from tests.crash.verdict import clock_mistakes
from tests.owner_or_page import Staff, mistakes, staff_of

NAME = "pl 1"
STEPS = (
    "start",
    "accept",
    "rung 3",
    "acknowledge",
    "attempt",
    "rung 4",
    "page",
    "999",
    "help check",
    "must stop",
    "take over",
    "reached",
    "coming down",
)
AT_THE_DESK: dict[str, tuple[str, dict[str, Any]]] = {
    "attempt": ("attempt", {"crisis_contact": "lead", "outcome": "no_answer"}),
    "rung 4": ("rung", {"to": 4}),
    "999": ("attempt", {"crisis_contact": "emergency", "outcome": "answered"}),
    "help check": ("confirm_help", {"reached": False}),
}
ON_THE_BOARD: dict[str, tuple[str, dict[str, Any]]] = {
    "take over": ("take_over", {"check_in": True}),
    "reached": ("confirm_help", {"reached": True}),
    "coming down": ("rung", {"to": 2, "basis": "the crew is with them"}),
}
KINDS = (syncing, telling, handing_over, answering)
DEEPEST = 3
# Before the append, between two of them, and after it with nobody told.
SHORT = {"rung 4": telling(1), "page": syncing(1), "must stop": syncing(2)}
STEP_SECONDS = 60.0
# What follows from a step may be written after it was answered; a kill may come there too.
FOLLOWING_SECONDS = 2.0
# By how much a clock that fell due while the server was down, or starting, may be late.
SLOW = 120.0
# Each of these was done by one hand, once.
ONCE = {
    "rung_set": 3,
    "acknowledged": 1,
    "attempted": 2,
    "help_checked": 2,
    "help_confirmed": 1,
    "released": 1,
    "accepted": 1,
    "joined": 1,
    "checked_out": 1,
}


def with_an_emergency(folder: Path) -> Path:
    """The crash test's service with second-long clocks at rung 4 too."""
    path = definition_for(folder, supporters=0)
    path.write_text(path.read_text() + Path(__file__).with_name("ladder.toml").read_text())
    return path


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Server]:
    server = Server(tmp_path / "service", with_an_emergency(tmp_path))
    await server.start()
    yield server
    await server.kill()


class Climb:
    """One contact's way up and down, pressed by the careful supporter and by the lead."""

    def __init__(self, server: Server, driver: Driver) -> None:
        self.server, self.driver = server, driver
        self.contact = ""
        self.alert = ""

    async def take(self, step: str) -> None:
        """One step; done when the service has acknowledged it, or a page has arrived."""
        match step:
            case "start":
                people = persons(0, polish=1, pause=None)
                await self.driver.do("begin", url=self.server.url, seed=1, supporters=[], persons=people)
                await self.driver.do("offer", contact_of=NAME)
                self.contact = (await self.driver.do("contacts"))["contacts"][0]["contact"]
            case "accept":
                offer = await self.driver.do("offer", contact_of=NAME)
                await self.driver.do("accept", supporter=CAREFUL, offer=offer)
            case "rung 3":
                self.alert = f"rung-{(await self.at_the_desk('rung', to=3))['seq']}"
            case "acknowledge":
                await self.on_the_board("acknowledge", alert=self.alert)
            case "page":
                standing = (await self.driver.do("count"))["alerts"]
                await self.driver.do("until", alerts=standing + 1)
            case "must stop":
                await self.driver.do("supporter", name=CAREFUL, event="stop_now")
            case _ if step in AT_THE_DESK:
                event, body = AT_THE_DESK[step]
                await self.at_the_desk(event, **body)
            case _:
                event, body = ON_THE_BOARD[step]
                await self.on_the_board(event, **body)

    async def at_the_desk(self, event: str, **body: Any) -> dict[str, Any]:
        answer: dict[str, Any] = await self.driver.do(
            "supporter", name=CAREFUL, event=event, contact=self.contact, **body
        )
        return answer

    async def on_the_board(self, event: str, **body: Any) -> None:
        await self.driver.do("board", name="lead", event=event, contact=self.contact, **body)

    async def take_with_a_kill(self, step: str, point: Point) -> bool:
        """The step, while the server dies at `point` and starts again. False when it never came to that point."""
        async with armed(self.server, point):
            taken = asyncio.create_task(self.take(step))
            ended = asyncio.create_task(self.server.ended())
            await asyncio.wait((taken, ended), return_when=asyncio.FIRST_COMPLETED, timeout=STEP_SECONDS)
            await asyncio.wait((ended,), timeout=FOLLOWING_SECONDS)
        killed = not self.server.running
        if killed:
            assert await ended == -signal.SIGKILL, self.server.said()
            await self.server.start()
        ended.cancel()
        try:
            async with asyncio.timeout(STEP_SECONDS):
                await taken
        except TimeoutError:
            pytest.fail(f"“{step}”, {point}: not answered\n{self.server.said()}")
        return killed


async def what_the_disk_has(server: Server, contact: str) -> tuple[Log, Staff, Counter[str]]:
    """The contact's log, who was there when, and how often each kind stands in all logs. The server has ended."""
    definition = read_definition(server.definition)
    data, keys = server.folder / "data", server.folder / "keys"
    helpline = await Helpline.open(definition, data=data, keys=keys, clock=SystemClock())
    try:
        events = await helpline.logbook.read(contact)
        staff = await staff_of(helpline)
        kinds = Counter(event.kind for event in events)
        kinds["checked_out"] = sum(shift.ends is not None for shift in staff.shifts)
        return Log(fold(await helpline.contact(contact), ()), tuple(events)), staff, kinds
    finally:
        await helpline.close()


async def climbs(server: Server, driver: Driver, points: dict[str, Point], *, all_reached: bool) -> None:
    """Up and down with these kills, and what must be so afterwards."""
    climb = Climb(server, driver)
    staff = await signed_in(server, 0, pause=None)
    boards = [{"name": "lead", "cookie": await server.sign_in("lead")}]
    await driver.do("begin", url=server.url, seed=1, supporters=staff, persons=[], boards=boards)
    await driver.do("until", caughtUp=1)
    for step in STEPS:
        point = points.get(step)
        if point is None:
            await climb.take(step)
        elif not await climb.take_with_a_kill(step, point) and all_reached:
            pytest.fail(f"the server never came to the moment {point} of the step “{step}”")
    await driver.do("end")
    await server.stop()

    log, people, kinds = await what_the_disk_has(server, climb.contact)
    wrong = mistakes(log.events, people.with_slow_clocks(SLOW)) + clock_mistakes(log)
    says = [f"{step}: {point}" for step, point in points.items()]
    assert not wrong, "\n".join([*says, *wrong])
    assert {kind: kinds[kind] for kind in ONCE} == ONCE, "\n".join(says)
    assert (log.contact.rung, log.contact.owner, log.contact.highest_rung) == (2, "lead", 4)
    assert kinds["alerted"] >= 4


@pytest.mark.timeout(300)
async def test_a_kill_at_the_ladders_appends_leaves_nobody_alone_and_nothing_twice(
    server: Server, driver: Driver
) -> None:
    await climbs(server, driver, SHORT, all_reached=True)


@pytest.mark.prove
@pytest.mark.timeout(3_600)
@pytest.mark.parametrize("nth", range(1, DEEPEST + 1))
@pytest.mark.parametrize("kind", KINDS)
async def test_with_a_kill_in_every_step_too(server: Server, driver: Driver, kind: Any, nth: int) -> None:
    """One evening for each kind of moment and each depth, killed in every one of its steps."""
    await climbs(server, driver, dict.fromkeys(STEPS[2:], kind(nth)), all_reached=False)
