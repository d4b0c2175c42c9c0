"""The words on the person's pages: the same in every language, and found by the rules of language tags."""

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from webchat.words import (
    SHIPPED,
    catalogue,
    choose,
    clock_time,
    day_and_time,
    days_of_the_week,
    direction,
    minutes,
    months_of_the_year,
    name_of,
    own_name,
    words_in,
)

HOUSE = Path(__file__).resolve().parents[2]
FILLING = re.compile(r"\{(\w+)\}")
PAGES = (
    *HOUSE.glob("templates/person/*.html"),
    *HOUSE.glob("webchat/static/person/*.js"),
    HOUSE / "webchat" / "chat_pages.py",
    HOUSE / "webchat" / "chat_view.py",
    HOUSE / "webchat" / "transcript.py",
)


@pytest.mark.parametrize("tag", SHIPPED)
def test_every_language_says_the_same_things(tag: str) -> None:
    english, other = catalogue("en").texts, catalogue(tag).texts
    assert other.keys() == english.keys()
    for key, text in other.items():
        assert text.strip() == text, f"{tag}: {key}"
        assert text, f"{tag}: {key}"
        assert set(FILLING.findall(text)) == set(FILLING.findall(english[key])), f"{tag}: {key}"


@pytest.mark.parametrize("tag", SHIPPED)
def test_nothing_shouts(tag: str) -> None:
    loud = [key for key, text in catalogue(tag).texts.items() if "!" in text]
    assert not loud


def test_sentences_are_short_enough_to_read_on_a_bad_night() -> None:
    """A sentence of more than 18 words is above the reading age we write for."""
    long = [
        f"{key}: {sentence}"
        for key, text in catalogue("en").texts.items()
        for sentence in re.split(r"[.?]", text)
        if len(sentence.split()) > 18
    ]
    assert not long


def test_every_word_a_page_asks_for_is_there() -> None:
    asked = re.compile(r"""(?:w\[|words\[|w\.fill\(|words\.fill\(|say\()\s*["'](\w+\.\w+)["'](?!\s*~)""")
    texts = catalogue("en").texts
    missing = [
        f"{path.name}: {key}"
        for path in PAGES
        for key in asked.findall(path.read_text(encoding="utf-8"))
        if key not in texts
    ]
    assert not missing


def test_a_language_is_found_by_shortening_its_tag() -> None:
    assert words_in("cy-GB").language == "cy"
    assert words_in("ar-EG-u-nu-arab").language == "ar"
    assert words_in("so", "pl").language == "pl"
    assert words_in("so").language == "en"


def test_only_what_is_shipped_has_a_catalogue() -> None:
    with pytest.raises(LookupError):
        catalogue("de")


@pytest.mark.parametrize(
    ("accepted", "chosen"),
    [
        ("cy-GB,cy;q=0.9,en;q=0.8", "cy"),
        ("de,pl;q=0.8,en;q=0.9", "en"),
        ("pl;q=0,ur", "ur"),
        ("de-CH", "en"),
        ("", "en"),
        ("pl;q=high, ar", "ar"),
    ],
)
def test_the_browser_may_ask_for_a_language(accepted: str, chosen: str) -> None:
    assert choose(accepted, SHIPPED, "en") == chosen


def test_languages_say_their_own_names_and_directions() -> None:
    assert [own_name(tag) for tag in ("cy", "ar", "de")] == ["Cymraeg", "العربية", "Deutsch"]
    assert [direction(tag) for tag in ("ar", "ur", "ku-Arab", "pl", "ku", "not a tag")] == [
        "rtl",
        "rtl",
        "rtl",
        "ltr",
        "ltr",
        "ltr",
    ]
    assert name_of("pl", "cy") == "Pwyleg"


def test_a_name_is_held_apart_in_a_sentence_from_right_to_left() -> None:
    assert words_in("ar").fill("talk.with_you", name="Sam") == "معك \u2068Sam\u2069"
    assert words_in("en").fill("talk.with_you", name="Sam") == "Sam is with you"


def test_times_are_said_in_the_services_own_zone() -> None:
    summer = datetime(2026, 7, 3, 17, 30, tzinfo=UTC)
    assert clock_time(summer, "Europe/London", "en") == "18:30"
    assert day_and_time(summer, "Europe/London", "pl") == "piątek 18:30"


def test_minutes_are_counted_in_the_digits_of_a_telephone() -> None:
    said = {tag: minutes(10, tag) for tag in SHIPPED}
    assert said["en"] == "10 minutes"
    assert said["cy"] == "10 munud"
    assert all("10" in text for text in said.values())


def test_days_are_counted_as_scripts_count_them() -> None:
    assert days_of_the_week("cy")[0] == "Dydd Sul"
    assert days_of_the_week("pl")[5] == "piątek"
    assert months_of_the_year("pl")[10] == "listopada"
