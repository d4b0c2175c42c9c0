"""What the service says, as a text: whoever reads it has no page around it."""

from datetime import datetime
from zoneinfo import ZoneInfo

from babel.dates import format_datetime

from helpline.contact import Contact
from helpline.definition import Definition
from helpline.events import ChoiceAsked, Corrected, Event, Said, Told

# Under which of the service's messages a choice is put, where that is not its own name.
_ASKED = {"no_speaker": "no_speaker_choice", "long_wait": "choice"}
# Somebody who reads this may be in danger, and sees no page with numbers on it.
_WITH_EMERGENCY = frozenset({"closed", "closed_until_told", "nobody_left", "text_hello", "not_safe_nobody"})


def words_of(definition: Definition, contact: Contact, event: Event, opens_at: datetime | None) -> str:
    """What goes to their phone for `event`: empty when it says nothing there, or its words are no longer held.

    `opens_at` is the next opening after it, for what is told without one.
    """
    body = event.body
    if isinstance(body, Said | Corrected):
        return body.text or ""
    if isinstance(body, ChoiceAsked):
        return _message(definition, contact, _ASKED.get(body.why, body.why), opens_at)
    if isinstance(body, Told):
        return _message(definition, contact, body.what, body.opens_at)
    return ""


def _message(definition: Definition, contact: Contact, key: str, opens_at: datetime | None) -> str:
    if key in ("closed", "nobody_left") and opens_at is None:
        key = "closed_until_told"
    if key not in definition.messages:
        return ""
    owner = contact.part(contact.owner)
    worded = definition.message(key, contact.language, name=owner.name if owner else definition.name)
    if opens_at is not None:
        when = format_datetime(
            opens_at.astimezone(ZoneInfo(definition.zone)),
            "EEEE d MMMM, HH:mm",
            locale=worded.language.replace("-", "_"),
        )
        worded = worded.filled(opens_at=when)
    if key not in _WITH_EMERGENCY:
        return worded.text
    return f"{worded.text} {definition.message('text_emergency', contact.language).text}"
