"""How a text travels: in which alphabet, in how many segments, and how a long one is put into several texts.

Rules: 3GPP TS 23.038 (alphabets) and TS 23.040 (segments). A text all of whose characters are in the GSM alphabet
travels as GSM-7, 160 to a segment or 153 where there are several; one character outside it makes the whole of it
UCS-2, 70 or 67 to a segment. So typography is written plainly before sending. Letters never are: an accent in a name
or in Welsh is somebody's spelling.
"""

import re
from typing import Literal

import msgspec

LONGEST_TEXT = 1_600
"""Characters the carrier takes in one text."""

_GSM = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)
# These need an escape before them and so count twice.
_GSM_TWICE = frozenset("\f^{}\\[~]|€")
_PLAINLY = str.maketrans(
    {
        "‘": "'", "’": "'", "‚": "'", "‛": "'", "′": "'", "“": '"', "”": '"', "„": '"', "‟": '"', "″": '"',
        "«": '"', "»": '"', "‐": "-", "‑": "-", "‒": "-", "–": "-", "—": "-", "―": "-", "−": "-", "…": "...",
        "•": "-", "\t": " ", "\u00a0": " ", "\u2002": " ", "\u2003": " ", "\u2009": " ", "\u202f": " ",
        "\u00ad": "", "\u200b": "", "\ufeff": "",
    }
)  # fmt: skip
_SENTENCE_END = re.compile(r"(?<=[.!?…。؟۔])[\"'”’)]*\s+")
# A character and the marks, joiners and variations that belong to it are never parted.
_WITH_ITS_MARKS = re.compile(
    r"\r\n|[\U0001F1E6-\U0001F1FF]{2}"
    r"|.[\u0300-\u036f\u0483-\u0489\u0591-\u05c7\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06ed\u0900-\u0903\u093a-\u094f"
    r"\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe00-\ufe0f\ufe20-\ufe2f\U0001F3FB-\U0001F3FF\U000E0020-\U000E007F"
    r"]*(?:\u200d.[\ufe00-\ufe0f\U0001F3FB-\U0001F3FF]*)*",
    re.DOTALL,
)

Alphabet = Literal["GSM-7", "UCS-2"]
_ROOM: dict[Alphabet, tuple[int, int]] = {"GSM-7": (160, 153), "UCS-2": (70, 67)}


class Segments(msgspec.Struct, frozen=True):
    """What a text costs on the way: its alphabet, how many segments, and the units still free in the last."""

    alphabet: Alphabet
    count: int
    free: int


def plainly(text: str) -> str:
    """`text` with its typography in plain characters: quotes, dashes, dots and spaces. No letter is changed."""
    return text.translate(_PLAINLY)


def alphabet(text: str) -> Alphabet:
    """The alphabet the whole of `text` travels in."""
    return "GSM-7" if all(char in _GSM or char in _GSM_TWICE for char in text) else "UCS-2"


def segments(text: str) -> Segments:
    """How `text` travels. What takes two units is never parted between two segments. Nothing takes no segment."""
    chosen = alphabet(text)
    whole, each = _ROOM[chosen]
    sizes = [_units(char, chosen) for char in text]
    total = sum(sizes)
    if total <= whole:
        return Segments(chosen, 1 if text else 0, whole - total)
    count, used = 1, 0
    for size in sizes:
        if used + size > each:
            count, used = count + 1, 0
        used += size
    return Segments(chosen, count, each - used)


def _units(char: str, chosen: Alphabet) -> int:
    if chosen == "GSM-7":
        return 2 if char in _GSM_TWICE else 1
    return 2 if ord(char) > 0xFFFF else 1


def texts(text: str, longest: int = LONGEST_TEXT) -> tuple[str, ...]:
    """`text` as one text, or several of at most `longest` UTF-16 units each, in order.

    Parted between paragraphs where that is possible, else between sentences, else between words, else between
    characters, each with its marks. Spaces at a cut go; no other character is lost, doubled or moved.
    """
    rest, parts = text.strip(), []
    while _length(rest) > longest:
        cut = _cut(rest, longest)
        parts.append(rest[:cut].rstrip())
        rest = rest[cut:].lstrip()
    return (*parts, rest) if rest else tuple(parts)


def _cut(text: str, longest: int) -> int:
    """Where `text` is best parted: behind as much as fits."""
    fits = _fitting(text, longest)
    head = text[: fits + 1]
    # A cut in the first half would leave a stub of a text: the next finer one is better.
    paragraph = head.rfind("\n\n")
    sentences = [match.end() for match in _SENTENCE_END.finditer(head) if match.end() <= fits + 1]
    word = max(head.rfind(" "), head.rfind("\n"))
    for cut in (paragraph, sentences[-1] if sentences else 0, word):
        if cut > fits // 2:
            return cut
    for cut in (sentences[-1] if sentences else 0, word):
        if cut > 0:
            return cut
    return fits


def _fitting(text: str, longest: int) -> int:
    """How many characters from the start fit, none of them parted from its marks; at least one is taken."""
    used = 0
    for match in _WITH_ITS_MARKS.finditer(text):
        used += _length(match[0])
        if used > longest:
            return match.start() or min(len(text), longest // 2 or 1)
    return len(text)


def _length(text: str) -> int:
    """UTF-16 units, which is how the carrier counts."""
    return len(text) + sum(1 for char in text if ord(char) > 0xFFFF)
