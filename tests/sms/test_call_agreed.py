"""They tell who is with them that they may be rung, and it becomes a request on the number they text from."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
import pytest_asyncio

from helpline import call_agreed, call_keeping
from helpline.errors import NotAllowed, NotFound, NotNow
from helpline.events import CallMe
from helpline.number_reveal import to_ring
from helpline.record_keeping import read_record
from tests.helpline.evening import Evening, definition_in, new_id
from tests.sms.carrier_house import CarrierHouse
from tests.sms.text_evening import THEIRS, TextEvening


@pytest_asyncio.fixture
async def evening(tmp_path: Path) -> AsyncIterator[TextEvening]:
    house = await CarrierHouse().open()
    opened = await TextEvening(tmp_path, house).open()
    yield opened
    await opened.close()
    await house.close()


async def test_after_end_who_agreed_may_be_rung_on_the_number_they_texted_from(evening: TextEvening) -> None:
    contact = await evening.in_talk()
    await evening.texts("END", opted="STOP")
    with pytest.raises(NotNow, match="have not asked"):
        await to_ring(evening.line, evening.who("ania"), contact, client_id=new_id())
    await call_agreed.agreed(evening.line, evening.who("ania"), contact, client_id=new_id())
    asked = [
        (one.by.id, one.body.number)
        for one in await evening.line.logbook.read(contact)
        if isinstance(one.body, CallMe)
    ]
    assert asked == [("ania", THEIRS)]
    assert await to_ring(evening.line, evening.who("ania"), contact, client_id=new_id()) == THEIRS


async def test_what_they_agreed_to_is_a_promise_for_as_long_as_somebody_rings_tonight(tmp_path: Path) -> None:
    house = await CarrierHouse().open()
    evening = await TextEvening(tmp_path, house, rings=True).open()
    contact = await evening.in_talk()
    await call_agreed.agreed(evening.line, evening.who("ania"), contact, client_id=new_id())
    ends = evening.fold(contact).calls.ends_at
    assert ends is not None
    await evening.until(ends + timedelta(minutes=1))
    assert evening.alerts(contact)["call_unkept"] == "lead"
    await evening.close()
    await house.close()


async def test_the_press_sent_twice_is_one_and_another_waits_until_it_is_over(evening: TextEvening) -> None:
    contact, id = await evening.in_talk(), new_id()
    ania = evening.who("ania")
    for _ in range(2):
        await call_agreed.agreed(evening.line, ania, contact, client_id=id)
    kinds = [one.kind for one in await evening.line.logbook.read(contact)]
    assert kinds.count("call_me") == 1
    with pytest.raises(NotNow, match="already"):
        await call_agreed.agreed(evening.line, ania, contact, client_id=new_id())
    await to_ring(evening.line, ania, contact, client_id=new_id())
    await call_keeping.made(evening.line, ania, contact, outcome="talked", client_id=new_id())
    await call_agreed.agreed(evening.line, ania, contact, client_id=new_id())


async def test_only_who_is_with_them_writes_it(evening: TextEvening) -> None:
    contact = await evening.in_talk()
    for other, refused in (("jo", NotAllowed), ("mari", NotFound)):
        with pytest.raises(refused):
            await call_agreed.agreed(evening.line, evening.who(other), contact, client_id=new_id())
    assert not evening.fold(contact).calls.asked


async def test_without_a_number_there_is_nothing_to_ring(tmp_path: Path) -> None:
    evening = Evening(tmp_path, definition_in(tmp_path))
    await evening.open()
    await evening.on("ania")
    contact = await evening.with_("ania")
    with pytest.raises(NotFound, match="no number"):
        await call_agreed.agreed(evening.line, evening.who("ania"), contact, client_id=new_id())
    await evening.close()


async def test_the_record_says_who_wrote_that_they_agreed(evening: TextEvening) -> None:
    contact = await evening.in_talk()
    await call_agreed.agreed(evening.line, evening.who("ania"), contact, client_id=new_id())
    record = await read_record(evening.line, evening.who("jo"), contact)
    assert "Ania wrote that they agreed to a call." in str(record)
