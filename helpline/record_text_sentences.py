"""One sentence of the record for each kind of event of a text on its way."""

from typing import Any

from helpline.events import Event
from helpline.record_sentences import Saying, of_who
from helpline.record_words import Names, language, phrase

_STATUS = {
    "delivered": "arrived on their phone",
    "read": "was opened on their phone",
    "undelivered": "did not arrive",
    "failed": "could not be sent",
    "canceled": "was taken back",
}
_HELD = {
    "refused": "was refused by the carrier",
    "undelivered": "did not arrive",
    "silent": "could not be handed over, because the carrier was not heard",
    "withdrawn": "was not sent, because its words were taken back",
    "landline": "was not sent, because their number is a landline, which may read it aloud",
}


def _held(event: Event, body: Any, names: Names) -> str:
    code = f" (code {body.code})" if body.code else ""
    then = (
        f"It is tried again at {names.clocked.time(body.again_at)}"
        if body.again_at
        else "It is not tried again by itself"
    )
    return f"A text to them {_HELD.get(body.why, phrase(body.why))}{code}. {then}."


def _status(event: Event, body: Any, names: Names) -> str:
    code = f" (code {body.code})" if body.code else ""
    return f"A text to them {_STATUS.get(body.status, f'is on its way: {phrase(body.status)}')}{code}."


def _opted_out(event: Event, body: Any, names: Names) -> str:
    if body.on:
        return "They sent a word that closes their phone to our texts."
    return "They opened their phone to our texts again."


_LINES = {
    "mobile": "Their number is a mobile.",
    "landline": "Their number is a landline: no texts go to it, because it may read them aloud.",
    "voip": "Their number is one of an internet telephone.",
    "word": "They write from a short code or a name that no text can be sent to.",
}


def _line(event: Event, body: Any, names: Names) -> str:
    return _LINES.get(body.line, "What kind of line their number is could not be found out.")


def _language(event: Event, body: Any, names: Names) -> str:
    return f"They asked to be answered in {language(body.language)}."


def _pictures(event: Event, body: Any, names: Names) -> str:
    what = "a picture or other file" if body.count == 1 else f"{body.count} pictures or other files"
    return f"They sent {what}. Nobody opened it."


TEXTS: dict[str, Saying] = {
    # Who reads the record may be anybody of the shift; a number is known to them only as the contact's name.
    "number_given": Saying("arrival", of_who("They text from a number we hold.")),
    "text_taken": Saying("conversation", of_who("A text went to them.")),
    "text_held": Saying("conversation", _held),
    "text_status": Saying("conversation", _status),
    "opted_out": Saying("conversation", _opted_out),
    "line_known": Saying("arrival", _line),
    "language_asked": Saying("arrival", _language),
    "picture_sent": Saying("conversation", _pictures),
}
