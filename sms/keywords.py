"""The few words a text may consist of that ask for something plain: help, a call, another language.

Only a text that is the word and nothing else counts; it is kept and shown as every text is.
"""

import re
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Literal

import msgspec
from babel import Locale, UnknownLocaleError

Ask = Literal["help", "call_me", "language"]
LONGEST = 40


class Keyword(msgspec.Struct, frozen=True):
    """What was asked for; `language` is a tag when that is what they named."""

    ask: Ask
    language: str = ""


def keyword(text: str, words: Mapping[Ask, Iterable[str]], languages: Iterable[str]) -> Keyword | None:
    """The keyword `text` is. `words` gives those for `help` and `call_me`, several in a line with commas between;
    `languages` are the service's tags.

    A language is known by its name in itself and in each of the others ("polski", "Polish", "Pwyleg").
    """
    said = _folded(text) if len(text) <= LONGEST else ""
    if not said:
        return None
    for ask, lines in words.items():
        if said in _listed(tuple(lines)):
            return Keyword(ask)
    tags = tuple(languages)
    for tag in tags:
        if said in _names(tag, tags):
            return Keyword("language", tag)
    return None


@cache
def _listed(lines: tuple[str, ...]) -> frozenset[str]:
    return frozenset(_folded(one) for line in lines for one in re.split("[,،]", line)) - {""}


def _folded(text: str) -> str:
    return re.sub(r"[\s.!?…'’\"“”-]+", " ", text).strip().casefold()


@cache
def _names(tag: str, tags: tuple[str, ...]) -> frozenset[str]:
    found = set()
    for shown_in in tags:
        try:
            name = Locale.parse(tag, sep="-").get_display_name(shown_in.replace("-", "_"))
        except (UnknownLocaleError, ValueError):
            continue
        if name:
            found.add(_folded(name))
    return frozenset(found)
