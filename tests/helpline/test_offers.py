"""Who is asked, in which order, and what becomes of an offer."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from helpline.attendance import check_out, hold_slot
from helpline.errors import NotAllowed, OfferGone
from helpline.events import SERVICE, CheckedOut, SlotFreed
from tests.helpline.conftest import OpenEvening
from tests.helpline.evening import Evening, definition_in, new_id, person_table, shift_table


async def test_a_polish_speaker_on_shift_is_asked_and_nobody_else(evening: Evening) -> None:
    await evening.on("dev", "lou", "ania", "mari")
    contact = await evening.person("pl")
    assert evening.asked(contact) == "ania"
    assert [evening.line.mine(evening.who(id))["offers"] for id in ("dev", "lou", "mari")] == [[], [], []]
    assert evening.slots("ania") == {contact}


async def test_the_only_polish_speaker_is_not_spent_on_an_english_caller(evening: Evening) -> None:
    await evening.on("ania")
    await evening.later(minutes=5)
    await evening.on("lou")
    contact = await evening.person("en")
    assert evening.asked(contact) == "lou"


@pytest.mark.parametrize("why", ["paused", "never ready", "checked out", "without a page open", "not here"])
async def test_a_speaker_who_is_not_there_for_it_is_not_asked(evening: Evening, why: str) -> None:
    await evening.on("dev")
    if why != "not here":
        await evening.on("ania", ready=why != "never ready")
    ania = evening.who("ania")
    if why == "paused":
        await evening.line.away(ania, "pause")
    elif why == "checked out":
        await evening.line.check_out(ania, client_id=new_id())
    elif why == "without a page open":
        evening.line.supporter_disconnected("ania")
    contact = await evening.person("pl")
    assert evening.asked(contact) == ""
    assert "offered" not in await evening.kinds(contact)


async def test_who_came_half_an_hour_early_is_asked_from_the_start_of_their_shift(
    open_evening: OpenEvening, tmp_path: Path
) -> None:
    people = (
        person_table("ania", role="supporter", languages=["pl"], level="experienced")
        + shift_table("ania", role="supporter", starts="20:20", ends="23:00")
        + person_table("dev", role="supporter", languages=["en"], level="new")
        + shift_table("dev", role="supporter")
    )
    evening = await open_evening(definition_in(tmp_path, people=people))
    await evening.on("dev", "ania")
    contact = await evening.person("pl")
    assert evening.asked(contact) == ""
    await evening.later(minutes=19)
    assert evening.asked(contact) == ""
    await evening.later(minutes=1)
    assert evening.asked(contact) == "ania"


async def test_somebody_off_the_rota_checks_in_only_when_a_lead_let_them_on(evening: Evening) -> None:
    robin = evening.who("robin")
    with pytest.raises(NotAllowed):
        await evening.line.check_in(robin, client_id=new_id())
    await evening.line.let_on(evening.who("jo"), "robin", "two people ill")
    await evening.on("robin")
    assert evening.shift("robin").extra == "jo"
    assert evening.asked(await evening.person("en")) == "robin"


async def test_nobody_is_asked_beyond_their_capacity_and_the_longest_waiting_is_next(
    evening: Evening,
) -> None:
    await evening.on("ania")
    taken = [await evening.with_("ania", "pl"), await evening.with_("ania", "pl")]
    waiting = []
    for _ in range(2):
        waiting.append(await evening.person("pl"))
        await evening.later(seconds=5)
    assert [evening.asked(contact) for contact in waiting] == ["", ""]
    assert evening.slots("ania") == set(taken)
    await evening.ends("ania", taken[0])
    assert [evening.asked(contact) for contact in waiting] == ["ania", ""]


async def test_the_capacity_they_chose_counts_and_is_never_above_the_profile(evening: Evening) -> None:
    await evening.on("ania", capacity=1)
    await evening.on("lou", capacity=3)
    assert (evening.shift("ania").capacity, evening.shift("lou").capacity) == (1, 1)
    await evening.with_("ania", "pl")
    assert evening.asked(await evening.person("pl")) == ""


async def test_no_new_offers_in_the_last_twenty_minutes_of_a_shift(evening: Evening) -> None:
    end = evening.clock.now() + timedelta(hours=6)
    await evening.on("ania", "lou")
    await evening.until(end - timedelta(minutes=20))
    first = await evening.person("en")
    assert evening.asked(first) == "lou"
    await evening.until(end - timedelta(minutes=20) + timedelta(seconds=1))
    assert evening.asked(await evening.person("pl")) == ""


async def test_an_offer_nobody_answers_goes_on_to_the_next_and_then_the_lead_is_told(
    evening: Evening,
) -> None:
    await evening.on("ania", "dev")
    contact = await evening.person("en")
    first = evening.asked(contact)
    await evening.later(seconds=44)
    assert evening.asked(contact) == first
    await evening.later(seconds=1)
    second = evening.asked(contact)
    assert {first, second} == {"ania", "dev"}
    assert evening.slots(first) == set()
    assert evening.alerts(contact) == {}
    await evening.later(seconds=45)
    assert evening.asked(contact) == ""
    assert evening.slots(second) == set()
    assert evening.alerts(contact) == {"nobody_took": "lead"}


async def test_acknowledging_that_nobody_took_it_does_not_ring_again_until_it_happens_again(
    evening: Evening,
) -> None:
    await evening.on("ania", "jo", ready=False)
    await evening.line.ready(evening.who("ania"))
    contact = await evening.person("en")
    await evening.declines("ania", contact)
    alert = evening.fold(contact).open_alerts[0].alert
    await evening.line.acknowledge(evening.who("jo"), contact, alert, new_id())
    await evening.settled()
    assert evening.alerts(contact) == {}
    await evening.later(minutes=5)
    await evening.declines("ania", contact)
    assert evening.alerts(contact) == {"nobody_took": "lead"}


async def test_who_declined_is_not_asked_again_for_five_minutes_and_then_is(evening: Evening) -> None:
    await evening.on("ania")
    contact = await evening.person("pl")
    await evening.declines("ania", contact)
    assert evening.asked(contact) == ""
    assert evening.slots("ania") == set()
    await evening.later(minutes=4, seconds=59)
    assert evening.asked(contact) == ""
    await evening.later(seconds=1)
    assert evening.asked(contact) == "ania"


async def test_the_five_minutes_run_on_over_a_restart(evening: Evening) -> None:
    await evening.on("ania")
    contact = await evening.person("pl")
    await evening.declines("ania", contact)
    await evening.restart()
    evening.line.supporter_connected("ania")
    evening.line.person_connected(contact)
    await evening.later(minutes=4, seconds=59)
    assert evening.asked(contact) == ""
    await evening.later(seconds=1)
    assert evening.asked(contact) == "ania"


async def test_declining_one_contact_does_not_keep_another_away(evening: Evening) -> None:
    await evening.on("lou")
    declined = await evening.person("en")
    await evening.declines("lou", declined)
    assert evening.asked(await evening.person("en")) == "lou"


async def test_an_accept_that_lands_late_but_before_expired_wins(evening: Evening) -> None:
    await evening.on("ania")
    contact = await evening.person("pl")
    offer = evening.fold(contact).offer
    assert offer is not None
    # The instant passes, and the accept is in the log's turn before the dispatcher wakes.
    evening.clock.advance(seconds=46)
    await evening.line.accept(evening.who("ania"), offer.offer, new_id())
    await evening.settled()
    assert evening.fold(contact).owner == "ania"
    assert "offer_ended" not in await evening.kinds(contact)
    await evening.later(minutes=5)
    assert evening.fold(contact).owner == "ania"


async def test_an_accept_after_expired_is_told_the_offer_is_gone(evening: Evening) -> None:
    await evening.on("ania", "dev")
    contact = await evening.person("en")
    first = evening.fold(contact).offer
    assert first is not None
    await evening.later(seconds=45)
    with pytest.raises(OfferGone):
        await evening.line.accept(evening.who(first.supporter), first.offer, new_id())
    assert evening.asked(contact) not in ("", first.supporter)


async def test_two_pages_of_one_supporter_accepting_at_once_make_one_owner(evening: Evening) -> None:
    await evening.on("ania")
    contact = await evening.person("pl")
    offer = evening.fold(contact).offer
    assert offer is not None
    ania, dev = evening.who("ania"), evening.who("dev")
    answers = await asyncio.gather(
        evening.line.accept(ania, offer.offer, new_id()),
        evening.line.accept(ania, offer.offer, new_id()),
        evening.line.accept(dev, offer.offer, new_id()),
        return_exceptions=True,
    )
    assert sorted(type(answer).__name__ for answer in answers) == ["Answer", "OfferGone", "OfferGone"]
    assert (await evening.kinds(contact)).count("accepted") == 1
    assert [who.id for who in evening.fold(contact).participants] == ["ania"]


async def test_going_away_passes_a_standing_offer_on_at_once(evening: Evening) -> None:
    await evening.on("ania", "dev")
    contact = await evening.person("en")
    first = evening.asked(contact)
    await evening.line.away(evening.who(first), "pause")
    await evening.settled()
    assert evening.asked(contact) not in ("", first)
    assert evening.slots(first) == set()


async def test_checking_out_passes_a_standing_offer_on_at_once(evening: Evening) -> None:
    await evening.on("ania", "dev")
    contact = await evening.person("en")
    first = evening.asked(contact)
    await evening.line.check_out(evening.who(first), client_id=new_id())
    await evening.settled()
    assert evening.asked(contact) not in ("", first)


async def test_a_page_gone_for_thirty_seconds_passes_the_offer_on(evening: Evening) -> None:
    await evening.on("ania", "dev")
    contact = await evening.person("en")
    first = evening.asked(contact)
    evening.line.supporter_disconnected(first)
    await evening.later(seconds=29)
    assert evening.asked(contact) == first
    await evening.later(seconds=1)
    assert evening.asked(contact) not in ("", first)


async def test_a_slot_held_for_an_offer_that_was_never_put_is_free_after_a_crash(evening: Evening) -> None:
    await evening.on("lou")
    busy = await evening.with_("lou", "en")
    waiting = await evening.person("en")
    await evening.ends("lou", busy)
    assert evening.asked(waiting) == "lou"
    await evening.declines("lou", waiting)
    # What a crash leaves between the two appends of an offer: the slot, and no offer.
    shift = evening.shift("lou").log
    await evening.line.logbook.change(shift, hold_slot(waiting, "o-crashed"))
    assert evening.slots("lou") == {waiting}
    await evening.restart()
    assert evening.slots("lou") == set()
    assert isinstance((await evening.events(shift))[-1].body, SlotFreed)
    evening.line.supporter_connected("lou")
    await evening.settled()
    assert evening.asked(await evening.person("en")) == "lou"


async def test_what_is_offered_to_who_went_home_in_a_crash_goes_to_the_next(evening: Evening) -> None:
    await evening.on("lou")
    contact = await evening.person("en")
    assert evening.asked(contact) == "lou"
    # What a crash leaves of going home: the end of the shift, and the offer.
    home = check_out(SERVICE, CheckedOut(), owns=False)
    await evening.line.logbook.change(evening.shift("lou").log, home)
    await evening.restart()
    assert evening.asked(contact) == ""
    assert evening.line.dispatcher.queue.get(contact) is not None


async def test_a_restart_finds_queue_offers_slots_and_clocks_as_they_were(evening: Evening) -> None:
    await evening.on("ania", "lou")
    live = await evening.with_("ania", "pl")
    offered = await evening.person("en")
    asked = evening.asked(offered)
    waiting = await evening.person("cy")
    await evening.later(seconds=20)
    folds = {contact: evening.fold(contact) for contact in (live, offered, waiting)}
    shifts = {id: evening.shift(id) for id in ("ania", "lou")}
    await evening.restart()
    assert {contact: evening.fold(contact) for contact in folds} == folds
    assert {id: evening.shift(id) for id in shifts} == shifts
    assert evening.line.dispatcher.queue.get(waiting) is not None
    assert len(evening.line.dispatcher.queue) == 1
    for id in shifts:
        evening.line.supporter_connected(id)
    await evening.later(seconds=24)
    assert evening.asked(offered) == asked
    await evening.later(seconds=1)
    assert evening.asked(offered) != asked


async def test_a_clock_that_ran_out_while_the_service_was_down_fires_once_and_says_how_late(
    evening: Evening,
) -> None:
    contact = await evening.person("cy")
    await evening.close()
    evening.clock.advance(minutes=20)
    await evening.open()
    fired = [event.body for event in await evening.events(contact) if event.kind == "clock_fired"]
    assert {body.clock: body.late_seconds for body in fired} == {"long_wait": 600, "wait_alert": 300}  # type: ignore[attr-defined]
    await evening.restart()
    assert len([kind for kind in await evening.kinds(contact) if kind == "clock_fired"]) == 2


async def test_those_who_said_not_safe_are_asked_for_first_then_those_let_go_then_by_wait(
    evening: Evening,
) -> None:
    first = await evening.person("en")
    await evening.later(seconds=1)
    second = await evening.person("en")
    await evening.later(seconds=1)
    third = await evening.person("en")
    await evening.line.not_safe(third, new_id())
    await evening.on("ania", "lou", capacity=1)
    assert evening.asked(third)
    assert evening.asked(first)
    assert evening.asked(second) == ""
