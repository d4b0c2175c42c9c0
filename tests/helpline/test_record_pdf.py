"""A summary as PDF: read back with a published reader, and looked at, as letters have to join and run the right way."""

import io
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pypdf
import pypdfium2
import pytest
from fpdf import FPDF
from PIL import Image, ImageChops

from helpline.record import Quote
from helpline.record_pdf import FACE, FILES, CannotDraw, direction_of, pdf_of
from helpline.record_summary import (
    LONGEST,
    MOST_ATTEMPTS,
    MOST_OF_A_PLAN,
    MOST_TOLD,
    TITLES,
    Item,
    Part,
    Summary,
    shortened,
)

LETTERS = Path(__file__).resolve().parents[2] / "webchat" / "static" / "vendor"
AT = datetime(2026, 1, 14, 21, 47, tzinfo=UTC)


def sheet(*words: str, parts: tuple[Part, ...] = (), **more: Any) -> Summary:
    said = tuple(Item(quotes=(Quote("", one),)) for one in words)
    return Summary(
        service=more.pop("service", "Moorside Listening Line"),
        contact="4F2K",
        parts=parts or (Part("said", TITLES["said"], said),),
        made_by="Jo",
        made_at=AT,
        made="21:47 on Wednesday 14 January 2026",
        seq=9,
        language="en",
    )


def read(summary: Summary) -> list[str]:
    """The text of each sheet."""
    return [one.extract_text() for one in pypdf.PdfReader(io.BytesIO(pdf_of(summary, LETTERS))).pages]


def lines_of(pdf: bytes) -> list[Image.Image]:
    """Every line of the first sheet as ink alone, top to bottom."""
    with pypdfium2.PdfDocument(pdf) as document:
        page = (
            document[0].render(scale=3).to_pil().convert("L").point(lambda shade: 255 if shade < 128 else 0)
        )
    _, rows = page.getprojection()
    found, begun = [], None
    for y, ink in enumerate([*rows, 0]):
        if ink and begun is None:
            begun = y
        elif not ink and begun is not None:
            line = page.crop((0, begun, page.width, y))
            found.append(line.crop(line.getbbox()))
            begun = None
    return found


def drawn_as_given(glyphs: str) -> Image.Image:
    """One line drawn letter by letter from the left, without anybody's shaping."""
    pdf = FPDF(unit="mm", format="A4")
    pdf.add_font(FACE, "", LETTERS / FILES[FACE, ""])
    pdf.set_font(FACE, "", 40)
    pdf.add_page()
    pdf.cell(text=glyphs)
    return max(lines_of(bytes(pdf.output())), key=lambda line: line.height)


def alike(one: Image.Image, other: Image.Image) -> float:
    """How much of the ink is in the same place once both are of one size: 0 to 1."""
    size = (240, 80)
    first, second = (
        line.resize(size).point(lambda shade: 255 if shade > 127 else 0) for line in (one, other)
    )
    either = ImageChops.lighter(first, second).histogram()[255]
    return ImageChops.darker(first, second).histogram()[255] / either


def test_english_welsh_and_polish_come_back_as_they_were_written() -> None:
    words = ("I can't promise.", "Dwi'n teimlo'n ŵyl ac ŷ", "Źdźbło żółci, proszę zadzwońcie")
    (text,) = read(sheet(*words))
    for one in words:
        assert one in text
    assert "Written by a volunteer helpline; not a clinical assessment." in text
    assert "Sheet 1 of 1" in text
    assert "As it stood at 21:47 on Wednesday 14 January 2026" in text


# The same word in the letters' own joined shapes (Unicode's presentation forms), from the left as they stand on paper.
SHAPED = {
    "Arabic": ("بيت", "\ufe96\ufef4\ufe91", "\ufe8f\ufef1\ufe95"),
    "Urdu": ("نہیں", "\ufb9e\ufbff\ufba9\ufee7", "\ufb9e\ufef1\ufba6\ufee5"),
}


@pytest.mark.parametrize("language", SHAPED)
def test_arabic_and_urdu_are_joined_and_run_from_the_right(language: str) -> None:
    word, joined, apart = SHAPED[language]
    empty = len(lines_of(pdf_of(sheet(parts=(Part("said", TITLES["said"], ()),)), LETTERS)))
    lines = lines_of(pdf_of(sheet(word), LETTERS))
    assert len(lines) > empty
    expected = drawn_as_given(joined)
    best = max(alike(line, expected) for line in lines)
    assert best > 0.7, best
    for wrong in (drawn_as_given(joined[::-1]), drawn_as_given(apart)):
        assert max(alike(line, wrong) for line in lines) < best


def test_a_line_runs_the_way_of_its_first_letter() -> None:
    assert direction_of("07700: میں") == "rtl"
    assert direction_of("(12) my words, الليلة") == "ltr"
    assert direction_of("12:30") == "ltr"


def test_what_the_fonts_have_no_letters_for_is_refused_and_never_drawn_as_boxes() -> None:
    for words in ("நான் பாதுகாப்பாக இல்லை", "我很害怕", "\U0001f642"):
        with pytest.raises(CannotDraw) as refused:
            pdf_of(sheet(words), LETTERS)
        assert "Print the page instead" in refused.value.message
        assert refused.value.status == 409
    (text,) = read(sheet("Мені страшно", "Φοβάμαι"))
    assert "Мені страшно" in text
    assert "Φοβάμαι" in text


def test_marks_that_turn_writing_round_and_signs_nobody_sees_are_not_drawn() -> None:
    (text,) = read(sheet("safe\u202eton m'I\u202c\x00\x07 \u2066now"))
    assert "safeton m'I now" in text


def test_a_long_evening_is_two_sheets_of_which_each_says_so() -> None:
    long = shortened("I do not know how to say it " * 1_000)
    assert len(long) < LONGEST + 40
    short = {"tried": MOST_ATTEMPTS, "plan": MOST_OF_A_PLAN, "who": 5, "where": 2, "follow_up": 1, "back": 1}
    parts = tuple(
        Part(key, title, (Item("21:47", (Quote("To", "Kim, CT 44"),)),) * short[key])
        if key in short
        else Part(key, title, (Item("21:47", (Quote("To", long),)),) * (MOST_TOLD if key == "told" else 2))
        for key, title in TITLES.items()
    )
    texts = read(sheet(parts=parts))
    assert len(texts) == 2
    assert "Sheet 2 of 2" in texts[1]
    assert "(the rest is in our record)" in texts[0]
    assert TITLES["back"] in texts[1]


def test_the_same_summary_is_the_same_file_and_its_name_and_title_tell_nothing() -> None:
    first = pdf_of(sheet("Tonight"), LETTERS)
    assert first == pdf_of(sheet("Tonight"), LETTERS)
    about = pypdf.PdfReader(io.BytesIO(first)).metadata
    assert about is not None
    assert about.title == "Summary"
    assert not {"/Author", "/Subject", "/Keywords"} & set(about)


def test_a_telephone_number_inside_urdu_is_drawn_with_its_halves_in_order() -> None:
    (text,) = read(sheet("میرا نمبر 07700 900123 ہے"))
    assert "07700 900123" in text.replace("\u00a0", " ")
