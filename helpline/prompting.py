"""Prompts: what a phrase in the person's words changes in a contact, and who may say that it was not that.

A prompt moves somebody who waits up the queue and asks their supporter to ask directly. Nothing else follows from
it: no rung, no alert, no clock, and nothing on the person's side, not even another place in the queue.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import msgspec

from helpline.errors import NotNow
from helpline.events import SERVICE, By, Corrected, Event, Prompted, PromptFalse, Said
from helpline.urgency import PhraseBook

if TYPE_CHECKING:
    from helpline.contact import Contact
    from helpline.logbook import Change, Decide, Draft

# More than anybody reads; older ones are in the log and in the figures.
MOST_STANDING = 20


class Prompt(msgspec.Struct, frozen=True):
    """A prompt nobody has called false. `of` is the seq of the words it is about."""

    seq: int
    of: int
    phrase: str
    lang: str
    at: datetime


class Prompts(msgspec.Struct, frozen=True):
    """Of one contact: those that stand, and by phrase (`en/5f0c…`) how many there were and how many were false."""

    standing: tuple[Prompt, ...] = ()
    counted: Mapping[str, tuple[int, int]] = {}


def prompted(c: "Contact", event: Event, body: Prompted, to: dict[str, Any]) -> None:
    one = Prompt(event.seq, body.of, body.phrase_id or "", body.lang, event.at)
    put, false = c.prompts.counted.get(_name(one), (0, 0))
    counted = {**c.prompts.counted, _name(one): (put + 1, false)}
    to["prompts"] = Prompts((*c.prompts.standing, one)[-MOST_STANDING:], counted)


def prompt_false(c: "Contact", event: Event, body: PromptFalse, to: dict[str, Any]) -> None:
    gone = next((one for one in c.prompts.standing if one.seq == body.of), None)
    if gone is None:
        return
    put, false = c.prompts.counted.get(_name(gone), (0, 0))
    counted = {**c.prompts.counted, _name(gone): (put, false + 1)}
    to["prompts"] = Prompts(tuple(one for one in c.prompts.standing if one is not gone), counted)


def _name(one: Prompt) -> str:
    return f"{one.lang}/{one.phrase}"


PROMPTS: dict[type[Any], Any] = {Prompted: prompted, PromptFalse: prompt_false}
"""What the events of this module change in a contact."""


def with_prompts(c: "Contact", drafts: "Sequence[Draft]", book: PhraseBook) -> "list[Draft]":
    """These drafts, and after them one prompt for each message or correction of the person's with a phrase in it."""
    found: list[Draft] = []
    for place, (by, body) in enumerate(drafts):
        if by.role != "person" or not isinstance(body, Said | Corrected) or not body.text:
            continue
        match = book.find(body.text, body.lang if isinstance(body, Said) else c.language)
        if match is not None:
            of = body.of if isinstance(body, Corrected) else c.seq + place + 1
            found.append((SERVICE, Prompted(of, match.lang, match.begins, match.ends, match.phrase)))
    return [*drafts, *found]


def call_false(by: By, definition: object, body: PromptFalse) -> "Decide":
    """Somebody read it and says it was not that: it is no reason any more to be served sooner."""

    def decide(c: "Contact", now: datetime) -> "list[Draft]":
        if body.of not in [one.seq for one in c.prompts.standing]:
            raise NotNow("That prompt is no longer there.")
        return [(by, body)]

    return decide


class Tally:
    """How many prompts were put since the service started, and how many of them were false. Holds no words."""

    def __init__(self) -> None:
        self.put = 0
        self.false = 0

    def heard(self, change: "Change") -> None:
        """A listener of the logbook."""
        for event in change.events:
            if type(event.body) is Prompted:
                self.put += 1
            elif type(event.body) is PromptFalse:
                self.false += 1
