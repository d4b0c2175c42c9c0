"""A disk without room while texts come and go: nothing is said to be kept that is not, and nothing is lost or doubled."""

import asyncio
from pathlib import Path

import pytest

from tests.crash.conftest import fill
from tests.crash.text_steps import Steps
from tests.crash.texting import Talk, an_evening
from tests.crash.texts_kept import nothing_is_lost
from tests.sms.carrier_house import OURS

UNAVAILABLE = 503


@pytest.mark.timeout(300)
async def test_on_a_full_disk_no_text_is_taken_over_and_with_room_each_is_there_once(
    tmp_path: Path, small_disk: Path
) -> None:
    async with an_evening(tmp_path, small_disk) as evening:
        steps = Steps(evening)
        known, new = (Talk(f"+4477009000{nth}", f"+4416329600{nth}") for nth in (11, 12))
        evening.talks += [known, new]
        await steps.writes(known)
        await steps.is_taken_up(known)
        ballast = await asyncio.to_thread(fill, small_disk)
        for talk in (known, new):
            for words in ("one", "two"):
                kept = evening.house.keep(OURS, talk.number, words, inbound=True)
                talk.wrote.append(words)
                form = {"MessageSid": kept["sid"], "From": talk.number, "To": OURS, "Body": words}
                for path in ("/hooks/sms", "/hooks/sms/fallback"):
                    assert await evening.post(path, **form) is None
                    assert evening.status == UNAVAILABLE
        (sent,) = (one for one in evening.house.messages if one["to"] == known.number)
        sent["status"] = "delivered"
        assert (
            await evening.post("/hooks/sms/status", MessageSid=sent["sid"], MessageStatus="delivered") is None
        )
        assert evening.status == UNAVAILABLE

        await asyncio.to_thread(ballast.unlink)
        await steps.gets(new, 1)
        await steps.says(known, "I am here")
        await steps.has(known, "I am here")
        await evening.quiet()
        await nothing_is_lost(evening)


@pytest.mark.timeout(300)
async def test_a_disk_that_fills_while_a_text_is_handed_over_does_not_send_it_twice(
    tmp_path: Path, small_disk: Path
) -> None:
    """The carrier has it, and that cannot be written: it is found there once it can."""
    async with an_evening(tmp_path, small_disk) as evening:
        steps = Steps(evening)
        talk = Talk("+447700900013", "+441632960013")
        evening.talks.append(talk)
        await steps.writes(talk)
        await steps.is_taken_up(talk)
        watched, full = evening.house.watch, asyncio.Event()

        def fills(what: str, when: str) -> None:
            if (what, when) == ("send", "acted") and not full.is_set():
                fill(small_disk)
                full.set()
            watched(what, when)

        evening.house.watch = fills
        await steps.says(talk, "I am here")
        await full.wait()
        await evening.quiet()
        (small_disk / "ballast").unlink()
        await steps.says(talk, "Take your time.")
        await steps.has(talk, "Take your time.")
        await evening.quiet()
        await nothing_is_lost(evening)
