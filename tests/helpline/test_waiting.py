"""Waiting, and the honest ways it can go: not safe, no speaker, nobody there, closed, full, long, over and back."""

from datetime import timedelta
from pathlib import Path

import pytest

from helpline.errors import BadRequest, NotNow, StoreFull
from helpline.events import RungSet
from helpline.ports import Record
from tests.helpline.conftest import OpenEvening
from tests.helpline.evening import EIGHT, STAFFING, Evening, definition_in, new_id


async def test_not_safe_puts_the_person_first_and_alerts_the_lead_at_once(evening: Evening) -> None:
    await evening.on("dev")
    earlier = await evening.person("cy")
    await evening.later(minutes=1)
    contact = await evening.person("cy")
    await evening.line.not_safe(contact, new_id())
    await evening.settled()
    assert evening.alerts(contact)["not_safe"] == "lead"
    queue = sorted(evening.line.dispatcher.queue, key=lambda waiting: waiting.place)
    assert [waiting.contact for waiting in queue] == [contact, earlier]
    assert evening.line.person_state(contact)["not_safe"] is True


async def test_not_safe_and_nobody_came_within_a_minute_is_said_honestly_and_the_on_call_is_alerted(
    evening: Evening,
) -> None:
    contact = await evening.person("cy")
    await evening.line.not_safe(contact, new_id())
    await evening.later(seconds=59)
    assert "not_safe_nobody" not in await evening.told(contact)
    assert evening.alerts(contact)["not_safe"] == "lead"
    await evening.later(seconds=1)
    assert "not_safe_nobody" in await evening.told(contact)
    assert evening.alerts(contact)["not_safe"] == "on_call"


async def test_not_safe_answered_within_a_minute_needs_no_on_call(evening: Evening) -> None:
    await evening.on("ania")
    contact = await evening.person("pl")
    await evening.line.not_safe(contact, new_id())
    await evening.accepts("ania", contact)
    await evening.later(minutes=5)
    assert "not_safe_nobody" not in await evening.told(contact)
    assert evening.alerts(contact) == {"not_safe": "lead"}


async def test_not_safe_while_closed_or_over_is_put_to_somebody_all_the_same(evening: Evening) -> None:
    await evening.on("ania")
    over = await evening.with_("ania", "pl")
    await evening.ends("ania", over)
    await evening.line.not_safe(over, new_id())
    await evening.settled()
    assert evening.asked(over) == "ania"
    await evening.until(EIGHT + timedelta(hours=7))
    stored = await evening.person("cy")
    assert evening.fold(stored).phase == "stored"
    await evening.line.not_safe(stored, new_id())
    await evening.later(seconds=60)
    assert evening.fold(stored).phase == "waiting"
    assert evening.alerts(stored)["not_safe"] == "on_call"
    assert await evening.told(stored) == ["closed", "nobody_left", "not_safe_nobody"]


async def test_somebody_whose_language_nobody_speaks_tonight_is_given_the_honest_choice(
    evening: Evening,
) -> None:
    await evening.on("dev", "ania")
    contact = await evening.person("ta")
    choice = evening.line.person_state(contact)["choice"]
    assert choice["why"] == "no_speaker"
    assert set(choice["options"]) == {"wait", "language:en", "language:ur", "language:pl", "call_me"}
    assert evening.alerts(contact) == {"no_speaker": "lead"}
    with pytest.raises(BadRequest):
        await evening.line.choose(contact, "language:fr", new_id())
    await evening.line.choose(contact, "language:ur", new_id())
    await evening.settled()
    assert evening.asked(contact) == "dev"
    assert evening.line.person_state(contact)["choice"] is None


async def test_choosing_to_wait_is_respected_and_the_speaker_who_comes_is_asked(evening: Evening) -> None:
    await evening.on("dev")
    contact = await evening.person("pl")
    await evening.line.choose(contact, "wait", new_id())
    await evening.later(minutes=3)
    assert await evening.told(contact) == ["no_speaker"]
    await evening.on("ania")
    assert evening.asked(contact) == "ania"
    with pytest.raises(NotNow):
        await evening.line.choose(contact, "wait", new_id())


async def test_with_nobody_there_at_all_the_person_is_told_so(evening: Evening) -> None:
    contact = await evening.person("en")
    assert evening.line.person_state(contact)["choice"] == {
        "why": "nobody_left",
        "options": ["wait", "call_me"],
    }
    assert evening.alerts(contact) == {"nobody_left": "lead"}


async def test_when_somebody_comes_on_who_was_told_that_nobody_is_here_hears_so(evening: Evening) -> None:
    first, second, polish = [await evening.person(language) for language in ("en", "en", "pl")]
    await evening.line.choose(second, "wait", new_id())
    await evening.on("lou")
    for contact in (first, second):
        assert (await evening.told(contact))[-1] == "somebody_here"
        assert evening.line.person_state(contact)["choice"] is None
    assert evening.line.person_state(second)["queue"]["position"] == 1
    assert evening.line.person_state(polish)["choice"]["why"] == "nobody_left"


@pytest.mark.parametrize("how", ["checks out", "is gone", "must stop"])
async def test_when_the_last_supporter_leaves_whoever_waits_is_told(evening: Evening, how: str) -> None:
    await evening.on("lou")
    contact = await evening.with_("lou")
    waiting = await evening.person("en")
    assert await evening.told(waiting) == []
    lou = evening.who("lou")
    if how == "checks out":
        await evening.ends("lou", contact)
        await evening.line.check_out(lou, client_id=new_id())
    elif how == "is gone":
        evening.line.supporter_disconnected("lou")
        await evening.later(seconds=30)
    else:
        await evening.line.stop_now(lou, new_id())
    await evening.settled()
    assert await evening.told(waiting) == ["nobody_left"]
    assert evening.alerts(waiting) == {"nobody_left": "lead"}


async def test_when_the_last_speaker_of_a_language_leaves_those_who_wait_for_it_are_given_the_choice(
    evening: Evening,
) -> None:
    await evening.on("lou", "ania")
    await evening.with_("ania", "pl")
    await evening.with_("ania", "pl")
    contact = await evening.person("pl")
    assert await evening.told(contact) == []
    evening.line.supporter_disconnected("ania")
    await evening.later(seconds=30)
    assert evening.line.person_state(contact)["choice"]["options"] == ["wait", "language:en", "call_me"]


async def test_a_choice_nobody_answered_gives_way_when_everybody_has_left(evening: Evening) -> None:
    await evening.on("dev")
    contact = await evening.person("pl")
    assert await evening.told(contact) == ["no_speaker"]
    await evening.line.check_out(evening.who("dev"), client_id=new_id())
    await evening.settled()
    assert await evening.told(contact) == ["no_speaker", "nobody_left"]


async def test_somebody_let_go_a_second_time_with_nobody_left_is_told_again(evening: Evening) -> None:
    contact = await evening.person("en")
    await evening.line.choose(contact, "wait", new_id())
    await evening.on("lou")
    await evening.accepts("lou", contact)
    await evening.line.stop_now(evening.who("lou"), new_id())
    await evening.settled()
    assert await evening.told(contact) == ["nobody_left", "somebody_here", "nobody_left"]
    assert evening.alerts(contact).items() >= {"released": "lead", "nobody_left": "lead"}.items()


async def test_with_only_a_supporter_about_to_go_home_the_person_is_told(evening: Evening) -> None:
    await evening.on("lou")
    await evening.until(EIGHT + timedelta(hours=5, minutes=45))
    contact = await evening.person("en")
    assert await evening.told(contact) == ["nobody_left"]


async def test_closed_by_hours_it_is_stored_and_the_person_told_when_it_opens(evening: Evening) -> None:
    await evening.until(EIGHT + timedelta(hours=7))
    contact = await evening.person("pl", "are you there")
    shown, _ = await evening.line.person_events(contact)
    assert [event["kind"] for event in shown] == ["started", "said", "told"]
    assert shown[0]["open"] is False
    assert (shown[2]["what"], shown[2]["opens_at"]) == ("closed", EIGHT + timedelta(hours=22))
    state = evening.line.person_state(contact)
    assert (state["phase"], state["opens_at"]) == ("stored", EIGHT + timedelta(hours=22))
    assert [one["contact"] for one in evening.line.snapshot()["stored"]] == [contact]
    assert len(evening.line.dispatcher.queue) == 0


async def test_what_was_stored_goes_to_the_front_when_they_write_again_while_it_is_open(
    evening: Evening,
) -> None:
    await evening.until(EIGHT + timedelta(hours=7))
    contact = await evening.person("pl")
    await evening.until(EIGHT + timedelta(hours=23))
    await evening.on("ania")
    await evening.says(contact)
    assert evening.asked(contact) == "ania"


@pytest.mark.parametrize(("minutes", "phase"), [(9, "waiting"), (11, "stored")])
async def test_too_few_on_closes_the_door_after_ten_minutes_of_grace(
    open_evening: OpenEvening, tmp_path: Path, minutes: int, phase: str
) -> None:
    two = STAFFING.replace("supporters = 1", "supporters = 2")
    evening = await open_evening(definition_in(tmp_path, staffing=two))
    await evening.on("ania", "dev")
    assert evening.line.door().open
    await evening.later(hours=1)
    await evening.line.check_out(evening.who("ania"), client_id=new_id())
    before = await evening.person("en")
    await evening.later(minutes=minutes)
    contact = await evening.person("en")
    assert evening.fold(contact).phase == phase
    assert evening.fold(before).phase == "waiting"


async def test_with_too_many_waiting_it_is_said_with_a_choice_and_nobody_is_turned_away(
    open_evening: OpenEvening, tmp_path: Path
) -> None:
    evening = await open_evening(definition_in(tmp_path, "[waiting]\nmost_waiting = 1\n"))
    await evening.on("lou")
    await evening.with_("lou")
    await evening.person("en")
    await evening.later(seconds=1)
    contact = await evening.person("en")
    assert evening.line.person_state(contact)["choice"] == {"why": "full", "options": ["wait", "call_me"]}
    assert evening.alerts(contact) == {"full": "lead"}
    assert evening.fold(contact).phase == "waiting"
    assert evening.line.queue_place(evening.fold(contact)) == {"position": 2, "about_minutes": None}


async def test_a_long_wait_brings_a_choice_and_then_the_lead(evening: Evening) -> None:
    await evening.on("lou")
    await evening.with_("lou")
    contact = await evening.person("en")
    await evening.later(minutes=10)
    assert evening.line.person_state(contact)["choice"] == {
        "why": "long_wait",
        "options": ["wait", "call_me"],
    }
    await evening.line.call_me(contact, client_id=new_id(), number="+441632960199")
    await evening.settled()
    assert evening.line.person_state(contact)["choice"] is None
    assert evening.fold(contact).asked_call
    await evening.later(minutes=5)
    assert evening.alerts(contact) == {"long_wait": "lead"}
    assert evening.fold(contact).phase == "waiting"


async def test_writing_after_the_end_goes_back_to_the_same_supporter_and_the_lead_is_told(
    evening: Evening,
) -> None:
    await evening.on("ania", "lou", "dev")
    contact = await evening.person("en")
    first = evening.asked(contact)
    await evening.accepts(first, contact)
    await evening.ends(first, contact)
    assert evening.fold(contact).phase == "ended"
    await evening.says(contact, "one more thing")
    assert evening.asked(contact) == first
    assert evening.alerts(contact) == {"reopened": "lead"}
    await evening.accepts(first, contact)
    assert evening.alerts(contact) == {}


async def test_writing_during_the_wrap_up_goes_back_to_whoever_was_with_them_last(evening: Evening) -> None:
    await evening.on("lou")
    contact = await evening.with_("lou")
    await evening.ends("lou", contact)
    await evening.line.away(evening.who("lou"), "pause")
    await evening.on("ania")
    await evening.says(contact)
    await evening.accepts("ania", contact)
    await evening.line.ready(evening.who("lou"))
    await evening.line.close_contact(evening.who("ania"), contact, new_id())
    await evening.says(contact, "wait")
    assert evening.asked(contact) == "ania"


async def test_writing_after_the_end_when_they_are_gone_goes_to_the_front_of_the_queue(
    evening: Evening,
) -> None:
    await evening.on("ania")
    contact = await evening.with_("ania", "pl")
    await evening.ends("ania", contact)
    await evening.line.check_out(evening.who("ania"), client_id=new_id())
    earlier = await evening.person("en")
    await evening.later(minutes=1)
    await evening.says(contact)
    queue = sorted(evening.line.dispatcher.queue, key=lambda waiting: waiting.place)
    assert [waiting.contact for waiting in queue] == [contact, earlier]


async def test_writing_after_the_end_out_of_hours_is_kept_and_answered_honestly(evening: Evening) -> None:
    await evening.on("ania")
    contact = await evening.with_("ania", "pl")
    await evening.ends("ania", contact)
    await evening.until(EIGHT + timedelta(hours=8))
    await evening.says(contact, "I cannot sleep")
    shown, _ = await evening.line.person_events(contact)
    assert [event["kind"] for event in shown[-3:]] == ["reopened", "told", "said"]
    assert shown[-2]["what"] == "closed"
    assert evening.fold(contact).phase == "stored"
    assert evening.alerts(contact) == {"reopened": "lead"}


async def test_who_leaves_while_waiting_leaves_the_queue_and_their_offer_is_withdrawn(
    evening: Evening,
) -> None:
    await evening.on("lou")
    contact = await evening.person("en")
    await evening.line.leave(contact, "ended", new_id())
    await evening.settled()
    assert evening.fold(contact).phase == "ended"
    assert evening.slots("lou") == set()
    assert evening.asked(await evening.person("en")) == "lou"


async def test_who_said_not_safe_and_leaves_keeps_their_place_and_the_lead_is_told(evening: Evening) -> None:
    contact = await evening.person("cy")
    await evening.line.not_safe(contact, new_id())
    await evening.line.leave(contact, "quick", new_id())
    await evening.settled()
    assert evening.fold(contact).phase == "waiting"
    assert evening.alerts(contact)["left_not_safe"] == "lead"
    assert evening.line.person_state(contact)["phase"] == "ended"


async def test_a_supporter_goes_on_across_the_night_the_clocks_go_back(
    open_evening: OpenEvening, tmp_path: Path
) -> None:
    # London, 25 October 2026: 18:00 BST to 02:00 GMT is nine hours.
    before = EIGHT.replace(month=10, day=24, hour=17)
    evening = await open_evening(definition_in(tmp_path), before)
    await evening.on("ania")
    contact = await evening.with_("ania", "pl")
    await evening.until(before + timedelta(hours=7, minutes=50))
    await evening.line.set_rung(
        evening.who("ania"), contact, RungSet(3, 0, basis="says tonight", client_id=new_id())
    )
    await evening.later(seconds=119)
    assert evening.alerts(contact) == {"rung_3": "lead"}
    await evening.later(seconds=1)
    assert evening.alerts(contact) == {"rung_3": "on_call"}
    await evening.later(seconds=180)
    assert evening.alerts(contact) == {"rung_3": "second_on_call"}
    assert evening.line.door().open
    # 01:30 GMT, the second time the clock says so: half an hour of the shift is left, so new people are still taken.
    await evening.until(before + timedelta(hours=8, minutes=30))
    await evening.line.set_rung(
        evening.who("jo"), contact, RungSet(1, 0, basis="safe with a friend", client_id=new_id())
    )
    await evening.settled()
    assert evening.asked(await evening.person("pl")) == "ania"


async def test_what_somebody_writes_while_they_wait_moves_nobody_and_is_looked_at_by_nobody(
    evening: Evening,
) -> None:
    waiting = [await evening.person("cy") for _ in range(3)]
    queue = evening.line.dispatcher.queue
    before, touched = list(queue), queue.touched
    for contact in waiting:
        await evening.says(contact, "are you there")
    await evening.settled()
    assert (list(queue), queue.touched) == (before, touched)


async def test_a_phrase_in_what_they_write_while_they_wait_moves_them_all_the_same(evening: Evening) -> None:
    first, second = await evening.person("cy"), await evening.person("cy")
    await evening.says(second, "I want to die")
    await evening.settled()
    queue = sorted(evening.line.dispatcher.queue, key=lambda waiting: waiting.place)
    assert [waiting.contact for waiting in queue] == [second, first]


async def test_who_could_not_be_told_that_nobody_is_here_is_told_when_the_disk_takes_it(
    evening: Evening, monkeypatch: pytest.MonkeyPatch
) -> None:
    append = evening.line.store.append

    async def full_for_choices(record: Record) -> None:
        if record.first_seq > 1:
            raise StoreFull
        await append(record)

    monkeypatch.setattr(evening.line.store, "append", full_for_choices)
    contact = await evening.person("ta")
    assert evening.line.person_state(contact)["choice"] is None
    monkeypatch.undo()
    await evening.later(seconds=1)
    assert evening.line.person_state(contact)["choice"] is None
    await evening.later(seconds=1)
    assert evening.line.person_state(contact)["choice"]["why"] == "nobody_left"
