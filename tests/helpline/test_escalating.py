"""The ladder's clocks, asking the lead, and what only a human or only a lead may do."""

from datetime import datetime
from pathlib import Path

import pytest

from helpline.errors import BadRequest, NotAllowed, NotFound, NotNow
from helpline.events import Attempted, RungSet
from tests.helpline.evening import EIGHT, Evening, definition_in, new_id


@pytest.fixture
async def contact(evening: Evening) -> str:
    """Ania is with somebody; Jo leads."""
    await evening.on("ania")
    await evening.on("jo", ready=False)
    return await evening.with_("ania", "pl")


async def go_to(evening: Evening, id: str, contact: str, to: int, basis: str = "what they said") -> int:
    body = RungSet(to, 0, basis=basis, client_id=new_id())
    answer = await evening.line.set_rung(evening.who(id), contact, body)
    await evening.settled()
    return answer.seq


def clocks(evening: Evening, contact: str) -> set[str]:
    return {clock.kind for clock in evening.fold(contact).clocks}


async def test_rung_three_unacknowledged_goes_to_the_on_call_at_two_minutes_and_the_second_at_five(
    evening: Evening, contact: str
) -> None:
    await go_to(evening, "ania", contact, 3)
    assert evening.alerts(contact) == {"rung_3": "lead"}
    await evening.later(seconds=119)
    assert evening.alerts(contact) == {"rung_3": "lead"}
    await evening.later(seconds=1)
    assert evening.alerts(contact) == {"rung_3": "on_call"}
    await evening.later(seconds=179)
    assert evening.alerts(contact) == {"rung_3": "on_call"}
    await evening.later(seconds=1)
    assert evening.alerts(contact) == {"rung_3": "second_on_call"}
    # Until somebody answers, the last of them is told again.
    assert "acknowledge" in clocks(evening, contact)


async def test_an_acknowledged_rung_three_goes_no_further_once_something_was_done(
    evening: Evening, contact: str
) -> None:
    await go_to(evening, "ania", contact, 3)
    alert = evening.fold(contact).open_alerts[0].alert
    await evening.later(seconds=60)
    await evening.line.acknowledge(evening.who("jo"), contact, alert, new_id())
    await evening.later(seconds=120)
    await evening.line.join(evening.who("jo"), contact, new_id())
    await evening.later(seconds=300)
    assert evening.alerts(contact) == {}
    assert evening.fold(contact).alert(alert).acknowledged_by == "jo"  # type: ignore[union-attr]


async def test_saying_i_have_it_does_not_silence_for_long(evening: Evening, contact: str) -> None:
    await go_to(evening, "ania", contact, 3)
    alert = evening.fold(contact).open_alerts[0].alert
    await evening.line.acknowledge(evening.who("jo"), contact, alert, new_id())
    await evening.later(seconds=299)
    assert evening.alerts(contact) == {}
    await evening.later(seconds=1)
    assert evening.alerts(contact) == {"rung_3": "lead"}
    assert "acknowledge" in clocks(evening, contact)


async def test_two_leads_acknowledging_at_once_are_one_and_one_who_is_told(
    evening: Evening, contact: str
) -> None:
    await go_to(evening, "ania", contact, 3)
    alert = evening.fold(contact).open_alerts[0].alert
    await evening.line.acknowledge(evening.who("jo"), contact, alert, new_id())
    with pytest.raises(NotNow):
        await evening.line.acknowledge(evening.who("kit"), contact, alert, new_id())


async def test_an_acknowledge_clock_goes_on_over_a_kill_and_a_restart(evening: Evening, contact: str) -> None:
    await go_to(evening, "ania", contact, 3)
    await evening.later(seconds=100)
    await evening.close()
    evening.clock.advance(seconds=50)
    await evening.open()
    assert evening.alerts(contact) == {"rung_3": "on_call"}
    assert evening.fold(contact).open_alerts[0].late_seconds == 30


@pytest.mark.parametrize("night", ["2026-03-29T00:59:00+00:00", "2026-10-25T00:59:00+00:00"])
async def test_an_unacknowledged_rung_three_pages_on_time_across_a_clock_change(
    tmp_path: Path, night: str
) -> None:
    """London's clocks change at 01:00 UTC on both: two minutes stay two minutes."""
    evening = Evening(tmp_path, definition_in(tmp_path), EIGHT)
    await evening.open()
    try:
        await evening.on("ania")
        await evening.on("jo", ready=False)
        contact = await evening.with_("ania", "pl")
        await evening.line.dispatcher.settled()
        evening.clock.set(datetime.fromisoformat(night))
        await evening.settled()
        await go_to(evening, "jo", contact, 3)
        await evening.later(seconds=119)
        assert evening.alerts(contact)["rung_3"] == "lead"
        await evening.later(seconds=1)
        assert evening.alerts(contact)["rung_3"] == "on_call"
        await evening.later(seconds=180)
        assert evening.alerts(contact)["rung_3"] == "second_on_call"
    finally:
        await evening.close()


async def test_asking_the_lead_goes_on_to_the_on_call_and_the_second(evening: Evening, contact: str) -> None:
    await evening.line.ask_lead(evening.who("ania"), contact, new_id(), "not sure")
    chain = [evening.alerts(contact)]
    for _ in range(3):
        await evening.later(seconds=60)
        chain.append(evening.alerts(contact))
    assert [alerts["asked"] for alerts in chain] == ["lead", "on_call", "second_on_call", "second_on_call"]


async def test_a_rung_set_while_the_lead_is_being_asked_does_not_stop_the_asking(
    evening: Evening, contact: str
) -> None:
    await evening.line.ask_lead(evening.who("ania"), contact, new_id(), None)
    mistake = await go_to(evening, "ania", contact, 3)
    await evening.later(seconds=30)
    await evening.line.withdraw_rung(evening.who("ania"), contact, mistake, new_id())
    await evening.later(seconds=30)
    assert evening.alerts(contact) == {"asked": "on_call"}


async def test_going_up_again_leaves_one_clock_to_acknowledge(evening: Evening, contact: str) -> None:
    await go_to(evening, "ania", contact, 2)
    await evening.later(seconds=30)
    await go_to(evening, "ania", contact, 3)
    assert [clock.kind for clock in evening.fold(contact).clocks].count("acknowledge") == 1
    await evening.later(seconds=120)
    assert evening.alerts(contact) == {"rung_2": "lead", "rung_3": "on_call"}


async def test_words_for_the_step_we_are_on_are_added_and_move_no_clock(
    evening: Evening, contact: str
) -> None:
    first = await go_to(evening, "ania", contact, 3, basis="")
    running = evening.fold(contact).clocks
    await evening.later(seconds=30)
    await go_to(evening, "ania", contact, 3, basis="Says it will be tonight.")
    fold = evening.fold(contact)
    assert (fold.rung, fold.rung_seq, fold.clocks) == (3, first, running)
    with pytest.raises(NotNow):
        await go_to(evening, "ania", contact, 3, basis="")


async def test_coming_down_needs_the_lead_and_a_reason(evening: Evening, contact: str) -> None:
    await go_to(evening, "ania", contact, 3)
    with pytest.raises(NotAllowed):
        await go_to(evening, "ania", contact, 2)
    with pytest.raises(BadRequest):
        await go_to(evening, "jo", contact, 2, basis="  ")
    await go_to(evening, "jo", contact, 2, basis="safe with a friend")
    assert evening.fold(contact).rung == 2
    assert clocks(evening, contact) == {"review"}


async def test_from_two_a_supporter_may_come_down_alone(evening: Evening, contact: str) -> None:
    await go_to(evening, "ania", contact, 2)
    await go_to(evening, "ania", contact, 1)
    assert evening.fold(contact).rung == 1


async def test_a_wrong_press_is_taken_back_within_a_minute_and_the_lead_stands_down(
    evening: Evening, contact: str
) -> None:
    of = await go_to(evening, "ania", contact, 3)
    await evening.later(seconds=60)
    with pytest.raises(NotNow):
        await evening.line.withdraw_rung(evening.who("jo"), contact, of, new_id())
    await evening.line.withdraw_rung(evening.who("ania"), contact, of, new_id())
    fold = evening.fold(contact)
    assert (fold.rung, fold.clocks, fold.open_alerts) == (0, (), ())
    assert fold.alerts[-1].acknowledged_by == "stand_down"


async def test_taking_a_press_back_is_not_itself_taken_back(evening: Evening, contact: str) -> None:
    of = await go_to(evening, "ania", contact, 3)
    back = await evening.line.withdraw_rung(evening.who("ania"), contact, of, new_id())
    with pytest.raises(NotNow):
        await evening.line.withdraw_rung(evening.who("ania"), contact, back.seq, new_id())
    assert evening.fold(contact).rung == 0


async def test_after_a_minute_it_is_no_longer_taken_back(evening: Evening, contact: str) -> None:
    of = await go_to(evening, "ania", contact, 3)
    await evening.later(seconds=61)
    with pytest.raises(NotNow):
        await evening.line.withdraw_rung(evening.who("ania"), contact, of, new_id())
    assert evening.fold(contact).rung == 3


async def test_a_press_taken_back_is_not_counted_as_having_been_there(evening: Evening, contact: str) -> None:
    of = await go_to(evening, "ania", contact, 4)
    await evening.line.withdraw_rung(evening.who("ania"), contact, of, new_id())
    assert evening.fold(contact).highest_rung == 0
    await evening.ends("ania", contact)
    assert evening.shift("ania").ready


async def test_the_outside_call_clock_alerts_the_lead_and_an_attempt_stops_it(
    evening: Evening, contact: str
) -> None:
    await go_to(evening, "ania", contact, 3)
    await evening.later(minutes=10)
    assert evening.alerts(contact)["first_outside_call"] == "lead"
    await go_to(evening, "ania", contact, 4)
    await evening.later(seconds=60)
    await ring(evening, contact, "emergency_999", "answered")
    await evening.later(seconds=120)
    assert "call_started" not in evening.alerts(contact)


async def ring(evening: Evening, contact: str, crisis_contact: str, outcome: str = "no_answer") -> None:
    await evening.line.attempt(
        evening.who("ania"), contact, crisis_contact=crisis_contact, outcome=outcome, client_id=new_id()
    )


async def test_only_ringing_somebody_outside_stops_the_clock_of_the_outside_call(
    evening: Evening, contact: str
) -> None:
    await go_to(evening, "ania", contact, 3)
    await ring(evening, contact, "lead")
    assert "first_outside_call" in clocks(evening, contact)
    await ring(evening, contact, "team")
    assert "first_outside_call" not in clocks(evening, contact)


async def test_at_rung_four_only_ringing_999_stops_the_clock_of_the_999_call(
    evening: Evening, contact: str
) -> None:
    await go_to(evening, "ania", contact, 4)
    await ring(evening, contact, "team")
    assert "call_started" in clocks(evening, contact)
    await ring(evening, contact, "emergency_999", "answered")
    assert "call_started" not in clocks(evening, contact)


async def test_999_that_did_not_answer_is_due_again_until_it_does(evening: Evening, contact: str) -> None:
    await go_to(evening, "ania", contact, 4)
    await evening.later(seconds=60)
    await ring(evening, contact, "emergency_999")
    await evening.later(seconds=119)
    assert "call_started" not in evening.alerts(contact)
    await evening.later(seconds=1)
    assert evening.alerts(contact)["call_started"] == "lead"
    fold = evening.fold(contact)
    alert = next(one.alert for one in fold.open_alerts if one.what == "call_started")
    await evening.line.acknowledge(evening.who("jo"), contact, alert, new_id())
    await evening.later(seconds=120)
    assert "call_started" in evening.alerts(contact), "saying “I have it” rings nobody"
    await ring(evening, contact, "emergency_999", "answered")
    await evening.later(seconds=240)
    assert "call_started" not in evening.alerts(contact)


async def test_once_the_lead_has_it_the_next_number_is_somebody_elses(evening: Evening, contact: str) -> None:
    await go_to(evening, "ania", contact, 3)
    assert (await evening.line.panel(contact))["suggestion"] == "lead"
    await evening.line.acknowledge(
        evening.who("jo"), contact, evening.fold(contact).open_alerts[0].alert, new_id()
    )
    assert (await evening.line.panel(contact))["suggestion"] != "lead"


async def test_an_attempt_keeps_the_version_that_was_dialled_and_puts_the_next_forward_after_three_minutes(
    evening: Evening, contact: str
) -> None:
    await go_to(evening, "ania", contact, 3)
    entry = evening.line.directory.contact("team")
    assert entry is not None
    await evening.line.attempt(
        evening.who("ania"), contact, crisis_contact="team", outcome="no_answer", client_id=new_id()
    )
    made = (await evening.events(contact))[-1].body
    assert isinstance(made, Attempted)
    assert made.version == entry.version
    assert "each_number" in clocks(evening, contact)
    await evening.later(seconds=180)
    assert (await evening.kinds(contact))[-1] == "clock_fired"
    for outcome, crisis_contact, error in (("maybe", "team", BadRequest), ("answered", "nobody", NotFound)):
        with pytest.raises(error):
            await evening.line.attempt(
                evening.who("ania"),
                contact,
                crisis_contact=crisis_contact,
                outcome=outcome,
                client_id=new_id(),
            )


async def test_a_review_comes_round_every_twenty_minutes_and_a_note_puts_the_noting_clock_back(
    evening: Evening, contact: str
) -> None:
    await go_to(evening, "ania", contact, 2)
    await evening.later(minutes=61)
    fired = [event.body.clock for event in await evening.events(contact) if event.kind == "clock_fired"]  # type: ignore[attr-defined]
    assert fired == ["review"] * 3
    await go_to(evening, "ania", contact, 3)
    await evening.later(minutes=9)
    await evening.line.note(
        evening.who("ania"), contact, version=0, fields={"summary": "calmer"}, client_id=new_id()
    )
    await evening.later(minutes=9)
    fired = [event.body.clock for event in await evening.events(contact) if event.kind == "clock_fired"]  # type: ignore[attr-defined]
    assert "noted_every" not in fired


async def test_at_rung_three_nobody_new_is_offered_beside_it_and_after_it_they_are(
    evening: Evening, contact: str
) -> None:
    await go_to(evening, "ania", contact, 3)
    waiting = await evening.person("pl")
    assert evening.asked(waiting) == ""
    await evening.restart()
    evening.line.supporter_connected("ania")
    evening.line.person_connected(waiting)
    await evening.settled()
    assert evening.asked(waiting) == ""
    await go_to(evening, "jo", contact, 1, basis="safe")
    assert evening.asked(waiting) == "ania"


async def test_going_to_three_a_second_time_brings_the_cap_back(evening: Evening, contact: str) -> None:
    await go_to(evening, "ania", contact, 3)
    await go_to(evening, "jo", contact, 1, basis="safe")
    await go_to(evening, "ania", contact, 3)
    assert evening.asked(await evening.person("pl")) == ""


async def test_a_rung_stays_with_the_contact_when_it_is_let_go_and_taken_by_another(
    evening: Evening, contact: str
) -> None:
    await go_to(evening, "ania", contact, 2)
    await evening.line.stop_now(evening.who("ania"), new_id())
    await evening.line.take_over(evening.who("jo"), contact, new_id())
    await evening.settled()
    assert (evening.fold(contact).rung, evening.fold(contact).owner) == (2, "jo")


async def test_somebody_who_is_not_in_it_and_does_not_lead_sets_no_rung(
    evening: Evening, contact: str
) -> None:
    await evening.on("dev")
    with pytest.raises(NotFound):
        await go_to(evening, "dev", contact, 3)
    with pytest.raises(NotFound):
        await evening.line.ask_lead(evening.who("dev"), contact, new_id())
    assert evening.fold(contact).rung == 0


async def test_a_person_leaving_from_rung_two_is_not_the_end_and_the_lead_is_told(
    evening: Evening, contact: str
) -> None:
    await go_to(evening, "ania", contact, 2)
    await evening.line.leave(contact, "ended", new_id())
    await evening.settled()
    assert evening.fold(contact).phase == "live"
    assert evening.alerts(contact)["left_on_ladder"] == "lead"
