"""Handing over, letting go, ending, breaks and the end of a shift."""

import asyncio
from datetime import timedelta

import pytest

from helpline.errors import BadRequest, NotAllowed, NoteMoved, NotFound, NotNow, OfferGone
from helpline.events import RungSet
from tests.helpline.evening import Evening, new_id


def inside(evening: Evening, contact: str) -> set[str]:
    return {who.id for who in evening.fold(contact).participants}


async def handed_over(evening: Evening) -> str:
    """Ania is with somebody and asks Dev to take over."""
    await evening.on("ania")
    contact = await evening.with_("ania", "en")
    await evening.on("dev")
    await evening.line.transfer(evening.who("ania"), contact, "dev", new_id(), "my shift ends")
    await evening.settled()
    assert evening.asked(contact) == "dev"
    return contact


async def test_a_warm_transfer_has_both_in_until_the_first_steps_out(evening: Evening) -> None:
    contact = await handed_over(evening)
    assert (evening.slots("ania"), evening.slots("dev")) == ({contact}, {contact})
    await evening.accepts("dev", contact)
    assert (evening.fold(contact).owner, inside(evening, contact)) == ("dev", {"ania", "dev"})
    assert (evening.slots("ania"), evening.slots("dev")) == ({contact}, {contact})
    await evening.answers("ania", contact, "I leave you with Dev")
    with pytest.raises(NotNow):
        await evening.line.step_out(evening.who("dev"), contact, new_id())
    await evening.line.step_out(evening.who("ania"), contact, new_id())
    await evening.settled()
    assert inside(evening, contact) == {"dev"}
    assert (evening.slots("ania"), evening.slots("dev")) == (set(), {contact})
    with pytest.raises((NotAllowed, NotFound)):
        await evening.answers("ania", contact)


async def test_a_declined_or_expired_transfer_leaves_the_owner(evening: Evening) -> None:
    contact = await handed_over(evening)
    await evening.declines("dev", contact)
    assert (evening.fold(contact).owner, evening.slots("dev")) == ("ania", set())
    await evening.line.transfer(evening.who("ania"), contact, "dev", new_id())
    await evening.later(seconds=45)
    assert (evening.fold(contact).owner, evening.slots("dev"), evening.asked(contact)) == ("ania", set(), "")
    assert evening.fold(contact).phase == "live"


async def test_a_transfer_whose_taker_loses_their_line_leaves_the_owner(evening: Evening) -> None:
    contact = await handed_over(evening)
    evening.line.supporter_disconnected("dev")
    await evening.later(seconds=30)
    assert (evening.fold(contact).owner, evening.asked(contact)) == ("ania", "")
    assert evening.slots("dev") == set()


async def test_only_the_owner_hands_over_and_only_to_somebody_with_room(evening: Evening) -> None:
    await evening.on("ania", capacity=1)
    contact = await evening.with_("ania", "en")
    await evening.on("lou")
    await evening.with_("lou")
    with pytest.raises(NotNow):
        await evening.line.transfer(evening.who("ania"), contact, "lou", new_id())
    with pytest.raises(NotNow):
        await evening.line.transfer(evening.who("ania"), contact, "mari", new_id())
    await evening.on("jo", "dev")
    with pytest.raises(NotAllowed):
        await evening.line.transfer(evening.who("jo"), contact, "dev", new_id())
    await evening.settled()
    assert evening.slots("dev") == set()


async def test_letting_go_puts_them_first_and_asks_another_before_the_one_who_let_go(
    evening: Evening,
) -> None:
    await evening.on("ania")
    contact = await evening.with_("ania", "pl")
    await evening.line.release(evening.who("ania"), contact, "queue", new_id())
    await evening.settled()
    assert evening.fold(contact).phase == "waiting"
    assert evening.alerts(contact)["released"] == "lead"
    assert evening.slots("ania") == set()
    assert evening.asked(contact) == ""


async def test_stop_now_hands_everybody_on_and_ends_the_shift_without_a_reason(evening: Evening) -> None:
    await evening.on("ania", "dev")
    first, second = await evening.with_("ania", "pl"), await evening.with_("ania", "pl")
    assert set(await evening.line.stop_now(evening.who("ania"), new_id())) == {first, second}
    await evening.settled()
    assert evening.line.roster.attendance("ania") is None
    assert {evening.fold(contact).phase for contact in (first, second)} == {"waiting"}
    assert evening.alerts(first)["released"] == "lead"
    shown, _ = await evening.line.person_events(first)
    assert "must_stop" not in str(shown)


async def test_stop_now_in_the_middle_of_a_handover_keeps_the_other_with_them(evening: Evening) -> None:
    contact = await handed_over(evening)
    await evening.accepts("dev", contact)
    await evening.line.stop_now(evening.who("ania"), new_id())
    await evening.settled()
    assert (evening.fold(contact).owner, inside(evening, contact)) == ("dev", {"dev"})


async def test_the_lead_takes_over_wherever_it_stands_and_a_standing_offer_is_withdrawn(
    evening: Evening,
) -> None:
    await evening.on("ania")
    contact = await evening.person("pl")
    with pytest.raises(NotNow):
        await evening.line.take_over(evening.who("jo"), contact, new_id())
    await evening.on("jo", ready=False)
    offer = evening.fold(contact).offer
    await evening.line.take_over(evening.who("jo"), contact, new_id())
    await evening.settled()
    assert (evening.fold(contact).owner, evening.slots("jo"), evening.slots("ania")) == (
        "jo",
        {contact},
        set(),
    )
    assert offer is not None
    with pytest.raises(OfferGone):
        await evening.line.accept(evening.who("ania"), offer.offer, new_id())


async def test_a_lead_who_joins_is_seen_by_the_person_and_holds_a_slot_until_they_step_out(
    evening: Evening,
) -> None:
    await evening.on("ania")
    await evening.on("jo", ready=False)
    contact = await evening.with_("ania", "pl")
    await evening.line.join(evening.who("jo"), contact, new_id())
    await evening.settled()
    shown, _ = await evening.line.person_events(contact)
    assert (shown[-1]["kind"], shown[-1]["by"]["name"], shown[-1]["how"]) == ("joined", "Jo", "lead")
    assert evening.slots("jo") == {contact}
    await evening.line.step_out(evening.who("jo"), contact, new_id())
    await evening.settled()
    assert evening.slots("jo") == set()


async def test_a_lead_who_joined_before_checking_in_holds_a_slot_once_they_are(evening: Evening) -> None:
    await evening.on("ania")
    contact = await evening.with_("ania", "pl")
    await evening.line.join(evening.who("jo"), contact, new_id())
    await evening.on("jo", ready=False)
    assert evening.slots("jo") == {contact}


async def test_the_end_is_a_wrap_up_then_an_outcome_and_then_the_slot_is_free(evening: Evening) -> None:
    await evening.on("lou")
    contact = await evening.with_("lou")
    await evening.line.close_contact(evening.who("lou"), contact, new_id())
    await evening.settled()
    assert (evening.fold(contact).phase, evening.slots("lou")) == ("wrap_up", {contact})
    assert evening.line.person_state(contact)["phase"] == "ended"
    waiting = await evening.person("en")
    assert evening.asked(waiting) == ""
    for outcome in ("", "because"):
        with pytest.raises(BadRequest):
            await evening.line.wrap_up(evening.who("lou"), contact, outcome, new_id())
    await evening.line.note(
        evening.who("lou"), contact, version=0, fields={"summary": "late, still kept"}, client_id=new_id()
    )
    await evening.line.wrap_up(evening.who("lou"), contact, "talked", new_id())
    await evening.settled()
    assert (evening.fold(contact).phase, evening.fold(contact).outcome) == ("ended", "talked")
    assert evening.asked(waiting) == "lou"


async def test_after_rung_three_a_break_of_fifteen_minutes_begins_and_nobody_is_offered_in_between(
    evening: Evening,
) -> None:
    await evening.on("lou")
    contact = await evening.with_("lou")
    await evening.line.set_rung(evening.who("lou"), contact, RungSet(3, 0, client_id=new_id()))
    waiting = await evening.person("en")
    began = evening.clock.now()
    await evening.ends("lou", contact)
    shift = evening.shift("lou")
    assert (shift.ready, shift.reason, shift.break_until) == (False, "break", began + timedelta(minutes=15))
    assert evening.asked(waiting) == ""
    assert "offered" not in await evening.kinds(waiting)


async def test_a_break_may_grow_and_is_never_shortened_by_another_away(evening: Evening) -> None:
    await evening.on("lou")
    lou = evening.who("lou")
    began = evening.clock.now()
    await evening.line.away(lou, "break")
    await evening.later(minutes=5)
    await evening.line.away(lou, "pause")
    assert evening.shift("lou").break_until == began + timedelta(minutes=15)
    await evening.line.away(lou, "break")
    assert evening.shift("lou").break_until == began + timedelta(minutes=20)


async def test_nobody_checks_out_while_somebody_is_with_them_or_the_note_is_open(evening: Evening) -> None:
    await evening.on("ania")
    ania = evening.who("ania")
    contact = await evening.with_("ania", "pl")
    for _ in range(2):
        with pytest.raises(NotNow):
            await evening.line.check_out(ania, client_id=new_id())
        assert evening.slots("ania") == {contact}
        if evening.fold(contact).phase == "live":
            await evening.line.close_contact(ania, contact, new_id())
    await evening.line.wrap_up(ania, contact, "talked", new_id())
    await evening.settled()
    out = await evening.line.check_out(ania, client_id=new_id(), alright="yes", handover="quiet night")
    assert not out.checked_in


async def test_checking_out_steps_out_of_a_conversation_that_is_another_ones(evening: Evening) -> None:
    contact = await handed_over(evening)
    await evening.accepts("dev", contact)
    await evening.line.check_out(evening.who("ania"), client_id=new_id())
    await evening.settled()
    assert inside(evening, contact) == {"dev"}


async def test_the_end_of_the_shift_on_the_rota_drops_nobody(evening: Evening) -> None:
    await evening.on("ania")
    contact = await evening.with_("ania", "pl")
    await evening.later(hours=7)
    assert evening.fold(contact).owner == "ania"
    await evening.answers("ania", contact, "still here")
    await evening.ends("ania", contact)


async def test_who_checks_in_twice_at_once_has_one_shift(evening: Evening) -> None:
    ania = evening.who("ania")
    evening.line.supporter_connected("ania")
    first, second = await asyncio.gather(
        evening.line.check_in(ania, client_id=new_id()), evening.line.check_in(ania, client_id=new_id())
    )
    assert first.log == second.log


async def test_a_note_says_which_fields_somebody_else_changed_and_loses_neither(evening: Evening) -> None:
    await evening.on("ania")
    contact = await evening.with_("ania", "pl")
    ania, jo = evening.who("ania"), evening.who("jo")
    version = await evening.line.note(
        ania, contact, version=0, fields={"summary": "one", "plan": "walk"}, client_id=new_id()
    )
    later = await evening.line.note(
        jo, contact, version=version, fields={"summary": "two"}, client_id=new_id()
    )
    assert later > version
    await evening.line.note(
        ania, contact, version=version, fields={"plan": "walk, ring Sam"}, client_id=new_id()
    )
    with pytest.raises(NoteMoved) as moved:
        await evening.line.note(
            ania, contact, version=version, fields={"summary": "three"}, client_id=new_id()
        )
    assert moved.value.fields == {"summary": "two", "plan": "walk, ring Sam"}
    with pytest.raises(BadRequest):
        await evening.line.note(ania, contact, version=later, fields={"nothing": "x"}, client_id=new_id())
