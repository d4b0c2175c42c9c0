"""In which of the service's languages a first text is written, where that is plain from it. Pure.

Only little words and letters count that no other language here has, two of them at least, and more than for any other.
Whoever is taken for another still has the keyword: the name of their language. A language without a list is never
found, and one who names it is answered in it all the same.
"""

import re
from collections.abc import Iterable

LEAST = 2
_LETTERS = {
    "pl": "ąćęłńśźż",
    "cy": "ŵŷ",
    "ur": "ٹڈڑںےہھگچپکی",
    "ar": "ةىكيأإؤ",
}
# No word stands in two of these lists, and none is a word of another of these languages.
_WORDS = {
    "en": "the and is are not you your my me it it's i'm im can can't cant have don't dont of for with this that there "
    "anybody anyone someone please hello want feel",
    "pl": "nie się sie jest jestem jesteś mam mnie mogę moge czy że jak już juz tylko ktoś ktos cześć czesc dzień dobry "
    "wieczór wieczor proszę prosze pomocy pomóż boję boje chcę źle zle spać spac jeszcze bardzo tutaj mój moja",
    "cy": "dwi dw rwy rwyf rwy'n dwi'n mae mae'n ydw ydy ydych ddim wedi eisiau isio helo sut oes noswaith bore yma "
    "rhywun gallu cysgu methu angen fy chi nos heno gyda bod ofn y yr yn yw ni ein eich eu ar ac neu os sydd gan pan hyn "
    "nawr gallwch gallwn",
    "ur": "مجھے نہیں ہے ہوں کیا کوئی میں آپ سے mujhe nahi nahin hai hoon kya koi neend madad",
    "ar": "أنا لا هل من في لست أستطيع أحد هنا مساعدة النوم أشعر",
}
_LISTS = {tag: frozenset(words.split()) for tag, words in _WORDS.items()}
_ONE_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")


def written_in(text: str, promised: Iterable[str]) -> str:
    """The tag among `promised` that `text` is plainly written in; empty when that is not plain."""
    folded = text.casefold().replace("’", "'")
    words, letters = set(_ONE_WORD.findall(folded)), set(folded)
    found: dict[str, int] = {}
    for tag in promised:
        language = tag.partition("-")[0]
        own = words & _LISTS.get(language, frozenset())
        found[tag] = len(own) + len(letters & set(_LETTERS.get(language, "")))
    best = max(found.values(), default=0)
    which = [tag for tag, count in found.items() if count == best]
    return which[0] if best >= LEAST and len(which) == 1 else ""
