"""Phrases that may mean somebody is not safe, found in their words. Pure, and no judge of anything.

A match is a reason for a human to ask: it ranks nobody, scores nothing and sets no rung. A phrase is a run of whole
words; in scripts that write no spaces between words it is a run of signs. Letter case, accents, apostrophes and the
several Unicode forms of a letter make no difference. There are no patterns: the time is bounded by the length of the
message times `LONGEST`, whatever a service writes into its lists.
"""

import hashlib
import re
import tomllib
import unicodedata
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any

import msgspec

LONGEST = 16
"""The most words (or signs, where a script has no spaces) of one phrase."""
MOST = 400
"""The most phrases of one language."""
LONGEST_TEXT = 200
"""The most characters of one phrase as it is written."""
_READ = 4_000
_KEPT = 20_000

Phrases = dict[str, tuple[str, ...]]
"""BCP 47 tag → phrases as they are written."""

# Apostrophes, joiners, marks of direction and the Arabic stretching line: people leave them out as often as not.
_LEFT_OUT = frozenset(
    "'`´‘’‚‛ʼʻ′＇\u00ad\u0640\u061c\u200b\u200c\u200d\u200e\u200f\u2060\ufeff\u202a\u202b\u202c\u202d\u202e"
)
# Letters that are written alike but have no decomposition: Latin, and what Arabic and Urdu keyboards give for one.
_ALIKE = str.maketrans(
    {"ł": "l", "ø": "o", "đ": "d", "ħ": "h", "ı": "i", "æ": "ae", "œ": "oe"}
    | {"ى": "ي", "ی": "ي", "ې": "ي", "ک": "ك", "ہ": "ه", "ھ": "ه", "ة": "ه", "ٱ": "ا"}
)
# Thai, Lao, Burmese, Khmer, kana and Han: no spaces between words.
_UNSPACED = re.compile(
    "([\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff])"
)
_WORD = re.compile(r"[^\W_]+")
_ASCII_WORD = re.compile(r"[a-z0-9]+")
_CHUNK = re.compile(r"\S+")


class _Folding(dict[int, str]):
    """What each sign becomes, worked out when it is first met. Bounded: past `_KEPT` nothing more is remembered."""

    def __missing__(self, code: int) -> str:
        sign = chr(code)
        if sign in _LEFT_OUT:
            folded = ""
        else:
            plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", sign).casefold())
            folded = "".join(each for each in plain.translate(_ALIKE) if not unicodedata.combining(each))
            folded = _UNSPACED.sub(r" \1 ", folded)
        if len(self) < _KEPT:
            self[code] = folded
        return folded


_FOLDED = _Folding()


class Match(msgspec.Struct, frozen=True):
    """A phrase found: which, of which language's list, and where in the message (characters, end not included)."""

    phrase: str
    lang: str
    begins: int
    ends: int


def words_of(text: str) -> list[str]:
    """The words of a text, folded: `["dont", "go"]` for "Don’t GO!"."""
    if text.isascii():
        return _ASCII_WORD.findall(text.lower().replace("'", "").replace("`", ""))
    # One sign may unfold into eighteen: what nobody types must not cost more than what somebody does.
    return _WORD.findall(text.translate(_FOLDED)[: 2 * _READ])


def phrase_id(lang: str, phrase: str) -> str:
    """Eight hexadecimal digits that name a phrase in figures without its words, wherever it stands in the list."""
    folded = " ".join(words_of(phrase))
    return hashlib.blake2b(f"{lang.lower()}\0{folded}".encode(), digest_size=4).hexdigest()


def objection_to(phrase: str) -> tuple[str, str] | None:
    """What is wrong with a phrase and what to do instead; None when it may stand in a list."""
    words = words_of(phrase)
    letters = "".join(words)
    if len(words) > LONGEST:
        return f"has {len(words)} words", f"write at most {LONGEST}: what people really write is short"
    if len(letters) < (3 if letters.isascii() else 2):
        return "is so short that it stands in almost everything", "write the words around it too"
    return None


class PhraseBook:
    """The lists of a service, ready to be looked through. The same book for as long as the lists stay."""

    def __init__(self, phrases: Mapping[str, Sequence[str]]) -> None:
        self.languages = frozenset(tag for tag, each in phrases.items() if each)
        self._first: dict[str, Any] = {}
        for lang, each in phrases.items():
            for phrase in each:
                self._add(lang, phrase)
        self._firsts = frozenset(self._first)

    def _add(self, lang: str, phrase: str) -> None:
        words = words_of(phrase)
        if not words or len(words) > LONGEST:
            raise ValueError(f"a phrase has 1 to {LONGEST} words")
        node = self._first
        for word in words:
            node = node.setdefault(word, {})
        # No word is empty, so this never stands in the way of one.
        node.setdefault("", {}).setdefault(lang, phrase_id(lang, phrase))

    def find(self, text: str, lang: str = "") -> Match | None:
        """The first phrase in a message, the longest of those that begin there; `lang` decides between equal ones.

        Every list is looked through, whatever language the page was in: people write in their own.
        """
        text = text[:_READ]
        words = words_of(text)
        if self._firsts.isdisjoint(words):
            return None
        begin, end = self._first.get, len(words)
        for place, word in enumerate(words):
            node = begin(word)
            if node is None:
                continue
            found, last, after = None, place, place
            while node is not None:
                if "" in node:
                    found, last = node[""], after
                after += 1
                node = node.get(words[after]) if after < end else None
            if found:
                list_of = lang if lang in found else next(iter(found))
                return Match(found[list_of], list_of, *_place(text, place, last))
        return None

    def has_list(self, lang: str) -> bool:
        """Whether there is a list for this language, or for the one it is a kind of (`pl` for `pl-PL`)."""
        parts = lang.split("-")
        return any("-".join(parts[:n]) in self.languages for n in range(len(parts), 0, -1))


def _place(text: str, first: int, last: int) -> tuple[int, int]:
    """Where the words numbered `first` to `last` stand in the text, to the nearest spaces around them."""
    count, begins = 0, 0
    for chunk in _CHUNK.finditer(text):
        after = count + len(words_of(chunk[0]))
        if count <= first < after:
            begins = chunk.start()
        if count <= last < after:
            return begins, chunk.end()
        count = after
    return 0, len(text)


@cache
def shipped_phrases() -> Phrases:
    """The lists that come with the service. Not to be changed."""
    raw = tomllib.loads(files("helpline").joinpath("urgency.toml").read_text(encoding="utf-8"))
    return {lang: tuple(each) for lang, each in raw.items()}
