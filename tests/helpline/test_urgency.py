"""Phrases are found as people write them, in whole words, in bounded time; and the lists are the service's own."""

import time
import unicodedata
from pathlib import Path
from typing import Literal, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpline.definition import read_definition
from helpline.definition_checks import check
from helpline.messages import MESSAGES
from helpline.urgency import LONGEST, MOST, PhraseBook, phrase_id, shipped_phrases, words_of
from tests.helpline.definitions import HOURS, NOTE, TOP, definition_of, mistakes_of, told, written

SHIPPED = PhraseBook(shipped_phrases())
FIVE = {"en", "cy", "pl", "ur", "ar"}


@pytest.mark.parametrize(
    ("text", "lang"),
    [
        ("I want to die", "en"),
        ("I WANT TO DIE!!", "en"),
        ("i dont want to live", "en"),
        ("I don't want to live", "en"),
        ("I don’t want to live", "en"),
        ("I don`t want to live", "en"),
        ("want\u00a0to\u200b die", "en"),
        ("\uff37\uff41\uff4e\uff54 to die", "en"),
        ("self-harm", "en"),
        ("Dw i isio marw", "cy"),
        ("dod a fy mywyd i ben", "cy"),
        ("lladd fi’n hun", "cy"),
        ("Zabiję się", "pl"),
        ("zabije sie dzisiaj", "pl"),
        ("CHCĘ UMRZEĆ", "pl"),
        ("chce\u0328 umrzec\u0301", "pl"),
        ("میں خودکشی کر لوں گا", "ur"),
        ("میں خُودکُشی کر لوں گا", "ur"),
        ("ميں خودكشي كر لوں گا", "ur"),
        ("marna chahta hoon", "ur"),
        ("أريد أن أموت", "ar"),
        ("اريد ان اموت", "ar"),
        ("أُرِيدُ أَنْ أَمُوتَ", "ar"),
        ("أريـــد أن أمـوت", "ar"),
    ],
)
def test_a_phrase_is_found_however_it_is_written(text: str, lang: str) -> None:
    found = SHIPPED.find(text)
    assert found is not None
    assert found.lang == lang


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "I cannot sleep",
        "skill myself at chess",
        "I want to diet",
        "suicidally is another word, suicides too",
        "Nie mogę spać",
        "نیند نہیں آتی",
        "لا أستطيع النوم",
        "'",
        "\u200b",
        "🙂🙂",
    ],
)
def test_other_words_are_left_alone(text: str) -> None:
    assert SHIPPED.find(text) is None


def test_what_a_service_says_itself_is_no_phrase_besides_not_safe() -> None:
    said = [text for key, texts in MESSAGES.items() if "safe" not in key for text in texts.values()]
    assert [text for text in said if SHIPPED.find(text) is not None] == []


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("I want to die", "want to die"),
        ("Tonight, I don’t want to live. Sorry.", "don’t want to live."),
        ("— Zabiję się —", "Zabiję się"),
        ("یہ خُودکُشی ہے", "خُودکُشی"),
        ("\ufdfa want to die", "want to die"),
        ("want\u00a0to\u2003die", "want\u00a0to\u2003die"),
    ],
)
def test_the_place_of_the_words_is_where_they_stand_in_the_message(text: str, place: str) -> None:
    found = SHIPPED.find(text)
    assert found is not None
    assert text[found.begins : found.ends] == place


def test_where_a_script_has_no_spaces_a_run_of_signs_is_found() -> None:
    book = PhraseBook({"ja": ["死にたい"], "th": ["อยากตาย"]})
    found = book.find("もう死にたいです")
    assert found is not None
    assert found.lang == "ja"
    assert book.find("ตอนนี้อยากตายมาก") is not None
    assert book.find("生きたい") is None


def test_the_first_place_and_there_the_longest_phrase_is_the_one() -> None:
    book = PhraseBook({"en": ["end it", "end it all", "go away"]})
    found = book.find("I will end it all and go away")
    assert found is not None
    assert found.phrase == phrase_id("en", "end it all")
    shorter = book.find("I will end it alone")
    assert shorter is not None
    assert shorter.phrase == phrase_id("en", "END it")


def test_every_list_is_looked_through_and_the_pages_language_decides_between_equals() -> None:
    book = PhraseBook({"en": ["no more"], "xx": ["no more"]})
    chosen = {lang: book.find("no more", lang) for lang in ("en", "xx", "pl")}
    assert [found.lang for found in chosen.values() if found] == ["en", "xx", "en"]
    polish_on_an_english_page = SHIPPED.find("chcę umrzeć", "en")
    assert polish_on_an_english_page is not None
    assert polish_on_an_english_page.lang == "pl"


def test_a_phrases_name_says_none_of_its_words_and_stays_when_the_list_is_sorted_anew() -> None:
    one, other = PhraseBook({"en": ["a b c", "d e f"]}), PhraseBook({"en": ["d e f", "x y", "A B  c"]})
    first, second = one.find("a b c"), other.find("a b c")
    assert first is not None
    assert second is not None
    assert first.phrase == second.phrase
    assert len(first.phrase) == 8
    assert int(first.phrase, 16) >= 0


@given(st.text(max_size=200))
def test_folding_twice_is_folding_once_and_its_form_makes_no_difference(text: str) -> None:
    words = words_of(text)
    assert words_of(" ".join(words)) == words
    assert words_of(unicodedata.normalize("NFC", text)) == words_of(unicodedata.normalize("NFD", text))


Form = Literal["NFC", "NFD", "NFKC", "NFKD"]
FORMS: tuple[Form, ...] = get_args(Form)
PHRASE = st.sampled_from([phrase for each in shipped_phrases().values() for phrase in each])


@given(st.text(max_size=60), PHRASE, st.text(max_size=60), st.sampled_from(FORMS))
def test_every_shipped_phrase_is_found_among_any_other_words(
    before: str, phrase: str, after: str, form: Form
) -> None:
    # Left out signs and joined marks would belong to the phrase's own first and last word.
    text = unicodedata.normalize(form, f"{before} . {phrase.upper()} . {after}")
    found = SHIPPED.find(text)
    assert found is not None
    assert 0 <= found.begins < found.ends <= len(text)


@pytest.mark.parametrize(
    "text",
    [
        "i want to " * 400,
        "dont want to be here any " * 160,
        "\ufdfa" * 4_000,
        "a" * 4_000,
        "a " * 2_000,
        "死" * 4_000,
    ],
    ids=["near misses", "nearly the longest", "one sign of eighteen", "one word", "many words", "signs"],
)
def test_the_worst_message_costs_no_more_than_a_breath(text: str) -> None:
    hostile = PhraseBook(
        shipped_phrases() | {"en": tuple("a " * n + f"b{m}" for n in range(1, LONGEST) for m in range(20))}
    )
    hostile.find(text)
    began = time.process_time()
    hostile.find(text)
    assert time.process_time() - began < 0.1


# -- the lists of a service ------------------------------------------------------------------------------------------


def test_a_service_that_writes_no_list_has_the_five_shipped_ones(tmp_path: Path) -> None:
    assert set(definition_of(tmp_path).seed_phrases) == FIVE == set(shipped_phrases())
    for phrases in shipped_phrases().values():
        assert len(phrases) == len({" ".join(words_of(phrase)) for phrase in phrases})


def test_a_list_a_service_writes_takes_the_place_of_ours_in_that_language_alone(tmp_path: Path) -> None:
    lists = '[urgency.phrases]\nen = ["had enough"]\npl = []\nso = ["waan dhintaa"]\n'
    book = PhraseBook(definition_of(tmp_path, lists).seed_phrases)
    assert book.find("I have had enough") is not None
    assert book.find("I want to die") is None
    assert book.find("chcę umrzeć") is None
    assert book.find("isio marw") is not None
    assert book.languages == {"en", "cy", "ur", "ar", "so"}
    assert [book.has_list(tag) for tag in ("en-GB", "pl", "so", "de")] == [True, False, True, False]


def test_a_promised_language_that_begins_without_a_list_is_warned_of(tmp_path: Path) -> None:
    begins_without = definition_of(tmp_path, "[urgency.phrases]\nen = []\n")
    (told_of,) = [one for one in check(begins_without) if one.key.startswith("urgency")]
    assert (told_of.key, told_of.kind) == ("urgency.phrases.en", "warning")


def test_the_lists_are_as_they_are_now_and_pinned_to_nobody(tmp_path: Path) -> None:
    assert (
        definition_of(tmp_path, '[urgency.phrases]\nen = ["had enough"]\n').hash
        == definition_of(tmp_path).hash
    )


MISTAKES = [
    ('phrases = ["x"]', "urgency", "not a table", "[urgency.phrases]"),
    ('phases = { en = ["not safe"] }', "urgency.phases", "not known", "phrases"),
    ('phrases = { english = ["not safe"] }', "urgency.phrases.english", "not a language tag", "BCP 47"),
    ('phrases = { en = "not safe" }', "urgency.phrases.en", "not a list", "[] for none"),
    ("phrases = { en = [3] }", "urgency.phrases.en", "not a list", "[] for none"),
    (
        'phrases = { en = ["not safe", "ab"] }',
        "urgency.phrases.en[1]",
        "stands in almost everything",
        "around it",
    ),
    ('phrases = { en = ["!!"] }', "urgency.phrases.en[0]", "stands in almost everything", "around it"),
    (f'phrases = {{ en = ["{"no " * (LONGEST + 1)}"] }}', "urgency.phrases.en[0]", "17 words", "at most 16"),
    (
        f"phrases = {{ en = {[f'phrase {n}' for n in range(MOST + 1)]} }}",
        "urgency.phrases.en",
        "401",
        "matter most",
    ),
]


@pytest.mark.parametrize(
    ("table", "key", "what", "mend"), MISTAKES, ids=[row[1] + row[2] for row in MISTAKES]
)
def test_a_mistake_in_a_list_is_told(tmp_path: Path, table: str, key: str, what: str, mend: str) -> None:
    mistakes = mistakes_of(tmp_path, TOP + HOURS + NOTE + "[urgency]\n" + table)
    mistake = told(mistakes, key)
    assert len(mistakes) == 1, [str(each) for each in mistakes]
    assert what in mistake.what
    assert mend in mistake.mend
    read_definition(written(tmp_path, TOP + HOURS + NOTE + '[urgency]\nphrases = { en = ["not safe"] }'))
