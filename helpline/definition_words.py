"""Reading the words of a definition: confidentiality, messages, note form and ready words."""

import re
from typing import Any

import msgspec

from helpline.definition_tables import Reading
from helpline.messages import GROUNDING, MESSAGES, Texts, default_confidentiality, default_grounding
from helpline.shape import (
    Confidentiality,
    Id,
    NoteChoice,
    NoteField,
    NoteForm,
    Policy,
    ReadyWords,
    Urgency,
    Words,
)
from helpline.urgency import MOST, objection_to
from rota.mistakes import nearest

_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
_EVERYWHERE = frozenset({"service"})


class _Confidentiality(msgspec.Struct, kw_only=True):
    policy: Policy = "capacity_led"
    version: Words = "1"


class _NoteField(msgspec.Struct, kw_only=True):
    key: Id
    kind: str = "text"
    sealed: str = "note"
    outcome: bool = False


class _NoteChoice(msgspec.Struct, kw_only=True):
    key: Id


def read_confidentiality(reading: Reading, raw: object) -> Confidentiality:
    """`[confidentiality]`; without `wording` it is the shipped one of the policy."""
    if not isinstance(raw, dict):
        reading.wrong("confidentiality", "is not a table", "write it as [confidentiality]")
        return Confidentiality(wording=default_confidentiality("capacity_led"))
    plain = {name: raw[name] for name in raw if name != "wording"}
    fields, _ = reading.fields(plain, _Confidentiality, "confidentiality")
    head = _Confidentiality(**fields)
    wording = default_confidentiality(head.policy)
    if "wording" in raw:
        wording = reading.texts(raw["wording"], "confidentiality.wording")
        _placeholders(reading, wording, "confidentiality.wording", frozenset())
    return Confidentiality(policy=head.policy, version=head.version, wording=wording)


def read_messages(reading: Reading, raw: object) -> tuple[dict[str, Texts], dict[str, tuple[str, ...]]]:
    """`[messages]`: the shipped words, each key replaced in all languages at once by what the service writes."""
    messages, grounding = dict(MESSAGES), default_grounding()
    if not isinstance(raw, dict):
        reading.wrong("messages", "is not a table", "write it as [messages]")
        return messages, grounding
    for name, texts in raw.items():
        key = f"messages.{name}"
        if name == GROUNDING:
            grounding = reading.lists(texts, key) or grounding
        elif name not in MESSAGES:
            reading.wrong(key, "is not a message of the service", nearest(name, (*MESSAGES, GROUNDING)))
        else:
            written = reading.texts(texts, key)
            _placeholders(reading, written, key, _placeholders_of(MESSAGES[name]))
            messages[name] = written or MESSAGES[name]
    return messages, grounding


def _placeholders_of(texts: Texts) -> frozenset[str]:
    return frozenset(name for text in texts.values() for name in _PLACEHOLDER.findall(text))


def _placeholders(reading: Reading, texts: Texts, key: str, known: frozenset[str]) -> None:
    for tag, text in texts.items():
        for name in _PLACEHOLDER.findall(text):
            if name not in known | _EVERYWHERE:
                what = f"{{{name}}} is not filled in here"
                mend = nearest(name, sorted(known | _EVERYWHERE))
                reading.wrong(f"{key}.{tag}", what, mend)


def read_note_form(reading: Reading, raw: object) -> NoteForm:
    """`[note_form]`. One field, and one only, is the outcome; nothing else is ever mandatory."""
    found: list[NoteField] = []
    if not isinstance(raw, dict):
        reading.wrong("note_form", "is not a table", "write its fields as [[note_form.fields]]")
        return NoteForm(fields=())
    for name in raw:
        if name != "fields":
            reading.wrong(f"note_form.{name}", "is not known here", nearest(name, ["fields"]))
    for key, table in reading.entries(raw.get("fields", []), "note_form.fields"):
        field = _note_field(reading, table, key)
        if field is not None:
            found.append(field)
    reading.unique((field.key for field in found), "note_form.fields", "key")
    return NoteForm(fields=tuple(found))


def _note_field(reading: Reading, table: dict[str, Any], key: str) -> NoteField | None:
    before = len(reading.mistakes)
    plain = {name: table[name] for name in table if name not in ("label", "choices")}
    fields, sound = reading.fields(plain, _NoteField, key)
    label = reading.texts(table.get("label"), f"{key}.label")
    choices = [
        choice
        for place, each in reading.entries(table.get("choices", []), f"{key}.choices")
        if (choice := _note_choice(reading, each, place)) is not None
    ]
    reading.unique((choice.key for choice in choices), f"{key}.choices", "key")
    kind, sealed = fields.get("kind", "text"), fields.get("sealed", "note")
    if kind not in ("text", "choice", "many"):
        reading.wrong(
            f"{key}.kind", f"“{kind}” is not a kind of field", nearest(kind, ("text", "choice", "many"))
        )
    elif kind == "text" and choices:
        reading.wrong(f"{key}.choices", "a text has no choices", 'write kind = "choice" or kind = "many"')
    elif kind != "text" and not table.get("choices"):
        mend = 'write choices = [{ key = "…", label = "…" }, …], or kind = "text"'
        reading.wrong(f"{key}.choices", "has no choices", mend)
    if sealed not in ("note", "safety"):
        reading.wrong(
            f"{key}.sealed", f"“{sealed}” is no kind of record", nearest(sealed, ("note", "safety"))
        )
    if not sound or len(reading.mistakes) > before:
        return None
    return NoteField(
        key=fields["key"],
        label=label,
        kind=kind,
        choices=tuple(choices),
        sealed=sealed,
        outcome=fields.get("outcome", False),
    )


def _note_choice(reading: Reading, table: dict[str, Any], key: str) -> NoteChoice | None:
    plain = {name: table[name] for name in table if name != "label"}
    entry = reading.entry(plain, _NoteChoice, key)
    label = reading.texts(table.get("label"), f"{key}.label")
    return NoteChoice(key=entry.key, label=label) if entry is not None and label else None


def read_ready_words(reading: Reading, raw: object) -> tuple[ReadyWords, ...]:
    """`[[ready_words]]`: replies a supporter may take up."""
    found: list[ReadyWords] = []
    for key, table in reading.entries(raw, "ready_words"):
        plain = {name: table[name] for name in table if name != "text"}
        entry = reading.entry(plain, _NoteChoice, key)
        text = reading.texts(table.get("text"), f"{key}.text")
        if entry is not None and text:
            found.append(ReadyWords(key=entry.key, text=text))
    reading.unique((words.key for words in found), "ready_words", "key")
    return tuple(found)


def read_urgency(reading: Reading, raw: object) -> Urgency:
    """`[urgency.phrases]`: lists of phrases by language. An empty list is none, and the board says so."""
    if not isinstance(raw, dict) or not isinstance(raw.get("phrases", {}), dict):
        reading.wrong(
            "urgency", "is not a table", "write the lists under [urgency.phrases], such as en = [ … ]"
        )
        return Urgency()
    for name in raw:
        if name != "phrases":
            reading.wrong(f"urgency.{name}", "is not known here", nearest(name, ["phrases"]))
    found: dict[str, tuple[str, ...]] = {}
    for tag, phrases in raw.get("phrases", {}).items():
        key = f"urgency.phrases.{tag}"
        if not reading.language(tag, key):
            continue
        if not isinstance(phrases, list) or not all(isinstance(phrase, str) for phrase in phrases):
            reading.wrong(key, "is not a list of words", "write a list of words in quotes, or [] for none")
        elif len(phrases) > MOST:
            reading.wrong(key, f"has {len(phrases)} phrases", f"keep the {MOST} that matter most")
        else:
            found[tag] = tuple(phrases)
            for place, phrase in enumerate(phrases):
                _phrase(reading, phrase, f"{key}[{place}]")
    return Urgency(phrases=found if "urgency" not in reading.broken else {})


def _phrase(reading: Reading, phrase: str, key: str) -> None:
    if found := objection_to(phrase):
        what, mend = found
        reading.wrong(key, f"“{phrase[:40]}” {what}" if what.startswith("is") else what, mend)
