"""What the service says, as a text: whoever reads it has no page around it."""

from datetime import datetime
from zoneinfo import ZoneInfo

from babel import Locale, UnknownLocaleError
from babel.dates import format_datetime

from helpline.call_events import MissedText
from helpline.contact import Contact
from helpline.definition import Definition
from helpline.events import ChoiceAsked, Corrected, Event, Said, Told
from helpline.messages import MESSAGES, Texts

# Under which of the service's messages a choice is put, where that is not its own name.
_ASKED = {"no_speaker": "no_speaker_choice", "long_wait": "choice"}
# Somebody who reads this may be in danger, and sees no page with numbers on it.
_WITH_EMERGENCY = frozenset(
    {
        "closed",
        "closed_until_told",
        "nobody_left",
        "text_hello",
        "text_help",
        "text_call_me",
        "text_many",
        "not_safe_nobody",
    }
)


def words_of(definition: Definition, contact: Contact, event: Event, opens_at: datetime | None) -> str:
    """What goes to their phone for `event`: empty when it says nothing there, or its words are no longer held.

    `opens_at` is the next opening after it, for what is told without one.
    """
    body = event.body
    if isinstance(body, Said | Corrected):
        return body.text or ""
    if isinstance(body, ChoiceAsked):
        return _message(definition, contact, _ASKED.get(body.why, body.why), opens_at)
    if isinstance(body, MissedText):
        return _message(definition, contact, "call_missed", opens_at)
    if isinstance(body, Told):
        return _message(definition, contact, body.what, body.opens_at)
    return ""


def _message(definition: Definition, contact: Contact, key: str, opens_at: datetime | None) -> str:
    if key in ("closed", "nobody_left") and opens_at is None:
        key = "closed_until_told"
    texts = said_under(definition, key)
    if not texts:
        return ""
    owner = contact.part(contact.owner)
    worded = definition.in_language(texts, contact.language).filled(
        service=definition.name,
        name=owner.name if owner else definition.name,
        language=_named(contact.language, contact.language),
        call_me=_first_of(definition, "keyword_call_me", contact.language),
    )
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


def said_under(definition: Definition, key: str) -> Texts:
    """The words of a message in each language, also for a contact begun before there was such a message."""
    return definition.messages.get(key) or MESSAGES.get(key) or {}


def _first_of(definition: Definition, key: str, language: str) -> str:
    """The first of several words that ask for the same."""
    return definition.in_language(said_under(definition, key), language).text.split(",")[0].strip()


def _named(tag: str, shown_in: str) -> str:
    try:
        return Locale.parse(tag, sep="-").get_display_name(shown_in.replace("-", "_")) or tag
    except (UnknownLocaleError, ValueError):
        return tag
