"""A shift's end drops nobody, letting go from rung 2 needs a name, and what one shift leaves in writing is read."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from helpline import tonight
from helpline.contact import Contact
from helpline.errors import NotAllowed, NotNow, StillOnTheLadder
from helpline.events import Alerted, CheckedIn, RungSet
from tests.helpline.conftest import OpenEvening
from tests.helpline.evening import HOURS, Evening, definition_in, new_id, person_table, shift_table
from tests.helpline.test_handing_over import inside

# Three on until half past ten, one of them going straight on into the night; Jo leads all night.
HALF_PAST_TEN = "".join(
    person_table(id, role="supporter", languages=languages, level="experienced")
    + shift_table(id, role="supporter", ends="22:30")
    for id, languages in (("ania", ("pl", "en")), ("dev", ("en",)), ("mari", ("cy",)))
)
NIGHT = shift_table("ania", role="supporter", starts="22:30", ends="23:30")
LEADS = "".join(
    person_table(id, role=role, languages=("en",), level="experienced") + shift_table(id, role=role)
    for id, role in (("jo", "lead"), ("kit", "on_call"), ("noor", "second_on_call"))
)


@pytest.fixture
async def short(open_evening: OpenEvening, tmp_path: Path) -> Evening:
    """An evening on which the supporters' shifts end at half past ten."""
    return await open_evening(definition_in(tmp_path, people=HALF_PAST_TEN + LEADS))


def at(hour: int, minute: int) -> datetime:
    return datetime.fromisoformat(f"2026-01-14T{hour:02}:{minute:02}:00Z")


async def go_to(evening: Evening, contact: str, rung: int, id: str = "ania") -> None:
    body = RungSet(rung, 0, basis="what they said", client_id=new_id())
    await evening.line.set_rung(evening.who(id), contact, body)
    await evening.settled()


async def let_go(evening: Evening, contact: str, to: str, id: str = "ania") -> str:
    alert = await evening.line.release(evening.who(id), contact, to, new_id())
    await evening.settled()
    return alert


async def acknowledge(evening: Evening, contact: str, what: str, id: str = "jo") -> None:
    alert = next(one.alert for one in evening.fold(contact).open_alerts if one.what == what)
    await evening.line.acknowledge(evening.who(id), contact, alert, new_id())
    await evening.settled()


async def nobody_was_ever_without(evening: Evening, contact: str) -> None:
    """From rung 2 on, at every seq of the log, somebody has them or a page runs that nobody has answered."""
    fold = Contact(contact)
    for event in await evening.events(contact):
        fold = fold.apply(event)
        if fold.rung >= 2 and fold.phase in ("waiting", "stored", "live"):
            assert fold.owner or fold.paged, f"nobody at {event.seq}, {event.kind}"


def shown(evening: Evening, id: str) -> dict[str, Any]:
    return tonight.attendance_of(evening.line, id)


# -- the end of a shift --------------------------------------------------------------------------------------------


async def test_the_desk_knows_from_when_a_shift_is_nearly_over(short: Evening) -> None:
    await short.on("ania")
    held = shown(short, "ania")
    assert (held["shift_ends"], held["leaving_from"]) == (at(22, 30), at(22, 10))


async def test_who_goes_straight_on_into_another_shift_leaves_at_the_end_of_that(
    open_evening: OpenEvening, tmp_path: Path
) -> None:
    evening = await open_evening(definition_in(tmp_path, people=HALF_PAST_TEN + NIGHT + LEADS))
    await evening.on("ania")
    held = shown(evening, "ania")
    assert (held["shift_ends"], held["leaving_from"]) == (at(23, 30), at(23, 10))
    await evening.until(at(22, 15))
    contact = await evening.with_("ania", "pl")
    await evening.until(at(22, 40))
    assert evening.alerts(contact) == {}
    assert evening.fold(contact).owner == "ania"


async def test_extra_hands_have_no_end_to_be_reminded_of(short: Evening) -> None:
    await short.until(at(22, 45))
    await short.line.let_on(short.who("jo"), "dev", "a busy night")
    await short.on("dev")
    assert shown(short, "dev")["leaving_from"] is None


async def test_after_its_end_a_conversation_goes_on_and_the_lead_is_told_once(short: Evening) -> None:
    await short.on("ania")
    contact = await short.with_("ania", "pl")
    await short.until(at(22, 34))
    assert short.alerts(contact) == {}
    await short.until(at(22, 35))
    assert short.alerts(contact) == {"past_end": "lead"}
    await short.answers("ania", contact, "I am still here")
    version = await short.line.note(
        short.who("ania"), contact, version=0, fields={"summary": "nights"}, client_id=new_id()
    )
    assert version
    await short.line.attempt(
        short.who("ania"), contact, crisis_contact="team", outcome="engaged", client_id=new_id()
    )
    await acknowledge(short, contact, "past_end")
    await short.until(at(23, 55))
    assert short.alerts(contact) == {}
    with pytest.raises(NotNow):
        await short.line.check_out(short.who("ania"), client_id=new_id())
    told = [event for event in await short.events(contact) if isinstance(event.body, Alerted)]
    assert [event.body.what for event in told if isinstance(event.body, Alerted)] == ["past_end"]


async def test_the_lead_is_told_of_a_shift_that_ended_while_the_service_was_down(short: Evening) -> None:
    await short.on("ania")
    contact = await short.with_("ania", "pl")
    await short.close()
    short.clock.set(at(22, 32))
    await short.open()
    short.line.supporter_connected("ania")
    short.line.person_connected(contact)
    await short.until(at(22, 34))
    assert short.alerts(contact) == {}
    await short.until(at(22, 36))
    assert short.alerts(contact) == {"past_end": "lead"}
    await short.restart()
    await short.settled()
    assert (await short.kinds(contact)).count("alerted") == 1


@pytest.mark.parametrize("how", ["ended", "handed over", "taken over", "held by the lead"])
async def test_the_alert_about_a_past_end_stands_down_when_they_are(short: Evening, how: str) -> None:
    await short.on("ania")
    await short.on("jo")
    contact = await short.with_("ania", "pl")
    await short.until(at(22, 40))
    assert "past_end" in short.alerts(contact)
    if how == "ended":
        await short.line.close_contact(short.who("ania"), contact, new_id())
    elif how == "taken over":
        await short.line.take_over(short.who("jo"), contact, new_id())
    elif how == "held by the lead":
        await let_go(short, contact, "lead")
    else:
        await short.line.transfer(short.who("ania"), contact, "jo", new_id())
        await short.settled()
        await short.accepts("jo", contact)
    await short.settled()
    assert "past_end" not in short.alerts(contact)


async def test_at_rung_two_a_past_end_goes_on_to_the_on_call_when_no_lead_sees_it(short: Evening) -> None:
    await short.on("ania")
    contact = await short.with_("ania", "pl")
    await go_to(short, contact, 2)
    await acknowledge(short, contact, "rung_2")
    await short.until(at(22, 35))
    assert short.alerts(contact)["past_end"] == "lead"
    await short.later(minutes=10)
    assert short.alerts(contact)["past_end"] == "on_call"
    assert short.fold(contact).owner == "ania"


async def test_a_shift_that_was_made_longer_is_not_over(short: Evening) -> None:
    await short.on("ania")
    contact = await short.with_("ania", "pl")
    await short.until(at(22, 32))
    (shift,) = [one for one in short.line.roster.rota.shifts if one.person == "ania"]
    longer = msgspec.structs.replace(shift, ends=shift.ends + timedelta(hours=1))
    await short.line.rota.replace_shifts([longer], what="edited")
    await short.until(at(22, 50))
    assert short.alerts(contact) == {}


# -- by name from rung 2 -------------------------------------------------------------------------------------------


@pytest.fixture
async def contact(evening: Evening) -> str:
    """Ania, who alone speaks Polish, is with somebody; Jo leads and is checked in."""
    await evening.on("ania")
    await evening.on("jo", ready=False)
    return await evening.with_("ania", "pl")


@pytest.mark.parametrize("rung", [2, 3, 4])
async def test_from_rung_two_nobody_is_let_go_into_the_queue(
    evening: Evening, contact: str, rung: int
) -> None:
    await go_to(evening, contact, rung)
    with pytest.raises(NotNow, match="colleague, or to the lead"):
        await let_go(evening, contact, "queue")
    assert (evening.fold(contact).owner, evening.slots("ania")) == ("ania", {contact})


async def test_below_it_they_may_be(evening: Evening, contact: str) -> None:
    await go_to(evening, contact, 1)
    assert await let_go(evening, contact, "queue") == ""
    assert evening.fold(contact).phase == "waiting"


async def test_asking_the_lead_from_rung_two_keeps_the_owner_until_a_lead_has_come(
    evening: Evening, contact: str
) -> None:
    await go_to(evening, contact, 3)
    await acknowledge(evening, contact, "rung_3")
    alert = await let_go(evening, contact, "lead")
    assert alert
    assert evening.alerts(contact) == {"take_them": "lead"}
    with pytest.raises(NotNow):
        await let_go(evening, contact, "lead")
    await evening.later(seconds=120)
    assert evening.alerts(contact)["take_them"] == "on_call"
    await evening.answers("ania", contact, "I stay with you")
    await evening.line.take_over(evening.who("jo"), contact, new_id())
    await evening.settled()
    assert (evening.fold(contact).owner, evening.slots("ania")) == ("jo", set())
    assert "take_them" not in evening.alerts(contact)
    assert "released" not in await evening.kinds(contact)
    await nobody_was_ever_without(evening, contact)


async def test_saying_i_have_it_and_not_coming_raises_it_again(evening: Evening, contact: str) -> None:
    await go_to(evening, contact, 3)
    await let_go(evening, contact, "lead")
    await acknowledge(evening, contact, "take_them")
    assert "take_them" not in evening.alerts(contact)
    await evening.later(seconds=120)
    assert evening.alerts(contact)["take_them"] == "lead"


async def test_a_colleague_who_takes_them_settles_that_the_lead_was_asked(
    evening: Evening, contact: str
) -> None:
    await go_to(evening, contact, 2)
    await acknowledge(evening, contact, "rung_2")
    await let_go(evening, contact, "lead")
    await evening.line.ready(evening.who("jo"))
    await evening.line.transfer(evening.who("ania"), contact, "jo", new_id())
    await evening.settled()
    await evening.accepts("jo", contact)
    assert "take_them" not in evening.alerts(contact)
    assert evening.fold(contact).clock("acknowledge") is None


async def test_whoever_has_them_next_may_ask_the_lead_again(evening: Evening, contact: str) -> None:
    await go_to(evening, contact, 2)
    await let_go(evening, contact, "lead")
    await acknowledge(evening, contact, "take_them")
    await evening.line.stop_now(evening.who("ania"), new_id())
    await evening.settled()
    await evening.on("ania")
    await evening.later(minutes=5)
    await evening.accepts("ania", contact)
    assert await let_go(evening, contact, "lead")
    assert evening.alerts(contact)["take_them"] == "lead"


async def test_whoever_must_stop_is_never_held_and_pages_until_somebody_has_them(
    evening: Evening, contact: str
) -> None:
    await go_to(evening, contact, 3)
    await acknowledge(evening, contact, "rung_3")
    assert await evening.line.stop_now(evening.who("ania"), new_id()) == [contact]
    await evening.settled()
    assert evening.alerts(contact)["released"] == "lead"
    heard = []
    for _ in range(6):
        heard.append(evening.alerts(contact)["released"])
        await evening.later(seconds=180)
    assert heard[-2:] == ["second_on_call", "second_on_call"]
    await acknowledge(evening, contact, "released", "kit")
    assert "released" not in evening.alerts(contact)
    await evening.later(seconds=120)
    assert evening.alerts(contact)["released"] == "lead"
    await nobody_was_ever_without(evening, contact)
    await evening.line.take_over(evening.who("jo"), contact, new_id())
    await evening.settled()
    await evening.later(minutes=30)
    assert "released" not in evening.alerts(contact)


async def test_a_page_for_somebody_nobody_has_goes_on_over_a_restart(evening: Evening, contact: str) -> None:
    await go_to(evening, contact, 2)
    await evening.line.stop_now(evening.who("ania"), new_id())
    await evening.restart()
    evening.line.person_connected(contact)
    for _ in range(8):
        await evening.later(minutes=10)
    assert evening.alerts(contact)["released"] == "second_on_call"
    assert evening.fold(contact).paged
    await nobody_was_ever_without(evening, contact)


@pytest.mark.parametrize("how", ["wrote again", "a lead set it", "came down to it"])
async def test_however_they_came_to_be_nobodys_a_page_runs(evening: Evening, contact: str, how: str) -> None:
    jo = evening.who("jo")
    if how == "wrote again":
        await go_to(evening, contact, 2)
        await evening.line.close_contact(evening.who("ania"), contact, new_id())
        await evening.line.away(evening.who("ania"), "pause")
        await evening.says(contact, "are you there")
    else:
        await let_go(evening, contact, "queue")
        await go_to(evening, contact, 3, "jo")
        if how == "came down to it":
            await evening.line.set_rung(jo, contact, RungSet(2, 0, basis="calmer", client_id=new_id()))
            await evening.settled()
    fold = evening.fold(contact)
    assert (fold.rung >= 2, fold.owner, fold.paged) == (True, "", True)
    await evening.later(hours=1)
    assert evening.fold(contact).paged


async def test_a_colleague_sees_where_they_stand_and_what_is_due_before_they_take_them(
    evening: Evening, contact: str
) -> None:
    await go_to(evening, contact, 3)
    await evening.line.attempt(
        evening.who("ania"), contact, crisis_contact="team", outcome="no_answer", client_id=new_id()
    )
    await evening.line.ready(evening.who("jo"))
    await evening.line.transfer(evening.who("ania"), contact, "jo", new_id(), "my shift ends")
    await evening.settled()
    offer = tonight.offer_of(evening.line, evening.fold(contact))
    assert offer is not None
    given = offer["transfer"]
    assert (given["from"], given["rung"], given["rung_by"]) == ("Ania", 3, "Ania")
    assert given["attempt"]["outcome"] == "no_answer"
    assert {"noted_every", "each_number"} <= {one["kind"] for one in given["due"]}
    assert {one["kind"] for one in given["due"]}.isdisjoint({"offer", "acknowledge"})


async def test_only_who_has_the_language_is_asked_to_take_over_and_a_lead_always_may(
    evening: Evening, contact: str
) -> None:
    await evening.on("dev")
    people = tonight.colleagues(evening.line, evening.who("ania"), evening.fold(contact))
    assert {one["id"]: one["speaks"] for one in people} == {"dev": False, "jo": False}
    with pytest.raises(NotNow, match="language"):
        await evening.line.transfer(evening.who("ania"), contact, "dev", new_id())
    await evening.line.ready(evening.who("jo"))
    await evening.line.transfer(evening.who("ania"), contact, "jo", new_id())
    await evening.settled()
    assert evening.asked(contact) == "jo"


# -- held by the lead ----------------------------------------------------------------------------------------------


async def test_who_is_let_go_to_the_lead_is_offered_to_nobody_and_told_so(
    evening: Evening, contact: str
) -> None:
    await evening.line.ready(evening.who("jo"))
    await let_go(evening, contact, "lead")
    await evening.later(minutes=6)
    fold = evening.fold(contact)
    assert (fold.phase, fold.owner, evening.asked(contact)) == ("waiting", "", "")
    state = evening.line.person_state(contact)
    assert (state["phase"], state["held"], state["queue"]) == ("waiting", True, None)
    assert "nobody_left" not in await evening.told(contact)
    await evening.line.take_over(evening.who("jo"), contact, new_id())
    await evening.settled()
    state = evening.line.person_state(contact)
    assert (state["phase"], state["held"], state["supporter"]["name"]) == ("with_you", False, "Jo")


async def test_held_by_the_lead_the_chain_goes_on_until_somebody_has_them(
    evening: Evening, contact: str
) -> None:
    await let_go(evening, contact, "lead")
    assert evening.alerts(contact)["kept_for_lead"] == "lead"
    await evening.later(minutes=2)
    assert evening.alerts(contact)["kept_for_lead"] == "on_call"
    await acknowledge(evening, contact, "kept_for_lead", "kit")
    await evening.later(minutes=2)
    assert evening.alerts(contact)["kept_for_lead"] == "lead"


async def test_a_lead_puts_them_back_into_the_queue_where_they_were_first(
    evening: Evening, contact: str
) -> None:
    await let_go(evening, contact, "lead")
    talk = evening.fold(contact).talk
    since = evening.fold(contact).waiting_since
    await evening.later(minutes=6)
    await evening.line.back_to_queue(evening.who("jo"), contact, new_id())
    await evening.settled()
    assert evening.asked(contact) == "ania"
    assert "kept_for_lead" not in evening.alerts(contact)
    assert (evening.fold(contact).waiting_since, evening.fold(contact).urgency) == (since, 1)
    shown, _ = await evening.line.person_events(contact)
    assert [one["kind"] for one in shown if one["seq"] > talk] == ["choice_asked"] * (len(shown) - talk)
    with pytest.raises(NotNow):
        await evening.line.back_to_queue(evening.who("jo"), contact, new_id())


async def test_not_safe_while_held_by_the_lead_is_for_whoever_is_free_first(
    evening: Evening, contact: str
) -> None:
    await let_go(evening, contact, "lead")
    await evening.later(minutes=6)
    await evening.line.not_safe(contact, new_id())
    await evening.settled()
    assert evening.asked(contact) == "ania"


async def test_held_by_the_lead_survives_a_restart(evening: Evening, contact: str) -> None:
    await let_go(evening, contact, "lead")
    await evening.restart()
    evening.line.supporter_connected("ania")
    await evening.later(minutes=10)
    assert (evening.fold(contact).with_lead, evening.asked(contact)) == (True, "")


async def test_a_lead_checks_in_and_takes_over_with_one_press(evening: Evening) -> None:
    await evening.on("ania")
    contact = await evening.with_("ania", "pl")
    evening.line.supporter_connected("jo")
    id = new_id()
    for _ in range(2):
        await evening.line.take_over(evening.who("jo"), contact, id, check_in=True)
        await evening.settled()
    assert (evening.fold(contact).owner, evening.slots("jo"), evening.shift("jo").ready) == (
        "jo",
        {contact},
        False,
    )


async def test_a_lead_who_is_neither_rotad_nor_let_on_takes_nobody_over(evening: Evening) -> None:
    await evening.on("ania")
    contact = await evening.with_("ania", "pl")
    with pytest.raises(NotAllowed):
        await evening.line.take_over(evening.who("robin"), contact, new_id(), check_in=True)
    await evening.line.let_on(evening.who("jo"), "robin", "Jo is unwell")
    rows = {one["id"]: one for one in tonight.supporters(evening.line)}
    assert (rows["robin"]["role"], rows["robin"]["checked_in"]) == ("extra", False)
    await evening.line.take_over(evening.who("robin"), contact, new_id(), check_in=True)
    assert evening.fold(contact).owner == "robin"


# -- what is left in writing ---------------------------------------------------------------------------------------


async def test_a_word_for_the_next_shift_is_left_during_this_one_and_read_at_the_next(short: Evening) -> None:
    await short.on("dev")
    id = new_id()
    for _ in range(2):
        await short.line.leave_handover(short.who("dev"), "7HB2 may write again.", id)
    await short.line.check_out(short.who("dev"), client_id=new_id(), handover="The kettle is new.")
    await short.later(minutes=1)
    left = tonight.handover(short.line)
    assert [(one["by"], one["text"]) for one in left] == [
        ("Dev", "7HB2 may write again."),
        ("Dev", "The kettle is new."),
    ]
    await short.restart()
    assert tonight.handover(short.line) == left
    assert short.line.snapshot()["handover"] == left
    short.line.supporter_connected("ania")
    await short.line.check_in(short.who("ania"), client_id=new_id(), notes_read=True)
    (came,) = [event.body for event in await short.line.logbook.read(short.shift("ania").log)]
    assert isinstance(came, CheckedIn)
    assert came.notes_read == 2


async def test_a_shift_knows_that_it_has_left_a_word_already(short: Evening) -> None:
    with pytest.raises(NotNow):
        await short.line.leave_handover(short.who("dev"), "too early", new_id())
    await short.on("dev")
    assert shown(short, "dev")["notes_left"] == 0
    await short.line.leave_handover(short.who("dev"), "the heating is off", new_id())
    assert shown(short, "dev")["notes_left"] == 1
    assert short.shift("dev").notes_read == 0


async def test_what_was_left_is_shown_for_a_day_and_a_half(short: Evening) -> None:
    await short.on("dev")
    await short.line.leave_handover(short.who("dev"), "old news", new_id())
    await short.later(hours=36)
    assert len(tonight.handover(short.line)) == 1
    await short.later(seconds=1)
    assert tonight.handover(short.line) == []


# -- the last one leaves -------------------------------------------------------------------------------------------


async def test_the_last_shift_to_end_shuts_the_door_after_a_grace_and_says_when_it_opens(
    open_evening: OpenEvening, tmp_path: Path
) -> None:
    hours = HOURS.replace("18:00-02:00", "18:00-23:30")
    evening = await open_evening(definition_in(tmp_path, hours=hours, people=HALF_PAST_TEN + LEADS))
    await evening.on("ania")
    live = await evening.with_("ania", "pl")
    grace = evening.definition.waiting.grace_minutes
    await evening.until(at(22, 30) + timedelta(minutes=grace) - timedelta(seconds=1))
    assert evening.line.door().open
    await evening.until(at(22, 30) + timedelta(minutes=grace))
    door = evening.line.door()
    opens = datetime.fromisoformat("2026-01-15T18:00:00Z")
    assert (door.open, door.why, door.opens_at) == (False, "staffing", opens)
    late = await evening.person("pl", "is anybody there")
    state = evening.line.person_state(late)
    assert (state["phase"], state["opens_at"]) == ("stored", opens)
    assert await evening.told(late) == ["closed"]
    await evening.answers("ania", live, "I am still with you")
    assert inside(evening, live) == {"ania"}


# -- going home while somebody is on the ladder --------------------------------------------------------------------


async def test_a_lead_who_goes_while_somebody_is_on_the_ladder_says_why_and_the_on_call_has_them(
    evening: Evening, contact: str
) -> None:
    jo, name = evening.who("jo"), evening.fold(contact).name
    await go_to(evening, contact, 2)
    with pytest.raises(StillOnTheLadder, match=name) as refused:
        await evening.line.check_out(jo, client_id=new_id())
    assert refused.value.on_the_wire()["error"]["code"] == "on_the_ladder"
    await evening.line.check_out(jo, client_id=new_id(), on_ladder="My child is ill")
    await evening.settled()
    assert evening.alerts(contact)["lead_gone"] == "on_call"
    await evening.later(hours=1)
    assert evening.alerts(contact)["lead_gone"] == "second_on_call"
    assert evening.fold(contact).paged
    await acknowledge(evening, contact, "lead_gone", "kit")
    await evening.later(minutes=30)
    assert "lead_gone" not in evening.alerts(contact)


async def test_a_lead_goes_home_freely_when_nobody_is_on_the_ladder_and_by_i_must_stop_at_any_time(
    evening: Evening, contact: str
) -> None:
    jo = evening.who("jo")
    await evening.line.check_out(jo, client_id=new_id())
    await evening.on("jo", ready=False)
    await go_to(evening, contact, 3)
    await evening.line.stop_now(jo, new_id())
    await evening.settled()
    assert evening.line.roster.attendance("jo") is None
    assert evening.alerts(contact)["lead_gone"] == "on_call"


@pytest.mark.parametrize("written", [0, 1, 2])
async def test_a_crash_while_a_lead_goes_home_leaves_nobody_on_the_ladder_without_a_page(
    evening: Evening, contact: str, monkeypatch: pytest.MonkeyPatch, written: int
) -> None:
    other = await evening.person("cy")
    for one, by in ((contact, "ania"), (other, "jo")):
        await go_to(evening, one, 2, by)
    honest, left = evening.line.logbook.change, written

    async def until_killed(log: str, decide: Any, **more: Any) -> Any:
        nonlocal left
        if not left:
            raise ConnectionAbortedError
        left -= 1
        return await honest(log, decide, **more)

    with monkeypatch.context() as killed:
        killed.setattr(evening.line.logbook, "change", until_killed)
        with pytest.raises(ConnectionAbortedError):
            await evening.line.check_out(evening.who("jo"), client_id=new_id(), on_ladder="My child is ill")
    await evening.restart()
    if evening.line.roster.attendance("jo") is None:
        assert [evening.alerts(one).get("lead_gone") for one in (contact, other)] == ["on_call"] * 2
    evening.line.supporter_connected("jo")
    await evening.line.check_out(evening.who("jo"), client_id=new_id(), on_ladder="My child is ill")
    await evening.settled()
    assert [evening.alerts(one).get("lead_gone") for one in (contact, other)] == ["on_call"] * 2


async def test_from_rung_two_a_past_end_goes_on_until_somebody_takes_them(short: Evening) -> None:
    await short.on("ania")
    contact = await short.with_("ania", "pl")
    await go_to(short, contact, 2)
    await acknowledge(short, contact, "rung_2")
    await short.later(hours=3)
    assert short.alerts(contact)["past_end"] == "second_on_call"
    await acknowledge(short, contact, "past_end")
    await short.later(minutes=30)
    assert "past_end" in short.alerts(contact)
