"""Reading tables of a service definition so that every mistake is told, each with its file, key and mend."""

import re
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any, Literal, NamedTuple, TypeVar

import langcodes
import msgspec
from msgspec import inspect

from helpline.messages import Texts
from rota import mistakes as rota_mistakes

_Kind = TypeVar("_Kind", bound=msgspec.Struct)

TAG = 'write a BCP 47 tag such as "pl" or "en-GB"'
TEXTS = 'write the words in quotes, or a table of languages such as { en = "…", cy = "…" }'
LISTS = 'write a list of words in quotes, or a table of languages such as { en = ["…"], cy = ["…"] }'

# How msgspec words where in a list a value is, and that it is none of those allowed.
_INSIDE = re.compile(r" at ((?:\[[^\]]*\]|\.\w+)+)$")
_NOT_AMONG = re.compile(r"invalid enum value '(.*)'")


class Mistake(msgspec.Struct, frozen=True):
    """One thing wrong in a service definition: in which file, at which key, what it is and how to mend it.

    A `warning` does not stop the service; an `error` does.
    """

    file: str
    key: str
    what: str
    mend: str
    kind: Literal["error", "warning"] = "error"

    def __str__(self) -> str:
        return f"{self.file}: {self.key}: {self.what}; {self.mend}"


class Found(NamedTuple):
    """A mistake as a check finds it, before it is known in which file."""

    key: str
    what: str
    mend: str
    warning: bool = False


class Reading:
    """One file being read: gathers mistakes, and the top-level tables of which some part had to be left out."""

    def __init__(self, file: str, default_language: str = "en") -> None:
        self.file = file
        self.default_language = default_language
        self.mistakes: list[Mistake] = []
        self.broken: set[str] = set()

    def wrong(self, key: str, what: str, mend: str) -> None:
        """Note one mistake at `key` (`ladder.rungs[3].contacts`)."""
        key = key.lstrip(".")
        self.mistakes.append(Mistake(self.file, key, what, mend))
        self.broken.add(key.partition(".")[0].partition("[")[0])

    def adopt(self, found: Iterable[rota_mistakes.Mistake]) -> bool:
        """Take over what another reader found. True when there was nothing."""
        fine = True
        for mistake in found:
            self.wrong(mistake.where, mistake.what, mistake.mend)
            fine = False
        return fine

    def fields(self, raw: object, kind: type[msgspec.Struct], key: str) -> tuple[dict[str, Any], bool]:
        """The fields of `kind` that could be read from a table, and whether all of it was sound."""
        taken, found = rota_mistakes.take_fields(raw, kind, key, mends_of(kind))
        return taken, self.adopt(_pointed(mistake) for mistake in found)

    def table(self, raw: object, kind: type[_Kind], key: str) -> _Kind:
        """A table every field of which has a default: what cannot be read keeps it."""
        taken, _ = self.fields(raw, kind, key)
        return kind(**taken)

    def entry(self, raw: object, kind: type[_Kind], key: str) -> _Kind | None:
        """One entry of a list of tables; None when it is not sound."""
        taken, sound = self.fields(raw, kind, key)
        return kind(**taken) if sound else None

    def entries(self, raw: object, key: str) -> list[tuple[str, dict[str, Any]]]:
        """The tables of a list, each with its key (`people[2]`)."""
        if not isinstance(raw, list):
            self.wrong(key, "is not a list of tables", f"write each as [[{key}]]")
            return []
        found = []
        for place, each in enumerate(raw):
            if isinstance(each, dict):
                found.append((f"{key}[{place}]", each))
            else:
                self.wrong(f"{key}[{place}]", "is not a table", f"write it as [[{key}]]")
        return found

    def texts(self, raw: object, key: str) -> Texts:
        """Words per language; plain words are the default language's."""
        if isinstance(raw, str):
            raw = {self.default_language: raw}
        if not isinstance(raw, Mapping) or not raw:
            self.wrong(key, "has no words", TEXTS)
            return {}
        found: Texts = {}
        for tag, text in raw.items():
            self.language(tag, f"{key}.{tag}")
            if isinstance(text, str) and text.strip():
                found[tag] = text
            else:
                self.wrong(f"{key}.{tag}", "has no words", "write them in quotes")
        return found

    def lists(self, raw: object, key: str) -> dict[str, tuple[str, ...]]:
        """Several texts per language; a plain list is the default language's."""
        if isinstance(raw, list):
            raw = {self.default_language: raw}
        if not isinstance(raw, Mapping) or not raw:
            self.wrong(key, "is not a list of words", LISTS)
            return {}
        found: dict[str, tuple[str, ...]] = {}
        for tag, lines in raw.items():
            self.language(tag, f"{key}.{tag}")
            if isinstance(lines, list) and lines and all(isinstance(line, str) and line for line in lines):
                found[tag] = tuple(lines)
            else:
                self.wrong(f"{key}.{tag}", "is not a list of words", "write a list of words in quotes")
        return found

    def language(self, tag: object, key: str) -> bool:
        """Check one BCP 47 tag, spelt as the standard spells it."""
        mend = mend_of_tag(tag) if isinstance(tag, str) else TAG
        if mend is None:
            return True
        self.wrong(key, f"“{str(tag)[:100]}” is not a language tag", mend)
        return False

    def languages(self, tags: Iterable[str], key: str) -> None:
        """Check every tag of a list."""
        for place, tag in enumerate(tags):
            self.language(tag, f"{key}[{place}]")

    def unique(self, names: Iterable[str], key: str, name: str) -> None:
        """Check that no two entries of the list `key` have the same `name`."""
        seen: dict[str, int] = {}
        for place, each in enumerate(names):
            if each in seen:
                what = f"“{each}” is also the {name} of {key}[{seen[each]}]"
                self.wrong(f"{key}[{place}].{name}", what, f"give each its own {name}")
            seen.setdefault(each, place)


def _pointed(mistake: rota_mistakes.Mistake) -> rota_mistakes.Mistake:
    """The same mistake with its key as deep as it is known, and without the word "enum"."""
    what, where = mistake.what, mistake.where
    if inside := _INSIDE.search(what):
        what, where = what[: inside.start()], where + inside.group(1)
    if chosen := _NOT_AMONG.fullmatch(what):
        what = f"“{chosen.group(1)[:100]}” is not known here"
    return rota_mistakes.Mistake(where, what, mistake.mend)


@cache
def mend_of_tag(tag: str) -> str | None:
    """How to mend a language tag; None when it is fine."""
    if "_" in tag or not langcodes.tag_is_valid(tag):
        hyphened = tag.replace("_", "-")
        if hyphened != tag and langcodes.tag_is_valid(hyphened):
            return f'write "{langcodes.standardize_tag(hyphened)}"'
        return TAG
    standard = langcodes.standardize_tag(tag)
    return None if standard == tag else f'write "{standard}"'


@cache
def mends_of(kind: type[msgspec.Struct]) -> dict[str, str]:
    """For every field of a table, by its written name, how to write it."""
    mends: dict[str, str] = {}
    for field in msgspec.structs.fields(kind):
        known = _OWN_MENDS.get(field.encode_name)
        mends[field.encode_name] = known or _how_to_write(inspect.type_info(field.type))
    return mends


_ID = "write a short name of small letters, digits and hyphens, such as moorside-crisis-team"
_OWN_MENDS = {
    "id": _ID,
    "key": _ID,
    "zone": 'write an IANA zone name such as "Europe/London"',
    "country": 'write a country code such as "GB"',
    "region": 'write a region code such as "ENG"',
    "number": 'write the number in quotes, such as "01632 960114"',
    "lead_number": 'write the number in quotes, such as "01632 960110"',
    "exit_to": 'write an https address, such as "https://www.bbc.co.uk/weather"',
    "approved_on": "write the date without quotes, such as 2026-01-31",
    "verify_by": "write the date without quotes, such as 2027-01-31",
    "default": TAG,
    "promised": 'write a list of BCP 47 tags, such as ["en", "cy"]',
    "name": "write the name in quotes",
    "short_name": 'write the name in quotes, as short as it may be, such as "Moorside"',
    "chain_seconds": "write two or more whole numbers, such as [60, 120]",
}


def _how_to_write(info: inspect.Type) -> str:
    match info:
        case inspect.IntType():
            return f"write a whole number from {info.ge} to {info.le}, without quotes"
        case inspect.BoolType():
            return "write true or false, without quotes"
        case inspect.LiteralType():
            return "use one of " + ", ".join(f'"{value}"' for value in info.values)
        case inspect.VarTupleType(item_type=inspect.LiteralType() as item):
            return "write a list of any of " + ", ".join(f'"{value}"' for value in item.values)
        case inspect.VarTupleType():
            return 'write a list, such as ["…", "…"]'
        case inspect.StrType():
            return "write words in quotes"
        case _:
            return "see what `helpline new` writes"
