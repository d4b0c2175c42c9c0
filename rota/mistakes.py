"""What is wrong with something typed in, said so that whoever typed it can mend it."""

import difflib
from collections.abc import Collection, Iterable, Mapping
from typing import Any

import msgspec


class Mistake(msgspec.Struct, frozen=True):
    """One thing wrong in what was entered.

    `where` is the path to it (`shifts[3].zone`), `what` says what is wrong, `mend` what to write instead.
    """

    where: str
    what: str
    mend: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what}; {self.mend}"


def nearest(word: str, known: Iterable[str], nicknames: Mapping[str, str] | None = None) -> str:
    """Up to three of `known` closest to `word`, as "did you mean …?"; all of a short list when none is close.

    `nicknames` are other words that may have been meant, each with the known name it stands for.
    """
    names = {name.casefold(): name for name in known}
    names |= {nickname.casefold(): name for nickname, name in (nicknames or {}).items()}
    close = difflib.get_close_matches(word.casefold()[:100], list(names), n=3, cutoff=0.6)
    if close:
        return "did you mean " + " or ".join(dict.fromkeys(names[name] for name in close)) + "?"
    if len(names) <= 12:
        return "use one of " + ", ".join(sorted(names.values()))
    return "check the spelling"


def take_fields(
    raw: object, kind: type[msgspec.Struct], where: str, mends: Mapping[str, str]
) -> tuple[dict[str, Any], list[Mistake]]:
    """Convert a table field by field to the types of `kind`, so that every wrong field is told, not the first.

    Returns the fields that converted, keyed by attribute name, with the mistakes. `mends` says, by the name a
    field is written with, how to write it.
    """
    if not isinstance(raw, Mapping):
        return {}, [Mistake(where, "is not a table", "write it as a table of names and values")]
    fields = {field.encode_name: field for field in msgspec.structs.fields(kind)}
    taken: dict[str, Any] = {}
    mistakes = [
        Mistake(f"{where}.{name}", "is not known here", nearest(str(name), fields))
        for name in raw
        if name not in fields
    ]
    for name, field in fields.items():
        mend = mends.get(name, "see the example")
        if name not in raw:
            if field.required:
                mistakes.append(Mistake(f"{where}.{name}", "is missing", mend))
            continue
        try:
            taken[field.name] = msgspec.convert(raw[name], field.type)
        except msgspec.ValidationError as refused:
            what = str(refused).replace("`", "").replace(" - at $", " at ")
            mistakes.append(Mistake(f"{where}.{name}", what[:1].lower() + what[1:], mend))
    return taken, mistakes


def not_among(word: str, known: Collection[str], where: str, noun: str) -> list[Mistake]:
    """A mistake when `word` is not one of `known`, with the nearest known ones."""
    if word in known:
        return []
    return [Mistake(where, f"“{word[:100]}” is not a known {noun}", nearest(word, known))]
