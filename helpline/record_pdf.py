"""A summary as a PDF of A4 sheets, in any language its fonts have letters for, right-to-left ones among them.

Drawn by fpdf2 with HarfBuzz. The same summary gives the same bytes.
"""

import unicodedata
from functools import lru_cache
from pathlib import Path
from typing import Literal

from fontTools.ttLib import TTFont
from fpdf import FPDF
from fpdf.enums import XPos, YPos
from fpdf.fonts import TTFFont

from helpline.errors import HelplineError
from helpline.record import Quote
from helpline.record_summary import LONGEST, NOT_CLINICAL, Item, Summary, shortened
from helpline.record_words import plain, whole_numbers

FACE, OTHER_FACE = "Noto Sans Arabic", "DejaVu Sans"
"""Each line is drawn with the first of the two that has all of its letters. Only the first has a bold."""
FILES = {
    (FACE, ""): "NotoSansArabic_400Regular.ttf",
    (FACE, "B"): "NotoSansArabic_700Bold.ttf",
    (OTHER_FACE, ""): "DejaVuSans.ttf",
}
SHORTER_AND_SHORTER = (LONGEST, LONGEST // 3, LONGEST // 8)
MOST_SHEETS = 2
MARGIN = 16
LINE = 4.6
INDENT = 4
SIZE, SMALL, BIG = 9.5, 8, 14
RIGHT_TO_LEFT = ("R", "AL")


class CannotDraw(HelplineError):
    """Something in the summary has letters that the PDF's font does not have."""

    status = 409
    code = "cannot_draw"
    message = "The summary holds letters that this PDF cannot draw. Print the page instead: it can."


def pdf_of(summary: Summary, letters: Path) -> bytes:
    """The sheets: two at most wherever showing less of each quote brings them to that. `letters` is the fonts' folder.

    `CannotDraw` rather than boxes instead of words.
    """
    written = b""
    for longest in SHORTER_AND_SHORTER:
        sheet = _Sheet(summary, letters, longest)
        try:
            written = bytes(sheet.drawn().output())
        finally:
            sheet.put_away()
        if len(sheet.pages) <= MOST_SHEETS:
            break
    return written


class _Sheet(FPDF):
    """`longest` is how many characters of one quote are drawn."""

    def __init__(self, summary: Summary, letters: Path, longest: int) -> None:
        super().__init__(orientation="portrait", unit="mm", format="A4")
        self._summary, self._longest = summary, longest
        self._letters = letters
        for (face, style), file in FILES.items():
            self.add_font(face, style, letters / file)
        self.set_text_shaping(use_shaping_engine=True)
        self.set_margins(MARGIN, MARGIN, MARGIN)
        self.set_auto_page_break(auto=True, margin=20)
        self.set_title("Summary")
        self.set_lang("en-GB")
        self.set_creation_date(summary.made_at)

    def put_away(self) -> None:
        """Close the fonts' files, which fpdf2 keeps open."""
        for font in self.fonts.values():
            if isinstance(font, TTFFont):
                font.close()

    def footer(self) -> None:
        """On every sheet: what it is not, when it was true, which sheet of how many."""
        self.set_y(-16)
        self._pen("", SMALL)
        said = f"{NOT_CLINICAL} As it stood at {self._summary.made}. {self._summary.contact}."
        self._line(f"{said} Sheet {self.page_no()} of {{nb}}")

    def drawn(self) -> "_Sheet":
        summary = self._summary
        self.add_page()
        self._pen("B", BIG)
        self._line("Summary for a crisis team", 7)
        self._pen("", SIZE)
        self._line(f"From {summary.service}. Made by {summary.made_by} at {summary.made}.")
        self._line("Things may have changed since: ring back before you rely on it.")
        for part in summary.parts:
            self.ln(2)
            self._pen("B", SIZE + 1)
            self._line(part.title, 6)
            for item in part.items:
                self._item(item)
        return self

    def _item(self, item: Item) -> None:
        self._pen("", SIZE)
        if item.text:
            self._line(item.text)
        for quote in item.quotes:
            self._quote(quote)
        self._pen("B", SIZE)
        for words in item.put_right:
            self._line(words, indent=INDENT)

    def _quote(self, quote: Quote) -> None:
        """The label before the words, or above them where they run the other way."""
        label, words = quote.label, plain(shortened(quote.shown, self._longest))
        if label and direction_of(words) == "rtl":
            self._line(f"{label}:", indent=INDENT)
        elif label:
            words = f"{label}: {words}"
        for line in words.split("\n"):
            if line.strip():
                self._line(line, indent=INDENT)

    def _pen(self, style: Literal["", "B"], size: float) -> None:
        self._style, self._size = style, size

    def _line(self, text: str, height: float = LINE, indent: float = 0) -> None:
        face = face_for(text, self._style, self._letters)
        self.set_font(face, self._style if face == FACE else "", self._size)
        turned = direction_of(text) == "rtl"
        self.set_x(self.l_margin + (0 if turned else indent))
        self.multi_cell(
            self.epw - indent,
            height,
            whole_numbers(plain(text)).replace("\t", " "),
            align="R" if turned else "L",
            new_x=XPos.LMARGIN,
            new_y=YPos.NEXT,
        )


def direction_of(text: str) -> Literal["ltr", "rtl"]:
    """By the first letter that has a direction (UAX #9, P2 and P3)."""
    for sign in text:
        kind = unicodedata.bidirectional(sign)
        if kind == "L":
            return "ltr"
        if kind in RIGHT_TO_LEFT:
            return "rtl"
    return "ltr"


def face_for(text: str, style: Literal["", "B"], letters: Path) -> str:
    """The face that has every letter of `text`. `CannotDraw` when there is none."""
    signs = {ord(sign) for sign in plain(text) if not sign.isspace()}
    for face, wanted in ((FACE, style), (OTHER_FACE, "")):
        if signs <= _known(letters / FILES[face, wanted]):
            return face
    raise CannotDraw


@lru_cache(8)
def _known(file: Path) -> frozenset[int]:
    with TTFont(file, lazy=True) as font:
        return frozenset(font.getBestCmap())
