"""Who is not there any more without having said so: a closed account, a lead whose laptop is shut, a lost line."""

from pathlib import Path

import pytest

from helpline import ladder_presses
from helpline.events import RungSet
from tests.helpline.conftest import OpenEvening
from tests.helpline.evening import Evening, definition_in, new_id
from tests.owner_or_page import mistakes, staff_of


@pytest.fixture
async def contact(evening: Evening) -> str:
    """Ania, who alone speaks Polish, is with somebody; Jo leads and is checked in."""
    await evening.on("ania")
    await evening.on("jo", ready=False)
    return await evening.with_("ania", "pl")


async def go_to(
    evening: Evening, contact: str, rung: int, id: str = "ania", basis: str = "they said"
) -> None:
    body = RungSet(rung, 0, basis=basis, client_id=new_id())
    await evening.line.set_rung(evening.who(id), contact, body)
    await evening.settled()


async def close_account(evening: Evening, id: str) -> None:
    await evening.line.people.deactivate(id)
    evening.line.supporter_disconnected(id)
    await evening.settled()


async def acknowledge(evening: Evening, contact: str, what: str) -> None:
    alert = next(one.alert for one in evening.fold(contact).open_alerts if one.what == what)
    await evening.line.acknowledge(evening.who("jo"), contact, alert, new_id())
    await evening.settled()


# -- a closed account ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rung", [2, 3, 4])
async def test_whose_owners_account_is_closed_has_the_chain_paged_at_once_until_somebody_takes_over(
    evening: Evening, contact: str, rung: int
) -> None:
    await go_to(evening, contact, rung)
    await acknowledge(evening, contact, f"rung_{rung}")
    closed = {"ania": evening.clock.now()}
    await close_account(evening, "ania")
    assert evening.alerts(contact)["owner_absent"] == "lead"
    assert evening.fold(contact).owner == "ania"
    await acknowledge(evening, contact, "owner_absent")
    await evening.later(minutes=15)
    assert "owner_absent" in evening.alerts(contact), "saying “I have it” is not being there"
    await evening.line.take_over(evening.who("jo"), contact, new_id())
    await evening.settled()
    assert "owner_absent" not in evening.alerts(contact)
    assert mistakes(await evening.events(contact), await staff_of(evening.line, closed)) == []


async def test_below_rung_two_they_are_let_go_and_nobody_new_is_offered_to_a_closed_account(
    evening: Evening, contact: str
) -> None:
    await close_account(evening, "ania")
    assert (evening.fold(contact).phase, evening.asked(contact)) == ("waiting", "")
    assert not evening.shift("ania").ready


async def test_coming_down_from_the_ladder_lets_go_of_an_owner_who_is_gone(
    evening: Evening, contact: str
) -> None:
    await go_to(evening, contact, 3)
    await close_account(evening, "ania")
    await go_to(evening, contact, 1, "jo", "they are safe with their sister")
    assert evening.fold(contact).phase == "waiting"


async def test_an_account_closed_just_before_a_crash_is_noticed_at_the_start(
    evening: Evening, contact: str
) -> None:
    await go_to(evening, contact, 3)
    await acknowledge(evening, contact, "rung_3")
    # Nobody listens any more: as if the process had died between the two.
    evening.line.people._listeners.clear()
    await evening.line.people.deactivate("ania")
    await evening.restart()
    assert evening.alerts(contact)["owner_absent"] == "lead"
    told = await evening.kinds(contact)
    await evening.restart()
    assert await evening.kinds(contact) == told, "once is enough while the page goes on"


# -- a lead who is gone without a word -----------------------------------------------------------------------------


async def test_a_lead_who_shuts_the_laptop_leaves_the_on_call_paged_for_everybody_on_the_ladder(
    evening: Evening, contact: str
) -> None:
    await go_to(evening, contact, 2)
    await acknowledge(evening, contact, "rung_2")
    evening.line.supporter_disconnected("jo")
    await evening.later(seconds=119)
    assert "lead_gone" not in evening.alerts(contact)
    await evening.later(seconds=1)
    assert evening.alerts(contact)["lead_gone"] == "on_call"


@pytest.mark.parametrize("why", ["back in time", "another lead is here", "nobody is on the ladder"])
async def test_nobody_is_paged_for_a_lead_who_is_back_or_not_needed(
    evening: Evening, contact: str, why: str
) -> None:
    if why != "nobody is on the ladder":
        await go_to(evening, contact, 2)
    if why == "another lead is here":
        await evening.on("kit", ready=False)
    evening.line.supporter_disconnected("jo")
    await evening.later(seconds=60)
    if why == "back in time":
        evening.line.supporter_connected("jo")
    await evening.later(minutes=3)
    assert "lead_gone" not in evening.alerts(contact)


# -- a rung that moves while the line is lost ----------------------------------------------------------------------


async def test_going_up_while_their_supporters_line_is_lost_pages_for_the_absent_owner_at_two_minutes(
    evening: Evening, contact: str
) -> None:
    evening.line.supporter_disconnected("ania")
    await evening.later(seconds=90)
    await go_to(evening, contact, 2, "jo")
    await acknowledge(evening, contact, "rung_2")
    await acknowledge(evening, contact, "supporter_line")
    await evening.later(seconds=30)
    assert evening.alerts(contact)["owner_absent"] == "lead"
    assert mistakes(await evening.events(contact), await staff_of(evening.line)) == []


async def test_coming_down_while_it_is_lost_lets_them_go_at_three_minutes(
    evening: Evening, contact: str
) -> None:
    await go_to(evening, contact, 2)
    evening.line.supporter_disconnected("ania")
    await evening.later(minutes=2)
    await go_to(evening, contact, 1, "jo")
    await evening.later(seconds=59)
    assert evening.fold(contact).phase == "live"
    await evening.later(seconds=1)
    assert evening.fold(contact).phase == "waiting"


# -- time limits of the definition, and what stays due -------------------------------------------------------------


async def test_for_how_long_a_vanished_person_is_waited_for_is_the_services_setting(
    open_evening: OpenEvening, tmp_path: Path
) -> None:
    evening = await open_evening(definition_in(tmp_path, "[waiting]\nhold_open_minutes = 5\n"))
    await evening.on("ania")
    contact = await evening.with_("ania", "pl")
    await go_to(evening, contact, 2)
    evening.line.person_disconnected(contact)
    await evening.later(minutes=5)
    assert "hold_open" in evening.alerts(contact)


async def test_the_safeguarding_lead_stays_to_be_told_after_coming_down_and_after_the_end(
    evening: Evening, contact: str
) -> None:
    await go_to(evening, contact, 4)
    await ladder_presses.confirm_help(
        evening.line, evening.who("ania"), contact, reached=True, words=None, client_id=new_id()
    )
    due = evening.fold(contact).clock("safeguarding_told")
    await go_to(evening, contact, 3, "jo", "the crew is with them")
    await go_to(evening, contact, 4)
    assert evening.fold(contact).clock("safeguarding_told") == due, "another emergency gives no new hour"
    await evening.line.withdraw_rung(evening.who("ania"), contact, evening.fold(contact).rung_seq, new_id())
    await go_to(evening, contact, 1, "jo", "the crew is with them")
    await evening.ends("ania", contact)
    await evening.later(minutes=60)
    assert "safeguarding_told" in evening.alerts(contact)


async def test_a_mistaken_emergency_leaves_nobody_to_be_told(evening: Evening, contact: str) -> None:
    await go_to(evening, contact, 4)
    await evening.line.withdraw_rung(evening.who("ania"), contact, evening.fold(contact).rung_seq, new_id())
    assert evening.fold(contact).clock("safeguarding_told") is None
