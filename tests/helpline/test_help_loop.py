"""Rung 4 ends only when help has reached them, or when two people sign that nobody could find out."""

import pytest

from helpline import ladder_presses as presses
from helpline.errors import BadRequest, NotAllowed, NotNow
from helpline.events import RungSet
from tests.helpline.evening import Evening, new_id


@pytest.fixture
async def contact(evening: Evening) -> str:
    """Ania is with somebody at rung 4; Jo leads."""
    await evening.on("ania")
    await evening.on("jo", ready=False)
    contact = await evening.with_("ania", "pl")
    await go_to(evening, "ania", contact, 4)
    return contact


async def go_to(evening: Evening, id: str, contact: str, to: int, basis: str = "what they said") -> None:
    await evening.line.set_rung(evening.who(id), contact, RungSet(to, 0, basis=basis, client_id=new_id()))
    await evening.settled()


async def ring_999(evening: Evening, contact: str, outcome: str = "answered") -> None:
    await evening.line.attempt(
        evening.who("ania"), contact, crisis_contact="emergency_999", outcome=outcome, client_id=new_id()
    )
    await evening.settled()


async def says(evening: Evening, contact: str, *, reached: bool, id: str = "ania") -> None:
    await presses.confirm_help(
        evening.line, evening.who(id), contact, reached=reached, words="as they say", client_id=new_id()
    )
    await evening.settled()


async def signs(evening: Evening, contact: str, id: str = "ania", reference: str | None = "CAD 12") -> int:
    answer = await presses.cannot_confirm(
        evening.line,
        evening.who(id),
        contact,
        tried="Rang 999 twice",
        reference=reference,
        client_id=new_id(),
    )
    await evening.settled()
    return answer.seq


async def countersigns(evening: Evening, contact: str, of: int, id: str = "jo") -> None:
    await presses.countersign(evening.line, evening.who(id), contact, of=of, client_id=new_id())
    await evening.settled()


async def test_once_999_answered_a_check_is_due_at_half_an_hour_and_then_every_quarter(
    evening: Evening, contact: str
) -> None:
    await ring_999(evening, contact, "engaged")
    assert evening.fold(contact).clock("confirm_first") is None
    await ring_999(evening, contact)
    await evening.later(minutes=29, seconds=59)
    assert "confirm_help" not in evening.alerts(contact)
    await evening.later(seconds=1)
    assert evening.alerts(contact)["confirm_help"] == "lead"
    await says(evening, contact, reached=False)
    assert "confirm_help" not in evening.alerts(contact)
    await evening.later(minutes=15)
    assert evening.alerts(contact)["confirm_help"] == "lead"
    await evening.later(minutes=60)
    fired = [e.body.clock for e in await evening.events(contact) if e.kind == "clock_fired"]  # type: ignore[attr-defined]
    assert (fired.count("confirm_first"), fired.count("confirm_every")) == (1, 5)


async def test_a_check_nobody_answers_goes_up_the_chain_and_not_back_down(
    evening: Evening, contact: str
) -> None:
    await ring_999(evening, contact)
    await evening.later(minutes=45)
    assert evening.alerts(contact)["confirm_help"] == "second_on_call"
    await evening.later(minutes=15)
    assert evening.alerts(contact)["confirm_help"] == "second_on_call"


async def test_a_call_made_before_the_press_begins_the_checks_at_the_press(evening: Evening) -> None:
    await evening.on("ania")
    contact = await evening.with_("ania", "pl")
    await go_to(evening, "ania", contact, 3)
    await ring_999(evening, contact)
    await go_to(evening, "ania", contact, 4)
    kinds = {clock.kind for clock in evening.fold(contact).clocks}
    assert "confirm_first" in kinds
    assert "call_started" not in kinds


async def test_nobody_closes_or_comes_down_before_help_is_confirmed(evening: Evening, contact: str) -> None:
    await ring_999(evening, contact)
    await says(evening, contact, reached=False)
    with pytest.raises(NotNow, match="confirmed"):
        await evening.line.close_contact(evening.who("ania"), contact, new_id())
    with pytest.raises(NotNow, match="sign"):
        await go_to(evening, "jo", contact, 2, "calmer")
    await says(evening, contact, reached=True)
    fold = evening.fold(contact)
    assert fold.ladder.loop is not None
    assert fold.ladder.loop.ended == "confirmed"
    assert {clock.kind for clock in fold.clocks}.isdisjoint(
        {"confirm_first", "confirm_every", "call_started"}
    )
    await evening.ends("ania", contact)
    assert fold.rung == 4


async def test_two_different_people_sign_that_it_could_not_be_confirmed(
    evening: Evening, contact: str
) -> None:
    await ring_999(evening, contact)
    of = await signs(evening, contact)
    assert evening.alerts(contact)["countersign"] == "lead"
    with pytest.raises(NotNow):
        await go_to(evening, "jo", contact, 2, "nothing more to do")
    with pytest.raises(NotAllowed):
        await countersigns(evening, contact, of, "ania")
    again = await signs(evening, contact)
    with pytest.raises(NotNow):
        await countersigns(evening, contact, of)
    await countersigns(evening, contact, again)
    fold = evening.fold(contact)
    assert fold.ladder.loop is not None
    assert fold.ladder.loop.ended == "not_confirmed"
    assert "countersign" not in evening.alerts(contact)
    await go_to(evening, "jo", contact, 2, "the crew found nobody")
    assert evening.fold(contact).rung == 2


async def test_what_was_tried_and_the_reference_of_999_belong_to_a_signature(
    evening: Evening, contact: str
) -> None:
    await signs(evening, contact, reference=None)
    await ring_999(evening, contact)
    with pytest.raises(BadRequest):
        await signs(evening, contact, reference=None)
    with pytest.raises(BadRequest):
        await presses.cannot_confirm(
            evening.line, evening.who("jo"), contact, tried=" ", reference="CAD 12", client_id=new_id()
        )


@pytest.mark.parametrize("how", ["the person leaves", "their line dies", "the owner must stop", "a restart"])
async def test_nothing_else_ends_it(evening: Evening, contact: str, how: str) -> None:
    await ring_999(evening, contact)
    if how == "the person leaves":
        await evening.line.leave(contact, "quick", new_id())
    elif how == "their line dies":
        evening.line.person_disconnected(contact)
    elif how == "the owner must stop":
        await evening.line.stop_now(evening.who("ania"), new_id())
        await evening.line.leave(contact, "ended", new_id())
    else:
        await evening.restart()
    await evening.later(minutes=30)
    fold = evening.fold(contact)
    assert fold.unconfirmed
    assert fold.phase in ("live", "waiting")
    assert "confirm_help" in evening.alerts(contact)


async def test_a_mistaken_press_cannot_be_taken_back_once_999_has_been_reached(
    evening: Evening, contact: str
) -> None:
    await ring_999(evening, contact)
    with pytest.raises(NotNow, match="999"):
        await evening.line.withdraw_rung(
            evening.who("ania"), contact, evening.fold(contact).rung_seq, new_id()
        )


async def test_an_emergency_that_shows_after_the_end_is_confirmed_before_it_is_wrapped_up(
    evening: Evening, contact: str
) -> None:
    await says(evening, contact, reached=True)
    await go_to(evening, "jo", contact, 3, "the crew is with them")
    await evening.line.close_contact(evening.who("ania"), contact, new_id())
    await go_to(evening, "ania", contact, 4)
    await ring_999(evening, contact)
    with pytest.raises(NotNow, match="sign"):
        await evening.line.wrap_up(evening.who("ania"), contact, "talked", new_id())
    await evening.line.stop_now(evening.who("ania"), new_id())
    await evening.later(minutes=30)
    assert evening.alerts(contact)["confirm_help"] == "lead"
    await says(evening, contact, reached=True, id="jo")
    assert not evening.fold(contact).unconfirmed


async def test_another_answered_call_to_999_begins_the_checks_again(evening: Evening, contact: str) -> None:
    await ring_999(evening, contact)
    await says(evening, contact, reached=True)
    await ring_999(evening, contact)
    assert evening.fold(contact).unconfirmed
    assert evening.fold(contact).clock("confirm_first") is not None


async def test_the_record_is_asked_for_half_an_hour_after_and_made_by_a_note_or_by_words(
    evening: Evening, contact: str
) -> None:
    await says(evening, contact, reached=True)
    await evening.later(minutes=30)
    assert evening.alerts(contact)["record_after"] == "lead"
    await ring_999(evening, contact)
    await says(evening, contact, reached=True)
    await evening.line.note(
        evening.who("ania"), contact, version=0, fields={"summary": "what happened"}, client_id=new_id()
    )
    assert evening.fold(contact).clock("record_after") is None


async def test_the_safeguarding_lead_is_told_within_the_hour_or_the_lead_hears_of_it(
    evening: Evening, contact: str
) -> None:
    await ring_999(evening, contact)
    await evening.later(minutes=60)
    assert "safeguarding_told" in evening.alerts(contact)


async def test_a_check_that_fell_into_an_outage_comes_once_and_says_how_late(
    evening: Evening, contact: str
) -> None:
    await ring_999(evening, contact)
    await evening.close()
    evening.clock.advance(minutes=40)
    await evening.open()
    fold = evening.fold(contact)
    late = {one.what: one.late_seconds for one in fold.alerts}
    assert late["confirm_help"] == 600
    assert [clock.kind for clock in fold.clocks].count("confirm_every") == 1
