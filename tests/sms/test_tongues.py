"""A first text in a language of the service is known by it where that is plain, and taken for none where it is not."""

import tomllib
from collections import Counter
from itertools import combinations
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app import HOUSE
from sms.tongues import _LISTS, written_in
from tests.sms.carrier_house import CarrierHouse
from tests.sms.text_evening import TextEvening

PROMISED = ("en", "cy", "pl", "ur", "ar")
SAID: list[tuple[str, str, str]] = [
    (key, tag, text)
    for key, texts in tomllib.loads((HOUSE / "helpline" / "messages.toml").read_text()).items()
    for tag, given in texts.items()
    for text in ([given] if isinstance(given, str) else given)
]


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("nie mogę spać, jest tam ktoś?", "pl"),
        ("nie moge spac boje sie", "pl"),
        ("Noswaith dda. Dwi ddim yn gallu cysgu", "cy"),
        ("oes rhywun yma heno", "cy"),
        ("مجھے نیند نہیں آ رہی", "ur"),
        ("mujhe neend nahi aa rahi", "ur"),
        ("لا أستطيع النوم الليلة", "ar"),
        ("is anybody there, i can't sleep", "en"),
    ],
)
def test_what_people_text_at_night_is_known(text: str, language: str) -> None:
    assert written_in(text, PROMISED) == language


@pytest.mark.parametrize(
    "text",
    ["", "hi", "??", "Łukasz", "my name is Łukasz and i am not ok", "da", "no i co", "999", "😞😞", "salam"],
)
def test_what_is_not_plain_is_taken_for_none_or_for_english(text: str) -> None:
    assert written_in(text, PROMISED) in ("", "en")


def test_one_sign_is_not_enough_and_two_are() -> None:
    assert written_in("jestem", PROMISED) == ""
    assert written_in("jestem tutaj", PROMISED) == "pl"


def test_as_much_of_one_as_of_another_is_neither() -> None:
    assert written_in("jestem tutaj oes rhywun", PROMISED) == ""


def test_only_what_the_service_promises_is_found() -> None:
    assert written_in("nie mogę spać, boję się", ("en", "cy")) == ""
    assert written_in("nie mogę spać, boję się", ("en-GB", "pl-PL")) == "pl-PL"


def test_no_word_counts_for_two_languages() -> None:
    for one, other in combinations(_LISTS, 2):
        assert not _LISTS[one] & _LISTS[other], (one, other)


def test_nothing_the_service_says_is_taken_for_another_language_than_its_own() -> None:
    """All that it says stands here in five languages, which makes it a fair sample of each."""
    told: Counter[str] = Counter()
    long: Counter[str] = Counter()
    for key, tag, text in SAID:
        found = written_in(text, PROMISED)
        assert found in ("", tag), f"{key} in {tag} is taken for {found}: {text}"
        if len(text.split()) >= 6:
            long[tag] += 1
            told[tag] += found == tag
    assert all(told[tag] >= 0.75 * long[tag] > 0 for tag in PROMISED), (told, long)


@given(st.text(max_size=200))
def test_anything_at_all_may_be_texted(text: str) -> None:
    assert written_in(text, PROMISED) in ("", *PROMISED)


async def test_a_first_text_is_answered_in_its_language_and_goes_to_who_speaks_it(tmp_path: Path) -> None:
    house = await CarrierHouse().open()
    evening = await TextEvening(tmp_path, house).open()
    await evening.on("mari", "ania")
    contact = await evening.texts("nie mogę spać, jest tam ktoś?")
    fold = evening.fold(contact)
    assert fold.language == "pl"
    assert fold.offer is not None
    assert fold.offer.supporter == "ania"
    assert "odpowie na nią człowiek" in evening.house.messages[-1]["body"]
    await evening.texts("English")
    assert evening.fold(contact).language == "en"
    await evening.close()
    await house.close()
