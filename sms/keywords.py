"""The few words a text may consist of that ask for something plain: help, a call, another language.

Only a text that is the word and nothing else counts; it is kept and shown as every text is.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Literal

import msgspec
from babel import Locale, UnknownLocaleError

Ask = Literal["help", "call_me", "language"]
LONGEST = 40
_BETWEEN = re.compile(r"[\s.!?…'’\"“”-]+")


class Keyword(msgspec.Struct, frozen=True):
    """What was asked for; `language` is a tag when that is what they named."""

    ask: Ask
    language: str = ""


def keyword(text: str, words: Mapping[Ask, Iterable[str]], languages: Iterable[str]) -> Keyword | None:
    """The keyword `text` is. `words` gives those for `help` and `call_me`, several in a line with commas between;
    `languages` are the service's tags.

    A language is known by its name in itself and in each of the others ("polski", "Polish", "Pwyleg").
    """
    if len(text) > LONGEST:
        return None
    return _table(tuple((ask, tuple(lines)) for ask, lines in words.items()), tuple(languages)).get(
        _folded(text)
    )


@lru_cache(maxsize=16)
def _table(words: tuple[tuple[Ask, tuple[str, ...]], ...], tags: tuple[str, ...]) -> Mapping[str, Keyword]:
    """Every keyword, folded: one look finds it. What the service says of itself goes before the name of a language."""
    found: dict[str, Keyword] = {}
    for ask, lines in words:
        for one in (part for line in lines for part in re.split("[,،]", line)):
            found.setdefault(_folded(one), Keyword(ask))
    for tag in tags:
        for name in _names(tag, tags):
            found.setdefault(_folded(name), Keyword("language", tag))
    found.pop("", None)
    return found


def _folded(text: str) -> str:
    return _BETWEEN.sub(" ", text).strip().casefold()


def _names(tag: str, tags: tuple[str, ...]) -> Iterator[str]:
    """What a language is called in itself and in each of the others."""
    for shown_in in tags:
        try:
            name = Locale.parse(tag, sep="-").get_display_name(shown_in.replace("-", "_"))
        except (UnknownLocaleError, ValueError):
            continue
        if name:
            yield name
