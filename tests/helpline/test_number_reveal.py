"""A number is seen by who rings them and by a lead with a reason, and each look by somebody else afterwards."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from helpline import number_reveal
from helpline.call_events import NumberRevealed
from helpline.errors import BadRequest, NotAllowed, NotFound
from helpline.fhir import bundle_of
from helpline.record import record_of
from helpline.record_keeping import read_material
from helpline.record_summary import parts_of, summary_of
from tests.helpline.call_evening import THEIRS, CallEvening
from tests.helpline.evening import new_id

WHY = "The ambulance asks for it"


@pytest_asyncio.fixture
async def evening(tmp_path: Path) -> AsyncIterator[CallEvening]:
    opened = CallEvening(tmp_path)
    await opened.open()
    yield opened
    await opened.close()


async def looks(evening: CallEvening, id: str, contact: str, reason: str = WHY, client_id: str = "") -> str:
    number = await number_reveal.to_lead(
        evening.line, evening.who(id), contact, reason=reason, client_id=client_id or new_id()
    )
    await evening.settled()
    return number


async def test_a_lead_with_a_reason_is_shown_the_number_and_it_is_on_the_record_with_the_reason(
    evening: CallEvening,
) -> None:
    contact = await evening.asks()
    assert await looks(evening, "jo", contact) == THEIRS
    looked = [
        (one.by.id, one.body.reason)
        for one in await evening.events(contact)
        if isinstance(one.body, NumberRevealed)
    ]
    assert looked == [("jo", WHY)]
    assert evening.fold(contact).calls.ringing == ""


@pytest.mark.parametrize("id", ["jo", "kit", "noor", "robin"])
async def test_whoever_leads_may_look(evening: CallEvening, id: str) -> None:
    assert await looks(evening, id, await evening.asks()) == THEIRS


async def test_a_supporter_may_not_not_even_of_somebody_they_are_with(evening: CallEvening) -> None:
    contact = await evening.with_request("ania")
    for id in ("ania", "dev"):
        with pytest.raises(NotAllowed):
            await looks(evening, id, contact)
    assert "number_revealed" not in await evening.kinds(contact)


@pytest.mark.parametrize("reason", ["", "  \n"])
async def test_without_a_reason_nothing_is_shown_and_nothing_written(
    evening: CallEvening, reason: str
) -> None:
    contact = await evening.asks()
    with pytest.raises(BadRequest, match="why"):
        await looks(evening, "jo", contact, reason)
    assert "number_revealed" not in await evening.kinds(contact)


async def test_where_no_number_is_held_or_not_any_more_nothing_is_written(evening: CallEvening) -> None:
    contact = await evening.person()
    with pytest.raises(NotFound, match="no number"):
        await looks(evening, "jo", contact)
    asked = await evening.asks()
    await evening.line.keys.destroy(asked, ["reach"])
    await evening.restart()
    with pytest.raises(NotFound, match="no longer held"):
        await looks(evening, "jo", asked)
    for one in (contact, asked):
        assert "number_revealed" not in await evening.kinds(one)


async def test_somebody_else_who_leads_has_to_say_that_they_saw_it(evening: CallEvening) -> None:
    contact = await evening.asks()
    await looks(evening, "jo", contact)
    (notice,) = [one for one in evening.fold(contact).open_alerts if one.what == "number_revealed"]
    assert notice.by == "jo"
    with pytest.raises(NotAllowed, match="Somebody else"):
        await evening.line.acknowledge(evening.who("jo"), contact, notice.alert, new_id())
    assert "number_revealed" in evening.alerts(contact)
    await evening.restart()
    assert "number_revealed" in evening.alerts(contact)
    await evening.line.acknowledge(evening.who("robin"), contact, notice.alert, new_id())
    assert "number_revealed" not in evening.alerts(contact)


async def test_two_looks_are_two_notices_and_one_sent_twice_is_one(evening: CallEvening) -> None:
    contact = await evening.asks()
    id = new_id()
    for _ in range(2):
        assert await looks(evening, "jo", contact, client_id=id) == THEIRS
    await looks(evening, "robin", contact, "They asked us to text a friend")
    notices = [one.by for one in evening.fold(contact).open_alerts if one.what == "number_revealed"]
    assert notices == ["jo", "robin"]


async def test_what_was_looked_at_stands_nowhere_else(evening: CallEvening) -> None:
    contact = await evening.with_request("ania")
    await looks(evening, "jo", contact)
    shown: list[Any] = [evening.line.snapshot(), await evening.line.staff_events(contact)]
    shown += [evening.line.mine(evening.who(id)) for id in ("ania", "jo")]
    shown += [await evening.line.person_events(contact), evening.line.person_state(contact)]
    assert THEIRS not in str(shown)
    assert THEIRS.removeprefix("+44") not in str(shown)


async def test_neither_record_nor_summary_nor_fhir_document_holds_the_number(evening: CallEvening) -> None:
    contact = await evening.with_request("ania")
    await looks(evening, "jo", contact)
    material = await read_material(evening.line, evening.who("jo"), contact, "summary")
    every, now = set(parts_of(material)), evening.clock.now()
    made: list[Any] = [
        record_of(contact, material.events, material.names),
        summary_of(material, every, "Jo", now),
        bundle_of(material, every, "Jo", now),
    ]
    for one in made:
        assert THEIRS not in str(one)
        assert "7700900123" not in str(one)


async def test_an_ended_contact_keeps_its_notice_until_it_is_seen(evening: CallEvening) -> None:
    contact = await evening.with_request("ania")
    await evening.shows("ania", contact)
    await evening.made("ania", contact, "talked")
    await looks(evening, "jo", contact)
    await evening.ends("ania", contact)
    assert evening.fold(contact).live
    assert "number_revealed" in evening.alerts(contact)
