"""One sentence of the record for each kind of event of a text on its way."""

from typing import Any

from helpline.events import Event
from helpline.record_sentences import Saying, of_who
from helpline.record_words import Names, phrase

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


def _pictures(event: Event, body: Any, names: Names) -> str:
    what = "a picture or other file" if body.count == 1 else f"{body.count} pictures or other files"
    return f"They sent {what}. Nobody opened it."


TEXTS: dict[str, Saying] = {
    "number_given": Saying("arrival", of_who("They text from a number we hold."), (("Number", "number"),)),
    "text_taken": Saying("conversation", of_who("A text went to them.")),
    "text_held": Saying("conversation", _held),
    "text_status": Saying("conversation", _status),
    "opted_out": Saying("conversation", _opted_out),
    "picture_sent": Saying("conversation", _pictures),
}
