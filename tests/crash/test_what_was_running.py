"""Offers, ladder clocks and "not safe" clocks go on where they stood when the server died."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from helpline.events import Accepted, Alerted, ClockFired, Offered, Told
from tests.crash.evening import CAREFUL, Log, definition_for, finish, persons, signed_in
from tests.crash.server import Driver, Server
from tests.crash.verdict import clock_mistakes, mistakes, talks_of

ENGLISH = 4
# As in service.toml: how long the clocks run that the test starts before its first crash, in seconds.
CLOCKS = 5


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Server]:
    server = Server(tmp_path / "service", definition_for(tmp_path, supporters=1))
    await server.start()
    yield server
    await server.kill()


async def crash(server: Server, down: float = 0) -> datetime:
    """Kill the server, start it again after so many seconds, and say when that was."""
    await server.kill()
    # Clocks run out while nobody is there to see it: that takes as long as it takes.
    await asyncio.sleep(down)
    again = datetime.now(UTC)
    await server.start()
    return again


def chain_of(log: Log, what: str) -> list[tuple[str, bool]]:
    """Who was told of the alert about `what`, in order, and whether late."""
    return [
        (event.body.to, event.body.late_seconds > 0)
        for event in log.events
        if isinstance(event.body, Alerted) and event.body.what == what
    ]


@pytest.mark.timeout(600)
async def test_offers_and_clocks_go_on_after_a_crash_and_each_clock_fires_once(
    server: Server, driver: Driver
) -> None:
    supporters = await signed_in(server, 1)
    people = persons(ENGLISH, polish=1, welsh=1)
    await driver.do("begin", url=server.url, seed=1, supporters=supporters, persons=people)
    await driver.do("until", live=ENGLISH, offered=1, started=len(people))
    known = {one["name"]: one["contact"] for one in (await driver.do("contacts"))["contacts"]}
    offered = (await driver.do("offers"))["offers"]
    acting = [known[f"en {number}"] for number in range(1, ENGLISH)]
    for contact in acting:
        await driver.do("desk", contact=contact, event="rung", to=3)
    await driver.do("person", name="cy 1", event="not_safe")

    await crash(server, down=CLOCKS + 1)
    # The lead at once, the on-call after the crash; and that no outside call was made in time.
    await driver.do("until", alerts=3 * len(acting), caughtUp=len(people) + len(supporters))
    again = (await driver.do("offers"))["offers"]
    assert [(one["offer"], one["contact"], one["to"]) for one in again] == [
        (offered[0]["offer"], known["pl 1"], CAREFUL)
    ]

    # The second on-call's clock has just begun.
    down_until = await crash(server)
    await driver.do("until", alerts=4 * len(acting), offered=1, caughtUp=len(people) + len(supporters))
    await driver.do("accept", supporter=CAREFUL, offer=offered[0])
    await driver.do("until", live=ENGLISH + 1)
    report, kept = await finish(server, driver)

    wrong = mistakes(talks_of(report), kept, ["the evening"])
    wrong += [late for log in kept.contacts.values() for late in clock_mistakes(log, until=down_until)]
    assert not wrong, "\n".join(wrong)
    for contact in acting:
        log = kept.contacts[contact]
        lead, on_call, *second = chain_of(log, "rung_3")
        assert (lead, on_call) == (("lead", False), ("on_call", True))
        # From there on the last of them, until somebody answers.
        assert {to for to, _ in second} == {"second_on_call"}
        assert chain_of(log, "first_outside_call")[0] == ("lead", True)
        assert log.contact.rung == 3
    bodies = [event.body for event in kept.contacts[known["pl 1"]].events]
    assert [body.offer for body in bodies if isinstance(body, Offered | Accepted)] == [
        offered[0]["offer"]
    ] * 2
    frightened = kept.contacts[known["cy 1"]]
    assert chain_of(frightened, "not_safe") == [("lead", False), ("on_call", True)]
    assert [
        event.body.late_seconds > 0 for event in frightened.events if isinstance(event.body, ClockFired)
    ] == [True]
    told = [event.body.what for event in frightened.events if isinstance(event.body, Told)]
    assert told.count("not_safe_nobody") == 1
