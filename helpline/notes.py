"""The session note: structured, autosaved, versioned, never edited in place.

`noted` carries only the fields that changed. The note's version is the seq of its last event; a save made on an
older version is a conflict only when the same field was changed in between.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from helpline.contact import Contact
from helpline.definition import Definition
from helpline.errors import BadRequest, HelplineError, NotAllowed, TooLong
from helpline.events import By, Clock, Event, Noted
from helpline.logbook import Decide, Draft
from helpline.talking import digest

LONGEST_FIELD = 20_000


class Moved(HelplineError):
    """Somebody else changed one of these fields since `version`. The caller answers with both sides."""


def write(
    by: By, definition: Definition, version: int, fields: Mapping[str, str], client_id: str, *, lead: bool
) -> Decide:
    """Save changed fields. Refuses fields the form does not have, and texts over 20,000 characters."""
    known = {field.key for field in definition.note_form.fields}
    for key, text in fields.items():
        if key not in known:
            raise BadRequest(f"The note has no field called {key[:40]}.")
        if len(text) > LONGEST_FIELD:
            raise TooLong("That part of the note is longer than 20,000 characters. Please shorten it.")

    def decide(c: Contact, now: datetime) -> list[Draft]:
        if c.part(by.id) is None and not lead:
            raise NotAllowed("You are not in this conversation.")
        if any(c.note_versions.get(key, 0) > version for key in fields):
            raise Moved
        every = definition.ladder.rungs[c.rung].clocks.get("noted_every")
        clocks: tuple[Clock, ...] = ()
        if every and c.clock("noted_every") is not None:
            clocks = (Clock("noted_every", str(c.rung), now + timedelta(seconds=every)),)
        changed = dict(fields)
        return [(by, Noted(changed, tuple(changed), client_id, digest("note", changed), clocks))]

    return decide


def latest(events: Iterable[Event]) -> dict[str, str]:
    """The note as it stands after these events. A part that is no longer held is left out."""
    fields: dict[str, str] = {}
    for event in events:
        if isinstance(event.body, Noted) and event.body.fields:
            fields |= event.body.fields
    return fields
