"""The phrase lists are a log: a supervisor changes them, the next message knows, and every step can be turned round."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpline.errors import BadRequest, NotAllowed, NotNow
from helpline.phrase_book import ListedPhrase, PhraseChanged, PhraseLists
from helpline.phrase_keeping import PhraseKeeping
from helpline.tonight import snapshot
from helpline.urgency import MOST, phrase_id, shipped_phrases
from tests.helpline.conftest import OpenEvening
from tests.helpline.evening import Evening, definition_in, new_id


@pytest.fixture
def lists(evening: Evening) -> PhraseKeeping:
    return evening.line.phrases


async def add(evening: Evening, text: str, lang: str = "en", who: str = "robin") -> int:
    return await evening.line.phrases.add(evening.who(who), lang, text, new_id(), "heard it often")


def prompts(evening: Evening, contact: str) -> int:
    return len(evening.fold(contact).prompts.standing)


async def test_the_next_message_is_looked_through_with_the_new_list(evening: Evening) -> None:
    contact = await evening.person("en", "I am at the end of my rope")
    assert prompts(evening, contact) == 0
    await add(evening, "end of my rope")
    await evening.says(contact, "I said: the END of my rope!")
    assert prompts(evening, contact) == 1
    held = evening.line.phrases.phrase("en/" + phrase_id("en", "end of my rope"))
    await evening.line.phrases.switch(evening.who("robin"), held.id, False, new_id())
    await evening.says(contact, "the end of my rope")
    assert prompts(evening, contact) == 1
    await evening.line.phrases.switch(evening.who("robin"), held.id, True, new_id())
    await evening.line.phrases.reword(evening.who("robin"), held.id, "end of the line", new_id())
    await evening.says(contact, "the end of my rope")
    assert prompts(evening, contact) == 1
    await evening.says(contact, "the end of the line")
    assert prompts(evening, contact) == 2


async def test_what_was_changed_survives_a_restart_and_what_was_taken_out_stays_out(evening: Evening) -> None:
    suicide = "en/" + phrase_id("en", "suicide")
    await evening.line.phrases.switch(evening.who("robin"), suicide, False, new_id())
    reworded = "en/" + phrase_id("en", "kms")
    await evening.line.phrases.reword(evening.who("robin"), reworded, "k m s now", new_id())
    before = evening.line.phrases.lists
    await evening.restart()
    assert evening.line.phrases.lists == before
    assert evening.line.phrases.book.find("suicide") is None
    assert evening.line.phrases.book.find("kms") is None
    assert evening.line.phrases.book.find("k m s now") is not None


async def test_a_phrase_that_is_new_in_the_file_comes_in_once(
    tmp_path: Path, open_evening: OpenEvening
) -> None:
    evening = await open_evening(definition_in(tmp_path))
    begun = len(evening.line.phrases.lists.phrases)
    assert begun == sum(len(each) for each in shipped_phrases().values())
    (tmp_path / "more").mkdir()
    more = definition_in(tmp_path / "more", '[urgency.phrases]\nen = ["suicide", "had enough of it all"]\n')
    evening.definition = more
    await evening.restart()
    assert len(evening.line.phrases.lists.phrases) == begun + 1
    assert evening.line.phrases.book.find("I have had enough of it all") is not None
    newest = (await evening.line.phrases.history())[0]
    assert (newest.by.role, newest.what, len(newest.changes)) == ("service", "seeded", 1)


async def test_every_step_says_who_when_and_why_and_is_turned_round_once(
    evening: Evening, lists: PhraseKeeping
) -> None:
    before = lists.lists.in_use
    seq = await add(evening, "end of my rope")
    newest = (await lists.history())[0]
    assert (newest.by.id, newest.what, newest.why) == ("robin", "added", "heard it often")
    await lists.undo(evening.who("robin"), seq, new_id())
    assert lists.lists.in_use == before
    assert (await lists.history())[0].undoes == seq
    with pytest.raises(NotNow):
        await lists.undo(evening.who("robin"), seq, new_id())


async def test_a_press_sent_twice_is_one_step(evening: Evening, lists: PhraseKeeping) -> None:
    robin, id = evening.who("robin"), new_id()
    first = await lists.add(robin, "en", "end of my rope", id)
    assert await lists.add(robin, "en", "end of my rope", id) == first == lists.seq
    with pytest.raises(NotNow):
        await lists.add(robin, "en", "The end of my rope"[4:].upper(), new_id())


async def test_only_who_keeps_the_lists_changes_them(evening: Evening) -> None:
    for who in ("ania", "jo"):
        with pytest.raises(NotAllowed):
            await add(evening, "end of my rope", who=who)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "so short"),
        ("ab", "so short"),
        ("no " * 17, "17 words"),
        ("x" * 201, "at most 200"),
        ("you", "sentences this service says itself"),
    ],
)
async def test_a_phrase_that_would_be_found_everywhere_is_refused(
    evening: Evening, text: str, said: str
) -> None:
    with pytest.raises(BadRequest, match=said):
        await add(evening, text)


async def test_a_list_has_a_length_and_a_language_that_exists(evening: Evening, lists: PhraseKeeping) -> None:
    robin = evening.who("robin")
    full = [f"phrase number {n}" for n in range(MOST)]
    await lists.replace(robin, "so", full, new_id(), seen=lists.seq)
    with pytest.raises(BadRequest, match=str(MOST)):
        await add(evening, "one more phrase", "so")
    with pytest.raises(BadRequest, match=str(MOST + 1)):
        await lists.replace(robin, "so", [*full, "one more phrase"], new_id(), seen=lists.seq)
    with pytest.raises(BadRequest, match="language tag"):
        await add(evening, "end of my rope", "english please")


async def test_a_list_brought_from_a_file_switches_off_what_is_not_in_it(
    evening: Evening, lists: PhraseKeeping
) -> None:
    seen = lists.seq
    await lists.replace(evening.who("robin"), "pl", ["chcę umrzeć", "mam dość życia"], new_id(), seen=seen)
    assert lists.lists.in_use["pl"] == ("chcę umrzeć", "mam dość życia")
    assert len(lists.lists.of("pl")) == len(shipped_phrases()["pl"]) + 1
    with pytest.raises(NotNow):
        await lists.replace(evening.who("robin"), "pl", ["chcę umrzeć"], new_id(), seen=seen)


async def test_trying_out_shows_what_would_be_found_and_keeps_nothing(
    evening: Evening, lists: PhraseKeeping
) -> None:
    before = lists.seq
    lines = ["the END of my rope", "I want to die", "my rope is long", ""]
    tried = lists.try_out(lines, "en", "end of my rope")
    assert [(one.found, one.phrase) for one in tried] == [
        ("END of my rope", "end of my rope"),
        ("want to die", "want to die"),
        ("", ""),
    ]
    die = "en/" + phrase_id("en", "want to die")
    assert [one.found for one in lists.try_out(lines, "en", "wish to die", die)] == ["", "", ""]
    assert lists.seq == before
    assert lists.book.find("the end of my rope") is None


async def test_the_board_says_which_language_has_no_phrase_left(
    evening: Evening, lists: PhraseKeeping
) -> None:
    assert snapshot(evening.line)["no_phrases"] == []
    await lists.replace(evening.who("robin"), "ur", [], new_id(), seen=lists.seq)
    assert snapshot(evening.line)["no_phrases"] == ["ur"]


TEXTS = st.sampled_from(["had enough", "Had ENOUGH", "end it", "goodbye all", "no way out"])


STEP = st.tuples(st.sampled_from(["on", "off", "reword", "become"]), TEXTS, TEXTS)


def changes_of(lists: PhraseLists, what: str, text: str, other: str) -> tuple[PhraseChanged, ...]:
    one = ListedPhrase(lang="en", text=text, on=what != "off")
    if what == "become":
        return lists.becoming("en", [text, other])
    if what == "reword":
        return lists.rewording(lists.phrases[one.id], other) if one.id in lists.phrases else ()
    return lists.putting(one)


@given(st.lists(STEP, max_size=12))
def test_any_step_turned_round_gives_back_what_was_there(steps: list[tuple[str, str, str]]) -> None:
    lists = PhraseLists()
    for step in steps:
        changes = changes_of(lists, *step)
        after = lists.apply(changes)
        assert after.apply(after.turned(changes)).phrases == lists.phrases
        assert all(id == held.id for id, held in after.phrases.items())
        lists = after
