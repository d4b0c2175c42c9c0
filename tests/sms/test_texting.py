"""Texts in and out: kept, answered, sent once and in order, and never lost silently."""

from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from helpline.errors import HelplineError
from helpline.events import By, TextTaken
from sms.inbound import StatusTold
from sms.sending import LISTED_AFTER
from tests.helpline.evening import new_id
from tests.sms.carrier_house import CarrierHouse, error
from tests.sms.text_evening import TextEvening

HELLO = (
    "This is Evening line. We have your text, and a person will answer you here. Is it safe to text you on this "
    "phone? In danger now? Ring 999. NHS 111 is there day and night."
)


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


async def told(evening: TextEvening, nth: int, status: str, code: int = 0) -> None:
    """The carrier says what became of the nth text it was given."""
    await evening.outbox.told(StatusTold(evening.house.messages[nth]["sid"], status, code))
    await evening.settled()


# -- in ------------------------------------------------------------------------------------------------------------


async def test_a_first_text_waits_for_somebody_and_is_answered_at_once(evening: TextEvening) -> None:
    await evening.on("dev")
    contact = await evening.texts("are you there")
    assert (evening.fold(contact).phase, evening.asked(contact)) == ("waiting", "dev")
    assert evening.phone == [HELLO]


async def test_with_nobody_there_that_is_said_too_with_the_next_opening(evening: TextEvening) -> None:
    await evening.texts("are you there")
    assert evening.phone[0] == HELLO
    assert "Everyone here has had to go" in evening.phone[1]
    assert "We open again Thursday 15 January, 18:00." in evening.phone[1]


async def test_the_same_text_twice_is_once(evening: TextEvening) -> None:
    await evening.on("dev")
    contact = await evening.texts("are you there", sid="SM1")
    assert await evening.texts("are you there", sid="SM1") == contact
    assert (await evening.kinds(contact)).count("said") == 1
    assert evening.phone == [HELLO]


async def test_texts_of_a_burst_are_one_contact_in_the_order_they_came(evening: TextEvening) -> None:
    contacts = {await evening.texts(words) for words in ("I can't", "do this", "any more")}
    (contact,) = contacts
    shown, _ = await evening.line.person_events(contact)
    assert [one["text"] for one in shown if one["kind"] == "said"] == ["I can't", "do this", "any more"]


async def test_at_night_a_text_gets_its_reply_and_waits_for_the_next_shift(evening: TextEvening) -> None:
    await evening.later(hours=7)
    contact = await evening.texts("I can't sleep")
    assert evening.fold(contact).phase == "stored"
    (reply,) = evening.phone
    assert "We are closed now. We open again Thursday 15 January, 18:00." in reply
    assert reply.endswith("NHS 111 is there day and night.")


async def test_a_text_days_later_begins_another_contact_that_knows_of_the_first(evening: TextEvening) -> None:
    first = await evening.in_talk()
    await evening.ends("ania", first)
    await evening.later(hours=13)
    second = await evening.texts("me again")
    assert second != first
    linked = [event.body for event in await evening.events(second) if event.kind == "linked"]
    assert [one.other for one in linked] == [first]  # type: ignore[attr-defined]


async def test_a_text_soon_after_the_end_opens_it_again(evening: TextEvening) -> None:
    contact = await evening.in_talk()
    await evening.ends("ania", contact)
    assert await evening.texts("one more thing") == contact
    assert "reopened" in await evening.kinds(contact)


async def test_end_in_the_middle_of_a_talk_is_heard_as_more_than_an_opt_out(evening: TextEvening) -> None:
    contact = await evening.in_talk()
    await evening.texts("END", opted="STOP")
    assert evening.fold(contact).texts.opted_out
    assert evening.alerts(contact) == {"opted_out": "lead"}
    before = len(evening.phone)
    await evening.answers("ania", contact, "Are you still there?")
    assert len(evening.phone) == before


async def test_start_opens_their_phone_again_and_what_was_said_meanwhile_goes(evening: TextEvening) -> None:
    contact = await evening.in_talk()
    await evening.texts("END", opted="STOP")
    await evening.answers("ania", contact, "Are you still there?")
    await evening.texts("START", opted="START")
    assert evening.phone[-1] == "Are you still there?"


async def test_a_picture_is_counted_and_not_opened(evening: TextEvening) -> None:
    contact = await evening.texts("", media=2)
    assert "picture_sent" in await evening.kinds(contact)
    assert evening.fold(contact).phase == "waiting"


# -- out -----------------------------------------------------------------------------------------------------------


async def test_what_the_supporter_writes_arrives_as_texts_in_order_and_plainly(evening: TextEvening) -> None:
    contact = await evening.in_talk()
    await evening.answers("ania", contact, "I’m here – Siôn")
    await evening.answers("ania", contact, "Tell me")
    assert evening.phone[1:] == ["I'm here - Siôn", "Tell me"]
    assert evening.fold(contact).texts.sending == ()


async def test_a_long_answer_goes_in_parts(evening: TextEvening) -> None:
    contact = await evening.in_talk()
    words = "I can hear how hard tonight is for you. " * 90
    await evening.answers("ania", contact, words)
    parts = evening.phone[1:]
    assert len(parts) == 3
    assert " ".join(parts) == words.strip()


async def test_delivered_is_the_end_and_what_comes_late_or_twice_changes_nothing(
    evening: TextEvening,
) -> None:
    contact = await evening.in_talk()
    await evening.answers("ania", contact)
    for status in ("sent", "delivered", "sent", "queued", "delivered"):
        await told(evening, 1, status)
    statuses = [event.body.status for event in await evening.events(contact) if event.kind == "text_status"]  # type: ignore[attr-defined]
    assert statuses == ["sent", "delivered"]


async def test_a_status_that_comes_before_we_wrote_that_it_was_taken_is_not_lost(
    evening: TextEvening,
) -> None:
    await evening.on("dev")
    await evening.outbox.told(StatusTold("SM" + "0" * 32, "delivered"))
    contact = await evening.texts("are you there")
    kinds = await evening.kinds(contact)
    assert kinds[-2:] == ["text_taken", "text_status"]


async def test_a_phone_out_of_reach_is_tried_three_times_and_the_lead_told(evening: TextEvening) -> None:
    contact = await evening.in_talk()
    await evening.answers("ania", contact, "I am here")
    for n in (1, 2, 3):
        await told(evening, n, "undelivered", 30003)
        assert evening.alerts(contact) == {"text_unsent": "lead"}
        await evening.later(minutes=6)
    assert evening.phone[1:] == ["I am here"] * 3
    assert evening.fold(contact).texts.given_up != ()


async def test_a_refusal_is_final_and_the_next_text_still_goes(evening: TextEvening) -> None:
    contact = await evening.in_talk()
    evening.house.script = [error(400, 21617)]
    await evening.answers("ania", contact, "the first")
    await evening.answers("ania", contact, "the second")
    assert evening.phone[1:] == ["the second"]
    assert len(evening.fold(contact).texts.given_up) == 1
    assert evening.alerts(contact) == {"text_unsent": "lead"}


async def test_from_rung_2_a_text_that_does_not_go_is_a_page(evening: TextEvening) -> None:
    contact = await evening.in_talk()
    await evening.steps_up("ania", contact, 2)
    evening.house.script = [error(400, 30005)]
    await evening.answers("ania", contact, "where are you")
    assert evening.fold(contact).paged


@pytest.mark.parametrize("silence", ["take_and_drop", "take_and_hang", "drop", "hang"])
async def test_after_a_silence_it_is_looked_for_and_goes_exactly_once(
    evening: TextEvening, silence: str
) -> None:
    contact = await evening.in_talk()
    evening.house.script = [silence]
    await evening.answers("ania", contact, "I am here")
    await evening.later(minutes=1)
    assert evening.phone[1:] == ["I am here"]
    assert evening.fold(contact).texts.sending == ()


async def test_the_same_words_said_twice_go_twice_even_after_a_silence(evening: TextEvening) -> None:
    contact = await evening.in_talk()
    await evening.answers("ania", contact, "OK")
    evening.house.script = ["drop"]
    await evening.answers("ania", contact, "OK")
    await evening.later(minutes=1)
    assert evening.phone[1:] == ["OK", "OK"]


@pytest.mark.parametrize("slow", [timedelta(0), timedelta(minutes=119), -timedelta(hours=1)])
async def test_a_clock_that_differs_from_the_carriers_sends_nothing_twice(
    evening: TextEvening, slow: timedelta
) -> None:
    contact = await evening.in_talk()
    evening.house.script = ["take_and_drop"]
    keep = evening.house.keep
    evening.house.keep = lambda *given, **more: keep(*given, at=evening.clock.now() - slow, **more)  # type: ignore[method-assign]
    await evening.answers("ania", contact, "I am here")
    await evening.later(minutes=1)
    assert evening.phone[1:] == ["I am here"]


@pytest.mark.parametrize("kept_as", ["I'm here - Siôn", "I’m here – Siôn", " I'm  here -\nSiôn"])
async def test_a_text_the_carrier_keeps_a_little_differently_is_found_all_the_same(
    evening: TextEvening, kept_as: str
) -> None:
    contact = await evening.in_talk()
    evening.house.script = ["take_and_drop"]
    await evening.answers("ania", contact, " I’m here – Siôn ")
    evening.house.messages[-1]["body"] = kept_as
    await evening.later(minutes=1)
    assert len(evening.phone[1:]) == 1
    assert evening.fold(contact).texts.sending == ()


async def test_in_the_night_of_the_clock_change_a_text_is_tried_again_when_its_time_has_passed(
    evening: TextEvening,
) -> None:
    """Summer time ends on 25 October 2026 at 01:00 UTC: an hour of wall time comes twice, and nothing waits for it."""
    evening.clock.set(datetime(2026, 10, 25, 0, 59, 40, tzinfo=UTC))
    contact = await evening.texts("are you there")
    before = len(evening.phone)
    evening.house.script = [error(429, 20429, **{"Retry-After": "40"})]
    await evening.texts("HELP")
    await evening.later(seconds=39)
    assert len(evening.phone) == before
    await evening.later(seconds=1)
    assert len(evening.phone) == before + 1
    assert evening.fold(contact).texts.sending == ()


@pytest.mark.parametrize("lost", ["reach", "words"])
async def test_what_cannot_be_read_any_more_does_not_go_and_holds_nothing_up(
    evening: TextEvening, lost: str
) -> None:
    """The key of their number, or of what was said, is destroyed while a text waits."""
    contact = await evening.in_talk()
    evening.house.script = [error(429, 20429)]
    await evening.answers("ania", contact, "I am here")
    await evening.line.logbook.destroy(contact, [lost])
    await evening.later(minutes=1)
    assert evening.phone[1:] == []
    assert evening.fold(contact).texts.sending == ()
    assert evening.fold(contact).texts.given_up != ()


async def test_a_busy_carrier_gets_the_time_it_asks_for(evening: TextEvening) -> None:
    contact = await evening.in_talk()
    evening.house.script = [error(429, 20429, **{"Retry-After": "90"})]
    await evening.answers("ania", contact, "I am here")
    await evening.later(seconds=80)
    assert evening.phone[1:] == []
    await evening.later(seconds=20)
    assert evening.phone[1:] == ["I am here"]


async def test_while_the_carrier_is_gone_the_circuit_is_open_and_then_everything_goes_in_order(
    evening: TextEvening,
) -> None:
    contact = await evening.in_talk()
    evening.house.script = [error(503, 0)] * 9
    for words in ("one", "two", "three"):
        await evening.answers("ania", contact, words)
    await evening.later(minutes=3)
    assert evening.outbox.circuit.open
    await evening.later(minutes=40)
    assert evening.phone[1:] == ["one", "two", "three"]
    assert not evening.outbox.circuit.open


# -- a crash at every step -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("cut", range(5))
async def test_a_crash_at_any_step_sends_each_text_exactly_once(evening: TextEvening, cut: int) -> None:
    """The log is cut off at each of the steps of sending, the carrier keeps what it had, and the service starts anew."""
    contact = await evening.in_talk()
    evening.dies_after(cut)
    await evening.tries_to_answer("ania", contact, "I am here")
    await evening.restart()
    await evening.later(minutes=2)
    kept = [one for one in await evening.events(contact) if one.kind == "said" and one.by.role == "supporter"]
    assert evening.phone.count("I am here") == len(kept)
    sids = [event.body.sid for event in await evening.events(contact) if isinstance(event.body, TextTaken)]
    assert len(sids) == len(set(sids)) == len(evening.house.messages)
    assert evening.fold(contact).texts.sending == ()


async def test_a_text_cut_off_on_its_way_is_looked_for_only_once_the_carrier_would_list_it(
    evening: TextEvening,
) -> None:
    contact = await evening.in_talk()
    evening.house.listed_after = LISTED_AFTER - timedelta(seconds=1)
    evening.dies_after(2)
    await evening.tries_to_answer("ania", contact, "I am here")
    await evening.restart()
    await evening.later(seconds=2)
    await evening.later(minutes=1)
    assert evening.phone.count("I am here") == 1
    assert evening.fold(contact).texts.sending == ()


async def test_no_text_goes_with_a_gap_in_it(evening: TextEvening) -> None:
    """What the service says by itself names who is meant."""
    contact = await evening.in_talk()
    evening.line.supporter_disconnected("ania")
    await evening.later(minutes=1)
    assert "Ania has lost their line." in evening.phone[-1]
    assert not [words for words in evening.phone if "{" in words], contact


# -- taken back before it went -------------------------------------------------------------------------------------


async def said_last(evening: TextEvening, contact: str) -> int:
    return [one.seq for one in await evening.events(contact) if one.kind == "said"][-1]


async def takes_back(evening: TextEvening, contact: str, of: int) -> None:
    await evening.line.withdraw(contact, By("supporter", "ania", "Ania"), of, new_id())
    await evening.settled()


@pytest.mark.parametrize("silence", [error(429, 20429), error(503, 0), "drop"])
async def test_words_taken_back_before_they_went_never_go_and_neither_does_their_correction(
    evening: TextEvening, silence: Any
) -> None:
    contact = await evening.in_talk()
    evening.house.script = [silence]
    await evening.answers("ania", contact, "the wrong words")
    of = await said_last(evening, contact)
    await evening.line.correct(contact, By("supporter", "ania", "Ania"), of, "better words", new_id())
    await takes_back(evening, contact, of)
    await evening.answers("ania", contact, "I am here")
    await evening.later(minutes=2)
    assert evening.phone[1:] == ["I am here"]
    assert evening.fold(contact).texts.sending == ()
    assert evening.fold(contact).texts.given_up == ()


async def test_a_correction_of_what_was_taken_back_does_not_go(evening: TextEvening) -> None:
    contact = await evening.in_talk()
    await evening.answers("ania", contact, "the wrong words")
    of = await said_last(evening, contact)
    await takes_back(evening, contact, of)
    with suppress(HelplineError):
        await evening.line.correct(contact, By("supporter", "ania", "Ania"), of, "better words", new_id())
    await evening.later(minutes=2)
    assert evening.phone[1:] == ["the wrong words"]


async def test_words_taken_back_that_the_carrier_has_are_known_to_have_gone_and_their_next_part_stays(
    evening: TextEvening,
) -> None:
    contact = await evening.in_talk()
    evening.house.script = ["take_and_drop"]
    await evening.answers("ania", contact, "I can hear how hard tonight is for you. " * 60)
    await takes_back(evening, contact, await said_last(evening, contact))
    await evening.later(minutes=2)
    assert len(evening.phone[1:]) == 1
    assert (await evening.kinds(contact)).count("text_taken") == 2
    assert evening.fold(contact).texts.sending == ()


async def test_words_taken_back_on_their_way_are_not_tried_again_and_alert_nobody(
    evening: TextEvening,
) -> None:
    contact = await evening.in_talk()
    await evening.answers("ania", contact, "the wrong words")
    await takes_back(evening, contact, await said_last(evening, contact))
    await told(evening, 1, "undelivered", 30003)
    await evening.later(minutes=6)
    assert evening.phone[1:] == ["the wrong words"]
    assert evening.alerts(contact) == {}
