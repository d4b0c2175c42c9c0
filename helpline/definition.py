"""A service definition: one TOML file, read whole, every mistake told at once.

    >>> definition = read_definition(Path("examples/demo.toml"))
    >>> definition.ladder.rungs[3].name["en"]
    'Acting together now'

The values are those of `helpline.shape`, which are also to be had from here.
"""

import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec

from helpline.definition_checks import check, refusals_to_serve
from helpline.definition_ladder import read_ladder
from helpline.definition_seeds import (
    Place,
    always,
    read_crisis_contacts,
    read_localities,
    read_opening_hours,
    read_people,
    read_shifts,
)
from helpline.definition_tables import Mistake, Reading
from helpline.definition_words import (
    read_confidentiality,
    read_messages,
    read_note_form,
    read_ready_words,
    read_urgency,
)
from helpline.shape import (
    AskLead,
    Capacity,
    Channel,
    Confidentiality,
    Definition,
    Demonstration,
    Languages,
    Lines,
    Minutes,
    NoteChoice,
    NoteField,
    NoteForm,
    Offers,
    Person,
    Plans,
    Policy,
    ReadyWords,
    Retention,
    Role,
    Seconds,
    Urgency,
    Waiting,
    Words,
    decode,
    encode,
)
from rota.agreement import Agreement
from rota.hours_entry import holiday_mistakes
from rota.limits import Limits
from rota.mistakes import nearest
from rota.staffing import Minimum
from rota.walltime import zone_mistakes

__all__ = [
    "AskLead",
    "BrokenDefinition",
    "Capacity",
    "Confidentiality",
    "Definition",
    "Demonstration",
    "Languages",
    "Lines",
    "Mistake",
    "NoteChoice",
    "NoteField",
    "NoteForm",
    "Offers",
    "Person",
    "Plans",
    "Policy",
    "ReadyWords",
    "Retention",
    "Role",
    "Urgency",
    "Waiting",
    "check",
    "decode",
    "definition_from",
    "encode",
    "read_definition",
    "refusals_to_serve",
]


class BrokenDefinition(Exception):
    """A definition that cannot be used, with every mistake found in it. Its text is one mistake a line."""

    def __init__(self, mistakes: Iterable[Mistake]) -> None:
        self.mistakes = tuple(mistakes)
        super().__init__("\n".join(str(mistake) for mistake in self.mistakes))


class _Top(msgspec.Struct, kw_only=True):
    """The keys that stand above the first table."""

    name: Words
    short_name: Words
    zone: str
    country: str
    region: str = ""
    demo: bool = False
    person_word: Words = "person"
    exit_to: str = "https://www.bbc.co.uk/weather"
    lead_number: str = ""
    channels: tuple[Channel, ...] = ("web",)
    wrap_up_seconds: Seconds = 120
    idle_away_minutes: Minutes = 20
    break_minutes: Minutes = 15


_PLAIN_TABLES: dict[str, type[msgspec.Struct]] = {
    "capacity": Capacity,
    "offers": Offers,
    "waiting": Waiting,
    "lines": Lines,
    "ask_lead": AskLead,
    "staffing": Minimum,
    "retention": Retention,
    "plans": Plans,
    "demonstration": Demonstration,
}
_OTHER_TABLES = (
    "languages",
    "hours",
    "rota",
    "ladder",
    "confidentiality",
    "note_form",
    "ready_words",
    "urgency",
    "messages",
    "localities",
    "crisis_contacts",
    "people",
    "shifts",
)


def read_definition(path: Path) -> Definition:
    """Read and check one service definition.

    Raises `BrokenDefinition` with all its mistakes, which name the file by its last part; warnings alone do not
    raise (`check` gives them).
    """
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as absent:
        mend = "give the path of a service definition; `helpline new my-service.toml` writes one"
        raise BrokenDefinition(
            [Mistake(path.name, "file", f"cannot be read ({absent.strerror})", mend)]
        ) from None
    except UnicodeDecodeError:
        mend = "save it as UTF-8"
        raise BrokenDefinition([Mistake(path.name, "file", "is not UTF-8 text", mend)]) from None
    except tomllib.TOMLDecodeError as refused:
        mend = "mend that line; a word needs quotes, a table begins with [name]"
        raise BrokenDefinition([Mistake(path.name, "file", f"is not TOML: {refused}", mend)]) from None
    return definition_from(raw, path.name)


def definition_from(raw: dict[str, Any], file: str) -> Definition:
    """The same from tables that are already read; `file` is what mistakes are told of."""
    reading = Reading(file)
    definition = _read(reading, raw)
    errors = [
        mistake for mistake in check(definition, file=file, unsound=reading.broken) if mistake.kind == "error"
    ]
    if reading.mistakes or errors:
        raise BrokenDefinition([*reading.mistakes, *errors])
    return definition


def _read(reading: Reading, raw: dict[str, Any]) -> Definition:
    """The definition as far as it can be read: what cannot keeps its default, so that the rest is still checked."""
    top = _read_top(reading, raw)
    place = Place(zone=top.zone, country=top.country, region=top.region)
    languages = _read_languages(reading, raw.get("languages", {}))
    plain: dict[str, Any] = {
        name: reading.table(raw.get(name, {}), kind, name) for name, kind in _PLAIN_TABLES.items()
    }
    for name, form in (("hours", "[hours.channels.web]"), ("note_form", "[[note_form.fields]]")):
        if name not in raw:
            reading.wrong(name, "is missing", f"write it as {form}; `helpline new` shows how")
    messages, grounding = read_messages(reading, raw.get("messages", {}))
    people = read_people(reading, raw.get("people", []), top.channels)
    return Definition(
        **{name: getattr(top, name) for name in top.__struct_fields__},
        **plain,
        languages=languages,
        hours=read_opening_hours(reading, raw["hours"], top.channels, place)
        if "hours" in raw
        else always(place, top.channels),
        rota=_read_agreement(reading, raw.get("rota", {})),
        ladder=read_ladder(reading, raw.get("ladder", {})),
        confidentiality=read_confidentiality(reading, raw.get("confidentiality", {})),
        note_form=read_note_form(reading, raw.get("note_form", {"fields": []})),
        ready_words=read_ready_words(reading, raw.get("ready_words", [])),
        urgency=read_urgency(reading, raw.get("urgency", {})),
        messages=messages,
        grounding=grounding,
        localities=read_localities(reading, raw.get("localities", [])),
        crisis_contacts=read_crisis_contacts(reading, raw.get("crisis_contacts", []), place),
        people=people,
        shifts=read_shifts(reading, raw.get("shifts", []), top.channels, people, place),
    )


def _read_agreement(reading: Reading, raw: object) -> Agreement:
    """`[rota]` and its `[rota.limits]`."""
    tables = dict(raw) if isinstance(raw, dict) else {}
    limits = reading.table(tables.pop("limits", {}), Limits, "rota.limits")
    agreed = reading.table(tables if isinstance(raw, dict) else raw, Agreement, "rota")
    return msgspec.structs.replace(agreed, limits=limits)


def _read_top(reading: Reading, raw: dict[str, Any]) -> _Top:
    own = {field.name for field in msgspec.structs.fields(_Top)}
    known = (*own, *_PLAIN_TABLES, *_OTHER_TABLES)
    for name in raw:
        if name not in known:
            reading.wrong(name, "is not known here", nearest(name, known))
    fields, _ = reading.fields({name: raw[name] for name in raw if name in own}, _Top, "")
    top = _Top(**({"name": "?", "short_name": "?", "zone": "UTC", "country": "GB"} | fields))
    if not reading.adopt(zone_mistakes(top.zone, "zone")):
        top.zone = "UTC"
    if not reading.adopt(holiday_mistakes(top.country, top.region or None)):
        top.country, top.region = "GB", ""
    if not _is_https(top.exit_to):
        mend = 'write a neutral page that begins with https://, such as "https://www.bbc.co.uk/weather"'
        reading.wrong("exit_to", f"“{top.exit_to[:100]}” is not an https address", mend)
    if len(set(top.channels)) < len(top.channels):
        reading.wrong("channels", "names a channel twice", "keep each once")
    return top


def _is_https(address: str) -> bool:
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    return parts.scheme == "https" and "." in (parts.hostname or "") and not parts.username


def _read_languages(reading: Reading, raw: object) -> Languages:
    languages = reading.table(raw, Languages, "languages")
    sound = reading.language(languages.default, "languages.default")
    reading.languages(languages.promised, "languages.promised")
    if sound:
        reading.default_language = languages.default
    if sound and languages.default not in languages.promised:
        mend = f'add "{languages.default}" to promised, or choose a default from it'
        reading.wrong("languages.default", f"“{languages.default}” is not among the promised", mend)
    return languages
