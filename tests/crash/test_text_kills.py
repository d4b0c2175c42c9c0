"""Texts and calls with a death at every step, from their coming in to what the carrier says became of ours.

The moments are not a list that somebody keeps: they are read from the code (`places`), and a test fails when the code
has one at which nobody dies. At the end every text of theirs is there once and in order, every text of ours went once, and
no press rang twice.
"""

from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import pytest

from tests.crash.places import HOUSE, Moment, moments, places
from tests.crash.points import Point, handing_over, keeping_keys, syncing
from tests.crash.text_steps import Steps
from tests.crash.texting import Evening, Kill, Talk, an_evening
from tests.crash.texts_kept import nothing_is_lost

Step = Callable[[Talk], Awaitable[None]]
"""One of `Steps`."""
BLOCKS = 3
# A death in the first step that comes by a moment stands for the others; of what is on a text's own way, in three.
OWN_WAYS = ("sms/hooks.py", "sms/intake.py", "sms/outbox.py", "sms/calls.py", "sms/voice_hooks.py")
FIRST_STEPS = {True: 3, False: 1}
# Here it becomes durable: a death at each coming by, not at the first alone.
APPENDS = ("await self._store.append(record)", 'db.execute("COMMIT")')
EACH_TIME = 3
DEEPEST = 40
# What comes in, what goes out, and a call; with what has to be between.
COMMITTING = ("writes", "is_taken_up", "is_answered", "asks_to_be_rung", "is_rung")

# Where nobody dies here, by what `file: function: words` begin with, and the test that goes there.
ELSEWHERE: dict[str, str] = {
    "sms/intake.py: _placed: known =": "test_the_same_text_twice_is_once",
    "sms/intake.py: _placed: await helpline.store.release": "test_a_text_days_later_begins_another_contact_that_knows_of_the_first",
    "sms/outbox.py: Outbox._one: await self._write(contact, sending.refused(self._helpline": "test_what_cannot_be_read_any_more_does_not_go_and_holds_nothing_up",
    "sms/outbox.py: Outbox._hand_over: await self._write(fold.log, sending.refused(": "test_what_cannot_be_read_any_more_does_not_go_and_holds_nothing_up",
    "sms/outbox.py: Outbox._one: await self._write(contact, sending.read_aloud(": "test_nothing_is_sent_to_a_landline_and_the_lead_is_told",
    "sms/outbox.py: Outbox._one: await self._write(contact, sending.taken_back(": "test_words_taken_back_before_they_went_never_go_and_neither_does_their_correction",
    "sms/outbox.py: Outbox._taken: await self.told(early)": "test_a_status_that_comes_before_we_wrote_that_it_was_taken_is_not_lost",
    "sms/outbox.py: Outbox._heard: self._agenda.do(self.told(early)": "test_a_status_that_comes_before_we_wrote_that_it_was_taken_is_not_lost",
    "sms/voice_hooks.py: VoiceHooks.rung: await self._ringer.rung_line.hidden": "test_a_hidden_number_is_a_missed_call_with_nothing_to_ring",
    "sms/voice_hooks.py: VoiceHooks.nothing": "test_who_hears_it_all_and_presses_nothing_is_told_that_they_are_rung_back",
    "sms/voice_hooks.py: VoiceHooks.over": "test_who_hangs_up_before_pressing_a_key_is_to_be_rung_back_and_nothing_is_safe_to_say",
    "sms/calls.py: Ringer._place: await self._write(contact, call_backs.ended(placing.call, \"silent": "test_calls_nobody_takes_open_the_circuit_and_then_nothing_is_tried_until_it_lets_one_through",
    "sms/phone_line.py: attach.opened": "test_no_text_is_lost_or_sent_twice_by_a_kill",
    "sms/twilio_carrier.py: TwilioCarrier.close": "test_no_text_is_lost_or_sent_twice_by_a_kill",
    "sms/twilio_carrier.py: TwilioCarrier.hang_up": "test_a_call_rings_with_the_helplines_number_and_can_be_ended",
    "sms/twilio_carrier.py: TwilioCarrier.own_number": "test_a_line_that_is_set_up_is_well_in_everything",
    "sms/twilio_carrier.py: TwilioCarrier.own_service": "test_a_messaging_service_that_takes_the_texts_is_asked_where_it_brings_them",
    "sms/twilio_http.py: Http.close": "test_no_text_is_lost_or_sent_twice_by_a_kill",
    "sms/twilio_http.py: _whole: body +=": "test_after_an_answer_that_cannot_be_read_nobody_knows_whether_it_was_taken",
    "sms/calls.py: Ringer._ask_after: await self._write(": "test_a_call_the_carrier_knows_nothing_of_and_one_that_never_ends_are_not_known_to_go_on",
    "sms/calls.py: Ringer._place: await self._write(contact, call_backs.ended(placing.call, \"refused": "test_nobody_rings_without_a_number_of_their_own_and_nobody_is_shown_it",
    "sms/calls.py: Ringer._text_who_was_missed": "test_whichever_append_a_death_cuts_off_at_most_one_text_goes_and_after_the_restart_one",
    "sms/calls.py: Ringer.pressed: await self._write(contact.log, call_backs.ended(call, \"refused": "test_one_pressed_after_their_time_is_over_rings_nobody",
    "helpline/logbook.py: Logbook._first_answer": "test_the_same_say_twice_at_once_is_one_message",
    "helpline/logbook.py: Logbook.change: return await self._first_answer": "test_the_same_say_twice_at_once_is_one_message",
    "helpline/logbook.py: Logbook._written_at": "test_saying_the_same_with_the_same_id_is_one_message_and_one_answer",
    "helpline/logbook.py: Logbook.repeat_of": "test_and_so_it_is_after_a_restart",
    "helpline/logbook.py: Logbook._refold": "test_who_finds_the_log_longer_than_they_thought_reads_it_and_decides_again",
    "helpline/logbook.py: Logbook.change: if not await self._another_wrote": "test_nobody_is_refused_at_a_node_that_has_not_heard_yet_that_they_are_theirs",
    "helpline/logbook.py: Logbook._another_wrote": "test_nobody_is_refused_at_a_node_that_has_not_heard_yet_that_they_are_theirs",
    "helpline/logbook.py: Logbook.change: await self._refold": "test_who_finds_the_log_longer_than_they_thought_reads_it_and_decides_again",
    "helpline/logbook.py: Logbook.load": "test_what_was_not_confirmed_and_landed_is_told_when_the_log_is_next_touched",
    "helpline/logbook.py: Logbook.hear": "test_an_id_kept_by_another_node_is_answered_or_refused_here",
    "helpline/logbook.py: Logbook.newest": "test_an_id_kept_by_another_node_is_answered_or_refused_here",
    "helpline/logbook.py: Logbook.destroy": "test_a_whole_contact_folds_with_each_class_destroyed",
    "helpline/stores/sqlite_commits.py: Commits._roll_back": "test_a_conflict_in_a_batch_fails_alone",
    "helpline/stores/sqlite_commits.py: Commits._within": "test_documents_and_audit_ride_in_the_same_transaction_and_fail_alone",
    "helpline/stores/sqlite_commits.py: Commits.checkpoint": "test_no_text_is_lost_or_sent_twice_by_a_kill",
}  # fmt: skip


def whoever(nth: int) -> Talk:
    return Talk(f"+447700900{nth:03d}", f"+441632960{nth:03d}")


async def all_steps(
    evening: Evening, talk: Talk, kills: dict[str, tuple[Kill, int]], only: Sequence[str] = ()
) -> list[str]:
    """What happens to one person, with a death in each step that has one. The deaths that never came."""
    steps, missed = Steps(evening), []
    evening.talks.append(talk)
    for step in steps.in_order():
        if only and step.__name__ not in only:
            continue
        kill, nth = kills.get(step.__name__, (None, 1))
        if not await evening.take(step, talk, kill, nth) and kill is not None:
            missed.append(f"{step.__name__}: {kill}")
    await evening.take(steps.is_let_go, talk)
    return missed


async def where_to_die(evening: Evening) -> dict[str, list[tuple[Kill, int]]]:
    """For each step, every moment it comes by and the how manieth coming by, found by taking each without a death."""
    steps, talk = Steps(evening), whoever(0)
    evening.talks.append(talk)
    found: dict[str, list[tuple[Kill, int]]] = {}
    stood_for: dict[Moment, int] = {}
    for step in steps.in_order():
        await evening.take(step, talk)
        await evening.quiet()
        seen = evening.server.passed.seen()
        found[step.__name__] = here = []
        for kill in evening.kills(seen):
            times = 1
            if isinstance(kill, Moment):
                each_time = kill.place.words in APPENDS
                stood_for[kill] = stood_for.get(kill, 0) + 1
                if stood_for[kill] > FIRST_STEPS[kill.place.file in OWN_WAYS] and not each_time:
                    continue
                times = min(seen[kill], EACH_TIME) if each_time else 1
            here += [(kill, nth) for nth in range(1, times + 1)]
    await evening.take(steps.is_let_go, talk)
    return found


def spread(table: dict[str, list[tuple[Kill, int]]]) -> dict[str, tuple[Kill, int]]:
    """One for each step, each from further along."""
    steps = [step for step in table if table[step]]
    return {step: table[step][len(table[step]) * nth // len(steps)] for nth, step in enumerate(steps)}


@pytest.mark.timeout(300)
async def test_no_text_is_lost_or_sent_twice_by_a_kill(tmp_path: Path) -> None:
    """One death in each step of an evening, and every step of the code is one in which the long form dies."""
    async with an_evening(tmp_path) as evening:
        table = await where_to_die(evening)
        missed = await all_steps(evening, whoever(1), spread(table))
        assert len(missed) < 3, missed
        await nothing_is_lost(evening)
        lacking = not_covered({kill for kills in table.values() for kill, _ in kills})
        assert not lacking, "\n".join(lacking)


@pytest.mark.prove
@pytest.mark.timeout(7_200)
@pytest.mark.parametrize("block", range(BLOCKS))
async def test_nor_by_a_kill_at_every_step_there_is(tmp_path: Path, block: int) -> None:
    async with an_evening(tmp_path) as evening:
        table = await where_to_die(evening)
        deepest = max(len(kills) for kills in table.values())
        missed, came = [], 0
        for nth in range(block, deepest, BLOCKS):
            kills = {step: kills[nth] for step, kills in table.items() if nth < len(kills)}
            not_come = await all_steps(evening, whoever(len(evening.talks)), kills)
            came += len(kills) - len(not_come)
            missed += not_come
        print(f"block {block}: {came} deaths, {len(missed)} that never came")
        assert len(missed) * 10 < came, missed
        await nothing_is_lost(evening)


@pytest.mark.prove
@pytest.mark.timeout(7_200)
@pytest.mark.parametrize("kind", [syncing, handing_over, keeping_keys])
async def test_nor_by_a_kill_within_a_commit(tmp_path: Path, kind: Callable[[int], Point]) -> None:
    """What one statement of ours does in several: each page, and each sync, on its way to the disk."""
    async with an_evening(tmp_path) as evening:
        dying, came = {*COMMITTING}, 0
        for nth in range(1, DEEPEST):
            kills: dict[str, tuple[Kill, int]] = {step: (kind(nth), 1) for step in dying}
            missed = await all_steps(evening, whoever(nth), kills, only=COMMITTING)
            dying -= {step for step in COMMITTING if any(one.startswith(f"{step}:") for one in missed)}
            came += len(dying)
            if not dying:
                break
        print(f"{kind.__name__}: {came} deaths")
        assert came
        await nothing_is_lost(evening)


def not_covered(died_in: set[Kill]) -> list[str]:
    """Places of the code where nobody dies and that are not named as gone to elsewhere."""
    found = dict.fromkeys(moment.place for moment in moments(places()) if moment not in died_in)
    return [
        f"{place}\n  Nobody dies here: add a step to Steps, or name in ELSEWHERE the test that goes there."
        for place in found
        if not any(str(place).startswith(name) for name in ELSEWHERE)
    ]


def test_what_is_tested_elsewhere_is_there() -> None:
    tests = "".join(file.read_text() for file in (HOUSE / "tests").rglob("test_*.py"))
    assert [name for name in ELSEWHERE.values() if f"def {name}(" not in tests] == []
