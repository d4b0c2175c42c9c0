"""One sentence of the record for each kind of event that happens to a contact; the ladder's are in a module of their own.

A sentence is ours and holds no words anybody wrote: those stand beside it as quotes.
"""

from collections.abc import Callable
from typing import Any, Literal

import msgspec

from helpline.events import Event
from helpline.record_words import (
    ANSWER_LABELS,
    ANSWER_WORDS,
    CHANNELS,
    Names,
    language,
    phrase,
    plain,
    policy,
)

Group = Literal[
    "arrival", "conversation", "ladder", "attempts", "decisions", "plan", "notes", "ending", "unknown"
]
Field = tuple[str, str]


class Saying(msgspec.Struct, frozen=True):
    """How one kind is told. `words` are the fields quoted beside the sentence, with their labels."""

    group: Group
    text: Callable[[Event, Any, Names], str]
    words: tuple[Field, ...] = ()


# What a contact's log holds and the record leaves out, each with its reason.
NO_LINE: dict[str, str] = {
    "seen": "a mark of how far a page has shown the talk; nothing happened",
    "text_trying": "the moment before a text is handed over; what follows says how it went",
    "checked_in": "of a supporter's shift, which has a log of its own",
    "ready": "of a supporter's shift",
    "away": "of a supporter's shift",
    "slot_held": "of a supporter's shift",
    "slot_freed": "of a supporter's shift",
    "handover_left": "of a supporter's shift",
    "checked_out": "of a supporter's shift",
    "rota_changed": "of the rota's log",
    "directory_changed": "of the directory's log",
    "phrases_changed": "of the phrase list's log",
    "plan_begun": "of a plan's own log",
    "plan_returned": "of a plan's own log",
    "plan_written": "of a plan's own log",
    "plan_taken_out": "of a plan's own log",
    "plan_kept": "of a plan's own log",
    "plan_not_kept": "of a plan's own log",
    "plan_reviewed": "of a plan's own log",
    "plan_copied": "of a plan's own log",
    "plan_forgotten": "of a plan's own log",
}

_LEFT = {
    "ended": "They left.",
    "quick": "They left by quick exit.",
    "line": "Their line did not come back, and their place was given up.",
}
_CLOSED = {
    "supporter": "{who} ended the conversation.",
    "person": "They ended the conversation.",
    "silence": "The conversation ended after a silence.",
    "line": "The conversation ended because the line did not come back.",
    "lead": "{who} ended the conversation as lead.",
    "stored": "What they wrote was kept for later.",
}
_OFFER_ENDED = {
    "declined": "said not now",
    "expired": "did not answer in time",
    "withdrawn": "is no longer asked",
    "gone": "lost their line before answering",
}
_JOINED = {
    "lead": "{who} joined as lead.",
    "took_over": "{who} took over.",
    "interpreter": "{who} joined as interpreter.",
}
_RELEASED = {
    "supporter": "{who} handed them back",
    "must_stop": "{who} had to stop and handed them on",
    "line": "{who}'s line was lost for too long, and they were handed on",
    "end_of_shift": "{who}'s shift ended, and they were handed on",
}
_ASKED = {
    "no_speaker": "nobody here speaks their language",
    "long_wait": "the wait is long",
    "full": "more are waiting than can be answered soon",
    "nobody_left": "nobody is free",
}
_CHOSEN = {"wait": "to wait", "interpreter": "an interpreter", "call_me": "to be called back"}
_TOLD = {
    "closed": "The service told them that it is closed",
    "somebody_here": "The service told them that somebody who can answer is here now",
    "not_safe_nobody": "The service told them honestly that nobody is free yet, with 999 and 111 in view",
    "line_lost_supporter": "The service told them that their supporter's line was lost",
    "text_hello": "The service told them that their text had come, and asked whether texting them is safe",
    "text_help": "The service told them what it is, with 999 and 111 in view",
    "text_call_me": "The service told them that their wish to be rung is kept",
    "text_language": "The service told them in which language they will be answered",
    "text_many": "The service told them that every text is kept, and that nothing answers by itself for a while",
}
FOLLOWED = {"followed": "was followed", "partly": "was followed in part", "not_followed": "was not followed"}


def _started(event: Event, body: Any, names: Names) -> str:
    channel = CHANNELS.get(body.channel, phrase(body.channel))
    place = f" Locality: {names.place(body.locality)}." if body.locality else ""
    # Who asks to be rung waits for their time, whether we are open or not.
    shut = "" if body.open or body.channel == "call" else " We were closed."
    shown = f" Confidentiality as shown to them: {policy(body.policy)}." if body.policy.strip("/") else ""
    return f"They came by {channel}, in {language(body.language)}.{place}{shut}{shown}"


def _offered(event: Event, body: Any, names: Names) -> str:
    whom = names.account(body.supporter)
    if body.transfer:
        return f"{names.account(body.transfer)} asked {whom} to take them over."
    return f"They were offered to {whom}."


def _released(event: Event, body: Any, names: Names) -> str:
    how = _RELEASED.get(body.why, "{who} let go of them").format(who=names.by(event.by))
    return f"{how}, {'to the lead' if body.to == 'lead' else 'to the front of the queue'}."


def _told(event: Event, body: Any, names: Names) -> str:
    said = _TOLD.get(body.what, f"The service told them: {phrase(body.what)}")
    opens = f", and that it opens at {names.clocked.moment(body.opens_at)}" if body.opens_at else ""
    return f"{said}{opens}."


def _chosen(event: Event, body: Any, names: Names) -> str:
    kind, _, tag = body.choice.partition(":")
    return f"They chose {language(tag) if tag else _CHOSEN.get(kind, phrase(kind))}."


def _called_for(event: Event, body: Any, names: Names) -> str:
    safe = [
        words
        for given, words in (
            (body.safe_name, "ask for them by name"),
            (body.safe_message, "leave a message"),
            (body.safe_text, "send a text"),
        )
        if given
    ]
    if event.by.role != "person":
        return f"{names.by(event.by)} wrote that they agreed to a call."
    when = f" When: {phrase(plain(body.when))}." if body.when else ""
    return f"They asked to be called back.{when} Safe to: {', '.join(safe) or 'nothing of that was said to be safe'}."


def _feedback(event: Event, body: Any, names: Names) -> str:
    """Which of the one-tap answers were given, not how they add up: a record rates nobody."""
    answered = [
        words
        for given, words in (
            (body.listened, "whether they felt listened to"),
            (body.feel_before or body.feel_after, "how they felt before or after"),
            (body.again, "whether they would come again"),
        )
        if given
    ]
    return f"They gave feedback{': they answered ' + ', '.join(answered) if answered else ''}."


def _noted(event: Event, body: Any, names: Names) -> str:
    return f"{names.by(event.by)} wrote in the session note: {', '.join(names.note_label(key) for key in body.keys)}."


def _wrapped_up(event: Event, body: Any, names: Names) -> str:
    field = next((one for one in names.definition.note_form.fields if one.outcome), None)
    how = names.note_words(field.key, body.outcome) if field is not None and body.outcome else ""
    return f"{names.by(event.by)} finished the note.{f' How it ended: {plain(how)}.' if how else ''}"


def _followed(event: Event, body: Any, names: Names) -> str:
    return f"{names.by(event.by)} noted that their plan {FOLLOWED.get(body.how, phrase(body.how))}."


def _plan_opened(event: Event, body: Any, names: Names) -> str:
    if body.how == "returned":
        return "They opened their own plan with its code."
    return f"{names.by(event.by)} began a plan with them." if event.by.id else "A plan was begun."


def of_who(text: str) -> Callable[[Event, Any, Names], str]:
    """A sentence in which only the author's name is filled in."""
    return lambda event, body, names: text.format(who=names.by(event.by))


def _by_why(texts: dict[str, str], other: str) -> Callable[[Event, Any, Names], str]:
    def said(event: Event, body: Any, names: Names) -> str:
        return texts.get(body.why, f"{other} ({phrase(body.why)}).").format(who=names.by(event.by))

    return said


def _offer_ended(event: Event, body: Any, names: Names) -> str:
    who = "Whoever was asked" if event.by.role == "service" else names.by(event.by)
    return f"{who} {_OFFER_ENDED.get(body.why, phrase(body.why))}."


def _choice_asked(event: Event, body: Any, names: Names) -> str:
    return f"The service let them choose, because {_ASKED.get(body.why, phrase(body.why))}."


def _joined(event: Event, body: Any, names: Names) -> str:
    return _JOINED.get(body.how, "{who} joined.").format(who=names.by(event.by))


def _stepped_out(event: Event, body: Any, names: Names) -> str:
    return f"{names.account(body.who) if body.who != event.by.id else names.by(event.by)} stepped out."


def _line_lost(event: Event, body: Any, names: Names) -> str:
    whose = "Their" if body.whose == "person" else "The supporter's"
    return f"{whose} line was lost at {names.clocked.time(body.since)}."


def _line_back(event: Event, body: Any, names: Names) -> str:
    return f"{'Their' if body.whose == 'person' else 'The supporter’s'} line is back."


TALK: dict[str, Saying] = {
    "started": Saying("arrival", _started, (("", "answers"),)),
    "call_me": Saying("arrival", _called_for, (("", "details"),)),
    "choice_asked": Saying("arrival", _choice_asked),
    "choice_made": Saying("arrival", _chosen),
    "told": Saying("arrival", _told),
    "offered": Saying("arrival", _offered, (("Why", "reason"),)),
    "offer_ended": Saying("arrival", _offer_ended, (("Why", "reason"),)),
    "accepted": Saying("arrival", of_who("{who} answered them.")),
    "queued": Saying("arrival", of_who("{who} let anybody take them.")),
    "reopened": Saying("arrival", of_who("They wrote again after the end.")),
    "linked": Saying("arrival", of_who("This contact belongs with another one."), (("Why", "why"),)),
    "said": Saying("conversation", of_who("{who} wrote:"), (("", "text"),)),
    "corrected": Saying("conversation", of_who("{who} put other words in place of some."), (("", "text"),)),
    "withdrawn": Saying("conversation", of_who("{who} took words back.")),
    "joined": Saying("conversation", _joined),
    "stepped_out": Saying("conversation", _stepped_out),
    "released": Saying("conversation", _released),
    "line_lost": Saying("conversation", _line_lost),
    "line_back": Saying("conversation", _line_back),
    "noted": Saying("notes", _noted, (("", "fields"),)),
    "record_corrected": Saying("notes", of_who("{who} put the record right."), (("", "words"),)),
    "left": Saying("ending", _by_why(_LEFT, "They left")),
    "closed": Saying("ending", _by_why(_CLOSED, "The conversation ended")),
    "wrapped_up": Saying("ending", _wrapped_up),
    "feedback": Saying("ending", _feedback, (("They wrote", "words"),)),
    "plan_opened": Saying("plan", _plan_opened),
    "plan_followed": Saying("plan", _followed, (("Why", "why"),)),
}


def label_of(key: str, kind: str, names: Names) -> str:
    """What one entry of a quoted table is called."""
    if kind == "noted":
        return names.note_label(key)
    return ANSWER_LABELS.get(key, plain(phrase(key)).capitalize())


def value_of(key: str, value: str, kind: str, names: Names) -> str:
    if kind == "noted":
        return names.note_words(key, value)
    return ANSWER_WORDS.get(key, {}).get(value, value)
