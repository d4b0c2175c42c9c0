"""A contact's record as people read it: one line for each thing that happened, in plain sentences.

Pure: events, the pinned definition and names go in, a `Record` comes out. Nothing that happened is left out but what
`NO_LINE` names; a kind this version does not know is listed by its name. A correction or a withdrawal stands at the
line it is about, which it strikes through and never replaces.
"""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime

import msgspec

from helpline.events import RETENTION_CLASSES, Event, RungSet, RungWithdrawn, Unknown
from helpline.record_call_sentences import CALLS
from helpline.record_ladder_sentences import LADDER
from helpline.record_sentences import NO_LINE, TALK, Group, Saying, label_of, value_of
from helpline.record_text_sentences import TEXTS
from helpline.record_words import Names, plain
from helpline.sealing import LAYOUTS

SAYINGS: dict[str, Saying] = {**TALK, **TEXTS, **CALLS, **LADDER}
ON_LADDER: frozenset[Group] = frozenset({"ladder", "attempts", "decisions", "plan"})
NO_LONGER_HELD = "no longer held"
# Kinds that say something about another line, and stand there.
_ABOUT = {"corrected": "corrected", "withdrawn": "withdrawn", "record_corrected": "put right"}
# Whoever wrote these puts them right in the talk, as themselves.
_OWN_WORDS = frozenset({"said", "feedback", "call_me", "started"})


class Quote(msgspec.Struct, frozen=True):
    """Words somebody wrote. `text` is None when their key is gone; `sure` is False when none may have been given."""

    label: str
    text: str | None
    lang: str = ""
    sure: bool = True

    @property
    def shown(self) -> str:
        if self.text is not None:
            return self.text
        return NO_LONGER_HELD if self.sure else f"{NO_LONGER_HELD}, if anything was written"


class Change(msgspec.Struct, frozen=True):
    """What was said of a line afterwards: `corrected` or `withdrawn` in the talk, `put right` in the record."""

    what: str
    seq: int
    at: datetime
    by: str
    quote: Quote | None = None


class Entry(msgspec.Struct, frozen=True):
    """One line. `step` marks a move on the ladder; `struck` that what stood here first no longer does."""

    seq: int
    at: datetime
    kind: str
    group: Group
    text: str
    quotes: tuple[Quote, ...] = ()
    step: bool = False
    changes: tuple[Change, ...] = ()
    by: str = ""
    role: str = ""

    @property
    def struck(self) -> bool:
        return bool(self.changes)

    @property
    def correctable(self) -> bool:
        """Lines we wrote may be put right by us; what a person said, or one of ours said to them, may not."""
        return self.kind not in _OWN_WORDS and self.role != "person"

    @property
    def words(self) -> str:
        """The line with what stands beside it, as plain text."""
        parts = [f"{one.label}: {one.shown}" if one.label else one.shown for one in self.quotes]
        return " ".join([self.text, *parts])


class Record(msgspec.Struct, frozen=True):
    """The whole record of a contact up to `seq`. `entries` are in the order things happened."""

    contact: str
    seq: int
    names: Names
    entries: tuple[Entry, ...]

    def of(self, *groups: Group) -> tuple[Entry, ...]:
        return tuple(entry for entry in self.entries if entry.group in groups)

    @property
    def ladder_only(self) -> tuple[Entry, ...]:
        return tuple(entry for entry in self.entries if entry.group in ON_LADDER)

    def entry(self, seq: int) -> Entry | None:
        return next((entry for entry in self.entries if entry.seq == seq), None)


def record_of(
    contact: str,
    events: Iterable[Event],
    names: Names,
    held: Collection[str] = RETENTION_CLASSES,
) -> Record:
    """The record that `events`, in order, make. `held` are the retention classes whose keys there still are."""
    entries: dict[int, Entry] = {}
    seq = 0
    for event in events:
        seq = event.seq
        if event.kind in NO_LINE and not isinstance(event.body, Unknown):
            continue
        about = entries.get(getattr(event.body, "of", 0)) if event.kind in _ABOUT else None
        if about is not None:
            entries[about.seq] = msgspec.structs.replace(
                about, changes=(*about.changes, _change(event, names, held))
            )
        else:
            entries[seq] = _entry(event, names, held)
    return Record(contact, seq, names, tuple(entries.values()))


def _entry(event: Event, names: Names, held: Collection[str]) -> Entry:
    saying = SAYINGS.get(event.kind)
    if saying is None or isinstance(event.body, Unknown):
        text = f"Something that this version does not know: {plain(event.kind)}."
        return Entry(event.seq, event.at, event.kind, "unknown", text, role=event.by.role)
    return Entry(
        event.seq,
        event.at,
        event.kind,
        saying.group,
        saying.text(event, event.body, names),
        _quotes(event, saying, names, held),
        isinstance(event.body, RungSet | RungWithdrawn) and _moved(event.body),
        (),
        event.by.id,
        event.by.role,
    )


def _moved(body: RungSet | RungWithdrawn) -> bool:
    return isinstance(body, RungWithdrawn) or body.to != body.was


def _change(event: Event, names: Names, held: Collection[str]) -> Change:
    what = _ABOUT[event.kind]
    quotes = _quotes(event, SAYINGS[event.kind], names, held)
    return Change(what, event.seq, event.at, names.by(event.by), quotes[0] if quotes else None)


# The one field of each of these is always written, so that without words they are gone, not missing.
_ALWAYS_GIVEN = frozenset(
    {
        ("said", "text"),
        ("corrected", "text"),
        ("record_corrected", "words"),
        ("call_me", "number"),
        ("decided", "reason"),
        ("shared", "what"),
        ("could_not_be_confirmed", "tried"),
        ("noted", "fields"),
    }
)


def _quotes(event: Event, saying: Saying, names: Names, held: Collection[str]) -> tuple[Quote, ...]:
    found: list[Quote] = []
    for label, field in saying.words:
        value = getattr(event.body, field, None)
        if value is None:
            if _class_of(event.kind, field) not in held:
                found += _gone(event, label, field, names)
        elif isinstance(value, Mapping):
            found += [
                Quote(label_of(key, event.kind, names), value_of(key, text, event.kind, names))
                for key, text in value.items()
            ]
        elif isinstance(value, tuple):
            found.append(Quote(label, " · ".join(value)))
        else:
            found.append(Quote(label, value, getattr(event.body, "lang", "")))
    return tuple(found)


def _gone(event: Event, label: str, field: str, names: Names) -> list[Quote]:
    keys: tuple[str, ...] = getattr(event.body, "keys", ())
    if keys:
        return [Quote(names.note_label(key), None) for key in keys]
    return [Quote(label, None, sure=(event.kind, field) in _ALWAYS_GIVEN)]


def _class_of(kind: str, field: str) -> str:
    return next((name for name, fields in LAYOUTS[kind].sealed.items() if field in fields), "")
