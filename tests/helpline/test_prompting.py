"""A phrase in the words of somebody who waits: they are answered sooner, their supporter asks; nothing else."""

from pathlib import Path

import msgspec
import pytest

from helpline.contact import Contact
from helpline.contact import fold as folded
from helpline.errors import NotFound, NotNow
from helpline.events import PERSON, SERVICE, Event, Prompted, PromptFalse
from helpline.ladder_presses import prompt_false
from helpline.prompting import MOST_STANDING
from helpline.talking import Message
from helpline.tonight import figures, snapshot, summary_of, waiting_of
from helpline.urgency import phrase_id
from tests.helpline.conftest import OpenEvening
from tests.helpline.evening import EIGHT, Evening, definition_in, new_id

WORDS = "I don’t want to live any more"


async def prompts_of(evening: Evening, contact: str) -> list[Event]:
    return [event for event in await evening.events(contact) if event.kind == "prompted"]


async def in_turn(evening: Evening, people: int) -> list[str]:
    """So many who come one after another."""
    came = []
    for _ in range(people):
        came.append(await evening.person("en"))
        await evening.later(seconds=1)
    return came


def names(evening: Evening) -> list[str]:
    """Who waits, in the order the board has them."""
    return [one["contact"] for one in snapshot(evening.line)["waiting"]]


async def test_words_with_a_phrase_move_who_waits_up_and_the_dispatcher_serves_them_first(
    evening: Evening,
) -> None:
    first, second, third = await in_turn(evening, 3)
    await evening.says(third, WORDS)
    assert names(evening) == [third, first, second]
    await evening.on("lou")
    assert evening.asked(third) == "lou"


async def test_who_pressed_not_safe_comes_before_a_phrase_and_a_phrase_before_who_was_let_go(
    evening: Evening,
) -> None:
    await evening.on("lou")
    let_go = await evening.with_("lou")
    earlier, phrase, pressed = await in_turn(evening, 3)
    await evening.line.release(evening.who("lou"), let_go, "queue", new_id())
    await evening.line.away(evening.who("lou"), "pause")
    await evening.says(phrase, WORDS)
    await evening.line.not_safe(pressed, new_id())
    await evening.settled()
    assert names(evening) == [pressed, phrase, let_go, earlier]


async def test_the_first_message_counts_as_any_other(evening: Evening) -> None:
    await evening.person("en")
    contact = await evening.person("pl", "nie chce mi się żyć")
    (prompt,) = await prompts_of(evening, contact)
    assert isinstance(prompt.body, Prompted)
    assert (prompt.by, prompt.body.of, prompt.body.lang) == (SERVICE, 2, "pl")
    assert prompt.body.phrase_id == phrase_id("pl", "nie chce mi się żyć")
    assert names(evening)[0] == contact


async def test_a_prompt_says_where_the_words_stand_and_changes_nothing_else(evening: Evening) -> None:
    contact = await evening.person("en")
    before = evening.fold(contact)
    await evening.says(contact, WORDS)
    (prompt,) = await prompts_of(evening, contact)
    assert isinstance(prompt.body, Prompted)
    assert WORDS[prompt.body.begins : prompt.body.ends] == "don’t want to live"
    after = evening.fold(contact)
    assert (after.rung, after.highest_rung, after.alerts, after.clocks) == (
        0,
        0,
        before.alerts,
        before.clocks,
    )
    assert (after.phase, after.talk, after.waiting_since) == (
        "waiting",
        before.talk + 1,
        before.waiting_since,
    )
    assert summary_of(evening.line, after)["prompts"] == [
        {"seq": prompt.seq, "of": prompt.body.of, "at": prompt.at}
    ]


async def test_on_a_live_contact_the_supporter_is_asked_too_and_told_each_time(evening: Evening) -> None:
    await evening.on("dev")
    contact = await evening.with_("dev")
    for _ in range(2):
        await evening.says(contact, WORDS)
    assert [one.of for one in evening.fold(contact).prompts.standing] == [
        event.seq for event in await evening.events(contact) if getattr(event.body, "text", "") == WORDS
    ]


async def test_words_put_right_are_looked_through_anew_and_a_prompt_is_not_taken_back_by_correcting(
    evening: Evening,
) -> None:
    contact = await evening.person("en", None)
    said = await evening.says(contact, "I want to")
    await evening.line.correct(contact, PERSON, said.seq, "I want to die", new_id())
    (prompt,) = await prompts_of(evening, contact)
    assert isinstance(prompt.body, Prompted)
    assert prompt.body.of == said.seq
    await evening.line.correct(contact, PERSON, said.seq, "I want tea", new_id())
    assert len(evening.fold(contact).prompts.standing) == 1


async def test_a_batch_that_was_written_without_a_line_is_looked_through_message_by_message(
    evening: Evening,
) -> None:
    contact = await evening.person("en", None)
    batch = [Message(new_id(), text) for text in ("hello", WORDS, "sorry", "it is suicide")]
    answer = await evening.line.say(contact, PERSON, batch)
    assert [one.of for one in evening.fold(contact).prompts.standing] == [answer.seqs[1], answer.seqs[3]]
    again = await evening.line.say(contact, PERSON, batch)
    assert again.seqs == answer.seqs
    assert len(await prompts_of(evening, contact)) == 2


async def test_what_the_supporter_writes_is_no_phrase(evening: Evening) -> None:
    await evening.on("dev")
    contact = await evening.with_("dev")
    await evening.answers("dev", contact, "Are you thinking of suicide?")
    assert await prompts_of(evening, contact) == []


async def test_not_that_is_one_press_and_gives_the_place_back(evening: Evening) -> None:
    await evening.on("dev")
    contact = await evening.with_("dev")
    await evening.says(contact, "my dog is suicidal about squirrels")
    (prompt,) = await prompts_of(evening, contact)
    key = new_id()
    first = await prompt_false(evening.line, evening.who("dev"), contact, of=prompt.seq, client_id=key)
    again = await prompt_false(evening.line, evening.who("dev"), contact, of=prompt.seq, client_id=key)
    assert (first.seq, first.at) == (again.seq, again.at)
    assert evening.fold(contact).prompts.standing == ()
    assert evening.fold(contact).turn == 3
    with pytest.raises(NotNow):
        await prompt_false(evening.line, evening.who("dev"), contact, of=prompt.seq, client_id=new_id())


async def test_not_that_takes_one_prompt_and_leaves_the_others(evening: Evening) -> None:
    await evening.on("dev")
    contact = await evening.with_("dev")
    for text in (WORDS, "suicide is in the news", WORDS):
        await evening.says(contact, text)
    seqs = [one.seq for one in await prompts_of(evening, contact)]
    await prompt_false(evening.line, evening.who("dev"), contact, of=seqs[1], client_id=new_id())
    assert [one.seq for one in evening.fold(contact).prompts.standing] == [seqs[0], seqs[2]]


async def test_only_who_is_with_them_or_leads_says_not_that(evening: Evening) -> None:
    await evening.on("dev", "mari")
    contact = await evening.person("ur")
    await evening.accepts("dev", contact)
    await evening.says(contact, WORDS)
    (prompt,) = await prompts_of(evening, contact)
    with pytest.raises(NotFound):
        await prompt_false(evening.line, evening.who("mari"), contact, of=prompt.seq, client_id=new_id())
    await prompt_false(evening.line, evening.who("jo"), contact, of=prompt.seq, client_id=new_id())
    assert evening.fold(contact).prompts.standing == ()


async def test_figures_count_prompts_and_false_ones_by_phrase_and_hold_no_words(evening: Evening) -> None:
    await evening.on("dev")
    contact = await evening.with_("dev")
    for text in (WORDS, "suicide", "SUICIDE!"):
        await evening.says(contact, text)
    seqs = [one.seq for one in await prompts_of(evening, contact)]
    await prompt_false(evening.line, evening.who("dev"), contact, of=seqs[2], client_id=new_id())
    assert {key: figures(evening.line)[key] for key in ("prompts", "prompts_false")} == {
        "prompts": 3,
        "prompts_false": 1,
    }
    await evening.ends("dev", contact)
    await evening.restart()
    (kept,) = await evening.line.store.facts(EIGHT, evening.clock.now().replace(year=2027))
    facts = msgspec.json.decode(kept)
    assert facts["prompts"] == {
        "en/" + phrase_id("en", "dont want to live"): [1, 0],
        "en/" + phrase_id("en", "suicide"): [2, 1],
    }
    assert not any(word in kept.decode().lower() for word in ("suicide", "live", "want"))


async def test_a_prompt_survives_a_restart_and_its_phrase_goes_when_the_words_go(evening: Evening) -> None:
    other = await evening.person("en")
    contact = await evening.person("en", WORDS)
    before = evening.fold(contact)
    await evening.restart()
    assert evening.fold(contact) == before
    assert names(evening) == [contact, other]
    events = await evening.events(contact)
    wordless = [
        msgspec.structs.replace(event, body=msgspec.structs.replace(event.body, phrase_id=None))
        if isinstance(event.body, Prompted)
        else event
        for event in events
    ]
    after = folded(Contact(contact), wordless)
    assert [(one.seq, one.of) for one in after.prompts.standing] == [
        (one.seq, one.of) for one in before.prompts.standing
    ]
    assert after.turn == before.turn == 1


async def test_a_flood_of_phrases_is_kept_bounded_and_counted_whole(evening: Evening) -> None:
    contact = await evening.person("en", None)
    for _ in range(MOST_STANDING + 5):
        await evening.says(contact, "suicide")
    fold = evening.fold(contact)
    assert len(fold.prompts.standing) == MOST_STANDING
    assert list(fold.prompts.counted.values()) == [(MOST_STANDING + 5, 0)]


async def test_the_board_says_which_promised_language_has_no_list(
    tmp_path: Path, open_evening: OpenEvening
) -> None:
    none_in_urdu = definition_in(tmp_path, "[urgency.phrases]\nur = []\n")
    evening = await open_evening(none_in_urdu)
    assert snapshot(evening.line)["no_phrases"] == ["ur"]
    contact = await evening.person("ur", "خودکشی")
    assert await prompts_of(evening, contact) == []


async def test_no_list_no_prompt_and_the_queue_is_as_it_was(
    tmp_path: Path, open_evening: OpenEvening
) -> None:
    empty = ", ".join(f"{tag} = []" for tag in ("en", "cy", "pl", "ur", "ar"))
    evening = await open_evening(definition_in(tmp_path, f"[urgency]\nphrases = {{ {empty} }}\n"))
    first, second = await in_turn(evening, 2)
    await evening.says(second, WORDS)
    assert names(evening) == [first, second]
    assert snapshot(evening.line)["no_phrases"] == ["en", "cy", "pl", "ur"]


async def test_the_person_is_told_the_place_they_had_and_staff_the_one_they_have(evening: Evening) -> None:
    await evening.on("lou", ready=False)
    first, second = await in_turn(evening, 2)
    await evening.says(second, WORDS)
    places = {one: evening.line.queue_place(evening.fold(one)) for one in (first, second)}
    assert [place and place["position"] for place in places.values()] == [1, 2]
    assert [waiting_of(evening.line, evening.fold(one))["position"] for one in (first, second)] == [2, 1]


def test_a_prompt_that_is_called_false_twice_or_was_never_there_changes_nothing() -> None:
    contact = Contact("c-00000000000000000000000001")
    event = Event(seq=1, at=EIGHT, by=SERVICE, body=PromptFalse(9))
    assert contact.apply(event).prompts == contact.prompts
