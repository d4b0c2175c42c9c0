"""One evening, step by step, with a crash in the middle of each: whoever was cut off asks again and it goes on."""

import asyncio
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.crash.evening import CAREFUL, definition_for, finish, persons, signed_in
from tests.crash.points import Point, answering, armed, handing_over, syncing, telling
from tests.crash.server import Driver, Server
from tests.crash.verdict import mistakes, talks_of

KINDS = (telling, syncing, handing_over, answering)
DEEPEST = 4
# A step may be acknowledged before the server writes what follows from it; that much is waited for it.
FOLLOWING_SECONDS = 2.0
STEP_SECONDS = 60.0
STEPS = ("start", "accept", "words", "answer", "rung", "take over", "lead's words", "close", "wrap up")
SHORT = {
    "accept": telling(1),
    # Whose slot it is stands in two shifts and in the contact: three logs, and no transaction over them.
    "take over": telling(1),
    "close": syncing(1),
    "wrap up": telling(1),
}


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Server]:
    server = Server(tmp_path / "service", definition_for(tmp_path, supporters=0))
    await server.start()
    yield server
    await server.kill()


async def take(step: str, server: Server, driver: Driver, name: str) -> None:
    """One step of the evening of `name`; done when the service has acknowledged it. Where a slot was to change
    hands, the step after it begins when it has.
    """
    contact = next(
        (one["contact"] for one in (await driver.do("contacts"))["contacts"] if one["name"] == name), ""
    )
    match step:
        case "start":
            (person,) = persons(0, polish=1, pause=None)
            person |= {"name": name, "token": name.replace(" ", "-").rjust(43, "0")}
            await driver.do("begin", url=server.url, seed=1, supporters=[], persons=[person])
            await driver.do("offer", contact_of=name)
        case "accept":
            await driver.do("accept", supporter=CAREFUL, offer=await driver.do("offer", contact_of=name))
        case "words":
            await driver.do("say", name=name)
        case "answer":
            await driver.do("say", name=name, supporter=CAREFUL)
        case "rung":
            await driver.do("held", supporter=CAREFUL, contact_of=name)
            await driver.do("supporter", name=CAREFUL, event="rung", contact=contact, to=3)
        case "take over":
            await driver.do("board", name="lead", event="take_over", contact=contact)
        case "lead's words":
            await driver.do("held", supporter="lead", contact_of=name)
            await driver.do("say", name=name, supporter="lead")
        case "close":
            await driver.do("supporter", name="lead", event="close", contact=contact)
        case "wrap up":
            await driver.do("supporter", name="lead", event="wrap_up", contact=contact, outcome="talked")
        case _:
            raise AssertionError(step)


async def take_with_a_crash(step: str, point: Point, server: Server, driver: Driver, name: str) -> bool:
    """Take the step while the server dies at `point` and starts again. False when it never came to that point."""
    async with armed(server, point):
        taken = asyncio.create_task(take(step, server, driver, name))
        ended = asyncio.create_task(server.ended())
        await asyncio.wait((taken, ended), return_when=asyncio.FIRST_COMPLETED, timeout=STEP_SECONDS)
        await asyncio.wait((ended,), timeout=FOLLOWING_SECONDS)
    # It may have come to the point at the last moment, when nobody waited for it any more.
    crashed = not server.running
    if crashed:
        assert await ended == -signal.SIGKILL, server.said()
        await server.start()
    ended.cancel()
    try:
        async with asyncio.timeout(STEP_SECONDS):
            await taken
    except TimeoutError:
        stuck = {what: await driver.do(what) for what in ("count", "contacts", "offers")}
        pytest.fail(f"“{step}” of {name}, {point}: not answered. {stuck}\n{server.said()}")
    return crashed


async def desks(server: Server) -> list[dict[str, Any]]:
    """The only supporter, and the lead, who takes nothing but what they take over."""
    supporters = await signed_in(server, 0, pause=None)
    cookie = await server.sign_in("lead")
    return [*supporters, {"name": "lead", "cookie": cookie, "careful": True, "pause": None}]


@pytest.mark.timeout(3_600)
async def test_an_evening_cut_off_at_its_steps_ends_as_if_nothing_had_happened(
    server: Server, driver: Driver, proving: bool
) -> None:
    evenings: list[dict[str, Point]] = [SHORT]
    if proving:
        evenings = [dict.fromkeys(STEPS, kind(nth)) for kind in KINDS for nth in range(1, DEEPEST + 1)]
    staff = await desks(server)
    boards = [{"name": "lead", "cookie": staff[-1]["cookie"]}]
    await driver.do("begin", url=server.url, seed=1, supporters=staff, persons=[], boards=boards)
    points: list[str] = []
    for number, evening in enumerate(evenings, start=1):
        await driver.do("until", caughtUp=len(staff) + number - 1)
        for step in STEPS:
            point = evening.get(step)
            points.append(f"“{step}”, {point or 'no crash'}")
            await driver.do("point", number=len(points) - 1)
            if point is None:
                await take(step, server, driver, f"pl {number}")
            elif not await take_with_a_crash(step, point, server, driver, f"pl {number}") and not proving:
                pytest.fail(f"the server never came to the moment {point} of the step “{step}”")
    report, kept = await finish(server, driver)
    wrong = mistakes(talks_of(report), kept, points)
    assert not wrong, "\n".join([*points, *wrong])
    for log in kept.contacts.values():
        kinds = [event.kind for event in log.events]
        once = ("started", "accepted", "rung_set", "joined", "closed", "wrapped_up")
        assert {kind: kinds.count(kind) for kind in once} == dict.fromkeys(once, 1), kinds
        assert [event.body.text for event in log.events if event.kind == "said"] == [  # type: ignore[attr-defined]
            message.text
            for talk in talks_of(report)
            if talk.contact == log.contact.log
            for side in (talk.person, *talk.desks)
            for message in side.said
        ]
    assert all(not shift.slots for shift in kept.attendances)
