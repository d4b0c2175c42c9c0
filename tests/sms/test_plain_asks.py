"""A text of one word, or two, that asks for something plain; how fast texts may come; and who can be texted at all."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from helpline.events import CallMe
from helpline.number_reveal import to_ring
from sms.inbound import Text
from sms.intake import take_in
from sms.lately import MOST, NUMBERS_KEPT, WITHIN, Lately
from tests.helpline.evening import EIGHT, new_id
from tests.sms.carrier_house import OURS, CarrierHouse, error
from tests.sms.text_evening import THEIRS, TextEvening


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


async def said(evening: TextEvening, contact: str) -> list[str]:
    shown, _ = await evening.line.person_events(contact)
    return [one["text"] for one in shown if one["kind"] == "said"]


# -- help ----------------------------------------------------------------------------------------------------------


async def test_help_is_answered_with_what_this_is_and_where_help_is_now(evening: TextEvening) -> None:
    await evening.on("dev")
    contact = await evening.texts("Help!")
    assert evening.phone[1] == (
        "This is Evening line. People answer texts here, when we are open. Text CALL ME to ask for a call. "
        "Text STOP and no text comes any more, START undoes it. In danger now? Ring 999. NHS 111 is there day and night."
    )
    assert await said(evening, contact) == ["Help!"]
    assert evening.fold(contact).phase == "waiting"


async def test_help_in_the_middle_of_a_sentence_is_a_sentence(evening: TextEvening) -> None:
    await evening.on("dev")
    await evening.texts("please help me")
    assert len(evening.phone) == 1


async def test_help_as_the_carrier_heard_it_is_answered_too(evening: TextEvening) -> None:
    await evening.on("dev")
    await evening.texts("info please", opted="HELP")
    assert "People answer texts here" in evening.phone[1]


# -- a call --------------------------------------------------------------------------------------------------------


async def test_call_me_is_a_request_with_the_number_they_text_from(evening: TextEvening) -> None:
    contact = await evening.in_talk()
    await evening.texts("call me")
    (asked,) = [event.body for event in await evening.events(contact) if isinstance(event.body, CallMe)]
    assert (asked.number, asked.safe_name, asked.safe_message, asked.safe_text) == (
        THEIRS,
        False,
        False,
        False,
    )
    assert evening.fold(contact).asked_call
    assert evening.phone[-1].startswith("We have kept that you would like a call to this number")


async def test_call_me_answers_the_choice_that_stands(evening: TextEvening) -> None:
    contact = await evening.texts("are you there")
    assert evening.fold(contact).choice is not None
    await evening.texts("CALL ME")
    assert evening.fold(contact).choice is None


async def test_call_me_twice_by_the_same_text_is_one_request(evening: TextEvening) -> None:
    contact = await evening.texts("CALL ME", sid="SM1")
    await evening.texts("CALL ME", sid="SM1")
    assert (await evening.kinds(contact)).count("call_me") == 1


@pytest.fixture
async def ringing(tmp_path: Path, house: CarrierHouse) -> AsyncIterator[TextEvening]:
    """Of a service that rings people back too."""
    opened = await TextEvening(tmp_path, house, rings=True).open()
    yield opened
    await opened.close()


async def test_a_call_asked_for_by_text_is_promised_for_as_long_as_somebody_rings_tonight(
    ringing: TextEvening,
) -> None:
    contact = await ringing.in_talk()
    await ringing.texts("call me")
    calls, now = ringing.fold(contact).calls, ringing.clock.now()
    assert calls.soonest
    assert calls.begins_at is not None
    assert calls.ends_at is not None
    assert calls.begins_at <= now < calls.ends_at
    assert "call_unkept" not in ringing.alerts(contact)


async def test_a_call_asked_for_by_text_at_night_is_promised_for_the_next_shift_and_never_expires_in_silence(
    ringing: TextEvening,
) -> None:
    await ringing.later(hours=7)  # 03:00
    contact = await ringing.texts("call me")
    calls = ringing.fold(contact).calls
    assert calls.begins_at is not None
    assert calls.ends_at is not None
    assert calls.begins_at - ringing.clock.now() == timedelta(hours=15)
    await ringing.until(calls.ends_at + timedelta(minutes=1))
    assert ringing.fold(contact).calls.unkept
    assert ringing.alerts(contact)["call_unkept"] == "lead"


async def test_who_is_with_them_may_ring_when_it_suits_them_for_they_gave_no_time(
    ringing: TextEvening,
) -> None:
    contact = await ringing.in_talk()
    await ringing.texts("call me")
    ends = ringing.fold(contact).calls.ends_at
    assert ends is not None
    await ringing.until(ends + timedelta(minutes=1))
    assert await to_ring(ringing.line, ringing.who("ania"), contact, client_id=new_id()) == THEIRS


# -- a language ----------------------------------------------------------------------------------------------------


async def test_a_languages_name_alone_brings_somebody_who_speaks_it(evening: TextEvening) -> None:
    await evening.on("dev")
    await evening.on("ania")
    contact = await evening.texts("Polski")
    assert (evening.fold(contact).language, evening.fold(contact).speaks) == ("pl", ("pl",))
    assert evening.asked(contact) == "ania"
    assert evening.phone[0].startswith("Tu Evening line.")


async def test_a_language_named_later_changes_who_comes_and_is_answered_in_it(evening: TextEvening) -> None:
    contact = await evening.texts("hi")
    await evening.texts("polski")
    assert (evening.fold(contact).language, evening.fold(contact).speaks) == ("pl", ("pl",))
    assert (
        evening.phone[-1] == "Zapisaliśmy język: polski. Odpowiemy w nim, gdy będzie tu ktoś, kto nim mówi."
    )
    await evening.on("dev")
    assert evening.asked(contact) == ""
    await evening.on("ania")
    assert evening.asked(contact) == "ania"


async def test_with_nobody_who_speaks_it_another_language_can_be_named_instead(evening: TextEvening) -> None:
    await evening.on("dev")
    contact = await evening.texts("polski")
    choice = evening.fold(contact).choice
    assert choice is not None
    assert choice.why == "no_speaker"
    await evening.texts("English")
    assert evening.fold(contact).speaks == ("en", "pl")
    assert evening.asked(contact) == "dev"


# -- how fast ------------------------------------------------------------------------------------------------------


async def test_past_the_limit_of_a_minute_every_text_is_kept_and_one_answer_says_so(
    evening: TextEvening,
) -> None:
    await evening.on("dev")
    lately = Lately()
    words = ["HELP"] * (MOST + 10)
    contacts = {
        await take_in(evening.line, Text(f"SM{n}", THEIRS, OURS, word), lately)
        for n, word in enumerate(words)
    }
    await evening.settled()
    (contact,) = contacts
    assert await said(evening, contact) == words
    told = [event.body.what for event in await evening.events(contact) if event.kind == "told"]  # type: ignore[attr-defined]
    assert told == ["text_hello", *["text_help"] * MOST, "text_many"]
    assert "Every text of yours is kept" in evening.phone[-1]
    assert evening.phone[-1].endswith("NHS 111 is there day and night.")
    await evening.later(minutes=2)
    await take_in(evening.line, Text("SMlater", THEIRS, OURS, "HELP"), lately)
    await evening.settled()
    assert "People answer texts here" in evening.phone[-1]


def test_numbers_are_counted_apart_and_forgotten_when_they_are_many() -> None:
    lately = Lately()
    assert [lately.of("one").heard(EIGHT) for _ in range(3)] == [1, 2, 3]
    assert lately.of("two").heard(EIGHT) == 1
    assert lately.of("one").heard(EIGHT + WITHIN) == 1
    for n in range(NUMBERS_KEPT):
        lately.of(str(n)).heard(EIGHT + WITHIN)
    assert lately.of("one").heard(EIGHT + WITHIN) == 1


def test_of_a_flood_the_first_past_the_limit_is_told_apart_from_the_rest() -> None:
    lately = Lately()
    places = [lately.of("one").heard(EIGHT + timedelta(milliseconds=n)) for n in range(MOST * 5)]
    assert places.count(MOST + 1) == 1


async def test_who_goes_on_writing_is_in_the_same_contact_and_after_half_a_day_in_another(
    evening: TextEvening,
) -> None:
    lately = Lately()

    async def texts(sid: str) -> str:
        contact = await take_in(evening.line, Text(sid, THEIRS, OURS, "hello"), lately)
        await evening.settled()
        return contact

    await evening.on("ania")
    first = await texts("SM1")
    assert await texts("SM2") == first
    assert await texts("SM2") == first
    assert await said(evening, first) == ["hello", "hello"]
    await evening.accepts("ania", first)
    await evening.ends("ania", first)
    await evening.later(hours=13)
    second = await texts("SM3")
    assert second != first
    assert await texts("SM1") == first
    assert await texts("SM4") == second


async def test_an_old_text_that_comes_again_when_the_talk_is_long_over_begins_nothing(
    evening: TextEvening,
) -> None:
    await evening.on("ania")
    first = await evening.texts("hello", sid="SM1")
    await evening.accepts("ania", first)
    await evening.ends("ania", first)
    await evening.later(hours=13)
    assert await evening.texts("hello", sid="SM1") == first
    assert await said(evening, first) == ["hello"]
    assert evening.fold(first).phase == "ended"
    second = await evening.texts("it is me again", sid="SM2")
    assert second != first
    linked = [event.body for event in await evening.events(second) if event.kind == "linked"]
    assert [one.other for one in linked] == [first]  # type: ignore[attr-defined]


# -- who can be texted ---------------------------------------------------------------------------------------------


async def test_their_line_is_looked_up_once_before_the_first_text(evening: TextEvening) -> None:
    contact = await evening.in_talk()
    await evening.answers("ania", contact, "I am here")
    assert [what for what, _ in evening.house.asked].count("lookup") == 1
    assert [what for what, _ in evening.house.asked].index("lookup") < [
        what for what, _ in evening.house.asked
    ].index("send")
    (known,) = [event.body for event in await evening.events(contact) if event.kind == "line_known"]
    assert known.line == "mobile"  # type: ignore[attr-defined]


async def test_nothing_is_sent_to_a_landline_and_the_lead_is_told(evening: TextEvening) -> None:
    evening.house.lines[THEIRS] = "landline"
    contact = await evening.in_talk()
    await evening.answers("ania", contact, "I am here")
    assert evening.phone == []
    fold = evening.fold(contact)
    assert (fold.texts.unanswerable, fold.texts.sending, len(fold.texts.given_up)) == (True, (), 2)
    assert evening.alerts(contact) == {"not_a_mobile": "lead"}
    assert [what for what, _ in evening.house.asked].count("lookup") == 1


async def test_a_number_the_carrier_does_not_know_is_texted(evening: TextEvening) -> None:
    evening.house.script = [error(404, 20404)]
    contact = await evening.in_talk()
    assert len(evening.phone) == 1
    assert evening.fold(contact).texts.line == "unknown"


async def test_a_lookup_that_is_not_answered_holds_no_text_up_and_is_made_again_later(
    evening: TextEvening,
) -> None:
    evening.house.script = [error(503, 0)]
    contact = await evening.in_talk()
    assert len(evening.phone) == 1
    assert evening.fold(contact).texts.line == ""
    await evening.answers("ania", contact, "I am here")
    assert evening.fold(contact).texts.line == ""
    await evening.later(minutes=6)
    await evening.answers("ania", contact, "Tell me")
    assert evening.fold(contact).texts.line == "mobile"
    assert evening.phone[1:] == ["I am here", "Tell me"]


@pytest.mark.parametrize("sender", ["61061", "MyBank", "61061 "])
async def test_a_sender_that_is_no_number_is_kept_and_said_to_be_beyond_reach(
    evening: TextEvening, sender: str
) -> None:
    await evening.on("dev")
    contact = await take_in(evening.line, Text("SM1", sender, OURS, "CALL ME"))
    await evening.settled()
    assert await said(evening, contact) == ["CALL ME"]
    fold = evening.fold(contact)
    assert (fold.texts.reachable, fold.texts.unanswerable, fold.asked_call) == (False, True, False)
    assert evening.house.messages == []
