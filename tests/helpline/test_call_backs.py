"""Being rung back: when they asked, by somebody who may, as often as may be, and never forgotten."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from hypothesis import given
from hypothesis import strategies as st

from app import DEMO
from helpline import call_backs, call_keeping, offers
from helpline.call_keeping import Asked, TimeGone
from helpline.call_windows import SHORTEST, Window, chosen, parts, soonest, staffed
from helpline.calls import MISSED
from helpline.contact import Contact, fold
from helpline.definition import read_definition
from helpline.errors import HelplineError, NotAllowed, NotFound, NotNow, NotSaved
from helpline.events import By, CallMe, Event, RungSet, Started
from helpline.logbook import Decide
from helpline.ports import Record
from tests.helpline.call_evening import THEIRS, CallEvening
from tests.helpline.evening import Evening, definition_in, new_id

DEFINITION = read_definition(DEMO)
EIGHT = datetime(2026, 1, 14, 20, 0, tzinfo=UTC)


@pytest_asyncio.fixture
async def evening(tmp_path: Path) -> AsyncIterator[CallEvening]:
    opened = CallEvening(tmp_path)
    await opened.open()
    yield opened
    await opened.close()


# -- when --------------------------------------------------------------------------------------------------------------

spans = st.lists(
    st.tuples(st.integers(0, 400), st.integers(1, 600)).map(
        lambda one: (
            EIGHT + timedelta(minutes=one[0] * 15),
            EIGHT + timedelta(minutes=one[0] * 15 + one[1]),
        )
    ),
    max_size=8,
)


@given(spans, spans, st.integers(0, 7_000))
def test_every_time_that_may_be_chosen_lies_inside_a_staffed_shift_and_the_open_hours(
    shifts: list[Any], doors: list[Any], minute: int
) -> None:
    now = EIGHT + timedelta(minutes=minute)
    found = staffed(shifts, doors, timedelta(0))
    first = soonest(found, now)
    for window in (*parts(found, now), *([first] if first else [])):
        assert window.begins_at >= now
        assert window.ends_at - window.begins_at >= SHORTEST
        at = window.begins_at
        while at < window.ends_at:
            assert any(begins <= at < ends for begins, ends in shifts)
            assert any(begins <= at < ends for begins, ends in doors)
            at += timedelta(minutes=1)


def test_a_part_keeps_its_name_while_it_runs_and_has_none_once_it_is_over() -> None:
    shift = [(EIGHT, EIGHT + timedelta(hours=4))]
    key = parts(shift, EIGHT)[0].key
    running = chosen(shift, key, EIGHT + timedelta(minutes=20))
    assert running is not None
    assert running.begins_at == EIGHT + timedelta(minutes=20)
    assert chosen(shift, key, EIGHT + timedelta(minutes=95)) is None


@given(spans, spans, st.integers(0, 7_000), st.integers(0, 200))
def test_what_a_page_offered_a_while_ago_is_the_same_time_or_gone(
    shifts: list[Any], doors: list[Any], minute: int, open_for: int
) -> None:
    then = EIGHT + timedelta(minutes=minute)
    now = then + timedelta(minutes=open_for)
    # As the hours are asked for: from now on, so that what runs already begins now.
    later = staffed(
        shifts, [(max(opens, now), closes) for opens, closes in doors if closes > now], timedelta(0)
    )
    for offered in parts(staffed(shifts, doors, timedelta(0)), then):
        kept = chosen(later, offered.key, now)
        if kept is None:
            continue
        assert kept.begins_at >= max(offered.begins_at, now) - timedelta(seconds=1)
        assert kept.ends_at - kept.begins_at >= SHORTEST
        assert any(begins <= kept.begins_at and kept.ends_at <= ends for begins, ends in later)
        assert kept.begins_at < offered.ends_at


@pytest.mark.parametrize("key", ["", "soon", "-5", "1" * 12, "٤", "1e9"])
def test_a_key_that_is_none_is_no_time(key: str) -> None:
    assert chosen([(EIGHT, EIGHT + timedelta(hours=4))], key, EIGHT) is None


async def test_times_are_parts_of_the_shifts_of_the_coming_week(evening: CallEvening) -> None:
    choices = call_keeping.choices(evening.line, "en")
    assert choices.soonest is not None
    assert choices.soonest.begins_at == evening.clock.now()
    assert len(choices.parts) > 20
    assert all(one.begins_at < evening.clock.now() + timedelta(days=7) for one in choices.parts)
    assert {one.begins_at.hour for one in choices.parts} == {18, 20, 22, 0}


async def test_they_are_offered_when_their_time_begins_and_not_before(evening: CallEvening) -> None:
    await evening.on("ania")
    contact = await evening.asks(evening.part(22))
    assert evening.fold(contact).phase == "stored"
    assert evening.asked(contact) == ""
    await evening.later(hours=1, minutes=59)
    assert evening.asked(contact) == ""
    await evening.later(minutes=1)
    assert evening.asked(contact) == "ania"


async def test_a_restart_on_the_way_to_their_time_changes_nothing(evening: CallEvening) -> None:
    contact = await evening.asks(evening.part(22))
    await evening.later(hours=1)
    await evening.restart()
    await evening.on("ania")
    await evening.until(EIGHT + timedelta(hours=2))
    assert evening.asked(contact) == "ania"


async def test_a_request_is_offered_in_its_language_to_somebody_who_rings(evening: CallEvening) -> None:
    await evening.on("ania", "dev")
    assert evening.asked(await evening.asks(language="ur")) == "dev"


async def test_who_asks_to_be_rung_is_not_in_the_queue_of_those_who_chat(evening: CallEvening) -> None:
    await evening.line.check_in(evening.who("ania"), client_id=new_id(), sound=True)
    evening.line.supporter_connected("ania")
    await evening.line.ready(evening.who("ania"), channels=("web",))
    contact = await evening.asks()
    chatting = await evening.person()
    assert evening.asked(contact) == ""
    assert evening.asked(chatting) == "ania"
    assert await evening.told(contact) == []


async def test_a_time_nobody_has_any_more_is_refused_and_nothing_is_kept(evening: CallEvening) -> None:
    key = evening.part(22)
    await evening.later(hours=4)
    with pytest.raises(TimeGone):
        await evening.asks(key)
    assert evening.line.contacts() == []


async def test_another_request_takes_the_place_of_the_first(evening: CallEvening) -> None:
    await evening.on("ania")
    contact = await evening.asks()
    assert evening.asked(contact) == "ania"
    assert await evening.asks(evening.part(22)) == contact
    assert evening.asked(contact) == ""
    assert evening.slots("ania") == set()
    await evening.until(EIGHT + timedelta(hours=2))
    assert evening.asked(contact) == "ania"


async def test_the_same_request_sent_twice_is_one(evening: CallEvening) -> None:
    id = new_id()
    contact = await evening.asks(client_id=id)
    assert await evening.asks(client_id=id) == contact
    assert (await evening.kinds(contact)).count("call_me") == 1


async def test_where_nobody_rings_the_lead_has_the_request(tmp_path: Path) -> None:
    evening = await Evening(tmp_path, definition_in(tmp_path)).open()
    asked = Asked(client_id=new_id(), number=THEIRS)
    contact = (await call_keeping.ask(evening.line, new_id(), "en", asked)).log
    assert evening.fold(contact).phase == "stored"
    assert evening.alerts(contact) == {"call_asked": "lead"}
    await evening.close()


# -- ringing by hand ---------------------------------------------------------------------------------------------------


async def test_what_may_be_said_is_shown_and_the_number_only_when_asked_for(evening: CallEvening) -> None:
    await evening.on("ania")
    contact = await evening.asks(details={"name": "Al", "code_word": "blue kettle"}, safe_message=True)
    await evening.accepts("ania", contact)
    card = await call_keeping.card(evening.line, evening.who("ania"), contact)
    assert (card["name"], card["code_word"]) == ("Al", "blue kettle")
    assert (card["safe_name"], card["safe_message"], card["safe_text"]) == (False, True, False)
    shown, _ = await evening.line.staff_events(contact)
    assert THEIRS not in str(card) + str(shown) + str(evening.line.mine(evening.who("ania")))
    assert await evening.shows("ania", contact) == THEIRS
    assert "number_shown" in await evening.kinds(contact)


async def test_only_who_is_with_them_is_shown_the_number(evening: CallEvening) -> None:
    contact = await evening.with_request("ania")
    with pytest.raises(NotFound):
        await evening.shows("dev", contact)
    with pytest.raises(NotAllowed):
        await evening.shows("jo", contact)
    assert "number_shown" not in await evening.kinds(contact)


async def test_nobody_is_rung_before_or_after_the_time_they_gave(evening: CallEvening) -> None:
    await evening.on("jo", ready=False)
    contact = await evening.asks(evening.part(22))
    await evening.line.take_over(evening.who("jo"), contact, new_id())
    with pytest.raises(NotNow, match="not begun"):
        await evening.shows("jo", contact)
    await evening.until(EIGHT + timedelta(hours=2))
    assert await evening.shows("jo", contact) == THEIRS
    await evening.made("jo", contact, "no_answer")
    await evening.until(EIGHT + timedelta(hours=5, minutes=46))
    with pytest.raises(NotNow, match="is over"):
        await evening.shows("jo", contact)


async def test_from_rung_three_somebodys_life_comes_before_the_time_they_gave(evening: CallEvening) -> None:
    await evening.on("jo", ready=False)
    contact = await evening.asks(evening.part(22))
    await evening.line.take_over(evening.who("jo"), contact, new_id())
    body = RungSet(to=3, was=0, basis="They wrote that they took something", client_id=new_id())
    await evening.line.set_rung(evening.who("jo"), contact, body)
    assert await evening.shows("jo", contact) == THEIRS


async def test_three_tries_fifteen_minutes_apart_and_then_it_is_the_leads(evening: CallEvening) -> None:
    contact = await evening.with_request("ania")
    for outcome in ("no_answer", "engaged"):
        await evening.shows("ania", contact)
        await evening.made("ania", contact, outcome)
        with pytest.raises(NotNow, match="fifteen minutes"):
            await evening.shows("ania", contact)
        await evening.later(minutes=15)
    assert evening.alerts(contact) == {}
    await evening.shows("ania", contact)
    await evening.made("ania", contact, "voicemail")
    assert evening.alerts(contact) == {"call_not_reached": "lead"}
    await evening.later(minutes=15)
    with pytest.raises(NotNow, match="three times"):
        await evening.shows("ania", contact)


async def test_no_answer_near_the_end_of_their_time_is_the_leads_at_once(evening: CallEvening) -> None:
    await evening.on("ania")
    contact = await evening.asks(evening.part(20))
    await evening.accepts("ania", contact)
    await evening.until(EIGHT + timedelta(hours=1, minutes=50))
    await evening.shows("ania", contact)
    await evening.made("ania", contact, "no_answer")
    assert evening.alerts(contact) == {"call_not_reached": "lead"}


@pytest.mark.parametrize("outcome", ["not_again", "wrong_number"])
async def test_who_asked_not_to_be_rung_and_a_wrong_number_are_never_rung_again(
    evening: CallEvening, outcome: str
) -> None:
    contact = await evening.with_request("ania")
    await evening.shows("ania", contact)
    await evening.made("ania", contact, outcome)
    body = RungSet(to=3, was=0, basis="Even then", client_id=new_id())
    await evening.line.set_rung(evening.who("ania"), contact, body)
    await evening.later(minutes=20)
    with pytest.raises(NotNow):
        await evening.shows("ania", contact)


async def test_how_it_went_is_said_of_a_try_and_not_of_none(evening: CallEvening) -> None:
    contact = await evening.with_request("ania")
    with pytest.raises(NotNow, match="Ring them first"):
        await evening.made("ania", contact, "talked")


async def test_the_ladder_the_note_and_the_end_work_as_in_a_chat(evening: CallEvening) -> None:
    contact = await evening.with_request("ania")
    await evening.shows("ania", contact)
    await evening.made("ania", contact, "talked")
    body = RungSet(to=2, was=0, basis="Not sure they can stay safe", client_id=new_id())
    await evening.line.set_rung(evening.who("ania"), contact, body)
    fields = {"summary": "We talked for a while."}
    await evening.line.note(evening.who("ania"), contact, version=0, fields=fields, client_id=new_id())
    await evening.ends("ania", contact)
    fold = evening.fold(contact)
    assert (fold.phase, fold.outcome, fold.calls.over) == ("ended", "talked", "talked")
    assert not [one for one in fold.clocks if one.kind.startswith("call_")]
    assert "wait_alert" not in [one.kind for one in fold.clocks]


async def test_a_call_asked_for_in_a_chat_is_rung_from_the_chat(evening: CallEvening) -> None:
    await evening.on("ania")
    contact = await evening.with_("ania")
    await evening.line.call_me(contact, client_id=new_id(), number=THEIRS, when="after nine")
    card = await call_keeping.card(evening.line, evening.who("ania"), contact)
    assert card["when"] == "after nine"
    assert await evening.shows("ania", contact) == THEIRS
    assert evening.fold(contact).channel == "web"


PRESSES = st.lists(
    st.tuples(
        st.sampled_from(["show", "place", "no_answer", "engaged", "voicemail", "talked", "not_again"]),
        st.integers(0, 40),
    ),
    max_size=25,
)


@given(PRESSES, st.booleans())
def test_in_any_order_of_presses_nobody_is_rung_more_often_or_sooner_than_may_be(
    presses: list[tuple[str, int]], asked_for_later: bool
) -> None:
    begins = EIGHT + timedelta(minutes=30 if asked_for_later else 0)
    window = Window(begins, EIGHT + timedelta(hours=3))
    contact = told(
        Contact("c-0"), call_backs.begin(DEFINITION, STARTED, CallMe(number=THEIRS), window), EIGHT
    )
    contact = told(contact, offers.take_over(ANIA, "t"), EIGHT)
    now, missed, last = EIGHT, 0, None
    for press, minutes in presses:
        now += timedelta(minutes=minutes)
        try:
            contact = told(contact, decision(press), now)
        except NotNow:
            continue
        if press in ("show", "place"):
            assert window.begins_at <= now < window.ends_at
            assert contact.calls.over in ("", "talked")
            if not contact.calls.over:
                assert missed < 3
                assert last is None or now - last >= timedelta(minutes=15)
        else:
            assert contact.calls.ringing == ""
            missed, last = missed + (press in MISSED), now


ANIA = By("supporter", "ania", "Ania")
STARTED = Started(channel="call", language="en", definition="", policy="", open=False)


def decision(press: str) -> Decide:
    """What a press asks for."""
    if press == "show":
        return call_backs.show_number(ANIA, DEFINITION, client_id="", mark="")
    if press == "place":
        return call_backs.place(ANIA, DEFINITION, call="k-1", client_id="", mark="")
    return call_backs.made(ANIA, DEFINITION, outcome=press, client_id="", mark="")


def told(contact: Contact, decide: Decide, now: datetime) -> Contact:
    """The contact after what was decided."""
    drafts = decide(contact, now)
    events = (Event(seq=contact.seq + 1 + n, at=now, by=by, body=body) for n, (by, body) in enumerate(drafts))
    return fold(contact, events)


# -- never forgotten ---------------------------------------------------------------------------------------------------


async def test_a_request_nobody_kept_alerts_the_lead_before_and_at_the_end_of_its_time(
    evening: CallEvening,
) -> None:
    contact = await evening.asks(evening.part(20))
    await evening.until(EIGHT + timedelta(hours=1, minutes=45))
    assert "call_waiting" in evening.alerts(contact)
    await evening.until(EIGHT + timedelta(hours=2))
    assert "call_unkept" in evening.alerts(contact)
    assert evening.fold(contact).calls.unkept
    assert evening.fold(contact).phase == "stored"
    await evening.on("ania")
    assert evening.asked(contact) == ""
    await evening.asks(evening.part(22))
    assert evening.asked(contact) == "ania"
    assert "call_unkept" not in evening.alerts(contact)


async def test_an_offer_that_stands_as_their_time_ends_is_taken_back(evening: CallEvening) -> None:
    await evening.on("ania")
    contact = await evening.asks(evening.part(20))
    await evening.declines("ania", contact)
    await evening.until(EIGHT + timedelta(hours=1, minutes=59, seconds=50))
    await evening.on("dev")
    assert evening.asked(contact) == "dev"
    await evening.until(EIGHT + timedelta(hours=2))
    assert evening.asked(contact) == ""
    assert evening.slots("dev") == set()


async def test_who_is_being_rung_as_their_time_ends_is_not_called_unkept(evening: CallEvening) -> None:
    await evening.on("ania")
    contact = await evening.asks(evening.part(20))
    await evening.accepts("ania", contact)
    await evening.until(EIGHT + timedelta(hours=1, minutes=58))
    await evening.shows("ania", contact)
    await evening.until(EIGHT + timedelta(hours=2, minutes=5))
    assert "call_unkept" not in evening.alerts(contact)
    await evening.made("ania", contact, "talked")
    await evening.later(hours=1)
    assert "call_unkept" not in await evening.kinds(contact)


async def test_who_is_let_go_unrung_is_still_the_leads_when_their_time_ends(evening: CallEvening) -> None:
    await evening.on("ania")
    contact = await evening.asks(evening.part(20))
    await evening.accepts("ania", contact)
    await evening.ends("ania", contact)
    await evening.until(EIGHT + timedelta(hours=2))
    assert evening.alerts(contact) == {"call_unkept": "lead"}


async def test_a_line_that_waits_to_be_rung_is_never_given_up(evening: CallEvening) -> None:
    contact = await evening.asks(evening.part(22))
    await evening.later(hours=1, minutes=50)
    kinds = await evening.kinds(contact)
    assert "line_lost" not in kinds
    assert "closed" not in kinds
    assert "choice_asked" not in kinds


async def test_whichever_append_a_death_cuts_off_the_request_is_whole_or_not_there(tmp_path: Path) -> None:
    """Every step from the asking to the outcome, cut off at each record, then opened again and gone through anew."""
    for records in range(9):
        evening = CallEvening(tmp_path / str(records))
        await evening.open()
        await evening.on("ania")
        append, left, dispatcher = evening.line.store.append, records, evening.line.dispatcher
        assert dispatcher._loop is not None

        async def dying(record: Record, append: Any = append, dispatcher: Any = dispatcher) -> None:
            nonlocal left
            if left <= 0:
                # Dead is dead: nothing of it goes on trying.
                dispatcher._loop.cancel()
                raise NotSaved
            left -= 1
            await append(record)

        evening.line.store.append = dying  # type: ignore[method-assign]
        try:
            contact = await evening.asks()
            await evening.accepts("ania", contact)
            await evening.shows("ania", contact)
            await evening.made("ania", contact, "talked")
        except (HelplineError, AssertionError):
            pass
        await evening.restart()
        evening.line.supporter_connected("ania")
        await evening.settled()
        held = await call_keeping.request_of(evening.line, evening.token)
        if held is not None:
            replayed = await evening.replayed(held.log)
            assert replayed == held
            assert held.calls.over or held.due is not None, "nobody would ever look at it again"
        await evening.close()


# -- across shifts -----------------------------------------------------------------------------------------------------


async def test_a_promise_made_at_five_to_midnight_for_tomorrow_is_kept_by_tomorrows_shift(
    evening: CallEvening,
) -> None:
    await evening.on("ania")
    await evening.until(EIGHT + timedelta(hours=3, minutes=55))
    contact = await evening.asks(evening.part(20))
    assert evening.fold(contact).calls.begins_at == EIGHT + timedelta(days=1)
    await evening.line.check_out(evening.who("ania"), client_id=new_id())
    await evening.restart()
    await evening.until(EIGHT + timedelta(hours=23, minutes=58))
    assert (evening.fold(contact).phase, evening.alerts(contact)) == ("stored", {})
    await evening.on("dev")
    assert evening.asked(contact) == ""
    await evening.later(minutes=2)
    assert evening.asked(contact) == "dev"
    await evening.accepts("dev", contact)
    assert await evening.shows("dev", contact) == THEIRS


async def test_what_can_no_longer_be_kept_before_closing_is_promised_for_the_next_shift(
    evening: CallEvening,
) -> None:
    await evening.on("ania")
    choices = call_keeping.choices(evening.line, "en")
    assert choices.soonest is not None
    closing = choices.soonest.ends_at
    await evening.until(closing - SHORTEST)
    still = await evening.asks()
    assert evening.fold(still).calls.ends_at == closing
    await evening.later(minutes=1)
    evening.token = new_id()
    contact = await evening.asks()
    assert contact != still
    calls = evening.fold(contact).calls
    assert calls.begins_at == EIGHT + timedelta(hours=22)
    assert evening.fold(contact).phase == "stored"
    await evening.until(EIGHT + timedelta(hours=22))
    assert evening.fold(contact).phase == "waiting"


async def test_one_not_kept_before_closing_is_the_leads_and_moves_to_a_time_they_choose(
    evening: CallEvening,
) -> None:
    await evening.until(EIGHT + timedelta(hours=4, minutes=30))
    contact = await evening.asks()
    ends_at = evening.fold(contact).calls.ends_at
    assert ends_at is not None
    await evening.until(ends_at)
    assert evening.fold(contact).calls.unkept
    assert evening.alerts(contact)["call_unkept"] == "lead"
    await evening.until(EIGHT + timedelta(hours=22))
    assert evening.fold(contact).phase == "stored", "it moves by their choice, and not by itself"
    assert await evening.asks(evening.part(20)) == contact
    assert "call_unkept" not in evening.alerts(contact)
    await evening.on("ania")
    await evening.until(EIGHT + timedelta(days=1))
    assert evening.asked(contact) == "ania"
