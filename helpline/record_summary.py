"""What a crisis team is given: one or two sheets, of the parts that somebody chose, as things stood at one moment.

It says what we are doing now, in words. It holds no number that ranks anybody and predicts nothing. Each part is made
of what the record has; a line that was put right says so here too.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from helpline.contact import Contact
from helpline.events import (
    Attempted,
    AttemptNamed,
    CallMe,
    ConsentAsked,
    CouldNotBeConfirmed,
    Decided,
    Event,
    FollowUpSet,
    HelpChecked,
    RungSet,
    RungWithdrawn,
    Seconded,
    Shared,
    Started,
)
from helpline.record import Quote, Record
from helpline.record_words import ANSWER_LABELS, ANSWER_WORDS, OUTCOMES, Names, language, plain

NOT_CLINICAL = "Written by a volunteer helpline; not a clinical assessment."
TITLES: dict[str, str] = {
    "who": "Who, as they told us",
    "where": "Where",
    "now": "What is happening now",
    "said": "In their words",
    "asked": "What we asked",
    "wishes": "What they want, and do not want",
    "consent": "Consent, and who decided",
    "tried": "Who was tried, and when",
    "told": "What was told to whom",
    "follow_up": "When we are in touch again",
    "plan": "Their plan, in short",
    "back": "Ring back",
}
"""Every part there may be, in the order of the sheet."""

ALWAYS_OFFERED_FIRST = frozenset({"where", "now", "consent", "tried", "back"})
"""Ticked whatever was agreed: what somebody needs to act, and nothing of what the person said."""
WITHOUT_CONSENT = ALWAYS_OFFERED_FIRST | {"who", "said"}
MOST_ATTEMPTS = 8
MOST_TOLD = 3
LONGEST = 600
"""Of one quote on the sheet, in characters; the rest is in the record, and the sheet says so."""
MOST_OF_A_PLAN = 10
_REST = " … (the rest is in our record)"


class Item(msgspec.Struct, frozen=True):
    """One line of a part. `seq` is the event it comes from; `put_right` are later corrections of it."""

    text: str = ""
    quotes: tuple[Quote, ...] = ()
    seq: int = 0
    put_right: tuple[str, ...] = ()


class Part(msgspec.Struct, frozen=True):
    key: str
    title: str
    items: tuple[Item, ...]


class Summary(msgspec.Struct, frozen=True):
    """The sheet: the chosen parts, who made it and when, up to which number of the record."""

    service: str
    contact: str
    parts: tuple[Part, ...]
    made_by: str
    made_at: datetime
    made: str
    seq: int
    language: str


class Material(msgspec.Struct, frozen=True):
    """What a summary is made of. `plan` is None unless it may be told; `number` is whom to ring back."""

    contact: Contact
    record: Record
    events: tuple[Event, ...]
    number: str = ""
    plan: tuple[tuple[str, str], ...] | None = None

    @property
    def names(self) -> Names:
        return self.record.names


def parts_of(material: Material) -> dict[str, Part]:
    """Every part that has anything in it."""
    made = {
        "who": _who(material),
        "where": _where(material),
        "now": _now(material),
        "said": _latest(material, "person_said"),
        "asked": _latest(material, "asked"),
        "wishes": _latest(material, "wishes"),
        "consent": _consent(material),
        "tried": _tried(material),
        "told": _told(material),
        "follow_up": _follow_up(material),
        "plan": _plan(material),
        "back": _back(material),
    }
    return {key: Part(key, TITLES[key], tuple(items)) for key, items in made.items() if items}


def first_choice(contact: Contact, there: Iterable[str]) -> frozenset[str]:
    """The parts ticked before anybody chooses: with consent all of them, else no more than is needed to act."""
    consent, decision = contact.ladder.consent, contact.ladder.decision
    there = frozenset(there)
    if consent is not None and consent.answer == "given":
        return there
    if decision is not None and decision.what == "share":
        return there & WITHOUT_CONSENT
    return there & ALWAYS_OFFERED_FIRST


def summary_of(material: Material, chosen: Collection[str], made_by: str, now: datetime) -> Summary:
    """The sheet with the chosen parts; parts that have nothing are left out."""
    parts = parts_of(material)
    return Summary(
        service=plain(material.names.definition.name),
        contact=material.contact.name,
        parts=tuple(part for key, part in parts.items() if key in chosen),
        made_by=plain(made_by),
        made_at=now,
        made=material.names.clocked.moment(now),
        seq=material.record.seq,
        language=material.contact.language,
    )


def shared_words(summary: Summary) -> str:
    """What to record as told when this sheet was given to somebody: the parts' titles, not what stood in them."""
    titles = ", ".join(part.title.lower() for part in summary.parts)
    return f"The summary of {summary.made}, with: {titles}."


def shortened(text: str, longest: int = LONGEST) -> str:
    """At most `longest` characters, saying so where there were more."""
    text = text.strip()
    return text if len(text) <= longest + len(_REST) else f"{text[:longest].rstrip()}{_REST}"


def _bodies(material: Material, kind: type[Any]) -> list[tuple[Event, Any]]:
    return [(event, event.body) for event in material.events if isinstance(event.body, kind)]


def _item(material: Material, event: Event, text: str, *quotes: tuple[str, str | None]) -> Item:
    """A line with the words that are still held, and what was said of it later."""
    said = tuple(Quote(label, shortened(words)) for label, words in quotes if words and words.strip())
    entry = material.record.entry(event.seq)
    right = tuple(
        f"Put right by {one.by} at {material.names.clocked.short(one.at)}: "
        f"{shortened(one.quote.shown) if one.quote is not None else ''}"
        for one in (entry.changes if entry is not None else ())
    )
    return Item(text, said, event.seq, right)


def _who(material: Material) -> list[Item]:
    items: list[Item] = []
    answers: Mapping[str, str] = {}
    for _, body in _bodies(material, Started):
        answers = body.answers or {}
    for key in ("name", "age_band", "for_whom"):
        if value := answers.get(key, "").strip():
            words = ANSWER_WORDS.get(key, {}).get(value, value)
            items.append(Item(quotes=(Quote(ANSWER_LABELS[key], shortened(words)),)))
    speaks = ", ".join(language(tag) for tag in material.contact.speaks)
    if speaks:
        items.append(Item(f"Language: {speaks}."))
    for event, body in _bodies(material, CallMe)[-1:]:
        name = (body.details or {}).get("name")
        safe = "A message may be left." if body.safe_message else "No message is to be left."
        # A number is shown to who rings them and to a lead with a reason, and stands on no paper.
        held = "Ask the shift lead for the number they gave."
        items.append(_item(material, event, f"Asked to be called. {safe} {held}", ("Name", name)))
    return items


def _where(material: Material) -> list[Item]:
    items = []
    if material.contact.locality:
        items.append(Item(f"Locality: {material.names.place(material.contact.locality)}."))
    if area := material.contact.answers.get("area", "").strip():
        items.append(Item(quotes=(Quote("Area they gave", shortened(area)),)))
    return items


def _steps(material: Material) -> list[tuple[Event, RungSet]]:
    """Steps that were not taken back as mistakes."""
    mistaken = {body.of for _, body in _bodies(material, RungWithdrawn)}
    return [(event, body) for event, body in _bodies(material, RungSet) if event.seq not in mistaken]


def _now(material: Material) -> list[Item]:
    contact, names = material.contact, material.names
    since = f", since {names.clocked.moment(contact.rung_at)}" if contact.rung_at is not None else ""
    over = contact.phase in ("wrap_up", "ended")
    lead_in = "When the conversation ended we were" if over else "We are"
    items = [Item(f"{lead_in}: {names.rung(contact.rung)}{since}.")]
    here = [(event, body) for event, body in _steps(material) if body.to == contact.rung and body.basis]
    items += [_item(material, event, "", ("Why", body.basis)) for event, body in here[-1:]]
    items += [Item(names.track(letter) + ".") for letter in contact.ladder.tracks]
    loop = contact.ladder.loop
    if loop is not None and loop.called_at is not None:
        items.append(Item(f"999 answered at {names.clocked.short(loop.called_at)}."))
    for event, body in _bodies(material, HelpChecked)[-1:]:
        reached = "Help has reached them" if body.reached else "Help had not reached them yet"
        text = f"{reached}, asked at {names.clocked.short(event.at)}."
        items.append(_item(material, event, text, ("They said", body.words)))
    for event, body in _bodies(material, CouldNotBeConfirmed)[-1:]:
        text = "That help reached them could not be confirmed."
        items.append(_item(material, event, text, ("Tried", body.tried), ("Reference", body.reference)))
    return items


def _latest(material: Material, field: str) -> list[Item]:
    """The newest words that a step has in this field."""
    for event, body in reversed(_steps(material)):
        value: Any = getattr(body, field)
        if value:
            words = " · ".join(value) if isinstance(value, tuple) else value
            return [_item(material, event, f"{material.names.clocked.short(event.at)}", ("", words))]
    return []


def _consent(material: Material) -> list[Item]:
    asked = _bodies(material, ConsentAsked)[-1:]
    items = [_from_record(material, event) for event, _ in asked]
    if not asked:
        items.append(Item("Whether we may tell others has not been noted."))
    decided = _bodies(material, Decided)[-1:]
    items += [_from_record(material, event) for event, _ in decided]
    items += [
        _from_record(material, event)
        for event, body in _bodies(material, Seconded)
        if decided and body.of == decided[0][0].seq
    ]
    return items


def _from_record(material: Material, event: Event) -> Item:
    """The record's own line."""
    entry = material.record.entry(event.seq)
    if entry is None:
        return Item(seq=event.seq)
    text = f"{material.names.clocked.short(event.at)} {entry.text}"
    return _item(material, event, text, *((one.label, one.text) for one in entry.quotes))


def _tried(material: Material) -> list[Item]:
    made = _bodies(material, Attempted)
    items = [_attempt(material, event, body) for event, body in made[-MOST_ATTEMPTS:]]
    if len(made) > MOST_ATTEMPTS:
        items.insert(0, Item("There were earlier ones; they are in our record."))
    return items


def _attempt(material: Material, event: Event, body: Attempted) -> Item:
    names = material.names
    name = names.crisis_name(body.crisis_contact, body.version)
    outcome = OUTCOMES.get(body.outcome, plain(body.outcome))
    text = f"{names.clocked.short(event.at)} {name}: {outcome}."
    named = [one.reference for _, one in _bodies(material, AttemptNamed) if one.of == event.seq]
    told = [("Who, and reference", words) for words in (body.reference, *named)]
    return _item(material, event, text, *told)


def _told(material: Material) -> list[Item]:
    items = []
    for event, body in _bodies(material, Shared)[-MOST_TOLD:]:
        whom = material.names.crisis_name(body.crisis_contact) if body.crisis_contact else "somebody outside"
        text = f"{material.names.clocked.short(event.at)} {whom}."
        items.append(_item(material, event, text, ("To", body.whom), ("What", body.what)))
    return items


def _follow_up(material: Material) -> list[Item]:
    agreed: Sequence[tuple[Event, Any]] = _bodies(material, FollowUpSet)[-1:]
    return [_from_record(material, event) for event, _ in agreed]


def _plan(material: Material) -> list[Item]:
    lines = material.plan or ()
    items = [Item(quotes=(Quote(label, shortened(text)),)) for label, text in lines[:MOST_OF_A_PLAN]]
    if len(lines) > MOST_OF_A_PLAN:
        items.append(Item("There is more in their plan."))
    return items


def _back(material: Material) -> list[Item]:
    if not material.number:
        return []
    return [
        Item(f"{plain(material.names.definition.name)}: {plain(material.number)}. Ask for the shift lead.")
    ]
