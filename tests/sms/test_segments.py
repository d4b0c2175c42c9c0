"""What a text costs on the way, and how a long one is parted."""

import re
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sms.segments import LONGEST_TEXT, Segments, alphabet, plainly, segments, texts


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", Segments("GSM-7", 0, 160)),
        ("a" * 160, Segments("GSM-7", 1, 0)),
        ("a" * 161, Segments("GSM-7", 2, 145)),
        ("a" * 306, Segments("GSM-7", 2, 0)),
        ("a" * 307, Segments("GSM-7", 3, 152)),
        ("€" * 80, Segments("GSM-7", 1, 0)),
        ("ŵ" * 70, Segments("UCS-2", 1, 0)),
        ("ŵ" * 71, Segments("UCS-2", 2, 63)),
        ("ŵ" * 134, Segments("UCS-2", 2, 0)),
        ("ŵ" * 135, Segments("UCS-2", 3, 66)),
        ("🌙" * 35, Segments("UCS-2", 1, 0)),
    ],
)
def test_a_text_is_counted_as_the_network_counts_it(text: str, told: Segments) -> None:
    assert segments(text) == told


def test_what_takes_two_units_is_not_parted_between_two_segments() -> None:
    # 152 letters leave one unit, and the sign needs two.
    assert segments("a" * 152 + "€" + "a" * 10).free == 153 - 12
    assert segments("ŵ" * 66 + "🌙" + "ŵ" * 10).free == 67 - 12


def test_one_curly_quote_would_halve_a_text_and_is_written_plainly() -> None:
    written = "I’m here – really…"
    assert alphabet(written) == "UCS-2"
    assert plainly(written) == "I'm here - really..."
    assert alphabet(plainly(written)) == "GSM-7"


@pytest.mark.parametrize(
    "name", ["Siôn", "Llŷr", "Małgorzata", "Zoë", "Nguyễn", "عائشہ", "Oʼodham", "Gal·la"]
)
def test_an_accent_in_a_name_stays(name: str) -> None:
    assert plainly(name) == name


@given(st.text())
def test_no_letter_mark_or_digit_is_ever_changed(text: str) -> None:
    def letters(of: str) -> list[str]:
        return [char for char in of if unicodedata.category(char)[0] in "LMN"]

    assert letters(plainly(text)) == letters(text)


@given(st.text(st.sampled_from("ab. \n€ŵ🌙é́?"), max_size=400), st.integers(4, 60))
@example("a" * 60, 7)
@example("x" + "́" * 50, 8)
def test_a_long_text_is_parted_without_losing_a_word(text: str, longest: int) -> None:
    parts = texts(text, longest)
    assert all(part and len(part.encode("utf-16-le")) // 2 <= longest for part in parts)
    assert re.sub(r"\s", "", "".join(parts)) == re.sub(r"\s", "", text)


def test_a_text_is_parted_between_sentences() -> None:
    first, second = "I can hear how hard tonight is.", "Would you like to tell me where you are?"
    assert texts(f"{first} {second}", 60) == (first, second)


def test_a_text_that_fits_is_one_and_one_letter_more_is_two() -> None:
    assert len(texts("a" * LONGEST_TEXT)) == 1
    assert len(texts("a" * (LONGEST_TEXT + 1))) == 2


def test_a_letter_and_its_marks_stay_together() -> None:
    family = "👩‍👧"
    assert texts(family * 4, 12) == (family * 2, family * 2)
