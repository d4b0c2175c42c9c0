"""What each side may see of an event and of a contact, in the shapes of `docs/protocol.md`.

The person sees talk events only, with their own numbers, shown names and nothing from which a hidden event could be
told. Staff see everything, with the log's numbers.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import msgspec

from helpline.calls import call_shown
from helpline.contact import Contact, short_name
from helpline.contact_parts import Alert
from helpline.events import Corrected, Event, Said, Unknown, Withdrawn

# What a person may see of each kind, beyond who and when.
PERSON_SEES: dict[str, tuple[str, ...]] = {
    "started": ("channel", "language", "open"),
    "said": ("text", "lang"),
    "corrected": ("text",),
    "withdrawn": (),
    "told": ("what", "opens_at"),
    "not_safe": (),
    "choice_asked": ("why", "options"),
    "choice_made": ("choice",),
    "accepted": (),
    "joined": ("how",),
    "stepped_out": (),
    "released": (),
    "closed": ("why",),
    "reopened": ("open",),
    "left": ("why",),
    "call_me": (),
    "plan_opened": ("plan", "how"),
}
HIDDEN_FROM_STAFF = frozenset({"digest", "clocks"})
# A number is known at the desk only as "Contact 4F2K"; the words of a text are those of what was said.
HIDDEN_OF_KIND: dict[str, frozenset[str]] = {
    "call_me": HIDDEN_FROM_STAFF | {"number"},
    "number_given": HIDDEN_FROM_STAFF | {"number"},
    "text_trying": HIDDEN_FROM_STAFF | {"words"},
}
Json = dict[str, Any]


def for_person(event: Event, contact: str, talk: int) -> Json:
    """One talk event as the person sees it; `talk` is its number on their side."""
    body = event.body
    shown: Json = {
        "contact": contact,
        "seq": talk,
        "at": event.at,
        "kind": body.kind,
        "by": {"role": event.by.role, "name": event.by.name},
    }
    if type(body) is Said:
        shown["text"] = body.text
        shown["lang"] = body.lang
        if event.by.role == "person":
            shown["client_id"] = body.client_id
        return shown
    for name in PERSON_SEES.get(body.kind, ()):
        shown[name] = getattr(body, name)
    if isinstance(body, Corrected | Withdrawn):
        shown["of"] = body.of_talk
    return shown


def for_staff(event: Event, contact: str) -> Json:
    """One event as staff see it, with all its fields that are still held."""
    body = event.body
    shown: Json = {
        "contact": contact,
        "seq": event.seq,
        "at": event.at,
        "kind": event.kind,
        "by": {"role": event.by.role, "id": event.by.id, "name": event.by.name},
    }
    if type(body) is Said:
        shown["text"] = body.text
        shown["lang"] = body.lang
        shown["client_id"] = body.client_id
        return shown
    if isinstance(body, Unknown):
        return shown | body.fields
    hidden = HIDDEN_OF_KIND.get(event.kind, HIDDEN_FROM_STAFF)
    for name in body.__struct_fields__:
        if name not in hidden:
            shown[name] = getattr(body, name)
    return shown


def talk_numbers(events: Iterable[Event], before: int) -> list[tuple[int, Event]]:
    """The talk events among these with their numbers, `before` being how many came earlier."""
    numbered = []
    for event in events:
        if event.body.talk:
            before += 1
            numbered.append((before, event))
    return numbered


def alert(contact: Contact, one: Alert) -> Json:
    clock = next((c for c in contact.clocks if c.kind == "acknowledge" and c.of == one.alert), None)
    return {
        "alert": one.alert,
        "contact": contact.log,
        "name": contact.name,
        "what": one.what,
        "to": one.to,
        "at": one.at,
        "by": one.by,
        "due": clock.due if clock else None,
        "acknowledged_by": one.acknowledged_by,
        "late_seconds": one.late_seconds,
    }


def person_line(contact: Contact) -> str:
    """What is known of the person's line, never a guess: on, lost, left, or gone by quick exit."""
    if contact.left:
        return "quick" if contact.left == "quick" else "left"
    return "lost" if contact.person_lost else "on"


def texts(contact: Contact) -> Json | None:
    """How their texts stand; None for who did not come by text. `waiting` and `given_up` are seqs of words."""
    if contact.channel != "sms":
        return None
    held = contact.texts
    return {
        "reachable": held.reachable,
        "line": held.line,
        "opted_out": held.opted_out,
        "waiting": [one.of for one in held.sending],
        "given_up": list(held.given_up),
    }


def summary(contact: Contact, epoch: str, rung_names: tuple[str, ...]) -> Json:
    """The contact as desk and board show it. Same but for words' marks means nothing worth pushing changed."""
    offered = contact.offer is not None and not contact.offer.transfer
    phase = "offered" if contact.phase == "waiting" and offered else contact.phase
    owner = contact.part(contact.owner)
    return {
        "contact": contact.log,
        "name": contact.name,
        "seq": contact.seq,
        "epoch": epoch,
        "channel": contact.channel,
        "language": contact.language,
        "locality": contact.locality,
        "phase": phase,
        "opened_at": contact.opened_at,
        "waiting_since": contact.waiting_since,
        "accepted_at": contact.accepted_at,
        "owner": {"id": owner.id, "name": owner.name} if owner else None,
        "participants": [{"id": one.id, "name": one.name, "role": one.role} for one in contact.participants],
        "rung": contact.rung,
        "rung_short": rung_names[contact.rung],
        "rung_seq": contact.rung_seq,
        "rung_by": contact.rung_by,
        "rung_at": contact.rung_at,
        "clocks": [{"kind": one.kind, "of": one.of, "due": one.due} for one in contact.clocks],
        "alerts": [alert(contact, one) for one in contact.alerts],
        "attempts": [msgspec.to_builtins(one, builtin_types=(datetime,)) for one in contact.attempts],
        "not_safe": contact.not_safe,
        "prompts": [{"seq": one.seq, "of": one.of, "at": one.at} for one in contact.prompts.standing],
        "lines": {
            "person": person_line(contact),
            "supporter": "lost" if contact.supporter_lost else "on",
        },
        "last_word": {"person": contact.last_person, "supporter": contact.last_supporter},
        "seen": {"person": contact.seen_person, "supporter": contact.seen_supporter},
        "note_version": contact.note_version,
        "outcome": contact.outcome,
        "answers": dict(contact.answers),
        "choice": contact.choice.why if contact.choice else None,
        "with_lead": contact.with_lead,
        "call_me": contact.asked_call,
        "feedback": contact.gave_feedback,
        "plans": list(contact.plans),
        "texts": texts(contact),
        "call": call_shown(contact),
        "number_held": contact.number_held,
        "linked": [{"contact": one, "name": short_name(one)} for one in contact.linked],
    }


def same_but_for_words(before: Contact, after: Contact) -> bool:
    """True when only the numbers and the marks that words move differ, so that no summary need be sent."""
    return before == msgspec.structs.replace(
        after,
        seq=before.seq,
        talk=before.talk,
        at=before.at,
        last_person=before.last_person,
        last_supporter=before.last_supporter,
        seen_person=before.seen_person,
        seen_supporter=before.seen_supporter,
        note_version=before.note_version,
        note_versions=before.note_versions,
        acted_at=before.acted_at,
    )


def person_state(
    contact: Contact, queue: Json | None, opens_at: datetime | None, *, with_: Json | None
) -> Json:
    """`state` of docs/protocol.md. A lost supporter shows only once the person has been told."""
    phase = {"live": "with_you", "wrap_up": "ended", "waiting": "waiting", "stored": "stored"}.get(
        contact.phase, "ended"
    )
    if contact.left:
        phase = "ended"
    away = contact.supporter_lost is not None and contact.clock("tell_person") is None
    return {
        "phase": phase,
        "name": contact.name,
        "supporter": with_ if phase == "with_you" else None,
        "queue": queue if phase == "waiting" else None,
        "choice": {"why": contact.choice.why, "options": list(contact.choice.options)}
        if contact.choice
        else None,
        "held": phase == "waiting" and contact.with_lead,
        "not_safe": contact.not_safe,
        "opens_at": opens_at if phase in ("stored", "ended") else None,
        "line": "supporter_away" if away else "ok",
    }
