"""The pretend phone behaves as a network does: it takes texts over, tells what became of them, and can be away."""

from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from pathlib import Path

import pytest

from helpline.events import By
from helpline.service import Helpline
from sms.carrier import Refused, Unreachable
from sms.inbound import Text
from sms.intake import take_in
from sms.outbox import Outbox
from sms.pretend import HANDSETS, OURS, PretendPhone
from tests.helpline.evening import Evening, new_id
from tests.sms.text_evening import text_definition

THEIRS, OTHERS, _ = HANDSETS


class PretendEvening(Evening):
    """An evening whose phone line is the pretended one."""

    def take(self, helpline: Helpline) -> None:
        super().take(helpline)

        async def brought(text: Text) -> None:
            await take_in(helpline, text)

        async def nobody_is_rung(url: str, form: Mapping[str, str]) -> str:
            raise AssertionError(f"{url} was asked about a call")

        self.phone = PretendPhone(
            self.clock, brought, lambda status: self.outbox.told(status), nobody_is_rung, ""
        )
        self.outbox = Outbox(helpline, self.phone)

    async def settled(self) -> None:
        await super().settled()
        await self.phone.settled()
        await super().settled()

    def shown(self, number: str) -> list[tuple[str, str]]:
        """What one handset shows: words and status."""
        return [(one.text, one.status) for one in self.phone.kept if number in (one.to, one.from_)]


@pytest.fixture
async def evening(tmp_path: Path) -> AsyncIterator[PretendEvening]:
    evening = PretendEvening(tmp_path, text_definition(tmp_path))
    await evening.open()
    evening.outbox.open()
    yield evening
    evening.outbox.close()
    await evening.phone.close()
    await evening.close()


async def in_talk(evening: PretendEvening) -> str:
    await evening.on("ania")
    await evening.phone.types(THEIRS, "are you there")
    await evening.settled()
    (contact,) = [one.log for one in evening.line.contacts()]
    await evening.accepts("ania", contact)
    return contact


async def test_a_talk_goes_to_and_fro_and_each_text_is_told_delivered(evening: PretendEvening) -> None:
    contact = await in_talk(evening)
    await evening.answers("ania", contact, "I am here")
    assert evening.shown(THEIRS)[-1] == ("I am here", "delivered")
    assert evening.shown(OTHERS) == []
    assert evening.fold(contact).texts.on_the_way == ()


async def test_two_handsets_are_two_contacts(evening: PretendEvening) -> None:
    await evening.phone.types(THEIRS, "hello")
    await evening.phone.types(OTHERS, "hello")
    await evening.settled()
    assert len(evening.line.contacts()) == 2


async def test_a_handset_that_is_off_gets_nothing_and_the_lead_is_told(evening: PretendEvening) -> None:
    contact = await in_talk(evening)
    evening.phone.switch(THEIRS, reachable=False)
    await evening.answers("ania", contact, "I am here")
    assert evening.shown(THEIRS)[-1] == ("I am here", "undelivered")
    assert evening.alerts(contact) == {"text_unsent": "lead"}
    evening.phone.switch(THEIRS, reachable=True)
    await evening.later(minutes=6)
    assert evening.shown(THEIRS)[-1] == ("I am here", "delivered")


async def test_stop_closes_a_handset_and_start_opens_it(evening: PretendEvening) -> None:
    contact = await in_talk(evening)
    await evening.phone.types(THEIRS, "Stop")
    with pytest.raises(Refused) as refused:
        await evening.phone.send(THEIRS, "hello")
    assert refused.value.code == 21610
    await evening.settled()
    assert evening.fold(contact).texts.opted_out
    await evening.phone.types(THEIRS, "start")
    await evening.settled()
    assert not evening.fold(contact).texts.opted_out


async def test_while_the_line_is_down_texts_wait_on_both_sides(evening: PretendEvening) -> None:
    contact = await in_talk(evening)
    evening.phone.cut(down=True)
    await evening.answers("ania", contact, "I am here")
    await evening.phone.types(THEIRS, "hello?")
    assert ("I am here", "delivered") not in evening.shown(THEIRS)
    with pytest.raises(Unreachable):
        await evening.phone.line_type(THEIRS)
    evening.phone.cut(down=False)
    await evening.later(minutes=2)
    assert evening.shown(THEIRS)[-1] == ("I am here", "delivered")
    waiting = [one async for one in evening.phone.received(evening.clock.now() - timedelta(hours=1))]
    assert [one.text for one in waiting] == ["hello?", "are you there"]


async def test_numbers_nobody_has_are_refused(evening: PretendEvening) -> None:
    for number in (OURS, "+447700900999"):
        with pytest.raises(Refused):
            await evening.phone.send(number, "hello")


async def test_whoever_texts_keeps_their_place_however_long_they_wait(evening: PretendEvening) -> None:
    """A page has a line that can break; a phone has none, and nobody who texts counts as gone."""
    await evening.phone.types(THEIRS, "are you there")
    await evening.settled()
    (waiting,) = evening.line.contacts()
    phase = waiting.phase
    await evening.later(minutes=30)
    now = evening.fold(waiting.log)
    assert (now.phase, now.person_lost, now.left) == (phase, None, "")


async def test_a_text_sent_while_the_line_is_down_waits_at_the_network(evening: PretendEvening) -> None:
    evening.phone.cut(down=True)
    await evening.phone.types(THEIRS, "hello?")
    assert len(evening.phone.waiting) == 1
    evening.phone.cut(down=False)
    assert [one.text async for one in evening.phone.received(evening.clock.now() - timedelta(hours=1))] == [
        "hello?"
    ]
    assert evening.phone.waiting == set()


async def test_a_number_never_reaches_the_desk(evening: PretendEvening) -> None:
    contact = await in_talk(evening)
    await evening.answers("ania", contact, "I am here")
    shown, _ = await evening.line.staff_events(contact)
    assert "number_given" in [one["kind"] for one in shown]
    assert not any(THEIRS[-6:] in str(one) for one in shown)
    summary = evening.line.snapshot()["live"][0]
    assert summary["texts"] == {
        "reachable": True,
        "line": "mobile",
        "opted_out": False,
        "waiting": [],
        "given_up": [],
    }


async def test_words_taken_back_before_they_went_do_not_go(evening: PretendEvening) -> None:
    contact = await in_talk(evening)
    evening.phone.cut(down=True)
    wrong = await evening.answers("ania", contact, "for somebody else")
    await evening.answers("ania", contact, "I am here")
    await evening.line.withdraw(contact, By("supporter", "ania", "Ania"), wrong.seq, new_id())
    evening.phone.cut(down=False)
    await evening.later(minutes=5)
    assert [words for words, _ in evening.shown(THEIRS)][-1] == "I am here"
    assert "for somebody else" not in [words for words, _ in evening.shown(THEIRS)]
