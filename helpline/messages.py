"""Texts in several languages, and the words the service itself says to people.

The shipped texts are in `messages.toml`; a service may replace any of them, language by language.
"""

import tomllib
from functools import cache
from importlib.resources import files

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


def lookup(available: "dict[str, object] | Texts", language: str, default: str) -> str:
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
    if not available:
        raise LookupError("no text in any language")
    return next(iter(available))


def in_language(texts: Texts, language: str, default: str) -> Worded:
    """The text for `language`, falling back to `default` and then to any; an empty text when there is none."""
    if not texts:
        return Worded("", default)
    tag = lookup(texts, language, default)
    return Worded(texts[tag], tag)


@cache
def shipped() -> dict[str, dict[str, object]]:
    """The tables of `messages.toml` as they stand."""
    return tomllib.loads(files("helpline").joinpath("messages.toml").read_text(encoding="utf-8"))
