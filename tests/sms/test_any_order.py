"""However the network brings it: any order of texts, repeats, statuses and polls gives one contact with one fold."""

from collections.abc import AsyncIterator
from datetime import timedelta
from itertools import count
from pathlib import Path

import phonenumbers
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from helpline.numbers import dialled
from helpline.texts import OnTheWay
from sms.inbound import Seal, StatusTold, Text
from sms.intake import take_in
from sms.phone_line import PhoneLine
from tests.sms.carrier_house import OURS, CarrierHouse
from tests.sms.text_evening import TextEvening

WORDS = ("one", "two", "three", "four")
STATUSES = ("queued", "sending", "sent", "delivered", "nonsense")
ANYTHING = st.characters(exclude_categories=["Cs"])
numbers = count()


@pytest.fixture
async def house() -> AsyncIterator[CarrierHouse]:
    house = await CarrierHouse().open()
    yield house
    assert house.wrong == []
    await house.close()


@pytest.fixture
async def evening(tmp_path: Path, house: CarrierHouse) -> AsyncIterator[TextEvening]:
    evening = await TextEvening(tmp_path, house).open()
    yield evening
    await evening.close()


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from([*range(len(WORDS)), "poll"]), min_size=1, max_size=10))
async def test_texts_by_webhook_or_poll_in_any_order_are_there_once_each(
    evening: TextEvening, brought: list[int | str]
) -> None:
    line = PhoneLine(evening.line, evening.carrier, Seal("12345", "https://helpline.example.org"))
    number = f"+447700900{next(numbers) % 1_000:03d}"
    evening.house.now = evening.clock.now()
    kept = [evening.house.keep(OURS, number, words, inbound=True) for words in WORDS]
    order: list[int] = []
    for one in [*brought, "poll", "poll"]:
        if one == "poll":
            await line.take_in_missed(timedelta(minutes=15))
            order += [n for n in range(len(WORDS)) if n not in order]
        elif isinstance(one, int):
            contact = await take_in(evening.line, Text(kept[one]["sid"], number, OURS, WORDS[one]))
            order += [] if one in order else [one]
    contact = await take_in(evening.line, Text(kept[0]["sid"], number, OURS, WORDS[0]))
    shown, _ = await evening.line.person_events(contact)
    assert [event["text"] for event in shown if event["kind"] == "said"] == [WORDS[n] for n in order]
    await evening.settled()


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.permutations(STATUSES), st.lists(st.sampled_from(STATUSES), max_size=5))
async def test_statuses_in_any_order_and_again_leave_the_text_where_it_came_to(
    evening: TextEvening, once: list[str], again: list[str]
) -> None:
    number = f"+447700900{next(numbers) % 1_000:03d}"
    contact = await take_in(evening.line, Text(f"SMstatus{number}{next(numbers)}", number, OURS, "hello"))
    await evening.settled()
    sid = evening.fold(contact).texts.on_the_way[0].sid
    for status in [*once, *again]:
        await evening.outbox.told(StatusTold(sid, status))
    assert sid not in [way.sid for way in evening.fold(contact).texts.on_the_way]
    statuses = [
        event.body.status  # type: ignore[attr-defined]
        for event in await evening.events(contact)
        if event.kind == "text_status" and event.body.sid == sid  # type: ignore[attr-defined]
    ]
    assert statuses[-1] == "delivered"
    assert statuses == sorted(set(statuses), key=STATUSES.index)


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.permutations(("queued", "sent", "failed")))
async def test_one_that_failed_is_failed_whenever_the_others_come(
    evening: TextEvening, order: list[str]
) -> None:
    number = f"+447700900{next(numbers) % 1_000:03d}"
    contact = await take_in(evening.line, Text(f"SMfailed{number}{next(numbers)}", number, OURS, "hello"))
    await evening.settled()
    way: OnTheWay = evening.fold(contact).texts.on_the_way[0]
    for status in order:
        await evening.outbox.told(StatusTold(way.sid, status, 30005 if status == "failed" else 0))
    fold = evening.fold(contact)
    assert way.of in fold.texts.given_up
    assert [one.what for one in fold.alerts if one.what == "text_unsent"] == ["text_unsent"]
    await evening.settled()


def examples(kind: int) -> set[str]:
    """One number of every region, in E.164: those the library gives for documents."""
    found = (phonenumbers.example_number_for_type(region, kind) for region in phonenumbers.SUPPORTED_REGIONS)
    e164 = phonenumbers.PhoneNumberFormat.E164
    return {phonenumbers.format_number(number, e164) for number in found if number is not None}


async def test_mobiles_of_every_region_are_kept_each_as_its_own_and_answered(
    evening: TextEvening, proving: bool
) -> None:
    """Sent to nobody but a server of this test. The short form takes every eighth."""
    mobiles = sorted(examples(phonenumbers.PhoneNumberType.MOBILE))
    assert len(mobiles) > 200
    mobiles = mobiles if proving else mobiles[::8]
    contacts = {await take_in(evening.line, Text(f"SM{number}", number, OURS, "hello")) for number in mobiles}
    await evening.settled()
    assert len(contacts) == len(mobiles)
    assert {one["to"] for one in evening.house.messages} == set(mobiles)


def test_a_number_of_any_region_is_dialled_as_the_carrier_gives_it() -> None:
    kinds = (phonenumbers.PhoneNumberType.MOBILE, phonenumbers.PhoneNumberType.FIXED_LINE)
    given = {number for kind in kinds for number in examples(kind)}
    assert {dialled(number) for number in given} == given


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(ANYTHING, max_size=64), st.text(ANYTHING, max_size=200))
async def test_any_sender_and_any_words_are_kept_as_they_came(
    evening: TextEvening, sender: str, words: str
) -> None:
    text = Text(f"SMany{next(numbers)}", sender, OURS, words)
    contact = await take_in(evening.line, text)
    shown, _ = await evening.line.person_events(contact)
    kept = [event["text"] for event in shown if event["kind"] == "said"]
    assert kept[-1:] == ([words] if words.strip() else kept[-1:])
    assert await take_in(evening.line, text) == contact
