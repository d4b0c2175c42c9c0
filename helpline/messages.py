"""Texts in several languages, and the words the service itself says to people.

The shipped texts are in `messages.toml`; a service may replace any of them, language by language.
"""

import tomllib
from collections.abc import Iterable
from importlib.resources import files
from typing import Any

import msgspec

Texts = dict[str, str]
"""BCP 47 tag → text."""


class Worded(msgspec.Struct, frozen=True):
    """A text and the language it is really in, so that a page can mark it and say when it fell back."""

    text: str
    language: str

    def filled(self, **values: str) -> "Worded":
        """With `{name}` replaced for every value given; other braces stay as they are."""
        text = self.text
        for name, value in values.items():
            text = text.replace("{" + name + "}", value)
        return Worded(text, self.language)


def lookup(available: Iterable[str], language: str, default: str) -> str:
    """The tag of `available` to use for `language`: RFC 4647 3.4 lookup, then `default`, then the first there is.

    Raises `LookupError` when nothing is available.
    """
    spelt = {tag.lower(): tag for tag in available}
    for wanted in (language, default):
        parts = wanted.lower().split("-")
        while parts:
            if "-".join(parts) in spelt:
                return spelt["-".join(parts)]
            parts.pop()
            if parts and len(parts[-1]) == 1:
                parts.pop()
    if not spelt:
        raise LookupError("no text in any language")
    return next(iter(spelt.values()))


def has_words(available: Iterable[str], tag: str) -> bool:
    """Whether there are words in this language or one it is a kind of: Welsh for `cy-GB`, never Welsh for `en`."""
    available = tuple(available)
    if not available:
        return False
    found = lookup(available, tag, tag)
    return f"{tag}-".lower().startswith(f"{found}-".lower())


def in_language(texts: Texts, language: str, default: str) -> Worded:
    """The text for `language`, falling back to `default` and then to any; an empty text when there is none."""
    if not texts:
        return Worded("", default)
    tag = lookup(texts, language, default)
    return Worded(texts[tag], tag)


GROUNDING = "grounding"
_CONFIDENTIALITY = "confidentiality"


def _shipped() -> dict[str, dict[str, Any]]:
    return tomllib.loads(files("helpline").joinpath("messages.toml").read_text(encoding="utf-8"))


_SHIPPED = _shipped()
MESSAGES: dict[str, Texts] = {
    key: texts for key, texts in _SHIPPED.items() if key not in (GROUNDING, _CONFIDENTIALITY)
}
"""Every message the service has, by key, in the languages shipped. Not to be changed."""


def default_grounding() -> dict[str, tuple[str, ...]]:
    """By language, what is quiet to read and do while waiting."""
    return {tag: tuple(lines) for tag, lines in _SHIPPED[GROUNDING].items()}


def default_confidentiality(policy: str) -> Texts:
    """The shipped wording of a policy, by language. Raises `KeyError` for a policy there is not."""
    return dict(_SHIPPED[_CONFIDENTIALITY][policy])
