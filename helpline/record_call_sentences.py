"""One sentence of the record for each kind of event of a request to be rung, and of a call."""

from typing import Any

from helpline.events import Event
from helpline.record_sentences import Saying, of_who
from helpline.record_words import Names, phrase

_MADE = {
    "talked": "{who} rang them and they talked.",
    "no_answer": "{who} rang them. Nobody answered.",
    "engaged": "{who} rang them. The line was engaged.",
    "voicemail": "{who} rang them. A machine may have answered; it may have been a person.",
    "wrong_number": "{who} rang them. It was a wrong number.",
    "not_again": "{who} rang them. They asked not to be rung.",
}
_ENDED = {
    "completed": "The call ended",
    "busy": "The line was engaged",
    "no-answer": "Nobody answered the call",
    "failed": "The call did not get through",
    "canceled": "The call was called off",
    "not-taken": "The call was not taken up on our side, and they were not rung",
    "refused": "The carrier refused the call, and they were not rung",
    "silent": "The phone line was silent, so nothing was tried and they were not rung",
    "unknown": "What became of the call is not known; nobody was rung again by itself",
}


def _window(event: Event, body: Any, names: Names) -> str:
    first = names.clocked.moment(body.begins_at)
    last = names.clocked.moment(body.ends_at)
    soon = "They asked to be rung as soon as can be. " if body.soonest else ""
    return f"{soon}They may be rung from {first} until {last}."


def _made(event: Event, body: Any, names: Names) -> str:
    other = f"{{who}} rang them: {phrase(body.outcome)}."
    return _MADE.get(body.outcome, other).format(who=names.by(event.by))


def _ended(event: Event, body: Any, names: Names) -> str:
    lasted = f" after {body.seconds} seconds" if body.seconds else ""
    return f"{_ENDED.get(body.outcome, f'The call ended: {phrase(body.outcome)}')}{lasted}."


def _rung(event: Event, body: Any, names: Names) -> str:
    if body.hidden:
        return "Somebody whose number is hidden rang the line. There is nothing to ring back."
    if body.pressed:
        return "They rang the line and asked to be rung back."
    return "They rang the line and hung up, or pressed nothing."


CALLS: dict[str, Saying] = {
    "line_rung": Saying("arrival", _rung),
    "call_withdrawn": Saying("arrival", of_who("They took their request to be rung back.")),
    "call_machine": Saying(
        "conversation", of_who("The phone line took what answered for a machine; it may be a person.")
    ),
    "missed_text": Saying(
        "conversation", of_who("One neutral text was to tell them that nobody reached them.")
    ),
    "call_window": Saying("arrival", _window),
    "call_due": Saying("arrival", of_who("Their time to be rung began.")),
    "call_unkept": Saying(
        "conversation", of_who("Their time to be rung ended, and nobody had reached them.")
    ),
    "number_shown": Saying("conversation", of_who("{who} was shown their number, to ring them by hand.")),
    "number_revealed": Saying(
        "conversation", of_who("{who}, who leads, was shown their number."), (("Why", "reason"),)
    ),
    "call_placing": Saying("conversation", of_who("{who} asked the phone line to ring them.")),
    "call_placed": Saying("conversation", of_who("The phone line was ringing our side first.")),
    "call_ended": Saying("conversation", _ended),
    "call_made": Saying("conversation", _made),
}
