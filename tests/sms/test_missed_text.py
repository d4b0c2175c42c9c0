"""Who was not reached gets one neutral text, if they said that texts are safe: through the outbox of all texts, once."""

from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest
import pytest_asyncio

from helpline.call_backs import TEXT_WITHIN
from helpline.errors import NotSaved
from helpline.ports import Record
from sms.outbox import Outbox
from tests.helpline.call_evening import THEIRS
from tests.sms.carrier_house import CarrierHouse
from tests.sms.test_calls import RingingEvening


class TextingEvening(RingingEvening):
    """The ringer and the outbox of one phone line."""

    async def open(self) -> "TextingEvening":
        await super().open()
        self.outbox = Outbox(self.line, self.carrier)
        self.outbox.open()
        await self.settled()
        return self

    async def close(self) -> None:
        self.outbox.close()
        await super().close()

    async def missed_three_times(self, **asked: object) -> str:
        """The contact of a request nobody could be reached by."""
        await self.on("ania")
        contact = await self.asks(**asked)  # type: ignore[arg-type]
        await self.accepts("ania", contact)
        for outcome in ("no_answer", "engaged", "voicemail"):
            assert self.texts == []
            await self.shows("ania", contact)
            await self.made("ania", contact, outcome)
            await self.later(minutes=15)
        return contact

    @property
    def texts(self) -> list[tuple[str, str]]:
        return [(one["to"], one["body"]) for one in self.house.messages]


@pytest_asyncio.fixture
async def evening(tmp_path: Path) -> AsyncIterator[TextingEvening]:
    house = await CarrierHouse().open()
    opened = await TextingEvening(tmp_path, house).open()
    yield opened
    await opened.close()
    await house.close()


async def test_after_the_last_try_one_text_goes_that_names_neither_us_nor_why(
    evening: TextingEvening,
) -> None:
    contact = await evening.missed_three_times(safe_text=True)
    ((to, words),) = evening.texts
    assert to == THEIRS
    for telling in (evening.definition.name, "helpline", "999", "call", "ring"):
        assert telling.casefold() not in words.casefold()
    assert evening.alerts(contact)["call_not_reached"] == "lead"
    await evening.later(hours=8)
    assert len(evening.texts) == 1
    assert THEIRS not in str(evening.line.snapshot())


async def test_it_goes_in_their_language(evening: TextingEvening) -> None:
    await evening.missed_three_times(safe_text=True, language="pl")
    ((_, words),) = evening.texts
    assert "porozmawiać" in words


async def test_without_their_word_that_texts_are_safe_none_goes(evening: TextingEvening) -> None:
    contact = await evening.missed_three_times()
    assert evening.texts == []
    assert evening.alerts(contact)["call_not_reached"] == "lead"


@pytest.mark.parametrize("outcome", ["talked", "wrong_number", "not_again"])
async def test_who_was_reached_or_is_not_theirs_gets_none(evening: TextingEvening, outcome: str) -> None:
    await evening.on("ania")
    contact = await evening.asks(safe_text=True)
    await evening.accepts("ania", contact)
    await evening.shows("ania", contact)
    await evening.made("ania", contact, outcome)
    await evening.later(hours=8)
    assert evening.texts == []


async def test_a_request_nobody_kept_is_said_by_text_where_that_is_safe(evening: TextingEvening) -> None:
    await evening.asks(evening.part(20), safe_text=True)
    await evening.later(hours=2)
    assert len(evening.texts) == 1


async def test_a_landline_would_read_it_aloud_so_none_goes_and_the_lead_hears_it(
    evening: TextingEvening,
) -> None:
    evening.house.lines[THEIRS] = "landline"
    contact = await evening.missed_three_times(safe_text=True)
    assert evening.texts == []
    assert "not_a_mobile" in evening.alerts(contact)


@pytest.mark.parametrize(("later", "goes"), [(0, 1), (1, 0)])
async def test_after_an_outage_it_goes_within_the_hour_and_not_later_in_the_night(
    evening: TextingEvening, later: int, goes: int
) -> None:
    contact = await evening.asks(evening.part(20), safe_text=True)
    await evening.later(hours=1)
    ends_at = evening.fold(contact).calls.ends_at
    assert ends_at is not None
    await evening.close()
    evening.clock.set(ends_at + TEXT_WITHIN + timedelta(seconds=later))
    await evening.open()
    assert evening.alerts(contact)["call_unkept"] == "lead"
    assert len(evening.texts) == goes


@pytest.mark.parametrize("records", range(6))
async def test_whichever_append_a_death_cuts_off_at_most_one_text_goes_and_after_the_restart_one(
    evening: TextingEvening, records: int
) -> None:
    """The press, the text's intent, its line, its handing over: cut off behind each, then opened again."""
    await evening.on("ania")
    contact = await evening.asks(evening.part(20), safe_text=True)
    await evening.accepts("ania", contact)
    await evening.later(hours=1, minutes=50)
    await evening.shows("ania", contact)
    append, left = evening.line.store.append, records

    async def dying(record: Record) -> None:
        nonlocal left
        if left <= 0:
            raise NotSaved
        left -= 1
        await append(record)

    evening.line.store.append = dying  # type: ignore[method-assign]
    with suppress(NotSaved):
        await evening.made("ania", contact, "no_answer")
    assert len(evening.texts) <= 1
    await evening.restart()
    if not evening.fold(contact).calls.tried:
        await evening.made("ania", contact, "no_answer")
    await evening.later(minutes=5)
    assert len(evening.texts) == 1
